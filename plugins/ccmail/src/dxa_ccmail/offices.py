"""Post offices: told from the first words of an Addr, and from the comment that a connector gives its own.

A reader needs all post offices before it can understand one user, and nobody says that they come first in an export;
so records are read first and given a meaning afterwards (`dxa_ccmail.listing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from dxa_ccmail.names import fold
from dxa_ccmail.record import POST_OFFICES, Record

#: KB Q156063 2.6.2: the comment of a post office entry that the connector made is this word and its server's name.
OWNER_WORD = "MSExchangeCCMC"

_OWNER = re.compile(re.escape(OWNER_WORD) + r" +(\S.*)")
_BLANKS = re.compile(r"[ \t]+")


class Route(NamedTuple):
    """An Addr taken apart: the post office as its own entry spells it, and the foreign alias name behind it."""

    post_office: str
    fan: str


class PostOffices:
    """The post offices that a directory knows, by name and ignoring case."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: dict[str, str] = {}
        for name in names:
            self._names.setdefault(fold(name), name.strip())
        self._longest = max((name.count(" ") for name in self._names), default=0)

    @classmethod
    def of(cls, records: Iterable[Record]) -> PostOffices:
        """The post offices among the records: the entries with the codes P and p."""
        return cls(record.name for record in records if record.locn in POST_OFFICES)

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._names

    def __len__(self) -> int:
        return len(self._names)

    def spelled(self, name: str) -> str:
        """The name as its entry spells it; the name itself when it is unknown."""
        return self._names.get(fold(name), name)

    def split(self, addr: str) -> Route | None:
        """The longest known post office that an Addr begins with, and the rest of it; None when there is none.

        PMDF, foreign alias names: the first word, if it is a known post office, and the words after it are the alias.
        Names of post offices may have blanks, hence the longest one, not the first word (that rule is ours).
        """
        addr = addr.strip()
        ends = [*(found.start() for found in _BLANKS.finditer(addr)), len(addr)]
        for end in reversed(ends[: self._longest + 1]):
            if name := self._names.get(fold(addr[:end])):
                return Route(name, addr[end:].strip())
        return None


def join(post_office: str, fan: str = "") -> str:
    """The Addr of a user behind a post office (KB Q156063 2.6.3: the alias is the address without its post office)."""
    return f"{post_office} {fan}".rstrip()


def owner_of(comment: str) -> str:
    """The server whose connector made a post office entry with this comment; ``""`` when none did.

    The comment must be exactly that: one that was edited makes the entry anybody's (KB Q167830).
    """
    found = _OWNER.fullmatch(comment.strip())
    return found[1] if found else ""


def owner_comment(server: str) -> str:
    """The comment of the post office entries that the connector of that server makes (KB Q156063 2.6.2)."""
    return f"{OWNER_WORD} {server}"


class Standing(Enum):
    """What a post office entry of the name that our site has, or wants to have, is to us."""

    ABSENT = "absent"
    OURS = "ours"
    #: Another server's connector made it (KB Q156063: delete the old connector's entries when it moves).
    FOREIGN = "foreign"
    #: Its comment names no server: made by hand, or the comment was edited (KB Q156063 2.6.4, KB Q167830).
    UNMARKED = "unmarked"
    #: The name belongs to a mailbox, and mail to the site would go there (KB Q156063 2.6.10).
    TAKEN = "taken"


def standing(entry: Record | None, server: str) -> Standing:
    """What the entry of the site's name says about who owns it; server names are compared ignoring case."""
    if entry is None:
        return Standing.ABSENT
    if entry.locn not in POST_OFFICES:
        return Standing.TAKEN
    owner = owner_of(entry.cmts)
    if not owner:
        return Standing.UNMARKED
    return Standing.OURS if fold(owner) == fold(server) else Standing.FOREIGN


def owned(records: Iterable[Record], server: str) -> frozenset[str]:
    """The folded names of the post offices that the connector of that server made; who is behind them is ours, too."""
    return frozenset(fold(record.name) for record in records if standing(record, server) is Standing.OURS)
