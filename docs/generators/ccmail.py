"""The guide to cc:Mail, run for real: each command with what it prints, and each way of running EXPORT and IMPORT.

As a program, ``python -m docs.generators.ccmail FOLDER`` prints the parts. The stand-ins of the simulator take the
place of Lotus' programs everywhere.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

from docs.generators import console, prompt
from docs.generators.markdown import fenced

ROOT = Path(__file__).resolve().parents[2]


class Part(NamedTuple):
    """Commands, and the folder in which they are typed.

    One that is meant to fail has a ``!`` in front, and its exit status is shown. ``PLAN`` is what was held last.
    """

    folder: str
    commands: tuple[str, ...]


_LINK = """
[addressing.templates]
MS = "{organization}/{site}/{alias}"
CCMAIL = "{name} at {site}"

[links.ccmail]
connector = "ccmail"
import_container = "cc-Mail"
export_containers = ["Recipients"]
"""

_SIMULATOR = f"""cat >> site/dxa.toml <<'TOML'
{_LINK}
[links.ccmail.ccmail]
post_office = "PO1"
run = "simulator"
simulator = {{ folder = "../po1" }}
TOML"""

_COMMANDS = f"""cat >> site/dxa.toml <<TOML
{_LINK}
[links.ccmail.ccmail]
post_office = "PO1"
password = "env:CCMAIL_PASSWORD"
path = "$PWD/po1"
folder = "$PWD/po1"
run = "commands"

[links.ccmail.ccmail.commands]
export = ["../bin/EXPORT", "/N{{postoffice}}", "/P{{password}}", "/D{{path}}", "{{kind}}", "/@{{file}}", "/BATCH"]
import_file = ["../bin/IMPORT", "/N{{postoffice}}", "/P{{password}}", "/D{{path}}", "{{mode}}", "/@{{file}}", "/BATCH"]
kinds = {{ directory = "/DIRECTORY/PROPADD", lists = "/LISTS", boards = "/BOARDS" }}
modes = {{ add = "/DIRECTORY/PROP", delete = "/DIRECTORY/DELETE" }}
count = '(\\d+) directory entries exported'
environment = {{ PATH = "env:PATH" }}
timeout = 600.0
TOML"""

_DROP = f"""cat >> site/dxa.toml <<'TOML'
{_LINK}
[links.ccmail.ccmail]
post_office = "PO1"
run = "drop"

[links.ccmail.ccmail.drop]
exports = "ccmail/exports"
imports = "ccmail/imports"
kinds = ["directory", "lists", "boards"]
manifest = "EXPORT.RC"
TOML"""

_RUN = """cat > run.sh <<'SH'
# run.sh: leave an export, or import what dxa has left
exports=site/ccmail/exports
imports=site/ccmail/imports
case $1 in
export)
  mkdir -p $exports
  dxa ccmail simulate export /NPO1 /Dpo1 /LISTS /@$exports/CCMLIST.EXP > $exports/EXPORT.OUT
  dxa ccmail simulate export /NPO1 /Dpo1 /BOARDS /@$exports/CCMBB.EXP > $exports/EXPORT.OUT
  dxa ccmail simulate export /NPO1 /Dpo1 /DIRECTORY/PROPADD /@$exports/CCMDIR.EXP > $exports/EXPORT.OUT
  echo $? > $exports/EXPORT.RC ;;
import)
  for run in "CCMDEL /DIRECTORY/DELETE" "CCMDIR /DIRECTORY/PROP"; do
    set -- $run
    [ -e $imports/$1.IMP ] || continue
    dxa ccmail simulate import /NPO1 /Dpo1 $2 /@$imports/$1.IMP > $imports/$1.OUT
    code=$?
    [ -e CCMAIL.UND ] && mv CCMAIL.UND $imports/$1.UND
    rm $imports/$1.IMP
    echo $code > $imports/$1.RC
  done ;;
