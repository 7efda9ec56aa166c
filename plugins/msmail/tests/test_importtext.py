import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Entry, Fields, Transaction, Verb, list_entry
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importtext import Records, Template, _Reader, read, split_lines

TYPES = AddressTypes(ADDRESS_TYPES)


def ms(name: str, address: str, fields: Fields = ()) -> Entry:
    """An entry of a postoffice."""
    return Entry(f"MS:{address.casefold()}", "MS", address.rpartition("/")[0], name, address, fields)


def rows(text: str, *, numbered: bool = False) -> list[Transaction]:
    """The transactions of a text without rejects, their raw form left out."""
    records = read(text.encode("cp850"), types=TYPES, numbered=numbered)
    assert [] == records.rejects
    return [row._replace(raw="") for row in records.transactions]


def add(entry: Entry, number: int = 0) -> Transaction:
    """The add of an entry, without its raw form."""
    return Transaction(number, Verb.ADD, None, entry)


def rejects(text: str, *, numbered: bool = False) -> list[tuple[int, int]]:
    """Line and code of each reject."""
    records = read(text.encode("cp850"), types=TYPES, numbered=numbered)
    return [(reject.line, reject.code) for reject in records.rejects]


ANN = ms("Ann", "NET/PO/ANN")


@pytest.mark.parametrize(
    "line",
    [
        "A Ann                            PCM:NET/PO/ANN",
        "A Ann                              PCM:NET/PO/ANN",  # KB Q104281 drifts to column 36
        "A  Ann                           PCM:NET/PO/ANN",  # KB Q131151 begins in column 4
        "A Ann\tPCM:NET/PO/ANN",  # KB Q96060
        "A\tAnn\t\tPCM:NET/PO/ANN",  # KB Q96001 #23
        "A Ann PCM:NET/PO/ANN",  # KB Q106623
        "A Ann\tpcm:NET/PO/ANN",  # KB Q157712
        "A Ann\tMS:NET/PO/ANN",  # KB Q151782
        "A Ann\tCSI: NET/PO/ANN  ",
        "A Ann\tNET/PO/ANN",  # KB Q140944
        "A Ann                            NET/PO/ANN",
    ],
)
def test_spellings_of_one_line(line: str) -> None:
    """KB Q96001 #23: fixed columns or tabs; readers also meet single blanks and other spellings of the type."""
    assert [add(ANN)] == rows(line)


@pytest.mark.dx("T-065")
@pytest.mark.parametrize("line", ["D Ann\tNET/PO/ANN", "D Ann                            NET/PO/ANN"])
def test_a_missing_type_is_pcm(line: str) -> None:
    """KB Q140944: the line is read and does not vanish."""
    assert [Transaction(0, Verb.DELETE, ANN, None)] == rows(line)


def test_golden_polynomial() -> None:
    """KB Q96060 LISTQ: a full export, R and adds, one name of exactly 30 characters."""
    text = (
        "000001 R PCM:POLYNOMIAL/MONTGOMERY\r\n"
        "000002 A able is he who knows his limit\tPCM:POLYNOMIAL/MONTGOMERY/able\r\n"
        "000003 A apple\tPCM:POLYNOMIAL/MONTGOMERY/apple\r\n"
    )

    assert [
        Transaction(1, Verb.REPLACE, None, list_entry("MS", "POLYNOMIAL/MONTGOMERY")),
        add(ms("able is he who knows his limit", "POLYNOMIAL/MONTGOMERY/able"), 2),
        add(ms("apple", "POLYNOMIAL/MONTGOMERY/apple"), 3),
    ] == rows(text, numbered=True)


def test_golden_foreign_reply() -> None:
    """KB Q118298 (its lost code letters put back): numbers with gaps, template lines without a number."""
    text = (
        "0000000645 A User Number 1                  PCM:NETWORK/POSTOFFICE/USER1\r\n"
        "- Phone:/(206) 635-7022\r\n"
        "- FAX:/(206) 635-7022\r\n"
        "0000000647 A User Number 2                  PCM:NETWORK/POSTOFFICE/USER2\r\n"
    )
    fields = (("Phone:", "(206) 635-7022"), ("FAX:", "(206) 635-7022"))

    assert [
        add(ms("User Number 1", "NETWORK/POSTOFFICE/USER1", fields), 645),
        add(ms("User Number 2", "NETWORK/POSTOFFICE/USER2"), 647),
    ] == rows(text, numbered=True)


