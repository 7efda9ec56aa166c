"""One program, run to its end or killed, with what it said."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import attrs

from dxa.disk import trying

#: The path for programs where the configured environment has none.
DEFAULT_PATH = os.defpath
#: Of longer texts only the beginning and the end are kept, each of this size.
CONSOLE = 32_768

#: So long a program may take to end after it was asked to, in seconds.
_GRACE = 2.0
_PAUSE = 0.005, 0.1


@attrs.frozen
class Ran:
    """What became of a program: its exit code (negative: the signal that ended it; None: it took too long).

    `console` is what it said on both of its outputs, as it came.
    """

    code: int | None
    console: bytes = attrs.field(repr=False)


def find_program(name: str, base: Path, environment: Mapping[str, str]) -> str | None:
    """The path of an executable: a name is looked for along the environment's PATH, a path from `base` on.

    It is absolute, for the program runs in another folder.
    """
    if os.sep in name:
        path = base / name
        return str(path.absolute()) if path.is_file() and os.access(path, os.X_OK) else None
    found = shutil.which(name, path=environment.get("PATH", DEFAULT_PATH))
    return str(Path(found).absolute()) if found else None


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    keep_open: Sequence[int] = (),
) -> Ran:
    """Run a program in a folder, with this environment and no other, and nothing to read.

    It gets a process group of its own. Whatever is left of that when the program has ended, took too long, or dxa is
    interrupted, is killed, so that nothing goes on writing.

    Raises:
        OSError: when it cannot be started.
    """
    # KB Q179072: captured text landed in a data file. So it has a file of its own, which has no name.
    with _console(folder) as console:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env={"PATH": DEFAULT_PATH, **environment},
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )
        in_time = False
        try:
            in_time = _wait(process.pid, timeout)
        finally:
            if not in_time:
                _signal(process.pid, signal.SIGTERM)
                _wait(process.pid, _GRACE)
            _signal(process.pid, signal.SIGKILL)
            code = process.wait()
        return Ran(code if in_time else None, _text(console))


def _console(folder: Path) -> IO[bytes]:
    with trying(f"write to {folder}"):
        return tempfile.TemporaryFile(dir=folder)


def _wait(pid: int, seconds: float) -> bool:
    """Whether the process ends in time. It is not reaped, so that its number still belongs to its group."""
    until = time.monotonic() + seconds
    pause, longest = _PAUSE
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(2 * pause, longest)
    return True


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _text(console: IO[bytes]) -> bytes:
    """What was said; of a very long text whole lines at the beginning and the end."""
    size = console.seek(0, os.SEEK_END)
    console.seek(0)
    if size <= 2 * CONSOLE:
        return console.read()
    first = console.read(CONSOLE).rpartition(b"\n")[0]
    console.seek(size - CONSOLE)
    return first + b"\n[...]\n" + console.read().partition(b"\n")[2]
