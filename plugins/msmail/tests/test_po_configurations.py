"""The four configurations of WA0725 (KB Q96060, "Typical Dir-Sync Scenarios"), each for more than a week by schedule.

Postoffices are folders, Dispatch and EXTERNAL run in them under a clock that is set forward from one poll to the next.
Each week has the night in which summer begins in it. At the end everybody knows everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import attrs
import pytest

from dxa_msmail.postoffice.networks import direct, indirect
from dxa_msmail.postoffice.process import COMMANDS, T1, T2, T3
from dxa_msmail.programs.dispatch.mail import Mover
from dxa_msmail.programs.dispatch.program import Dispatch
from dxa_msmail.programs.dispatch.state import Polled
from tests.labs.dispatch import HUB, Clock, Lab

ONE, TWO, THREE = NAMES = ("ONE/MAIN", "TWO/MAIN", "THREE/MAIN")
DAYS, DAY, INTERVAL = 9, 86_400.0, 10_800.0


@attrs.define
class Machine:
    """A computer with Dispatch and EXTERNAL, and what it is connected to while these run."""

    dispatch: Dispatch
    connected: Callable[[], AbstractContextManager[None]] = nullcontext
    at: float = 0.0
    polled: list[Polled] = attrs.field(factory=list)

    @classmethod
    def of(cls, lab: Lab, *names: str, beside: tuple[str, ...] = (), dynamic: bool = False) -> Machine:
        """One for these postoffices; EXTERNAL also runs at those `beside`."""
        mover = Mover(lab.clock, [lab.po(name) for name in beside])
        offices = [lab.po(name) for name in names]
        return cls(Dispatch(offices=offices, clock=lab.clock, mover=mover, dynamic=dynamic), at=lab.clock.now)

    def poll(self) -> None:
        """One poll, and when the next one is."""
        with self.connected():
            self.polled.append(self.dispatch.poll())
        self.at = self.dispatch.clock() + max(self.dispatch.pause(INTERVAL), 1.0)

    def ran(self) -> Counter[tuple[str, str]]:
        """How often what ran where, and ended well."""
        runs = (each for polled in self.polled for each in polled.ran)
        return Counter((each.postoffice, each.command) for each in runs if each.ended.code == 64)


def live(
    lab: Lab, machines: list[Machine], *, step: float = INTERVAL, meanwhile: Callable[[], None] | None = None
) -> None:
    """Let so many days pass; on each but the last two somebody is hired somewhere."""
    start, hired = lab.clock.now, 0
    while lab.clock.now < start + DAYS * DAY:
        day = int((lab.clock.now - start) // DAY)
        if hired <= day < DAYS - 2:
            lab.hire(lab.names[day % len(lab.names)], f"P{day}")
            hired += 1
        if meanwhile:
            meanwhile()
        for machine in machines:
            if machine.at <= lab.clock.now:
                machine.poll()
        following = min(machine.at for machine in machines)
        lab.clock.now = min(following, lab.clock.now + step)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A clock at a Monday noon; the Sunday after it summer begins."""
    clock = Clock()
    clock.set("2026-03-23T12:00")
    return Lab(tmp_path, clock)


def schedule(lab: Lab) -> None:
    """T1 and T3 four hours apart and T2 half way, as KB Q96060 recommends, every night."""
    for name in lab.names:
        lab.plan(name, "T1 22:00", "T3 2:00")
    lab.plan(HUB, "T2 0:00")


def agreed(lab: Lab) -> None:
    """Everybody is in everybody's global address list, and every file is sound."""
    everybody = {f"{lab.names[day % 4]}/P{day}" for day in range(DAYS - 2)}
    everybody |= {f"{name}/{name.split('/')[0]}" for name in lab.names}

    assert dict.fromkeys(lab.names, everybody) == {name: lab.names_in(name) for name in lab.names}
    assert [] == list(lab.problems())


def nightly(lab: Lab, nights: int = DAYS) -> dict[tuple[str, str], int]:
    """What runs when nothing is missed."""
    return {(name, command): nights for name in lab.names for command in (T1, T3)} | {(HUB, T2): nights}


