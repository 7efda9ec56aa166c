from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dxa.address import AddressTypes
from dxa.connector import LinkContext, Outcome, Parcel, ParcelKind, PeerInfo, Result
from dxa.dirsync.messages import Reply
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.ledger.answer import Content, Step, number_steps
from dxa_msmail import dirsyncbody, ffapi, writing
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import Place, Profile, Task
from dxa_msmail.ffapi import MailMessage
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.server import MsMailServer, ServerOptions

TYPES = AddressTypes(ADDRESS_TYPES)
OWN = frozenset({("MS", "lab/po1")})


def entry(name: str, address: str, *fields: tuple[str, str]) -> Entry:
    """A line of the view, which has no key."""
    return Entry("", "MS", address.rpartition("/")[0], name, address, fields)


ANN, BOB = entry("Ann", "LAB/PO2/ANN"), entry("Bob", "LAB/PO1/BOB")
EVE = entry("Eve", "LAB/PO3/EVE", ("Phone:", "12"))


def content(*steps: Step, first: int = 101, key: str = "k") -> Content:
    """Numbered steps."""
    return number_steps(steps, first, key)


FULL = content(
    *(Step(Verb.REPLACE, None, list_entry("MS", each.list)) for each in (BOB, ANN, EVE)),
    *(Step(Verb.ADD, None, each) for each in (BOB, ANN, EVE)),
)


class World:
    """A server connector with its outbox."""

    def __init__(self, **options: Any) -> None:
        self.outbox = MemoryFolder()
        context = LinkContext(
            link="pc",
            options=ServerOptions(**options),
            folder=Path(),
            types=TYPES,
            site=("Institute", "Berlin"),
            now=lambda: 1e9,
        )
        self.server = MsMailServer(context, MemoryFolder(), self.outbox)

    def deliver(self, parcel: Parcel) -> list[Outcome]:
        return list(self.server.deliver(parcel))

    def message(self, parcel: Parcel) -> MailMessage:
        self.deliver(parcel)
        return ffapi.parse(self.outbox.read(f"{parcel.id}.msg"))


def parcel(what: Content = FULL, *, own: frozenset[tuple[str, str]] = OWN, was: int = 0, **changes: Any) -> Parcel:
    """An answer for LAB/PO1."""
    options = changes.pop("options", {})
    given: dict[str, Any] = {
        "id": "0000000106-ab",
        "peer": PeerInfo(id="pc/LAB/PO1", name="LAB/PO1", options=options),
        "kind": ParcelKind.UPDATE if was else ParcelKind.FULL,
        "to": "LAB/PO1/$SYSTEM",
        "content": what,
        "own": own,
        "reply": Reply(r=5, s=what.last(own) or 7, was=was, i=1),
    }
    return Parcel(**{**given, **changes})


def profile_of(message: MailMessage) -> Profile:
    """The profile in a message."""
    return dirsyncbody.parse_profile(message.body)


def rows_of(message: MailMessage, code_page: str = "cp850") -> list[Transaction]:
    """The transactions in a message's attachment."""
    (attachment,) = message.attachments
    return dirsyncbody.read_transactions(attachment.data, types=TYPES, code_page=code_page).transactions


def lines_of(message: MailMessage) -> list[str]:
    """The lines of a message's attachment, without the heading."""
    (attachment,) = message.attachments
    return attachment.data.decode("cp850").splitlines()[1:]


def test_a_full_answer() -> None:
    """KB Q96060, Q162841: subject, numbers and attachment of a full answer, without the peer's own lists."""
    message = World().message(parcel())
    profile = profile_of(message)

    assert "SrvTx R=5 S=106 (was 0), I=1 4 sent" == message.subject
    assert (("CSI:LAB/PO1/$SYSTEM",), "CSI:Institute/Berlin/$SYSTEM") == (message.to, message.sender)
    assert (Task.IMPORTREPLY, "PCM:LAB/PO1", Place.INATTACHMENT) == (profile.task, profile.requestor, profile.place)
    assert dirsyncbody.Numbers(req=5, srv=106, srv_was=0, imp=1, count=4) == profile.numbers
    assert ["TMPTRANS.GLB"] == [attachment.name for attachment in message.attachments]
    assert [102, 103, 105, 106] == [row.number for row in rows_of(message)]
    assert {"LAB/PO2", "LAB/PO3"} == {row.new.list for row in rows_of(message) if row.new}


