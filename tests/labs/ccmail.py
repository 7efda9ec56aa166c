"""A site with a cc:Mail post office that is played."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from dxa.errors import TransportError
from dxa.recipient import Recipient
from dxa_ccmail.export import ExportReader
from dxa_ccmail.names import fold
from dxa_ccmail.record import LOCAL, REMOTE, Found, Record
from dxa_ccmail.running.interface import Exported, Imported, Kind, Mode, Programs
from dxa_ccmail.simulator.behaviour import Behaviour
from dxa_ccmail.simulator.office import Office
from dxa_ccmail.simulator.state import PlayedOffice
from dxa_ccmail.titles import Title
from tests.cases.harness import SiteHarness

T = TypeVar("T")

HOME = "PO1"
MARK = "MSExchangeCCMC HQ"

SITE = """
[site]
organization = "LAB"
name = "HQ"
[addressing]
domain = "lab.example"
[addressing.templates]
CCMAIL = "{surname}, {given} at HQ"
SMTP = "{given}.{surname}@{domain}"
"""

LINK = """
[links.cc]
connector = "ccmail"
import_container = "cc:Mail"
export_containers = ["Staff"]
"""

OPTIONS = """
[links.cc.ccmail]
post_office = "PO1"
run = "simulator"
"""


def config(rules: str = "", options: str = "", site: str = SITE) -> str:
    """A configuration; `rules` are further keys of the link, `options` of its table for cc:Mail, one on each line."""
    return f"{site}{LINK}{rules}\n{OPTIONS}{options}\n"


@attrs.define
class Watched:
    """The programs of a link, which can fail at a use: before its effect, or behind it with `late`.

    `done` are the names that were imported, each with D for a delete or A for an add. Without `counts` EXPORT does not
    say how many entries it has written; so many as `lacking` says are missing at the end. `emptied` are exports of
    which nothing is there.
    """

    programs: Programs
    left: int = -1
    late: bool = False
    counts: bool = True
    lacking: int = 0
    emptied: Sequence[Kind] = ()
    done: list[tuple[str, str]] = attrs.field(factory=list)

    def use(self, work: Callable[[], T]) -> T:
        """Do it, or fail."""
        failing = self.left == 0
        self.left -= 1
        result = work() if self.late or not failing else None
        if failing:
            raise TransportError("cut off")
        return result  # type: ignore[return-value]

    def export(self) -> Exported | None:
        """See `Programs`."""
        exported = self.use(self.programs.export)
        if exported is None or self.counts:
            return exported
        data = exported.files[Kind.DIRECTORY]
        for _ in range(self.lacking):
            data = data[: data.rindex(b"Name:")]
        found = {**exported.files, Kind.DIRECTORY: data, **dict.fromkeys(self.emptied, b"")}
        return attrs.evolve(exported, counts={}, files=found)

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""

        def work() -> Imported:
            rows = ExportReader(required=("name",)).read(data)
            self.done += [(row.record.name, mode.value[0].upper()) for row in rows if isinstance(row, Found)]
            return self.programs.import_(data, mode)

        return self.use(work)

    def results(self) -> Sequence[Imported]:
        """See `Programs`."""
        return self.programs.results()

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`."""
        self.programs.settle(receipts)

    def warnings(self) -> Sequence[str]:
        """See `Programs`."""
        return self.programs.warnings()


@attrs.define
class CcSite(SiteHarness):
    """A site with a link to the post office PO1, whose own people come and go by `put` and `drop`."""

    def __attrs_post_init__(self) -> None:
        PlayedOffice.create(self.folder / "ccmail" / "postoffice", Office(name=HOME))
        SiteHarness.__attrs_post_init__(self)

    # -- the post office -------------------------------------------------------------------------------------------

    @property
    def played(self) -> PlayedOffice:
        """The post office in its folder."""
        return PlayedOffice(self.folder / "ccmail" / "postoffice")

    @contextmanager
    def office(self) -> Iterator[Office]:
        """The post office, to be changed."""
        with self.played.edit() as office:
            yield office

    def put(self, name: str, addr: str = "", locn: str = LOCAL, cmts: str = "") -> None:
        """An administrator of cc:Mail adds or changes an entry."""
        with self.office() as office:
            assert "" == office.upsert(Record(name, locn, addr, cmts))

    def drop(self, *names: str) -> None:
        """An administrator of cc:Mail deletes entries, whoever made them."""
        with self.office() as office:
            for name in names:
                assert "" == office.delete(name)

    def title(self, name: str, *, board: bool = False) -> None:
        """There is a mailing list, or a bulletin board."""
        with self.office() as office:
            (office.boards if board else office.lists)[fold(name)] = Title(name)

    def behave(self, **values: Any) -> None:
        """The programs misbehave, for one run unless it is said for how many."""
        with self.office() as office:
            office.behaviour = Behaviour(**{"runs": 1, **values})

    def entries(self, locn: str = "") -> dict[str, str]:
        """The Addr of the entries there, by name; of all, or of those with that Locn."""
        found = self.played.look().entries.values()
        return {record.name: record.addr for record in found if not locn or record.locn == locn}

    @property
    def given(self) -> dict[str, str]:
        """The Addr of what the site has written there, by name."""
        return self.entries(REMOTE)

    @property
    def watched(self) -> Watched:
        """The programs of the link, watched from the first time on when this is asked."""
        connector: Any = self.site.connector(self.site.config.link("cc"))
        if not isinstance(connector._programs, Watched):
            connector._programs = Watched(connector._programs)
        found: Watched = connector._programs
        return found

    @contextmanager
    def failing(self, at: int, *, late: bool = False) -> Iterator[None]:
        """The programs fail at their so many-th use in this block, counted from 0: 0 is EXPORT, 1 and 2 are IMPORT."""
        self.watched.left, self.watched.late = at, late
        yield
        self.watched.left = -1

    @property
    def imported(self) -> list[tuple[str, str]]:
        """What was imported since `watched` or `failing` was used first."""
        return self.watched.done

    # -- the site --------------------------------------------------------------------------------------------------

    def told(self) -> dict[str, str]:
        """The target of the recipients that the post office told of, by name."""
        return {recipient.name: str(recipient.target) for recipient in self.recipients() if recipient.owner}

    def steps(self) -> list[str]:
        """The lines of the last cycle's report."""
        return [f"[{number}] {text}" if number else text for number, text in self.last.links[0].events]

    def person(self, name: str, **values: Any) -> Recipient:
        """A recipient of the site whose alias is its name without blanks."""
        return self.add(name, "".join(name.split()).replace(",", ""), **values)

    def settled(self, cycles: int = 2) -> None:
        """Some cycles, and then nothing is left to be done."""
        for _ in range(cycles):
            self.sync()
        self.sync()
        outcome = self.last.links[0]
        assert ({}, {}, {}) == (dict(outcome.heard), dict(outcome.applied), dict(outcome.sent)), self.steps()


def make(folder: Path, text: str = "") -> CcSite:
    """A site in a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return CcSite(folder, text or config())
