"""The fault test's worlds with dxa as a requestor: two sites ask the server, beside a postoffice that does.

`AskingSite` stands where a postoffice of `tests.world` stands. What may go wrong and what must hold is that of the
world into which it is put: `AskingFolder` brings its mail as message files, `AskingMail` as e-mails, `AskingShadow`
through its own shadow postoffice to the server's, and in `AskingServed` the server is a postoffice with SRVMAIN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

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
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.postoffice import resync
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import Wanted, direct
from dxa_msmail.postoffice.queue import RESYNC
from dxa_msmail.programs.resync import write as write_resync
from dxa_msmail.requestor.link import MsMailRequestor
from dxa_msmail.shadow import Shadow
from tests.mail_world import MailWorld
from tests.maildata_world import SERVER, DiskPostoffice, DiskWorld
from tests.served_world import ServedWorld
from tests.world import (
    ALIASES,
    LINK,
    NAMES,
    NAMES_THERE,
    TEMPLATES,
    Fuse,
    FusedFolder,
    Postoffice,
    World,
    fuse_store,
)

#: Those who are sites; the one between them is a postoffice.
ASKING = (NAMES[0], NAMES[2])
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


class Asking(World):
    """The part that the worlds share; it stands before the one that makes a world of it."""

    folder: Path
    #: What the server has made and nobody has brought yet, by requestor.
    files: Mapping[str, bytes] = {}
    #: Whoever takes a file that is for others, too, leaves its own list out.
    LEFT_OUT: ClassVar[frozenset[int]] = frozenset({66})

    def _office(self, name: str, naive: bool) -> Any:
        if name not in ASKING:
            return super()._office(name, naive)
        people = dict(zip(self.random.sample(ALIASES, 3), self.random.sample(NAMES_THERE, 3), strict=True))
        host = Host(discover=True)
        root = self.folder / name.replace("/", "-")
        office = AskingSite(name, people, host, lambda: self.now, root.with_suffix(".site"), root, self.asks)
        if self.random.random() < 0.7:
            office.want_templates(self.random.random() < 0.8)
            office.template = self.random.choice(TEMPLATES)
        office.write_list()
        return office

    def asks(self, office: AskingSite, context: LinkContext) -> Connector:
        """A site's end of the transport: message files."""
        return MsMailRequestor(context, office.inbox, office.outbox)

    def sites(self) -> list[AskingSite]:
        """Those that are sites."""
        return [office for office in self.offices if isinstance(office, AskingSite)]

    # -- one random thing ------------------------------------------------------------------------------------------

    def decide(self) -> None:
        """As before; the sites' administrators decide, too."""
        super().decide()
        self.decide_at_sites()

    def decide_at_sites(self) -> None:
        """The sites' administrators approve or reject."""
        for office in self.sites():
            if self.random.random() < 0.6:
                self.client(office, lambda office=office: office.decide(self.random.random() < 0.7))  # type: ignore[misc]

    def hand_over(self) -> None:
        """The server leaves RESYNC.GLB for some of its requestors; it is brought to them now (KB Q119449)."""
        names = self.random.sample(NAMES, self.random.randint(1, len(NAMES)))
        self.server(lambda: self.extract(names))
        for name, data in self.files.items():
            if self.random.random() < 0.8:
                bring(next(office for office in self.offices if office.name == name), data)
        self.files = {}

    def extract(self, names: Sequence[str]) -> None:
        """Have the server make a file for each of the ways in which these are shown things."""
        rows = {name: self.store.peers.get(f"{LINK}/{name}") for name in names}
        seen = {name: row and (row.view, row.pick) for name, row in rows.items()}
        place = self.folder / "mail/resync"
        for way in dict.fromkeys(seen.values()):
            whose = [name for name in names if seen[name] == way]
            Administrator(agent=self.agent).hand_over(self.config.links[LINK], whose)
            path = max(place.glob(f"*/{resync.FILE}"))
            self.files = {**self.files, **dict.fromkeys(whose, path.read_bytes())}

    # -- the end ---------------------------------------------------------------------------------------------------

    def settle(self, cycles: int = 4) -> None:
        """As before; what a site holds is decided."""
        for office in self.sites():
            office.fuse.left = None
        super().settle(cycles)

    def cycle(self) -> None:
        """As before; what a site holds is approved in the end."""
        super().cycle()
        for office in self.sites():
            office.decide(True)

    def plain(self, fields: Fields) -> dict[str, str]:
        """An empty value is like none: a site tells all prompts of its map, a postoffice those that have a value."""
        return {prompt: value for prompt, value in fields if value}

    def problems(self) -> list[str]:
        """As before, and the sites' directories."""
        return super().problems() + [problem for office in self.sites() for problem in office.problems()]


