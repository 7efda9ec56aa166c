"""The kit itself: a connector that keeps the rules passes, and for each check one that breaks its rule is seen."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import attrs
import pytest

from dxa.address import AddressType, AddressTypes
from dxa.connector import Decoder
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import AddressError, TransportError
from dxa.testing import (
    ADDRESS_CHECKS,
    CONNECTOR_CHECKS,
    DECODER_CHECKS,
    AddressSubject,
    ConnectorHarness,
    DecoderSubject,
    FaultyConnector,
    Grade,
    Verdict,
    check_address_type,
    check_connector,
    check_decoder,
)
from dxa.testing.manners import _clock_reads
from dxa.testing.play import adds, deliver, hear, parcel, people, told
from dxa.testing.pytest_skin import connector_suite, settle
from dxa.testing.verdict import Check, Failure, Skip, expect, must, run, should
from tests.kit.broken import BROKEN
from tests.kit.letterbox import BOX, LetterHarness

BY_NAME = {check.name: check for check in CONNECTOR_CHECKS}


def test_a_connector_that_keeps_the_rules_passes() -> None:
    """Nothing is found of the letterbox, and only what it cannot be asked is skipped."""
    kit = check_connector(LetterHarness)

    assert [] == [finding.text() for finding in kit.failures()]
    assert {
        "settle_changes_no_list",
        "what_dxa_wrote_bears_its_mark",
        "unchanged_entries_are_reported_equal",
        "others_entries_are_left_alone",
    } == {finding.check for finding in kit.findings if not finding.passed}


def test_every_check_of_connectors_has_a_connector_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert set(BY_NAME) == set(BROKEN)


@pytest.mark.parametrize(
    ("check", "harness"),
    [pytest.param(name, harness, id=f"{harness.__name__}") for name, those in BROKEN.items() for harness in those],
)
def test_a_broken_connector_is_found(check: str, harness: type[ConnectorHarness]) -> None:
    """A connector that breaks a rule fails that check, and what the check says is about the rule."""
    finding = BY_NAME[check](harness)

    assert Verdict.FAILED is finding.verdict, finding.text()
    assert not finding.detail.startswith("raised "), finding.detail


# -- address types -------------------------------------------------------------------------------------------------


def _shape(text: str) -> str:
    kept = "".join(c for c in text if c.isascii() and c.isalnum())[:8]
    if not kept:
        raise AddressError("nothing is left", got=text, code=2)
    return f"po/{kept}"


GOOD = attrs.evolve(BOX, shape=lambda text: text if _legal(text) else _shape(text), aliases=("LETTER",))
SAMPLES = ("po1/ann", "po2/bert12")


def _legal(text: str) -> bool:
    try:
        return BOX.check(text) == text
    except AddressError:
        return False


def _raises(error: Exception) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text.isascii():
            return BOX.check(text)
        raise error

    return check


BROKEN_TYPES: list[tuple[str, dict[str, Any]]] = [
    ("names_are_capitals", {"aliases": ("letter",)}),
    ("samples_are_legal", {"check": lambda text: BOX.check(text.replace("ann", ""))}),
    ("checking_is_idempotent", {"check": lambda text: f"{BOX.check(text)}x"}),
    ("refusals_are_address_errors", {"check": _raises(ValueError("no"))}),
    ("refusals_are_address_errors", {"check": _raises(AddressError(""))}),
    ("refusals_have_numbers", {"check": _raises(AddressError("no"))}),
    ("addresses_survive_as_text", {"check": lambda text: f"{text} " if text in ("a", "a ") else BOX.check(text)}),
    ("fold_ignores_case", {"fold": str}),
    ("shaping_gives_legal_values", {"shape": lambda text: text}),
    ("shaping_gives_legal_values", {"shape": lambda text: [][1]}),
    ("shaping_keeps_legal_values", {"shape": _shape}),
    ("variants_are_legal_and_endless", {"variant": lambda value, n: f"{value} {n}"}),
    ("variants_are_legal_and_endless", {"variant": lambda value, n: f"{value}{n}"[:12]}),
    ("variants_are_legal_and_endless", {"variant": lambda value, n: f"n{n}{value}"}),
    ("lists_are_stable", {"list_of": lambda value: value[-1:] if value.islower() else "X"}),
]


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


# -- decoders ------------------------------------------------------------------------------------------------------

SAMPLE = b"LETTER 1\n[1]\nEND\n"


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    yield {"kind": "letter", "size": len(data)}


def _read_letter(data: bytes, _types: AddressTypes) -> Iterator[Transaction]:
    if data.startswith(b"LETTER "):
        yield Transaction(0, Verb.ADD, None, Entry("X:1", "X", "", "One", "1"))


PLAIN = Decoder(
    name="letter",
    sniff=lambda data: data.startswith(b"LETTER "),
    decode=_rows,
    read=_read_letter,
    write=lambda rows: iter([SAMPLE for _ in rows]),
)
BROKEN_DECODERS: list[tuple[str, dict[str, Any]]] = [
    ("sniffing_refuses_noise", {"sniff": lambda data: len(data) > 3}),
    ("sniffing_refuses_noise", {"sniff": lambda data: data[0] == 76}),
    ("sniffing_knows_its_files", {"sniff": lambda data: False}),
    ("sniffing_knows_its_files", {"sniff": lambda data: data[:1]}),
    ("names_are_places", {"names": ("GLB/master.glb",)}),
    ("names_are_places", {"names": ("*.GLB",)}),
    ("names_are_places", {"names": ("GLB/MASTER.GLB", "*/*")}),
    ("sniffing_raises_nothing", {"sniff": lambda data: data.startswith(b"LETTER ") and data[12] > 0}),
    ("decoding_raises_nothing", {"decode": lambda data: iter([{"text": data.decode()}])}),
    ("rows_are_plain", {"decode": lambda data: iter([{"data": data}])}),
    ("rows_are_plain", {"decode": lambda data: iter([{1: 1}])}),
    ("rows_are_plain", {"decode": lambda data: iter([])}),
    ("decoding_is_lazy", {"decode": lambda data: [{}]}),
    ("reading_raises_nothing", {"read": lambda data, _types: iter([int(data)])}),
    ("reading_raises_nothing", {"read": lambda data, _types: iter([data])}),
    ("written_files_are_read_again", {"read": _read_letter, "write": lambda _rows: iter([b""])}),
    ("written_files_are_read_again", {"read": _read_letter, "write": lambda rows: iter([next(rows)])}),
]


def test_a_decoder_that_keeps_the_rules_passes() -> None:
    """Nothing is found of a decoder that does what the rules say."""
    assert [] == [f.text() for f in check_decoder(DecoderSubject(PLAIN, (SAMPLE,))).findings if not f.passed]


def test_a_decoder_that_goes_by_places_need_not_know_its_files() -> None:
    """What has no mark of its own is recognised by folder and name."""
    decoder = attrs.evolve(PLAIN, sniff=lambda _data: False, names=("POST/*.LTR",))

    assert [] == [f.text() for f in check_decoder(DecoderSubject(decoder, (SAMPLE,))).findings if not f.passed]


def test_every_check_of_decoders_has_a_decoder_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert {check.name for check in DECODER_CHECKS} == {name for name, _ in BROKEN_DECODERS}


@pytest.mark.parametrize(("check", "changed"), BROKEN_DECODERS)
def test_a_broken_decoder_is_found(check: str, changed: dict[str, Any]) -> None:
    """A decoder that breaks a rule fails that check."""
    subject = DecoderSubject(attrs.evolve(PLAIN, **changed), (SAMPLE,))

    assert check in {finding.check for finding in check_decoder(subject).failures()}


def test_a_decoder_without_samples_is_judged_by_noise_alone() -> None:
    """Checks that need a file are skipped with that reason."""
    skipped = [f for f in check_decoder(DecoderSubject(PLAIN)).findings if f.verdict is Verdict.SKIPPED]

    assert {"no samples are given"} == {finding.detail for finding in skipped}


def test_what_a_format_refuses_need_not_be_read_again() -> None:
    """A reject accounts for what is missing from the file that was written."""
    decoder = attrs.evolve(PLAIN, write=lambda rows: iter([Reject(0, 0, str(row), 0, "no") for row in rows]))

    assert [] == [f.text() for f in check_decoder(DecoderSubject(decoder, (SAMPLE,))).failures()]


def test_a_format_that_is_not_converted_is_tried_no_further() -> None:
    """Reading and writing for conversion are for those decoders that can."""
    decoder = attrs.evolve(PLAIN, read=None, write=None)
    skipped = {f.check for f in check_decoder(DecoderSubject(decoder, (SAMPLE,))).findings if not f.passed}

    assert {"reading_raises_nothing", "written_files_are_read_again"} == skipped


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
    """Delivery fails once before and once after the letter is there; mended, it works."""
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

    assert [(1, 0), (2, 2)] == seen


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
