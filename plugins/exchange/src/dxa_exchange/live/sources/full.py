"""A server that tells no changes: everything is read every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dxa_exchange.live.containers import Container
from dxa_exchange.live.sources.interface import Changed, StartOver


class Full:
    """See `Source`."""

    kind = "full"

    def server(self) -> str:
        """See `Source`."""
        return ""

    def begin(self, containers: Sequence[Container]) -> Mapping[str, str] | None:
        """See `Source`."""
        return None

    def changes(self, containers: Sequence[Container], values: Mapping[str, str]) -> Changed:
        """See `Source`."""
        raise StartOver("this server tells no changes")
