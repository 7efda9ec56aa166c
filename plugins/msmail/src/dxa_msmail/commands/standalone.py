"""``dxa msmail requestor …``: a postoffice that takes part in directory synchronization, from the command line."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa.errors import LockedError
from dxa_msmail.commands import screen

if TYPE_CHECKING:
    from dxa_msmail.requestor.requestor import Received, Requestor, Sent

_folder = click.option(
    "-d",
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    metavar="DIR",
    help="Folder of the requestor; the default is the current one.",
)


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
    screen.say(f"Made the requestor {name} in {folder}.")
    screen.say(
        f"Next: put its people into {own}, register it at the server, then `dxa msmail requestor t1 -d {folder}`."
    )
    screen.say(f"Everything else is in {path}.")


@requestor.command()
@_folder
@click.option("--allow-empty", is_flag=True, help="Everybody is really gone: send that the own list is empty.")
@screen.as_json
def t1(folder: Path, allow_empty: bool, as_json: bool) -> None:
    """Send what has changed in the own address list, and ask the server for news.

    The JSON has the keys "request" (r, was, s, i, imports), "exported", "sent" and "rejects".
    """
    with _opened(folder) as opened:
        _show_sent(opened.t1(allow_empty=allow_empty), as_json)


@requestor.command()
@_folder
@screen.as_json
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
@screen.as_json
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
        screen.put_json(shown)
        return
    screen.say(f"{config.name}, synchronized by {config.server}")
    screen.say(f"R={numbers.last} ({numbers.acked} acknowledged), S={numbers.s}, I={numbers.i}")
    waiting = len(state.queue)
    screen.say(f"{screen.many(waiting, 'transaction waits', 'transactions wait')} to be taken by the server.")
    if numbers.imports:
        screen.say("The next request asks for everything.")
    if numbers.exports:
        screen.say("The next request carries the whole own list.")
    rows = [("own", config.name, len(state.own)), *((str(x["type"]), str(x["list"]), x["entries"]) for x in lists)]
    screen.table("Lists", ("type", "list", "#entries"), rows)


@requestor.command()
@_folder
@screen.as_json
def gal(folder: Path, as_json: bool) -> None:
    """Show the global address list, sorted by name.

    The JSON has the key "entries", each with "name", "address" and "fields".
    """
    with _opened(folder, locked=False) as opened:
        entries = opened.gal()
    if as_json:
        plain = [{"name": e.name, "address": f"{e.type}:{e.address}", "fields": dict(e.fields)} for e in entries]
        screen.put_json({"entries": plain})
        return
    screen.table("", ("name", "address"), [(entry.name, f"{entry.type}:{entry.address}") for entry in entries])
    screen.say(screen.many(len(entries), "entry", "entries"))


@requestor.command("import")
@_folder
def import_(folder: Path) -> None:
    """Ask for everything anew with the next request (Config, Dir-Sync, Requestor, Import)."""
    with _opened(folder) as opened:
        opened.want_import()
    screen.say("The next request asks for everything.")


@requestor.command()
@_folder
def export(folder: Path) -> None:
    """Send the whole own list with the next request (Config, Dir-Sync, Requestor, Export)."""
    with _opened(folder) as opened:
        opened.want_export()
    screen.say("The next request carries the whole own list.")


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
        screen.put_json({**shown, "rejects": screen.plain_rejects(sent.rejects)})
        return
    what = ", the whole own list" if sent.exported else ""
    screen.say(
        f"T1: R={request.r} (was {request.was}), S={request.s}, I={request.i}: {len(sent.transactions)} sent{what}."
    )
    if request.imports:
        screen.say("Everything is wanted from the server.")
    screen.show_rejects(
        "Lines of the address list that cannot be used; nobody is deleted because of them", sent.rejects
    )


def _show_received(received: Received, as_json: bool) -> None:
    counts = {verb.value: count for verb, count in received.counts.items()}
    if as_json:
        applied = [screen.numbers(reply) for reply in received.applied]
        discarded = [{**screen.numbers(reply), "why": why} for reply, why in received.discarded]
        more = {"others": screen.plain_rejects(received.others), "rejects": screen.plain_rejects(received.rejects)}
        screen.put_json({"applied": applied, "discarded": discarded, "counts": counts, **more})
        return
    for reply in received.applied:
        full = ", everything" if reply.full else ""
        screen.say(f"T3: R={reply.r} S={reply.s} (was {reply.was}), I={reply.i}{full}: {screen.counted(counts)}.")
    for reply, why in received.discarded:
        screen.say(f"T3: S={reply.s} (was {reply.was}) discarded: {why}.")
    if not received.applied and not received.discarded:
        screen.say("T3: no answer has arrived.")
    screen.show_rejects("Other messages", received.others)
    screen.show_rejects("Records that cannot be used", received.rejects)
