"""Procedures that are killed between any two changes of postoffices, and begun again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.dirsyncconf import read_srvconf
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.process import T1, T2
from dxa_msmail.postoffice.slots import Slot
from dxa_msmail.programs import admin, scheduling
from dxa_msmail.programs.procedures.place import Place
from dxa_msmail.programs.procedures.program import go
from dxa_msmail.programs.procedures.table import PROCEDURES
from tests.labs.offices import Offices

HUB, A, B, C = "LAB/HUB", "NORTH/ALPHA", "NORTH/BETA", "SOUTH/GAMMA"


class KilledError(BaseException):
    """The process ends."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offices:
    """Three postoffices that know each other by the server, and somebody whom nobody else has heard of yet."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    made = Offices(tmp_path / "world")
    made.add(HUB, "Hal")
    made.add(A, "Ann")
    made.add(B, "Bo")
    made.appoint(HUB)
    made.cycle(HUB, times=2)
    made.hire(B, "Bea")
    return made


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch, changes: int) -> Iterator[None]:
    """The process ends when it begins the next change behind so many."""
    done, real = [0], Maildata.change

    @contextmanager
    def change(po: Maildata) -> Iterator[Changing]:
        if done[0] >= changes:
            raise KilledError
        with real(po) as files:
            yield files
        done[0] += 1

    with monkeypatch.context() as patch:
        patch.setattr(Maildata, "change", change)
        yield


#: A procedure, what it is about, at which changes the process ends, and whom each postoffice is told of at last.
_FORGOTTEN = {HUB: [f"{A}/ANN"], A: [f"{HUB}/HAL"]}
_RENAMED = {
    HUB: [f"{A}/ANN", f"{C}/BEA", f"{C}/BO"],
    A: [f"{HUB}/HAL", f"{C}/BEA", f"{C}/BO"],
    B: [f"{HUB}/HAL", f"{A}/ANN"],
}
_WHOLE = {**_RENAMED, HUB: [f"{A}/ANN", f"{B}/BEA", f"{B}/BO"], A: [f"{HUB}/HAL", f"{B}/BEA", f"{B}/BO"]}


@pytest.mark.parametrize(
    ("what", "others", "changes", "held"),
    [
        *(("rename", (B, C), n, _RENAMED) for n in (1, 3, 5, 24)),
        *(("retire", (B,), n, _FORGOTTEN) for n in (1, 12)),
        *(("move-server", (A,), n, _WHOLE) for n in (2, 3)),
        *(("global-reset", (), n, _WHOLE) for n in (1, 20)),
    ],
)
def test_killed_anywhere(
    world: Offices,
    what: str,
    others: tuple[str, ...],
    changes: int,
    held: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever begins again has the same as without a kill: nobody is lost or doubled, and nothing is left to do."""

    def run() -> set[str]:
        other, new = (*others, "", "")[:2]
        place = Place(here=world.offices[HUB], clock=world.clock, other=other, new=new)
        return {item.state.value for item in go(PROCEDURES[what], place)}

    with pytest.raises(KilledError), killed(monkeypatch, changes):
        run()

    assert {"done"} == run()
    assert held == {name: world.held(name) for name in held}
    assert [] == [wrong for name in held for wrong in _wrong(world.offices[name])]


def _wrong(po: Maildata) -> list[object]:
    with po.look() as files:
        return list(tree.check(files))


def test_a_renamed_requestor_is_never_without_its_password(world: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that it gets is registered together with password and limit: an empty one lets everybody in."""
    hub = world.offices[HUB]
    admin.register_requestor(hub, B, password_ref="secret", limit=60_000)
    admin.register_server(world.offices[B], HUB, password_ref="secret")
    found = set()
    for changes in range(6):
        with suppress(KilledError), killed(monkeypatch, changes):
            go(PROCEDURES["rename"], Place(here=hub, clock=world.clock, other=B, new=C))
        with hub.look() as files:
            conf = read_srvconf(files)
        assert conf is not None
        found |= {(each.password_ref, each.limit) for each in conf.requestors if each.name == f"PCM:{C}"}

    assert {("secret", 60_000)} == found


def test_times_of_a_server_that_moves_have_ids_of_their_own(world: Offices) -> None:
    """The new server's schedule has its own times and the old one's T2; each is found by its ID."""
    zone = "Europe/Berlin"
    scheduling.add(world.offices[HUB], world.clock, T2, [Slot(60)], zone=zone)
    scheduling.add(world.offices[A], world.clock, T1, [Slot(0)], zone=zone)
    go(PROCEDURES["move-server"], Place(here=world.offices[HUB], clock=world.clock, other=A))

    entries = scheduling.entries(world.offices[A])
    assert [(1, T1), (2, T2)] == [(entry.id, entry.command) for entry in entries]
