from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.connector import LinkContext, PeerInfo, Report
from dxa.dirsync.messages import Request
from dxa.entry import Transaction, Verb
from dxa.errors import AddressError
from dxa_msmail import dirsyncbody, ffapi
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.envelope import CHECK, check_of, mail_address
from dxa_msmail.ffapi import Attachment, External, MailMessage
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.server import MsMailServer, PeerOptions, ServerOptions, check_peer, open_server, shadow, site_lists

TYPES = AddressTypes(ADDRESS_TYPES)
SITE = ("Institute", "Berlin")
ROWS = ("R PCM:LAB/PO1", "A Ann\tPCM:LAB/PO1/ANN", "A Bob\tPCM:LAB/PO1/BOB")


def section(*rows: str, first: int = 1) -> bytes:
    """Transactions as an attachment holds them, numbered without holes."""
    lines = [f"{number:010d} {row}" for number, row in enumerate(rows, first)]
    return "\r\n".join(["[DIRSYNC-TRANSACTIONS]", *lines, ""]).encode("cp850")


def body(**keys: object) -> bytes:
    """A profile with these keys; what is None is left out."""
    given = {"TASK": "UPDATEREQ", "REQNAME": "PCM:LAB/PO1", **keys}
    rows = [f"{key}={value}" for key, value in given.items() if value is not None]
    return "\r\n".join(["[DIRSYNC]", *rows, ""]).encode("cp850")


def mail(text: bytes = b"", *attachments: bytes, **changes: Any) -> bytes:
    """A message file from LAB/PO1 to the site."""
    message = MailMessage(
        to=("CSI:INSTITUTE/BERLIN/$SYSTEM",),
        sender="CSI:LAB/PO1/$SYSTEM",
        subject="ReqTx",
        body=text,
        attachments=tuple(Attachment("REQUPDS.GLB", data) for data in attachments),
    )
    return ffapi.write(attrs.evolve(message, **changes))


@attrs.define
class World:
    """A server connector and its folders."""

    options: ServerOptions = attrs.field(factory=ServerOptions)
    peers: Mapping[str, PeerInfo] = attrs.field(factory=dict)
    now: Callable[[], float] = lambda: 1e9
    inbox: MemoryFolder = attrs.field(factory=MemoryFolder)
    outbox: MemoryFolder = attrs.field(factory=MemoryFolder)

    def open(self) -> MsMailServer:
        context = LinkContext(
            link="pc", options=self.options, folder=Path(), types=TYPES, site=SITE, peers=self.peers, now=self.now
        )
        return MsMailServer(context, self.inbox, self.outbox)

    def hear(self, *files: bytes) -> list[Report]:
        for number, data in enumerate(files, 1):
            self.inbox.write(f"m{number}.msg", data)
        return list(self.open().collect({}))


def hear(*files: bytes) -> list[Report]:
    """What a server reports of these files."""
    return World().hear(*files)


def only(*files: bytes) -> Report:
    """The one report of these files."""
    (report,) = hear(*files)
    return report


# -- requests ------------------------------------------------------------------------------------------------------


def test_a_request_with_transactions() -> None:
    """An update request is told with its sender, where the answer goes, its numbers and its transactions."""
    keys = {"PASSWORD": "secret", "TYPES": "PCM|profs|CSI|PIGEON", "TEMPLATE": "YES", "LIMIT": 5000, "IMPSEQ": 1}
    numbers = {"REQSEQ": 3, "REQWAS": 0, "SRVSEQ": 80, "COUNT": 3}
    report = only(mail(body(**keys, **numbers), section(*ROWS)))

    assert ("LAB/PO1", "LAB/PO1/$SYSTEM", "LAB/PO1/$SYSTEM", "secret") == (
        report.sender,
        report.origin,
        report.reply_to,
        report.password,
    )
    assert Request(r=3, was=0, s=80, i=1, last=3, replaces=True) == report.request
    assert (frozenset({"MS", "PROFS"}), True, 5000) == (report.types, report.templates, report.limit)
    assert [Verb.REPLACE, Verb.ADD, Verb.ADD] == [row.verb for row in report.transactions]
    assert ("m1.msg", True, None) == (report.receipt, report.complete, report.fault)


