"""The programs run by configured command lines.

Everything happens in one folder of our own, so that a program may be told bare names: the files are written and read
there. An import file is moved to its subfolder ``done`` after the attempt, whatever came of it, so that nothing is
imported again and again (KB Q223772).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import attrs

from dxa.config.secrets import Secret, resolve
from dxa.connector import Fault
from dxa.errors import TransportError
from dxa_ccmail import codepage
from dxa_ccmail.record import LABELS, Labels
from dxa_ccmail.running import checks, faults, files, outputs, process
from dxa_ccmail.running.events import REFUSED, SUCCESS, Program, RunError, ended
from dxa_ccmail.running.interface import EXPORT_NAMES, IMPORT_NAMES, Exported, Imported, Kind, Login, Mode, State
from dxa_ccmail.running.options import CommandOptions
from dxa_ccmail.running.templates import expand, masked, names_in

DONE = "done"
#: Variables of dxa that are handed on and hold nothing that nobody may see.
OPEN_VARIABLES = frozenset(
    {
        *(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "LANG",
            "LC_ALL",
            "LC_CTYPE",
            "TZ",
            "TERM",
            "TMPDIR",
            "TEMP",
            "TMP",
        ),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "WINEPREFIX", "SSH_AUTH_SOCK"),
    }
)
#: KB Q179072: the programs write this file in the post office's folder when work with files fails.
ERROR_LOG = "NFTERROR.LOG"


@attrs.frozen(kw_only=True)
class CommandPrograms:
    """See `dxa_ccmail.running.interface.Programs`. `base` is where paths of the configuration begin.

    Only one at a time may use a folder. The lock is held by the programs, too, so that one that goes on after dxa was
    killed keeps the next from beginning.
    """

    options: CommandOptions
    login: Login
    base: Path
    code_page: str = codepage.DEFAULT
    labels: Labels = LABELS

    @property
    def folder(self) -> Path:
        """Where the programs run."""
        return self.base / self.options.folder

    def export(self) -> Exported | None:
        """See `Programs`."""
        kinds = [kind for kind in Kind if kind.value in self.options.kinds]
        texts: dict[Kind, str] = {}
        with self._locked() as lock:
            self._tidy()
            for kind in kinds:
                files.remove(self._path(EXPORT_NAMES[kind]))
            once = not names_in(self.options.export) & {"kind", "file", "name"}
            for kind in kinds[:1] if once else kinds:
                words = {"kind": self.options.kinds[kind.value]}
                code, texts[kind] = self._run(Program.EXPORT, EXPORT_NAMES[kind], words, lock)
                if code != SUCCESS:
                    raise RunError(ended(Program.EXPORT, code, texts[kind]), code=code, console=texts[kind])
            found = {kind: self._exported(kind, texts.get(kind, texts[kinds[0]])) for kind in kinds}
        return Exported(
            files=found,
            event=ended(Program.EXPORT, SUCCESS),
            console="\n".join(filter(None, texts.values())),
            counts=outputs.counted(texts, self.options.count),
        )

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        if not data:
            return Imported(mode=mode, state=State.NOTHING)
        with self._locked() as lock:
            self._tidy()
            words = {"mode": self.options.modes.get(mode.value, "")}
            path = self._path(IMPORT_NAMES[mode])
            files.write(path, data)
            try:
                code, text = self._run(Program.IMPORT, path.name, words, lock)
                refused = self._undeliverable()
            finally:
                self._tidy()
        event = ended(Program.IMPORT, code, text)
        if code not in (SUCCESS, REFUSED):
            raise RunError(event, code=code, console=text)
        return Imported(mode=mode, state=State.DONE, code=code, event=event, console=text, undeliverable=refused)

    def results(self) -> Sequence[Imported]:
        """See `Programs`; `import_` has told everything."""
        return ()

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`; nothing waits."""

    def faults(self) -> Iterator[Fault]:
        """See `Programs`."""
        yield from faults.of_commands(self.options, self.login, self.base)
        yield from (Fault(text=text, warning=True) for text in self.warnings())

    def warnings(self) -> Sequence[str]:
        """See `Programs`."""
        folder = self.login.folder
        log = files.find(folder, ERROR_LOG) if folder and folder.is_dir() else None
        return [f"{log} says what failed in the post office; look into it, and then remove it"] if log else []

    # -- one run ---------------------------------------------------------------------------------------------------

    def _run(self, program: Program, name: str, words: Mapping[str, str], lock: int) -> tuple[int, str]:
        """The exit code, and what was said without the password; raises `RunError` when there is no exit code."""
        options, (environment, secrets) = self.options, self._environment()
        template = options.export if program is Program.EXPORT else options.import_file
        executable = process.find_program(template[0], self.base, environment)
        self._check(program, template[0] if executable is None else "")
        values = {
            "postoffice": self.login.postoffice,
            "path": self.login.path,
            "file": str(self._path(name).absolute()),
            "name": name,
            "folder": str(self.folder.absolute()),
            **words,
        }
        for leftover in filter(None, (options.code_file, options.console_file)):
            for path in files.matching(self.folder, leftover):
                files.remove(path)
        arguments = (str(executable), *expand(template[1:], values, self.login.password))
        try:
            ran = process.run(
                arguments, folder=self.folder, environment=environment, timeout=options.timeout, keep_open=(lock,)
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "an argument has a character that no argument can have"
            raise checks.not_run(program, f"could not be started with {executable}: {reason}") from None
        text = self._text(ran.console, secrets)
        return self._code(program, ran.code, text), text

    def _check(self, program: Program, absent: str) -> None:
        if absent:
            raise checks.not_found(program, absent)
        if self.options.programs:
            checks.check_programs(program, self.options.version, self.base / self.options.programs)
        if self.login.folder is not None:
            checks.check_postoffice(program, self.login.folder)
        checks.check_room(program, self.folder, self.options.free_megabytes)

    def _code(self, program: Program, code: int | None, text: str) -> int:
        if code is None:
            reason = f"did not end in {self.options.timeout:g} seconds and was killed"
            raise checks.not_run(program, reason, text)
        if code < 0:
            raise checks.not_run(program, f"was ended by signal {-code}", text)
        if not self.options.code_file:
            return code
        # DOSBox ends with 0 whatever happened inside; so the wrapper must have written the program's own code.
        path = files.find(self.folder, self.options.code_file)
        written = files.read(path).strip(b" \t\r\n\x1a").decode("ascii", "replace") if path else ""
        if not written.isdecimal():
            what = f"has {written[:20]!r}" if path else "is not there"
            reason = f"left no exit code: the file {self.options.code_file} {what}, and the wrapper ended with {code}"
            raise checks.not_run(program, reason, text)
        return int(written)

    def _text(self, console: bytes, secrets: Sequence[Secret]) -> str:
        """What was said, without the passwords; they do not stay in the wrapper's file either."""
        page = codepage.code_page(self.code_page)
        path = files.find(self.folder, self.options.console_file) if self.options.console_file else None
        if path:
            written = masked(files.read(path), secrets, page)
            files.write(path, written)
            console = b"\n".join(filter(None, (console, written)))
        return codepage.shown(masked(console, secrets, page), page)

    # -- files -----------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> Path:
        """Where a file is, whatever the case in which a program wrote its name, or where it goes."""
        return files.find(self.folder, name) or self.folder / name

    def _exported(self, kind: Kind, text: str) -> bytes:
        path = files.find(self.folder, EXPORT_NAMES[kind])
        try:
            data = files.read(path) if path else None
        except TransportError as error:
            raise checks.not_run(Program.EXPORT, f"left a file that is not whole: {error}", text) from None
        wrong = outputs.problem(kind, data, self.labels)
        if data is None or wrong:
            raise checks.not_run(Program.EXPORT, f"ended with code 0, but {wrong}", text)
        return data

    def _undeliverable(self) -> bytes:
        return b"".join(files.read(path) for path in files.matching(self.folder, self.options.undeliverable))

    def _tidy(self) -> None:
        """Move away what an attempt has left, this one's or one that was cut off."""
        done = self.folder / DONE
        left = [path for name in IMPORT_NAMES.values() for path in files.matching(self.folder, name)]
        left += files.matching(self.folder, self.options.undeliverable)
        if left:
            files.make_folder(done)
        for path in left:
            files.move(path, done / f"{self._serial(done):08d}-{path.name}")
        # An attempt leaves its input and perhaps one other file.
        for path in files.matching(done, "*")[: -self.options.keep or None]:
            files.remove(path)

    def _serial(self, done: Path) -> int:
        """The number behind the highest one there, so that the names are in the order of the attempts."""
        numbers = [int(path.name[:8]) for path in files.matching(done, "*") if path.name[:8].isdecimal()]
        return max(numbers, default=0) + 1

    def _environment(self) -> tuple[dict[str, str], list[Secret]]:
        """The configured environment, and what nobody may see; dxa's own one, which may hold passwords, stays here."""
        found, secrets = {}, [self.login.password] if self.login.password else []
        values = {"postoffice": self.login.postoffice, "path": self.login.path}
        for name, text in self.options.environment.items():
            scheme = text.partition(":")[0]
            if scheme not in ("env", "file", "text"):
                found[name] = "".join(expand((text,), values, self.login.password))
                continue
            try:
                secret = resolve(text, self.base)
            except ValueError as error:
                raise TransportError(f"environment variable {name} of the programs: {error}") from None
            found[name] = secret.reveal()
            if scheme == "file" or (scheme == "env" and text.partition(":")[2] not in OPEN_VARIABLES):
                secrets.append(secret)
        return found, secrets

    def _locked(self) -> AbstractContextManager[int]:
        files.make_folder(self.folder)
        return files.locked(self.folder, "EXPORT or IMPORT is still running")
