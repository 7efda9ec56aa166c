import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa_msmail.dump import insisted, kind, rows, sniff
from dxa_msmail.ffapi import Attachment, MailMessage, write

BODY = (
    b"[dirsync]\r\ntask=export\r\nreqname=PCM:net/po\r\npassword=geheim\r\n\r\n"
    b"[dirsync-transactions]\r\n1200 A Martin, Robert PCM:net/po/rmartin\r\n- Phone:/1\r\n1201 A x NOTES:y\r\n"
)
ATTACHMENT = (
    b"[DIRSYNC-TRANSACTIONS]\r\n1 R PROFS:A/B\r\n2 T PCM:N/P\r\n Phone:~1~2~A~~\r\n"
    b"3 M Ann\tPCM:N/P/ANN\r\n  Anna\tPCM:N/P/ANN\r\n4 D Bo\tPCM:N/P/BO\r\n"
)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (write(MailMessage(to=("a",), sender="b")), "message"),
        (BODY, "profile"),
        (ATTACHMENT, "transactions"),
        (b"# made by hand\r\nA Ann\tPCM:N/P/ANN\r\n", "import"),
        (b"0000000001 R PCM:N/P\r\n", "import"),
        (b"T PROFS:A/B\r\n", "import"),
        (b"A letter to you\r\n", ""),
        (b"\x00\x01\x02", ""),
        (b"", ""),
    ],
)
def test_what_the_bytes_are(data: bytes, found: str) -> None:
    """Each format is told by its beginning."""
    assert (found, bool(found)) == (kind(data), sniff(data))


def test_a_body() -> None:
    """The profile without its password, then the records with their lines in the body, the bad one with its number."""
    profile, add, reject = rows(BODY)

    assert ("profile", "EXPORT", True) == (profile["kind"], profile["task"], profile["password"])
    assert {
        "kind": "transaction",
        "line": 7,
        "number": 1200,
        "verb": "add",
        "name": "Martin, Robert",
        "address": "MS:net/po/rmartin",
        "fields": {"Phone:": "1"},
    } == add
    assert ("reject", 9, 1201, 16) == tuple(reject[key] for key in ("kind", "line", "number", "code"))


@pytest.mark.parametrize(
    "lines",
    [
        "PASSWORD=geheim",
        " password = geheim",
        "PASSWORD geheim",
        "Password: geheim",
        "PASSWD=geheim",
        "PASSWORD geheim=sesam",
        "PASSWORD=geheim\r\nPASSWORD=sesam",
        "PASSWORD=sesam\r\nPASSWORD=geheim",
        "PASSWORD=\x00geheim",
        "\x00PASSWORD=geheim",
    ],
)
def test_a_password_is_never_shown(lines: str) -> None:
    """However it is written, and whether the body can be read or not; in the mail around it, too."""
    body = f"[DIRSYNC]\r\nTASK=EXPORT\r\nREQNAME=PCM:N/P\r\n{lines}\r\nREMARK=hello\r\n".encode()
    found = [*rows(body), *rows(write(MailMessage(to=("a",), sender="b", body=body)))]

    assert {"profile", "error"} & {row["kind"] for row in found}
    assert "geheim" not in str(found)
    assert "sesam" not in str(found)


def test_an_attachment() -> None:
    """Replace, template, modify with its old line, delete: in the order of the file."""
    replace, template, modify, delete = rows(ATTACHMENT)

    assert ("replace", "PROFS", "A/B") == (replace["verb"], replace["type"], replace["list"])
    assert ("template", ["Phone:~1~2~A~~"]) == (template["kind"], template["fields"])
    assert ("Anna", {"name": "Ann", "address": "MS:N/P/ANN", "fields": {}}) == (modify["name"], modify["old"])
    assert ("delete", "Bo", 7) == (delete["verb"], delete["name"], delete["line"])


def test_a_message_and_all_inside_it() -> None:
    """The mail, its body, each attachment and what is in it."""
    attachments = (Attachment("TMPTRANS.GLB", ATTACHMENT), Attachment("DSSERVER.LOG", b"?"))
    message = MailMessage(to=("CSI:n/p/$system",), sender="x", body=BODY, attachments=attachments)
    kinds = [row["kind"] for row in rows(write(message))]

    assert ["message", "profile", "transaction", "reject", "attachment", *["transaction"]] == kinds[:6]
    assert ["template", "transaction", "transaction", "attachment"] == kinds[6:]


def test_what_cannot_be_read_is_a_row() -> None:
    """An error of the whole is shown with line and number, and ends only its part."""
    message = MailMessage(
        to=("a",), sender="b", body=b"[DIRSYNC]\r\nTASK=DANCE\r\n", attachments=(Attachment("A", BODY),)
    )
    found = list(rows(write(message)))

    assert ("error", 2, 155) == tuple(found[1][key] for key in ("kind", "line", "code"))
    assert "profile" == found[3]["kind"]


@given(st.sampled_from([BODY, ATTACHMENT, b"A Ann\tPCM:N/P/A\n", b"TO:a\nFROM:b\nTEXT:3\n"]), st.binary(max_size=60))
def test_rows_are_plain(head: bytes, rest: bytes) -> None:
    """Every row can be written as JSON in UTF-8, whatever the bytes."""
    for row in rows(head + rest):
        json.dumps(row, ensure_ascii=False).encode()


@pytest.mark.parametrize("data", [b"Ann PCM:N/P/ANN\r\n", b"\x00\x01\xff", b""])
def test_what_is_nothing_is_read_as_import_text_if_somebody_insists(data: bytes) -> None:
    """A list whose first line is broken is not recognised; who insists sees what is wrong with each line."""
    assert [("reject", 1)] * bool(data) == [(row["kind"], row["line"]) for row in insisted(data)]
