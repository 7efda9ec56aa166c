"""Bags: letters go as signed files through a folder between postoffices that share nothing else."""

from __future__ import annotations

import json
import os
import shutil
import string
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dxa.cli.lazy import PluginGroup
from dxa.errors import FormatError, UsageError
from dxa.signing import PrivateKey
from dxa_msmail import plugin
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import letters, mailbag, networks, sealed, tree, users
from dxa_msmail.postoffice.bag import tag
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE3, MOST
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import Route, RouteKind, bag, direct, indirect
from dxa_msmail.postoffice.sealed import Carried
from dxa_msmail.programs.dispatch.mail import Mover
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.external.mailroom import Outcome
from dxa_msmail.programs.procedures.place import Place
from dxa_msmail.programs.routes import ways
from tests.labs.killing import Fuse, KilledError

MSMAIL = PluginGroup("msmail", dict(plugin.dxa_commands()))

#: Far from the times of the files that the tests write, which therefore are whole.
NOW = 1_700_000_000.0
SENT = datetime(2023, 11, 14, 22, 0)
LETTER = Letter(
    sender="NETA/PO/ann",
    to=("NETB/PO/bob", "NETB/PO/ben", "NETC/PO/cem"),
    time=SENT,
    subject="Håkan",
    body=b"At noon.\r\n\x1a",
    attachments=(Attachment("PLAN.TXT", bytes(range(256))), Attachment("EMPTY", b"")),
)


def key_of(name: str) -> PrivateKey:
    """The same key for the same name, always."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")))


@attrs.frozen
class World:
    """a and b share the folder `bag`; c is reached from b alone, directly."""

    root: Path
    step: Callable[[str], None] = lambda _what: None

    @classmethod
    def build(cls, root: Path) -> World:
        world = cls(root)
        (root / "bag").mkdir(parents=True)
        world._add("a", {"b": bag("../bag", str(key_of("b").public)), "c": indirect("NETB/PO")}, "ann")
        world._add("b", {"a": bag("../bag", str(key_of("a").public)), "c": direct("../c")}, "bob", "ben")
        world._add("c", {"b": direct("../b"), "a": indirect("NETB/PO")}, "cem")
        return world

    def _add(self, name: str, routes: dict[str, Route], *mailboxes: str) -> None:
        tree.create(self.root / name, network=f"NET{name.upper()}", postoffice="PO", durable=False)
        with self[name].change() as change:
            for other, route in routes.items():
                networks.add_postoffice(change, f"NET{other.upper()}/PO", route=route)
            for mailbox in mailboxes:
                users.add_user(change, users.NewUser(name=mailbox.title(), mailbox=mailbox))

    def __getitem__(self, name: str) -> Maildata:
        return Maildata(self.root / name, patience=0.0, durable=False, step=self.step)

    def submit(self, *mail: Letter) -> None:
        with self["a"].change() as change:
            for letter in mail:
                letters.submit(change, letter, now=NOW)

    def run(self, name: str, now: float = NOW, **options: float) -> Outcome:
        return external.run(self[name], lambda: now, key=key_of(name), **options)  # type: ignore[arg-type]

    def mail(self, name: str, mailbox: str) -> list[Letter]:
        with self[name].look() as files:
            hexid = mailbox if mailbox.isupper() else users.find_user(files, mailbox).hexid
            return [letters.fetch(files, header.stem) for _, header in mailbag.headers(files, hexid)]

    def everywhere(self) -> list[int]:
        """How many letters the three have whom the letter of the tests is for."""
        return [len(self.mail(*place)) for place in (("b", "bob"), ("b", "ben"), ("c", "cem"))]

    def files(self) -> list[Path]:
        """What lies in the bag."""
        return sorted((self.root / "bag").iterdir())

    def aside(self, name: str) -> list[str]:
        return sorted(path.read_text() for path in (self.root / name).glob("DXA/BAD/*.WHY"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world that is copied for each test."""
    return World.build(tmp_path_factory.mktemp("built") / "world").root


@pytest.fixture
def world(built: Path, tmp_path: Path) -> World:
    """Three postoffices."""
    return World(shutil.copytree(built, tmp_path / "world"))


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is quick to say that it is done."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


# -- the way of a letter -----------------------------------------------------------------------------------------------


