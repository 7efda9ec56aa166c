"""What exports mean: whole ones, and what is other in one than in the last."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.connector import LinkContext
from dxa.entry import Entry, Verb
from dxa_ccmail import plugin
from dxa_ccmail.exportwrite import write
from dxa_ccmail.findings import Findings, Titles
from dxa_ccmail.kept import Cursor, Kept, read_cursor
from dxa_ccmail.names import fold
from dxa_ccmail.options import CcMailOptions
from dxa_ccmail.profile import Profile
from dxa_ccmail.reading import Reading
from dxa_ccmail.record import Record
from dxa_ccmail.running import outputs
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Kind

MARK = "MSExchangeCCMC HQ"
PO1, PO2, HQ = Record("PO1", "P"), Record("PO2", "P"), Record("HQ", "P", "", MARK)
OFFICES = [PO1, PO2, HQ]
NOTHING = Titles()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a site."""
    return tmp_path


def _reading(folder: Path, **options: object) -> Reading:
    types = AddressTypes(plugin.dxa_address_types())
    values = attrs.evolve(CcMailOptions(post_office="PO1"), **options)
    return Profile(LinkContext(link="cc", options=values, folder=folder, types=types, site=("LAB", "HQ"))).reading()


def _people(count: int) -> list[Record]:
    return [Record(f"User{n:03d}, Jane", "L", "PO1") for n in range(count)]


def _told(found: Findings) -> list[str]:
    sides = [(t.verb, t.new or t.old) for t in found.transactions]
    return [f"{verb.value} {entry.address}" for verb, entry in sides if entry]


@attrs.define
class Peer:
    """What the core makes of findings: entries by key, and those that are marked."""

    entries: dict[str, Entry] = attrs.field(factory=dict)
    marked: set[str] = attrs.field(factory=set)
    cursor: Cursor | None = None

    def hear(self, found: Findings) -> None:
        """Take what was found."""
        if found.whole and not found.rejects:
            self.entries, self.marked = {}, set()
        for transaction in found.transactions:
            if transaction.verb is Verb.DELETE and transaction.old:
                del self.entries[transaction.old.key]
                self.marked.discard(transaction.old.key)
            elif transaction.new:
                self.entries[transaction.new.key] = transaction.new
                self.marked.discard(transaction.new.key)
        self.marked |= found.marked
        self.cursor = found.cursor


# -- whole and changes -------------------------------------------------------------------------------------------------


def test_a_first_export_is_told_whole_and_an_equal_one_not_at_all(folder: Path) -> None:
    """The second one costs a comparison of bytes; it means what the first one meant."""
    reading, data = _reading(folder), write([*OFFICES, *_people(2), Record("Berg, Ann", "r", "HQ Berg, Ann")])
    first = reading.read(data, NOTHING)
    again = reading.read(data, NOTHING, first.cursor)

    users = ["A Jane User000 at PO1", "A Jane User001 at PO1"]
    assert [*users, "A Berg, Ann at HQ"] == _told(first)
    assert (True, {"CCMAIL:berg, ann at hq"}) == (first.whole, first.marked)
    assert (False, [], True) == (again.whole, _told(again), again.counted)
    assert first.cursor == again.cursor
    assert (1, 2, 6) == (first.cursor.ours, first.cursor.theirs, first.cursor.records)


def test_a_shuffled_export_is_no_change(folder: Path) -> None:
    """The order of a plain export is unknown, so it says nothing."""
    reading, records = _reading(folder), [*OFFICES, *_people(50)]
    first = reading.read(write(records), NOTHING)
    other = reading.read(write(records[::-1]), NOTHING, first.cursor)

    assert (False, [], True) == (other.whole, _told(other), other.counted)
    assert first.cursor.digest != other.cursor.digest


