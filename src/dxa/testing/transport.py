"""What carries bytes from one side to the other, and what its author supplies, so that the kit can try it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from dxa.testing.verdict import Skip


class Transport(Protocol):
    """A folder, a mailbox, a queue: messages are written at one end, and read and removed at the other.

    What cannot be reached now raises `TransportError`.
    """

    def write(self, name: str, data: bytes) -> None:
        """Send a message under a name; the same name twice has the same effect as once."""

    def flush(self) -> None:
        """What was written and removed is durable when this returns."""

    def names(self) -> list[str]:
        """What has come in as a whole, oldest first."""

    def read(self, name: str) -> bytes:
        """All bytes of a message that has come in."""

    def remove(self, name: str) -> None:
        """Take it away; nothing happens when it is gone already."""


class TransportHarness(ABC):
    """A fresh way from a sender to a reader. The kit asks for a new harness whenever it wants one.

    What a transport cannot do raises `Skip` with the reason.
    """

    #: What is written under a name is read under it.
    keeps_names: bool = True

    @abstractmethod
    def open(self) -> Transport:
        """Both ends of it, as a new process would have them."""

    def message(self, n: int) -> bytes:
        """The n-th message (from 0) that such a transport carries; every byte occurs in some of them."""
        return f"message {n}\r\n".encode() + bytes(range(256)) * n

    def name(self, n: int) -> str:
        """What the n-th message is called when it is written."""
        return f"m{n:04d}.msg"

    def identity(self, transport: Transport, name: str) -> str:
        """What a message that has come in is known by: two with the same identity are one to dxa."""
        return name

    def fail(self, after: int = 0) -> None:
        """The transport can be used so many times more, then not, until `heal`."""
        raise Skip("the harness cannot make the transport fail")

    def heal(self) -> None:  # noqa: B027 (what cannot fail has nothing to heal)
        """The transport can be used again."""

    def leave_half(self, name: str, data: bytes) -> None:
        """A writer that died left behind what it leaves when it has written the first half of this message."""
        raise Skip("nobody leaves half a message there")

    def files(self) -> Iterable[str]:
        """The paths of all files that exist, relative to the folder that the transport may write into."""
        raise Skip("the transport has no files")

    def park(self, transport: Transport, name: str, reason: str) -> None:
        """Put a message aside that nobody can use."""
        raise Skip("the transport puts nothing aside")

    def parked(self) -> Mapping[bytes, str]:
        """What was put aside, each with the reason that stands beside it."""
        raise Skip("the transport puts nothing aside")


MakeTransport: TypeAlias = Callable[[], TransportHarness]
