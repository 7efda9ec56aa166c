"""The files of a site link: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.generate import DOCS
from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError, FormatError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_sitelink import dump, lines
from dxa_sitelink.container import IncompleteError, seal, unseal
from dxa_sitelink.messages import Batch, Status, Way, read_batch, read_status
from dxa_sitelink.sites import FileName, check_site, read_name, tag
from tests.worlds.linkedsite import key_of

TYPES = AddressTypes(ADDRESS_TYPES)
WAY = Way(sender="LAB/HQ", to="LAB/BERLIN", link="main")
KEY = key_of("LAB/HQ")

texts = st.text(st.characters(codec=None), max_size=12)
values = st.recursive(st.none() | st.booleans() | st.integers() | texts, st.lists, max_leaves=5)


def nobody(_entry: Entry) -> bool:
    """Nobody is hidden."""
    return False


#: What a directory can hold.
storable = st.text(max_size=12)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry as a directory may hold it."""
    address = draw(st.sampled_from(["MS:LAB/PO1/ANN", "MS:Net/Po/Bob", "SMTP:ann@lab.example", "X400:/c=US/s=Berg/"]))
    parsed = TYPES.parse(address)
    names = st.sampled_from(["department", "proxyAddresses", "info"]) | storable.filter(
        lambda name: name not in (lines.SITE, lines.KIND)
    )
    fields = draw(st.lists(st.tuples(names, storable), max_size=4))
    site = draw(st.sampled_from(["LAB/HQ", "Other/Site"]))
    entry = Entry(TYPES.key(parsed), parsed.type, TYPES.list_of(parsed), draw(storable), parsed.value)
    return entry._replace(fields=(*fields, (lines.SITE, site)), anchor=draw(st.sampled_from(["", "guid"])))


@st.composite
def batches(draw: st.DrawFn) -> list[Transaction]:
    """Transactions with ascending numbers; a modify has the same names of fields on both sides."""
    rows = []
    number = draw(st.integers(1, 2**40))
    for verb in draw(st.lists(st.sampled_from([Verb.ADD, Verb.DELETE, Verb.MODIFY]), max_size=5)):
        old, new = draw(entries()), draw(entries())
        if verb is Verb.MODIFY:
            old = old._replace(fields=new.fields)
        rows.append(Transaction(number, verb, None if verb is Verb.ADD else old, None if verb is Verb.DELETE else new))
        number += draw(st.integers(1, 3))
    return rows


# -- containers ----------------------------------------------------------------------------------------------------


@given(st.dictionaries(texts.map(lambda name: f"x{name}"), values, max_size=4), st.binary(max_size=200), st.booleans())
def test_what_is_sealed_is_unsealed(header: dict[str, object], body: bytes, compress: bool) -> None:
    """Header and body come back, compressed or not, and the signature is good for what was signed."""
    sealed = unseal(seal(header, body, KEY, compress=compress))

    assert header == {name: value for name, value in sealed.header.items() if name in header}
    assert body == sealed.body()
    assert sealed.signature is not None
    assert KEY.public.signed(sealed.signed, sealed.signature)


@given(st.binary(max_size=60), st.booleans(), st.data())
def test_a_file_that_is_cut_is_incomplete(body: bytes, compress: bool, data: st.DataObject) -> None:
    """However a file is cut, it is not read, and is known to lack its end."""
    whole = seal({"kind": "batch"}, body, KEY, compress=compress)
    at = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(IncompleteError):
        unseal(whole[:at])


@given(st.binary(max_size=60), st.data())
def test_a_file_that_is_changed_is_not_read_as_its_writers(body: bytes, data: st.DataObject) -> None:
    """A changed byte breaks the form or the digest; whoever mends both lacks the key."""
    whole = bytearray(seal({"kind": "batch"}, body, KEY))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        sealed = unseal(bytes(whole))
    except FormatError:
        return
    assert sealed.signature is None or not KEY.public.signed(sealed.signed, sealed.signature)


@given(
    st.binary(max_size=300) | st.binary(max_size=100).map(lambda rest: b'{"format":"dxa-sitelink","version":1,' + rest)
)
def test_rubbish_is_refused(data: bytes) -> None:
    """Whatever the bytes are, they are refused as a broken format."""
    with pytest.raises(FormatError):
        unseal(data)


@pytest.mark.parametrize(
    ("length", "stored"),
    [(10, zlib.compress(b"x" * 5000)), (2**31, zlib.compress(b"x")), (5000, zlib.compress(b"x" * 10)), (5, b"no zlib")],
)
def test_a_body_is_decompressed_no_further_than_it_says(length: int, stored: bytes) -> None:
    """A body that is longer, shorter or larger than it may be is refused, and never held in memory whole."""
    data = seal({"kind": "batch"}, stored, None)
    size = len(stored)
    changed = data.replace(f'"plain","length":{size}'.encode(), f'"zlib","length":{length}'.encode())
    from hashlib import sha256

    head = changed[: changed.rindex(b'{"end"')]
    trailer = json.dumps({"end": len(head), "sha256": sha256(head).hexdigest()}).encode()
    with pytest.raises(FormatError):
        unseal(head + trailer + b"\n").body()


