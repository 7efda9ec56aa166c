"""EXPORT and IMPORT of cc:Mail as the fault test has them: in memory, and failing in every way that they may."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from dxa_ccmail.importfiles import Instruction, read_import
from dxa_ccmail.running import checks, outputs
from dxa_ccmail.running.events import REFUSED, SUCCESS, Program, RunError, ended
from dxa_ccmail.running.interface import Exported, Imported, Kind, Mode, State
from dxa_ccmail.simulator.office import Office, Refusal
from dxa_ccmail.undeliverable import write_undeliverable
from tests.worlds.fuses import Fuse


@attrs.define
class FaultyPrograms:
    """EXPORT and IMPORT of an office in memory. What is to go wrong next goes wrong once."""

    office: Office
    fuse: Fuse
    #: The exports that were taken, newest last.
    past: list[bytes] = attrs.field(factory=list)
    stale: int = 0
    lacking: int = 0
    torn: int = 0
    export_code: int = 0
    #: IMPORT ends with code 1 after so many records, if not negative.
    stops: int = -1
    #: IMPORT refuses so many records, the first ones.
    refuses: int = 0
    exported: str = ""
    latest: bytes = b""

    def export(self) -> Exported | None:
        """See `Programs`."""
        self.fuse.tick()
        if code := self.take("export_code"):
            raise RunError(ended(Program.EXPORT, code), code=code)
        data = self.office.export_directory()
        stale = min(self.take("stale"), len(self.past))
        # Two old exports in a row agree with each other, and nobody can know better.
        if stale and self.exported == "good" and self.past[-stale] != self.past[-1]:
            data, self.exported = self.past[-stale], "stale"
        else:
            data, self.exported = self.cut(data)
        if (torn := self.take("torn")) and (wrong := outputs.problem(Kind.DIRECTORY, data[:-torn])):
            raise checks.not_run(Program.EXPORT, wrong)
        titles = {Kind.LISTS: self.office.lists, Kind.BOARDS: self.office.boards}
        found = {kind: self.office.export_titles(those) for kind, those in titles.items()}
        self.fuse.tick()
        self.latest = data
        return Exported(files={Kind.DIRECTORY: data, **found}, event=ended(Program.EXPORT, SUCCESS))

    def cut(self, data: bytes) -> tuple[bytes, str]:
        """The export with its end missing. A cut that takes away only who was never seen shows nowhere."""
        cut, known = data, self.past[-1] if self.past else b""
        for _ in range(min(self.take("lacking"), data.count(b"Name:") - 1)):
            cut = cut[: cut.rindex(b"Name:")]
        lost = [b"Name:" + record for record in data[len(cut) :].split(b"Name:")[1:]]
        return (cut, "cut") if any(record in known for record in lost) else (data, "good")

    def take(self, name: str) -> int:
        """What was to go wrong, which does so once."""
        value: int = getattr(self, name)
        setattr(self, name, 0)
        return value

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        self.fuse.tick()
        if not data:
            return Imported(mode=mode, state=State.NOTHING)
        rows = list(read_import(data, self.office.marking, delete_run=mode is Mode.DELETE))
        stops, self.stops = self.stops, -1
        not_now = rows[: self.take("refuses")]
        rows = rows[len(not_now) :]
        _, refused, malformed = self.office.import_(rows[:stops] if stops >= 0 else rows)
        assert not malformed
        refused += [Refusal(row.record, "not now") for row in not_now if isinstance(row, Instruction)]
        self.fuse.tick()
        if stops >= 0:
            raise RunError(ended(Program.IMPORT, 1), code=1)
        code = REFUSED if refused else SUCCESS
        text = write_undeliverable((each.record, each.reason) for each in refused)
        return Imported(mode=mode, state=State.DONE, code=code, event=ended(Program.IMPORT, code), undeliverable=text)

    def results(self) -> Sequence[Imported]:
        """See `Programs`."""
        return ()

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`."""
        self.fuse.tick()
        self.past = [*self.past[-9:], self.latest] if receipts else self.past

    def warnings(self) -> Sequence[str]:
        """See `Programs`."""
        return ()
