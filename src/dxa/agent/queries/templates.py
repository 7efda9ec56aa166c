"""Which values go over a link: the map, what is told of a peer's own list, and how somebody looks there."""

from __future__ import annotations

from dxa.agent.queries.standing import Standing
from dxa.agent.queries.values import DefinitionShown, TemplatesShown
from dxa.agent.site import OpenSite
from dxa.ledger.view import LISTS, Line


def templates(site: OpenSite, name: str) -> TemplatesShown:
    """The template of one peer, both ways, with a sample."""
    standing, peer = Standing(site), site.config.peer(name)
    view, pick = standing.view(peer), standing.pick(peer)
    live = {} if view is None else site.store.views.live(view, [LISTS])
    own = standing.own_lists(peer)
    lines = sorted((line for line in live.values() if line.list_key not in own), key=lambda line: line.list_key)
    told = [entry for teller, entry in site.store.received.definitions() if teller == peer.id]
    sample = _sample(site, view, lines) if view is not None else None
    return TemplatesShown(
        peer=peer.id,
        allowed=peer.templates,
        wanted=pick.templates,
        map=dict(peer.attributes.pairs) if peer.attributes else {},
        told=tuple(DefinitionShown(type=e.type, list=e.list, fields=dict(e.fields)) for e in told),
        shown=tuple(DefinitionShown(type=x.type, list=x.list, fields=dict(x.fields)) for x in lines),
        sample_name=sample.name if sample else "",
        sample_address=f"{sample.type}:{sample.address}" if sample else "",
        sample=dict(sample.fields) if sample else {},
    )


def _sample(site: OpenSite, view: int, definitions: list[Line]) -> Line | None:
    """The first entry that has a value."""
    lines = site.store.views.live_of(view, [(line.type, line.list) for line in definitions])
    return next((line for line in lines if line.recipient != LISTS and any(v for _, v in line.fields)), None)
