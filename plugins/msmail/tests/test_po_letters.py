"""Letters on disk: MAI, ATT and P1, the mailbags that point to them, and the digests of what was taken."""

from __future__ import annotations

import time
from datetime import datetime

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxa.errors import FormatError, TransportError
from dxa_msmail import ffapi
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import identity, layout, letters, mailbag, messages, seen
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.mailfiles import read_att, read_mai, read_p1, write_att, write_mai, write_p1

SENT = datetime(2024, 2, 29, 23, 59)
MAI, ATT, P1 = "MAI/MA2/00000062.MAI", "ATT/AT3/00000063.ATT", "P1/00000062.P1"
LETTER = Letter(
    sender="NET/PO/$SYSTEM",
    to=("HUB/ONE/$SYSTEM", "SMTP:someone@example.org"),
    time=SENT,
    subject="ReqTx R=1 (was 0), S=0, I=1 1 sent",
    body=b"[dirsync]\r\n\0\xff",
    attachments=(Attachment("REQUPDS.GLB", b"\0\1\2" * 100),),
    priority="R",
    extra=(("X-OURS", "yes"),),
)

_text = st.text(st.characters(codec="cp850", exclude_characters="\0"), max_size=20)
_letters = st.builds(
    Letter,
    sender=_text,
    to=st.lists(_text, max_size=4).map(tuple),
    time=st.datetimes(datetime(1980, 1, 1), datetime(2099, 1, 1)).map(lambda t: t.replace(second=0, microsecond=0)),
    subject=_text,
    body=st.binary(max_size=50),
    attachments=st.lists(st.builds(Attachment, _text, st.binary(max_size=50)), max_size=3).map(tuple),
    priority=_text,
    extra=st.lists(st.tuples(_text, _text), max_size=2).map(tuple),
    trace=st.lists(_text, max_size=3).map(tuple),
)


def _files(*bags: str) -> MemoryFiles:
    files = MemoryFiles({identity.CONTROL: layout.encode(identity.Control(next_letter=0x62))})
    for bag in bags or (INQUEUE, SYSTEM):
        mailbag.create(files, bag)
    return files


def _mail(files: MemoryFiles) -> list[str]:
    return sorted(name for name in files.files if name[:2] in ("MA", "AT", "P1"))


def _digests(data: bytes) -> list[tuple[str, int]]:
    return seen.taken(MemoryFiles({seen.SEEN: data}))


def _count(files: MemoryFiles, name: str = MAI) -> int:
    return int.from_bytes(files.files[name][0x0B:0x0D], "little")


# -- submitting and fetching ---------------------------------------------------------------------------------------


@given(letter=_letters)
def test_a_letter_is_fetched_as_it_was_submitted(letter: Letter) -> None:
    """All of it: texts of the code page, any bytes in body and attachments."""
    files = _files()
    stem = letters.submit(files, letter)
    assert (letter, letter.to) == (letters.fetch(files, stem), letters.envelope(files, stem))


def test_the_files_of_a_letter_are_called_after_their_number() -> None:
    """KB Q87388, Q108027: CONTROL gives the numbers in hexadecimal digits; the folder is the last digit."""
    files = _files()
    assert "00000062" == letters.submit(files, LETTER)
    assert [ATT, MAI, P1] == _mail(files)


def test_the_header_comes_last() -> None:
    """Whoever sees a header finds the letter that it names."""
    files = _files()
    letters.submit(files, LETTER)
    assert [ATT, MAI, P1, "KEY/INQUEUE.KEY", "MBG/INQUEUE.MBG"] == list(files.files)[-5:]


def test_the_header_names_the_letter() -> None:
    """Its sender is the mailbox alone, its time of arrival the one given."""
    files = _files()
    letters.submit(files, LETTER, now=1e9)
    ((slot, header),) = mailbag.headers(files, INQUEUE)
    assert (0, "00000062", "$SYSTEM", SENT, 1e9) == (slot, header.stem, header.sender, header.sent, header.arrived)


