"""Postoffices for tests of Dispatch: made, connected, scheduled, and looked at, with a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

from dxa_msmail.postoffice import gal, tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import Route, direct
from dxa_msmail.postoffice.process import TIMES
from dxa_msmail.postoffice.slots import parse_slots
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, scheduling

BERLIN = "Europe/Berlin"
HUB = "HUB/MAIN"


@attrs.define
class Clock:
    """Shows what it was set to, in seconds since 1970."""

    now: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    def set(self, wall: str, zone: str = BERLIN) -> None:
        """To a time of the clock on the wall, ``2026-03-02T21:00``."""
        self.now = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).timestamp()

    def wall(self, moment: float | None = None, zone: str = BERLIN) -> str:
        """What the clock on the wall shows."""
        there = datetime.fromtimestamp(self.now if moment is None else moment, ZoneInfo(zone))
        return there.isoformat(timespec="minutes")


@attrs.define
class Lab:
    """Postoffices in folders below one, each with somebody in it; HUB/MAIN is the directory server."""

    folder: Path
    clock: Clock
    names: list[str] = attrs.field(factory=list)

    def root(self, name: str) -> Path:
        """Where it lies."""
        return self.folder / name.replace("/", "-")

    def po(self, name: str) -> Maildata:
        """The postoffice; nobody waits long for it."""
        return Maildata(self.root(name), durable=False, patience=0.0)

    def make(self, name: str, *, ways: dict[str, Route] | None = None) -> Maildata:
        """A postoffice with one person, who is named after it; by default it reaches the hub directly."""
        network, postoffice = name.split("/")
        po = tree.create(self.root(name), network=network, postoffice=postoffice, durable=False)
        for other, way in (ways or {HUB: direct(str(self.root(HUB)))} if name != HUB else ways or {}).items():
            admin.add_postoffice(po, other, route=way)
        self.hire(name, network)
        admin.register_server(po, HUB)
        self.names.append(name)
        return po

    def serve(self, *names: str, ways: dict[str, Route] | None = None) -> None:
        """Register these at the hub, with direct ways unless others are said."""
        for name in names:
            way = (ways or {}).get(name, direct(str(self.root(name))))
            admin.add_postoffice(self.po(HUB), name, route=way)
            admin.register_requestor(self.po(HUB), name)

    def plan(self, name: str, *times: str, zone: str = BERLIN) -> None:
        """Schedule ``T1 mon-fri 22:00``, and so on."""
        for text in times:
            time, _, slots = text.partition(" ")
            scheduling.add(self.po(name), self.clock, TIMES[time], parse_slots(slots), zone=zone)

    def hire(self, name: str, person: str) -> None:
        """Somebody more."""
        admin.add_user(self.po(name), self.clock, NewUser(name=f"{person.title()}, Ann", mailbox=person[:10].upper()))

    def names_in(self, name: str) -> set[str]:
        """The global address list of a postoffice, by addresses."""
        with self.po(name).look() as files:
            return {each.address for each in gal.read_gal(files)}

    def log(self, name: str = HUB, log: str = "DISPATCH.LOG") -> list[str]:
        """The lines of a log."""
        path = self.root(name) / "LOG" / log
        return path.read_text(encoding="cp850").splitlines() if path.exists() else []

    def problems(self) -> Iterator[str]:
        """What a check finds in any of them."""
        for name in self.names:
            with self.po(name).look() as files:
                yield from (f"{name}: {problem}" for problem in tree.check(files))
