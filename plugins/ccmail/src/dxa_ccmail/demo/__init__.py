"""The scenes of ``dxa demo`` with cc:Mail: a post office that is played, and the demo's site that is linked to it.

What happens in the post office is done by the commands below ``dxa ccmail simulate``, each as it can be typed.
"""

from __future__ import annotations

from typing import Any

__all__ = ["play", "prepare"]


def prepare(stage: Any) -> None:
    """Before anybody is there: addresses are given when somebody comes."""
    stage.give_addresses("CCMAIL", "{name} at {site}")


def play(stage: Any) -> None:
    """Play the scene on the demo's stage."""
    from dxa_ccmail.demo.scene import Scene

    Scene(stage).play()
