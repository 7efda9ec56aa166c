"""A cycle by hand, run for real: each command with what it prints, and with the files that it reads and writes.

All commands run in one process of their own, under a clock that stands still between them, so that the page changes
only when what the commands do changes. As a program, ``python -m docs.generators.byhand FOLDER`` prints the parts.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from docs.generators import console, prompt
from docs.generators.markdown import code, fenced, table

ROOT = Path(__file__).resolve().parents[2]

#: What one types to say how the site is linked, and the passwords.
CONFIGURE = """cat >> site/dxa.toml <<'TOML'

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail"]

[links.pcmail.msmail]
maildata = "shadow"
TOML
(umask 077; echo north knows > north.password; echo south knows > south.password)"""


class Part(NamedTuple):
    """Commands, and the day and hour when they are typed.

    Of those that are `told` the files are named, too. One that is meant to fail has a ``!`` in front, and its exit
    status is shown. One with a ``.`` in front is run and not shown.
    """

    at: str
    commands: str
    told: bool = False


def _office(folder: str, network: str, own: str) -> str:
    return f"""dxa msmail postoffice create {folder} --network {network} --postoffice MAIN --admin ADMIN
dxa -C site peers add pcmail {network}/MAIN --password-ref file:../{folder}.password --set maildata=../{folder}
dxa msmail admin ADMIN -d {folder} postoffice add LAB/HQ --direct ../site/shadow
dxa msmail admin ADMIN -d {folder} server LAB/HQ --password file:../{folder}.password
{own}"""


#: What is there before: a server with somebody in it, two postoffices, and a first cycle.
BEFORE = Part(
    "01 22:00",
    f"""dxa init site --organization LAB --site HQ
configure
dxa -C site recipients add --name "Faber, Johanna"
{_office("north", "NORTH", 'dxa msmail admin ADMIN -d north user add LARSEN --name "Larsen, Ase"')}
{_office("south", "SOUTH", 'dxa msmail admin ADMIN -d south user add MULLERJ --name "Müller, Jürgen"')}
dxa -C site sync
dxa msmail reqmain -t -d north
dxa msmail external -d north
dxa msmail reqmain -t -d south
dxa msmail external -d south
dxa -C site sync
dxa msmail external -d site/shadow
dxa msmail reqmain -r -d north
dxa msmail import ADMIN -q -y -d north
dxa msmail rebuild -f -d north
dxa msmail reqmain -r -d south
dxa msmail import ADMIN -q -y -d south
dxa msmail rebuild -f -d south""",
)

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "start": Part("02 21:40", "dxa msmail listds -r -d north\ndxa msmail listds -s -d site/shadow"),
    "change": Part("02 21:45", 'dxa msmail admin ADMIN -d north user add BERGE --name "Berge, Åse"', told=True),
    "changed": Part("02 21:45", "dxa dump north/GLB/REQTRANS.GLB"),
    "ask": Part("02 22:00", "dxa msmail reqmain -t -d north", told=True),
    "asked": Part("02 22:00", "dxa msmail postoffice mail north\ndxa dump north/MBG/INQUEUE.MBG"),
    "letter": Part("02 22:00", "dxa dump north/ATT/AT8/00000008.ATT"),
    "carry": Part("02 22:01", "dxa msmail external -d north", told=True),
    "other": Part("02 22:02", "dxa msmail reqmain -t -d south\ndxa msmail external -d south"),
    "carried": Part("02 22:02", "dxa msmail postoffice mail site/shadow"),
    "answer": Part("03 00:00", "dxa -C site sync", told=True),
    "answered": Part("03 00:00", "dxa msmail postoffice mail site/shadow\ndxa msmail listds -s -d site/shadow"),
    "return": Part("03 00:01", "dxa msmail external -d site/shadow", told=True),
    "take": Part("03 02:00", "dxa msmail reqmain -r -d south", told=True),
    "taken": Part("03 02:00", "dxa msmail listds -r -d south\ndxa dump south/GLB/SRVTRANS.GLB"),
    "import": Part("03 02:01", "dxa msmail import ADMIN -q -y -d south", told=True),
    "imported": Part("03 02:01", "dxa msmail import ADMIN -x NORTH/MAIN -d south"),
    "rebuild": Part("03 02:02", "dxa msmail rebuild -f -d south", told=True),
    "rebuilt": Part("03 02:02", "dxa msmail postoffice gal south\ndxa msmail postoffice check south"),
    "home": Part(
        "03 02:03",
        "dxa msmail reqmain -r -d north\ndxa msmail import ADMIN -q -y -d north\ndxa msmail rebuild -f -d north\n"
        "dxa dump north/GLB/REQTRANS.GLB",
    ),
    "no-way": Part(
        "03 22:00",
        "mv site/shadow site/elsewhere\ndxa msmail reqmain -t -d north\n!dxa msmail external -d north\n"
        "mv site/elsewhere site/shadow\ndxa msmail external -d north",
    ),
    "too-early": Part("03 22:01", "dxa msmail reqmain -r -d north"),
    "held": Part("03 22:02", "hold south\n!dxa msmail rebuild -f --wait 1 -d south\nrelease"),
    "queue-lost": Part("03 22:03", "rm south/GLB/REQTRANS.GLB\ndxa msmail reqmain -t -d south"),
    "anew": Part("03 22:04", "dxa msmail admin ADMIN -d north import\ndxa msmail admin ADMIN -d north export"),
}


@attrs.frozen
class Script:
    """The commands of one page: what was there before, the parts, and the postoffices whose files are told.

    `shell` are texts for a shell that stand in the commands under a name; `found` are patterns whose first group, where
    it was printed last, stands in the commands for a name.
    """

    before: Part
    parts: dict[str, Part]
    places: tuple[str, ...]
    shell: Mapping[str, str] = attrs.field(factory=dict)
    found: Mapping[str, str] = attrs.field(factory=dict)


#: The page of a cycle by hand.
SCRIPT = Script(BEFORE, PARTS, ("north", "south", "site/shadow"), {"configure": CONFIGURE})


def blocks(prefix: str = "by-hand", module: str = __name__) -> dict[str, Callable[[], str]]:
    """The generated parts of a page, by the names that they have there; `module` has its script."""
    script = importlib.import_module(module).SCRIPT if module != __name__ else SCRIPT

    def block(name: str) -> Callable[[], str]:
        return lambda: console.parts(module)[name]

    all_parts = {"before": script.before, **script.parts}
    return {f"{prefix}-{name}": block(name) for name, part in all_parts.items() if _is_shown(part)}


def _is_shown(part: Part) -> bool:
    return any(not line.startswith(".") for line in part.commands.splitlines())


# -- the process that runs the commands --------------------------------------------------------------------------------

#: What is behind every read and write: the lock, and the files on their way into place.
BEHIND = re.compile(r"GLB/FLAG\.GLB|DXA/(JOURNAL|.*\.NEW)")


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time that it shows, in seconds since 1970."""
        return self.now

    def set(self, at: str) -> None:
        """Day and hour of a month whose days are those of the week that the listings show."""
        self.now = datetime.strptime(f"1994-03-{at} +0000", "%Y-%m-%d %H:%M %z").astimezone(UTC).timestamp()