def test_golden_templates() -> None:
    """KB Q118447: a template, values below their records, the slash of a prompt doubled, a blank after SNADS:."""
    text = (
        "T SNADS:SNADSGATE/SNADSDGN\n Division:~15~25~A~~\n City/ST/Zip:~15~40~A~~\n\n"
        "A Doe, John D. SNADS:SNADSGATE/SNADSDGN/JOHNDOE\n- Division:/DIVISION 1\n"
        "- City//ST//Zip:/Any City, Any State, 12345\n"
        "A Doe, Jane B. SNADS: SNADSGATE/SNADSDGN/JANEDOE\n"
    )
    records = read(text.encode(), types=TYPES)
    john, jane = (row.new for row in records.transactions)

    assert (
        Template(0, 1, "SNADS", "SNADSGATE/SNADSDGN", ("Division:~15~25~A~~", "City/ST/Zip:~15~40~A~~"))
        == records.templates[0]
    )
    assert john is not None
    assert (("Division:", "DIVISION 1"), ("City/ST/Zip:", "Any City, Any State, 12345")) == john.fields
    assert Entry("SNADS:snadsgate/snadsdgn/janedoe", "SNADS", "SNADSGATE/SNADSDGN", "Doe, Jane B.",
                 "SNADSGATE/SNADSDGN/JANEDOE") == jane  # fmt: skip
    assert [] == records.rejects


def test_golden_two_line_modify() -> None:
    """KB Q132681, Q118947: old line, new line, blank lines between them do not matter."""
    old = "M one2                           PCM:NET1/PO1/one2"
    new = "  PO1 User 2                     PCM:NET1/PO1/one2"
    text = f"{old}\r\n\r\n{new}\r\n"

    assert [Transaction(0, Verb.MODIFY, ms("one2", "NET1/PO1/one2"), ms("PO1 User 2", "NET1/PO1/one2"))] == rows(text)


@pytest.mark.dx("T-066")
def test_a_long_template_line_is_no_second_address() -> None:
    """KB Q151782, Q167247: the hyphen in column 1 counts, not the length of the line."""
    text = "M Katie Jordan\tMS:TOON/TOWN/WCOYOTE\r\n- Internal Mail Stop:/ Trey Research #86 PCM:A/B/C\r\n"
    katie = ms("Katie Jordan", "TOON/TOWN/WCOYOTE")
    new = katie._replace(fields=(("Internal Mail Stop:", "Trey Research #86 PCM:A/B/C"),))

    assert [Transaction(0, Verb.MODIFY, katie, new)] == rows(text)


@pytest.mark.dx("T-066")
def test_an_add_followed_by_its_modify() -> None:
    """KB Q167247: the entry first, its template values in a modify."""
    text = (
        "A Doe, John                      SNADS:NETWORK/POSTOFFICE/JOHND\r\n"
        "M Doe, John                      SNADS:NETWORK/POSTOFFICE/JOHND\r\n"
        "- ATTRIBUTE 1:/ATTRIBUTE DATA THAT GOES BEYOND COLUMN 32\r\n"
    )

    assert [Verb.ADD, Verb.MODIFY] == [row.verb for row in rows(text)]


@pytest.mark.dx("T-068")
@pytest.mark.parametrize("blank", ["", " "])
def test_a_modify_by_name_alone(blank: str) -> None:
    """KB Q152424: no address at all, template lines below, in the article with a blank before the hyphen."""
    text = f"M George Jones\r\n{blank}- Title:/Sales Rep\r\n{blank}- Local:/3423\r\n"
    george = Entry("", "", "", "George Jones", "")
    new = george._replace(fields=(("Title:", "Sales Rep"), ("Local:", "3423")))

    assert [Transaction(0, Verb.MODIFY, george, new)] == rows(text)


@pytest.mark.dx("T-070")
@pytest.mark.parametrize("line", ["M Ann", "M Ann\tPCM:NET/PO/ANN"])
def test_half_a_modify_has_no_effect(line: str) -> None:
    """KB Q118947, Q194819: one line without template lines is error 47."""
    assert [(1, 47)] == rejects(line)


