"""Reading LDIF: what RFC 2849 allows, what programs write, and what is wrong, record by record."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest

from dxa_exchange import ldif
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

ANN = Record("cn=Ann,o=Lab", {"cn": ["Ann"], "sn": ["Berg"]})
PLAIN = b"dn: cn=Ann,o=Lab\ncn: Ann\nsn: Berg\n"


def read(data: bytes, fetch: ldif.Fetch | None = None) -> list[Record | Change | Bad]:
    """What is read, the same from a stream, from lines, and from single bytes."""
    items = list(ldif.read(BytesIO(data), fetch=fetch))
    assert items == list(ldif.read(data.splitlines(keepends=True), fetch=fetch))
    assert items == list(ldif.read([data[at : at + 1] for at in range(len(data))], fetch=fetch))
    return items


def one_bad(data: bytes) -> Bad:
    """The only thing that is read, which is bad."""
    (bad,) = read(data)
    assert isinstance(bad, Bad)
    return bad


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        b"version: 1\n\n" + PLAIN,
        b"version: 1\n" + PLAIN,
        b"\n\n\n" + PLAIN + b"\n\n\n",
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\n", b"\r\r\n"),
        PLAIN.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + PLAIN,
        b"\xff\xfe" + PLAIN.decode().encode("utf-16-le"),
        b"\xfe\xff" + PLAIN.decode().encode("utf-16-be"),
        PLAIN.decode().encode("utf-16-le"),
        PLAIN.decode().encode("utf-16-be"),
        b"# a comment\n#  folded\n and its end: x\n" + PLAIN,
        PLAIN.replace(b"cn: Ann", b"# between\ncn: Ann"),
        PLAIN.replace(b"Berg", b"B\n er\n g"),
        PLAIN.replace(b"cn=Ann", b"cn\n =An\n n"),
        PLAIN.replace(b"sn: Berg", b"sn:Berg"),
        PLAIN.replace(b"sn: Berg", b"sn:    Berg"),
        PLAIN.replace(b"sn: Berg", b"sn:: QmVyZw=="),
        PLAIN.replace(b"sn: Berg", b"sn:: QmVy\n Zw=="),
        PLAIN.replace(b"sn: Berg", b"sn::QmVyZw=="),
        PLAIN.replace(b"dn: cn=Ann,o=Lab", b"dn:: Y249QW5uLG89TGFi"),
        PLAIN.replace(b"dn:", b"DN:"),
        PLAIN + b"\nsearch: 2\nresult: 0 Success\n",
        PLAIN + b"\n# numEntries: 1\n",
    ],
)
def test_one_object_in_every_dress(data: bytes) -> None:
    """Encodings, line ends, folding, comments and Base64 change nothing of what is said."""
    assert [ANN] == read(data)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"description:", "description", ""),
        (b"description::", "description", ""),
        (b"description: ", "description", ""),
        ("description: Zoë".encode(), "description", "Zoë"),
        (b"description:: Wm/Dqw==", "description", "Zoë"),
        (b"description:: Wm/r", "description", b"Zo\xeb"),
        (b"description:: YQBi", "description", b"a\0b"),
        (b"description:: YQ0KYg==", "description", "a\r\nb"),
        (b"description: a:b", "description", "a:b"),
        (b"description: trailing ", "description", "trailing "),
        (b"cn;lang-de: Anna", "cn;lang-de", "Anna"),
        (b"userCertificate;binary:: YWJj", "userCertificate;binary", b"abc"),
        (b"jpegPhoto:: YWJj", "jpegPhoto", b"abc"),
        (b"objectGUID: abc", "objectGUID", b"abc"),
        (b"2.5.4.3: abc", "2.5.4.3", "abc"),
        (b"member;range=0-1499: cn=A", "member;range=0-1499", "cn=A"),
        (b"Extension-Attribute-1: x", "Extension-Attribute-1", "x"),
    ],
)
def test_values_are_text_or_bytes(line: bytes, name: str, value: str | bytes) -> None:
    """A value is text if it is UTF-8 without NUL and its attribute is not binary; options belong to the name."""
    assert [Record("cn=Ann", {name: [value]})] == read(b"dn: cn=Ann\n" + line + b"\n")


def test_values_keep_their_order_and_names_their_first_spelling() -> None:
    """Values of one attribute stay in order, however each is written; names that differ in case are one."""
    data = b"dn: cn=A\nmail: a\nMAIL:: Yg==\nsn: x\nmail: c\n"

    assert [Record("cn=A", {"mail": ["a", "b", "c"], "sn": ["x"]})] == read(data)


def test_an_object_may_be_nameless_and_bare() -> None:
    """The server's own entry has an empty name, and a search for no attributes gives names alone."""
    assert [Record("", {"vendorName": ["x"]}), Record("cn=A", {})] == read(b"dn:\nvendorName: x\n\ndn: cn=A\n")


