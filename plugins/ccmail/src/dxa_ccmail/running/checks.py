"""What is looked at before a program is run, so that it fails once and for a reason that is said.

KB Q294947, Q190275, Q233164: with an executable or resource file missing the original ran into a loop of restarts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from dxa.disk import trying
from dxa_ccmail.running import profiles
from dxa_ccmail.running.events import (
    LOCKED,
    NO_ROOM,
    NOT_FOUND,
    Event,
    Program,
    RunError,
    ended,
    failed,
)
from dxa_ccmail.running.files import find, matching

#: KB Q170011: the path of a post office is right when there is such a file.
MAILBOXES = "CCPOMBOX.*"
#: KB Q282172: the post office is shut down for a while as long as this file is there.
DOWN = "CCPODOWN"

_MEGABYTE = 1 << 20


def check_programs(program: Program, version: profiles.Version, folder: Path) -> None:
    """Raise `RunError` 43 when the folder of the programs lacks a file of that version."""
    if name := profiles.missing(version, program, folder):
        raise RunError(
            Event(NOT_FOUND, f"{name} was not found in {folder}; a {version} post office needs it for {program.name}")
        )


def check_postoffice(program: Program, folder: Path) -> None:
    """Raise `RunError` when the folder is no post office (as for exit code 1), or it is shut down (exit code 4)."""
    if not matching(folder, MAILBOXES):
        reason = f"was not run: {folder} has no {MAILBOXES}; is the path right, and the disk or share mounted?"
        raise RunError(Event(program.value + 1, f"{program.name} {reason}"))
    if find(folder, DOWN) is not None:
        event = ended(program, LOCKED)
        reason = f"was not run: the post office is shut down, for {folder} has a file {DOWN}"
        raise RunError(Event(event.number, f"{program.name} {reason}"), code=LOCKED)


def check_room(program: Program, folder: Path, megabytes: int, free: Callable[[Path], int] | None = None) -> None:
    """Raise `RunError` 98 when less than so much is free; sizes are whole numbers of any length (KB Q178758)."""
    with trying(f"look at {folder}"):
        there = (free or free_bytes)(folder)
    if there < megabytes * _MEGABYTE:
        reason = f"only {there // _MEGABYTE} MB are free for {folder}, and {megabytes} MB are asked for"
        raise RunError(Event(NO_ROOM, f"{program.name} was not run: {reason}"))


def free_bytes(folder: Path) -> int:
    """How much can still be written there."""
    return shutil.disk_usage(folder).free


def not_found(program: Program, name: str) -> RunError:
    """The error for an executable that is not there."""
    return RunError(Event(NOT_FOUND, f"{program.name} was not run: the program {name} was not found"))


def not_run(program: Program, reason: str, console: str = "") -> RunError:
    """The error for a program that could not be run, or left nothing that can be used."""
    return RunError(failed(program, reason, console), console=console)