@pytest.mark.parametrize(
    ("line", "type_", "list_"),
    [
        ("R PCM:NET/PO", "MS", "NET/PO"),
        ("R NET/PO", "MS", "NET/PO"),
        ("R\tprofs:GATE/NODE", "PROFS", "GATE/NODE"),
        ("R PROFS:", "PROFS", ""),
        ("R X400:", "X400", ""),
    ],
)
def test_replace(line: str, type_: str, list_: str) -> None:
    """KB Q96060, Q156996: one postoffice, one node, or the list of a gateway type."""
    assert [Transaction(0, Verb.REPLACE, None, list_entry(type_, list_))] == rows(line)


@pytest.mark.dx("T-092")
@pytest.mark.parametrize("end", ["\r\r\n", "\r\n", "\n", "\r", "\r\n\r\n"])
def test_line_ends(end: str) -> None:
    """KB Q159294: CR CR LF, blank lines and single line ends are accepted; lines keep their numbers."""
    records = read(f"A Ann\tPCM:NET/PO/ANN{end}x{end}\x1a".encode(), types=TYPES)

    assert [ANN] == [row.new for row in records.transactions]
    assert [3 if end == "\r\n\r\n" else 2] == [reject.line for reject in records.rejects]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("*A Ann\tPCM:NET/PO/ANN", 12),
        ("0000000001 A Ann\tPCM:NET/PO/ANN", 12),
        ("- Phone:/1", 12),
        ("  Ann\tPCM:NET/PO/ANN", 12),
        ("X Ann\tPCM:NET/PO/ANN", 13),
        ("A Ann\tNOTES:ANN", 16),
        ("A Ann NOTES:ANN", 16),
        ("A Ann\tPCM:NET", 17),
        ("A Ann", 18),
        ("A Ann\tPCM:NET/PO", 19),
        ("A Ann\tPCM:NET/PO/ABCDEFGHIJK", 20),
        ("A Ann\x01\tPCM:NET/PO/ANN", 21),
        ("AAnn\tPCM:NET/PO/ANN", 23),
        ("R-PCM:NET/PO", 23),
        ("A a name of much more than thirty characters/x", 23),
        ("T X400:", 24),
        (f"A Ann\tSMTP:{'x' * 1025}", 25),
        ("A Ann\tFAX:1~2~3", 26),
        ("R PCM:", 17),
        ("R PCM:NET", 17),
        ("R PCM:NET/PO/X", 71),
        ("R SMTP:a@b", 26),
        ("A \tPCM:NET/PO/ANN", 46),
        ("A                                PCM:NET/PO/ANN", 46),
        ("A PCM:NET/PO/ANN", 46),
        ("M\tPCM:NET/PO/ANN", 46),
        ("A Ann\t", 48),
        ("A Ann\tPCM:FAX/PO/ANN", 64),
        ("A Ann\tPCM:N+T/PO/ANN", 69),
        ("A Ann\tPCM:NET/P+/ANN", 70),
        ("A Ann\tPCM:NET/PO/A+N", 71),
        (f"A {'x' * 31}\tPCM:NET/PO/ANN", 72),
    ],
)
def test_a_bad_record_is_rejected_with_its_number(line: str, code: int) -> None:
    """KB Q96001 to Q96003: line, number of the error, and the text as it came."""
    records = read(line.encode(), types=TYPES)

    assert ([], [(1, code, line)]) == (records.transactions, [(r.line, r.code, r.raw) for r in records.rejects])


@pytest.mark.parametrize("length", [1, 29, 30])
@pytest.mark.dx("T-038")
def test_names_have_1_to_30_characters(length: int) -> None:
    """KB Q96003 #72: up to 30 in both spellings; 31 is tested above."""
    name = "x" * length

    assert [add(ms(name, "NET/PO/ANN"))] * 2 == rows(f"A {name}\tPCM:NET/PO/ANN\nA {name:<30} PCM:NET/PO/ANN")


@pytest.mark.dx("T-072")
def test_a_bad_record_never_stops_the_rest() -> None:
    """Records before and after a bad one are read; lines below a bad record belong to it."""
    text = "A Ann\tPCM:NET/PO/ANN\nA Bob\tNOTES:BOB\n- Phone:/1\nZ\nA Ann\tPCM:NET/PO/ANN\n"
    records = read(text.encode(), types=TYPES)

    assert [ANN, ANN] == [row.new for row in records.transactions]
    assert [1, 5] == records.lines
    bad = [(2, 16, "A Bob\tNOTES:BOB\r\n- Phone:/1"), (4, 13, "Z")]
    assert bad == [(reject.line, reject.code, reject.raw) for reject in records.rejects]