def test_a_line_may_be_longer_than_any_piece() -> None:
    """A value of megabytes, folded or not, is one value."""
    text = "x" * 3_000_000
    folded = "\n ".join(text[at : at + 70] for at in range(0, len(text), 70))

    assert [Record("cn=A", {"info": [text]})] == list(ldif.read(BytesIO(f"dn: cn=A\ninfo: {text}\n".encode())))
    assert [Record("cn=A", {"info": [text]})] == list(ldif.read(BytesIO(f"dn: cn=A\ninfo: {folded}\n".encode())))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"changetype: add\ncn: Ann\n", Add(Record("cn=A", {"cn": ["Ann"]}))),
        (b"changetype: delete\n", Delete("cn=A")),
        (b"changetype: DELETE\n", Delete("cn=A")),
        (b"changetype: modrdn\nnewrdn: cn=B\ndeleteoldrdn: 1\n", Rename("cn=A", "cn=B", True)),
        (
            b"changetype: moddn\nnewrdn: cn=B\ndeleteoldrdn: 0\nnewsuperior: o=X\n",
            Rename("cn=A", "cn=B", False, "o=X"),
        ),
        (
            b"changetype: modify\nadd: mail\nmail: a\nmail:: Yg==\n-\ndelete: sn\n-\nreplace: title\n-\n"
            b"increment: uidNumber\nuidNumber: 5\n-\n",
            Modify(
                "cn=A",
                (
                    Modification(Operation.ADD, "mail", ["a", "b"]),
                    Modification(Operation.DELETE, "sn", []),
                    Modification(Operation.REPLACE, "title", []),
                    Modification(Operation.INCREMENT, "uidNumber", ["5"]),
                ),
            ),
        ),
        (
            b"changetype: modify\nreplace: Mail\nmail: a\n-\n",
            Modify("cn=A", (Modification(Operation.REPLACE, "Mail", ["a"]),)),
        ),
        (b"changetype: modify\ndelete: sn\n\n", Modify("cn=A", (Modification(Operation.DELETE, "sn", []),))),
        (b"changetype: modify\n\n", Modify("cn=A", ())),
        (
            b"control: 1.2.840.1.4.805 true\ncontrol: 1.2.3: x\ncontrol: 1.2.4 false:: AAE=\nchangetype: delete\n",
            Delete(
                "cn=A",
                (
                    Control("1.2.840.1.4.805", True),
                    Control("1.2.3", False, b"x"),
                    Control("1.2.4", False, b"\0\1"),
                ),
            ),
        ),
    ],
)
def test_every_kind_of_change(body: bytes, expected: Change) -> None:
    """Adds, deletes, renames and modifications are told with their controls; the last ``-`` may be left out."""
    assert [expected] == read(b"version: 1\n\ndn: cn=A\n" + body)


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"no colon here\n", "", "line 2: expected a line like name: value, got 'no colon here'"),
        (b"cn: a\ncn\n", "", "line 3: expected a line like name: value, got 'cn'"),
        (b"c n: a\n", "", "expected a line like name: value"),
        (b"sn:: QmVy!\n", "sn", "expected Base64, got 'QmVy!'"),
        (b"sn:: QmVyZw=\n", "sn", "expected Base64"),
        (b"jpegPhoto:< file:///etc/passwd\n", "jpegPhoto", "got the URL 'file:///etc/passwd', which is not opened"),
        (b"cn: A\ndn: cn=B\n", "dn", "is the blank line before it missing?"),
        (b"sn: M\xfcller\n", "sn", "line 2: expected text in UTF-8"),
        (b"sn: a\0b\n", "", "NUL"),
        (b"changetype: ntdsSchemaAdd\ncn: x\n", "changetype", "got 'ntdsschemaadd' (a change of a schema, by LDIFDE"),
        (b"changetype: rename\n", "changetype", "expected add, delete, modify, modrdn or moddn, got 'rename'"),
        (b"changetype: add\n", "objectClass", "got the record's end"),
        (b"changetype: delete\ncn: A\n", "cn", "expected the end of a record with changetype delete"),
        (b"changetype: modrdn\ndeleteoldrdn: 1\n", "newrdn", "expected newrdn: a relative distinguished name, got"),
        (b"changetype: modrdn\nnewrdn: B\ndeleteoldrdn: 1\n", "newrdn", "such as cn=Ann, got 'B'"),
        (
            b"changetype: modrdn\nnewrdn: cn=B\ndeleteoldrdn: yes\n",
            "deleteoldrdn",
            "line 4: expected 0 or 1, got 'yes'",
        ),
        (b"changetype: modrdn\nnewrdn: cn=B\n", "deleteoldrdn", "got the record's end; is it cut off?"),
        (b"changetype: modify\nput: sn\n-\n", "add, delete, replace or increment", "got 'put: sn'"),
        (
            b"changetype: modify\nadd: sn\nmail: x\n-\n",
            "sn",
            "line 4: expected sn: and a value of it, or a line -, got 'mail: x'",
        ),
        (b"changetype: modify\nadd: sn\n-\n", "sn", "expected a value for add, got 0"),
        (b"changetype: modify\nincrement: n\nn: 1\nn: 2\n-\n", "n", "expected one value for increment, got 2"),
        (b"changetype: modify\nadd: s n\n-\n", "add", "expected the name of an attribute"),
        (b"changetype: modify\nreplace: sn\nsn:< file:///x\n-\n", "sn", "which is not opened"),
        (b"control: manageDsaIT true\nchangetype: delete\n", "control", "expected an object identifier"),
        (b"control: 1.2.3 maybe\nchangetype: delete\n", "control", "expected an object identifier"),
        (b"control: 1.2.3\nsn: x\n", "changetype", "expected changetype"),
    ],
)
def test_a_bad_record_says_what_is_wrong_and_the_rest_goes_on(body: bytes, field: str, said: str) -> None:
    """Line, field, expected and got are said, the record is kept as it stands, and the next one is read."""
    raw = b"dn: cn=A\n" + body
    next_one = b"\ndn: cn=Z\n" + (b"changetype: delete\n" if b"changetype" in body else b"cn: Z\n")

    bad, good = read(raw + next_one)

    assert isinstance(bad, Bad)
    assert (1, field) == (bad.line, bad.field)
    assert said in bad.reason
    assert raw.rstrip(b"\n").decode("utf-8", "backslashreplace") == bad.raw
    assert "cn=Z" == (good.dn if isinstance(good, (Record, Delete)) else "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"cn: A\nsn: B\n", "expected dn: a distinguished name, got 'cn: A'"),
        (b" dn: cn=A\ncn: A\n", "expected dn: a distinguished name"),
        (b"dn: nonsense\ncn: A\n", "such as cn=Ann,o=Lab, got 'nonsense'"),
        (b"dn:: /w==\ncn: A\n", "got bytes that are not UTF-8"),
        (b"version: 2\n", "expected version 1, got '2'"),
        (
            b"search: 2\nresult: 4 Size limit exceeded\n",
            "got '4 Size limit exceeded': the search has not given everything",
        ),
    ],
)
def test_what_does_not_begin_as_a_record(data: bytes, said: str) -> None:
    """A record begins with a usable name; another version, and a search that was cut short, are told."""
    assert said in one_bad(data).reason