# -- messages ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 2**40), st.integers(0, 2**40), st.booleans(), st.booleans())
def test_a_batch_comes_back(number: int, ack: int, full: bool, compress: bool) -> None:
    """A batch is read as it was written, and was written for its way only."""
    was = 0 if full else number
    batch = Batch(number=number + 1, was=was, ack=ack, full=full, count=1, body=b"{}\n")
    sealed = unseal(batch.seal(WAY, KEY, compress=compress))

    assert batch == read_batch(sealed)
    assert "" == WAY.why_not(sealed)
    assert WAY.back().why_not(sealed)
    assert Way(sender="LAB/HQ", to="LAB/BERLIN", link="other").why_not(sealed)


def test_a_status_comes_back() -> None:
    """A status is read as it was written, and is no batch."""
    status = Status(ack=3, sent=4, types=("MS", "SMTP"))
    sealed = unseal(status.seal(WAY, None))

    assert status == read_status(sealed)
    with pytest.raises(FormatError, match="kind"):
        read_batch(sealed)


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", -1), ("number", "7"), ("number", True), ("was", 9), ("full", 0), ("count", 2), ("ack", None)],
)
def test_a_batch_that_contradicts_itself_is_refused(field: str, value: object) -> None:
    """Numbers that are none, that go backwards, or that do not fit the lines: the error names the field."""
    header = {**WAY.header("batch"), "number": 9, "was": 5, "ack": 0, "full": False, "count": 1, field: value}

    with pytest.raises(FormatError, match=field):
        read_batch(unseal(seal(header, b"{}\n", KEY)))


# -- transactions --------------------------------------------------------------------------------------------------


@given(batches())
def test_transactions_come_back(rows: list[Transaction]) -> None:
    """Every transaction comes back with its number, whatever stands in names and fields."""
    count, body = lines.write(rows, full=0, site="LAB/HQ", to="LAB/BERLIN")
    found = lines.read(body, TYPES, nobody)

    assert ([], [], len(rows)) == (found.rejects, found.remarks, count)
    assert rows == [row._replace(raw="") for row in found.transactions]
    assert [row._replace(raw="") for row in (lines.read_line(r.raw, TYPES) for r in found.transactions)] == rows


@pytest.mark.parametrize("name", ["\\ud800", "x\\udfff", "\\udc00\\ud800"])
def test_half_a_character_is_one_bad_line(name: str) -> None:
    """A line that no directory can hold is rejected; the others go on."""
    _, body = lines.write([Transaction(7, Verb.ADD, None, _ann())], full=0, site="LAB/HQ", to="LAB/BERLIN")
    found = lines.read(body.replace(b'"name":"', b'"name":"' + name.encode()) + body, TYPES, nobody)

    assert (["half a character" in each.reason for each in found.rejects], 1) == ([True], len(found.transactions))


def test_a_modify_empties_the_fields_that_are_gone() -> None:
    """A modify replaces what it names, so fields that are gone are named, with nothing in them."""
    old = _ann(("title", "Dr"), ("room", "1"))
    (row,) = _through(Transaction(7, Verb.MODIFY, old, _ann(("room", "2"))))

    assert row.new is not None
    assert (("room", "2"), (lines.SITE, "LAB/HQ"), ("title", "")) == row.new.fields


def test_a_mailbox_of_the_other_site_is_a_custom_recipient_here() -> None:
    """What an entry is there is told on the wire, and does not make it a mailbox of this site."""
    count, body = lines.write(
        [Transaction(7, Verb.ADD, None, _ann(("recipientKind", "mailbox")))], full=0, site="LAB/HQ", to="LAB/BERLIN"
    )
    (row,) = lines.read(body, TYPES, nobody).transactions

    assert b'["recipientKind","mailbox"]' in body
    assert row.new is not None
    assert ((lines.SITE, "LAB/HQ"),) == row.new.fields
    assert 1 == count


def test_entries_do_not_go_back_to_their_site() -> None:
    """Who comes from the other site is left out; who comes from there now, or no more, is deleted or added."""
    home, other = _ann((lines.SITE, "lab/berlin")), _ann((lines.SITE, "LAB/ROME"))
    rows = _through(
        Transaction(1, Verb.ADD, None, home),
        Transaction(2, Verb.DELETE, home, None),
        Transaction(3, Verb.MODIFY, home, home._replace(name="Anna")),
        Transaction(4, Verb.MODIFY, other, home),
        Transaction(5, Verb.MODIFY, home, other),
    )

    assert [(4, Verb.DELETE, other, None), (5, Verb.ADD, None, other)] == [row[:4] for row in rows]