def test_a_standard_configuration(lab: Lab) -> None:
    """A: one Dispatch, which all postoffices are always connected to, and one EXTERNAL."""
    lab.make(HUB)
    for name in NAMES:
        lab.make(name)
    lab.serve(*NAMES)
    schedule(lab)
    machine = Machine.of(lab, HUB, *NAMES)
    live(lab, [machine])

    agreed(lab)
    assert nightly(lab) == machine.ran()
    assert {"missed": 0, "troubles": 0} == _wrong(machine)
    assert 'Running "NSDA -S"' in "\n".join(lab.log())


def _wrong(machine: Machine) -> dict[str, int]:
    missed = sum(len(polled.missed) for polled in machine.polled)
    return {"missed": missed, "troubles": sum(len(polled.troubles) for polled in machine.polled)}


def test_b_dynamic_mapping(lab: Lab) -> None:
    """B: two postoffices are connected when they are needed; the table of the server's EXTERNAL says where they are.

    For a night and a day they cannot be connected: that is told once for each, and they catch up.
    """
    mounts = lab.folder / "mnt"
    mounts.mkdir()
    lab.make(HUB)
    for name in NAMES:
        lab.make(name)
    lab.serve(*NAMES, ways={name: direct(f"../mnt/{lab.root(name).name}") for name in (TWO, THREE)})
    schedule(lab)
    machine = Machine.of(lab, HUB, ONE, dynamic=True)
    start = lab.clock.now

    @contextmanager
    def connected() -> Iterator[None]:
        links = [mounts / lab.root(name).name for name in (TWO, THREE)]
        there = not 2 * DAY <= lab.clock.now - start < 3 * DAY
        for link in links:
            if there:
                link.symlink_to(lab.root(TWO).parent / link.name)
        yield
        for link in links:
            link.unlink(missing_ok=True)

    machine.connected = connected
    live(lab, [machine])

    agreed(lab)
    away = {(name, command) for name in (TWO, THREE) for command in (T1, T3)}
    assert {pair: DAYS - (pair in away) for pair in nightly(lab)} == machine.ran()
    assert {(name, command) for polled in machine.polled for name, command, _ in polled.missed} == away
    assert 2 == _wrong(machine)["troubles"]


def test_c_modem_connections(lab: Lab) -> None:
    """C: two networks with a Dispatch and an EXTERNAL each; the line between them is up for two hours a night."""
    line = lab.folder / "line"
    lab.make(HUB)
    lab.make(ONE)
    for name in (TWO, THREE):
        lab.make(name, ways={HUB: direct(f"../line/{lab.root(HUB).name}")})
    lab.serve(*NAMES, ways={name: direct(f"../line/{lab.root(name).name}") for name in (TWO, THREE)})
    schedule(lab)
    machines = [Machine.of(lab, HUB, ONE), Machine.of(lab, TWO, THREE)]

    def call() -> None:
        """At 23:00 what the far side has asked goes over, at 1:00 what the server answers."""
        up = lab.clock.wall()[11:14] in ("23:", "01:")
        if up and not line.is_symlink():
            line.symlink_to(lab.folder)
            for machine in machines:
                machine.at = lab.clock.now
        elif not up:
            line.unlink(missing_ok=True)

    live(lab, machines, step=600.0, meanwhile=call)

    agreed(lab)
    assert nightly(lab) == machines[0].ran() + machines[1].ran()
    assert {name for name, _ in machines[1].ran()} == {TWO, THREE}


def test_d_indirect_routing(lab: Lab) -> None:
    """D: the third postoffice is reached through the second one, and by a Dispatch of its own on the other computer."""
    second_network = lab.folder / "lan2"
    lab.make(HUB)
    lab.make(ONE)
    lab.make(TWO, ways={HUB: direct(str(lab.root(HUB))), THREE: direct(f"../lan2/{lab.root(THREE).name}")})
    lab.make(THREE, ways={TWO: direct(str(lab.root(TWO))), HUB: indirect(TWO)})
    lab.serve(*NAMES, ways={THREE: indirect(TWO)})
    schedule(lab)
    machines = [Machine.of(lab, HUB, ONE, TWO), Machine.of(lab, THREE, beside=(TWO,))]

    @contextmanager
    def connected() -> Iterator[None]:
        second_network.symlink_to(lab.folder)
        yield
        second_network.unlink()

    machines[1].connected = connected
    live(lab, machines)

    agreed(lab)
    assert nightly(lab) == machines[0].ran() + machines[1].ran()
    assert set() == {command for _, command in machines[1].ran()} - set(COMMANDS)
    assert {THREE} == {name for name, _ in machines[1].ran()}
