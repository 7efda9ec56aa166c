"""ADMIN on a postoffice on disk: lists, numbers and REQTRANS move together, whatever happens."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError, DxaError, FormatError, NotFoundError, UsageError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import inf, letters, mailbag, networks, queue
from dxa_msmail.postoffice.dirsyncconf import REQCONF, Reqconf, read_reqconf, read_srvconf, write_reqconf
from dxa_msmail.postoffice.groups import groups
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct, indirect
from dxa_msmail.postoffice.pol import read_pol
from dxa_msmail.postoffice.queue import REQTRANS
from dxa_msmail.postoffice.templates import ListTemplate
from dxa_msmail.postoffice.tree import MAILBAGS, create
from dxa_msmail.postoffice.users import NewUser, users
from dxa_msmail.programs import admin

TYPES = AddressTypes(ADDRESS_TYPES)
NOW = 1_700_000_000


def clock() -> float:
    """Always the same second."""
    return NOW + 0.5


def made(root: Path, **options: object) -> Maildata:
    """A new postoffice NORTH/OSLO, whose first export has been done."""
    po = create(root / "po", network="NORTH", postoffice="OSLO", durable=False, **options)  # type: ignore[arg-type]
    if not options:
        with po.change() as change:
            write_reqconf(change, attrs.evolve(read_reqconf(change), exports=False))
    return po


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A postoffice."""
    return made(tmp_path)


def conf_of(po: Maildata) -> Reqconf:
    """What its requestor remembers."""
    with po.look() as files:
        return read_reqconf(files)


def queued(po: Maildata) -> list[str]:
    """What waits for the server: numbers and texts."""
    with po.look() as files:
        found = queue.read_file(files, REQTRANS)
    assert [] == found.bad
    assert {NOW} >= {record.stamp for record in found.records}
    return [f"{record.number} {record.text}" for record in found.records]


def ann(po: Maildata, **changed: object) -> admin.Changed:
    """Add somebody."""
    return admin.add_user(po, clock, attrs.evolve(NewUser(name="Ann Berg", mailbox="ann"), **changed))


# -- what is told --------------------------------------------------------------------------------------------------


def test_a_new_user_is_told(po: Maildata) -> None:
    """T0: the new user is in the queue with the next number, which REQCONF remembers."""
    done = ann(po)
    admin.add_user(po, clock, NewUser(name="Bo", mailbox="bo"))
    assert ["1 A Ann Berg\tPCM:NORTH/OSLO/ann", "2 A Bo\tPCM:NORTH/OSLO/bo"] == queued(po)
    assert (2, [1], "") == (conf_of(po).last, [row.number for row in done.told.queued], done.told.lost)


def test_a_new_name_is_a_modify(po: Maildata) -> None:
    """Another name at the same address is one record of two lines."""
    ann(po)
    admin.change_user(po, clock, "ann", name="Ann Other")
    assert "2 M Ann Berg\tPCM:NORTH/OSLO/ann\r\n  Ann Other\tPCM:NORTH/OSLO/ann" == queued(po)[1]


def test_a_new_mailbox_is_another_address(po: Maildata) -> None:
    """KB Q246833: a changed mailbox is a delete and an add, in this order; the mail stays."""
    before = ann(po).user
    after = admin.change_user(po, clock, "ann", new_mailbox="anna").user
    assert ["2 D Ann Berg\tPCM:NORTH/OSLO/ann", "3 A Ann Berg\tPCM:NORTH/OSLO/anna"] == queued(po)[1:]
    assert before.hexid == after.hexid


def test_a_deleted_user_is_told(po: Maildata) -> None:
    """Deleting queues a delete."""
    ann(po)
    admin.delete_user(po, clock, "ANN")
    assert ["2 D Ann Berg\tPCM:NORTH/OSLO/ann"] == queued(po)[1:]
    with pytest.raises(NotFoundError):
        admin.delete_user(po, clock, "ann")


