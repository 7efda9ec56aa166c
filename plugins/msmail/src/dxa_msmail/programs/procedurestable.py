"""The procedures of WA0725 and of people who moved between MS Mail and Exchange, for postoffices: one table.

The command `dxa msmail procedure`, its checklists and the page ``docs/procedures.md`` come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.programs import proceduressteps as steps
from dxa_msmail.programs.procedures import SERVER, Procedure, Step
from dxa_msmail.programs.proceduresplace import Place

# -- steps that many have ------------------------------------------------------------------------------------------


def _requestors(place: Place) -> list[str]:
    return place.requestors


def _offices(place: Place) -> list[str]:
    """All postoffices that can be reached."""
    return list(place.names.values())


def _others(place: Place) -> list[str]:
    """The same without those that the procedure is about."""
    about = {name_key(place.other), name_key(place.new)}
    return [name for name in _offices(place) if name_key(name) not in about]


_CYCLE_BY_HAND = """dxa msmail reqmain -t -d {path}
dxa msmail external -d {path}
{serving}
dxa msmail external -d {server_path}
dxa msmail reqmain -r -d {path}
dxa msmail import {admin} -q -y -d {path}
dxa msmail rebuild -f -d {path}"""

_EVERYBODY = Step(
    what="let cycles run until {name} has told and been told everything",
    how=_CYCLE_BY_HAND,
    each=_requestors,
    done=lambda place, name: place.settled([name]),
    do=lambda place, name: place.cycle(place.reached(place.requestors) or [name]),
    runs=True,
)
_ALONE = attrs.evolve(_EVERYBODY, each=lambda place: [place.name], do=lambda place, name: place.cycle([name]))
_SOUND = Step(
    what="see that nothing is wrong with the files of {name}",
    how="dxa msmail postoffice check {path}",
    done=steps.is_sound,
)
_WANT_ALL = Step(
    what="have {name} send everything, and ask for everything",
    how="dxa msmail admin {admin} -d {path} export\ndxa msmail admin {admin} -d {path} import",
    done=steps.wants_all,
    do=steps.want_all,
)
_TAKE = Step(
    what="take in what waits for the server {name}",
    how="dxa msmail srvmain -r -d {path}",
    done=steps.has_taken,
    do=steps.take,
)


_GONE = Step(
    what="let cycles run until nobody of {other} stands in the lists of {name}",
    how=_CYCLE_BY_HAND,
    each=_requestors,
    done=lambda place, name: not place.people(name, place.other),
    do=lambda place, name: place.cycle(place.reached(place.requestors)),
    runs=True,
)
_FORGOTTEN = Step(
    what="forget the postoffice {other} at {name}",
    how="dxa msmail admin {admin} -d {path} postoffice remove {other}",
    each=_others,
    done=lambda place, name: place.knows(name, place.other) is None,
    do=lambda place, name: steps.unlearn(place, name, place.other),
)


# -- the table -----------------------------------------------------------------------------------------------------

_ALL = (
    Procedure(
        name="local-reset",
        title="Begin anew with the directory server at one postoffice",
        source="WA0725; KB Q152231, Q131681, Q140462",
        at="the requestor",
        steps=(
            Step(
                what="reset the numbers of {name}; it is going to send and ask for everything",
                how="dxa msmail listds {admin} -r -z -d {path}",
                done=steps.is_reset,
                do=steps.reset,
            ),
            _ALONE,
        ),
    ),
    Procedure(
        name="global-reset",
        title="Begin anew with everything, everywhere",
        source="WA0725; KB Q257740, Q96060",
        at=SERVER,
        dxa="dxa peers full LINK/PEER…",
        steps=(
            Step(
                what="have the server {name} forget all lists and numbers",
                how="dxa msmail admin {admin} -d {path} server-options --anew",
                done=steps.is_anew,
                do=steps.begin_anew,
            ),
            Step(
                what="take directory synchronization's letters out of SYSTEM and INQUEUE of {name}",
                how="dxa msmail procedure clear-mail {admin} -d {path} --go",
                each=_requestors,
                done=steps.has_no_mail,
                do=steps.clear_mail,
            ),
            Step(
                what="reset the numbers of {name}; types, limit and templates stay as they are set",
                how="dxa msmail listds {admin} -r -z -d {path}",
                each=_requestors,
                done=steps.is_reset,
                do=steps.reset,
            ),
            _EVERYBODY,
        ),
    ),
    Procedure(
        name="clear-mail",
        title="Throw away letters of directory synchronization that wait at a postoffice",
        source="KB Q257740",
        at="any postoffice",
        steps=(
            Step(
                what="take directory synchronization's letters out of SYSTEM and INQUEUE of {name}",
                done=steps.has_no_mail,
                do=steps.clear_mail,
            ),
        ),
    ),
    Procedure(
        name="move-server",
        title="Move the directory server to another postoffice",
        source="WA0725; KB Q96060",
        at=SERVER,
        needs=("the NET/PO of the postoffice that is to be the server",),
        dxa="dxa backup",
        steps=(
            _TAKE,
            Step(
                what="copy SRVCONF.GLB, MSTTRANS.GLB, DXA/SERVER and the T2 times of {name} to {other}",
                done=steps.has_moved,
                do=steps.move,
            ),
            Step(
                what="let {name} be no directory server any more",
                how="dxa msmail admin {admin} -d {path} server-options --demote",
                done=steps.is_demoted,
                do=steps.demote,
            ),
            Step(
                what="register {other} as the directory server of {name}",
                how="dxa msmail admin {admin} -d {path} server {other}",
                each=_offices,
                done=lambda place, name: steps.follows(place, name, place.other),
                do=lambda place, name: steps.follow(place, name, place.other),
            ),
            _EVERYBODY,
        ),
    ),
    Procedure(
        name="server-to-dxa",
        title="Make dxa the directory server in place of a postoffice",
        source="KB Q180297, Q269129",
        at=SERVER,
        needs=("the NET/PO of dxa's shadow postoffice, to which the server knows the way",),
        steps=(
            _TAKE,
            Step(
                what="register {name} at the site, with the folder of its postoffice and its password",
                how="dxa peers add LINK {name} --password-ref env:NAME --set maildata={path}\n"
                "dxa peers takeover OLDLINK LINK  # if the site was a requestor of it",
                each=_offices,
                done=lambda place, name: steps.is_peer(place, place.other, name),
                local=False,
            ),
            Step(
                what="let {name} be no directory server any more; SRVCONF.GLB, MSTTRANS.GLB and the T2 times go",
                how="dxa msmail admin {admin} -d {path} server-options --demote",
                done=steps.is_demoted,
                do=steps.demote,
            ),
            Step(
                what="register {other} as the directory server of {name}, which makes it send and ask for everything",
                how="dxa msmail admin {admin} -d {path} server {other}",
                each=_offices,
                done=lambda place, name: steps.follows(place, name, place.other),
                do=lambda place, name: steps.follow(place, name, place.other),
            ),
            attrs.evolve(_EVERYBODY, each=_offices),
        ),
    ),
    Procedure(
        name="server-from-dxa",
        title="Make a postoffice the directory server in place of dxa",
        source="KB Q148309, Q181952",
        at="the postoffice that is to be the server",
        needs=("the NET/PO of dxa's shadow postoffice",),
        steps=(
            Step(
                what="make {name} the directory server, and its own requestor",
                how="dxa msmail admin {admin} -d {path} server {name}",
                done=steps.is_server,
                do=steps.become_server,
            ),
            Step(
                what="register {name} as a requestor of {here}",
                how="dxa msmail admin {admin} -d {here_path} requestor {name}",
                each=lambda place: [*_offices(place), place.other],
                done=lambda place, name: steps.is_registered(place, place.name, name),
                do=lambda place, name: steps.register(place, place.name, name),
                local=False,
            ),
            Step(
                what="register {here} as the directory server of {name}",
                how="dxa msmail admin {admin} -d {path} server {here}",
                each=_offices,
                done=lambda place, name: steps.follows(place, name, place.name),
                do=lambda place, name: steps.follow(place, name, place.name),
            ),
            Step(
                what="give the site a link with the connector msmail-requestor, whose server is {here}, and run it",
                how="dxa peers takeover OLDLINK LINK\ndxa sync",
                each=lambda place: [place.other],
                done=lambda place, name: steps.has_spoken(place, place.name, name),
                local=False,
            ),
            _EVERYBODY,
        ),
    ),
    Procedure(
        name="restore-requestor",
        title="Go on after a requestor was restored from a backup",
        source="KB Q96060, Q119014",
        at="the requestor",
        steps=(_SOUND, _WANT_ALL, _ALONE),
    ),
    Procedure(
        name="restore-server",
        title="Go on after the directory server was restored from a backup",
        source="KB Q113453, Q96060 (problem 9)",
        at=SERVER,
        dxa="dxa restore",
        steps=(
            _SOUND,
            attrs.evolve(_WANT_ALL, each=_requestors),
            _EVERYBODY,
            Step(
                what="write RESYNC.GLB, and bring it to {name}, which cannot be reached from here",
                how="dxa msmail import {admin} -s -y -d {here_path}",
                each=lambda place: place.out_of_reach(place.requestors),
            ),
        ),
    ),
    Procedure(
        name="retire",
        title="Retire a postoffice: its people go everywhere",
        source="KB Q130230, Q104743",
        at=SERVER,
        needs=("the NET/PO of the postoffice that goes",),
        dxa="dxa peers retire LINK NET/PO",
        steps=(
            _TAKE,
            Step(
                what="let {other} be no requestor, and forget what it told",
                how="dxa msmail admin {admin} -d {path} requestor {other} --remove --forget",
                done=lambda place, name: steps.is_forgotten(place, name, place.other),
                do=lambda place, name: steps.forget(place, name, place.other),
            ),
            _GONE,
            _FORGOTTEN,
        ),
    ),
    Procedure(
        name="rename",
        title="Give a postoffice another name",
        source="KB Q96060, Q114246",
        at=SERVER,
        needs=("the NET/PO of the postoffice", "the NET/PO that it gets"),
        dxa="dxa peers rename LINK OLD NEW",
        steps=(
            _TAKE,
            Step(
                what="give {name} the name {new}",
                how="dxa msmail procedure rename {admin} {other} {new} -d {here_path} --go",
                each=lambda place: [place.other],
                done=lambda place, name: steps.is_called(place, name, place.new),
                do=lambda place, name: steps.call(place, name, place.new),
                local=False,
            ),
            Step(
                what="let {name} know the postoffice {new}",
                how="dxa msmail admin {admin} -d {path} postoffice add {new} --direct {other_path}",
                each=_others,
                done=lambda place, name: place.knows(name, place.new) is not None,
                do=lambda place, name: steps.learn(place, name, place.new, like=place.other),
            ),
            Step(
                what="register {new} as a requestor, with the password and limit of {other}",
                how="dxa msmail admin {admin} -d {path} requestor {new}",
                done=lambda place, name: steps.is_registered(place, name, place.new),
                do=lambda place, name: steps.register(place, name, place.new, like=place.other),
            ),
            Step(
                what="let {other} be no requestor, and forget what it told",
                how="dxa msmail admin {admin} -d {path} requestor {other} --remove --forget",
                done=lambda place, name: steps.is_forgotten(place, name, place.other),
                do=lambda place, name: steps.forget(place, name, place.other),
            ),
            _EVERYBODY,
            _GONE,
            _FORGOTTEN,
        ),
    ),
)

#: The procedures by their names.
PROCEDURES: Mapping[str, Procedure] = MappingProxyType({each.name: each for each in _ALL})
