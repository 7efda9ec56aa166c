"""Decoders that break one rule each: the check that must see it, and what differs from the good decoder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dxa.address import AddressTypes
from dxa.connector import Decoder
from dxa.entry import Entry, Reject, Transaction, Verb

SAMPLE = b"LETTER 1\n[1]\nPASSWORD hunter2\nEND\n"
SECRETS = ("hunter2",)


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    yield {"kind": "letter", "size": len(data)}


def _seldom() -> Callable[[bytes], Iterator[dict[str, Any]]]:
    """Rows with a number that goes on from one file to the next."""
    count = itertools.count()
    return lambda data: ({"kind": "letter", "size": len(data), "number": n} for n in itertools.islice(count, 1))


def _names_once() -> Callable[[Iterable[Transaction]], Iterator[bytes]]:
    """Letters with a number that goes on from one file to the next."""
    count = itertools.count(1)
    return lambda rows: iter([SAMPLE + b"#%d\n" % next(count) for _ in rows])


def _in_ascii(rows: Iterable[Transaction]) -> Iterator[bytes]:
    for row in rows:
        row.side.name.encode("ascii")
        yield SAMPLE


def _read_letter(data: bytes, _types: AddressTypes) -> Iterator[Transaction]:
    if data.startswith(b"LETTER "):
        yield Transaction(0, Verb.ADD, None, Entry("X:1", "X", "", "One", "1"))


PLAIN = Decoder(
    name="letter",
    sniff=lambda data: data.startswith(b"LETTER "),
    decode=_rows,
    read=_read_letter,
    write=lambda rows: iter([SAMPLE for _ in rows]),
)
BROKEN_DECODERS: list[tuple[str, dict[str, Any]]] = [
    ("sniffing_refuses_noise", {"sniff": lambda data: len(data) > 3}),
    ("sniffing_refuses_noise", {"sniff": lambda data: data[0] == 76}),
    ("sniffing_knows_its_files", {"sniff": lambda data: False}),
    ("sniffing_knows_its_files", {"sniff": lambda data: data[:1]}),
    ("names_are_places", {"names": ("GLB/master.glb",)}),
    ("names_are_places", {"names": ("*.GLB",)}),
    ("names_are_places", {"names": ("GLB/MASTER.GLB", "*/*")}),
    ("sniffing_raises_nothing", {"sniff": lambda data: data.startswith(b"LETTER ") and data[12] > 0}),
    ("decoding_raises_nothing", {"decode": lambda data: iter([{"text": data.decode()}])}),
    ("rows_are_plain", {"decode": lambda data: iter([{"data": data}])}),
    ("rows_are_plain", {"decode": lambda data: iter([{1: 1}])}),
    ("rows_are_plain", {"decode": lambda data: iter([])}),
    ("decoding_is_lazy", {"decode": lambda data: [{"kind": "letter"}]}),
    ("rows_say_their_kind", {"decode": lambda data: iter([{"size": len(data)}])}),
    ("rows_say_their_kind", {"decode": lambda data: iter([{"kind": ""}])}),
    ("bad_rows_say_why", {"decode": lambda data: iter([{"kind": "reject", "code": 0, "reason": "no letter"}])}),
    ("bad_rows_say_why", {"decode": lambda data: iter([{"kind": "error", "line": 1, "code": 0, "reason": ""}])}),
    ("bad_rows_say_why", {"decode": lambda data: iter([{"kind": "error", "line": 1, "reason": "no letter"}])}),
    ("files_do_not_disturb_each_other", {"decode": _seldom()}),
    ("rows_show_no_secrets", {"decode": lambda data: iter([{"kind": "letter", "raw": repr(data)}])}),
    ("reading_raises_nothing", {"read": lambda data, _types: iter([int(data)])}),
    ("reading_raises_nothing", {"read": lambda data, _types: iter([data])}),
    ("written_files_are_read_again", {"read": _read_letter, "write": lambda _rows: iter([b""])}),
    ("written_files_are_read_again", {"read": _read_letter, "write": lambda rows: iter([next(rows)])}),
    ("unread_records_say_why", {"read": lambda data, _types: iter([Reject(0, 1, repr(data), 0, " ")])}),
    ("unread_records_say_why", {"read": lambda data, _types: iter([Reject(0, -1, repr(data), 0, "no letter")])}),
    ("reading_is_lazy", {"read": lambda data, types: [*_read_letter(data, types)]}),
    ("writing_raises_nothing", {"write": _in_ascii}),
    ("writing_raises_nothing", {"write": lambda rows: iter([Reject(0, 0, str(row), 0, "") for row in rows])}),
    ("written_files_are_claimed", {"write": lambda rows: iter([b"\n" + SAMPLE for _ in rows])}),
    ("writing_again_gives_the_same", {"write": _names_once()}),
    ("endings_are_endings", {"endings": ("ltr",)}),
    ("endings_are_endings", {"endings": (".LTR",)}),
]
