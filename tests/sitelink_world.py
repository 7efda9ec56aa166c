"""A small world for site links: two or more sites, a folder for each that is carried to the others, badly.

Everything is in memory and follows from one seed. `World.step` does one random thing; `World.settle` ends all faults
and lets clean cycles run; `World.problems` says what is wrong then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import dxa_msmail.plugin
import dxa_sitelink.plugin
from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator
from dxa.agent.outcome import CycleOutcome
from dxa.config import parse
from dxa.connector import LinkContext, PeerInfo
from dxa.errors import DxaError
from dxa.host import Host
from dxa.memory import MemorySystem
from dxa.recipient import Kind, Recipient
from dxa.signing import PrivateKey
from dxa.store import MemoryHighWater, Store
from dxa_sitelink.connector import SiteLink
from dxa_sitelink.lines import SITE
from dxa_sitelink.sites import read_name, tag
from tests.world import Crash, Fuse, fuse_store

LINK, LOCAL = "sites", "local"
NAMES = ("Ann", "Bob", "Éva", "Ann", "Zoë Longname, Alexandrina Theo", "Müller, Jörg")
DEPARTMENTS = ("", "Chemistry", "Physics")

HOST = Host(extra={"msmail": dxa_msmail.plugin, "sitelink": dxa_sitelink.plugin}, discover=False)


def key_of(name: str) -> PrivateKey:
    """The same key for the same name, always."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")[:32]))


@attrs.define
class Replica:
    """One site's copy of the shared folder; its user may crash before and after every change."""

    files: dict[str, bytes] = attrs.field(factory=dict)
    fuse: Fuse = attrs.field(factory=Fuse)
    writes: int = 0

    def names(self) -> list[str]:
        """See `dxa_sitelink.folder.Folder`."""
        return sorted(self.files)

    def read(self, name: str) -> bytes | None:
        """See `dxa_sitelink.folder.Folder`."""
        return self.files.get(name)

    def modified(self, name: str) -> float:
        """See `dxa_sitelink.folder.Folder`."""
        return float("-inf")

    def write(self, name: str, data: bytes) -> None:
        """See `dxa_sitelink.folder.Folder`."""
        self.fuse.tick()
        self.files[name] = data
        self.writes += 1
        self.fuse.tick()

    def remove(self, name: str) -> None:
        """See `dxa_sitelink.folder.Folder`."""
        self.fuse.tick()
        self.files.pop(name, None)
        self.fuse.tick()


@attrs.define
class Copies:
    """Copies of bad files, in this process."""

    kept: dict[str, tuple[bytes, str]] = attrs.field(factory=dict)

    def keep(self, name: str, data: bytes, reason: str) -> None:
        """See `dxa_sitelink.folder.Aside`."""
        self.kept[name] = data, reason


