"""The acts of the scene."""

from __future__ import annotations

import json
from typing import Any

import attrs

from dxa.demo import Neighbour
from dxa_ccmail.demo.people import (
    BOARD,
    FOLDER,
    GONE,
    LEAVING,
    LIST,
    LOST,
    NEWCOMER,
    PEOPLE,
    RENAMED,
    WERFT,
)
from dxa_ccmail.record import POST_OFFICES

#: What stands in the site's configuration for the link.
CONFIGURATION = """
[links.ccmail]
connector = "ccmail"
import_container = "{imported}"
export_containers = {exported}

[links.ccmail.ccmail]
post_office = "{office}"
run = "simulator"
simulator = {{ folder = "../{folder}" }}
"""
#: Below what everybody exports, so that the other mail systems see it.
IMPORTED = "Recipients/cc-Mail"

_NOBODY = "–"


@attrs.frozen
class Scene:
    """The scene while it is played."""

    stage: Any

    def play(self) -> None:
        """All acts."""
        self.build()
        self.first_cycle()
        self.everywhere()
        self.changes()
        self.nothing_new()
        self.cut_short()
        self.shrunken()
        self.end()

    # -- acts --------------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """The post office, its people, and the link."""
        stage = self.stage
        stage.heading("cc:Mail: a post office that is exported whole, and imports files")
        stage.say(
            f"The post office {WERFT} joins. It is played by dxa, which stands in for Lotus' programs EXPORT and "
            "IMPORT, too; real ones are run by command lines or by somebody else (docs/ccmail.md). It has "
            f"{len(PEOPLE)} people, a mailing list and a bulletin board. Everybody at the site has an address of the "
            "type CCMAIL since the beginning, by a template in site/dxa.toml."
        )
        self.office("init", "--name", WERFT)
        for name in PEOPLE:
            self._person(name, shown=name == next(iter(PEOPLE)))
        self.edit("add-title", "list", LIST)
        self.edit("add-title", "board", BOARD)
        stage.edit_config(
            CONFIGURATION.format(
                imported=IMPORTED,
                exported=json.dumps(["Recipients", *stage.import_containers()]),
                office=WERFT,
                folder=FOLDER,
            )
        )

    def first_cycle(self) -> None:
        """The ten steps, and who is there on both sides then."""
        stage = self.stage
        stage.heading("The ten steps of a cycle")
        stage.say(
            "There is no incremental mode: each cycle exports everything, and dxa finds what has changed. The steps "
            "and the numbers in brackets are those of the original's event log (KB Q295753); steps 9 and 10 come "
            "earlier, so that what was just heard is compared as well."
        )
        stage.dxa("sync")
        stage.say(
            "Two people have one name. In cc:Mail a name belongs to one of them, whatever the post office, and nobody "
            "there is ever overwritten:"
        )
        stage.dxa("rejects", "list", "--peer", "ccmail/ccmail")
        stage.say(f"{WERFT} at the site; the list and the board are recipients, too:")
        stage.dxa("recipients", "list", "--container", IMPORTED)
        self.show_office()

    def everywhere(self) -> None:
        """The other mail systems have got the people of cc:Mail, and cc:Mail has got theirs."""
        stage = self.stage
        if stage.neighbours:
            stage.heading("… and in the other mail systems")
            stage.say("A cycle of theirs brings the newcomers into their address lists:")
            stage.everywhere("", self._imported())

    def changes(self) -> None:
        """Somebody leaves cc:Mail; somebody comes to the site, one leaves it, and one gets a name of his own."""
        stage = self.stage
        stage.heading("Changes on both sides")
        stage.say(
            f"{GONE} leaves {WERFT}. At the site {NEWCOMER} starts, {LEAVING} leaves, and the John Smith whose name "
            "was taken gets one of his own."
        )
        self.edit("remove", GONE)
        stage.dxa("recipients", "add", "--name", NEWCOMER)
        stage.dxa("recipients", "remove", LEAVING)
        stage.dxa("recipients", "set", RENAMED[0], "--name", RENAMED[1])
        told, there = set(self._imported()), self._entries()
        stage.dxa("sync")
        self._differences("What has changed in cc:Mail", there, self._entries())
        gone = sorted(told - set(self._imported()))
        if stage.neighbours:
            stage.everywhere("And in the other address lists, after a cycle", [*gone, NEWCOMER, RENAMED[1]])
        else:
            stage.say(f"At the site {', '.join(gone)} is gone.")

    def nothing_new(self) -> None:
        """A cycle in which nothing has changed."""
        stage = self.stage
        stage.heading("A cycle in which nothing has changed")
        stage.say("Both import files are empty, so IMPORT is not even run:")
        stage.dxa("sync", "ccmail")

    def cut_short(self) -> None:
        """An export that ends in the middle of a record is no export."""
        stage = self.stage
        stage.heading("An export that was cut short, and an empty one")
        stage.say("A disk is full, a line drops: EXPORT says that all went well (code 0), and its file is not whole.")
        before = self._recipients(), self._entries()
        self.edit("behave", "--cut", "300", "--runs", "1")
        done = stage.dxa("sync", "ccmail", shown=False, fails=True)
        # The same again goes to standard error, in one line.
        stage.screen.command("dxa -C site sync ccmail", done.output)
        stage.say(f"Exit status {done.exit_status}: nothing of it is used. So it is with a file that is not there:")
        self.edit("behave", "--absent", "--runs", "1")
        self._event(stage.dxa("sync", "ccmail", "--json", shown=False, fails=True).json)
        stage.dxa("sync", "ccmail", shown=False)
        self._unharmed("The next export is whole. Nobody was deleted meanwhile, and nobody made anew", before)

    def shrunken(self) -> None:
        """Most of the post office is gone: held, until the next export has them again."""
        stage = self.stage
        stage.heading("A post office that has suddenly shrunk")
        before = self._recipients(), self._entries()
        stage.say(f"Somebody deletes {len(LOST)} people of {WERFT}, and should not have. This export is whole:")
        for name in LOST:
            self.edit("remove", name, shown=name == LOST[0])
        stage.say(f"… and so {'; '.join(LOST[1:])}.")
        done = stage.dxa("sync", "ccmail", shown=False)
        stage.say(f"`dxa -C site sync` ends with exit status {done.exit_status}: a person has to look at it.")
        for plan in stage.dxa("plan", "--json", shown=False).json["plans"]:
            if plan["held"]:
                stage.dxa("plan", plan["plan"])
        stage.say(
            f"Were it meant, `approve` would let the next sync delete them. But {WERFT}'s administrator puts them "
            "back, and the next export heals it, with nothing left to decide."
        )
        for name in LOST:
            self._person(name, shown=False)
        stage.dxa("sync", "ccmail", shown=False)
        self._unharmed("Nobody was deleted meanwhile, and nobody made anew", before)

    def end(self) -> None:
        """How it stands, and what to look at."""
        stage = self.stage
        stage.heading("In the end")
        stage.dxa("status")
        for command, what in {
            f"dxa ccmail simulate edit show {FOLDER}": "cc:Mail's directory",
            "dxa -C site recipients list WERFT": "its people at the site",
            "dxa -C site rejects list": "names taken in cc:Mail",
        }.items():
            stage.hint(command, what)
        stage.neighbours.append(
            Neighbour(
                cycle=self._cycle,
                names=lambda: {WERFT: self._entries().keys()},
            )
        )

    # -- the post office ---------------------------------------------------------------------------------------------

    def office(self, *arguments: str, shown: bool = True) -> Any:
        """Run a command below ``dxa ccmail simulate`` on the post office."""
        verb, *others = arguments
        return self.stage.program("ccmail", "simulate", verb, FOLDER, *others, shown=shown)

    def edit(self, *arguments: str, shown: bool = True) -> Any:
        """What an administrator does there."""
        verb, *others = arguments
        return self.stage.program("ccmail", "simulate", "edit", verb, FOLDER, *others, shown=shown)

    def show_office(self) -> None:
        """Everybody in cc:Mail, by the post office that they are at there."""
        self.stage.say(f"And who is in cc:Mail now (`dxa ccmail simulate edit show {FOLDER}`):")
        entries = self._entries()
        for office in sorted(set(entries.values()), reverse=True):
            names = [name for name, at in entries.items() if at == office]
            self.stage.say(f"At {office}: {'; '.join(names)}.")

    def _person(self, name: str, *, shown: bool) -> None:
        comment = ("--cmts", PEOPLE[name]) if PEOPLE[name] else ()
        self.edit("add", name, *comment, shown=shown)

    def _entries(self) -> dict[str, str]:
        """The post office of everybody in cc:Mail, by name."""
        entries = self.edit("show", "--json", shown=False).json["entries"]
        return {entry["name"]: entry["addr"].split()[0] for entry in entries if entry["locn"] not in POST_OFFICES}

    # -- what is there -----------------------------------------------------------------------------------------------

    def _cycle(self) -> None:
        self.stage.dxa("sync", "ccmail", shown=False)

    def _recipients(self) -> list[dict[str, Any]]:
        """What the post office has told, as it is at the site."""
        done = self.stage.dxa("recipients", "list", "--container", IMPORTED, "--json", shown=False)
        found: list[dict[str, Any]] = done.json["recipients"]
        return found

    def _imported(self) -> list[str]:
        """The names of that."""
        return sorted(each["name"] for each in self._recipients())

    def _differences(self, title: str, before: dict[str, str], after: dict[str, str]) -> None:
        rows = [(name, _NOBODY) for name in sorted(before.keys() - after.keys())]
        rows += [(_NOBODY, name) for name in sorted(after.keys() - before.keys())]
        self.stage.table(title, ("before", "after"), rows)

    def _event(self, outcome: dict[str, Any]) -> None:
        """The last event of a cycle of one link."""
        event = outcome["links"][0]["events"][-1]
        self.stage.say(f"[{event['number']}] {event['text']}")

    def _unharmed(self, said: str, before: tuple[list[dict[str, Any]], dict[str, str]]) -> None:
        people = self._recipients()
        same = before == (people, self._entries())
        self.stage.say(f"{said}: all {len(people)} are there as before." if same else "Somebody was harmed!")
