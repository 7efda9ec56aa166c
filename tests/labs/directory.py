"""A site with a link to a part of an OpenLDAP server, and another one to a system in memory."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

from dxa.entry import Entry
from dxa_exchange.directory import Record
from dxa_exchange.live.client import Client
from dxa_exchange.live.interface import Query, Scope
from tests.cases.harness import SiteHarness
from tests.servers.openldap import Tree, login

SITE = """
[site]
organization = "LAB"
name = "HQ"
[addressing]
domain = "lab.example"
[addressing.templates]
SMTP = "{alias}@{domain}"
MEM = "{alias}"
"""

LINK = """
[links.ldap]
connector = "ldap"
import_container = "People"
export_containers = ["Staff", "Foreign"]
"""

MEMORY = """
[links.mem]
connector = "memory"
import_container = "Foreign"
export_containers = ["Staff", "People"]
"""


def config(tree: Tree, rules: str = "", options: str = "", containers: str = "", people: str = "") -> str:
    """A configuration; each text has further keys of its table, one on each line."""
    settings = tree.running.settings
    containers = containers or f'[[links.ldap.ldap.containers]]\nbase = "ou=people,{tree.base}"'
    return f"""{SITE}{LINK}{rules}
[links.ldap.ldap]
uri = '{tree.running.uri}'
bind = '{settings.root}'
password = "text:{settings.password}"
page_size = 50
{options}
{containers}
[links.ldap.ldap.people]
sync_container = "ou=dxa,{tree.base}"
classes = ["contact"]
{people}
{MEMORY}
"""


@attrs.define
class LdapSite(SiteHarness):
    """A site whose link `ldap` reads ``ou=people`` of a part of a server, and writes into its ``ou=dxa``."""

    tree: Tree = attrs.field(kw_only=True)

    def person(self, name: str, **attributes: str | list[str]) -> str:
        """Make a person in the part that is read."""
        return self.tree.person(name, f"ou=people,{self.tree.base}", **attributes)

    def told(self) -> dict[str, str]:
        """What the directory has told: names by address."""
        rows = self.site.store.received.alive_or_pending("ldap/ldap")
        marked = self.site.store.received.marked("ldap/ldap")
        return {_shown(row.entry): row.entry.name for row in rows if row.alive and row.entry.key not in marked}

    def entries(self) -> dict[str, tuple[Any, ...]]:
        """Everything that is known of each object that the directory has told, by anchor."""
        rows = self.site.store.received.alive_or_pending("ldap/ldap")
        return {row.entry.anchor: (*row.entry[:6],) for row in rows if row.alive}

    @property
    def contacts(self) -> dict[str, Record]:
        """What dxa has made in the directory, by target address."""
        with closing(Client(login(self.tree.running))) as client:
            pages = client.search(Query(self.tree.base, Scope.SUB, "(objectClass=contact)"))
            return {record.text("targetAddress"): record for page in pages for record in page}


def _shown(entry: Entry) -> str:
    return f"{entry.type}:{entry.address}"


def make(folder: Path, tree: Tree, text: str = "") -> LdapSite:
    """A site in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("people", "dxa"):
        tree.unit(name)
    return LdapSite(folder, text or config(tree), tree=tree)
