"""What the steps of procedures look at, and do: each is done by what it leaves, so that one that was done is not
done again.
"""

from __future__ import annotations

from typing import Any

import attrs

from dxa.errors import UsageError
from dxa_msmail.addresses import check_pair
from dxa_msmail.envelope import SYSTEM as MAILBOX
from dxa_msmail.postoffice import letters, mailbag, queue, tree
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, Requestor, read_reqconf, write_reqconf, write_srvconf
from dxa_msmail.postoffice.dirsyncconf import read_srvconf as read_conf
from dxa_msmail.postoffice.identity import identity, write_identity
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.networks import name_key, postoffices
from dxa_msmail.postoffice.process import T2, read_process, write_process
from dxa_msmail.postoffice.queue import MSTTRANS
from dxa_msmail.postoffice.served import SERVED, read_served
from dxa_msmail.postoffice.tree import open_postoffice
from dxa_msmail.programs import admin, listds, srvmain
from dxa_msmail.programs.keeping import is_comment
from dxa_msmail.programs.proceduresplace import Place
from dxa_msmail.programs.srvmain import bare
from dxa_msmail.programs.srvmainmark import Mark
from dxa_msmail.programs.telling import of_others, renumbered

# -- numbers -------------------------------------------------------------------------------------------------------


def is_reset(place: Place, name: str) -> bool:
    """Everything is to be exchanged anew."""
    conf = place.conf(name)
    return conf.imports and conf.exports and (_is_server(place, name) or (conf.acked, conf.srv) == (0, 0))


def reset(place: Place, name: str) -> None:
    """LISTDS -R -Z; at the server, whose own numbers are not reset, a full export and import."""
    if _is_server(place, name):
        want_all(place, name)
    else:
        listds.reset(place.po(name))


def wants_all(place: Place, name: str) -> bool:
    """It is going to send everything, and to ask for everything."""
    conf = place.conf(name)
    return conf.imports and conf.exports


def want_all(place: Place, name: str) -> None:
    """Config, Dir-Sync, Requestor, Export and Import."""
    admin.want_export(place.po(name))
    admin.want_import(place.po(name))


def is_anew(place: Place, name: str) -> bool:
    """The server has forgotten what was told, and has not heard anybody since."""
    with place.po(name).look() as files:
        served = read_served(files)
    return served is not None and served.gathering and not served.told


def begin_anew(place: Place, name: str) -> None:
    """Forget all lists and numbers."""
    admin.begin_anew(place.po(name))


def _is_server(place: Place, name: str) -> bool:
    return place.srvconf(name) is not None


# -- mail ----------------------------------------------------------------------------------------------------------


def _waiting(files: Files, bag: str) -> list[int]:
    """The letters of directory synchronization in a mailbag, by slot; all of SYSTEM is."""
    return [slot for slot, header in mailbag.headers(files, bag) if bag == SYSTEM or header.sender == MAILBOX]


def has_no_mail(place: Place, name: str) -> bool:
    """No letter of directory synchronization waits."""
    with place.po(name).look() as files:
        return not (_waiting(files, SYSTEM) or _waiting(files, INQUEUE))


def clear_mail(place: Place, name: str) -> None:
    """Take them out: they are about numbers that mean nothing any more (KB Q257740)."""
    with place.po(name).change() as change:
        for bag in (SYSTEM, INQUEUE):
            slots = _waiting(change, bag)
            if slots:
                letters.drop(change, bag, *slots)


def has_taken(place: Place, name: str) -> bool:
    """No request waits at the server, or it is none any more."""
    with place.po(name).look() as files:
        return files.read(SRVCONF) is None or not _waiting(files, SYSTEM)


def take(place: Place, name: str) -> None:
    """SRVMAIN -R."""
    srvmain.receive(place.po(name), place.clock)


def is_sound(place: Place, name: str) -> bool:
    """Nothing is wrong with its files."""
    with place.po(name).look() as files:
        return not tree.check(files)


# -- who is the server ---------------------------------------------------------------------------------------------


def has_moved(place: Place, name: str) -> bool:
    """The new one has the server's files, or the old one has none to give."""
    return place.srvconf(place.other) is not None or place.srvconf(name) is None