def test_changes_are_told_as_changes(folder: Path) -> None:
    """Deletes come first; somebody who has moved is deleted and added."""
    reading, people = _reading(folder), _people(20)
    first = reading.read(write([*OFFICES, *people]), NOTHING)
    people[3] = people[3]._replace(cmts="Room 43")
    people[4] = Record("User004, Jane", "r", "PO2")
    del people[7]
    people.insert(9, Record("New, Nan", "L", "PO1"))
    people.insert(9, Record("Berg, Ann", "r", "HQ Berg, Ann"))
    found = reading.read(write([*OFFICES, *people]), NOTHING, first.cursor)

    deletes = ["D Jane User007 at PO1", "D Jane User004 at PO1"]
    adds = ["A Jane User003 at PO1", "A Jane User004 at PO2", "A Berg, Ann at HQ", "A Nan New at PO1"]
    assert (False, [*deletes, *adds]) == (found.whole, _told(found))
    assert {"CCMAIL:berg, ann at hq"} == found.marked
    assert (1, 20, 24) == (found.cursor.ours, found.cursor.theirs, found.cursor.records)


@pytest.mark.parametrize(
    ("change", "options", "titles"),
    [
        ([Record("PO3", "P")], {}, NOTHING),
        ([Record("User001, Jane", "L", "PO1", "another")], {}, NOTHING),
        ([Record("Jane User001", "L", "PO1")], {}, NOTHING),
        ([Record("New, Nan", "L", "PO1")], {"secondary": True}, NOTHING),
        ([Record("New, Nan", "L", "PO1")], {"display_name": "%L"}, NOTHING),
        ([Record("New, Nan", "L", "PO1")], {"server": "HQ2", "site_office": "HQ2"}, NOTHING),
        ([Record("New, Nan", "L", "PO1")], {}, Titles(lists=["Sales"])),
    ],
    ids=["post office", "name twice", "address twice", "addresses", "rules", "server", "titles"],
)
def test_what_records_mean_may_be_other(
    folder: Path, change: list[Record], options: dict[str, object], titles: Titles
) -> None:
    """Then the new export is read whole."""
    records = [*OFFICES, *_people(5)]
    first = _reading(folder).read(write(records), NOTHING)
    found = _reading(folder, **options).read(write([*records, *change]), titles, first.cursor)

    assert found.whole


def test_whoever_is_named_twice_keeps_the_next_export_whole(folder: Path) -> None:
    """The first entry counts, the other one is told, and hides nobody."""
    reading, records = _reading(folder), [*OFFICES, *_people(3)]
    first = reading.read(write([*records, Record("USER001, jane", "L", "PO2")]), NOTHING)
    found = reading.read(write(records), NOTHING, first.cursor)

    assert ["the name 'USER001, jane' stands in the export twice, first on line 17"] == [
        remark.reason for remark in first.remarks
    ]
    assert ([], True) == (list(first.rejects), first.cursor.whole)
    assert (True, False) == (found.whole, found.cursor.whole)


def test_a_damaged_record_keeps_its_entry(folder: Path) -> None:
    """Nobody is deleted whose record cannot be read; when it can again, or is gone, that is found."""
    reading, people = _reading(folder), _people(5)
    whole = write([*OFFICES, *people])
    peer = Peer()
    peer.hear(reading.read(whole, NOTHING))
    torn = whole.replace(b"User002, Jane\r\nLocn: L", b"User002, Jane\r\nLost: L")
    damaged = reading.read(torn, NOTHING, peer.cursor)
    peer.hear(damaged)
    kept = sorted(entry.address for entry in peer.entries.values())
    del people[2]
    gone = reading.read(write([*OFFICES, *people]), NOTHING, peer.cursor)
    peer.hear(gone)

    assert (False, 1, True) == (damaged.whole, len(damaged.rejects), damaged.cursor.whole)
    assert [f"Jane User{n:03d} at PO1" for n in range(5)] == kept
    assert [f"Jane User{n:03d} at PO1" for n in (0, 1, 3, 4)] == sorted(e.address for e in peer.entries.values())