@pytest.mark.parametrize("end", range(1, len(PLAIN)))
def test_a_file_cut_off_anywhere_is_noticed_unless_between_lines(end: int) -> None:
    """A last line without its end makes the last record bad: nobody knows how much of it is missing."""
    data = b"version: 1\n\ndn: cn=First\ncn: First\n\n" + PLAIN[:end]

    first, *last = read(data)

    assert Record("cn=First", {"cn": ["First"]}) == first
    assert isinstance(last[0], Record if PLAIN[:end].endswith(b"\n") else Bad)


def test_a_last_modification_without_its_end_is_noticed() -> None:
    """At the end of a file nobody knows whether a modification without ``-`` is whole."""
    assert "is it cut off?" in one_bad(b"dn: cn=A\nchangetype: modify\nreplace: sn\nsn: x\n").reason


def test_half_a_character_of_utf16_at_the_end_is_noticed() -> None:
    """A file in UTF-16 with an odd number of bytes has been cut off."""
    items = read(b"\xff\xfe" + (PLAIN.decode() + "\n").encode("utf-16-le") + b"d")

    assert ANN == items[0]
    assert isinstance(items[1], Bad)


def test_objects_and_changes_are_not_mixed() -> None:
    """Whether an object among changes is to be added, nobody knows; the first record decides what the file is."""
    change = b"dn: cn=B\nchangetype: delete\n"

    objects, changes = read(PLAIN + b"\n" + change), read(change + b"\n" + PLAIN)

    assert [ANN, Delete("cn=B")] == [objects[0], changes[0]]
    assert "the records before are objects" in (objects[1].reason if isinstance(objects[1], Bad) else "")
    assert "the records before are changes" in (changes[1].reason if isinstance(changes[1], Bad) else "")


