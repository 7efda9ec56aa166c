from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_ccmail import ending
from dxa_ccmail.export import ExportReader
from dxa_ccmail.exportwrite import write
from dxa_ccmail.names import fold
from dxa_ccmail.rawdiff import Change, Difference, difference
from dxa_ccmail.record import FIELDS, Found, Record, same

ANN, BOB, CID = Record("Ann", "L", cmts="1"), Record("Bob", "r", "PO2 bob"), Record("Cid", "l", "PO2")
PO2 = Record("PO2", "P")


def diff(old: bytes, new: bytes, **settings: Any) -> Difference:
    """The difference of two exports."""
    return difference(old, new, ExportReader(**settings))


def test_adds_deletes_and_modifies() -> None:
    """What one export has alone is told by folded name, whatever the order of the files."""
    older, newer = Record("Dan", "L"), Record("DAN", "R")
    found = diff(write([PO2, ANN, BOB, older]), write([newer, CID, ANN, PO2]))

    assert {"cid": CID} == found.adds
    assert {"dan": Change(older, newer)} == found.modifies
    assert {"bob": BOB} == found.deletes
    assert 2 == found.unchanged


def test_nothing_differs() -> None:
    """The same records in another order differ in nothing."""
    assert Difference(unchanged=3) == diff(write([ANN, BOB, CID]), write([CID, ANN, BOB]))


@pytest.mark.parametrize(
    "changed",
    [
        write([ANN, BOB]).replace(b"\r\n", b"\n"),
        write([ANN, BOB]).replace(b"Name", b"NAME"),
        write([ANN, BOB]).replace(b"Name: Bob", b"\r\n\r\nname: Bob"),
        b"\r\n" + write([ANN, BOB]) + b"\x1a",
        write([BOB._replace(layout=("name", "addr", "locn", "cmts")), ANN]),
    ],
)
def test_bytes_that_differ_without_a_meaning(changed: bytes) -> None:
    """Line ends, blank lines, the case and order of labels are no changes."""
    found = diff(write([ANN, BOB]), changed)

    assert ({}, {}, {}) == (found.adds, found.modifies, found.deletes)


def test_unknown_lines_are_a_change() -> None:
    """A line that dxa does not know may mean something, so another one makes a modify."""
    hidden = ANN._replace(layout=(*FIELDS, b"Hidn: Y"))

    assert {"ann": Change(ANN, hidden)} == diff(write([ANN]), write([hidden])).modifies


def test_post_offices_that_change_are_told() -> None:
    """A post office that comes, goes or changes may change the meaning of every Addr."""
    assert {"PO2"} == diff(write([ANN, PO2]), write([ANN])).offices
    assert {"PO2"} == diff(write([ANN]), write([ANN, PO2])).offices
    assert {"PO2"} == diff(write([PO2]), write([PO2._replace(cmts="x")])).offices
    assert {"PO2"} == diff(write([PO2]), write([PO2._replace(locn="L")])).offices
    assert frozenset() == diff(write([ANN, PO2]), write([PO2, BOB])).offices


@pytest.mark.cc("T37")
def test_entries_missing_at_the_end_are_told() -> None:
    """Deletes that are the last entries of the older export look like a cut, and those in its middle do not."""
    rows = [Record(f"User {n:02}", "L") for n in range(20)]

    assert {"user 18", "user 19"} == diff(write(rows), write(rows[:18])).at_end
    assert {"user 19"} == diff(write(rows), write([*rows[:5], *rows[6:19]])).at_end
    assert frozenset() == diff(write(rows), write(rows[1:])).at_end
    assert frozenset() == diff(write(rows), write([*rows[:18], rows[19]])).at_end
    # Somebody who was renamed at the end is gone there, too, and somebody who was changed is not.
    assert {"user 19"} == diff(write(rows), write([*rows[:19], Record("New", "L")])).at_end
    assert frozenset() == diff(write(rows), write([*rows[:19], rows[19]._replace(cmts="x")])).at_end


