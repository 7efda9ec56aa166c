"""An OpenLDAP server for the tests that need one: started once, with a part of its tree for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dxa_exchange.demo.slapd import Settings, Slapd, running
from tests.servers.openldap import ROOT, SUFFIX, Tree, new_tree, why_not


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """A running server with nothing but its suffix."""
    if why := why_not():
        pytest.skip(why)
    with running(ROOT, Settings(suffix=SUFFIX)) as server:
        yield server


@pytest.fixture
def own_slapd() -> Iterator[Slapd]:
    """A server of the test's own, that it may stop, restore and break."""
    if why := why_not():
        pytest.skip(why)
    with running(ROOT, Settings(suffix=SUFFIX)) as server:
        yield server


@pytest.fixture
def tree(slapd: Slapd) -> Iterator[Tree]:
    """An empty part of the server."""
    tree = new_tree(slapd)
    yield tree
    tree.client.close()
