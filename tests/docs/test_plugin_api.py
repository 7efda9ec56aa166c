"""The reference for authors of plugins is complete, and everything on it says what it is."""

from __future__ import annotations

import re

import pytest

from docs.generate import DOCS
from docs.generators import api

PAGE = (DOCS / "plugin-api.md").read_text(encoding="utf-8")
EVERYTHING = list(api.everything())


@pytest.mark.parametrize("module", [name for modules in api.MODULES.values() for name in modules])
def test_everything_public_says_what_it_is(module: str) -> None:
    """Modules, classes, functions, methods, constants and fields have a docstring, a comment, or a word in their class.

    The fields of the kit's own values need none: authors get these values, and do not make them.
    """
    silent = [
        each.name
        for each in EVERYTHING
        if each.module == module and not each.text and not (module.startswith("dxa.testing") and "." in each.name)
    ]

    assert [] == silent


def test_everything_public_stands_on_the_page() -> None:
    """Each has its heading, its row or its item."""
    shown = set(re.findall(r"^(?:#+|\||-) `([\w.]+)", PAGE, re.MULTILINE))
    names = {each.name.rpartition(".")[2] if each.name else each.module for each in EVERYTHING}

    assert set() == names - shown


def test_what_says_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class without a docstring, and a field that nobody explains, have no text; their neighbours have theirs."""
    monkeypatch.setattr(api, "MODULES", {"x": ("tests.docs.undocumented",)})
    found = {each.name: each.text for each in api.everything()}

    assert {"Silent": "", "Spoken.silent": ""} == {name: text for name, text in found.items() if not text}
    assert {"Spoken.said", "Spoken.word", "Spoken.method", "NUMBER"} <= found.keys()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(#([\w-]+)\)", PAGE))))
def test_links_within_the_page_lead_somewhere(link: str) -> None:
    """What a link names is a heading."""
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)

    assert link in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
