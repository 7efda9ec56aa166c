"""The postoffice's own address list, as its people keep it in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Reject, Verb
from dxa.ledger.answer import ListKey
from dxa.rules.naming import name_key
from dxa_msmail import importtext
from dxa_msmail.errors import message as error_text
from dxa_msmail.requestor.lists import list_key


@attrs.frozen(kw_only=True)
class OwnList:
    """The entries by key, the lines that cannot be used, and the lines that are not ours to send."""

    entries: Mapping[str, Entry]
    rejects: Sequence[Reject] = ()
    foreign: Sequence[Reject] = ()


def read(data: bytes, *, types: AddressTypes, own: ListKey, code_page: str, templates: bool, inject: bool) -> OwnList:
    """The list in an Import text, as ``import -x`` writes it; with `inject` entries of other lists count, too."""
    records = importtext.read(data, types=types, code_page=code_page)
    rejects, foreign = list(records.rejects), list[Reject]()
    entries: dict[str, Entry] = {}
    names: set[tuple[ListKey, str]] = set()
    for line, row in zip(records.lines, records.transactions, strict=True):
        entry = row.new
        if row.verb is not Verb.ADD or entry is None:
            foreign.append(Reject(0, line, row.raw, 13, f"{error_text(13)}: an address list has A records only"))
            continue
        if list_key(entry) != own and not inject:
            text = f"{entry.type}:{entry.address} stands in another list than ours; inject = true would send it"
            foreign.append(Reject(0, line, row.raw, 0, text))
            continue
        name = list_key(entry), name_key(entry.name)
        if entry.key in entries or name in names:
            code = 28 if entry.key in entries else 27
            rejects.append(Reject(0, line, row.raw, code, f"{error_text(code)}: {entry.name}"))
            continue
        entries[entry.key] = entry if templates else entry._replace(fields=())
        names.add(name)
    return OwnList(entries=entries, rejects=rejects, foreign=foreign)
