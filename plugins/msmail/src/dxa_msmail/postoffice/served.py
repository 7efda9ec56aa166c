"""What a directory server remembers beside SRVCONF.GLB and MSTTRANS.GLB (DXA/SERVER).

MSTTRANS has the changes of the master list, SRVCONF the numbers of each requestor. Here is the rest: the master list as
it is now, what each requestor has told, and which number meant which place in MSTTRANS (the cuts of
`dxa.ledger.answer`). A head of 32 bytes, then a JSON array, in it an array for each fact.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from dxa.dirsync.server import Full, State
from dxa.entry import Entry
from dxa.errors import FormatError
from dxa.ledger.answer import Cut, ListKey, Pick
from dxa.ledger.view import Line, definition_line
from dxa_msmail.postoffice.layout import (
    Basis,
    check,
    corrupt,
    decode_plain,
    encode,
    layout_of,
    mark,
    number,
    raw,
    record,
)
from dxa_msmail.postoffice.maildata import OWN, Changing, Files

SERVED = f"{OWN}/SERVER"
#: So many digests of transactions are kept of each requestor, those with the highest numbers.
PRINTS = 5_000
#: So many cuts are kept of each requestor, the newest; whoever quotes an older number gets everything.
CUTS = 200


@record(32, "What a directory server remembers (DXA/SERVER), its head")
@attrs.frozen(kw_only=True)
class ServedHead:
    """What the file begins with; the JSON follows."""

    raw: bytes = raw()
    mark: bytes = mark(0x00)
    check: int = check(0x04)
    length: int = number(0x08, 4, Basis.OURS, "", "size of the JSON in bytes")
    crc: int = number(0x0C, 4, Basis.OURS, "", "CRC-32 of the JSON")


@attrs.define(kw_only=True)
class Memo:
    """What is remembered of one requestor.

    `pick` is what it asked to see, None before it has asked; `limit` the largest answer that it takes in bytes (0: no
    limit). `cuts` are in the order of their numbers. `prints` are digests of its transactions by number. `allowed` says
    that the administrator wants it to get everything, even if that is nothing.
    """

    state: State = attrs.field(factory=State)
    pick: Pick | None = None
    limit: int = 0
    reply_to: str = ""
    cuts: list[Cut] = attrs.field(factory=list)
    prints: dict[int, str] = attrs.field(factory=dict)
    allowed: bool = False


@attrs.define(kw_only=True)
class Served:
    """All of it; requestors are keyed by their folded names without ``PCM:``.

    `sync` is the highest number that was ever issued, `head` that of the newest change of the master list, and `floor`
    that of the newest one that MSTTRANS has no more. `master` is the CRC-32 of MSTTRANS as it was left. `told` are the
    living rows of each requestor; they outlive its registration. `lists` are all lists that the master list ever had,
    as they are written, `definitions` those of lists that have some (`dxa.entry.definition`). `gathering` says that the
    server was set back, so that lists may be missing from it.
    """

    sync: int = 0
    head: int = 0
    floor: int = 0
    master: int = 0
    last_row: int = 0
    last_recipient: int = 0
    gathering: bool = False
    lists: dict[ListKey, tuple[str, str]] = attrs.field(factory=dict)
    lines: list[Line] = attrs.field(factory=list)
    definitions: list[Line] = attrs.field(factory=list)
    memos: dict[str, Memo] = attrs.field(factory=dict)
    told: dict[str, dict[int, Entry]] = attrs.field(factory=dict)

    def memo(self, name: str) -> Memo:
        """What is remembered of a requestor, by its name in any case."""
        return self.memos.setdefault(name.casefold(), Memo())

    def carry(self, type_: str, list_: str) -> None:
        """Remember that the master list has, or had, this list."""
        self.lists.setdefault((type_, list_.casefold()), (type_, list_))


# -- bytes ---------------------------------------------------------------------------------------------------------


def read_served(files: Files) -> Served | None:
    """What is there; None without the file. Raises `FormatError` 40 when it is damaged."""
    data = files.read(SERVED)
    if data is None:
        return None
    served = Served()
    try:
        for fact, *values in facts(data):
            _READERS[fact](served, *values)
        is_ours = data[layout_of(ServedHead).size :] == _body(served)
    except (KeyError, TypeError, ValueError, AttributeError):
        is_ours = False
    if not is_ours:
        raise _strange()
    return served


def facts(data: bytes) -> Iterator[list[Any]]:
    """Each fact of the file, for `dxa dump`; raises `FormatError` 40."""
    head, at = decode_plain(ServedHead, data, source=SERVED), layout_of(ServedHead).size
    body = data[at:]
    if len(body) != head.length:
        raise corrupt(SERVED, at, "size", f"{at + head.length} bytes", f"{len(data)} bytes")
    if zlib.crc32(body) != head.crc:
        raise corrupt(SERVED, at, "crc", f"{head.crc:08X}", f"{zlib.crc32(body):08X}")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _strange() from None
    if not isinstance(found, list) or not all(isinstance(x, list) and x and isinstance(x[0], str) for x in found):
        raise _strange()
    yield from found


def _strange() -> FormatError:
    return corrupt(SERVED, layout_of(ServedHead).size, "JSON", "facts that dxa writes", "something else")


def write_served(change: Changing, served: Served) -> None:
    """Store it, as one change with SRVCONF and MSTTRANS."""
    body = _body(served)
    change.write(SERVED, encode(ServedHead(length=len(body), crc=zlib.crc32(body))) + body)


def _body(served: Served) -> bytes:
    return json.dumps(list(_facts(served)), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _facts(served: Served) -> Iterator[list[Any]]:
    numbers = served.sync, served.head, served.floor, served.master, served.last_row, served.last_recipient
    yield ["server", *numbers, served.gathering]
    yield from (["list", *pair] for _, pair in sorted(served.lists.items()))
    for name, memo in sorted(served.memos.items()):
        state = attrs.asdict(memo.state)
        shown = None if memo.pick is None else _plain(memo.pick)
        yield [
            "requestor",
            name,
            {**state, "full": memo.state.full.value},
            shown,
            memo.limit,
            memo.reply_to,
            memo.allowed,
        ]
        yield from (["cut", name, cut.number, cut.at, _plain(cut.pick)] for cut in memo.cuts[-CUTS:])
        prints = sorted(memo.prints.items())[-PRINTS:]
        yield from (["number", name, number, digest] for number, digest in prints)
    yield from (["line", *line] for line in served.lines)
    yield from (["definition", line.type, line.list, line.fields] for line in served.definitions)
    for name, rows in sorted(served.told.items()):
        yield from (["told", name, row, *entry] for row, entry in rows.items())


def _plain(pick: Pick) -> list[Any]:
    return [sorted(pick.types), pick.templates]


def _pick(plain: list[Any]) -> Pick:
    return Pick(types=frozenset(plain[0]), templates=bool(plain[1]))


def _fields(plain: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((prompt, value) for prompt, value in plain)


def _read_server(served: Served, *values: int) -> None:
    *numbers, gathering = values
    served.sync, served.head, served.floor, served.master, served.last_row, served.last_recipient = numbers
    served.gathering = bool(gathering)


def _read_requestor(
    served: Served, name: str, state: dict[str, Any], pick: list[Any] | None, limit: int, reply_to: str, allowed: bool
) -> None:
    served.memos[name] = Memo(
        state=State(**{**state, "full": Full(state["full"])}),
        pick=None if pick is None else _pick(pick),
        limit=limit,
        reply_to=reply_to,
        allowed=allowed,
    )


def _read_cut(served: Served, name: str, number: int, at: int, pick: list[Any]) -> None:
    served.memos[name].cuts.append(Cut(number, at, _pick(pick)))


def _read_number(served: Served, name: str, number: int, digest: str) -> None:
    served.memos[name].prints[number] = digest


def _read_line(served: Served, *values: Any) -> None:
    line = Line(*values)
    served.lines.append(line._replace(fields=_fields(line.fields)))


def _read_definition(served: Served, type_: str, list_: str, fields: list[Any]) -> None:
    served.definitions.append(definition_line(type_, list_, _fields(fields)))


def _read_told(served: Served, name: str, row: int, *values: Any) -> None:
    entry = Entry(*values)
    served.told.setdefault(name, {})[row] = entry._replace(fields=_fields(entry.fields))


_READERS: dict[str, Any] = {
    "server": _read_server,
    "list": lambda served, type_, list_: served.carry(type_, list_),
    "requestor": _read_requestor,
    "cut": _read_cut,
    "number": _read_number,
    "line": _read_line,
    "definition": _read_definition,
    "told": _read_told,
}
