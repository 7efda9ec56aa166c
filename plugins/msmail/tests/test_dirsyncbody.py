import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import FormatError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import (
    Numbers,
    Place,
    Profile,
    Task,
    is_profile,
    is_transactions,
    parse_profile,
    read_transactions,
    write_profile,
    write_transactions,
)

TYPES = AddressTypes(ADDRESS_TYPES)
ROBERT = Entry("MS:net/po/rmartin", "MS", "net/po", "Martin, Robert", "net/po/rmartin")

# KB Q118298, as the Connection Name Utility writes it.
IMPORT_REQUEST = (
    "[DIRSYNC]\r\nTASK=IMPORTREQ\r\nNAME=PCM:MACNET/MACPO\r\nTYPES=PCM|CSI|profs\r\nTEMPLATE=NO\r\n"
    "SRVSEQ=0000000644\r\nTRANSACTIONS=INATTACHMENT\r\n"
)
# KB Q106623.
EXPORT = (
    "[dirsync]\r\ntask=export\r\nreqname=PCM:net/po\r\ntransactions=inbody\r\n\r\n"
    "[dirsync-transactions]\r\n1200 A Martin, Robert PCM:net/po/rmartin\r\n"
)


def error_of(text: str) -> FormatError:
    """The error that a body raises."""
    with pytest.raises(FormatError) as caught:
        parse_profile(text.encode("cp850"))
    return caught.value


def test_golden_import_request() -> None:
    """KB Q118298: read with NAME, written with REQNAME and ten digits."""
    profile = Profile(
        task=Task.IMPORTREQ,
        requestor="PCM:MACNET/MACPO",
        types=("PCM", "CSI", "PROFS"),
        template=False,
        numbers=Numbers(srv=644),
        place=Place.INATTACHMENT,
    )

    assert profile == parse_profile(IMPORT_REQUEST.encode())
    assert IMPORT_REQUEST.replace("\r\nNAME", "\r\nREQNAME").replace("profs", "PROFS").encode() == write_profile(
        profile
    )


def test_golden_export_in_the_body() -> None:
    """KB Q106623: small letters, the transactions in a second section."""
    profile = parse_profile(EXPORT.encode())
    assert profile.transactions is not None
    records = read_transactions(profile.transactions, types=TYPES)

    assert (Task.EXPORT, "PCM:net/po", Place.INBODY) == (profile.task, profile.requestor, profile.place)
    assert [Transaction(1200, Verb.ADD, None, ROBERT)] == [row._replace(raw="") for row in records.transactions]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("text", [IMPORT_REQUEST, EXPORT])
def test_line_ends_and_a_blank_line_in_front(text: str, end: str) -> None:
    """KB Q85055, Q98209: FFAPI delivers CR, LF or CR LF, and some clients begin with a blank line."""
    got, plain = (parse_profile(body.encode()) for body in (f"\r\n{text}".replace("\r\n", end), text))

    assert plain.numbers == got.numbers
    assert (plain.task, plain.requestor, plain.types) == (got.task, got.requestor, got.types)
    assert (plain.transactions is None) == (got.transactions is None)


def test_all_keys_both_ways() -> None:
    """The canonical body has each key once, in the order of the documents, and is read as it was meant."""
    profile = Profile(
        task=Task.UPDATE,
        requestor="PCM:NET/PO",
        types=("PCM", "X400"),
        template=True,
        numbers=Numbers(5, 3, 84, 80, 1, 4),
        password="Geheim=ß",
        limit=1000,
        version="3.2",
        place=Place.INBODY,
        extra=(("Reply-By", "tomorrow"), ("", "a line")),
        transactions=b"[DIRSYNC-TRANSACTIONS]\r\n",
    )
    body = (
        "[DIRSYNC]\r\nTASK=UPDATE\r\nREQNAME=PCM:NET/PO\r\nTYPES=PCM|X400\r\nTEMPLATE=YES\r\n"
        "REQSEQ=0000000005\r\nREQWAS=0000000003\r\nSRVSEQ=0000000084\r\nSRVWAS=0000000080\r\nIMPSEQ=0000000001\r\n"
        "COUNT=0000000004\r\nPASSWORD=Geheim=ß\r\nLIMIT=1000\r\nVERSION=3.2\r\nReply-By=tomorrow\r\na line\r\n"
        "TRANSACTIONS=INBODY\r\n\r\n[DIRSYNC-TRANSACTIONS]\r\n"
    )

    assert body.encode("cp850") == write_profile(profile)
    assert profile == parse_profile(body.encode("cp850"))


def test_the_password_is_not_shown() -> None:
    """A profile may be logged; its password may not."""
    assert "Geheim" not in repr(Profile(task=Task.EXPORT, password="Geheim"))


@pytest.mark.dx("T-161")
@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("Hello", 124, 1),
        ("", 124, 1),
        ("[DIRSYNC-TRANSACTIONS]\r\n", 124, 1),
        ("[DIRSYNC]\r\nREQNAME=PCM:N/P\r\n", 155, 1),
        ("[DIRSYNC]\r\nREQNAME=PCM:N/P\r\nTASK=DANCE\r\n", 155, 3),
        ("[DIRSYNC]\r\nTASK=EXPORT\r\n", 158, 1),
        ("[DIRSYNC]\r\nTASK=EXPORT\r\nREQNAME=PCM:\r\n", 158, 3),  # KB Q99268
        ("[DIRSYNC]\r\nTASK=EXPORT\r\nREQNAME=PCM:N/P/X\r\n", 158, 3),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\r\nSRVSEQ=-1\r\n", 124, 4),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\r\nSRVSEQ=\r\n", 124, 4),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\r\nSRVSEQ=1\r\nSRVSEQ=2\r\n", 124, 5),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\r\nREQNAME=PCM:N/Q\r\n", 124, 4),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\r\nTEMPLATE=maybe\r\n", 124, 4),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\r\nTRANSACTIONS=elsewhere\r\n", 124, 4),
        ("[DIRSYNC]\r\nTASK=UPDATEREQ\r\nNAME=PCM:N/P\x00\r\n", 124, 3),
    ],
)
def test_a_bad_body_tells_number_and_line(text: str, code: int, line: int) -> None:
    """KB Q96004: format 124, task 155, requestor 158."""
    error = error_of(text)

    assert (code, line) == (error.code, error.line)


