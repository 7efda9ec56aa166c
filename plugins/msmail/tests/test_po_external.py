"""EXTERNAL: mail moves from INQUEUE into mailboxes, and from postoffice to postoffice."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import attrs
import pytest

from dxa.errors import FormatError, LockedError, TransportError, UsageError
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import groups, identity, layout, letters, mailbag, networks, seen, tree, users
from dxa_msmail.postoffice.grouprecords import GroupRecord
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3, SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import Route, direct, indirect
from dxa_msmail.programs import registration, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.external.mailroom import Outcome, Waiting
from tests.labs.killing import Fuse, KilledError

NOW = 1_700_000_000.0
SENT = datetime(2023, 11, 14, 22, 0)
REQUEST = Letter(
    sender="NETA/PO/$SYSTEM",
    to=("NETB/PO/$SYSTEM",),
    time=SENT,
    subject="ReqTx R=1 (was 0)",
    body=b"[dirsync]\r\n",
    attachments=(Attachment("REQUPDS.GLB", bytes(range(256))),),
)
LETTER = attrs.evolve(REQUEST, sender="NETA/PO/ann", to=("NETB/PO/bob",), subject="Hello", attachments=())


@attrs.frozen
class World:
    """Postoffices in one folder, which know each other by relative paths."""

    root: Path
    step: Fuse = attrs.field(factory=Fuse)

    def __getitem__(self, name: str) -> Maildata:
        return Maildata(self.root / name, patience=0.0, durable=False, step=self.step)

    def add(self, name: str, routes: dict[str, Route], *mailboxes: str) -> None:
        tree.create(self.root / name, network=f"NET{name.upper()}", postoffice="PO", durable=False)
        with self[name].change() as change:
            # Those on the way have to be known before those behind them.
            for other, route in sorted(routes.items(), key=lambda item: item[1].kind is networks.RouteKind.INDIRECT):
                networks.add_postoffice(change, _full(other), route=route)
            for mailbox in mailboxes:
                users.add_user(change, users.NewUser(name=mailbox.title(), mailbox=mailbox))

    def submit(self, name: str, *mail: Letter, bag: str = INQUEUE, now: float = NOW) -> None:
        with self[name].change() as change:
            for letter in mail:
                letters.submit(change, letter, bag=bag, now=now)

    def run(self, name: str, now: float = NOW) -> Outcome:
        return external.run(self[name], lambda: now)

    def bag(self, name: str, mailbox: str) -> str:
        """The mailbag of a user, of another postoffice (one letter), or one by its name."""
        with self[name].look() as files:
            if mailbox in (SYSTEM, INQUEUE, INQUEUE3):
                return mailbox
            if len(mailbox) == 1:
                return networks.find(files, _full(mailbox)).mailbag
            return users.find_user(files, mailbox).hexid

    def mail(self, name: str, mailbox: str) -> list[Letter]:
        bag = self.bag(name, mailbox)
        with self[name].look() as files:
            found = [letters.fetch(files, header.stem) for _, header in mailbag.headers(files, bag)]
        return [attrs.evolve(letter, trace=()) for letter in found]

    def fill(self, name: str, mailbox: str) -> None:
        """All 4,096 places of a mailbag are used."""
        (self[name].root / f"MBG/{self.bag(name, mailbox)}.MBG").write_bytes(bytes(116 * 4096))

    def empty(self, name: str, mailbox: str) -> None:
        bag = self.bag(name, mailbox)
        with self[name].change() as change:
            mailbag.create(change, bag)

    def files(self, name: str) -> list[str]:
        """Which letters, attachments and envelopes a postoffice has."""
        root = self.root / name
        paths = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        return sorted(path for path in paths if path.startswith(("MAI/", "ATT/", "P1/")))

    def log(self, name: str) -> str:
        return (self.root / name / "LOG/DIRSYNC.LOG").read_text("cp850")

    def aside(self, name: str) -> list[str]:
        return sorted(path.read_text("cp850") for path in (self.root / name).glob("DXA/BAD/*.WHY"))


def _full(name: str) -> str:
    return name if "/" in name else f"NET{name.upper()}/PO"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two postoffices with a user each."""
    made = World(tmp_path)
    made.add("a", {"b": direct("../b")}, "ann")
    made.add("b", {"a": direct("../a")}, "bob", "ben")
    return made


# -- the way of a letter -------------------------------------------------------------------------------------------


def test_a_letter_goes_from_inqueue_to_the_others_mailbag(world: World) -> None:
    """KB Q96060, Q85058: one run sorts and delivers; nothing of it is left here."""
    world.submit("a", REQUEST)

    outcome = world.run("a")

    assert [REQUEST] == world.mail("b", SYSTEM)
    assert ([], []) == (world.files("a"), world.mail("a", INQUEUE))
    assert Outcome(queued=Counter({"NETB/PO": 1}), delivered=Counter({"NETB/PO": 1})) == outcome


def test_the_order_is_kept(world: World) -> None:
    """Letters arrive in the order in which they were submitted, also when they need more than one change."""
    sent = [attrs.evolve(REQUEST, subject=f"{n}", body=bytes(100)) for n in range(10)]
    world.submit("a", *sent)
    external.run(world["a"], lambda: NOW, batch=300)
    assert [letter.subject for letter in sent] == [letter.subject for letter in world.mail("b", SYSTEM)]


def test_a_letter_to_many_goes_to_each_once(world: World) -> None:
    """Here, there and in any case of letters; at the other postoffice it is stored once for all of its recipients."""
    to = ("NETB/PO/bob", "netb/po/BEN", "NETA/PO/Ann", "NETB/PO/$SYSTEM", "NETB/PO/BOB", "NETA/PO/$SYSTEM")
    letter = attrs.evolve(LETTER, to=to)
    world.submit("a", letter)

    outcome = world.run("a")

    there = [("a", "ann"), ("a", SYSTEM), ("b", "bob"), ("b", "ben"), ("b", SYSTEM)]
    assert [[letter]] * 5 == [world.mail(*place) for place in there]
    assert (2, 3) == (outcome.local, outcome.delivered["NETB/PO"])
    assert (["MAI/MA1/00000001.MAI"],) * 2 == (world.files("a"), world.files("b"))


