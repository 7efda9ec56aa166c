"""From arguments to an exit status: every way in which a command can end, and what is said then.

0 done; 1 something failed and will be retried; 2 the command or the configuration is wrong; 3 a plan is held for
approval; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence

import click

from dxa.cli.root import root
from dxa.cli.session import Session
from dxa.errors import DxaError

FAULT = 1
INTERRUPTED = 130
#: What a shell reports of a program that died of SIGPIPE.
BROKEN_PIPE = 141


def run_process(arguments: Sequence[str]) -> int:
    """Run the command of this process, and leave its streams so that the interpreter ends quietly."""
    _fill_streams()
    status = run(arguments, Session())
    try:
        sys.stdout.flush()
    except OSError:
        status = BROKEN_PIPE
    if status == BROKEN_PIPE:
        # What is still in the buffers goes nowhere, so that closing them raises nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _fill_streams() -> None:
    """A stream that was closed when the process began (``2>&-``) goes nowhere: else the first file that is opened would
    take its number, and what connectors and programs print would go there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def run(arguments: Sequence[str], session: Session) -> int:
    """Run one command; returns its exit status and raises nothing."""
    try:
        with root.make_context("dxa", list(arguments), obj=session) as context:
            status = root.invoke(context)
            return status if isinstance(status, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _say(shown.getvalue().rstrip("\n"))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; what was finished stays, and the next run takes up the rest")
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            return BROKEN_PIPE
        return _failed(error, session)
    finally:
        session.logging.close()


def _failed(error: Exception, session: Session) -> int:
    if session.debug:
        traceback.print_exception(error)
    if isinstance(error, DxaError):
        _say(f"error: {error}")
        return error.exit_status
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        advice = "; make room there, and run it again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        _say(f"error: {where}{error.strerror or error}{advice}")
        return FAULT
    _say(f"error: this is a fault in dxa: {type(error).__name__}: {error}")
    if not session.debug:
        _say("Nothing half done is kept. Run it again as `dxa --debug …` and report what that shows.")
    return FAULT


def _say(text: str) -> None:
    from dxa.cli.output import warn

    warn(text)
