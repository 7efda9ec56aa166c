"""The fault test's worlds by schedule: Dispatch runs what is due, and nobody else does, through a year of Berlin.

`Dispatched` is the part that both worlds share: polls at random times, outages longer than run windows, postoffices
that are locked or gone, a Dispatch that ends anywhere and is started anew. Whatever happens, each time of each week
has run or was said to be missed; `unkept` says where that does not hold.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self, cast
from zoneinfo import ZoneInfo

from dxa.agent.service import Service
from dxa_msmail.postoffice.dirsyncconf import SRVCONF
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.process import T1, T2, T3
from dxa_msmail.postoffice.slots import DAYS, parse_slots
from dxa_msmail.programs import scheduling
from dxa_msmail.programs.dispatch.mail import Mover
from dxa_msmail.programs.dispatch.program import Dispatch
from tests.worlds.asking import Asking, AskingServed
from tests.worlds.askingsite import AskingSite
from tests.worlds.disk import DiskWorld
from tests.worlds.fuses import Crash
from tests.worlds.memory import MemoryWorld
from tests.worlds.served import ServedWorld

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3_600.0, 86_400.0
#: Three cycles a week; one of them in the nights in which clocks are changed, T3 in the very hour.
SLOTS = {T1: ("sat,mon,wed 22:30", 22, 30), T2: ("sun,tue,thu 0:30", 0, 30), T3: ("sun,tue,thu 2:30", 2, 30)}
#: In spring for even seeds, in autumn for odd ones.
NIGHTS = ("2026-03-28T20:00", "2026-10-24T20:00")

#: The schedule of a site that asks: the same times.
ASKS = """
[links.up.schedule]
style = "selected"
times = ["sat,mon,wed 22:30", "sun,tue,thu 2:30"]
zone = "Europe/Berlin"
"""

#: Command, postoffice and time of a turn.
Turn = tuple[str, str, int]


def berlin(text: str) -> float:
    """A moment of the clock on the wall, ``2026-03-14T12:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


class Dispatched(DiskWorld):
    """A world whose postoffices have schedules; it stands before the one that makes them."""

    @classmethod
    def build(cls, seed: int, folder: Path) -> Self:
        """As before, from an evening before a night in which the clocks are changed."""
        world = cls(seed, folder)
        world.begin(NIGHTS[seed % 2])
        return world

    def begin(self, start: str) -> None:
        """Let everybody have a schedule from that time on."""
        self.now = self.began = berlin(start)
        self.turns: Counter[Turn] = Counter()
        self.crashes = 0
        for office in self.by_dispatch():
            po = Maildata(office.root, durable=False)
            with po.look() as files:
                serves = files.read(SRVCONF) is not None
            for command, (slots, _, _) in SLOTS.items():
                if serves or command != T2:
                    scheduling.add(po, lambda: self.now, command, parse_slots(slots), zone="Europe/Berlin")
        self.start_dispatch()

    def start_dispatch(self) -> None:
        """A new Dispatch, which knows nothing but what stands in the files."""
        offices = [office.maildata for office in self.by_dispatch()]
        beside = [Maildata(root, durable=False, patience=0) for root in self.shadows() if root.exists()]
        self.dispatch = Dispatch(
            offices=offices, clock=lambda: self.now, mover=Mover(lambda: self.now, beside), tell=self.log.append
        )

    def by_dispatch(self) -> list[Any]:
        """The postoffices whose programs Dispatch runs."""
        return list(self.offices)

    def shadows(self) -> list[Path]:
        """The shadow postoffices, whose mail Dispatch moves, and nothing else."""
        return [self.shadow_root]

    # -- one random thing ------------------------------------------------------------------------------------------

    def pass_time(self) -> None:
        """Minutes or hours."""
        self.now += self.random.choice((600, 3600, 5 * 3600)) * self.random.random()

    def poll(self) -> None:
        """Dispatch looks once; it may end at any step, and is started again."""
        office = self.random.choice(self.by_dispatch())
        office.fuse.left = self.random.randint(0, 400) if self.faults and self.random.random() < 0.1 else None
        try:
            self.dispatch.poll()
        except Crash:
            self.crashes += 1
            self.log.append("Dispatch crashed")
        finally:
            office.fuse.left = None
            polled = self.dispatch.polled
            done = (each for each in polled.ran if not each.ended.passing)
            self.turns.update((each.command, each.postoffice, each.due) for each in done)
            self.turns.update((command, name, when) for name, command, when in polled.missed)
        if self.log[-1] == "Dispatch crashed":
            self.start_dispatch()

    def outage(self) -> None:
        """The machine is off, for longer than a run window."""
        self.now += self.random.uniform(9, 40) * HOUR

    def damage(self) -> None:
        """The transport loses, doubles and damages letters."""
        for office in self.offices:
            self.tamper(cast(Any, office).root)

    def locked(self) -> None:
        """Somebody else is at work on a postoffice while Dispatch looks."""
        with _held(self.random.choice(self.by_dispatch()).root):
            self.poll()

    def gone(self) -> None:
        """A postoffice is not connected for some hours."""
        root: Path = self.random.choice(self.by_dispatch()).root
        away = root.with_suffix(".away")
        root.rename(away)
        self.poll()
        self.now += self.random.uniform(0, 10) * HOUR
        self.poll()
        away.rename(root)

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        DiskWorld.edit_people: 12,
        MemoryWorld.change_types: 1,
        poll: 30,
        outage: 2,
        start_dispatch: 2,
        damage: 3,
        locked: 2,
        gone: 2,
    }

    # -- the end ---------------------------------------------------------------------------------------------------

    def until(self, text: str) -> None:
        """Random things until then."""
        while self.now < berlin(text):
            self.step()

    def quiet_week(self) -> None:
        """All faults stop; Dispatch looks when something is due, and once a day."""
        self.faults = False
        for office in self.offices:
            office.write_list()
        self.start_dispatch()
        end = self.now + 7 * DAY + HOUR
        while self.now < end:
            self.serve_quietly()
            self.poll()
            self.now += max(1.0, self.dispatch.pause(DAY))

    def serve_quietly(self) -> None:
        """What the server does between the polls."""

    def end(self) -> list[str]:
        """A quiet week; then all times are accounted for, and all lists agree."""
        self.quiet_week()
        return [*self.unkept(), *self.problems()]

    def unkept(self) -> list[str]:
        """Times that neither ran nor were missed, or more than once; a Dispatch that ended may run one again."""
        wanted = set(self._expected())
        found = [f"not kept: {turn}" for turn in sorted(wanted - self.turns.keys())]
        found += [f"no such time: {turn}" for turn in sorted(self.turns.keys() - wanted)]
        again = sum(self.turns.values()) - len(self.turns)
        return found + ([f"{again} ran twice, with {self.crashes} crashes"] if again > self.crashes else [])

    def _expected(self) -> Iterator[Turn]:
        """Every time of the wall clock that has come, by Python's own calendar."""
        for command, wall in self.times():
            yield from (
                (command, office.name, int(wall)) for office in self.by_dispatch() if self._has(office, command)
            )

    def times(self) -> Iterator[tuple[str, float]]:
        """The times of the wall clock that have come, each with its command."""
        day, last = date.fromtimestamp(self.began - DAY), date.fromtimestamp(self.now + DAY)
        while day <= last:
            for command, (slots, hour, minute) in SLOTS.items():
                wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN).timestamp()
                if DAYS[day.isoweekday() % 7].lower() in slots and self.began < wall <= self.polled_at():
                    yield command, wall
            day += timedelta(days=1)

    def polled_at(self) -> float:
        """When Dispatch looked last."""
        return self.now - 1.0

    def _has(self, office: Any, command: str) -> bool:
        return command != T2 or office is getattr(self, "hub", None)