def test_systems_of_more_connectors_share_the_mailbag(world: World) -> None:
    """KB Q150828: SYSTEM1, SYSTEM2 … are directory synchronization, too; a user of such a name comes first."""
    world.submit("a", *(attrs.evolve(REQUEST, to=(f"NETB/PO/{box}",)) for box in ("SYSTEM", "SYSTEM2", "system3")))
    with world["b"].change() as change:
        users.add_user(change, users.NewUser(name="System Three", mailbox="SYSTEM3"))
    world.run("a")
    assert (2, 1) == (len(world.mail("b", SYSTEM)), len(world.mail("b", "SYSTEM3")))


def test_a_letter_to_a_group_goes_to_its_members(world: World) -> None:
    """KB Q119241: to others its address is one like all; a member who is named, too, gets the letter once."""
    for name, mailbox in (("a", "ann"), ("b", "bob")):
        with world[name].change() as change:
            groups.add_group(change, f"All of {name}", "ALL", [mailbox, *(["ben"] if name == "b" else [])])
    world.submit("a", attrs.evolve(LETTER, to=("NETB/PO/all", "NETB/PO/BEN", "NETA/PO/ALL")))

    done = world.run("a")

    assert ([], 1, {"NETB/PO": 2}) == (done.returned, done.local, done.delivered)
    assert [1, 1, 1] == [len(world.mail(*where)) for where in (("a", "ann"), ("b", "bob"), ("b", "ben"))]
    assert 0 == world.run("a").settled


def test_a_group_without_members_has_no_mail(world: World) -> None:
    """The sender is told."""
    with world["b"].change() as change:
        groups.add_group(change, "None", "NONE", [])
    world.submit("a", attrs.evolve(LETTER, to=("NETB/PO/NONE",)))

    (why,) = world.run("a").returned
    assert "the group NONE at NETB/PO has no members" in why


def test_damaged_members_hold_up_the_mail_of_groups_alone(world: World) -> None:
    """It is not returned either, for they may be mended."""
    with world["b"].change() as change:
        group = groups.add_group(change, "Everybody", "ALL", ["bob"])
        change.write(f"MEM/{group.hexid}.MEM", b"rubbish")
    world.submit("a", LETTER, attrs.evolve(LETTER, to=("NETB/PO/ALL",)))

    done = world.run("a")

    assert ([], ["NETB/PO"]) == (done.returned, [each.postoffice for each in done.waiting])
    assert 1 == len(world.mail("b", "bob"))


def test_what_came_from_outside_is_sorted_too(world: World) -> None:
    """KB Q115490: INQUEUE3 holds it."""
    world.submit("b", LETTER, bag=INQUEUE3)
    assert 1 == world.run("b").local
    assert [LETTER] == world.mail("b", "bob")


def test_a_run_without_mail_changes_nothing(world: World) -> None:
    """Only the log tells of it."""
    paths = [path for path in world.root.rglob("*") if path.is_file() and path.parent.name != "LOG"]
    before = {path: path.read_bytes() for path in paths}
    assert Outcome() == world.run("a")
    assert before == {path: path.read_bytes() for path in before}


def test_the_run_is_told_in_the_log(world: World) -> None:
    """DIRSYNC.LOG says what went where."""
    world.submit("a", REQUEST, attrs.evolve(LETTER, to=("NETA/PO/ann",)))
    world.run("a")
    assert "| Status       1 delivered here\n" in world.log("a").replace("\r", "")
    assert "| Status       1 delivered to NETB/PO\n" in world.log("a").replace("\r", "")


@pytest.mark.dx("T-164", "T-242")
def test_names_are_compared_as_a_whole(tmp_path: Path) -> None:
    """KB Q162841: NET/P1 and NET/P12 are two postoffices, BO and BOB two mailboxes."""
    world = World(tmp_path)
    world.add("a", {"NET/P1": direct("../b"), "NET/P12": direct("../c")}, "ann")
    for folder, name in (("b", "P1"), ("c", "P12")):
        tree.create(tmp_path / folder, network="NET", postoffice=name, durable=False)
        with world[folder].change() as change:
            users.add_users(change, [users.NewUser(name=box, mailbox=box) for box in ("BO", "BOB")])
    world.submit("a", *(attrs.evolve(LETTER, to=(to,)) for to in ("NET/P12/BO", "NET/P1/BOB", "NET/P/BO", "NET/P1/B")))

    world.run("a")

    got = {(folder, box): len(world.mail(folder, box)) for folder in "bc" for box in ("BO", "BOB")}
    assert {("b", "BO"): 0, ("b", "BOB"): 1, ("c", "BO"): 1, ("c", "BOB"): 0} == got
    assert 2 == len(world.mail("a", "ann"))


# -- what comes twice ----------------------------------------------------------------------------------------------


def test_what_the_other_side_knows_is_only_settled(world: World) -> None:
    """Its digest is there, though the letter itself has been taken away since; here it is deleted."""
    world.submit("a", REQUEST)
    shutil.copytree(world.root / "a", world.root / "before")
    world.run("a")
    world.empty("b", SYSTEM)
    shutil.rmtree(world.root / "a")
    (world.root / "before").rename(world.root / "a")

    outcome = world.run("a")

    assert (1, Counter()) == (outcome.settled, +outcome.delivered)
    assert ([], []) == (world.mail("b", SYSTEM), world.files("a"))


def test_another_letter_under_a_used_number_is_delivered(world: World) -> None:
    """A postoffice that was restored from a backup gives out its numbers again; the letters are not the same."""
    shutil.copytree(world.root / "a", world.root / "backup")
    world.submit("a", REQUEST)
    world.run("a")
    shutil.rmtree(world.root / "a")
    (world.root / "backup").rename(world.root / "a")
    other = attrs.evolve(REQUEST, subject="ReqTx R=2")
    world.submit("a", other)

    world.run("a")

    assert [REQUEST, other] == world.mail("b", SYSTEM)


