"""What a connector may do beside collecting and delivering: the core looks whether it has the methods."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs

from dxa.entry import Entry, Verb
from dxa.errors import AddressError


class Phase(Enum):
    """What the core has done on a link when it says so to a `Narrator`."""

    #: What was collected has reached the directory, as far as guards let it.
    DIRECTORY = "directory"
    #: What the site wants to be there was compared with what is there; parcels are ready.
    COMPARED = "compared"
    #: The cycle is over on this link.
    ENDED = "ended"
    #: The cycle ends on this link with an error.
    FAILED = "failed"


@runtime_checkable
class Narrator(Protocol):
    """A connector that tells the whole story of a cycle in the words of its own world, by `LinkContext.tell`."""

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        """The core has done this, with so many changes of each kind; `reason` is the error of a failed cycle."""


@attrs.frozen(kw_only=True)
class Standing:
    """How far a peer and the site have come with each other: the last number `taken` from it, the last `sent` to it."""

    taken: int
    sent: int


@runtime_checkable
class Acknowledger(Protocol):
    """A connector that makes known how far the site has come, also when there is nothing to send."""

    def acknowledge(self, standings: Mapping[str, Standing]) -> None:
        """Make it known to these peers (by name) if it is not known; everything up to `sent` has been delivered.

        Called at the end of every cycle in which nothing is left to deliver.
        """


@runtime_checkable
class Claimant(Protocol):
    """A connector that tells in the words of its own world whose addresses are taken at the site."""

    def taken(self, entries: Sequence[Entry]) -> None:
        """These entries of the peer have addresses of others at the site: they are rejects, and wait.

        Called before `Phase.DIRECTORY` in every cycle in which there are such.
        """


#: An entry, and what the peer has under the same key. What it has is given back when that is as good; the address
#: stays as it is.
Wish = tuple[Entry, Entry | None]


@runtime_checkable
class Shaper(Protocol):
    """A connector to peers that cannot hold everything, and whose full read proves what they hold."""

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        """What the peer can hold of each of these entries: that is sent, and compared with what it has.

        An `AddressError` stands for an entry that no such peer can hold. `shaped` makes this of a function for one.
        """


def shaped(shape: Callable[[Entry, Entry | None], Entry], wishes: Iterable[Wish]) -> list[Entry | AddressError]:
    """What a function for one entry, which raises `AddressError`, makes of many."""
    found: list[Entry | AddressError] = []
    for entry, held in wishes:
        try:
            found.append(shape(entry, held))
        except AddressError as error:
            found.append(error)
    return found


@runtime_checkable
class GivesBack(Protocol):
    """A connector whose people get addresses back that other peers have given to what stands there for them."""

    #: The types of these addresses; none when nothing is to be given back.
    back_types: frozenset[str]


@attrs.frozen(kw_only=True)
class Fault:
    """Something that a connector has found out about its own side: `where` it is, and what to do about it.

    A `warning` keeps nothing from running.
    """

    #: What is wrong, and what to do.
    text: str
    where: str = ""
    warning: bool = False


@runtime_checkable
class Examiner(Protocol):
    """A connector that can be asked whether its side is in order: folders, servers, keys, files of its own."""

    def examine(self) -> Iterable[Fault]:
        """Everything that is wrong or doubtful; `dxa check` and `dxa verify` show it. Changes and removes nothing.

        Raises `DxaError` when it cannot go on looking.
        """


def folder_faults(site: Path, named: str) -> Iterator[Fault]:
    """What is wrong with a folder that the options of a link name, seen from the site's folder.

    One inside the site's folder is made when it is first used; one elsewhere must be there, for it may be a share.
    """
    path = site / named
    if not path.exists():
        if Path(named).is_absolute():
            yield Fault(where=named, text=f"there is no folder {path}; is the disk or share that it lies on mounted?")
    elif not path.is_dir():
        yield Fault(where=named, text=f"{path} is no folder")
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield Fault(where=named, text=f"{path} cannot be read and written by this user")
