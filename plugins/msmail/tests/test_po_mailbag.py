"""Mailbags: headers, and the bitmap that says which of them are deleted."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice import layout, mailbag
from dxa_msmail.postoffice.mailbag import MOST, SYSTEM, Header, Key
from dxa_msmail.postoffice.maildata import MemoryFiles

KEY, MBG = "KEY/SYSTEM.KEY", "MBG/SYSTEM.MBG"
SENT = datetime(1993, 11, 22, 9, 30)


def _header(n: int) -> Header:
    return mailbag.header(sender="$SYSTEM", subject=f"mail {n}", sent=SENT, stem=f"{n:08X}")


def _bag(count: int = 0) -> MemoryFiles:
    files = MemoryFiles()
    mailbag.create(files, SYSTEM)
    for n in range(count):
        mailbag.append(files, SYSTEM, _header(n))
    return files


def _full() -> MemoryFiles:
    headers = (layout.encode(_header(n)) for n in range(MOST))
    return MemoryFiles({KEY: bytes(560), MBG: b"".join(headers)})


def _stems(files: MemoryFiles) -> list[int]:
    return [int(header.stem, 16) for _, header in mailbag.headers(files, SYSTEM)]


def test_the_records_have_the_documented_sizes() -> None:
    """KB Q77926: MBG files are multiples of 116 bytes, KEY files have 560."""
    assert (116, 560) == (layout.layout_of(Header).size, layout.layout_of(Key).size)


def test_a_header_lies_where_the_published_dump_has_it() -> None:
    """KB Q108027: the MAI's name is 54 bytes behind the subject; sender, subject and time as the dump shows them."""
    header = mailbag.header(sender="Admin", subject="Hello", sent=SENT, stem="00000062")

    data = layout.encode(header)

    assert b"Admin".ljust(11, b"\0") == data[2:13]
    assert b"Hello".ljust(41, b"\0") == data[13:54]
    assert [30, 9, 22, 11, 0x07C9] == [int.from_bytes(data[at : at + 2], "little") for at in range(56, 66, 2)]
    assert b"00000062\0" == data[13 + 54 : 76]


def test_a_header_takes_what_fits() -> None:
    """Sender and subject are cut to 10 and 40 characters; controls, and what code page 850 lacks, are replaced."""
    header = mailbag.header(sender="Administrator", subject="a\tб" + 50 * "c", sent=SENT, stem="00000001")

    assert ("Administra", "a ?" + 37 * "c") == (header.sender, header.subject)
    assert SENT == header.sent


def test_a_header_whose_time_is_none_has_none() -> None:
    """Zeros are no time, and nobody knows when such a mail came in."""
    empty = layout.decode(Header, bytes(116))
    assert (None, None) == (empty.sent, empty.arrived)


def test_a_header_says_when_it_came_into_the_mailbag() -> None:
    """Ours by its mark; of another program's header the time of sending is the best that is known."""
    assert SENT.timestamp() == _header(1).arrived
    assert 1e9 == _header(1).at(1e9).arrived


def test_an_empty_mailbag_is_zeros_and_nothing() -> None:
    """KB Q104279: an all-zero KEY and a zero-length MBG are an empty mailbag."""
    files = _bag()
    assert {KEY: bytes(560), MBG: b""} == files.files
    assert ([], 0) == (mailbag.headers(files, SYSTEM), mailbag.depth(files, SYSTEM))


def test_headers_are_listed_in_their_order_with_their_slots() -> None:
    """The oldest comes first."""
    assert [(0, 0), (1, 1), (2, 2)] == [(slot, int(h.stem, 16)) for slot, h in mailbag.headers(_bag(3), SYSTEM)]


def test_the_mailbag_changes_after_its_index() -> None:
    """A reader that does not know of our lock sees a header when everything before it is there."""
    assert [KEY, MBG] == list(_bag(1).files)


def test_the_bitmap_in_the_key_says_what_is_deleted() -> None:
    """KB Q77926: the MBG stays as it is."""
    files = _bag(10)
    before = files.files[MBG]

    mailbag.delete(files, SYSTEM, 0, 9)

    assert before == files.files[MBG]
    assert b"\x01\x02" == files.files[KEY][48:50]
    assert (list(range(1, 9)), 8) == (_stems(files), mailbag.depth(files, SYSTEM))


def test_the_key_counts_what_is_live() -> None:
    """New and unread are numbers of live headers, in places of our own that carry a mark."""
    files = _bag(3)
    mailbag.delete(files, SYSTEM, 1)

    key = layout.decode(Key, files.files[KEY])

    assert (2, 2, layout.MARK) == (key.new, key.unread, key.mark)


def test_counters_of_another_program_are_left_alone() -> None:
    """What Microsoft's 48 bytes mean is not published; only the bitmap is changed then."""
    files = _bag(3)
    files.write(KEY, b"\x07" * 44 + b"MSFT" + bytes(512))

    mailbag.delete(files, SYSTEM, 1)

    assert b"\x07" * 44 + b"MSFT" == files.files[KEY][:48]
    assert [0, 2] == _stems(files)


