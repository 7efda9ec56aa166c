import re
from pathlib import Path

import pytest

from docs.generators.compatibility import Case, Mark, cases, marks, problems
from docs.generators.compatibility import _marks_of as marks_of


def test_cases_and_tests_fit_together():
    """Every number on a test is a case, and every case has a test or the reason why it has none."""
    assert [] == problems()


@pytest.mark.parametrize("case", cases().values(), ids=lambda case: case.number)
def test_a_case_is_complete(case: Case):
    """A case has a number, letters, one sentence, and sources."""
    assert re.fullmatch({"dx": r"T-\d{3}", "cc": r"T\d{2}"}[case.set], case.number)
    assert {*case.marks} <= {*"XSMA"}
    assert case.marks
    assert re.fullmatch(r"[A-Z`$].*\.", case.holds)
    assert case.sources
    if case.set == "dx":
        assert [] == [source for source in case.sources if not re.fullmatch(r"Q\d+( #\d+)*", source)]


def test_numbers_rise():
    """The cases stand in the order of their numbers inside their sections, and no number is there twice."""
    numbers = [case.number for case in cases().values()]

    assert sorted(numbers) == numbers


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('@pytest.mark.dx("T-001", "T-002")\ndef test_a(): ...', [("T-001", "test_a"), ("T-002", "test_a")]),
        ('class TestB:\n    @mark.dx("T-003")\n    def test_c(self): ...', []),
        ('class TestB:\n    @pytest.mark.dx("T-003")\n    def test_c(self): ...', [("T-003", "test_c")]),
        (
            '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.dx("T-004"))])\ndef test_d(x): ...',
            [("T-004", "test_d")],
        ),
        ('pytestmark = pytest.mark.dx("T-005")', [("T-005", "")]),
        ('@pytest.mark.cc("T20")\ndef test_e(): ...', [("T20", "test_e")]),
    ],
)
def test_marks_are_found_wherever_they_stand(tmp_path: Path, source: str, expected: list[tuple[str, str]]):
    """A number counts on a function, a class, one set of parameters, or a whole file."""
    file = tmp_path / "test_x.py"
    file.write_text(source, encoding="utf-8")

    assert expected == [(mark.number, mark.test) for mark in marks_of(file)]


def test_marks_of_plugins_count():
    """The tests of the plugins are looked through as well."""
    found: list[Mark] = marks()

    assert any("plugins" in mark.file.parts for mark in found)
