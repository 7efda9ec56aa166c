"""The shadow postoffice: how the site appears to MS Mail, and how its mail comes and goes.

NET is the organization, PO the site. It has all the folders of a postoffice, no users and no PROCESS.GLB (KB Q149451,
Q181951). Every configured requestor is a postoffice that it knows, and so are those to which the configuration gives a
way: mail is put into their folders, or given to another postoffice on the way (`dxa_msmail.shadowroutes`). SRVCONF.GLB
shows the numbers that the requestors were told; dxa's own memory is its store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import attrs

from dxa.connector import LinkContext
from dxa.dirsync.messages import Reply
from dxa.errors import FormatError, TransportError, UsageError
from dxa_msmail import shadowroutes
from dxa_msmail.postoffice import networks, tree
from dxa_msmail.postoffice.bag import Bag
from dxa_msmail.postoffice.dirsyncconf import Requestor, Srvconf, read_srvconf, write_srvconf
from dxa_msmail.postoffice.identity import identity, name_of
from dxa_msmail.postoffice.mailbag import MOST
from dxa_msmail.postoffice.maildata import Changing, Files, Maildata
from dxa_msmail.postoffice.mailfolder import MailbagFolder
from dxa_msmail.postoffice.networks import RouteKind, Wanted, name_key

#: A mailbag in which so many letters wait is told to the administrator (dx:T-205).
DEEP = MOST * 3 // 4
#: And one in which a letter lies for more seconds than a cycle a day needs (dx:T-249).
OLD = 86_400.0


@attrs.define(kw_only=True)
class Shadow:
    """The shadow postoffice `name` (NET/PO) in the folder `root`.

    `peers` are its requestors, `wanted` the postoffices that it knows and the ways to them: those of the requestors,
    and of others behind which some of them are. It is made, and its list of postoffices brought up to date, at its
    first use.
    """

    root: Path
    name: str
    peers: Collection[str]
    clock: Callable[[], float]
    wanted: Collection[Wanted] = ()
    #: A disk or share that should be mounted is not mistaken for a postoffice that nobody has made yet.
    create: bool = True
    tell: Callable[[int, str], None] = lambda _number, _text: None
    durable: bool = True
    step: Callable[[str], None] = lambda _what: None
    #: Whether it is there, as it should be.
    is_ready: bool = attrs.field(default=False, init=False)
    _told: dict[str, Reply] = attrs.field(factory=dict, init=False)
    _cycle: int = attrs.field(default=0, init=False)

    def folder(self) -> ShadowFolder:
        """Its mail as a message folder."""
        maildata = Maildata(self.root, durable=self.durable, step=self.step)
        return ShadowFolder(maildata, self.clock, shadow=self)

    def told(self, peer: str, reply: Reply) -> None:
        """A requestor is told these numbers; SRVCONF.GLB shows them when the letter has been submitted."""
        self._told[peer] = reply

    # -- what the folder calls -------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the postoffice if there is none, and its list of postoffices what is configured.

        Raises `UsageError` when the folder holds something else, `TransportError`, also when it may not be made.
        """
        self.is_ready, self._cycle = False, 0
        network, _, postoffice = self.name.partition("/")
        try:
            maildata = tree.open_postoffice(self.root, durable=self.durable, step=self.step)
        except UsageError:  # there is none; a folder that holds something else is refused now
            if not self.create and not self.root.is_dir():
                raise TransportError(
                    f"there is no shadow postoffice in {self.root}; is the disk or share mounted that it lies on? `dxa "
                    f"msmail postoffice create {self.root} --network {network} --postoffice {postoffice} --shadow` "
                    "makes a new one"
                ) from None
            self.tell(0, f"made the shadow postoffice {self.name} in {self.root}: there was none")
            maildata = tree.create(
                self.root,
                network=network,
                postoffice=postoffice,
                shadow=True,
                serial=int(self.clock()) & 0xFFFFFFFF,
                durable=self.durable,
                step=self.step,
            )
        with maildata.look() as files:
            self._require_ours(files)
            current = shadowroutes.is_current(files, self.wanted)
        if not current:
            with maildata.change() as change:
                self._route(change)
        self.is_ready = True

    def _require_ours(self, files: Files) -> None:
        master = identity(files)
        if name_key(master.name) != name_key(self.name) or not master.shadow:
            what = "shadow postoffice" if master.shadow else "postoffice"
            raise UsageError(
                f"{self.root} is the {what} {master.name}, and the link wants the shadow postoffice {self.name}; give "
                "the link another folder, or the names that are there"
            )

    def _route(self, change: Changing) -> None:
        try:
            shadowroutes.establish(change, self.wanted)
        except FormatError:
            # KB Q201120 (dx:T-202): what is configured comes back, and whatever else can still be read.
            networks.rebuild_networks(change, self.wanted)

    def write_numbers(self, change: Changing) -> None:
        """Put the numbers that were told into SRVCONF.GLB; one that is damaged is made anew, for it is a copy."""
        if not self._told:
            return
        try:
            conf = read_srvconf(change) or Srvconf()
        except FormatError:
            conf = Srvconf()
        self._cycle = self._cycle or conf.head.cycle + 1
        known = {row.name.casefold(): row for row in conf.requestors}
        for peer, reply in self._told.items():
            name = f"PCM:{peer}" if "/" in peer else peer
            known[name.casefold()] = attrs.evolve(
                known.get(name.casefold()) or Requestor(name=name),
                req=reply.r,
                srv=reply.s,
                imp=reply.i,
                cycle=self._cycle,
                updated=int(self.clock()) & 0xFFFFFFFF,
            )
        here = {(f"PCM:{peer}" if "/" in peer else peer).casefold() for peer in self.peers}
        sync = max([conf.head.sync, *(reply.s for reply in self._told.values())])
        head = attrs.evolve(conf.head, sync=sync, cycle=self._cycle)
        write_srvconf(change, Srvconf(head=head, requestors=tuple(row for key, row in known.items() if key in here)))
        self._told = {}