def test_in_and_out_of_dirsync(po: Maildata) -> None:
    """KB Q131151: No is a delete, Yes is an add; saying it twice is nothing."""
    ann(po, in_dirsync=False)
    admin.change_user(po, clock, "ann", name="Ann Other")
    assert [] == queued(po)
    for told in (True, True, False, False):
        admin.set_dirsync(po, clock, "ann", told)
    assert ["1 A Ann Other\tPCM:NORTH/OSLO/ann", "2 D Ann Other\tPCM:NORTH/OSLO/ann"] == queued(po)


def test_what_is_nobody_elses_business(po: Maildata) -> None:
    """Passwords, administrators and members of groups are not told."""
    ann(po)
    admin.add_group(po, clock, "Board", "board")
    admin.change_user(po, clock, "ann", password="x", admin=True)
    admin.change_group(po, clock, "board", members=["ann"])
    assert 2 == len(queued(po))


def test_a_group_is_an_ordinary_address(po: Maildata) -> None:
    """KB Q119241: groups are told as addresses, and their changes as those of users are."""
    ann(po)
    admin.add_group(po, clock, "Board", "board", ["ann"])
    admin.change_group(po, clock, "board", name="The Board")
    admin.set_dirsync(po, clock, "BOARD", False)
    admin.set_dirsync(po, clock, "board", True)
    admin.delete_group(po, clock, "board")
    assert ["A Board\t", "M Board\t", "D The Board\t", "A The Board\t", "D The Board\t"] == [
        text.split(" ", 1)[1].partition("PCM:NORTH/OSLO/board")[0] for text in queued(po)[1:]
    ]


def test_template_values_are_told_when_they_should_be(po: Maildata) -> None:
    """Values go along when the requestor sends them; one that was taken away is told as empty."""
    with po.change() as change:
        inf.write_template(change, "ADMIN", ListTemplate(("Phone:~1~10~A~~", "Room:~1~10~A~~")))
    ann(po, fields=(("Phone:", "12"), ("Room:", "3")))
    admin.change_user(po, clock, "ann", fields=(("Phone:", "34"), ("Room:", "3")))
    assert ["1 A Ann Berg\tPCM:NORTH/OSLO/ann"] == queued(po)
    with po.change() as change:
        write_reqconf(change, attrs.evolve(read_reqconf(change), templates_out=True))
    admin.change_user(po, clock, "ann", fields=(("Phone:", "56"),))
    lines = queued(po)[1].split("\r\n")
    assert ["- Phone:/56", "- Room:/"] == lines[-2:]


def test_own_entries(po: Maildata) -> None:
    """The postoffice's list is that of ADMIN.NME, sorted by name, without those who are not in dir-sync."""
    ann(po)
    admin.add_users(
        po,
        clock,
        [NewUser(name="Zoe", mailbox="zoe"), NewUser(name="Hidden", mailbox="hid", in_dirsync=False)],
    )
    admin.add_group(po, clock, "Board", "BOARD", ["zoe"])
    with po.look() as files:
        found = admin.own_entries(files)
    assert Entry("MS:north/oslo/ann", "MS", "NORTH/OSLO", "Ann Berg", "NORTH/OSLO/ann") == found[0]
    assert ["Ann Berg", "Board", "Zoe"] == [entry.name for entry in found]


def test_many_at_once(po: Maildata) -> None:
    """A batch is one change with consecutive numbers."""
    done = admin.add_users(po, clock, (NewUser(name=f"U {n}", mailbox=f"u{n}") for n in range(100)))
    assert (100, list(range(1, 101))) == (len(done.users), sorted(row.number for row in done.told.queued))


# -- the queue and the numbers -------------------------------------------------------------------------------------


def test_numbers_go_on_after_an_acknowledgement(po: Maildata) -> None:
    """The next number is above the queue's and above REQCONF's, also when only a dummy is left in the queue."""
    with po.change() as change:
        change.write(REQTRANS, queue.write_queue([queue.dummy(7, NOW)]))
        write_reqconf(change, attrs.evolve(read_reqconf(change), acked=7, last=5))
    assert [8] == [row.number for row in ann(po).told.queued]


def _missing(root: Path) -> None:
    (root / REQTRANS).unlink()


def _damaged(root: Path) -> None:
    data = bytearray((root / REQTRANS).read_bytes())
    data[-4] ^= 1
    (root / REQTRANS).write_bytes(data)


def _emptied(root: Path) -> None:
    (root / REQTRANS).write_bytes(b"")


