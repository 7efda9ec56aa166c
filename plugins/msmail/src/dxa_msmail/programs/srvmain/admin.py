"""ADMIN at a directory server: who is one, its options, and its requestors (Config, Dir-Sync, Server).

Each function is one change.
"""

from __future__ import annotations

import attrs

from dxa.address import AddressTypes
from dxa.dirsync import server as machine
from dxa.errors import NotFoundError, UsageError
from dxa_msmail.addresses import ADDRESS_TYPES, check_pair
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import mailbag
from dxa_msmail.postoffice.dirsyncconf import (
    SRVCONF,
    Requestor,
    Srvconf,
    read_reqconf,
    read_srvconf,
    write_reqconf,
    write_srvconf,
)
from dxa_msmail.postoffice.identity import Master, identity, write_identity
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.postoffice.process import T2, read_process, write_process
from dxa_msmail.postoffice.queue import MSTTRANS
from dxa_msmail.postoffice.served import SERVED, Served, read_served, write_served
from dxa_msmail.postoffice.users import users
from dxa_msmail.programs.srvmain.mark import Mark

_NOT_REGISTERED, _BUSY = 120, 161
_TYPES = AddressTypes(ADDRESS_TYPES)


# -- being the server ----------------------------------------------------------------------------------------------


def install(change: Changing, master: Master, *, password_ref: str = "") -> None:
    """Make the postoffice a directory server, if it is none yet, and its own requestor (KB Q96060)."""
    conf = _new(change, master)
    own = f"PCM:{master.name}"
    old = conf.requestor(own)
    new = attrs.evolve(old or Requestor(name=own), password_ref=password_ref)
    write_srvconf(change, attrs.evolve(conf, requestors=(*(r for r in conf.requestors if r is not old), new)))


def _new(change: Changing, master: Master) -> Srvconf:
    """The configuration that is there, or that of a new server."""
    conf = read_srvconf(change)
    if conf is None:
        conf = Srvconf()
        conf = attrs.evolve(conf, head=attrs.evolve(conf.head, administrator=master.administrator))
        change.write(MSTTRANS, b"")
    return conf


def remove_server(po: Maildata) -> None:
    """Be no directory server any more: SRVCONF, MSTTRANS, what is remembered and the T2 times go (KB Q180297, Q136487).

    The lists stay as they are. Raises `UsageError` where no server is.
    """
    with po.change() as change:
        master, _ = _served(change)
        for name in (SRVCONF, MSTTRANS, SERVED):
            change.remove(name)
        conf = read_reqconf(change)
        if name_key(conf.server) == name_key(master.name):
            write_reqconf(change, attrs.evolve(conf, server=""))
            write_identity(change, attrs.evolve(master, server=""))
        process = read_process(change)
        if process is not None and any(entry.command == T2 for entry in process.entries):
            rest = tuple(entry for entry in process.entries if entry.command != T2)
            write_process(change, attrs.evolve(process, entries=rest))


def set_options(po: Maildata, *, administrator: str | None = None, keep_updates: int | None = None) -> Srvconf:
    """Who is told what needs a person, and for how many days changes are kept; returns the configuration.

    Raises `NotFoundError` for a mailbox that is none here, `UsageError` where no server is and below one day.
    """
    with po.change() as change:
        _, conf = _served(change)
        head = conf.head
        if administrator is not None:
            known = {user.mailbox.casefold(): user.mailbox for user in users(change)}
            if administrator and administrator.casefold() not in known:
                raise NotFoundError(f"there is no mailbox {administrator} here")
            head = attrs.evolve(head, administrator=known.get(administrator.casefold(), ""))
        if keep_updates is not None:
            if keep_updates < 1:
                raise UsageError(f"Keep Updates is at least one day, got {keep_updates}")
            head = attrs.evolve(head, keep_updates=keep_updates)
        conf = attrs.evolve(conf, head=head)
        write_srvconf(change, conf)
    return conf


