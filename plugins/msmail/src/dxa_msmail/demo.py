"""The scene of ``dxa demo`` with MS Mail: three postoffices with requestors, and the demo's site as their server.

What the requestors do is done by ``dxa msmail requestor``; only what their people do is written into files here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from dxa.entry import Entry, Transaction, Verb
from dxa_msmail import importtext
from dxa_msmail.server import shadow


class Person(NamedTuple):
    """Somebody in a postoffice: the name in its address list, and the mailbox."""

    name: str
    mailbox: str


LINK = "pcmail"
#: What stands in the site's configuration for the link; its peers are added by `dxa peers add`.
CONFIGURATION = f"""
[links.{LINK}]
connector = "msmail"
role = "server"
import_container = "Postoffices"
by_postoffice = true
export_containers = ["Recipients", "Postoffices"]
"""

#: Network and postoffice, and who has a mailbox there. Names end after 30 characters, as in MS Mail.
POSTOFFICES: Mapping[str, tuple[Person, ...]] = {
    "NORD/HAFEN": (
        Person("Abbé, Renée", "ABBER"),
        Person("Bøgh-Andersen, Jørgen", "BOGHJ"),
        Person("Clausen, Dörte", "CLAUSEND"),
        Person("Freifrau von Güldenstern-Ehren", "GULDEN"),
        Person("Harms, Enno", "HARMSE"),
        Person("Jürgensen, Maïté", "JURGENSENM"),
        Person("Schönfließ, Björn", "SCHONFLB"),
        Person("Smith, John", "SMITHJ"),
    ),
    "NORD/LABOR": (
        Person("Åkesson, Åsa", "AKESSONA"),
        Person("Brandão, Conceição", "BRANDAOC"),
        Person("D'Agostino, Nicolò", "DAGOSTIN"),
        Person("Kröger, Heike", "KROGERH"),
        Person("Müller, Jürgen", "MULLERJ"),
        Person("Papadopoulou, Eleni", "PAPADOPE"),
        Person("Þórðardóttir, Guðrún", "THORDARD"),
    ),
    "SUED/ARCHIV": (
        Person("Bächtold, Urs", "BAECHTOLDU"),
        Person("Côté-Lévesque, Geneviève", "COTEG"),
        Person("Fernández Núñez, Begoña", "FERNANDEZB"),
        Person("Lesesaal", "LESESAAL"),
        Person("Niederösterreicher-Hohenwarter", "NIEDERH"),
        Person("Oberbüchler, Resi", "OBERBR"),
        Person("Zürcher, Käthi", "ZURCHERK"),
    ),
}

HAFEN, LABOR, ARCHIV = POSTOFFICES
NEWCOMER = Person("Ítalo-Péréz, Zoë", "ITALOZ")
RENAMED = Person("Kröger, Heike", "KROGERH"), Person("Kröger-Weiß, Heike", "KROGERH")
MOVED = Person("Harms, Enno", "HARMSE")
GONE = Person("Oberbüchler, Resi", "OBERBR")


def play(stage: Any) -> None:
    """Play the scene on the demo's stage."""
    _Scene(stage).play()


