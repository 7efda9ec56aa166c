"""What the connector needs of a directory server: so much of LDAP and no more.

python-ldap stands behind it (`client`); another library, or a directory that a test plays, can take its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Protocol

import attrs

from dxa_exchange.directory import Modification, Record, Values
from dxa_exchange.live.filters import EVERYTHING

#: Attributes to ask for that mean none (RFC 4511, 4.5.1.8), all of users, and all operational ones.
NOTHING = ("1.1",)
ALL = ("*",)
ALL_OPERATIONAL = ("*", "+")


class Scope(Enum):
    """How far a search goes below its base."""

    BASE = "base"
    ONE = "one"
    SUB = "sub"


@attrs.frozen
class Query:
    """What to search for. `deleted` finds what is deleted as well, where the server keeps that."""

    base: str
    scope: Scope = Scope.SUB
    filter: str = EVERYTHING
    attributes: tuple[str, ...] = ALL
    deleted: bool = False


@attrs.frozen
class Delta:
    """What has changed in a directory of Microsoft's since a cookie: names and identities, and the next cookie."""

    records: Sequence[Record]
    cookie: bytes


@attrs.frozen
class Refresh:
    """The reply to a request for changes (RFC 4533): identities of what has changed and of what is gone.

    `changed` has, for each, the first value of the first attribute that was asked for. `present` are how many were
    named as unchanged; `deletes` is what stood at the end as refreshDeletes. `cookie` is None when it gave none.
    """

    changed: Mapping[str, str]
    gone: Sequence[str]
    present: int
    deletes: bool
    cookie: str | None


class Directory(Protocol):
    """A connection to a server. Every method raises `LdapError`."""

    def root(self) -> Record:
        """What the server says of itself (RFC 4512, 5.1)."""

    def schema(self, classes: Sequence[str]) -> frozenset[str]:
        """The names of the attributes that an object of these classes may have; none when the server does not say."""

    def search(self, query: Query) -> Iterator[list[Record]]:
        """What is found, page by page.

        Raises:
            CutShort: behind the last page that the server gave, when there is more.
        """

    def read(self, dn: str, attributes: Sequence[str] = ALL) -> Record | None:
        """One object; None when there is none, or none that the server shows the account."""

    def add(self, dn: str, attributes: Mapping[str, Values]) -> None:
        """Make an object."""

    def modify(self, dn: str, modifications: Sequence[Modification]) -> None:
        """Change an object, wholly or not at all."""

    def delete(self, dn: str) -> None:
        """Take an object away."""

    def rename(self, dn: str, rdn: str, superior: str | None = None) -> None:
        """Give an object another name, and perhaps another place; its old name is no value of it any more."""

    def dirsync(self, query: Query, cookie: bytes, flags: int) -> Delta:
        """What has changed below a naming context since the cookie, and everything for an empty one.

        MS-ADTS 3.1.1.3.4.1.3: of what has changed only the attributes that did.

        Raises:
            LdapError: for a cookie that the server refuses, as for anything else.
        """

    def refresh(self, query: Query, cookie: str | None) -> Refresh:
        """What has changed since the cookie, or everything (RFC 4533, refreshOnly).

        Raises:
            StateLost: when the server wants everything to be read again.
        """

    def close(self) -> None:
        """End the connection."""
