"""Two sites, a postoffice behind each, and one directory server, run for real as `docs.generators.byhand` does it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docs.generators import byhand
from docs.generators.byhand import Part, Script
from dxa.signing import PrivateKey

#: The folders of both sites.
SITES = ("x1", "x2")


def _key(folder: str) -> PrivateKey:
    """A key that is the same at every run, so that the page is."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(folder.encode().ljust(32, b".")))


_BETWEEN = """cat >> {0}/dxa.toml <<'TOML'

[links.sites]
connector = "sitelink"
import_container = "Sites"
export_containers = ["Recipients", "MS Mail"]

[links.sites.sitelink]
folder = "../between"
key = "file:../{0}.key"
TOML"""

_SERVER = """cat >> x1/dxa.toml <<'TOML'

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail", "Sites"]

[links.pcmail.msmail]
maildata = "shadow"
routes = { "LAB/BERLIN" = "../x2/shadow" }
TOML"""

_RELAY = """cat >> x2/dxa.toml <<'TOML'

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"

[links.pcmail.msmail]
maildata = "shadow"
routes = { "LAB/HQ" = "../x1/shadow", "SOUTH/PO2" = "../po2" }
via = { "NORTH/PO1" = "LAB/HQ" }
TOML"""

_BAG = """cat >> {0}/dxa.toml <<'TOML'

[links.pcmail.msmail.bags]
"{1}" = "../between"

[links.pcmail.msmail.public_keys]
"{1}" = "{2}"
TOML"""

SHELL = {
    "between x1": _BETWEEN.format("x1"),
    "between x2": _BETWEEN.format("x2"),
    "server": _SERVER,
    "relay": _RELAY,
    "unroute x1": "sed -i '/^routes = /d' x1/dxa.toml",
    "unroute x2": """sed -i 's|"LAB/HQ" = "../x1/shadow", ||' x2/dxa.toml""",
    "bag x1": _BAG.format("x1", "LAB/BERLIN", _key("x2").public),
    "bag x2": _BAG.format("x2", "LAB/HQ", _key("x1").public),
    "apart": "mkdir berlin && mv x2 x2.key po2 berlin && ln -s ../between berlin/between",
}


def _office(folder: str, network: str, mailbox: str, name: str) -> str:
    return f"""dxa msmail postoffice create {folder} --network {network} --postoffice {folder.upper()} --admin ADMIN
dxa msmail admin ADMIN -d {folder} user add {mailbox} --name "{name}\""""


def _take(folder: str) -> str:
    return f"""dxa msmail reqmain -r -d {folder}
dxa msmail import ADMIN -q -y -d {folder}
dxa msmail rebuild -f -d {folder}"""


_ASK = """dxa msmail reqmain -t -d po1
dxa msmail external -d po1
dxa msmail reqmain -t -d po2
dxa msmail external -d po2"""

_CYCLE = f"""{_ASK}
dxa msmail external -d x2/shadow
dxa -C x2 sync
dxa -C x1 sync
dxa -C x2 sync
dxa msmail external -d x1/shadow
dxa msmail external -d x2/shadow
{_take("po1")}
{_take("po2")}"""