esac
SH"""

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "office": Part(
        "simulator",
        (
            "dxa ccmail simulate init po1 --name PO1",
            'dxa ccmail simulate edit add po1 "Doe, Jane" --cmts "Room 43"',
            'dxa ccmail simulate edit add po1 "Søndergård, Åge"',
            *(f'dxa ccmail simulate edit add po1 "{name}"' for name in ("Cole, Ann", "Quist, Bo", "Gate 3")),
            "dxa ccmail simulate edit add-title po1 list Captains",
            "dxa ccmail simulate edit add-title po1 board Tides",
        ),
    ),
    "site": Part(
        "simulator",
        (
            "dxa init site --organization LAB --site HQ",
            _SIMULATOR,
            "dxa -C site check",
            'dxa -C site recipients add --name "Faber, Johanna"',
        ),
    ),
    "plan": Part("simulator", ("dxa -C site plan",)),
    "first": Part(
        "simulator",
        (
            "dxa -C site sync",
            "dxa ccmail simulate edit show po1",
            "dxa -C site recipients list --container cc-Mail",
        ),
    ),
    "held": Part(
        "simulator",
        (
            *(f'dxa ccmail simulate edit remove po1 "{name}"' for name in ("Cole, Ann", "Quist, Bo")),
            "!dxa -C site sync",
            "dxa -C site approve PLAN",
            "dxa -C site sync",
        ),
    ),
    "conflict": Part(
        "simulator",
        (
            'dxa -C site recipients add --name "Doe, Jane"',
            "dxa -C site sync",
        ),
    ),
    "comment": Part(
        "simulator",
        (
            'dxa ccmail simulate edit add po1 HQ --locn P --cmts "our head office"',
            "!dxa -C site sync",
            'dxa ccmail simulate edit add po1 HQ --locn P --cmts "MSExchangeCCMC HQ"',
        ),
    ),
    "commands-office": Part(
        "commands",
        (
            "export CCMAIL_PASSWORD=geheim",
            "dxa ccmail simulate init po1 --name PO1 --password env:CCMAIL_PASSWORD",
            'dxa ccmail simulate edit add po1 "Doe, Jane"',
            "mkdir bin",
            "printf '#!/bin/sh\\nexec dxa ccmail simulate export \"$@\"\\n' > bin/EXPORT",
            "printf '#!/bin/sh\\nexec dxa ccmail simulate import \"$@\"\\n' > bin/IMPORT",
            "chmod +x bin/EXPORT bin/IMPORT",
        ),
    ),
    "commands-site": Part(
        "commands",
        (
            "dxa init site --organization LAB --site HQ",
            _COMMANDS,
            "dxa -C site check",
            'dxa -C site recipients add --name "Faber, Johanna"',
            "dxa -C site sync",
        ),
    ),
    "commands-wrong": Part(
        "commands",
        (
            "export CCMAIL_PASSWORD=falsch",
            "!dxa -C site sync",
        ),
    ),
    "drop-site": Part(
        "drop",
        (
            "dxa init site --organization LAB --site HQ",
            _DROP,
            'dxa -C site recipients add --name "Faber, Johanna"',
        ),
    ),
    "drop-office": Part(
        "drop",
        (
            "dxa ccmail simulate init po1 --name PO1",
            'dxa ccmail simulate edit add po1 "Doe, Jane"',
            _RUN,
        ),
    ),
    "drop-cycle": Part(
        "drop",
        (
            "sh run.sh export",
            "dxa -C site sync",
            "sh run.sh export",
            "dxa -C site sync",
            "sh run.sh import",
            "dxa -C site sync",
        ),
    ),
}


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""

    def block(name: str) -> Callable[[], str]:
        return lambda: _parts()[name]

    return {f"ccmail-{name}": block(name) for name in PARTS}


def _parts() -> dict[str, str]:
    # The stand-ins are run by their names.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return console.parts("docs.generators.ccmail", PATH=path)


# -- the process that runs the commands --------------------------------------------------------------------------------


def run_all(base: Path) -> dict[str, str]:
    """Run everything, each part in its folder below `base`; returns the parts."""
    parts = {}
    for name, (folder, commands) in PARTS.items():
        (base / folder).mkdir(exist_ok=True)
        shown: list[str] = []
        with chdir(base / folder):
            for command in commands:
                held = re.findall(r"^Held: (\w+)", "\n".join(shown), re.MULTILINE)
                shown.append(prompt.show(command.replace("PLAN", held[-1]) if held else command, _run))
        parts[name] = fenced("\n".join(shown), "console")
    return parts


def _run(command: str) -> tuple[int, str]:
    """See `prompt.Run`; what is exported is there for the commands that follow."""
    if command.startswith("export "):
        name, _, value = command.removeprefix("export ").partition("=")
        os.environ[name] = value
        return 0, ""
    return prompt.run(command)


if __name__ == "__main__":
    json.dump(run_all(Path(sys.argv[1])), sys.stdout)
