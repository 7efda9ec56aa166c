from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.config.secrets import Secret
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Report
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.errors import TransportError
from dxa.ledger.answer import Content, Step, number_steps
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.requestor.config import RequestorConfig
from dxa_msmail.requestor.home import MemoryHome
from dxa_msmail.requestor.requestor import Received, Requestor, SourceEmpty
from dxa_msmail.requestor.state import MemoryStorage, RequestorState
from dxa_msmail.server import MsMailServer, ServerOptions

TYPES = AddressTypes(ADDRESS_TYPES)
OWN = frozenset({("MS", "lab/po1")})


def entry(name: str, address: str) -> Entry:
    """A line of the server's view."""
    return Entry("", "MS", address.rpartition("/")[0], name, address)


ANN, BOB, EVE = entry("Ann", "LAB/PO2/ANN"), entry("Bob", "LAB/PO2/BOB"), entry("Eve", "LAB/PO3/EVE")


class Stop(Exception):
    """The process ends here."""


@attrs.define
class World:
    """A requestor, and the server connector that hears it, without anything behind that connector."""

    changes: dict[str, Any] = attrs.field(factory=dict)
    storage: MemoryStorage = attrs.field(factory=MemoryStorage)
    home: MemoryHome = attrs.field(factory=MemoryHome)
    to_server: MemoryFolder = attrs.field(factory=MemoryFolder)
    to_requestor: MemoryFolder = attrs.field(factory=MemoryFolder)
    requestor: Requestor = attrs.field(init=False)
    server: MsMailServer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        config = RequestorConfig(network="LAB", postoffice="PO1", server="INSTITUTE/BERLIN", **self.changes)
        self.requestor = Requestor(config, self.storage, self.to_requestor, self.to_server, lambda: 1e9, self.home)
        context = LinkContext(
            link="pc",
            options=ServerOptions(),
            folder=Path(),
            types=TYPES,
            site=("Institute", "Berlin"),
            now=lambda: 1e9,
        )
        self.server = MsMailServer(context, self.to_server, self.to_requestor)

    def people(self, *lines: str) -> None:
        """Write the own address list."""
        self.home.files["ADDRESS.TXT"] = "".join(f"A {line}\r\n" for line in lines).encode("cp850")

    def ask(self, **how: Any) -> Report:
        """T1, and what the server reads."""
        self.requestor.t1(**how)
        return self.heard()[-1]

    def heard(self) -> list[Report]:
        """What the server reads now; it is taken away."""
        reports = list(self.server.collect({}))
        self.server.settle([report.receipt for report in reports])
        return reports

    def answer(self, *steps: Step, r: int, was: int, first: int = 100, i: int = 1, own: frozenset[Any] = OWN) -> Reply:
        """The server's answer, put where the requestor finds it."""
        content = number_steps(steps, first, f"k{first}")
        reply = Reply(r=r, s=content.last(own) or first + len(steps), was=was, i=i)
        self.post(content, reply, own)
        return reply

    def post(self, content: Content, reply: Reply, own: frozenset[Any] = OWN) -> None:
        parcel = Parcel(
            id=f"{reply.s:010d}-x",
            peer=PeerInfo(id="pc/LAB/PO1", name="LAB/PO1"),
            kind=ParcelKind.FULL if reply.full else ParcelKind.UPDATE,
            to="LAB/PO1/$SYSTEM",
            content=content,
            own=own,
            reply=reply,
        )
        list(self.server.deliver(parcel))

    def names(self) -> list[str]:
        """The names in the global address list."""
        return [each.name for each in self.requestor.gal()]

    def started(self) -> int:
        """Past its first exchange: Ann, Bob and Eve are known; returns S."""
        self.people("Zoë\tPCM:LAB/PO1/ZOE", "Yan\tPCM:LAB/PO1/YAN")
        self.ask()
        steps = [*replaces("LAB/PO2", "LAB/PO3"), *adds(ANN, BOB, EVE)]
        reply = self.answer(*steps, r=3, was=0)
        self.requestor.t3()
        return reply.s


def replaces(*lists: str) -> list[Step]:
    """Replaces of these lists."""
    return [Step(Verb.REPLACE, None, list_entry("MS", name)) for name in lists]


def adds(*entries: Entry) -> list[Step]:
    """Adds of these entries."""
    return [Step(Verb.ADD, None, each) for each in entries]