@pytest.mark.parametrize(
    ("type_", "line", "code"),
    [
        ("SMTP:ann@lab", "- Phone:/1", 24),
        ("PCM:NET/PO/ANN", "- Phone: 1", 22),
        ("PCM:NET/PO/ANN", "- City//ST: 1", 22),
        ("PCM:NET/PO/ANN", "- /1", 22),
        ("PCM:NET/PO/ANN", "&access=1", 82),
        ("PCM:NET/PO/ANN", " Phone:/1", 12),
        ("PCM:NET/PO/ANN", "- Phone:/1\x02", 21),
    ],
)
def test_a_bad_line_below_a_record_leaves_the_record(type_: str, line: str, code: int) -> None:
    """KB Q96001 #22, #24, Q96003 #82: the address counts, the line is rejected alone."""
    records = read(f"A Ann\t{type_}\n{line}\n- Fax:/2\n".encode(), types=TYPES)

    assert 1 == len(records.transactions)
    assert (2, code) == (records.rejects[0].line, records.rejects[0].code)


@pytest.mark.parametrize(
    ("line", "prompt", "value"),
    [
        ("- Phone:/1", "Phone:", "1"),
        ("-Phone:/1", "Phone:", "1"),
        ("- City//ST//Zip:/a/b//c", "City/ST/Zip:", "a/b//c"),
        ("- Stop:/ /usr", "Stop:", "/usr"),
        ("- a///b", "a/", "b"),
        ("- Empty:/", "Empty:", ""),
    ],
)
def test_template_data(line: str, prompt: str, value: str) -> None:
    """KB Q118447: a doubled slash belongs to the prompt, the first single one ends it."""
    assert [add(ANN._replace(fields=((prompt, value),)))] == rows(f"A Ann\tPCM:NET/PO/ANN\n{line}")


@pytest.mark.dx("T-122")
def test_256_template_fields() -> None:
    """KB Q148770: up to 256 fields, and no limit of ours."""
    lines = "".join(f"- Field {n}:/{'x' * 100}\r\n" for n in range(256))
    (row,) = rows(f"A Ann\tPCM:NET/PO/ANN\r\n{lines}")

    assert row.new is not None
    assert 256 == len(row.new.fields)


def test_template_lines_need_five_tildes() -> None:
    """KB Q87432: a template line without them is rejected alone."""
    text = "T PCM:NET/PO\n Phone:~1~2~A~~\n Fax:~1\n- Fax:/1\n"
    records = read(text.encode(), types=TYPES)

    assert [("Phone:~1~2~A~~",)] == [template.fields for template in records.templates]
    assert [(3, 21), (4, 12)] == [(reject.line, reject.code) for reject in records.rejects]


def test_comments_are_ignored() -> None:
    """KB Q99419, Q117260: lines that begin with `#`; KB Q110496: a dummy record keeps its number."""
    assert [] == rows("#04/14/94 15:25:24 | Error [ 29] Alias does not exist Fser Number 3 (3)\r\n")
    assert 12 == read(b"0000000012 # Dummy record installed by PODIAG.", types=TYPES, numbered=True).last_number


def test_code_page() -> None:
    """KB Q87432, Q118853: names are in code page 850 unless the peer has another."""
    assert [add(ms("Jörg", "NET/PO/JÖRG"))] == rows("A Jörg\tPCM:NET/PO/JÖRG")
    assert "Jörg" == read(b"A J\xf6rg\tPCM:NET/PO/X", types=TYPES, code_page="cp1252").transactions[0].new.name  # type: ignore[union-attr]


def test_a_byte_outside_the_code_page_spoils_only_its_record() -> None:
    """The record is rejected (21), with the byte spelled out; the next one is read."""
    records = read(b"A J\x81rg\tPCM:NET/PO/X\r\nA Ann\tPCM:NET/PO/ANN", types=TYPES, code_page="cp1252")

    assert [ANN] == [row.new for row in records.transactions]
    assert [(1, 21, "A J\\x81rg\tPCM:NET/PO/X")] == [(r.line, r.code, r.raw) for r in records.rejects]