def test_a_kept_export_that_is_lost_or_another_one_is_no_export(folder: Path) -> None:
    """The next one is read whole then."""
    records = [*OFFICES, *_people(5)]
    first = _reading(folder).read(write(records), NOTHING)
    (kept,) = (folder / "ccmail" / "kept" / "cc").glob("*.exp")
    kept.write_bytes(write(records[:-1]))
    other = _reading(folder).read(write([*records, Record("New", "L")]), NOTHING, first.cursor)
    for path in kept.parent.iterdir():
        path.unlink()
    lost = _reading(folder).read(write([*records, Record("Newer", "L")]), NOTHING, other.cursor)

    assert (True, True) == (other.whole, lost.whole)


def test_a_new_process_knows_the_kept_export_by_its_bytes(folder: Path) -> None:
    """An export of the same length is another one all the same, and only the very same one is as before."""
    records = [*OFFICES, *_people(5)]
    first = _reading(folder).read(write(records), NOTHING)
    same = _reading(folder).read(write(records), NOTHING, first.cursor)
    edited = write(records).replace(b"User002", b"User992")
    other = _reading(folder).read(edited, NOTHING, first.cursor)

    assert (first.cursor, ()) == (same.cursor, tuple(same.transactions))
    assert ["CCMAIL:Jane User002 at PO1", "CCMAIL:Jane User992 at PO1"] == sorted(
        f"CCMAIL:{side.address}" for t in other.transactions for side in (t.old, t.new) if side is not None
    )


def test_settling_keeps_one_export(folder: Path) -> None:
    """Until then the one before is kept, too: the store may have either."""
    reading = _reading(folder)
    first = reading.read(write([*OFFICES, *_people(5)]), NOTHING)
    second = reading.read(write([*OFFICES, *_people(6)]), NOTHING, first.cursor)
    names = {path.stem for path in reading.kept.folder.iterdir()}
    reading.kept.tidy("no digest")
    reading.kept.tidy("0" * 64)
    both = {path.stem for path in reading.kept.folder.iterdir()}
    reading.kept.tidy(second.cursor.digest)

    assert {first.cursor.digest, second.cursor.digest} == names == both
    assert [second.cursor.digest] == [path.stem for path in reading.kept.folder.iterdir()]


@pytest.mark.parametrize("text", ["", "7", "[]", "[1]", "[2,1]", '[1,"x"]', '["1"]', "{}", "null", "nothing"])
def test_a_cursor_of_somebody_else_is_none(text: str) -> None:
    """It asks for everything."""
    assert None is read_cursor(text)


def test_a_cursor_survives_the_store() -> None:
    """What was written is read."""
    cursor = Cursor(digest="0" * 64, rules="r", titles="t", offices=["PO1"], owned=["hq"], whole=True, ours=1, theirs=2)

    assert cursor == read_cursor(str(cursor))


# -- exports that were cut ---------------------------------------------------------------------------------------------


def _boundaries(data: bytes) -> list[int]:
    return [at for at in range(1, len(data)) if data[at - 1 : at + 5] == b"\nName:"]


def _sweep(folder: Path, records: Sequence[Record], places: Sequence[int], thorough: int = 1) -> None:
    """Every cut of an export, after the whole one was taken, is refused, or not taken to be whole.

    Of the cuts between two records each so many-th is read for what it says; the others are only asked for their ends.
    """
    reading, data = _reading(folder), write(records)
    first = reading.read(data, NOTHING)
    boundaries = {at: number for number, at in enumerate(_boundaries(data))}
    for at in places:
        cut = data[:at]
        if at not in boundaries:
            assert outputs.problem(Kind.DIRECTORY, cut), f"cut at {at}: {cut[-40:]!r}"
            continue
        if boundaries[at] % thorough:
            assert not reading.is_whole(cut), f"cut at {at}: {cut[-40:]!r}"
            continue
        found = reading.read(cut, NOTHING, first.cursor)
        assert not found.counted, f"cut at {at}: {cut[-40:]!r}"
        reading.kept.tidy(first.cursor.digest)


