"""389 Directory Server: its content synchronization ends every reply as if whoever was not named were gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from dxa.address import AddressTypes
from dxa.host import Host
from dxa_exchange.live.client import Client
from dxa_exchange.live.interface import NOTHING, Query
from dxa_exchange.live.servers import Kind, meet
from tests.servers.changes import EDITS, Directory, watcher
from tests.servers.ds389 import Ds389, ds389, why_no_ds389
from tests.servers.openldap import Tree, login, new_tree

CLASSES: Any = {"classes": ("inetOrgPerson",), "lists": ("groupOfNames", "extensibleObject")}
pytestmark = pytest.mark.ds389


@pytest.fixture(scope="module")
def server() -> Iterator[Ds389]:
    """A running server."""
    if why := why_no_ds389():
        pytest.skip(why)
    with ds389() as found:
        yield found


@pytest.fixture(scope="module")
def types() -> AddressTypes:
    """Those of all plugins."""
    return Host().address_types()


@pytest.fixture
def tree(server: Ds389) -> Iterator[Tree]:
    """An empty part of the server."""
    with closing(new_tree(server, **CLASSES)) as tree:
        yield tree


def test_it_is_known_for_what_it_is(server: Ds389) -> None:
    """By what it calls itself; its objects are told apart by nsUniqueId, as its changes tell them."""
    with closing(Client(login(server))) as client:
        found = meet(client)

    assert (Kind.DS389, "nsUniqueId", "syncrepl") == (found.kind, found.identity.attribute, found.source())


def test_every_reply_ends_as_if_whoever_was_not_named_were_gone(tree: Tree) -> None:
    """The trap: of three people one is deleted, and the reply names nobody else and says refreshDeletes FALSE."""
    names = [tree.person(name) for name in ("Ann", "Bob", "Cy")]
    query = Query(tree.base, attributes=NOTHING)
    first = tree.client.refresh(query, None)
    tree.client.delete(names[0])
    second = tree.client.refresh(query, first.cookie)

    assert (4, False) == (len(first.changed), first.deletes)
    assert (0, 1, 0, False) == (len(second.changed), len(second.gone), second.present, second.deletes)


def test_who_was_not_named_stays(tree: Tree, types: AddressTypes) -> None:
    """By changes, and not by reading everything."""
    directory = Directory(tree)
    directory.begin()
    for name in ("Ann", "Bob", "Cy"):
        directory.add("people", name, False)
    hearing = watcher(tree, types)
    hearing.hear()
    tree.client.delete(directory.people[1])
    tree.put(directory.people[2], "displayName", "Robert")
    report = hearing.hear()

    assert frozenset() == report.lists
    assert {"Robert", "Cy 3"} == {entry.name for entry in hearing.known.values()}


@given(edits=EDITS)
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
def test_changes_lead_where_everything_leads(
    server: Ds389, types: AddressTypes, edits: list[tuple[str, int, str, str]]
) -> None:
    """As for OpenLDAP and Active Directory."""
    with closing(new_tree(server, **CLASSES)) as tree:
        directory = Directory(tree)
        directory.begin()
        hearing = watcher(tree, types)
        hearing.hear()
        for edit in edits:
            if edit[0] == "hear":
                hearing.hear()
                assert hearing.truth() == hearing.known
            else:
                directory.apply(edit)
        hearing.hear()

        assert hearing.truth() == hearing.known