def test_a_letter_goes_through_the_bag_whole_and_is_passed_on(world: World) -> None:
    """Those at b get it, and b passes it on to c; who sees it sees every byte, and the postoffices on the way."""
    world.submit(LETTER)
    given_out, taken = world.run("a"), world.run("b")

    assert {"NETB/PO": 2} == given_out.forwarded  # one for b, one for c by way of b
    assert ({"NETA/PO": 2}, 2, {"NETC/PO": 1}) == (taken.fetched, taken.local, taken.delivered)
    assert [1, 1, 1] == world.everywhere()
    assert [attrs.evolve(LETTER, trace=("NETA/PO", "NETB/PO"))] == world.mail("c", "cem")
    assert [attrs.evolve(LETTER, trace=("NETA/PO",))] == world.mail("b", "bob")
    assert [] == world.files()


def test_letters_lie_in_the_bag_as_signed_mails(world: World) -> None:
    """A file is an e-mail with a seal; its name says from whom to whom."""
    world.submit(LETTER)
    world.run("a")

    found = [path.read_bytes() for path in world.files()]
    assert [True, True] == [b"Subject: =?utf-8?" in data and b"X-DXA-Id: " in data for data in found]
    assert {("neta_po", "netb_po")} == {
        tuple(part.split("-")[0] for part in path.name.split(".")[:2]) for path in world.files()
    }


def test_both_sides_log_what_has_passed(world: World) -> None:
    """SENT.LOG here, RECV.LOG there, a line for each recipient."""
    world.submit(LETTER)
    world.run("a")
    world.run("b")

    sent, received = ((world.root / name).read_text("cp850") for name in ("a/LOG/SENT.LOG", "b/LOG/RECV.LOG"))
    assert (3, 3) == (sent.count("NETA/PO/ann"), received.count("NETA/PO/ann"))


def test_the_order_of_letters_is_kept(world: World) -> None:
    """Twelve letters arrive as they were sent."""
    subjects = [f"Letter {n}" for n in range(12)]
    world.submit(*(attrs.evolve(LETTER, to=("NETB/PO/bob",), subject=subject) for subject in subjects))
    world.run("a")
    world.run("b")

    assert subjects == [letter.subject for letter in world.mail("b", "bob")]


def test_a_report_comes_back_through_the_bag(world: World) -> None:
    """Who writes to nobody at c is told by c, and the report passes b and the bag."""
    world.submit(attrs.evolve(LETTER, to=("NETC/PO/nobody",)))
    for name in "abcba":
        world.run(name)

    (report,) = world.mail("a", "ann")
    assert ("NETB/PO/POSTMASTER", "Undeliverable: Håkan") == (report.sender, report.subject)
    assert b"[002] unknown address" in report.body


def test_a_letter_never_goes_back_through_the_bag(world: World) -> None:
    """What b would give back to a has gone round in a circle, and its sender is told."""
    with world["b"].change() as change:
        networks.set_route(change, "NETC/PO", indirect("NETA/PO"))
    world.submit(attrs.evolve(LETTER, to=("NETC/PO/cem",)))
    for name in "aba":
        world.run(name)

    assert [True] == [
        b"[004] circular route: NETA/PO, NETB/PO, NETA/PO" in each.body for each in world.mail("a", "ann")
    ]


def test_others_may_share_the_folder(world: World) -> None:
    """Files of others are left alone: of another pair of postoffices, of a site link, half ones of a carrier."""
    world.submit(LETTER)
    world.run("a")
    strangers = ["lab-hq-1.lab-berlin-2.main.status.dxs", "netx_po-1.nety_po-2.00000001-0.eml", ".partial.eml"]
    for name in strangers:
        (world.root / "bag" / name).write_bytes(b"?")
    world.run("b")

    assert [1, 1, 1] == world.everywhere()
    assert sorted(strangers) == [path.name for path in world.files()]


# -- what carriers do --------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-193")
def test_a_file_that_comes_twice_counts_once(world: World, tmp_path: Path) -> None:
    """A carrier that brings everything again and again changes nothing, whatever it calls the files."""
    world.submit(LETTER)
    world.run("a")
    kept = shutil.copytree(world.root / "bag", tmp_path / "kept")
    for path in kept.iterdir():
        shutil.copyfile(path, world.root / "bag" / path.name.replace(".eml", "-copy.eml"))
    first = world.run("b")
    shutil.copytree(kept, world.root / "bag", dirs_exist_ok=True)
    second = world.run("b")

    assert (2, 2, {}) == (first.settled, second.settled, second.fetched)
    assert [1, 1, 1] == world.everywhere()
    assert [] == world.files()


