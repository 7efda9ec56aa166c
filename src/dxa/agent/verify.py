"""Whether everything of a site fits together: database, numbers, configuration, and what connectors say of their side.

Only what follows from something else is mended: views and cuts, which are made anew and sent in full, marks and
counters. Everything else is said, with what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import attrs

from dxa.agent.boundary import faults
from dxa.agent.owing import owed
from dxa.agent.site import OpenSite
from dxa.config import Link
from dxa.connector import Examiner
from dxa.errors import DxaError, StoreError, TransportError
from dxa.rules.ownership import FORMER, has_owner
from dxa.store import Damage, DamageKind
from dxa.store.highwater import asked
from dxa.worker import offered

#: What `repair` does about a damage, by its kind; the others need a person.
MENDS = {
    DamageKind.DIRECTORY: "the address is set free",
    DamageKind.RECEIVED: "the next sync plans it anew",
    DamageKind.TOLD: "the peer is sent everything",
    DamageKind.VIEW: "the view is made anew, and its peers are sent everything",
    DamageKind.CUT: "the peer is sent everything",
    DamageKind.OUTBOX: "the parcel is withdrawn, and the peer is sent everything",
    DamageKind.NUMBERS: "the numbers go on above it",
}
_ADVICE = {
    DamageKind.FILE: "restore the latest backup (`dxa restore FILE --force`)",
    DamageKind.SCHEMA: "restore the latest backup, or make the missing part with the tools of the database",
}


@attrs.frozen(kw_only=True)
class Found:
    """Something that does not fit: the `area`, what it is about, and what to do (`advice`) or what mends it (`repair`).

    A `warning` is no damage. `mended`: it was repaired.
    """

    area: str
    subject: str
    text: str
    repair: str = ""
    advice: str = ""
    warning: bool = False
    mended: bool = False


def verify(site: OpenSite, only: str = "") -> list[Found]:
    """Everything that does not fit, or what is about one link or peer; nothing is changed.

    Raises `NotFoundError` when there is no such link or peer.
    """
    scope = _Scope(site, only)
    found = [*_database(site), *_numbers(site), *_configuration(site), *_ownership(site)]
    return [each for each in found if scope.has(each)] + list(examine(site, scope.links()))


def repair(site: OpenSite, only: str = "") -> list[Found]:
    """The same, with what could be mended mended. The caller holds the site's lock."""
    before = verify(site, only)
    if any(each.area == DamageKind.FILE.value for each in before):
        return before  # nothing that is written to a broken file mends anything
    damages = [d for d in site.store.integrity.damages() if _Scope(site, only).has(_found(d, site))]
    with site.store.transaction():
        _mend(site, damages)
    with suppress(StoreError):  # a mark that cannot be read is told already
        _raise_numbers(site)
    left = verify(site, only)
    return left + [attrs.evolve(each, mended=True) for each in before if each.repair and each not in left]


# -- what is looked at -----------------------------------------------------------------------------------------------


class _Scope:
    """What a link or peer that was named concerns; the whole database when none was."""

    def __init__(self, site: OpenSite, only: str) -> None:
        self.site, self.names = site, set[str]()
        self.link = ""
        if not only:
            return
        named = [link for link in site.config.links.values() if link.name.casefold() == only.casefold()]
        self.link = named[0].name if named else site.config.peer(only).link
        self.names = {self.link} | ({p.id for p in named[0].peers.values()} if named else {site.config.peer(only).id})

    def has(self, found: Found) -> bool:
        """Whether that is about it."""
        return not self.names or found.subject in self.names or found.subject.partition("/view ")[0] == self.link

    def links(self) -> list[Link]:
        """The links to look at."""
        return [link for link in self.site.config.links.values() if not self.link or link.name == self.link]


def _database(site: OpenSite) -> Iterator[Found]:
    damages = list(site.store.integrity.damages())
    yield from (_found(damage, site) for damage in damages)
    if not any(damage.kind is DamageKind.FILE for damage in damages):
        yield from _readable(site)


def _found(damage: Damage, site: OpenSite) -> Found:
    subject = damage.subject
    if damage.kind is DamageKind.VIEW:
        names = {str(view.id): view.name for link in _links(site) for view in site.store.views.of_link(link)}
        subject = names.get(subject, f"view {subject}")
    mends = MENDS.get(damage.kind, "")
    return Found(
        area=damage.kind.value, subject=subject, text=damage.text, repair=mends, advice=_ADVICE.get(damage.kind, "")
    )


def _links(site: OpenSite) -> set[str]:
    return {row.link for row in site.store.peers.all()} | set(site.config.links)


def _readable(site: OpenSite) -> Iterator[Found]:
    """Whether every recipient can be read, and has the addresses that count as its own."""
    try:
        for recipient in site.store.directory.all():
            addresses = [*recipient.proxies, *([recipient.target] if recipient.target else [])]
            keys = {site.types.key(address) for address in addresses if address.type in site.types}
            strange = {holder for holder in site.store.directory.holders(keys).values() if holder != recipient.id}
            if strange or len(site.store.directory.holders(keys)) < len(keys):
                text = f"recipient {recipient.id} ({recipient.name!r}) has an address that does not count as its own"
                advice = f"`dxa recipients set {recipient.id} --proxy TYPE:ADDRESS` with that address again"
                yield Found(area=DamageKind.DIRECTORY.value, subject="", text=text, advice=advice)
    except (ValueError, KeyError, TypeError) as error:
        advice = _ADVICE[DamageKind.FILE]
        text = f"a recipient cannot be read: {error}"
        yield Found(area=DamageKind.DIRECTORY.value, subject="", text=text, advice=advice)


