"""Each check of connectors sees its broken connectors, and no check of another group is disturbed by them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxa.testing import ConnectorHarness, Verdict
from dxa.testing.connectors import GROUPS
from tests.kit import (
    broken_collecting,
    broken_delivering,
    broken_manners,
    broken_offering,
    broken_proving,
    broken_reading,
)
from tests.kit.broken import BROKEN

#: Importing them fills `BROKEN`.
FILLED = (broken_collecting, broken_reading, broken_delivering, broken_proving, broken_offering, broken_manners)
BY_NAME = {check.name: (group, check) for group, checks in GROUPS.items() for check in checks}
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TWINS = [
    pytest.param(name, harness, id=f"{name}-{harness.__name__}") for name, those in BROKEN.items() for harness in those
]


@pytest.fixture(autouse=True)
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What bad guests leave behind is taken away."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", os.environ.get("TZ", "Europe/Berlin"))
    timeout = socket.getdefaulttimeout()
    yield
    socket.setdefaulttimeout(timeout)
    while broken_manners.LEAKED:
        os.close(broken_manners.LEAKED.pop())


def test_every_check_of_connectors_has_a_connector_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert set(BY_NAME) == set(BROKEN)


@pytest.mark.parametrize(("name", "harness"), TWINS)
def test_a_broken_connector_is_found(name: str, harness: type[ConnectorHarness]) -> None:
    """A connector that breaks a rule fails that check, and what the check says is about the rule."""
    finding = BY_NAME[name][1](harness)

    assert Verdict.FAILED is finding.verdict, finding.text()
    assert not finding.detail.startswith("raised "), finding.detail


@pytest.mark.parametrize(("name", "harness"), TWINS)
def test_a_broken_connector_is_found_where_it_is_broken(name: str, harness: type[ConnectorHarness]) -> None:
    """A connector that breaks one rule fails no check of another group."""
    own = BY_NAME[name][0]
    findings = [check(harness) for group, checks in GROUPS.items() if group != own for check in checks]

    assert [] == [finding.text() for finding in findings if finding.failed]
