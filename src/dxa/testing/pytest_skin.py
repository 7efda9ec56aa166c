"""The kit for pytest: a plugin's whole suite is one line.

test_connector = connector_suite(YourHarness)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import pytest

from dxa.address import AddressType
from dxa.testing.addresses import ADDRESS_CHECKS, AddressSubject, subjects
from dxa.testing.carrying import TRANSPORT_CHECKS
from dxa.testing.connectors import CONNECTOR_CHECKS
from dxa.testing.converting import DECODER_CHECKS
from dxa.testing.decoders import DecoderSubject
from dxa.testing.harness import MakeHarness
from dxa.testing.transport import MakeTransport
from dxa.testing.verdict import Check, Finding, Grade, Verdict

S = TypeVar("S")

#: Names of checks that may fail, with the reason; never of a MUST.
Excuses = Mapping[str, str]


def connector_suite(make: MakeHarness, *, excuses: Excuses | None = None) -> Callable[..., None]:
    """A test function with one case for each check of a connector."""
    return _suite(CONNECTOR_CHECKS, {make.__name__ if hasattr(make, "__name__") else "connector": make}, excuses)


def address_type_suite(
    types: Iterable[AddressType | AddressSubject],
    samples: Mapping[str, Sequence[str]] | None = None,
    *,
    excuses: Excuses | None = None,
) -> Callable[..., None]:
    """A test function with one case for each check of each address type; `samples` are legal values by type name."""
    given = list(types)
    found = [subject for subject in given if isinstance(subject, AddressSubject)]
    found += subjects([kind for kind in given if isinstance(kind, AddressType)], samples or {})
    return _suite(ADDRESS_CHECKS, {subject.kind.name: subject for subject in found}, excuses)


def decoder_suite(*decoders: DecoderSubject, excuses: Excuses | None = None) -> Callable[..., None]:
    """A test function with one case for each check of each decoder."""
    return _suite(DECODER_CHECKS, {subject.decoder.name: subject for subject in decoders}, excuses)


def transport_suite(make: MakeTransport, *, excuses: Excuses | None = None) -> Callable[..., None]:
    """A test function with one case for each check of a transport."""
    return _suite(TRANSPORT_CHECKS, {make.__name__ if hasattr(make, "__name__") else "transport": make}, excuses)


def _suite(checks: Sequence[Check[S]], values: Mapping[str, S], excuses: Excuses | None) -> Callable[..., None]:
    excused = dict(excuses or {})
    known = {check.name: check.grade for check in checks}
    for name in excused:
        if known.get(name, Grade.MUST) is Grade.MUST:
            raise ValueError(f"{name} cannot be excused: it is {'a MUST' if name in known else 'no check'}")
    cases = [pytest.param(c, value, id=f"{name}-{c.name}") for name, value in values.items() for c in checks]

    @pytest.mark.parametrize(("check", "subject"), cases)
    def test_conformance(check: Check[S], subject: S) -> None:
        """The check's rule holds, or is excused with a reason."""
        settle(check(subject), excused.get(check.name, ""))

    return test_conformance


def settle(finding: Finding, excuse: str = "") -> None:
    """Turn a finding into what pytest knows. An excuse that is not needed fails; a MAY never does."""
    if finding.verdict is Verdict.SKIPPED:
        pytest.skip(finding.detail)
    if finding.failed and excuse:
        pytest.xfail(excuse)
    if finding.failed and finding.grade is Grade.MAY:
        pytest.xfail(finding.detail)
    if finding.failed:
        pytest.fail(finding.text(), pytrace=False)
    if excuse:
        pytest.fail(f"{finding.check} passes, so the excuse {excuse!r} is not needed", pytrace=False)
