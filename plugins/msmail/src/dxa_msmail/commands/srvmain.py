"""``dxa msmail srvmain``: the directory server of a postoffice on disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.srvmain.program import Received, Transmitted


@click.command()
@click.option("-r", "receive", is_flag=True, help="T2, first: take in what the requestors have sent.")
@click.option("-t", "transmit", is_flag=True, help="T2, then: answer every requestor that has asked.")
@opening.postoffice
@screen.as_json
def srvmain(po: Maildata, receive: bool, transmit: bool, as_json: bool) -> None:
    """Take in the requestors' mail (-r), or answer it (-t), at a postoffice that is the directory server.

    What is sent lies in INQUEUE until `dxa msmail external` moves it on. The JSON of -r has the keys "taken"
    (requestor, r, was, s, i, changes), "reports", "changes", "purged", "settled", "refused" and "rejects", that of -t
    "answers" (requestor, r, s, was, i, sent, full), "silent" and "refused".
    """
    from dxa_msmail.programs.srvmain import program

    if transmit == receive:
        raise click.UsageError("Give -r to take in what requestors have sent, or -t to answer them.")
    if receive:
        _show_received(program.receive(po, time.time), as_json)
    else:
        _show_sent(program.transmit(po, time.time), as_json)


def _show_received(done: Received, as_json: bool) -> None:
    if as_json:
        taken = [
            {"requestor": each.requestor, **_numbers(each.request), "changes": each.changes} for each in done.taken
        ]
        state = {"changes": done.changes, "purged": done.purged, "settled": done.settled}
        left = {"refused": list(done.refused), "rejects": screen.plain_rejects(done.rejects)}
        screen.put_json({"taken": taken, "reports": list(done.reports), **state, **left})
        return
    for each in done.taken:
        asked = each.request
        told = f"R={asked.r} (was {asked.was}), S={asked.s}, I={asked.i}: " if asked else ""
        screen.say(f"T2: {each.requestor}: {told}{screen.many(each.changes, 'change')} of what it tells.")
    if not done.taken:
        screen.say("T2: nobody has asked.")
    for sender in done.reports:
        screen.say(f"Status report from {sender}, in LOG/CENTRAL.LOG.")
    if done.settled:
        screen.say(f"{screen.many(done.settled, 'letter')} had been taken before.")
    screen.say(f"The master list: {screen.many(done.changes, 'change')}.")
    if done.purged:
        screen.say(f"{screen.many(done.purged, 'old change')} forgotten, as Keep Updates says.")
    for text in done.refused:
        screen.say(text)
    screen.show_rejects("Records that cannot be used", done.rejects)
    screen.say("Next: `dxa msmail srvmain -t` answers.")


def _numbers(request: object) -> dict[str, int]:
    names = ("r", "was", "s", "i")
    return {name: getattr(request, name) for name in names} if request is not None else {}


def _show_sent(done: Transmitted, as_json: bool) -> None:
    if as_json:
        answers = [
            {"requestor": each.requestor, **screen.numbers(each.reply), "sent": each.sent, "full": each.full}
            for each in done.answers
        ]
        screen.put_json({"answers": answers, "silent": list(done.silent), "refused": list(done.refused)})
        return
    for each in done.answers:
        reply, what = each.reply, ", everything" if each.full else ""
        numbers = f"R={reply.r} S={reply.s} (was {reply.was}), I={reply.i}"
        screen.say(f"T2: {each.requestor}: {numbers}: {each.sent} sent{what}.")
    for name in done.silent:
        screen.say(f"No tasks from requestor {name}.")
    for text in done.refused:
        screen.say(text)
    if done.answers:
        screen.say("Next: `dxa msmail external` moves the mail on.")
