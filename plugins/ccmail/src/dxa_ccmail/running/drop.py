"""The programs run by somebody else: files are left and taken in two folders.

In the folder of exports lie ``CCMDIR.EXP`` and perhaps ``CCMLIST.EXP`` and ``CCMBB.EXP``, and behind them a manifest,
if one is configured. dxa leaves ``CCMDEL.IMP`` and ``CCMDIR.IMP`` in the folder of import files. Whoever imports one
writes beside it what IMPORT said (``CCMDEL.OUT``), what it refused (``CCMDEL.UND``) and last its exit code
(``CCMDEL.RC``, a line with a number), and removes the import file; what is not removed is taken away by dxa.

The order of the two import files matters, so while new ones are left the older ones are withdrawn, adds first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Fault, folder_faults
from dxa.disk import trying
from dxa.errors import DxaError, TransportError
from dxa_ccmail import codepage
from dxa_ccmail.record import LABELS, Labels
from dxa_ccmail.running import checks, files, outputs
from dxa_ccmail.running.events import SUCCESS, Program, RunError, ended
from dxa_ccmail.running.interface import EXPORT_NAMES, IMPORT_NAMES, Exported, Imported, Kind, Mode, State
from dxa_ccmail.running.manifest import Manifest, NotYet, exit_code, read_manifest
from dxa_ccmail.running.options import DropOptions
from dxa_ccmail.running.templates import masked

CODE, CONSOLE, UNDELIVERABLE = ".RC", ".OUT", ".UND"

_HOUR = 3600.0


@attrs.define(kw_only=True)
class DropPrograms:
    """See `dxa_ccmail.running.interface.Programs`. `base` is where paths of the configuration begin."""

    options: DropOptions
    base: Path
    now: Callable[[], float]
    code_page: str = codepage.DEFAULT
    labels: Labels = LABELS
    #: Who runs the programs may leave a password in what they said.
    secrets: Sequence[Secret] = ()
    _waiting: str = attrs.field(default="", init=False)

    @property
    def exports(self) -> Path:
        """Where exports are taken."""
        return self.base / self.options.exports

    @property
    def imports(self) -> Path:
        """Where import files are left, and results taken."""
        return self.base / self.options.imports

    # -- exports ---------------------------------------------------------------------------------------------------

    def export(self) -> Exported | None:
        """See `Programs`. The receipt takes away the files, as long as they are still the same ones."""
        self._waiting = ""
        self._ready(self.exports, self.options.exports)
        try:
            return self._export()
        except NotYet as error:
            self._waiting = str(error)
            return None

    def _export(self) -> Exported:
        found = {kind: files.find(self.exports, EXPORT_NAMES[kind]) for kind in map(Kind, self.options.kinds)}
        there = [path for path in found.values() if path]
        signal = files.find(self.exports, self.options.manifest) if self.options.manifest else None
        manifest = self._manifest(signal, there)
        text = self._shown(manifest.text) if manifest else ""
        # The manifest goes first, for without it the others are no export.
        receipt = self._receipt([*([signal] if signal else []), *there])
        if manifest and manifest.code != SUCCESS:
            event = ended(Program.EXPORT, manifest.code, text)
            raise RunError(event, code=manifest.code, console=text, receipt=receipt)
        said = {kind: manifest.count_of(EXPORT_NAMES[kind]) for kind in found} if manifest else {}
        data = {}
        for kind, path in found.items():
            read = self._whole(kind, path, there, manifest)
            wrong = outputs.problem(kind, read, self.labels)
            if read is None or wrong:
                # It is finished, by the manifest or because nobody writes any more, and it will not get better.
                event = checks.not_run(Program.EXPORT, f"was run by somebody else and {wrong}", text).event
                raise RunError(event, code=SUCCESS, console=text, receipt=receipt)
            data[kind] = read
        return Exported(
            files=data,
            event=ended(Program.EXPORT, SUCCESS),
            console=text,
            counts={kind: count for kind, count in said.items() if count is not None},
            receipt=receipt,
        )

    def _manifest(self, signal: Path | None, exports: Sequence[Path]) -> Manifest | None:
        if not self.options.manifest:
            return None
        if signal is None:
            raise NotYet(f"{self.options.manifest} is not there yet" if exports else "")
        manifest = read_manifest(files.read(signal), signal.name)
        newer = [each.name for each in exports if files.stamp(each)[1] > files.stamp(signal)[1]]
        if newer:
            raise NotYet(f"{newer[0]} is newer than {signal.name}: somebody writes a new export")
        return manifest

    def _whole(self, kind: Kind, path: Path | None, there: Sequence[Path], manifest: Manifest | None) -> bytes | None:
        """The bytes of an export that nobody writes any more; None when the manifest stands for one that is absent."""
        size = manifest.size_of(EXPORT_NAMES[kind]) if manifest else None
        if path is None:
            if manifest is None or size is not None:
                raise NotYet(f"{EXPORT_NAMES[kind]} is not there yet" if there or manifest else "")
            return None
        if manifest is None:
            self._check_quiet(path)
        data = files.read(path)
        if size is not None and len(data) != size:
            raise NotYet(f"{path.name} has {len(data)} bytes, and {size} by {self.options.manifest}")
        return data

    def _check_quiet(self, path: Path) -> None:
        with trying(f"look at {path}"):
            status = path.stat()
        # The time of the file itself may be that of the file it was copied from.
        quiet = self.now() - max(status.st_mtime, status.st_ctime)
        if quiet < 0:
            raise NotYet(f"{path.name} was written {-quiet:.0f} seconds in the future; is a clock wrong?")
        if quiet < self.options.quiet:
            raise NotYet(f"{path.name} was written {quiet:.0f} seconds ago and may still grow")

    # -- import files ----------------------------------------------------------------------------------------------

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        self._ready(self.imports, self.options.imports)
        for withdrawn in (Mode.ADD, Mode.DELETE) if mode is Mode.DELETE else (Mode.ADD,):
            self._clear(withdrawn)
        if not data:
            return Imported(mode=mode, state=State.NOTHING)
        files.write(self.imports / IMPORT_NAMES[mode], data)
        return Imported(mode=mode, state=State.POSTED)

    def results(self) -> Sequence[Imported]:
        """See `Programs`. What has no complete exit code yet is not told."""
        return list(self._results())

    def _results(self) -> Iterator[Imported]:
        for mode in Mode:
            path = self._beside(mode, CODE)
            code = exit_code(files.read(path)) if path else None
            if code is None:
                continue
            text, refused = (self._read(self._beside(mode, suffix)) for suffix in (CONSOLE, UNDELIVERABLE))
            yield Imported(
                mode=mode,
                state=State.DONE,
                code=code,
                event=ended(Program.IMPORT, code, self._shown(text)),
                console=self._shown(text),
                undeliverable=refused,
                receipt=self._receipt(self._of(mode)),
            )

    def _clear(self, mode: Mode) -> None:
        """Withdraw an import file with all that was told about it; the file goes first."""
        for path in self._of(mode):
            files.remove(path)

    def _of(self, mode: Mode) -> list[Path]:
        """The import file and what stands beside it, as far as it is there."""
        beside = (self._beside(mode, suffix) for suffix in (UNDELIVERABLE, CONSOLE, CODE))
        return [path for path in (files.find(self.imports, IMPORT_NAMES[mode]), *beside) if path]

    def _beside(self, mode: Mode, suffix: str) -> Path | None:
        return files.find(self.imports, Path(IMPORT_NAMES[mode]).stem + suffix)

    # -- afterwards ------------------------------------------------------------------------------------------------

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`; a file that is another one by now stays."""
        for receipt in filter(None, receipts):
            for folder, name, size, time in json.loads(receipt):
                known = {path.name: path for path in files.matching(Path(folder), "*")}
                if Path(folder) in (self.exports, self.imports) and name in known:
                    with trying(f"look at {known[name]}"):
                        same = files.stamp(known[name]) == (size, time)
                    if same:
                        files.remove(known[name])

    def faults(self) -> Iterator[Fault]:
        """See `Programs`; an export that waits is looked at, and only told."""
        options, sound = self.options, True
        for named in (options.exports, options.imports):
            for fault in folder_faults(self.base, named):
                sound = False
                yield fault
        if not sound:
            return
        try:
            self._export()
        except NotYet as error:
            if str(error):
                yield Fault(where=options.exports, text=f"no export can be taken now: {error}", warning=True)
        except DxaError as error:
            yield Fault(where=options.exports, text=str(error), warning=True)
        yield from (Fault(where=options.imports, text=text, warning=True) for text in self._overdue())

    def warnings(self) -> Sequence[str]:
        """See `Programs`: why no export was taken, and import files that nobody takes."""
        found = [f"no export was taken from {self.exports}: {self._waiting}"] if self._waiting else []
        return [*found, *self._overdue()]

    def _overdue(self) -> Iterator[str]:
        for name in IMPORT_NAMES.values():
            if path := files.find(self.imports, name):
                hours = (self.now() - path.stat().st_mtime) / _HOUR
                if hours >= self.options.overdue:
                    yield f"{path} has been waiting for {hours:.0f} hours; does somebody run IMPORT?"

    def _receipt(self, paths: Sequence[Path]) -> str:
        """The files as they are now."""
        rows = [[str(path.parent), path.name, *files.stamp(path)] for path in paths]
        return json.dumps(rows) if rows else ""

    def _shown(self, text: bytes) -> str:
        page = codepage.code_page(self.code_page)
        return codepage.shown(masked(text, self.secrets, page), page)

    def _read(self, path: Path | None) -> bytes:
        return files.read(path) if path else b""

    def _ready(self, folder: Path, text: str) -> None:
        """A folder of the site is made; one elsewhere must be there, for it may be a share that is not mounted."""
        if not Path(text).is_absolute():
            files.make_folder(folder)
        elif not folder.is_dir():
            raise TransportError(f"there is no folder {folder}; is the disk or share that it lies on mounted?")