class Site:
    """One site: its directory, its store, its agent, its copy of the folder."""

    def __init__(self, name: str, peers: Sequence[str], world: World, extra: str = "") -> None:
        self.name, self.world = name, world
        self.folder, self.copies = Replica(), Copies()
        self.fuse = self.folder.fuse
        self.key: PrivateKey | None = key_of(name)
        organization, site = name.split("/")
        pem = key_of(name).pem().decode().replace("\n", "\\n")
        text = f"""
[site]
organization = "{organization}"
name = "{site}"
[addressing]
templates = {{}}
[links.{LINK}]
connector = "sitelink"
import_container = "Sites"
export_containers = ["Recipients", "Sites", "Memory"]
export_custom = {{manual = true, imported = true}}
[links.{LINK}.sitelink]
key = "text:{pem}"
"""
        #: What another system at this site tells it; its addresses are no list of anybody's own.
        self.local = HOST.memory.systems[f"{id(world)} {name}"] = MemorySystem()
        text += f'[links.{LOCAL}]\nconnector = "memory"\nimport_container = "Memory"\n'
        text += f'[links.{LOCAL}.memory]\nname = "{id(world)} {name}"\n'
        for peer in peers:
            text += f'[links.{LINK}.peers."{peer}".sitelink]\npublic_key = "{key_of(peer).public}"\n'
        types = HOST.address_types()
        self.config = parse(text + extra, Path("dxa.toml"), HOST.connectors(), types)
        self.types = types
        self.store = Store.open("sqlite:///:memory:", MemoryHighWater(), create=True)
        self.store.types = types
        fuse_store(self.store, self.fuse)
        self.backup: bytes | None = None
        self.agent = self.start()

    def start(self) -> Agent:
        """A fresh agent, as after the start of its process."""
        site = OpenSite(
            folder=Path(),
            config=self.config,
            host=HOST,
            store=self.store,
            types=self.types,
            clock=lambda: self.world.now,
        )
        link = self.config.links[LINK]
        organization, name = self.name.split("/")
        context = LinkContext(
            link=LINK,
            options=link.options,
            folder=Path(),
            types=self.types,
            site=(organization, name),
            peers={p.name.casefold(): PeerInfo(id=p.id, name=p.name, options=p.options) for p in link.peers.values()},
            now=lambda: self.world.now,
        )
        site.connectors[LINK] = SiteLink(context, self.folder, self.copies)
        return Agent(site=site)

    @property
    def admin(self) -> Administrator:
        """The site's administrator."""
        return Administrator(agent=self.agent)

    def sync(self) -> CycleOutcome:
        """One cycle."""
        self.world.now += 600
        return self.agent.sync()

    # -- people ----------------------------------------------------------------------------------------------------

    def add(self, alias: str, name: str, *, department: str = "") -> None:
        """A mailbox with an address of two types."""
        self.admin.add(
            Recipient(
                kind=Kind.MAILBOX,
                container="Recipients",
                name=name,
                alias=alias,
                proxies=(
                    Address("MS", f"{self.name}/{alias}".upper()),
                    Address("SMTP", f"{alias.lower()}@{tag(self.name)}.example"),
                ),
                fields=(("department", department),) if department else (),
            )
        )

    def own(self) -> list[Recipient]:
        """Those that the site itself has made."""
        return self.store.directory.search(owner="")

    def told_by(self, peer: str) -> list[Recipient]:
        """Those that this site has told."""
        return self.store.directory.search(owner=f"{LINK}/{peer}")

    def notices(self) -> list[str]:
        """What the administrator has been told and is still open."""
        return [notice.text for notice in self.store.notices.open()]

    def view(self, peer: str) -> dict[str, tuple[Any, ...]]:
        """What the peer should have from here: everybody it may see who is not its own, by native address."""
        rows = {}
        for recipient in self.store.directory.all():
            site = dict(recipient.fields).get(SITE, "")
            exported = not recipient.hidden and recipient.container.split("/")[0] in ("Recipients", "Sites", "Memory")
            if exported and recipient.owner != f"{LINK}/{peer}" and site != peer:
                rows[str(recipient.target or recipient.primary("MS"))] = shown(recipient)
        return rows


def shown(recipient: Recipient) -> tuple[Any, ...]:
    """What of a recipient goes over a link."""
    fields = tuple(sorted(field for field in recipient.fields if field[0] != SITE and field[1]))
    return recipient.name, recipient.alias, frozenset(map(str, recipient.proxies)), fields


class World:
    """One run; equal seeds are equal runs."""

    STEPS: ClassVar[int] = 14

    def __init__(self, seed: int, links: Mapping[str, Sequence[str]] | None = None, extra: str = "") -> None:
        self.random = random.Random(seed)
        self.now = 1_000_000.0
        self.faults = True
        self.log: list[str] = []
        links = links or {"LAB/HQ": ["LAB/BERLIN"], "LAB/BERLIN": ["LAB/HQ"]}
        self.sites = {name: Site(name, peers, self, extra) for name, peers in links.items()}
        self.serial = 0
        #: Earlier forms of files, which a bad transport may bring once more.
        self.old: list[tuple[str, bytes]] = []

    # -- one random thing ------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Do one random thing."""
        self.act(self.choose())

    def choose(self) -> Callable[[World], None]:
        """A random thing to do."""
        return self.random.choices(list(self.ACTIONS), list(self.ACTIONS.values()))[0]

    def act(self, action: Callable[[World], None]) -> None:
        """Do it."""
        self.log.append(action.__name__)
        getattr(self, action.__name__)()

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

    ACTIONS: ClassVar[dict[Callable[[World], None], int]] = {
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
            site.fuse.left = self.random.randint(0, self.STEPS)
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


def run(seed: int, steps: int = 40) -> list[str]:
    """One schedule; returns what was wrong at its end. In half of them nobody edits anything in its second part."""
    world = World(seed)
    for number in range(steps):
        while True:
            action = world.choose()
            if number < steps // 2 or seed % 2 or not action.__name__.startswith("edit"):
                break
        world.act(action)
    world.settle()
    return world.problems() + world.quiet()
