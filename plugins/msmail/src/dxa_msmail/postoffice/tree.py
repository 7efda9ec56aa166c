"""A postoffice as a whole: its folders, the files of a new one, and whether a folder is one.

A postoffice comes into being in one step: its folders, then FLAG.GLB, which is the lock, then everything else in one
change whose last file is MASTER.GLB. Without MASTER.GLB a folder is no postoffice, so whoever is interrupted on the
way just creates it again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dxa.disk import sync_folder
from dxa.errors import DxaError, TransportError, UsageError
from dxa_msmail.postoffice import dirsyncconf, galindex, identity, layout, mailbag, process, queue
from dxa_msmail.postoffice.identity import CONTROL, GLOBAL, MASTER, MODEM, RNETSEM, SERVER, TID
from dxa_msmail.postoffice.maildata import FLAG, OWN, Changing, Files, Maildata, MemoryFiles
from dxa_msmail.postoffice.names import NmeRecord
from dxa_msmail.postoffice.references import References, unloaded
from dxa_msmail.postoffice.soundness import Problem as Problem
from dxa_msmail.postoffice.soundness import look_at, problem_of

#: KB Q132744, Q77926: the 19 folders of a postoffice.
FOLDERS = (
    *("ATT", "CAL", "FOLDERS", "GLB", "GRP", "HLP", "INF", "INI", "KEY", "LOG"),
    *("MAI", "MBG", "MEM", "MMF", "NME", "P1", "TPL", "USR", "XTN"),
)
#: The 32 that hold letters and attachments by the last digit of their names (KB Q108027), and the shared folders.
SUBFOLDERS = tuple(
    [f"{name}/{name[:2]}{digit:X}" for name in ("ATT", "MAI") for digit in range(16)] + ["FOLDERS/LOC", "FOLDERS/PUB"]
)
#: KB Q77926: mailbags that every postoffice has.
MAILBAGS = (mailbag.INQUEUE, mailbag.INQUEUE3, mailbag.SYSTEM)
#: What a new requestor wants when nobody says otherwise.
TYPES = "PCM"

#: What REBUILD makes anew, if need be from nothing.
REBUILT = ("NME/GAL.NME", galindex.GALINDEX, "GLB/GALNETPO.GLB")
#: So many problems of one file `check` tells.
EACH = 100

_CHAIN = bytes(4)
_JOURNAL = f"{OWN}/JOURNAL"
_CREATE = "create it with `dxa msmail postoffice create`"


def _skeleton() -> dict[str, bytes]:
    """The files of a postoffice without users that are the same in each (KB Q77926 gives the sizes)."""
    return {
        "GLB/ACCESS.GLB": b"",
        "GLB/ACCESS2.GLB": b"",
        "GLB/ACCESS3.GLB": b"",
        "GLB/GROUP.GLB": _CHAIN,
        "GLB/GRPMEM.GLB": _CHAIN,
        "GLB/NETPO.GLB": _CHAIN,
        "GLB/NETWORK.GLB": b"",
        "GLB/GALNETPO.GLB": _CHAIN,
        galindex.GALINDEX: galindex.build_index((), layout.layout_of(NmeRecord).size),
        "NME/ADMIN.NME": b"",
        "NME/ADMINSHD.NME": b"",
        "NME/GAL.NME": b"",
        "GRP/ADMIN.GRP": bytes(8),
        "GRP/ADMINSHD.GRP": bytes(8),
        "TPL/ADMIN.TPL": b"",
        "INF/ADMIN.INF": b"",
        "LOG/DIRSYNC.LOG": b"",
        "LOG/DSSERVER.LOG": b"",
        GLOBAL: layout.encode(identity.Global()),
        MODEM: layout.encode(identity.Modem()),
        RNETSEM: layout.encode(identity.Rnetsem()),
        SERVER: b"",
        TID: layout.encode(identity.Tid()),
        CONTROL: layout.encode(identity.Control()),
        queue.REQTRANS: b"",
        **dict.fromkeys(queue.IDLE_EMPTY, b""),
    }


def required(*, shadow: bool) -> tuple[str, ...]:
    """The files without which something is wrong; a shadow postoffice has no schedule (KB Q149451), logs come back."""
    bags = (name for bag in MAILBAGS for name in (mailbag.key_name(bag), mailbag.mbg_name(bag)))
    plain = (name for name in _skeleton() if not name.startswith("LOG/"))
    schedule = () if shadow else (process.PROCESS,)
    return (MASTER, FLAG, *plain, *bags, dirsyncconf.REQCONF, *schedule)


# -- creating ------------------------------------------------------------------------------------------------------


def create(
    root: Path,
    *,
    network: str,
    postoffice: str,
    shadow: bool = False,
    serial: int = 0,
    durable: bool = True,
    step: Callable[[str], None] = lambda _what: None,
) -> Maildata:
    """Make a postoffice without users in a folder that is empty or not there yet, or go on where that was interrupted.

    A `shadow` postoffice stands for a site: it has all folders (dx:T-209) and no schedule. Raises `AddressError` for
    names that no postoffice can have, `UsageError` when there is something in the folder, `TransportError`.
    """
    # A name that cannot be is found before anything is made.
    fill(MemoryFiles(), network=network, postoffice=postoffice, shadow=shadow, serial=serial)
    if not (root / _JOURNAL).exists():
        _require_new(root)
    try:
        _make_folders(root, durable, step)
        _make_flag(root / FLAG, durable, step)
    except OSError as error:
        raise TransportError(f"cannot make a postoffice in {root}: {error.strerror} ({error.filename})") from None
    maildata = Maildata(root, durable=durable, step=step)
    with maildata.change() as change:
        # The change before may have been the interrupted creation, which has been finished just now.
        if change.read(MASTER) is None:
            _require_new(root)
            fill(change, network=network, postoffice=postoffice, shadow=shadow, serial=serial)
        elif (found := identity.identity(change)).name != f"{network}/{postoffice}" or found.shadow != shadow:
            raise _taken(root, f"it is the postoffice {found.name}")
    return maildata


def fill(change: Changing, *, network: str, postoffice: str, shadow: bool = False, serial: int = 0) -> None:
    """Write all files of a new postoffice but FLAG.GLB, MASTER.GLB last; raises `AddressError`, `FormatError`."""
    for name, data in _skeleton().items():
        change.write(name, data)
    for bag in MAILBAGS:
        mailbag.create(change, bag)
    dirsyncconf.write_reqconf(change, dirsyncconf.Reqconf(types=TYPES))
    if not shadow:
        process.write_process(change, process.Process())
    master = identity.Master(network=network, postoffice=postoffice, shadow=shadow, serial=serial)
    identity.write_identity(change, master)


def _require_new(root: Path) -> None:
    """Raise `UsageError` unless the folder has nothing but what an interrupted creation leaves."""
    if root.exists() and not root.is_dir():
        raise _taken(root, "it is a file")
    known = {*FOLDERS, *SUBFOLDERS, OWN}
    for found in _walk(root):
        name = found.relative_to(root).as_posix()
        if name == MASTER:
            raise _taken(root, "it is a postoffice already")
        if name not in known and name != FLAG and not (name.startswith(f"{OWN}/") and name.endswith(".NEW")):
            raise _taken(root, f"it has {name}")


def _walk(root: Path) -> Iterator[Path]:
    """All that is in a folder, MASTER.GLB first, for it says most."""
    found = sorted(root.rglob("*")) if root.exists() else []
    return iter(sorted(found, key=lambda path: path != root / MASTER))


def _taken(root: Path, why: str) -> UsageError:
    return UsageError(f"{root} cannot become a postoffice: {why}; choose an empty folder. Nothing has been changed")


def _make_folders(root: Path, durable: bool, step: Callable[[str], None]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name in (*FOLDERS, *SUBFOLDERS):
        step(f"make {name}")
        (root / name).mkdir(exist_ok=True)
    if durable:
        for folder in (root.parent, root, root / "ATT", root / "MAI", root / "FOLDERS"):
            sync_folder(folder)


def _make_flag(path: Path, durable: bool, step: Callable[[str], None]) -> None:
    # Not as part of the change: a lock that is replaced while it is held locks nobody out.
    if path.exists() and path.stat().st_size == layout.layout_of(identity.Flag).size:
        return
    step(f"write {FLAG}")
    with path.open("wb", buffering=0) as file:
        file.write(layout.encode(identity.Flag()))
        if durable:
            os.fsync(file.fileno())
            sync_folder(path.parent)


# -- opening -------------------------------------------------------------------------------------------------------


def is_postoffice(root: Path) -> bool:
    """Whether a folder is a postoffice: it has a MASTER.GLB, in any case of letters. `create` makes it one if not."""
    return root.is_dir() and _has(root, MASTER)


def open_postoffice(root: Path, **options: Any) -> Maildata:
    """The postoffice in a folder; `options` are those of `Maildata`. What was interrupted is finished.

    Raises `UsageError` when there is none, `LockedError` 91 while somebody works on it, `TransportError`. Whether it
    is sound is not asked here: `check` says that.
    """
    if not root.is_dir():
        why = "is the disk or share mounted that it lies on?"
        raise UsageError(f"{root} is not a postoffice: there is no such folder; {why} If there is none yet, {_CREATE}")
    maildata = Maildata(root, **options)
    if not _has(root, FLAG):
        raise UsageError(f"{root} is not a postoffice: it has no {FLAG}. {_CREATE.capitalize()}, in an empty folder")
    with maildata.look() as files:
        if files.read(MASTER) is None:
            why = f"it has no {MASTER}. If its creation was interrupted, {_CREATE} again; else restore it"
            raise UsageError(f"{root} is not a postoffice: {why}")
    return maildata


def _has(root: Path, name: str) -> bool:
    """Whether there is such a file, in any case of letters."""
    folder, _, last = name.partition("/")
    return any(
        entry.name.upper() == last
        for parent in root.iterdir()
        if parent.name.upper() == folder and parent.is_dir()
        for entry in parent.iterdir()
    )


def missing_folders(root: Path) -> list[str]:
    """The folders that a postoffice on disk lacks; programs of MS Mail expect all of them (dx:T-209)."""
    there = {
        path.relative_to(root).as_posix().upper()
        for top in root.iterdir()
        if top.is_dir()
        for path in (top, *top.iterdir())
        if path.is_dir()
    }
    return [name for name in (*FOLDERS, *SUBFOLDERS) if name not in there]


# -- checking ------------------------------------------------------------------------------------------------------


def check(files: Files) -> list[Problem]:
    """Everything that is wrong with a postoffice: files that are missing, damaged, left over, or do not fit together.

    Of each file the first `EACH` problems are told, and the number of the others. A sound postoffice has none. Folders
    without files are not looked at; for those on a disk there is `missing_folders`.
    """
    problems: list[Problem] = []
    found = list(_all_files(files, problems))
    problems += _shape(files, set(found))
    for name in found:
        problems += look_at(files, name)
    problems += References(files, found).problems()
    problems += unloaded(files, {problem.file for problem in problems})
    return _fewer(problems)


def _all_files(files: Files, problems: list[Problem]) -> Iterator[str]:
    """The names of all files; a folder that cannot be listed is a problem."""
    for folder in (*FOLDERS, *SUBFOLDERS, OWN):
        try:
            names = [f"{folder}/{name}" for name in files.names(folder)]
        except DxaError as error:
            problems.append(problem_of(error, folder))
            continue
        yield from (name for name in names if name not in SUBFOLDERS)


def _shape(files: Files, found: set[str]) -> Iterator[Problem]:
    """What every postoffice has, and a shadow must not have."""
    try:
        shadow = identity.identity(files).shadow
    except DxaError:
        shadow = process.PROCESS not in found  # what is wrong with MASTER.GLB is said elsewhere
    for name in required(shadow=shadow):
        if name not in found:
            what = "have it rebuilt" if name in REBUILT else "restore it from a backup"
            yield Problem(name, -1, f"it is missing; {what}")
    if shadow and process.PROCESS in found:
        yield Problem(process.PROCESS, -1, "a shadow postoffice has none (KB Q149451); remove it")
    if shadow and "GLB/ACCESS.GLB" in found and files.read("GLB/ACCESS.GLB"):
        yield Problem("GLB/ACCESS.GLB", -1, "a shadow postoffice has no users; remove them")


def _fewer(problems: list[Problem]) -> list[Problem]:
    counts = Counter(problem.file for problem in problems)
    told: Counter[str] = Counter()
    fewer = []
    for problem in problems:
        told[problem.file] += 1
        if told[problem.file] <= EACH:
            fewer.append(problem)
        elif told[problem.file] == counts[problem.file]:
            fewer.append(Problem(problem.file, -1, f"{counts[problem.file] - EACH} more problems"))
    return fewer