def run_all(script: Script) -> dict[str, str]:
    """Run everything in the current folder; returns the parts."""
    clock = Clock()
    time.time = clock  # type: ignore[assignment] # before anything is imported that keeps it
    reads: set[str] = set()
    sys.addaudithook(lambda event, arguments: _note(event, arguments, reads))
    clock.set(script.before.at)
    for line in script.before.commands.splitlines():
        _type(line, script.shell)
    shown = (line for line in script.before.commands.splitlines() if not line.startswith("."))
    typed = [_typed(line, script.shell) for line in shown]
    parts = {"before": fenced("\n".join(typed), "console")}
    for name, (at, commands, told) in script.parts.items():
        clock.set(at)
        before = _files(script.places)
        reads.clear()
        shown = list[str]()
        for line in commands.splitlines():
            shown.append(_type(_filled(line, script.found, [*parts.values(), *shown]), script.shell))
        read = sorted(reads)
        parts[name] = fenced("\n\n".join(filter(None, shown)), "console")
        if told:
            parts[name] += f"\n{_told(script.places, before, _files(script.places), read)}"
    return parts


def _filled(line: str, found: Mapping[str, str], printed: list[str]) -> str:
    """The line with what was found in place of names. Raises `IndexError` when it was never printed."""
    for name, pattern in found.items():
        if name in line:
            line = line.replace(name, re.findall(pattern, "\n".join(printed), re.MULTILINE)[-1])
    return line


def _type(line: str, shell: Mapping[str, str]) -> str:
    """Run one line; returns it with what it printed. One that fails without being meant to ends everything."""
    if line.startswith("."):
        _type(line.removeprefix("."), shell)
        return ""
    if line in shell:
        subprocess.run(["sh", "-c", shell[line]], check=True)
        return _typed(line, shell)
    if line in _OTHERS:
        _OTHERS[line]()
        return ""
    return prompt.show(line, prompt.run) if line else ""


def _typed(line: str, shell: Mapping[str, str]) -> str:
    """A line as one types it."""
    return f"$ {shell[line]}".replace("\n(", "\n$ (") if line in shell else f"$ {line}"


_held: list[int] = []


def _hold() -> None:
    """Another program works on a postoffice."""
    _held.append(os.open("south/GLB/FLAG.GLB", os.O_RDWR))
    fcntl.flock(_held[-1], fcntl.LOCK_EX)


def _release() -> None:
    os.close(_held.pop())


#: What is done between the commands, and stands on no page.
_OTHERS = {"hold south": _hold, "release": _release}

# -- files -------------------------------------------------------------------------------------------------------------


def _note(event: str, arguments: tuple[Any, ...], reads: set[str]) -> None:
    """Remember a file that is opened for reading."""
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path, mode, flags = arguments
        if str(mode or "r")[0] == "r" and not (flags or 0) & (os.O_WRONLY | os.O_RDWR):
            reads.add(os.path.relpath(os.fsdecode(path)))


def _files(places: tuple[str, ...]) -> dict[str, bytes]:
    return {os.fspath(path): path.read_bytes() for place in places for path in Path(place).rglob("*") if path.is_file()}


def _told(places: tuple[str, ...], before: dict[str, bytes], after: dict[str, bytes], reads: list[str]) -> str:
    """What was read, written and removed in each postoffice, as a table."""
    found = {
        "reads": [name for name in reads if name in before],
        "writes": [name for name in after if after[name] != before.get(name)],
        "removes": [name for name in before if name not in after],
    }
    rows = [
        (code(place), verb, ", ".join(map(code, names)))
        for place in places
        for verb, those in found.items()
        if (names := list(_inside(place, those)))
    ]
    return table(("in", "it", "these files"), rows)


def _inside(place: str, found: list[str]) -> Iterator[str]:
    names = (name.removeprefix(f"{place}/") for name in sorted(found) if name.startswith(f"{place}/"))
    return (name for name in names if not BEHIND.fullmatch(name))


def main(script: Script) -> None:
    """Run a script in the folder that the command line names, and print its parts."""
    os.chdir(sys.argv[1])
    json.dump(run_all(script), sys.stdout)


if __name__ == "__main__":
    main(SCRIPT)
