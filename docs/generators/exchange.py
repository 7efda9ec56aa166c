"""The guide to directories, run for real: files of Exchange 5.5, LDIF, conversions, and an OpenLDAP server.

As a program, ``python -m docs.generators.exchange FOLDER`` prints the parts. Where no OpenLDAP server can be started,
those that need one are left out, and the page keeps what it has.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import NamedTuple

from docs.generators import console, prompt
from docs.generators.markdown import fenced

ROOT = Path(__file__).resolve().parents[2]
#: What the page calls the server that is started for it, and programs without which its parts are left out.
SHOWN_URI = "ldap://127.0.0.1"
TOOLS = ("ldapsearch", "ldapmodify")


class Part(NamedTuple):
    """Commands, and the folder in which they are typed.

    One that is meant to fail has a ``!`` in front, and its exit status is shown. ``PLAN`` is what was held last.
    """

    folder: str
    commands: tuple[str, ...]


#: What administrators of the server set up: who may do what, and the objects that are there.
SERVER = """\
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=dxa,dc=example,dc=org" by dn.exact="cn=dxa,ou=services,dc=example,dc=org" write by users read
access to * by dn.exact="cn=dxa,ou=services,dc=example,dc=org" read by users read by * none
limits dn.exact="cn=dxa,ou=services,dc=example,dc=org" size.prtotal=unlimited"""

_TREE = """\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=services,dc=example,dc=org
objectClass: organizationalUnit
ou: services

"""

ACCOUNT = """\
dn: ou=dxa,dc=example,dc=org
objectClass: organizationalUnit
ou: dxa

dn: cn=dxa,ou=services,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: dxa
userPassword: correct horse
"""

_PEOPLE = """
dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ann
cn: Ann Cole
sn: Cole
mail: ann.cole@example.org
telephoneNumber: +1 555 0100

dn: uid=bo,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: bo
cn: Quist, Bo
sn: Quist
mail: bo.quist@example.org

dn: uid=cy,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: cy
cn: Cy Dorn
sn: Dorn
mail: cy.dorn@example.org

dn: cn=crew,ou=people,dc=example,dc=org
objectClass: groupOfNames
cn: crew
member: uid=ann,ou=people,dc=example,dc=org
"""

_ADDRESSES = """
[addressing.templates]
MS = "{organization}/{site}/{alias}"
SMTP = "{alias}@lab.example"
"""

_OPENLDAP = f"""cat >> site/dxa.toml <<'TOML'
{_ADDRESSES}
[links.openldap]
connector = "ldap"
import_container = "Example"
export_containers = ["Recipients"]
export_custom = {{ manual = true }}

[links.openldap.ldap]
uri = "{SHOWN_URI}"
bind = "cn=dxa,ou=services,dc=example,dc=org"
password = "file:openldap.password"

[[links.openldap.ldap.containers]]
base = "ou=people,dc=example,dc=org"

[links.openldap.ldap.people]
dialect = "generic"
sync_container = "ou=dxa,dc=example,dc=org"
TOML"""

_SEARCH = (
    f'ldapsearch -LLL -x -H {SHOWN_URI} -D "cn=dxa,ou=services,dc=example,dc=org" -y site/openldap.password \\\n'
    '    -b "ou=dxa,dc=example,dc=org" -s one'
)

_MODIFY = f"""ldapmodify -x -H {SHOWN_URI} -D "cn=manager,dc=example,dc=org" -w secret <<'LDIF'
dn: uid=ann,ou=people,dc=example,dc=org
changetype: modify
replace: cn
cn: Ann Cole-Dorn
-
replace: mail
mail: ann.dorn@example.org

dn: uid=cy,ou=people,dc=example,dc=org
changetype: delete

dn: uid=di,ou=people,dc=example,dc=org
changetype: add
objectClass: inetOrgPerson
uid: di
cn: Di Eich
sn: Eich
mail: di.eich@example.org
LDIF"""

_DELETE = f"""ldapmodify -x -H {SHOWN_URI} -D "cn=manager,dc=example,dc=org" -w secret <<'LDIF'
dn: uid=bo,ou=people,dc=example,dc=org
changetype: delete

dn: uid=di,ou=people,dc=example,dc=org
changetype: delete
LDIF"""

_FILES = f"""cat >> site/dxa.toml <<'TOML'
{_ADDRESSES}
[links.exchange]
connector = "exchange"
import_container = "Exchange"
export_containers = ["Recipients"]
export_custom = {{ manual = true }}

[links.exchange.exchange]
ready = ".done"
write = "csv55"

[links.exchange.exchange.table]
site = "/o=Lab/ou=Berlin"
server = "MAIL1"

