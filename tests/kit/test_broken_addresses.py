"""Each check of address types sees the type that breaks its rule."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from dxa.address import AddressType
from dxa.errors import AddressError
from dxa.testing import ADDRESS_CHECKS, AddressSubject, check_address_type
from tests.kit.broken_addresses import BROKEN_TYPES, GOOD, SAMPLES


def test_an_address_type_that_keeps_the_rules_passes() -> None:
    """Nothing is found of a type that does what the rules say."""
    assert [] == [f.text() for f in check_address_type(AddressSubject(GOOD, SAMPLES)).findings if not f.passed]


def test_every_check_of_address_types_has_a_type_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert {check.name for check in ADDRESS_CHECKS} == {name for name, _ in BROKEN_TYPES}


@pytest.mark.parametrize(("check", "changed"), BROKEN_TYPES)
def test_a_broken_address_type_is_found(check: str, changed: dict[str, Any]) -> None:
    """A type that breaks a rule fails that check."""
    subject = AddressSubject(attrs.evolve(GOOD, **changed), SAMPLES)

    assert check in {finding.check for finding in check_address_type(subject).failures()}


def test_a_type_without_legal_values_is_not_judged() -> None:
    """Where no legal value is known, the checks that need one say so."""
    nothing = AddressType(name="NONE", check=_refuse)

    assert set() == {f.check for f in check_address_type(AddressSubject(nothing)).failures()} - {
        "refusals_have_numbers"
    }


def _refuse(text: str) -> str:
    raise AddressError("never", got=text)