def test_a_duplicate_header_is_no_second_letter(world: World) -> None:
    """KB Q127752."""
    world.submit("a", LETTER, attrs.evolve(LETTER, to=("NETA/PO/ann",)))
    with world["a"].change() as change:
        for _, header in mailbag.headers(change, INQUEUE):
            mailbag.append(change, INQUEUE, header)
    world.run("a")
    assert (1, 1) == (len(world.mail("b", "bob")), len(world.mail("a", "ann")))
    assert ([], []) == (world.mail("a", INQUEUE), world.aside("a"))


# -- what has to wait ----------------------------------------------------------------------------------------------


@pytest.mark.dx("T-249")
def test_mail_without_a_route_waits_and_is_reported_with_its_age(world: World) -> None:
    """KB Q96060: mail that nobody moves is stranded; each run says for whom, how much, and for how long."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETC/PO")
    world.submit("a", *(attrs.evolve(REQUEST, to=("NETC/PO/$SYSTEM",)),) * 2)
    world.run("a")

    outcome = world.run("a", now=NOW + 3 * 86400)

    why = "there is no direct route to NETC/PO; give it one, or let another program fetch them"
    assert [Waiting("NETC/PO", 2, 3 * 86400.0, why)] == outcome.waiting
    assert f"Warning[113] failure to send mail: 2 for NETC/PO, the oldest for 3 d: {why}" in world.log("a")


@pytest.mark.dx("T-206")
def test_a_postoffice_that_is_missing_holds_up_no_other(world: World) -> None:
    """Its mail waits with the reason, the other's is delivered; it arrives when the postoffice is there again."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETAA/PO", route=direct("../gone"))
    world.submit("a", attrs.evolve(REQUEST, to=("NETAA/PO/$SYSTEM", "NETB/PO/$SYSTEM")))

    (waiting,) = world.run("a").waiting

    assert (1, 1) == (len(world.mail("b", SYSTEM)), waiting.letters)
    assert "NETAA/PO" == waiting.postoffice
    assert "gone is not a postoffice: it has no GLB/FLAG.GLB; is the disk or share mounted" in waiting.reason

    tree.create(world.root / "gone", network="NETAA", postoffice="PO", durable=False)
    assert [] == world.run("a").waiting
    assert (1, 1, []) == (len(world.mail("b", SYSTEM)), len(world.mail("gone", SYSTEM)), world.files("a"))


def test_a_locked_postoffice_holds_up_no_other(world: World) -> None:
    """KB Q148705: error 91 there is a reason to wait here."""
    world.submit("a", REQUEST, attrs.evolve(LETTER, to=("NETA/PO/ann",)))
    handle = os.open(world.root / "b/GLB/FLAG.GLB", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)

    outcome = world.run("a")
    os.close(handle)

    assert ["NETB/PO"] == [each.postoffice for each in outcome.waiting]
    assert "[91] the database is locked by another process" in outcome.waiting[0].reason
    assert 1 == outcome.local
    world.run("a")
    assert [REQUEST] == world.mail("b", SYSTEM)


def test_a_locked_postoffice_of_our_own_ends_the_run(world: World) -> None:
    """Two programs on one postoffice refuse each other."""
    handle = os.open(world.root / "a/GLB/FLAG.GLB", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(LockedError, match=r"\[91\]"):
        world.run("a")
    os.close(handle)


def test_the_two_postoffices_are_never_locked_at_once(world: World) -> None:
    """Two that deliver to each other at the same time would wait for each other for ever."""
    world.submit("a", REQUEST, LETTER, attrs.evolve(LETTER, to=("NETB/PO/nobody", "NETA/PO/ann")))
    held: set[tuple[bool, ...]] = set()

    def locks(_what: str) -> None:
        held.add(tuple(_is_locked(world.root / name) for name in ("a", "b")))

    external.run(Maildata(world.root / "a", durable=False, step=locks), lambda: NOW)

    assert {(True, False), (False, True)} == held


def test_runs_at_the_same_time_deliver_each_letter_once(world: World) -> None:
    """Four programs, two at each of two postoffices that write to each other: they wait for each other."""
    there = [attrs.evolve(LETTER, subject=f"{n}") for n in range(25)]
    back = [attrs.evolve(letter, sender="NETB/PO/bob", to=("NETA/PO/ann",)) for letter in there]
    world.submit("a", *there, attrs.evolve(LETTER, to=("NETB/PO/nobody",)))
    world.submit("b", *back)

    def run(name: str) -> Outcome:
        return external.run(Maildata(world.root / name, patience=30.0, durable=False), lambda: NOW, batch=100)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(run, "abab"))

    assert there == world.mail("b", "bob")
    assert sorted([*(f"{n}" for n in range(25)), "Undeliverable: Hello"]) == sorted(
        letter.subject for letter in world.mail("a", "ann")
    )
    assert 50 == sum(sum(outcome.delivered.values()) for outcome in outcomes)
    assert ([], []) == (world.mail("a", INQUEUE), world.mail("b", INQUEUE))


