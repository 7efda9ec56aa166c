"""The postoffice's own address list, as its people keep it in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Reject, Verb, definition_key, is_definition
from dxa.ledger.answer import ListKey
from dxa.ledger.received import with_defaults
from dxa.rules.maps import by_definition
from dxa.rules.naming import NameLimits, name_key
from dxa_msmail import importtext
from dxa_msmail.errors import message as error_text
from dxa_msmail.importlines import Template, definition_of
from dxa_msmail.postoffice.templates import ListTemplate, made
from dxa_msmail.requestor.lists import list_key, people

NOTHING: Mapping[str, Entry] = {}


@attrs.frozen(kw_only=True)
class OwnList:
    """The entries by key, the lines that cannot be used, and the lines that are not ours to send."""

    entries: Mapping[str, Entry]
    rejects: Sequence[Reject] = ()
    foreign: Sequence[Reject] = ()


def read(
    data: bytes,
    *,
    types: AddressTypes,
    own: ListKey,
    code_page: str,
    templates: bool,
    inject: bool,
    before: Mapping[str, Entry] = NOTHING,
) -> OwnList:
    """The list in an Import text, as ``import -x`` writes it; with `inject` entries of other lists count, too.

    Where entries have values and no T record says which, the definition is made from them, and from the one of
    `before`, the list as it was told last.
    """
    records = importtext.read(data, types=types, code_page=code_page).defined()
    rejects, foreign = list(records.rejects), list[Reject]()
    entries: dict[str, Entry] = {}
    names: set[tuple[ListKey, str]] = set()
    for line, row in zip(records.lines, records.transactions, strict=True):
        entry = row.new
        if row.verb not in (Verb.ADD, Verb.DEFINE) or entry is None:
            foreign.append(Reject(0, line, row.raw, 13, f"{error_text(13)}: an address list has A and T records only"))
            continue
        if list_key(entry) != own and not inject:
            text = f"{entry.type}:{entry.address} stands in another list than ours; inject = true would send it"
            foreign.append(Reject(0, line, row.raw, 0, text))
            continue
        if row.verb is Verb.DEFINE and not templates:
            continue
        name = list_key(entry), name_key(entry.name)
        if entry.key in entries or name in names:
            code = 28 if entry.key in entries else 27
            rejects.append(Reject(0, line, row.raw, code, f"{error_text(code)}: {entry.name}"))
            continue
        entries[entry.key] = entry if templates else entry._replace(fields=())
        names.add(name)
    return OwnList(entries=_defined(entries, before, code_page), rejects=rejects, foreign=foreign)


def _defined(entries: Mapping[str, Entry], before: Mapping[str, Entry], code_page: str) -> dict[str, Entry]:
    """The entries with all values that their lists' definitions have (dx:T-128), behind these."""
    definitions = {list_key(entry): entry for entry in entries.values() if is_definition(entry)}
    valued: dict[ListKey, list[Entry]] = {}
    for entry in people(entries).values():
        if entry.fields and list_key(entry) not in definitions:
            valued.setdefault(list_key(entry), []).append(entry)
    for key, rows in valued.items():
        known = before.get(definition_key(*key))
        template = ListTemplate(tuple(map("~".join, known.fields))) if known else None
        lines = made(template, [entry.fields for entry in rows]).lines
        definitions[key] = definition_of(Template(0, 0, rows[0].type, rows[0].list, lines)).side
    limits = NameLimits(code_page=code_page)
    result = {entry.key: entry for entry in definitions.values()}
    for address, entry in people(entries).items():
        defined = definitions.get(list_key(entry))
        if defined:
            fields = with_defaults(entry.fields, defined.fields)
            entry = entry._replace(fields=by_definition(fields, defined.fields, limits))
        result[address] = entry
    return result