@pytest.mark.dx("T-141")
@pytest.mark.parametrize(("harm", "number"), [(_missing, "  2"), (_damaged, " 40"), (_emptied, " 40")])
def test_a_lost_queue(po: Maildata, harm: Callable[[Path], None], number: str) -> None:
    """To a queue that is not what was queued nothing is added; the next request exports, and that is logged once."""
    ann(po)
    harm(po.root)
    damaged = (po.root / REQTRANS).read_bytes() if (po.root / REQTRANS).exists() else None
    done = admin.add_user(po, clock, NewUser(name="Bo", mailbox="bo"))
    admin.delete_user(po, clock, "ann")
    assert (True, True, 1) == (REQTRANS in done.told.lost, conf_of(po).exports, conf_of(po).last)
    assert damaged == ((po.root / REQTRANS).read_bytes() if (po.root / REQTRANS).exists() else None)
    log = (po.root / "LOG/DIRSYNC.LOG").read_text("cp850")
    assert (1, True) == (log.count("| Error  ["), f"[{number}]" in log)
    with po.look() as files:
        assert ["Bo"] == [user.name for user in users(files)]


def test_what_is_refused_changes_nothing(po: Maildata) -> None:
    """An error leaves lists, numbers and queue as they were."""
    ann(po)
    before = {path: path.read_bytes() for path in po.root.rglob("*") if path.is_file()}
    for refused in (
        lambda: ann(po),
        lambda: admin.add_group(po, clock, "X", "x", ["nobody"]),
        lambda: admin.change_user(po, clock, "bo", name="X"),
        lambda: admin.set_dirsync(po, clock, "bo", True),
    ):
        with pytest.raises(DxaError):
            refused()
    assert before == {path: path.read_bytes() for path in po.root.rglob("*") if path.is_file()}


def test_a_shadow_postoffice_has_no_users(tmp_path: Path) -> None:
    """Where dxa itself is at work there is nothing to administer but routes."""
    po = made(tmp_path, shadow=True)
    for refused in (
        lambda: ann(po),
        lambda: admin.add_group(po, clock, "X", "x"),
        lambda: admin.register_server(po, "A/A"),
        lambda: admin.register_requestor(po, "A/A"),
        lambda: admin.want_import(po),
    ):
        with pytest.raises(UsageError, match="shadow"):
            refused()
    assert "A/A" == admin.add_postoffice(po, "A/A", route=direct("../a")).full


# -- administrators ------------------------------------------------------------------------------------------------


def test_who_may_administer(po: Maildata) -> None:
    """Without an administrator everybody may; then only one with his password."""
    ann(po)
    with po.look() as files:
        assert None is admin.check_admin(files, "ann", "")
    admin.add_user(po, clock, NewUser(name="Boss", mailbox="boss", password="secret", admin=True))
    with po.look() as files:
        user = admin.check_admin(files, "BOSS", "secret")
        assert "boss" == (user.mailbox if user else "")
        for mailbox, password in (("boss", "wrong"), ("ann", ""), ("nobody", "")):
            with pytest.raises(UsageError):
                admin.check_admin(files, mailbox, password)


def test_the_administrator_is_never_a_stranger(po: Maildata) -> None:
    """KB Q125511: MASTER.GLB names an administrator who exists, as long as there is one."""

    def named() -> str:
        with po.look() as files:
            return identity(files).administrator

    assert "" == named()
    for box in ("boss", "deputy"):
        admin.add_user(po, clock, NewUser(name=box, mailbox=box, admin=True))
    assert "boss" == named()
    admin.change_user(po, clock, "boss", new_mailbox="chief")
    assert "chief" == named()
    admin.delete_user(po, clock, "chief")
    assert "deputy" == named()
    admin.change_user(po, clock, "deputy", admin=False)
    assert "" == named()


# -- server and requestors -----------------------------------------------------------------------------------------


def _settled(po: Maildata, server: str = "HUB/DXA", **options: object) -> None:
    """Register a server, and have the first exchange behind."""
    admin.register_server(po, server, **options)  # type: ignore[arg-type]
    with po.change() as change:
        write_reqconf(change, attrs.evolve(read_reqconf(change), imports=False, exports=False, srv=5, imp=1))


