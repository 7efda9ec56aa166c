"""Each check of decoders sees the decoder that breaks its rule."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from dxa.entry import Reject
from dxa.testing import DECODER_CHECKS, DecoderSubject, Verdict, check_decoder
from dxa.testing.converting import CHECKS
from tests.kit.broken_decoders import BROKEN_DECODERS, PLAIN, SAMPLE, SECRETS


def not_passed(**changed: Any) -> set[str]:
    """The checks that a decoder does not pass which differs from the good one in this; none may fail."""
    kit = check_decoder(DecoderSubject(attrs.evolve(PLAIN, **changed), (SAMPLE,), secrets=SECRETS))
    assert [] == [finding.text() for finding in kit.failures()]
    return {finding.check for finding in kit.findings if not finding.passed}


def test_a_decoder_that_keeps_the_rules_passes() -> None:
    """Nothing is found of a decoder that does what the rules say."""
    assert set() == not_passed()


def test_a_decoder_that_goes_by_places_need_not_know_its_files() -> None:
    """What has no mark of its own is recognised by folder and name."""
    assert {"written_files_are_claimed"} == not_passed(sniff=lambda _data: False, names=("POST/*.LTR",))


def test_every_check_of_decoders_has_a_decoder_that_breaks_it() -> None:
    """No check is without a proof that it can fail."""
    assert {check.name for check in DECODER_CHECKS} == {name for name, _ in BROKEN_DECODERS}


@pytest.mark.parametrize(("check", "changed"), BROKEN_DECODERS)
def test_a_broken_decoder_is_found(check: str, changed: dict[str, Any]) -> None:
    """A decoder that breaks a rule fails that check."""
    subject = DecoderSubject(attrs.evolve(PLAIN, **changed), (SAMPLE,), secrets=SECRETS)

    assert check in {finding.check for finding in check_decoder(subject).failures()}


def test_a_decoder_without_samples_is_judged_by_noise_alone() -> None:
    """Checks that need a file are skipped with that reason."""
    skipped = [f for f in check_decoder(DecoderSubject(PLAIN)).findings if f.verdict is Verdict.SKIPPED]

    assert {"no samples are given", "no secrets are given"} == {finding.detail for finding in skipped}


def test_what_a_format_refuses_need_not_be_read_again() -> None:
    """A reject accounts for what is missing from the file that was written."""
    assert set() == not_passed(write=lambda rows: iter([Reject(0, 0, str(row), 0, "no") for row in rows]))


def test_a_format_that_is_not_converted_is_tried_no_further() -> None:
    """Reading and writing for conversion are for those decoders that can."""
    assert {check.name for check in CHECKS} - {"endings_are_endings"} == not_passed(read=None, write=None)