def test_a_reply_needs_no_requestor() -> None:
    """Public sources show no reply body; one without REQNAME is understood."""
    assert "" == parse_profile(b"[DIRSYNC]\r\nTASK=UPDATE\r\n").requestor


@pytest.mark.parametrize("name", ["PCM:NET/PO", "net/po", "PROFS", "snads"])
def test_requestor_names(name: str) -> None:
    """KB Q96060, Q99268: a postoffice, or a gateway by its type."""
    assert name == parse_profile(f"[DIRSYNC]\nTASK=EXPORT\nREQNAME={name}".encode()).requestor


def test_types_may_be_separated_by_commas() -> None:
    """KB Q149271 shows the same list with commas."""
    assert ("PCM", "SMTP") == parse_profile(b"[DIRSYNC]\nTASK=EXPORT\nREQNAME=N/P\nTYPES=pcm, smtp").types


@pytest.mark.parametrize("line", ["TYPES=µ|ı", "\xa0[DIRSYNC-TRANSACTIONS]", "[DIRSYNC-TRANSACTIONS\xa0", "=", "=x"])
def test_letters_and_blanks_of_the_code_page_stay_what_they_are(line: str) -> None:
    """No capital outside of it, and no blank whose loss makes a heading of a line."""
    body = f"[DIRSYNC]\r\nTASK=EXPORT\r\nREQNAME=N/P\r\n{line}\r\n".encode("cp850")
    assert body == write_profile(parse_profile(body))


def test_a_value_cannot_become_another_line() -> None:
    """A line end inside a value is refused when it is written."""
    with pytest.raises(FormatError):
        write_profile(Profile(task=Task.EXPORT, requestor="PCM:N/P", password="a\r\nTASK=UPDATE"))


@pytest.mark.dx("T-161")
@pytest.mark.parametrize(
    ("data", "code"), [(b"", 116), (b"\r\n \x1a", 116), (b"1 A Ann\tPCM:N/P/A\r\n", 124), (b"\x00" * 24, 116)]
)
def test_a_bad_attachment(data: bytes, code: int) -> None:
    """KB Q96003 #116, Q96004 #124: empty, or without its heading."""
    with pytest.raises(FormatError) as caught:
        read_transactions(data, types=TYPES)
    assert code == caught.value.code


def test_an_attachment_both_ways() -> None:
    """The heading, then numbered records; the lines count from the heading."""
    rows = [Transaction(1200, Verb.ADD, None, ROBERT), Transaction(1202, Verb.DELETE, ROBERT, None)]
    data = write_transactions(rows, layout="tabs")
    records = read_transactions(data, types=TYPES)

    assert data.startswith(b"[DIRSYNC-TRANSACTIONS]\r\n0000001200 A Martin, Robert\tPCM:net/po/rmartin\r\n")
    assert rows == [row._replace(raw="") for row in records.transactions]
    assert ([2, 3], 1202) == (records.lines, records.last_number)


def test_a_heading_alone_is_an_empty_list() -> None:
    """Nothing to send is no error."""
    assert [] == read_transactions(write_transactions([]), types=TYPES).transactions


@pytest.mark.parametrize(
    ("data", "profile", "transactions"),
    [
        (b"[dirsync]\r\n", True, False),
        (b"\r\n[DIRSYNC]", True, False),
        (b"[Dirsync-Transactions]\r\n", False, True),
        (b"[DIRSYNC] x", False, False),
        (b"", False, False),
    ],
)
def test_telling_bytes_apart(data: bytes, profile: bool, transactions: bool) -> None:
    """The first line tells a body from an attachment, in any case."""
    assert (profile, transactions) == (is_profile(data), is_transactions(data))


NUMBERS = st.none() | st.integers(min_value=0, max_value=10**10 - 1)
TEXT = st.text(st.characters(codec="cp850", exclude_categories=["Cc"]), max_size=20).map(str.strip)
WORD = st.text("xyz", min_size=1, max_size=4)
PROFILES = st.builds(
    Profile,
    task=st.sampled_from(Task),
    requestor=st.sampled_from(["PCM:NET/PO", "PROFS", "N/P"]),
    types=st.lists(st.sampled_from(["PCM", "X400"]), max_size=3).map(tuple),
    template=st.none() | st.booleans(),
    numbers=st.builds(Numbers, *[NUMBERS] * 6),
    password=st.none() | TEXT,
    limit=NUMBERS,
    version=st.none() | TEXT,
    place=st.none() | st.sampled_from(Place),
    extra=st.lists(st.tuples(WORD, TEXT), max_size=3).map(tuple),
    transactions=st.none() | st.binary(max_size=20).map(lambda rest: b"[dirsync-transactions]\r\n" + rest),
)


@given(PROFILES)
def test_round_trip(profile: Profile) -> None:
    """What is written is read back, whatever the transactions are."""
    data = write_profile(profile)

    assert profile == parse_profile(data)
    assert data == write_profile(parse_profile(data))
