"""``dxa msmail requestor …``: a postoffice that takes part in directory synchronization, from the command line."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dxa.errors import LockedError

if TYPE_CHECKING:
    from dxa.dirsync.messages import Reply
    from dxa.entry import Reject
    from dxa_msmail.requestor.requestor import Received, Requestor, Sent

F = TypeVar("F", bound=Callable[..., Any])

WIDTH = 80

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_folder = click.option(
    "-d",
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    metavar="DIR",
    help="Folder of the requestor; the default is the current one.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(no_args_is_help=True)
def requestor() -> None:
    """A postoffice (NET/PO) that stands alone: its address list and its global list are text files.

    It asks a directory synchronization server and takes in the answers, by message files in two folders.
    """


@requestor.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--network", required=True, help="Our network.")
@click.option("--postoffice", required=True, help="Our postoffice.")
@click.option("--server", required=True, metavar="NET/PO", help="The server; of dxa: organization and site.")
@click.option("--inbox", metavar="PATH", help="Where answers arrive, from DIR.  [default: mail/in]")
@click.option("--outbox", metavar="PATH", help="Where our messages are dropped, from DIR.  [default: mail/out]")
@click.option("--password-ref", metavar="env:X|file:Y", help="Where the password is that the server knows.")
@click.option("--types", multiple=True, metavar="TYPE", help="Address type wanted; repeatable.  [default: PCM]")
@click.option("--templates", is_flag=True, help="Send and want template values.")
def init(folder: Path, **given: Any) -> None:
    """Make a requestor in DIR: a commented requestor.toml and an empty ADDRESS.TXT."""
    from dxa_msmail.requestor import config

    values = {key: value for key, value in given.items() if value}
    if "password_ref" in values:
        values["password"] = values.pop("password_ref")
    path = config.write(folder, {**values, "status_report": True})
    own, name = folder / "ADDRESS.TXT", f"{given['network']}/{given['postoffice']}"
    if not own.exists():
        own.write_bytes(f"# {'Name in columns 3 to 32':<30} PCM:{name}/MAILBOX\r\n".encode("cp850", "replace"))
    _say(f"Made the requestor {name} in {folder}.")
    _say(f"Next: put its people into {own}, register it at the server, then `dxa msmail requestor t1 -d {folder}`.")
    _say(f"Everything else is in {path}.")


@requestor.command()
@_folder
@click.option("--allow-empty", is_flag=True, help="Everybody is really gone: send that the own list is empty.")
@_as_json
def t1(folder: Path, allow_empty: bool, as_json: bool) -> None:
    """Send what has changed in the own address list, and ask the server for news.

    The JSON has the keys "request" (r, was, s, i, imports), "exported", "sent" and "rejects".
    """
    with _opened(folder) as opened:
        _show_sent(opened.t1(allow_empty=allow_empty), as_json)


@requestor.command()
@_folder
@_as_json
def t3(folder: Path, as_json: bool) -> None:
    """Take in the answers that have arrived, and write the global address list.

    The JSON has the keys "applied", "discarded", "counts", "others" and "rejects".
    """
    with _opened(folder) as opened:
        _show_received(opened.t3(), as_json)


@requestor.command()
@_folder
@click.option("--allow-empty", is_flag=True, help="Everybody is really gone: send that the own list is empty.")
def cycle(folder: Path, allow_empty: bool) -> None:
    """T3, then T1: take in what has arrived and ask again. For a timer."""
    with _opened(folder) as opened:
        _show_received(opened.t3(), as_json=False)
        _show_sent(opened.t1(allow_empty=allow_empty), as_json=False)


@requestor.command()
@_folder
@_as_json
def status(folder: Path, as_json: bool) -> None:
    """Show the numbers, what waits to be taken by the server, and the lists.

    The JSON has the keys "name", "server", "r", "acknowledged", "s", "i", "waiting", "wants_import", "wants_export",
    "own" and "lists" (type, list, entries).
    """
    with _opened(folder, locked=False) as opened:
        state, config = opened.state(), opened.config
    numbers = state.machine
    lists = [
        {"type": type_, "list": next((e.list for e in rows.values()), list_), "entries": len(rows)}
        for (type_, list_), rows in sorted(state.lists.items())
    ]
    shown = {
        "name": config.name,
        "server": config.server,
        "r": numbers.last,
        "acknowledged": numbers.acked,
        "s": numbers.s,
        "i": numbers.i,
        "waiting": len(state.queue),
        "wants_import": numbers.imports,
        "wants_export": numbers.exports,
        "own": len(state.own),
        "lists": lists,
    }
    if as_json:
        _json(shown)
        return
    _say(f"{config.name}, synchronized by {config.server}")
    _say(f"R={numbers.last} ({numbers.acked} acknowledged), S={numbers.s}, I={numbers.i}")
    waiting = len(state.queue)
    _say(f"{waiting} {'transaction waits' if waiting == 1 else 'transactions wait'} to be taken by the server.")
    if numbers.imports:
        _say("The next request asks for everything.")
    if numbers.exports:
        _say("The next request carries the whole own list.")
    rows = [("own", config.name, len(state.own)), *((str(x["type"]), str(x["list"]), x["entries"]) for x in lists)]
    _table("Lists", ("type", "list", "#entries"), rows)


@requestor.command()
@_folder
@_as_json
def gal(folder: Path, as_json: bool) -> None:
    """Show the global address list, sorted by name.

    The JSON has the key "entries", each with "name", "address" and "fields".
    """
    with _opened(folder, locked=False) as opened:
        entries = opened.gal()
    if as_json:
        plain = [{"name": e.name, "address": f"{e.type}:{e.address}", "fields": dict(e.fields)} for e in entries]
        _json({"entries": plain})
        return
    _table("", ("name", "address"), [(entry.name, f"{entry.type}:{entry.address}") for entry in entries])
    _say(f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}")


@requestor.command("import")
@_folder
def import_(folder: Path) -> None:
    """Ask for everything anew with the next request (Config, Dir-Sync, Requestor, Import)."""
    with _opened(folder) as opened:
        opened.want_import()
    _say("The next request asks for everything.")


@requestor.command()
@_folder
def export(folder: Path) -> None:
    """Send the whole own list with the next request (Config, Dir-Sync, Requestor, Export)."""
    with _opened(folder) as opened:
        opened.want_export()
    _say("The next request carries the whole own list.")


# -- opening -------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(folder: Path, *, locked: bool = True) -> Iterator[Requestor]:
    from dxa_msmail.requestor import config
    from dxa_msmail.requestor.requestor import open_requestor

    opened = open_requestor(folder, config.load(folder), time.time)
    if not locked:
        yield opened
        return
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield opened
    except BlockingIOError:
        raise LockedError(f"another process is at work on the requestor in {folder}; wait until it is done") from None
    finally:
        os.close(handle)


# -- showing -------------------------------------------------------------------------------------------------------


def _show_sent(sent: Sent, as_json: bool) -> None:
    request = sent.request
    if as_json:
        numbers = {"r": request.r, "was": request.was, "s": request.s, "i": request.i, "imports": request.imports}
        shown = {"request": numbers, "exported": sent.exported, "sent": len(sent.transactions)}
        _json({**shown, "rejects": _plain(sent.rejects)})
        return
    what = ", the whole own list" if sent.exported else ""
    _say(f"T1: R={request.r} (was {request.was}), S={request.s}, I={request.i}: {len(sent.transactions)} sent{what}.")
    if request.imports:
        _say("Everything is wanted from the server.")
    _rejects("Lines of the address list that cannot be used; nobody is deleted because of them", sent.rejects)


def _show_received(received: Received, as_json: bool) -> None:
    counts = {verb.value: count for verb, count in received.counts.items()}
    if as_json:
        applied = [_numbers(reply) for reply in received.applied]
        discarded = [{**_numbers(reply), "why": why} for reply, why in received.discarded]
        more = {"others": _plain(received.others), "rejects": _plain(received.rejects)}
        _json({"applied": applied, "discarded": discarded, "counts": counts, **more})
        return
    for reply in received.applied:
        full = ", everything" if reply.full else ""
        _say(f"T3: R={reply.r} S={reply.s} (was {reply.was}), I={reply.i}{full}: {_counted(counts)}.")
    for reply, why in received.discarded:
        _say(f"T3: S={reply.s} (was {reply.was}) discarded: {why}.")
    if not received.applied and not received.discarded:
        _say("T3: no answer has arrived.")
    _rejects("Other messages", received.others)
    _rejects("Records that cannot be used", received.rejects)


def _counted(counts: dict[str, int]) -> str:
    lists = "list replaced" if counts.get("R") == 1 else "lists replaced"
    words = {"R": lists, "D": "deleted", "M": "modified", "A": "added"}
    return ", ".join(f"{counts[code]} {word}" for code, word in words.items() if counts.get(code)) or "nothing new"


def _numbers(reply: Reply) -> dict[str, int]:
    return {"r": reply.r, "s": reply.s, "was": reply.was, "i": reply.i}


def _plain(rejects: Iterable[Reject]) -> list[dict[str, Any]]:
    return [{"line": r.line, "code": r.code, "reason": r.reason, "text": r.raw} for r in rejects]


def _rejects(title: str, rejects: Sequence[Reject]) -> None:
    if rejects:
        rows = [(reject.line or "", reject.code or "", reject.reason) for reject in rejects]
        _table(title, ("#line", "#error", "reason"), rows)


def _say(text: str) -> None:
    """A line, folded where it is too long to be read; paths and words stay whole."""
    line = _CONTROL.sub("?", text)
    click.echo(fill(line, _width(), break_long_words=False, break_on_hyphens=False) if len(line) > _width() else line)


def _width() -> int:
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def _json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; a column whose name begins with ``#`` holds numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        name = column.removeprefix("#")
        table.add_column(name, justify="left" if name == column else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_CONTROL.sub("?", str(cell))) for cell in row))
    console = Console(file=sys.stdout, width=_width(), markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    if title:
        _say(f"{title}:")
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n") + "\n")