@pytest.mark.dx("T-206")
def test_half_a_file_waits_and_then_is_kept_aside_while_the_others_go_on(world: World) -> None:
    """For a minute it may still be growing; after that it is kept with its reason, and the rest was never held up."""
    world.submit(LETTER)
    world.run("a")
    half = world.files()[0]
    half.write_bytes(half.read_bytes()[:700])
    os.utime(half, (NOW - 10, NOW - 10))
    young = world.run("b")

    assert [half] == world.files()
    assert ["it may still be growing"] == [each.reason.rpartition("; ")[2] for each in young.waiting if each.failed]
    assert [] == world.aside("b")
    old = world.run("b", NOW + 60)
    assert (1, [], []) == (len(old.aside), old.waiting, world.files())
    assert [half.name] == [text.partition(":")[0] for text in world.aside("b")]


def _forged(world: World) -> None:
    """Somebody without a's key writes the file."""
    path = world.files()[0]
    carried = sealed.read(path.read_bytes(), sender="NETA/PO", to="NETB/PO", key=key_of("a").public)
    path.write_bytes(sealed.write(carried, key_of("somebody")))


def _for_another(world: World) -> None:
    """A letter for c, which is called as one for b."""
    path = world.files()[0]
    carried = sealed.read(path.read_bytes(), sender="NETA/PO", to="NETB/PO", key=key_of("a").public)
    path.write_bytes(sealed.write(attrs.evolve(carried, to="NETC/PO"), key_of("a")))


def _changed(world: World) -> None:
    """One byte of an attachment is another one."""
    path = world.files()[0]
    lines = path.read_bytes().split(b"\r\n")
    at = max(range(len(lines)), key=lambda n: lines[n].count(b"A") * (n > 40))
    lines[at] = lines[at].replace(b"A", b"B", 1)
    path.write_bytes(b"\r\n".join(lines))


@pytest.mark.dx("T-206")
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_forged, "it is not signed with the key of NETA/PO"),
        (_for_another, "it is for somebody else: expected msmail-bag: NETA/PO to NETB/PO"),
        (_changed, "an attachment is missing, or was cut or changed on the way"),
    ],
)
def test_what_nobody_vouches_for_is_kept_aside(world: World, spoil: Callable[[World], None], reason: str) -> None:
    """It is not delivered, and held up is nothing else."""
    world.submit(attrs.evolve(LETTER, to=("NETB/PO/bob",)), attrs.evolve(LETTER, to=("NETB/PO/ben",)))
    world.run("a")
    spoil(world)
    world.run("b")

    assert [0, 1, 0] == world.everywhere()
    assert [True] == [reason in text for text in world.aside("b")]
    assert [] == world.files()


def test_a_link_in_the_bag_leads_nowhere(world: World) -> None:
    """A name that is no file is told, and nothing is read through it."""
    world.submit(LETTER)
    world.run("a")
    first, second = world.files()
    data = first.read_bytes()
    (world.root / "outside").write_bytes(data)
    first.unlink()
    first.symlink_to(world.root / "outside")
    taken = world.run("b")

    assert ({"NETA/PO": 1}, [first]) == (taken.fetched, world.files())
    assert [1] == [each.letters for each in taken.waiting if each.failed]
    assert not second.exists()


# -- what has to wait --------------------------------------------------------------------------------------------------


def test_without_a_key_letters_wait(world: World) -> None:
    """Nothing leaves unsigned; what has come is taken all the same."""
    world.submit(LETTER)
    held = external.run(world["a"], lambda: NOW)

    assert ([], [1, 1]) == (world.files(), [each.letters for each in held.waiting if each.failed])
    assert ["dxa msmail external --key"] * 2 == [
        each.reason.partition("`")[2].partition(" file")[0] for each in held.waiting
    ]
    world.run("a")
    assert {"NETA/PO": 2} == external.run(world["b"], lambda: NOW).fetched


def test_a_bag_that_is_not_there_holds_up_no_other(world: World) -> None:
    """It may lie on a disk that is not mounted: letters wait, it is told, and the rest moves on."""
    (world.root / "bag").rmdir()
    world.submit(attrs.evolve(LETTER, to=("NETB/PO/bob", "NETA/PO/ann")))
    held = world.run("a")

    assert (1, {"NETA/PO", "NETB/PO"}) == (held.local, {each.postoffice for each in held.waiting if each.failed})
    with world["a"].look() as files:
        assert RouteKind.BAG is networks.find(files, "NETB/PO").route.kind
    problem = f"there is no bag {world.root}/a/../bag"
    assert [True, True] == [way.problem.startswith(problem) for way in ways(world["a"], NOW)]
    (world.root / "bag").mkdir()
    assert ["", ""] == [way.problem for way in ways(world["a"], NOW)]
    world.run("a")
    assert [1] == [world.run("b").local]