def numbered(report: Report) -> list[tuple[int, str, str]]:
    """The transactions of a report in short: number, code, name."""
    return [(t.number, t.verb.value, ((t.new or t.old) or ANN).name) for t in report.transactions]


# -- T1 --------------------------------------------------------------------------------------------------------------


def test_the_first_request_exports_and_imports() -> None:
    """A new requestor sends its whole list and asks for everything, counted from 1."""
    world = World({"types": ("PCM", "X400"), "templates": True, "limit": 9000, "password": Secret("s")})
    world.people("Zoë\tPCM:LAB/PO1/ZOE", "Yan\tPCM:LAB/PO1/YAN")
    report = world.ask()

    assert Request(r=3, was=0, s=0, i=1, last=3, imports=True, replaces=True, strict=True) == report.request
    assert [(1, "R", ""), (2, "A", "Zoë"), (3, "A", "Yan")] == numbered(report)
    assert (frozenset({"MS", "X400"}), True, 9000, "s") == (
        report.types,
        report.templates,
        report.limit,
        report.password,
    )


def test_changes_are_numbered_and_wait_until_they_are_taken() -> None:
    """A rename is a modify, a moved address a delete and an add; a number once given keeps its transaction."""
    world = World()
    s = world.started()
    world.people("Zoé\tPCM:LAB/PO1/ZOE", "Yan\tPCM:LAB/PO1/YANNICK", "Xu\tPCM:LAB/PO1/XU")
    first = world.ask()
    world.people("Zoé\tPCM:LAB/PO1/ZOE", "Yan\tPCM:LAB/PO1/YANNICK")
    second = world.ask()
    expected = [(4, "D", "Yan"), (5, "M", "Zoé"), (6, "A", "Yan"), (7, "A", "Xu")]

    assert (expected, Request(r=7, was=3, s=s, i=1, last=7, strict=True)) == (numbered(first), first.request)
    assert ([*expected, (8, "D", "Xu")], 8) == (numbered(second), second.request and second.request.r)


def test_without_changes_the_request_goes_all_the_same() -> None:
    """KB Q96060: it is the request that brings the server's news."""
    world = World()
    s = world.started()
    report = world.ask()

    assert Request(r=3, was=3, s=s, i=1, strict=True) == report.request
    assert [] == list(report.transactions)


def test_a_wanted_export_replaces_the_queue() -> None:
    """An export is a replace and all entries, under numbers above all earlier ones."""
    world = World()
    world.started()
    world.people("Zoë\tPCM:LAB/PO1/ZOE")
    world.ask()
    world.requestor.want_export()
    report = world.ask()

    assert [(5, "R", ""), (6, "A", "Zoë")] == numbered(report)
    assert report.request
    assert (6, 4, True) == (report.request.r, report.request.was, report.request.replaces)


def test_a_wanted_import_asks_for_everything() -> None:
    """KB Q99961: the import counter goes up with each import that is asked for."""
    world = World()
    world.started()
    world.requestor.want_import()

    assert Request(r=3, was=3, s=0, i=2, imports=True, strict=True) == world.ask().request
    assert Request(r=3, was=3, s=0, i=2, imports=True, strict=True) == world.ask().request


@pytest.mark.parametrize("data", [None, b"", b"# nobody\r\n"])
def test_an_empty_list_is_refused_at_the_source(data: bytes | None) -> None:
    """A list that is suddenly missing or empty deletes nobody, unless somebody says that this is meant."""
    world = World()
    world.started()
    world.home.files.pop("ADDRESS.TXT")
    if data is not None:
        world.home.files["ADDRESS.TXT"] = data
    with pytest.raises(SourceEmpty, match=r"ADDRESS\.TXT is (missing|empty), but the last export had 2 entries"):
        world.requestor.t1()

    assert [] == world.heard()
    assert [(4, "D", "Zoë"), (5, "D", "Yan")] == numbered(world.ask(allow_empty=True))


def test_a_list_that_defines_values_and_has_nobody_yet() -> None:
    """Where nobody was told nobody can be lost: a postoffice without people goes on asking."""
    world = World({"templates": True})
    world.home.files["ADDRESS.TXT"] = b"T PCM:LAB/PO1\r\n Phone:~9~8~N~~\r\n"
    world.ask()

    assert [] == [row.verb for row in world.ask().transactions if row.verb is Verb.DELETE]


