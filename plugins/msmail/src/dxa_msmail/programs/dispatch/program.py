"""Dispatch: looks at the schedules of postoffices, PROCESS.GLB, and runs there what is due (KB Q96060).

What is due at several postoffices runs in the order of its times, so that a cycle that is made up for is still one. An
entry gets its next time when its turn is over: it was run, or its run window has passed. So whoever is interrupted, or
is not there at the time, loses nothing but what the window lets go; and what stands in the file is all that is
remembered. Nothing at one postoffice holds up another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs

from dxa.errors import DxaError, LockedError
from dxa_msmail.postoffice import networks
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import RouteKind
from dxa_msmail.postoffice.process import COMMANDS, T2, WEEK, ProcessEntry, claimed
from dxa_msmail.postoffice.tree import open_postoffice
from dxa_msmail.programs import scheduling
from dxa_msmail.programs.dispatch.mail import Mover, oldest_request
from dxa_msmail.programs.dispatch.nsda import DONE, DispatchLog, nsda
from dxa_msmail.programs.dispatch.state import RETRY, Office, Patience, Polled, Ran
from dxa_msmail.programs.dssched import due
from dxa_msmail.requestor.journal import EACH

#: An entry cannot be farther ahead than a week and the hour of summer time, but for a clock that was set back.
_AHEAD = WEEK + 7200


@attrs.define(kw_only=True)
class Dispatch:
    """Polls postoffices; the first one is at home here, has the log, and is asked for the others if `dynamic`.

    `mover` moves mail in each poll. `answer_after` lets the directory server answer so many seconds after a request
    has come, whatever its schedule says (dx:T-168). `tell` gets a line for people, `stop` says that somebody wants the
    end: it is asked between two programs. `polled` is what the present or the last poll has done.
    """

    offices: Sequence[Maildata]
    clock: Callable[[], float]
    instance: str = "DISPATCH"
    dynamic: bool = False
    mover: Mover | None = None
    answer_after: float | None = None
    tell: Callable[[str], None] = lambda _line: None
    stop: Callable[[], bool] = lambda: False
    polled: Polled = attrs.field(factory=Polled, init=False)
    _log: DispatchLog = attrs.field(init=False)
    _known: dict[Path, Office] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._log = DispatchLog(self.offices[0], self.instance, self.clock, self.tell)

    def poll(self) -> Polled:
        """Look at all postoffices once, and run what is due; raises nothing that is wrong with one of them."""
        self.polled = Polled()
        offices, last = self._current(), ""
        turns = self._due(offices)
        self._move(offices)
        for office, entry in turns:
            if last and entry.command != last:
                self._move(offices)
            last = entry.command
            if not self.stop():
                self._claim(office, self._turn, entry)
        for office in offices:
            self._answer(office)
        self._move(offices)
        return self.polled

    def pause(self, interval: float) -> float:
        """Seconds until the next poll: `interval` at most, less when something is due before that."""
        now = self.clock()
        ahead = [self._following(office, now) for office in self._known.values()]
        return max(0.0, min([interval, *ahead]))

    def _following(self, office: Office, now: float) -> float:
        if office.patience.is_waiting(now):
            return office.patience.until - now
        moments = [float(entry.run) for entry in office.entries]
        if self.answer_after is not None and office.request is not None:
            moments.append(max(office.request + self.answer_after, office.answers.until))
        # What is due and has not run, because another Dispatch has it, is looked at in a minute.
        return min((moment - now if moment > now else RETRY for moment in moments), default=float(WEEK))

    # -- which postoffices -----------------------------------------------------------------------------------------

    def _current(self) -> list[Office]:
        """Those that were given, then those that a direct route leads to from the first one."""
        seen, current = set[Path](), dict[Path, Office]()
        for po in (*self.offices, *self._routed()):
            # One that is not connected now leads to another place than later, and is the same postoffice all the same.
            place, path = po.root.resolve(), po.root.absolute()
            if place not in seen:
                seen.add(place)
                current[path] = self._known.get(path) or Office(po)
        self._known = current
        return list(self._known.values())

    def _routed(self) -> list[Maildata]:
        """The home postoffice's own table says to whom mail is brought directly (KB Q96060, dynamic drives)."""
        if not self.dynamic:
            return []
        home = self.offices[0]
        try:
            with home.look() as files:
                rows = list(networks.postoffices(files).values())
        except DxaError:
            return []  # the poll of that postoffice says what is wrong
        direct = (row.route.path for row in rows if row.route.kind is RouteKind.DIRECT)
        return [attrs.evolve(home, root=home.root / path) for path in direct]

    # -- what is due -----------------------------------------------------------------------------------------------

    def _due(self, offices: Sequence[Office]) -> list[tuple[Office, ProcessEntry]]:
        """What is due anywhere, by its time; T1 before T2 before T3."""
        now, found = self.clock(), list[tuple[Office, ProcessEntry]]()
        for office in offices:
            if not office.patience.is_waiting(now) and self._look(office):
                turns = [entry for entry in office.entries if not 0 < entry.run - now <= _AHEAD]
                found += [(office, entry) for entry in turns]
                if not turns:
                    self._log.checking(office.name)
                    self._release(office)
        return sorted(found, key=lambda pair: (pair[1].run, COMMANDS.index(pair[1].command)))

    def _look(self, office: Office) -> bool:
        """Read a postoffice's schedule; False when it has none that can be read now."""
        try:
            po = open_postoffice(office.po.root, patience=office.po.patience)
            with po.look() as files:
                master = identity(files)
                office.request = oldest_request(files) if self.answer_after is not None else None
            office.name = master.name
            if master.shadow and self.dynamic:
                return False
            office.entries = scheduling.entries(office.po)
        except DxaError as error:
            self._hold(office, str(error))
            return False
        return True

    # -- one process -----------------------------------------------------------------------------------------------

    def _claim(self, office: Office, work: Callable[..., None], *arguments: object) -> None:
        """Do something as the only Dispatch; when there is another one at work it is left to that."""
        with ExitStack() as stack:
            try:
                stack.enter_context(claimed(office.po))
            except LockedError:
                return
            except DxaError as error:
                self._hold(office, str(error))
                return
            try:
                work(office, *arguments)
            except DxaError as error:
                self._hold(office, str(error))

    def _turn(self, office: Office, entry: ProcessEntry) -> None:
        """An entry's turn: it runs, or has missed its window; raises `DxaError` when that cannot be stored."""
        # While it was not claimed another Dispatch, or ADMIN, may have changed it.
        if entry not in scheduling.entries(office.po):
            return
        new = office.had.get((entry.id, entry.run)) or self._passed(office, entry)
        if new != entry:
            self._store(office, entry, new)
        if new.run > self.clock():
            self._release(office)
            return
        ended = nsda(office.po, new.command, self.clock, self.stop)
        if ended is None:
            return
        ran = Ran(postoffice=office.name, command=new.command, due=new.run, ended=ended)
        self._note(office, office.patience, ran)
        if not ended.passing:
            self._store(office, new, scheduling.following(new, new.run))
            self._release(office)

    def _store(self, office: Office, old: ProcessEntry, new: ProcessEntry) -> None:
        """An entry has had its turn, which counts also when it cannot be stored now."""
        office.had[old.id, old.run] = new
        scheduling.rearm(office.po, old, new)
        del office.had[old.id, old.run]
        office.entries = tuple(new if each == old else each for each in office.entries)

    def _passed(self, office: Office, entry: ProcessEntry) -> ProcessEntry:
        """The entry at its first time whose window is not over; those before are missed, which is logged."""
        now, count = self.clock(), 0
        if entry.run > now:
            self._say(f"{office.name}: {entry.command} was far ahead, as after a clock that was set back")
            return scheduling.following(entry, now)
        while now > entry.run + entry.window:
            count += 1
            self.polled.missed.append((office.name, entry.command, entry.run))
            if count <= EACH:
                self._log.missed(office.name, entry.command)
                self.tell(f"{office.name}: {entry.command} missed its run window, which began {due(entry)}")
            entry = scheduling.following(entry, entry.run)
        if count > EACH:
            self._say(f"{office.name}: {count - EACH} more runs of {entry.command} were missed")
        return entry

    def _note(self, office: Office, patience: Patience, ran: Ran) -> None:
        """Log and tell how a process ended; the same failure again is not told once more (dx:T-177)."""
        ended = ran.ended
        self.polled.ran.append(ran)
        if ended.code == DONE or ended.reason != patience.text:
            self._log.ran(office.name, ran.command, ended)
            text = f"{ran.command} ended with exit code {ended.code}"
            self.tell(f"{office.name}: {text}: {ended.reason}" if ended.reason else f"{office.name}: {text}")
            if ended.code != DONE:
                self.polled.troubles.append(f"{office.name}: {ran.command}: {ended.reason}")
        if ended.passing:
            patience.hold(ended.reason, self.clock())

    # -- the server answers when it is asked -----------------------------------------------------------------------

    def _answer(self, office: Office) -> None:
        """Let the directory server answer who has waited long enough."""
        now = self.clock()
        if self.answer_after is None or self.stop() or office.patience.is_waiting(now):
            return
        try:
            with office.po.look() as files:
                office.request = oldest_request(files)
        except DxaError:
            return  # the next poll says what is wrong
        if office.request is None or office.answers.is_waiting(now) or now - office.request < self.answer_after:
            return
        self._claim(office, self._reply)

    def _reply(self, office: Office) -> None:
        ended = nsda(office.po, T2, self.clock, self.stop)
        if ended is None:
            return
        self._note(office, office.answers, Ran(postoffice=office.name, command=T2, due=0, ended=ended))
        if ended.code == DONE:
            office.answers.release()
            office.request = None
        elif not ended.passing:
            office.answers.hold(ended.reason, self.clock())

    # -- mail and troubles -----------------------------------------------------------------------------------------

    def _move(self, offices: Sequence[Office]) -> None:
        if self.mover is not None and not self.stop():
            now = self.clock()
            usable = [office.po for office in offices if not office.patience.is_waiting(now)]
            moved = self.mover.move(usable, self._note_mail, self.stop)
            self.polled.moved += moved
            if moved:
                self.tell("1 letter moved" if moved == 1 else f"{moved} letters moved")

    def _note_mail(self, text: str, wrong: bool) -> None:
        (self._trouble if wrong else self._say)(text)

    def _hold(self, office: Office, text: str) -> None:
        if office.patience.hold(text, self.clock()):
            self._trouble(f"{office.name}: {text}" if office.name else text)

    def _release(self, office: Office) -> None:
        if office.patience.release():
            self._say(f"{office.name} can be used again")

    def _trouble(self, text: str) -> None:
        self.polled.troubles.append(text)
        self._say(text)

    def _say(self, text: str) -> None:
        self._log.line(text)
        self.tell(text)
