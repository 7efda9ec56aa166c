"""The commands of the README, typed as they stand there."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from docs.generate import DOCS
from dxa.cli.run import run
from dxa.cli.session import Session

README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


def commands(heading: str) -> Iterator[str]:
    """The commands of a section, those of several lines in one piece."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    for block in re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        yield from (command.rstrip() for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])


def typed(command: str, folder: Path) -> str:
    """What a command prints in a folder; one that fails is an error."""
    words = shlex.split(command.replace("\\\n", " "), comments=True)
    if words[0] != "dxa":
        done = subprocess.run(["bash", "-euc", command], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout
    printed = io.StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
        status = run(words[1:], Session())
    assert 0 == status, f"{command}\n{printed.getvalue()}"
    return printed.getvalue()


def test_the_first_steps_work_as_they_are_printed(tmp_path: Path) -> None:
    """Typed one after the other in an empty folder, they do what the text beside them says."""
    folder, said = tmp_path, {}
    for command in commands("First steps with your own"):
        if command.startswith("cd "):
            folder = (folder / command.removeprefix("cd ")).resolve()
        else:
            said[command.partition("  ")[0]] = typed(command, folder)

    assert {"Müller, Jürgen", "All Staff", "Larsen, Ase"} <= found(said["dxa msmail postoffice gal north"])
    assert {"Müller, Jürgen", "All Staff", "Larsen, Ase"} <= found(said["dxa -C mysite recipients list"])
    assert {"Müller, Jürgen", "All Staff", "Larsen, Ase"} <= found(said["dxa msmail requestor gal -d east"])
    assert all(name in said["dxa ccmail simulate edit show po1"] for name in ("HQ All Staff", "HQ Larsen, Ase"))
    assert "Bo Quist" in said["dxa -C mysite plan"]
    assert tmp_path == folder


@pytest.mark.parametrize("table", re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
def test_other_configurations_are_sound(table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dxa check` finds no problem in what the README shows beside the first steps, when its programs are there."""
    for program in re.findall(r'"/srv/(.*?)"', table):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).touch(mode=0o700)
    table = table.replace('"/srv/', f'"{tmp_path}/')
    for name in re.findall(r'"env:(\w+)"', table):
        monkeypatch.setenv(name, "secret")
    typed("dxa init mysite --organization LAB --site HQ", tmp_path)
    link = '\n[links.ccmail]\nconnector = "ccmail"\nimport_container = "cc-Mail"\n'
    with (tmp_path / "mysite" / "dxa.toml").open("a", encoding="utf-8") as file:
        file.write(f"{link}{table}" if table.startswith("[links.ccmail.") else f"\n{table}")

    assert "0 problems" in typed("dxa -C mysite check", tmp_path)


def found(text: str) -> set[str]:
    """The names in a listing."""
    return set(re.findall(r"Müller, Jürgen|All Staff|Larsen, Ase|Doe, John", text))
