"""REQMAIN of a postoffice on disk: what T1 sends, what T3 takes, and what a kill anywhere leaves."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Report
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Verb, list_entry
from dxa.errors import FormatError, LockedError, TransportError, UsageError
from dxa.ledger.answer import Step, number_steps
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.ffapi import parse
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.postoffice import letters, mailbag, networks, queue, tree, users
from dxa_msmail.postoffice.dirsyncconf import REQCONF, Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.messages import BAD, letter_of, message_of
from dxa_msmail.postoffice.queue import REQTRANS, RESYNC, SRVTRANS, QueueRecord
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import reqmain
from dxa_msmail.programs.reqmain import Received, Transmitted
from dxa_msmail.server import MsMailServer, ServerOptions

TYPES = AddressTypes(ADDRESS_TYPES)
OWN = frozenset({("MS", "lab/po1")})
SERVER = "INSTITUTE/BERLIN"
ME = "LAB/PO1/$SYSTEM"
NOW = 1_000_000_000.0
WHEN = datetime(2001, 9, 9, 1, 46)


class Stop(BaseException):
    """The process ends here."""


@attrs.define
class World:
    """A postoffice on disk, and the server's connector that hears what EXTERNAL would bring it."""

    po: Maildata
    to_server: MemoryFolder = attrs.field(factory=MemoryFolder)
    from_server: MemoryFolder = attrs.field(factory=MemoryFolder)
    server: MsMailServer = attrs.field(init=False)
    now: float = NOW
    #: By how much each look at the clock moves it.
    tick: float = 1

    def __attrs_post_init__(self) -> None:
        context = LinkContext(
            link="pc",
            options=ServerOptions(),
            folder=Path(),
            types=TYPES,
            site=("Institute", "Berlin"),
            now=self.clock,
        )
        self.server = MsMailServer(context, self.to_server, self.from_server)

    def clock(self) -> float:
        self.now += self.tick
        return self.now

    def transmit(self) -> Transmitted:
        return reqmain.transmit(self.po, self.clock)

    def receive(self) -> Received:
        return reqmain.receive(self.po, self.clock)

    @property
    def conf(self) -> Reqconf:
        with self.po.look() as files:
            return read_reqconf(files)

    def configure(self, **changes: object) -> None:
        with self.po.change() as change:
            write_reqconf(change, attrs.evolve(read_reqconf(change), **changes))

    def queued(self, name: str = SRVTRANS) -> list[tuple[int, str]]:
        """The records of a queue in short, whether a tab or blanks stand between name and address."""
        with self.po.look() as files:
            records = queue.read_file(files, name).records
        return [(record.number, re.sub(" {2,}", "\t", record.text)) for record in records]

    def people(self, *texts: str) -> None:
        """Queue changes of the own list, as ADMIN does."""
        with self.po.change() as change:
            conf = read_reqconf(change)
            rows = [QueueRecord(conf.last + n, int(NOW), text) for n, text in enumerate(texts, 1)]
            queue.append(change, REQTRANS, rows)
            write_reqconf(change, attrs.evolve(conf, last=conf.last + len(rows)))

    def outgoing(self) -> list[Letter]:
        """What lies in INQUEUE."""
        with self.po.look() as files:
            return [letters.fetch(files, header.stem) for _, header in mailbag.headers(files, INQUEUE)]

    def heard(self) -> list[Report]:
        """What the server reads when all of INQUEUE has been moved to it."""
        with self.po.change() as change:
            for slot, header in mailbag.headers(change, INQUEUE):
                self.to_server.write(f"{header.stem}.msg", message_of(letters.fetch(change, header.stem)))
                letters.drop(change, INQUEUE, slot)
        reports = list(self.server.collect({}))
        self.server.settle([report.receipt for report in reports])
        return reports

    def ask(self) -> Report:
        """T1, and what the server reads."""
        self.transmit()
        return self.heard()[-1]

    def answer(self, *steps: Step, r: int, was: int, first: int = 100, i: int = 1) -> Reply:
        """The server's answer, put into SYSTEM as EXTERNAL would."""
        reply = self.answer_only(*steps, r=r, was=was, first=first, i=i)
        self.bring()
        return reply

    def answer_only(self, *steps: Step, r: int, was: int, first: int = 100, i: int = 1) -> Reply:
        """The server's answer, on its way."""
        content = number_steps(steps, first, f"k{first}")
        reply = Reply(r=r, s=content.last(OWN) or first + len(steps), was=was, i=i)
        parcel = Parcel(
            id=f"{reply.s:010d}-x",
            peer=PeerInfo(id="pc/LAB/PO1", name="LAB/PO1"),
            kind=ParcelKind.FULL if reply.full else ParcelKind.UPDATE,
            to="LAB/PO1/$SYSTEM",
            content=content,
            own=OWN,
            reply=reply,
        )
        list(self.server.deliver(parcel))
        return reply

    def bring(self, spoil: Callable[[bytes], bytes] = bytes) -> None:
        """Move what the server wrote into SYSTEM, damaged on its way."""
        for name in self.from_server.names():
            data = spoil(self.from_server.read(name))
            with self.po.change() as change:
                letters.deliver(change, letter_of(parse(data), NOW), SYSTEM)
            self.from_server.remove(name)

    def mail(self, sender: str, body: bytes) -> None:
        """A letter to $SYSTEM."""
        with self.po.change() as change:
            letter = Letter(sender=sender, to=(ME,), time=WHEN, subject="Hello", body=body)
            letters.deliver(change, letter, SYSTEM, now=NOW)

    def waiting(self) -> int:
        """How many letters lie in SYSTEM."""
        with self.po.look() as files:
            return mailbag.depth(files, SYSTEM)

    def started(self) -> int:
        """Past its first exchange; returns S."""
        self.ask()
        reply = self.answer(*replaces("LAB/PO2"), *adds("LAB/PO2/ANN"), r=self.conf.last, was=0)
        self.receive()
        return reply.s


