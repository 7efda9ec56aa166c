"""``dxa msmail dispatch``: runs what the schedules of postoffices say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    import threading

    from dxa.signing import PrivateKey
    from dxa_msmail.programs.dispatch.mail import Mover
    from dxa_msmail.programs.dispatch.program import Dispatch
    from dxa_msmail.programs.dispatch.state import Polled

#: KB Q96060: how long Dispatch idles in the example of its settings.
INTERVAL = 1800.0

_folder = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option(
    "-d",
    "--dir",
    "folders",
    type=_folder,
    multiple=True,
    required=True,
    metavar="PATH",
    help="Folder of a postoffice; repeatable. The first one keeps LOG/DISPATCH.LOG.",
)
@click.option("-f", "--dynamic", is_flag=True, help="Also all postoffices that the first one brings mail to directly.")
@click.option("--once", is_flag=True, help="Look once, run what is due, and end; for cron or a timer.")
@click.option(
    "--interval",
    type=click.FloatRange(min=1),
    default=INTERVAL,
    show_default=True,
    metavar="SECONDS",
    help="Look at least so often; what is due before that is not late.",
)
@click.option("--external", is_flag=True, help="Let EXTERNAL move mail at these postoffices with each look.")
@click.option(
    "--external-at",
    "beside",
    type=_folder,
    multiple=True,
    metavar="PATH",
    help="Let EXTERNAL move mail there, too, without looking at its schedule; repeatable.",
)
@click.option(
    "--answer-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Let a directory server answer so long after a request has come, also between its times; 0 is at once.",
)
@opening.key
@click.option("--instance", default="DISPATCH", show_default=True, metavar="NAME", help="What the log calls this one.")
@opening.waiting
@screen.as_json
def dispatch(
    folders: tuple[Path, ...],
    dynamic: bool,
    once: bool,
    interval: float,
    external: bool,
    beside: tuple[Path, ...],
    answer_after: float | None,
    key: PrivateKey | None,
    instance: str,
    wait: float,
    as_json: bool,
) -> None:
    """Run what the schedules of postoffices say (GLB/PROCESS.GLB), until it is stopped.

    T1 is NSDA -RT: `reqmain -t`. T2 is NSDA -S: `srvmain -r`, and `srvmain -t` if that worked. T3 is NSDA -RR:
    `reqmain -r`, `import -q -y`, `rebuild -f`. `dxa msmail admin ADMIN schedule` and `dxa msmail dssched` set them.

    A time is one of the clock on the wall in its time zone. What could not run at its time runs as soon as it can
    within its run window; behind that it is missed, which LOG/DISPATCH.LOG says. A postoffice that cannot be used holds
    up no other; it is tried again, told once. Let no two of these look at one postoffice: should they, each time is run
    by one of them only.

    Mail is moved by `dxa msmail external`, a program of its own. --external runs it here with each look, as Dispatch of
    MS Mail did with its idle process.

    SIGTERM and Ctrl-C end it between two programs. One line is printed for each process. With --once the exit status is
    1 when something went wrong, and the JSON has the keys "ran" (postoffice, command, due, code, reason), "missed"
    (postoffice, command, due), "moved" and "troubles".
    """
    if as_json and not once:
        raise click.UsageError("--json goes with --once.")
    if not instance or any(character.isspace() for character in instance):
        raise click.UsageError("--instance is one word.")
    from dxa.schedule import stopping

    with stopping() as stop:
        mover = _mover(beside, external, key, wait)
        program = _program(folders, dynamic, mover, answer_after, instance, wait, stop, quiet=as_json)
        polled = program.poll()
        while not once and not stop.wait(program.pause(interval)):
            program.poll()
    if stop.is_set():
        screen.say("Stopped.")
        return
    if as_json:
        screen.put_json(_plain(polled))
    elif not (polled.ran or polled.missed or polled.moved or polled.troubles):
        screen.say("Nothing is due.")
    if polled.troubles:
        raise click.exceptions.Exit(1)


def _mover(beside: Sequence[Path], everywhere: bool, key: PrivateKey | None, wait: float) -> Mover | None:
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.dispatch.mail import Mover

    if not everywhere and not beside:
        return None
    offices = [Maildata(folder, patience=wait) for folder in beside]
    return Mover(time.time, offices, everywhere=everywhere, key=key)


def _program(
    folders: Sequence[Path],
    dynamic: bool,
    mover: Mover | None,
    answer_after: float | None,
    instance: str,
    wait: float,
    stop: threading.Event,
    *,
    quiet: bool,
) -> Dispatch:
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.dispatch.program import Dispatch

    def tell(line: str) -> None:
        if not quiet:
            screen.say(f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(time.time()))}  {line}")

    return Dispatch(
        offices=[Maildata(folder, patience=wait) for folder in folders],
        clock=time.time,
        instance=instance,
        dynamic=dynamic,
        mover=mover,
        answer_after=answer_after,
        tell=tell,
        stop=stop.is_set,
    )


def _plain(polled: Polled) -> dict[str, Any]:
    ran = [
        {
            "postoffice": each.postoffice,
            "command": each.command,
            "due": each.due,
            "code": each.ended.code,
            "reason": each.ended.reason,
        }
        for each in polled.ran
    ]
    missed = [dict(zip(("postoffice", "command", "due"), each, strict=True)) for each in polled.missed]
    return {"ran": ran, "missed": missed, "moved": polled.moved, "troubles": polled.troubles}
