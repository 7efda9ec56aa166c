"""How it is noticed that an OpenLDAP server was restored from a backup and has changed since.

Its state is then newer than what was seen there, and of what was undone it tells nothing. So the last changes that were
seen are remembered: what was changed must bear that change or a later one, and what was deleted must not be there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dxa_exchange.live import filters
from dxa_exchange.live.interface import Directory, Query, Refresh, Scope
from dxa_exchange.live.servers import Server
from dxa_exchange.live.sources.interface import StartOver
from dxa_exchange.live.values import flat

#: So many deleted objects are remembered.
DELETED = 20
#: By the identity of each: the number of its last change, or ``""`` when it was deleted.
Witnesses = Mapping[str, str]


def read(text: str) -> Witnesses:
    """The inverse of `write`."""
    return {identity: number for part in text.split() for identity, _, number in [part.partition("=")]}


def write(witnesses: Witnesses) -> str:
    """As they stand in a cookie."""
    return " ".join(f"{identity}={number}" for identity, number in witnesses.items())


def first(directory: Directory, base: str, state: Collection[str]) -> Witnesses:
    """The object below a base that changed last, if that was the last change of all."""
    if not state:
        return {}
    query = Query(base, Scope.SUB, filters.equal("entryCSN", max(state)), ("entryUUID", "entryCSN"))
    found = flat(directory.search(query))
    return {each.text("entryUUID").casefold(): each.text("entryCSN") for each in found}


def after(before: Witnesses, reply: Refresh) -> Witnesses:
    """Those to remember behind a reply."""
    if not (reply.changed or reply.gone):
        return before
    changed = reply.changed or {identity: number for identity, number in before.items() if number}
    last = max(changed, key=lambda identity: changed[identity], default="")
    kept = {last: changed[last]} if last and last not in reply.gone else {}
    return {**kept, **dict.fromkeys(reply.gone[-DELETED:], "")}


def check(directory: Directory, server: Server, base: str, witnesses: Witnesses, reply: Refresh) -> None:
    """See the module; raises `StartOver`."""
    if not witnesses:
        return
    wanted = filters.any_of(map(server.identity.filter, witnesses))
    query = Query(server.context(base), Scope.SUB, wanted, ("entryUUID", "entryCSN"))
    found = {each.text("entryUUID").casefold(): each.text("entryCSN") for each in flat(directory.search(query))}
    gone = set(reply.gone)
    for identity, number in witnesses.items():
        now = found.get(identity)
        undone = now is not None and (not number or now < number)
        missing = now is None and bool(number) and identity not in gone
        if undone or missing:
            raise StartOver(f"the server went back: {identity} is not as it was seen")