def test_a_list_with_bad_lines_deletes_nobody() -> None:
    """Who stood on a line that cannot be read is not gone; the rest of the file counts, and the line is reported."""
    world = World()
    world.started()
    world.people("Zoë\tPCM:LAB/PO1/ZOE", "Yan\tP!M:LAB/PO1/YAN", "Xu\tPCM:LAB/PO1/XU")
    sent = world.requestor.t1()

    assert [("A", "Xu")] == [(t.verb.value, t.new.name) for t in sent.transactions if t.new]
    assert [(2, 16)] == [(reject.line, reject.code) for reject in sent.rejects]

    world.people("Zoë\tPCM:LAB/PO1/ZOE", "Xu\tPCM:LAB/PO1/XU")

    assert [(4, "A", "Xu"), (5, "D", "Yan")] == numbered(world.ask())


@pytest.mark.parametrize(
    ("second", "code"), [("Zoë\tPCM:LAB/PO1/OTHER", 27), ("ZOË\tPCM:LAB/PO1/OTHER", 27), ("Zed\tPCM:lab/po1/zoe", 28)]
)
def test_doubles_in_the_own_list(second: str, code: int) -> None:
    """KB Q96001: names and addresses are unique inside a list; the first one stands."""
    world = World()
    world.people("Zoë\tPCM:LAB/PO1/ZOE", second)
    sent = world.requestor.t1()

    assert [code] == [reject.code for reject in sent.rejects]
    assert 2 == len(sent.transactions)


@pytest.mark.dx("T-238")
def test_entries_of_other_lists() -> None:
    """KB Q244488: gateway entries in the own list are local, unless they are to be injected."""
    lines = ("Zoë\tPCM:LAB/PO1/ZOE", "Fax\tFAX:A~B~C~1", "Far\tPCM:FAR/PO/FAR")
    local, injecting = World(), World({"inject": True})
    local.people(*lines)
    injecting.people(*lines)

    assert [(1, "R", ""), (2, "A", "Zoë")] == numbered(local.ask())
    assert [(1, "R", ""), (2, "A", "Zoë"), (3, "A", "Fax"), (4, "A", "Far")] == numbered(injecting.ask())
    assert b"stands in another list than ours" in local.home.files["DIRSYNC.LOG"]


def test_template_values_of_the_own_list() -> None:
    """KB Q107754: values go along where templates are on; one that is gone is told as empty."""
    world = World({"templates": True})
    world.home.files["ADDRESS.TXT"] = b"A Ann\tPCM:LAB/PO1/ANN\r\n- Phone:/12\r\n- Room:/3\r\n"
    world.ask()
    world.home.files["ADDRESS.TXT"] = b"A Ann\tPCM:LAB/PO1/ANN\r\n- Room:/4\r\n"
    report = world.ask()

    assert [(("Phone:", ""), ("Room:", "4"))] == [
        t.new.fields for t in report.transactions if t.verb is Verb.MODIFY and t.new
    ]


def test_a_status_report_tells_of_the_cycle_before() -> None:
    """KB Q133428: with the request goes the log of the last cycle."""
    world = World({"status_report": True})
    world.started()
    world.requestor.t1()
    status, request = world.heard()

    assert "answer R=3 S=104 (was 0), I=1 applied" in status.note
    assert (None, "LAB/PO1") == (status.request, status.sender)
    assert request.request


# -- T3 --------------------------------------------------------------------------------------------------------------


def test_a_full_answer_is_everything() -> None:
    """Lists that a full answer does not name are dropped; the global list is written as Import text, by name."""
    world = World()
    s = world.started()

    assert ["Ann", "Bob", "Eve", "Yan", "Zoë"] == world.names()

    world.answer(*replaces("LAB/PO3"), *adds(EVE), r=3, was=0, first=s + 1)
    received = world.requestor.t3()

    assert [True] == [reply.full for reply in received.applied]
    assert ["Eve", "Yan", "Zoë"] == world.names()
    assert (
        "A Eve                            PCM:LAB/PO3/EVE\r\n"
        "A Yan                            PCM:LAB/PO1/YAN\r\n"
        "A Zoë                            PCM:LAB/PO1/ZOE\r\n"
    ).encode("cp850") == world.home.files["GAL.TXT"]


