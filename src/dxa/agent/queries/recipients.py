"""Questions about recipients: which there are, and how each stands with each peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from unicodedata import combining, normalize

from dxa.agent.queries.standing import Standing
from dxa.agent.queries.values import ExportShown, RecipientDetail, RecipientShown
from dxa.agent.site import OpenSite
from dxa.config import Peer
from dxa.errors import AddressError, NotFoundError, UsageError
from dxa.ledger.view import Line
from dxa.recipient import Kind, Recipient, inside
from dxa.rules.exports import why_absent
from dxa.rules.scope import why_not

#: So many candidates are named when a name is not enough.
FEW = 5


def recipients(
    site: OpenSite,
    *,
    text: str = "",
    kind: str | None = None,
    container: str | None = None,
    owner: str | None = None,
    hidden: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[RecipientShown], int]:
    """A page of the recipients that fit, by name, and how many fit."""
    named = site.store.listings.named(
        kind=None if kind is None else Kind(kind).value,
        owner=site.config.peer(owner).id if owner else owner,
        hidden=hidden,
    )
    wanted = text.casefold()
    addressed = _addressed(site, wanted) if wanted else frozenset[int]()
    hits = [
        (_sorting(name), id_)
        for id_, name, alias, where in named
        if (container is None or inside(where, container))
        and (id_ in addressed or wanted in name.casefold() or wanted in alias.casefold())
    ]
    page = sorted(hits)[offset : None if limit is None else offset + limit]
    return [_shown(found) for found in site.store.directory.get(id_ for _, id_ in page).values()], len(hits)


def find_recipient(site: OpenSite, text: str) -> Recipient:
    """The recipient with that number, or the only one with that name, alias or address; raises `NotFoundError`."""
    directory = site.store.directory
    if text.isdecimal():
        found = directory.get([int(text)])
        if not found:
            raise NotFoundError(f"no recipient {text}; `dxa recipients list` shows them")
        return found[int(text)]
    if (holder := _holder(site, text)) is not None:
        return directory.get([holder])[holder]
    wanted = text.casefold()
    hits = [r.id for r in site.store.listings.named() if wanted in (r.name.casefold(), r.alias.casefold())]
    if len(hits) == 1:
        return directory.get(hits)[hits[0]]
    if not hits:
        raise NotFoundError(f"no recipient is called {text!r} or has such an address; `dxa recipients list` shows all")
    few = ", ".join(f"{found.id} ({found.name}, {found.container})" for found in directory.get(hits[:FEW]).values())
    raise UsageError(f"{len(hits)} recipients are called {text!r}; give the number of one: {few}")


def recipient(site: OpenSite, text: str) -> RecipientDetail:
    """One recipient, and how it stands with each peer."""
    found = find_recipient(site, text)
    return RecipientDetail(
        id=found.id,
        kind=found.kind.value,
        name=found.name,
        alias=found.alias,
        container=found.container,
        target=None if found.target is None else str(found.target),
        proxies=tuple(map(str, found.proxies)),
        owner=found.owner,
        trust=found.trust,
        hidden=found.hidden,
        fields=dict(found.fields),
        exports=tuple(_exports(site, found)),
    )


def _exports(site: OpenSite, found: Recipient) -> Iterator[ExportShown]:
    standing = Standing(site)

    @cache
    def lines(view: int) -> Iterable[Line]:
        return list(site.store.views.live(view, [found.id]).values())

    for peer in site.config.peers():
        view = standing.view(peer)
        yield _export(standing, peer, found, lines(view) if view is not None else [])


def _export(standing: Standing, peer: Peer, found: Recipient, lines: Iterable[Line]) -> ExportShown:
    pick, own = standing.pick(peer), standing.own_lists(peer)
    shown = next((line for line in lines if pick.shows(line.type, line.instead_of)), None)
    address = "" if shown is None else f"{shown.type}:{shown.address}"
    told = standing.told(peer, found)
    why = _why_not(standing, peer, found)
    if told is not None:
        return _absent(peer, f"its own entry: it told us {told.name!r}")
    if shown is not None and (shown.type, shown.list.casefold()) in own:
        return _absent(peer, f"{shown.list} is its own list")
    if shown is not None:
        return ExportShown(
            peer=peer.id,
            shown=True,
            name=shown.name,
            address=address,
            why=f"until the next sync: {why}" if why else _renamed(found, shown),
        )
    if not why:
        asked = ", ".join(sorted(pick.types)) or "nothing"
        why = f"type: it asked for {asked}" if list(lines) else "not yet: the next sync shows it"
    return _absent(peer, why)


def _absent(peer: Peer, why: str) -> ExportShown:
    return ExportShown(peer=peer.id, shown=False, name="", address="", why=why)


def _renamed(found: Recipient, line: Line) -> str:
    """Why the name at the peer is another one than here (dx:T-228)."""
    if line.name == found.name:
        return ""
    return "name made unique" if line.wanted != line.name else "name shaped to the peer's rules"


def _why_not(standing: Standing, peer: Peer, found: Recipient) -> str:
    if why := why_not(found, peer.exports):
        return why
    kind = standing.link(peer).connector
    return why_absent(
        found,
        types=standing.site.types,
        site_type=kind.traits.types[0],
        fallback=peer.fallback,
        gateways=peer.gateways,
    )


def _holder(site: OpenSite, text: str) -> int | None:
    """Who holds this address, if it is one."""
    if ":" not in text:
        return None
    try:
        key = site.types.key(site.types.parse(text))
    except AddressError:
        return None
    return site.store.directory.holders([key]).get(key)


def _addressed(site: OpenSite, wanted: str) -> frozenset[int]:
    addresses = site.store.listings.addresses()
    return frozenset(id_ for id_, type_, value in addresses if wanted in f"{type_}:{value}".casefold())


def _sorting(name: str) -> str:
    """The name as people look for it: ``Çelik`` stands with ``Celik``."""
    return "".join(char for char in normalize("NFKD", name) if not combining(char)).casefold()


def _shown(found: Recipient) -> RecipientShown:
    address = found.target or next(iter(found.proxies), None)
    return RecipientShown(
        id=found.id,
        kind=found.kind.value,
        name=found.name,
        alias=found.alias,
        container=found.container,
        address="" if address is None else str(address),
        owner=found.owner,
        trust=found.trust,
        hidden=found.hidden,
    )