def test_a_request_of_our_own_kind_is_strict() -> None:
    """VERSION says whether the requestor follows this project's rules."""
    strict = only(mail(body(VERSION="dxa-1", SRVSEQ=5, REQSEQ=0, REQWAS=0)))
    other = only(mail(body(VERSION="3.5", SRVSEQ=5, REQSEQ=0, REQWAS=0)))

    assert Request(r=0, was=0, s=5, i=0, strict=True) == strict.request
    assert Request(r=0, was=0, s=5, i=0) == other.request


def test_an_import_request() -> None:
    """KB Q118298: TASK=IMPORTREQ asks for everything; NAME means the same as REQNAME."""
    text = (
        b"[dirsync]\r\nTASK=IMPORTREQ\r\nNAME=PCM:MACNET/MACPO\r\nTYPES=PCM|CSI\r\nTEMPLATE=NO\r\nSRVSEQ=0000000644\r\n"
    )
    message = mail(text, sender="MACNET/MACPO/MANAGER", subject="Directory Exchange Profile")
    report = only(message)

    assert Request(r=0, was=0, s=644, i=0, imports=True, counted=False) == report.request
    assert ("MACNET/MACPO", "MACNET/MACPO/MANAGER") == (report.sender, report.reply_to)


def test_transactions_in_the_body() -> None:
    """KB Q106623: transactions may stand in the body."""
    report = only(mail(body(REQSEQ=3, REQWAS=0, SRVSEQ=1) + b"\r\n" + section(*ROWS)))

    assert 3 == len(report.transactions)


def test_numbers_of_a_foreign_requestor_come_from_its_transactions() -> None:
    """Without numbers in the message R is the last transaction's number, and `was` the one before the first."""
    text = b"[dirsync]\r\ntask=updatereq\r\nreqname=PCM:LAB/PO1\r\nsrvseq=7\r\n"
    report = only(mail(text, section(*ROWS[1:], first=41), subject="hello"))

    assert Request(r=42, was=40, s=7, i=0, last=42, counted=False) == report.request


def test_numbers_missing_in_the_body_come_from_the_subject() -> None:
    """A body without numbers is completed from the subject, which never overrules it."""
    report = only(mail(body(SRVSEQ=81), section(*ROWS), subject="ReqTx R=3 (was 0), S=80, I=2 3 sent"))

    assert Request(r=3, was=0, s=81, i=2, last=3, replaces=True) == report.request


def test_an_export_is_a_list_without_a_request() -> None:
    """KB Q106623: TASK=EXPORT sends names and asks for nothing; with a replace it covers the sender's own list."""
    report = only(mail(body(TASK="EXPORT"), section(*ROWS)))

    assert None is report.request
    assert frozenset({("MS", "lab/po1")}) == report.lists


def test_an_export_without_a_replace_is_changes() -> None:
    """KB Q156996: only an R record makes a list full, so names that an export does not repeat are not deleted."""
    report = only(mail(body(TASK="EXPORT"), section("A Martin, Robert PCM:LAB/PO1/rmartin", first=1200)))

    assert (frozenset(), 1) == (report.lists, len(report.transactions))


def test_a_replace_of_another_list_does_not_replace_the_own() -> None:
    """KB Q156996: only R for its own NET/PO makes a requestor's list full."""
    report = only(mail(body(REQSEQ=1, REQWAS=0, SRVSEQ=1), section("R PCM:LAB/PO2")))

    assert report.request
    assert not report.request.replaces


def test_a_gateway_is_known_by_its_type() -> None:
    """KB Q99268: gateways register by their type and own its lists."""
    rows = section("R PROFS:GATE/NODE", "A Ann\tPROFS:GATE/NODE/ANN")
    report = only(mail(body(REQNAME="PROFS", REQSEQ=2, REQWAS=0, SRVSEQ=0), rows))

    assert "PROFS" == report.sender
    assert report.request
    assert report.request.replaces