@contextmanager
def _held(root: Path) -> Iterator[None]:
    handle = os.open(root / "GLB/FLAG.GLB", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class ScheduledServed(Dispatched, ServedWorld):
    """A directory server and three requestors on disk; all that happens is in their schedules."""

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        **Dispatched.ACTIONS,
        ServedWorld.inject: 2,
        ServedWorld.want_full: 1,
        ServedWorld.register_anew: 1,
    }

    def quiet_week(self) -> None:
        """As before; whoever an interrupted ADMIN has left out is registered first."""
        self.faults = False
        self.register_all()
        Dispatched.quiet_week(self)


class ScheduledSite(Dispatched):
    """Three requestors on disk, and dxa behind its shadow postoffice; its cycles come between the polls."""

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        **Dispatched.ACTIONS,
        MemoryWorld.t2: 15,
        MemoryWorld.edit_directory: 4,
        MemoryWorld.decide: 3,
    }

    def serve_quietly(self) -> None:
        """dxa's own cycle; held plans are decided."""
        self.agent.sync()
        self.decide()


class ScheduledAsking(Dispatched, AskingServed):
    """A directory server and a requestor on disk, by Dispatch, and two sites that ask by schedules of their own."""

    def begin(self, start: str) -> None:
        """As before; a site asks at the times of T1 and takes at those of T3."""
        Dispatched.begin(self, start)
        self.looks: list[float] = []
        self.cycles: dict[str, list[float]] = {site.name: [] for site in self.sites()}
        for site in self.sites():
            site.more = ASKS
            site.start()
            site.sync()

    def by_dispatch(self) -> list[Any]:
        """See `Dispatched`; a site has no PROCESS.GLB."""
        return [office for office in self.offices if not isinstance(office, AskingSite)]

    def shadows(self) -> list[Path]:
        """See `Dispatched`."""
        return [site.root for site in self.sites()]

    def poll(self) -> None:
        """As before, and `dxa run` looks at each site."""
        Dispatched.poll(self)
        self.looks.append(self.now)
        for site in self.sites():
            site.start()
            if Service().due(site.agent.site):
                self.cycles[site.name].append(self.now)
                self.client(cast(Any, site), site.sync)

    def serve_quietly(self) -> None:
        """What the sites hold is approved."""
        for site in self.sites():
            site.decide(True)

    def quiet_week(self) -> None:
        """Two of them, for a site that asks takes the answer in its next cycle."""
        self.faults = False
        self.register_all()
        for _ in range(2):
            Dispatched.quiet_week(self)

    def unkept(self) -> list[str]:
        """As before; a site's cycle ran at the first look behind its time, unless its window was over by then.

        A time whose moment has passed is served by the cycle of a later one, too, for that is the same cycle.
        """
        wanted = sorted(when for command, when in self.times() if command != T2)
        found = Dispatched.unkept(self)
        for name, ran in self.cycles.items():
            for when in wanted:
                look = next((look for look in self.looks if look >= when), None)
                if look is not None and look - when < 8 * HOUR and look not in ran:
                    found.append(f"{name} did not ask at {when:.0f}, nor at {look:.0f}")
            idle = [look for look in ran if not any(0 <= look - when <= 8 * HOUR for when in wanted)]
            found += [f"{name} asked at {look:.0f}, which is no time of it" for look in idle]
        return found

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        **Dispatched.ACTIONS,
        Asking.hand_over: 1,
        AskingServed.decide: 3,
    }
