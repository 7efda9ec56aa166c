"""The connector ``ldap``: reads a live directory, and keeps the site's people there as contacts of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import chain

import attrs

from dxa.bulk import no_collector
from dxa.connector import Fault, LinkContext, Outcome, Parcel, ParcelKind, Phase, Report, Result, Wish, shaped
from dxa.entry import Entry, Verb
from dxa.errors import AddressError, ConfigError, DxaError, TransportError
from dxa_exchange.live import cookie as cookies
from dxa_exchange.live.client import Client
from dxa_exchange.live.delivery import Delivery
from dxa_exchange.live.errors import CutShort
from dxa_exchange.live.identity import UNIQUE_ID
from dxa_exchange.live.interface import Directory
from dxa_exchange.live.options import LdapOptions
from dxa_exchange.live.patience import Patience
from dxa_exchange.live.reading import Reading, Upsert
from dxa_exchange.live.server import Server as Login
from dxa_exchange.live.server import Tls
from dxa_exchange.live.servers import Kind, Server, has_dirsync, meet
from dxa_exchange.live.sources.dirsync import DirSyncSource
from dxa_exchange.live.sources.full import Full
from dxa_exchange.live.sources.interface import Source, StartOver
from dxa_exchange.live.sources.syncrepl import SyncreplSource
from dxa_exchange.live.sources.usn import ActiveDirectoryUsn, Exchange55Usn
from dxa_exchange.live.telling import Telling, Told
from dxa_exchange.people.codec import People
from dxa_exchange.people.faces import Faces
from dxa_exchange.people.members import Members

#: Everything that the peer tells.
ALL = frozenset({("", "")})
DAY = 86_400.0
#: Options that change how a server is reached, and not what its objects mean.
_MEANINGLESS = frozenset({"uri", "bind", "password", "method", "cleartext", "tls", "containers", "source", "replicate"})
_MEANINGLESS |= {"full_days", "page_size", "connect_timeout", "timeout", "attempts"}


class LdapConnector:
    """See `dxa.connector.Connector`, `Shaper` and `Narrator`. Reading removes nothing, so nothing is to be settled."""

    def __init__(
        self,
        context: LinkContext,
        connect: Callable[[Login], Directory] = Client,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._context, self._options = context, _options(context)
        login = self._options.server(context.folder)
        _check_files(context.link, login.tls)
        self._patience = Patience(lambda: connect(login), sleep, self._options.attempts)
        self._containers = self._options.parts()
        if not self._containers:
            key = f"links.{context.link}.ldap"
            raise ConfigError(key, ["neither `containers` nor `people.sync_container`: there is nothing to read"])

    # -- collecting ------------------------------------------------------------------------------------------------

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """One report: everything, or what has changed since the cookie."""
        known = cookies.parse(next(iter(since.values()), ""))
        yield self._patience.run(lambda directory: self._report(directory, known))

    def _report(self, directory: Directory, known: cookies.Cookie | None) -> Report:
        server = self._meet(directory)
        reading, telling = self._reading(directory, server), self._telling(server)
        try:
            return self._changed(known, reading, telling)
        except StartOver as why:
            reason = str(why)
        if known is not None:
            self._context.tell(0, f"everything is read: {reason}")
        return self._whole(reading, telling)

    def _changed(self, known: cookies.Cookie | None, reading: Reading, telling: Telling) -> Report:
        changes = reading.changes(known, self._context.now())
        told = telling.changes(changes.objects, reading)
        faces = Faces((self._options.people.spoken(),), self._context.types)
        rivals = telling.rivals(told, reading, faces)
        told.release(rivals)
        cookie = attrs.evolve(changes.cookie, rivals=sorted(rivals))
        count = len(told.transactions)
        self._context.tell(0, f"{reading.server.kind.value}: {count} change{'s' * (count != 1)} since the last time")
        return self._said(told, cookie=cookie, title="changes")

    def _whole(self, reading: Reading, telling: Telling) -> Report:
        everything = reading.everything(self._context.now())
        cut: list[CutShort] = []
        with no_collector():
            told = telling.everything(_until_cut(everything.objects, cut))
        kind, count = reading.server.kind.value, len(told.transactions)
        self._context.tell(0, f"{kind}: {count} recipients, {told.skipped} other objects")
        cookie = everything.cookie
        if cookie is not None:
            cookie = attrs.evolve(cookie, rivals=sorted(told.rivals()))
        elif reading.source.kind != Full.kind:
            why = "the account lacks a right for that, or the server a module"
            self._context.tell(0, f"changes cannot be told by {reading.source.kind}: {why}; everything is read")
        report = self._said(told, cookie=cookie, title="everything", whole=not cut)
        if cut:
            # What came counts as what it is; it says nothing of those who did not come.
            self._context.tell(cut[0].code, str(cut[0]))
            report = attrs.evolve(report, complete=False, title="a part of everything")
        return report

    def _said(self, told: Told, *, cookie: cookies.Cookie | None, title: str, whole: bool = False) -> Report:
        return Report(
            sender=self._context.link,
            receipt=_receipt(told, title),
            title=title,
            lists=ALL if whole else frozenset(),
            transactions=told.transactions,
            rejects=told.rejects,
            remarks=told.remarks,
            marked=frozenset(told.marked),
            # A server with more than it gives says so, and a part that it may not show is noticed by its base.
            counted=True,
            proves=True,
            cursor=str(cookie) if cookie else "",
        )

    def examine(self) -> Iterator[Fault]:
        """See `dxa.connector.Examiner`: whether the server answers, and lets us in."""
        try:
            self._patience.run(self._meet)
        except TransportError as error:
            yield Fault(text=str(error), warning=True)  # nothing is wrong with the configuration for all we know
        except DxaError as error:
            yield Fault(text=str(error))

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Connector`."""

    # -- delivering ------------------------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Make, change and take away contacts in the synchronisation container."""
        if parcel.kind is ParcelKind.NOTICE:
            yield Outcome(result=Result.DONE)
            return
        server = self._patience.run(self._meet)
        delivery = Delivery(
            directory=self._patience.directory(),
            people=self._writer,
            faces=self._faces,
            identity=server.identity,
            containers=self._containers,
        )
        lost = False
        run = delivery.give_back if parcel.back else delivery.run
        for outcome in run(parcel.transactions()):
            lost = lost or outcome.result is Result.RETRY
            yield outcome
        if lost:
            self._patience.close()

    @property
    def back_types(self) -> frozenset[str]:
        """See `GivesBack`: X500 addresses, if they are to flow back."""
        return frozenset({"X500"}) if self._options.people.backflow else frozenset()

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        """See `Narrator`: no connection outlives its cycle, for the server would end it meanwhile."""
        if phase in (Phase.ENDED, Phase.FAILED):
            self._patience.close()

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        """See `Shaper`."""
        return shaped(self._writer.shape, wishes)

    # -- how -------------------------------------------------------------------------------------------------------

    def _meet(self, directory: Directory) -> Server:
        return meet(directory, self._options.people.dialect == "ex55")

    def _reading(self, directory: Directory, server: Server) -> Reading:
        wanted = dict.fromkeys(name for people in self._readers() for name in people.attributes())
        return Reading(
            directory=directory,
            server=server,
            source=self._source(directory, server),
            containers=self._containers,
            attributes=tuple(wanted),
            rules=self._rules(),
            full_after=self._options.full_days * DAY,
        )

    def _source(self, directory: Directory, server: Server) -> Source:
        chosen = self._options.source
        name = server.source() if chosen == "auto" else chosen
        if name == "dirsync" and has_dirsync(server):
            return DirSyncSource(directory, server, 0) if self._options.replicate else DirSyncSource(directory, server)
        if name == "usn" and server.kind is Kind.EXCHANGE55:
            return Exchange55Usn(directory, server, self._options.uri)
        if name == "usn" and server.kind is Kind.MICROSOFT:
            return ActiveDirectoryUsn(directory, server)
        if name == "syncrepl" and server.identity.attribute:
            return SyncreplSource(directory, server, self._options.uri)
        if name != "full":
            self._context.tell(0, f"{server.kind.value} at {self._options.uri} has no {name}; everything is read")
        return Full()

    def _telling(self, server: Server) -> Telling:
        members = Members() if self._options.members else None
        return Telling(
            people=self._readers(members),
            places=[each.place.strip("/") for each in self._containers],
            identity=server.identity,
            members=members,
        )

    def _readers(self, members: Members | None = None) -> list[People]:
        """One for each container: where an object lies is told as the path below the container's base."""
        options = self._options.people
        return [
            People(
                attrs.evolve(options, bases=(each.base,), drop=(*options.drop, UNIQUE_ID.attribute)),
                types=self._context.types,
                site=self._context.site,
                resolve=members.resolve if members else None,
            )
            for each in self._containers
        ]

    @cached_property
    def _writer(self) -> People:
        """It knows which attributes an object that is written may have on this server."""
        options = self._options.people
        classes = options.spoken().classes
        written = [name for kind in classes if kind.value == "custom" for name in classes[kind].written]
        available = self._patience.run(lambda directory: directory.schema(written))
        return People(options, types=self._context.types, site=self._context.site, available=available or None)

    @cached_property
    def _faces(self) -> Faces:
        return Faces((self._options.people.spoken(), self._writer.dialect), self._context.types)

    def _rules(self) -> str:
        """The digest of what objects mean: the options that say so, and the address types that are known."""
        options = attrs.asdict(self._options, recurse=False, filter=lambda field, _: field.name not in _MEANINGLESS)
        places = [(each.base, each.place) for each in self._containers]
        types = [(kind.name, kind.aliases) for kind in self._context.types]
        text = repr((sorted(options.items()), places, types, self._context.site))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def open_connector(context: LinkContext) -> LdapConnector:
    """The connector of a link."""
    return LdapConnector(context)


def _options(context: LinkContext) -> LdapOptions:
    options = context.options
    assert isinstance(options, LdapOptions)
    return options


def _check_files(link: str, tls: Tls) -> None:
    """The library says nothing of use about files that are not there."""
    found = {"ca_file": tls.ca_file, "certificate": tls.certificate, "key": tls.key}
    missing = [f"{name}: {path} is no file" for name, path in found.items() if path is not None and not path.is_file()]
    if missing:
        raise ConfigError(f"links.{link}.ldap.tls", missing)


def _until_cut(objects: Iterable[Upsert], cut: list[CutShort]) -> Iterator[Upsert]:
    """The objects until the server stops; then `cut` has the reason."""
    try:
        yield from objects
    except CutShort as problem:
        cut.append(problem)


def _receipt(told: Told, title: str) -> str:
    """The same for the same content, whoever reads it again."""
    sides = [side for each in told.transactions if (side := each.new or each.old) is not None]
    heads = chain.from_iterable((*side[:5], side.anchor) for side in sides)
    fields = chain.from_iterable(chain.from_iterable(side.fields for side in sides))
    text = "\x1f".join(chain([title, str(len(sides))], heads, fields, sorted(told.marked)))
    return f"{title}:{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
