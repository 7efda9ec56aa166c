"""``dxa msmail admin ADMIN resync``: everything that the directory server has, for chosen requestors, as a file."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from dxa_msmail.commands import screen
from dxa_msmail.commands.desk import Desk, pass_desk


@click.command()
@click.argument("names", metavar="[NET/PO]…", nargs=-1)
@click.option("--global-max", is_flag=True, help="Its numbers fit every requestor, not only these.")
@click.option("--force", is_flag=True, help="Also when lists are missing from it, or everybody.")
@pass_desk
@screen.as_json
def resync(desk: Desk, /, names: tuple[str, ...], global_max: bool, force: bool, as_json: bool) -> None:
    """Write GLB/RESYNC.GLB for these requestors, or for all (as `dxa msmail import ADMIN -s` does).

    Copy it into the folder GLB of each, run `dxa msmail import ADMIN -q` there, and delete it here. The JSON has the
    keys "file", "imp", "req", "srv", "requestors", "count" and "refused".
    """
    from dxa_msmail.programs import resync as program

    po = desk.open()
    done = program.write(po, time.time, requestors=names, global_max=global_max, force=force)
    if as_json:
        numbers = {"imp": done.imp, "req": done.req, "srv": done.srv}
        rest = {"requestors": list(done.requestors), "count": done.count, "refused": list(done.refused)}
        screen.put_json({"file": done.name, **numbers, **rest})
        return
    screen.say(
        f"{done.name}: {screen.many(done.count, 'record')}, IMPSEQ={done.imp} REQSEQ={done.req} SRVSEQ={done.srv}."
    )
    screen.say(f"Copy it into the folder GLB of {', '.join(done.requestors)}, and run `import ADMIN -q` there.")
    for text in done.refused:
        screen.say(text)


COMMANDS: Sequence[click.Command] = (resync,)