def begin_anew(po: Maildata) -> None:
    """Forget all lists and numbers: every requestor exports and imports everything, under numbers above all before.

    For a server whose DXA/SERVER is lost. Until a requestor has exported, its list is empty for the others.
    """
    with po.change() as change:
        _, conf = _served(change)
        sync = max(conf.head.sync, Mark(po).read())
        mailbag.headers(change, mailbag.SYSTEM)  # a damaged mailbag is said now
        cleared = tuple(attrs.evolve(each, req=0, srv=0, imp=0) for each in conf.requestors)
        write_served(change, Served(sync=sync, head=sync, floor=sync, gathering=True))
        change.write(MSTTRANS, b"")
        write_srvconf(change, attrs.evolve(conf, requestors=cleared))


def _served(change: Changing) -> tuple[Master, Srvconf]:
    master, conf = identity(change), read_srvconf(change)
    if conf is None:
        raise UsageError(
            f"[{_BUSY}] {error_text(_BUSY)}: {master.name} is no directory server; `dxa msmail admin ADMIN server "
            f"{master.name}` makes it one"
        )
    return master, conf


# -- its requestors ------------------------------------------------------------------------------------------------


def register_requestor(
    po: Maildata, name: str, *, password_ref: str | None = None, limit: int | None = None
) -> Srvconf:
    """Make this postoffice a directory server, if it is none yet, and let another one be its requestor.

    `name` is NET/PO, or the address type of a gateway (KB Q99268). A requestor that is registered keeps its numbers,
    and what is None stays. Raises `AddressError` for a name that no postoffice can have, `UsageError` at a shadow
    postoffice, where dxa itself is the server, and at the requestor of another server.
    """
    _check(name)
    with po.change() as change:
        master = identity(change)
        if master.shadow:
            raise UsageError(f"{master.name} is a shadow postoffice: dxa is its server; use `dxa peers add` for {name}")
        server = read_reqconf(change).server
        if server and name_key(server) != name_key(master.name):
            raise UsageError(f"{master.name} is a requestor of {server}; it cannot be a directory server, too")
        conf = _new(change, master)
        old = conf.requestor(_full(name))
        new = old or Requestor(name=_full(name))
        new = attrs.evolve(
            new,
            password_ref=new.password_ref if password_ref is None else password_ref,
            limit=new.limit if limit is None else limit,
        )
        conf = attrs.evolve(conf, requestors=tuple(new if each is old else each for each in conf.requestors))
        if old is None:
            conf = attrs.evolve(conf, requestors=(*conf.requestors, new))
        write_srvconf(change, conf)
    return conf


def remove_requestor(po: Maildata, name: str, *, forget: bool = False) -> Srvconf:
    """Let a postoffice be no requestor any more.

    What it has told stays in everybody's lists until it comes back, unless it is to be forgotten: then it goes with the
    next SRVMAIN. Raises `NotFoundError` 120 for one that is not registered.
    """
    with po.change() as change:
        conf = _registered(change, name)
        conf = attrs.evolve(
            conf, requestors=tuple(r for r in conf.requestors if r.name.casefold() != _full(name).casefold())
        )
        write_srvconf(change, conf)
        served = read_served(change)
        if served is not None:
            served.memos.pop(name.casefold(), None)
            if forget:
                served.told.pop(name.casefold(), None)
            write_served(change, served)
    return conf


def want_full(po: Maildata, name: str) -> None:
    """Answer a requestor's next request with everything, even if that is nobody (Export on next cycle).

    Raises `NotFoundError` 120 for one that is not registered.
    """
    with po.change() as change:
        _registered(change, name)
        served = read_served(change) or Served()
        memo = served.memo(name)
        memo.state, _ = machine.step(memo.state, machine.Resend())
        memo.allowed = True
        write_served(change, served)


def _registered(change: Changing, name: str) -> Srvconf:
    _, conf = _served(change)
    if conf.requestor(_full(name)) is None:
        raise NotFoundError(f"[{_NOT_REGISTERED}] {error_text(_NOT_REGISTERED)}: {name}")
    return conf


def _check(name: str) -> None:
    network, slash, postoffice = name.partition("/")
    if slash or name not in _TYPES:
        check_pair(network, postoffice)


def _full(name: str) -> str:
    return f"PCM:{name}" if "/" in name else name