def replaces(*lists: str) -> list[Step]:
    """Replaces of these lists."""
    return [Step(Verb.REPLACE, None, list_entry("MS", name)) for name in lists]


def adds(*addresses: str) -> list[Step]:
    """Adds of people with these addresses."""
    made = (Entry("", "MS", a.rpartition("/")[0], a.rpartition("/")[2].title(), a) for a in addresses)
    return [Step(Verb.ADD, None, entry) for entry in made]


def make(root: Path) -> World:
    """A new postoffice LAB/PO1 with two people, registered at the server."""
    po = tree.create(root, network="LAB", postoffice="PO1", durable=False)
    with po.change() as change:
        networks.add_postoffice(change, SERVER, route=networks.direct("../server"))
        users.add_users(change, [NewUser(name="Zoë", mailbox="ZOE"), NewUser(name="Yan", mailbox="YAN")])
        write_reqconf(change, attrs.evolve(read_reqconf(change), server=SERVER))
    return World(po)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A new postoffice."""
    return make(tmp_path / "po1")


def short(report: Report) -> list[tuple[int, str, str]]:
    """The transactions of a report: number, code, name."""
    return [(t.number, t.verb.value, entry.name) for t in report.transactions if (entry := t.new or t.old)]


def log(world: World, name: str = "DIRSYNC") -> str:
    """The text of a log."""
    return (world.po.root / f"LOG/{name}.LOG").read_bytes().decode("cp850")


# -- T1 --------------------------------------------------------------------------------------------------------------


def test_the_first_request_exports_and_imports(world: World) -> None:
    """A new requestor sends a replace of its list and everybody in it, and asks for everything, counted from 1."""
    world.configure(types="PCM|SMTP", limit=9000)
    report = world.ask()
    conf = world.conf

    assert Request(r=3, was=0, s=0, i=1, last=3, imports=True, replaces=True, strict=True) == report.request
    assert [(1, "R", ""), (2, "A", "Yan"), (3, "A", "Zoë")] == short(report)
    assert (frozenset({"MS", "SMTP"}), 9000) == (report.types, report.limit)
    assert (3, 3, int(NOW) + 1, int(NOW) + 1) == (conf.last, conf.sent, conf.last_export, conf.last_import)


def test_what_was_queued_since_goes_with_the_next_request(world: World) -> None:
    """KB Q96060: records above the last acknowledged number are sent, until the server has taken them."""
    s = world.started()
    world.people("A Xu\tPCM:LAB/PO1/XU", "M Zoë\tPCM:LAB/PO1/ZOE\r\n  Zoé\tPCM:LAB/PO1/ZOE")
    expected = [(4, "A", "Xu"), (5, "M", "Zoé")]

    assert (expected, Request(r=5, was=3, s=s, i=1, last=5, strict=True)) == (
        short(first := world.ask()),
        first.request,
    )
    assert expected == short(world.ask())

    world.answer(r=4, was=s, first=s + 1)
    world.receive()

    assert [(5, "M", "Zoé")] == short(world.ask())


def test_without_changes_the_request_goes_all_the_same(world: World) -> None:
    """KB Q96060: it is the request that brings the server's news; the log says 171."""
    s = world.started()
    report = world.ask()

    assert (Request(r=3, was=3, s=s, i=1, strict=True), []) == (report.request, list(report.transactions))
    assert "| 1 171 " in log(world, "DSSERVER")