@attrs.define
class _Scene:
    """The scene while it is played: who is in each postoffice, and each postoffice's global list as last seen."""

    stage: Any
    people: dict[str, list[Person]] = attrs.field(factory=lambda: {po: list(p) for po, p in POSTOFFICES.items()})
    seen: dict[str, dict[str, str]] = attrs.field(factory=dict)

    def play(self) -> None:
        self.stage.heading("MS Mail: three postoffices and their directory synchronization server")
        self.build()
        self.first_cycle()
        self.changes()
        self.nothing_new()
        self.mass_delete()

    # -- building ----------------------------------------------------------------------------------------------------

    def build(self) -> None:
        stage = self.stage
        stage.say(
            "Three postoffices join: a link in dxa.toml, and each of them registered with its password. Every one "
            "has a requestor: its people are in ADDRESS.TXT, as `import -x` would write them, and what it learns goes "
            "into GAL.TXT. Messages are files that are dropped into site/mail/in and taken from site/mail/out."
        )
        stage.edit_config(CONFIGURATION)
        for name in self.people:
            self.make_requestor(name)
        stage.dxa("check")

    def make_requestor(self, name: str) -> None:
        network, postoffice = name.split("/")
        folder = self.folder(name)
        secret = f"{postoffice.lower()}.password"
        for place in (self.stage.site, folder):
            place.mkdir(parents=True, exist_ok=True)
            _write_secret(place / secret, f"{postoffice.lower()} knows\n")
        self.stage.dxa("peers", "add", LINK, name, "--password-ref", f"file:{secret}")
        self.stage.dxa(
            *("msmail", "requestor", "init", str(folder), "--network", network, "--postoffice", postoffice),
            *("--server", self.server, "--password-ref", f"file:{secret}", "--types", "PCM", "--types", "SMTP"),
            *("--inbox", "../../site/mail/out", "--outbox", "../../site/mail/in"),
            shown=name == HAFEN,
        )
        self.write_list(name)

    def folder(self, name: str) -> Path:
        """The folder of a postoffice's requestor."""
        return Path(self.stage.folder) / "requestors" / name.rpartition("/")[2].lower()

    def write_list(self, name: str) -> None:
        """What the postoffice's people have made of their address list."""
        rows = [
            Transaction(0, Verb.ADD, None, Entry("", "MS", name, who.name, f"{name}/{who.mailbox}"))
            for who in sorted(self.people[name])
        ]
        (self.folder(name) / "ADDRESS.TXT").write_bytes(importtext.write(rows))

    @property
    def server(self) -> str:
        """``NET/PO`` of the site."""
        site = tomllib.loads((self.stage.site / "dxa.toml").read_text(encoding="utf-8"))["site"]
        return shadow((site["organization"], site["name"]))

    # -- acts --------------------------------------------------------------------------------------------------------

    def first_cycle(self) -> None:
        self.stage.heading("First cycle")
        self.stage.say(
            "T1: every requestor sends its list and asks for everything. T2: the server takes the lists in and "
            "answers. T3: the requestors take the answers in."
        )
        self.cycle()
        self.everything("The three global address lists after the first cycle")

    def changes(self) -> None:
        self.stage.heading("An add, a rename, a move and a delete, at different places")
        self.stage.say(
            f"{NEWCOMER.name} starts at {HAFEN}; {RENAMED[0].name} of {LABOR} is called {RENAMED[1].name} now; "
            f"{MOVED.name} moves from {HAFEN} to {LABOR}; {GONE.name} leaves {ARCHIV}."
        )
        self.people[HAFEN].append(NEWCOMER)
        self.people[LABOR].remove(RENAMED[0])
        self.people[LABOR].append(RENAMED[1])
        self.people[HAFEN].remove(MOVED)
        self.people[LABOR].append(MOVED)
        self.people[ARCHIV].remove(GONE)
        self.rewrite(self.people)
        self.cycle()
        self.differences()

    def nothing_new(self) -> None:
        self.stage.heading("A cycle in which nothing has changed")
        self.stage.say("Everybody asks all the same, for it is the request that brings the answer; nothing is sent.")
        self.cycle()
        self.differences()

    def mass_delete(self) -> None:
        stage = self.stage
        stage.heading(f"Most of {ARCHIV} is suddenly gone")
        kept = self.people[ARCHIV][:2]
        lost = self.people[ARCHIV][2:]
        stage.say(
            f"A tool has cut the address list of {ARCHIV} after its second line. The request is taken and "
            "acknowledged, but what it would do to the directory is held until a person has looked at it (exit "
            "status 3)."
        )
        self.people[ARCHIV] = kept
        self.rewrite([ARCHIV])
        self.cycle()
        held = [plan for plan in stage.dxa("plan", "--json", shown=False).json["plans"] if plan["holds"]]
        for plan in held:
            stage.dxa("plan", plan["plan"])
            stage.dxa("reject", plan["plan"])
        stage.say(f"Rejected: the {len(lost)} people stay in the directory, and so in everybody's global address list.")
        self.cycle()
        self.differences()
        stage.say(f"{ARCHIV} finds its list again, and all is as it was.")
        self.people[ARCHIV] = kept + lost
        self.rewrite([ARCHIV])
        self.cycle()
        self.everything("The three global address lists in the end")
        stage.dxa("status")

    # -- cycles ------------------------------------------------------------------------------------------------------

    def rewrite(self, names: Iterable[str]) -> None:
        for name in names:
            self.write_list(name)

    def cycle(self) -> None:
        """T1 at every postoffice, T2 at the server, T3 at every postoffice."""
        sent = {name: self.requestor(name, "t1") for name in self.people}
        self.stage.table(
            "T1: dxa msmail requestor t1",
            ("postoffice", "#R", "#was", "#S", "#I", "#sent", ""),
            [(name, *_numbers(did["request"]), did["sent"], _asked(did)) for name, did in sent.items()],
        )
        self.stage.dxa("sync")
        got = {name: self.requestor(name, "t3") for name in self.people}
        self.stage.table(
            "T3: dxa msmail requestor t3",
            ("postoffice", "#R", "#S", "#was", "#I", "lists", "#deleted", "#modified", "#added"),
            [(name, *_answer(did)) for name, did in got.items()],
        )

    def requestor(self, name: str, step: str) -> Any:
        return self.stage.dxa("msmail", "requestor", step, "-d", str(self.folder(name)), "--json", shown=False).json

    # -- lists -------------------------------------------------------------------------------------------------------

    def look(self) -> dict[str, dict[str, str]]:
        """Every global address list: names by address."""
        return {
            name: {entry["address"]: entry["name"] for entry in self.requestor(name, "gal")["entries"]}
            for name in self.people
        }

    def everything(self, title: str) -> None:
        self.seen = self.look()
        self.show(title, {address for names in self.seen.values() for address in names}, self.seen)
        same = len({tuple(sorted(names.items())) for names in self.seen.values()}) == 1
        count = len(self.seen[HAFEN])
        self.stage.say(f"All three are alike: {count} names each." if same else "They are not alike.")

    def differences(self) -> None:
        """What has changed in the global address lists since they were last looked at."""
        before, self.seen = self.seen, self.look()
        changed = {
            address
            for name, now in self.seen.items()
            for address in {*now, *before[name]}
            if now.get(address) != before[name].get(address)
        }
        if not changed:
            self.stage.say("Nothing has changed in any of the three global address lists.")
            return
        self.show("What has changed in the global address lists: before", changed, before)
        self.show("… and after", changed, self.seen)

    def show(self, title: str, addresses: Iterable[str], lists: Mapping[str, Mapping[str, str]]) -> None:
        """One row per address; a name that all three show stands once."""
        rows = []
        for address in addresses:
            names = [lists[name].get(address) for name in self.people]
            shown = next((name for name in names if name), "–")
            marks = ["yes" if name == shown else name or "–" for name in names]
            rows.append((shown, address.removeprefix("MS:"), *marks))
        columns = ("name", "address", *(name.rpartition("/")[2] for name in self.people))
        self.stage.table(title, columns, sorted(rows, key=lambda row: (row[0] == "–", row[0].casefold(), row[1])))


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def _numbers(request: Mapping[str, int]) -> Sequence[int]:
    return request["r"], request["was"], request["s"], request["i"]


def _asked(did: Mapping[str, Any]) -> str:
    wants = ["sends everything"] if did["exported"] else []
    return ", ".join([*wants, *(["wants everything"] if did["request"]["imports"] else [])])


def _answer(did: Mapping[str, Any]) -> Sequence[Any]:
    if not did["applied"]:
        return (None,) * 8
    reply, counts = did["applied"][0], did["counts"]
    replaced, deleted, modified, added = (counts.get(code, 0) for code in "RDMA")
    lists = f"{replaced} replaced" if replaced else ""
    return reply["r"], reply["s"], reply["was"], reply["i"], lists, deleted, modified, added
