"""The stand-ins of the simulator called in this process: no files but those of the post office itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from dxa.connector import Fault, folder_faults
from dxa.errors import DxaError
from dxa_ccmail.record import LABELS, Labels
from dxa_ccmail.running import checks, outputs
from dxa_ccmail.running.events import REFUSED, SUCCESS, Program, RunError, ended
from dxa_ccmail.running.interface import Exported, Imported, Kind, Login, Mode, State
from dxa_ccmail.running.options import SimulatorOptions
from dxa_ccmail.running.templates import masked
from dxa_ccmail.simulator import cmdline, standin
from dxa_ccmail.simulator.state import PlayedOffice

_KINDS = {
    Kind.DIRECTORY: {cmdline.DIRECTORY, cmdline.PROPADD},
    Kind.LISTS: {cmdline.LISTS},
    Kind.BOARDS: {cmdline.BOARDS},
}
_MODES = {Mode.ADD: {cmdline.DIRECTORY, cmdline.PROP}, Mode.DELETE: {cmdline.DIRECTORY, cmdline.DELETE}}


@attrs.frozen(kw_only=True)
class SimulatedPrograms:
    """See `dxa_ccmail.running.interface.Programs`. `base` is where paths of the configuration begin."""

    options: SimulatorOptions
    login: Login
    base: Path
    labels: Labels = LABELS

    @property
    def played(self) -> PlayedOffice:
        """The post office."""
        return PlayedOffice(self.base / self.options.folder)

    def export(self) -> Exported | None:
        """See `Programs`; a file that is written slowly is taken when it is finished."""
        found: dict[Kind, bytes] = {}
        counts, texts = dict[Kind, int](), list[str]()
        for kind, words in _KINDS.items():
            taken: list[bytes | None] = []
            answer = standin.export(self.played, self._call(words), lambda data, _slow: taken.append(data))  # noqa: B023
            text = self._shown(answer)
            texts.append(text)
            counts[kind] = answer.count
            if answer.code != SUCCESS:
                raise RunError(ended(Program.EXPORT, answer.code, text), code=answer.code, console=text)
            data = taken[0] if taken else None
            wrong = outputs.problem(kind, data, self.labels)
            if data is None or wrong:
                raise checks.not_run(Program.EXPORT, f"ended with code 0, but {wrong}", text)
            found[kind] = data
        event = ended(Program.EXPORT, SUCCESS)
        return Exported(files=found, event=event, console="".join(texts), counts=counts)

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        if not data:
            return Imported(mode=mode, state=State.NOTHING)
        answer = standin.import_(self.played, self._call(_MODES[mode]), data)
        text = self._shown(answer)
        event = ended(Program.IMPORT, answer.code, text)
        if answer.code not in (SUCCESS, REFUSED):
            raise RunError(event, code=answer.code, console=text)
        return Imported(
            mode=mode,
            state=State.DONE,
            code=answer.code,
            event=event,
            console=text,
            undeliverable=answer.undeliverable,
        )

    def results(self) -> Sequence[Imported]:
        """See `Programs`; `import_` has told everything."""
        return ()

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`; nothing waits."""

    def faults(self) -> Iterator[Fault]:
        """See `Programs`."""
        named, played = self.options.folder, self.played
        wrong = [*folder_faults(self.base, named)]
        yield from wrong
        if wrong:
            return
        try:
            office = played.look()
            admitted = office.admits(self.login.postoffice, self._password())
        except DxaError as error:
            yield Fault(where=named, text=str(error))
            return
        if not admitted:
            text = f"the post office {office.name!r} does not let {self.login.postoffice!r} in with this password"
            yield Fault(where=named, text=f"{text}; see post_office and password")
        if played.down:
            yield Fault(
                where=named, text="the post office is shut down; `dxa ccmail simulate edit up` opens it", warning=True
            )

    def warnings(self) -> Sequence[str]:
        """See `Programs`; there are none."""
        return ()

    def _shown(self, answer: standin.Answer) -> str:
        """What was said, without the password."""
        secrets = [self.login.password] if self.login.password else []
        return masked(answer.text.encode("utf-8", "backslashreplace"), secrets, "utf-8").decode("utf-8")

    def _password(self) -> str:
        return self.login.password.reveal() if self.login.password else ""

    def _call(self, words: set[str]) -> cmdline.Call:
        return cmdline.Call(
            postoffice=self.login.postoffice,
            password=self._password(),
            path=str(self.played.folder),
            words=frozenset(words),
        )
