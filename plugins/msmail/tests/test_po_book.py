"""The address lists of a postoffice as one book."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Fields
from dxa.errors import FormatError
from dxa.ledger.answer import ListKey
from dxa.rules.naming import name_key
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import identity, inf, layout, networks, templates
from dxa_msmail.postoffice.book import Book, Written, read_book, write_lists
from dxa_msmail.postoffice.identity import EXTERNAL_TIDS, Control, Master
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.names import read_addresses, read_nme, read_usr, usr_file, write_usr
from dxa_msmail.postoffice.templates import ListTemplate

TYPES = AddressTypes(ADDRESS_TYPES)
ROME, OSLO, NODE, SMTP, FAX = (
    ("MS", "south/rome"),
    ("MS", "north/bodø"),
    ("PROFS", "gate/n1"),
    ("SMTP", ""),
    ("FAX", ""),
)
NAMES = {ROME: "SOUTH/ROME", OSLO: "NORTH/Bodø", NODE: "GATE/N1", SMTP: "", FAX: ""}
PHONE = ListTemplate(("Phone:~10~25~A~~", "Büro:~10~10~A~~"))
SIGNS = "".join(chr(n) for n in range(33, 127)) + bytes(range(128, 255)).decode(CODE_PAGE)


def new_office() -> MemoryFiles:
    """A postoffice NORTH/OSLO that knows two others, a host's node and two gateways."""
    files = MemoryFiles()
    identity.write_identity(files, Master(network="NORTH", postoffice="OSLO"))
    files.write(identity.CONTROL, layout.encode(Control()))
    files.write(networks.NETWORK, b"")
    networks.add_postoffice(files, "SOUTH/ROME")
    networks.add_postoffice(files, "NORTH/Bodø")
    networks.add_gateway(files, "PROFS", "GATE")
    networks.add_postoffice(files, "GATE/N1", kind="PROFS")
    networks.add_gateway(files, "SMTP")
    networks.add_gateway(files, "FAX")
    for key in (ROME, NODE):
        inf.write_template(files, stem(files, key), PHONE)
    return files


@pytest.fixture
def po() -> MemoryFiles:
    """See `new_office`."""
    return new_office()


def stem(files: MemoryFiles, key: ListKey) -> str:
    """The hexid of a postoffice's files."""
    return networks.postoffices(files)[key[1]].hexid


def entry(key: ListKey, name: str, address: str, fields: Fields = ()) -> Entry:
    """Somebody in a list."""
    list_ = NAMES[key]
    value = f"{list_}/{address}" if list_ else address
    return Entry(TYPES.key(Address(key[0], value)), key[0], list_, name, value, fields)


def listed(*entries: Entry) -> dict[str, Entry]:
    """A list by keys."""
    return {each.key: each for each in entries}


ANN, BOB = entry(ROME, "Ann", "ANN", (("Phone:", "1"),)), entry(ROME, "Bob", "BOB")


@st.composite
def books(draw: st.DrawFn) -> dict[ListKey, dict[str, Entry]]:
    """Lists of several types, with accents, and with values where there is a template."""
    elements = st.text(SIGNS.replace("/", ""), min_size=1, max_size=10)
    addresses = {
        SMTP: st.builds("{}@{}".format, elements, elements),
        FAX: st.builds("{}~~{}~123".format, elements, elements),
    }
    book = {}
    for key in NAMES:
        names = draw(st.lists(st.text(SIGNS, min_size=1, max_size=30), max_size=6, unique_by=name_key))
        people = []
        for name in names:
            fields: Fields = ()
            if key in (ROME, NODE):
                values = ((p, draw(st.text(SIGNS, max_size=10))) for p in ("Phone:", "Büro:"))
                fields = tuple((p, v) for p, v in values if v)
            people.append(entry(key, name, draw(addresses.get(key, elements)), fields))
        book[key] = listed(*people)
    return book


