"""``dxa msmail import``: transactions into the lists of a postoffice, and lists into files."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa.entry import Reject
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.importing import Imported, Queued

#: What ``-x`` means without a name: the postoffice's own list.
_OWN = "*"

_SWITCHES = ("a", "c", "e", "f", "g", "l", "q", "r", "s", "t", "v", "x")


@click.command("import")
@click.argument("mailbox", metavar="ADMIN")
@opening.password
@click.option("-q", is_flag=True, help="Take what the directory server has sent: RESYNC.GLB, then SRVTRANS.GLB.")
@click.option("-f", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="The Import text to read.")
@click.option("-e", is_flag=True, help="With -f: put the transactions into REQTRANS.GLB, for the server.")
@click.option(
    "-x",
    is_flag=False,
    flag_value=_OWN,
    metavar="[NET/PO]",
    help="Write a list as Import text to FILE, or to the screen; without a name the postoffice's own one.",
)
@click.option("-g", metavar="TYPE", help="With -x: the list of a gateway, as SMTP or PROFS:GATE/NODE.")
@click.option("-c", is_flag=True, help="With -f: define postoffices and gateways that are not known here.")
@click.option("-r", is_flag=True, help="With -f: each list in the file begins empty.")
@click.option("-t", is_flag=True, help="With -f and -x: templates and their values count.")
@click.option("-y", "yes", is_flag=True, help="Do not ask.")
@click.option("-v", is_flag=True, help="Show every record that cannot be used.")
@click.option("-a", is_flag=True, hidden=True)
@click.option("-s", is_flag=True, hidden=True)
@click.option("-l", is_flag=False, flag_value=_OWN, hidden=True)
@click.option("-n", is_flag=True, hidden=True)
@opening.postoffice
@screen.as_json
def import_(po: Maildata, mailbox: str, password: str | None, yes: bool, as_json: bool, **given: Any) -> None:
    """Put transactions into the address lists of other postoffices and gateways; local users are never touched.

    One of -q, -f, -e -f and -x says what is done. The JSON of -q and -f has the keys "counts", "lists", "created",
    "rejects", "damaged" and "asks", that of -e "first", "last" and "rejects", and that of -x "text" and "count".
    """
    from dxa_msmail.programs.extracting import settle

    switches = {key for key in _SWITCHES if given[key]}
    _refuse_unsupported(switches)
    if not switches & {"q", "f", "x"}:
        raise click.UsageError("Give -q, -f FILE, -e -f FILE, or -x.")
    if "e" in switches and "f" not in switches:
        raise click.UsageError("-e needs the file that it queues: -e -f FILE.")
    opening.require_admin(po, mailbox, password)
    mode, ignored = (way := settle(switches)).mode, way.ignored
    if ignored and not as_json:
        screen.say(f"-{mode} does not look at {', '.join(f'-{each}' for each in ignored)}.")
    if mode == "x":
        _extract(po, given, as_json, templates=given["t"] and "t" not in ignored)
    elif mode == "e":
        _ask(yes, f"Put the transactions of {given['f']} into the queue for the server?")
        _show_queued(_enqueue(po, given["f"]), as_json)
    elif mode == "q":
        _ask(yes, "Put what the directory server has sent into the lists?")
        _show(_take(po), as_json, verbose=given["v"])
    else:
        _ask(yes, f"Put the transactions of {given['f']} into the lists?")
        _show(_read(po, given), as_json, verbose=given["v"])


def _refuse_unsupported(switches: set[str]) -> None:
    """What the original can do and this cannot; `-n` alone means nothing here, for the screen is always plain."""
    from dxa.errors import UsageError

    if "s" in switches:
        raise UsageError("[67] resync extract is possible at the server only, and the server is dxa itself")
    if "a" in switches:
        raise UsageError("-a is not supported: `dxa msmail admin ADMIN user …` changes the postoffice's own list")
    if "l" in switches:
        raise UsageError("-l is not supported: what cannot be used stands in LOG/DIRSYNC.LOG, and -v shows it")


def _ask(yes: bool, question: str) -> None:
    from dxa.errors import UsageError

    try:
        agreed = yes or click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError("there is nobody to ask here; -y goes on without asking") from None
    if not agreed:
        raise click.Abort


# -- doing ---------------------------------------------------------------------------------------------------------


def _take(po: Maildata) -> Imported:
    from dxa_msmail.programs import importing

    return importing.run_queue(po, time.time)


def _read(po: Maildata, given: dict[str, Any]) -> Imported:
    from dxa_msmail.programs import importing

    data = given["f"].read_bytes()
    return importing.run_file(po, time.time, data, replace=given["r"], templates=given["t"], create=given["c"])


def _enqueue(po: Maildata, file: Path) -> Queued:
    from dxa_msmail.programs import importing

    return importing.queue_file(po, time.time, file.read_bytes())


def _extract(po: Maildata, given: dict[str, Any], as_json: bool, *, templates: bool) -> None:
    from dxa_msmail.postoffice.layout import CODE_PAGE
    from dxa_msmail.programs.extracting import extract

    # Also seen as -gPCM:net\po (KB Q101933).
    type_, _, of_type = (given["g"] or "").replace("\\", "/").partition(":")
    name = of_type or ("" if given["x"] == _OWN else given["x"].replace("\\", "/"))
    done = extract(po, name=name, type_=type_, templates=templates)
    if given["f"] is not None:
        given["f"].write_bytes(done.data)
    if as_json:
        screen.put_json({"text": done.data.decode(CODE_PAGE), "count": done.count})
    elif given["f"] is None:
        screen.lines(done.data.decode(CODE_PAGE))
    else:
        screen.say(f"{screen.many(done.count, 'entry', 'entries')} written to {given['f']}.")


# -- showing -------------------------------------------------------------------------------------------------------


def _show_queued(done: Queued, as_json: bool) -> None:
    if as_json:
        screen.put_json({"first": done.first, "last": done.last, "rejects": screen.plain_rejects(done.rejects)})
        return
    count = done.last - done.first + 1 if done.first else 0
    numbers = f", {done.first} to {done.last}" if count else ""
    screen.say(f"{screen.many(count, 'transaction waits', 'transactions wait')} for the server{numbers}.")
    screen.show_rejects("Records that cannot be used", done.rejects)


def _show(done: Imported, as_json: bool, *, verbose: bool) -> None:
    counts = {verb.value: count for verb, count in done.counts.items()}
    lists = [{"type": type_, "list": name} for type_, name in done.lists]
    if as_json:
        left = {"rejects": screen.plain_rejects(done.rejects), "damaged": screen.plain_rejects(done.damaged)}
        screen.put_json({"counts": counts, "lists": lists, "created": list(done.created), **left, "asks": done.asks})
        return
    screen.say(f"Import: {screen.counted(counts)}; {screen.many(len(lists), 'list')} written.")
    for name in done.created:
        screen.say(f"{name} was defined.")
    if done.resync is not None:
        screen.say("RESYNC.GLB was taken, and its numbers are ours now.")
    for bad in done.bad:
        screen.say(bad.reason)
    screen.show_rejects("Files that could not be read", done.damaged)
    _show_rejects(done.rejects, verbose)
    if done.asks:
        screen.say("The next request asks the server for everything.")
    screen.say("Import is finished.")


def _show_rejects(rejects: Any, verbose: bool) -> None:
    shown: list[Reject] = list(rejects if verbose else rejects[:20])
    screen.show_rejects("Records that cannot be used", shown)
    if len(shown) < len(rejects):
        screen.say(f"{len(rejects) - len(shown)} more; -v shows all, and LOG/DIRSYNC.LOG has them.")
