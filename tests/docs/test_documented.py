import re

import pytest

from docs.generate import DOCS
from docs.generators.reference import json_values, keys, options, walk
from dxa import hookspecs
from dxa.agent.queries import keys_of
from dxa.host import HOOKS


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented(hook: str):
    """A hook has a docstring that says when it fires, and a place on the page of hooks."""
    assert "fires" in (getattr(hookspecs, hook).__doc__ or "")
    assert f"## {hook}\n" in page("hooks.md")


def test_every_command_is_documented():
    """Every command says what it does and has a place on the page of commands."""
    named = {name: command.help for name, command, _ in walk()}
    headings = set(re.findall(r"^##+ (dxa.*)$", page("commands.md"), re.MULTILINE))

    assert [] == [name for name, text in named.items() if not text]
    assert headings == named.keys()


def test_every_option_is_documented():
    """Every option of every command says what it does."""
    silent = [
        f"{name} {option}"
        for name, command, context in walk()
        for option, text in options(command, context)
        if not text
    ]

    assert [] == silent


def test_every_key_of_json_is_documented():
    """Every key that `--json` shows says what it is."""
    silent = [f"{name}.{key}" for name, cls in json_values().items() for key, text in keys_of(cls).items() if not text]

    assert [] == silent


def test_every_key_is_documented():
    """Every key of the configuration says what it does and has a place on the page of the configuration."""
    text = page("configuration.md")
    absent = [key.key for key in keys() if f"| `{key.key.rpartition('.')[2]}` |" not in text or not key.doc]

    assert [] == absent
