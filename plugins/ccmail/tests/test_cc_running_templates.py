from typing import Any

import pytest

from dxa.config.secrets import Secret
from dxa_ccmail.running.options import CommandOptions, DropOptions
from dxa_ccmail.running.templates import PLACEHOLDERS, check_template, expand, masked, names_in


def test_a_template_is_filled_in() -> None:
    """Every placeholder becomes its value, inside an argument or alone, and no shell has a say in it."""
    template = ("/N{postoffice}", "/P{password}", "/D{path}", "/@{file}", "$(rm -r {name})")
    values = {"postoffice": "Site 1", "path": "M:\\PO", "file": "/work/A B.EXP", "name": "A B.EXP"}

    expected = ("/NSite 1", "/P;&|", "/DM:\\PO", "/@/work/A B.EXP", "$(rm -r A B.EXP)")
    assert expected == expand(template, values, Secret(";&|"))


def test_values_are_not_filled_in_again() -> None:
    """A value that looks like a placeholder stays as it is."""
    assert ("/N{password}",) == expand(("/N{postoffice}",), {"postoffice": "{password}"}, Secret("word"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("/LISTS", ("/LISTS",)), ("/DIRECTORY /PROP", ("/DIRECTORY", "/PROP"))],
)
def test_words_for_a_kind_are_arguments_of_their_own(text: str, expected: tuple[str, ...]) -> None:
    """A placeholder for words that stands alone becomes as many arguments as there are words."""
    assert ("A", *expected) == expand(("A", "{kind}"), {"kind": text}, None)


def test_a_mistake_in_a_template_is_said_with_its_key() -> None:
    """An unknown placeholder is reported with all that are known."""
    with pytest.raises(ValueError, match=r"^export: unknown placeholder \{fil\}; known are \{postoffice\}, "):
        check_template("export", ("EXPORT", "{fil}"))


def test_the_password_is_no_program() -> None:
    """A password cannot be a part of the program's name, which errors show."""
    with pytest.raises(ValueError, match=r"^export: the password cannot"):
        check_template("export", ("{password}",))


def test_names_of_a_template() -> None:
    """The placeholders that a template uses are known; each of them is explained."""
    assert {"kind", "file"} == names_in(("A", "{kind}", "/@{file}"))
    assert all(PLACEHOLDERS.values())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"EXPORT /PWord1 done", b"EXPORT /P*** done"),
        (b"/PWORD1 /Pword1", b"/P*** /P***"),
        (b"nothing", b"nothing"),
    ],
)
def test_a_password_is_masked_in_any_case(data: bytes, expected: bytes) -> None:
    """DOS programs like to show things in upper case."""
    assert expected == masked(data, [Secret("Word1")], "cp850")


@pytest.mark.parametrize("page", ["utf-8", "cp850"])
def test_a_password_is_masked_in_either_encoding(page: str) -> None:
    """A program shows a password as it got it, or in its own code page."""
    assert b"/P*** ." == masked("/Pgrün .".encode(page), [Secret("grün")], "cp850")


def test_without_a_password_nothing_is_masked() -> None:
    """A text is the same when there is nothing to hide."""
    assert b"abc" == masked(b"abc", [], "cp850")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"export": ()}, "export must name a program"),
        ({"import_file": ("IMPORT", "{x}")}, "import_file: unknown placeholder"),
        ({"kinds": {"lists": "/L"}}, "kinds: directory is missing"),
        ({"kinds": {"directory": "/D", "list": "/L"}}, "kinds: unknown 'list'; known are directory, lists, boards"),
        ({"modes": {"delete": ""}}, "modes: add is missing"),
        ({"timeout": 0.0}, "timeout must be more than 0"),
        ({"code_file": "../X"}, "code_file must be the name of a file"),
        ({"count": "("}, "count is no regular expression"),
        ({"count": "a"}, "count must have one group"),
        ({"keep": -1}, "keep must not be negative"),
        ({"programs": "bin"}, "programs and version belong together"),
        ({"version": "DB8"}, "programs and version belong together"),
        ({"environment": {"A=B": ""}}, "environment: 'A=B' cannot be the name"),
        ({"environment": {"A": "{x}"}}, "environment: unknown placeholder"),
    ],
)
def test_a_mistake_in_the_options_is_said_with_its_key(given: dict[str, Any], expected: str) -> None:
    """What cannot be meant is refused when the configuration is read, in a text that begins with the key."""
    with pytest.raises(ValueError, match=expected) as error:
        CommandOptions(**given)

    assert expected == str(error.value)[: len(expected)]


def test_the_defaults_are_fine() -> None:
    """The defaults hold together, and every key says what it is for."""
    assert ("directory",) == tuple(CommandOptions().kinds)
    assert ("directory",) == DropOptions().kinds
    with pytest.raises(ValueError, match="kinds: directory is missing"):
        DropOptions(kinds=("lists",))
