"""Our LDIF in the hands of OpenLDAP's programs and of python-ldap, and theirs in ours."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from io import BytesIO

import pytest

from dxa_exchange import ldif
from dxa_exchange.demo.slapd import PROGRAM_PATH, Slapd
from dxa_exchange.directory import (
    Add,
    Bad,
    Change,
    Control,
    Delete,
    Modification,
    Modify,
    Operation,
    Record,
    Rename,
)
from tests.servers.openldap import SUFFIX, Tree

#: Values that a careless reader or writer would change.
VALUES = [
    " leading",
    "trailing ",
    ":colon",
    "<less",
    "a\r\nb",
    "x" * 200,
    "Zoë",
    "日本 🦊",
    "# no comment",
    "-",
    "\x01",
]
NAMES = ("Berg\\, Anna", "A \\+ B", "\\#1", "\\ lead", "Zoë Müller", 'the \\"best\\"', "Per\\0ADEL:0b3f", "x" * 100)


def program(name: str) -> str:
    """The path of a program; without it the test is skipped."""
    found = shutil.which(name) or shutil.which(name, path=PROGRAM_PATH)
    if found is None:
        package = "slapd" if name.startswith("slap") else "ldap-utils"
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def people(base: str) -> list[Record]:
    """Objects whose names and values are hard to carry."""
    shown = [name.replace("\\0A", "\n").replace("\\", "") for name in NAMES]
    return [
        Record(
            f"cn={name},{base}",
            {
                "objectClass": ["inetOrgPerson"],
                "cn": [cn],
                "sn": ["Berg"],
                "description": [*VALUES],
                "jpegPhoto": [b"\xff\xd8\xff"],
            },
        )
        for name, cn in zip(NAMES, shown, strict=True)
    ]


def changes(base: str) -> list[Change]:
    """A change of each kind."""
    first, second, third, *_ = people(base)
    modifications = (
        Modification(Operation.REPLACE, "sn", ["Müller", " x"]),
        Modification(Operation.ADD, "title", ["Dr."]),
        Modification(Operation.DELETE, "jpegPhoto", []),
    )
    manage = Control("2.16.840.1.113730.3.4.2", True)
    return [
        *map(Add, (first, second, third)),
        Modify(first.dn, modifications, (manage,)),
        Rename(second.dn, "cn=Renamed", True),
        Delete(third.dn, (manage,)),
    ]


def test_slapadd_takes_our_objects(slapd: Slapd) -> None:
    """``slapadd -u``, which knows no version line, parses our objects and checks them against its schema."""
    root = Record(SUFFIX, {"objectClass": ["dcObject", "organization"], "dc": ["example"], "o": ["Example"]})
    data = b"".join(ldif.write([root, *people(SUFFIX)], version=False))

    command = [program("slapadd"), "-u", "-f", str(slapd.folder / "slapd.conf")]
    done = subprocess.run(command, input=data, capture_output=True, check=False)

    assert 0 == done.returncode, done.stderr.decode()


def test_ldapmodify_takes_our_changes(slapd: Slapd) -> None:
    """``ldapmodify -n`` understands each of our changes, and shows what it would do."""
    done = subprocess.run(
        [program("ldapmodify"), "-n", "-v", "-x", "-H", slapd.uri],
        input=b"".join(ldif.write(changes(SUFFIX))),
        capture_output=True,
        check=False,
    )

    assert (0, b"") == (done.returncode, done.stderr.replace(f"ldap_initialize( {slapd.uri}/??base )\n".encode(), b""))
    said = done.stdout.decode()
    assert (3, 1, 1, 1) == tuple(
        said.count(word) for word in ("!adding new", "!modifying entry", "!modifying rdn", "!deleting")
    )


def test_ldapmodify_does_what_our_changes_say(tree: Tree) -> None:
    """After ldapmodify has run them, the server has what they tell, to the byte."""
    settings = tree.slapd.settings
    command = [program("ldapmodify"), "-x", "-H", tree.slapd.uri, "-D", settings.root, "-w", settings.password]

    done = subprocess.run(command, input=b"".join(ldif.write(changes(tree.base))), capture_output=True, check=False)

    assert 0 == done.returncode, done.stderr
    found = {record.text("cn"): record for record in tree.search("(objectClass=inetOrgPerson)")}
    assert {"Berg, Anna", "Renamed"} == set(found)
    assert ({"Müller", " x"}, []) == (set(found["Berg, Anna"].values("sn")), found["Berg, Anna"].values("jpegPhoto"))
    assert set(VALUES) == set(found["Renamed"].values("description"))


def test_we_read_what_the_programs_write(tree: Tree) -> None:
    """What ldapsearch and slapcat write of a server is what was put there."""
    wanted = people(tree.base)
    for record in wanted:
        tree.client.add(record.dn, record.attributes)
    where = ["-x", "-H", tree.slapd.uri, "-b", tree.base, "-D", tree.slapd.settings.root, "-w", "secret"]
    filter_ = "(objectClass=inetOrgPerson)"
    outputs = [
        subprocess.run([program("ldapsearch"), *options, *where, filter_], capture_output=True, check=True).stdout
        for options in ([], ["-L"], ["-LLL"], ["-LLL", "-o", "ldif-wrap=no"])
    ]
    outputs.append(tree.slapd.dump())

    # In the comments that it writes without -LLL, ldapsearch does not escape the line feed of such a name.
    outputs[:2] = [output.replace(b"# Per\nDEL", b"# Per DEL") for output in outputs[:2]]
    for output in outputs:
        items = list(ldif.read(BytesIO(output)))

        assert [] == [item for item in items if isinstance(item, Bad)]
        found = {
            tuple(sorted(record.texts("cn"))): set(record.values("description"))
            for record in items
            if isinstance(record, Record) and "inetOrgPerson" in record.values("objectClass")
            if record.dn.endswith(tree.base)
        }
        assert {tuple(record.texts("cn")): set(VALUES) for record in wanted} == found


def test_python_ldap_reads_the_same_objects() -> None:
    """Its reader finds the names and values that we wrote."""
    if importlib.util.find_spec("ldif") is None:
        pytest.skip("python-ldap is not installed (extra `ldap` of dxa-exchange)")
    import ldif as theirs

    wanted = people("o=Läb")
    reader = theirs.LDIFRecordList(BytesIO(b"".join(ldif.write(wanted))))
    reader.parse()

    found = [(dn, dict(attributes)) for dn, attributes in reader.all_records]
    assert [
        (dn, {n: [v if isinstance(v, bytes) else v.encode() for v in values] for n, values in attributes.items()})
        for dn, attributes in wanted
    ] == found
