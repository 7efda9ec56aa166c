"""REQMAIN of a postoffice on disk: what T1 sends and T3 takes, and that a kill anywhere is made good by the next run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Report
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Verb, list_entry
from dxa.errors import DxaError, FormatError, LockedError, TransportError, UsageError
from dxa.ledger.answer import Step, number_steps
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.ffapi import parse
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.postoffice import letters, mailbag, networks, queue, tree
from dxa_msmail.postoffice.dirsyncconf import REQCONF, Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.messages import BAD, letter_of, message_of
from dxa_msmail.postoffice.queue import REQTRANS, RESYNC, SRVTRANS, QueueRecord
from dxa_msmail.programs import reqmain
from dxa_msmail.programs.reqmain import Received, Transmitted
from dxa_msmail.server import MsMailServer, ServerOptions

TYPES = AddressTypes(ADDRESS_TYPES)
OWN = frozenset({("MS", "lab/po1")})
SERVER = "INSTITUTE/BERLIN"
NOW = 1_000_000_000.0


class Stop(BaseException):
    """The process ends here."""


@attrs.define
class World:
    """A postoffice on disk, and the server's connector that hears what EXTERNAL would bring it."""

    po: Maildata
    to_server: MemoryFolder = attrs.field(factory=MemoryFolder)
    from_server: MemoryFolder = attrs.field(factory=MemoryFolder)
    server: MsMailServer = attrs.field(init=False)
    now: float = NOW

    def __attrs_post_init__(self) -> None:
        context = LinkContext(
            link="pc",
            options=ServerOptions(),
            folder=Path(),
            types=TYPES,
            site=("Institute", "Berlin"),
            now=self.clock,
        )
        self.server = MsMailServer(context, self.to_server, self.from_server)

    def clock(self) -> float:
        self.now += 1
        return self.now

    def transmit(self) -> Transmitted:
        return reqmain.transmit(self.po, self.clock)

    def receive(self) -> Received:
        return reqmain.receive(self.po, self.clock)

    @property
    def conf(self) -> Reqconf:
        with self.po.look() as files:
            return read_reqconf(files)

    def configure(self, **changes: object) -> None:
        with self.po.change() as change:
            write_reqconf(change, attrs.evolve(read_reqconf(change), **changes))

    def queued(self, name: str = SRVTRANS) -> list[tuple[int, str]]:
        """The records of a queue in short."""
        with self.po.look() as files:
            return [(record.number, record.text) for record in queue.read_file(files, name).records]

    def people(self, *texts: str) -> None:
        """Queue changes of the own list, as ADMIN does."""
        with self.po.change() as change:
            conf = read_reqconf(change)
            rows = [QueueRecord(conf.last + n, int(NOW), text) for n, text in enumerate(texts, 1)]
            queue.append(change, REQTRANS, rows)
            write_reqconf(change, attrs.evolve(conf, last=conf.last + len(rows)))

    def outgoing(self) -> list[Letter]:
        """What lies in INQUEUE."""
        with self.po.look() as files:
            return [letters.fetch(files, header.stem) for _, header in mailbag.headers(files, INQUEUE)]

    def heard(self) -> list[Report]:
        """What the server reads when all of INQUEUE has been moved to it."""
        with self.po.change() as change:
            for slot, header in mailbag.headers(change, INQUEUE):
                self.to_server.write(f"{header.stem}.msg", message_of(letters.fetch(change, header.stem)))
                letters.drop(change, INQUEUE, slot)
        reports = list(self.server.collect({}))
        self.server.settle([report.receipt for report in reports])
        return reports

    def ask(self) -> Report:
        """T1, and what the server reads."""
        self.transmit()
        return self.heard()[-1]

    def answer(self, *steps: Step, r: int, was: int, first: int = 100, i: int = 1) -> Reply:
        """The server's answer, put into SYSTEM as EXTERNAL would."""
        content = number_steps(steps, first, f"k{first}")
        reply = Reply(r=r, s=content.last(OWN) or first + len(steps), was=was, i=i)
        parcel = Parcel(
            id=f"{reply.s:010d}-x",
            peer=PeerInfo(id="pc/LAB/PO1", name="LAB/PO1"),
            kind=ParcelKind.FULL if reply.full else ParcelKind.UPDATE,
            to="LAB/PO1/$SYSTEM",
            content=content,
            own=OWN,
            reply=reply,
        )
        list(self.server.deliver(parcel))
        self.bring()
        return reply

    def bring(self, spoil: Callable[[bytes], bytes] = bytes) -> None:
        """Move what the server wrote into SYSTEM, damaged on its way."""
        for name in self.from_server.names():
            data = spoil(self.from_server.read(name))
            with self.po.change() as change:
                letters.deliver(change, letter_of(parse(data), NOW), SYSTEM)
            self.from_server.remove(name)

    def started(self) -> int:
        """Past its first exchange; returns S."""
        self.ask()
        reply = self.answer(*replaces("LAB/PO2"), *adds("LAB/PO2/ANN"), r=self.conf.last, was=0)
        self.receive()
        return reply.s


def replaces(*lists: str) -> list[Step]:
    return [Step(Verb.REPLACE, None, list_entry("MS", name)) for name in lists]


def adds(*addresses: str) -> list[Step]:
    made = (Entry("", "MS", a.rpartition("/")[0], a.rpartition("/")[2].title(), a) for a in addresses)
    return [Step(Verb.ADD, None, entry) for entry in made]


def make(root: Path, step: Callable[[str], None] = lambda _what: None) -> World:
    """A new postoffice LAB/PO1 with two people, registered at the server."""
    po = tree.create(root, network="LAB", postoffice="PO1", durable=False)
    with po.change() as change:
        networks.add_postoffice(change, SERVER, route=networks.direct("../server"))
        write_reqconf(change, attrs.evolve(read_reqconf(change), server=SERVER))
    po.step = step
    return World(po)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A new postoffice."""
    return make(tmp_path / "po1")
