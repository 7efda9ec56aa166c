"""Outbound, first half: what the directory means for the views.

Peers with equal export rules share a view. A view is advanced once per cycle, as a plan; only recipients that may have
changed are looked at, unless the rules themselves have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

import attrs

from dxa.agent.containers import empty_of
from dxa.agent.context import ABSENT, NO_CONTAINER, LinkWork
from dxa.agent.defining import Definitions, Misfits
from dxa.change import Change
from dxa.config import Peer
from dxa.errors import AddressError
from dxa.ledger.view import LISTS, FormKey, Line, Wish, advance, settle_names
from dxa.plan import Facts, Limits, Plan, make_plan
from dxa.recipient import Recipient, inside
from dxa.rules.exports import ExportLine, lines, why_absent
from dxa.rules.naming import Names
from dxa.rules.scope import why_not
from dxa.store import PeerRow, ViewRow


def assign_views(work: LinkWork) -> dict[int, list[Peer]]:
    """Give every peer its view; returns the peers of each view.

    A view belongs to one set of export rules. When the rules of all its peers change alike, the view takes the new
    rules and is compared with them; a peer that leaves its companions gets another view.
    """
    rows = work.store.peers.of_link(work.link.name)
    views = {view.id: view for view in work.store.views.of_link(work.link.name)}
    groups: dict[str, list[Peer]] = {}
    for peer in work.link.peers.values():
        groups.setdefault(peer.export_digest, []).append(peer)
    by_rules = {view.wanted: view for view in views.values()}
    changed: list[PeerRow] = []
    result: dict[int, list[Peer]] = {}
    for rules, peers in groups.items():
        view = by_rules.get(rules) or _inherited(work, views, rows, rules, peers) or _new_view(work, rules)
        by_rules[rules] = view
        result[view.id] = peers
        for peer in peers:
            row = rows.get(peer.name.casefold()) or work.new_row(peer)
            if row.view != view.id:
                changed.append(attrs.evolve(row, view=view.id))
    if changed:
        work.store.peers.put(changed)
    return result


def _inherited(
    work: LinkWork, views: Mapping[int, ViewRow], rows: Mapping[str, PeerRow], rules: str, peers: list[Peer]
) -> ViewRow | None:
    """The view that these very peers had under other rules; it takes the new ones."""
    had = {row.view for peer in peers if (row := rows.get(peer.name.casefold())) is not None}
    if len(had) != 1:
        return None
    view = views.get(had.pop() or 0)
    configured = {peer.name.casefold() for peer in work.link.peers.values()}
    stays = {row.name.casefold() for row in rows.values() if view and row.view == view.id} & configured
    if view is None or not stays <= {peer.name.casefold() for peer in peers}:
        return None
    view = attrs.evolve(view, wanted=rules)
    work.store.views.update(view)
    return view


def _new_view(work: LinkWork, rules: str) -> ViewRow:
    return work.store.views.create(work.link.name, rules)


def advance_view(work: LinkWork, view_id: int, peers: list[Peer]) -> Plan | None:
    """Bring one view up to the directory, as far as guards let it; None when nothing can have changed."""
    store = work.store
    view = store.views.get(view_id)
    usn = store.directory.usn()
    if view.rules == view.wanted and view.usn == usn:
        work.release(f"out {view.name}")
        return None
    with store.transaction():
        return _Advance(work, view, peers).run(usn)


class _Advance:
    def __init__(self, work: LinkWork, view: ViewRow, peers: list[Peer]) -> None:
        self.work, self.view, self.peers, self.peer = work, view, peers, peers[0]
        self.scope = f"out {view.name}"
        self.rules_changed = bool(view.rules) and view.rules != view.wanted
        self.definitions = Definitions(work, self.peer) if work.connector_type.traits.definitions else None
        #: The definitions of the lists whose definitions are looked at, as they should be.
        self.defined: dict[FormKey, Line] = {}

    def run(self, usn: int) -> Plan:
        store, view = self.work.store, self.view
        wishes, live = self.touched()
        after = self.settled(live, wishes)
        changes = self.changes(live, after)
        plan = self.plan(changes)
        if len(plan.ready) < len(changes):
            # Names depend on each other: what is not ready keeps its name, so the rest settles anew.
            ready = {change.key for change in plan.ready}
            live = {form: line for form, line in live.items() if _key(form) in ready}
            self.defined = {form: line for form, line in self.defined.items() if _key(form) in ready}
            after = self.settled(live, {form: wish for form, wish in wishes.items() if _key(form) in ready})
        head = self.write(live, after)
        done = not plan.holds
        store.views.update(
            attrs.evolve(view, head=head, usn=usn if done else view.usn, rules=view.wanted if done else view.rules)
        )
        store.verdicts.drop(self.scope, plan.approved)
        self.work.hold(plan)
        return plan

    def touched(self) -> tuple[dict[FormKey, Wish], dict[FormKey, Line]]:
        """What should be shown of every recipient that may have changed, and what is shown."""
        store = self.work.store
        everybody = self.view.rules != self.view.wanted or not self.view.usn
        if everybody:
            recipients: Iterable[Recipient] = store.directory.all()
            live = {line.form: line for line in store.views.live_all(self.view.id)}
        else:
            ids = sorted({*store.directory.changed_since(self.view.usn), *self.in_redefined()})
            recipients = store.directory.get(ids).values()
            live = store.views.live(self.view.id, ids)
        wishes: dict[FormKey, Wish] = {}
        absent: list[str] = []
        misfits = Misfits()
        for recipient in recipients:
            forms = self.forms(recipient, absent)
            misfits.note(forms)
            for form in forms:
                wishes[(recipient.id, form.instead_of)] = _wish(form, recipient.owner)
        self.report_absent(absent)
        misfits.keep(self.work, self.peers, None if everybody else _addresses([*live.values(), *wishes.values()]))
        # A definition is told before the values that it asks for.
        return wishes, self.define(wishes.values()) | live

    def in_redefined(self) -> set[int]:
        """Everybody in lists whose definition has changed: their values follow it."""
        if self.definitions is None:
            return set()
        views, id_ = self.work.store.views, self.view.id
        live = views.live(id_, [LISTS])
        lists = {(line.type, line.list) for line in live.values()} | set(views.carried(id_))
        wanted = self.definitions.lines(lists)
        differ = [live.get(form) or wanted[form] for form in live.keys() | wanted if live.get(form) != wanted.get(form)]
        return {line.recipient for line in views.live_of(id_, [(line.type, line.list) for line in differ])} - {LISTS}

    def define(self, wishes: Iterable[Wish]) -> dict[FormKey, Line]:
        """Say how all lists should be defined; returns how they are."""
        if self.definitions is None:
            return {}
        carried = {
            (type_, list_.casefold()): (type_, list_) for type_, list_ in self.work.store.views.carried(self.view.id)
        }
        shown = {(wish.type, wish.list.casefold()): (wish.type, wish.list) for wish in wishes}
        self.defined = self.definitions.lines((shown | carried).values())
        return self.work.store.views.live(self.view.id, [LISTS])

    def forms(self, recipient: Recipient, absent: list[str]) -> tuple[ExportLine, ...]:
        """What the recipient looks like in this view; why it cannot be shown goes into `absent`."""
        peer, types, traits = self.peer, self.work.types, self.work.connector_type.traits
        native, fallback = traits.types[0], peer.fallback and not traits.every_type
        if why_not(recipient, peer.exports):
            return ()
        try:
            forms = lines(
                recipient,
                types=types,
                naming=peer.names,
                site_type=native,
                fallback=fallback,
                gateways=peer.gateways,
                attributes=peer.attributes,
                defined=self.definitions.of if self.definitions else None,
                whole=traits.shows_recipients,
                named=traits.mutual,
            )
        except AddressError as error:
            absent.append(f"{recipient.name!r}: {error}")
            return ()
        if not forms or (recipient.target is not None and recipient.target.type != native):
            why = why_absent(recipient, types=types, site_type=native, fallback=fallback, gateways=peer.gateways)
            absent += [f"{recipient.name!r}: {why}"] if why else []
        return forms

    def report_absent(self, absent: list[str]) -> None:
        """Recipients that have no address or name for these peers are never left out in silence (dx:T-025)."""
        if absent:
            few = "; ".join(absent[:5]) + (f"; and {len(absent) - 5} more" if len(absent) > 5 else "")
            self.work.tell_anew(self.scope, ABSENT, f"{len(absent)} recipients cannot be shown: {few}")

    def settled(self, live: Mapping[FormKey, Line], wishes: Mapping[FormKey, Wish]) -> dict[FormKey, Line]:
        wanted = [(wish.type, wish.list, wish.name) for wish in wishes.values()]
        taken = self.work.store.views.slots(self.view.id, wanted)
        people = {form: line for form, line in live.items() if form[0] != LISTS}
        return self.defined | settle_names(people, wishes, Names(taken), self.peer.names)

    def changes(self, live: Mapping[FormKey, Line], after: Mapping[FormKey, Line]) -> list[Change[str, Line]]:
        """What differs, by form."""
        result: list[Change[str, Line]] = []
        for form, line in live.items():
            if form not in after:
                result.append(Change(_key(form), line, None, "no longer shown"))
        for form, line in after.items():
            old = live.get(form)
            if old != line:
                result.append(Change(_key(form), old, line, "changed" if old else "shown"))
        return result

    def plan(self, changes: list[Change[str, Line]]) -> Plan:
        """What of it may happen now."""
        store = self.work.store
        touched = any(change.before is not None for change in changes)
        empty, moved = self.out_of_gone(changes)
        facts = Facts(
            total=store.views.count(self.view.id) if touched else 0,
            rules_changed=self.rules_changed,
            gone=empty,
            moved=moved,
        )
        approved, rejected = store.verdicts.of(self.scope) if changes else (frozenset(), frozenset())
        if rejected:  # whoever is not in the directory any more is not kept here by an old rejection
            ended = {c.key: c.before.recipient for c in changes if c.before is not None and c.after is None}
            gone = store.directory.gone(ended.values())
            left = {key for key, recipient in ended.items() if recipient in gone}
            rejected = frozenset(print_ for print_ in rejected if print_.key not in left)
        # What changed in the directory has passed the guards on its way in; it is not held a second time.
        limits = self.peer.guards if self.rules_changed else uncounted(self.peer.guards)
        return make_plan(self.scope, changes, facts, limits, approved, rejected)

    def out_of_gone(self, changes: list[Change[str, Line]]) -> tuple[tuple[str, ...], frozenset[str]]:
        """The export containers that nobody is in any more, and the keys of those who go because they have left these.

        They are at the site still, in none that is exported. It is told, once while it is so.
        """
        store, wanted = self.work.store, self.peer.exports.containers
        ended = [(c.before.recipient, c.key) for c in changes if c.before is not None and c.after is None]
        here = store.directory.get(id_ for id_, _ in ended) if ended else {}
        outside = {id_ for id_, each in here.items() if not any(inside(each.container, parent) for parent in wanted)}
        empty = empty_of(store, wanted) if outside else ()
        were = store.journal.left(outside) if empty else {}
        # Not the last one alone: between two cycles somebody may have been moved more than once.
        left = {id_: {each for each in empty if any(inside(was, each) for was in all_)} for id_, all_ in were.items()}
        gone = tuple(each for each in empty if any(each in those for those in left.values()))
        if not gone:
            store.notices.clear(self.scope, NO_CONTAINER)
            return (), frozenset()
        self.work.tell_anew(self.scope, NO_CONTAINER, f"nobody is in {', '.join(gone)}, which is to be exported")
        return gone, frozenset(key for id_, key in ended if left.get(id_))

    def write(self, live: Mapping[FormKey, Line], after: Mapping[FormKey, Line]) -> int:
        """Number and store the transitions; returns the view's head."""
        numbers = count(0)
        steps = advance(live, after, numbers.__next__)
        if not steps:
            return self.view.head
        first = self.work.store.next_numbers(self.work.link.name, len(steps))
        steps = [step._replace(number=first + step.number) for step in steps]
        self.work.store.views.write(self.view.id, steps)
        return steps[-1].number


def _wish(form: ExportLine, owner: str) -> Wish:
    type_, instead_of, list_, name, address, fields, _ = form
    return Wish(type_, instead_of, list_, name, address, fields, owner)


def _addresses(shown: Iterable[Line | Wish]) -> set[str]:
    return {f"{each.type}:{each.address}" for each in shown}


def _key(form: FormKey) -> str:
    return f"{form[0]}/{form[1]}" if form[1] else str(form[0])


def uncounted(limits: Limits) -> Limits:
    """The limits without those guards that count."""
    return attrs.evolve(limits, shrink_percent=100.0, everything_count=0)
