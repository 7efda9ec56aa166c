"""The list of all checks, for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dxa.testing import plugins
from dxa.testing.addresses import ADDRESS_CHECKS
from dxa.testing.carrying import TRANSPORT_CHECKS
from dxa.testing.connectors import GROUPS
from dxa.testing.converting import DECODER_CHECKS
from dxa.testing.verdict import Check

#: What is checked to the checks of it; the names are those of the parts of ``docs/conformance.md``.
CATALOG: Mapping[str, Iterable[Check[Any]]] = {
    **{f"{group}-checks": checks for group, checks in GROUPS.items()},
    "transport-checks": TRANSPORT_CHECKS,
    "address-checks": ADDRESS_CHECKS,
    "decoder-checks": DECODER_CHECKS,
    "plugin-checks": plugins.CHECKS,
}

HEADER = ("check", "grade", "rule", "when it fails")


def rows(name: str) -> list[tuple[str, str, str, str]]:
    """A row for each check of that part, as `HEADER` says."""
    return [(f"`{check.name}`", check.grade.value, check.rule, check.advice) for check in CATALOG[name]]