def test_every_cut_is_found(folder: Path) -> None:
    """At every boundary between records, and at every byte of the last 4 kB."""
    records = [*OFFICES, *_people(90)]
    data = write(records)

    _sweep(folder, records, sorted({*_boundaries(data), *range(max(1, len(data) - 4096), len(data))}))


@pytest.mark.sweep
def test_every_cut_of_a_long_export_is_found(folder: Path) -> None:
    """At every byte of 200 kB."""
    records = [*OFFICES, *(Record(f"User{n:04d}, Jane", "L", "PO1", "x" * (n % 40)) for n in range(3000))]
    data = write(records)
    assert 200_000 < len(data)

    _sweep(folder, records, range(1, 200_000), thorough=50)


def test_a_count_of_the_program_decides(folder: Path) -> None:
    """With it an export that lacks its end is whole, or cut."""
    reading, data = _reading(folder), write([*OFFICES, *_people(5)])
    first = reading.read(data, NOTHING, None, 8)
    less = write([*OFFICES, *_people(4)])
    found = reading.read(less, NOTHING, first.cursor, 7)

    assert (True, True) == (first.counted, found.counted)
    for cursor in (None, first.cursor):
        with pytest.raises(RunError, match="it has 7 entries, and EXPORT says that there are 8"):
            reading.read(less, NOTHING, cursor, 8)
    with pytest.raises(RunError, match="it has 8 entries, and EXPORT says that there are 9"):
        reading.read(data, NOTHING, first.cursor, 9)


def test_a_control_z_shows_the_end(folder: Path) -> None:
    """A program that writes it writes it always: one that is missing is a cut."""
    reading, records = _reading(folder), [*OFFICES, *_people(5)]
    first = reading.read(write(records, end_mark=True), NOTHING)
    found = reading.read(write(records[:-1], end_mark=True), NOTHING, first.cursor)

    assert (True, True) == (first.counted, found.counted)
    with pytest.raises(RunError, match="it has no Ctrl-Z at its end"):
        reading.read(write(records[:-1]), NOTHING, first.cursor)


@pytest.mark.parametrize(
    ("gone", "come", "order", "expected"),
    [
        ((), (), 1, True),
        ((4,), (), 1, True),
        ((9,), (), 1, False),
        ((8, 9), ("New, Nan",), 1, False),
        ((4, 9), (), 1, False),
        ((4,), ("Zorn, Zoe",), 1, True),
        ((4,), (), -1, False),
        ((), (), -1, True),
    ],
    ids=["same", "middle", "end", "end and new", "both", "new end", "other order", "order alone"],
)
def test_what_is_missing_at_the_end_may_have_been_cut(
    folder: Path, gone: Sequence[int], come: Sequence[str], order: int, expected: bool
) -> None:
    """So may anybody in an export of another order; with a new last entry it goes on behind the old end."""
    reading, people = _reading(folder), _people(10)
    first = reading.read(write([*OFFICES, *people]), NOTHING)
    rest = [record for n, record in enumerate(people) if n not in gone]
    records = sorted([*rest, *(Record(name, "L", "PO1") for name in come)], key=lambda record: fold(record.name))
    found = reading.read(write([*OFFICES, *records][::order]), NOTHING, first.cursor)

    assert expected == found.counted


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("abcdefgh", "abcdefh", True),
        ("abcdefgh", "bach", False),
        ("abcdefgh", "Habcn", False),
        ("abcdefgh", "Habdefgn", False),
        ("abcdefgh", "abdefgHn", True),
        ("abcdefgh", "nab", False),
    ],
    ids=["gap", "the end by accident", "end changed and new", "end elsewhere", "new end", "cut"],
)
def test_an_end_is_known_by_several_entries(folder: Path, before: str, after: str, expected: bool) -> None:
    """One that stands there by accident, in an export of another order, shows nothing; capitals are changed entries."""
    reading = _reading(folder)

    def export(names: str) -> bytes:
        people = [Record(f"User {c.lower()}", "L", "PO1", "x" if c.isupper() else "") for c in names]
        return write([*OFFICES, *people])

    first = reading.read(export(before), NOTHING)

    assert expected == reading.read(export(after), NOTHING, first.cursor).counted