def test_an_update_changes_what_it_names() -> None:
    """Deletes go by address, a modify may change name and mailbox, an add of a known address is an update."""
    world = World()
    s = world.started()
    steps = [
        Step(Verb.DELETE, entry("whatever", "lab/po2/ann"), None),
        Step(Verb.MODIFY, BOB, entry("Robert", "LAB/PO2/ROBERT")),
        *adds(entry("Eve B", "LAB/PO3/EVE"), entry("Ida", "LAB/PO4/IDA")),
    ]
    world.answer(*steps, r=3, was=s, first=s + 1)
    received = world.requestor.t3()

    assert ["Eve B", "Ida", "Robert", "Yan", "Zoë"] == world.names()
    assert {Verb.DELETE: 1, Verb.MODIFY: 1, Verb.ADD: 2} == received.counts
    assert [] == list(received.rejects)


def test_an_answer_takes_the_queue() -> None:
    """KB Q96060: what the server has taken leaves the queue; the rest waits."""
    world = World()
    world.people("Zoë\tPCM:LAB/PO1/ZOE", "Yan\tPCM:LAB/PO1/YAN")
    world.ask()
    world.answer(r=2, was=0, first=10)
    world.requestor.t3()

    assert [3] == [row.number for row in world.requestor.state().queue]


@pytest.mark.dx("T-137")
def test_a_number_that_was_never_sent_brings_an_export() -> None:
    """A server that quotes an R outside of ours, after a restore of either, gets everything under higher numbers."""
    world = World()
    s = world.started()
    world.answer(r=50, was=s, first=s + 1)
    world.requestor.t3()
    report = world.ask()

    assert [(51, "R", ""), (52, "A", "Zoë"), (53, "A", "Yan")] == numbered(report)
    assert report.request
    assert (53, 50, True) == (report.request.r, report.request.was, report.request.replaces)


def discarded(received: Received) -> list[str]:
    """Why answers were discarded, by the first word."""
    return [why.split()[0] for _, why in received.discarded]


@pytest.mark.dx("T-096")
def test_answers_that_do_not_count() -> None:
    """Old, late and unfounded answers change nothing; the newest of several counts, whatever their order."""
    world = World()
    s = world.started()
    world.answer(*adds(entry("Late", "LAB/PO5/L")), r=3, was=s, first=s - 3)
    assert ["late:"] == discarded(world.requestor.t3())

    world.answer(*adds(entry("Unfounded", "LAB/PO5/U")), r=3, was=s - 1, first=s + 5)
    assert ["it"] == discarded(world.requestor.t3())

    world.answer(*adds(entry("Old", "LAB/PO5/O")), r=3, was=0, first=s + 9, i=0)
    assert ["old"] == discarded(world.requestor.t3())

    world.answer(*adds(entry("One", "LAB/PO5/A")), r=3, was=s, first=s + 10)
    world.answer(*adds(entry("One", "LAB/PO5/A"), entry("Two", "LAB/PO5/B")), r=3, was=s, first=s + 20)
    assert ["late:"] == discarded(world.requestor.t3())

    assert ["Ann", "Bob", "Eve", "One", "Two", "Yan", "Zoë"] == world.names()
    assert [] == world.to_requestor.names()


@pytest.mark.dx("T-180")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"A Ann ", b"A Anm "),
        lambda data: data.replace(b"0000000102 A", b"#000000102 A"),
        lambda data: data.replace(b"COUNT=0000000002", b"COUNT=0000000003"),
    ],
)
def test_a_damaged_answer_does_not_count(spoil: Callable[[bytes], bytes]) -> None:
    """An answer that is not what the server wrote changes nothing, and is asked for again."""
    world = World()
    world.people("Zoë\tPCM:LAB/PO1/ZOE")
    world.ask()
    world.answer(*replaces("LAB/PO2"), *adds(ANN), r=2, was=0, first=101)
    (name,) = world.to_requestor.names()
    world.to_requestor.files[name] = spoil(world.to_requestor.files[name])
    received = world.requestor.t3()

    assert (["incomplete:"], ["Zoë"]) == (discarded(received), world.names())
    assert world.ask().request == Request(r=2, was=0, s=0, i=1, last=2, imports=True, replaces=True, strict=True)


