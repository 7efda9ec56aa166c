"""Whole sites on a real OpenLDAP server: what changes lead to is what a full read leads to, in the directory itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dxa_exchange.directory import Record
from dxa_exchange.live.errors import LdapError
from tests.labs.directory import LdapSite, config, make
from tests.servers.openldap import Tree

MAILS = [f"a{n}@x.org" for n in range(5)]
#: What may happen, each as often as it stands here.
HAPPENINGS = (
    *("person",) * 5,
    *("change",) * 4,
    *("addresses",) * 4,
    *("group", "leave", "move", "rename", "swap", "silence", "mark", "unmark", "into our container", "sync", "sync"),
)


class Town:
    """People who come, go, move and change below one base, some with the addresses of others."""

    def __init__(self, site: LdapSite, seed: int) -> None:
        self.site, self.tree, self.random = site, site.tree, Random(seed)
        base = site.tree.base
        self.units = [f"ou=people,{base}", f"ou=sub,ou=people,{base}", base]

    def live(self, steps: int) -> None:
        """So many things happen; what the server refuses does not."""
        for _ in range(steps):
            happening = self.random.choice(HAPPENINGS).replace(" ", "_")
            with suppress(LdapError):
                getattr(self, f"_{happening}")()

    def _people(self) -> list[Record]:
        return self.tree.search("(|(objectClass=inetOrgPerson)(objectClass=group))")

    def _somebody(self) -> Record:
        return self.random.choice(self._people() or [Record(f"cn=nobody,{self.tree.base}", {})])

    def _person(self) -> None:
        name = f"P{self.random.randrange(8)}"
        self.tree.person(name, self.random.choice(self.units), mail=self.random.choice(MAILS))

    def _group(self) -> None:
        name, people = f"L{self.random.randrange(2)}", [each.dn for each in self._people()]
        members = self.random.sample(people, min(2, len(people))) or [self.tree.base]
        attributes: dict[str, Any] = {"objectClass": ["group"], "cn": [name], "mail": [f"{name}@x.org"]}
        self.tree.client.add(f"cn={name},{self.units[0]}", {**attributes, "member": members})

    def _change(self) -> None:
        name = self.random.choice(["telephoneNumber", "description", "title"])
        self.tree.put(self._somebody().dn, name, *self.random.choice([[], ["1"], ["2"]]))

    def _addresses(self) -> None:
        mails = [f"SMTP:{self.random.choice(MAILS)}", f"smtp:{self.random.choice(MAILS)}"]
        others = [f"X400:c=us;a= ;p=Lab;o=HQ;s={self.random.choice('AB')};", f"MS:NET/PO/{self.random.choice('ab')}"]
        chosen = self.random.sample([*mails, *others, "FOO:x"], self.random.randrange(4))
        self.tree.put(self._somebody().dn, "proxyAddresses", *chosen)

    def _silence(self) -> None:
        for name in ("mail", "proxyAddresses"):
            self.tree.put(self._somebody().dn, name)

    def _leave(self) -> None:
        self.tree.client.delete(self._somebody().dn)

    def _move(self) -> None:
        self._to(self.random.choice(self.units))

    def _into_our_container(self) -> None:
        self._to(f"ou=dxa,{self.tree.base}")

    def _to(self, unit: str) -> None:
        dn = self._somebody().dn
        self.tree.client.rename(dn, dn.partition(",")[0], unit)

    def _rename(self) -> None:
        self.tree.client.rename(self._somebody().dn, f"cn=P{self.random.randrange(8)}")

    def _swap(self) -> None:
        one, other = self._somebody(), self._somebody()
        for each, mail in ((one, other.text("mail")), (other, one.text("mail"))):
            self.tree.put(each.dn, "mail", *([mail] if mail else []))

    def _mark(self) -> None:
        self.tree.put(self._somebody().dn, "employeeType", "dxa LAB/HQ")

    def _unmark(self) -> None:
        self.tree.put(self._somebody().dn, "employeeType")

    def _sync(self) -> None:
        for _ in range(2):
            self.site.sync()


def settle(site: LdapSite) -> None:
    """Cycles until nothing is left to do, with everything approved."""
    for _ in range(3):
        site.sync()
    if site.holds():
        site.approve()
    for _ in range(3):
        site.sync()


def snapshot(site: LdapSite) -> dict[str, tuple[object, ...]]:
    """All recipients by their addresses, as they are."""
    return {
        str(each.target): (
            *(each.kind, each.container, each.name, each.alias, each.hidden, each.owner),
            *(tuple(sorted(map(str, each.proxies))), tuple(sorted(each.fields))),
        )
        for each in site.recipients()
    }


@pytest.fixture
def site(tmp_path: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Iterator[LdapSite]:
    """A site with a link to the server, and somebody in another system."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    site = make(tmp_path, tree, config(tree))
    tree.unit("sub", f"ou=people,{tree.base}")
    site.system().put("Bob Cole", "bob cole")
    site.sync()
    yield site
    site.close()


def lives(site: LdapSite, seed: int) -> None:
    """A town lives; then cycles end, and a full read finds nothing else than the changes have told."""
    Town(site, seed).live(45)
    settle(site)
    quiet = [(dict(link.applied), dict(link.sent)) for link in site.last.links]
    by_changes = snapshot(site)
    # A map of attributes that maps nothing new is another rule all the same, so everything is read.
    site.configure(f'{site.text}\n[links.ldap.ldap.people.attributes]\ninfo = "info"\n')
    settle(site)

    assert [({}, {})] * len(quiet) == quiet
    assert snapshot(site) == by_changes


@pytest.mark.parametrize("seed", range(5))
def test_changes_lead_where_a_full_read_leads(site: LdapSite, seed: int) -> None:
    """Whatever happens to people and their addresses, and whoever has whose: one directory comes out, and it rests."""
    lives(site, seed)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(5, 105))
def test_changes_lead_where_a_full_read_leads_for_long(site: LdapSite, seed: int) -> None:
    """The same for many towns."""
    lives(site, seed)
