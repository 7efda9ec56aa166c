"""All checks of connectors."""

from __future__ import annotations

from dxa.testing import collecting, delivering, manners, proving, reading
from dxa.testing.harness import MakeHarness
from dxa.testing.verdict import Kit, run

CONNECTOR_CHECKS = (*collecting.CHECKS, *reading.CHECKS, *delivering.CHECKS, *proving.CHECKS, *manners.CHECKS)


def check_connector(make: MakeHarness) -> Kit:
    """Try all checks on a connector; `make` gives a fresh harness whenever it is called."""
    return run(f"connector {make().connector_type.name}", CONNECTOR_CHECKS, make)
