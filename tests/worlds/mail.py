"""The fault test's world over e-mail: sealed letters between mailboxes, a bad mail system, and somebody who forges.

What happens and what must hold is that of `memory`. A crash ends a program before or after an e-mail is handed
over, and before or after one is removed. The mail system loses, doubles, delays, reorders, cuts, converts and bounces
e-mails, and brings old ones once more; somebody sends letters that nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dxa.connector import Connector, LinkContext
from dxa.errors import FormatError
from dxa.mail.letter import compose, read
from dxa.mail.memory import MemoryBox
from dxa.mail.options import Correspondent
from dxa.signing import PrivateKey
from dxa_msmail.post import PostFolder
from dxa_msmail.requestor.config import RequestorConfig
from dxa_msmail.requestor.home import MemoryHome
from dxa_msmail.requestor.requestor import Requestor
from dxa_msmail.server import MsMailServer
from tests.worlds.fuses import Fuse, FusedStorage
from tests.worlds.memory import ALIASES, NAMES, NAMES_THERE, MemoryWorld
from tests.worlds.office import Postoffice

SERVER = "LAB/HQ"
#: So many old e-mails may be brought once more.
OLD = 60


def key_of(name: str) -> PrivateKey:
    """The key of a side, always the same one."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))


def address_of(name: str) -> str:
    """The mail address of a side."""
    return f"{name.replace('/', '-').lower()}@x.example"


def side(name: str) -> Correspondent:
    """A side as the others know it."""
    return Correspondent(name=name, address=address_of(name), key=key_of(name).public)


@attrs.define
class FusedBox(MemoryBox):
    """A mailbox whose user may crash at every call."""

    fuse: Fuse = attrs.field(factory=Fuse)

    def read(self, name: str) -> bytes:
        """See `MemoryBox`."""
        self.fuse.tick()
        return MemoryBox.read(self, name)

    def remove(self, names: Sequence[str]) -> None:
        """See `MemoryBox`; of several some may be gone, and others not."""
        for name in names:
            self.fuse.tick()
            MemoryBox.remove(self, [name])
        self.fuse.tick()


@attrs.define
class FusedSubmission:
    """Hands e-mails to the mail system; whoever does may crash before and after."""

    system: list[tuple[str, bytes]]
    fuse: Fuse

    def send(self, origin: str, target: str, data: bytes) -> None:
        """See `dxa.mail.interface.Submission`."""
        self.fuse.tick()
        self.system.append((target, data))
        self.fuse.tick()

    def close(self) -> None:
        """See `dxa.mail.interface.Submission`."""


class MailWorld(MemoryWorld):
    """A world whose e-mails that could not be used lie below `folder`; equal seeds are equal runs."""

    SERVER_STEPS, OFFICE_STEPS = 16, 8

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        #: E-mails on their way, by mail address, and some that have been on it.
        self.system: list[tuple[str, bytes]] = []
        self.late: list[tuple[str, bytes]] = []
        self.old: list[tuple[str, bytes]] = []
        self.boxes: dict[str, FusedBox] = {}
        MemoryWorld.__init__(self, seed, folder, faults=faults)

    def post(self, own: str, others: Sequence[str], fuse: Fuse) -> PostFolder:
        """The mail of one side, as a program that starts now has it."""
        box = self.boxes.setdefault(address_of(own), FusedBox(fuse=fuse))
        return PostFolder(
            own=own,
            mailbox="$SYSTEM",
            address=address_of(own),
            key=key_of(own),
            peers={name.casefold(): side(name) for name in others},
            box=box,
            out=FusedSubmission(self.system, fuse),
            aside=self.folder / own,
            clock=lambda: self.now,
        )

    def connect(self, context: LinkContext) -> Connector:
        """The server behind its mailbox."""
        post = self.post(SERVER, NAMES, self.fuse)
        return MsMailServer(context, post, post)

    def _office(self, name: str) -> Postoffice:
        network, postoffice = name.split("/")
        fuse = Fuse()
        config = RequestorConfig(network=network, postoffice=postoffice, server=SERVER)
        storage, home, post = FusedStorage(fuse=fuse), MemoryHome(), self.post(name, [SERVER], fuse)
        requestor = Requestor(config, storage, post, post, lambda: self.now, home, self.types)
        people = dict(zip(self.random.sample(ALIASES, 3), self.random.sample(NAMES_THERE, 3), strict=True))
        nowhere: Any = None
        office = Postoffice(name, people, requestor, storage, nowhere, nowhere, home, fuse)
        office.write_list()
        return office

    def client(self, office: Postoffice, work: Callable[[], Any]) -> None:
        """See `World`; a program that starts again knows nothing of what the one before it was about to do."""
        MemoryWorld.client(self, office, work)
        office.requestor.inbox = office.requestor.outbox = self.post(office.name, [SERVER], office.fuse)

    # -- the mail system -----------------------------------------------------------------------------------------------

    def carry(self) -> None:
        """Deliver what was handed over, as a bad mail system does."""
        waiting = [*self.late, *self.system]
        self.late.clear()
        self.system.clear()
        if self.faults:
            self.random.shuffle(waiting)
            if self.old and self.random.random() < 0.15:
                waiting.append(self.random.choice(self.old))
        for target, data in waiting:
            self._deliver(target, data, self.random.random() if self.faults else 1.0)

    def _deliver(self, target: str, data: bytes, luck: float) -> None:
        box, random = self.boxes[target], self.random
        if luck < 0.08:
            return
        if luck < 0.16:
            self.late.append((target, data))
        elif luck < 0.28:
            self.late.append((target, data))
            return
        elif luck < 0.32:
            data = data[: random.randrange(len(data))]
        elif luck < 0.36:
            self._bounce(data)
            return
        elif luck < 0.42:
            data = data.replace(b"\r\n", b"\n").replace(b"Subject: ", b"Subject: [EXTERNAL] ")
        elif luck < 0.48:
            box.put(self._forged(target, data))
        elif luck < 0.5:
            box.put(b"From: ann@y.example\r\nSubject: Lunch?\r\n\r\nToday?\r\n")
        if self.faults and len(self.old) < OLD:
            self.old.append((target, data))
        box.put(data)

    def _bounce(self, data: bytes) -> None:
        """The mail system gives an e-mail back."""
        sender = read(data).origin
        head = b"From: MAILER-DAEMON@y.example\r\nContent-Type: multipart/report; report-type=delivery-status; "
        head += b"boundary=B\r\nSubject: Undelivered\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nNo such mailbox.\r\n"
        self.boxes[sender].put(head + b"--B\r\nContent-Type: message/rfc822\r\n\r\n" + data + b"\r\n--B--\r\n")

    def _forged(self, target: str, data: bytes) -> bytes:
        """The same letter, changed, with no signature or with that of somebody else."""
        try:
            letter = read(data).letter()
        except FormatError:
            return data
        parts = tuple(
            part._replace(data=part.data.replace(b"U1", b"U2").replace(b"Ann", b"Eve")) for part in letter.parts
        )
        key = self.random.choice([None, key_of("EVIL/ONE")])
        forged = attrs.evolve(letter, parts=parts, id=f"x{letter.id}")
        return compose(forged, origin=address_of(letter.sender), target=target, now=self.now, key=key)

    def left_over(self) -> list[str]:
        """E-mails that still lie in a mailbox when all is quiet."""
        return [f"{address}: {name}" for address, box in self.boxes.items() for name in box.mails]

    def end(self) -> list[str]:
        """As before; and no mailbox holds anything."""
        return MemoryWorld.end(self) + self.left_over()
