"""Questions about peers: how each stands, what to do about it, and what each is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import attrs

from dxa.agent.queries.plans import held
from dxa.agent.queries.standing import Standing
from dxa.agent.queries.values import (
    HeldShown,
    ListCount,
    NoticeShown,
    PeerDetail,
    PeerShown,
    PeerStatus,
    SiteStatus,
    stamp,
)
from dxa.agent.site import OpenSite
from dxa.config import Peer
from dxa.connector import Holds
from dxa.dirsync.requestor import State as Asking
from dxa.dirsync.server import State
from dxa.rules.scope import ExportRules, describe
from dxa.store import Living, PeerRow, Waiting

DAY = 86_400.0
#: After so many days without a word something is wrong: a weekend is no reason to worry.
SILENT_DAYS = 3


def status(site: OpenSite, only: str = "") -> SiteStatus:
    """How the site and its peers stand, or one of them."""
    knowing = _Knowing(site)
    wanted = [site.config.peer(only)] if only else list(site.config.peers())
    latest = site.store.journal.runs(1)
    return SiteStatus(
        organization=site.config.organization,
        site=site.config.name,
        recipients=site.store.listings.count(),
        last_run_at=latest[0].at if latest else None,
        peers=tuple(map(knowing.status, wanted)),
        held=tuple(knowing.held),
        notices=tuple(_notices(site)),
        leftovers=tuple(knowing.leftovers()),
        warnings=site.config.warnings,
    )


def peers(site: OpenSite) -> list[PeerShown]:
    """All peers with what they own and are shown."""
    knowing = _Knowing(site)
    return [knowing.shown(peer) for peer in site.config.peers()]


def peer(site: OpenSite, name: str) -> PeerDetail:
    """One peer with its rules."""
    knowing, found = _Knowing(site), site.config.peer(name)
    shown = knowing.shown(found)
    row = knowing.standing.rows.get(found.id)
    return PeerDetail(
        peer=shown.peer,
        link=shown.link,
        name=shown.name,
        connector=shown.connector,
        enabled=shown.enabled,
        owned=shown.owned,
        shown=shown.shown,
        heard_at=shown.heard_at,
        types=tuple(sorted(knowing.standing.pick(found).types)),
        templates=knowing.standing.pick(found).templates,
        limit=found.limit or (row.limit if row and row.limit else 0),
        password=found.password is not None,
        own_lists=(found.name, *found.own_lists) if knowing.standing.link(found).connector.traits.many_peers else (),
        exports=describe(found.exports),
        lists=tuple(count for count in knowing.lists([found]) if count.entries),
        status=knowing.status(found),
    )


def list_counts(site: OpenSite) -> list[ListCount]:
    """How many entries of which list each peer is shown; 0 for lists that only others are shown (dx:T-018)."""
    return list(_Knowing(site).lists(site.config.peers()))


@attrs.define(slots=False)
class _Knowing:
    """What the answers about peers are made of, read when it is first needed."""

    site: OpenSite

    @cached_property
    def standing(self) -> Standing:
        return Standing(self.site)

    @cached_property
    def held(self) -> list[HeldShown]:
        return held(self.site)

    @cached_property
    def pending(self) -> Mapping[str, int]:
        return self.site.store.listings.pending()

    @cached_property
    def rejects(self) -> Mapping[str, int]:
        return self.site.store.listings.rejects()

    @cached_property
    def waiting(self) -> Mapping[str, Waiting]:
        return self.site.store.listings.waiting()

    @cached_property
    def owned(self) -> Mapping[str, int]:
        return self.site.store.listings.owned()

    @cached_property
    def lines(self) -> list[Living]:
        return self.site.store.listings.lines()

    @cached_property
    def views(self) -> dict[int, str]:
        """The names of the views that plans are made for."""
        return {view.id: view.name for link in self.site.config.links for view in self.site.store.views.of_link(link)}

    # -- status ----------------------------------------------------------------------------------------------------

    def status(self, peer: Peer) -> PeerStatus:
        """How one peer stands."""
        row = self.standing.rows.get(peer.id)
        state = row.state if row is not None else State()
        r, s, i, confirmed, lag = self.numbers(peer, row)
        waiting = self.waiting.get(peer.id)
        heard_at = row.heard_at if row is not None else None
        return PeerStatus(
            peer=peer.id,
            link=peer.link,
            name=peer.name,
            holds=self.standing.link(peer).connector.traits.holds.value,
            r=r,
            s=s,
            i=i,
            confirmed=confirmed,
            lag=lag,
            last_request_at=heard_at,
            last_answer_at=row.answered_at if row is not None else None,
            age_seconds=None if heard_at is None else int(self.site.clock() - heard_at),
            pending=self.pending.get(peer.id, 0),
            rejects=self.rejects.get(peer.id, 0),
            held=tuple(plan.plan for plan in self.held_for(peer, row)),
            export_needed=state.export_needed,
            full_answer=state.full.value,
            waiting=waiting.parcels if waiting else 0,
            waiting_since_at=waiting.since if waiting else None,
            not_exported=_left_out(peer.exports),
            note=row.note if row is not None else "",
            advice="; ".join(self.advice(peer, row, state)),
        )

    def held_for(self, peer: Peer, row: PeerRow | None) -> Iterator[HeldShown]:
        """The held plans that concern a peer: its own, and that of the view that it sees."""
        scopes = {f"in {peer.id}", f"out {peer.id}", f"full {peer.id}"}
        if row is not None and row.view in self.views:
            scopes.add(f"out {self.views[row.view]}")
        return (plan for plan in self.held if plan.scope in scopes)

    def numbers(self, peer: Peer, row: PeerRow | None) -> tuple[int | None, ...]:
        """R, S, I, what is confirmed of what was sent, and what is not."""
        holds = self.standing.link(peer).connector.traits.holds
        if holds is Holds.QUOTED:
            state = row.state if row is not None else State()
            return state.r, state.s, state.i, state.confirmed, state.s - state.confirmed
        if holds is Holds.QUEUED:
            asking = row.asking if row is not None else Asking()
            return asking.last, asking.s, asking.i, asking.acked, asking.last - asking.acked
        return (None,) * 5

    def advice(self, peer: Peer, row: PeerRow | None, state: State) -> Iterator[str]:
        """What to do about a peer, the most urgent first."""
        if not self.standing.link(peer).enabled:
            yield f"link {peer.link} is switched off (enabled = false)"
            return
        if state.export_needed:
            yield state.export_needed
        if (waiting := self.waiting.get(peer.id)) is not None:
            what = "1 parcel waits" if waiting.parcels == 1 else f"{waiting.parcels} parcels wait"
            why = "it cannot" if waiting.parcels == 1 else "they cannot"
            yield f"{what} since {stamp(waiting.since)}: see why {why} be delivered, then `dxa sync`"
        yield from self.silence(peer, row)
        for plan in self.held_for(peer, row):
            what = "1 change is held" if plan.count == 1 else f"{plan.count} changes are held"
            yield f"{what}: `dxa approve {plan.plan}` or `dxa reject {plan.plan}`"
        if count := self.rejects.get(peer.id):
            what = "1 record" if count == 1 else f"{count} records"
            yield f"{what} could not be used: see `dxa rejects list --peer {peer.id}`"

    def silence(self, peer: Peer, row: PeerRow | None) -> Iterator[str]:
        """Peers that are not heard (dx:T-220), or that do not hear us: then the transport may not run (dx:T-249)."""
        quotes, now = self.standing.quotes(peer), self.site.clock()
        if row is None or row.heard_at is None:
            yield "never heard: have it send its first request" if quotes else "never read: run `dxa sync`"
            return
        days = int((now - row.heard_at) // DAY)
        if days >= SILENT_DAYS and not quotes:
            yield f"not read for {days} days: is `dxa sync` run?"
        elif days >= SILENT_DAYS:
            way = "its transport, its schedule and the address it sends to"
            yield f"no message from {peer.name} for {days} days: look at {way}"

    def leftovers(self) -> Iterator[str]:
        """Peers that are stored and not configured any more."""
        configured = {peer.id for peer in self.site.config.peers()}
        for id_ in self.standing.rows.keys() - configured:
            yield f"{id_} is not in dxa.toml any more, but what it told is kept: `dxa peers remove {id_}`"

    # -- what they see ---------------------------------------------------------------------------------------------

    def shown(self, peer: Peer) -> PeerShown:
        """One peer."""
        link, row = self.standing.link(peer), self.standing.rows.get(peer.id)
        return PeerShown(
            peer=peer.id,
            link=peer.link,
            name=peer.name,
            connector=link.connector.name,
            enabled=link.enabled,
            owned=self.owned.get(peer.id, 0),
            shown=sum(self.cells(peer).values()),
            heard_at=row.heard_at if row is not None else None,
        )

    def cells(self, peer: Peer) -> dict[tuple[str, str], int]:
        """How many entries of which (type, list) a peer is shown."""
        standing = self.standing
        pick, view = standing.pick(peer), standing.view(peer)
        found: dict[tuple[str, str], int] = {}
        for in_view, type_, instead_of, list_, count in self.lines:
            if in_view != view or not pick.shows(type_, instead_of):
                continue
            if not standing.why_unsent(peer, (type_, list_.casefold())):
                found[type_, list_] = found.get((type_, list_), 0) + count
        return found

    def lists(self, wanted: Iterable[Peer]) -> Iterator[ListCount]:
        """The matrix of peers and lists."""
        known = list(dict.fromkeys((type_, list_) for _, type_, _, list_, _ in self.lines))
        for peer in wanted:
            cells, own = self.cells(peer), self.standing.own_lists(peer)
            for type_, list_ in known:
                entries, mine = cells.get((type_, list_), 0), (type_, list_.casefold()) in own
                yield ListCount(peer=peer.id, type=type_, list=list_, entries=entries, own=mine)


def _left_out(rules: ExportRules) -> tuple[str, ...]:
    """The kinds of recipients that are not exported (dx:T-012: never a surprise)."""
    if not rules.containers:
        return ("anything (no export containers)",)
    kinds = {
        "mailboxes": rules.mailboxes,
        "custom recipients made by hand": rules.manual_custom,
        "custom recipients told by peers": rules.imported_custom,
        "distribution lists": rules.lists,
        "public folders": rules.folders,
    }
    return tuple(kind for kind, exported in kinds.items() if not exported)


def _notices(site: OpenSite) -> Iterator[NoticeShown]:
    for notice in site.store.notices.open():
        known = (
            notice.peer.startswith((f"{notice.link}/", "out ", "in ", "full ", "undo ")) or notice.peer == notice.link
        )
        name = notice.peer if known else f"{notice.link}/{notice.peer}".rstrip("/")
        yield NoticeShown(peer=name, code=max(notice.code, 0), text=notice.text, noticed_at=notice.at)