def test_an_envelope_can_name_fewer_than_the_letter() -> None:
    """The letter still says to whom it was written; somebody whom it does not name cannot be in its envelope."""
    files = _files()
    stem = letters.submit(files, LETTER, recipients=LETTER.to[1:])
    assert LETTER.to[1:] == letters.envelope(files, stem)
    with pytest.raises(ValueError, match="NET/PO/other"):
        letters.submit(files, LETTER, recipients=["NET/PO/other"])


@pytest.mark.parametrize("changed", [{"subject": "б"}, {"to": ("N/P/a\0b",)}, {"to": ("N/P/X",) * 70_000}])
def test_a_letter_that_cannot_be_stored_leaves_nothing(changed: dict[str, object]) -> None:
    """A character outside the code page, a NUL, or too many recipients: nothing is written, no number is used."""
    files = _files()
    before = dict(files.files)
    with pytest.raises(FormatError):
        letters.submit(files, attrs.evolve(LETTER, **changed))  # type: ignore[arg-type]
    assert before == files.files


def test_large_attachments_cost_no_more_than_their_bytes() -> None:
    """8 MB are stored, fetched and delivered in a fraction of what copying them byte by byte would take."""
    files = _files()
    letter = attrs.evolve(LETTER, attachments=(Attachment("TMPTRANS.GLB", bytes(8 << 20)),))
    start = time.perf_counter()
    stem = letters.submit(files, letter)
    assert letter == letters.fetch(files, stem)
    assert time.perf_counter() - start < 2


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-194", "T-244")
@pytest.mark.parametrize("name", [MAI, ATT])
@given(at=st.integers(0, 10_000), bits=st.integers(1, 255))
def test_a_changed_byte_is_noticed(name: str, at: int, bits: int) -> None:
    """Wherever it is; the error is number 40 and names the file and the offset."""
    files = _files()
    letters.submit(files, LETTER)
    data = bytearray(files.files[name])
    data[at % len(data)] ^= bits
    files.write(name, bytes(data))

    with pytest.raises(FormatError) as caught:
        letters.fetch(files, "00000062")

    assert (40, name) == (caught.value.code, caught.value.source)
    assert 0 <= caught.value.offset <= len(data)
    assert caught.value.field


@given(at=st.integers(0, 10_000), bits=st.integers(1, 255))
def test_a_changed_envelope_is_noticed(at: int, bits: int) -> None:
    """An envelope that differs from its checks names nobody."""
    files = _files()
    letters.submit(files, LETTER)
    data = bytearray(files.files[P1])
    data[at % len(data)] ^= bits
    files.write(P1, bytes(data))

    with pytest.raises(FormatError) as caught:
        letters.envelope(files, "00000062")

    assert (40, P1) == (caught.value.code, caught.value.source)


@pytest.mark.parametrize("name", [MAI, ATT])
@pytest.mark.parametrize("left", [None, 0, 10, 70])
def test_a_missing_or_cut_file_is_noticed(name: str, left: int | None) -> None:
    """A letter of which a part is gone is an error that names that part, not a shorter letter."""
    files = _files()
    letters.submit(files, LETTER)
    data = files.files.pop(name)
    if left is not None:
        files.write(name, data[:left])
    with pytest.raises(FormatError, match=name):
        letters.fetch(files, "00000062")


def test_an_attachment_of_another_letter_is_not_taken() -> None:
    """A sound file in the place of another one is noticed by the checksum in the MAI."""
    files = _files()
    letters.submit(files, LETTER)
    files.write(ATT, write_att("REQUPDS.GLB", b"other")[0])
    with pytest.raises(FormatError, match="the attachment of another letter"):
        letters.fetch(files, "00000062")


def test_microsofts_own_letters_are_refused() -> None:
    """KB Q130322: they are encrypted; one without our mark is not misread."""
    files = _files()
    letters.submit(files, LETTER)
    files.write(MAI, b"\x01" * 500)
    with pytest.raises(FormatError, match="DXA1"):
        letters.fetch(files, "00000062")