[links.exchange.exchange.people]
dialect = "csv55"
sync_container = "/o=Lab/ou=Berlin/cn=Recipients/cn=dxa"
TOML"""

#: The columns of an export: those that the program writes by itself, those by which dxa knows its own objects, others.
COLUMNS = (
    "Obj-Class,First Name,Last name,Display Name,Alias Name,Directory Name,Home-Server,E-mail address,E-mail Addresses,"
    "Members,Obj-Container,Hide from AB,Secondary-Proxy-Addresses,Imported-From,Title,Phone number"
)

_INI = """cat > export.ini <<'INI'
[Export]
DirectoryService=MAIL1
Basepoint=/o=Lab/ou=Berlin
Container=Recipients
ExportObject=Recipients
Subcontainers=Yes
BasepointOnly=No
RawMode=No
InformationLevel=Full
INI"""

_WRONG = """cat > wrong.ini <<'INI'
[Export]
Basepoint=/o=Lab/ou = Berlin
Hidden=Yes
INI"""

_EXPORT = f"""cat > site/exchange/in/directory.csv <<'CSV'
{COLUMNS}
Mailbox,Ann,Cole,Ann Cole,AnnC,AnnC,MAIL1,,SMTP:AnnC@lab.example%MS:LAB/BER/ANNC,,Recipients,,smtp:a@old.example,,,+49 1
Mailbox,Bo,Quist,"Quist, Bo",BoQ,BoQ,MAIL1,,SMTP:BoQ@lab.example,,Recipients/cn=Sales,,,,,
DL,,,Crew,Crew,Crew,,,SMTP:Crew@lab.example,Recipients/cn=AnnC%Recipients/cn=Sales/cn=BoQ,Recipients,,,,,
CSV"""

_EXPORTED = _EXPORT.replace(
    "\nCSV",
    '\nRemote,,,"Faber, Johanna",johannaf,johannaf,,SMTP:johannaf@lab.example,SMTP:johannaf@lab.example,,'
    "Recipients/cn=dxa,,,dxa LAB/HQ,Director,\nCSV",
)

_REFUSED = """cat > site/exchange/in/directory.err <<'CSV'
Obj-Class,Mode,Directory Name,Obj-Container,Display Name,E-mail address
Remote,Create,LARSEN,/o=Lab/ou=Berlin/cn=Recipients/cn=dxa,"Larsen, Åse",MS:NORTH/MAIN/LARSEN
CSV"""

_LDIF = f"""cat >> site/dxa.toml <<'TOML'
{_ADDRESSES}
[links.partner]
connector = "exchange"
import_container = "Partner"
export_containers = ["Recipients"]

[links.partner.exchange]
ready = ".done"
write = "ldif"

[links.partner.exchange.people]
dialect = "generic"
bases = ["ou=people,dc=partner,dc=example"]
sync_container = "ou=foreign,dc=partner,dc=example"
classes = ["inetOrgPerson"]
TOML"""

_LDIF_EXPORT = """cat > site/exchange/in/monday.ldif <<'LDIF'
version: 1

dn: uid=eva,ou=people,dc=partner,dc=example
objectClass: inetOrgPerson
uid: eva
cn:: w4VzZSBCZXJn
sn: Berg
mail: eva@partner.example

dn: uid=fin,ou=people,dc=partner,dc=example
objectClass: inetOrgPerson
uid: fin
cn: Fin Gale
sn: Gale
mail: fin@partner.example