def _numbers(site: OpenSite) -> Iterator[Found]:
    """The file of the highest numbers is there, sound, and not behind what was issued."""
    area = "high-water mark"
    try:
        for link, issued in site.store.integrity.issued().items():
            kept = site.store.high_water.value(f"seq:{link}")
            highest = max(issued, site.store.highest(link))
            if kept < highest:
                text = f"{site.config.high_water.name} says {kept} for link {link}, and {highest} was given out"
                yield Found(area=area, subject=link, text=text, repair="the mark is raised")
        for row in site.store.peers.all():
            kept = site.store.high_water.value(asked(row.id))
            if kept < row.asking.last:
                text = f"{site.config.high_water.name} says {kept}, and {row.asking.last} was sent to this server"
                yield Found(area=area, subject=row.id, text=text, repair="the mark is raised")
    except StoreError as error:
        yield Found(area=area, subject="", text=str(error), advice="see there")


def _configuration(site: OpenSite) -> Iterator[Found]:
    """Peers that are stored and not configured any more."""
    configured = {peer.id for peer in site.config.peers()}
    for row in site.store.peers.all():
        if row.id not in configured:
            advice = f"`dxa peers remove {row.id}`, or `dxa peers takeover {row.link} LINK`"
            text = "it is not in dxa.toml any more, but what it told is kept"
            yield Found(area="configuration", subject=row.id, text=text, advice=advice, warning=True)


def _ownership(site: OpenSite) -> Iterator[Found]:
    """Recipients that belong to nobody who exists, or to peers that do not tell of them."""
    known = {peer.id for peer in site.config.peers()} | {row.id for row in site.store.peers.all()}
    for owner, count in sorted(site.store.listings.owned().items()):
        if not has_owner(owner) or owner == FORMER:
            continue
        if owner not in known:
            advice = f"`dxa peers takeover {owner.partition('/')[0]} LINK` gives them to another link's peers"
            text = f"{count} recipients belong to it, and it does not exist"
            yield Found(area="ownership", subject=owner, text=text, advice=advice)
            continue
        owned = {recipient.id for recipient in site.store.directory.search(owner=owner)}
        untold = owned - site.store.received.of_recipients(owner, owned).keys() - site.store.received.recipients(owner)
        if untold:
            few = ", ".join(map(str, sorted(untold)[:5]))
            text = f"{len(untold)} recipients belong to it, and it does not tell of them: {few}"
            advice = "they stay until it does; a full list from it, or `dxa explain`, says more"
            yield Found(area="ownership", subject=owner, text=text, advice=advice, warning=True)


def examine(site: OpenSite, links: Iterable[Link]) -> Iterator[Found]:
    """What connectors say of their own side; one that cannot be opened or asked is told, and the others go on."""
    for link in links:
        if not link.enabled:
            continue
        try:
            if examiner := offered(site.connector(link), Examiner):
                for fault in faults(link.connector.name, examiner):
                    subject = f"{link.name} ({fault.where})" if fault.where else link.name
                    yield Found(area="link", subject=subject, text=fault.text, warning=fault.warning)
        except DxaError as error:
            away = isinstance(error, TransportError)  # what cannot be reached now may be reached tomorrow
            yield Found(area="link", subject=link.name, text=str(error), warning=away)


# -- mending ---------------------------------------------------------------------------------------------------------


def _mend(site: OpenSite, damages: Iterable[Damage]) -> None:
    store, peers, views = site.store, set[str](), set[int]()
    kinds = set[DamageKind]()
    for damage in damages:
        kinds.add(damage.kind)
        if damage.kind is DamageKind.VIEW:
            views.add(int(damage.subject))
        elif damage.kind in (DamageKind.CUT, DamageKind.OUTBOX, DamageKind.TOLD):
            peers.add(damage.subject)
    if DamageKind.DIRECTORY in kinds:
        store.repairs.directory()
    if DamageKind.RECEIVED in kinds:
        store.repairs.received()
    for view in views:
        store.repairs.view(view)
    if DamageKind.TOLD in kinds:
        store.repairs.told()
    for peer in peers:
        store.repairs.cuts(peer)
    store.peers.put([owed(row) for row in store.peers.all() if row.id in peers or row.view in views])


def _raise_numbers(site: OpenSite) -> None:
    store = site.store
    issued = store.integrity.issued()
    store.repairs.numbers(issued)
    for link in issued:
        if store.high_water.value(f"seq:{link}") < store.highest(link):
            store.high_water.reserve(f"seq:{link}", store.highest(link))
    for row in store.peers.all():
        if store.high_water.value(asked(row.id)) < row.asking.last:
            store.high_water.reserve(asked(row.id), row.asking.last, exact=True)
