"""The acts of the scene: KB Q152167 next to whatever the earlier scenes have left at work."""

from __future__ import annotations

import json
from typing import Any

import attrs

from dxa.demo import Neighbour
from dxa_sitelink.demo.people import (
    GONE_AT_OFFICE,
    NEW_AT_OFFICE,
    NEW_AT_SERVER,
    NEW_AT_SITE,
    OFFICE_PEOPLE,
    RENAMED_AT_SITE,
    SITE_PEOPLE,
)
from dxa_sitelink.demo.places import LINK, RELAY, ROUTES, SERVER, Office, SecondSite, table

SITE, PATH, OFFICE = "KUESTE", "kueste", "WEST/DEPOT"
SITES, BETWEEN, KEY = "sites", "between", "site.key"
#: Below what everybody exports, so that the other mail systems see it.
IMPORTED = "Recipients/Sites"


@attrs.frozen
class Scene:
    """The scene while it is played. `server` is the demo's site, `mail` its link to MS Mail."""

    stage: Any
    server: str
    mail: str
    second: SecondSite
    office: Office

    @classmethod
    def on(cls, stage: Any) -> Scene:
        """The scene on a stage on which the site stands; with a link to MS Mail, if no earlier scene has made one."""
        organization, site = (stage.configuration["site"][key] for key in ("organization", "name"))
        links = stage.configuration.get("links", {})
        mail = next((name for name, link in links.items() if link.get("msmail", {}).get("maildata") == "shadow"), "")
        if not mail:
            stage.edit_config(SERVER)
        second = SecondSite(stage, f"{organization}/{SITE}", PATH)
        return cls(stage, f"{organization}/{site}", mail or "pcmail", second, Office(stage, OFFICE))

    def play(self) -> None:
        """All acts."""
        self.build()
        self.join()
        self.first_cycle()
        self.changes()
        self.end()

    # -- acts --------------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """The second site, its people, and the link between both."""
        stage, second = self.stage, self.second
        stage.heading("Many sites: another site, and a postoffice behind it")
        stage.say(
            f"The organisation has a second site, {second.name}: a dxa of its own. Both exchange their people over a "
            f"folder, {BETWEEN}, in files that each signs with a key of its own (docs/many-sites.md)."
        )
        second.create()
        keys = [self._keygen(place) for place in (PATH, "site")]
        exported = [each for each in stage.import_containers() if not each.startswith("Recipients/")]
        form = {"link": SITES, "folder": BETWEEN, "key": KEY}
        stage.edit_config(LINK.format(**form, imported=IMPORTED, exported=json.dumps(["Recipients", *exported])))
        second.configure(LINK.format(**form, imported="Sites", exported='["Recipients"]'))
        stage.dxa("peers", "add", SITES, second.name, "--set", f"public_key={keys[0]}")
        second.dxa("peers", "add", SITES, self.server, "--set", f"public_key={keys[1]}")
        for number, (alias, name) in enumerate(SITE_PEOPLE.items()):
            second.add(alias, name, shown=not number)
        stage.say(f"… and so {'; '.join(list(SITE_PEOPLE.values())[1:])}.")

    def join(self) -> None:
        """The postoffice behind the second site, its ways, and its registration at the first one."""
        stage, second, office = self.stage, self.second, self.office
        stage.heading(f"{OFFICE} is connected to {second.name}, and its directory server is {self.server}")
        stage.say(
            f"{OFFICE} reaches nobody but the shadow postoffice of {second.name}, which passes on what is for "
            f"{self.server}; so do the answers come back."
        )
        office.create(OFFICE_PEOPLE.items())
        office.admin("postoffice", "add", second.name, "--direct", f"../../{PATH}/shadow")
        office.admin("postoffice", "add", self.server, "--via", second.name)
        others = [name for name in self._peers() if "/" in name]
        routes = {self.server: "../site/shadow", OFFICE: f"../{office.path}"}
        second.configure(RELAY.format(routes=table(routes), ways=table(dict.fromkeys(others, self.server))))
        ways = {second.name: f"../{PATH}/shadow"}
        stage.edit_config(ROUTES.format(link=self.mail, routes=table(ways)))
        stage.say(
            f"In the configurations, {PATH}/dxa.toml names the folders of {OFFICE} and of {self.server}'s shadow "
            f"postoffice (links.pcmail.msmail.routes), and site/dxa.toml that of {second.name}'s. Q152167 then makes "
            f"a custom recipient {OFFICE}/$SYSTEM for a requestor that is not connected here; in dxa it is a peer "
            "with the way to it:"
        )
        stage.dxa("peers", "add", self.mail, OFFICE, "--no-password", "--set", f"via={second.name}")
        office.admin("server", self.server, "--types", "PCM", "--types", "SMTP")

    def first_cycle(self) -> None:
        """T1, T2 and T3, with everything that is in between."""
        stage, second, office = self.stage, self.second, self.office
        stage.heading("A cycle through two sites")
        stage.say(f"T1: {OFFICE} makes its request, and {second.name} has a first cycle, in which it tells its people.")
        stage.dxa("sync", SITES, self.mail, shown=False)
        second.dxa("sync")
        office.ask(shown=True)
        self._external(PATH, shown=True)
        stage.say(f"T2: {self.server} takes both in, answers, and {second.name} hears who is there.")
        stage.dxa("sync", SITES, self.mail)
        self._external("site", shown=True)
        self._external(PATH, shown=True)
        second.dxa("sync")
        stage.say("T3:")
        office.take(shown=True)
        stage.neighbours.append(
            Neighbour(cycle=self._cycle, names=lambda: {office.short: office.names(), SITE: second.names()})
        )
        stage.say("Now they are everywhere, after a cycle of the other mail systems:")
        stage.everywhere("", [*SITE_PEOPLE.values(), *OFFICE_PEOPLE.values()])

    def changes(self) -> None:
        """Somebody comes at each place, one gets another name, one leaves."""
        stage, second, office = self.stage, self.second, self.office
        gone, renamed = OFFICE_PEOPLE[GONE_AT_OFFICE], RENAMED_AT_SITE[1]
        stage.heading("Changes at every place, one cycle later")
        stage.say(
            f"{NEW_AT_SERVER} comes to {self.server}, {NEW_AT_SITE[1]} to {second.name} and {NEW_AT_OFFICE[1]} to "
            f"{OFFICE}; {SITE_PEOPLE[RENAMED_AT_SITE[0]]} is {renamed} now, and {gone} leaves."
        )
        stage.dxa("recipients", "add", "--name", NEW_AT_SERVER)
        second.add(*NEW_AT_SITE)
        number = self._number(SITE_PEOPLE[RENAMED_AT_SITE[0]])
        second.dxa("recipients", "set", number, "--name", renamed)
        office.add(*NEW_AT_OFFICE)
        office.admin("user", "delete", GONE_AT_OFFICE)
        self._cycle()
        before = SITE_PEOPLE[RENAMED_AT_SITE[0]]
        stage.everywhere("", [NEW_AT_SERVER, NEW_AT_SITE[1], NEW_AT_OFFICE[1], before, renamed, gone])

    def end(self) -> None:
        """How it stands, and what to look at."""
        stage, second, office = self.stage, self.second, self.office
        stage.heading("In the end")
        self._cycle()
        second.dxa("status")
        shadows = [f"{PATH}/shadow", office.path]
        checked = [stage.program("msmail", "postoffice", "check", path, "--json", shown=False) for path in shadows]
        rows = [(path, len(done.json["problems"])) for path, done in zip(shadows, checked, strict=True)]
        stage.table("dxa msmail postoffice check", ("folder", "#problems"), rows)
        stage.hint(f"dxa -C {PATH} recipients list", "the second site's directory")
        stage.hint(f"dxa msmail postoffice gal {office.path}", "the postoffice behind it")

    # -- what they do ------------------------------------------------------------------------------------------------

    def _keygen(self, place: str) -> str:
        """Make a site's key; returns the public one."""
        printed: str = self.stage.program("keygen", f"{place}/{KEY}").output
        return next(word for word in printed.split() if word.startswith("ed25519:"))

    def _peers(self) -> list[str]:
        links = self.stage.configuration["links"]
        return list(links[self.mail].get("peers", {}))

    def _external(self, site: str, *, shown: bool) -> None:
        self.stage.program("msmail", "external", "-d", f"{site}/shadow", shown=shown)

    def _number(self, name: str) -> str:
        rows = self.second.dxa("recipients", "list", "--json", shown=False).json["recipients"]
        return next(str(row["id"]) for row in rows if row["name"] == name)

    def _cycle(self) -> None:
        """A cycle of all of this, quietly."""
        stage, second, office = self.stage, self.second, self.office
        office.ask(shown=False)
        self._external(PATH, shown=False)
        second.dxa("sync", shown=False)
        stage.dxa("sync", SITES, self.mail, shown=False)
        second.dxa("sync", shown=False)
        self._external("site", shown=False)
        self._external(PATH, shown=False)
        office.take(shown=False)