@pytest.mark.parametrize("read", [read_mai, read_att, read_p1, lambda data, name: _digests(data)])
@given(data=st.binary(max_size=300))
@example(data=layout.MARK + bytes(60))
def test_any_bytes_are_read_or_refused(read: object, data: bytes) -> None:
    """Nothing but a format error comes of bytes that nobody wrote."""
    with pytest.raises(FormatError):
        read(data, "X")  # type: ignore[operator]


@given(letter=_letters)
def test_files_are_written_as_they_were_read(letter: Letter) -> None:
    """MAI, ATT and P1 give the same bytes again."""
    files = _files()
    stem = letters.submit(files, letter)
    for name, data in files.files.items():
        match name.split("/")[0]:
            case "MAI":
                assert data == write_mai(read_mai(data, name))
            case "ATT":
                assert data == write_att(*read_att(data, name)[:2])[0]
            case "P1":
                assert data == write_p1(read_p1(data, name))
    assert letter == letters.fetch(files, stem)


# -- mailbags that point to it -------------------------------------------------------------------------------------


def test_a_letter_counts_its_mailbags() -> None:
    """KB Q104423: the WORD at offset 0x0B is the number of mailbags that still point to it."""
    files = _files("A", "B", "C")
    letters.deliver(files, LETTER, "A", "B")
    assert 2 == _count(files)
    letters.deliver(files, "00000062", "C")
    assert 3 == _count(files)
    letters.drop(files, "A", 0)
    assert 2 == _count(files)
    assert LETTER == letters.fetch(files, "00000062")


def test_with_the_last_header_go_the_files() -> None:
    """MAI, ATT and P1 are removed when no mailbag points to the letter any more."""
    files = _files()
    letters.submit(files, LETTER)
    letters.deliver(files, "00000062", SYSTEM)
    letters.drop(files, INQUEUE, 0)
    assert [ATT, MAI, P1] == _mail(files)
    letters.drop(files, SYSTEM, 0)
    assert [] == _mail(files)


def test_more_than_one_header_of_a_letter_is_one_mailbag() -> None:
    """KB Q127752: duplicate headers do not take the letter away from others who have it."""
    files = _files("A", "B")
    letters.deliver(files, LETTER, "A", "B")
    mailbag.append(files, "A", mailbag.headers(files, "A")[0][1])

    letters.drop(files, "A", 0, 1)

    assert 1 == _count(files)
    assert LETTER == letters.fetch(files, "00000062")


@pytest.mark.dx("T-205")
def test_a_full_mailbag_takes_nothing_and_changes_nothing() -> None:
    """Of several mailbags one is full: the letter goes into none, and no file or number is used."""
    files = _files("A", "B")
    files.write("MBG/B.MBG", bytes(116 * 4096))
    before = dict(files.files)

    for what in (LETTER, attrs.evolve(LETTER, attachments=())):
        with pytest.raises(TransportError, match=r"\[8\] mailbag B is full"):
            letters.deliver(files, what, "A", "B")

    assert before == files.files


def test_a_damaged_letter_can_be_deleted() -> None:
    """Its header goes; its own files stay where its head cannot be read, because others may have it."""
    files = _files()
    letters.submit(files, LETTER)
    files.write(MAI, b"\x01" * 500)
    letters.drop(files, INQUEUE, 0)
    assert ([], [ATT, MAI, P1]) == (mailbag.headers(files, INQUEUE), _mail(files))


def test_a_letter_whose_text_is_damaged_goes_with_its_last_header() -> None:
    """Its head is sound and says that nobody else has it."""
    files = _files()
    letters.submit(files, LETTER)
    files.write(MAI, files.files[MAI][:-1] + b"?")
    letters.drop(files, INQUEUE, 0)
    assert [ATT] == _mail(files)