def test_an_answer_with_nothing_has_no_attachment() -> None:
    """KB Q156714: the acknowledgement alone is a whole answer."""
    message = World().message(parcel(Content("empty", ()), was=6))

    assert "SrvTx R=5 S=7 (was 6), I=1 0 sent" == message.subject
    assert (Task.UPDATE, 0) == (profile_of(message).task, profile_of(message).numbers.count)
    assert () == message.attachments


def test_a_modify_says_both_lines() -> None:
    """KB Q152424: as MS Mail does, a modify names old and new, also when only the mailbox or a value changes."""
    moved = content(Step(Verb.MODIFY, ANN, entry("Ann", "LAB/PO2/ANN2")))
    (row,) = rows_of(World().message(parcel(moved, was=6)))

    assert row.old
    assert row.new
    assert ("LAB/PO2/ANN", "LAB/PO2/ANN2") == (row.old.address, row.new.address)


def test_templates_go_only_where_they_are_wanted() -> None:
    """KB Q118298: TEMPLATE=NO means without template values."""
    what = content(Step(Verb.ADD, None, EVE))
    without = rows_of(World().message(parcel(what)))
    with_ = rows_of(World().message(parcel(what, templates=True)))

    assert [(), (("Phone:", "12"),)] == [row.new.fields for row in [*without, *with_] if row.new]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "0000000105 A Ann                            PCM:LAB/PO2/ANN"),
        ({"type_case": "lower"}, "0000000105 A Ann                            pcm:LAB/PO2/ANN"),
        ({"spelling": "MS", "layout": "tabs"}, "0000000105 A Ann\tMS:LAB/PO2/ANN"),
        ({"spelling": "CSI"}, "0000000105 A Ann                            CSI:LAB/PO2/ANN"),
    ],
)
@pytest.mark.dx("T-040")
def test_a_peer_may_want_another_form(options: dict[str, str], expected: str) -> None:
    """KB Q157712: the case of types, the native type's name and the layout are as the peer's options say."""
    assert expected in lines_of(World().message(parcel(options=options)))


def test_a_peer_may_have_another_code_page() -> None:
    """Names are written in the peer's code page."""
    what = content(Step(Verb.ADD, None, entry("Jürgen", "LAB/PO2/J")))
    message = World().message(parcel(what, options={"code_page": "cp1252"}))

    assert ["Jürgen"] == [row.new.name for row in rows_of(message, "cp1252") if row.new]
    assert "Jürgen".encode("cp1252") in message.attachments[0].data


@pytest.mark.parametrize(("where", "link"), [("", "INBODY"), ("INBODY", "INATTACHMENT")])
def test_transactions_may_go_into_the_body(where: str, link: Any) -> None:
    """KB Q106623: where transactions go is said by the link, or by the peer."""
    message = World(placement=link).message(parcel(options={"placement": where}))
    profile = profile_of(message)

    assert ((), Place.INBODY) == (message.attachments, profile.place)
    assert profile.transactions
    assert 4 == len(dirsyncbody.read_transactions(profile.transactions, types=TYPES).transactions)


def test_where_answers_go() -> None:
    """KB Q118298: to the mailbox that has asked, or the one that is configured; without either to $SYSTEM."""
    asked = World().message(parcel(to="LAB/PO1/MANAGER")).to
    configured = World().message(parcel(to="LAB/PO1/MANAGER", options={"reply_mailbox": "SYNC"})).to
    unknown = World().message(parcel(to="")).to
    foreign = World().message(parcel(to="SMTP:sync@lab.example")).to

    assert ("CSI:LAB/PO1/MANAGER",) == asked
    assert ("CSI:LAB/PO1/SYNC",) == configured
    assert ("CSI:LAB/PO1/$SYSTEM",) == unknown
    assert ("SMTP:sync@lab.example",) == foreign


