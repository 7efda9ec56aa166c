"""Who hears a directory by its changes, and the directory that is edited meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.config.secrets import Secret
from dxa.connector import LinkContext, Phase, Report
from dxa.entry import Entry
from dxa.ledger.received import Row, hear
from dxa_exchange.live.connector import LdapConnector
from dxa_exchange.live.options import ContainerOptions, LdapOptions
from dxa_exchange.names import escaped
from dxa_exchange.people.options import PeopleOptions
from tests.servers.openldap import Tree

HOUR = 3600.0


@attrs.define
class Watcher:
    """Who hears a directory through the connector, and knows what it has told so far, by anchor."""

    tree: Tree
    types: AddressTypes
    options: LdapOptions
    rows: list[Row] = attrs.field(factory=list)
    cursor: str = ""
    now: float = 1_000_000_000.0
    said: list[str] = attrs.field(factory=list)

    def connector(self) -> LdapConnector:
        """A new one, as each cycle of a new process has it."""
        context = LinkContext(
            link="ldap",
            options=self.options,
            folder=Path(),
            types=self.types,
            site=("LAB", "HQ"),
            now=lambda: self.now,
            tell=lambda _number, text: self.said.append(text),
        )
        return LdapConnector(context, sleep=lambda _seconds: None)

    def hear(self, after: float = HOUR) -> Report:
        """Collect, and take what was told as the core takes it."""
        self.now += after
        report = self.collect(self.cursor)
        transactions = report.transactions
        heard = hear(self.rows, transactions) if not report.lists else hear([], transactions)
        kept = {row.id: row for row in self.rows} if not report.lists else {}
        fresh = max(kept, default=0)
        for change in heard.changes:
            fresh += not change.id
            number = change.id or fresh
            if change.after is None:
                kept.pop(number, None)
            else:
                kept[number] = Row(number, change.after, True)
        self.rows = [*kept.values()]
        self.cursor = report.cursor
        return report

    def collect(self, cursor: str) -> Report:
        """One report."""
        connector = self.connector()
        (report,) = connector.collect({"ldap": cursor})
        connector.passed(Phase.ENDED, {}, "")
        return report

    @property
    def known(self) -> dict[str, Entry]:
        """What it knows, by anchor; of those who have an address among them, only that somebody has it."""
        return self._settled(row.entry for row in self.rows)

    def truth(self) -> dict[str, Entry]:
        """What reading everything shows, likewise."""
        report = self.collect("")
        assert report.lists
        return self._settled(each.new for each in report.transactions if each.new)

    def _settled(self, entries: Iterable[Entry]) -> dict[str, Entry]:
        shared = re.compile("SMTP:same[01]@")
        found = {}
        for entry in entries:
            if shared.match(entry.key):
                found[entry.key] = entry._replace(name="", fields=(), anchor="")
            else:
                fields = ((name, shared.sub("SMTP:", value)) for name, value in entry.fields)
                found[entry.anchor] = entry._replace(fields=tuple(fields))
        return found


def watcher(tree: Tree, types: AddressTypes, **options: Any) -> Watcher:
    """It hears ``ou=people``, and what has a telephone in ``ou=phones``."""
    server = tree.running.settings
    parts = (
        ContainerOptions(base=f"ou=people,{tree.base}"),
        ContainerOptions(base=f"ou=phones,{tree.base}", filter="(telephoneNumber=*)", container="Phones"),
    )
    chosen = LdapOptions(
        uri=tree.running.uri,
        bind=server.root,
        password=Secret(server.password),
        containers=parts,
        people=PeopleOptions(dialect=tree.dialect),
    )
    return Watcher(tree, types, attrs.evolve(chosen, **options))


UNITS = ("people", "phones", "elsewhere", "sub", "people/deep", "phones/deep", "elsewhere/deep")
NAMES = ("Ann", "Bob, Jr", "Cy+x", "*)(cn=*", "Dörte #1", " Ed")


KINDS = (
    *("add", "add", "add", "delete", "phone", "mail", "same", "same", "name", "move", "move", "list", "unit"),
    *("hear", "hear", "hear"),
)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 99),
        st.sampled_from(UNITS),
        st.sampled_from(NAMES),
    ),
    min_size=10,
    max_size=40,
)


@attrs.define
class Directory:
    """The directory that is edited: objects by number, with the unit that each lies in."""

    tree: Tree
    units: dict[str, str] = attrs.field(factory=dict)
    people: dict[int, str] = attrs.field(factory=dict)
    number: int = 0

    def begin(self) -> None:
        """The units."""
        for path in UNITS:
            above, _, name = path.rpartition("/")
            self.units[path] = self.tree.unit(name, self.units.get(above, ""))

    def add(self, unit: str, name: str, phone: bool) -> None:
        """A new person."""
        self.number += 1
        value = f"{name} {self.number}"
        dn = f"{_rdn(value)},{self.units[unit]}"
        given = {"cn": [value], "sn": [name], "mail": [f"p{self.number}@example.org"]}
        self.tree.client.add(
            dn,
            {
                "objectClass": [*self.tree.classes],
                **{key: [*values] for key, values in given.items()},
                **({"telephoneNumber": ["1"]} if phone else {}),
            },
        )
        self.people[self.number] = dn

    def add_list(self, unit: str, n: int) -> None:
        """A list of some people, whom nobody takes out when they go."""
        self.number += 1
        members = [dn for number, dn in self.people.items() if (number + n) % 2] or [self.tree.base]
        dn = f"cn=List {self.number},{self.units[unit]}"
        given = {"cn": [f"List {self.number}"], "mail": [f"l{self.number}@example.org"], "member": members}
        self.tree.client.add(
            dn, {"objectClass": [*self.tree.lists], **{key: [*values] for key, values in given.items()}}
        )
        self.people[self.number] = dn

    def pick(self, n: int) -> int | None:
        """One of those who are there."""
        return sorted(self.people)[n % len(self.people)] if self.people else None

    def apply(self, edit: tuple[str, int, str, str]) -> None:
        """One random edit."""
        what, n, unit, name = edit
        who = self.pick(n)
        client = self.tree.client
        if what == "add":
            self.add(unit, name, bool(n % 2))
        elif what == "unit":
            self.move_unit(n, unit)
        elif what == "list":
            self.add_list(unit, n)
        elif who is None:
            return
        elif what == "delete":
            client.delete(self.people.pop(who))
        elif what == "phone":
            self.tree.put(self.people[who], "telephoneNumber", *(["2"] if n % 2 else []))
        elif what == "mail":
            self.tree.put(self.people[who], "mail", f"p{who}@x{n}.example.org")
        elif what == "same":
            self.tree.put(self.people[who], "mail", f"same{n % 2}@example.org")
        elif what == "name":
            self.tree.put(self.people[who], "displayName", name)
        elif what == "move":
            self.number += 1
            value = f"{name} {self.number}"
            client.rename(self.people[who], _rdn(value), self.units[unit])
            self.people[who] = f"{_rdn(value)},{self.units[unit]}"

    def move_unit(self, n: int, target: str) -> None:
        """A unit with all that is in it goes to another one, or gets another name."""
        source = UNITS[3 + n % 4]
        self.number += 1
        if target.startswith(source) or self.units[target].endswith(self.units[source]):
            return
        old, new = self.units[source], f"ou=unit{self.number},{self.units[target]}"
        self.tree.client.rename(old, f"ou=unit{self.number}", self.units[target])
        self.units = {path: _moved(dn, old, new) for path, dn in self.units.items()}
        self.people = {number: _moved(dn, old, new) for number, dn in self.people.items()}


def _rdn(value: str) -> str:
    # Samba takes no equals sign that is not escaped, as RFC 4514 allows.
    return f"cn={escaped(value)}".replace("=", "\\=").replace("cn\\=", "cn=", 1)


def _moved(dn: str, old: str, new: str) -> str:
    return dn.removesuffix(old) + new if dn.endswith(old) else dn