def test_an_envelope_shrinks_and_goes() -> None:
    """KB Q85058: it holds those who are still to get the letter, and is removed when nobody is."""
    files = _files()
    stem = letters.submit(files, LETTER)
    letters.seal(files, stem, LETTER.to[:1])
    assert LETTER.to[:1] == letters.envelope(files, stem)
    letters.seal(files, stem, ())
    assert [ATT, MAI] == _mail(files)


# -- message files -------------------------------------------------------------------------------------------------


def test_a_letter_is_a_message_file_and_back() -> None:
    """Addresses of the native kind are spelled as FFAPI spells them (KB Q106623)."""
    data = messages.message_of(LETTER)
    assert b"FROM:CSI:NET/PO/$SYSTEM\r\n" in data
    assert LETTER == messages.letter_of(ffapi.parse(data), 0)


@pytest.mark.parametrize(("date", "clock"), [("", ""), ("2024-13-01", "10:00"), ("2024-01-01", "noon")])
def test_a_message_without_a_time_was_sent_now(date: str, clock: str) -> None:
    """A date that is none stops no mail."""
    message = attrs.evolve(ffapi.parse(messages.message_of(LETTER)), date=date, time=clock)
    now = datetime(2024, 5, 6, 7, 8, 9)
    assert now.replace(second=0) == messages.letter_of(message, now.timestamp()).time


def test_a_message_in_more_than_one_file_is_refused() -> None:
    """A postoffice cannot fetch what lies beside a message file."""
    message = ffapi.parse(messages.message_of(LETTER))
    with pytest.raises(FormatError, match="XATTACH"):
        messages.letter_of(attrs.evolve(message, externals=(ffapi.External("A.TXT"),)), 0)
    with pytest.raises(FormatError, match="XTEXT"):
        messages.letter_of(attrs.evolve(message, text_file="B.TXT"), 0)


@pytest.mark.dx("T-206")
def test_a_letter_that_nobody_can_use_is_kept_with_the_reason() -> None:
    """As a message file."""
    files = _files()
    stem = letters.submit(files, LETTER)
    messages.set_aside(files, "NAME", stem, "why")
    assert messages.message_of(LETTER) == files.files["DXA/BAD/NAME.MSG"]
    assert b"why\n" == files.files["DXA/BAD/NAME.WHY"]


def test_of_a_damaged_letter_its_files_are_kept() -> None:
    """Whatever is left of it, as it is."""
    files = _files()
    stem = letters.submit(files, LETTER)
    files.write(ATT, b"damaged")
    mai = files.files[MAI]
    messages.set_aside(files, "NAME", stem, "why")
    kept = {name: data for name, data in files.files.items() if name.startswith("DXA/")}
    p1 = files.files[P1]
    named = {"MAI": mai, "P1": p1, "AT0": b"damaged", "WHY": b"why\n"}
    assert {f"DXA/BAD/NAME.{suffix}": data for suffix, data in named.items()} == kept


@pytest.mark.parametrize("left", [0, 30, 70])
def test_a_damaged_letter_goes_when_its_copy_is_kept_and_nobody_has_it(left: int) -> None:
    """Its attachment, whose name nothing tells any more, too; as long as it lies in another mailbag nothing goes."""
    files = _files()
    letters.submit(files, LETTER)
    letters.submit(files, LETTER)
    letters.deliver(files, "00000062", SYSTEM)
    files.write(MAI, files.files[MAI][:left])
    others = [name for name in _mail(files) if name not in (ATT, MAI, P1)]
    (slot, *_), (there, *_) = ([at for at, _ in mailbag.headers(files, bag)] for bag in (INQUEUE, SYSTEM))
    messages.set_aside(files, "NAME", "00000062", "why")
    letters.drop(files, INQUEUE, slot)
    here = {name: files.files[name] for name in (ATT, MAI, P1)}
    messages.set_aside(files, "NAME", "00000062", "why")
    letters.drop(files, SYSTEM, there)

    assert others == _mail(files)
    assert here == {was: files.files[f"DXA/BAD/NAME.{kept}"] for was, kept in ((ATT, "AT0"), (MAI, "MAI"), (P1, "P1"))}


