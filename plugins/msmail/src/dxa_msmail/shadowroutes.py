"""Where a shadow postoffice gives its mail to: its requestors, and the postoffices and sites behind others.

KB Q152167: a postoffice behind another site is an indirect one, and that site's shadow postoffice is on the way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from dxa.errors import FormatError, UsageError
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networks import (
    NO_ROUTE,
    Route,
    RouteKind,
    Wanted,
    bag,
    direct,
    indirect,
    name_key,
    postoffices,
)

if TYPE_CHECKING:
    from dxa.connector import LinkContext
    from dxa_msmail.postoffice.maildata import Changing, Files


def wanted_of(context: LinkContext, root: Path) -> list[Wanted]:
    """The postoffices that the shadow postoffice in `root` knows, as the link is configured.

    What is configured for a requestor goes before the link's own tables. Folders start at the site's folder.
    """

    def place(text: str) -> str:
        return text if Path(text).is_absolute() else os.path.relpath(context.folder / text, root)

    def folder(text: str) -> Route:
        return direct(place(text))

    # A requestor's link knows the way to its server only.
    routes, via_others, bags, told = (
        getattr(context.options, key, {}) for key in ("routes", "via", "bags", "public_keys")
    )
    public = {name_key(name): key for name, key in told.items()}
    found = {name_key(name): Wanted(name=name, route=folder(path)) for name, path in routes.items()}
    found |= {
        name_key(name): Wanted(name=name, route=bag(place(path), public[name_key(name)])) for name, path in bags.items()
    }
    found |= {name_key(name): Wanted(name=name, route=indirect(to)) for name, to in via_others.items()}
    for info in context.peers.values():
        if "/" not in info.name:  # a gateway has no postoffice
            continue
        path, via = str(info.options.get("maildata") or ""), str(info.options.get("via") or "")
        if path or via or name_key(info.name) not in found:
            route = folder(path) if path else indirect(via) if via else NO_ROUTE
            found[name_key(info.name)] = Wanted(name=info.name, route=route)
    return list(found.values())


def is_current(files: Files, wanted: Collection[Wanted]) -> bool:
    """Whether the postoffice knows all of these, by their ways; one without a way may have any."""
    try:
        known = postoffices(files)
    except FormatError:
        return False
    rows = ((known.get(name_key(each.name)), each) for each in wanted)
    return all(row is not None and (each.route == NO_ROUTE or _same(row.route, each.route)) for row, each in rows)


def establish(change: Changing, wanted: Collection[Wanted]) -> None:
    """Make it so. Raises `FormatError` 40 for damaged files, `UsageError` for a way that leads nowhere or in a circle.

    No order of names matters: a new way may lead through a postoffice whose own way was another one until now.
    """
    nets = Networks.load(change)
    known = {name_key(row.full): row for row in nets.rows()}
    for each in wanted:
        if name_key(each.name) not in known:
            nets.add(change, attrs.evolve(each, route=NO_ROUTE))
    known = {name_key(row.full): row for row in nets.rows()}
    changed = [
        each for each in wanted if each.route != NO_ROUTE and not _same(known[name_key(each.name)].route, each.route)
    ]
    for each in changed:
        if each.route.kind is RouteKind.INDIRECT and name_key(each.route.via) not in known:
            raise UsageError(
                f"the way to {each.name} leads through {each.route.via}, of which nobody knows the way: name its "
                "folder in the link's routes, or register it as a peer"
            )
    _set(nets, changed, lambda _each: NO_ROUTE)
    _set(nets, changed, lambda each: each.route)
    nets.save(change)


def _set(nets: Networks, wanted: Collection[Wanted], route: Callable[[Wanted], Route]) -> None:
    for each in wanted:
        nets.set_route(each.name, route(each))


def _same(one: Route, other: Route) -> bool:
    return attrs.evolve(one, via=name_key(one.via)) == attrs.evolve(other, via=name_key(other.via))
