"""What ``dxa msmail import`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from dxa_msmail.commands import screen

if TYPE_CHECKING:
    from dxa.entry import Reject
    from dxa_msmail.programs.importing.program import Imported, Queued
    from dxa_msmail.programs.resync import Extract

#: How many rejects are shown without ``-v``.
_SHOWN = 20
_FINISHED = "Import is finished."


@attrs.frozen
class Text:
    """A text that was made of lists, how many addresses it has, and what has no place in it."""

    data: bytes
    count: int
    rejects: Sequence[Reject] = ()


def text(done: Text, file: Path | None, as_json: bool, *, adding: bool = False) -> None:
    """Write a text to a file, or show it.

    With `adding` it comes behind what the file has, so that it can begin with R records (KB Q96060).
    """
    from dxa_msmail.postoffice.layout import CODE_PAGE

    before = _before(file) if file is not None and adding else b""
    if file is not None:
        file.write_bytes(before + done.data)
    if as_json:
        rejects = screen.plain_rejects(done.rejects)
        screen.put_json({"text": done.data.decode(CODE_PAGE), "count": done.count, "rejects": rejects})
        return
    if file is None:
        screen.lines(done.data.decode(CODE_PAGE))
    else:
        entries = screen.many(done.count, "entry", "entries")
        screen.say(f"{entries} added to what was in {file}." if before else f"{entries} written to {file}.")
    screen.show_rejects("What has no place in it", done.rejects)
    if file is not None:
        screen.say(_FINISHED)


def _before(file: Path) -> bytes:
    """What is in the file, with a whole last line; DOS may have marked its end."""
    data = file.read_bytes().rstrip(b"\x1a") if file.exists() else b""
    return data if not data or data.endswith(b"\n") else data + b"\r\n"


def resync(done: Extract, as_json: bool) -> None:
    """Where RESYNC.GLB is, and what to do with it."""
    numbers = {"imp": done.imp, "req": done.req, "srv": done.srv}
    if as_json:
        whom = {"requestors": list(done.requestors), "refused": list(done.refused)}
        screen.put_json({"file": done.name, **numbers, "count": done.count, **whom})
        return
    screen.say(f"{done.name} written for {', '.join(done.requestors)}: {screen.many(done.count, 'record')}.")
    screen.say(f"IMPSEQ = {done.imp}, REQSEQ = {done.req}, SRVSEQ = {done.srv}")
    for why in done.refused:
        screen.say(f"Left out: {why}")
    screen.say("Copy it into the folder GLB of each of them, delete it here, and run `import -q` there.")
    screen.say(_FINISHED)


def queued(done: Queued, as_json: bool) -> None:
    """What waits for the server."""
    if as_json:
        screen.put_json({"first": done.first, "last": done.last, "rejects": screen.plain_rejects(done.rejects)})
        return
    count = done.last - done.first + 1 if done.first else 0
    numbers = f", {done.first} to {done.last}" if count else ""
    screen.say(f"{screen.many(count, 'transaction waits', 'transactions wait')} for the server{numbers}.")
    screen.show_rejects("Records that cannot be used", done.rejects)
    screen.say(_FINISHED)


def imported(done: Imported, as_json: bool, *, verbose: bool) -> None:
    """What came into the lists, and what did not."""
    counts = {verb.value: count for verb, count in done.counts.items()}
    lists = [{"type": type_, "list": name} for type_, name in done.lists]
    if as_json:
        left = {"rejects": screen.plain_rejects(done.rejects), "damaged": screen.plain_rejects(done.damaged)}
        more = {"skipped": done.skipped, "asks": done.asks}
        screen.put_json({"counts": counts, "lists": lists, "created": list(done.created), **left, **more})
        return
    screen.say(f"Import: {screen.counted(counts)}; {screen.many(len(lists), 'list')} written.")
    if done.skipped:
        screen.say(f"{screen.many(done.skipped, 'record is', 'records are')} about other lists; left out.")
    for name in done.created:
        screen.say(f"{name} was defined.")
    if done.resync is not None:
        screen.say("RESYNC.GLB was taken, and its numbers are ours now.")
    for bad in done.bad:
        screen.say(bad.reason)
    screen.show_rejects("Files that could not be read", done.damaged)
    _rejects(done.rejects, verbose)
    if done.asks:
        screen.say("The next request asks the server for everything.")
    screen.say(_FINISHED)


def _rejects(rejects: Sequence[Reject], verbose: bool) -> None:
    shown = rejects if verbose else rejects[:_SHOWN]
    screen.show_rejects("Records that cannot be used", shown)
    if len(shown) < len(rejects):
        screen.say(f"{len(rejects) - len(shown)} more; -v shows all, and LOG/DIRSYNC.LOG has them.")
