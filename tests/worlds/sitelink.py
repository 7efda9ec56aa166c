"""A small world for site links: two or more sites, a folder for each that is carried to the others, badly.

Everything is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs

from dxa.address import Address
from dxa.errors import DxaError
from dxa.recipient import Recipient
from dxa_sitelink.sites import read_name, tag
from tests.worlds.base import World
from tests.worlds.fuses import Crash
from tests.worlds.linkedsite import DEPARTMENTS, LINK, NAMES, Site, shown


class LinkedSites(World):
    """Sites by name, with whom each has a link."""

    #: A crash comes within so many steps of a program.
    WITHIN: ClassVar[int] = 14

    def __init__(
        self, seed: int, folder: Path = Path(), *, links: Mapping[str, Sequence[str]] | None = None, extra: str = ""
    ) -> None:
        World.__init__(self, seed, folder)
        #: From this step on nobody edits anything, in half of the schedules.
        self.edited_until = self.LENGTH // 2 if seed % 2 == 0 else None
        self.done = 0
        links = links or {"LAB/HQ": ["LAB/BERLIN"], "LAB/BERLIN": ["LAB/HQ"]}
        self.sites = {name: Site(name, peers, self, extra) for name, peers in links.items()}
        self.serial = 0
        #: Earlier forms of files, which a bad transport may bring once more.
        self.old: list[tuple[str, bytes]] = []

    # -- one random thing ------------------------------------------------------------------------------------------

    def choose(self) -> Callable[[Any], None]:
        """As before; in half of the schedules nobody edits anything in the second part."""
        self.done += 1
        while True:
            action = World.choose(self)
            if self.edited_until is None or self.done <= self.edited_until or not action.__name__.startswith("edit"):
                return action

    def any_site(self) -> Site:
        """One of the sites."""
        return self.random.choice(list(self.sites.values()))

    def edit_elsewhere(self) -> None:
        """Another system at a site tells of somebody, or no more; both sites may be told the same address."""
        site, address = self.any_site(), f"shared{self.random.randrange(3)}"
        if self.random.random() < 0.6:
            address = f"{tag(site.name)} {self.random.randrange(4)}"
        if self.random.random() < 0.4:
            site.local.delete(address)
        else:
            site.local.put(self.random.choice(NAMES), address)

    def edit(self) -> None:
        """An administrator adds, renames, readdresses, hides, shows or removes somebody."""
        site, kind = self.any_site(), self.random.random()
        own = site.own()
        if len(own) < 3 or kind < 0.3:
            self.serial += 1
            name, department = self.random.choice(NAMES), self.random.choice(DEPARTMENTS)
            alias = f"U{self.serial}"
            self.work(site, lambda: site.add(alias, name, department=department))
            return
        chosen = self.random.choice(own)
        if kind < 0.5:
            name = self.random.choice(NAMES)
            self.work(site, lambda: site.admin.edit(chosen.id, lambda r: attrs.evolve(r, name=name)))
        elif kind < 0.6:
            self.serial += 1
            address = Address("MS", f"{site.name}/V{self.serial}".upper())
            self.work(site, lambda: site.admin.edit(chosen.id, lambda r: _readdressed(r, address)))
        elif kind < 0.7:
            field = self.random.choice(DEPARTMENTS)
            fields = (("department", field),) if field else ()
            self.work(site, lambda: site.admin.edit(chosen.id, lambda r: attrs.evolve(r, fields=fields)))
        elif kind < 0.85:
            self.work(site, lambda: site.admin.edit(chosen.id, lambda r: attrs.evolve(r, hidden=not r.hidden)))
        else:
            self.work(site, lambda: site.admin.remove([chosen.id]))

    def cycle(self) -> None:
        """A site runs a cycle."""
        site = self.any_site()
        self.work(site, site.sync)

    def carry(self) -> None:
        """What one site has written goes to another one: lost, late, cut, or once more as it was before."""
        for one in self.sites.values():
            for other in self.sites.values():
                if one is not other and (not self.faults or self.random.random() < 0.7):
                    self.carry_between(one, other)

    def carry_between(self, one: Site, other: Site) -> None:
        """Make the files that `one` has written the same in the folder of `other`, as well as that goes."""
        there = other.folder.files
        for name in [*one.folder.files]:
            if not _wrote(one, name):
                continue
            data, luck = one.folder.files[name], self.random.random() if self.faults else 1.0
            if luck < 0.15:
                continue
            if luck < 0.25:
                data = data[: self.random.randrange(len(data))]
            elif self.faults and len(self.old) < 200:
                self.old.append((name, data))
            there[name] = data
        for name in [name for name in there if _wrote(one, name) and name not in one.folder.files]:
            if not self.faults or self.random.random() < 0.6:
                del there[name]

    def replay(self) -> None:
        """Something old turns up once more, or something is damaged."""
        site = self.any_site()
        if self.old and self.random.random() < 0.6:
            name, data = self.random.choice(self.old)
            if not _wrote(site, name):
                site.folder.files[name] = data
        elif site.folder.files:
            name = self.random.choice(sorted(site.folder.files))
            data = bytearray(site.folder.files[name])
            if data:
                data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
                site.folder.files[name] = bytes(data)

    def wipe(self) -> None:
        """The folder is deleted at one site."""
        self.any_site().folder.files.clear()

    def back_up(self) -> None:
        """A backup of one site's database; the numbers' file is not part of it."""
        site = self.any_site()
        site.backup = site.store.dump()

    def restore(self) -> None:
        """One site is set back to its backup."""
        site = self.any_site()
        if site.backup is not None:
            site.store.load(site.backup)
            site.agent = site.start()

    def decide(self) -> None:
        """The administrators approve what is held."""
        for site in self.sites.values():
            for plan in site.admin.held():
                self.work(site, lambda site=site, plan=plan: site.admin.approve(plan.id))  # type: ignore[misc]

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        edit: 7,
        edit_elsewhere: 4,
        cycle: 14,
        carry: 10,
        replay: 2,
        wipe: 2,
        back_up: 3,
        restore: 3,
        decide: 2,
    }

    def work(self, site: Site, work: Callable[[], Any]) -> None:
        """Run something at a site; it may crash between any two steps, and is started again."""
        if self.faults and self.random.random() < 0.15:
            site.fuse.left = self.random.randint(0, self.WITHIN)
        try:
            work()
        except Crash:
            self.log.append(f"{site.name} crashed")
            site.agent = site.start()
        except DxaError as error:
            self.log.append(f"{site.name}: {error}")
        finally:
            site.fuse.left = None

    # -- the end ---------------------------------------------------------------------------------------------------

    def settle(self, rounds: int = 5) -> None:
        """All faults stop, held plans are approved, and so many rounds run: a cycle everywhere, then the carrier."""
        self.faults = False
        for _ in range(rounds):
            self.round()
            self.decide()

    def round(self) -> None:
        """A cycle at every site, with the carrier behind each."""
        for site in self.sites.values():
            self.carry()
            site.sync()
        self.carry()

    def problems(self) -> list[str]:
        """What does not agree: for each link, what one site has and the other one shows."""
        found = []
        for site in self.sites.values():
            for peer in site.config.links[LINK].peers.values():
                found += self._lacks(site, self.sites[peer.name])
        return found

    def _lacks(self, site: Site, peer: Site) -> list[str]:
        others = {str(r.target) for r in site.store.directory.all() if r.owner != f"{LINK}/{peer.name}"}
        wanted = {address: row for address, row in peer.view(site.name).items() if address not in others}
        has = {str(recipient.target): shown(recipient) for recipient in site.told_by(peer.name)}
        if wanted == has:
            return []
        differ = [
            f"{key}: {wanted.get(key)} there, {has.get(key)} here"
            for key in sorted(wanted.keys() | has.keys())
            if wanted.get(key) != has.get(key)
        ]
        return [f"{site.name} from {peer.name}: {'; '.join(differ)}"]

    def end(self) -> list[str]:
        """As before; and then nothing more is written."""
        return World.end(self) + self.quiet()

    def quiet(self) -> list[str]:
        """What is written though nothing is new: files, and messages in the archives, in two more rounds."""
        before = {name: (site.folder.writes, _messages(site)) for name, site in self.sites.items()}
        self.round()
        self.round()
        after = {name: (site.folder.writes, _messages(site)) for name, site in self.sites.items()}
        return [f"{name}: {before[name]} became {after[name]}" for name in before if before[name] != after[name]]


def _messages(site: Site) -> int:
    return len(site.store.messages.list(LINK))


def _wrote(site: Site, name: str) -> bool:
    found = read_name(name)
    return found is not None and found.sender == tag(site.name)


def _readdressed(recipient: Recipient, address: Address) -> Recipient:
    rest = tuple(proxy for proxy in recipient.proxies if proxy.type != address.type)
    return attrs.evolve(recipient, proxies=(address, *rest))
