"""Each check of plugins as a whole sees the plugin that breaks its rule."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from dxa.testing.plugins import PLUGIN_CHECKS, check_plugin
from tests.kit.broken_plugins import BROKEN_PLUGINS, NEEDS_SAMPLES, SUBJECT

BROKEN = [(name, changed) for name, changed in BROKEN_PLUGINS if name not in NEEDS_SAMPLES]


def test_a_plugin_that_keeps_the_rules_passes() -> None:
    """Nothing is found of a plugin that does what the rules say."""
    assert [] == [finding.text() for finding in check_plugin(SUBJECT).findings if not finding.passed]


def test_every_check_of_plugins_has_a_plugin_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert {check.name for check in PLUGIN_CHECKS} == {name for name, _ in BROKEN}


@pytest.mark.parametrize(
    ("check", "changed"), [pytest.param(*each, id=f"{each[0]}-{n}") for n, each in enumerate(BROKEN)]
)
def test_a_broken_plugin_is_found(check: str, changed: dict[str, Any]) -> None:
    """A plugin that breaks a rule fails that check."""
    assert check in {finding.check for finding in check_plugin(attrs.evolve(SUBJECT, **changed)).failures()}
