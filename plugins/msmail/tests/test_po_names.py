"""Lists of names on disk: NME, USR, NETPO, and addresses of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout, names
from dxa_msmail.postoffice.columns import BYTES, read_columns, write_columns
from dxa_msmail.postoffice.names import (
    EXTERNAL,
    GROUP,
    LOCAL,
    AddressHead,
    AddressRow,
    NameRow,
    NetpoRecord,
    NetpoRow,
    NmeRecord,
    UserRow,
    UsrRecord,
)

CP850 = st.characters(codec="cp850", exclude_characters="\0")
NUMBER = st.integers(0, 0xFFFFFFFF)
ELEMENT = st.text(CP850, max_size=10)
NAME_ROWS = st.lists(
    st.builds(NameRow, st.integers(0, 255), st.text(CP850, max_size=30), NUMBER, NUMBER, st.booleans())
)
USER_ROWS = st.lists(
    st.builds(UserRow, st.text(CP850, min_size=1, max_size=30), ELEMENT, NUMBER, NUMBER, st.booleans())
)
NETPO_ROWS = st.lists(st.builds(NetpoRow, ELEMENT, ELEMENT, ELEMENT, NUMBER, NUMBER))
ADDRESS_ROWS = st.lists(st.builds(AddressRow, st.text(CP850, max_size=300), NUMBER, NUMBER))


def test_the_records_have_the_documented_sizes() -> None:
    """KB Q77926 gives those of NME, USR and NETPO; the head of an address of any length is ours."""
    sizes = {cls: layout.layout_of(cls).size for cls in (NmeRecord, UsrRecord, NetpoRecord, AddressHead)}
    assert {NmeRecord: 45, UsrRecord: 53, NetpoRecord: 43, AddressHead: 12} == sizes


def test_an_nme_record_has_type_name_and_pointer_in_their_known_places() -> None:
    """KB Q107767, Q119563: the type, the name at 2, and 39 bytes behind the name's begin the pointer."""
    data = names.write_nme([NameRow(GROUP, "Sales", tid=7, pointer=0x01020304)])
    assert (GROUP, b"Sales\0", b"\4\3\2\1") == (data[0], data[2:8], data[2 + 0x27 :])


@given(NAME_ROWS)
def test_nme_files_are_read_as_they_were_written(rows: list[NameRow]) -> None:
    """Any number of rows with any text of the code page."""
    assert rows == names.read_nme(names.write_nme(rows), "NME/X.NME")


@given(USER_ROWS)
def test_usr_files_are_read_as_they_were_written(rows: list[UserRow]) -> None:
    """Also a list without names, whose file is not empty."""
    data = names.write_usr(rows)
    assert (rows, True) == (names.read_usr(data, "USR/X.USR"), bool(data))


@given(NETPO_ROWS)
def test_netpo_is_read_by_the_offsets_of_its_rows(rows: list[NetpoRow]) -> None:
    """An NME record points to the row's first byte in the file."""
    data, offsets = names.write_netpo(rows)
    assert dict(zip(offsets, rows, strict=True)) == names.read_netpo(data, "GLB/NETPO.GLB")


@given(ADDRESS_ROWS)
def test_addresses_are_read_by_their_offsets(rows: list[AddressRow]) -> None:
    """All of them at once, or one."""
    data, offsets = names.write_addresses(rows)
    expected = dict(zip(offsets, rows, strict=True))
    assert expected == names.read_addresses(data, "GLB/SMTP.GLB")
    assert expected == {at: names.address_at(data, at, "GLB/SMTP.GLB") for at in offsets}


def test_an_address_may_be_as_long_as_x400_makes_it() -> None:
    """The longest address that the program takes fits several times."""
    row = AddressRow("/c=DE" + "/ou=x" * 2000, 1, 2)
    data, (offset,) = names.write_addresses([row])
    assert {offset: row} == names.read_addresses(data, "GLB/X400.GLB")


@given(NAME_ROWS)
def test_columns_of_bytes_are_the_same_file(rows: list[NameRow]) -> None:
    """Texts that are only copied need not be decoded by the code page."""
    data = names.write_nme(rows)
    columns = read_columns(NmeRecord, data, "NME/X.NME", encoding=BYTES)
    del columns["mark"]
    assert data == write_columns(NmeRecord, columns, encoding=BYTES)


