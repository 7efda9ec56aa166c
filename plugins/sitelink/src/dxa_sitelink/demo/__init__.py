"""The scene of ``dxa demo`` with a second site, and a postoffice of MS Mail behind it (KB Q152167).

It works with commands alone, also those of the plugin for MS Mail; without that plugin there is nothing to play.
"""

from __future__ import annotations

from typing import Any


def play(stage: Any) -> None:
    """Play the scene on the demo's stage."""
    if "msmail" not in stage.host.connectors():
        return
    from dxa_sitelink.demo.scene import Scene

    Scene.on(stage).play()
