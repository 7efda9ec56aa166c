"""The Import text as an address list that is converted from and to."""

from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.host import Host
from dxa_msmail import listing

TYPES = Host().address_types()


def add(name: str, address: str, *fields: tuple[str, str]) -> Transaction:
    """Somebody new."""
    parsed = TYPES.parse(address)
    entry = Entry(TYPES.key(parsed), parsed.type, TYPES.list_of(parsed), name, parsed.value, fields)
    return Transaction(0, Verb.ADD, None, entry)


def written(*transactions: Transaction) -> tuple[str, list[Reject]]:
    """The text, and what it cannot hold."""
    pieces = list(listing.write(transactions))
    text = b"".join(piece for piece in pieces if isinstance(piece, bytes)).decode("cp850")
    return text, [piece for piece in pieces if isinstance(piece, Reject)]


def test_a_list_is_read_again() -> None:
    """Names, addresses and template values that are written are read; what says what a recipient is, is not written."""
    rows = [add("Ann Ä", "MS:LAB/PO1/ANN", ("Phone", "12")), add("Bob", "SMTP:bob@far.example", ("recipientKind", "x"))]

    text, rejects = written(*rows)

    assert [] == rejects
    found = [row._replace(raw="") for row in listing.read(text.encode("cp850"), TYPES) if isinstance(row, Transaction)]
    assert [rows[0], add("Bob", "SMTP:bob@far.example")] == found


def test_names_fit_and_are_unique_in_their_list() -> None:
    """A name of more than 30 characters is cut, and the second of its kind in one list gets a number."""
    rows = [add("A" * 40, "MS:LAB/PO1/A"), add("a" * 35, "MS:LAB/PO1/B"), add("A" * 40, "MS:LAB/PO2/A")]

    text, _ = written(*rows)

    assert ["A" * 30, "a" * 28 + " 2", "A" * 30] == [line[2:32] for line in text.splitlines()]


def test_what_ms_mail_has_no_type_for_is_refused() -> None:
    """An address of another world is a reject that names it, and the others are written."""
    text, rejects = written(add("Ann", "CCMAIL:Ann at PO1"), add("Bob", "MS:LAB/PO1/BOB"))

    assert "A Bob                            PCM:LAB/PO1/BOB\r\n" == text
    assert [("Ann CCMAIL:Ann at PO1", 16)] == [(reject.raw, reject.code) for reject in rejects]


def test_bad_lines_are_rejects_with_their_lines() -> None:
    """What cannot be read is told by line, and the rest is read."""
    found = list(listing.read(b"A Ann                            PCM:LAB/PO1/ANN\r\nX junk\r\n", TYPES))

    assert [Verb.ADD, 2] == [row.verb if isinstance(row, Transaction) else row.line for row in found]
