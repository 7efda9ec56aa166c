"""A site of the fault test that asks a server for its people, and the administrator of that site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator
from dxa.config import Site, parse
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Fields, Reject, is_definition
from dxa.host import Host
from dxa.recipient import Kind, Recipient
from dxa.store import MemoryHighWater, Store
from dxa_msmail.postoffice import resync
from dxa_msmail.postoffice.maildata import Maildata
from tests.worlds.fuses import Fuse, FusedFolder, fuse_store

UP = "up"

CONFIG = """
[site]
organization = "{network}"
name = "{postoffice}"
[links.up]
connector = "msmail-requestor"
import_container = "Far"
export_containers = ["Staff"]
templates = {templates}
[links.up.msmail-requestor]
server = "LAB/HQ"
types = [{types}]
templates = {templates}
{map_of_values}
"""


@attrs.define
class AskingSite:
    """A site that asks. `people` are names by mailbox, as they should be; `connect` opens its end of the transport."""

    name: str
    people: dict[str, str]
    host: Host
    clock: Callable[[], float]
    #: Its own folder, where somebody may put RESYNC.GLB.
    folder: Path
    #: Its shadow postoffice, where it has one.
    root: Path
    connect: Callable[[AskingSite, LinkContext], Connector]
    fuse: Fuse = attrs.field(factory=Fuse)
    inbox: FusedFolder = attrs.field(init=False)
    outbox: FusedFolder = attrs.field(init=False)
    store: Store = attrs.field(init=False)
    agent: Agent = attrs.field(init=False)
    naive: bool = False
    wants_templates: bool = False
    prompts: tuple[str, ...] = ()
    values: dict[str, str] = attrs.field(factory=dict)
    types_wanted: tuple[str, ...] = ("PCM",)
    #: Further lines of its dxa.toml.
    more: str = ""
    #: Whom nobody has deleted and added again, as ADMIN may.
    deleted: frozenset[str] = frozenset()
    #: Addresses whose change or deletion its administrator rejected.
    pinned: set[str] = attrs.field(factory=set)
    backup: tuple[bytes, dict[str, str], dict[str, str], tuple[str, ...]] | None = None

    def __attrs_post_init__(self) -> None:
        self.inbox, self.outbox = FusedFolder(fuse=self.fuse), FusedFolder(fuse=self.fuse)
        self.store = Store.open("sqlite:///:memory:", MemoryHighWater(), create=True)
        self.store.types = self.host.address_types()
        fuse_store(self.store, self.fuse)
        self.start()

    # -- its process -----------------------------------------------------------------------------------------------

    @property
    def config(self) -> Site:
        """Its dxa.toml, as the administrator has written it last."""
        network, postoffice = self.name.split("/")
        pairs = "".join(f'"{prompt}" = "{_field(prompt)}"\n' for prompt in self.prompts)
        text = CONFIG.format(
            network=network,
            postoffice=postoffice,
            types=", ".join(f'"{type_}"' for type_ in self.types_wanted),
            templates=str(self.wants_templates).lower(),
            map_of_values=f"[links.up.attributes]\n{pairs}" if pairs else "",
        )
        return parse(text + self.more, Path("dxa.toml"), self.host.connectors(), self.store.types)

    def start(self) -> None:
        """A new process, which knows what is stored and nothing else."""
        config = self.config
        link = config.links[UP]
        site = OpenSite(
            folder=self.folder,
            config=config,
            host=self.host,
            store=self.store,
            types=self.store.types,
            clock=self.clock,
        )
        context = LinkContext(
            link=UP,
            options=link.options,
            folder=self.folder,
            types=self.store.types,
            site=site.names,
            peers={p.name.casefold(): PeerInfo(id=p.id, name=p.name, options=p.options) for p in link.peers.values()},
            now=self.clock,
        )
        site.connectors[UP] = self.connect(self, context)
        self.agent = Agent(site=site)

    @property
    def peer(self) -> str:
        """The server, as the store knows it."""
        return next(iter(self.agent.site.config.links[UP].peers.values())).id

    def sync(self) -> None:
        """One cycle of a new process; what goes wrong in it is an error of the test."""
        self.start()
        outcome = self.agent.sync()
        errors = [error for link in outcome.links for error in link.errors]
        if errors:
            raise AssertionError(errors)

    # -- what the worlds do ----------------------------------------------------------------------------------------

    def t1(self) -> None:
        """A cycle sends a request."""
        self.sync()

    def t3(self) -> list[Reject]:
        """A cycle takes the answers in; there is no T3 (KB Q149451)."""
        self.sync()
        return []

    def write_list(self) -> None:
        """Make the site's recipients the people, as its administrator would."""
        self.start()
        admin = Administrator(agent=self.agent)
        there = {recipient.alias: recipient for recipient in self.store.directory.search(owner="")}
        for alias in sorted(there.keys() - self.people.keys()):
            admin.remove([there[alias].id])
        for alias, name in sorted(self.people.items()):
            wanted = self._recipient(alias, name)
            if alias not in there:
                admin.add(wanted)
            elif (there[alias].name, dict(there[alias].fields)) != (name, dict(wanted.fields)):
                admin.edit(there[alias].id, lambda r, w=wanted: attrs.evolve(r, name=w.name, fields=w.fields))  # type: ignore[misc]

    def _recipient(self, alias: str, name: str) -> Recipient:
        told = ((prompt, self.values.get(f"{alias}/{prompt}", "")) for prompt in self.prompts)
        return Recipient(
            kind=Kind.MAILBOX,
            container="Staff",
            name=name,
            alias=alias,
            proxies=(Address("MS", f"{self.name}/{alias}"),),
            fields=tuple((_field(prompt), value) for prompt, value in told if value),
        )

    def decide(self, approves: bool) -> None:
        """The administrator approves or rejects what is held; what goes out is approved, for it never would again."""
        admin = Administrator(agent=self.agent)
        for plan in admin.held():
            if approves or not plan.scope.startswith("in "):
                admin.approve(plan.id)
                continue
            sides = [change.before for change in plan.held if isinstance(change.before, Recipient)]
            self.pinned |= {str(side.target) for side in sides if side.target}
            admin.reject(plan.id)

    @property
    def template(self) -> tuple[str, ...]:
        """The definition of its list, as others must have it."""
        attributes = self.agent.site.config.links[UP].peers
        found = next(iter(attributes.values())).attributes
        return tuple(f"{prompt}~{rest}" for prompt, rest in found.definition) if found is not None else ()

    @template.setter
    def template(self, lines: tuple[str, ...]) -> None:
        self.prompts = tuple(line.split("~")[0] for line in lines)
        self.start()

    def expected(self, alias: str) -> Fields:
        """The values of one of its people as others must see them."""
        return tuple((prompt, self.values.get(f"{alias}/{prompt}", "")) for prompt in self.prompts)

    @property
    def templates(self) -> bool:
        """Whether values are sent and wanted."""
        return self.wants_templates

    def want_templates(self, wanted: bool) -> None:
        """Send and want values, or not."""
        self.wants_templates = wanted
        self.start()

    def want_types(self, types: tuple[str, ...]) -> None:
        """Ask for these address types from now on."""
        self.types_wanted = types
        self.start()

    def want_export(self) -> None:
        """Send the whole own list with the next request."""
        Administrator(agent=self.agent).want_full(self.agent.site.config.links[UP], UP)

    def bring(self, data: bytes) -> None:
        """Somebody puts the server's RESYNC.GLB where the site looks for it."""
        there = self.folder / "mail/resync"
        there.mkdir(parents=True, exist_ok=True)
        (there / resync.FILE).write_bytes(data)

    # -- what it has -----------------------------------------------------------------------------------------------

    def _entries(self) -> list[Any]:
        return [row.entry for row in self.store.received.all(self.peer) if row.alive]

    def held(self) -> set[tuple[str, str, str, str]]:
        """Type, list, name and address of everybody of others."""
        return {(e.type, e.list, e.name, e.address) for e in self._entries() if not is_definition(e)}

    def held_values(self) -> dict[str, Fields]:
        """What it holds of others: values by address, and definitions by list."""
        held = {entry.address: entry.fields for entry in self._entries() if entry.fields and not is_definition(entry)}
        return held | {entry.list: entry.fields for _, entry in self.store.received.definitions()}

    def problems(self) -> list[str]:
        """What its directory has that it was not told, or the other way round."""
        recipients = self.store.directory.search(owner=self.peer)
        has = sorted((str(r.target), r.name) for r in recipients if str(r.target) not in self.pinned)
        told = sorted((f"{t}:{address}", name) for t, _, name, address in self.held())
        told = [each for each in told if each[0] not in self.pinned]
        return [] if told == has else [f"{self.name}: was told {told}, and its directory has {has}"]

    # -- backups ---------------------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """A backup of the database, the shadow postoffice left out."""
        self.backup = self.store.dump(), dict(self.people), dict(self.values), self.prompts

    def restore(self) -> None:
        """Set the database back; the numbers that lie beside it stay."""
        assert self.backup is not None
        self.store.load(self.backup[0])
        self.people, self.values, self.prompts = dict(self.backup[1]), dict(self.backup[2]), self.backup[3]
        self.write_list()

    # -- on disk ---------------------------------------------------------------------------------------------------

    @property
    def maildata(self) -> Maildata:
        """Its shadow postoffice, with a program that may be ended at every step."""
        return Maildata(self.root, durable=False, patience=0, step=lambda _what: self.fuse.tick())

    def build(self, server: Path) -> None:
        """The first cycle makes the shadow postoffice."""
        self.write_list()
        self.sync()


def _field(prompt: str) -> str:
    return f"f{prompt.lower().strip(':').replace('/', '-')}"