def test_a_second_export_with_that_end_agrees(folder: Path) -> None:
    """Whether it is the same to the byte, or has other changes."""
    reading, people = _reading(folder), _people(10)
    first = reading.read(write([*OFFICES, *people]), NOTHING)
    cut = reading.read(write([*OFFICES, *people[:-2]]), NOTHING, first.cursor)
    same = reading.read(write([*OFFICES, *people[:-2]]), NOTHING, cut.cursor)
    other = reading.read(write([*OFFICES, *people[1:-2]]), NOTHING, cut.cursor)

    assert (False, True, True) == (cut.counted, same.counted, other.counted)


# -- changes are the difference of whole readings ----------------------------------------------------------------------

_NAMES = (
    *("Doe, Jane", "Jane Doe", "Doe,  Jane", "es, Sal", "Sal es", "doe,jane", "Smith, Jimmy", "Cher", "Sales"),
    *("Berg, Ann", "Ann Berg", "Zorn, Zoe"),
)
_ADDRS = (
    *("", "PO1", "PO2", "PO2 fan", "HQ Berg, Ann", "HQ Berg, Ann at PO7", "HQ", "PO9 x"),
    *("HQ Jane Doe at PO1", "HQ Cher at PO1"),
)
_RECORDS = st.tuples(st.sampled_from(_NAMES), st.sampled_from("LlRrrrAaQ"), st.sampled_from(_ADDRS)).map(
    lambda values: Record(*values)
)


@st.composite
def _exports(draw: st.DrawFn) -> list[list[Record]]:
    """Some exports, each of which has much in common with the one before."""
    found = [[PO1, HQ, PO2, *draw(st.lists(_RECORDS, max_size=7))]]
    for _ in range(draw(st.integers(1, 3))):
        records = [record for record in found[-1] if draw(st.integers(0, 5))]
        records += draw(st.lists(_RECORDS, max_size=3))
        records = [each._replace(cmts=draw(st.sampled_from(["", "x"]))) for each in records if each.locn != "P"]
        offices = [office for office in (PO1, HQ, PO2) if office is not PO2 or draw(st.integers(0, 5))]
        found.append([*offices, *draw(st.permutations(records))])
    return found


@settings(max_examples=150)
@given(
    exports=_exports(),
    lists=st.sampled_from([(), ("Sales",), ("Jane Doe", "cher")]),
    secondary=st.booleans(),
)
def test_changes_lead_to_what_the_whole_export_says(
    exports: list[list[Record]], lists: tuple[str, ...], secondary: bool
) -> None:
    """Whatever has happened between two exports: names and addresses that meet, post offices, unknown codes, twins."""
    with tempfile.TemporaryDirectory() as folder:
        reading, titles = _reading(Path(folder), secondary=secondary), Titles(lists=lists)
        peer = Peer()
        for records in exports:
            data = write(records)
            peer.hear(reading.read(data, titles, peer.cursor))
            other = Peer()
            other.hear(attrs.evolve(reading, kept=Kept(Path(folder) / "other")).read(data, titles))

            assert (other.entries, other.marked) == (peer.entries, peer.marked)
            assert (other.cursor and other.cursor.ours, other.cursor and other.cursor.theirs) == (
                peer.cursor and peer.cursor.ours,
                peer.cursor and peer.cursor.theirs,
            )
