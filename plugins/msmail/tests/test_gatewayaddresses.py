"""Addresses of every gateway: what each type takes, from the Import text to the files of a postoffice and back."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError
from dxa_msmail import importtext
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importwrite import Layout
from dxa_msmail.postoffice import gal, networks, tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.maildata import Maildata, MemoryFiles
from dxa_msmail.postoffice.names import GATEWAY_LISTS, gateway_files, read_addresses
from dxa_msmail.programs.importing import program as importing

TYPES = AddressTypes(ADDRESS_TYPES)
NOW = 1_000_000_000

WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)
TEXT = st.text(string.ascii_letters + string.digits + " .-&'(),äé", min_size=1, max_size=20).map(str.strip).filter(bool)
FIELD = st.text(string.ascii_letters + " .,", max_size=30).map(str.strip)
ATTRIBUTE = st.sampled_from(["c", "a", "p", "o", "ou1", "s", "g", "dda.value"])


def triples() -> st.SearchStrategy[str]:
    """Gateway, node and user."""
    return st.tuples(WORD, WORD, WORD).map("/".join)


def faxes() -> st.SearchStrategy[str]:
    """Recipient, location, company and phone number."""
    phone = st.text(string.digits + " ,-", min_size=1, max_size=22).filter(lambda text: bool(text.strip()))
    return st.tuples(FIELD, FIELD, FIELD, phone).map("~".join).filter(lambda text: text == text.strip())


def x400s() -> st.SearchStrategy[str]:
    """Attributes in one of the two forms."""
    pairs = st.lists(st.tuples(ATTRIBUTE, WORD), min_size=1, max_size=5)
    with_slashes = pairs.map(lambda rows: "".join(f"/{name}=x$/{value}" for name, value in rows))
    return with_slashes | pairs.map(lambda rows: ";".join(f"{name}={value}" for name, value in rows))


#: Legal addresses of each type, as KB Q94410 and Q96001 give their forms.
LEGAL: dict[str, st.SearchStrategy[str]] = {
    "PROFS": triples(),
    "SNADS": triples(),
    "OV": triples(),
    "FAX": faxes(),
    "MCI": st.tuples(TEXT, TEXT, TEXT).map(
        lambda parts: "{} EMS:{} MBX:{}".format(*(" ".join(p.split()) for p in parts))
    ),
    "X400": x400s(),
    "SMTP": st.tuples(WORD, WORD).map("@".join),
    "MHS": st.tuples(WORD, WORD, WORD).map(lambda parts: "{}@{} {{{}/PO}}".format(*parts)),
    "MSMAIL": st.tuples(WORD, WORD).map("@".join),
    "MSA": st.tuples(WORD, WORD).map("@".join),
    "3COM": st.tuples(WORD, WORD, WORD).map(":".join),
}
ENTRIES = st.sampled_from(sorted(LEGAL)).flatmap(lambda kind: st.tuples(st.just(kind), LEGAL[kind]))


def test_every_type_of_a_gateway_is_known() -> None:
    """The types of KB Q96001, Q94410 and Q118321; MS, PCM and CSI are postoffices."""
    assert set(LEGAL) == {kind.name for kind in ADDRESS_TYPES} - {"MS"}


@given(st.lists(ENTRIES, max_size=6), st.sampled_from(["columns", "tabs"]))
def test_any_address_goes_through_the_text(entries: list[tuple[str, str]], layout: Layout) -> None:
    """Written and read it is the same, in both spellings of a line, whatever stands in it."""
    addresses = [TYPES.parse(f"{kind}:{value}") for kind, value in entries]
    rows = [
        Transaction(0, Verb.ADD, None, Entry(TYPES.key(each), each.type, TYPES.list_of(each), f"Name {n}", each.value))
        for n, each in enumerate(addresses)
    ]
    found = importtext.read(importtext.write(rows, layout=layout), types=TYPES)
    assert [] == found.rejects
    assert addresses == [Address(row.new.type, row.new.address) for row in found.transactions if row.new]


@pytest.fixture(scope="module")
def postoffice(tmp_path_factory: pytest.TempPathFactory) -> Maildata:
    """A postoffice with every gateway."""
    po = tree.create(tmp_path_factory.mktemp("po"), network="LAB", postoffice="PO1", durable=False)
    with po.change() as change:
        for kind in GATEWAY_LISTS:
            networks.add_gateway(change, kind)
        for kind in ("PROFS", "SNADS", "OV"):
            networks.add_gateway(change, kind)
            networks.add_postoffice(change, f"{kind}/NODE", kind=kind)
    return po


@settings(max_examples=25)
@given(data=st.data())
def test_any_address_goes_onto_the_disk(postoffice: Maildata, data: st.DataObject) -> None:
    """A gateway's list holds what came; the postoffice's check finds nothing, and the global list shows the same."""
    kind = data.draw(st.sampled_from(sorted(LEGAL)))
    values = data.draw(st.lists(LEGAL[kind], min_size=1, max_size=4, unique_by=TYPES.get(kind).fold))
    if kind in ("PROFS", "SNADS", "OV"):
        users = dict.fromkeys(value.rpartition("/")[2].casefold() for value in values)
        values = [f"{kind}/NODE/{user}" for user in users]
    expected = {TYPES.get(kind).check(value) for value in values}
    text = "".join(f"A Name {n}\t{kind}:{value}\r\n" for n, value in enumerate(values))
    outcome = importing.run_file(postoffice, lambda: float(NOW), text.encode("cp850"), replace=True)
    assert () == outcome.rejects
    with postoffice.change() as change:
        gal.rebuild(change)
    with postoffice.look() as files:
        held = {
            entry.address for rows in read_book(files, TYPES).values() for entry in rows.values() if entry.type == kind
        }
        shown = {each.address for each in gal.read_gal(files) if each.type == kind}
        assert [] == list(tree.check(files))
    assert (expected, expected) == (held, shown)


@pytest.mark.dx("T-112")
def test_line_ends_on_the_disk(postoffice: Maildata) -> None:
    """KB Q96001 #26: the database has carriage returns between a FAX address's fields and in an MCI address."""
    text = b"A Fax\tFAX:Ann~Oslo~Lab~604\r\nA Mci\tMCI:John Doe EMS:MCI Mail MBX:123 MBX:x\r\n"
    importing.run_file(postoffice, lambda: float(NOW), text, replace=True)
    stored = {}
    with postoffice.look() as files:
        for kind in ("FAX", "MCI"):
            name = gateway_files(kind)[1]
            stored[kind] = [row.address for row in read_addresses(files.read(name) or b"", name).values()]
    assert {
        "FAX": ["Ann\rOslo\rLab\r604"],
        "MCI": ["John Doe\r\n EMS:MCI Mail\r\n MBX:123\r\n MBX:x"],
    } == stored