def test_the_log_of_the_last_cycle_goes_along(world: World) -> None:
    """KB Q133428: DSSERVER.LOG is mailed with the status report and begins anew."""
    world.started()
    world.transmit()
    status, request = world.outgoing()

    assert ["Status report from LAB/PO1", "ReqTx R=3 (was 3), S=101, I=1 0 sent"] == [status.subject, request.subject]
    assert b"| 1 105 2\r\n" in status.attachments[0].data
    assert "105" not in log(world, "DSSERVER")
    assert (4, 0) == (len(log(world, "DSSERVER").splitlines()), log(world).count("\n\n"))


def test_a_request_that_was_not_moved_on_is_replaced(world: World) -> None:
    """While EXTERNAL does not run, one request waits and not one for each cycle; reports and other mail stay."""
    world.started()
    world.transmit()
    world.people("A Xu\tPCM:LAB/PO1/XU")
    world.transmit()
    subjects = [letter.subject for letter in world.outgoing()]

    assert ["ReqTx R=4 (was 3), S=101, I=1 1 sent"] == [subject for subject in subjects if "ReqTx" in subject]
    assert [(4, "A", "Xu")] == short(world.heard()[-1])


@pytest.mark.dx("T-141")
@pytest.mark.parametrize(
    ("spoil", "number"),
    [
        (lambda path: path.unlink(), 2),
        (lambda path: path.write_bytes(b""), 40),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), 40),
        (lambda path: path.write_bytes(bytes(60)), 40),
    ],
)
def test_a_lost_queue_costs_a_full_export(world: World, spoil: Callable[[Path], object], number: int) -> None:
    """KB Q119014, Q119017: a queue that is missing, damaged or too short is sent anew, above its number."""
    world.started()
    world.people("A Xu\tPCM:LAB/PO1/XU")
    spoil(world.po.root / REQTRANS)
    done = world.transmit()

    assert (True, 3, True) == (done.exported, done.sent, bool(done.lost))
    assert f"Error  [{number:>3}]" in log(world)
    assert [(5, "R", ""), (6, "A", "Yan"), (7, "A", "Zoë")] == short(world.heard()[-1])
    assert 7 == world.conf.last


def test_a_wanted_export_replaces_the_queue(world: World) -> None:
    """Config, Dir-Sync, Requestor, Export: a replace and everybody, under numbers above all earlier ones."""
    world.started()
    world.people("D Xu\tPCM:LAB/PO1/XU")
    world.configure(exports=True)

    assert [(5, "R", ""), (6, "A", "Yan"), (7, "A", "Zoë")] == short(world.ask())


def test_a_password_is_sent_and_shown_nowhere(world: World) -> None:
    """The reference in REQCONF leads to it; a reference to nothing is an error before anything is sent."""
    (world.po.root / "secret").write_text("word\n")
    world.configure(password_ref="file:secret")

    assert "word" == world.ask().password
    assert "word" not in log(world) + log(world, "DSSERVER") + repr(world.conf)

    world.configure(password_ref="file:nowhere")
    with pytest.raises(UsageError, match=r"REQCONF\.GLB: the password .* cannot read"):
        world.transmit()


