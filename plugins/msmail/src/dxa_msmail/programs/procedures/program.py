"""Procedures of people who keep postoffices alive, as lists of steps: what they are, and how one is gone through.

The procedures themselves are in `dxa_msmail.programs.procedures.table`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path

import attrs

from dxa.errors import DxaError, UsageError
from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.programs.procedures.place import Place

#: Where most procedures begin.
SERVER = "the directory server"


class State(Enum):
    """What is known of a step: it is done, it can be done from here, or it is a person's."""

    DONE = "done"
    TO_DO = "to do"
    YOURS = "yours"


@attrs.frozen(kw_only=True)
class Step:
    """One step. `what` and `how` (a command a line) are texts in which names stand in braces.

    `each` says for which postoffices it is done, `done` whether it is for one of them, and `do` does it; it returns
    False when that cannot be done from here. Without `done` nobody can tell, and without `do` it is a person's. With
    `local` both need the files of that postoffice; a step that `runs` needs a server whose programs run here, too.
    `site` is typed in place of `how` where the postoffice is the shadow of a site of dxa: then it is a person's, who
    may do it at any time, so that it stops no step behind it.
    """

    what: str
    how: str = ""
    site: str = ""
    each: Callable[[Place], Sequence[str]] = lambda place: [place.name]
    done: Callable[[Place, str], bool] | None = None
    do: Callable[[Place, str], object] | None = None
    local: bool = True
    runs: bool = False


@attrs.frozen(kw_only=True)
class Procedure:
    """A procedure; `at` says at which postoffice it is begun, `needs` which names it has to know besides.

    `dxa` is what is typed instead where dxa is the directory server; "" when it is the same there.
    """

    name: str
    title: str
    source: str
    at: str
    needs: tuple[str, ...] = ()
    dxa: str = ""
    steps: tuple[Step, ...]


@attrs.frozen(kw_only=True)
class Item:
    """A step at one place: its number, what and how with names filled in, its state, and why it is a person's."""

    number: int
    what: str
    how: Sequence[str]
    state: State
    why: str = ""


# -- using it ------------------------------------------------------------------------------------------------------


def checklist(procedure: Procedure, place: Place) -> list[Item]:
    """Every step with what is known of it now; nothing is changed. Raises `UsageError` without what it needs."""
    _require(procedure, place)
    place.refresh()
    return [_item(place, step, number, name) for number, step, name in _places(procedure, place)]


def go(procedure: Procedure, place: Place, *, after: int = 0) -> list[Item]:
    """Do the steps in their order, without those that are done, up to the first that is a person's.

    Whoever is interrupted just goes on. `after` is the number of a step that a person has done, with all before it.
    Raises `UsageError`, and what a step raises: those before it stay done.
    """
    _require(procedure, place)
    done: set[tuple[int, str]] = set()
    for number, step in enumerate(procedure.steps, 1):
        place.refresh()
        if number > after:
            names = list(step.each(place))
            done |= {(number, name_key(name)) for name in names if _do(place, step, number, name)}
            left = [name for name in names if (number, name_key(name)) not in done]
            if not all(_is_site(place, step, name) for name in left):  # one that cannot be done stops no other
                break
    place.refresh()
    # What can be done again at any time is done all the same.
    return [
        attrs.evolve(item, state=State.DONE, why="") if (number, name_key(name)) in done or number <= after else item
        for number, step, name in _places(procedure, place)
        for item in [_item(place, step, number, name)]
    ]


def _do(place: Place, step: Step, number: int, name: str) -> bool:
    """Do a step for one postoffice, if that can be; returns whether it is done."""
    if _item(place, step, number, name).state is State.DONE:
        return True
    if step.do is None or not _is_here(place, step, name) or step.do(place, name) is False:
        return False
    return _item(place, step, number, name).state is State.DONE


def _places(procedure: Procedure, place: Place) -> Iterator[tuple[int, Step, str]]:
    for number, step in enumerate(procedure.steps, 1):
        for name in step.each(place):
            yield number, step, name


def _require(procedure: Procedure, place: Place) -> None:
    given = [name for name in (place.other, place.new) if name]
    if len(given) != len(procedure.needs) or not all("/" in name for name in given):
        raise UsageError(f"{procedure.name} needs {' and '.join(procedure.needs) or 'no other name'}")
    if name_key(place.name) in {name_key(name) for name in given}:
        raise UsageError(f"{procedure.name} cannot be about {place.name} and begin there, too; nothing has been done")
    if procedure.at == SERVER and place.srvconf(place.name) is None and not _was_server(place):
        hint = f"; where dxa is the server, use `{procedure.dxa}`" if procedure.dxa else ""
        raise UsageError(f"{procedure.name} begins at the directory server, and {place.name} is none{hint}")


def _was_server(place: Place) -> bool:
    """It has handed that over to the one that the procedure is about."""
    return bool(place.other) and name_key(place.server_name) in (name_key(place.other), "")


def _item(place: Place, step: Step, number: int, name: str) -> Item:
    state, why, how = State.YOURS, "", step.how
    try:
        if _is_site(place, step, name):
            how = step.site
        elif step.done is not None and _is_here(place, step, name):
            can = step.do is not None and (not step.runs or place.server is not None)
            state = State.DONE if step.done(place, name) else State.TO_DO if can else State.YOURS
        elif step.done is not None:
            why = place.away.get(name_key(name), f"{name} cannot be reached from here")
    except DxaError as error:
        why = str(error)
    names = _names(place, name)
    return Item(number=number, what=step.what.format_map(names), how=_lines(how, names), state=state, why=why)


def _is_here(place: Place, step: Step, name: str) -> bool:
    """Whether it can be looked at and done from here."""
    return not step.local or name_key(name) in place.offices


def _is_site(place: Place, step: Step, name: str) -> bool:
    """Whether the step is done at a site of dxa, behind its shadow postoffice."""
    return bool(step.site) and name_key(name) in place.shadows


def _names(place: Place, name: str) -> dict[str, str]:
    server = place.server_name
    dxa = f"dxa sync  # {server} is dxa"
    path = _near(place.path(server))
    hand = f"dxa msmail srvmain -r -d {path}\ndxa msmail srvmain -t -d {path}"
    return {
        "name": name,
        "path": _near(place.path(name)),
        "here": place.name,
        "here_path": _near(place.path(place.name)),
        "server": server,
        "server_path": path,
        "serving": hand if place.server is not None else dxa,
        "other": place.other,
        "other_path": _near(place.path(place.other)),
        "new": place.new,
        "admin": place.admin,
    }


def _near(path: str) -> str:
    """A path as one types it here: what is below the current folder is seen from there."""
    return os.path.relpath(path) if Path(path).is_absolute() and Path(path).is_relative_to(Path.cwd()) else path


def _lines(how: str, names: Mapping[str, str]) -> list[str]:
    return how.format_map(names).splitlines()
