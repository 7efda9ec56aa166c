"""A site of the fault test of site links, with its copy of the shared folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from dxa.host import Host
from dxa.memory import MemorySystem
from dxa.recipient import Kind, Recipient
from dxa.signing import PrivateKey
from dxa.store import MemoryHighWater, Store
from dxa_sitelink.connector import SiteLink
from dxa_sitelink.lines import SITE
from dxa_sitelink.sites import tag
from tests.worlds.base import World
from tests.worlds.fuses import Fuse, fuse_store

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