@pytest.mark.dx("T-073")
@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("5 A Ann\tPCM:NET/PO/ANN", 5),
        ("5 A Ann\tPCM:NET/PO/ANN\n3 D Ann\tPCM:NET/PO/ANN", 5),
        ("5 A Ann\tPCM:NET/PO/ANN\n6 A Bob\tNOTES:BOB", 6),  # legible, only unusable
        ("5 A Ann\tPCM:NET/PO/ANN\n9999999999 @#!", 5),
        ("5 A Ann\tPCM:NET/PO/ANN\n6 A Bo", 6),
        ("5 A Ann\tPCM:NET/PO/ANN\n6 Zob", 5),
        ("", 0),
    ],
)
def test_the_last_number(text: str, last: int) -> None:
    """KB Q103421 #1645: the number of the last record that could be told for one, never one out of rubble."""
    assert last == read(text.encode(), types=TYPES, numbered=True).last_number


def test_a_numbered_text_has_a_number_on_each_record() -> None:
    """KB Q118298: a record without one could not be acknowledged."""
    assert [(2, 21)] == rejects("1 A Ann\tPCM:NET/PO/ANN\nA Ann\tPCM:NET/PO/ANN", numbered=True)
    assert [(1, 12)] == rejects("12345678901 A Ann\tPCM:NET/PO/ANN", numbered=True)


def test_lines_count_from_where_the_text_stands() -> None:
    """A section of a body tells its line in the body."""
    records = read(b"x\r\n", types=TYPES, first_line=7)

    assert [7] == [reject.line for reject in records.rejects]


def told(records: Records) -> tuple[object, ...]:
    """All that records say, however they came to be."""
    return records.lines, records.transactions, records.templates, records.rejects, records.last_number


def read_both(text: str, *, numbered: bool) -> tuple[object, object]:
    """What the reader says with and without its fast way."""
    lines = "\n".join(split_lines(text.encode("cp850", "replace")))
    both = []
    for fast in (True, False):
        reader = _Reader(TYPES, numbered)
        reader.run(lines, 1, fast=fast)
        both.append(told(reader.records()))
    return both[0], both[1]


WORDS = ["A", "D", "M", "R", "T", "-", "#", "Ann", "Müller, Jo", "PCM:", "ms:", "SMTP:", "FAX", "NET", "PO", "/", ":"]
BLANKS = [" ", "  ", "\t", " " * 25, "\xa0", "\n", "\r\r\n", "\x01"]
ADDRESSES = ["NET/PO/ANN", "NET/PO/ABCDEFGHIJK", "FAX/PO/X", "x" * 10, "²", "~", "0000000001 ", "7 "]
LINES = ["M Ann\tPCM:NET/PO/ANN\n", "  New\tPCM:NET/PO/ANN\n", "- Phone:/1\n", "A Ann\tPCM:NET/PO/A\n"]
PIECE = st.sampled_from([*WORDS, *BLANKS, *ADDRESSES, *LINES])
LINE = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["A ", "D ", "0000000001 A ", "12 D "]),
    st.text(st.characters(codec="cp850", exclude_characters="\r\n"), max_size=32),
    st.sampled_from(["\t", " ", "  ", " " * 20, "\t\t"]),
    st.sampled_from(["PCM:", "pcm:", "MS:", "CSI:", "Pcm:", ""]),
    st.sampled_from(["NET/PO/ANN", "NET/PO/JÖRG", "NET/PO/$SYSTEM", "FAX/PO/ANN", "N/P/ABCDEFGHIJK", "N/P", "N/P/A "]),
)


@given(st.lists(PIECE | LINE.map(lambda line: f"{line}\n"), max_size=30).map("".join), st.booleans())
def test_both_ways_through_the_reader_agree(text: str, numbered: bool) -> None:
    """The regular expression for ordinary lines gives what the careful reader gives, on every text."""
    fast, slow = read_both(text, numbered=numbered)

    assert slow == fast


@given(LINE, st.booleans())
def test_both_ways_agree_on_every_line(line: str, numbered: bool) -> None:
    """The same for one line near the border of the ordinary."""
    fast, slow = read_both(line, numbered=numbered)

    assert slow == fast


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    """Whatever comes, the reader ends, and every reject has a line and a code."""
    records = read(data, types=TYPES)

    assert all(reject.line and reject.code for reject in records.rejects)
    assert len(records.lines) == len(records.transactions)