def test_registering_the_server(po: Maildata) -> None:
    """The server is a postoffice that is known, and gets and gives everything at first."""
    with pytest.raises(NotFoundError, match=r"\[31\]"):
        admin.register_server(po, "HUB/DXA")
    admin.add_postoffice(po, "HUB/DXA", route=direct("../hub"))
    conf = admin.register_server(po, "hub/dxa", password_ref="env:PW", types=("PCM", "SMTP", "PCM"), limit=9000)
    assert ("HUB/DXA", "env:PW", "PCM|SMTP", 9000, True, True) == (
        conf.server,
        conf.password_ref,
        conf.types,
        conf.limit,
        conf.imports,
        conf.exports,
    )
    assert conf == conf_of(po)
    with po.look() as files:
        assert "HUB/DXA" == identity(files).server


@pytest.mark.parametrize(
    ("options", "imports", "exports"),
    [
        ({}, False, False),
        ({"limit": 1, "password_ref": "x"}, False, False),
        ({"types": ("MS",)}, False, False),
        ({"types": ("PCM", "X400")}, True, False),
        ({"templates_in": True}, True, False),
        ({"templates_out": True}, False, True),
    ],
)
def test_registering_the_same_server_again(
    po: Maildata, options: dict[str, object], imports: bool, exports: bool
) -> None:
    """Only what cannot come or go as a change is asked for or sent anew; the numbers stay."""
    admin.add_postoffice(po, "HUB/DXA")
    _settled(po)
    conf = admin.register_server(po, "HUB/DXA", **options)  # type: ignore[arg-type]
    assert (imports, exports, 5, 1) == (conf.imports, conf.exports, conf.srv, conf.imp)


def test_another_server(po: Maildata) -> None:
    """Another server gets everything and gives everything."""
    for name in ("HUB/DXA", "HUB/NEW"):
        admin.add_postoffice(po, name)
    _settled(po)
    conf = admin.register_server(po, "HUB/NEW")
    assert ("HUB/NEW", True, True) == (conf.server, conf.imports, conf.exports)


@pytest.mark.parametrize("data", [None, b"", b"\0" * 512])
def test_a_lost_configuration_is_made_anew_with_its_server(po: Maildata, data: bytes | None) -> None:
    """It asks for everything and sends everything, under numbers above those that are still queued."""
    admin.add_postoffice(po, "HUB/DXA")
    _settled(po)
    ann(po)
    last = conf_of(po).last
    with po.change() as change:
        change.remove(REQCONF)
        if data is not None:
            change.write(REQCONF, data)
    with pytest.raises(FormatError, match=r"\[40\]"):
        ann(po, name="Bo", mailbox="bo")
    conf = admin.register_server(po, "HUB/DXA", password_ref="env:PW")
    assert last > 0
    assert conf == conf_of(po)
    assert ("HUB/DXA", "env:PW", last, 0, 0, True, True) == (
        conf.server,
        conf.password_ref,
        conf.last,
        conf.acked,
        conf.srv,
        conf.imports,
        conf.exports,
    )
    ann(po, name="Bo", mailbox="bo")
    assert last + 1 == conf_of(po).last


def test_servers_that_cannot_be(po: Maildata) -> None:
    """Types must be known (16)."""
    admin.add_postoffice(po, "HUB/DXA")
    with pytest.raises(AddressError, match=r"\[16\].*TELEX"):
        admin.register_server(po, "HUB/DXA", types=("TELEX",))


def test_wants(po: Maildata) -> None:
    """An administrator can have everything asked for and sent anew; no server any more is possible, too."""
    admin.add_postoffice(po, "HUB/DXA")
    _settled(po)
    assert (True, False) == (admin.want_import(po).imports, conf_of(po).exports)
    assert (True, True) == (admin.want_export(po).exports, conf_of(po).imports)
    admin.unregister_server(po)
    assert "" == conf_of(po).server


