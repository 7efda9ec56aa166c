"""All checks of connectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dxa.testing import (
    changes,
    collecting,
    delivering,
    guests,
    manners,
    offering,
    proving,
    reading,
    repeating,
    waiting,
)
from dxa.testing.harness import MakeHarness
from dxa.testing.verdict import Check, Kit, run

#: The checks by what they are about.
GROUPS: Mapping[str, Sequence[Check[MakeHarness]]] = {
    "collecting": (*collecting.CHECKS, *waiting.CHECKS),
    "reading": (*reading.CHECKS, *changes.CHECKS),
    "delivering": (*delivering.CHECKS, *repeating.CHECKS),
    "proving": proving.CHECKS,
    "offering": offering.CHECKS,
    "manners": (*manners.CHECKS, *guests.CHECKS),
}
CONNECTOR_CHECKS = tuple(check for checks in GROUPS.values() for check in checks)


def check_connector(make: MakeHarness) -> Kit:
    """Try all checks on a connector; `make` gives a fresh harness whenever it is called."""
    return run(f"connector {make().connector_type.name}", CONNECTOR_CHECKS, make)
