"""What two sites have in common in other mail systems, and must not.

One mail system keeps its lists in step with one site of an organization (KB Q151668, Q201084): two that do, tell each
other of its people and take turns in changing them. Two sites of one name get each other's mail (KB Q187779).
"""

from __future__ import annotations

from collections.abc import Iterator

from dxa.connector import LinkContext
from dxa.ledger.answer import ListKey
from dxa_sitelink.messages import Status


def lists_of(context: LinkContext) -> tuple[frozenset[str], frozenset[str]]:
    """What a site tells of itself: the lists in which it stands, and those of its peers, as ``TYPE:LIST``."""
    return frozenset(map(_text, context.own_lists)), frozenset(map(_text, context.peer_lists))


def _text(key: ListKey) -> str:
    type_, list_ = key
    return f"{type_}:{list_.upper()}"


def shared(ours: Status, theirs: Status, peer: str) -> str:
    """What this site and its peer share, with what to do about it; "" when all is well."""
    return "; ".join(_shared(ours, theirs, peer))


def _shared(ours: Status, theirs: Status, peer: str) -> Iterator[str]:
    if both := _names(ours.owns & theirs.owns):
        yield f"both sites are called {both}: give one of them another name in that mail system"
    if both := _names(ours.serves & theirs.serves):
        yield f"both sites synchronize with {both}: leave it to one of them, and take it out of the other's links"
    if both := _names(ours.serves & theirs.owns):
        yield f"{peer} is this site's peer as {both}, too: its people come by one link only; remove that peer"
    if both := _names(ours.owns & theirs.serves):
        yield f"this site is a peer of {peer} as {both}, too: its people come by one link only; have it removed there"


def _names(lists: frozenset[str], most: int = 5) -> str:
    names = sorted(lists)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