def test_an_answer_without_a_check() -> None:
    """KB Q96060: S of a real server may be above its last record; then the count tells whether all is there."""
    world = World()
    s = world.started()
    content = number_steps(adds(entry("Ida", "LAB/PO4/IDA")), s + 1, "k")
    world.post(content, Reply(r=3, s=s + 50, was=s, i=1))
    (name,) = world.to_requestor.names()
    data = world.to_requestor.files[name]
    at = data.index(b"DXACHECK")
    world.to_requestor.files[name] = data.replace(data[at : at + 17], b"X" * 17)
    received = world.requestor.t3()

    assert [s + 50] == [reply.s for reply in received.applied]


def test_a_name_that_is_held_is_refused_and_counted() -> None:
    """KB Q96001: inside a list a name is unique; the second is error 27, and the rest goes on."""
    world = World()
    s = world.started()
    world.answer(*adds(entry("ANN", "LAB/PO2/ANN2"), entry("Ann", "LAB/PO3/ANN")), r=3, was=s, first=s + 1)
    received = world.requestor.t3()

    assert [27] == [reject.code for reject in received.rejects]
    assert ["Ann", "Ann", "Bob", "Eve", "Yan", "Zoë"] == world.names()


def test_names_that_are_swapped() -> None:
    """A name that is freed by a delete or a modify before can be used again in the same answer."""
    world = World()
    s = world.started()
    steps = [Step(Verb.DELETE, ANN, None), Step(Verb.MODIFY, BOB, entry("Ann", "LAB/PO2/BOB"))]
    world.answer(*steps, *adds(entry("Bob", "LAB/PO2/ANN")), r=3, was=s, first=s + 1)
    received = world.requestor.t3()

    assert [] == list(received.rejects)
    assert {"LAB/PO2/BOB": "Ann", "LAB/PO2/ANN": "Bob"} == {
        e.address: e.name for e in world.requestor.gal() if e.list == "LAB/PO2"
    }


def test_nobody_else_changes_the_own_list() -> None:
    """KB Q96003 #66: transactions for the own list are ignored with error 66."""
    world = World()
    s = world.started()
    steps = [*replaces("LAB/PO1"), *adds(entry("Intruder", "LAB/PO1/I"))]
    world.answer(*steps, r=3, was=s, first=s + 1, own=frozenset())
    received = world.requestor.t3()

    assert [66, 66] == [reject.code for reject in received.rejects]
    assert ["Ann", "Bob", "Eve", "Yan", "Zoë"] == world.names()


@pytest.mark.dx("T-154")
def test_a_request_at_a_requestor_is_a_wrong_way_message() -> None:
    """KB Q108844: a ReqTx that comes to a requestor is error 133 and changes nothing."""
    world = World()
    world.requestor.t1()
    (data,) = world.to_server.files.values()
    wrong = data.replace(b"TO:CSI:INSTITUTE/BERLIN/", b"TO:CSI:LAB/PO1/").replace(
        b"FROM:CSI:LAB/PO1/", b"FROM:CSI:INSTITUTE/BERLIN/"
    )
    world.to_requestor.write("wrong.msg", wrong)
    received = world.requestor.t3()

    assert [133] == [reject.code for reject in received.others]
    assert [] == world.to_requestor.names()


def test_answers_of_strangers_and_letters() -> None:
    """What is no answer of the own server changes nothing; it is logged and taken away."""
    world = World()
    world.started()
    world.post(number_steps(adds(entry("Evil", "LAB/PO9/E")), 500, "k"), Reply(r=3, s=500, was=0, i=1))
    (name,) = world.to_requestor.names()
    world.to_requestor.files[name] = world.to_requestor.files[name].replace(
        b"FROM:CSI:Institute", b"FROM:CSI:Elsewhere"
    )
    peer = PeerInfo(id="pc/LAB/PO1", name="LAB/PO1")
    notice = Parcel(
        id="n1", peer=peer, kind=ParcelKind.NOTICE, to="LAB/PO1/$SYSTEM", title="Not processed", text="[158] …"
    )
    list(world.server.deliver(notice))
    received = world.requestor.t3()

    assert 2 == len(received.others)
    assert "is not our server" in received.others[0].reason
    assert "Not processed: [158]" in received.others[1].reason
    assert [] == world.to_requestor.names()
    assert "Evil" not in world.names()