def test_registering_requestors(po: Maildata) -> None:
    """A directory server knows its requestors by whole names, each once; a new password leaves the numbers."""
    admin.register_requestor(po, "SOUTH/ROME", password_ref="one")
    admin.register_requestor(po, "SOUTH/ROMETWO")
    admin.register_requestor(po, "south/rome", password_ref="two")
    with po.look() as files:
        conf = read_srvconf(files)
    assert conf is not None
    assert {"PCM:SOUTH/ROME": "two", "PCM:SOUTH/ROMETWO": ""} == {r.name: r.password_ref for r in conf.requestors}
    with pytest.raises(AddressError, match=r"\[70\]"):
        admin.register_requestor(po, "SOUTH/RO ME")


def test_a_server_is_no_requestor(tmp_path: Path) -> None:
    """KB Q118621: a postoffice is either one, never both."""
    server, requestor = made(tmp_path / "a"), made(tmp_path / "b")
    for po in (server, requestor):
        admin.add_postoffice(po, "HUB/DXA")
    admin.register_requestor(server, "SOUTH/ROME")
    with pytest.raises(UsageError, match="is a directory server itself"):
        admin.register_server(server, "HUB/DXA")
    admin.register_server(requestor, "HUB/DXA")
    with pytest.raises(UsageError, match="is a requestor of HUB/DXA"):
        admin.register_requestor(requestor, "SOUTH/ROME")


# -- other postoffices ---------------------------------------------------------------------------------------------


def test_other_postoffices(po: Maildata) -> None:
    """Postoffices come with their routes, get other ones, and go."""
    admin.add_postoffice(po, "HUB/MAIN", route=direct("../main"))
    assert indirect("HUB/MAIN") == admin.add_postoffice(po, "SOUTH/ROME", route=indirect("HUB/MAIN")).route
    assert direct("../rome") == admin.set_route(po, "SOUTH/ROME", direct("../rome")).route
    assert "HUB/MAIN" == admin.remove_postoffice(po, "hub/main").full
    assert 8 == len(admin.add_gateway(po, "X400"))
    with po.look() as files:
        assert ["south/rome"] == list(networks.postoffices(files))


def test_postoffices_that_are_needed(po: Maildata) -> None:
    """The directory server stays, and so does whoever has mail waiting, unless that may go back to its senders."""
    admin.add_postoffice(po, "HUB/DXA")
    row = admin.add_postoffice(po, "SOUTH/ROME")
    admin.register_server(po, "HUB/DXA")
    with pytest.raises(UsageError, match="is the directory server"):
        admin.remove_postoffice(po, "HUB/DXA")
    letter = Letter(
        sender="N/P/X", to=("SOUTH/ROME/a",), subject="s", time=datetime(2026, 1, 2), body=b"b", attachments=()
    )
    with po.change() as change:
        letters.deliver(change, letter, row.hexid)
    with pytest.raises(UsageError, match="1 letter"):
        admin.remove_postoffice(po, "SOUTH/ROME")
    admin.remove_postoffice(po, "SOUTH/ROME", force=True)
    with po.look() as files:
        assert [1, ("SOUTH/ROME/a",)] == [mailbag.depth(files, "INQUEUE"), letters.envelope(files, "00000001")]


# -- killed anywhere -----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process has ended."""


def _killer(at: int) -> Callable[[str], None]:
    left = iter(range(at))

    def step(_what: str) -> None:
        if next(left, None) is None:
            raise Killed

    return step


#: Addresses of the own list with their names: mailbox in lower case to name.
State = dict[str, str]
Step = tuple[str, str, str]


def _do(po: Maildata, step: Step) -> None:
    verb, box, value = step
    if verb == "add":
        admin.add_user(po, clock, NewUser(name=value, mailbox=box))
    elif verb == "hidden":
        admin.add_user(po, clock, NewUser(name=value, mailbox=box, in_dirsync=False))
    elif verb == "group":
        admin.add_group(po, clock, value, box)
    elif verb == "rename":
        admin.change_user(po, clock, box, name=value)
    elif verb == "move":
        admin.change_user(po, clock, box, new_mailbox=value)
    elif verb in ("yes", "no"):
        admin.set_dirsync(po, clock, box, verb == "yes")
    elif verb == "delete":
        admin.delete_user(po, clock, box)
    else:
        admin.delete_group(po, clock, box)


