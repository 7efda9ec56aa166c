"""Questions about recipients: which there are, and how each stands with each peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from unicodedata import combining, normalize

from dxa.address import Address
from dxa.agent.queries.standing import Standing
from dxa.agent.queries.values import ExportShown, RecipientDetail, RecipientShown
from dxa.agent.site import OpenSite
from dxa.config import Peer
from dxa.errors import AddressError, NotFoundError, UsageError
from dxa.ledger.view import Line
from dxa.recipient import Kind, Recipient, inside
from dxa.rules.exports import why_absent
from dxa.rules.ownership import FORMER
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
        owner=site.config.peer(owner).id if owner and owner != FORMER else owner,
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
    return [shown(found) for found in site.store.directory.get(id_ for _, id_ in page).values()], len(hits)


def find_recipient(site: OpenSite, text: str) -> Recipient:
    """The recipient with that number, or the only one with that name, alias or address; raises `NotFoundError`."""
    directory = site.store.directory
    if text.isdecimal():
        found = directory.get([int(text)])
        if not found:
            raise NotFoundError(f"no recipient {text}; `dxa recipients list` shows them")
        return found[int(text)]
    if (holder := holder_of(site, text)) is not None:
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
        exports=tuple(exports(site, found)),
    )


def exports(site: OpenSite, found: Recipient) -> Iterator[ExportShown]:
    """How one recipient stands with each peer."""
    standing = Standing(site)

    @cache
    def lines(view: int) -> Iterable[Line]:
        return list(site.store.views.live(view, [found.id]).values())

    names = {view.id: view.name for link in site.config.links for view in site.store.views.of_link(link)}
    held = {row.scope: row.plan for row in site.store.held.all()}
    for peer in site.config.peers():
        view = standing.view(peer)
        scopes = (f"out {names.get(view or 0)}", f"out {peer.id}", f"full {peer.id}")
        plan = next((held[scope] for scope in scopes if scope in held), "")
        yield _export(standing, peer, found, lines(view) if view is not None else [], plan)


def _export(standing: Standing, peer: Peer, found: Recipient, lines: Iterable[Line], held: str) -> ExportShown:
    """`held` is the plan that keeps the peer, or its view, from what it should be shown."""
    pick = standing.pick(peer)
    waits = f"plan {held} is held: `dxa plan {held}`, then `dxa approve {held}` or `dxa reject {held}`" if held else ""
    shown = next((line for line in lines if pick.shows(line.type, line.instead_of)), None)
    address = "" if shown is None else f"{shown.type}:{shown.address}"
    told = standing.told(peer, found)
    why = _why_not(standing, peer, found)
    if told is not None:
        return _absent(peer, f"its own entry: it told us {told.name!r}")
    if shown is not None and (unsent := standing.why_unsent(peer, (shown.type, shown.list.casefold()))):
        return _absent(peer, unsent.format(shown.list))
    if shown is not None:
        return ExportShown(
            peer=peer.id,
            shown=True,
            name=shown.name,
            address=address,
            why=f"{waits or 'until the next sync'}: {why}" if why else _refused(standing, peer, found, shown),
        )
    if not why:
        asked = ", ".join(sorted(pick.types)) or "nothing"
        why = f"type: it asked for {asked}" if list(lines) else f"not yet: {waits or 'the next sync shows it'}"
    return _absent(peer, why)


def _absent(peer: Peer, why: str) -> ExportShown:
    return ExportShown(peer=peer.id, shown=False, name="", address="", why=why)


def _refused(standing: Standing, peer: Peer, found: Recipient, line: Line) -> str:
    """What the peer itself has against it, else why its name there is another one."""
    key = standing.site.types.key(Address(line.type, line.address))
    rejects = standing.site.store.rejects.list(peer=peer.id)
    refusal = next((each for each in rejects if each.message is None and each.raw == key), None)
    return f"not there: {refusal.reason} (reject {refusal.id})" if refusal else _renamed(found, line)


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


def holder_of(site: OpenSite, text: str) -> int | None:
    """Who holds this address, if it is one."""
    key = address_key(site, text)
    return None if key is None else site.store.directory.holders([key]).get(key)


def address_key(site: OpenSite, text: str) -> str | None:
    """The key of this address, if it is one."""
    if ":" not in text:
        return None
    try:
        return site.types.key(site.types.parse(text))
    except AddressError:
        return None


def _addressed(site: OpenSite, wanted: str) -> frozenset[int]:
    addresses = site.store.listings.addresses()
    return frozenset(id_ for id_, type_, value in addresses if wanted in f"{type_}:{value}".casefold())


def _sorting(name: str) -> str:
    """The name as people look for it: ``Çelik`` stands with ``Celik``."""
    return "".join(char for char in normalize("NFKD", name) if not combining(char)).casefold()


def shown(found: Recipient) -> RecipientShown:
    """One recipient, shortly."""
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