def test_the_code_page_of_a_peer() -> None:
    """Transactions are read in the code page that is configured for their sender."""
    peers = {"lab/po1": PeerInfo(id="pc/LAB/PO1", name="LAB/PO1", options={"code_page": "cp1252"})}
    rows = "[DIRSYNC-TRANSACTIONS]\r\n0000000001 A Jürgen\tPCM:LAB/PO1/J\r\n".encode("cp1252")
    (report,) = World(peers=peers).hear(mail(body(REQSEQ=1, REQWAS=0), rows))

    assert ["Jürgen"] == [row.new.name for row in report.transactions if row.new]


# -- whether all of it is there ------------------------------------------------------------------------------------


def judged(rows: bytes, **keys: object) -> tuple[Request | None, list[int]]:
    """The request of a message with these transactions, and the numbers of those that count."""
    report = only(mail(body(**keys), rows))
    return report.request, [row.number for row in report.transactions]


def test_what_ends_before_the_announced_number_is_incomplete() -> None:
    """An attachment is complete only when its last number is the one that the body announces."""
    expected = Request(r=4, was=0, s=0, i=0, last=3, complete=False)

    assert (expected, [1, 2, 3]) == judged(section(*ROWS), REQSEQ=4, REQWAS=0)


def test_a_hole_counts_up_to_it() -> None:
    """A requestor of this project numbers without holes: of its message everything before a hole counts."""
    rows = section(*ROWS).replace(b"0000000002 A Ann\tPCM:LAB/PO1/ANN\r\n", b"")
    expected = Request(r=3, was=0, s=0, i=0, last=1, complete=False, strict=True)

    assert (expected, [1]) == judged(rows, REQSEQ=3, REQWAS=0, COUNT=3, VERSION="dxa-1")


def test_a_hole_whose_place_is_unknown_lets_nothing_count() -> None:
    """Of a foreign requestor's message from which records are missing nothing is acknowledged, so all comes again."""
    rows = section(*ROWS).replace(b"0000000002 A Ann\tPCM:LAB/PO1/ANN\r\n", b"")
    expected = Request(r=3, was=0, s=0, i=0, last=0, complete=False)

    assert (expected, []) == judged(rows, REQSEQ=3, REQWAS=0, COUNT=3)


def test_more_records_than_announced_are_incomplete() -> None:
    """A count that does not fit makes a message incomplete, so that no replace in it removes anything."""
    request, numbers = judged(section(*ROWS), REQSEQ=3, REQWAS=0, COUNT=2)

    assert Request(r=3, was=0, s=0, i=0, last=3, complete=False) == request
    assert [1, 2, 3] == numbers


def test_numbers_with_holes_are_legal() -> None:
    """KB Q118298: numbers of others need not be consecutive."""
    rows = b"[DIRSYNC-TRANSACTIONS]\r\n645 A Ann\tPCM:LAB/PO1/ANN\r\n647 A Bob\tPCM:LAB/PO1/BOB\r\n"
    expected = Request(r=647, was=644, s=0, i=0, last=647)

    assert (expected, [645, 647]) == judged(rows, REQSEQ=647, REQWAS=644, COUNT=2)


@pytest.mark.dx("T-072")
def test_a_bad_record_is_rejected_alone() -> None:
    """One record that cannot be used is kept with its number and line; the others count, and so does their end."""
    report = only(mail(body(REQSEQ=3, REQWAS=0, COUNT=3), section(ROWS[0], "A Bad\tNOPE:x", ROWS[2])))

    assert [(2, 3, 16)] == [(r.number, r.line, r.code) for r in report.rejects]
    assert report.complete


@pytest.mark.dx("T-092")
def test_blank_lines_and_doubled_line_ends_are_accepted() -> None:
    """KB Q159294: extra CR and LF between transactions change nothing."""
    rows = section(*ROWS)
    for spoiled in (rows.replace(b"\r\n", b"\r\r\n"), rows.replace(b"\r\n", b"\r\n\r\n")):
        report = only(mail(body(REQSEQ=3, REQWAS=0, COUNT=3), spoiled))

        assert (3, True) == (len(report.transactions), report.complete)


