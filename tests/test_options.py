"""Keys of tables as core and plugins declare them."""

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.config.structure import make_converter, problems_of
from dxa.errors import AddressError
from dxa.options import filled, not_negative, option, positive, told


def _pair(text: str) -> None:
    if "/" not in text:
        raise AddressError("must be NET/PO", got=text)


@attrs.frozen(kw_only=True)
class Table:
    """A table as a plugin has it."""

    key: str = option("a name that says nothing to the function", "k", filled)
    pages: int = option("pages at once", 10, positive)
    days: int = option("days that it is kept", 0, not_negative)
    code_page: str = option("code page", "cp850", told(codecs.lookup))
    peer: str = option("the other side", "N/P", told(_pair))
    labels: Mapping[str, str] = option("labels", {})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"key": " "}, (("key",), "must not be empty")),
        ({"pages": 0}, (("pages",), "must be more than 0, got 0")),
        ({"days": -1}, (("days",), "must not be negative, got -1")),
        ({"peer": "NP"}, (("peer",), "must be NET/PO: 'NP'")),
    ],
)
def test_what_a_key_refuses_is_told_under_it(given: dict[str, Any], expected: object, tmp_path: Path) -> None:
    """The checks of the module, and those of other code with errors of its own, say what must be, and of which key."""
    with pytest.raises(Exception, match=r".") as caught:
        make_converter(tmp_path).structure(given, Table)

    assert [expected] == problems_of(caught.value)


def test_a_dict_as_default_is_each_tables_own() -> None:
    """What one table does with its default reaches no other one."""
    one, other = Table(), Table()

    assert ({}, {}) == (one.labels, other.labels)
    assert one.labels is not other.labels
    assert "labels" == attrs.fields(Table).labels.metadata["doc"]