def rows_of(book: Mapping[ListKey, Mapping[str, Entry]]) -> dict[ListKey, list[Entry]]:
    """The entries of each list in the order of their names."""
    return {key: sorted(rows.values(), key=lambda e: e.name.casefold()) for key, rows in book.items()}


# -- both ways -----------------------------------------------------------------------------------------------------


@given(books())
def test_lists_are_read_as_they_were_written(book: dict[ListKey, dict[str, Entry]]) -> None:
    """All types, accents and template values; each list comes sorted by name."""
    files = new_office()
    written = write_lists(files, read_book(files, TYPES), book, TYPES)
    found = read_book(files, TYPES)
    assert () == written.refused
    assert book == found
    assert rows_of(book) == {key: list(rows.values()) for key, rows in found.items()}


@given(books(), books())
def test_writing_what_was_read_writes_nothing(
    book: dict[ListKey, dict[str, Entry]], other: dict[ListKey, dict[str, Entry]]
) -> None:
    """And of two lists only the changed one has other bytes; what was written twice is what was written once."""
    files, again = new_office(), new_office()
    write_lists(files, read_book(files, TYPES), book, TYPES)
    before = dict(files.files)
    found = read_book(files, TYPES)
    assert Written() == write_lists(files, found, found, TYPES)
    assert before == files.files
    write_lists(files, found, {**found, ROME: other[ROME]}, TYPES)
    touched = {name for name, data in files.files.items() if before.get(name) != data}
    assert touched <= {f"{folder}/{stem(files, ROME)}.{folder}" for folder in ("USR", "INF")}
    write_lists(again, read_book(again, TYPES), {**book, ROME: other[ROME]}, TYPES)
    assert read_book(again, TYPES) == read_book(files, TYPES)


def test_an_address_keeps_its_tuple_id(po: MemoryFiles) -> None:
    """A new name and another place in the list change nothing of it; values are found by it."""
    write_lists(po, {}, {ROME: listed(ANN, BOB)}, TYPES)
    old = {row.mailbox: row.tid for row in read_usr(po.files[usr_file(stem(po, ROME))], "")}
    moved = [ANN._replace(name="Zoë"), BOB, entry(ROME, "Aaron", "AARON")]
    write_lists(po, {ROME: listed(ANN, BOB)}, {ROME: listed(*moved)}, TYPES)
    rows = read_usr(po.files[usr_file(stem(po, ROME))], "")
    assert ["AARON", "BOB", "ANN"] == [row.mailbox for row in rows]
    assert old == {row.mailbox: row.tid for row in rows if row.mailbox in old}
    assert [False, False, True] == [row.template for row in rows]
    assert ANN.fields == read_book(po, TYPES)[ROME][ANN.key].fields


def test_tuple_ids_are_nobody_elses(po: MemoryFiles) -> None:
    """Neither in the list nor in another one; those of dir-sync begin where KB Q116436 says."""
    write_lists(po, {}, {ROME: listed(ANN, BOB)}, TYPES)
    write_lists(po, {}, {SMTP: listed(entry(SMTP, "Eve", "eve@x"))}, TYPES)
    write_lists(po, {}, {OSLO: listed(entry(OSLO, "Ola", "OLA"))}, TYPES)
    tids = [row.tid for key in (ROME, OSLO) for row in read_usr(po.files[usr_file(stem(po, key))], "")]
    tids += [row.tid for row in read_nme(po.files["NME/SMTP.NME"], "")]
    assert [EXTERNAL_TIDS + n for n in range(4)] == sorted(tids)
    assert {row.tid for row in read_addresses(po.files["GLB/SMTP.GLB"], "").values()} <= set(tids)


def test_a_list_without_anybody_is_there(po: MemoryFiles) -> None:
    """Its file has one record for nobody; a list that is gone from the book is empty, and stays defined."""
    write_lists(po, {}, {ROME: listed(ANN)}, TYPES)
    assert (ROME,) == write_lists(po, {ROME: listed(ANN)}, {}, TYPES).lists
    assert write_usr(()) == po.files[usr_file(stem(po, ROME))]
    assert {} == read_book(po, TYPES)[ROME]


