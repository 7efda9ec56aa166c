"""What the author of a connector supplies, so that the kit can play the foreign system's side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

from dxa.address import AddressTypes
from dxa.connector import Connector, ConnectorType, PeerInfo
from dxa.entry import Entry
from dxa.testing.verdict import Skip

#: Names that have broken somebody's format before: separators, quotes, accents, comments, limits.
NAMES = (
    "Anna Berg",
    "Müller, Jörg",
    'Anna "Annie" O\'Neil',
    "Semi;colon|bar",
    "Slash/back\\slash",
    "Equal=sign:colon",
    "#hash",
    "-dash",
    "user@host (Lab) [x] {y}",
    "100% & <more>",
    "Éva Çelik-Ñandú",
    "McDonald, I",
    "N" * 30,
)


class ConnectorHarness(ABC):
    """A fresh foreign system and the peer that the kit plays. The kit asks for a new harness whenever it wants one.

    What a system cannot do raises `Skip` with the reason, as everything optional does here.
    """

    #: The connector as it is registered.
    connector_type: ConnectorType
    #: All address types that occur.
    types: AddressTypes
    #: The peer that tells and is delivered to.
    peer: PeerInfo
    #: What is settled is gone. False where every collect reads the system anew.
    consumes: bool = True
    #: Passwords and keys in the options and in what the peer says, which may be shown nowhere.
    secrets: Sequence[str] = ()
    #: Within so many seconds a system in which nothing waits has been looked through.
    patience: float = 10.0
    #: Names that the foreign system can hold.
    names: ClassVar[Sequence[str]] = NAMES

    @abstractmethod
    def open(self) -> Connector:
        """A new connector over this system, as a new process would have it."""

    def configured(self) -> Any:
        """The options of the link; those without a default need a harness that gives them."""
        try:
            return self.connector_type.options()
        except TypeError as error:
            raise Skip(f"the options have no defaults: {error}") from None

    @abstractmethod
    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        """The n-th legal entry of the peer's own list, or of those that dxa delivers, under that name."""

    @abstractmethod
    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        """The peer tells that its list holds exactly these; the records at the indexes `spoiled` cannot be used."""

    @abstractmethod
    def delivered(self) -> Sequence[Entry]:
        """What the peer holds of ours when it has taken all that was delivered, each entry as often as it is there."""

    def fail(self, after: int = 0) -> None:
        """The system can be reached so many times more, then not, until `heal`."""
        raise Skip("the harness cannot make the transport fail")

    def heal(self) -> None:  # noqa: B027 (a system that cannot fail has nothing to heal)
        """The system can be reached again."""

    def waiting(self) -> bytes:
        """The bytes of what waits to be collected, the latest if there are several."""
        raise Skip("what waits is not bytes")

    def replace_waiting(self, data: bytes) -> None:
        """Put other bytes in place of those."""
        raise Skip("what waits is not bytes")

    def drop(self, data: bytes) -> None:
        """Somebody puts these bytes where the connector looks for its input, before what waits."""
        raise Skip("nobody can put bytes in front of the connector")

    def size(self) -> int:
        """In how many places `truncate` can cut."""
        return len(self.waiting())

    def truncate(self, at: int) -> None:
        """Cut what waits, so that only its first `at` bytes (or records) are left."""
        self.replace_waiting(self.waiting()[:at])

    def files(self) -> Iterable[str]:
        """The paths of all files that exist, relative to the folder that the connector may write into."""
        raise Skip("the system has no files")


MakeHarness: TypeAlias = Callable[[], ConnectorHarness]