def test_a_full_bag_is_a_reason_to_wait(world: World) -> None:
    """KB Q119088: so many letters a mailbag holds, and so a bag; what waits too long goes back with number 8."""
    prefix = tag("NETA/PO") + "." + tag("NETB/PO")
    for n in range(MOST):
        (world.root / "bag" / f"{prefix}.{n:08x}-0.eml").touch()
    world.submit(attrs.evolve(LETTER, to=("NETB/PO/bob",)))

    assert [1] == [each.letters for each in world.run("a").waiting if each.failed]
    late = world.run("a", NOW + 90_000, give_up=86_400.0)
    assert [True] == ["[008] no room in a mailbag" in text for text in late.returned]


def test_a_full_inqueue3_leaves_letters_in_the_bag(world: World) -> None:
    """They are taken when there is room, and told until then."""
    world.submit(LETTER)
    world.run("a")
    full = world.root / f"b/MBG/{INQUEUE3}.MBG"
    before = full.read_bytes()
    full.write_bytes(bytes(116 * (MOST - 1)))
    with world["b"].change() as change:
        done = sum(1 for _ in mailbag.headers(change, INQUEUE3))
    held = world.run("b")

    assert (1, 1) == (len(world.files()), len([each for each in held.waiting if each.postoffice == "NETB/PO"]))
    assert done == MOST - 1
    full.write_bytes(before)


def test_what_nobody_takes_is_told_after_a_day(world: World) -> None:
    """Whoever carries the files may have stopped."""
    world.submit(LETTER)
    world.run("a")
    for path in world.files():
        os.utime(path, (NOW, NOW))
    day = [(each.postoffice, each.letters, each.failed) for each in world.run("a", NOW + 86_500).waiting]

    assert [] == world.run("a", NOW + 86_300).waiting
    assert [("NETB/PO", 2, False)] == day


# -- routes ------------------------------------------------------------------------------------------------------------


def test_a_bag_needs_a_folder_and_a_key(world: World) -> None:
    """An administrator who forgets one is told which."""
    with world["a"].change() as change:
        for route, what in (
            (bag("", str(key_of("b").public)), "needs the folder"),
            (bag("../bag", "x"), "public key of"),
        ):
            with pytest.raises(UsageError, match=what):
                networks.set_route(change, "NETB/PO", route)


def test_commands_make_a_bag_and_sign_what_goes_into_it(world: World, tmp_path: Path) -> None:
    """An administrator names folder and key; EXTERNAL reads its own from a file, and says what is wrong with one."""

    def run(*arguments: object, **options: bool) -> Result:
        return CliRunner().invoke(MSMAIL, list(map(str, arguments)), **options)  # type: ignore[arg-type]

    at, key = world.root / "a", tmp_path / "a.key"
    key.touch(mode=0o600)
    key.write_bytes(key_of("a").pem())
    route = ("admin", "ADMIN", f"-d{at}", "postoffice", "route", "NETB/PO")
    made = run(*route, "--bag", "../bag", "--public-key", key_of("b").public)
    assert (0, "NETB/PO: bag, ../bag.\n") == (made.exit_code, made.output)
    wrong = [
        run(*route, "--bag", "x").output,
        run(*route, "--bag", "x", "--public-key", "y", "--via", "NETC/PO").output,
    ]
    assert ["go together", "Give one of"] == [what for what in ("go together", "Give one of") if what in "".join(wrong)]
    world.submit(attrs.evolve(LETTER, to=("NETB/PO/bob",)))
    with pytest.raises(UsageError, match="the key: is no Ed25519 private key"):
        run("external", "-d", at, "--key", "text:x", catch_exceptions=False)
    assert "given on to NETB/PO." in run("external", "-d", at, "--key", f"file:{key}").output
    fetched = run("external", "-d", world.root / "b", "--json")
    assert {"NETA/PO": 1} == json.loads(fetched.output)["fetched"]


def test_dispatch_looks_into_bags(world: World) -> None:
    """What has come is moved though nothing else lies at the postoffice; a bag out of reach is told once."""
    lines = list[str]()

    def moved(name: str) -> int:
        offices = [attrs.evolve(world[name], patience=1.0)]
        mover = Mover(lambda: NOW, everywhere=True, key=key_of(name))
        return mover.move(offices, lambda line, _wrong: lines.append(line), lambda: False)

    world.submit(attrs.evolve(LETTER, to=("NETB/PO/bob",)))
    assert [1, 2, 0] == [moved("a"), moved("b"), moved("b")]  # into the bag; out of it, and into the mailbox
    (world.root / "bag").rmdir()
    world.submit(LETTER)
    assert [0] == [moved("a")]
    assert [True] == ["there is no bag" in line for line in lines]


