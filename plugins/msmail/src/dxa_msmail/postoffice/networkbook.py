"""All of NETWORK.GLB and the XTN files as one value that can be looked at and changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import attrs

from dxa.errors import NotFoundError, UsageError
from dxa_msmail.addresses import check_pair
from dxa_msmail.errors import address_error
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import identity, layout, mailbag
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import HEAD, write_usr
from dxa_msmail.postoffice.networkrecords import (
    HOSTS,
    KIND_NAMES,
    KINDS,
    NETWORK,
    NO_ROUTE,
    PROXIES,
    Network,
    Postoffice,
    PostofficeRow,
    Route,
    RouteKind,
    Wanted,
    check_folder,
    check_node,
    fields_of,
    gateway_name,
    name_key,
    route_of,
    xtn_file,
)

R = TypeVar("R")

_NO_NETWORK, _NO_POSTOFFICE, _NO_GATEWAY, _IN_USE, _LETTERS = 31, 32, 44, 68, 70
#: Where an external postoffice has files of its own, under its hexid.
_FOLDERS = ("MBG", "KEY", "USR", "TPL", "INF", "NME")


@attrs.define
class Net:
    """One record of NETWORK.GLB, the name of its XTN file and the records in it; free places are kept."""

    record: Network
    posts: list[Postoffice]

    @property
    def is_listed(self) -> bool:
        """Whether its records are postoffices or nodes, not just the gateway once more."""
        return self.record.active and (self.kind == "MS" or self.kind in HOSTS or self.kind in PROXIES)

    @property
    def key(self) -> str:
        """What the network is found by."""
        return name_key(self.record.name)

    @property
    def kind(self) -> str:
        """The type's name."""
        return KIND_NAMES[self.record.kind]

    @property
    def file(self) -> str:
        """Its XTN file."""
        return xtn_file(self.record.xtn)

    def row(self, post: Postoffice) -> PostofficeRow:
        """What one of its records means."""
        return PostofficeRow(
            kind=self.kind,
            network=self.record.name,
            name=post.name,
            hexid=post.hexid,
            mailbag=self.record.mailbag or post.hexid,
            route=route_of(post),
            through=post.through,
        )


