"""The administrator's guide where a postoffice is the directory server, up to the day when dxa takes its place."""

from __future__ import annotations

from collections.abc import Callable

from docs.generators import adminguide, byhand
from docs.generators.adminguide import ask, near, quiet, take
from docs.generators.byhand import Part, Script

_PEOPLE = {"hub": "Faber, Johanna", "north": "Larsen, Ase", "south": "Rossi, Carla"}

_REQUESTOR = """cat >> site/dxa.toml <<'TOML'

[links.up]
connector = "msmail-requestor"
import_container = "MS Mail"
export_containers = ["Recipients"]

[links.up.msmail-requestor]
server = "HUB/MAIN"
password = "file:../site.password"
maildata = "shadow"
server_maildata = "../hub"
TOML
(umask 077; echo site knows > site.password)"""

_SERVER = """sed -i 's/^\\[links.up\\]/[links.up]\\nenabled = false/' site/dxa.toml
cat >> site/dxa.toml <<'TOML'

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail"]

[links.pcmail.msmail]
maildata = "shadow"
TOML"""

_MOVED = """sed -i -e 's#"HUB/MAIN"#"NORTH/MAIN"#' -e 's#"../hub"#"../north"#' site/dxa.toml"""

_FORGET = """sed -i '/^\\[links.up/,/^$/d' site/dxa.toml"""


def _office(folder: str) -> str:
    name = _PEOPLE[folder]
    return f"""dxa msmail postoffice create {folder} --network {folder.upper()} --postoffice MAIN --admin ADMIN
dxa msmail admin ADMIN -d {folder} user add {name.partition(",")[0].upper()} --name "{name}\""""


def _ways() -> str:
    return "\n".join(
        f"dxa msmail admin ADMIN -d {at} postoffice add {to.upper()}/MAIN --direct ../{to}"
        for at in _PEOPLE
        for to in _PEOPLE
        if at != to
    )


def cycle(server: str, *folders: str) -> str:
    """A whole cycle with a postoffice as the server."""
    serve = f"dxa msmail srvmain -r -d {server}\ndxa msmail srvmain -t -d {server}\ndxa msmail external -d {server}"
    return "\n".join([*map(ask, folders), serve, *map(take, folders)])


def site_cycle(server: str) -> str:
    """A whole cycle of the site with a postoffice as its server."""
    here = "dxa -C site sync\ndxa msmail external -d site/shadow"
    there = f"dxa msmail srvmain -r -d {server}\ndxa msmail srvmain -t -d {server}\ndxa msmail external -d {server}"
    return f"{here}\n{there}\n{here}"


BEFORE = Part(
    "01 12:00",
    "\n".join(
        [
            *map(_office, _PEOPLE),
            _ways(),
            "dxa msmail admin ADMIN -d hub server HUB/MAIN",
            *(
                f"dxa msmail admin ADMIN -d hub requestor {each.upper()}/MAIN --no-password"
                for each in ("north", "south")
            ),
            *(f"dxa msmail admin ADMIN -d {each} server HUB/MAIN" for each in ("north", "south")),
            quiet(cycle("hub", *_PEOPLE)),
            "dxa init site --organization LAB --site HQ",
            'dxa -C site recipients add --name "Berg, Bo"',
        ]
    ),
)