@pytest.mark.parametrize(
    ("write", "row", "field", "got"),
    [
        (names.write_nme, NameRow(LOCAL, "x" * 31, 1, 1), "NmeRecord.name", "x" * 31),
        (names.write_nme, NameRow(LOCAL, "a\0b", 1, 1), "NmeRecord.name", "a\0b"),
        (names.write_nme, NameRow(LOCAL, "Łukasz", 1, 1), "NmeRecord.name", "Ł"),
        (names.write_nme, NameRow(LOCAL, "a", 1, 1 << 32), "NmeRecord.pointer", str(1 << 32)),
        (names.write_usr, UserRow("Ann", "annannannan"), "UsrRecord.mailbox", "annannannan"),
        (names.write_netpo, NetpoRow("N", "P", "M", -1), "NetpoRecord.mailbag", "-1"),
        (names.write_addresses, AddressRow("Łukasz@lab"), "AddressHead of Łukasz@lab", "Ł"),
        (names.write_addresses, AddressRow("a@b", -1, 0), "AddressHead of a@b", "-1, 0"),
        (names.write_addresses, AddressRow("a" * 70000), f"AddressHead of {'a' * 80}", "70000 bytes"),
    ],
    ids=[
        *("a long name", "a NUL", "a foreign letter", "a large pointer", "a long mailbox", "a negative mailbag"),
        *("a foreign letter in an address", "a negative number", "an endless address"),
    ],
)
def test_what_does_not_fit_is_named(write: Callable[[list[Any]], object], row: Any, field: str, got: str) -> None:
    """The error of a file of many rows tells the field and its value."""
    good = type(row)(*[1 if isinstance(value, int) else "a" for value in row])
    with pytest.raises(FormatError) as caught:
        write([good, row])
    assert (field, got) == (caught.value.field, caught.value.got)


@pytest.mark.dx("T-241")
@pytest.mark.parametrize(
    ("read", "data", "field", "offset"),
    [
        (names.read_nme, names.write_nme([NameRow(1, "a", 1, 1)] * 2)[:-1], "size", 45),
        (names.read_nme, bytes(90), "mark", 37),
        (names.read_usr, names.write_usr([UserRow("a", "b")] * 3) + b"x", "size", 159),
        (names.read_usr, names.write_usr([UserRow("a", "b")]) + bytes(53), "mark", 53 + 51),
        (names.read_usr, b"", "name", 0),
        (names.read_usr, names.write_usr([UserRow("a", "b"), UserRow("", "c")]), "name", 53),
        (names.read_usr, names.write_usr([UserRow("", "c")]), "name", 0),
        (names.read_nme, names.write_nme([NameRow(1, "abc", 1, 1)]).replace(b"b", b"\0"), "name", 4),
        (names.read_netpo, b"", "chain", 0),
        (names.read_netpo, bytes(4) + bytes(43), "mark", 45),
        (names.read_addresses, b"\1\0\0\0", "chain", 0),
        (names.read_addresses, names.write_addresses([AddressRow("a@b")])[0][:-1], "size", 4),
        (names.read_addresses, names.write_addresses([AddressRow("a@b")] * 2)[0] + b"x", "record", 36),
        (names.read_addresses, names.write_addresses([AddressRow("abc")])[0].replace(b"b", b"\0"), "address", 16),
    ],
    ids=[
        *("a cut record", "no mark", "a byte too much", "a record without mark", "an empty list"),
        *("a record without a name", "one alone", "a byte behind a name", "no head", "an address without mark"),
        *("deleted records", "a cut address", "half a head", "a NUL in an address"),
    ],
)
def test_a_damaged_file_is_named_with_place_and_field(
    read: Callable[[bytes, str], object], data: bytes, field: str, offset: int
) -> None:
    """Sizes and marks are the check; the number is that of a corrupt database."""
    with pytest.raises(FormatError) as caught:
        read(data, "GLB/SOME.GLB")
    error = caught.value
    assert ("GLB/SOME.GLB", field, offset, 40) == (error.source, error.field, error.offset, error.code)


def _again(data: bytes) -> bytes | tuple[int, bool]:
    """The same file once more, or the error's number and whether it has a place."""
    try:
        rows = names.read_addresses(data, "GLB/SMTP.GLB")
    except FormatError as error:
        return error.code, error.offset >= 0
    return names.write_addresses(rows.values())[0]


@given(
    st.one_of(
        st.binary(max_size=60),
        st.builds(
            lambda rows, at, new: names.write_addresses(rows)[0][:at] + new + names.write_addresses(rows)[0][at + 1 :],
            ADDRESS_ROWS,
            st.integers(0, 200),
            st.binary(max_size=2),
        ),
    )
)
def test_any_bytes_are_addresses_or_an_error(data: bytes) -> None:
    """What can be read is written back as the same bytes."""
    assert _again(data) in (data, (40, True))


def test_a_kind_has_its_number() -> None:
    """KB Q107767: 2 is external, 4 is a group; that of a local user is ours."""
    assert (1, 2, 4) == (LOCAL, EXTERNAL, GROUP)


def test_a_gateway_keeps_its_list_in_two_files() -> None:
    """KB Q123856, Q119240."""
    assert ("NME/SMTP.NME", "GLB/SMTP.GLB") == names.gateway_files("SMTP")
    assert "USR/0000000A.USR" == names.usr_file("0000000A")
