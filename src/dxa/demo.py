"""The demo: a site with people in it, and a stage on which plugins play scenes (hook ``dxa_demo_scenes``).

Everything happens in one folder, which is left behind to be explored. What is shown goes through the `Screen` and
what is run through the `Run` that the command line gives; this module prints nothing itself.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import attrs

from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator
from dxa.agent.site import site_lock
from dxa.connector import Scene
from dxa.errors import DxaError, UsageError
from dxa.host import Host
from dxa.recipient import Kind, Recipient
from dxa.rules.transliteration import transliterate

#: Says that a folder was made by the demo, so that the demo may remove it.
MARKER = ".dxa-demo"
FOLDER = "dxa-demo"
#: The site's folder inside the demo's.
SITE_FOLDER = "site"
ORGANIZATION, SITE = "FABER", "HQ"
#: Exit statuses of commands that have done their work; 3 says that a plan is held.
DONE = (0, 3)

Cell = str | int | None


class Screen(Protocol):
    """Where the demo shows what happens."""

    def heading(self, text: str) -> None:
        """A heading."""

    def say(self, text: str) -> None:
        """A paragraph."""

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """A table; a column whose name begins with ``#`` holds numbers."""

    def command(self, text: str, printed: str) -> None:
        """A command line, and what it printed."""


@attrs.frozen
class CompletedCommand:
    """What a command did."""

    exit_status: int
    output: str

    @property
    def json(self) -> Any:
        """The output of a command that was given ``--json``."""
        return json.loads(self.output)


#: Runs a dxa command in this process; returns its exit status, and what it printed to standard output and error.
Run = Callable[[Sequence[str]], tuple[int, str, str]]


@attrs.frozen(kw_only=True)
class Neighbour:
    """What an earlier scene has left at work: `cycle` runs a cycle of it in which the site takes part, quietly, and
    `names` tells who stands in each of its address lists.
    """

    cycle: Callable[[], None]
    names: Callable[[], Mapping[str, Collection[str]]]


