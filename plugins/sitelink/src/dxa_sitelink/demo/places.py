"""The demo's second site and the postoffice behind it, and the commands with which one works there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

ADMIN = "ADMIN"

#: The site link of either site, in a folder between them.
LINK = """
[links.{link}]
connector = "sitelink"
import_container = "{imported}"
export_containers = {exported}

[links.{link}.sitelink]
folder = "../{folder}"
key = "file:{key}"
"""
#: The second site's part in MS Mail: a shadow postoffice that passes mail on, and no requestors of its own.
RELAY = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "Postoffices"

[links.pcmail.msmail]
maildata = "shadow"

[links.pcmail.msmail.routes]
{routes}

[links.pcmail.msmail.via]
{ways}
"""
#: The server's link to MS Mail, on a stage on which no scene has made one.
SERVER = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "Postoffices"
export_containers = ["Recipients", "Postoffices"]

[links.pcmail.msmail]
maildata = "shadow"
"""
ROUTES = """
[links.{link}.msmail.routes]
{routes}
"""


def table(rows: Mapping[str, str]) -> str:
    """Lines of a table of texts."""
    return "\n".join(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in rows.items())


@attrs.frozen
class SecondSite:
    """The site `name` (ORGANIZATION/SITE), in a folder of its own below the demo's."""

    stage: Any
    name: str
    path: str

    def dxa(self, *arguments: str, shown: bool = True) -> Any:
        """Run a dxa command on the site."""
        return self.stage.program("-C", self.path, *arguments, shown=shown)

    def create(self) -> None:
        """Make it."""
        organization, _, site = self.name.partition("/")
        self.stage.program("init", self.path, "--organization", organization, "--site", site)

    def configure(self, text: str) -> None:
        """Append TOML to its configuration."""
        with (Path(self.stage.folder) / self.path / "dxa.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n{text.strip()}\n")

    def add(self, alias: str, name: str, *, shown: bool = True) -> None:
        """Somebody comes to work there."""
        self.dxa("recipients", "add", "--name", name, "--alias", alias, shown=shown)

    def names(self) -> list[str]:
        """Everybody in its directory."""
        return [each["name"] for each in self.dxa("recipients", "list", "--json", shown=False).json["recipients"]]


@attrs.frozen
class Office:
    """The postoffice `name` (NET/PO) behind the second site, in a folder of its own."""

    stage: Any
    name: str

    @property
    def path(self) -> str:
        """Its folder, seen from the demo's."""
        return f"postoffices/{self.short.lower()}"

    @property
    def short(self) -> str:
        """The postoffice without its network."""
        return self.name.rpartition("/")[2]

    def program(self, *arguments: str, shown: bool = True) -> Any:
        """Run a program below ``dxa msmail`` here."""
        return self.stage.program("msmail", *arguments, "-d", self.path, shown=shown)

    def admin(self, *arguments: str, shown: bool = True) -> None:
        """Work here as the administrator."""
        self.stage.program("msmail", "admin", ADMIN, "-d", self.path, *arguments, shown=shown)

    def create(self, people: Iterable[tuple[str, str]]) -> None:
        """Make it, with its people."""
        network = self.name.partition("/")[0]
        names = ("--network", network, "--postoffice", self.short, "--admin", ADMIN)
        self.stage.program("msmail", "postoffice", "create", self.path, *names)
        for number, (mailbox, name) in enumerate(people):
            self.add(mailbox, name, shown=not number)

    def add(self, mailbox: str, name: str, *, shown: bool = True) -> None:
        """Give somebody a mailbox."""
        self.admin("user", "add", mailbox, "--name", name, shown=shown)

    def ask(self, *, shown: bool) -> None:
        """T1, as far as the shadow postoffice of the site that it is connected to."""
        self.program("reqmain", "-t", shown=shown)
        self.program("external", shown=shown)

    def take(self, *, shown: bool) -> None:
        """T3."""
        self.program("reqmain", "-r", shown=shown)
        self.program("import", ADMIN, "-q", "-y", shown=shown)
        self.program("rebuild", "-f", shown=shown)

    def names(self) -> list[str]:
        """Who stands in its global address list."""
        done = self.stage.program("msmail", "postoffice", "gal", self.path, "--json", shown=False)
        return [entry["name"] for entry in done.json["entries"]]