@pytest.mark.dx("T-180")
def test_damaged_transactions_do_not_count() -> None:
    """KB Q236900: where the sender gives a check, transactions that do not match it are not believed."""
    rows = section(*ROWS)
    good = only(mail(body(REQSEQ=3, REQWAS=0, COUNT=3, **{CHECK: check_of(rows)}), rows))
    bad = only(mail(body(REQSEQ=3, REQWAS=0, COUNT=3, **{CHECK: check_of(rows)}), rows.replace(b"Ann", b"Anm")))

    assert good.complete
    assert (False, 0, [124]) == (bad.complete, len(bad.transactions), [r.code for r in bad.rejects])


def test_bytes_behind_the_end_make_transactions_doubtful() -> None:
    """A size that is too small would cut the last record, so nothing in such a message counts."""
    report = only(mail(body(REQSEQ=3, REQWAS=0), section(*ROWS)) + b"ANN2\r\n")

    assert (False, 0) == (report.complete, len(report.transactions))


# -- messages that cannot be used ------------------------------------------------------------------------------------


def fault(*arguments: Any, **changes: Any) -> tuple[int, str]:
    """The number and the reason of a message that cannot be used."""
    report = only(mail(*arguments, **changes))
    assert report.fault is not None
    return report.fault.code, report.fault.reason


@pytest.mark.dx("T-161")
def test_a_missing_or_empty_attachment() -> None:
    """KB Q96004: announced transactions that are missing or empty are error 116."""
    assert 116 == fault(body(REQSEQ=3, REQWAS=0, COUNT=3))[0]
    assert 116 == fault(body(REQSEQ=3, REQWAS=0, COUNT=3), b"")[0]
    assert 116 == fault(body(TASK="EXPORT"))[0]


@pytest.mark.dx("T-161")
def test_an_attachment_without_its_heading() -> None:
    """KB Q96004: transactions that do not begin with [DIRSYNC-TRANSACTIONS] are error 124."""
    assert 124 == fault(body(REQSEQ=3, REQWAS=0, COUNT=3), b"0000000001 R PCM:LAB/PO1\r\n")[0]


@pytest.mark.dx("T-161")
def test_an_unknown_task() -> None:
    """KB Q96004: an unknown TASK is error 155."""
    assert 155 == fault(body(TASK="FROLIC"))[0]


def test_a_body_without_its_heading() -> None:
    """KB Q96004: a request whose body does not begin with [DIRSYNC] is error 124."""
    assert 124 == fault(b"TASK=UPDATEREQ\r\n")[0]


@pytest.mark.dx("T-162")
@pytest.mark.parametrize(("keyword", "code"), [("TASK", 155), ("REQNAME", 158)])
def test_a_missing_keyword_is_named(keyword: str, code: int) -> None:
    """KB Q201122: whoever reads the report learns which keyword is missing."""
    assert (code, f"the keyword {keyword}= is missing or empty") == fault(body(**{keyword: None}))


def test_a_body_or_attachment_beside_the_message() -> None:
    """Files beside the message are not opened, whatever their names; that is error 125."""
    assert 125 == fault(b"", text_file="BODY.TXT")[0]
    assert 125 == fault(body(REQSEQ=3, REQWAS=0, COUNT=3), externals=(External("X.GLB"),))[0]


def test_a_broken_request_is_of_its_claimed_sender() -> None:
    """A body that names its requestor keeps that name; of one that does not the sender's address counts."""
    named = only(mail(body(REQNAME="PCM:LAB/PO2", REQSEQ=3, REQWAS=0, COUNT=3), sender="LAB/PO1/$SYSTEM"))
    nameless = only(mail(body(TASK="FROLIC", REQNAME="PCM:LAB/PO2"), sender="LAB/PO1/$SYSTEM"))

    assert ("LAB/PO2", "LAB/PO1") == (named.sender, nameless.sender)