def _is_locked(root: Path) -> bool:
    handle = os.open(root / "GLB/FLAG.GLB", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def test_a_route_to_another_postoffice_is_not_taken(world: World) -> None:
    """A folder that was mixed up gets nothing: the identity there is asked first."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETC/PO", route=direct("../b"))
    world.submit("a", attrs.evolve(LETTER, to=("NETC/PO/bob",)))
    (waiting,) = world.run("a").waiting
    assert "is the postoffice NETB/PO, not NETC/PO" in waiting.reason
    assert [] == world.mail("b", "bob")


@pytest.mark.dx("T-205")
def test_a_full_mailbag_there_holds_up_only_its_own_mail(world: World) -> None:
    """Who has room gets the letter now and not again; the other gets it when there is room."""
    letter = attrs.evolve(LETTER, to=("NETB/PO/bob", "NETB/PO/ben"))
    world.submit("a", letter, LETTER)
    world.fill("b", "bob")

    (waiting,) = world.run("a").waiting

    assert ("NETB/PO", 2) == (waiting.postoffice, waiting.letters)
    assert "is full: it has 4096 messages" in waiting.reason
    assert [letter] == world.mail("b", "ben")

    world.empty("b", "bob")
    assert [] == world.run("a").waiting
    assert ([letter, LETTER], [letter], []) == (world.mail("b", "bob"), world.mail("b", "ben"), world.files("a"))


@pytest.mark.dx("T-205")
def test_a_full_mailbag_here_holds_up_only_its_own_mail(world: World) -> None:
    """The envelope in INQUEUE names those who are still to get it."""
    letter = attrs.evolve(LETTER, to=("NETB/PO/bob", "NETA/PO/ann", "NETA/PO/$SYSTEM"))
    world.submit("a", letter)
    world.fill("a", "b")

    outcome = world.run("a")

    assert [(INQUEUE, 1)] == [(each.postoffice, each.letters) for each in outcome.waiting]
    assert "is full" in outcome.waiting[0].reason
    assert ([letter], [letter]) == (world.mail("a", "ann"), world.mail("a", SYSTEM))

    world.empty("a", "b")
    assert [] == world.run("a").waiting
    assert ([letter], [letter], [letter]) == (world.mail("a", "ann"), world.mail("a", SYSTEM), world.mail("b", "bob"))


@pytest.mark.dx("T-206")
@pytest.mark.parametrize("name", ["GLB/CONTROL.GLB", "GLB/ACCESS.GLB", "DXA/SEEN", "GLB/MASTER.GLB"])
def test_a_damaged_postoffice_gets_nothing_and_is_named(world: World, name: str) -> None:
    """State of the other side that cannot be believed is a reason to wait."""
    path = world.root / "b" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"damaged")
    world.submit("a", LETTER)
    (waiting,) = world.run("a").waiting
    assert name in waiting.reason
    assert 1 == len(world.mail("a", "b"))


def test_a_damaged_mailbag_there_holds_up_only_its_own_mail(world: World) -> None:
    """One user's files are wrong; the others get theirs."""
    world.submit("a", LETTER, REQUEST)
    (world.root / "b/KEY" / f"{world.bag('b', 'bob')}.KEY").write_bytes(b"?")
    (waiting,) = world.run("a").waiting
    assert (1, [REQUEST]) == (waiting.letters, world.mail("b", SYSTEM))
    assert "possible database corruption" in waiting.reason


def test_a_damaged_mailbag_here_holds_up_no_other_postoffice(world: World) -> None:
    """What lies in it cannot be told; the rest goes on."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETC/PO", route=direct("../c"))
    (world.root / "a/MBG" / f"{world.bag('a', 'c')}.MBG").write_bytes(b"?")
    world.submit("a", REQUEST)
    (waiting,) = world.run("a").waiting
    assert ("NETC/PO", 0) == (waiting.postoffice, waiting.letters)
    assert [REQUEST] == world.mail("b", SYSTEM)


def test_a_damaged_inqueue_ends_the_run_with_its_name(world: World) -> None:
    """It is state: nobody can tell what lies in it. The log says so."""
    (world.root / "a/MBG/INQUEUE.MBG").write_bytes(b"?")
    with pytest.raises(FormatError, match=r"MBG/INQUEUE\.MBG"):
        world.run("a")
    assert "Fatal  [ 40]" in world.log("a")


def test_a_missing_inqueue_ends_the_run_with_its_name(world: World) -> None:
    """KB Q130449."""
    (world.root / "a/KEY/INQUEUE.KEY").unlink()
    with pytest.raises(TransportError, match=r"KEY/INQUEUE\.KEY is missing"):
        world.run("a")


# -- what cannot be delivered --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("NETA/PO/nobody", "[002] unknown address: there is no mailbox nobody at NETA/PO"),
        ("NETB/PO/nobody", "[002] unknown address: there is no mailbox nobody at NETB/PO"),
        ("NETB/PO2/bob", "[002] unknown address: postoffice not found: NETB/PO2"),
        ("NETC/PO/bob", "[002] unknown address: network not found: NETC/PO"),
        ("SMTP:bob@example.org", "[002] unknown address: gateway not installed: SMTP:bob@example.org"),
        ("bob", "[002] unknown address: bad address: bob"),
        ("NOTE:bob", "[002] unknown address: bad address: NOTE:bob"),
    ],
)
def test_the_sender_is_told_once_of_an_unknown_recipient(world: World, to: str, reason: str) -> None:
    """KB Q99204: by a report from the POSTMASTER of his postoffice, in the same run; the letter itself is gone."""
    world.submit("a", attrs.evolve(LETTER, to=(to,)))

    outcome = world.run("a")
    world.run("a")

    (report,) = world.mail("a", "ann")
    assert ("NETA/PO/POSTMASTER", ("NETA/PO/ann",), "Undeliverable: Hello") == (
        report.sender,
        report.to,
        report.subject,
    )
    assert f"  {to}: {reason}\r\n".encode() in report.body
    assert [f"mail from NETA/PO/ann (Hello) to {to}: {reason}"] == outcome.returned
    assert f"Warning[154] non-delivery report: mail from NETA/PO/ann (Hello) to {to}" in world.log("a")
    assert ["MAI"] == [name[:3] for name in world.files("a")]


def test_a_report_goes_back_to_the_senders_postoffice(world: World) -> None:
    """Who wrote from elsewhere is told there, by the postoffice that could not deliver."""
    world.submit("b", attrs.evolve(LETTER, to=("NETB/PO/nobody",)), bag=INQUEUE3)
    world.run("b")
    world.run("b")
    assert ["NETB/PO/POSTMASTER"] == [report.sender for report in world.mail("a", "ann")]


def test_an_unknown_recipient_is_reported_once_while_another_waits(world: World) -> None:
    """A letter that is tried again for one recipient says nothing again about the other."""
    world.fill("b", "bob")
    world.submit("a", attrs.evolve(LETTER, to=("NETB/PO/bob", "NETB/PO/nobody")))
    for _ in range(3):
        world.run("a")
    assert 1 == len(world.mail("a", "ann"))
    world.empty("b", "bob")
    world.run("a")
    assert (1, 1) == (len(world.mail("a", "ann")), len(world.mail("b", "bob")))


@pytest.mark.parametrize(
    "letter",
    [
        attrs.evolve(LETTER, subject="Undeliverable: Hello", to=("NETA/PO/nobody",)),
        attrs.evolve(LETTER, subject="NDR: Hello", to=("NETA/PO/nobody",)),
        attrs.evolve(LETTER, subject="Mail failure", sender="NETB/PO/POSTMASTER", to=("NETA/PO/nobody",)),
        attrs.evolve(LETTER, sender="NETA/PO/*SPECIAL", to=("NETA/PO/nobody",)),
        attrs.evolve(LETTER, sender="NETA/PO/*SPECIAL", to=("NETA/PO/*SPECIAL",)),
    ],
)
@pytest.mark.dx("T-154", "T-158", "T-108")
def test_no_report_is_written_about_a_report_or_about_an_exported_list(world: World, letter: Letter) -> None:
    """Two programs that report to each other never end: the letter is kept aside with the reason, and logged as 154."""
    world.submit("a", letter)
    outcome = world.run("a")
    assert ([], 1, 1) == (outcome.returned, len(outcome.aside), len(world.aside("a")))
    assert ([], []) == (world.files("a"), world.mail("a", "ann"))
    assert "Warning[154] non-delivery report: mail from" in world.log("a")


@pytest.mark.parametrize("sender", ["NETA/PO/$SYSTEM", "NETA/PO/SYSTEM2"])
@pytest.mark.dx("T-154")
def test_a_report_about_mail_of_a_system_goes_to_that_system(world: World, sender: str) -> None:
    """SRVMAIN and REQMAIN take it as error 154 and answer nothing; it is not from a $SYSTEM itself."""
    world.submit("a", attrs.evolve(REQUEST, sender=sender, to=("NETB/PO/nobody",)))
    world.run("a")
    (report,) = world.mail("a", SYSTEM)
    assert ("NETA/PO/POSTMASTER", (sender,)) == (report.sender, report.to)
    assert [] == world.aside("a")


@pytest.mark.dx("T-154")
@pytest.mark.parametrize("postoffice", ["NETB/PO", "NETC/PO"])
def test_a_requestor_notes_a_report_as_154(world: World, postoffice: str) -> None:
    """Whoever could not deliver its request: the server's own postoffice, or one on the way."""
    registration.register_server(world["a"], "NETB/PO")
    report = attrs.evolve(LETTER, sender=f"{postoffice}/POSTMASTER", to=(REQUEST.sender,), subject="Undeliverable: x")
    with world["a"].change() as change:
        letters.deliver(change, report, SYSTEM, now=NOW)
    (other,) = reqmain.receive(world["a"], lambda: NOW).others
    assert 154 == other.code


def test_a_report_that_cannot_be_delivered_is_kept_aside(world: World) -> None:
    """The sender is unknown as well; that is the end of it."""
    world.submit("a", attrs.evolve(LETTER, sender="NETA/PO/ghost", to=("NETA/PO/nobody",)))
    outcome = world.run("a")
    assert (1, 1) == (len(outcome.returned), len(outcome.aside))
    assert ([], [], []) == (world.files("a"), world.mail("a", INQUEUE), outcome.waiting)


def test_a_full_inqueue_of_mail_for_nobody_is_worked_off(world: World) -> None:
    """A letter that leaves INQUEUE makes room for the report about it."""
    letter = attrs.evolve(LETTER, to=("NETA/PO/nobody",))
    world.submit("a", *[letter] * 20)
    with world["a"].change() as change:
        header = mailbag.headers(change, INQUEUE)[0][1]
        for _ in range(4076):
            mailbag.append(change, INQUEUE, header)
    world.submit("a", letter, bag=INQUEUE3)

    # What came from outside leaves no place in INQUEUE, and waits for one.
    assert [(INQUEUE3, 1)] == [(each.postoffice, each.letters) for each in world.run("a").waiting]
    assert 20 == len(world.mail("a", "ann"))

    world.run("a")

    assert (21, []) == (len(world.mail("a", "ann")), world.mail("a", INQUEUE))


@pytest.mark.dx("T-206")
@pytest.mark.parametrize("name", ["MAI/MA1/00000001.MAI", "P1/00000001.P1"])
@pytest.mark.parametrize("data", [None, b"", b"not ours" * 20])
def test_a_damaged_letter_is_kept_aside_and_the_others_go_on(world: World, name: str, data: bytes | None) -> None:
    """A file that is missing, empty or not of dxa's layout; the reason names it."""
    world.submit("a", REQUEST, LETTER)
    path = world.root / "a" / name
    path.unlink()
    if data is not None:
        path.write_bytes(data)

    outcome = world.run("a")

    assert ([], [LETTER]) == (world.mail("b", SYSTEM), world.mail("b", "bob"))
    assert [name in reason for reason in outcome.aside] == [True]
    assert ([], outcome.aside) == (world.mail("a", INQUEUE), [reason.strip() for reason in world.aside("a")])


@pytest.mark.dx("T-206")
def test_a_letter_with_a_damaged_attachment_is_kept_aside_and_the_others_go_on(world: World) -> None:
    """It is found when the letter is to be carried; what is left of it is kept."""
    world.submit("a", REQUEST, LETTER)
    (world.root / "a/ATT/AT2/00000002.ATT").write_bytes(b"?")
    outcome = world.run("a")
    assert ([], [LETTER], []) == (world.mail("b", SYSTEM), world.mail("b", "bob"), outcome.waiting)
    assert 1 == len(world.aside("a"))
    assert "ATT/AT2/00000002.ATT" in outcome.aside[0]
    # KB Q118675: its sender is told, for he can be read.
    (report,) = world.mail("a", SYSTEM)
    assert b"NETB/PO/$SYSTEM: [018] missing attachment: " in report.body


def test_mail_for_a_gateway_waits_for_its_program(world: World) -> None:
    """It lies in the gateway's mailbag and is reported with its age."""
    with world["a"].change() as change:
        networks.add_gateway(change, "SMTP")
    world.submit("a", attrs.evolve(LETTER, to=("SMTP:bob@example.org",)))
    outcome = world.run("a", now=NOW + 60)
    assert Counter({"SMTP": 1}) == outcome.queued
    assert [Waiting("SMTP", 1, 0.0, "nobody has fetched them")] == outcome.waiting


# -- indirect routes -----------------------------------------------------------------------------------------------


@pytest.fixture
def chain(tmp_path: Path) -> World:
    """c is reached from a through b only, and a from c."""
    made = World(tmp_path)
    made.add("a", {"b": direct("../b"), "c": indirect("NETB/PO")}, "ann")
    made.add("b", {"a": direct("../a"), "c": direct("../c")}, "bob")
    made.add("c", {"b": direct("../b"), "a": indirect("NETB/PO")}, "cem")
    return made


def test_a_letter_goes_by_way_of_another_postoffice(chain: World) -> None:
    """KB Q115490: it comes into that one's INQUEUE3, which passes it on in its own run."""
    letter = attrs.evolve(LETTER, to=("NETC/PO/cem", "NETB/PO/bob", "NETC/PO/$SYSTEM"))
    chain.submit("a", letter)

    outcome = chain.run("a")

    assert (Counter({"NETB/PO": 1}), Counter({"NETB/PO": 1})) == (outcome.forwarded, outcome.delivered)
    assert ([letter], [letter], []) == (chain.mail("b", INQUEUE3), chain.mail("b", "bob"), chain.files("a"))

    chain.run("b")

    assert ([letter], [letter]) == (chain.mail("c", "cem"), chain.mail("c", SYSTEM))
    assert ([letter], []) == (chain.mail("b", "bob"), chain.mail("b", INQUEUE3))


def test_a_report_finds_its_way_back(chain: World) -> None:
    """Through the same postoffice."""
    chain.submit("a", attrs.evolve(LETTER, to=("NETC/PO/nobody",)))
    for name in "abab":
        chain.run(name)
    assert ["NETB/PO/POSTMASTER"] == [report.sender for report in chain.mail("a", "ann")]


def test_a_letter_that_goes_round_in_a_circle_comes_to_an_end(tmp_path: Path) -> None:
    """KB Q128627: each says that the other has the way; the sender is told by the second one."""
    world = World(tmp_path)
    world.add("a", {"b": direct("../b"), "c": indirect("NETB/PO")}, "ann")
    world.add("b", {"a": direct("../a"), "c": indirect("NETA/PO")})
    world.submit("a", attrs.evolve(LETTER, to=("NETC/PO/cem",)))

    world.run("a")
    world.run("b")
    world.run("a")

    (report,) = world.mail("a", "ann")
    assert b"[004] circular route: NETA/PO, NETB/PO, NETA/PO" in report.body
    assert b"It went by way of NETA/PO." in report.body
    assert ([], [], []) == (world.mail("a", INQUEUE3), world.mail("b", INQUEUE3), world.files("b"))


@pytest.mark.dx("T-205")
def test_a_full_inqueue3_there_is_a_reason_to_wait(chain: World) -> None:
    """Mail for the postoffice itself is delivered all the same."""
    chain.fill("b", INQUEUE3)
    chain.submit("a", attrs.evolve(LETTER, to=("NETC/PO/cem", "NETB/PO/bob")))
    (waiting,) = chain.run("a").waiting
    assert ("NETC/PO", 1) == (waiting.postoffice, len(chain.mail("b", "bob")))
    assert "mailbag INQUEUE3 is full" in waiting.reason


def test_a_letter_goes_through_any_number_of_hubs(tmp_path: Path) -> None:
    """KB Q130067: each knows the next one only; the letter remembers its way."""
    world, names = World(tmp_path), "abcde"
    for n, name in enumerate(names):
        near = {other: direct(f"../{other}") for other in names[max(0, n - 1) : n + 2] if other != name}
        far = {o: indirect(_full(names[n + (1 if o > name else -1)])) for o in names if o != name and o not in near}
        world.add(name, near | far, f"{name}nn")
    world.submit("a", attrs.evolve(LETTER, to=("NETE/PO/enn", "NETE/PO/nobody", "NETC/PO/cnn")))

    for name in "abcd":
        world.run(name)

    with world["e"].look() as files:
        (header,) = (header for _, header in mailbag.headers(files, world.bag("e", "enn")))
        assert ("NETA/PO", "NETB/PO", "NETC/PO", "NETD/PO") == letters.fetch(files, header.stem).trace
    assert 1 == len(world.mail("c", "cnn"))
    for name in "dcb":
        world.run(name)
    (report,) = world.mail("a", "ann")
    assert "NETD/PO/POSTMASTER" == report.sender
    assert b"It went by way of NETA/PO, NETB/PO, NETC/PO." in report.body


def test_a_circle_of_routes_at_one_postoffice_is_a_reason_to_wait(world: World) -> None:
    """Nothing has gone round yet: with a better route the letter arrives. A command that would make one is refused."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETC/PO", route=direct("../c"))
        networks.add_postoffice(change, "NETD/PO", route=indirect("NETC/PO"))
        with pytest.raises(UsageError, match="goes round in a circle: NETC/PO → NETD/PO → NETC/PO"):
            networks.set_route(change, "NETC/PO", indirect("NETD/PO"))
    _break(world, "NETC/PO", "NETD/PO")
    world.submit("a", attrs.evolve(LETTER, to=("NETC/PO/cem",)))
    (waiting,) = world.run("a").waiting
    assert "[004] circular route: mail for NETC/PO goes round in a circle" in waiting.reason
    assert [] == world.mail("a", "ann")


def _break(world: World, name: str, via: str) -> None:
    """What another program may have written into a record."""
    with world["a"].change() as change:
        for file in change.names("XTN"):
            rows = layout.decode_all(networks.Postoffice, change.read(f"XTN/{file}") or b"")
            rows = [
                attrs.evolve(row, routing=2, via=via, path="") if f"{row.network}/{row.name}" == name else row
                for row in rows
            ]
            change.write(f"XTN/{file}", layout.encode_all(rows))


def test_a_link_that_is_down_is_one_line_in_the_log(chain: World) -> None:
    """Whatever waits behind it; the hub is tried once in a run, and all arrives when it is there again."""
    (chain.root / "b").rename(chain.root / "away")
    with chain["a"].change() as change:
        networks.add_postoffice(change, "NETD/PO", route=indirect("NETB/PO"))
    chain.submit("a", *(attrs.evolve(LETTER, to=(f"NET{x}/PO/bob",)) for x in "BCD"))

    outcome = chain.run("a", now=NOW + 7200)

    assert ["NETB/PO", "NETC/PO", "NETD/PO"] == [each.postoffice for each in outcome.waiting]
    (line,) = (line for line in chain.log("a").splitlines() if "Warning" in line)
    assert "1 for NETB/PO, the oldest for 2 h; 1 for NETC/PO, the oldest for 2 h; 1 for NETD/PO" in line.replace(
        "0 min", "2 h"
    )
    (chain.root / "away").rename(chain.root / "b")
    assert ([], 1) == (chain.run("a").waiting, len(chain.mail("b", "bob")))


# -- what waits too long -------------------------------------------------------------------------------------------


@pytest.mark.dx("T-205")
def test_what_has_waited_too_long_goes_back_when_that_is_wanted(world: World) -> None:
    """KB Q138054: [017] for a full mailbox. Who has got the letter is not named, and it does not come once more."""
    world.fill("b", "bob")
    world.submit("a", attrs.evolve(LETTER, to=("NETB/PO/bob", "NETB/PO/ben")))
    world.run("a")

    def run(days: float) -> Outcome:
        return external.run(world["a"], lambda: NOW + days * 86400, give_up=2 * 86400)

    assert ([], 1) == (run(1.9).returned, len(world.mail("b", "ben")))
    (why,) = run(2.1).returned
    assert "to NETB/PO/bob: [017] full mailbag: NETB/PO: [8] mailbag" in why
    assert "ben" not in why

    world.empty("b", "bob")
    run(2.2)
    assert ([], 1, 1) == (world.mail("b", "bob"), len(world.mail("b", "ben")), len(world.mail("a", "ann")))


@pytest.mark.parametrize(
    ("route", "why"),
    [
        (direct("../gone"), "[005] waited too long: {root}/a/../gone is not a postoffice"),
        (networks.NO_ROUTE, "[005] waited too long: there is no direct route to NETC/PO"),
    ],
)
def test_what_could_not_be_moved_for_too_long_goes_back_with_the_reason(world: World, route: Route, why: str) -> None:
    """KB Q118675: [005], whatever kept it."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETC/PO", route=route)
    world.submit("a", attrs.evolve(LETTER, to=("NETC/PO/cem",)))
    assert ([], 1) == (world.run("a").returned, len(world.run("a", now=NOW + 86400).waiting))

    outcome = external.run(world["a"], lambda: NOW + 86401, give_up=86400)

    assert ([], [True]) == (outcome.waiting, [why.format(root=world.root) in each for each in outcome.returned])
    assert 1 == len(world.mail("a", "ann"))


