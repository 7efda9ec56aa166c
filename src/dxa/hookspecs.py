"""The whole plugin API: five hooks. A plugin is a module in the entry-point group ``dxa``.

Every hook is called once per process, when something of its kind is first needed, and returns a list of values. The
host checks what comes back and names the plugin in every error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from dxa.address import AddressType
    from dxa.connector import ConnectorType, Decoder, Scene

#: The version of this API. A plugin's module may say with ``dxa_api = 1`` for which it was written. What is to go is
#: marked as deprecated for one version, works in it, and warns; a plugin for a later version is refused.
API_VERSION = 1

hookspec = pluggy.HookspecMarker("dxa")
hookimpl = pluggy.HookimplMarker("dxa")


@hookspec
def dxa_address_types() -> list[AddressType]:  # type: ignore[empty-body]
    """Address types; fires before a configuration or an address is read."""


@hookspec
def dxa_connectors() -> list[ConnectorType]:  # type: ignore[empty-body]
    """Connectors; fires before a configuration is read."""


@hookspec
def dxa_decoders() -> list[Decoder]:  # type: ignore[empty-body]
    """File formats for ``dxa dump``; fires when a file is to be dumped."""


@hookspec
def dxa_commands() -> list[tuple[str, str]]:  # type: ignore[empty-body]
    """Commands under the plugin's name; fires when help or such a command is asked for.

    Each is (name, ``module:attribute`` of a click command); the module is imported when the command is used.
    A plugin's only command, when it has the plugin's own name, is the plugin's group itself, not a command in it.
    """


@hookspec
def dxa_demo_scenes() -> list[Scene]:  # type: ignore[empty-body]
    """Scenes of ``dxa demo``; fires when the demo runs."""
