"""``dxa msmail import``: transactions into the lists of a postoffice, and lists into files."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa_msmail.commands import importshow, opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.importing.program import Imported, Queued

#: What ``-x`` and ``-l`` mean without a name: the postoffice's own list, and LOG/IMPORT.LOG.
_OWN = "*"

_SWITCHES = ("a", "c", "e", "f", "g", "l", "q", "r", "s", "st", "t", "v", "x")


@click.command("import", context_settings=opening.DOS)
@click.argument("mailbox", metavar="ADMIN")
@opening.password
@click.option("-q", is_flag=True, help="Take what the directory server has sent: RESYNC.GLB, then SRVTRANS.GLB.")
@click.option(
    "-f",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The Import text to read; with -x the one to add to, with -st the one to write.",
)
@click.option("-e", is_flag=True, help="With -f: put the transactions into REQTRANS.GLB, for the server.")
@click.option(
    "-x",
    is_flag=False,
    flag_value=_OWN,
    metavar="[NET/PO]",
    help="Add a list as Import text to FILE, or show it; without a name the postoffice's own one.",
)
@click.option("-g", metavar="TYPE", help="A gateway's list, as SMTP or PROFS:GATE/NODE; with -f no other list counts.")
@click.option("-a", is_flag=True, help="With -f: also into the postoffice's own address list.")
@click.option("-c", is_flag=True, help="With -f: define postoffices and gateways that are not known here.")
@click.option("-r", is_flag=True, help="With -f: each list in the file begins empty; with -a in the own list, too.")
@click.option("-t", is_flag=True, help="With -f and -x: templates and their values count.")
@click.option("-s", is_flag=True, help="At the directory server: write GLB/RESYNC.GLB for all requestors.")
@click.option("-st", "st", is_flag=True, help="At the directory server, with -f: all addresses for a foreign system.")
@click.option(
    "-l",
    is_flag=False,
    flag_value=_OWN,
    metavar="[FILE]",
    help="Write the records that cannot be used to FILE, to be mended and imported; without a name LOG/IMPORT.LOG.",
)
@click.option("-y", "yes", is_flag=True, help="Do not ask.")
@click.option("-v", is_flag=True, help="Show every record that cannot be used.")
@click.option("-n", is_flag=True, help="Write to the standard output, as is done always.")
@opening.postoffice
@screen.as_json
def import_(po: Maildata, mailbox: str, password: str | None, yes: bool, as_json: bool, **given: Any) -> None:
    """Put transactions into the address lists of other postoffices and gateways; local users are never touched.

    One of -q, -f, -e -f, -x, -s and -st -f says what is done, and ignores switches of the others, as it says. The JSON
    of -q and -f has the keys "counts", "lists", "created", "rejects", "damaged", "skipped" and "asks", that of -e
    "first", "last" and "rejects", that of -x and -st "text", "count" and "rejects", and that of -s "file",
    "requestors", "imp", "req", "srv", "count" and "refused".
    """
    from dxa_msmail.programs.importing.extracting import settle

    switches = {key for key in _SWITCHES if given[key]}
    way = settle(switches)
    _require_complete(way.mode, switches)
    opening.require_admin(po, mailbox, password)
    if way.ignored and not as_json:
        screen.say(f"-{way.mode} does not look at {', '.join(f'-{each}' for each in way.ignored)}.")
    given = {key: None if key in way.ignored else value for key, value in given.items()}
    if way.mode == "x":
        importshow.text(_extract(po, given), given["f"], as_json, adding=True)
    elif way.mode == "st":
        importshow.text(_foreign(po, given), given["f"], as_json)
    elif way.mode == "s":
        _resync(po, given, as_json)
    elif way.mode == "e":
        _ask(yes, f"Put the transactions of {given['f']} into the queue for the server?")
        importshow.queued(_enqueue(po, given["f"]), as_json)
    elif way.mode == "q":
        _ask(yes, "Put what the directory server has sent into the lists?")
        importshow.imported(_take(po, given), as_json, verbose=given["v"])
    else:
        _ask(yes, f"Put the transactions of {given['f']} into the lists?")
        importshow.imported(_read(po, given), as_json, verbose=given["v"])


def _require_complete(mode: str, switches: set[str]) -> None:
    if mode in ("e", "st") and "f" not in switches:
        raise click.UsageError(f"-{mode} needs a file: -{mode} -f FILE.")
    if mode == "f" and "f" not in switches:
        raise click.UsageError("Give -q, -f FILE, -e -f FILE, -x, -s, or -st -f FILE.")


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


def _log(po: Maildata, given: dict[str, Any]) -> Path | None:
    """Where the error log is to be."""
    from dxa_msmail.programs.importing.log import default_log

    return None if given["l"] is None else default_log(po) if given["l"] == _OWN else Path(given["l"])


# -- doing ---------------------------------------------------------------------------------------------------------


def _take(po: Maildata, given: dict[str, Any]) -> Imported:
    from dxa_msmail.programs.importing import program as importing

    return importing.run_queue(po, time.time, log=_log(po, given))


def _read(po: Maildata, given: dict[str, Any]) -> Imported:
    from dxa_msmail.programs.importing import program as importing

    return importing.run_file(
        po,
        time.time,
        given["f"].read_bytes(),
        replace=given["r"],
        templates=given["t"],
        create=given["c"],
        own_list=given["a"],
        selector=given["g"] or "",
        log=_log(po, given),
    )


def _enqueue(po: Maildata, file: Path) -> Queued:
    from dxa_msmail.programs.importing import program as importing

    return importing.queue_file(po, time.time, file.read_bytes())


def _extract(po: Maildata, given: dict[str, Any]) -> importshow.Text:
    from dxa_msmail.programs.importing import log as importlog
    from dxa_msmail.programs.importing.extracting import extract

    type_, _, of_type = (given["g"] or "").replace("\\", "/").partition(":")
    name = of_type or ("" if given["x"] == _OWN else given["x"].replace("\\", "/"))
    errors = importlog.opened(_log(po, given))
    done = extract(po, name=name, type_=type_, templates=bool(given["t"]))
    importlog.note(errors, "a list", done.rejects, time.time())
    return importshow.Text(done.data, done.count, done.rejects)


def _foreign(po: Maildata, given: dict[str, Any]) -> importshow.Text:
    from dxa_msmail.programs.importing import log as importlog
    from dxa_msmail.programs.importing.foreign import foreign_text

    errors = importlog.opened(_log(po, given))
    done = foreign_text(po)
    importlog.note(errors, "the server's lists", done.rejects, time.time())
    return importshow.Text(done.data, done.count, done.rejects)


def _resync(po: Maildata, given: dict[str, Any], as_json: bool) -> None:
    from dxa.entry import Reject
    from dxa_msmail.programs import resync
    from dxa_msmail.programs.importing import log as importlog
    from dxa_msmail.programs.importing.foreign import require_server

    with po.look() as files:
        require_server(files)
    errors = importlog.opened(_log(po, given))
    done = resync.write(po, time.time)
    importlog.note(errors, "the server's lists", [Reject(0, 0, "", 0, why) for why in done.refused], time.time())
    importshow.resync(done, as_json)