def test_mail_for_others_is_left_alone() -> None:
    """Requestors may share a folder: each takes only what is addressed to it."""
    world = World()
    world.started()
    world.answer(r=3, was=0, first=500)
    (name,) = world.to_requestor.names()
    world.to_requestor.files[name] = world.to_requestor.files[name].replace(b"TO:CSI:LAB/PO1/", b"TO:CSI:LAB/PO2/")
    world.requestor.t3()

    assert [name] == world.to_requestor.names()


@pytest.mark.dx("T-157")
def test_rubbish_is_put_aside() -> None:
    """A file that is no message is parked with its reason, and the answers beside it are taken."""
    world = World()
    s = world.started()
    world.to_requestor.write("a.msg", b"rubbish")
    world.answer(*adds(entry("Ida", "LAB/PO4/IDA")), r=3, was=s, first=s + 1)
    world.requestor.t3()

    assert ["a.msg"] == list(world.to_requestor.parked)
    assert "Ida" in world.names()


@pytest.mark.dx("T-177", "T-196")
def test_a_locked_answer_waits() -> None:
    """A file that cannot be read now is logged once per run and taken when it can be read."""
    world = World()
    s = world.started()
    world.answer(*adds(entry("Ida", "LAB/PO4/IDA")), r=3, was=s, first=s + 1)
    world.to_requestor.locked = set(world.to_requestor.names())
    world.requestor.t3()
    first = world.names()
    world.to_requestor.locked = set()
    world.requestor.t3()

    assert ("Ida" in first, "Ida" in world.names()) == (False, True)
    assert 1 == world.home.files["DIRSYNC.LOG"].count(b"locked")


@pytest.mark.dx("T-176")
def test_many_failures_do_not_end_a_run() -> None:
    """KB Q296255: the log stays short, counts the rest, and what can be used is used."""
    world = World()
    world.people(*(f"Bad {n}\tNOPE:{n}" for n in range(500)), "Zoë\tPCM:LAB/PO1/ZOE")
    sent = world.requestor.t1()
    log = world.home.files["DIRSYNC.LOG"].decode("cp850").splitlines()

    assert (500, 2) == (len(sent.rejects), len(sent.transactions))
    assert 100 == sum("NOPE" in line or "unknown address type" in line for line in log)
    assert any(line.endswith("Warning[ 16] 400 more of these") for line in log)


def test_the_log_has_its_documented_form() -> None:
    """KB Q118447, Q149271: date, level in seven columns, number in brackets."""
    world = World()
    world.people("Zoë\tPCM:LAB/PO1/ZOE", "Zoë\tPCM:LAB/PO1/ZED")
    world.requestor.t1()
    lines = [line[17:] for line in world.home.files["DIRSYNC.LOG"].decode("cp850").splitlines()]

    assert " | Warning[ 27] alias already exists: Zoë (line 2)" == lines[0]
    assert " | Status       updates sent: 2" == lines[1]


# -- crashes ---------------------------------------------------------------------------------------------------------


@attrs.define
class Fuse:
    """Ends the process at its n-th use."""

    left: int

    def burn(self) -> None:
        if self.left == 0:
            raise Stop
        self.left -= 1


class BreakingStorage(MemoryStorage):
    """A storage that may end the process before or after it has saved."""

    fuse: Fuse

    def save(self, state: RequestorState) -> None:
        self.fuse.burn()
        super().save(state)
        self.fuse.burn()


class BreakingFolder(MemoryFolder):
    """A folder that may end the process before or after a change."""

    fuse: Fuse

    def write(self, name: str, data: bytes) -> None:
        self.fuse.burn()
        super().write(name, data)
        self.fuse.burn()

    def remove(self, name: str) -> None:
        self.fuse.burn()
        super().remove(name)
        self.fuse.burn()


