"""``import -x``: address lists as an Import text of A records (KB Q123856, Q132681); and which switches go together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import FormatError, NotFoundError
from dxa.ledger.answer import ListKey
from dxa.rules.naming import name_key
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.importlines import Template
from dxa_msmail.importwrite import write
from dxa_msmail.postoffice.book import Book
from dxa_msmail.postoffice.groups import groups
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.names import EXTERNAL
from dxa_msmail.postoffice.networks import HOSTS
from dxa_msmail.postoffice.pol import read_pol
from dxa_msmail.postoffice.polbook import PolBook
from dxa_msmail.postoffice.templates import ADMIN, read_template
from dxa_msmail.postoffice.users import users, values
from dxa_msmail.programs.importing.run import TYPES

#: What each way of running Import does not look at (KB Q119016), the stronger ways first; ``st`` is ``-st -f``.
IGNORED: Mapping[str, str] = {
    "st": "acegqrtx",
    "s": "acegqrtxf",
    "e": "acglqrtvx",
    "q": "acfgrtx",
    "x": "acr",
}


@attrs.frozen(kw_only=True)
class Extracted:
    """An Import text, how many addresses it has, and the names that have none."""

    data: bytes
    count: int
    rejects: Sequence[Reject] = ()


@attrs.frozen(kw_only=True)
class Switches:
    """Which way Import runs: ``st``, ``s``, ``e``, ``q``, ``x``, or ``f`` when a file is read; and what it ignores."""

    mode: str
    ignored: tuple[str, ...] = ()


def settle(given: Collection[str]) -> Switches:
    """Which of several ways is meant, and which of the given switches do not count then (KB Q119016)."""
    mode = next((mode for mode in IGNORED if mode in given), "f")
    return Switches(mode=mode, ignored=tuple(sorted(set(given) & set(IGNORED.get(mode, "")))))


def extract(po: Maildata, *, name: str = "", type_: str = "", templates: bool = False) -> Extracted:
    """The list of a postoffice or node (`name`), of a gateway (`type_`), or without both the postoffice's own list.

    A host gateway's type without a name means all of its nodes. With `templates` (``-t``) the template and the values
    come along. Raises `NotFoundError` 31, 32 or 44 for a list that is not known here, `AddressError` 16 for a type,
    `FormatError` 40 for damaged lists and for names that cannot stand in a text.
    """
    with po.look() as files:
        kind = TYPES.get(type_).name if type_ else MS.name
        if kind == MS.name and name_key(name or name_of(files)) == name_key(name_of(files)):
            rows, lost = own_list(files, templates=templates)
            definitions = _template(files, ADMIN, MS.name, name_of(files))
        else:
            rows, definitions = _others(files, _wanted(files, kind, name.casefold()))
            lost = []
        transactions = [Transaction(0, Verb.ADD, None, entry) for entry in rows]
        data = write(transactions, templates=templates, definitions=definitions)
    return Extracted(data=data, count=len(transactions), rejects=lost)


def own_list(files: Files, *, templates: bool = False) -> tuple[list[Entry], list[Reject]]:
    """Everybody in the Postoffice Address List: users and groups, and external addresses that were put there.

    Users who are not in directory synchronization are among them. The rejects are names whose address is gone (48), as
    after a directory synchronization that took it out of its own list (KB Q137865). Raises `FormatError` 40.
    """
    own = name_of(files)
    boxes = {user.tid: f"{own}/{user.mailbox}" for user in users(files)}
    boxes |= {group.tid: f"{own}/{group.address}" for group in groups(files)}
    stored = values(files) if templates else {}
    local = (row for row in read_pol(files) if row.tid in boxes and row.kind != EXTERNAL)
    entries = [Entry("", MS.name, own, row.name, boxes[row.tid], stored.get(row.tid, ())) for row in local]
    there = PolBook.load(files, Book(files, TYPES), TYPES)
    entries += there.entries.values()
    return sorted(entries, key=lambda entry: name_key(entry.name)), there.lost


def _wanted(files: Files, kind: str, name: str) -> list[ListKey]:
    book = Book(files, TYPES)
    if kind in HOSTS and not name:
        keys = [key for key in book.places if key[0] == kind]
    else:
        keys = [(kind, name)] if (kind, name) in book.places else []
    if not keys:
        code = book.missing((kind, name))
        raise NotFoundError(f"[{code}] {error_text(code)}: {kind}:{name}; nothing has been extracted")
    return keys


def _others(files: Files, keys: Iterable[ListKey]) -> tuple[list[Entry], list[Template]]:
    book = Book(files, TYPES)
    entries: list[Entry] = []
    definitions: list[Template] = []
    for key in keys:
        place = book.places[key]
        entries += book.get(key, {}).values()
        if not place.is_gateway:
            definitions += _template(files, place.stem, place.type, place.list)
    for problem in book.problems:
        raise FormatError(problem.reason, source=problem.raw, code=problem.code)
    return entries, definitions


def _template(files: Files, stem: str, type_: str, list_: str) -> list[Template]:
    found = read_template(files, stem)
    if found is None or not found.fields:
        return []
    lines = tuple(line for n, line in enumerate(found.lines, 1) if line.strip() and n not in found.bad)
    return [Template(0, 0, type_, list_, lines)]
