"""The directory of a post office and what may happen to it; no files."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase
from hashlib import blake2b

import attrs

from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_ccmail import codepage, titles
from dxa_ccmail.exportwrite import write
from dxa_ccmail.importfiles import Action, DeleteMarking, DeleteRun, Instruction
from dxa_ccmail.names import fold
from dxa_ccmail.offices import PostOffices
from dxa_ccmail.record import (
    CODES,
    DIRECT,
    INDIRECT,
    LOCAL,
    POST_OFFICES,
    REMOTE,
    REMOTE_ALIAS,
    REMOTE_LOCAL,
    Record,
    rank,
)
from dxa_ccmail.simulator.behaviour import GOOD, Behaviour
from dxa_ccmail.titles import Title

#: The limit of a DB6 directory, from the frequently asked questions of a cc:Mail consultancy.
ENTRIES = 493_214


class Order(Enum):
    """In which order a directory is exported (Lotus, read-me of Import/Export 5.11).

    The order of a plain export is unknown; that of the names is ours.
    """

    PLAIN = "DIRECTORY"
    PROP = "DIRECTORY/PROP"
    PROPADD = "DIRECTORY/PROPADD"


@attrs.frozen
class Refusal:
    """A record that was not taken, and why."""

    record: Record
    reason: str


@attrs.define(kw_only=True)
class Office:
    """A post office. `entries`, `lists` and `boards` are by folded name, in the order in which they came.

    `password` is not the password itself: see `digest`.
    """

    name: str
    password: str = attrs.field(factory=lambda: digest(""), repr=False)
    version: str = "DB8"
    code_page: str = codepage.DEFAULT
    marking: DeleteMarking = attrs.field(factory=DeleteRun)
    behaviour: Behaviour = GOOD
    entries: dict[str, Record] = attrs.field(factory=dict)
    lists: dict[str, Title] = attrs.field(factory=dict)
    boards: dict[str, Title] = attrs.field(factory=dict)
    _offices: PostOffices | None = attrs.field(default=None, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self.entries.setdefault(fold(self.name), Record(self.name, DIRECT))

    def admits(self, postoffice: str, password: str) -> bool:
        """Whether somebody who gives this name and password may come in; only the name's case does not count."""
        return fold(postoffice) == fold(self.name) and self.password == digest(password, self.password)

    # -- changing --------------------------------------------------------------------------------------------------

    def upsert(self, record: Record) -> str:
        """Add the entry, or change the one of that name, whatever its case and post office (KB Q237588, Q156063).

        A live user is overwritten like anybody else, which the documents warn of. Returns why it was refused, or
        nothing.
        """
        reason = self._refusal(record)
        if not reason:
            self._offices = None if record.locn in POST_OFFICES else self._offices
            self.entries[fold(record.name)] = record
        return reason

    def delete(self, name: str) -> str:
        """Delete the entry of that name; returns why it was refused, or nothing. That anything is refused is ours."""
        entry = self.entries.get(fold(name))
        if entry is None:
            return "there is no entry of this name"
        if self._refused_by_request(name):
            return "refused on request"
        if entry.locn in POST_OFFICES:
            if fold(name) == fold(self.name):
                return "it is this post office itself"
            if self._anybody_behind(entry):
                return "there are entries behind this post office"
            self._offices = None
        del self.entries[fold(name)]
        return ""

    def import_(self, rows: Iterable[Instruction | Reject]) -> tuple[int, list[Refusal], list[Reject]]:
        """Do what an import file asks for, record by record; returns how many were done, refused, and malformed."""
        done, refused, malformed = 0, list[Refusal](), list[Reject]()
        for row in rows:
            if isinstance(row, Reject):
                malformed.append(row)
                continue
            delete = row.action is Action.DELETE
            reason = self.delete(row.record.name) if delete else self.upsert(row.record)
            if reason:
                refused.append(Refusal(row.record, reason))
            else:
                done += 1
        return done, refused, malformed

    # -- exporting -------------------------------------------------------------------------------------------------

    def directory(self, order: Order = Order.PROPADD) -> list[Record]:
        """All entries. Made for propagation, local users carry the name of the post office (inferred from Domino 6
        Administrator help, cc:Mail MTA and ADE); else their Addr is empty (PMDF, foreign alias names).
        """
        if order is Order.PLAIN:
            return sorted(self.entries.values(), key=lambda record: fold(record.name))
        found = sorted(self.entries.values(), key=rank)
        if order is Order.PROPADD:
            found.sort(key=lambda record: (rank(record), fold(record.name)))
        return [r._replace(addr=self.name) if r.locn == LOCAL and not r.addr else r for r in found]

    def export_directory(self, order: Order = Order.PROPADD) -> bytes:
        """``CCMDIR.EXP``."""
        return write(self.directory(order), code_page=self.code_page)

    def export_titles(self, found: dict[str, Title]) -> bytes:
        """``CCMLIST.EXP`` or ``CCMBB.EXP``."""
        return titles.write_titles(found.values(), code_page=self.code_page)

    # -- rules -----------------------------------------------------------------------------------------------------

    def _refusal(self, record: Record) -> str:
        there = self.entries.get(fold(record.name))
        if record.locn not in CODES:
            return f"unknown Locn {record.locn!r}"
        # KB Q232687: Import 8 does not take them.
        if self.version != "DB6" and set(record.name) & set("[]"):
            return "a name with [ or ]"
        if there is None and len(self.entries) >= ENTRIES:
            return f"the directory is full: {ENTRIES} entries"
        if there and (there.locn in POST_OFFICES) != (record.locn in POST_OFFICES):
            kind = "a post office" if there.locn in POST_OFFICES else "a mailbox"
            return f"the name belongs to {kind}"
        if record.locn in (REMOTE, REMOTE_LOCAL, REMOTE_ALIAS, INDIRECT) and not self._offices_now().split(record.addr):
            return f"Addr {record.addr!r} begins with no known post office"
        if self._refused_by_request(record.name):
            return "refused on request"
        try:
            write([record], code_page=self.code_page)
        except FormatError as error:
            return error.reason
        return ""

    def _offices_now(self) -> PostOffices:
        if self._offices is None:
            self._offices = PostOffices.of(self.entries.values())
        return self._offices

    def _anybody_behind(self, entry: Record) -> bool:
        routes = (self._offices_now().split(r.addr) for r in self.entries.values() if r is not entry)
        return any(route and fold(route.post_office) == fold(entry.name) for route in routes)

    def _refused_by_request(self, name: str) -> bool:
        return any(fnmatchcase(fold(name), fold(pattern)) for pattern in self.behaviour.refuse)


def digest(password: str, like: str = "") -> str:
    """What is kept of a password; with the same salt as another one."""
    salt = like.partition(":")[0] or secrets.token_hex(8)
    return f"{salt}:{blake2b(password.encode('utf-8', 'surrogatepass'), salt=bytes.fromhex(salt)).hexdigest()}"
