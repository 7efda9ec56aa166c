"""An OpenLDAP server for the tests that need one: started once, with a part of its tree for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dxa_exchange.demo.slapd import Slapd
from tests.exchange_ldap import Tree, new_slapd, new_tree, why_not


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """A running server with nothing but its suffix."""
    if why := why_not():
        pytest.skip(why)
    server = new_slapd()
    yield server
    server.close()


@pytest.fixture
def own_slapd() -> Iterator[Slapd]:
    """A server of the test's own, that it may stop, restore and break."""
    if why := why_not():
        pytest.skip(why)
    server = new_slapd()
    yield server
    server.close()


@pytest.fixture
def tree(slapd: Slapd) -> Iterator[Tree]:
    """An empty part of the server."""
    tree = new_tree(slapd)
    yield tree
    tree.client.close()
