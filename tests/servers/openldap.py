"""What the tests of live directories share: a part of an OpenLDAP server, and people in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import count
from typing import Any, Protocol

import attrs

from dxa.config.secrets import Secret
from dxa_exchange.demo.slapd import Slapd, why_missing
from dxa_exchange.dialects import Name
from dxa_exchange.directory import Modification, Operation, Record, Values
from dxa_exchange.live.client import Client
from dxa_exchange.live.filters import EVERYTHING
from dxa_exchange.live.interface import ALL, Query, Scope
from dxa_exchange.live.server import Server

SUFFIX = "dc=example,dc=org"
ROOT = f"""dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

""".encode()
_NUMBERS = count(1)


def why_not() -> str:
    """Why nothing can be tried on a real server here; ``""`` when it can."""
    if importlib.util.find_spec("ldap") is None:
        return "python-ldap is not installed (extra `ldap` of dxa-exchange)"
    return why_missing()


class Account(Protocol):
    """Who may do everything on a server."""

    @property
    def root(self) -> str:
        """The name to bind with."""

    @property
    def password(self) -> str:
        """Its password."""


class Running(Protocol):
    """A server of whatever make that runs."""

    @property
    def uri(self) -> str:
        """Where it listens."""

    @property
    def settings(self) -> Account:
        """What it is."""


def login(running: Running) -> Server:
    """How the account that may do everything reaches a server; pages are small, so that there are several."""
    settings = running.settings
    return Server(uri=running.uri, method="simple", user=settings.root, password=Secret(settings.password), page=50)


@attrs.frozen
class Tree:
    """A part of a server that belongs to one test: everything below `base`.

    People are objects of `classes`, and lists of `lists`.
    """

    running: Running
    base: str
    client: Client
    classes: tuple[str, ...] = ("inetOrgPerson", "mailRecipient")
    lists: tuple[str, ...] = ("group",)
    dialect: Name = "generic"

    @property
    def slapd(self) -> Slapd:
        """The server, which is OpenLDAP's."""
        assert isinstance(self.running, Slapd)
        return self.running

    def close(self) -> None:
        """End the connection."""
        self.client.close()

    def unit(self, name: str, parent: str = "") -> str:
        """Make a unit below the base, and return its name."""
        dn = f"ou={name},{parent or self.base}"
        self.client.add(dn, {"objectClass": ["organizationalUnit"], "ou": [name]})
        return dn

    def person(self, name: str, unit: str = "", **attributes: str | list[str]) -> str:
        """Make a person, with a mail address unless another one is given, and return the name of the object."""
        dn = f"cn={name},{unit or self.base}"
        given = {"sn": name, "mail": f"{name.lower().replace(' ', '.')}@example.org", **attributes}
        values: dict[str, Values] = {"objectClass": [*self.classes], "cn": [name]}
        for key, value in given.items():
            values[key] = [value] if isinstance(value, str) else [*value]
        self.client.add(dn, values)
        return dn

    def put(self, dn: str, name: str, *values: str) -> None:
        """Give an attribute these values, or none."""
        self.client.modify(dn, [Modification(Operation.REPLACE, name, [*values])])

    def search(
        self, filter_: str = EVERYTHING, attributes: Sequence[str] = ALL, scope: Scope = Scope.SUB
    ) -> list[Record]:
        """What is found below the base."""
        query = Query(self.base, scope, filter_, tuple(attributes))
        return [record for page in self.client.search(query) for record in page]


def new_tree(running: Running, suffix: str = SUFFIX, **values: Any) -> Tree:
    """An empty part of the server."""
    name = f"test{next(_NUMBERS)}"
    client = Client(login(running))
    base = f"ou={name},{suffix}"
    client.add(base, {"objectClass": ["organizationalUnit"], "ou": [name]})
    return Tree(running, base, client, **values)