@attrs.define
class ShadowFolder(MailbagFolder):
    """The mail of a shadow postoffice, which is made when it is first looked at."""

    shadow: Shadow = attrs.field(kw_only=True)

    def names(self) -> list[str]:
        """See `MailbagFolder`: with it a cycle begins."""
        self.shadow.prepare()
        return MailbagFolder.names(self)

    def write(self, name: str, data: bytes) -> None:
        """See `MailbagFolder`."""
        if not self.shadow.is_ready:
            self.shadow.prepare()
        MailbagFolder.write(self, name, data)

    def along(self, change: Changing) -> None:
        """See `MailbagFolder`."""
        self.shadow.write_numbers(change)

    def warnings(self) -> Sequence[str]:
        """See `Folder`: mailbags that fill up (dx:T-205), mail that nobody moves or carries on (dx:T-249), and what
        is damaged.
        """
        root = self.postoffice.root
        advice = "is its mail fetched, and does `dxa msmail external` run?"
        found = []
        for name, queue in self.queues().items():
            if isinstance(queue, str):
                found.append(f"{name} of {root} is damaged: {queue}")
                continue
            mail = "letter waits" if queue.letters == 1 else "letters wait"
            what = f"{queue.letters} {mail} in the mailbag {name} of {root}"
            if queue.letters >= DEEP:
                found.append(f"{what}, which can hold {MOST}; {advice}")
            elif queue.age > OLD and name != self.inbox:  # what lies there is read in this very cycle
                found.append(f"{what}, the oldest for {int(queue.age // 3600)} hours; {advice}")
        return [*found, *self._bags()]

    def _bags(self) -> Iterator[str]:
        """Which bags nobody carries on, or cannot be reached."""
        with self.postoffice.look() as files:
            try:
                own, rows = name_of(files), list(networks.postoffices(files).values())
            except FormatError:  # the mailbags say so
                return
        for row in rows:
            if row.route.kind is RouteKind.BAG:
                bag = Bag.of(self.postoffice, own, row)
                try:
                    letters, age = bag.forgotten(self.clock())
                except TransportError as error:
                    yield str(error)
                    continue
                if letters:
                    mail = "letter lies" if letters == 1 else "letters lie"
                    yield (
                        f"{letters} {mail} for {row.full} in the bag {bag.path}, the oldest for {int(age // 3600)} "
                        "hours; does somebody take them, or carry them on?"
                    )


def open_shadow(context: LinkContext, path: str, name: str) -> Shadow:
    """The shadow postoffice in `path`; that and the folders of other postoffices start at the site's folder.

    One that is to be elsewhere must be there: it may lie on a disk that is not mounted now.
    """
    root = context.folder / path
    return Shadow(
        root=root,
        name=name,
        peers=[info.name for info in context.peers.values()],
        clock=context.now,
        wanted=shadowroutes.wanted_of(context, root),
        create=not Path(path).is_absolute(),
        tell=context.tell,
    )
