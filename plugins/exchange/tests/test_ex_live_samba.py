"""Active Directory, as Samba's domain controller has it: changes by both ways, contacts, a schema without Exchange."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import Phase, given, settings

from dxa.address import AddressTypes
from dxa.config.secrets import Secret
from dxa.host import Host
from dxa_exchange.live.client import Client
from dxa_exchange.live.options import ContainerOptions
from dxa_exchange.live.servers import Kind, meet
from tests.labs.directory import LdapSite, config
from tests.servers.changes import EDITS, Directory, Watcher, watcher
from tests.servers.openldap import Tree, login, new_tree
from tests.servers.samba import SUFFIX, Samba, samba, why_no_samba

pytestmark = pytest.mark.samba
CLASSES = ("contact",)


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture(scope="module")
def controller() -> Iterator[Samba]:
    """A domain controller."""
    if why := why_no_samba():
        pytest.skip(why)
    with samba() as server:
        # Before anything was deleted, nobody knows whether the account would see that.
        with closing(Client(login(server))) as client:
            client.add(f"cn=gone,CN=Users,{SUFFIX}", {"objectClass": ["contact"]})
            client.delete(f"cn=gone,CN=Users,{SUFFIX}")
        yield server


@pytest.fixture(scope="module")
def types() -> AddressTypes:
    """Those of all plugins."""
    return Host().address_types()


def _tree(controller: Samba) -> Tree:
    return new_tree(controller, SUFFIX, classes=CLASSES, dialect="ad")


@pytest.fixture
def tree(controller: Samba) -> Iterator[Tree]:
    """An empty part of the domain."""
    with closing(_tree(controller)) as tree:
        yield tree


def test_it_is_known_for_what_it_is(controller: Samba) -> None:
    """By its capabilities; its objects are told apart by objectGUID."""
    with closing(Client(login(controller))) as client:
        server = meet(client)
        schema = client.schema(("top", "person", "organizationalPerson", "contact"))

    assert (Kind.MICROSOFT, "objectGUID", "usn") == (server.kind, server.identity.attribute, server.source())
    assert {"proxyAddresses", "adminDescription", "displayName"} <= schema
    assert {"targetAddress", "mailNickname", "extensionAttribute1"}.isdisjoint(schema)


@pytest.mark.parametrize("source", ["usn", "dirsync"])
@given(edits=EDITS)
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
def test_changes_lead_where_everything_leads(
    controller: Samba, types: AddressTypes, source: str, edits: list[tuple[str, int, str, str]]
) -> None:
    """By update sequence numbers with tombstones, and by the control DirSync, as for OpenLDAP."""
    with closing(_tree(controller)) as tree:
        directory = Directory(tree)
        directory.begin()
        hearing = watcher(tree, types, source=source)
        hearing.hear()
        for edit in edits:
            if edit[0] == "hear":
                hearing.hear()
                assert hearing.truth() == hearing.known
            else:
                directory.apply(edit)
        hearing.hear()

        assert hearing.truth() == hearing.known


@pytest.fixture(params=["usn", "dirsync"])
def hearing(request: pytest.FixtureRequest, tree: Tree, types: AddressTypes) -> Watcher:
    """Who has heard a directory with two people, one way or the other."""
    directory = Directory(tree)
    directory.begin()
    directory.add("people", "Ann", True)
    directory.add("people", "Bob", True)
    hearing = watcher(tree, types, source=request.param)
    hearing.hear()
    return hearing


def test_a_deletion_is_heard_by_its_tombstone(hearing: Watcher) -> None:
    """One transaction, and no full read."""
    hearing.tree.client.delete(f"cn=Ann 1,ou=people,{hearing.tree.base}")
    report = hearing.hear()

    assert (frozenset(), ["Bob 2"]) == (report.lists, [entry.name for entry in hearing.known.values()])


def test_a_controller_that_went_back_means_everything(tree: Tree, types: AddressTypes) -> None:
    """Its last change has a smaller number than one that was seen."""
    hearing = watcher(tree, types, containers=(ContainerOptions(base=tree.base),))
    hearing.hear()
    hearing.cursor = re.sub(r'("values":\{"\w+":")', r"\g<1>9", hearing.cursor)

    assert hearing.hear().lists
    assert any("it went back" in text for text in hearing.said)


def test_another_controller_means_everything(hearing: Watcher) -> None:
    """Its invocation ID tells it from this one, and from its own past."""
    hearing.cursor = hearing.cursor.replace("dc1.lab.example", "dc2.lab.example")

    assert hearing.hear().lists
    assert "everything is read: the server changed" in hearing.said


def test_members_beyond_the_first_1500_are_read(tree: Tree, controller: Samba, types: AddressTypes) -> None:
    """A controller gives so many at once; the others are asked for."""
    directory = Directory(tree)
    directory.begin()
    names = [f"cn=M{n},{directory.units['people']}" for n in range(1600)]
    controller.load("".join(f"dn: {dn}\nobjectClass: contact\nmail: m{n}@x.org\n\n" for n, dn in enumerate(names)))
    dn = f"cn=All,{directory.units['people']}"
    tree.client.add(dn, {"objectClass": ["group"], "mail": ["all@example.org"], "member": [*names]})
    hearing = watcher(tree, types)
    hearing.hear()
    (entry,) = (entry for entry in hearing.known.values() if entry.name == "All")

    assert {f"SMTP:m{n}@x.org" for n in range(1600)} == {value for name, value in entry.fields if name == "member"}


def test_contacts_are_made_as_far_as_the_schema_goes(tree: Tree, tmp_path: Path) -> None:
    """Without the schema of Exchange there is no target address; what is written is read back as what it was."""
    for name in ("people", "dxa"):
        tree.unit(name)
    text = config(tree, people='dialect = "ad"')
    site = LdapSite(tmp_path, text, tree=tree)
    with closing(site):
        for name in ("Bob Cole", "Cy Dorn"):
            site.system().put(name, name.lower())
        site.person("Ann Berg")
        site.sync()
        rejects = site.rejects()
        first = tree.search("(adminDescription=*)")
        site.system().put("Robert Cole", "bob cole")
        site.sync()
        second = tree.search("(adminDescription=*)")
        site.system().delete("bob cole")
        site.sync()
        last = tree.search("(adminDescription=*)")

    assert [] == rejects
    assert {"Bob Cole", "Cy Dorn"} == {record.text("displayName") for record in first}
    assert {"Robert Cole", "Cy Dorn"} == {record.text("displayName") for record in second}
    assert {"Cy Dorn"} == {record.text("displayName") for record in last}
    assert [] == [value for record in first for value in record.values("targetAddress")]


@pytest.mark.parametrize("source", ["usn", "dirsync"])
def test_an_account_that_sees_no_tombstones_reads_everything(
    tree: Tree, controller: Samba, types: AddressTypes, source: str
) -> None:
    """Else it would miss every deletion; DirSync asks for no more than the account may read."""
    name = f"reader-{source}"
    controller.load(f"dn: cn={name},CN=Users,{SUFFIX}\nobjectClass: user\nsAMAccountName: {name}\n\n")
    controller.tool("user", "setpassword", name, "--newpassword=Reader.of.1997")
    controller.tool("user", "enable", name)
    directory = Directory(tree)
    directory.begin()
    directory.add("people", "Ann", False)
    hearing = watcher(tree, types, source=source)
    hearing.options = attrs.evolve(hearing.options, bind=f"LAB\\{name}", password=Secret("Reader.of.1997"))
    first, second = hearing.hear(), hearing.hear()

    assert (True, True, "") == (bool(first.lists), bool(second.lists), second.cursor)
    assert ["Ann 1"] == [entry.name for entry in hearing.known.values()]