#: What is there before: two sites and two postoffices with a person each.
BEFORE = Part(
    "01 20:00",
    f"""dxa init x1 --organization LAB --site HQ
dxa init x2 --organization LAB --site BERLIN
dxa -C x1 recipients add --name "Faber, Johanna"
dxa -C x2 recipients add --name "Wolf, Bob"
{_office("po1", "NORTH", "LARSEN", "Larsen, Åse")}
{_office("po2", "SOUTH", "MULLERJ", "Müller, Jürgen")}""",
)

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "between": Part(
        "01 20:10",
        "between x1\nbetween x2\n"
        f"dxa -C x1 peers add sites LAB/BERLIN --set public_key={_key('x2').public}\n"
        f"dxa -C x2 peers add sites LAB/HQ --set public_key={_key('x1').public}",
    ),
    "shadows": Part("01 20:20", "server\nrelay"),
    "ways": Part(
        "01 20:30",
        "dxa msmail admin ADMIN -d po1 postoffice add LAB/HQ --direct ../x1/shadow\n"
        "dxa msmail admin ADMIN -d po2 postoffice add LAB/BERLIN --direct ../x2/shadow\n"
        "dxa msmail admin ADMIN -d po2 postoffice add LAB/HQ --via LAB/BERLIN",
    ),
    "register": Part(
        "01 20:40",
        "dxa -C x1 peers add pcmail NORTH/PO1 --no-password --set maildata=../po1\n"
        "dxa -C x1 peers add pcmail SOUTH/PO2 --no-password --set via=LAB/BERLIN\n"
        "dxa msmail admin ADMIN -d po1 server LAB/HQ\ndxa msmail admin ADMIN -d po2 server LAB/HQ",
    ),
    "first": Part("01 20:50", "dxa -C x1 sync\ndxa -C x2 sync"),
    "ask": Part("01 22:00", f"{_ASK}\ndxa msmail external -d x2/shadow"),
    "answer": Part("02 00:00", "dxa -C x2 sync\ndxa -C x1 sync\ndxa -C x2 sync"),
    "carry": Part("02 00:10", "dxa msmail external -d x1/shadow\ndxa msmail external -d x2/shadow"),
    "take": Part("02 02:00", f"{_take('po1')}\n{_take('po2')}"),
    "lists": Part(
        "02 02:10",
        "dxa msmail postoffice gal po1\ndxa msmail postoffice gal po2\ndxa -C x1 recipients list\n"
        "dxa -C x2 recipients list",
    ),
    "defined": Part("02 02:20", "dxa msmail admin ADMIN -d po1 postoffice list"),
    "seen": Part("02 02:20", "dxa -C x1 peers list --counts"),
    "shared": Part(
        "02 03:00",
        "dxa -C x2 peers add pcmail SOUTH/PO2 --no-password\ndxa -C x2 sync\ndxa -C x1 sync",
    ),
    "unshared": Part("02 03:10", "dxa -C x2 peers remove SOUTH/PO2 --delete\ndxa -C x2 sync"),
    "bags": Part("02 20:00", "unroute x1\nbag x1\nunroute x2\nbag x2"),
    "apart": Part("02 20:10", "apart\ndxa -C x1 sync\ndxa -C berlin/x2 sync"),
    "bagged": Part(
        "02 20:20",
        "dxa msmail postoffice routes x1/shadow\ndxa msmail postoffice routes berlin/x2/shadow",
    ),
    "bag-ask": Part(
        "02 22:00",
        """dxa msmail admin ADMIN -d berlin/po2 user add WEBERK --name "Weber, Karla"
dxa msmail reqmain -t -d berlin/po2
dxa msmail external -d berlin/po2
dxa msmail external -d berlin/x2/shadow --key file:berlin/x2.key
ls between""",
    ),
    "bag-answer": Part(
        "03 00:00",
        """dxa msmail external -d x1/shadow --key file:x1.key
dxa -C x1 sync
dxa msmail external -d x1/shadow --key file:x1.key
dxa msmail external -d berlin/x2/shadow --key file:berlin/x2.key
dxa msmail reqmain -r -d berlin/po2""",
    ),
    "bag-lists": Part("03 02:00", "dxa -C berlin/x2 sync\ndxa -C berlin/x2 recipients list"),
}

#: The page of many sites.
SCRIPT = Script(BEFORE, PARTS, ("po1", "po2", "x1/shadow", "x2/shadow"), SHELL)


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""
    return byhand.blocks("many-sites", __name__)


def main() -> None:
    """Run the page in the folder that the command line names, where the keys lie already."""
    for folder in SITES:
        path = Path(sys.argv[1]) / f"{folder}.key"
        path.touch(mode=0o600)
        path.write_bytes(_key(folder).pem())
    byhand.main(SCRIPT)


if __name__ == "__main__":
    main()