def test_a_full_mailbag_of_a_postoffice_is_told_as_such(world: World) -> None:
    """KB Q163020: [008], when the letter could not even leave INQUEUE."""
    world.fill("a", "b")
    world.submit("a", LETTER)
    (why,) = external.run(world["a"], lambda: NOW + 3601, give_up=3600).returned
    assert "[008] no room in a mailbag: [8] mailbag" in why
    assert ([], 1) == (world.mail("a", INQUEUE), len(world.mail("a", "ann")))


def test_an_address_that_two_have_gets_nothing(world: World) -> None:
    """KB Q165396: [030]; nobody can tell whom the letter is for."""
    with world["b"].change() as change:
        groups.add_group(change, "Everybody", "ALL", ["ben"])
        head, data = (change.read("GLB/GROUP.GLB") or b"")[:4], (change.read("GLB/GROUP.GLB") or b"")[4:]
        (group,) = layout.decode_all(GroupRecord, data)
        change.write("GLB/GROUP.GLB", head + layout.encode(attrs.evolve(group, address="BOB")))
    world.submit("a", LETTER)
    (why,) = world.run("a").returned
    assert "[030] duplicated address: a user and a group are called NETB/PO/bob" in why


def test_mail_for_a_postoffice_that_is_forgotten_goes_back(world: World) -> None:
    """Nothing is lost with its definition: the next run tells the senders, of each letter once."""
    with world["a"].change() as change:
        networks.add_postoffice(change, "NETC/PO")
    world.submit(
        "a", *(attrs.evolve(LETTER, to=("NETC/PO/cem", "NETC/PO/can", f"NETB/PO/{to}")) for to in ("bob", "x"))
    )
    world.run("a")
    with pytest.raises(UsageError, match=r"2 letter\(s\) wait for NETC/PO"):
        registration.remove_postoffice(world["a"], "NETC/PO")

    registration.remove_postoffice(world["a"], "NETC/PO", force=True)
    outcome = world.run("a")

    assert [True, True] == ["NETC/PO/cem: [002] unknown address" in each for each in outcome.returned]
    assert (3, 1, []) == (len(world.mail("a", "ann")), len(world.mail("b", "bob")), world.mail("a", INQUEUE))


