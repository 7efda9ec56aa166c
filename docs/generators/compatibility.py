"""The numbered cases of `compatibility.toml`, with the tests that carry their numbers.

The marks ``@pytest.mark.dx("T-001")`` and ``@pytest.mark.cc("T20")`` are found in the source of the tests, so that
nothing must be run.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from docs.generators.markdown import table

ROOT = Path(__file__).parents[2]
TESTS = ("tests", "plugins/*/tests")
#: The sets of cases: the names of the marks. Numbers of the second are written with it, for they are short.
SETS = ("dx", "cc")


class Case(NamedTuple):
    """One numbered case."""

    number: str
    section: str
    marks: str
    silent: bool
    holds: str
    sources: tuple[str, ...]
    #: Why no test has the number.
    reason: str
    #: What is still missing although there is a test.
    partly: str
    set: str = SETS[0]


class Mark(NamedTuple):
    """A number on a test."""

    number: str
    file: Path
    test: str


def cases() -> dict[str, Case]:
    """All cases by their number."""
    with (ROOT / "docs" / "compatibility.toml").open("rb") as file:
        data = tomllib.load(file)
    return {
        number: _case(number, section["title"], given)._replace(set=section.get("set", SETS[0]))
        for section in data["section"]
        for number, given in section["cases"].items()
    }


def _case(number: str, section: str, given: Mapping[str, Any]) -> Case:
    given = {"silent": False, "reason": "", "partly": "", **given}
    return Case(number=number, section=section, **{**given, "sources": tuple(given["sources"])})


def marks() -> list[Mark]:
    """The numbers that the tests carry, in the order of the files."""
    files = {file for pattern in TESTS for folder in ROOT.glob(pattern) for file in folder.rglob("test_*.py")}
    return [mark for file in sorted(files) for mark in _marks_of(file)]


def _marks_of(file: Path) -> Iterator[Mark]:
    """The marks of a file's tests; one outside of any test is given without a name, as a whole file's."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    seen = set[ast.Call]()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for call in (call for decorator in node.decorator_list for call in _calls(decorator)):
                seen.add(call)
                yield from (Mark(number, file, node.name) for number in _numbers(call))
    for call in _calls(tree):
        if call not in seen:
            yield from (Mark(number, file, "") for number in _numbers(call))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls of ``pytest.mark.dx`` and the like."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Attribute(attr="mark"))) if name in SETS:
                yield node


def _numbers(call: ast.Call) -> list[str]:
    return [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]


def problems() -> list[str]:
    """Why the cases and the marks do not fit together."""
    known, found = cases(), marks()
    tested = {mark.number for mark in found}
    unknown = [f"{m.file.relative_to(ROOT)}: {m.test}: no case {m.number}" for m in found if m.number not in known]
    alone = [n for n, case in known.items() if n not in tested and not case.reason]
    both = [n for n, case in known.items() if n in tested and case.reason]
    partly = [n for n, case in known.items() if n not in tested and case.partly]
    return [
        *unknown,
        *(f"{number}: neither a test nor a reason" for number in alone),
        *(f"{number}: has a test, so take its reason away" for number in both),
        *(f"{number}: partly, but no test" for number in partly),
    ]


def summary() -> str:
    """How many cases have a test."""
    known, tested = cases(), {mark.number for mark in marks()}
    done = sum(number in tested for number in known)
    return f"{done} of {len(known)} cases have a test; {len(known) - done} have none, for the reason given.\n"


def page() -> str:
    """A table for each section."""
    tests = dict[str, list[Mark]]()
    for mark in marks():
        tests.setdefault(mark.number, []).append(mark)
    sections = dict[str, list[Case]]()
    for case in cases().values():
        sections.setdefault(case.section, []).append(case)
    parts = []
    for title, those in sections.items():
        rows = [(_number(case), case.holds, _proof(case, tests.get(case.number, [])), _sources(case)) for case in those]
        parts.append(f"## {title}\n\n{table(('case', 'what holds', 'test', 'sources'), rows)}")
    return "\n".join(parts)


def _number(case: Case) -> str:
    number = case.number if case.set == SETS[0] else f"{case.set}:{case.number}"
    return f"{number} {case.marks}{' **!!**' if case.silent else ''}"


def _proof(case: Case, tests: list[Mark]) -> str:
    if not tests:
        return f"✗ {case.reason}"
    links = dict.fromkeys(f"[{m.test or m.file.stem}](../{m.file.relative_to(ROOT).as_posix()})" for m in tests)
    return f"✓ {', '.join(links)}" + (f"; {case.partly}" if case.partly else "")


def _sources(case: Case) -> str:
    articles = [source for source in case.sources if re.match(r"Q\d", source)]
    others = [source for source in case.sources if source not in articles]
    return "; ".join([*([f"KB {', '.join(articles)}"] if articles else []), *others])