@attrs.define
class Networks:
    """All of NETWORK.GLB and the XTN files while they are looked at or changed."""

    own: str
    nets: list[Net]
    #: The bytes of the files as they are on disk.
    _stored: dict[str, bytes]
    _found: dict[str, tuple[Net, int]] = attrs.field(factory=dict)
    #: New files beside them, written with them.
    _beside: dict[str, bytes] = attrs.field(factory=dict)
    _bags: list[str] = attrs.field(factory=list)
    _gone: list[str] = attrs.field(factory=list)

    @classmethod
    def load(cls, files: Files) -> Networks:
        """Read them; raises `FormatError` 40 for records that are damaged, and for files that do not fit together."""
        stored: dict[str, bytes] = {}
        nets = [_read_net(files, record, stored) for record in _records(files, NETWORK, Network, stored)]
        for n, net in enumerate(nets):
            if net.record.active and net.record.kind not in KIND_NAMES:
                at = n * layout.layout_of(Network).size + 1
                raise layout.corrupt(NETWORK, at, "kind", "a known type", str(net.record.kind))
        for net in nets:
            if net.record.active and not net.posts and net.kind not in HOSTS:
                raise layout.corrupt(net.file, 0, "size", "at least one postoffice", "nothing")
        strangers = {f"XTN/{name}" for name in files.names("XTN")} - stored.keys()
        if strangers:
            at = len(stored[NETWORK])
            raise layout.corrupt(NETWORK, at, "record", f"the network of {min(strangers)}", "no such record")
        return cls(identity.name_of(files), nets, stored)

    def __attrs_post_init__(self) -> None:
        """Find the postoffices by their names."""
        for net in self.nets:
            for n, post in enumerate(net.posts):
                if post.active and net.is_listed:
                    self._found[name_key(f"{net.record.name}/{post.name}")] = net, n

    def save(self, change: Changing) -> None:
        """Write the files that have changed, NETWORK.GLB last; raises `FormatError` before anything is written."""
        files = {net.file: layout.encode_all(net.posts) for net in self.nets if net.record.active}
        files[NETWORK] = layout.encode_all(net.record for net in self.nets)
        for hexid in self._bags:
            mailbag.create(change, hexid)
        for name, data in self._beside.items():
            if change.read(name) is None:
                change.write(name, data)
        for name, data in files.items():
            if self._stored.get(name) != data:
                change.write(name, data)
        for name in [*(self._stored.keys() - files.keys()), *self._gone]:
            change.remove(name)

    # -- looking ---------------------------------------------------------------------------------------------------

    def rows(self) -> Iterator[PostofficeRow]:
        """All postoffices and nodes in the order of their records."""
        for net, n in self._found.values():
            yield net.row(net.posts[n])

    def find(self, name: str) -> PostofficeRow:
        """See `find`."""
        net, n = self._place(name)
        return net.row(net.posts[n])

    def hop(self, name: str) -> PostofficeRow:
        """See `hop`."""
        way = [self.find(name)]
        while way[-1].route.kind is RouteKind.INDIRECT:
            way.append(self.find(way[-1].route.via))
            if len({row.hexid for row in way}) < len(way):
                circle = " → ".join(row.full for row in way)
                raise UsageError(f"mail for {name} goes round in a circle: {circle}; give one of them another route")
        return way[-1]

    def _place(self, name: str) -> tuple[Net, int]:
        found = self._found.get(name_key(name))
        if found is None:
            network = name.partition("/")[0]
            known = any(net.record.active and net.key == name_key(network) for net in self.nets)
            code, what = (_NO_POSTOFFICE, name) if known else (_NO_NETWORK, network)
            raise NotFoundError(f"[{code}] {error_text(code)}: {what}; define the postoffice {name} first")
        return found

    # -- changing --------------------------------------------------------------------------------------------------

    def add(self, change: Changing, wanted: Wanted, hexid: str = "") -> str:
        """Add a postoffice or node with a new mailbag, or with the one that it had; returns its hexid."""
        network, _, name = wanted.name.partition("/")
        if wanted.kind in HOSTS:
            check_node(wanted.kind, wanted.name)
        else:
            check_pair(network, name)
        _require_storable(wanted)
        if name_key(wanted.name) in self._found or name_key(wanted.name) == name_key(self.own):
            where = "this is it" if name_key(wanted.name) == name_key(self.own) else "nothing has been changed"
            raise UsageError(f"the postoffice {wanted.name} is defined already; {where}")
        self._check_route(wanted.name, wanted.route)
        net = self._net(change, wanted.kind, network)
        return self._put(net, name, wanted.route, hexid or self._new_bag(change))

    def add_gateway(self, change: Changing, kind: str, name: str, hexid: str = "") -> str:
        """See `add_gateway`."""
        if kind not in KINDS or kind == "MS":
            raise UsageError(
                f"there is no gateway of type {kind}; types are {', '.join(sorted(KINDS.keys() - {'MS'}))}"
            )
        network, post = gateway_name(kind, name)
        if self._by_name(network) is not None:
            raise address_error(_IN_USE, network)
        hexid = hexid or self._new_bag(change)
        net = self._new_net(Network(kind=KINDS[kind], name=network, xtn=hexid, mailbag=hexid))
        if kind not in HOSTS:
            self._put(net, post, NO_ROUTE, hexid)
        if kind not in HOSTS and kind != "FFAPI":
            self._beside |= {f"GLB/{kind}.GLB": HEAD, f"NME/{kind}.NME": b""}
        return hexid

    def set_route(self, name: str, route: Route) -> None:
        """See `set_route`."""
        net, n = self._place(name)
        self._check_route(name, route)
        self._count_via(net.posts[n].via, -1)
        net.posts[n] = attrs.evolve(net.posts[n], **fields_of(route))
        self._count_via(route.via, +1)
        self.hop(name)

    def remove(self, name: str) -> PostofficeRow:
        """See `remove_postoffice`."""
        net, n = self._place(name)
        row = net.row(net.posts[n])
        if row.through:
            through = ", ".join(each.full for each in self.rows() if name_key(each.route.via) == name_key(name))
            raise UsageError(f"{row.full} is on the way to {through}; give them another route first")
        self._count_via(row.route.via, -1)
        net.posts[n] = attrs.evolve(net.posts[n], active=False)
        del self._found[name_key(row.full)]
        if net.kind not in HOSTS and not any(post.active for post in net.posts):
            net.record = attrs.evolve(net.record, active=False)
        self._gone += [f"{folder}/{row.hexid}.{folder}" for folder in _FOLDERS]
        return row

    def _net(self, change: Changing, kind: str, name: str) -> Net:
        net = self._by_name(name)
        if net is None and kind == "MS":
            return self._new_net(Network(kind=KINDS[kind], name=name, xtn=identity.next_mailbag(change)))
        if net is None:
            hint = "install the gateway first"
            raise NotFoundError(f"[{_NO_GATEWAY}] {error_text(_NO_GATEWAY)}: {kind} {name}; {hint}")
        if net.kind != kind:
            raise address_error(_IN_USE, name)
        return net

    def _by_name(self, name: str) -> Net | None:
        return next((net for net in self.nets if net.record.active and net.key == name_key(name)), None)

    def _new_net(self, record: Network) -> Net:
        """Into the first free place."""
        net = Net(record, [])
        free = next((n for n, each in enumerate(self.nets) if not each.record.active), len(self.nets))
        self.nets[free : free + 1] = [net]
        return net

    def _new_bag(self, change: Changing) -> str:
        self._bags.append(identity.next_mailbag(change))
        return self._bags[-1]

    def _put(self, net: Net, name: str, route: Route, hexid: str) -> str:
        post = Postoffice(
            name=name,
            hexid=hexid,
            kind=net.record.kind,
            network=net.record.name,
            **fields_of(route),
        )
        free = next((n for n, each in enumerate(net.posts) if not each.active), len(net.posts))
        net.posts[free : free + 1] = [post]
        if net.is_listed:
            self._found[name_key(f"{net.record.name}/{name}")] = net, free
            self._beside[f"USR/{hexid}.USR"] = write_usr(())
        self._count_via(route.via, +1)
        return hexid

    def _check_route(self, name: str, route: Route) -> None:
        check_folder(name, route)
        if route.kind is RouteKind.INDIRECT:
            if name_key(route.via) == name_key(name):
                raise UsageError(f"the way to {name} cannot lead through itself; name another postoffice")
            self._place(route.via)

    def _count_via(self, via: str, by: int) -> None:
        found = self._found.get(name_key(via))
        if found:
            net, n = found
            net.posts[n] = attrs.evolve(net.posts[n], through=max(0, net.posts[n].through + by))


def _require_storable(wanted: Wanted) -> None:
    """What cannot be written is found before anything is changed; raises `AddressError` 70, `FormatError`."""
    try:
        wanted.name.encode(layout.CODE_PAGE)
    except UnicodeEncodeError:
        raise address_error(_LETTERS, wanted.name) from None
    layout.encode(Postoffice(**fields_of(wanted.route)))


def _records(files: Files, name: str, cls: type[R], stored: dict[str, bytes]) -> list[R]:
    data = files.read(name)
    if data is None:
        raise layout.corrupt(name, 0, "size", f"n × {layout.layout_of(cls).size} bytes", "no file")
    stored[name] = data
    return layout.decode_all(cls, data, source=name)


def _read_net(files: Files, record: Network, stored: dict[str, bytes]) -> Net:
    return Net(record, _records(files, xtn_file(record.xtn), Postoffice, stored) if record.active else [])
