"""The procedures of WA0725 and of people who moved between MS Mail and Exchange, for postoffices: one table.

The command `dxa msmail procedure`, its checklists and the page ``docs/procedures.md`` come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from dxa_msmail.programs.procedures import serving, steps
from dxa_msmail.programs.procedures.common import (
    ALL_OF_SITE,
    ALONE,
    EVERYBODY,
    FORGOTTEN,
    GONE,
    SOUND,
    TAKE,
    WANT_ALL,
    offices,
    others,
    requestors,
    sites,
    without_sites,
)
from dxa_msmail.programs.procedures.program import SERVER, Procedure, Step

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
            ALONE,
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
                each=without_sites,
                done=steps.has_no_mail,
                do=steps.clear_mail,
            ),
            Step(
                what="reset the numbers of {name}; types, limit and templates stay as they are set",
                how="dxa msmail listds {admin} -r -z -d {path}",
                site=ALL_OF_SITE,
                each=requestors,
                done=steps.is_reset,
                do=steps.reset,
            ),
            EVERYBODY,
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
            TAKE,
            Step(
                what="copy SRVCONF.GLB, MSTTRANS.GLB, DXA/SERVER and the T2 times of {name} to {other}",
                done=serving.has_moved,
                do=serving.move,
            ),
            Step(
                what="let {name} be no directory server any more",
                how="dxa msmail admin {admin} -d {path} server-options --demote",
                done=serving.is_demoted,
                do=serving.demote,
            ),
            Step(
                what="register {other} as the directory server of {name}",
                how="dxa msmail admin {admin} -d {path} server {other}",
                site="# dxa.toml: server and server_maildata of LINK are those of {other}",
                each=lambda place: [*offices(place), *sites(place)],
                done=lambda place, name: serving.follows(place, name, place.other),
                do=lambda place, name: serving.follow(place, name, place.other),
            ),
            EVERYBODY,
        ),
    ),
    Procedure(
        name="server-to-dxa",
        title="Make dxa the directory server in place of a postoffice",
        source="KB Q180297, Q269129",
        at=SERVER,
        needs=("the NET/PO of dxa's shadow postoffice, to which the server knows the way",),
        steps=(
            TAKE,
            Step(
                what="register {name} at the site, with the folder of its postoffice and its password",
                how="dxa peers add LINK {name} --password-ref env:NAME --set maildata={path}\n"
                "dxa peers takeover OLDLINK LINK  # if the site was a requestor of it\ndxa sync LINK",
                each=offices,
                done=lambda place, name: serving.is_peer(place, place.other, name),
                local=False,
            ),
            Step(
                what="let {name} be no directory server any more; SRVCONF.GLB, MSTTRANS.GLB and the T2 times go",
                how="dxa msmail admin {admin} -d {path} server-options --demote",
                done=serving.is_demoted,
                do=serving.demote,
            ),
            Step(
                what="register {other} as the directory server of {name}, which makes it send and ask for everything",
                how="dxa msmail admin {admin} -d {path} server {other}",
                each=offices,
                done=lambda place, name: serving.follows(place, name, place.other),
                do=lambda place, name: serving.follow(place, name, place.other),
            ),
            attrs.evolve(EVERYBODY, each=offices),
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
                done=serving.is_server,
                do=serving.become_server,
            ),
            Step(
                what="register {name} as a requestor of {here}",
                how="dxa msmail admin {admin} -d {here_path} requestor {name}",
                each=lambda place: [*offices(place), place.other],
                done=lambda place, name: serving.is_registered(place, place.name, name),
                do=lambda place, name: serving.register(place, place.name, name),
                local=False,
            ),
            Step(
                what="register {here} as the directory server of {name}",
                how="dxa msmail admin {admin} -d {path} server {here}",
                each=offices,
                done=lambda place, name: serving.follows(place, name, place.name),
                do=lambda place, name: serving.follow(place, name, place.name),
            ),
            Step(
                what="give the site a link with the connector msmail-requestor, whose server is {here}, and run it",
                how="dxa peers takeover OLDLINK LINK\ndxa sync",
                each=lambda place: [place.other],
                done=lambda place, name: serving.has_spoken(place, place.name, name),
                local=False,
            ),
            EVERYBODY,
        ),
    ),
    Procedure(
        name="restore-requestor",
        title="Go on after a requestor was restored from a backup",
        source="KB Q96060, Q119014",
        at="the requestor",
        steps=(SOUND, WANT_ALL, ALONE),
    ),
    Procedure(
        name="restore-server",
        title="Go on after the directory server was restored from a backup",
        source="KB Q113453, Q96060 (problem 9)",
        at=SERVER,
        dxa="dxa restore",
        steps=(
            SOUND,
            attrs.evolve(WANT_ALL, each=requestors),
            EVERYBODY,
            Step(
                what="write RESYNC.GLB, and bring it to {name}, which cannot be reached from here",
                how="dxa msmail import {admin} -s -y -d {here_path}",
                each=lambda place: place.out_of_reach(without_sites(place)),
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
            TAKE,
            Step(
                what="let {other} be no requestor, and forget what it told",
                how="dxa msmail admin {admin} -d {path} requestor {other} --remove --forget",
                done=lambda place, name: serving.is_forgotten(place, name, place.other),
                do=lambda place, name: serving.forget(place, name, place.other),
            ),
            GONE,
            FORGOTTEN,
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
            TAKE,
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
                each=others,
                done=lambda place, name: place.knows(name, place.new) is not None,
                do=lambda place, name: steps.learn(place, name, place.new, like=place.other),
            ),
            Step(
                what="register {new} as a requestor, with the password and limit of {other}",
                how="dxa msmail admin {admin} -d {path} requestor {new}",
                done=lambda place, name: serving.is_registered(place, name, place.new),
                do=lambda place, name: serving.register(place, name, place.new, like=place.other),
            ),
            Step(
                what="let {other} be no requestor, and forget what it told",
                how="dxa msmail admin {admin} -d {path} requestor {other} --remove --forget",
                done=lambda place, name: serving.is_forgotten(place, name, place.other),
                do=lambda place, name: serving.forget(place, name, place.other),
            ),
            EVERYBODY,
            GONE,
            FORGOTTEN,
        ),
    ),
    Procedure(
        name="rename-requestor",
        title="Give a postoffice another name where dxa is the directory server",
        source="KB Q96060, Q114246",
        at="the postoffice",
        needs=("the NET/PO that it gets",),
        steps=(
            Step(
                what="let the site know it as {other}",
                how="dxa peers rename LINK {name} {other}\ndxa sync",
                done=lambda place, _name: serving.is_peer(place, place.server_name, place.other),
            ),
            Step(
                what="give {name} the name {other}",
                done=lambda place, name: steps.is_called(place, name, place.other),
                do=lambda place, name: steps.call(place, name, place.other),
            ),
            ALONE,
        ),
    ),
)

#: The procedures by their names.
PROCEDURES: Mapping[str, Procedure] = MappingProxyType({each.name: each for each in _ALL})
