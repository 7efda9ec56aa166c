"""The administrator's guide where dxa is the directory server, run for real as `docs.generators.byhand` does it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from docs.generators import byhand
from docs.generators.byhand import Part, Script

_LINK = """cat >> site/dxa.toml <<'TOML'

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail"]

[links.pcmail.msmail]
maildata = "shadow"

[links.pcmail.attributes]
"Phone:" = "telephoneNumber"

[links.pcmail.schedule]
style = "selected"
times = ["mon-fri 21:00"]
zone = "Europe/Berlin"
TOML
(umask 077; echo north knows > north.password; echo south knows > south.password)"""

#: An address of a user of a gateway, and a record that nobody can use.
_CHANGES = """cat > changes.txt <<'TXT'
A Berge, Liv\tSMTP:liv@berge.example
A Nobody\tTELEX:651
A Eve\tPCM:LAB/HQ/EVE
TXT"""

_CSV = """cat > partner.csv <<'CSV'
Obj-Class,Directory Name,Display Name,Alias Name,E-mail address,Obj-Container
Remote,LarsenA,"Larsen, Ase",LarsenA,MS:NORTH/MAIN/LARSEN,Recipients
Remote,BergeL,"Berge, Liv",BergeL,MS:NORTH/MAIN/BERGE,Recipients
CSV"""

_BULK = """sed 's/,MS:NORTH.MAIN.\\([A-Z]*\\),/,SMTP:\\1@north.example,/' partner.csv > moved.csv"""


def ask(folder: str) -> str:
    """T1 at a postoffice."""
    return f"dxa msmail reqmain -t -d {folder}\ndxa msmail external -d {folder}"


def take(folder: str) -> str:
    """T3 at a postoffice."""
    programs = ("reqmain -r", "import ADMIN -q -y", "rebuild -f")
    return "\n".join(f"dxa msmail {each} -d {folder}" for each in programs)


def cycle(*folders: str) -> str:
    """A whole cycle with these postoffices."""
    return "\n".join(
        [*map(ask, folders), "dxa -C site sync", "dxa msmail external -d site/shadow", *map(take, folders)]
    )


def quiet(commands: str) -> str:
    """The same commands, not shown."""
    return "\n".join(f".{line}" for line in commands.splitlines())


def near(link: str) -> str:
    """A link's connector runs in the process of the commands, which takes half the time and shows the same."""
    return f"printf '[links.{link}.process]\\nown = false\\n' >> site/dxa.toml"


