"""Making a damaged NETWORK.GLB or XTN file anew (KB Q201120, dx:T-202)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

import attrs

from dxa.errors import FormatError, UsageError
from dxa_msmail.postoffice import identity, layout, mailbag
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networkrecords import (
    HOSTS,
    KIND_NAMES,
    NETWORK,
    NO_ROUTE,
    PROXIES,
    Network,
    Postoffice,
    Wanted,
    name_key,
    route_of,
)

R = TypeVar("R")

_HEXID = re.compile("[0-9A-F]{8}")


@attrs.frozen(kw_only=True)
class Rebuilt:
    """What `rebuild_networks` has done: those that kept their mailbags, those that got new ones, and those whose route
    led nowhere and is gone.
    """

    kept: list[str]
    made: list[str]
    unrouted: list[str]


@attrs.define
class _Salvage:
    """What can still be read: everything by `name_key`, and the bytes of the files."""

    files: Files
    wanted: Collection[str]
    known: dict[str, Wanted] = attrs.field(factory=dict)
    hexids: dict[str, str] = attrs.field(factory=dict)
    stored: dict[str, bytes] = attrs.field(factory=dict)

    def read(self) -> None:
        """Look at every record of every file."""
        for name in self.files.names("XTN"):
            for post in self._records(f"XTN/{name}", Postoffice, self._damaged):
                self._post(name.partition(".")[0], post)
        for net in self._records(NETWORK, Network, lambda _piece: None):
            kind = KIND_NAMES.get(net.kind, "")
            # Only a host's gateway can be without records in its XTN file.
            if net.active and kind in HOSTS:
                self._keep(Wanted(name=net.name, kind=kind), net.mailbag)

    def _records(self, name: str, cls: type[R], salvaged: Callable[[bytes], R | None]) -> Iterator[R]:
        data = self.files.read(name)
        if data is None:
            return
        self.stored[name] = data
        size = layout.layout_of(cls).size
        for at in range(0, len(data) - size + 1, size):
            try:
                yield layout.decode(cls, data, source=name, at=at)
            except FormatError:
                found = salvaged(data[at : at + size])
                if found is not None:
                    yield found

    def _damaged(self, piece: bytes) -> Postoffice | None:
        """A damaged record counts when it names a postoffice that is wanted, and a mailbag that is there."""
        spots = layout.layout_of(Postoffice).spots
        fields = ("name", "network", "kind", "hexid")
        values = {name: spots[name].unpack(piece[spots[name].at :][: spots[name].size]) for name in fields}
        is_wanted = name_key(f"{values['network']}/{values['name']}") in self.wanted
        return Postoffice(**values) if is_wanted else None

    def _post(self, stem: str, post: Postoffice) -> None:
        kind = KIND_NAMES.get(post.kind, "")
        if not post.active or not kind:
            return
        if kind == "MS" or kind in HOSTS or kind in PROXIES:
            self._keep(Wanted(name=f"{post.network}/{post.name}", kind=kind, route=route_of(post)), post.hexid)
        else:
            self._keep(Wanted(name=kind, kind=kind), post.hexid)
        if kind in HOSTS:
            self._keep(Wanted(name=post.network, kind=kind), stem)

    def _keep(self, wanted: Wanted, hexid: str) -> None:
        taken = hexid in self.hexids.values() or name_key(wanted.name) in self.known
        if not taken and _HEXID.fullmatch(hexid) and mailbag.exists(self.files, hexid):
            self.known[name_key(wanted.name)] = wanted
            self.hexids[name_key(wanted.name)] = hexid


def rebuild_networks(change: Changing, wanted: Iterable[Wanted]) -> Rebuilt:
    """Make NETWORK.GLB and all XTN files anew: what is wanted, and whatever else can still be read.

    Every postoffice and gateway that can be recognized keeps its mailbag, and with it its mail, users and template;
    a wanted route goes before the one of before. Raises as `networks.add_postoffice`.
    """
    wishes = {name_key(each.name): each for each in wanted}
    old = _Salvage(change, wishes.keys())
    old.read()
    everything = old.known | {key: _routed(each, old.known.get(key)) for key, each in wishes.items()}
    nets = Networks(identity.name_of(change), [], old.stored)
    for key, each in _with_hosts(everything).items():
        if _is_gateway(each):
            nets.add_gateway(change, each.kind, each.name, old.hexids.get(key, ""))
    for key, each in everything.items():
        if not _is_gateway(each):
            nets.add(change, attrs.evolve(each, route=NO_ROUTE), old.hexids.get(key, ""))
    unrouted = [each.name for key, each in everything.items() if not _set_route(nets, each, strict=key in wishes)]
    nets.save(change)
    return Rebuilt(
        kept=[each.name for key, each in everything.items() if key in old.hexids],
        made=[each.name for key, each in everything.items() if key not in old.hexids],
        unrouted=unrouted,
    )


def _is_gateway(each: Wanted) -> bool:
    return each.kind in PROXIES or (each.kind != "MS" and "/" not in each.name)


def _with_hosts(everything: dict[str, Wanted]) -> dict[str, Wanted]:
    """With the gateways of the nodes."""
    hosts = [
        Wanted(name=each.name.partition("/")[0], kind=each.kind) for each in everything.values() if each.kind in HOSTS
    ]
    return {name_key(each.name): each for each in hosts} | everything


def _routed(wish: Wanted, old: Wanted | None) -> Wanted:
    return attrs.evolve(wish, route=old.route) if old and wish.route == NO_ROUTE else wish


def _set_route(nets: Networks, each: Wanted, *, strict: bool) -> bool:
    """Give it its route; one that was read from damaged files may lead nowhere."""
    if each.route == NO_ROUTE:
        return True
    try:
        nets.set_route(each.name, each.route)
    except UsageError:
        if strict:
            raise
        nets.set_route(each.name, NO_ROUTE)
        return False
    return True