def test_lines_are_counted_as_they_stand() -> None:
    """Comments, folded lines and blank lines count; a record is found at its first line, an error at its own."""
    data = b"# head\n\n\n" + PLAIN + b"\n\n# about B\ndn: cn=B\ncn: B\n folded\n# between\nbroken\n\n" + PLAIN

    found = list(ldif.located(BytesIO(data)))

    assert [4, 9, 16] == [line for line, _ in found]
    bad = found[1][1]
    assert isinstance(bad, Bad)
    assert bad.reason.startswith("line 14: ")


def _refuse(url: str) -> bytes:
    raise OSError(f"no such file: {url}")


@pytest.mark.parametrize(
    ("fetch", "expected"),
    [(lambda url: url.upper().encode(), "HTTP://X/P"), (lambda _: b"\xff", b"\xff"), (_refuse, None)],
)
def test_urls_are_opened_by_the_caller_alone(fetch: Callable[[str], bytes], expected: str | bytes | None) -> None:
    """With a callback a URL's content is the value; if it fails, the record is bad."""
    (item,) = read(b"dn: cn=A\ndescription:< http://x/p\n", fetch)

    if expected is None:
        assert isinstance(item, Bad)
        assert "cannot be read: no such file: http://x/p" in item.reason
    else:
        assert Record("cn=A", {"description": [expected]}) == item


def test_the_value_of_a_password_is_in_no_reason() -> None:
    """What is said of a bad line that holds a password does not quote it."""
    bodies = (b"userPassword:: hunter2!\n", b"userPassword hunter2\n", b"changetype: add\nuserPassword=hunter2\n")

    reasons = [one_bad(b"dn: cn=A\n" + body).reason for body in bodies]

    assert [] == [reason for reason in reasons if "hunter2" in reason]
