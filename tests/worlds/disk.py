"""The fault test's world with postoffices on disk: their own programs, a shadow postoffice, and EXTERNAL between them.

What happens, what may go wrong and what must hold is that of `memory`. A crash ends a program before any write,
rename or removal; the transport loses, doubles, delays and damages letters that lie in mailbags.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from dxa.connector import Connector, LinkContext
from dxa.errors import DxaError, FormatError
from dxa_msmail.postoffice import letters, mailbag, tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfiles import mai_name
from dxa_msmail.postoffice.networks import Wanted, direct
from dxa_msmail.programs.external import program as external
from dxa_msmail.server import MsMailServer
from dxa_msmail.shadow import Shadow
from tests.worlds.diskoffice import SERVER, DiskPostoffice
from tests.worlds.fuses import Crash, Fuse
from tests.worlds.memory import ALIASES, NAMES, NAMES_THERE, TEMPLATES, VALUES, MemoryWorld


class DiskWorld(MemoryWorld):
    """A world below a folder; equal seeds are equal runs."""

    SERVER_STEPS, OFFICE_STEPS = 80, 60

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        self.shadow_root = folder / "shadow"
        MemoryWorld.__init__(self, seed, folder, faults=faults)
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

    def _office(self, name: str) -> Any:
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
            MemoryWorld.edit_people(self)
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
        MemoryWorld.restore_server(self)

    def back_up_server(self) -> None:
        """The database, and the shadow postoffice beside it."""
        MemoryWorld.back_up_server(self)
        copy = self.folder / "shadow.backup"
        shutil.rmtree(copy, ignore_errors=True)
        if tree.is_postoffice(self.shadow_root):
            shutil.copytree(self.shadow_root, copy)

    def settle(self, cycles: int = 3) -> None:
        """As before; what an interrupted ADMIN left undone is done first."""
        for office in self.offices:
            office.fuse.left = None
            office.write_list()
        MemoryWorld.settle(self, cycles)

    def problems(self) -> list[str]:
        """As before, and what `dxa msmail postoffice check` would find.

        The files of letters that the transport has damaged stay, for nobody can tell what else they belong to.
        """
        self.removed |= {address for office in self.offices for address in office.deleted}  # type: ignore[attr-defined]
        found = []
        for root in self.roots():
            with Maildata(root).look() as files:
                problems = (problem for problem in tree.check(files) if not problem.file.startswith(("MAI/", "ATT/")))
                found += [f"{root.name}: {problem}" for problem in problems]
        return MemoryWorld.problems(self) + found

    def roots(self) -> list[Path]:
        """The folders of all postoffices."""
        return [self.shadow_root, *(office.root for office in self.offices)]  # type: ignore[attr-defined]

    def left_over(self) -> list[str]:
        """Mail that still waits somewhere."""
        found = []
        for root in self.roots():
            with Maildata(root).look() as files:
                bags = [name.removesuffix(".MBG") for name in files.names("MBG")]
                found += [
                    f"{root.name}: {len(mailbag.headers(files, bag))} in {bag}"
                    for bag in bags
                    if mailbag.depth(files, bag)
                ]
        return found
