"""What the steps of a cycle share: one link at work, and the site around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.agent.outcome import CycleOutcome, LinkOutcome
from dxa.change import Change, counted
from dxa.config import Link, Peer
from dxa.connector import Connector, ConnectorType, Parcel, ParcelKind, PeerInfo, Report
from dxa.dirsync import server
from dxa.entry import Reject, Verb
from dxa.ledger.answer import ListKey, Pick
from dxa.ledger.received import RowChange
from dxa.plan import Plan
from dxa.rules.addressing import AddressingRules
from dxa.store import PeerRow, Store

#: Numbers of our own notices; where MS Mail has a number for the same thing, that one is used.
HELD, ABSENT, REUSED, SET_BACK, NO_CONTAINER = -1, -2, -3, -4, -5
#: A full answer is above a peer's limit, so a person has to bring it (KB Q119450).
LIMIT_REACHED, MANUAL_IMPORT = 118, 166
#: "Template information and template do not match".
TOO_WIDE = 36


@attrs.define(kw_only=True)
class LinkWork:
    """One link in one cycle."""

    store: Store
    link: Link
    connector_type: ConnectorType
    connector: Connector
    types: AddressTypes
    addressing: AddressingRules
    site_lists: frozenset[ListKey]
    now: float
    rehearsal: bool
    cycle: CycleOutcome
    outcome: LinkOutcome
    #: Called between two transactions; it may end the cycle there.
    pause: Callable[[], None] = lambda: None
    #: The connector is told how far the cycle has come.
    told: bool = True
    #: Something went wrong on this link; the rest of the cycle leaves it out.
    failed: bool = False
    #: Peers whose full list has been read in this cycle.
    proven: set[str] = attrs.field(factory=set)
    #: Peers of which a part of what they told is missing.
    unproven: set[str] = attrs.field(factory=set)
    #: Peers that have come under other rules, and whose way there is held.
    moves_held: set[str] = attrs.field(factory=set)
    #: What has been said of parcels that could not be delivered.
    undelivered: list[str] = attrs.field(factory=list)

    # -- peers -----------------------------------------------------------------------------------------------------

    def peer_named(self, name: str) -> Peer | None:
        """The registered peer of that name; whole names, ignoring case (KB Q125917)."""
        return self.link.peers.get(name.casefold())

    def may_speak(self, peer: Peer, origin: str) -> bool:
        """Whether a message of this peer may come from there: its configured sender, else any mailbox at its name."""
        allowed, origin = (peer.sender or peer.name).casefold(), origin.casefold()
        return not origin or origin == allowed or origin.startswith(allowed + "/")

    def own_lists(self, peer: Peer) -> frozenset[ListKey]:
        """The lists that are the peer's own: never sent to it."""
        if not self.connector_type.traits.many_peers:
            return frozenset()
        native = self.connector_type.traits.types[0]
        return frozenset((native, name.casefold()) for name in (peer.name, *peer.own_lists))

    def shown_types(self) -> frozenset[str]:
        """The address types that peers of this link can be shown."""
        traits = self.connector_type.traits
        return frozenset(kind.name for kind in self.types) if traits.every_type else frozenset(traits.types)

    def new_row(self, peer: Peer) -> PeerRow:
        """What is stored of a peer that has not spoken yet."""
        return PeerRow(
            id=peer.id,
            link=self.link.name,
            name=peer.name,
            state=server.State(),
            pick=Pick(types=frozenset()),
            created_at=self.now,
        )

    def info(self, peer: Peer, row: PeerRow | None) -> PeerInfo:
        """What the connector may know of the peer."""
        return PeerInfo(id=peer.id, name=peer.name, address=row.reply_to if row else "", options=peer.options)

    # -- telling people --------------------------------------------------------------------------------------------

    def tell(self, peer: str, code: int, text: str) -> None:
        """A notice to the administrator, once while it is open."""
        if self.store.notices.tell(self.link.name, peer, code, text, self.now):
            self.cycle.notices.append(f"{peer or self.link.name}: {f'[{code}] ' if code > 0 else ''}{text}")

    def tell_anew(self, peer: str, code: int, text: str) -> None:
        """The same, again when what was told before was something else."""
        if any((n.peer, n.code) == (peer, code) and n.told_at and n.text != text for n in self.store.notices.open()):
            self.store.notices.clear(peer, code)
        self.tell(peer, code, text)

    def hold(self, plan: Plan) -> None:
        """Keep in mind that a plan is held, and tell of it when it is a new one; or that none of its scope is.

        The notice is about the scope: what comes from a peer may be held while what goes to it is not.
        """
        if not plan.holds:
            self.store.held.clear(plan.scope)
            self.store.notices.clear(plan.scope, HELD)
        elif self.store.held.put(plan.scope, plan, self.now):
            self.store.notices.clear(plan.scope, HELD)
            self.tell(plan.scope, HELD, f"plan {plan.id} is held: {'; '.join(hold.text for hold in plan.holds)}")

    def release(self, scope: str) -> None:
        """Nothing of this scope is planned any more, so none of it is held."""
        if any(held.scope == scope for held in self.store.held.all()):
            self.store.held.clear(scope)
            self.store.notices.clear(scope, HELD)

    def bounce(self, peer: Peer, report: Report, fault: Reject) -> None:
        """Return a message that cannot be used to its sender, with the reason."""
        if not report.reply_to or self.rehearsal:
            return
        why = f"[{fault.code}] {fault.reason}"
        text = f"Your message {report.title!r} could not be used and has changed nothing.\r\n{why}\r\n"
        self.post_notice(self.info(peer, None), report.reply_to, f"Not processed: {report.title}", text, report.receipt)

    def post_notice(self, peer: PeerInfo, to: str, title: str, text: str, about: str) -> None:
        """Put a letter into the outbox; the same letter about the same thing is one letter."""
        id_ = "n" + blake2b(f"{to}|{title}|{about}|{text}".encode(), digest_size=8).hexdigest()
        self.store.outbox.put(
            [Parcel(id=id_, peer=peer, kind=ParcelKind.NOTICE, to=to, title=title, text=text)], self.link.name, self.now
        )

    # -- counting --------------------------------------------------------------------------------------------------

    def count_heard(self, changes: Iterable[RowChange]) -> None:
        """Count what received lists have taken."""
        self.outcome.heard.update(
            Counter("A" if c.before is None else "D" if c.after is None else "M" for c in changes)
        )

    def count_applied(self, changes: Sequence[Change[str, Any]]) -> None:
        """Count what the directory has taken."""
        self.outcome.applied.update({verb.value: count for verb, count in counted(changes).items()})

    def count_sent(self, verb: Verb, count: int) -> None:
        """Count what has been made ready for peers."""
        self.outcome.sent[verb.value] += count
