"""Who may change what: a recipient belongs to the peer that told us of it.

Ownership is the id of a peer and never a container, a type or a name of a requestor (dx:T-026, dx:T-078): what dxa has
not created on a peer's word, no peer can delete.
"""

from __future__ import annotations

from collections.abc import Collection

from dxa.entry import Entry
from dxa.recipient import Kind, Recipient
from dxa.rules.naming import ListId

#: MS Mail's number for a transaction about the receiver's own postoffice (KB Q96003); it is ignored.
OWN_LIST = 66


#: The owner of what a peer told that is gone: still told and not made by hand, but anybody's to adopt.
FORMER = "former"


def has_owner(owner: str) -> bool:
    """Whether a peer that exists owns it."""
    return owner not in ("", FORMER)


def may_change(owner: str, peer: str, co_owners: Collection[str] = ()) -> bool:
    """Whether the peer may modify or delete what `owner` told us.

    `co_owners` are the peers whose entries the link's peer may change too (KB Q155727). Nobody owns what the site made.
    """
    return has_owner(owner) and (owner == peer or owner in co_owners)


def refusal(owner: str, peer: str, subject: str) -> str:
    """Why the peer may not change the subject, and what to do if it should."""
    if not has_owner(owner):
        return f"{subject} was made by this site; transfer its ownership to peer {peer} to let it change this"
    advice = f"name {owner} as co-owner on the link of {peer}, or transfer the ownership"
    return f"{subject} belongs to peer {owner} and not to {peer}; {advice}"


def in_lists(entry: Entry, lists: Collection[ListId]) -> bool:
    """Whether the entry stands in one of the lists, compared as a whole and ignoring case (dx:T-242)."""
    place = (entry.type.upper(), entry.list.casefold())
    return any((type_.upper(), list_.casefold()) == place for type_, list_ in lists)


def why_ignored(entry: Entry, own_lists: Collection[ListId]) -> str:
    """Why a transaction of a peer is ignored: "" unless it is about a list that this site owns (`OWN_LIST`)."""
    if not in_lists(entry, own_lists):
        return ""
    return f"{entry.type}:{entry.address} stands in {entry.type}:{entry.list}, which this site owns"


def why_not_adopted(existing: Recipient, *, adopt: bool) -> str:
    """Why a recipient that already has an entry's address does not become the peer's; "" when it does (KB Q238447)."""
    if has_owner(existing.owner):
        return f"the address belongs to {existing.name!r}, which peer {existing.owner} told us"
    if existing.kind is not Kind.CUSTOM:
        return f"the address belongs to {existing.name!r}, a {existing.kind.value} of this site"
    return "" if adopt else f"the address belongs to {existing.name!r}, made by hand, and the link does not adopt"