# -- logs ----------------------------------------------------------------------------------------------------------


def test_both_sides_log_what_has_passed(chain: World) -> None:
    """KB Q151215: when, bytes, from whom, to whom, and the letter's numbers; also what is only passed on."""
    chain.submit("a", attrs.evolve(LETTER, to=("NETC/PO/cem", "NETC/PO/$SYSTEM")), LETTER)
    chain.run("a")
    chain.run("b")
    when = f"{datetime.fromtimestamp(NOW):%m/%d/%y %H:%M}"

    def log(name: str, which: str) -> list[list[str]]:
        return [line.split() for line in (chain.root / name / f"LOG/{which}.LOG").read_text("cp850").splitlines()]

    head, rule, *sent = log("a", "SENT")
    assert (["DATE", "SENT", "SIZE", "SENDER", "TO"], "---------") == (head, rule[0])
    one, two = ["NETA/PO/ann", "NETB/PO/bob"], ["NETA/PO/ann", "NETC/PO/cem"]
    assert [*when.split(), "11", *one, "00000002", "00000001"] in sent
    assert [*when.split(), "11", *two, "00000001", "00000002"] in sent
    assert 3 == len(sent)
    head, _, *got = log("b", "RECV")
    assert ["DATE", "RECEIVED", "SIZE", "FROM", "TO"] == head
    assert [*when.split(), "11", *one, "00000001"] in got
    assert ({"NETC/PO/cem", "NETC/PO/$SYSTEM"}, 4) == (
        {line[4] for line in log("c", "RECV")[2:]},
        len(log("c", "RECV")),
    )