def move(place: Place, name: str) -> None:
    """Copy SRVCONF, MSTTRANS, what is remembered and the T2 times; the number mark goes along (WA0725)."""
    old, new = place.po(name), place.po(place.other)
    with old.look() as files:
        found = {file: files.read(file) for file in (SRVCONF, MSTTRANS, SERVED)}
        process = read_process(files)
    missing = [file for file, data in found.items() if data is None]
    if missing:
        raise UsageError(f"{name} has no {', '.join(missing)}, so it cannot be moved; nothing has been done")
    Mark(new).raise_to(Mark(old).read())
    with new.change() as change:
        times = () if process is None else tuple(each for each in process.entries if each.command == T2)
        there = read_process(change)
        if times and there is not None:
            write_process(change, attrs.evolve(there, entries=(*there.entries, *times)))
        for file, data in found.items():
            assert data is not None
            change.write(file, data)


def is_demoted(place: Place, name: str) -> bool:
    """It is no directory server."""
    return place.srvconf(name) is None


def demote(place: Place, name: str) -> None:
    """Be no directory server any more (KB Q180297)."""
    if place.srvconf(place.other) is None and name_key(place.other) in place.offices:
        raise UsageError(f"{place.other} is no directory server yet, so {name} has to stay one; nothing has been done")
    admin.remove_server(place.po(name))


def is_server(place: Place, name: str) -> bool:
    """It is a directory server, and its own requestor."""
    conf = place.srvconf(name)
    return conf is not None and name_key(place.conf(name).server) == name_key(name)


def become_server(place: Place, name: str) -> None:
    """Be the directory server."""
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


def is_registered(place: Place, server: str, name: str) -> bool:
    """It is a requestor of that server."""
    return name_key(name) in {name_key(bare(each.name)) for each in _requestors(place, server)}


def register(place: Place, server: str, name: str, *, like: str = "") -> None:
    """Let it be a requestor; with the password and limit of another one."""
    admin.register_requestor(place.po(server), name)
    old = next((each for each in _requestors(place, server) if name_key(bare(each.name)) == name_key(like)), None)
    if old is not None:
        with place.po(server).change() as change:
            conf = read_conf(change)
            assert conf is not None
            rows = [
                attrs.evolve(each, password_ref=old.password_ref, limit=old.limit)
                if name_key(bare(each.name)) == name_key(name)
                else each
                for each in conf.requestors
            ]
            write_srvconf(change, attrs.evolve(conf, requestors=tuple(rows)))


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


# -- postoffices ---------------------------------------------------------------------------------------------------


def learn(place: Place, name: str, other: str, *, like: str) -> None:
    """Know another postoffice, on the way that led to the one called `like`."""
    row = place.knows(name, like)
    assert row is not None
    admin.add_postoffice(place.po(name), other, route=row.route)


def unlearn(place: Place, name: str, other: str) -> None:
    """Forget another postoffice; raises `UsageError` while mail waits for it, or others are reached through it."""
    admin.remove_postoffice(place.po(name), other)


def is_called(place: Place, name: str, new: str) -> bool:
    """The postoffice has that name now, and perhaps nobody knows it by the old one any more."""
    if name_key(name) not in place.offices:
        return name_key(new) in place.offices
    with place.po(name).look() as files:
        return name_key(identity(files).name) == name_key(new)


def call(place: Place, name: str, new: str) -> None:
    """Give it another name; its list is told anew, under that. Raises `UsageError` for one that is taken."""
    if name_key(name) not in place.offices:
        raise UsageError(
            place.away.get(name_key(name), f"{place.name} knows no postoffice {name}; nothing has been done")
        )
    network, _, postoffice = new.partition("/")
    check_pair(network, postoffice)
    if place.knows(name, new) is not None:
        raise UsageError(f"{name} knows another postoffice called {new}; nothing has been done")
    if place.srvconf(name) is not None:
        raise UsageError(f"{name} is the directory server; move that to another postoffice first")
    with place.po(name).change() as change:
        _leave_others(change, int(place.clock()))
        write_identity(change, attrs.evolve(identity(change), network=network, postoffice=postoffice))
    want_all(place, name)


def _leave_others(change: Changing, now: int) -> None:
    """What waits about the own list names it as it was called; the full export says it all under the new name."""
    conf, waiting = read_reqconf(change), queue.read_file(change, queue.REQTRANS)
    pending = [record for record in waiting.records if record.number > conf.acked and not is_comment(record)]
    last = max(conf.last, waiting.last_number)
    rest = renumbered(of_others(pending, identity(change).name), last + 1)
    change.write(queue.REQTRANS, queue.write_queue(rest or [queue.dummy(last, now)]))
    write_reqconf(change, attrs.evolve(conf, last=last + len(rest)))
