"""Where mail goes out and where it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dxa.errors import TransportError


class RefusedError(TransportError):
    """The mail server will never take this e-mail (RFC 5321 section 4.2.1, 5yz); to send it again as it is does not
    help.
    """


class Submission(Protocol):
    """Takes e-mails over. Raises `TransportError` for what may go later, `RefusedError` for what never will."""

    def send(self, origin: str, target: str, data: bytes) -> None:
        """Hand an e-mail over, from one mail address to another; when this returns, the other side answers for it."""

    def close(self) -> None:
        """Nothing more is sent for now; never raises, repeatable."""


class Mailbox(Protocol):
    """Mail that has come in. What cannot be reached now raises `TransportError`."""

    def names(self) -> list[str]:
        """One name for each e-mail, the oldest first; a name never stands for two of them."""

    def read(self, name: str) -> bytes:
        """All bytes of an e-mail, as they came."""

    def remove(self, names: Sequence[str]) -> None:
        """Take e-mails away; those that are gone already do not matter."""

    def close(self) -> None:
        """Nothing more is read for now; never raises, repeatable."""