def test_a_damaged_letter_without_a_copy_stays() -> None:
    """Nothing is removed that is not kept elsewhere; nor is an attachment that could be another damaged letter's."""
    files = _files()
    stems = [letters.submit(files, LETTER) for _ in range(2)]
    for stem in stems:
        files.write(f"MAI/MA{stem[-1]}/{stem}.MAI", stem.encode())
    letters.drop(files, INQUEUE, 0)
    everything = _mail(files)
    messages.set_aside(files, "NAME", stems[1], "why")
    letters.drop(files, INQUEUE, 1)

    assert 6 == len(everything)
    assert [ATT, "ATT/AT5/00000065.ATT", MAI, P1] == _mail(files)


# -- digests -------------------------------------------------------------------------------------------------------


def test_what_was_taken_is_remembered() -> None:
    """A digest is known from then on, and no other."""
    files = _files()
    one, two = (letters.digest_of(LETTER, stem, "NET/PO") for stem in ("00000062", "00000063"))
    assert one not in seen.remembered(files)
    seen.remember(files, one, 1e9)
    assert {one} == seen.known(files, [one, two]) == seen.remembered(files)
    assert [(one, 10**9)] == seen.taken(files)


def test_digests_differ_in_everything_that_makes_a_letter() -> None:
    """Origin, number, recipient, texts and bytes; a name is the same in any case."""
    other = attrs.evolve(LETTER, body=b"")
    digests = [
        letters.digest_of(LETTER, "00000062", "NET/PO"),
        letters.digest_of(LETTER, "00000062", "NET/PO", "A/B/c"),
        letters.digest_of(LETTER, "00000063", "NET/PO"),
        letters.digest_of(LETTER, "00000062", "NET/PO2"),
        letters.digest_of(other, "00000062", "NET/PO"),
        letters.digest_of(attrs.evolve(LETTER, attachments=()), "00000062", "NET/PO"),
        letters.digest_of(attrs.evolve(LETTER, to=LETTER.to[:1]), "00000062", "NET/PO"),
    ]
    assert len(digests) == len(set(digests))
    assert digests[0] == letters.digest_of(LETTER, "00000062", "net/po")


def test_the_newest_digests_are_kept() -> None:
    """20,000 of them; the oldest make room, once they are a day old."""
    files = _files()
    digests = [f"{n:032x}" for n in range(seen.KEPT + 2)]
    seen.remember(files, digests[:-1], 1)
    seen.remember(files, digests[-1], seen.YOUNG)
    assert digests == [digest for digest, _ in seen.taken(files)]
    seen.remember(files, [], seen.YOUNG + 1)
    seen.remember(files, digests[-1], seen.YOUNG + 1)
    digests.append(digests[-1])
    assert digests[3:] == [digest for digest, _ in seen.taken(files)]
    assert {digests[-1]} == seen.known(files, [digests[2], digests[-1]])


def test_a_digest_across_two_records_is_none() -> None:
    """Bytes that look like a digest but are parts of two are not found."""
    files = _files()
    seen.remember(files, ["00" * 8 + "11" * 8, "22" * 16], 0x33333333)
    assert "11" * 8 + "33" * 4 + "22" * 4 not in seen.remembered(files)


@pytest.mark.dx("T-194")
@pytest.mark.parametrize(("start", "end", "new"), [(-1, None, b""), (52, None, b"x"), (51, None, b"x"), (0, 1, b"x")])
def test_damaged_digests_are_an_error(start: int, end: int | None, new: bytes) -> None:
    """State that differs from its check is not believed: cut, longer, or changed."""
    files = _files()
    seen.remember(files, "11" * 16, 1)
    data = bytearray(files.files[seen.SEEN])
    data[start:end] = new
    files.write(seen.SEEN, bytes(data))
    with pytest.raises(FormatError, match="DXA/SEEN"):
        seen.remembered(files)
