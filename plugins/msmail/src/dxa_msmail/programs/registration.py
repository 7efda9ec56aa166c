"""ADMIN: the directory server, its requestors, and other postoffices. Each function is one change."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa.address import AddressTypes
from dxa.dirsync import requestor as machine
from dxa.errors import FormatError, UsageError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import mailbag, networks, queue
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.identity import Master, identity, write_identity
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.networks import NO_ROUTE, PostofficeRow, Route, name_key
from dxa_msmail.programs.srvmain import admin as srvmainadmin
from dxa_msmail.programs.takingback import take_back

_TYPES = AddressTypes(ADDRESS_TYPES)


# -- the directory server ------------------------------------------------------------------------------------------


def register_server(
    po: Maildata,
    server: str,
    *,
    password_ref: str = "",
    types: Iterable[str] = ("PCM",),
    limit: int = 0,
    templates_out: bool = False,
    templates_in: bool = False,
    create_po: bool = True,
    rebuild: bool = True,
) -> Reqconf:
    """Say which postoffice is the directory server, and what is wanted from it; returns the configuration.

    `password_ref` is env:NAME, file:PATH or the password itself. Another server gets and gives everything anew; so does
    the same one where more types, template values or postoffices are wanted or sent than before, or where REQCONF.GLB
    is missing or damaged: this makes it anew. With its own name the postoffice becomes a directory server, and its own
    requestor. Raises `NotFoundError` 31 or 32 when the server is no postoffice that is
    known here, `AddressError` 16 for an unknown type, `UsageError` at a shadow postoffice and at a directory server,
    which cannot be a requestor elsewhere (KB Q118621).
    """
    names = list(dict.fromkeys(types))
    wanted = {_TYPES.get(name).name for name in names}
    with po.change() as change:
        master = _ordinary(change)
        if name_key(server) == name_key(master.name):
            srvmainadmin.install(change, master, password_ref=password_ref)
            server = master.name
        elif change.read(SRVCONF) is not None:
            raise UsageError(f"{master.name} is a directory server itself; it cannot be a requestor of {server}")
        else:
            server = networks.find(change, server).full
        old = _remembered(change)
        conf = attrs.evolve(
            old,
            server=server,
            password_ref=password_ref,
            types="|".join(names),
            limit=limit,
            templates_out=templates_out,
            templates_in=templates_in,
            create_po=create_po,
            rebuild=rebuild,
        )
        other = name_key(old.server) != name_key(server)
        more = wanted - {_TYPES.get(name).name for name in old.type_names} or (templates_in and not old.templates_in)
        # What was refused because nobody might define its postoffice is not sent a second time.
        if other or more or (create_po and not old.create_po):
            conf = _stepped(conf, machine.WantImport())
        if other or templates_out != old.templates_out:
            conf = _stepped(conf, machine.WantExport())
        write_reqconf(change, conf)
        write_identity(change, attrs.evolve(master, server=server))
    return conf


def _remembered(change: Changing) -> Reqconf:
    """What REQCONF.GLB says; one that is lost knows of no server, and its numbers go on from the queue."""
    try:
        return read_reqconf(change)
    except FormatError:
        return Reqconf(last=queue.last_number(change, queue.REQTRANS))


def unregister_server(po: Maildata) -> None:
    """Have no directory server any more; what is queued stays. The lists of others stay as they are."""
    with po.change() as change:
        master = _ordinary(change)
        write_reqconf(change, attrs.evolve(read_reqconf(change), server=""))
        write_identity(change, attrs.evolve(master, server=""))


def want_import(po: Maildata) -> Reqconf:
    """Ask for everything anew with the next request (Config, Dir-Sync, Requestor, Import)."""
    return _want(po, machine.WantImport())


def want_export(po: Maildata) -> Reqconf:
    """Send the whole own list with the next request (Config, Dir-Sync, Requestor, Export; KB Q156996)."""
    return _want(po, machine.WantExport())


def want_all(change: Changing) -> Reqconf:
    """Both of them, as a part of a change."""
    return _wanting(change, machine.WantExport(), machine.WantImport())


def _want(po: Maildata, event: machine.Event) -> Reqconf:
    with po.change() as change:
        return _wanting(change, event)


def _wanting(change: Changing, *events: machine.Event) -> Reqconf:
    _ordinary(change)
    conf = read_reqconf(change)
    for event in events:
        conf = _stepped(conf, event)
    write_reqconf(change, conf)
    return conf


def _stepped(conf: Reqconf, event: machine.Event) -> Reqconf:
    state, _ = machine.step(conf.state, event)
    return conf.with_state(state)


def _ordinary(change: Changing) -> Master:
    master = identity(change)
    if master.shadow:
        raise UsageError(f"{master.name} is a shadow postoffice: dxa itself is at work there, not a requestor")
    return master


# -- other postoffices ---------------------------------------------------------------------------------------------


def add_postoffice(po: Maildata, name: str, *, route: Route = NO_ROUTE, kind: str = "MS") -> PostofficeRow:
    """Define another postoffice (NET/PO), or a node of a gateway of that kind; raises as `networks.add_postoffice`."""
    with po.change() as change:
        networks.add_postoffice(change, name, route=route, kind=kind)
        return networks.find(change, name)


def set_route(po: Maildata, name: str, route: Route) -> PostofficeRow:
    """Change how mail gets to a postoffice; raises as `networks.set_route`."""
    with po.change() as change:
        networks.set_route(change, name, route)
        return networks.find(change, name)


def remove_postoffice(po: Maildata, name: str, *, force: bool = False) -> PostofficeRow:
    """Forget another postoffice with its list of users.

    Mail that waits for it is returned to its senders by the next EXTERNAL. Raises `NotFoundError` 31 or 32, and
    `UsageError` for the directory server, while others are reached through it, and, unless `force`, while mail waits
    for it.
    """
    with po.change() as change:
        row = networks.find(change, name)
        if name_key(read_reqconf(change).server) == name_key(row.full):
            raise UsageError(f"{row.full} is the directory server; register another one first")
        waiting = mailbag.depth(change, row.hexid)
        if waiting and not force:
            hint = "run EXTERNAL first, or force it, and EXTERNAL returns them to their senders"
            raise UsageError(f"{waiting} letter(s) wait for {row.full}; {hint}")
        if waiting:
            take_back(change, row)
        return networks.remove_postoffice(change, name)


def add_gateway(po: Maildata, kind: str, name: str = "") -> str:
    """Install a gateway; returns the hexid of its mailbag. Raises as `networks.add_gateway`."""
    with po.change() as change:
        return networks.add_gateway(change, kind, name)
