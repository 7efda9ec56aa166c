"""docs/conformance.md: its lists are those of the code, and its example works."""

import re
from pathlib import Path
from typing import Any

import pytest

from docs.generators.markdown import table
from dxa.testing import check_connector
from dxa.testing.catalog import CATALOG, HEADER, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


@pytest.mark.parametrize("name", CATALOG)
def test_the_page_lists_every_check(name: str) -> None:
    """The generated part has each check with its grade, rule and advice, as the code has them."""
    (part,) = re.findall(rf"<!-- generated: {name} -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert table(HEADER, rows(name)) == part


def test_every_check_has_a_rule_and_an_advice() -> None:
    """Both are whole sentences, and no name is there twice."""
    checks = [check for part in CATALOG.values() for check in part]

    assert [] == [check.name for check in checks if not re.fullmatch(r".+\.", check.rule)]
    assert [] == [check.name for check in checks if not re.fullmatch(r".+\.", check.advice)]
    assert len(checks) == len({check.name for check in checks})


def test_the_example_conforms() -> None:
    """The harness on the page can be copied, and its connector passes."""
    (example,) = re.findall(r"```python\n(from pathlib.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)

    kit = check_connector(names["Harness"])

    assert [] == [finding.text() for finding in kit.failures()]
    assert "connector memory" == kit.subject
