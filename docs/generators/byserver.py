"""A cycle with a postoffice as the directory server, run for real as `docs.generators.byhand` does it."""

from __future__ import annotations

from collections.abc import Callable

from docs.generators import byhand
from docs.generators.byhand import Part, Script


def _office(folder: str, network: str, own: str) -> str:
    return f"""dxa msmail postoffice create {folder} --network {network} --postoffice MAIN --admin ADMIN
dxa msmail admin ADMIN -d {folder} postoffice add HUB/MAIN --direct ../hub
dxa msmail admin ADMIN -d {folder} user add {own}"""


_CYCLE = """dxa msmail reqmain -r -d {0}
dxa msmail import ADMIN -q -y -d {0}
dxa msmail rebuild -f -d {0}"""

#: What is there before: three postoffices with a person each, and the ways between them.
BEFORE = Part(
    "01 21:00",
    f"""dxa msmail postoffice create hub --network HUB --postoffice MAIN --admin ADMIN
dxa msmail admin ADMIN -d hub user add FABER --name "Faber, Johanna"
{_office("north", "NORTH", 'LARSEN --name "Larsen, Ase"')}
{_office("south", "SOUTH", 'MULLERJ --name "Müller, Jürgen"')}
dxa msmail admin ADMIN -d hub postoffice add NORTH/MAIN --direct ../north
dxa msmail admin ADMIN -d hub postoffice add SOUTH/MAIN --direct ../south""",
)

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "install": Part(
        "01 21:10",
        "dxa msmail admin ADMIN -d hub server HUB/MAIN --password hub-secret\n"
        "dxa msmail admin ADMIN -d hub requestor NORTH/MAIN --password north-secret\n"
        "dxa msmail admin ADMIN -d hub requestor SOUTH/MAIN --password south-secret --limit 60000\n"
        "dxa msmail admin ADMIN -d hub server-options --administrator ADMIN --keep-updates 14",
    ),
    "register": Part(
        "01 21:20",
        "dxa msmail admin ADMIN -d north server HUB/MAIN --password north-secret\n"
        "dxa msmail admin ADMIN -d south server HUB/MAIN --password south-secret",
    ),
    "ask": Part(
        "01 22:00",
        "dxa msmail reqmain -t -d hub\ndxa msmail external -d hub\ndxa msmail reqmain -t -d north\n"
        "dxa msmail external -d north\ndxa msmail reqmain -t -d south\ndxa msmail external -d south",
    ),
    "asked": Part("01 22:05", "dxa dump hub/MBG/SYSTEM.MBG"),
    "receive": Part("02 00:00", "dxa msmail srvmain -r -d hub", told=True),
    "received": Part("02 00:00", "dxa dump hub/GLB/MSTTRANS.GLB\ndxa msmail listds -s -d hub"),
    "answer": Part("02 00:01", "dxa msmail srvmain -t -d hub", told=True),
    "carry": Part("02 00:02", "dxa msmail external -d hub"),
    "take": Part("02 02:00", "\n".join(_CYCLE.format(name) for name in ("hub", "north", "south"))),
    "taken": Part("02 02:05", "dxa msmail postoffice gal hub\ndxa msmail postoffice gal south"),
    "second": Part(
        "02 22:00",
        'dxa msmail admin ADMIN -d north user change LARSEN --name "Larsen, Åse"\n'
        "dxa msmail reqmain -t -d north\ndxa msmail external -d north",
    ),
    "second-server": Part("03 00:00", "dxa msmail srvmain -r -d hub\ndxa msmail srvmain -t -d hub"),
    "central": Part("03 00:01", "cat hub/LOG/CENTRAL.LOG"),
    "stranger": Part(
        "03 22:00",
        "dxa msmail postoffice create east --network EAST --postoffice MAIN --admin ADMIN\n"
        "dxa msmail admin ADMIN -d east postoffice add HUB/MAIN --direct ../hub\n"
        "dxa msmail admin ADMIN -d east server HUB/MAIN\ndxa msmail reqmain -t -d east\n"
        "dxa msmail external -d east\ndxa msmail srvmain -r -d hub",
    ),
    "letter": Part("03 22:01", "dxa msmail external -d hub\ndxa msmail postoffice mail hub"),
    "purged": Part("18 00:00", "dxa msmail srvmain -r -d hub\ndxa dump hub/GLB/MSTTRANS.GLB"),
    "late": Part(
        "18 22:00",
        "dxa msmail reqmain -t -d south\ndxa msmail external -d south\n"
        "dxa msmail srvmain -r -d hub\ndxa msmail srvmain -t -d hub",
    ),
    "lost": Part(
        "19 00:00",
        "rm hub/DXA/SERVER\n!dxa msmail srvmain -r -d hub\ndxa msmail admin ADMIN -d hub server-options --anew",
    ),
    "leave": Part("20 00:00", "dxa msmail admin ADMIN -d hub requestor SOUTH/MAIN --remove --forget"),
}

#: The page of a cycle with a postoffice as the server.
SCRIPT = Script(BEFORE, PARTS, ("hub", "north", "south"))


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""
    return byhand.blocks("by-server", __name__)


if __name__ == "__main__":
    byhand.main(SCRIPT)
