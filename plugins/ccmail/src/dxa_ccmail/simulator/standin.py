"""Stand-ins for EXPORT and IMPORT over a post office that is played.

The exit codes are those of the originals (KB Q181186, Q166045, Q179072, Q180641). Which of them a wrong password gives
is ours: 3 for EXPORT, for "not configured correctly", and 1 for IMPORT.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import attrs

from dxa.errors import DxaError, LockedError
from dxa_ccmail.importfiles import read_import
from dxa_ccmail.running.events import LOCKED, REFUSED, SUCCESS, Program
from dxa_ccmail.running.interface import Kind, Mode
from dxa_ccmail.simulator.behaviour import GOOD, Behaviour
from dxa_ccmail.simulator.cmdline import Call
from dxa_ccmail.simulator.office import Office, Refusal
from dxa_ccmail.simulator.state import PlayedOffice
from dxa_ccmail.undeliverable import REASON, write_undeliverable

NOT_REACHED = 1
NOT_CONFIGURED = 3

_NOUNS = {Kind.DIRECTORY: "directory entries", Kind.LISTS: "mailing lists", Kind.BOARDS: "bulletin boards"}


@attrs.frozen(kw_only=True)
class Answer:
    """What a program ends with: its exit code, what it says, how much it did, and what it refused."""

    code: int
    console: tuple[str, ...] = ()
    count: int = 0
    undeliverable: bytes = b""

    @property
    def text(self) -> str:
        """What it says, in one piece."""
        return "".join(f"{line}\n" for line in self.console)


#: Takes an export, or None for no file, and how slowly it is to be written.
Put = Callable[[bytes | None, float], None]


def export(played: PlayedOffice, call: Call, put: Put) -> Answer:
    """What EXPORT does; the post office is locked until `put` has returned."""

    def work(office: Office, behaviour: Behaviour) -> Answer:
        if behaviour.export_code:
            return Answer(code=behaviour.export_code)
        data, count = _data(office, call)
        put(None if behaviour.absent else data[: len(data) - behaviour.cut], behaviour.slow)
        return Answer(code=SUCCESS, console=(f"{count} {_NOUNS[call.kind]} exported",), count=count)

    return _run(Program.EXPORT, played, call, work)


def import_(played: PlayedOffice, call: Call, data: bytes) -> Answer:
    """What IMPORT does with the bytes of an import file."""

    def work(office: Office, behaviour: Behaviour) -> Answer:
        if behaviour.import_code:
            return Answer(code=behaviour.import_code)
        deletes = call.mode is Mode.DELETE
        rows = read_import(data, office.marking, delete_run=deletes, code_page=office.code_page)
        stops = behaviour.stop_after >= 0
        done, refused, malformed = office.import_(islice(rows, behaviour.stop_after) if stops else rows)
        code = NOT_REACHED if stops else REFUSED if refused or malformed else SUCCESS
        bad = len(refused) + len(malformed)
        left = _undeliverable(refused, office) + b"".join(
            _shown(f"{row.raw}\r\n{REASON}: {row.reason}\r\n", office) for row in malformed
        )
        said = (f"{done} directory entries imported", *([f"{bad} undeliverable"] if bad else []))
        return Answer(code=code, console=said, count=done, undeliverable=left)

    return _run(Program.IMPORT, played, call, work)


def _run(program: Program, played: PlayedOffice, call: Call, work: Callable[[Office, Behaviour], Answer]) -> Answer:
    """Let somebody in and work, or say why not; the last line is the original's (KB Q179072)."""
    said = [f"dxa's stand-in for {program.name}; this is no Lotus program"]
    try:
        answer = _admitted(program, played, call, said, work)
    except LockedError:
        answer = Answer(code=LOCKED)
    except DxaError as error:
        said.append(str(error))
        answer = Answer(code=NOT_REACHED)
    if answer.code:
        said = [*said, *answer.console, f"{program.name} process ended with error: {answer.code}."]
        return attrs.evolve(answer, console=tuple(said))
    return attrs.evolve(answer, console=(*said, *answer.console))


def _admitted(
    program: Program, played: PlayedOffice, call: Call, said: list[str], work: Callable[[Office, Behaviour], Answer]
) -> Answer:
    if not played.exists:
        said.append(f"There is no post office in {played.folder}; `dxa ccmail simulate init` makes one.")
        return Answer(code=NOT_REACHED)
    if played.down:
        said.append("The post office is temporarily shut down.")
        return Answer(code=LOCKED)
    with played.edit() as office:
        if not office.admits(call.postoffice, call.password):
            said.append("Post office name or password is wrong.")
            return Answer(code=NOT_CONFIGURED if program is Program.EXPORT else NOT_REACHED)
        behaviour = office.behaviour
        if behaviour.echo:
            said.append(f"/N{call.postoffice} /P{call.password} /D{call.path}")
        answer = work(office, behaviour)
        # The patterns of names must hold during the work, so the next behaviour comes afterwards.
        if behaviour != GOOD:
            office.behaviour = behaviour.after_a_run()
    return answer


def _data(office: Office, call: Call) -> tuple[bytes, int]:
    if call.kind is Kind.DIRECTORY:
        return office.export_directory(call.order), len(office.entries)
    found = office.lists if call.kind is Kind.LISTS else office.boards
    return office.export_titles(found), len(found)


def _undeliverable(refused: list[Refusal], office: Office) -> bytes:
    rows = [(each.record, each.reason) for each in refused]
    return write_undeliverable(rows, code_page=office.code_page) if rows else b""


def _shown(text: str, office: Office) -> bytes:
    """A text in the post office's code page; what that lacks is ``\\uNNNN``."""
    return text.encode(office.code_page, "backslashreplace")
