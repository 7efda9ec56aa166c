"""What the steps of procedures look at, and do: each is done by what it leaves, so that one that was done is not
done again.
"""

from __future__ import annotations

import attrs

from dxa.errors import UsageError
from dxa_msmail.addresses import check_pair
from dxa_msmail.envelope import SYSTEM as MAILBOX
from dxa_msmail.postoffice import letters, mailbag, queue, tree
from dxa_msmail.postoffice.dirsyncconf import read_reqconf, write_reqconf
from dxa_msmail.postoffice.identity import identity, write_identity
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.postoffice.served import read_served
from dxa_msmail.programs import admin, listds, registration
from dxa_msmail.programs.dispatch.mail import oldest_request
from dxa_msmail.programs.keeping import is_comment
from dxa_msmail.programs.procedures.place import Place
from dxa_msmail.programs.srvmain import program as srvmain
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
    with place.po(name).change() as change:
        registration.want_all(change)


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
    """No request waits at the server, or it is none any more; an answer to itself is no request."""
    with place.po(name).look() as files:
        return oldest_request(files) is None


def take(place: Place, name: str) -> None:
    """SRVMAIN -R."""
    srvmain.receive(place.po(name), place.clock)


def is_sound(place: Place, name: str) -> bool:
    """Nothing is wrong with its files."""
    with place.po(name).look() as files:
        return not tree.check(files)


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
        # Not behind it: whoever has the new name, and tells nobody its people under it, loses them with the old one.
        registration.want_all(change)


def _leave_others(change: Changing, now: int) -> None:
    """What waits about the own list names it as it was called; the full export says it all under the new name."""
    conf, waiting = read_reqconf(change), queue.read_file(change, queue.REQTRANS)
    pending = [record for record in waiting.records if record.number > conf.acked and not is_comment(record)]
    last = max(conf.last, waiting.last_number)
    rest = renumbered(of_others(pending, identity(change).name), last + 1)
    change.write(queue.REQTRANS, queue.write_queue(rest or [queue.dummy(last, now)]))
    write_reqconf(change, attrs.evolve(conf, last=last + len(rest)))