@pytest.mark.parametrize("at", range(8))
def test_a_crash_loses_nothing(at: int) -> None:
    """Wherever T1 and T3 are cut off, running them again has the effect of once."""
    quiet = Fuse(10**6)
    storage, to_server, to_requestor = BreakingStorage(), BreakingFolder(), BreakingFolder()
    for each in (storage, to_server, to_requestor):
        each.fuse = quiet
    world = World(storage=storage, to_server=to_server, to_requestor=to_requestor)
    s = world.started()
    world.people("Zoë\tPCM:LAB/PO1/ZOE", "Xu\tPCM:LAB/PO1/XU")

    def cycle() -> None:
        world.requestor.t3()
        world.requestor.t1()

    world.answer(Step(Verb.DELETE, ANN, None), *adds(entry("Ida", "LAB/PO4/IDA")), r=3, was=s, first=s + 1)
    quiet.left = at
    with pytest.raises(Stop):
        cycle()
    quiet.left = 10**6
    cycle()
    requests = world.heard()

    assert ["Bob", "Eve", "Ida", "Xu", "Zoë"] == world.names()
    assert [(4, "D", "Yan"), (5, "A", "Xu")] == numbered(requests[-1])
    assert requests[-1].request == Request(r=5, was=3, s=s + 2, i=1, last=5, strict=True)
    assert [] == to_requestor.names()


def test_a_list_that_cannot_be_written_is_written_later() -> None:
    """When GAL.TXT cannot be written the answers stay, and the next T3 writes it."""

    class Full(MemoryHome):
        broken = False

        def write(self, name: str, data: bytes) -> None:
            if self.broken:
                raise TransportError(f"cannot write {name}: No space left on device")
            super().write(name, data)

    home = Full()
    world = World(home=home)
    s = world.started()
    world.answer(*adds(entry("Ida", "LAB/PO4/IDA")), r=3, was=s, first=s + 1)
    home.broken = True
    with pytest.raises(TransportError, match=r"GAL\.TXT"):
        world.requestor.t3()
    home.broken = False
    world.requestor.t3()

    assert b"Ida" in home.files["GAL.TXT"]
    assert [] == world.to_requestor.names()


# -- the naive one ---------------------------------------------------------------------------------------------------


def test_the_naive_requestor_is_not_strict() -> None:
    """It does not call itself one of ours, so that a server expects nothing of it."""
    world = World({"naive": True})
    report = world.ask()

    assert report.request
    assert not report.request.strict


def test_the_naive_requestor_takes_what_comes_last() -> None:
    """KB Q142841: of several answers the latest counts, whatever it builds on, and S follows it."""
    world = World({"naive": True})
    s = world.started()
    world.answer(*adds(entry("One", "LAB/PO5/A")), r=3, was=s, first=s + 10)
    world.answer(*adds(entry("Two", "LAB/PO5/B")), r=3, was=1, first=s - 50)
    world.requestor.t3()

    assert ["Ann", "Bob", "Eve", "Two", "Yan", "Zoë"] == world.names()
    assert s - 50 == world.requestor.state().machine.s


def test_the_naive_requestor_stores_record_by_record() -> None:
    """A crash in the middle leaves half of an answer and the old number."""
    storage = BreakingStorage()
    storage.fuse = Fuse(10**6)
    world = World({"naive": True}, storage=storage)
    s = world.started()
    world.answer(*adds(entry("One", "LAB/PO5/A"), entry("Two", "LAB/PO5/B")), r=3, was=s, first=s + 1)
    storage.fuse.left = 2
    with pytest.raises(Stop):
        world.requestor.t3()
    storage.fuse.left = 10**6

    assert ["Ann", "Bob", "Eve", "One", "Yan", "Zoë"] == world.names()
    assert s == world.requestor.state().machine.s


def test_the_naive_requestor_does_not_understand_a_foreign_number() -> None:
    """An R that it has not sent changes nothing: a person has to export."""
    world = World({"naive": True})
    s = world.started()
    world.answer(r=50, was=s, first=s + 1)
    world.requestor.t3()

    assert [] == list(world.ask().transactions)


def test_both_ends_agree_on_every_record() -> None:
    """What one end writes the other reads: the transactions of a request come out as they went in."""
    world = World({"templates": True})
    names = ['O\'Neil, Anna "Annie"', "Müller/Jörg", "#hash", "-dash", "A:B", "M" * 30, "x" * 29 + "é"]
    world.people(*(f"{name}\tPCM:LAB/PO1/U{n}" for n, name in enumerate(names)))
    report = world.ask()

    assert names == [t.new.name for t in report.transactions if t.verb is Verb.ADD and t.new]
    assert [Transaction] == list({type(t) for t in report.transactions})
