"""The steps of procedures that are about who is the directory server, and who its requestors are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from dxa.errors import UsageError
from dxa_msmail.postoffice.dirsyncconf import Requestor, write_srvconf
from dxa_msmail.postoffice.dirsyncconf import read_srvconf as read_conf
from dxa_msmail.postoffice.networks import name_key, postoffices
from dxa_msmail.postoffice.process import T2, ProcessEntry, read_process, write_process
from dxa_msmail.postoffice.queue import MSTTRANS
from dxa_msmail.postoffice.served import SERVED, read_served
from dxa_msmail.postoffice.tree import open_postoffice
from dxa_msmail.programs import admin
from dxa_msmail.programs.procedures.place import Place
from dxa_msmail.programs.srvmain.mark import Mark
from dxa_msmail.programs.srvmain.program import bare


def has_moved(place: Place, name: str) -> bool:
    """The new one has the server's files, or the old one has none to give."""
    return place.srvconf(place.other) is not None or place.srvconf(name) is None


def move(place: Place, name: str) -> None:
    """Copy SRVCONF, MSTTRANS, what is remembered and the T2 times; the number mark goes along (WA0725)."""
    _require_known(place, name, place.other)
    if name_key(place.other) not in place.offices:
        why = place.away.get(name_key(place.other), f"{place.other} is a shadow postoffice of dxa")
        raise UsageError(f"{why}; nothing has been done")
    old, new = place.po(name), place.po(place.other)
    with old.look() as files:
        found = {file: data for file in (MSTTRANS, SERVED) if (data := files.read(file)) is not None}
        conf, process = read_conf(files), read_process(files)
    assert conf is not None
    if len(found) < 2 and conf.head.sync:
        raise UsageError(f"{name} lacks {MSTTRANS} or {SERVED}, so it cannot be moved; nothing has been done")
    Mark(new).raise_to(Mark(old).read())
    with new.change() as change:
        times = () if process is None else tuple(each for each in process.entries if each.command == T2)
        there = read_process(change)
        if times and there is not None:
            write_process(change, attrs.evolve(there, entries=_joined(there.entries, times)))
        for file, data in found.items():
            change.write(file, data)
        requestors = tuple(attrs.evolve(x, password_ref=_anywhere(x.password_ref, old.root)) for x in conf.requestors)
        write_srvconf(change, attrs.evolve(conf, requestors=requestors))


def _joined(there: tuple[ProcessEntry, ...], times: tuple[ProcessEntry, ...]) -> tuple[ProcessEntry, ...]:
    """Two schedules as one; what comes gets IDs of its own."""
    highest = max((each.id for each in there), default=0)
    return (*there, *(attrs.evolve(each, id=highest + n) for n, each in enumerate(times, 1)))


def _anywhere(password_ref: str, root: Path) -> str:
    """The reference to a password, so that it is found from another postoffice, too."""
    kind, colon, text = password_ref.partition(":")
    return f"{kind}{colon}{(root / text).resolve()}" if colon and kind == "file" else password_ref


def is_demoted(place: Place, name: str) -> bool:
    """It is no directory server."""
    return place.srvconf(name) is None


def demote(place: Place, name: str) -> None:
    """Be no directory server any more (KB Q180297)."""
    _require_known(place, name, place.other)
    if place.srvconf(place.other) is None and name_key(place.other) in place.offices:
        raise UsageError(f"{place.other} is no directory server yet, so {name} has to stay one; nothing has been done")
    admin.remove_server(place.po(name))


def is_server(place: Place, name: str) -> bool:
    """It is a directory server, and its own requestor."""
    conf = place.srvconf(name)
    return conf is not None and name_key(place.conf(name).server) == name_key(name)


def become_server(place: Place, name: str) -> None:
    """Be the directory server in place of the one that the procedure is about."""
    _require_known(place, name, place.other)
    present = place.conf(name).server
    if name_key(present) not in ("", name_key(name), name_key(place.other)):
        raise UsageError(f"the directory server of {name} is {present}, not {place.other}; nothing has been done")
    admin.register_server(place.po(name), name, **_options(place, name))


def _options(place: Place, name: str) -> dict[str, Any]:
    """What a requestor is set to, which stays as it is with another server."""
    conf = place.conf(name)
    return {
        "types": conf.type_names or ("PCM",),
        "password_ref": conf.password_ref,
        "limit": conf.limit,
        "templates_out": conf.templates_out,
        "templates_in": conf.templates_in,
        "create_po": conf.create_po,
        "rebuild": conf.rebuild,
    }


def follows(place: Place, name: str, server: str) -> bool:
    """That is its directory server."""
    return name_key(place.conf(name).server) == name_key(server)


def follow(place: Place, name: str, server: str) -> None:
    """Have another directory server; it learns the way there from the postoffice that the procedure begins at."""
    if name_key(name) != name_key(server) and place.knows(name, server) is None:
        route = place.route(place.name, server)
        if route is None:
            raise UsageError(f"{place.name} does not know {server}; `postoffice add {server}` there comes first")
        admin.add_postoffice(place.po(name), server, route=route)
    admin.register_server(place.po(name), server, **_options(place, name))


def _require_known(place: Place, name: str, other: str) -> None:
    if place.knows(name, other) is None:
        raise UsageError(
            f"{name} knows no postoffice {other}, so nothing has been done; `postoffice add {other}` there comes first"
        )


def is_registered(place: Place, server: str, name: str) -> bool:
    """It is a requestor of that server."""
    return name_key(name) in {name_key(bare(each.name)) for each in _requestors(place, server)}


def register(place: Place, server: str, name: str, *, like: str = "") -> None:
    """Let it be a requestor; with the password and limit of another one. Raises `UsageError` for nobody."""
    if name_key(name) != name_key(server):
        _require_known(place, server, name)
    old = next(
        (each for each in _requestors(place, server) if name_key(bare(each.name)) == name_key(like)), Requestor()
    )
    admin.register_requestor(place.po(server), name, password_ref=old.password_ref or None, limit=old.limit or None)


def is_forgotten(place: Place, server: str, name: str) -> bool:
    """It is no requestor, and nothing is remembered that it told."""
    with place.po(server).look() as files:
        served = read_served(files)
    return not is_registered(place, server, name) and (served is None or name.casefold() not in served.told)


def forget(place: Place, server: str, name: str) -> None:
    """Let it be no requestor, and forget what it told: its list is emptied everywhere (dx:T-105)."""
    if not is_registered(place, server, name):
        admin.register_requestor(place.po(server), name)  # removed before, but what it told is still there
    admin.remove_requestor(place.po(server), name, forget=True)


def _requestors(place: Place, server: str) -> tuple[Requestor, ...]:
    conf = place.srvconf(server)
    return () if conf is None else conf.requestors


def has_spoken(place: Place, server: str, name: str) -> bool:
    """It has told the server something."""
    with place.po(server).look() as files:
        served = read_served(files)
    memo = None if served is None else served.memos.get(name.casefold())
    return memo is not None and memo.state.r > 0


def is_peer(place: Place, shadow: str, name: str) -> bool:
    """dxa knows it as a requestor, as its shadow postoffice shows; False as well when that cannot be looked at."""
    path = place.shadows.get(name_key(shadow))
    if path is None:
        return False
    with open_postoffice(path, patience=place.here.patience).look() as files:
        return name_key(name) in postoffices(files)
