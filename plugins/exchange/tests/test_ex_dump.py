"""What ``dxa dump`` shows of LDIF and DSML, and that it leaves the files of others alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from dxa.connector import Decoder
from dxa.host import Host
from dxa.testing import DecoderSubject
from dxa.testing.pytest_skin import decoder_suite
from dxa_exchange import decoders, ldif
from dxa_exchange.directory import (
    Add,
    Control,
    Delete,
    Modification,
    Modify,
    Operation,
    Record,
    Rename,
)
from dxa_exchange.dsml import dsml1, dsml2
from dxa_exchange.dsml.dsml2 import Batch, Failure, Request, Result

SECRET = "hunter2"
PERSON = Record(
    "cn=Zoë,o=Lab",
    {
        "cn": ["Zoë"],
        "userPassword": [SECRET, b"\xff" + SECRET.encode()],
        "unicodePwd": [f'"{SECRET}"'.encode("utf-16-le")],
        "sambaNTPassword": [SECRET],
        "pwdLastSet": ["0"],
        "objectGUID": [b"\x01" * 16],
        "jpegPhoto": [b"\xff" * 3000],
    },
)
CHANGES = [
    Add(PERSON),
    Modify(
        "cn=A", (Modification(Operation.REPLACE, "userPassword", [SECRET]), Modification(Operation.DELETE, "sn", []))
    ),
    Delete("cn=B", (Control("1.2.3", True, b"\x01"),)),
    Rename("cn=C", "cn=D", True, "o=X"),
]
SAMPLES = {
    "ldif": [b"".join(ldif.write([PERSON])), b"".join(ldif.write(CHANGES)), b"# a\n\ndn: cn=A\ncn: A\n"],
    "dsml1": [b"".join(dsml1.write([PERSON, PERSON])), b"".join(dsml1.write([PERSON])).decode().encode("utf-16")],
    "dsml2": [
        b"".join(dsml2.write(CHANGES, batch=Batch("7"))),
        b"".join(dsml2.write_responses([Result("addResponse", "1", 68, "", "m", "o=X"), Failure("other", "n")])),
    ],
}
BY_NAME = {decoder.name: decoder for decoder in decoders.decoders()}


def files() -> Iterator[tuple[str, bytes]]:
    """Every sample with the name of its format."""
    yield from ((name, data) for name, samples in SAMPLES.items() for data in samples)


test_ldif = decoder_suite(DecoderSubject(BY_NAME["ldif"], SAMPLES["ldif"]))
test_dsml1 = decoder_suite(DecoderSubject(BY_NAME["dsml1"], SAMPLES["dsml1"]))
test_dsml2 = decoder_suite(DecoderSubject(BY_NAME["dsml2"], SAMPLES["dsml2"]))


@pytest.mark.parametrize(("name", "data"), [*files()])
def test_each_file_is_known_by_its_own_decoder(name: str, data: bytes) -> None:
    """Of all decoders that are installed, the right one claims the file first, and no other one of ours."""
    claimed = [decoder.name for decoder in Host().decoders().values() if decoder.sniff(data)]

    assert name == claimed[0]
    assert [name] == [found for found in claimed if found in BY_NAME]


@pytest.mark.parametrize(
    "data",
    [
        b"dnx: a=b\n",
        b"A Anna Berg\tMS:LAB/PO1/ANNA\r\n",
        b"Name: Doe, Jane\r\nLocn: r\r\n",
        b"Obj-Class,Mode,Directory Name\r\nMailbox,Create,Ann\r\n",
        b"<html><body>dsml</body></html>",
        b"<batchRequest xmlns='urn:google'/>",
        b"<!-- never ends <dsml>",
        b"dn: a recipe\n",
        b"version: 1\n",
        b"VERSION: 1\r\nTO: NET/PO/ANN\r\nFROM: NET/PO/BEN\r\n",
    ],
)
def test_files_of_others_are_left_alone(data: bytes) -> None:
    """What only looks a little like one of these formats is not claimed."""
    assert [] == [decoder.name for decoder in BY_NAME.values() if decoder.sniff(data)]


def test_what_may_do_harm_is_claimed_and_told() -> None:
    """A document with a document type is recognised, so that the reason for its refusal is seen."""
    (row,) = decode("dsml1", b"<!DOCTYPE dsml [<!ENTITY a 'b'>]><dsml>&a;</dsml>")

    assert BY_NAME["dsml1"].sniff(b"<!DOCTYPE dsml SYSTEM 'x'><dsml/>")
    assert ("error", 1, "DOCTYPE") == (row["kind"], row["line"], row["field"])


def decode(name: str, data: bytes) -> list[dict[str, object]]:
    """The rows of a file."""
    decoder: Decoder = BY_NAME[name]
    return list(decoder.decode(data))


def test_rows_of_objects_and_changes() -> None:
    """Objects show their values, changes what they do, and bytes show as Base64 or as their number."""
    (shown,) = decode("ldif", SAMPLES["ldif"][0])
    add, modify, delete, rename = decode("ldif", SAMPLES["ldif"][1])

    assert {
        "kind": "object",
        "line": 3,
        "dn": "cn=Zoë,o=Lab",
        "attributes": {
            "cn": ["Zoë"],
            "userPassword": ["(hidden)", "(hidden)"],
            "unicodePwd": ["(hidden)"],
            "sambaNTPassword": ["(hidden)"],
            "pwdLastSet": ["0"],
            "objectGUID": [{"base64": "AQEBAQEBAQEBAQEBAQEBAQ=="}],
            "jpegPhoto": [{"bytes": 3000}],
        },
    } == shown
    assert ("change", "add", shown["attributes"]) == (add["kind"], add["change"], add["attributes"])
    assert [
        {"operation": "replace", "attribute": "userPassword", "values": ["(hidden)"]},
        {"operation": "delete", "attribute": "sn", "values": []},
    ] == modify["modifications"]
    assert [{"oid": "1.2.3", "critical": True, "value": {"base64": "AQ=="}}] == delete["controls"]
    assert ("cn=D", True, "o=X") == (rename["rdn"], rename["delete_old"], rename["superior"])
    assert [shown["attributes"]] * 2 == [row["attributes"] for row in decode("dsml1", SAMPLES["dsml1"][0])]


def test_rows_of_batches() -> None:
    """A batch shows how it is carried out, its requests their identifiers, and answers what came of them."""
    batch, *changes = decode("dsml2", b"".join(dsml2.write([Request("a", CHANGES[2])], batch=Batch("7", resume=True))))
    result, failure = decode("dsml2", SAMPLES["dsml2"][1])

    assert ("batch", "7", True) == (batch["kind"], batch["request_id"], batch["resume"])
    assert [("change", "a", "delete")] == [(row["kind"], row["request"], row["change"]) for row in changes]
    assert ("result", "addResponse", 68) == (result["kind"], result["response"], result["code"])
    assert ("failure", "other", "n") == (failure["kind"], failure["type"], failure["message"])


BAD_FILES = [
    ("ldif", f"dn: cn=A\nuserPassword {SECRET}\n"),
    ("ldif", f"dn: cn=A\nuserPassword:: {SECRET}!\n"),
    ("ldif", f"dn: cn=A\nuserPassword:\n{SECRET}\n"),
    ("ldif", f"dn: cn=A\nchangetype: modify\nreplace: userPassword\n{SECRET}\n-\n\n"),
    ("ldif", f"dn: cn=A\nuserPass\n word: {SECRET}\nbad\n"),
    (
        "dsml1",
        f'<dsml xmlns="http://www.dsml.org/DSML"><entry dn="cn=A"><attr name="userPassword">'
        f'<value encoding="base64">{SECRET}!</value></attr></entry></dsml>',
    ),
    (
        "dsml2",
        '<batchRequest xmlns="urn:oasis:names:tc:DSML:2:0:core"><addRequest><attr name="userPassword">'
        f"<value>{SECRET}</value></attr></addRequest></batchRequest>",
    ),
]


@pytest.mark.parametrize(("name", "text"), BAD_FILES)
def test_no_row_of_a_bad_record_shows_a_password(name: str, text: str) -> None:
    """What cannot be read may still hold a password, wherever it has slipped to."""
    rows = decode(name, text.encode())

    assert ["reject"] == [row["kind"] for row in rows if row["kind"] in ("reject", "error")]
    assert SECRET not in json.dumps(rows)


@pytest.mark.parametrize(("name", "data"), [*files()])
def test_no_row_shows_a_password(name: str, data: bytes) -> None:
    """Passwords are not shown, in text, as bytes or in Base64."""
    shown = json.dumps(decode(name, data))

    assert [] == [form for form in (SECRET, "aHVudGVyM", "aAB1AG4AdABlAHI") if form in shown]


def test_a_bad_record_shows_where_and_what_it_is() -> None:
    """Line, field, reason and the text of the record are in its row."""
    good, bad = decode("ldif", b"dn: cn=A\ncn: A\n\ndn: cn=B\ncn B\n")

    assert "object" == good["kind"]
    assert {
        "kind": "reject",
        "line": 4,
        "code": 0,
        "field": "",
        "reason": "line 5: expected a line like name: value, got 'cn B'",
        "text": "dn: cn=B\ncn B",
    } == bad