@pytest.mark.dx("T-112")
@given(st.lists(st.text("aB9 ,-~\r+", max_size=40), max_size=5).map("~".join))
def test_a_fax_address_is_legal_or_has_its_number(text: str) -> None:
    """Four fields of 30, 30, 30 and 22 characters, the last of digits, blanks, commas and hyphens; else its number."""
    value, code = checked("FAX", text)
    assert code in {0, 15, 25, 26, 48, 74, 75, 76, 77}
    fields = value.split("~") if not code else [""] * 4
    assert [True] * 4 == [len(field) <= limit for field, limit in zip(fields, (30, 30, 30, 22), strict=True)]
    assert set(fields[3]) <= set("0123456789 ,-")


@given(st.text("John EMS:MBX\r\n 1", min_size=1, max_size=60))
def test_an_mci_address_is_one_line(text: str) -> None:
    """Every line end becomes one blank, and nothing else of the text is lost."""
    value, code = checked("MCI", text)
    assert code in {0, 26, 48}
    assert ("".join(text.split()) if not code else "", False) == (
        "".join(value.split()),
        "\r" in value or "\n" in value,
    )


def checked(kind: str, text: str) -> tuple[str, int]:
    """The legal value of a text and 0, or nothing and the number of the error."""
    try:
        return TYPES.get(kind).check(text), 0
    except AddressError as error:
        return "", error.code