@pytest.mark.cc("T37")
def test_every_cut_at_a_record_is_told() -> None:
    """Wherever a file is cut between two records, exactly those that are missing are told as missing at the end."""
    rows = [Record(f"User {n}", "L", "", "x" * (n % 7)) for n in range(60)]
    for count in range(1, 60):
        found = diff(write(rows), write(rows[:count]))

        assert {fold(row.name) for row in rows[count:]} == found.at_end == found.deletes.keys()


@pytest.mark.cc("T37")
@pytest.mark.parametrize("bad", [b"", b"\r\n", write([ANN])[:-1], write([ANN, BOB])[:-7]])
def test_a_cut_export_is_refused(bad: bytes) -> None:
    """An export that is empty or ends inside a record is compared with nothing."""
    with pytest.raises(FormatError):
        diff(write([ANN, BOB]), bad)
    with pytest.raises(FormatError):
        diff(bad, write([ANN, BOB]))


@pytest.mark.cc("T37")
def test_a_lost_end_mark_is_told() -> None:
    """An export without the Ctrl-Z that the older one had was cut."""
    old, new = write([ANN, BOB], end_mark=True), write([ANN])

    assert [True, False, False] == [diff(*pair).mark_lost for pair in ((old, new), (old, old), (new, old))]


@pytest.mark.cc("T41")
def test_a_damaged_record_deletes_nobody() -> None:
    """An entry whose record is malformed now is told as damaged, with its line, and not as deleted."""
    new = write([ANN, CID]) + b"Name: Bob\r\nLocn: r\r\nLocn: r\r\nAddr:\r\nCmts:\r\n" + write([PO2])
    found = diff(write([ANN, BOB, CID]), new)

    assert {"bob"} == found.damaged
    assert {} == found.deletes
    assert ["po2"] == list(found.adds)
    assert [(9, "line 11: Locn stands twice")] == [(reject.line, reject.reason) for reject in found.rejects]


def test_a_damaged_record_beside_a_good_one() -> None:
    """A name that a good record has, too, is not damaged."""
    new = write([ANN._replace(cmts="2")]) + b"Name: Ann\r\nAddr:\r\nCmts:\r\n" + write([BOB])
    found = diff(write([ANN, BOB]), new)

    assert (frozenset(), ["ann"], 1) == (found.damaged, list(found.modifies), len(found.rejects))


@pytest.mark.cc("T28")
def test_undecodable_bytes_are_loud_here_too() -> None:
    """A name outside the code page is a reject."""
    new = write([ANN]) + b"Name: \xff\r\nLocn: L\r\nAddr:\r\nCmts:\r\n"

    assert [(5, "Name: bytes FF outside the code page cp874")] == [
        (reject.line, reject.reason) for reject in diff(write([ANN]), new, code_page="874").rejects
    ]


def test_a_name_that_comes_twice() -> None:
    """Of two new records with one name the first in the file counts, and the other is a reject with its line."""
    twice = [Record(f"User {n}", "L") for n in range(30)]
    new = write([ANN, *twice, Record("USER 7", "R")])
    found = diff(write([ANN]), new)

    assert twice[7] == found.adds["user 7"]
    assert [(125, "the name 'USER 7' stands in the export twice")] == [(row.line, row.reason) for row in found.rejects]


def test_the_same_record_twice() -> None:
    """A record that stands in a file twice to the byte, as in files copied together, is no change."""
    assert Difference(unchanged=2) == diff(write([ANN, BOB]), write([ANN, BOB, ANN]))
    assert Difference(unchanged=2) == diff(write([ANN, BOB, ANN]), write([BOB, ANN]))