LDIF"""

_CONVERTED = """cat > people.csv <<'CSV'
Obj-Class,Directory Name,Display Name,Alias Name,E-mail address,E-mail Addresses,Obj-Container,Phone number
Mailbox,AnnC,Ann Cole,AnnC,,SMTP:AnnC@lab.example%MS:LAB/HQ/ANNC,Recipients,+49 30 1
Remote,LarsenA,"Larsen, Åse",LarsenA,MS:NORTH/MAIN/LARSEN,SMTP:larsen@north.example,Recipients,
Remote,Nobody,Nobody,Nobody,no address,SMTP:nobody@north.example,Recipients,
CSV"""

#: The parts of the page, by their names, in the order in which they are run.
PARTS = {
    "files-site": Part(
        "files",
        (
            "dxa init site --organization LAB --site HQ",
            _FILES,
            "dxa -C site check",
            'dxa -C site recipients add --name "Faber, Johanna" --field title=Director',
            'dxa -C site recipients add --name "Larsen, Åse" --target MS:NORTH/MAIN/LARSEN',
            "mkdir -p site/exchange/in",
        ),
    ),
    "files-options": Part(
        "files", (_INI, "dxa exchange options export.ini", _WRONG, "!dxa exchange options wrong.ini")
    ),
    "files-export": Part("files", (_EXPORT, "touch site/exchange/in/directory.csv.done", "dxa -C site sync")),
    "files-import": Part(
        "files",
        ("cat site/exchange/out/import.ini", "iconv -f UTF-16 -t UTF-8 site/exchange/out/*.csv"),
    ),
    "files-second": Part(
        "files",
        (
            "rm site/exchange/out/*",
            _EXPORTED,
            "touch site/exchange/in/directory.csv.done",
            _REFUSED,
            "touch site/exchange/in/directory.err.done",
            "dxa -C site sync",
        ),
    ),
    "ldif-site": Part(
        "ldif",
        (
            "dxa init site --organization LAB --site HQ",
            _LDIF,
            "dxa -C site check",
            'dxa -C site recipients add --name "Faber, Johanna"',
            "mkdir -p site/exchange/in",
        ),
    ),
    "ldif-cycle": Part(
        "ldif",
        (
            _LDIF_EXPORT,
            "touch site/exchange/in/monday.ldif.done",
            "dxa -C site sync",
            "dxa -C site recipients list --container Partner",
            "cat site/exchange/out/*.ldf",
        ),
    ),
    "convert": Part(
        "convert",
        (
            _CONVERTED,
            "dxa exchange convert people.csv people.ldif --base /o=Lab/ou=Berlin --code-page utf-8",
            "cat people.ldif",
            "dxa exchange convert people.ldif people.imp --to msmail --address MS",
            "dxa dump people.imp",
        ),
    ),
    "openldap-site": Part(
        "openldap",
        (
            "dxa init site --organization LAB --site HQ",
            _OPENLDAP,
            '(umask 077; printf "correct horse" > site/openldap.password)',
            "dxa -C site check",
            'dxa -C site recipients add --name "Faber, Johanna"',
            'dxa -C site recipients add --name "Larsen, Åse" --target MS:NORTH/MAIN/LARSEN',
        ),
    ),
    "openldap-first": Part(
        "openldap",
        ("dxa -C site plan", "dxa -C site sync", "dxa -C site recipients show 3", _SEARCH),
    ),
    "openldap-changes": Part("openldap", (_MODIFY, "dxa -C site sync", "dxa -C site recipients show 3")),
    "openldap-held": Part("openldap", (_DELETE, "!dxa -C site sync", "dxa -C site reject PLAN")),
    "openldap-wrong": Part(
        "openldap",
        (
            "printf falsch > site/openldap.password",
            "!dxa -C site sync",
            '(umask 077; printf "correct horse" > site/openldap.password)',
            "sed -i 's/ou=people/ou=peeple/' site/dxa.toml",
            "!dxa -C site sync",
        ),
    ),
}
#: The parts that need a server.
LIVE = "openldap-"


def blocks() -> dict[str, Callable[[], str | None]]:
    """The generated parts of the page, by the names that they have there; None for one that cannot be made here."""

    def block(name: str) -> Callable[[], str | None]:
        return lambda: _parts().get(name)

    return {
        "exchange-openldap-server": lambda: fenced(SERVER, "text"),
        "exchange-openldap-account": lambda: fenced(ACCOUNT, "ldif"),
        "exchange-files-columns": lambda: fenced(COLUMNS, "text"),
        **{f"exchange-{name}": block(name) for name in PARTS},
    }


def _parts() -> dict[str, str]:
    return console.parts("docs.generators.exchange", LC_ALL="C.UTF-8")


# -- the process that runs the commands --------------------------------------------------------------------------------


def run_all(base: Path) -> dict[str, str]:
    """Run everything, each part in its folder below `base`; returns the parts."""
    with _server() as uri:
        parts = {}
        for name, (folder, commands) in PARTS.items():
            if uri or not name.startswith(LIVE):
                (base / folder).mkdir(exist_ok=True)
                with chdir(base / folder):
                    parts[name] = fenced("\n".join(_all(commands, uri)), "console")
        return parts


def _all(commands: tuple[str, ...], uri: str) -> Iterator[str]:
    held = ""
    for command in commands:
        typed = prompt.show(command.replace("PLAN", held), lambda line: _run(line, uri))
        found = re.findall(r"^Held: (\w+)", typed, re.MULTILINE)
        held = found[-1] if found else held
        yield typed


@contextmanager
def _server() -> Iterator[str]:
    """The URI of a server with the page's people; empty where none can be started."""
    from dxa_exchange.demo.places import why_no_server
    from dxa_exchange.demo.slapd import Settings, running

    if why_no_server() or not all(map(shutil.which, TOOLS)):
        yield ""
        return
    access, limits = SERVER.splitlines()[:-1], SERVER.splitlines()[-1:]
    settings = Settings(suffix="dc=example,dc=org", access=tuple(access), limits=tuple(limits))
    with running(f"{_TREE}{ACCOUNT}{_PEOPLE}".encode(), settings) as slapd:
        yield slapd.uri


def _run(command: str, uri: str) -> tuple[int, str]:
    """See `prompt.Run`; the server has another URI than the page."""
    if not uri:
        return prompt.run(command)
    status, printed = prompt.run(command.replace(SHOWN_URI, uri))
    return status, printed.replace(uri, SHOWN_URI)


if __name__ == "__main__":
    json.dump(run_all(Path(sys.argv[1])), sys.stdout)
