"""What all sources of changes have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from dxa_exchange.live.containers import Container


class StartOver(Exception):
    """Everything has to be read again; nothing is deleted on such a word."""


@attrs.frozen
class Changed:
    """What has changed: anchors of objects, wherever they are now if they are at all, and the next positions.

    An anchor that stands here for nothing costs a look and does no harm. `values` are by the containers' digests.
    """

    anchors: Sequence[str]
    values: Mapping[str, str]


class Source(Protocol):
    """One way of hearing changes."""

    #: The name of the way, in cookies.
    kind: str

    def server(self) -> str:
        """What tells the server from another one, and from its own past."""

    def begin(self, containers: Sequence[Container]) -> Mapping[str, str] | None:
        """Positions before everything is read, by digest: what changes meanwhile is told again afterwards.

        None when changes could be missed, for want of rights or because the server lacks something: then everything is
        read every time.
        """

    def changes(self, containers: Sequence[Container], values: Mapping[str, str]) -> Changed:
        """What has changed since these positions.

        Raises:
            StartOver: when that cannot be known.
        """