@pytest.mark.parametrize(
    ("server", "text"),
    [("", r"\[54\] no server name"), ("HUB/MAIN", r"\[55\] no directory .* HUB/MAIN is no postoffice")],
)
def test_without_a_server_nothing_is_sent(world: World, server: str, text: str) -> None:
    """KB Q96003: the error says what to do, and stands in the log with its number."""
    world.configure(server=server)
    for program in (world.transmit, world.receive):
        with pytest.raises(UsageError, match=text):
            program()

    assert [] == world.outgoing()
    assert f"Fatal  [ {text[2:4]}]" in log(world)
    assert f"| 2  {text[2:4]} " in log(world, "DSSERVER")
    assert "Fatal  [104] requestor process failed: REQMAIN -t" in log(world)


def test_a_shadow_postoffice_has_no_requestor(tmp_path: Path) -> None:
    """What is for a shadow postoffice is taken by dxa itself."""
    po = tree.create(tmp_path / "shadow", network="LAB", postoffice="SHADOW", shadow=True, durable=False)
    with pytest.raises(UsageError, match="LAB/SHADOW is a shadow postoffice"):
        reqmain.transmit(po, lambda: NOW)
    with pytest.raises(UsageError, match="LAB/SHADOW is a shadow postoffice"):
        reqmain.receive(po, lambda: NOW)


@pytest.mark.dx("T-194")
def test_damaged_numbers_are_not_believed(world: World) -> None:
    """A REQCONF whose check does not match stops the run, and nothing is written."""
    path = world.po.root / REQCONF
    data = bytearray(path.read_bytes())
    data[0x28] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"REQCONF\.GLB, offset 4, check: \[40\]"):
        world.transmit()

    assert [] == world.outgoing()


@pytest.mark.dx("T-205")
def test_a_full_queue_of_mail_changes_nothing(world: World) -> None:
    """Without room for the request neither numbers nor queue move."""
    letter = Letter(sender="LAB/PO1/ZOE", to=("FAR/OFF/BOB",), time=WHEN)
    with world.po.change() as change:
        letters.submit(change, letter)
        change.write("MBG/INQUEUE.MBG", (change.read("MBG/INQUEUE.MBG") or b"") * mailbag.MOST)
    before = (world.po.root / REQCONF).read_bytes(), (world.po.root / REQTRANS).read_bytes()
    with pytest.raises(TransportError, match=r"\[8\] mailbag INQUEUE is full"):
        world.transmit()

    assert before == ((world.po.root / REQCONF).read_bytes(), (world.po.root / REQTRANS).read_bytes())


@pytest.mark.dx("T-196")
def test_two_programs_wait_for_each_other(world: World) -> None:
    """Error 91 names the file that is held."""
    other = Maildata(world.po.root, patience=0.1)
    with world.po.change(), pytest.raises(LockedError, match=r"\[91\] .*FLAG\.GLB"):
        reqmain.transmit(other, world.clock)


# -- T3 --------------------------------------------------------------------------------------------------------------


def test_a_full_answer_waits_for_import_in_place_of_all_lists(world: World) -> None:
    """What is held, or comes with RESYNC.GLB, and is not in the answer is replaced by nothing; older news is gone.

    Of types that were not asked for the server can say nothing: these lists stay.
    """
    world.ask()
    with world.po.change() as change:
        networks.add_postoffice(change, "LAB/PO3", route=networks.direct("../po3"))
        networks.add_gateway(change, "SMTP")
        queue.append(change, RESYNC, [QueueRecord(7, 0, "A Eve\tPCM:LAB/PO4/EVE")])
        queue.append(change, SRVTRANS, [QueueRecord(8, 0, "A Old\tPCM:LAB/PO2/OLD")])
    world.answer(*replaces("LAB/PO2"), *adds("LAB/PO2/ANN"), r=3, was=0)
    received = world.receive()

    assert [
        (100, "R PCM:INSTITUTE/BERLIN"),
        (100, "R PCM:LAB/PO3"),
        (100, "R PCM:LAB/PO4"),
        (100, "R PCM:LAB/PO2"),
        (101, "A Ann\tPCM:LAB/PO2/ANN"),
    ] == world.queued()
    assert {Verb.REPLACE: 1, Verb.ADD: 1} == received.counts
    assert (101, 1, False) == (world.conf.srv, world.conf.imp, world.conf.imports)