@pytest.mark.dx("T-172")
@pytest.mark.parametrize("date", ["", "9/9/1999", "1999-13-45", "never"])
def test_a_strange_date_harms_nothing(date: str) -> None:
    """KB Q272535: dates and times of messages are not needed, so none of them can spoil a message."""
    report = only(mail(body(REQSEQ=3, REQWAS=0, COUNT=3), section(*ROWS), date=date, time="25:61:99.123"))

    assert (None, 3) == (report.fault, len(report.transactions))


@pytest.mark.dx("T-172")
def test_a_number_that_is_none() -> None:
    """A number that cannot be read is a fault with the keyword's name, not the end of the run."""
    code, reason = fault(body(REQSEQ="12.5"))

    assert 124 == code
    assert reason.startswith("REQSEQ")


def test_a_file_that_is_no_message_is_reported_and_kept(tmp_path: Path) -> None:
    """A file that nobody can decode is reported like any other message, and parked when it has been taken."""
    world = World()
    reports = world.hear(b"\x00\x01\x02 rubbish", mail(body(REQSEQ=0, REQWAS=0)))
    server = world.open()
    (bad, _good) = server.collect({})
    server.settle([bad.receipt])

    assert (["", "LAB/PO1"], [True, False]) == ([r.sender for r in reports], [r.fault is not None for r in reports])
    assert ["m1.msg"] == list(world.inbox.parked)


def test_a_file_that_still_grows_is_left_alone(tmp_path: Path) -> None:
    """A file that is new and ends too early may still be written by somebody; later it is a fault."""
    whole = mail(body(REQSEQ=3, REQWAS=0, COUNT=3), section(*ROWS))
    options = ServerOptions(inbox=str(tmp_path))
    (tmp_path / "m.msg").write_bytes(whole[:-5])
    written = (tmp_path / "m.msg").stat().st_mtime
    clock = iter([written + 1, written + 60])
    context = LinkContext(link="pc", options=options, folder=tmp_path, types=TYPES, site=SITE, now=clock.__next__)
    server = open_server(context)

    assert [] == list(server.collect({}))
    assert [True] == [report.fault is not None for report in server.collect({})]


# -- messages that are no requests -----------------------------------------------------------------------------------


@pytest.mark.dx("T-154")
def test_an_answer_at_a_server_is_a_wrong_way_message() -> None:
    """KB Q108844: a SrvTx that comes to a server is error 133, and is not answered."""
    by_body = only(mail(body(TASK="UPDATE"), subject="whatever"))
    by_subject = only(mail(b"?", subject="SrvTx R=3 S=98 (was 0), I=2 15603 sen"))

    assert [133, 133] == [report.fault.code for report in (by_body, by_subject) if report.fault]
    assert ["", ""] == [by_body.reply_to, by_subject.reply_to]


@pytest.mark.dx("T-156")
@pytest.mark.parametrize("log", [b"", b"\xff\x00\x01\x7f" * 9, b"11/22/26 05:10:39 | 1 171\r\n"])
def test_a_status_report_is_only_noted(log: bytes) -> None:
    """KB Q125918: a status report is kept whatever is in it; none can do harm."""
    report = only(mail(b"", log, subject="Status report from LAB/PO1"))

    assert ("LAB/PO1", None, None) == (report.sender, report.fault, report.request)
    assert report.note
    assert report.note.isprintable() or "\n" in report.note


def test_a_status_report_with_a_body() -> None:
    """TASK=STATUS is a status report, whose text is the log that is attached."""
    report = only(mail(body(TASK="STATUS"), b"11/22/26 05:10:39 | 1 171\r\n"))

    assert "11/22/26 05:10:39 | 1 171" == report.note


