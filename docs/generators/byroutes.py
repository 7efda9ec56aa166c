"""The ways of mail between postoffices, run for real as `docs.generators.byhand` does it."""

from __future__ import annotations

from collections.abc import Callable

from docs.generators import byhand
from docs.generators.byhand import Part, Script
from docs.generators.markdown import table

#: What is there before: a hub between two postoffices, one of which asks the other one, its directory server.
BEFORE = Part(
    "01 21:00",
    """dxa msmail postoffice create north --network NORTH --postoffice MAIN --admin ADMIN
dxa msmail postoffice create hub --network HUB --postoffice MAIN --admin ADMIN
dxa msmail postoffice create south --network SOUTH --postoffice MAIN --admin ADMIN
dxa msmail admin ADMIN -d south postoffice add HUB/MAIN --direct ../hub
dxa msmail admin ADMIN -d south postoffice add NORTH/MAIN --via HUB/MAIN
dxa msmail admin ADMIN -d south server SOUTH/MAIN
dxa msmail admin ADMIN -d south requestor NORTH/MAIN""",
)

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "define": Part(
        "01 22:00",
        "dxa msmail admin ADMIN -d hub postoffice add NORTH/MAIN --direct ../north\n"
        "dxa msmail admin ADMIN -d hub postoffice add SOUTH/MAIN --direct ../south\n"
        "dxa msmail admin ADMIN -d north postoffice add HUB/MAIN --direct ../hub\n"
        "dxa msmail admin ADMIN -d north postoffice add SOUTH/MAIN --via HUB/MAIN\n"
        "!dxa msmail admin ADMIN -d north postoffice remove HUB/MAIN\n"
        "!dxa msmail admin ADMIN -d north postoffice route HUB/MAIN --via SOUTH/MAIN",
    ),
    "shown": Part(
        "01 22:00",
        "dxa msmail admin ADMIN -d north postoffice add EAST/MAIN\n!dxa msmail postoffice routes north",
    ),
    "carry": Part(
        "01 22:10",
        "dxa msmail admin ADMIN -d north server SOUTH/MAIN\ndxa msmail reqmain -t -d north\n"
        "dxa msmail external -d north\ndxa msmail external -d hub\ndxa msmail postoffice mail south",
    ),
    "logs": Part("01 22:10", "cat north/LOG/SENT.LOG\ncat hub/LOG/RECV.LOG\ncat hub/LOG/SENT.LOG"),
    "answer": Part("02 00:00", "dxa msmail srvmain -r -d south\ndxa msmail srvmain -t -d south"),
    "down": Part(
        "02 00:10",
        "mv hub away\n!dxa msmail external -d south",
    ),
    "alarm": Part("03 02:00", "!dxa msmail postoffice mail south --alarm 24"),
    "up": Part("03 02:10", "mv away hub\ndxa msmail external -d south\ndxa msmail external -d hub"),
    "circle": Part(
        "03 22:00",
        "dxa msmail admin ADMIN -d hub postoffice route SOUTH/MAIN --via NORTH/MAIN\n"
        "dxa msmail reqmain -t -d north\ndxa msmail external -d north\ndxa msmail external -d hub",
    ),
    "report": Part("03 22:10", "dxa msmail reqmain -r -d north"),
    "forget": Part(
        "04 22:00",
        "dxa msmail admin ADMIN -d hub postoffice remove SOUTH/MAIN\ndxa msmail reqmain -t -d north\n"
        "dxa msmail external -d north\ndxa msmail external -d hub\ndxa msmail reqmain -r -d north",
    ),
}

#: The page about routes.
SCRIPT = Script(BEFORE, PARTS, ("north", "hub", "south"))


def causes() -> str:
    """The numbers that reports to senders have."""
    from dxa_msmail.programs.external.causes import CAUSES

    rows = ((f"[{each.number:03}]", each.text, each.when, each.source) for each in CAUSES)
    return table(("number", "what", "when", "source"), rows)


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""
    return {**byhand.blocks("by-routes", __name__), "routing-causes": causes}


if __name__ == "__main__":
    byhand.main(SCRIPT)
