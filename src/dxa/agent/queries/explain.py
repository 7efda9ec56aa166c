"""Why somebody is shown to a peer or not, and why what a peer told is in the directory or not (dx:T-228).

The answers are those of the rules and plans themselves: `rules.scope`, `rules.exports` and what the next sync would do.
"""

from __future__ import annotations

from collections.abc import Iterator

from dxa.agent import directory
from dxa.agent.cycle import Agent
from dxa.agent.meaning import Meant
from dxa.agent.outcome import CycleOutcome, LinkOutcome
from dxa.agent.queries.recipients import address_key, exports, find_recipient, shown
from dxa.agent.queries.values import Explanation, ImportShown
from dxa.agent.site import OpenSite
from dxa.config import Peer
from dxa.errors import DxaError, NotFoundError
from dxa.ledger.received import GONE
from dxa.plan import Plan
from dxa.recipient import Recipient
from dxa.rules.scope import accepts
from dxa.store import Told


def explain(site: OpenSite, who: str, peer: str = "") -> Explanation:
    """Everything that decides about a recipient, or about somebody whom a peer told of, at all peers or at one.

    Args:
        who: a recipient's number, name, alias or address, or the name or address of what a peer told.

    Raises:
        NotFoundError: nobody is called that, and nobody was told of under that name or address.
        UsageError: several recipients are called that.
    """
    only = site.config.peer(peer).id if peer else ""
    found, missing = None, None
    try:
        found = find_recipient(site, who)
    except NotFoundError as error:
        missing = error
    key = address_key(site, who) or ""
    told = site.store.listings.told(recipient=found.id if found else None, name=who, key=key)
    imports = [each for row in told if not only or row.peer == only for each in _import(site, row)]
    imports += [each for each in _rejected(site, who, found, only) if not only or each.peer == only]
    gone = site.store.listings.deleted(who) if found is None else set()
    if missing is not None and not imports and not gone:
        raise missing
    return Explanation(
        asked=who,
        recipient=None if found is None else shown(found),
        imports=tuple(imports),
        exports=tuple(each for each in (exports(site, found) if found else ()) if not only or each.peer == only),
        gone=tuple(sorted(gone)),
    )


def _import(site: OpenSite, row: Told) -> Iterator[ImportShown]:
    """How an entry that a peer told stands here."""
    peer = next((peer for peer in site.config.peers() if peer.id == row.peer), None)
    state, why, plan = _state(site, row, peer)
    yield ImportShown(
        peer=row.peer,
        name=row.entry.name,
        address=f"{row.entry.type}:{row.entry.address}",
        recipient=row.recipient or None,
        state=state,
        why=why,
        plan=plan,
        reject=None,
    )


def _state(site: OpenSite, row: Told, peer: Peer | None) -> tuple[str, str, str]:
    """State, reason, and the plan that holds it."""
    if peer is None:
        return "left over", f"{row.peer} is not in dxa.toml any more", ""
    if row.marked:
        return "ours", "it bears our mark: dxa has written it there", ""
    if row.pinned is not None and row.pinned == row.digest:
        return "rejected", "an administrator rejected it; it stays so until the peer says something else", ""
    if row.pending:
        return _pending(site, row, peer)
    if row.digest == GONE:
        return "gone", "the peer has deleted it", ""
    if why := accepts(row.entry, peer.imports):
        return "not imported", why, ""
    if row.recipient:
        return "imported", "as the peer tells it", ""
    return "not imported", "the next full list of the peer, or a change of it, is looked at anew", ""


def _pending(site: OpenSite, row: Told, peer: Peer) -> tuple[str, str, str]:
    """What the next sync would make of it."""
    link = site.config.links[peer.link]
    try:
        work = Agent(site=site).work(link, CycleOutcome(rehearsal=True), LinkOutcome(link.name), rehearsal=True)
        plan, meant = directory.meaning_of(work, peer)
    except DxaError as error:
        return "pending", f"the link cannot be asked: {error}", ""
    return _meaning(row, plan, meant)


def _meaning(row: Told, plan: Plan, meant: Meant) -> tuple[str, str, str]:
    for held, changes in ((True, plan.held), (False, plan.ready)):
        for change in changes:
            if meant.rows[change.key].id == row.id:
                if held:
                    return "held", f"{change.reason}; {'; '.join(hold.text for hold in plan.holds)}", plan.id
                return "pending", f"the next sync takes it: {change.reason}", ""
    for each, _, why in meant.conflicts:
        if each.id == row.id:
            return "conflict", why, ""
    return "pending", "the next sync looks at it", ""


def _rejected(site: OpenSite, who: str, found: Recipient | None, only: str) -> Iterator[ImportShown]:
    """Records about them that could not be used."""
    texts = {who.casefold()} if found is None else {who.casefold(), found.name.casefold()}
    texts = {text for text in texts if len(text) > 1 and not text.isdecimal()}
    for reject in site.store.rejects.list(peer=only or None):
        if any(text in reject.raw.casefold() for text in texts):
            yield ImportShown(
                peer=reject.peer,
                name="",
                address=reject.raw,
                recipient=None,
                state="reject",
                why=f"[{reject.code}] {reject.reason}" if reject.code else reject.reason,
                plan="",
                reject=reject.id,
            )
