"""What is known of plugins, and what they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from dxa.address import AddressType
from dxa.connector import ConnectorType, Decoder, Scene

Status = Literal["found", "loaded", "failed", "disabled"]


@attrs.frozen(kw_only=True)
class PluginInfo:
    """What is known of a plugin."""

    name: str
    distribution: str = ""
    version: str = ""
    status: Status = "found"
    hooks: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}".strip()
        return f"{self.name} ({origin})" if origin else self.name


@attrs.frozen(kw_only=True)
class Given:
    """A plugin with what its hooks give; what has failed gives nothing. `declares` as in `Candidate`."""

    info: PluginInfo = PluginInfo(name="")
    connectors: Sequence[ConnectorType] = ()
    types: Sequence[AddressType] = ()
    decoders: Sequence[Decoder] = ()
    commands: Mapping[str, str] = attrs.field(factory=dict)
    scenes: Sequence[Scene] = ()
    declares: frozenset[tuple[str, str]] | None = None
