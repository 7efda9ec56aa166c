"""What the records of a directory mean: who is a recipient, and at which post office."""

from __future__ import annotations

from enum import Enum

import attrs

from dxa.entry import Reject
from dxa_ccmail.names import is_system
from dxa_ccmail.offices import PostOffices
from dxa_ccmail.record import ALIAS, ALIASES, CODES, LOCAL, MOBILE, POST_OFFICES, Found, Record


class Sort(Enum):
    """What a record is."""

    USER = "user"
    ALIAS = "alias"
    #: Never a recipient.
    POST_OFFICE = "post office"
    #: ``~ADE_Mailbox`` and the like: never a recipient.
    SYSTEM = "system"
    #: A Locn that nobody knows: kept and reported, never imported.
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Listed:
    """A record with its meaning.

    `post_office` is where a user or alias is at home, or for an indirect post office the one on the way to it; `fan`
    is the foreign alias name, `free` an Addr that names no known post office, `problem` why the record cannot be used.
    """

    record: Record
    sort: Sort
    post_office: str = ""
    fan: str = ""
    free: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """The name without the blanks around it."""
        return self.record.name.strip()


def listed(record: Record, offices: PostOffices, home: str) -> Listed:
    """What the record means in the directory of the post office `home`."""
    if record.locn.strip() not in CODES:
        problem = f"unknown Locn {record.locn!r}"
        return Listed(record=record, sort=Sort.UNKNOWN, free=record.addr, problem=problem)
    if record.locn in POST_OFFICES:
        return _placed(record, Sort.POST_OFFICE, offices, "")
    if is_system(record.name):
        return _placed(record, Sort.SYSTEM, offices, home)
    sort = Sort.ALIAS if record.locn in ALIASES else Sort.USER
    # An Addr that does not begin with a post office is free text of somebody at home here (PMDF, foreign alias names).
    at_home = record.locn in (LOCAL, MOBILE, ALIAS)
    found = _placed(record, sort, offices, home if at_home else "")
    if found.post_office:
        return found
    problem = f"Addr {record.addr!r} begins with no known post office" if found.free else "no Addr"
    return attrs.evolve(found, problem=problem)


def _placed(record: Record, sort: Sort, offices: PostOffices, otherwise: str) -> Listed:
    """The record at the post office that its Addr begins with, or else at the given one."""
    route = offices.split(record.addr)
    if route:
        return Listed(record=record, sort=sort, post_office=route.post_office, fan=route.fan)
    return Listed(record=record, sort=sort, post_office=offices.spelled(otherwise), free=record.addr.strip())


def repeated(row: Found, first: int = 0) -> Reject:
    """The reject of a record whose name stands in the file already, on the line `first` if that is known."""
    name, locn, addr, _, _ = row.record
    reason = f"the name {name.strip()!r} stands in the export twice{f', first on line {first}' if first else ''}"
    return Reject(0, row.line, f"{name} · {locn} · {addr}", 0, reason)
