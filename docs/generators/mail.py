"""The guide to mail, run for real as `docs.generators.byhand` does it, with a mail server that runs meanwhile.

The keys are always the same, so that the page changes only when what the commands do changes. The mail server is the
one of the tests, on a port that is free; the page calls it as one would.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from docs.generators import byhand
from docs.generators.byhand import Part, Script

HQ, NORTH = "dirsync@hq.example", "dirsync@north.example"
_SMTP = '[{0}.smtp]\nhost = "127.0.0.1"\nport = $PORT\nsecurity = "none"'

_SERVER = f"""cat >> site/dxa.toml <<TOML

[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail"]
export_custom = {{ manual = true, imported = true }}

[links.pcmail.msmail.mail]
address = "{HQ}"
key = "file:hq.key"
maildir = "$PWD/mail/{HQ}"

{_SMTP.format("links.pcmail.msmail.mail")}

[links.pcmail.peers."NORTH/MAIN"]
no_password = true

[links.pcmail.peers."NORTH/MAIN".msmail]
mail = "{NORTH}"
public_key = "$NORTH_KEY"
TOML"""

_NORTH = f"""cat >> north/requestor.toml <<TOML

[mail]
address = "{NORTH}"
to = "{HQ}"
key = "file:north.key"
public_key = "$HQ_KEY"
maildir = "$PWD/mail/{NORTH}"

{_SMTP.format("mail")}
TOML"""

_PEOPLE = """printf 'A Larsen, Ase\\tPCM:NORTH/MAIN/LARSEN\\r\\n' > north/ADDRESS.TXT"""

BEFORE = Part(
    "01 20:00",
    """dxa init site --organization LAB --site HQ
dxa -C site recipients add --name "Faber, Johanna"
dxa msmail requestor init north --network NORTH --postoffice MAIN --server LAB/HQ
keys
server
north
people""",
)

_CYCLE = "dxa msmail requestor t1 -d north\ndxa -C site sync"

PARTS = {
    "ask": Part("01 22:00", "dxa msmail requestor t1 -d north"),
    "letter": Part("01 22:00", f"""sh -c "sed -n '1,50p' mail/{HQ}/new/*" """.strip()),
    "answer": Part("02 00:00", "dxa -C site check\ndxa -C site sync"),
    "take": Part("02 02:00", "dxa msmail requestor t3 -d north\ndxa msmail requestor gal -d north"),
    "forge": Part("02 21:00", ".forge"),
    "forged": Part("02 22:00", "dxa -C site sync\nsh -c 'cat site/mail-aside/*.why'"),
    "bounce": Part("03 21:00", ".bounce"),
    "bounced": Part("03 22:00", "dxa -C site sync\ndxa -C site messages list --limit 1"),
    "leave": Part("04 21:00", ".leave"),
    "away": Part(
        "04 22:00",
        'dxa -C site recipients add --name "Wolf, Bo"\ndxa msmail requestor t1 -d north\n!dxa -C site sync\n'
        "dxa -C site status",
    ),
    "return": Part("05 21:00", ".return"),
    "back": Part("05 22:00", "dxa -C site sync\ndxa msmail requestor t3 -d north"),
}

SCRIPT = Script(
    BEFORE,
    PARTS,
    (),
    {
        "server": _SERVER,
        "north": _NORTH,
        "people": _PEOPLE,
        "keys": "cp hq.key site/hq.key; cp north.key north/north.key; chmod 600 site/hq.key north/north.key",
        "forge": f"cp forged mail/{HQ}/new/1.forged",
        "bounce": f"cp bounced mail/{HQ}/new/2.bounced",
        "leave": "sed -i 's/^port = .*/port = 1/' site/dxa.toml",
        "return": 'sed -i "s/^port = .*/port = $PORT/" site/dxa.toml',
    },
)


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page."""
    return byhand.blocks("mail", __name__)


def _prepare(port: int) -> dict[str, str]:
    """Put what the commands find in the current folder; returns what is to be called otherwise on the page."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from dxa.mail.letter import Letter, Part, compose
    from dxa.signing import PrivateKey

    keys = {}
    for name in ("hq", "north", "other"):
        keys[name] = PrivateKey(Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))
        Path(f"{name}.key").write_bytes(keys[name].pem())
    os.environ |= {"PORT": str(port), "HQ_KEY": str(keys["hq"].public), "NORTH_KEY": str(keys["north"].public)}
    message = b"VERSION:3.00\r\nTO:CSI:LAB/HQ/$SYSTEM\r\nFROM:CSI:NORTH/MAIN/$SYSTEM\r\nSUBJECT:ReqTx\r\nTEXT:0\r\n"
    parts = (Part("MESSAGE.MSG", message),)
    letter = Letter(id="1", channel="msmail", sender="NORTH/MAIN", to="LAB/HQ", parts=parts, subject="ReqTx")
    Path("forged").write_bytes(compose(letter, origin=NORTH, target=HQ, now=0, key=keys["other"]))
    report = "From: MAILER-DAEMON@hq.example\nSubject: Undelivered Mail Returned to Sender\n"
    report += "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
    Path("bounced").write_text(f"{report}--B\nContent-Type: text/plain\n\nNo such mailbox.\n--B--\n")
    return {f"127.0.0.1:{port}": "mail.hq.example:587", "127.0.0.1:1": "mail.hq.example:587", f"{Path.cwd()}/": "/srv/"}


def main() -> None:
    """Run the script in the folder that the command line names, and print its parts."""
    from tests.servers.mail import PostServer, smtp

    os.chdir(sys.argv[1])
    Path("mail").mkdir()
    server = PostServer(Path("mail").absolute())
    for address in (HQ, NORTH):
        server.maildir(address)
    with smtp(server):
        names = _prepare(server.port)
        parts = byhand.run_all(SCRIPT)
    for old, new in names.items():
        parts = {name: text.replace(old, new) for name, text in parts.items()}
    json.dump(parts, sys.stdout)


if __name__ == "__main__":
    main()
