"""The kit itself: a connector that keeps the rules passes, and for each check one that breaks its rule is seen."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs
import pytest

from dxa.connector import Report
from dxa.entry import Entry
from dxa.errors import TransportError
from dxa.testing import (
    CONNECTOR_CHECKS,
    FaultyConnector,
    Grade,
    check_connector,
)
from dxa.testing.harness import ConnectorHarness
from dxa.testing.manners import _clock_reads
from dxa.testing.play import adds, deliver, hear, parcel, people, same_entries, told
from dxa.testing.pytest_skin import connector_suite, settle
from dxa.testing.verdict import Check, Failure, Skip, expect, must, run, should
from tests.kit.broken import Wrapped, WrappedHarness
from tests.kit.letterbox import KnowingHarness, LetterHarness
from tests.kit.memory_harness import MemoryHarness, MemoryOfChanges
from tests.kit.offering import OfferHarness

BY_NAME = {check.name: check for check in CONNECTOR_CHECKS}


GOOD: tuple[type[ConnectorHarness], ...] = (LetterHarness, KnowingHarness, OfferHarness, MemoryHarness, MemoryOfChanges)


def test_connectors_that_keep_the_rules_pass() -> None:
    """Nothing is found of connectors that do what the rules say, and each rule is proven on one of them."""
    kits = [check_connector(harness) for harness in GOOD]

    assert [] == [finding.text() for kit in kits for finding in kit.failures()]
    assert set(BY_NAME) == {finding.check for kit in kits for finding in kit.findings if finding.passed}


class Anchored(Wrapped):
    """Tells what the system itself calls its entries, which no harness knows beforehand."""

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for report in self.inner.collect(since):
            rows = [
                row._replace(new=row.new._replace(anchor=f"row {row.new.key}")) if row.new else row
                for row in report.transactions
            ]
            yield attrs.evolve(report, transactions=rows)


class AnchoredHarness(WrappedHarness):
    wrapper = Anchored


@pytest.mark.parametrize(
    "name", ["entries_survive_being_told", "unchanged_entries_are_reported_equal", "others_entries_are_left_alone"]
)
def test_anchors_that_a_harness_cannot_know_are_no_difference(name: str) -> None:
    """Where the harness expects none, what the system calls an entry by itself is not compared."""
    assert BY_NAME[name](AnchoredHarness).passed


def test_what_looks_alike_is_told_apart() -> None:
    """Entries that differ in their anchors alone are shown with them."""
    entry = Entry("k", "MEM", "", "Ann", "a", (), "1")
    with pytest.raises(Failure, match=r"missing 'Ann' MEM:a in list '' anchored '1'; not expected .* anchored '2'"):
        same_entries([entry], [entry._replace(anchor="2")], "told")


# -- verdicts and the report ---------------------------------------------------------------------------------------


@must("Be even.")
def is_even(number: int) -> None:
    """The number is even."""
    if number < 0:
        raise Skip("negative")
    expect(number % 2 == 0, f"{number} is odd")


@should("Be small.")
def is_small(number: int) -> None:
    """The number
    is small.
    """
    if number > 100:
        raise RuntimeError("too much")


def test_a_finding_says_the_rule_what_was_found_and_what_to_do() -> None:
    """A failure is told in four lines; a skip in one, with its reason; a rule stands on one line."""
    assert (
        "MUST   failed  is_even\n"
        "       rule:  The number is even.\n"
        "       found: 3 is odd\n"
        "       to do: Be even." == is_even(3).text()
    )
    assert "MUST   skipped is_even: negative" == is_even(-1).text()
    assert "SHOULD passed  is_small" == is_small(1).text()
    assert "The number is small." == is_small.rule


def test_an_exception_is_a_failure_with_its_place() -> None:
    """What a subject raises by mistake is found, and not raised."""
    detail = is_small(101).detail

    assert detail.startswith("raised RuntimeError: too much (test_kit.py, line ")


def test_the_report_begins_with_what_is_wrong() -> None:
    """A kit's text has a summary first, then failures, skips and passes; only a MUST decides about conforming."""
    kit = run("numbers", (is_small, is_even), 3)
    lines = kit.text().splitlines()

    assert ("numbers: 1 passed, 1 failed, 0 skipped", "MUST   failed  is_even") == (lines[0], lines[1])
    assert ("SHOULD passed  is_small", False) == (lines[-1], kit.conforms)
    assert run("numbers", (is_small, is_even), 102).conforms


