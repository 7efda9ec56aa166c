"""X500 addresses flow back to people of a directory whose contacts elsewhere have got them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from dxa.entry import Entry
from dxa_exchange.live.delivery import Delivery
from tests.cases.harness import SiteHarness
from tests.servers.openldap import Tree, new_tree

SITE = """
[site]
organization = "LAB"
name = "HQ"
"""

LINK = """
[links.{name}]
connector = "ldap"
import_container = "{name}"
export_containers = ["{other}"]
[links.{name}.ldap]
uri = "{uri}"
bind = "{bind}"
password = "text:{password}"
[[links.{name}.ldap.containers]]
base = "ou=people,{base}"
[links.{name}.ldap.people]
sync_container = "ou=dxa,{base}"
classes = ["contact"]
backflow = {backflow}
"""

LEGACY = "/o=Other/ou=Forest/cn=Recipients/cn=ann"


@attrs.define
class Forests:
    """Two parts of a server, each with a link of one site."""

    site: SiteHarness
    here: Tree
    there: Tree

    def addresses(self) -> list[str]:
        """Of the only person here."""
        (person,) = self.here.search("(sn=Ann Berg)")
        return [str(value) for value in person.values("proxyAddresses")]

    def stamp(self) -> None:
        """Exchange gives the contact there its own name."""
        (contact,) = self.there.search("(targetAddress=SMTP:ann.berg@example.org)")
        self.there.put(contact.dn, "legacyExchangeDN", LEGACY)


@pytest.fixture
def forests(tmp_path: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], Forests]]:
    """Two directories; the first lets addresses flow back, or not."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    with closing(new_tree(tree.slapd)) as second:
        made: list[SiteHarness] = []

        def make(backflow: bool) -> Forests:
            text, account = SITE, tree.slapd.settings
            for name, other, part, back in (("A", "B", tree, backflow), ("B", "A", second, False)):
                for unit in ("people", "dxa"):
                    part.unit(unit)
                text += LINK.format(
                    name=name,
                    other=other,
                    uri=tree.slapd.uri,
                    bind=account.root,
                    password=account.password,
                    base=part.base,
                    backflow=str(back).lower(),
                )
            made.append(SiteHarness(tmp_path, text))
            return Forests(made[0], tree, second)

        yield make
        for site in made:
            site.close()


@pytest.mark.parametrize(("backflow", "expected"), [(True, [f"X500:{LEGACY}"]), (False, [])])
def test_letters_to_the_contact_find_the_person(
    forests: Callable[[bool], Forests], backflow: bool, expected: list[str]
) -> None:
    """The person gets the X500 address of the contact elsewhere, if that is configured, and nothing else changes."""
    world = forests(backflow)
    world.here.person("Ann Berg", f"ou=people,{world.here.base}")
    world.site.sync()
    world.stamp()
    for _ in range(3):
        world.site.sync()
    (person,) = world.here.search("(sn=Ann Berg)")

    assert expected == world.addresses()
    assert ["ann.berg@example.org"] == person.values("mail")
    assert [f"X500:{LEGACY}"] == [str(p) for p in world.site.one("Ann Berg").proxies if p.type == "X500"]


def test_it_settles(forests: Callable[[bool], Forests]) -> None:
    """When the address has flown back nothing is written any more, on either side."""
    world = forests(True)
    world.here.person("Ann Berg", f"ou=people,{world.here.base}")
    world.site.sync()
    world.stamp()
    for _ in range(3):
        world.site.sync()
    before = world.here.search(), world.there.search()
    world.site.sync()

    assert [{}, {}] == [dict(link.sent) for link in world.site.last.links]
    assert before == (world.here.search(), world.there.search())


def test_an_address_that_the_person_gets_meanwhile_stays(
    forests: Callable[[bool], Forests], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever somebody else writes between the look at many people and the change of one."""
    world = forests(True)
    dn = world.here.person("Ann Berg", f"ou=people,{world.here.base}")
    world.site.sync()
    world.stamp()
    look = Delivery._look_for

    def late(self: Delivery, entries: Sequence[Entry]) -> None:
        look(self, entries)
        world.here.put(dn, "proxyAddresses", "smtp:new@example.org")

    monkeypatch.setattr(Delivery, "_look_for", late)
    for _ in range(3):
        world.site.sync()

    assert {"smtp:new@example.org", f"X500:{LEGACY}"} == set(world.addresses())