def test_a_third_postoffice_goes_by_way_of_the_one_that_shares_the_bag(world: World) -> None:
    """Procedures that tell a third one the way to a server do not tell it of a bag that it has no part in."""
    place = Place(here=world["b"], clock=lambda: NOW)

    assert indirect("NETB/PO") == place.route("NETB/PO", "NETA/PO")


@pytest.mark.dx("T-202")
def test_a_bag_comes_back_when_the_list_of_postoffices_is_made_anew(world: World) -> None:
    """KB Q201120: folder and key stand in the record of the postoffice."""
    with world["a"].change() as change:
        before = networks.find(change, "NETB/PO")
        change.write(networks.NETWORK, b"damaged")
        networks.rebuild_networks(change, [])
        assert before.route == networks.find(change, "NETB/PO").route


# -- kills -------------------------------------------------------------------------------------------------------------


def _link(source: str, target: str) -> None:
    """Files are replaced as a whole, but for the lock and the logs."""
    if source.endswith((".LOG", "FLAG.GLB")):
        shutil.copyfile(source, target)
    else:
        os.link(source, target)


@pytest.mark.dx("T-193")
def test_a_kill_anywhere_delivers_each_letter_exactly_once(world: World, tmp_path: Path) -> None:
    """At every write, rename and removal on both sides and in the bag: nothing is lost, nothing comes twice."""
    world.submit(attrs.evolve(LETTER, to=("NETB/PO/bob",), attachments=()))
    shutil.rmtree(world.root / "c")
    for folder, _, _ in os.walk(world.root, topdown=False):
        if not any(Path(folder).iterdir()) and Path(folder).name != "bag":
            Path(folder).rmdir()

    def session(there: World) -> None:
        for name in "ab":
            there.run(name)

    counting = Fuse()
    session(World(shutil.copytree(world.root, tmp_path / "sound"), counting))
    for at in range(1, counting.steps + 1):
        again = tmp_path / str(at)
        shutil.copytree(world.root, again, copy_function=_link)
        with pytest.raises(KilledError):
            session(World(again, Fuse(at)))
        session(World(again))
        mended = World(again)
        found = (len(mended.mail("b", "bob")), mended.files(), mended.aside("b"), mended.mail("a", "INQUEUE"))
        assert (1, [], [], []) == found, at
        shutil.rmtree(again)
    assert counting.steps > 60


# -- the file ----------------------------------------------------------------------------------------------------------

_NAMES = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=10)
_ADDRESSES = st.builds("{}/{}/{}".format, _NAMES, _NAMES, _NAMES)
_TEXTS = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"").decode("cp850"))


@st.composite
def _carried(draw: st.DrawFn) -> Carried:
    to = draw(st.lists(_ADDRESSES | _TEXTS, min_size=1, max_size=4, unique=True))
    letter = Letter(
        sender=draw(_TEXTS),
        to=tuple(to),
        time=draw(st.datetimes()).replace(second=0, microsecond=0),
        subject=draw(_TEXTS),
        body=draw(st.binary(max_size=200)),
        attachments=tuple(draw(st.lists(st.builds(Attachment, _NAMES, st.binary(max_size=80)), max_size=3))),
        priority=draw(_TEXTS),
        extra=tuple(draw(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=2))),
        trace=(*draw(st.lists(_NAMES, max_size=3)), "NETA/PO"),
    )
    return Carried(
        id="0f" * 16, sender="NETA/PO", to="NETB/PO", letter=letter, recipients=tuple(to[: draw(st.integers(1, 4))])
    )


@given(_carried())
def test_what_is_written_is_read_back(carried: Carried) -> None:
    """Every byte of a letter, its envelope and its way."""
    data = sealed.write(carried, key_of("a"))

    assert carried == sealed.read(data, sender="neta/po", to="netb/po", key=key_of("a").public)
    assert data == sealed.write(carried, key_of("a"))


@given(_carried(), st.integers(0, 10_000), st.binary(max_size=4), st.integers(0, 4))
def test_what_was_changed_on_the_way_is_the_same_letter_or_none(
    carried: Carried, at: int, new: bytes, cut: int
) -> None:
    """Whatever bytes are others: only what a mail system may change leaves the letter as it is."""
    data = sealed.write(carried, key_of("a"))
    at %= len(data)
    try:
        found = sealed.read(data[:at] + new + data[at + cut :], sender="NETA/PO", to="NETB/PO", key=key_of("a").public)
    except FormatError:
        return
    assert carried == found