def test_unknown_bytes_of_a_header_survive() -> None:
    """A mailbag that is compacted or added to keeps every byte of the other headers."""
    strange = bytes(range(116))
    files = MemoryFiles({KEY: bytes(560), MBG: strange})

    mailbag.append(files, SYSTEM, _header(1))

    assert strange == files.files[MBG][:116]


def test_deleting_twice_is_deleting_once() -> None:
    """A slot that is deleted already, or that is none, changes nothing."""
    files = _bag(3)
    mailbag.delete(files, SYSTEM, 1)
    mailbag.delete(files, SYSTEM, 1, 77)
    assert [0, 2] == _stems(files)


def test_a_mailbag_without_live_headers_begins_anew() -> None:
    """KB Q104279: its files are those of an empty one again, and nothing that was deleted comes back with them."""
    files = _bag(3)
    mailbag.delete(files, SYSTEM, 0, 1, 2)
    assert {KEY: bytes(560), MBG: b""} == files.files
    # The order matters to readers without our lock: with an all-zero KEY all that the MBG holds is live.
    assert [MBG, KEY] == list(files.files)


def test_bits_behind_the_last_header_mean_nothing() -> None:
    """A KEY that was not reset with its MBG does not make new mail look deleted."""
    files = MemoryFiles({KEY: bytes(48) + b"\xff" * 512, MBG: b""})
    mailbag.append(files, SYSTEM, _header(5))
    assert [5] == _stems(files)


@pytest.mark.dx("T-205")
def test_a_mailbag_of_4096_messages_is_full() -> None:
    """KB Q119088, Q138054: the 4096th fits, the next is refused with the number 8, and nothing is changed."""
    files = _full()
    mailbag.delete(files, SYSTEM, 17)
    mailbag.append(files, SYSTEM, _header(5000))
    before = dict(files.files)

    with pytest.raises(TransportError, match=r"\[8\] mailbag SYSTEM is full: it has 4096 messages"):
        mailbag.append(files, SYSTEM, _header(5001))

    assert before == files.files
    assert 4096 == mailbag.depth(files, SYSTEM)


def test_places_of_deleted_headers_are_used_again() -> None:
    """When all 4096 places are used the live headers move together, and keep their order."""
    files = _full()
    mailbag.delete(files, SYSTEM, *range(0, MOST, 2))

    mailbag.append(files, SYSTEM, _header(0xFFFF))

    assert [*range(1, MOST, 2), 0xFFFF] == _stems(files)
    assert (MOST // 2 + 1) * 116 == len(files.files[MBG])


@pytest.mark.parametrize("name", [KEY, MBG])
def test_a_mailbag_without_one_of_its_files_is_named(name: str) -> None:
    """KB Q130449: 113 when something is to go in, 115 when something is to be read (KB Q138783)."""
    files = _bag(1)
    files.remove(name)

    with pytest.raises(TransportError, match=rf"\[115\].*{name} is missing"):
        mailbag.headers(files, SYSTEM)
    with pytest.raises(TransportError, match=rf"\[113\].*{name} is missing"):
        mailbag.append(files, SYSTEM, _header(1))


@pytest.mark.parametrize(
    ("name", "data", "offset"),
    [
        (KEY, bytes(559), 559),
        (KEY, bytes(1120), 560),
        (KEY, b"", 0),
        (MBG, bytes(117), 116),
        (MBG, bytes(116 * 4097), 116 * 4096),
    ],
)
def test_a_mailbag_of_a_wrong_size_is_refused(name: str, data: bytes, offset: int) -> None:
    """The documented sizes are the check; the error names the file and where it ends to be what it should be."""
    files = _bag(1)
    files.write(name, data)

    with pytest.raises(FormatError) as caught:
        mailbag.headers(files, SYSTEM)

    assert (40, name, offset) == (caught.value.code, caught.value.source, caught.value.offset)


@given(data=st.binary(min_size=116, max_size=116))
def test_every_header_is_written_as_it_was_read(data: bytes) -> None:
    """Whatever its bytes are."""
    assert data == layout.encode(layout.decode(Header, data))


@given(data=st.binary(min_size=560, max_size=560))
def test_every_index_is_written_as_it_was_read(data: bytes) -> None:
    """Whatever its bytes are."""
    assert data == layout.encode(layout.decode(Key, data))


@given(steps=st.lists(st.one_of(st.just(None), st.integers(0, 12)), max_size=40))
def test_a_mailbag_holds_what_was_put_in_and_not_deleted(steps: list[int | None]) -> None:
    """Any order of adding (None) and deleting (a place among the live ones) gives what a plain list gives."""
    files, expected = _bag(), list[int]()
    for n, step in enumerate(steps):
        if step is None:
            mailbag.append(files, SYSTEM, _header(n))
            expected.append(n)
        elif step < len(expected):
            mailbag.delete(files, SYSTEM, mailbag.headers(files, SYSTEM)[step][0])
            del expected[step]
        assert (expected, len(expected)) == (_stems(files), mailbag.depth(files, SYSTEM))