PARTS = {
    "join": Part(
        "02 12:00",
        "requestor\n.near up\n"
        "dxa msmail admin ADMIN -d hub postoffice add LAB/HQ --direct ../site/shadow\n"
        "dxa msmail admin ADMIN -d hub requestor LAB/HQ --password file:../site.password\n"
        "dxa -C site sync\ndxa msmail external -d site/shadow",
    ),
    "joined": Part(
        "02 13:00",
        ".dxa msmail srvmain -r -d hub\n.dxa msmail srvmain -t -d hub\n.dxa msmail external -d hub\n"
        "dxa -C site sync\n.dxa msmail external -d site/shadow\ndxa -C site recipients list",
    ),
    "local-reset": Part("03 09:00", "dxa msmail procedure local-reset ADMIN -d south --go"),
    "global-reset": Part("03 10:00", "dxa msmail procedure global-reset ADMIN -d hub --go"),
    "global-reset-site": Part(
        "03 10:10",
        "dxa -C site peers full up\ndxa -C site peers import up\n" + quiet(site_cycle("hub")) + "\ndxa -C site status",
    ),
    "resync": Part(
        "03 11:00",
        "dxa msmail admin ADMIN -d hub resync SOUTH/MAIN\ncp hub/GLB/RESYNC.GLB south/GLB\n"
        "dxa msmail import ADMIN -q -y -d south\nrm hub/GLB/RESYNC.GLB",
    ),
    "restore": Part(
        "04 09:00",
        "cp -r hub backup\n.dxa msmail admin ADMIN -d north user add BERGE --name 'Berge, Liv'\n"
        + quiet(cycle("hub", *_PEOPLE))
        + "\nrm -r hub\nmv backup hub\ndxa msmail procedure restore-server ADMIN -d hub --go",
    ),
    "move": Part(
        "05 09:00",
        "dxa msmail procedure move-server ADMIN NORTH/MAIN -d hub\n"
        "dxa msmail procedure move-server ADMIN NORTH/MAIN -d hub --go",
    ),
    "move-site": Part(
        "05 09:10",
        "moved\ndxa msmail admin ADMIN -d north postoffice route LAB/HQ --direct ../site/shadow\n"
        "dxa msmail admin ADMIN -d south postoffice route LAB/HQ --direct ../site/shadow\n"
        + quiet(site_cycle("north"))
        + "\ndxa -C site status",
    ),
    "rename": Part(
        "06 09:00",
        "dxa msmail procedure rename ADMIN SOUTH/MAIN SOUTH/HQ -d north --go\n"
        + quiet(site_cycle("north"))
        + "\ndxa msmail procedure rename ADMIN SOUTH/MAIN SOUTH/HQ -d north --go --after 7\n"
        "dxa -C site recipients list",
    ),
    "to-dxa": Part(
        "07 09:00",
        "server\n.near pcmail\n"
        "dxa -C site peers add pcmail HUB/MAIN --no-password --set maildata=../hub\n"
        "dxa -C site peers add pcmail NORTH/MAIN --no-password --set maildata=../north\n"
        "dxa -C site peers add pcmail SOUTH/HQ --no-password --set maildata=../south\n"
        "dxa -C site peers takeover up pcmail\nforget\ndxa -C site sync",
    ),
    "to-dxa-go": Part("07 09:10", "dxa msmail procedure server-to-dxa ADMIN LAB/HQ -d north --go"),
    "to-dxa-cycle": Part(
        "07 09:20",
        quiet(adminguide.cycle("hub", "north", "south")) + "\n" + "dxa -C site status\ndxa msmail postoffice gal south",
    ),
    "back": Part("08 09:00", "dxa msmail procedure server-from-dxa ADMIN LAB/HQ -d hub"),
    "retire": Part(
        "09 09:00",
        "dxa -C site peers retire pcmail SOUTH/HQ\n!dxa -C site sync\n"
        "dxa -C site approve PLAN-ID\ndxa -C site sync\ndxa -C site peers remove SOUTH/HQ --keep",
    ),
}

SCRIPT = Script(
    BEFORE,
    PARTS,
    (),
    {
        "requestor": _REQUESTOR,
        "server": _SERVER,
        "moved": _MOVED,
        "forget": _FORGET,
        "near up": near("up"),
        "near pcmail": near("pcmail"),
    },
    {"PLAN-ID": r"^Held: (\w+)"},
)


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""
    return byhand.blocks("guide-move", __name__)


if __name__ == "__main__":
    byhand.main(SCRIPT)