@pytest.mark.dx("T-158")
@pytest.mark.parametrize(
    "subject",
    [
        "Undeliverable: SrvTx R=3 S=98 (was 0), I=2 1 sent",
        "NDR: SrvTx R=3",
        "Registered: SrvTx R=3",
        "Read: SrvTx R=3",
        "Not read: dxa: LAB/PO1",
        "Out of Office AutoReply: dxa: LAB/PO1",
        "Automatic reply: dxa",
    ],
)
def test_what_programs_write_by_themselves_is_never_answered(subject: str) -> None:
    """KB Q159295: reports, receipts and out-of-office replies are noted, and there is nobody to answer to."""
    report = only(mail(body(REQSEQ=3, REQWAS=0, COUNT=3), subject=subject))

    assert ("", None, None) == (report.reply_to, report.fault, report.request)
    assert report.ignored


@pytest.mark.dx("T-158")
def test_letters_are_never_answered() -> None:
    """A letter, the copy for an administrator among them, is noted and not answered."""
    report = only(mail(b"Dear administrator,\r\n", subject="dxa: LAB/PO1: not registered"))

    assert ("", "an ordinary letter: dxa: LAB/PO1: not registered") == (report.reply_to, report.ignored)


def test_our_own_messages_are_ignored() -> None:
    """What comes back to its sender is not taken for a request."""
    report = only(mail(body(REQNAME="PCM:INSTITUTE/BERLIN"), sender="CSI:Institute/Berlin/$SYSTEM"))

    assert ("", "it comes from ourselves") == (report.reply_to, report.ignored)


@pytest.mark.dx("T-108")
def test_address_list_messages_are_ignored_with_a_reason() -> None:
    """KB Q147602: External-Admin, Export to *SPECIAL would mix a full list into the stream."""
    to = only(mail(b"A Ann PCM:LAB/PO1/ANN", to=("INSTITUTE/BERLIN/*SPECIAL",), subject="Address list"))
    sender = only(mail(body(TASK="EXPORT"), section(*ROWS), sender="LAB/PO1/$SPECIAL"))

    assert [("", 0), ("", 0)] == [(report.reply_to, len(report.transactions)) for report in (to, sender)]
    assert "exported user lists are not supported here [25]" in to.ignored
    assert to.ignored == sender.ignored


# -- whom it is for --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "INSTITUTE/BERLIN/$SYSTEM",
        "csi:institute/berlin/$system",
        "MS:Institute/Berlin/SYSTEM1",
        "PCM:INSTITUTE/BERLIN/SYSTEM",
    ],
)
def test_mail_for_the_system_mailboxes_is_ours(to: str) -> None:
    """KB Q150828: $SYSTEM and SYSTEMn, in any case and with any native type."""
    assert 1 == len(hear(mail(body(REQSEQ=0, REQWAS=0), to=(to,))))


@pytest.mark.dx("T-164")
@pytest.mark.parametrize(
    "to",
    [
        "INSTITUTE/BERLI/$SYSTEM",
        "INSTITUTE/BERLIN2/$SYSTEM",
        "INSTITUT/BERLIN/$SYSTEM",
        "INSTITUTE/BERLIN/ADMIN",
        "INSTITUTE/BERLIN/SYSTEMS",
        "SMTP:a@b",
    ],
)
def test_mail_for_others_is_left_alone(to: str) -> None:
    """KB Q162841: names are compared as a whole; what is not ours stays where it lies."""
    world = World()

    assert [] == world.hear(mail(body(REQSEQ=0, REQWAS=0), to=(to,)))
    assert ["m1.msg"] == world.inbox.names()


@pytest.mark.dx("T-150", "T-152")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CSI:LAB/PO1/$SYSTEM", ("LAB/PO1", "$SYSTEM")),
        ("lab/po1/system2", ("lab/po1", "system2")),
        ("SMTP:sync@lab.example", ("", "SMTP:sync@lab.example")),
        ("LAB/PO1", ("", "LAB/PO1")),
        ("LAB//X", ("", "LAB//X")),
    ],
)
def test_senders_are_matched_on_network_and_postoffice(text: str, expected: tuple[str, str]) -> None:
    """KB Q147084: an address is its NET/PO and a mailbox, or a foreign one as a whole; it never has to be looked up."""
    assert expected == mail_address(text)