def test_the_database_has_carriage_returns_in_fax_addresses(po: MemoryFiles) -> None:
    """KB Q96001 #26: the text has tildes there."""
    write_lists(po, {}, {FAX: listed(entry(FAX, "Fax", "Ann~Berlin~Lab~030 1234"))}, TYPES)
    rows = read_addresses(po.files["GLB/FAX.GLB"], "")
    assert ["Ann\rBerlin\rLab\r030 1234"] == [row.address for row in rows.values()]


def test_the_own_list_is_none_of_the_book(po: MemoryFiles) -> None:
    """It belongs to the postoffice's users, also where its own network is written down."""
    assert {ROME, OSLO, NODE, SMTP, FAX} == set(Book(po, TYPES).places)


# -- what cannot be written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (("MS", "west/rome"), 31),
        (("MS", "south/bari"), 32),
        (("OV", "ov/n1"), 44),
        (("PROFS", "gate/n2"), 32),
        (("X400", ""), 44),
    ],
)
def test_a_list_without_a_place_stops_no_other(po: MemoryFiles, key: ListKey, code: int) -> None:
    """31: no such network; 32: no such postoffice or node; 44: no such gateway."""
    lost = Entry("x", key[0], key[1].upper(), "Lost", f"{key[1].upper()}/LOST")
    written = write_lists(po, {}, {key: {"x": lost}, ROME: listed(ANN)}, TYPES)
    assert [(key, lost, code)] == [each[:3] for each in written.refused]
    assert listed(ANN) == read_book(po, TYPES)[ROME]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "x" * 31}, 72),
        ({"name": ""}, 46),
        ({"name": "Ωmega"}, 21),
        ({"address": "SOUTH/ROME/ABCDEFGHIJK"}, 20),
        ({"address": "SOUTH/ROME/"}, 48),
    ],
)
def test_an_entry_that_cannot_be_written_is_as_it_was(po: MemoryFiles, changes: dict[str, str], code: int) -> None:
    """It is refused with its number; the others are written, and he who was there before stays."""
    write_lists(po, {}, {ROME: listed(ANN)}, TYPES)
    bad, new = ANN._replace(**changes), BOB._replace(**changes)
    after = {ROME: {ANN.key: bad, BOB.key: new, "MS:south/rome/eve": entry(ROME, "Eve", "EVE")}}
    written = write_lists(po, {ROME: listed(ANN)}, after, TYPES)
    assert [(bad, code), (new, code)] == [(each.entry, each.code) for each in written.refused]
    assert listed(ANN, entry(ROME, "Eve", "EVE")) == read_book(po, TYPES)[ROME]


def test_values_without_a_place_leave_the_address(po: MemoryFiles) -> None:
    """65: the list has no template; 37: it has no such prompt; 36: the value is too wide; 24: not with this type."""
    told = (("Phone:", "1"), ("Room:", "7"), ("Büro:", "x" * 11))
    after = {
        ROME: listed(entry(ROME, "Ann", "ANN", told)),
        OSLO: listed(entry(OSLO, "Ola", "OLA", (("Phone:", "1"),))),
        SMTP: listed(entry(SMTP, "Eve", "eve@x", (("Phone:", "1"),))),
    }
    written = write_lists(po, {}, after, TYPES)
    assert [37, 36, 65, 24] == [each.code for each in written.refused]
    found = read_book(po, TYPES)
    assert (("Phone:", "1"),) == found[ROME][ANN.key].fields
    assert ["Ola", "Eve"] == [each.name for key in (OSLO, SMTP) for each in found[key].values()]


