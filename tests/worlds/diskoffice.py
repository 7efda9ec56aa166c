"""A postoffice of the fault test on disk, with its own programs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import attrs

from dxa.address import AddressTypes
from dxa.entry import Fields, Reject
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.postoffice.shelves import places
from dxa_msmail.postoffice.templates import ListTemplate, read_template, render
from dxa_msmail.postoffice.users import NewUser, Users, values
from dxa_msmail.programs import admin, rebuild, reqmain
from dxa_msmail.programs.importing import program as importing
from tests.worlds.fuses import Fuse

SERVER = "LAB/HQ"


@attrs.define
class DiskPostoffice:
    """A postoffice with its people. `people` are names by mailbox, as they should be."""

    name: str
    people: dict[str, str]
    root: Path
    types: AddressTypes
    clock: Callable[[], float]
    fuse: Fuse = attrs.field(factory=Fuse)
    backup: tuple[dict[str, str], dict[str, str], bool] | None = None
    naive: bool = False
    #: Whom ADMIN has deleted, also those who came back at once under another name.
    deleted: set[str] = attrs.field(factory=set)
    #: Its ADMIN.TPL, the values by mailbox and prompt, and whether values are sent and wanted.
    template: tuple[str, ...] = ()
    values: dict[str, str] = attrs.field(factory=dict)
    templates: bool = False
    types_wanted: tuple[str, ...] = ("PCM",)

    @property
    def maildata(self) -> Maildata:
        """The postoffice, with a program that may be ended at every step."""
        return Maildata(self.root, durable=False, patience=0, step=lambda _what: self.fuse.tick())

    def build(self, shadow: Path) -> None:
        """Make it, with a direct route to its server."""
        network, postoffice = self.name.split("/")
        po = tree.create(self.root, network=network, postoffice=postoffice, durable=False)
        admin.add_postoffice(po, SERVER, route=direct(str(shadow)))
        self.define()
        self.register(("PCM",))
        self.write_list()

    def define(self) -> None:
        """Write ADMIN.TPL."""
        if self.template:
            with Maildata(self.root, durable=False).change() as change:
                change.write("TPL/ADMIN.TPL", render(ListTemplate(self.template)))

    def register(self, types: tuple[str, ...]) -> None:
        """Say what is wanted of the server, and sent to it."""
        self.types_wanted = types
        both = self.templates
        admin.register_server(self.maildata, SERVER, types=types, templates_out=both, templates_in=both)

    def told(self, mailbox: str) -> Fields:
        """The values of a user that are not empty."""
        prompts = [line.split("~")[0] for line in self.template]
        values = ((prompt, self.values.get(f"{mailbox}/{prompt}", "")) for prompt in prompts)
        return tuple((prompt, value) for prompt, value in values if value)

    expected = told

    def want_templates(self, wanted: bool) -> None:
        """Send and want values, or not."""
        self.templates = wanted
        self.register(self.types_wanted)

    def held_values(self) -> dict[str, Fields]:
        """What it holds of others: values by address, and definitions by list."""
        with self.maildata.look() as files:
            lists = read_book(files, self.types)
            held = {e.address: e.fields for rows in lists.values() for e in rows.values() if e.fields}
            for place in places(files).values():
                if (template := read_template(files, place.stem)) is not None and template.lines:
                    held[place.list] = tuple(line.partition("~")[::2] for line in template.lines)
        return held

    def write_list(self) -> None:
        """Make the postoffice's users the people, as its administrator would."""
        po = self.maildata
        with po.look() as files:
            there = {user.mailbox: user.name for user in Users.load(files)}
            stored = values(files)
            fields = {user.mailbox: stored.get(user.tid, ()) for user in Users.load(files)}
        for mailbox in sorted(there.keys() - self.people.keys()):
            self._delete(po, mailbox)
        # Two who swap their names, or one who takes the name of another: the list never has two of one name.
        left = {mailbox: name for mailbox, name in there.items() if mailbox in self.people}
        for mailbox, name in sorted(left.items()):
            wanted = self.people[mailbox]
            if name == wanted:
                if dict(fields[mailbox]) != dict(self.told(mailbox)):
                    empty = tuple((prompt, "") for prompt, _ in fields[mailbox])
                    admin.change_user(
                        po, self.clock, mailbox, fields=tuple((dict(empty) | dict(self.told(mailbox))).items())
                    )
                continue
            if wanted.casefold() in {n.casefold() for m, n in left.items() if m != mailbox}:
                self._delete(po, mailbox)
                del left[mailbox]
            else:
                admin.change_user(po, self.clock, mailbox, name=wanted, fields=self.told(mailbox))
                left[mailbox] = wanted
        for mailbox in sorted(self.people.keys() - left.keys()):
            admin.add_user(
                po, self.clock, NewUser(name=self.people[mailbox], mailbox=mailbox, fields=self.told(mailbox))
            )

    def _delete(self, po: Maildata, mailbox: str) -> None:
        self.deleted.add(f"{self.name}/{mailbox}")
        admin.delete_user(po, self.clock, mailbox)

    def want_types(self, types: tuple[str, ...]) -> None:
        """Ask for these address types from now on."""
        self.register(types)

    def want_export(self) -> None:
        """Send the whole own list with the next request."""
        admin.want_export(self.maildata)

    def t1(self) -> None:
        """REQMAIN -t."""
        reqmain.transmit(self.maildata, self.clock)

    def t3(self) -> list[Reject]:
        """REQMAIN -r, IMPORT -q, REBUILD -f; returns the records that were refused."""
        received = reqmain.receive(self.maildata, self.clock)
        imported = importing.run_queue(self.maildata, self.clock)
        rebuild.rebuild(self.maildata, self.clock, force=True)
        return [*received.rejects, *imported.rejects]

    def held(self) -> set[tuple[str, str, str, str]]:
        """Type, list, name and address of everybody of others."""
        with self.maildata.look() as files:
            lists = read_book(files, self.types)
        return {(e.type, e.list, e.name, e.address) for rows in lists.values() for e in rows.values()}

    def back_up(self) -> None:
        """A copy of the whole tree, and the people."""
        copy = self.root.with_suffix(".backup")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.root, copy)
        self.backup = dict(self.people), dict(self.values), self.templates

    def restore(self) -> None:
        """Set everything back to the backup."""
        assert self.backup is not None
        shutil.rmtree(self.root)
        shutil.copytree(self.root.with_suffix(".backup"), self.root)
        self.people, self.values, self.templates = dict(self.backup[0]), dict(self.backup[1]), self.backup[2]
        self.write_list()
