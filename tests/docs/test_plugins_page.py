"""The tutorial for authors of plugins: its files are those of the example, and whatever else it shows works.

The commands and their output are the page's by `docs.generators.plugins`, and `test_generated` holds them together.
"""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from docs.generate import DOCS
from docs.generators import plugins
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.config.model import ProcessTable
from dxa.config.secrets import Secret
from dxa.entry import Entry
from dxa.scaffold import new_plugin

PAGE = (DOCS / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = DOCS.parent / "examples" / "dxa-vcard"
FILES = plugins.files(PAGE)
SHOWN = {text for _, text in plugins.pieces(PAGE)}


def blocks(language: str) -> list[str]:
    """The blocks of a language that are no pieces of files."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for text in found if text not in SHOWN]


def test_the_files_of_the_page_make_the_example_of_what_the_scaffold_writes() -> None:
    """`dxa plugins new vcard`, with the page's files in place of the scaffold's, is the example, byte for byte."""
    made = new_plugin("vcard", "0.1.0")
    made |= {path.removeprefix("dxa-vcard/"): text for path, text in FILES.items() if path.startswith("dxa-vcard/")}
    there = {
        str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8")
        for path in EXAMPLE.rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache", ".hypothesis"} & set(path.parts)
    }

    # What a README says is its author's business.
    assert made.keys() == there.keys()
    assert [] == [name for name in made if name != "README.md" and made[name] != there[name]]


def test_every_piece_of_a_file_is_written_by_a_step() -> None:
    """What the page shows of files is what the commands on it are typed with."""
    written = {step.path for steps in plugins.PARTS.values() for step in steps if isinstance(step, plugins.Write)}

    assert written == FILES.keys()


def test_commands_are_generated() -> None:
    """Every command on the page stands in a part that comes from typing it."""
    generated = re.sub(r"<!-- generated: .*?<!-- end -->", "", PAGE, flags=re.DOTALL)

    assert "```console" not in generated
    assert plugins.PARTS.keys() == set(re.findall(r"<!-- generated: plugins-([a-z-]+) -->", PAGE))


def test_the_secret_is_opened_where_it_is_used() -> None:
    """The options of the section on secrets hold a password that does not show itself, or none."""
    (text,) = [text for text in blocks("python") if "Secret" in text]
    names: dict[str, Any] = {}
    exec(text, names)
    options = names["Options"](password=Secret("geheim"))

    assert "geheim" == names["login"](options)
    assert "geheim" not in repr(options)
    assert "" == names["login"](names["Options"]())


def test_what_the_system_cannot_hold_is_left_out_before_it_is_sent() -> None:
    """Of the fields those stay that have a column, whatever the system holds of the entry already."""
    (text,) = [text for text in blocks("python") if "Wish" in text]
    names: dict[str, Any] = {}
    exec(text, names)
    entry = Entry("SMTP:a@b", "SMTP", "", "Ann", "a@b", (("title", "Boss"), ("mailNickname", "ann")))

    assert [entry._replace(fields=(("title", "Boss"),))] == names["shape"](None, [(entry, entry)])


@pytest.mark.parametrize("text", blocks("toml"))
def test_configurations_are_sound(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`dxa check` finds no problem in the tables beside the commands; the link that they belong to is any link."""
    with chdir(tmp_path):
        run(["init", "site", "--organization", "LAB", "--site", "HQ"], Session())
        file = Path("site/dxa.toml")
        if text.startswith("[plugins]"):
            file.write_text(re.sub(r"^\[plugins\]$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE))
        else:
            text = f'[links.cards]\nconnector = "memory"\nimport_container = "Cards"\n\n{text}'
        with file.open("a", encoding="utf-8") as end:
            end.write(f"\n{text}")
        status = run(["-C", "site", "check"], Session())

    assert 0 == status, capsys.readouterr()


def test_the_limits_are_the_defaults() -> None:
    """What the page shows as defaults of a process is what a link has that says nothing."""
    (text,) = [text for text in blocks("toml") if ".process]" in text]
    shown = dict(re.findall(r"^(\w+) = ([\d.]+)", text, re.MULTILINE))

    limits = ProcessTable()

    assert {"silence_minutes", "call_minutes", "reports", "megabytes"} == shown.keys()
    assert {name: float(getattr(limits, name)) for name in shown} == {name: float(n) for name, n in shown.items()}