# -- the skin ------------------------------------------------------------------------------------------------------


def test_only_what_is_no_must_can_be_excused() -> None:
    """A MUST, or what is no check at all, cannot be excused."""
    for name, why in (("collect_removes_nothing", "a MUST"), ("no_such_check", "no check")):
        with pytest.raises(ValueError, match=why):
            connector_suite(LetterHarness, excuses={name: "why not"})


def _ends(check: Check[int], number: int, excuse: str = "") -> str:
    try:
        settle(check(number), excuse)
    except BaseException as outcome:
        return type(outcome).__name__
    return "passed"


def test_a_finding_becomes_what_pytest_knows() -> None:
    """A failure fails, a skip skips, an excused failure and a MAY are expected, and an idle excuse fails."""
    maybe = attrs.evolve(is_small, grade=Grade.MAY)

    assert ["passed", "Failed", "Skipped"] == [_ends(is_even, number) for number in (2, 3, -1)]
    assert ["Failed", "XFailed", "Failed"] == [
        _ends(is_small, 101),
        _ends(is_small, 101, "large"),
        _ends(is_small, 1, "large"),
    ]
    assert ["passed", "XFailed"] == [_ends(maybe, 1), _ends(maybe, 101)]


# -- tools ---------------------------------------------------------------------------------------------------------


def test_a_faulty_connector_fails_at_every_step_and_after_the_effect() -> None:
    """Delivery fails before and after the letter is there, and before it is settled; mended, it works."""
    seen = []
    for fail_at in (1, 2, 3):
        harness = LetterHarness()
        connector = FaultyConnector(harness.open(), fail_at)
        each = parcel(harness, adds(people(harness, 2)))
        try:
            deliver(connector, each)
        except TransportError:
            seen.append((fail_at, len(harness.delivered())))
        connector.mend()
        deliver(connector, each)
        assert 2 == len(harness.delivered())

    assert [(1, 0), (2, 2), (3, 2)] == seen


def test_a_faulty_connector_can_fail_between_two_reports_and_after_settling() -> None:
    """The steps of collecting and settling are counted like those of delivering."""
    harness = LetterHarness()
    harness.say(people(harness, 2))
    harness.say(people(harness, 3))
    connector = FaultyConnector(harness.open(), 2)
    reports = connector.collect({})
    assert 2 == len(told([next(reports)]))
    with pytest.raises(TransportError, match="made to fail at step 2"):
        next(reports)

    connector = FaultyConnector(harness.open(), 5)
    receipts = [report.receipt for report in hear(connector)]
    with pytest.raises(TransportError):
        connector.settle(receipts)
    assert [] == hear(harness.open())


def test_the_clock_is_watched_in_all_its_forms() -> None:
    """time.time, datetime.now and their like are seen; arithmetic with time and random numbers are not."""
    with _clock_reads() as reads:
        datetime.fromtimestamp(0)
        random.random()
    assert set() == reads

    with _clock_reads() as reads:
        datetime.now()
    assert 1 == len(reads)


def test_a_failure_is_an_error_of_its_own() -> None:
    """Failing and skipping are no DxaErrors, so that no connector catches them by mistake."""
    assert (Exception,) == Failure.__bases__
    assert (Exception,) == Skip.__bases__


def test_the_kit_needs_neither_pytest_nor_hypothesis() -> None:
    """Whoever tests with something else can use the kit: only the skin and the strategies need more."""
    code = "import sys, dxa.testing, dxa.testing.catalog; print(*{'pytest', 'hypothesis'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "" == done.stdout.strip()
