"""``dxa msmail reqmain``: the requestor of a postoffice on disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.reqmain import Received, Transmitted


@click.command()
@click.option("-t", "transmit", is_flag=True, help="T1: ask the server, and send what has changed here.")
@click.option("-r", "receive", is_flag=True, help="T3: take in the server's answers, for `import -q`.")
@opening.postoffice
@screen.as_json
def reqmain(po: Maildata, transmit: bool, receive: bool, as_json: bool) -> None:
    """Ask the directory synchronization server (-t), or take in its answers (-r).

    What is sent lies in INQUEUE until `dxa msmail external` moves it on; what has come waits for `import -q`. The JSON
    of -t has the keys "request" (r, was, s, i, imports), "sent", "exported", "reported" and "lost", that of -r
    "applied", "discarded", "counts", "others", "rejects", "settled" and "lost".
    """
    from dxa_msmail.programs import reqmain as program

    if transmit == receive:
        raise click.UsageError("Give -t to ask the server, or -r to take in its answers.")
    if transmit:
        _show_sent(program.transmit(po, time.time), as_json)
    else:
        done = program.receive(po, time.time)
        _show_received(done, _something_waits(po), as_json)


def _show_sent(done: Transmitted, as_json: bool) -> None:
    request = done.request
    if as_json:
        numbers = {"r": request.r, "was": request.was, "s": request.s, "i": request.i, "imports": request.imports}
        state = {"sent": done.sent, "exported": done.exported, "reported": done.reported, "lost": done.lost}
        screen.put_json({"request": numbers, **state})
        return
    if done.lost:
        screen.say(f"The queue could not be believed: {done.lost}")
    what = ", the whole own list" if done.exported else ""
    screen.say(f"T1: R={request.r} (was {request.was}), S={request.s}, I={request.i}: {done.sent} sent{what}.")
    if request.imports:
        screen.say("Everything is wanted from the server.")
    screen.say("Next: `dxa msmail external` moves the mail on.")


def _something_waits(po: Maildata) -> bool:
    """Whether IMPORT -q has anything to do, for these answers or for earlier ones."""
    from dxa_msmail.postoffice.queue import SRVTRANS

    with po.look() as files:
        return bool(files.read(SRVTRANS))


def _show_received(done: Received, waits: bool, as_json: bool) -> None:
    counts = {verb.value: count for verb, count in done.counts.items()}
    if as_json:
        applied = [screen.numbers(reply) for reply in done.applied]
        discarded = [{**screen.numbers(reply), "why": why} for reply, why in done.discarded]
        more = {"others": screen.plain_rejects(done.others), "rejects": screen.plain_rejects(done.rejects)}
        state = {"settled": done.settled, "lost": done.lost}
        screen.put_json({"applied": applied, "discarded": discarded, "counts": counts, **more, **state})
        return
    for reply in done.applied:
        full = ", everything" if reply.full else ""
        screen.say(f"T3: R={reply.r} S={reply.s} (was {reply.was}), I={reply.i}{full}: {screen.counted(counts)}.")
    for reply, why in done.discarded:
        screen.say(f"T3: S={reply.s} (was {reply.was}) discarded: {why}.")
    if not done.applied and not done.discarded:
        screen.say("T3: no answer has arrived.")
    if done.settled:
        screen.say(f"{screen.many(done.settled, 'letter')} had been taken before.")
    if done.lost:
        screen.say(f"T3: {done.lost}; the next request carries the whole own list.")
    screen.show_rejects("Other messages", done.others)
    screen.show_rejects("Records that cannot be used", done.rejects)
    if waits:
        screen.say("Next: `dxa msmail import ADMIN -q -y` puts them into the lists.")
    elif done.applied:
        screen.say("There is nothing to import.")