def test_an_update_waits_behind_what_waits_already(world: World) -> None:
    """Import need not run after each answer."""
    s = world.started()
    waiting = world.queued()
    world.answer(*adds("LAB/PO2/BOB"), r=3, was=s, first=s + 1)
    world.receive()

    assert [*waiting, (s + 1, "A Bob\tPCM:LAB/PO2/BOB")] == world.queued()


def test_an_acknowledged_queue_keeps_its_number(world: World) -> None:
    """KB Q133428: REQTRANS is one record in 49 bytes; what the server has not taken yet stays in it."""
    world.ask()
    world.people("A Xu\tPCM:LAB/PO1/XU")
    reply = world.answer(r=3, was=0)
    world.receive()

    assert [(4, "A Xu\tPCM:LAB/PO1/XU")] == world.queued(REQTRANS)

    world.ask()
    world.answer(r=4, was=reply.s, first=reply.s + 1)
    world.receive()

    assert ([(4, "# This keeps the number.")], 49) == (
        world.queued(REQTRANS),
        (world.po.root / REQTRANS).stat().st_size,
    )
    assert (4, 4) == (world.conf.acked, world.conf.last)


@pytest.mark.dx("T-137")
def test_a_number_that_was_never_sent_brings_an_export(world: World) -> None:
    """A server that quotes an R outside of ours, after a restore of either, gets everything under higher numbers."""
    s = world.started()
    world.answer(r=50, was=s, first=s + 1)

    assert "the server has taken R=50, which was never sent from here" == world.receive().lost
    assert [(51, "R", ""), (52, "A", "Yan"), (53, "A", "Zoë")] == short(report := world.ask())
    assert Request(r=53, was=50, s=s + 1, i=1, last=53, replaces=True, strict=True) == report.request


@pytest.mark.dx("T-137")
def test_a_number_that_is_queued_but_not_sent_is_not_taken_for_ours(world: World) -> None:
    """After a restore here the server's R may lie among numbers given since: those changes are not dropped."""
    s = world.started()
    world.ask()
    world.people(*(f"A U{n}\tPCM:LAB/PO1/U{n}" for n in range(9)))
    world.answer(r=7, was=s, first=s + 1)
    world.receive()

    assert [(8, "R", ""), (9, "A", "Yan"), (10, "A", "Zoë")] == short(world.ask())


@pytest.mark.dx("T-096")
def test_answers_that_do_not_count(world: World) -> None:
    """Old, late and unfounded answers change nothing; the newest of several counts, whatever their order."""
    s = world.started()
    before = world.queued()
    world.answer(*adds("LAB/PO5/LATE"), r=3, was=s, first=s - 3)
    world.answer(*adds("LAB/PO5/WRONG"), r=3, was=s - 1, first=s + 5)
    world.answer(*adds("LAB/PO5/OLD"), r=3, was=0, first=s + 9, i=0)
    received = world.receive()

    assert ["it", "late:", "old"] == sorted(why.split()[0] for _, why in received.discarded)
    assert before == world.queued()

    world.answer(*adds("LAB/PO5/A"), r=3, was=s, first=s + 10)
    world.answer(*adds("LAB/PO5/A", "LAB/PO5/B"), r=3, was=s, first=s + 20)
    world.receive()

    assert [s + 20, s + 21] == [number for number, _ in world.queued()[len(before) :]]


@pytest.mark.dx("T-180")
def test_a_damaged_answer_is_asked_for_again(world: World) -> None:
    """An answer that is not what the server wrote changes nothing."""
    world.ask()
    reply = world.answer_only(*replaces("LAB/PO2"), *adds("LAB/PO2/ANN"), r=3, was=0)
    world.bring(lambda data: data.replace(b"A Ann ", b"A Anm "))
    received = world.receive()

    assert ([reply.s], []) == ([each.s for each, _ in received.discarded], world.queued())
    assert (True, 0) == (world.conf.imports, world.conf.srv)