@pytest.mark.parametrize("repeats", [2, 3, 4])
def test_records_that_stand_far_apart_twice(repeats: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, when so much stands between them that the file is taken in several parts."""
    monkeypatch.setattr("dxa_ccmail.runs.BLOCK", 30)

    assert Difference(unchanged=2) == diff(write([ANN, BOB]), write([ANN, BOB] * repeats))
    assert Difference(unchanged=2) == diff(write([ANN, BOB] * repeats), write([BOB, ANN]))
    found = diff(write([ANN, BOB]), write([ANN, BOB, CID] * repeats))
    assert Difference(adds={"cid": CID}, unchanged=2) == found
    found = diff(write([ANN, BOB, CID] * 2), write([BOB] * repeats))
    assert {"ann": ANN, "cid": CID} == found.deletes


def test_text_before_the_first_record() -> None:
    """A line of console text at the beginning is a reject when it is new, and nothing when it was there before."""
    text = b"EXPORT 6.0\r\n"

    assert [1] == [row.line for row in diff(write([ANN]), text + write([ANN])).rejects]
    assert Difference(unchanged=1) == diff(text + write([ANN]), text + write([ANN]))
    assert Difference(unchanged=1) == diff(text + write([ANN]), write([ANN]))


def test_unknown_labels_of_what_differs_are_counted() -> None:
    """The reader that is given knows afterwards which unknown labels the changed records have, and on which line."""
    reader = ExportReader()
    difference(write([ANN, BOB]), write([ANN, BOB._replace(layout=(*FIELDS, b"Hidn: Y"))]), reader)

    assert {"hidn": 9} == reader.unknown


NAMES = st.integers(0, 40).map(lambda n: f"{'Üser' if n % 2 else 'user'} {n}")
RECORDS = st.builds(
    Record,
    NAMES.flatmap(lambda name: st.sampled_from([name, name.upper()])),
    st.sampled_from("LrP"),
    st.sampled_from(["", "PO2 x"]),
    st.sampled_from(["", "a", "b: c"]),
    st.sampled_from([FIELDS, FIELDS, FIELDS, (*FIELDS, b"Hidn: Y"), ("name", "addr", "locn", "cmts")]),
)
DIRECTORIES = st.lists(RECORDS, min_size=1, max_size=30, unique_by=lambda record: fold(record.name))


def spelled(rows: list[Record], style: int) -> bytes:
    """An export in one of several spellings; all records end with the same label."""
    data = write(rows)
    return [data, data, data.replace(b"\r\n", b"\n"), data.replace(b"Name:", b"NAME :"), data + b"\x1a"][style]


@given(DIRECTORIES, DIRECTORIES, st.integers(0, 4), st.integers(0, 4), st.integers(1, 60))
def test_it_is_the_difference_of_both_files_read_whole(
    old: list[Record], new: list[Record], one: int, other: int, size: int
) -> None:
    """Whatever the spelling, order and blocks of the files, dropping bytes first gives what parsing all gives."""
    before, after = spelled(old, one), spelled(new, other)
    whole = {}
    for side, data in (("old", before), ("new", after)):
        rows = [row for row in ExportReader().read(data) if isinstance(row, Found)]
        whole[side] = {fold(row.record.name): row.record for row in rows}
        assume(not _ends_oddly(data))
    gone, come = whole["old"], whole["new"]
    with patch("dxa_ccmail.runs.BLOCK", size):
        found = difference(before, after, ExportReader())

    assert {key: record for key, record in come.items() if key not in gone} == found.adds
    assert {key: record for key, record in gone.items() if key not in come} == found.deletes
    assert {key for key in gone.keys() & come.keys() if not same(gone[key], come[key])} == found.modifies.keys()
    assert all(change == (gone[key], come[key]) for key, change in found.modifies.items())
    assert not any(isinstance(row, Reject) for row in found.rejects)
    assert found.at_end <= found.deletes.keys()
    assert bool(found.offices) is any(
        record.locn == "P"
        for record in (*found.adds.values(), *found.deletes.values(), *(r for c in found.modifies.values() for r in c))
    )


def _ends_oddly(data: bytes) -> bool:
    try:
        ending.check_end(data)
    except FormatError:
        return True
    return False
