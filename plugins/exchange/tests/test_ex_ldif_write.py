"""Writing LDIF, and reading back what was written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxa.errors import FormatError
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
    Value,
)
from dxa_exchange.values import is_binary, typed

NAMES = (
    "cn",
    "sn",
    "description",
    "proxyAddresses",
    "member",
    "cn;lang-de",
    "jpegPhoto",
    "userCertificate;binary",
    "2.5.4.13",
)
DNS = (
    *("", "cn=Berg\\, Anna,o=Lab", 'cn="Berg, Anna",o=Lab', "cn=A\\+B+sn=C,o=Lab", "cn=\\#1,o=Lab", "cn=\\ lead,o=Lab"),
    *(
        " cn=blank",
        "cn=Zoë Müller,o=日本",
        "CN=Per Holm\\0ADEL:0b3f,CN=Deleted Objects,DC=x",
        "cn=a\\3Db",
        "<GUID=0b3f>",
    ),
    *("cn=" + "x" * 200, ":cn=a", "cn=trailing ", "cn=🦊"),
)


def _text(value: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in value)


def values(name: str) -> st.SearchStrategy[Value]:
    """Values as reading gives them: those of a binary attribute are bytes, text is text."""
    data = st.binary(max_size=90).map(lambda found: typed(name, found))
    return data if is_binary(name) else st.text(max_size=90).filter(lambda v: _text(v) and "\0" not in v) | data


DN = st.sampled_from(DNS) | st.text(max_size=40).filter(lambda v: _text(v) and "\0" not in v).map("cn={}".format)
FILLED = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(values(name), min_size=1, max_size=3))
)
RECORDS = st.builds(
    lambda dn, pairs: Record(dn, dict(pairs)), DN, st.lists(FILLED, max_size=4, unique_by=lambda p: p[0])
)
CONTROLS = st.lists(
    st.builds(Control, st.sampled_from(("1.2.3", "2.16.840.1.1")), st.booleans(), st.none() | st.binary(max_size=8)),
    max_size=2,
).map(tuple)
MODIFICATIONS = st.one_of(
    FILLED.flatmap(lambda p: st.builds(Modification, st.sampled_from([*Operation][:3]), st.just(p[0]), st.just(p[1]))),
    st.builds(
        Modification, st.sampled_from((Operation.DELETE, Operation.REPLACE)), st.sampled_from(NAMES), st.just([])
    ),
    st.builds(Modification, st.just(Operation.INCREMENT), st.just("uidNumber"), st.just(["1"])),
)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(Add, RECORDS.filter(lambda record: record.attributes), CONTROLS),
    st.builds(Delete, DN, CONTROLS),
    st.builds(Rename, DN, DN.filter(bool), st.booleans(), st.none() | DN, CONTROLS),
    st.builds(Modify, DN, st.lists(MODIFICATIONS, max_size=3).map(tuple), CONTROLS),
)
LAYOUTS = {"plain": {}, "unicode": {"unicode": True}, "crlf": {"newline": "\r\n"}, "bare": {"version": False}}


@pytest.mark.parametrize("layout", LAYOUTS)
@given(st.lists(RECORDS, max_size=4))
@example([Record(dn, {"member": [*DNS]}) for dn in DNS])
@example(
    [
        Record(
            "cn=a",
            {
                "cn": [
                    "",
                    " ",
                    "  a",
                    "a ",
                    ":a",
                    "<a",
                    "a\nb",
                    "a\r",
                    "\x1a",
                    "\x7f",
                    "x" * 77,
                    "ﬁ",
                    "\u2028",
                    "\ufeff",
                ]
            },
        )
    ]
)
def test_objects_come_back_as_they_were(layout: str, records: list[Record]) -> None:
    """Writing and reading again is the identity, in every layout."""
    assert records == list(ldif.read(ldif.write(records, **LAYOUTS[layout])))


@given(st.lists(CHANGES, max_size=4))
def test_changes_come_back_as_they_were(changes: list[Change]) -> None:
    """So it is for changes of every kind, with their controls."""
    assert changes == list(ldif.read(ldif.write(changes)))


@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_what_is_written_is_plain_ascii_in_short_lines(records: list[Record]) -> None:
    """Any transport keeps it: no line is longer than 76 columns, and nothing but printing ASCII is in it."""
    lines = b"".join(ldif.write(records)).decode("ascii").split("\n")

    assert [] == [line for line in lines if len(line) > 76 or not (line.isprintable())]


def test_the_file_as_it_looks() -> None:
    """The version comes first, what is no safe text is Base64, long lines are folded, each modification is ended."""
    records = [Record("cn=Zoë,o=Lab", {"cn": ["Zoë"], "sn": ["Berg"], "info": ["", "x" * 100], "jpegPhoto": [b"\xff"]})]
    changes = [
        Modify("cn=A", (Modification(Operation.REPLACE, "sn", ["B"]),), (Control("1.2.3", True, b"\0"),)),
        Rename("cn=A", "cn=B", False, "o=X"),
    ]

    assert (
        "version: 1\n\ndn:: Y249Wm/DqyxvPUxhYg==\ncn:: Wm/Dqw==\nsn: Berg\ninfo:\n"
        f"info: {'x' * 70}\n {'x' * 30}\njpegPhoto:: /w==\n\n"
    ) == b"".join(ldif.write(records)).decode()
    assert "dn: cn=Zoë,o=Lab\ncn: Zoë\n" in b"".join(ldif.write(records, unicode=True)).decode()
    assert (
        "version: 1\r\n\r\ndn: cn=A\r\ncontrol: 1.2.3 true:: AA==\r\nchangetype: modify\r\n"
        "replace: sn\r\nsn: B\r\n-\r\n\r\n"
        "dn: cn=A\r\nchangetype: modrdn\r\nnewrdn: cn=B\r\ndeleteoldrdn: 0\r\nnewsuperior: o=X\r\n\r\n"
    ) == b"".join(ldif.write(changes, newline="\r\n")).decode()


REFUSED = [
    Record("cn=A", {"cn\nchangetype: delete": ["x"]}),
    Record("cn=A", {"cn: x": ["x"]}),
    Record("cn=A", {"cn": ["\ud800"]}),
    Record("cn=\udfff", {"cn": ["x"]}),
    Modify("cn=A", (Modification(Operation.ADD, "sn\n-", ["x"]),)),
    Delete("cn=A", (Control("manageDsaIT"),)),
]


@pytest.mark.parametrize("item", REFUSED)
def test_what_cannot_be_written_is_refused_and_the_rest_is_written(item: Record | Change) -> None:
    """A name cannot smuggle lines into the file; what is refused is told, or raised, and leaves nothing behind."""
    good: list[Record | Change] = [Record("cn=G", {"cn": ["G"]}) if isinstance(item, Record) else Delete("cn=G")]
    told: list[Record | Change] = []

    written = b"".join(ldif.write([*good, item, *good], refused=lambda found, _: told.append(found)))

    assert ([item], [*good, *good]) == (told, list(ldif.read([written])))
    with pytest.raises(FormatError):
        list(ldif.write([item]))


def test_objects_and_changes_are_not_written_into_one_file() -> None:
    """What the reader would not take is not written."""
    told: list[FormatError] = []

    list(ldif.write([Delete("cn=A"), Record("cn=B", {})], refused=lambda _, error: told.append(error)))

    assert ["objects or changes, not both" in str(error) for error in told] == [True]


PIECES = (
    *(
        "dn:",
        "dn::",
        " cn=a",
        "version: 1",
        "changetype:",
        " add",
        " modify",
        " modrdn",
        "newrdn:",
        "deleteoldrdn:",
        " 1",
    ),
    *(
        "control:",
        " 1.2.3",
        " true",
        "add:",
        "-",
        "sn",
        ":",
        ": ",
        ":: ",
        ":< ",
        "QQ==",
        "#",
        "\n",
        "\n ",
        "\n\n",
        "\r\n",
    ),
    *("\r", "\0", "\udcff", "ü", "\ufeff", "x" * 90),
)


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(("utf-8", "utf-16")), st.integers(1, 9))
def test_any_bytes_are_records_or_bad_ones(pieces: list[str], encoding: str, size: int) -> None:
    """Nothing raises, however the bytes come in pieces; what is read can be written, and then says the same."""
    handler = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    data = "".join(pieces).encode(encoding, handler)

    items = list(ldif.read([data]))

    assert items == list(ldif.read([data[at : at + size] for at in range(0, len(data), size)]))
    good = [item for item in items if not isinstance(item, Bad)]
    assert good == list(ldif.read(ldif.write(good)))
