"""Places in foreign systems that one link alone may write in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from itertools import combinations
from typing import NamedTuple

#: From the outside in, as `dxa.connector.ConnectorType.writes_in` has it.
Place = tuple[str, ...]


class Clash(NamedTuple):
    """Two links, and the place in which both would write."""

    link: str
    other: str
    place: Place


def clashes(places: Mapping[str, Set[Place]]) -> Iterator[Clash]:
    """The links that would write into one place, or one into a part of another's; each takes the other's for its own.

    The link that comes later in the file is the one that clashes.
    """
    for other, link in combinations(places, 2):
        for theirs in sorted(places[other]):
            for ours in sorted(places[link]):
                common = min(len(ours), len(theirs))
                if ours[:common] == theirs[:common]:
                    yield Clash(link, other, max(ours, theirs, key=len))
