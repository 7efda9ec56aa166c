"""Checks, what they find, and the report of a whole kit.

A check is a function of its subject with one sentence, the rule that it proves, as its docstring. It raises `Failure`
with what it found, or `Skip` with the reason why the rule cannot be proven here.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from textwrap import indent
from typing import Generic, NoReturn, TypeVar

import attrs

S = TypeVar("S")


class Grade(Enum):
    """How much dxa relies on a rule: it loses data, it suffers, or people do."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Failure(Exception):
    """The subject breaks the rule; the message says what was seen."""


class Skip(Exception):
    """The rule cannot be proven here; the message is the reason."""


def fail(detail: str) -> NoReturn:
    """Fail with this detail."""
    raise Failure(detail)


def expect(condition: object, detail: str) -> None:
    """Fail with this detail unless the condition holds."""
    if not condition:
        fail(detail)


@attrs.frozen(kw_only=True)
class Finding:
    """What one check found. `detail` is what was seen, or why the check was skipped; `advice` says what to mend."""

    check: str
    grade: Grade
    rule: str
    verdict: Verdict
    detail: str = ""
    advice: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule was proven."""
        return self.verdict is Verdict.PASSED

    @property
    def failed(self) -> bool:
        """Whether the rule was seen broken."""
        return self.verdict is Verdict.FAILED

    def text(self) -> str:
        """The finding for people: one line, and for a failure the rule, what was found and what to do."""
        head = f"{self.grade.value:<6} {self.verdict.value:<7} {self.check}"
        if not self.failed:
            return f"{head}: {self.detail}" if self.detail else head
        rows = (("rule", self.rule), ("found", self.detail), ("to do", self.advice))
        return "\n".join([head, *(indent(f"{label + ':':<7}{text}", " " * 7) for label, text in rows)])


@attrs.frozen
class Check(Generic[S]):
    """A rule and its proof. Called with a subject it gives a finding and never raises."""

    name: str
    grade: Grade
    rule: str
    advice: str
    prove: Callable[[S], None]

    def __call__(self, subject: S) -> Finding:
        """Try the rule on the subject."""
        try:
            self.prove(subject)
        except Skip as reason:
            return self._finding(Verdict.SKIPPED, str(reason))
        except Failure as failure:
            return self._finding(Verdict.FAILED, str(failure))
        except Exception as error:
            return self._finding(Verdict.FAILED, described(error))
        return self._finding(Verdict.PASSED, "")

    def _finding(self, verdict: Verdict, detail: str) -> Finding:
        return Finding(
            check=self.name, grade=self.grade, rule=self.rule, verdict=verdict, detail=detail, advice=self.advice
        )


def described(error: Exception) -> str:
    """An exception that nobody expected, with the place that it came from."""
    place = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(place[-1].filename).name}, line {place[-1].lineno})" if place else ""
    return f"raised {type(error).__name__}: {error}{where}"


def _graded(grade: Grade, advice: str) -> Callable[[Callable[[S], None]], Check[S]]:
    def make(prove: Callable[[S], None]) -> Check[S]:
        rule = " ".join(cleandoc(prove.__doc__ or "").split())
        return Check(prove.__name__, grade, rule, advice, prove)

    return make


def must(advice: str) -> Callable[[Callable[[S], None]], Check[S]]:
    """A check of a rule without which dxa loses or invents data."""
    return _graded(Grade.MUST, advice)


def should(advice: str) -> Callable[[Callable[[S], None]], Check[S]]:
    """A check of a rule that may be broken for a reason that is written down."""
    return _graded(Grade.SHOULD, advice)


def may(advice: str) -> Callable[[Callable[[S], None]], Check[S]]:
    """A check of a rule that makes a plugin pleasant to have."""
    return _graded(Grade.MAY, advice)


@attrs.frozen
class Kit:
    """All findings about one subject."""

    subject: str
    findings: tuple[Finding, ...]

    @property
    def conforms(self) -> bool:
        """Whether no MUST is broken."""
        return not any(finding.failed and finding.grade is Grade.MUST for finding in self.findings)

    def failures(self) -> tuple[Finding, ...]:
        """The rules that are broken, of any grade."""
        return tuple(finding for finding in self.findings if finding.failed)

    def text(self) -> str:
        """The report: a summary, then what failed, what was skipped and what passed."""
        counts = ", ".join(f"{sum(f.verdict is v for f in self.findings)} {v.value}" for v in Verdict)
        order = (Verdict.FAILED, Verdict.SKIPPED, Verdict.PASSED)
        ranked = sorted(self.findings, key=lambda finding: order.index(finding.verdict))
        return "\n".join([f"{self.subject}: {counts}", *(finding.text() for finding in ranked)])


def run(subject: str, checks: Iterable[Check[S]], value: S) -> Kit:
    """Try all checks on one value."""
    return Kit(subject, tuple(check(value) for check in checks))
