"""NSDA, the programs of one of the three times at one postoffice, and DISPATCH.LOG, which tells how they ended.

In MS Mail they are processes that start each other, here functions that are called one after the other: what one of
them changes is one change of the postoffice, so between two of them nothing is half done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import attrs

from dxa.errors import DxaError, LockedError, TransportError
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.process import T1, T2, T3

Clock = Callable[[], float]
Program = Callable[[Maildata, Clock], object]

DISPATCH_LOG = "LOG/DISPATCH.LOG"

#: KB Q148705, Q139034, Q132731: exit codes of NSDA; 2 is that a program is not there.
DONE, FAILED, NOT_FOUND = 64, 65, 2


@attrs.frozen(kw_only=True)
class Ended:
    """How NSDA ended: its exit code, and why when it is not 64. What is `passing` may be better in some minutes."""

    code: int = DONE
    reason: str = ""
    passing: bool = False


def nsda(po: Maildata, command: str, clock: Clock, stop: Callable[[], bool]) -> Ended | None:
    """Run what Dispatch calls ``NSDA -RT``, ``-S`` or ``-RR`` (KB Q96060, Q132731); raises nothing.

    When a program fails the following are not started (KB Q127752). None when somebody wants the end: `stop` is asked
    before each program.
    """
    try:
        programs = _programs(command)
    except ImportError as error:
        return Ended(code=NOT_FOUND, reason=f"a program is missing: {error}; install dxa-msmail anew")
    for program in programs:
        if stop():
            return None
        try:
            program(po, clock)
        except (LockedError, TransportError, OSError) as error:
            return Ended(code=FAILED, reason=str(error), passing=True)
        except DxaError as error:
            return Ended(code=FAILED, reason=str(error))
    return Ended()


def _programs(command: str) -> Sequence[Program]:
    from dxa_msmail.programs import rebuild, reqmain
    from dxa_msmail.programs.importing import program as importing
    from dxa_msmail.programs.srvmain import program as srvmain

    programs: dict[str, Sequence[Program]] = {
        T1: (reqmain.transmit,),
        T2: (srvmain.receive, srvmain.transmit),
        T3: (reqmain.receive, importing.run_queue, partial(rebuild.rebuild, force=True)),
    }
    return programs[command]


@attrs.define
class DispatchLog:
    """LOG/DISPATCH.LOG of the home postoffice: ``INST1 02/02/96 13:18 Running "NSDA -RT"`` (KB Q148705, Q194602).

    `tell` is told when it cannot be written, once.
    """

    home: Maildata
    instance: str
    clock: Clock
    tell: Callable[[str], None]
    _told: bool = False

    def line(self, text: str) -> None:
        """Add a line."""
        stamp = datetime.fromtimestamp(self.clock())
        data = f"{self.instance} {stamp:%m/%d/%y %H:%M} {' '.join(text.split())}\r\n"
        try:
            self.home.log(DISPATCH_LOG, data.encode(CODE_PAGE, "replace"))
            self._told = False
        except (DxaError, OSError) as error:
            if not self._told:
                self.tell(f"{DISPATCH_LOG} cannot be written: {error}")
            self._told = True

    def checking(self, name: str) -> None:
        """A postoffice is looked at; the original spells its name with a backslash."""
        self.line(f"Checking the process table on {name.replace('/', chr(92))}")

    def missed(self, name: str, command: str) -> None:
        """A process could not be run within its window (KB Q148718)."""
        self.checking(name)
        self.line(f"{command} missed its run window")

    def ran(self, name: str, command: str, ended: Ended) -> None:
        """A process was run at a postoffice."""
        self.checking(name)
        self.line(f'Running "{command}"')
        how = "normally" if ended.code == DONE else "abnormally"
        self.line(f'"{command}" terminated {how} with exit code {ended.code}')
        if ended.reason:
            self.line(ended.reason)
