"""The fault test's worlds with dxa as a requestor: two sites ask the server, beside a postoffice that does.

`AskingSite` stands where a postoffice of `memory` stands. What may go wrong and what must hold is that of the world
into which it is put: `AskingFolder` brings its mail as message files, `AskingMail` as e-mails, `AskingShadow`
through its own shadow postoffice to the server's, and in `AskingServed` the server is a postoffice with SRVMAIN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from dxa.agent.admin import Administrator
from dxa.connector import Connector, LinkContext
from dxa.entry import Fields
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.postoffice import resync
from dxa_msmail.postoffice.mailbag import INQUEUE
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import Wanted, direct
from dxa_msmail.postoffice.queue import RESYNC
from dxa_msmail.programs.resync import write as write_resync
from dxa_msmail.requestor.link import MsMailRequestor
from dxa_msmail.shadow import Shadow
from tests.worlds.askingsite import AskingSite
from tests.worlds.disk import DiskWorld
from tests.worlds.diskoffice import SERVER, DiskPostoffice
from tests.worlds.mail import MailWorld
from tests.worlds.memory import ALIASES, HOST, LINK, NAMES, NAMES_THERE, TEMPLATES, MemoryWorld
from tests.worlds.office import Postoffice
from tests.worlds.served import ServedWorld

#: Those who are sites; the one between them is a postoffice.
ASKING = (NAMES[0], NAMES[2])


class Asking(MemoryWorld):
    """The part that the worlds share; it stands before the one that makes a world of it."""

    #: What the server has made and nobody has brought yet, by requestor.
    files: Mapping[str, bytes] = {}
    #: Whoever takes a file that is for others, too, leaves its own list out.
    LEFT_OUT: ClassVar[frozenset[int]] = frozenset({66})

    def _office(self, name: str) -> Any:
        if name not in ASKING:
            return super()._office(name)
        people = dict(zip(self.random.sample(ALIASES, 3), self.random.sample(NAMES_THERE, 3), strict=True))
        root = self.folder / name.replace("/", "-")
        office = AskingSite(name, people, HOST, lambda: self.now, root.with_suffix(".site"), root, self.asks)
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


class AskingFolder(Asking, MemoryWorld):
    """Message files in memory; `folder` is for files that are brought."""

    def left_over(self) -> list[str]:
        """Messages that nobody has taken."""
        boxes = {SERVER: self.inbox, **{office.name: office.inbox for office in self.offices}}
        return [f"{name}: {file}" for name, box in boxes.items() for file in box.names()]

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {**MemoryWorld.ACTIONS, Asking.hand_over: 2}


class AskingMail(Asking, MailWorld):
    """E-mails between mailboxes in memory."""

    def asks(self, office: AskingSite, context: LinkContext) -> Connector:
        """See `Asking`."""
        post = self.post(office.name, [SERVER], office.fuse)
        post.mailbox = context.options.mailbox  # bounced requests come back to it
        return MsMailRequestor(context, post, post)

    def client(self, office: Any, work: Callable[[], Any]) -> None:
        """See `MailWorld`; a site begins each cycle as a new process."""
        if isinstance(office, AskingSite):
            MemoryWorld.client(self, office, work)
        else:
            MailWorld.client(self, office, work)

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = AskingFolder.ACTIONS


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

    def left_over(self) -> list[str]:
        """As before; but a site's cycle asks again as soon as it has taken an answer, and that waits for EXTERNAL."""
        asked = {f"{site.root.name}: 1 in {INQUEUE}" for site in self.sites()}
        return [line for line in super().left_over() if line not in asked]

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = AskingFolder.ACTIONS


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

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
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
