"""The scene of ``dxa demo`` with MS Mail: three postoffices on disk, and the demo's site as their directory server.

What happens at the postoffices is done by the commands below ``dxa msmail``, each in the folder that it is shown with.
"""

from __future__ import annotations

from typing import Any

from dxa_msmail.demo.people import ADMIN, LATECOMER, LOST, NEWCOMER, POSTOFFICES

__all__ = ["ADMIN", "LATECOMER", "LOST", "NEWCOMER", "POSTOFFICES", "play"]


def play(stage: Any) -> None:
    """Play the scene on the demo's stage."""
    from dxa_msmail.demo.scene import Scene

    Scene.on(stage).play()
