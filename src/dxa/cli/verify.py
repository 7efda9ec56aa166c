"""`dxa verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.verify import Found


@json_command("FoundShown")
@click.argument("only", metavar="[LINK|PEER]", required=False)
@click.option("--repair", is_flag=True, help="Mend what follows from the rest; everything else is only said.")
@pass_session
def verify(session: Session, only: str | None, repair: bool, as_json: bool) -> int:
    """Look whether everything fits together: database, numbers, configuration, and the links' own side.

    With LINK or PEER only what is about that is told. --repair has damaged views and numbers made anew, for which the
    peers get full lists; it deletes nobody. Exit status 1 says that something is wrong and not mended.
    """
    from dxa.agent import queries, verify
    from dxa.cli.output import write_json

    with session.writing_without_secrets() as site:
        found = (verify.repair if repair else verify.verify)(site, only or "")
        database = site.store.file or site.config.name
    wrong = [each for each in found if not each.warning and not each.mended]
    if as_json:
        shown = [
            queries.FoundShown(
                area=each.area,
                subject=each.subject,
                text=each.text,
                warning=each.warning,
                repair=each.repair,
                mended=each.mended,
                advice=each.advice,
            )
            for each in found
        ]
        write_json({"findings": queries.as_plain(shown)})
    else:
        _show(found, f"{database}", repair=repair)
    if repair:
        session.logging.info("repaired", mended=sum(each.mended for each in found), left=len(wrong))
    return 1 if wrong else 0


def _show(found: Sequence[Found], database: str, *, repair: bool) -> None:
    from dxa.cli.output import counted, say

    for each in found:
        what = "mended" if each.mended else "warning" if each.warning else "wrong"
        about = f"{each.area}: {each.subject}: " if each.subject else f"{each.area}: "
        say(f"{what}: {about}{each.text}")
        if each.mended or (each.repair and not repair):
            say(f"  {each.repair if each.mended else f'--repair mends it: {each.repair}'}")
        elif each.advice:
            say(f"  {each.advice}")
    wrong = sum(not each.warning and not each.mended for each in found)
    mended, warnings = (sum(getattr(each, name) for each in found) for name in ("mended", "warning"))
    say(f"{database}: {counted(wrong, 'fault')}, {counted(warnings, 'warning')}, {mended} mended")