def test_several_messages_in_a_file() -> None:
    """KB Q87223: a file may hold several messages; only the last report of it lets it go."""
    one, two = mail(body(REQSEQ=0, REQWAS=0)), mail(body(REQNAME="PCM:LAB/PO2", REQSEQ=0, REQWAS=0))
    reports = hear(one + two)

    assert [("LAB/PO1", ""), ("LAB/PO2", "m1.msg")] == [(report.sender, report.receipt) for report in reports]


def test_a_file_with_mail_for_others_is_kept() -> None:
    """When one file holds our mail and that of others, it is parked after ours has been taken."""
    world = World()
    world.inbox.write("m.msg", mail(body(REQSEQ=0, REQWAS=0)) + mail(b"hello", to=("INSTITUTE/BERLIN/ANN",)))
    server = world.open()
    server.settle([report.receipt for report in server.collect({})])

    assert ["m.msg"] == list(world.inbox.parked)


# -- collecting ------------------------------------------------------------------------------------------------------


def test_collecting_removes_nothing() -> None:
    """What has been collected is there again until it is settled; settling can be repeated."""
    world = World()
    first = world.hear(mail(body(REQSEQ=0, REQWAS=0)))
    server = world.open()

    assert first == list(server.collect({}))

    server.settle([first[0].receipt])
    server.settle([first[0].receipt, "", "../elsewhere"])

    assert [] == list(server.collect({}))


@pytest.mark.dx("T-174")
def test_no_message_is_missed() -> None:
    """KB Q199176: a request that arrives while others are collected is there in the next run."""
    world = World()
    world.hear(mail(body(REQSEQ=0, REQWAS=0)))
    server = world.open()
    reports = server.collect({})
    first = next(reports)
    world.inbox.write("m2.msg", mail(body(REQNAME="PCM:LAB/PO2", REQSEQ=0, REQWAS=0)))
    rest = list(reports)
    server.settle([first.receipt])

    assert [] == rest
    assert ["LAB/PO2"] == [report.sender for report in server.collect({})]


@pytest.mark.dx("T-177", "T-196")
def test_locked_files_are_one_report_and_wait() -> None:
    """KB Q242232: files that cannot be read now are told of once per run, stay, and hold up nothing else."""
    world = World()
    world.inbox.locked = {"m1.msg", "m2.msg"}
    requests = [mail(body(REQNAME=f"PCM:LAB/PO{n}", REQSEQ=0, REQWAS=0)) for n in (1, 2, 3)]
    reports = world.hear(*requests)
    world.open().settle([report.receipt for report in reports])
    told = [report.fault.reason for report in reports if report.fault]
    world.inbox.locked = set()

    assert ["LAB/PO3", ""] == [report.sender for report in reports]
    assert [True] == ["m1.msg" in reason and "m2.msg" in reason for reason in told]
    assert ["LAB/PO1", "LAB/PO2"] == [report.sender for report in world.open().collect({})]


def test_a_file_that_vanishes_is_nobodys_business() -> None:
    """A file that somebody takes away between listing and reading is no fault."""

    class Vanishing(MemoryFolder):
        def read(self, name: str) -> bytes:
            self.remove(name)
            return super().read(name)

    world = World(inbox=Vanishing())

    assert [] == world.hear(mail(body(REQSEQ=0, REQWAS=0)))


@pytest.mark.dx("T-157", "T-206")
def test_nothing_stops_a_batch() -> None:
    """Whatever lies in the folder, what can be used is used."""
    bad = [
        b"",
        b"VERSION:3.00\r\n",
        b"\r\n" * 50,
        mail(b"[DIRSYNC]\r\n"),
        mail(body(TASK="X")),
        b"TO:\x00\r\nTEXT:9999999999\r\n",
    ]
    reports = hear(*bad, mail(body(REQSEQ=3, REQWAS=0, COUNT=3), section(*ROWS)))

    assert 3 == len(reports[-1].transactions)
    assert all(report.fault for report in reports[:-1])