#: Nothing is there before.
BEFORE = Part("01 12:00", "")

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "site": Part("01 12:00", "dxa init site --organization LAB --site HQ\nlink\n.near pcmail\ndxa -C site check"),
    "people": Part(
        "01 12:10",
        'dxa -C site recipients add --name "Faber, Johanna" --field telephoneNumber=+49-30-1\n'
        'dxa -C site recipients show "Faber, Johanna"',
    ),
    "postoffices": Part(
        "01 12:20",
        "dxa msmail postoffice create north --network NORTH --postoffice MAIN --admin ADMIN\n"
        "dxa msmail postoffice create south --network SOUTH --postoffice MAIN --admin ADMIN\n"
        "template\n"
        'dxa msmail admin ADMIN -d north user add LARSEN --name "Larsen, Ase" --field Phone:/12\n'
        'dxa msmail admin ADMIN -d south user add MULLERJ --name "Müller, Jürgen"',
    ),
    "peers": Part(
        "01 12:30",
        "dxa -C site peers add pcmail NORTH/MAIN --password-ref file:../north.password --set maildata=../north\n"
        "dxa -C site peers add pcmail SOUTH/MAIN --password-ref file:../south.password --set maildata=../south",
    ),
    "requestors": Part(
        "01 12:40",
        "dxa msmail admin ADMIN -d north postoffice add LAB/HQ --direct ../site/shadow\n"
        "dxa msmail admin ADMIN -d north server LAB/HQ --password file:../north.password --types PCM --types SMTP\n"
        "dxa msmail admin ADMIN -d north options --templates --send-templates\n"
        "dxa msmail admin ADMIN -d south postoffice add LAB/HQ --direct ../site/shadow\n"
        "dxa msmail admin ADMIN -d south server LAB/HQ --password file:../south.password --types PCM --types SMTP",
    ),
    "schedule": Part(
        "01 13:00",
        "dxa msmail admin ADMIN -d north schedule add T1 tue,thu 20:00 --zone Europe/Berlin\n"
        "dxa msmail admin ADMIN -d north schedule add T3 tue,thu 23:00",
    ),
    "shadow": Part("01 13:10", "dxa -C site sync"),
    "first": Part("01 21:00", cycle("north", "south")),
    "routes": Part("01 21:10", "dxa msmail postoffice routes north\ndxa -C site peers list --counts"),
    "gateway": Part(
        "01 21:30",
        "dxa msmail admin ADMIN -d north gateway SMTP\ndxa msmail admin ADMIN -d south gateway SMTP\nchanges\n"
        "dxa msmail import ADMIN -e -y -f changes.txt -d north\n" + quiet(cycle("north", "south")),
    ),
    "templates": Part("01 21:20", "dxa -C site peers templates NORTH/MAIN"),
    # -- daily
    "status": Part("02 08:00", "dxa -C site status"),
    "now": Part("02 08:10", cycle("north", "south")),
    "numbers": Part("02 08:20", "dxa msmail listds -r -d north\ndxa msmail listds -s -d site/shadow"),
    "canary": Part(
        "02 08:30",
        'dxa msmail admin ADMIN -d north user add CANARY --name "Canary North 94-03-02"\n'
        + quiet(cycle("north", "south"))
        + "\ndxa msmail postoffice gal south --find canary",
    ),
    "messages": Part(
        "02 08:40", "dxa -C site messages list --peer NORTH/MAIN --limit 4\ndxa -C site history --limit 3"
    ),
    "message": Part("02 08:41", "dxa -C site messages show 5"),
    "proof": Part("02 08:50", "dxa msmail listq -f SRVTRANS -d south\ndxa msmail dssched ADMIN -d north"),
    "waits": Part("02 08:51", "dxa msmail postoffice mail site/shadow --alarm 24"),
    # -- changing
    "container": Part(
        "03 09:00",
        'dxa -C site recipients add --name "Wolf, Bob" --container Guests\nguests\ndxa -C site plan\ndxa -C site sync',
    ),
    "trust": Part(
        "03 09:10",
        'dxa -C site recipients set "Wolf, Bob" --trust 50\ndxa -C site explain "Wolf, Bob"\ndxa -C site sync',
    ),
    "hide": Part(
        "03 09:20", 'dxa -C site recipients set "Wolf, Bob" --trust 20 --hidden\ndxa -C site explain "Wolf, Bob"'
    ),
    "full": Part(
        "03 09:30", "dxa -C site peers full NORTH/MAIN\ndxa -C site status NORTH/MAIN\n" + quiet(cycle("north"))
    ),
    "local-reset": Part(
        "03 09:40",
        "dxa msmail procedure local-reset ADMIN -d south --go\n"
        + quiet(cycle("south"))
        + "\ndxa msmail procedure local-reset ADMIN -d south",
    ),
    "resync": Part(
        "03 09:50",
        "dxa -C site peers full SOUTH/MAIN --by-file\n"
        "sh -c 'cp site/mail/resync/*/RESYNC.GLB south/GLB'\n"
        "dxa msmail import ADMIN -q -y -d south",
    ),
    # -- repairing
    "held": Part(
        "04 09:00",
        "dxa msmail admin ADMIN -d north user delete LARSEN\ndxa msmail admin ADMIN -d north user delete CANARY\n"
        + quiet(ask("north"))
        + "\n!dxa -C site sync\n!dxa -C site plan",
    ),
    "approve": Part("04 09:10", "dxa -C site approve PLAN-ID\ndxa -C site sync\n.dxa msmail external -d site/shadow"),
    "undo": Part(
        "04 09:20", "dxa -C site history --limit 2\ndxa -C site undo --dry-run RUN-ID\ndxa -C site undo RUN-ID"
    ),
    "rejects": Part("04 09:30", "dxa -C site rejects list\ndxa -C site rejects show 1\ndxa -C site rejects drop 1"),
    "poison": Part(
        "05 09:00",
        quiet(ask("south"))
        + "\npoison\ndxa -C site sync\ndxa -C site messages list --status refused --limit 2\n"
        + "dxa msmail postoffice mail site/shadow",
    ),
    "duplicates": Part(
        "05 09:10",
        'dxa msmail admin ADMIN -d south user add MULLERJ2 --name "Faber, Johanna"\n'
        + quiet(cycle("south", "north"))
        + "\ndxa msmail postoffice gal north --find faber\ndxa -C site recipients list faber\n"
        + '!dxa -C site recipients add --name "Faber, Jo" --proxy MS:LAB/HQ/johannaf',
    ),
    "verify": Part(
        "05 09:20",
        "dxa -C site verify\ndxa msmail postoffice check site/shadow\nls site/shadow/DXA/BAD",
    ),
    "backup": Part("05 09:30", "dxa -C site backup monday.dxa"),
    "after-backup": Part(
        "05 20:00",
        'dxa msmail admin ADMIN -d north user add NYGAARD --name "Nygaard, Pia"\n' + quiet(cycle("north", "south")),
    ),
    "restore": Part(
        "06 09:00",
        "dxa -C site restore --check monday.dxa\n!dxa -C site restore monday.dxa\n"
        "dxa -C site restore --force monday.dxa",
    ),
    "restored": Part(
        "06 09:10",
        cycle("north", "south") + "\ndxa -C site status\ndxa -C site verify",
    ),
    "rename": Part(
        "07 09:00",
        "dxa -C site peers rename pcmail SOUTH/MAIN SOUTH/HQ\n!dxa -C site sync\ndxa -C site approve PLAN-ID\n"
        "dxa -C site sync\ndxa msmail procedure rename-requestor ADMIN SOUTH/HQ -d south --go\n"
        + quiet(cycle("south", "north"))
        + "\ndxa -C site recipients list",
    ),
    "remove": Part(
        "08 09:00",
        "dxa -C site peers remove NORTH/MAIN --keep\ndxa -C site recipients list --owner former\n"
        "dxa -C site recipients remove CANARY",
    ),
    "static": Part(
        "09 09:00",
        "csv\ndxa exchange convert partner.csv partner.imp --to msmail\ncat partner.imp\n"
        "dxa msmail import ADMIN -f partner.imp -c -y -d south\n"
        "dxa msmail import ADMIN -x NORTH/MAIN -d south -f out.imp\n"
        "dxa exchange convert out.imp out.csv --from msmail\ncat out.csv",
    ),
    "bulk": Part(
        "09 09:10",
        "bulk\ncat moved.csv\n"
        "dxa exchange changes partner.csv moved.csv change.csv --write-code-page utf-8\ncat change.csv",
    ),
}

SCRIPT = Script(
    BEFORE,
    PARTS,
    (),
    {
        "link": _LINK,
        "near pcmail": near("pcmail"),
        "template": "printf 'Phone:~10~25~A~~\\r' > north/TPL/ADMIN.TPL",
        "changes": _CHANGES,
        "guests": """sed -i 's/"MS Mail"]/"MS Mail", "Guests"]/' site/dxa.toml""",
        "csv": _CSV,
        "bulk": _BULK,
        "poison": "truncate -s 30 $(ls site/shadow/MAI/*/*.MAI | sort -t/ -k5 | tail -1)",
    },
    {"PLAN-ID": r"^Held: (\w+)", "RUN-ID": r"^ +(\d+)  1994.* in "},
)


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""
    return byhand.blocks("guide", __name__)


def main() -> None:
    """Run the script in the folder that the command line names, and print its parts; sizes are left out."""
    os.chdir(sys.argv[1])
    shown = {name: text.replace(f"{Path.cwd()}/", "/srv/") for name, text in byhand.run_all(SCRIPT).items()}
    json.dump(
        {name: re.sub(r"files, [\d,]+ bytes", "files, … bytes", text) for name, text in shown.items()}, sys.stdout
    )


if __name__ == "__main__":
    main()