def _told(rows: Iterator[Transaction]) -> State:
    """The own list as the server has it when it takes everything in the queue."""
    state: State = {}
    for row in rows:
        if row.verb is not Verb.ADD and row.old is not None:
            del state[row.old.address.casefold()]
        if row.verb is not Verb.DELETE and row.new is not None:
            assert row.new.address.casefold() not in state
            state[row.new.address.casefold()] = row.new.name
    return state


def _check(po: Maildata) -> tuple[State, frozenset[tuple[str, str]]]:
    """Everything agrees; returns what is told, and all names with their tuple ids."""
    with po.look() as files:
        found = queue.read_file(files, REQTRANS)
        records = queue.transactions(found.records, TYPES)
        conf = read_reqconf(files)
        own = {entry.address.casefold(): entry.name for entry in admin.own_entries(files)}
        everybody, teams, rows = users(files), groups(files), read_pol(files)
        bags = [name.partition(".")[0] for name in files.names("MBG")]
        keys = [name.partition(".")[0] for name in files.names("KEY")]
    assert (own, [], []) == (_told(iter(records.transactions)), found.bad, records.rejects)
    assert (list(range(1, conf.last + 1)), False) == ([record.number for record in found.records], conf.exports)
    assert sorted([*MAILBAGS, *(user.hexid for user in everybody)]) == bags == keys
    assert len(everybody) + len(teams) == len(rows)
    names = {(user.mailbox, user.name) for user in everybody} | {(team.address, team.name) for team in teams}
    return own, frozenset(names)


_AT_REST: tuple[Step, ...] = (("add", "ann", "Ann"), ("add", "bo", "Bo"), ("hidden", "cy", "Cy"), ("group", "g", "G"))


@pytest.mark.dx("T-193")
@pytest.mark.parametrize(
    "step",
    [
        ("add", "di", "Di"),
        ("rename", "ann", "Ann Other"),
        ("move", "ann", "anna"),
        ("no", "bo", ""),
        ("yes", "cy", ""),
        ("delete", "ann", ""),
        ("group", "h", "H"),
        ("ungroup", "g", ""),
    ],
)
def test_killed_at_every_step(tmp_path: Path, step: Step) -> None:
    """Whereever ADMIN is ended, everything is as before or as after, and doing it again leads to the same state."""
    po = made(tmp_path / "start")
    for each in _AT_REST:
        _do(po, each)
    before = _check(po)
    shutil.copytree(po.root, tmp_path / "done")
    done = Maildata(tmp_path / "done", durable=False)
    _do(done, step)
    after = _check(done)
    seen = set()
    for at in range(1000):
        root = tmp_path / f"at{at}"
        shutil.copytree(po.root, root)
        try:
            _do(Maildata(root, durable=False, step=_killer(at)), step)
        except Killed:
            again = Maildata(root, durable=False)
            state = _check(again)
            seen.add(state == after)
            if state == before:
                _do(again, step)
            assert after == _check(again)
            shutil.rmtree(root)
        else:
            assert at > 10
            break
    assert ({True, False}, after) == (seen, _check(Maildata(root, durable=False)))


_boxes = st.sampled_from(["a", "b", "C", "c", "d"])
_names = st.sampled_from(["Ann", "Bo", "bo", "Çy"])
_steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.sampled_from(["add", "hidden", "group", "rename"]), _boxes, _names),
    st.tuples(st.just("move"), _boxes, _boxes),
    st.tuples(st.sampled_from(["yes", "no", "delete", "ungroup"]), _boxes, st.just("")),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(_steps, st.one_of(st.none(), st.integers(0, 60))), max_size=10))
def test_a_series_of_work(work: list[tuple[Step, int | None]]) -> None:
    """A random series of what ADMIN does, killed now and then, keeps lists, mailbags and REQTRANS in step."""
    with TemporaryDirectory() as folder:
        po = made(Path(folder))
        state = _check(po)
        for step, kill in work:
            try:
                _do(po if kill is None else Maildata(po.root, durable=False, step=_killer(kill)), step)
            except DxaError:
                assert state == _check(po)
            except Killed:
                # As before or as after; what came before is never lost.
                new = _check(po)
                if new == state:
                    _do(po, step)
            state = _check(po)