def test_the_message_that_the_documentation_prints() -> None:
    """Whoever writes a requestor after docs/protocol.md is heard."""
    page = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text("utf-8")
    text = page.partition("```text\n")[2].partition("```")[0]
    report = only(text.replace("LAB/HQ", "INSTITUTE/BERLIN").replace("\n", "\r\n").encode("cp850"))

    assert ("EAST/PO1", "secret", True, None) == (report.sender, report.password, report.complete, report.fault)
    assert Request(r=3, was=0, s=0, i=1, last=3, replaces=True) == report.request
    assert ["", "Smith, Jane", "Doe, John"] == [row.new.name for row in report.transactions if row.new]


# -- options ---------------------------------------------------------------------------------------------------------


def test_the_shadow_postoffice_is_made_from_the_sites_names() -> None:
    """Q96003, Q193842: at most ten letters and digits, without accents where there is no choice."""
    assert "Institutfu/BerlinMitt" == shadow(("Institut für Physik", "Berlin-Mitte"))
    assert "NET/PO" == shadow(("Institut für Physik", "Berlin-Mitte"), "NET", "PO")
    assert frozenset({("MS", "institute/berlin")}) == site_lists(SITE, ServerOptions())


@pytest.mark.parametrize("name", ["NORTH", "NORTH/", "A/B/C", "NORTH/TOOLONGNAME", "../../x", "A/B\n", "SMTP/A", ""])
def test_what_no_requestor_can_be_called(name: str) -> None:
    """A peer is a NET/PO, or a gateway's address type: a mistyped one would never be heard."""
    with pytest.raises(AddressError):
        check_peer(name)
    for good in ("NORTH/MAIN", "north/main", "PROFS"):
        check_peer(good)


@pytest.mark.parametrize("site", [("SMTP", "Berlin"), ("Vmgate", "Berlin"), ("---", "Berlin")])
def test_a_reserved_network_is_refused(site: tuple[str, str]) -> None:
    """KB Q175978: names of gateways cannot be a network (error 64)."""
    with pytest.raises(AddressError):
        shadow(site)


@pytest.mark.parametrize(
    "options",
    [
        {"network": "X400"},
        {"network": "TOOLONGNAME"},
        {"postoffice": "a b"},
        {"mailbox": "ADMIN"},
        {"inbox": " "},
        {"patience": -1},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    """Every option that cannot work is refused by its name."""
    with pytest.raises(ValueError, match=f"^{next(iter(options))}"):
        ServerOptions(**options)


def test_every_option_is_explained() -> None:
    """Every option has its line for the configuration's template."""
    fields = [*attrs.fields(ServerOptions), *attrs.fields(PeerOptions)]

    assert [] == [field.name for field in fields if not field.metadata.get("doc")]


def test_a_relative_folder_is_made_and_another_is_not(tmp_path: Path) -> None:
    """Folders inside the site are made when they are needed; a share must be there."""
    options = ServerOptions(outbox=str(tmp_path / "share"))
    context = LinkContext(link="pc", options=options, folder=tmp_path / "site", types=TYPES, site=SITE)
    server = open_server(context)

    assert [] == list(server.collect({}))
    assert (True, False) == ((tmp_path / "site/mail/in").is_dir(), (tmp_path / "share").exists())


def test_raw_is_what_came() -> None:
    """The archive gets the file as it came."""
    data = mail(body(REQSEQ=3, REQWAS=0, COUNT=3), section(*ROWS))

    assert data == only(data).raw


def test_a_rejected_record_can_be_read_again() -> None:
    """What a reject keeps of a record is enough to read it once more (`dxa rejects retry`)."""
    from dxa_msmail.plugin import dxa_connectors

    parse = dxa_connectors()[0].parse
    assert parse is not None
    rows = dirsyncbody.read_transactions(
        section("M Ann\tPCM:LAB/PO1/ANN\r\n  Änn\tPCM:LAB/PO1/ANN"), types=TYPES
    ).transactions

    assert [row._replace(number=0) for row in rows] == list(parse(rows[0].raw, TYPES))
    assert [Transaction] == [type(row) for row in rows]
