"""``import -st -f``: all addresses that the directory server has, as text for a foreign mail system (KB Q117329)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import attrs

from dxa.entry import Entry, Reject, Transaction, Verb, list_entry
from dxa.errors import FormatError, UsageError
from dxa.ledger.answer import ListKey
from dxa.rules.naming import name_key
from dxa_msmail.errors import message as error_text
from dxa_msmail.importwrite import write
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, read_srvconf
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.served import Served, read_served
from dxa_msmail.requestor.lists import list_key

_SERVER_ONLY, _FAILED = 67, 63


@attrs.frozen(kw_only=True)
class Foreign:
    """The text, how many addresses it has, and the entries that cannot stand in one."""

    data: bytes
    count: int
    rejects: Sequence[Reject] = ()


def require_server(files: Files) -> str:
    """The postoffice's name; raises `UsageError` 67 where no server is."""
    name = name_of(files)
    if read_srvconf(files) is None:
        text = f"{name} has no {SRVCONF}; run it at the postoffice that is the server"
        raise UsageError(f"[{_SERVER_ONLY}] {error_text(_SERVER_ONLY)}: {text}")
    return name


def foreign_text(po: Maildata) -> Foreign:
    """Every list that the server carries, as R and A records; nothing is changed.

    Raises `UsageError` 67 where no server is, and 63 as long as it does not know all lists, for whoever takes the text
    would lose those that are missing. `FormatError` 40 for damaged files.
    """
    with po.look() as files:
        name, served = require_server(files), read_served(files) or Served()
    if served.gathering or not served.lists:
        why = "not all requestors have told their lists yet; let them export, and run SRVMAIN"
        raise UsageError(f"[{_FAILED}] {error_text(_FAILED)}: {why}")
    lists: defaultdict[ListKey, list[Entry]] = defaultdict(list)
    for line in served.lines:
        entry = line.entry()._replace(fields=())  # templates and values are no part of it (KB Q119016)
        lists[list_key(entry)].append(entry)
    parts = [f"# All addresses of the directory server {name}, SrvSync {served.head}\r\n".encode(CODE_PAGE)]
    count, rejects = 0, list[Reject]()
    for key, (type_, list_) in sorted(served.lists.items()):
        data, bad = _text(list_entry(type_, list_), sorted(lists[key], key=lambda entry: name_key(entry.name)))
        parts.append(data)
        rejects += bad
        count += len(lists[key]) - len(bad)
    return Foreign(data=b"".join(parts), count=count, rejects=rejects)


def _text(list_: Entry, entries: Sequence[Entry]) -> tuple[bytes, list[Reject]]:
    """A list as text, without the entries that cannot stand in one."""
    rows = [Transaction(0, Verb.REPLACE, None, list_), *(Transaction(0, Verb.ADD, None, each) for each in entries)]
    try:
        return write(rows), []
    except FormatError:
        pieces = [_one(row) for row in rows]
    return b"".join(piece for piece in pieces if isinstance(piece, bytes)), [
        piece for piece in pieces if isinstance(piece, Reject)
    ]


def _one(row: Transaction) -> bytes | Reject:
    try:
        return write([row])
    except FormatError as error:
        entry = row.new
        raw = f"A {entry.name} {entry.type}:{entry.address}" if entry else ""
        return Reject(0, 0, raw, error.code, error.reason)
