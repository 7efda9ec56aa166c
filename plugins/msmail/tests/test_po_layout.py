"""Records as tables: what makes a class a record, and bytes that no field has."""

from __future__ import annotations

import attrs
import pytest

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import Basis
from dxa_msmail.postoffice.mailfiles import AttHead
from dxa_msmail.postoffice.names import UsrRecord


class Bare:
    raw: bytes = b""


@attrs.frozen
class Rawless:
    count: int = layout.number(0, 2, Basis.OURS, "", "a number")


@attrs.frozen
class Crowded:
    raw: bytes = layout.raw()
    count: int = layout.number(0, 2, Basis.OURS, "", "a number")
    other: int = layout.number(1, 2, Basis.OURS, "", "a number in the same place")


@pytest.mark.parametrize("cls", [Bare, Rawless])
def test_only_an_attrs_class_that_keeps_its_bytes_can_be_a_record(cls: type) -> None:
    """The type checker knows the fields of a class that says itself what it is."""
    with pytest.raises(TypeError, match=f"{cls.__name__} is no attrs class with the field raw"):
        layout.record(2, "Bare")(cls)


def test_fields_of_a_record_do_not_overlap() -> None:
    """Nor do they reach beyond its end."""
    with pytest.raises(ValueError, match=r"Crowded\.other overlaps"):
        layout.record(8, "Crowded")(Crowded)


def test_a_field_has_its_place_in_a_file() -> None:
    """Behind the head and the records before."""
    assert (31, 4 + 2 * 53 + 42) == (layout.place(UsrRecord, "mailbox"), layout.place(UsrRecord, "mailbag", 2, head=4))


@pytest.mark.parametrize(
    ("at", "new", "field", "where"),
    [
        (5, b"x", "name", 5),
        (30, b"x", "name", 30),
        (0, b"x" * 31, "name", 0),
        (41, b"\1", "mailbox", 41),
        (50, b"\2", "template", 50),
    ],
    ids=["behind a text", "at the end of its field", "a text without end", "another text", "neither yes nor no"],
)
def test_a_plain_record_has_no_bytes_but_those_of_its_fields(at: int, new: bytes, field: str, where: int) -> None:
    """They would be lost when it is written from its fields; the place is that in the file."""
    data = bytearray(layout.encode_all([UsrRecord(name="Ann", mailbox="ann")] * 2))
    data[53 + at : 53 + at + len(new)] = new

    with pytest.raises(FormatError) as caught:
        layout.decode_plain(UsrRecord, bytes(data), source="USR/X.USR", at=53)
    error = caught.value
    assert ("USR/X.USR", 53 + where, field, 40) == (error.source, error.offset, error.field, error.code)


def test_bytes_between_the_fields_are_named_as_such() -> None:
    """Also when the check of the record covers them."""
    data = layout.encode(AttHead(raw=bytes(20) + b"\7" + bytes(11)))
    assert data == layout.encode(layout.decode(AttHead, data))

    with pytest.raises(FormatError) as caught:
        layout.decode_plain(AttHead, data)
    assert (20, "unused bytes", "0x07") == (caught.value.offset, caught.value.field, caught.value.got)