@attrs.frozen(kw_only=True)
class Stage:
    """What a scene works with: the demo's folder, the site in it, a screen, and dxa's own commands.

    A scene puts its own things below `folder`, says what happens, and does as much as it can with `dxa` and `program`,
    so that whoever watches sees commands that they can type in that folder.
    """

    folder: Path
    screen: Screen
    run: Run
    host: Host
    clock: Callable[[], float]

    hints: dict[str, str] = attrs.field(factory=dict)
    neighbours: list[Neighbour] = attrs.field(factory=list)

    @property
    def site(self) -> Path:
        """The folder of the demo's site."""
        return self.folder / SITE_FOLDER

    def heading(self, text: str) -> None:
        """Begin another part."""
        self.screen.heading(text)

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.screen.say(text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Show a table; a column whose name begins with ``#`` holds numbers."""
        self.screen.table(title, columns, rows)

    def dxa(self, *arguments: str, shown: bool = True, fails: bool = False) -> CompletedCommand:
        """Run a dxa command on the demo's site; see `program`."""
        return self.program("-C", SITE_FOLDER, *arguments, shown=shown, fails=fails)

    def program(self, *arguments: str, shown: bool = True, fails: bool = False) -> CompletedCommand:
        """Run a dxa command as it is typed in the demo's folder, and show it with what it prints.

        `shown` false keeps it quiet. One that is not meant to fail and does ends the demo (`DxaError`).
        """
        line = " ".join(["dxa", *map(_quoted, arguments)])
        with chdir(self.folder):
            status, output, errors = self.run(arguments)
        if shown:
            self.screen.command(line, output + errors)
        if (status not in DONE) is not fails:
            said = "" if shown else f":\n{output}{errors}".rstrip()
            raise DxaError(f"the demo cannot go on: exit status {status} of `{line}`{said}")
        return CompletedCommand(status, output)

    def hint(self, command: str, what: str) -> None:
        """Name a command to look around with, which is shown when the demo has ended."""
        self.hints[command] = what

    @property
    def configuration(self) -> dict[str, Any]:
        """What stands in the site's configuration."""
        return tomllib.loads((self.site / "dxa.toml").read_text(encoding="utf-8"))

    def import_containers(self) -> list[str]:
        """The containers for what the links import."""
        links = self.configuration.get("links", {}).values()
        return sorted({link["import_container"] for link in links if "import_container" in link})

    def everywhere(self, title: str, wanted: Sequence[str]) -> None:
        """Have every neighbour run a cycle, and show which of their lists have these names then."""
        lists: dict[str, Collection[str]] = {}
        for neighbour in self.neighbours:
            neighbour.cycle()
        for neighbour in self.neighbours:
            lists.update({name: set(map(_plain, names)) for name, names in neighbour.names().items()})
        rows = [(each, *("yes" if _plain(each) in names else "–" for names in lists.values())) for each in wanted]
        self.table(title, ("name", *lists), rows)

    def give_addresses(self, type_: str, pattern: str) -> None:
        """Everybody who comes to the site gets an address of that type: a scene before anybody is there asks for it."""
        import tomlkit

        path = self.site / "dxa.toml"
        file = tomlkit.parse(path.read_text(encoding="utf-8"))
        given = file.setdefault("addressing", {}).setdefault("templates", {"MS": "{organization}/{site}/{alias}"})
        given[type_] = pattern
        path.write_text(tomlkit.dumps(file), encoding="utf-8")

    def edit_config(self, text: str) -> None:
        """Append TOML to the site's configuration."""
        with (self.site / "dxa.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n{text.strip()}\n")


# -- the site ------------------------------------------------------------------------------------------------------


class Person(NamedTuple):
    """Somebody of the demo's site."""

    name: str
    alias: str
    container: str = "Recipients"
    kind: Kind = Kind.MAILBOX
    trust: int = 20
    hidden: bool = False


#: Names that are not easy: accents, a particle, one longer than the 30 characters of MS Mail, two of the same name.
PEOPLE = (
    Person("Faber, Johanna", "johannaf"),
    Person("Müller, Jürgen", "juergenm"),
    Person("Núñez Ibáñez, María José", "mariajn"),
    Person("de la Rochefoucauld-Liancourt, François", "francoisl"),
    Person("van der Meer, Anneke", "annekem", "Recipients/Amsterdam"),
    Person("Øksnes, Søren", "soereno", "Recipients/Amsterdam"),
    Person("Çelik, Ayşe", "aysec", "Recipients/Amsterdam"),
    Person("Dvořáková, Božena", "bozenad"),
    Person("Smith, John", "johns"),
    Person("Smith, John", "johnsm", "Recipients/Amsterdam"),
    Person("All Staff", "allstaff", "Recipients/Lists", Kind.LIST),
    Person("Canteen Menu", "canteen", "Recipients/Folders", Kind.FOLDER),
    Person("Scanner Room 2", "scanner2", hidden=True),
    Person("Works Council (confidential)", "council", trust=90),
)


def prepare(folder: Path, *, fresh: bool) -> None:
    """An empty folder for the demo; one that holds something is removed only if the demo made it."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; the demo needs a folder")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise UsageError(f"{folder} is not empty, and the demo did not make it; choose another folder")
        if not fresh:
            raise UsageError(f"{folder} holds an earlier demo; --fresh rebuilds it")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Made by `dxa demo`; `dxa demo --fresh` removes and rebuilds this folder.\n", "utf-8")


def play(stage: Stage, scenes: Sequence[Scene]) -> None:
    """The site, then every scene in its order; those with an order below 0 play when nobody is at the site yet."""
    build_site(stage, [scene for scene in scenes if scene.order < 0])
    for scene in scenes:
        if scene.order >= 0:
            scene.play(stage)
    if not scenes:
        stage.say("No plugin brings a scene, so this is all: a site without links.")


def build_site(stage: Stage, first: Sequence[Scene] = ()) -> None:
    """Make the site, and put its people in when `first` has been played."""
    stage.heading(f"The site {ORGANIZATION}/{SITE}")
    stage.dxa("init", "--organization", ORGANIZATION, "--site", SITE)
    for scene in first:
        scene.play(stage)
    add_people(stage)
    stage.say(
        f"{len(PEOPLE)} recipients have come to work: names with accents and a long one, two people of the same name, "
        "a list, a public folder, a hidden mailbox, and one whose trust level is too high for most links."
    )
    stage.dxa("recipients", "list")


def add_people(stage: Stage) -> None:
    """What so many `dxa recipients add` would do, at once."""
    with site_lock(stage.site):
        site = OpenSite.open(stage.site, stage.host, stage.clock)
        try:
            administrator = Administrator(agent=Agent(site=site))
            for name, alias, container, kind, trust, hidden in PEOPLE:
                administrator.add(
                    Recipient(kind=kind, container=container, name=name, alias=alias, trust=trust, hidden=hidden)
                )
        finally:
            site.close()


def _plain(name: str) -> str:
    """A name in the letters that every system has: some write it with others of their own."""
    shown = transliterate(name, code_page="ascii", style="plain", unknown=lambda _char: "?")
    return shown.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def _quoted(argument: str) -> str:
    """An argument as one types it."""
    if argument and all(char.isalnum() or char in "-_./:,=@+%" for char in argument):
        return argument
    return "'" + argument.replace("'", "'\\''") + "'"