@pytest.mark.dx("T-157")
def test_what_cannot_be_read_is_kept_and_stops_nothing(world: World) -> None:
    """A damaged letter and a bad body go to DXA/BAD with the reason; the answer between them counts."""
    s = world.started()
    with world.po.change() as change:
        stem = letters.deliver(change, Letter(sender=f"{SERVER}/$SYSTEM", to=(ME,), time=WHEN, body=b"x"), SYSTEM)
        change.write(f"MAI/MA{stem[-1]}/{stem}.MAI", b"rubbish")
    world.answer(*adds("LAB/PO2/BOB"), r=3, was=s, first=s + 1)
    world.mail(f"{SERVER}/$SYSTEM", b"[DIRSYNC]\r\nTASK=NONSENSE\r\n")
    received = world.receive()
    kept = sorted(path.suffix for path in (world.po.root / BAD).iterdir())

    assert [s + 1] == [reply.s for reply in received.applied]
    assert [40, 155] == [reject.code for reject in received.others]
    assert [".MAI", ".MSG", ".WHY", ".WHY"] == kept
    assert "Warning[155]" in log(world)
    assert 0 == world.waiting()


@pytest.mark.dx("T-154")
def test_a_request_at_a_requestor_is_a_wrong_way_message(world: World) -> None:
    """KB Q108844: error 133, whoever sent it, and nothing changes."""
    world.started()
    before = world.conf
    for sender in (SERVER, "LAB/PO9"):
        world.mail(f"{sender}/$SYSTEM", b"[DIRSYNC]\r\nTASK=UPDATEREQ\r\nREQNAME=PCM:LAB/PO9\r\n")
    received = world.receive()

    assert ([133, 133], before) == ([reject.code for reject in received.others], world.conf)
    assert 2 == log(world).count("Warning[133]")


@pytest.mark.dx("T-158")
def test_letters_and_strangers(world: World) -> None:
    """People's letters are 154, notices of the server are logged, and another server's answers are ignored."""
    s = world.started()
    world.mail("LAB/PO2/BOB", b"Who are you?")
    world.mail(f"{SERVER}/$SYSTEM", b"[158] requestor not registered")
    world.answer_only(*adds("LAB/PO6/EVIL"), r=3, was=s, first=s + 1)
    world.bring(lambda data: data.replace(b"FROM:CSI:Institute", b"FROM:CSI:Elsewhere"))
    received = world.receive()

    assert [154, 0, 0] == [reject.code for reject in received.others]
    assert ["LAB/PO2/BOB", "[158] requestor", "is not our server"] == [
        part
        for part, reject in zip(("LAB/PO2/BOB", "[158] requestor", "is not our server"), received.others, strict=True)
        if part in reject.reason
    ]
    assert (s, 0) == (world.conf.srv, world.waiting())


def test_a_letter_that_was_taken_before_is_only_settled(world: World) -> None:
    """A mailbag from a backup brings back what had its effect already."""
    s = world.started()
    world.answer(*adds("LAB/PO2/BOB"), r=3, was=s, first=s + 1)
    files = {path: path.read_bytes() for folder in ("MBG", "KEY", "MAI", "ATT") for path in _files(world, folder)}
    world.receive()
    before = world.conf, world.queued()
    for path, data in files.items():
        path.write_bytes(data)
    received = world.receive()

    assert (1, []) == (received.settled, list(received.discarded))
    assert (before, 0) == ((world.conf, world.queued()), world.waiting())


def test_an_empty_mailbag_changes_nothing(world: World) -> None:
    """Only the logs say that somebody looked."""
    world.started()
    before = snapshot(world)
    received = world.receive()

    assert ([], []) == (list(received.applied), list(received.others))
    assert before == snapshot(world)


@pytest.mark.parametrize("wanted", [True, False])
def test_template_definitions_wait_for_import(world: World, wanted: bool) -> None:
    """What a server defines comes before the values, when templates are wanted; else neither is kept."""
    world.configure(templates_in=wanted)
    world.ask()
    text = (
        b"[DIRSYNC]\r\nTASK=IMPORTREPLY\r\nREQSEQ=3\r\nSRVSEQ=8\r\nSRVWAS=0\r\nIMPSEQ=1\r\nCOUNT=2\r\n"
        b"[DIRSYNC-TRANSACTIONS]\r\n6 R PCM:LAB/PO2\r\n7 T PCM:LAB/PO2\r\n Phone:~10~25~A~~\r\n"
        b"8 A Ann\tPCM:LAB/PO2/ANN\r\n- Phone:/12\r\n"
    )
    world.mail(f"{SERVER}/$SYSTEM", text)
    world.receive()
    expected = [
        "R PCM:INSTITUTE/BERLIN",
        "R PCM:LAB/PO2",
        *(["T PCM:LAB/PO2\r\n Phone:~10~25~A~~"] if wanted else []),
        "A Ann\tPCM:LAB/PO2/ANN" + ("\r\n- Phone:/12" if wanted else ""),
    ]

    assert expected == [text for _, text in world.queued()]


