"""Steps that many procedures have, and the postoffices at which they are done."""

from __future__ import annotations

import attrs

from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.programs.procedures import steps
from dxa_msmail.programs.procedures.place import Place
from dxa_msmail.programs.procedures.program import Step


def requestors(place: Place) -> list[str]:
    """Everybody who is registered at the directory server."""
    return place.requestors


def sites(place: Place) -> list[str]:
    """Those of them that are sites of dxa."""
    return [name for name in place.requestors if name_key(name) in place.shadows]


def without_sites(place: Place) -> list[str]:
    """The same without sites of dxa, which know by themselves which letters are about old numbers."""
    return [name for name in place.requestors if name_key(name) not in place.shadows]


def offices(place: Place) -> list[str]:
    """All postoffices that can be reached."""
    return list(place.names.values())


def others(place: Place) -> list[str]:
    """All postoffices that can be reached, without those that the procedure is about."""
    about = {name_key(place.other), name_key(place.new)}
    return [name for name in offices(place) if name_key(name) not in about]


_CYCLE_BY_HAND = """dxa msmail reqmain -t -d {path}
dxa msmail external -d {path}
{serving}
dxa msmail external -d {server_path}
dxa msmail reqmain -r -d {path}
dxa msmail import {admin} -q -y -d {path}
dxa msmail rebuild -f -d {path}"""

#: What a site of dxa does as a requestor; LINK is its link to the directory server.
_CYCLE_OF_SITE = "dxa sync LINK  # at the site, before and after the server's turn"
ALL_OF_SITE = "dxa peers full LINK\ndxa peers import LINK"

EVERYBODY = Step(
    what="let cycles run until {name} has told and been told everything",
    how=_CYCLE_BY_HAND,
    site=_CYCLE_OF_SITE,
    each=requestors,
    done=lambda place, name: place.settled([name]),
    do=lambda place, name: place.cycle(place.reached(place.requestors) or [name]),
    runs=True,
)
ALONE = attrs.evolve(EVERYBODY, each=lambda place: [place.name], do=lambda place, name: place.cycle([name]))
SOUND = Step(
    what="see that nothing is wrong with the files of {name}",
    how="dxa msmail postoffice check {path}",
    done=steps.is_sound,
)
WANT_ALL = Step(
    what="have {name} send everything, and ask for everything",
    how="dxa msmail admin {admin} -d {path} export\ndxa msmail admin {admin} -d {path} import",
    site=ALL_OF_SITE,
    done=steps.wants_all,
    do=steps.want_all,
)
TAKE = Step(
    what="take in what waits for the server {name}",
    how="dxa msmail srvmain -r -d {path}",
    done=steps.has_taken,
    do=steps.take,
)


GONE = Step(
    what="let cycles run until nobody of {other} stands in the lists of {name}",
    how=_CYCLE_BY_HAND,
    site=_CYCLE_OF_SITE,
    each=requestors,
    done=lambda place, name: not place.people(name, place.other),
    do=lambda place, name: place.cycle(place.reached(place.requestors), lambda: not place.people(name, place.other)),
    runs=True,
)
FORGOTTEN = Step(
    what="forget the postoffice {other} at {name}",
    how="dxa msmail admin {admin} -d {path} postoffice remove {other}",
    each=others,
    done=lambda place, name: place.knows(name, place.other) is None,
    do=lambda place, name: steps.unlearn(place, name, place.other),
)