class AskingFolder(Asking, World):
    """Message files in memory; `folder` is for files that are brought."""

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        self.folder = folder
        World.__init__(self, seed, faults=faults)

    def left_over(self) -> list[str]:
        """Messages that nobody has taken."""
        boxes = {SERVER: self.inbox, **{office.name: office.inbox for office in self.offices}}
        return [f"{name}: {file}" for name, box in boxes.items() for file in box.names()]

    ACTIONS: ClassVar[dict[Callable[[Any], None], int]] = {**World.ACTIONS, Asking.hand_over: 2}


class AskingMail(Asking, MailWorld):
    """E-mails between mailboxes in memory."""

    def asks(self, office: AskingSite, context: LinkContext) -> Connector:
        """See `Asking`."""
        post = self.post(office.name, [SERVER], office.fuse)
        return MsMailRequestor(context, post, post)

    def client(self, office: Any, work: Callable[[], Any]) -> None:
        """See `MailWorld`; a site begins each cycle as a new process."""
        if isinstance(office, AskingSite):
            World.client(self, office, work)
        else:
            MailWorld.client(self, office, work)

    ACTIONS: ClassVar[dict[Callable[[Any], None], int]] = AskingFolder.ACTIONS


class AskingShadow(Asking, DiskWorld):
    """Shadow postoffices at both ends, and EXTERNAL in between."""

    def asks(self, office: AskingSite, context: LinkContext) -> Connector:
        """See `Asking`."""
        shadow = Shadow(
            root=office.root,
            name=office.name,
            peers=[SERVER],
            wanted=[Wanted(name=SERVER, route=direct(str(self.server_root)))],
            clock=lambda: self.now,
            durable=False,
            step=lambda _what: office.fuse.tick(),
        )
        folder = shadow.folder()
        return MsMailRequestor(context, folder, folder)

    @property
    def server_root(self) -> Path:
        """The server's postoffice."""
        return self.shadow_root

    ACTIONS: ClassVar[dict[Callable[[Any], None], int]] = AskingFolder.ACTIONS


class AskingServed(AskingShadow, ServedWorld):
    """A postoffice with SRVMAIN as the server."""

    @property
    def server_root(self) -> Path:
        """See `AskingShadow`."""
        return self.folder / SERVER.replace("/", "-")

    def extract(self, names: Sequence[str]) -> None:
        """IMPORT -s; the file is taken away from the server, as KB Q119449 wants it."""
        write_resync(self.hub.maildata, self.hub.clock, requestors=names)
        with Maildata(self.hub.root, durable=False).change() as change:
            self.files = dict.fromkeys(names, change.read(RESYNC) or b"")
            change.remove(RESYNC)

    def decide(self) -> None:
        """A postoffice holds nothing; the sites' administrators decide."""
        self.decide_at_sites()

    def settle(self, cycles: int = 4) -> None:
        """See `Asking`."""
        for office in self.sites():
            office.fuse.left = None
        ServedWorld.settle(self, cycles)

    ACTIONS: ClassVar[dict[Callable[[Any], None], int]] = {
        **ServedWorld.ACTIONS,
        Asking.hand_over: 2,
        decide: 2,
    }


def bring(office: Any, data: bytes) -> None:
    """Somebody brings RESYNC.GLB to a requestor of any kind."""
    if isinstance(office, AskingSite):
        office.bring(data)
    elif isinstance(office, DiskPostoffice):
        with Maildata(office.root, durable=False).change() as change:
            change.write(RESYNC, data)
    elif isinstance(office, Postoffice) and office.inbox is not None:
        MemoryFolder.write(office.inbox, resync.FILE, data)
