"""A requestor of the fault test in memory, with its people."""

from __future__ import annotations

from typing import Any

import attrs

from dxa.entry import Entry, Fields, Reject, Transaction, Verb
from dxa_msmail import importtext
from dxa_msmail.importlines import definition_of
from dxa_msmail.requestor.home import MemoryHome
from dxa_msmail.requestor.lists import people
from dxa_msmail.requestor.requestor import Requestor
from tests.worlds.fuses import Fuse, FusedFolder, FusedStorage


@attrs.define
class Postoffice:
    """A requestor with its people, its message folders, and a backup of its state."""

    name: str
    people: dict[str, str]
    requestor: Requestor
    storage: FusedStorage
    inbox: FusedFolder
    outbox: FusedFolder
    home: MemoryHome
    fuse: Fuse
    backup: tuple[Any, dict[str, str], tuple[str, ...], dict[str, str]] | None = None
    #: The fields of its people's entries, and the values by mailbox and prompt.
    template: tuple[str, ...] = ()
    values: dict[str, str] = attrs.field(factory=dict)

    @property
    def naive(self) -> bool:
        """Whether its requestor checks nothing."""
        return self.requestor.config.naive

    def write_list(self) -> None:
        """Make the own address list what the people are, as an administrator's export would."""
        rows = [
            Transaction(0, Verb.ADD, None, Entry("", "MS", self.name, name, f"{self.name}/{alias}", self.told(alias)))
            for alias, name in sorted(self.people.items())
        ]
        defined = [definition_of(importtext.Template(0, 0, "MS", self.name, self.template))] if self.template else []
        self.home.write("ADDRESS.TXT", importtext.write([*defined, *rows]))

    def told(self, alias: str) -> Fields:
        """The values of one of its people, some of them left out where they are the default."""
        prompts = [line.split("~")[0] for line in self.template]
        return tuple(
            (prompt, self.values[f"{alias}/{prompt}"]) for prompt in prompts if f"{alias}/{prompt}" in self.values
        )

    def expected(self, alias: str) -> Fields:
        """The values of one of its people as others must see them."""
        defined = ((line.split("~")[0], line.split("~")[4]) for line in self.template)
        return tuple((prompt, self.values.get(f"{alias}/{prompt}", default)) for prompt, default in defined)

    def want_templates(self, wanted: bool) -> None:
        """Send and want values, or not."""
        self.requestor.config = attrs.evolve(self.requestor.config, templates=wanted)

    @property
    def templates(self) -> bool:
        """Whether values are sent and wanted."""
        return self.requestor.config.templates

    def held_values(self) -> dict[str, Fields]:
        """What it holds of others: values by address, and definitions by list."""
        lists = self.requestor.state().lists
        return {e.address or e.list: e.fields for rows in lists.values() for e in rows.values() if e.fields}

    def want_types(self, types: tuple[str, ...]) -> None:
        """Ask for these address types from now on."""
        self.requestor.config = attrs.evolve(self.requestor.config, types=types)

    def want_export(self) -> None:
        """Send the whole own list with the next request."""
        self.requestor.want_export()

    def t1(self) -> None:
        """Send a request."""
        self.requestor.t1(allow_empty=True)

    def t3(self) -> list[Reject]:
        """Take the answers; returns the records that were refused."""
        return list(self.requestor.t3().rejects)

    def held(self) -> set[tuple[str, str, str, str]]:
        """Type, list, name and address of everybody of others."""
        lists = self.requestor.state().lists
        return {(e.type, e.list, e.name, e.address) for rows in lists.values() for e in people(rows).values()}

    def back_up(self) -> None:
        """A backup of the state and the people."""
        self.backup = (self.storage.state, dict(self.people), self.template, dict(self.values))

    def restore(self) -> None:
        """Set everything back to the backup."""
        assert self.backup is not None
        self.storage.state, self.people = self.backup[0], dict(self.backup[1])
        self.template, self.values = self.backup[2], dict(self.backup[3])
        self.write_list()