@pytest.mark.parametrize(("name", "end"), [("CR", b"\r"), ("LF", b"\n"), ("CRLF", b"\r\n")])
def test_the_line_end_of_headers(name: Any, end: bytes) -> None:
    """KB Q85055: headers end as FFAPI's option says."""
    world = World(line_end=name)
    world.deliver(parcel())

    assert end == ffapi.line_end(world.outbox.read("0000000106-ab.msg"))


def test_a_parcel_twice_is_a_parcel_once() -> None:
    """The same parcel delivered again is the same file."""
    world = World()
    first = world.deliver(parcel())
    data = dict(world.outbox.files)

    assert first == world.deliver(parcel())
    assert data == world.outbox.files
    assert [Outcome(result=Result.POSTED)] == first


def test_a_peers_name_never_makes_a_path() -> None:
    """A parcel's id with separators in it is a plain file in the outbox."""
    world = World()
    world.deliver(parcel(id="0000000001-../../LAB/PO1"))

    assert [True] == [set("/\\").isdisjoint(name) for name in world.outbox.names()]


def test_what_cannot_be_written_is_refused_alone() -> None:
    """A name outside the code page is refused by its key; it is never a question mark, and the numbers have no hole."""
    odd = entry("汉字", "LAB/PO2/HAN")
    world = World()
    outcomes = world.deliver(parcel(content(*(Step(Verb.ADD, None, each) for each in (ANN, odd)))))
    message = ffapi.parse(world.outbox.read("0000000106-ab.msg"))
    (attachment,) = message.attachments
    records = dirsyncbody.read_transactions(attachment.data, types=TYPES)

    assert [("", Result.POSTED), ("MS:LAB/PO2/HAN", Result.REFUSED)] == [(o.key, o.result) for o in outcomes]
    assert ([101], 102, 1) == (
        [row.number for row in records.transactions],
        records.last_number,
        profile_of(message).numbers.count,
    )
    assert b"?" not in attachment.data


def test_a_blank_name_is_refused() -> None:
    """A name that would not arrive as it is, is refused."""
    outcomes = World().deliver(parcel(content(Step(Verb.ADD, None, entry(" ", "LAB/PO2/X")))))

    assert ["MS:LAB/PO2/X"] == [outcome.key for outcome in outcomes if outcome.result is Result.REFUSED]


def test_a_content_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many peers share a content, each of its segments is encoded once for each form that they want."""
    encoded: list[int] = []

    def counting(rows: Iterable[Transaction], **form: Any) -> bytes:
        encoded.append(len(list(rows)))
        return b"".join(b"x\r\n" for _ in range(encoded[-1]))

    monkeypatch.setattr(writing.importtext, "write", counting)
    world = World()
    for number in range(50):
        for options in ({}, {"type_case": "lower"}):
            world.deliver(parcel(id=f"{number:010d}-{len(options)}", options=options))

    assert 2 * len(FULL.segments) == len(encoded)


def test_only_few_contents_are_kept() -> None:
    """What has been encoded does not pile up."""
    world = World()
    for number in range(20):
        world.deliver(parcel(content(Step(Verb.ADD, None, ANN), key=f"k{number}")))

    assert writing.KEPT == len(world.server._writer._pieces)


def test_a_letter() -> None:
    """A notice is a plain letter; what the code page lacks is spelled out, and its subject is one line of 40."""
    notice = parcel(
        kind=ParcelKind.NOTICE,
        to="MS:LAB/HQ/ADMIN",
        reply=None,
        title="dxa: LAB/PO1:\r\nSomebody “else” is not registered on this link",
        text="Ayşe\nis missing – 汉.",
    )
    message = World().message(notice)

    assert (("CSI:LAB/HQ/ADMIN",), ()) == (message.to, message.attachments)
    assert 'dxa: LAB/PO1: Somebody "else" is not reg' == message.subject
    assert b"Ayse\r\nis missing - <U+6C49>." == message.body
