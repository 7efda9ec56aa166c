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


def after(directory: Directory, server: Server, base: str, before: Witnesses, reply: Refresh) -> Witnesses:
    """Hear the witnesses; those to remember behind the reply.

    Raises:
        StartOver: when something that was seen to happen has not.
    """
    told = reply.gone[-DELETED:]
    identities = [*dict.fromkeys((*before, *told))]
    if not identities and not reply.changed:
        return before
    now = _now(directory, server, base, identities)
    _check(before, now, frozenset(reply.gone))
    if not (reply.changed or told):
        return before
    changed = reply.changed or {identity: number for identity, number in before.items() if number and identity in now}
    last = max(changed, key=lambda identity: changed[identity], default="")
    kept = {last: changed[last]} if last else {}
    # What lies elsewhere is told as gone, too, whenever it changes.
    return {**kept, **{identity: "" for identity in told if identity not in now}}


def _now(directory: Directory, server: Server, base: str, identities: Collection[str]) -> Witnesses:
    """The numbers of the last changes of those that are there."""
    if not identities:
        return {}
    wanted = filters.any_of(map(server.identity.filter, identities))
    query = Query(server.context(base), Scope.SUB, wanted, ("entryUUID", "entryCSN"))
    return {each.text("entryUUID").casefold(): each.text("entryCSN") for each in flat(directory.search(query))}


def _check(before: Witnesses, now: Witnesses, gone: Collection[str]) -> None:
    for identity, number in before.items():
        seen = now.get(identity)
        undone = seen is not None and (not number or seen < number)
        missing = seen is None and bool(number) and identity not in gone
        if undone or missing:
            raise StartOver(f"the server went back: {identity} is not as it was seen")