@pytest.mark.dx("T-045", "T-046")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/c=US/a=MCI/dda.type=ms/dda.value=net$/po$/x", "/c=US/a=MCI/dda.type=ms/dda.value=net$/po$/x"),
        ("/c=US/a=MCI/dda.type=ms/dda.value=net/po/x", "/c=US/a=MCI/dda.type=ms/dda.value=net$/po$/x"),
        ("c=US;dda.type=RFC-822;dda.value=ann@lab", "c=US;dda.type=RFC-822;dda.value=ann(a)lab"),
        ("c=US;dda.type=RFC-822;dda.value=ann(a)lab", "c=US;dda.type=RFC-822;dda.value=ann(a)lab"),
    ],
)
def test_x400_in_a_text(text: str, value: str) -> None:
    """Slashes of a value and characters that no printable string has, in a line of an Import text."""
    (row,) = importtext.read(f"A Ann\tX400:{text}".encode(), types=TYPES).transactions
    assert value == row.new.address if row.new else ""


@pytest.mark.parametrize("kind", sorted(LEGAL))
def test_template_data_is_allowed_or_24(kind: str) -> None:
    """KB Q96001 #24, Q118321: hosts' addresses have values, those of the other gateways are refused them."""
    example = {"FAX": "a~b~c~1", "X400": "c=US;s=Doe", "PROFS": "G/N/U", "SNADS": "G/N/U", "OV": "G/N/U"}
    found = importtext.read(f"A Ann\t{kind}:{example.get(kind, 'a@b')}\r\n- Phone:/1\r\n".encode(), types=TYPES)
    (row,) = found.transactions
    has_values = kind in ("PROFS", "SNADS", "OV")
    assert ((("Phone:", "1"),) if has_values else (), [] if has_values else [24]) == (
        row.new.fields if row.new else None,
        [reject.code for reject in found.rejects],
    )


@pytest.mark.parametrize("kind", sorted(LEGAL))
def test_a_replace_of_every_type(kind: str) -> None:
    """R <type>: for the list of a type, R <type>:GATE/NODE for one node of a host."""
    nodes = kind in ("PROFS", "SNADS", "OV")
    text = f"R {kind}:\r\n" + (f"R {kind}:GATE/NODE\r\n" if nodes else f"R {kind}:GATE\r\n")
    found = importtext.read(text.encode(), types=TYPES)
    lists = [row.new.list for row in found.transactions if row.new]
    assert (["", "GATE/NODE"] if nodes else [""]) == lists
    assert (0 if nodes else 1) == len(found.rejects)


def test_a_replace_of_a_host_s_type_is_about_all_of_its_nodes(tmp_path: Path) -> None:
    """One of a node is about that node; neither defines anything that is not there."""
    po = tree.create(tmp_path / "po", network="LAB", postoffice="PO1", durable=False)
    with po.change() as change:
        networks.add_gateway(change, "PROFS", "GATE")
        for node in ("GATE/N1", "GATE/N2"):
            networks.add_postoffice(change, node, kind="PROFS")

    def run(text: bytes) -> list[str]:
        outcome = importing.run_file(po, lambda: float(NOW), text, create=True)
        assert ((), ()) == (outcome.created, outcome.rejects)
        with po.look() as files:
            return sorted(entry.address for rows in read_book(files, TYPES).values() for entry in rows.values())

    both = b"A One\tPROFS:GATE/N1/ONE\r\nA Two\tPROFS:GATE/N2/TWO\r\n"
    assert ["GATE/N1/ONE", "GATE/N2/TWO"] == run(both)
    assert ["GATE/N2/TWO"] == run(b"R PROFS:GATE/N1\r\n")
    assert ["GATE/N1/ONE", "GATE/N2/TWO"] == run(both)
    assert [] == run(b"R PROFS:\r\n")
    assert [] == run(b"R SNADS:\r\n")


@pytest.mark.dx("T-240")
@pytest.mark.parametrize("name", ["MSMAIL", "FAX", "MCI", "X400", "SMTP", "mhs", "PROFS", "PCM", "3Com"])
def test_no_gateway_has_the_name_of_another_type(name: str) -> None:
    """KB Q126610: IMPORT took it for one of that type and extracted nothing; 64 when it is installed or comes up."""
    change = MemoryFiles()
    tree.fill(change, network="LAB", postoffice="PO1")
    with pytest.raises(AddressError, match=r"\[64\]"):
        networks.add_gateway(change, "SNADS", name)
    assert [] == networks.gateways(change)
