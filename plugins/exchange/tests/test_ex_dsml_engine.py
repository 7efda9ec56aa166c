"""DSML 2.0 that we write, read and carried out by Apache Directory's API: a program that knows nothing of ours."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest

from dxa_exchange.directory import Add, Delete, Modification, Modify, Operation, Record, Rename
from dxa_exchange.dsml import dsml2
from dxa_exchange.dsml.dsml2 import Batch, Request, Result
from tests.servers.openldap import Tree

PROGRAM = Path(__file__).parent / "java" / "DsmlBatch.java"
JARS = Path("/usr/share/java")
#: What the library needs beside itself; Debian's package forgets antlr and caffeine.
NEEDED = (
    *("apache-directory-api-all", "mina2-core", "dom4j", "slf4j-api", "slf4j-nop", "xpp3", "antlr", "caffeine"),
    *("commons-lang3", "commons-collections4", "commons-codec", "commons-text", "commons-pool2"),
)
PACKAGES = "default-jdk-headless libapache-directory-api-java libantlr-java libcaffeine-java"
#: Values that XML, or what is between two programs, would like to change.
VALUES = [" leading", "trailing ", "a\r\nb", "two\nlines", "é&<>\"'", "]]>", "\ttab", "ﬁ 漢字 🦊", "\x01"]


def _why_not() -> str:
    if shutil.which("java") is None or shutil.which("javac") is None:
        return f"there is no Java compiler (Debian: apt-get install {PACKAGES})"
    missing = [name for name in NEEDED if not (JARS / f"{name}.jar").exists()]
    return f"{', '.join(missing)}.jar is not in {JARS} (Debian: apt-get install {PACKAGES})" if missing else ""


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs our small program over the library; compiled once."""
    if why := _why_not():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("java")
    path = ":".join(str(JARS / f"{name}.jar") for name in NEEDED)
    done = subprocess.run(["javac", "-d", folder, "-cp", path, PROGRAM], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return ["java", "-Xshare:auto", "-cp", f"{folder}:{path}", "DsmlBatch"]


def _run(command: list[str]) -> bytes:
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr.decode("utf-8", "replace")
    return done.stdout


def test_its_parser_reads_what_we_write(program: list[str], tmp_path: Path) -> None:
    """Every request is understood, and the name and each value of an added object are the same bytes."""
    dn = 'cn=Berg\\, \\"A\\+B\\" #1,o=Läb'
    record = Record(dn, {"objectClass": ["top", "person"], "description": list(VALUES), "jpegPhoto": [b"\xff\xd8\0"]})
    modification = Modification(Operation.REPLACE, "description", ["a", b"\xff"])
    changes = [Add(record), Modify("cn=a", (modification,)), Delete("cn=b"), Rename("cn=c", "cn=d", True, "o=e")]
    file = tmp_path / "batch.xml"
    file.write_bytes(b"".join(dsml2.write([Request(str(n), change) for n, change in enumerate(changes, 1)])))

    lines = _run([*program, str(file)]).decode().splitlines()

    found = [line.partition("=")[::2] for line in lines if "=" in line]
    expected = [
        (name, (value if isinstance(value, bytes) else value.encode()).hex())
        for name, values in record.attributes.items()
        for value in values
    ]
    kinds = ["ADD_REQUEST", "MODIFY_REQUEST", "DEL_REQUEST", "MODIFYDN_REQUEST"]
    assert kinds == [line for line in lines if "=" not in line]
    assert sorted([("dn", dn.encode().hex()), *expected]) == sorted(found)


def test_its_engine_carries_out_what_we_write(program: list[str], tmp_path: Path, tree: Tree) -> None:
    """A batch changes a server as it says; each request has its result, and we read the response."""
    names = [f"cn={name},{tree.base}" for name in ("Anna \\+ Co\\, Ltd", "Gone", "Old", "New")]
    people = [
        Record(
            dn, {"objectClass": ["inetOrgPerson"], "cn": [cn], "sn": ["Müller & Söhne"], "description": list(VALUES)}
        )
        for dn, cn in zip(names, ("Anna + Co, Ltd", "Gone", "Old"), strict=False)
    ]
    changes = [
        *map(Add, people),
        Add(people[0]),
        Delete(names[1]),
        Modify(
            names[0], (Modification(Operation.REPLACE, "sn", ["Berg"]), Modification(Operation.ADD, "title", ["Dr."]))
        ),
        Rename(names[2], "cn=New", True),
        Delete(f"cn=Nobody,{tree.base}"),
    ]
    file = tmp_path / "batch.xml"
    asked = [Request(str(n), change) for n, change in enumerate(changes, 1)]
    file.write_bytes(b"".join(dsml2.write(asked, batch=Batch("77", resume=True))))
    settings = tree.slapd.settings

    response = _run([*program, str(file), str(tree.slapd.port), settings.root, settings.password])

    # It numbers the requests anew, so their order tells which is which.
    results = [item for item in dsml2.responses(BytesIO(response)) if isinstance(item, Result)]
    expected = [("addResponse", code) for code in (0, 0, 0, 68)]
    expected += [("delResponse", 0), ("modifyResponse", 0), ("modDNResponse", 0), ("delResponse", 32)]
    assert expected == [(result.kind, result.code) for result in results]
    assert tree.base == results[-1].matched_dn
    found = {record.text("cn"): record for record in tree.search("(objectClass=inetOrgPerson)")}
    assert {"Anna + Co, Ltd", "New"} == set(found)
    assert ["Berg"] == found["Anna + Co, Ltd"].values("sn")
    assert sorted(VALUES) == sorted(found["New"].texts("description"))