# -- kills -----------------------------------------------------------------------------------------------------------


def _files(world: World, folder: str = "") -> list[Path]:
    return sorted(path for path in (world.po.root / folder).rglob("*") if path.is_file())


def snapshot(world: World) -> dict[str, bytes]:
    """Every file but the logs and the counter that says that lists change."""
    names = ((path, path.relative_to(world.po.root).as_posix()) for path in _files(world))
    return {name: path.read_bytes() for path, name in names if not name.startswith("LOG/") and name != "GLB/FLAG.GLB"}


@attrs.define
class Fuse:
    """Ends the process at its n-th step."""

    left: int = 10**9

    def __call__(self, _what: str) -> None:
        if self.left == 0:
            self.left = 10**9
            raise Stop
        self.left -= 1


def kills(base: World, root: Path, program: Callable[[World], object]) -> Iterator[World]:
    """Copies of a postoffice, each after a kill of the program at another of its steps and one more run."""
    for at in count():
        fuse = Fuse()
        shutil.copytree(base.po.root, root / f"{at}")
        world = World(attrs.evolve(base.po, root=root / f"{at}", step=fuse), now=base.now, tick=0)
        fuse.left = at
        try:
            program(world)
        except Stop:
            program(world)
            yield world
        else:
            return


def _with_news(world: World) -> None:
    world.started()
    world.people("A Xu\tPCM:LAB/PO1/XU", "D Yan\tPCM:LAB/PO1/YAN")
    world.transmit()
    world.heard()
    world.people("A Ida\tPCM:LAB/PO1/IDA")


@pytest.mark.dx("T-136")
@pytest.mark.parametrize("lost", [False, True])
def test_a_kill_of_transmit_is_made_good(world: World, tmp_path: Path, lost: bool) -> None:
    """Wherever T1 is killed, the next one leaves one request with everything, one report, and the same numbers."""
    _with_news(world)
    if lost:
        (world.po.root / REQTRANS).write_bytes(b"")

    def left(world: World) -> object:
        subjects = [letter.subject for letter in world.outgoing()]
        own = sorted(path.name for path in (world.po.root / "DXA").iterdir())
        *_, request = world.heard()
        return world.conf, world.queued(REQTRANS), subjects, request.request, short(request), own

    killed = list(kills(world, tmp_path, World.transmit))
    world.tick = 0
    world.transmit()
    expected = left(world)

    assert len(killed) > 20
    assert [expected] * len(killed) == [left(each) for each in killed]


@pytest.mark.dx("T-136")
@pytest.mark.parametrize("full", [False, True])
def test_a_kill_of_receive_is_made_good(world: World, tmp_path: Path, full: bool) -> None:
    """Wherever T3 is killed, the next one leaves byte for byte what one that was not killed leaves."""
    _with_news(world)
    s = world.conf.srv
    world.mail("LAB/PO2/BOB", b"Who are you?")
    world.mail(f"{SERVER}/$SYSTEM", b"[DIRSYNC]\r\nTASK=NONSENSE\r\n")
    world.answer(*replaces("LAB/PO2"), *adds("LAB/PO2/BOB"), r=5, was=0 if full else s, first=s + 1)
    world.answer(*adds("LAB/PO2/LATE"), r=4, was=s, first=s - 3)
    killed = list(kills(world, tmp_path, World.receive))
    world.tick = 0
    world.receive()
    expected = snapshot(world)

    assert (5, 6, [(6, "A Ida\tPCM:LAB/PO1/IDA")]) == (world.conf.acked, world.conf.last, world.queued(REQTRANS))
    assert len(killed) > 20
    assert all(expected == snapshot(each) for each in killed)
