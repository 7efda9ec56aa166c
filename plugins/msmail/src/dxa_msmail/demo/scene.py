"""The acts of the scene."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from dxa.demo import Neighbour
from dxa_msmail.demo.cycle import answer, ask, cycle, take
from dxa_msmail.demo.lists import GlobalLists
from dxa_msmail.demo.office import Office
from dxa_msmail.demo.people import (
    ADMIN,
    ARCHIV,
    GONE,
    HAFEN,
    LABOR,
    LATECOMER,
    LOST,
    MOVED,
    NEWCOMER,
    POSTOFFICES,
    RENAMED,
)
from dxa_msmail.server import shadow

#: What stands in the site's configuration for the link; its peers are added by `dxa peers add`.
CONFIGURATION = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "Postoffices"
by_postoffice = true
export_containers = ["Recipients", "Postoffices"]

[links.pcmail.msmail]
maildata = "shadow"
"""
SHADOW = "site/shadow"


@attrs.define
class Scene:
    """The scene while it is played."""

    stage: Any
    offices: Mapping[str, Office]
    lists: GlobalLists

    @classmethod
    def on(cls, stage: Any) -> Scene:
        """The scene on a stage on which the site stands."""
        site = stage.configuration["site"]
        server = shadow((site["organization"], site["name"]))
        offices = {name: Office(stage, name, server) for name in POSTOFFICES}
        return cls(stage, offices, GlobalLists(stage, list(offices.values())))

    def play(self) -> None:
        """All acts."""
        self.build()
        self.first_cycle()
        self.changes()
        self.nothing_new()
        self.mass_delete()
        self.restore()
        self.end()

    # -- acts --------------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """The postoffices, their people, and the link."""
        stage, hafen = self.stage, self.offices[HAFEN]
        stage.heading("MS Mail: three postoffices and their directory synchronization server")
        stage.say(
            "Three postoffices join: folders with the files of MS Mail. To them the site is a postoffice, too, its "
            f"shadow {hafen.server}, which the first sync makes: their requests arrive there, and its answers leave "
            f"from there. So {HAFEN} is made and registered, and so both learn the way to each other; the others "
            "follow quietly."
        )
        stage.edit_config(CONFIGURATION)
        for name, office in self.offices.items():
            office.create(shown=name == HAFEN)
            first, *others = POSTOFFICES[name]
            office.add(first, shown=name == HAFEN)
            office.add_at_once(others)
        stage.dxa("sync")

    def first_cycle(self) -> None:
        """Everybody sends everything, and gets everything."""
        stage = self.stage
        stage.heading("First cycle")
        stage.say(
            "T1: each postoffice's REQMAIN sends its whole list and asks for everything; EXTERNAL carries the letter "
            "into the mailbag of the shadow postoffice's $SYSTEM."
        )
        ask(stage, self._all)
        stage.program("msmail", "postoffice", "mail", SHADOW)
        stage.say("T2: the server takes the lists in and answers; EXTERNAL carries the answers.")
        answer(stage, shown=True)
        stage.program("msmail", "listds", "-s", "-d", SHADOW)
        stage.say("T3: REQMAIN takes the answer in, IMPORT puts it into the lists, REBUILD makes the global list.")
        take(stage, self._all)
        self.lists.everything("The three global address lists after the first cycle")

    def changes(self) -> None:
        """An add, a rename, a move and a delete."""
        stage = self.stage
        hafen, labor, archiv = self.offices.values()
        stage.heading("An add, a rename, a move and a delete, at different places")
        stage.say(
            f"{NEWCOMER.name} starts at {HAFEN}; {RENAMED[0].name} of {LABOR} is called {RENAMED[1].name} now; "
            f"{MOVED.name} moves from {HAFEN} to {LABOR}; {GONE.name} leaves {ARCHIV}."
        )
        hafen.add(NEWCOMER)
        hafen.admin("user", "delete", MOVED.mailbox)
        labor.add(MOVED)
        labor.admin("user", "change", RENAMED[0].mailbox, "--name", RENAMED[1].name)
        archiv.admin("user", "delete", GONE.mailbox)
        stage.program("dump", f"{hafen.path}/GLB/REQTRANS.GLB")
        cycle(stage, self._all)
        self.lists.differences()

    def nothing_new(self) -> None:
        """A cycle in which nothing has changed."""
        self.stage.heading("A cycle in which nothing has changed")
        self.stage.say("Everybody asks all the same, for it is the request that brings the answer; nothing is sent.")
        cycle(self.stage, self._all)
        self.lists.differences()
        self.offices[ARCHIV].back_up()

    def mass_delete(self) -> None:
        """Most of a postoffice is deleted, and a guard holds it."""
        stage, archiv = self.stage, self.offices[ARCHIV]
        stage.heading(f"Most of {ARCHIV} is suddenly gone")
        people = len(POSTOFFICES[ARCHIV]) - 1
        stage.say(f"{ADMIN} of {ARCHIV} has no password. Somebody deletes {len(LOST)} of its {people} people:")
        for person in LOST:
            archiv.admin("user", "delete", person.mailbox, shown=person == LOST[0])
        stage.say(f"… and so {', '.join(person.mailbox for person in LOST[1:])}.")
        ask(stage, self._all)
        stage.say(
            "The request is taken and acknowledged, but what it would do to the directory is held until a person has "
            "looked at it (exit status 3)."
        )
        answer(stage)
        for plan in stage.dxa("plan", "--json", shown=False).json["plans"]:
            stage.dxa("plan", plan["plan"])
            stage.dxa("reject", plan["plan"])
        take(stage, self._all)
        self.lists.differences()
        stage.say(f"Rejected: the {len(LOST)} people stay in the directory, and so in everybody else's list.")

    def restore(self) -> None:
        """The postoffice comes back from its backup, with numbers that have been given since."""
        stage, archiv = self.stage, self.offices[ARCHIV]
        stage.heading(f"{ARCHIV} comes back from its backup")
        stage.say(
            "The folder is replaced by its copy in backup/archiv. Everybody is there again, but its numbers are the "
            "old ones, too, and the next change gets one that the server knows already, for something else. A server "
            "that takes what it has seen before for old mail would lose that change in silence."
        )
        archiv.restore()
        archiv.program("listds", "-r")
        archiv.add(LATECOMER)
        ask(stage, self._all)
        answer(stage)
        stage.say("dxa has noticed. It takes nothing, and its answer has an R above all that it was ever sent:")
        archiv.program("reqmain", "-r")
        archiv.quiet("import", ADMIN, "-q", "-y")
        archiv.quiet("rebuild", "-f")
        take(stage, [office for office in self._all if office is not archiv], shown=False)
        stage.say(
            f"So REQMAIN sends everything by itself; with requestors that do not, somebody has to ask for it "
            f"(`dxa msmail admin {ADMIN} -d {archiv.path} export`), and `dxa status` says so."
        )
        cycle(stage, self._all)
        self.lists.differences()

    def end(self) -> None:
        """All lists are alike, and all files are sound."""
        stage = self.stage
        stage.heading("In the end")
        self.lists.summary()
        checked = []
        for path in [SHADOW, *(office.path for office in self._all)]:
            done = stage.program("msmail", "postoffice", "check", path, "--json", shown=False)
            checked.append((path, len(done.json["problems"])))
        stage.table("dxa msmail postoffice check", ("folder", "#problems"), checked)
        stage.dxa("status")
        hafen = self.offices[HAFEN].path
        for command, what in {
            f"dxa msmail postoffice gal {hafen}": "a global address list",
            f"dxa msmail listds -r -v -d {hafen}": "what a requestor remembers",
            f"dxa dump {hafen}/GLB/REQCONF.GLB": "the same as it is stored",
            f"cat {hafen}/LOG/DIRSYNC.LOG": "what its programs did",
        }.items():
            stage.hint(command, what)
        stage.neighbours.append(Neighbour(cycle=lambda: cycle(stage, self._all, quiet=True), names=self.lists.names))

    @property
    def _all(self) -> list[Office]:
        return list(self.offices.values())
