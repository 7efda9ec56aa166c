"""Lines that one types, each run for real and shown with what it printed."""

from __future__ import annotations

import io
import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

#: Runs a line: its exit status, and all that it printed.
Run = Callable[[str], tuple[int, str]]


def show(line: str, run: Run) -> str:
    """Run a line; returns it behind a prompt, with what it printed and an exit status that is not 0.

    One that is meant to fail has a ``!`` in front. Raises `SystemExit` when it fails without that, or does not with it.
    """
    fails, line = line.startswith("!"), line.removeprefix("!")
    status, printed = run(line)
    if (status != 0) is not fails:
        raise SystemExit(f"exit status {status} of {line}\n{printed}")
    text = "\n".join(line.rstrip() for line in printed.splitlines())
    return f"$ {line}\n{text}".rstrip() + (f"\n$ echo $?\n{status}" if status else "")


def run(line: str) -> tuple[int, str]:
    """dxa runs in this process, everything else in a shell; see `Run`."""
    return dxa(*shlex.split(line)[1:]) if line.startswith("dxa ") else shell(line)


def dxa(*words: str, clock: Callable[[], float] | None = None) -> tuple[int, str]:
    """The command with these arguments, at the time of the clock; see `Run`."""
    # Imported late: some pages set the time before anything keeps it, or install what is to be found.
    from dxa.cli.run import run
    from dxa.cli.session import Session

    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        status = run(words, Session(clock=clock or time.time, apart=False))
    return status, printed.getvalue()


def shell(line: str) -> tuple[int, str]:
    """Anything else; files of DOS are shown as what their bytes mean there. See `Run`."""
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=False)
    printed = done.stdout + done.stderr
    try:
        return done.returncode, printed.decode()
    except UnicodeDecodeError:
        return done.returncode, printed.decode("cp850")