def test_a_log_that_cannot_be_written_is_told_and_stops_no_mail(world: World) -> None:
    """The letters have arrived; a warning names the file."""
    (world.root / "b/LOG/RECV.LOG").mkdir()
    world.submit("a", LETTER, LETTER)
    world.run("a")
    assert 2 == len(world.mail("b", "bob"))
    assert "RECV.LOG" in world.log("a")


# -- kills ---------------------------------------------------------------------------------------------------------


def _state(world: World, *names: str) -> object:
    """All that must be the same whatever was killed: letters by mailbag, files, what lies in our corner."""
    found: list[object] = []
    for name in names:
        with world[name].look() as files:
            for bag in files.names("MBG"):
                headers = mailbag.headers(files, bag.removesuffix(".MBG"))
                found.append((name, bag, [letters.fetch(files, header.stem) for _, header in headers]))
            found.append(Counter(path[:3] for path in world.files(name)))
            found.append([file for file in files.names("DXA") if file != "SEEN"])
            found.append((len(seen.taken(files)), identity.name_of(files), files.names("DXA/BAD")))
    return found


def _link(source: str, target: str) -> None:
    """Files are replaced as a whole, but for the lock and the logs."""
    if source.endswith((".LOG", "FLAG.GLB")):
        shutil.copyfile(source, target)
    else:
        os.link(source, target)