def test_a_template_can_be_made_where_none_is(po: MemoryFiles) -> None:
    """Ours: it grows with the values that come later. One that was defined stays as it is (37)."""
    told = (("Room:", "7"),)
    first = {OSLO: listed(entry(OSLO, "Ola", "OLA", told)), ROME: listed(ANN._replace(fields=told))}
    written = write_lists(po, {}, first, TYPES, make_templates=True)
    assert [(ROME, 37)] == [(each.list, each.code) for each in written.refused]
    second = {OSLO: listed(entry(OSLO, "Ola", "OLA", told), entry(OSLO, "Per", "PER", (("Car:", "x" * 60),)))}
    write_lists(po, first, {**first, **second}, TYPES, make_templates=True)
    assert second[OSLO] == read_book(po, TYPES)[OSLO]


def test_a_new_template_of_a_list(po: MemoryFiles) -> None:
    """`definitions` are put in, also where nobody changes; values that it has no prompt for are refused."""
    write_lists(po, {}, {ROME: listed(ANN)}, TYPES)
    rooms = ListTemplate(("Room:~1~5~A~~",))
    now = {ROME: listed(ANN._replace(fields=(("Room:", "7"), ("Phone:", "1"))))}
    written = write_lists(po, now, now, TYPES, definitions={ROME: rooms})
    assert [37] == [each.code for each in written.refused]
    assert rooms == templates.read_template(po, stem(po, ROME))
    assert (("Room:", "7"),) == read_book(po, TYPES)[ROME][ANN.key].fields


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-1], lambda data: b"x" * len(data)])
def test_a_damaged_list_is_named(po: MemoryFiles, spoil: object) -> None:
    """Error 40 with the file; who goes on without it knows which one it was."""
    write_lists(po, {}, {ROME: listed(ANN), SMTP: listed(entry(SMTP, "Eve", "eve@x"))}, TYPES)
    name = usr_file(stem(po, ROME))
    po.files[name] = spoil(po.files[name])  # type: ignore[operator]
    with pytest.raises(FormatError, match=name) as caught:
        read_book(po, TYPES)
    assert 40 == caught.value.code
    book = Book(po, TYPES)
    assert ({}, 1) == (book[ROME], len(book[SMTP]))
    assert ([ROME], [40]) == (book.damaged, [each.code for each in book.problems])


@pytest.mark.parametrize("what", ["NME/SMTP.NME", "GLB/SMTP.GLB"])
def test_half_of_a_gateways_list_is_named(po: MemoryFiles, what: str) -> None:
    """KB Q119240: names without addresses, and addresses without names."""
    write_lists(po, {}, {SMTP: listed(entry(SMTP, "Eve", "eve@x"))}, TYPES)
    po.files[what] = bytes(4) if what.startswith("GLB") else b""
    with pytest.raises(FormatError, match=r"NME/SMTP\.NME"):
        read_book(po, TYPES)


def test_values_that_cannot_be_had_are_mended_by_the_next_write(po: MemoryFiles) -> None:
    """The names count; the file is written anew, so that it is complained of once."""
    write_lists(po, {}, {ROME: listed(ANN)}, TYPES)
    po.files[inf.inf_name(stem(po, ROME))] = b"rubble"
    book = Book(po, TYPES)
    assert ((), [34]) == (book[ROME][ANN.key].fields, [each.code for each in book.problems])
    write_lists(po, {ROME: book[ROME]}, {ROME: listed(ANN)}, TYPES)
    assert listed(ANN) == read_book(po, TYPES)[ROME]


def test_a_list_without_a_file_is_none(po: MemoryFiles) -> None:
    """201: the others can be read, and writing it makes the file."""
    po.remove(usr_file(stem(po, ROME)))
    assert ROME not in read_book(po, TYPES)
    book = Book(po, TYPES)
    assert (None, [201]) == (book.get(ROME), [each.code for each in book.problems])
    write_lists(po, {}, {ROME: listed(ANN)}, TYPES)
    assert listed(ANN) == read_book(po, TYPES)[ROME]
