"""Each check of transports sees the transport that breaks its rule, and a good one passes all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dxa.testing import TRANSPORT_CHECKS, TransportHarness, Verdict, check_transport
from tests.kit.broken_transports import BROKEN_TRANSPORTS
from tests.kit.pigeonhole import PigeonHarness, Pigeonhole

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
BY_NAME = {check.name: check for check in TRANSPORT_CHECKS}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


def test_a_transport_that_keeps_the_rules_passes() -> None:
    """Nothing is found of files in a folder, and nothing is skipped."""
    assert [] == [finding.text() for finding in check_transport(PigeonHarness).findings if not finding.passed]


def test_every_check_of_transports_has_a_transport_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert set(BY_NAME) == set(BROKEN_TRANSPORTS)


@pytest.mark.parametrize(
    ("name", "harness"),
    [pytest.param(name, each, id=each.__name__) for name, those in BROKEN_TRANSPORTS.items() for each in those],
)
def test_a_broken_transport_is_found(name: str, harness: type[TransportHarness]) -> None:
    """A transport that breaks a rule fails that check, and what the check says is about the rule."""
    finding = BY_NAME[name](harness)

    assert Verdict.FAILED is finding.verdict, finding.text()
    assert not finding.detail.startswith("raised "), finding.detail


def test_the_example_of_the_page_works() -> None:
    """The harness on the page can be copied, and a good transport passes by it."""
    (example,) = re.findall(r"```python\n(import tempfile.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"YOUR_FOLDER": Pigeonhole}
    exec(example, names)

    kit = check_transport(names["FolderHarness"])

    assert [] == [finding.text() for finding in kit.failures()]
    assert {"what_is_half_written_is_not_listed", "what_nobody_can_use_is_kept"} == {
        finding.check for finding in kit.findings if not finding.passed
    }
