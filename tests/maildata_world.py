"""The fault test's world with postoffices on disk: their own programs, a shadow postoffice, and EXTERNAL between them.

What happens, what may go wrong and what must hold is that of `tests.world`. A crash ends a program before any write,
rename or removal; the transport loses, doubles, delays and damages letters that lie in mailbags.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.connector import Connector, LinkContext
from dxa.entry import Fields, Reject
from dxa.errors import DxaError, FormatError
from dxa_msmail.postoffice import letters, mailbag, tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfiles import mai_name
from dxa_msmail.postoffice.networks import Wanted, direct
from dxa_msmail.postoffice.shelves import places
from dxa_msmail.postoffice.templates import ListTemplate, read_template, render
from dxa_msmail.postoffice.users import NewUser, Users, values
from dxa_msmail.programs import admin, external, importing, rebuild, reqmain
from dxa_msmail.server import MsMailServer
from dxa_msmail.shadow import Shadow
from tests.world import ALIASES, NAMES, NAMES_THERE, TEMPLATES, VALUES, Crash, Fuse, World

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


class DiskWorld(World):
    """A world below a folder; equal seeds are equal runs."""

    SERVER_STEPS, OFFICE_STEPS = 80, 60

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        self.folder = folder
        self.shadow_root = folder / "shadow"
        World.__init__(self, seed, faults=faults)
        for office in self.offices:
            office.build(self.shadow_root)  # type: ignore[attr-defined]

    def connect(self, context: LinkContext) -> Connector:
        """The server behind its shadow postoffice."""
        roots = {name: str(self.folder / name.replace("/", "-")) for name in NAMES}
        shadow = Shadow(
            root=self.shadow_root,
            name=SERVER,
            peers=list(roots),
            wanted=[Wanted(name=name, route=direct(root)) for name, root in roots.items()],
            clock=lambda: self.now,
            durable=False,
            step=lambda _what: self.fuse.tick(),
        )
        return MsMailServer.of_shadow(context, shadow)

    def _office(self, name: str, naive: bool) -> Any:
        people = dict(zip(self.random.sample(ALIASES, 3), self.random.sample(NAMES_THERE, 3), strict=True))
        office = DiskPostoffice(name, people, self.folder / name.replace("/", "-"), self.types, lambda: self.now)
        if self.random.random() < 0.7:
            office.template, office.templates = self.random.choice(TEMPLATES), self.random.random() < 0.8
        return office

    # -- the transport ---------------------------------------------------------------------------------------------

    def carry(self) -> None:
        """EXTERNAL at every postoffice, in any order and not always; letters get lost, doubled and damaged."""
        houses: list[tuple[Path, Fuse]] = [(office.root, office.fuse) for office in self.offices]  # type: ignore[attr-defined]
        if tree.is_postoffice(self.shadow_root):
            houses.append((self.shadow_root, self.fuse))
        if self.faults:
            self.random.shuffle(houses)
        for root, fuse in houses:
            if self.faults and self.random.random() < 0.2:
                continue
            if self.faults:
                self.tamper(root)
                if self.random.random() < 0.15:
                    fuse.left = self.random.randint(0, 60)
            self.external(root, fuse)

    def external(self, root: Path, fuse: Fuse) -> None:
        """One run of EXTERNAL."""
        try:
            external.run(Maildata(root, durable=False, patience=0, step=lambda _what: fuse.tick()), lambda: self.now)
        except Crash:
            self.log.append(f"EXTERNAL crashed at {root.name}")
        except DxaError as error:
            self.log.append(f"EXTERNAL at {root.name}: {error}")
        finally:
            fuse.left = None

    def tamper(self, root: Path) -> None:
        """Lose, double or damage letters that wait in a postoffice."""
        with Maildata(root, durable=False).change() as change:
            for bag in (mailbag.INQUEUE, mailbag.SYSTEM):
                for slot, header in mailbag.headers(change, bag):
                    self._tamper(change, bag, slot, header.stem)

    def _tamper(self, change: Any, bag: str, slot: int, stem: str) -> None:
        luck = self.random.random()
        if luck < 0.07:
            letters.drop(change, bag, slot)
        elif luck < 0.14 and bag == mailbag.INQUEUE:
            with suppress(FormatError):  # what is damaged cannot be doubled
                letters.submit(change, letters.fetch(change, stem), now=self.now)
        elif luck < 0.17:
            data = change.read(mai_name(stem)) or b""
            change.write(mai_name(stem), data[: self.random.randrange(len(data) + 1)])

    def change_templates(self) -> None:
        """Values are wanted or not, or change; another ADMIN.TPL waits for an export (KB Q118621)."""
        office, kind = self.random.choice(self.offices), self.random.random()  # type: ignore[var-annotated]
        if kind < 0.2:
            wanted = self.random.random() < 0.7
            self.client(office, lambda: office.want_templates(wanted))
            return
        for alias in ALIASES:
            if self.random.random() < 0.6:
                prompt = self.random.choice(("Phone:", "City/ST:", "Room:"))
                office.values[f"{alias}/{prompt}"] = self.random.choice(VALUES)
        office.write_list()

    # -- what may crash on a disk ----------------------------------------------------------------------------------

    def edit_people(self) -> None:
        """As before; ADMIN may be ended in the middle, and what it did not do is done at the end."""
        for office in self.offices:
            office.fuse.left = self.random.randint(0, 60) if self.faults and self.random.random() < 0.05 else None
        try:
            World.edit_people(self)
        except Crash:
            self.log.append("ADMIN crashed")
        finally:
            for office in self.offices:
                office.fuse.left = None

    def restore_server(self) -> None:
        """The database comes from a backup; sometimes the shadow postoffice with it."""
        if self.backup is not None and self.faults:
            copy = self.folder / "shadow.backup"
            if copy.exists() and self.random.random() < 0.5:
                shutil.rmtree(self.shadow_root, ignore_errors=True)
                shutil.copytree(copy, self.shadow_root)
        World.restore_server(self)

    def back_up_server(self) -> None:
        """The database, and the shadow postoffice beside it."""
        World.back_up_server(self)
        copy = self.folder / "shadow.backup"
        shutil.rmtree(copy, ignore_errors=True)
        if tree.is_postoffice(self.shadow_root):
            shutil.copytree(self.shadow_root, copy)

    def settle(self, cycles: int = 3) -> None:
        """As before; what an interrupted ADMIN left undone is done first."""
        for office in self.offices:
            office.fuse.left = None
            office.write_list()
        World.settle(self, cycles)

    def problems(self) -> list[str]:
        """As before, and what `dxa msmail postoffice check` would find.

        The files of letters that the transport has damaged stay, for nobody can tell what else they belong to.
        """
        self.removed |= {address for office in self.offices for address in office.deleted}  # type: ignore[attr-defined]
        found = []
        for root in (self.shadow_root, *(office.root for office in self.offices)):  # type: ignore[attr-defined]
            with Maildata(root).look() as files:
                problems = (problem for problem in tree.check(files) if not problem.file.startswith(("MAI/", "ATT/")))
                found += [f"{root.name}: {problem}" for problem in problems]
        return World.problems(self) + found

    def left_over(self) -> list[str]:
        """Mail that still waits somewhere."""
        found = []
        for root in (self.shadow_root, *(office.root for office in self.offices)):  # type: ignore[attr-defined]
            with Maildata(root).look() as files:
                bags = [name.removesuffix(".MBG") for name in files.names("MBG")]
                found += [
                    f"{root.name}: {len(mailbag.headers(files, bag))} in {bag}"
                    for bag in bags
                    if mailbag.depth(files, bag)
                ]
        return found


def run_on_disk(seed: int, folder: Path, steps: int = 40) -> list[str]:
    """One schedule; returns what was wrong at its end."""
    world = DiskWorld(seed, folder)
    for _ in range(steps):
        world.step()
    world.settle()
    return world.problems()