def _prune(root: Path) -> None:
    """Folders come back when they are needed; without them a postoffice is copied in half the time."""
    for folder, _, _ in os.walk(root, topdown=False):
        if not any(Path(folder).iterdir()):
            Path(folder).rmdir()


def _kill_everywhere(world: World, names: str, tmp_path: Path) -> int:
    """EXTERNAL at each of these postoffices, killed at each step, then run again; returns the number of steps."""

    def session(world: World) -> None:
        for name in names:
            world.run(name)

    there = sorted({path.name for path in world.root.iterdir()})
    _prune(world.root)
    shutil.copytree(world.root, tmp_path / "killed/sound")
    sound = World(tmp_path / "killed/sound", Fuse())
    session(sound)
    steps = sound.step.steps
    # What another run still finds to do is done, too.
    session(sound)
    expected = _state(sound, *there)
    for at in range(1, steps + 1):
        again = tmp_path / f"killed/{at}"
        shutil.copytree(world.root, again, copy_function=_link)
        with pytest.raises(KilledError):
            session(World(again, Fuse(at)))
        session(World(again))
        assert expected == _state(World(again), *there), at
        shutil.rmtree(again)
    return steps


@pytest.mark.dx("T-193")
def test_a_kill_anywhere_delivers_each_letter_exactly_once(world: World, tmp_path: Path) -> None:
    """At every write, rename and removal at both postoffices: nothing is lost, nothing comes twice, no file is left."""
    moved = World(tmp_path / "start")
    for name in "ab":
        shutil.move(world.root / name, moved.root / name)
    moved.submit("a", REQUEST, attrs.evolve(LETTER, to=("NETB/PO/bob", "NETA/PO/ann", "NETB/PO/nobody")))

    steps = _kill_everywhere(moved, "a", tmp_path)

    assert steps > 80
    sound = World(tmp_path / "killed/sound")
    assert (1, 1, 2) == (len(sound.mail("b", SYSTEM)), len(sound.mail("b", "bob")), len(sound.mail("a", "ann")))


@pytest.mark.dx("T-193")
def test_a_kill_anywhere_on_the_way_through_a_third_delivers_exactly_once(tmp_path: Path) -> None:
    """The letter is forwarded once and delivered once."""
    world = World(tmp_path / "start")
    world.add("a", {"b": direct("../b"), "c": indirect("NETB/PO")}, "ann")
    world.add("b", {"a": direct("../a"), "c": direct("../c")})
    world.add("c", {})
    world.submit("a", attrs.evolve(REQUEST, to=("NETC/PO/$SYSTEM",)))

    assert _kill_everywhere(world, "ab", tmp_path) > 80

    assert 1 == len(World(tmp_path / "killed/sound").mail("c", SYSTEM))


@pytest.mark.dx("T-193")
def test_a_kill_anywhere_while_a_letter_is_submitted_leaves_all_or_nothing(world: World, tmp_path: Path) -> None:
    """Its files, its number and its header appear together; a letter that is submitted again is whole."""
    counting = Fuse()
    shutil.copytree(world.root / "a", tmp_path / "copies/a")
    World(tmp_path / "copies", counting).submit("a", REQUEST)
    for at in range(1, counting.steps + 1):
        copy = World(tmp_path / f"copies/{at}", Fuse(at))
        shutil.copytree(world.root / "a", copy.root / "a")
        with pytest.raises(KilledError):
            copy.submit("a", REQUEST)
        mended = World(copy.root)
        there = mended.mail("a", INQUEUE)
        assert (there, len(mended.files("a"))) in (([], 0), ([REQUEST], 3)), at
        if not there:
            mended.submit("a", REQUEST)
        assert ([REQUEST], 3) == (mended.mail("a", INQUEUE), len(mended.files("a")))
    assert counting.steps > 20
