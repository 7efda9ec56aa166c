"""Mailboxes and mail servers that can be reached only so many times, and two sides that know each other's keys."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dxa.errors import TransportError
from dxa.mail.memory import MemoryBox, MemorySubmission
from dxa.mail.options import Correspondent
from dxa.signing import PrivateKey
from dxa_msmail.post import PostFolder


@attrs.define
class Uses:
    """So many calls go well; -1 is all of them."""

    left: int = -1

    def one(self) -> None:
        if self.left == 0:
            raise TransportError("the mail server cannot be reached")
        self.left -= 1


@attrs.define
class BreakingBox(MemoryBox):
    """A mailbox that can be reached only so many times."""

    uses: Uses = attrs.field(factory=Uses)

    def names(self) -> list[str]:
        self.uses.one()
        return MemoryBox.names(self)

    def read(self, name: str) -> bytes:
        self.uses.one()
        return MemoryBox.read(self, name)

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self.uses.one()
            MemoryBox.remove(self, [name])


@attrs.define
class BreakingSubmission(MemorySubmission):
    """A mail server that can be reached only so many times."""

    uses: Uses = attrs.field(factory=Uses)

    def send(self, origin: str, target: str, data: bytes) -> None:
        self.uses.one()
        MemorySubmission.send(self, origin, target, data)


def _key(name: str) -> PrivateKey:
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))


def post_folder(own: str, other: str, box: MemoryBox, out: MemorySubmission, aside: Path) -> PostFolder:
    """One side's e-mails to and from the other."""
    return PostFolder(
        own=own,
        mailbox="$SYSTEM",
        address=f"{own.replace('/', '-').lower()}@x.example",
        key=_key(own),
        peers={other.casefold(): Correspondent(name=other, address="other@x.example", key=_key(other).public)},
        box=box,
        out=out,
        aside=aside,
        clock=lambda: 1e9,
    )