def test_a_type_that_nobody_knows_here_hides_nobody() -> None:
    """An entry of an unknown type is told and passed over; an address that its type refuses is a reject."""
    fax = b'{"n":1,"do":"add","new":{"type":"PIGEON","name":"A","address":"x","site":"S/S","fields":[]}}\n'
    bad = b'{"n":2,"do":"add","new":{"type":"MS","name":"A","address":"x","site":"S/S","fields":[]}}\n'
    found = lines.read(fax + bad, TYPES, nobody)

    assert ([], [3], [2]) == (found.transactions, [r.line for r in found.rejects], [r.line for r in found.remarks])


@given(st.binary(max_size=80) | values.map(lambda value: json.dumps(value).encode()))
def test_a_line_that_is_none_is_a_reject(line: bytes) -> None:
    """Whatever stands in a line, it is a reject with its place, and the next line is read."""
    line = line.replace(b"\n", b"")
    good = lines.write([Transaction(9, Verb.ADD, None, _ann())], full=0, site="LAB/HQ", to="LAB/BERLIN")[1]
    found = lines.read(line + b"\n" + good, TYPES, nobody)

    assert [9] == [row.number for row in found.transactions]
    assert [2] == [reject.line for reject in found.rejects]


@given(st.text(max_size=60))
def test_a_line_is_read_or_refused(text: str) -> None:
    """`dxa rejects retry` may be given any text."""
    with pytest.raises((FormatError, AddressError)):
        lines.read_line(text, TYPES)


# -- names ---------------------------------------------------------------------------------------------------------


@given(st.text(max_size=80), st.text(max_size=80), st.none() | st.integers(0, 10**18 - 1))
def test_names_of_files_are_plain_and_come_back(sender: str, to: str, number: int | None) -> None:
    """Whatever a site is called, its files have plain names that say whose they are."""
    name = FileName(tag(sender), tag(to), "main", number)

    assert name == read_name(str(name))
    assert (tag(sender) == tag(to)) == (sender.casefold() == to.casefold())


@pytest.mark.parametrize("name", ["", "LAB", "/HQ", "LAB/", " / ", "LAB/\x00"])
def test_what_cannot_be_a_site(name: str) -> None:
    """A site is ORGANIZATION/SITE."""
    with pytest.raises(AddressError):
        check_site(name)


# -- dump ----------------------------------------------------------------------------------------------------------


def test_a_dump_shows_header_lines_and_trailer() -> None:
    """Every line of a batch is a row, and a bad one says so."""
    body = lines.write([Transaction(9, Verb.ADD, None, _ann())], full=0, site="LAB/HQ", to="LAB/BERLIN")[1] + b"[]\n"
    data = Batch(number=9, was=8, ack=2, full=False, count=2, body=body).seal(WAY, KEY, compress=True)
    rows = list(dump.decode(data))

    assert ["header", "transaction", "reject", "trailer"] == [row["kind"] for row in rows]
    assert ("batch", 9, "LAB/HQ") == (rows[0]["what"], rows[0]["number"], rows[0]["from"])
    assert ("add", "Ann") == (rows[1]["do"], rows[1]["new"]["name"])
    assert rows[3]["signed"]


def _ann(*fields: tuple[str, str]) -> Entry:
    return Entry("MS:lab/po1/ann", "MS", "LAB/PO1", "Ann", "LAB/PO1/ANN", fields)


def _through(*rows: Transaction) -> list[Transaction]:
    _, body = lines.write(rows, full=0, site="LAB/HQ", to="LAB/BERLIN")
    found = lines.read(body, TYPES, nobody)
    assert ([], []) == (found.rejects, found.remarks)
    return found.transactions


# -- the page of the format ----------------------------------------------------------------------------------------

PAGE = (DOCS / "formats" / "sitelink.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_is_a_file() -> None:
    """The file that the page shows is whole, and its parts are where the page says."""
    example = next(block for block in PAGE.split("```text\n") if block.startswith("{")).partition("```")[0]
    sealed = unseal(example.encode())
    batch = read_batch(sealed)

    assert f"its body at {example.index(chr(10)) + 1}, its trailer at\n{len(sealed.signed)}:" in PAGE
    assert ["replace", "add"] == [json.loads(line)["do"] for line in batch.body.splitlines()]
    assert [] == lines.read(batch.body, TYPES, nobody).rejects


def test_every_key_stands_on_the_page() -> None:
    """The page has a row for every key of a header, a line, an entry and a trailer."""
    entry = _ann()._replace(anchor="x")
    body = lines.write([Transaction(9, Verb.MODIFY, entry, entry)], full=0, site="LAB/HQ", to="LAB/BERLIN")[1]
    batch = unseal(Batch(number=9, was=8, ack=2, full=False, count=1, body=body).seal(WAY, KEY))
    status = unseal(Status(ack=3, sent=4, types=("MS",)).seal(WAY, KEY))
    row = json.loads(body)
    keys = {*batch.header, *status.header, *row, *row["old"], "end", "sha256", "signature"}

    assert set() == {key for key in keys if f"\n| `{key}` |" not in PAGE}
