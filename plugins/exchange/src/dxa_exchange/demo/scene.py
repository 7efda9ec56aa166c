"""The acts of the scene: a directory, as organisations run it, next to the mail systems of the earlier scenes."""

from __future__ import annotations

import json
from typing import Any

import attrs

from dxa_exchange.demo.people import GONE, MARRIED, NEW_MAIL, NEW_NAME, NEWCOMER, PEOPLE, attributes, dn
from dxa_exchange.demo.places import IMPORTED, LINK, Place, place, why_no_server
from dxa_exchange.directory import Add, Delete, Modification, Modify, Operation, Record

CONFIGURATION = """
[links.{link}]
connector = "{connector}"
import_container = "{imported}"
export_containers = {exported}

{table}
"""
#: So many contacts are shown.
FIRST = 8


def prepare(stage: Any) -> None:
    """Before anybody is there: addresses are given when somebody comes."""
    stage.give_addresses("SMTP", "{alias}@faber.example")


def play(stage: Any) -> None:
    """Play the scene on a stage on which the site stands."""
    there = place(stage)
    try:
        Scene(stage, there).play()
    finally:
        there.close()


@attrs.frozen
class Scene:
    """The scene while it is played."""

    stage: Any
    place: Place

    def play(self) -> None:
        """All acts."""
        self.build()
        self.first_cycle()
        self.changes()
        self.empty()
        self.end()

    # -- acts ----------------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """The directory, its people, and the link."""
        stage, why = self.stage, why_no_server()
        stage.heading("A directory: people of an organisation, and contacts for everybody else")
        stage.say(
            f"Another part of the organisation runs {self.place.what}, which has {len(PEOPLE)} people. "
            + (f"(A server would be tried here, but {why}.) " if why else "It was started for this scene. ")
            + "dxa reads them, and keeps everybody else there as a contact, in a container of its own."
        )
        exported = [each for each in stage.import_containers() if not each.startswith("Recipients/")]
        stage.edit_config(
            CONFIGURATION.format(
                link=LINK,
                connector="exchange" if why else "ldap",
                imported=IMPORTED,
                exported=json.dumps(["Recipients", *exported]),
                table=self.place.configuration(),
            )
        )

    def first_cycle(self) -> None:
        """Everybody goes both ways."""
        stage = self.stage
        stage.heading("Its people go everywhere, and everybody comes to it")
        self.sync()
        stage.dxa("recipients", "list", "--container", IMPORTED)
        if stage.neighbours:
            stage.say("A cycle of the other mail systems brings these people into their address lists:")
            stage.everywhere("", self.imported())
        contacts = self.place.contacts()
        stage.say(f"And {len(contacts)} contacts stand in the directory, each with the address where it lives:")
        rows = [(each.text("displayName") or each.text("cn"), each.text("targetAddress")) for each in contacts]
        wanted = _mixed(sorted(rows, key=lambda row: row[1]))
        stage.table("", ("displayName", "targetAddress"), sorted(wanted))

    def changes(self) -> None:
        """One has another name and address, one leaves, one comes."""
        stage = self.stage
        stage.heading("A marriage, a farewell and a newcomer in the directory")
        stage.say(
            f"{MARRIED.name} is {NEW_NAME} from now on, {NEW_MAIL}; {GONE.name} leaves; {NEWCOMER.name} comes. Who "
            "gets another address stays the same recipient, for the directory has a name for her that never changes."
        )
        before = self.number(MARRIED.name)
        replaced = [
            Modification(Operation.REPLACE, "displayName", [NEW_NAME]),
            Modification(Operation.REPLACE, "mail", [NEW_MAIL]),
        ]
        self.place.change(
            [
                Modify(dn(MARRIED), tuple(replaced)),
                Delete(dn(GONE)),
                Add(Record(dn(NEWCOMER), attributes(NEWCOMER))),
            ]
        )
        self.sync()
        same = before == self.number(NEW_NAME)
        stage.say(f"Recipient {before} is {NEW_NAME} now." if same else "She is another recipient now!")
        if stage.neighbours:
            stage.everywhere("", [GONE.name, MARRIED.name, NEW_NAME, NEWCOMER.name])
        stage.say("A cycle in which nothing has changed asks for changes only, and there are none:")
        self.sync()

    def empty(self) -> None:
        """The directory says that all is well, and that nobody is there."""
        stage = self.stage
        stage.heading("A directory that is suddenly empty")
        stage.say("An account loses its rights, a container is moved: the answer is a success, and has nobody in it.")
        self.place.hide(True)
        before = self.imported()
        self.place.before()
        done = stage.dxa("sync", LINK, shown=False)
        self.place.after()
        stage.say(f"`dxa -C site sync {LINK}` ends with exit status {done.exit_status}:")
        for held in stage.dxa("plan", "--json", shown=False).json["plans"]:
            stage.say("; ".join(held["holds"]))
        self.place.hide(False)
        self.sync(shown=False)
        same = before == self.imported()
        stage.say(f"They are seen again, and all {len(before)} are as before." if same else "Somebody was harmed!")

    def end(self) -> None:
        """The directory ends with the scene; the link is switched off."""
        stage = self.stage
        path = stage.site / "dxa.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"[links.{LINK}]\n", f"[links.{LINK}]\nenabled = false\n"), encoding="utf-8")
        stage.say("The directory ends here, and its link is switched off (enabled = false).")

    # -- what is there -----------------------------------------------------------------------------------------------

    def sync(self, *, shown: bool = True) -> None:
        """A cycle of the link."""
        self.place.before()
        self.stage.dxa("sync", LINK, shown=shown)
        self.place.after()

    def imported(self) -> list[str]:
        """Who has come from the directory."""
        return sorted(each["name"] for each in self._recipients())

    def number(self, name: str) -> int:
        """The number of the recipient of that name."""
        return next(int(each["id"]) for each in self._recipients() if each["name"] == name)

    def _recipients(self) -> list[dict[str, Any]]:
        done = self.stage.dxa("recipients", "list", "--container", IMPORTED, "--json", shown=False)
        found: list[dict[str, Any]] = done.json["recipients"]
        return found


def _mixed(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A few of each type of address."""
    by_type: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        by_type.setdefault(row[1].partition(":")[0], []).append(row)
    share = max(1, FIRST // max(1, len(by_type)))
    return [row for same in by_type.values() for row in same[:share]]
