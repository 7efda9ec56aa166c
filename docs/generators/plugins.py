"""The tutorial for authors of plugins, done for real: its files are written, its commands typed.

As a program, ``python -m docs.generators.plugins FOLDER`` prints the parts. It runs in an environment of its own, so
that the plugin of the tutorial is installed nowhere else.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import site
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from docs.generators import console, environment, prompt
from docs.generators.markdown import fenced

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "plugins.md"
#: It is this time in all commands.
NOW = datetime(1997, 3, 3, 9, 0, tzinfo=UTC).timestamp()

_FILE = re.compile(r"^<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Write(NamedTuple):
    """What the page has of a file up to its n-th piece is written down; 0: all of it."""

    path: str
    pieces: int = 0


#: The parts of the page by name, in their order: what is written, and what is typed. A command that is meant to fail
#: has a ``!`` in front.
PARTS: dict[str, tuple[str | Write, ...]] = {
    "new": (
        "dxa plugins new vcard",
        "pip install --quiet -e 'dxa-vcard[dev]'",
        "cd dxa-vcard",
        "pytest -q",
        "cd ..",
    ),
    "project": (Write("dxa-vcard/pyproject.toml"), "pip install --quiet -e 'dxa-vcard[dev]'"),
    "reading": (
        Write("dxa-vcard/src/dxa_vcard/plugin.py"),
        Write("dxa-vcard/src/dxa_vcard/connector.py", 2),
        Write("dxa-vcard/tests/test_conformance.py"),
        "cd dxa-vcard",
        "!pytest -q -x",
    ),
    "writing": (Write("dxa-vcard/src/dxa_vcard/connector.py"), "pytest -q", "cd .."),
    "check": ("dxa plugins", "dxa plugins check vcard"),
    "site": (
        "dxa init site --organization LAB --site HQ",
        """cat >> site/dxa.toml <<'TOML'

[addressing.templates]
SMTP = "{alias}@hq.lab.example"
MS = "{organization}/{site}/{alias}"
CCMAIL = "{name} at {site}"

[links.cards]
connector = "vcard"
import_container = "Cards"
export_containers = ["Recipients", "MS Mail", "cc-Mail"]

[links.cards.vcard]
folder = "../cards"

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "Cards"]

[links.pcmail.msmail]
maildata = "shadow"

[links.ccmail]
connector = "ccmail"
import_container = "cc-Mail"
export_containers = ["Recipients", "Cards"]

[links.ccmail.ccmail]
post_office = "PO1"
run = "simulator"
simulator = { folder = "../po1" }
TOML""",
        "mkdir cards",
        """cat > cards/eva.vcf <<'CARD'
BEGIN:VCARD
VERSION:3.0
FN:Eva Berg
N:Berg;Eva
EMAIL:eva@cards.example
END:VCARD
CARD""",
    ),
    "neighbours": (
        "dxa msmail postoffice create north --network NORTH --postoffice MAIN --admin ADMIN",
        'dxa msmail admin ADMIN -d north user add LARSEN --name "Larsen, Ase"',
        "(umask 077; echo north knows > north.password)",
        "dxa -C site peers add pcmail NORTH/MAIN --password-ref file:../north.password --set maildata=../north",
        "dxa msmail admin ADMIN -d north postoffice add LAB/HQ --direct ../site/shadow",
        "dxa msmail admin ADMIN -d north server LAB/HQ --password file:../north.password",
        "dxa ccmail simulate init po1 --name PO1",
        'dxa ccmail simulate edit add po1 "Quist, Bo"',
        "dxa -C site check",
    ),
    "plan": ("dxa -C site plan",),
    "sync": ("dxa -C site sync",),
    "ccmail": ("dxa ccmail simulate edit show po1",),
    "ask": ("dxa msmail reqmain -t -d north", "dxa msmail external -d north", "dxa -C site sync"),
    "gal": (
        "dxa msmail external -d site/shadow",
        "dxa msmail reqmain -r -d north",
        "dxa msmail import ADMIN -q -y -d north",
        "dxa msmail rebuild -f -d north",
        "dxa msmail postoffice gal north",
    ),
    "cards": ("ls cards", "cat cards/dxa-*.vcf"),
    "explain": ('dxa -C site explain "Eva Berg"',),
    "bad": (
        "printf 'BEGIN:VCARD\\nFN:Half a card\\n' > cards/half.vcf",
        "dxa -C site sync",
        "dxa -C site rejects list",
    ),
    "trace": ("dxa --trace -C site check",),
    "without": ("!DXA_PLUGINS=-vcard dxa -C site check",),
    "one-file": (
        Write("site/plugins/desk.py"),
        "dxa -C site plugins",
        'dxa -C site recipients add --name "Front Desk" --proxy "DESK:12"',
        "dxa -C site recipients list --container Recipients",
    ),
}


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The pieces of files that a page shows: path and text, in their order."""
    return ((found["path"], found["text"]) for found in _FILE.finditer(text))


def files(text: str, most: int = 0) -> dict[str, str]:
    """The files of a page, put together of their first pieces, or of all of them."""
    found: dict[str, list[str]] = {}
    for path, piece in pieces(text):
        found.setdefault(path, []).append(piece)
    return {path: _joined(parts[: most or None]) for path, parts in found.items()}


def _joined(parts: list[str]) -> str:
    """Between what stands at the margin there are two empty lines, before the next method one."""
    text = parts[0]
    for part in parts[1:]:
        text += ("\n" if part.startswith(" ") else "\n\n") + part
    return text


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""

    def block(name: str) -> Callable[[], str]:
        return lambda: console.parts("docs.generators.plugins")[name]

    return {f"plugins-{name}": block(name) for name in PARTS}


# -- the process that runs the commands --------------------------------------------------------------------------------


def run_all(base: Path) -> dict[str, str]:
    """Write and type everything in a folder below `base`, where the environment is; returns the parts."""
    page = PAGE.read_text(encoding="utf-8")
    (base / "try").mkdir()
    programs = base / environment.NAME / "bin"
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    parts = {}
    with chdir(base / "try"):
        for name, steps in PARTS.items():
            shown = []
            for step in steps:
                if isinstance(step, Write):
                    _write(base / "try", step, page)
                else:
                    shown.append(prompt.show(step, lambda line: _run(line, programs)))
            parts[name] = fenced("\n".join(shown), "console")
    return parts


def _write(base: Path, step: Write, page: str) -> None:
    path = base / step.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(files(page, step.pieces)[step.path], encoding="utf-8")


def _run(command: str, programs: Path) -> tuple[int, str]:
    """See `prompt.Run`."""
    words = shlex.split(command)
    match words[0]:
        case "cd":
            os.chdir(words[1])
            return 0, ""
        case "pip":
            environment.install(programs, *words[3:])
            site.addsitedir(str(environment.packages(programs.parent)))
            return 0, ""
        case "dxa":
            # Nothing is kept of the plugin, which may have changed since.
            for name in [name for name in sys.modules if name.partition(".")[0] == "dxa_vcard"]:
                del sys.modules[name]
            return prompt.dxa(*words[1:], clock=lambda: NOW)
        case "pytest":
            status, printed = prompt.shell(f"python -m {command} -p no:cacheprovider")
            # How long the tests took is another figure each time.
            return status, re.sub(r"in \d+\.\d+s", "in 4.00s", printed)
    return prompt.shell(command)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if Path(sys.prefix) != place / environment.NAME:
        python = environment.make(place) / "python"
        os.execv(python, [str(python), "-m", "docs.generators.plugins", str(place)])
    json.dump(run_all(place), sys.stdout)
