"""IMPORT of a postoffice on disk: the queue, RESYNC, files, and what a kill anywhere leaves."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.entry import Entry, Verb
from dxa.errors import FormatError, NotFoundError, UsageError
from dxa.ledger.answer import ListKey
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import identity, networks, queue, templates, tree, users
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.dirsyncconf import REQCONF, Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.maildata import FLAG, Maildata
from dxa_msmail.postoffice.names import usr_file
from dxa_msmail.postoffice.queue import DUMMY_TEXT, REQTRANS, RESYNC, SRVTRANS, QueueRecord
from dxa_msmail.postoffice.resync import END
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.importing.program import Imported, Switches
from dxa_msmail.subjects import Numbers

TYPES = AddressTypes(ADDRESS_TYPES)
SERVER = "INSTITUTE/BERLIN"
NOW = 1_000_000_000
PO2, PO3, HOST, SMTP = ("MS", "lab/po2"), ("MS", "lab/po3"), ("PROFS", "gate/n1"), ("SMTP", "")


class Stop(BaseException):
    """The process ends here."""


@attrs.define
class World:
    """A postoffice LAB/PO1 with one user, registered at its server."""

    po: Maildata

    def run(self, **how: bool) -> Imported:
        return importing.run_queue(self.po, lambda: float(NOW), **how)

    def file(self, text: str, **how: bool) -> Imported:
        return importing.run_file(self.po, lambda: float(NOW), text.encode("cp850"), **how)

    def put(self, *texts: str, name: str = SRVTRANS, first: int = 1, spoil: int = 0) -> None:
        """Add records to a queue, as REQMAIN does; with `spoil` one byte of the last so many is wrong."""
        with self.po.change() as change:
            queue.append(change, name, [QueueRecord(n, NOW, text) for n, text in enumerate(texts, first)])
            if name == SRVTRANS:
                waiting = zlib.crc32(change.read(name) or b"")
                write_reqconf(change, attrs.evolve(read_reqconf(change), waiting=waiting))
            if spoil:
                data = bytearray(change.read(name) or b"")
                data[-spoil] ^= 0x55
                change.write(name, bytes(data))

    def resync(self, *texts: str, imp: int = 3, req: int = 9, srv: int = 80) -> None:
        """Put a RESYNC.GLB there."""
        rows = [QueueRecord(srv, NOW, text) for text in texts or (END,)]
        with self.po.change() as change:
            head = queue.resync_header(Numbers(imp=imp, req=req, srv=srv), NOW)
            change.write(RESYNC, queue.write_queue([head, *rows]))

    @property
    def conf(self) -> Reqconf:
        with self.po.look() as files:
            return read_reqconf(files)

    def configure(self, **changes: object) -> None:
        with self.po.change() as change:
            write_reqconf(change, attrs.evolve(read_reqconf(change), **changes))

    def lists(self) -> Mapping[ListKey, Mapping[str, Entry]]:
        with self.po.look() as files:
            return read_book(files, TYPES)

    def names(self, key: ListKey = PO2) -> list[str]:
        """The names in a list."""
        return [entry.name for entry in self.lists()[key].values()]

    def read(self, name: str) -> bytes | None:
        with self.po.look() as files:
            return files.read(name)

    def log(self) -> list[str]:
        """The lines of DIRSYNC.LOG without their times."""
        text = (self.read("LOG/DIRSYNC.LOG") or b"").decode("cp850")
        return [line.partition(" | ")[2] for line in text.splitlines()]


def a(name: str, mailbox: str, po: str = "LAB/PO2") -> str:
    """An add."""
    return f"A {name}\tPCM:{po}/{mailbox}"


def make(root: Path) -> World:
    """See `World`."""
    po = tree.create(root, network="LAB", postoffice="PO1", durable=False)
    with po.change() as change:
        networks.add_postoffice(change, SERVER, route=networks.direct("../server"))
        networks.add_postoffice(change, "LAB/PO2")
        users.add_users(change, [NewUser(name="Zoë", mailbox="ZOE")])
        conf = attrs.evolve(read_reqconf(change), server=SERVER, imports=False, exports=False, imp=2, srv=70, acked=9)
        write_reqconf(change, attrs.evolve(conf, last=9, sent=9, templates_in=True))
        change.write(REQTRANS, queue.write_queue([queue.dummy(9, NOW)]))
    return World(po)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A new postoffice."""
    return make(tmp_path / "po1")


# -- the queue -----------------------------------------------------------------------------------------------------


def test_the_queue_goes_into_the_lists(world: World) -> None:
    """Adds, modifies, deletes and replaces count in their order, and the queue is empty afterwards."""
    world.put(a("Ann", "ANN"), a("Bob", "BOB"), a("Old", "OLD", "INSTITUTE/BERLIN"))
    world.run()
    world.put("M Ann\tPCM:LAB/PO2/ANN\r\n  Anna\tPCM:LAB/PO2/ANN", "D Bob\tPCM:LAB/PO2/BOB", "R PCM:INSTITUTE/BERLIN")
    outcome = world.run()
    assert (["Anna"], []) == (world.names(), world.names(("MS", "institute/berlin")))
    assert {Verb.MODIFY: 1, Verb.DELETE: 1, Verb.REPLACE: 1} == dict(outcome.counts)
    assert {PO2, ("MS", "institute/berlin")} == set(outcome.lists)
    assert (b"", ()) == (world.read(SRVTRANS), outcome.rejects)


def test_a_run_without_work_changes_nothing(world: World) -> None:
    """But for its lines in the log, of which the last but one is known to every administrator."""
    with world.po.look() as files:
        before = {name: files.read(f"GLB/{name}") for name in files.names("GLB")}
    assert () == world.run().lists
    with world.po.look() as files:
        assert before == {name: files.read(f"GLB/{name}") for name in files.names("GLB")}
    assert ["Status       Import is finished.", "Status       End IMPORT -q"] == world.log()[-2:]


def test_a_list_that_was_replaced_by_nobody_is_empty(world: World) -> None:
    """Its file stays: a missing one would be damage."""
    world.put(a("Ann", "ANN"), "R PCM:LAB/PO2")
    world.run()
    assert [] == world.names()
    with world.po.look() as files:
        assert files.read(usr_file(networks.find(files, "LAB/PO2").hexid))


def test_local_users_are_never_touched(world: World) -> None:
    """Error 66 for each record of the own list; the others count."""
    world.put(a("Zed", "ZED", "LAB/PO1"), "R PCM:lab/po1", a("Ann", "ANN"))
    outcome = world.run()
    assert [(1, 66), (2, 66)] == [(each.number, each.code) for each in outcome.rejects]
    with world.po.look() as files:
        assert ["Zoë"] == [user.name for user in users.users(files)]
    assert ["Ann"] == world.names()


def test_what_breaks_a_rule_is_told_with_its_record(world: World) -> None:
    """27: the name is taken; 29: nobody to modify (it counts as an add); 16, 23, 12: lines that are no transactions."""
    world.put(
        *(a("Ann", "ANN"), a("ann", "ANN2"), "M Eve\tPCM:LAB/PO2/EVE\r\n  Eva\tPCM:LAB/PO2/EVE"),
        *("A Ivan\tTELEX:123", "AIvan", "?", a("Bob", "BOB")),
    )
    outcome = world.run()
    expected = [(2, 2, 27), (3, 3, 29), (4, 4, 16), (5, 5, 23), (6, 6, 12)]
    assert expected == sorted((each.number, each.line, each.code) for each in outcome.rejects)
    assert ["Ann", "Bob", "Eva"] == world.names()
    assert "Warning[ 27] alias already exists: ann (line 2)" in world.log()


@pytest.mark.dx("T-246")
def test_a_record_without_an_address_is_refused_by_itself(world: World) -> None:
    """KB Q128872: the remains of a group whose file was reset."""
    world.put(a("Ann", "ANN"), "A Choir", "A Choir\tPCM:", a("Bob", "BOB"))
    outcome = world.run()
    assert [2, 3] == [each.number for each in outcome.rejects]
    assert ["Ann", "Bob"] == world.names()


def test_a_bad_record_ends_the_queue_with_its_place(world: World) -> None:
    """What comes before it counts, it is reported, and the next request asks for everything."""
    world.put(a("Ann", "ANN"), a("Bob", "BOB"), spoil=3)
    outcome = world.run()
    at = queue.HEAD_SIZE + len(a("Ann", "ANN")) + 1
    assert [(1, at)] == [(each.index, each.offset) for each in outcome.bad]
    assert (True, True, b"") == (outcome.asks, world.conf.imports, world.read(SRVTRANS))
    assert ["Ann"] == world.names()
    assert any(line.startswith("Error  [ 40] GLB/SRVTRANS.GLB: ") and f"byte {at}" in line for line in world.log())


def test_a_queue_that_breaks_off_takes_nobody_out(world: World) -> None:
    """The adds behind a replace may be in the part that cannot be read."""
    world.put(a("Ann", "ANN"))
    world.run()
    world.put("R PCM:LAB/PO2", a("Bob", "BOB"), a("Carl", "CARL"), spoil=3)
    world.run()
    assert ["Ann", "Bob"] == world.names()


def test_a_queue_that_is_gone_is_asked_for_anew(world: World) -> None:
    """Error 2: nobody knows what was in it (KB Q119017)."""
    with world.po.change() as change:
        change.remove(SRVTRANS)
    assert world.run().asks
    assert (b"", True) == (world.read(SRVTRANS), world.conf.imports)
    assert not world.run().asks


def test_a_damaged_list_is_asked_for_anew(world: World) -> None:
    """It is written anew with what the queue says, so that it is complained of once."""
    world.put(a("Ann", "ANN"))
    world.run()
    with world.po.change() as change:
        name = usr_file(networks.find(change, "LAB/PO2").hexid)
        change.write(name, b"rubble")
    world.put(a("Bob", "BOB"))
    outcome = world.run()
    assert ([(name, 40)], True) == ([(each.raw, each.code) for each in outcome.damaged], world.conf.imports)
    assert ["Bob"] == world.names()
    assert not world.run().asks


# -- places --------------------------------------------------------------------------------------------------------


def test_a_new_postoffice_is_created_on_the_way_to_the_server(world: World) -> None:
    """KB Q96060: it gets the way of the server's postoffice; so do nodes, and gateways that need no other name."""
    world.put(a("Eve", "EVE", "LAB/PO3"), "A Host\tPROFS:GATE/N1/HOST", "A Mail\tSMTP:jo@x.example", "R PCM:LAB/PO4")
    outcome = world.run()
    assert ["MS:LAB/PO3", "PROFS:GATE", "PROFS:GATE/N1", "SMTP:", "MS:LAB/PO4"] == list(outcome.created)
    assert [["Eve"], ["Host"], ["Mail"], []] == [world.names(key) for key in (PO3, HOST, SMTP, ("MS", "lab/po4"))]
    with world.po.look() as files:
        assert networks.indirect(SERVER) == networks.find(files, "LAB/PO3").route
    assert "Status       autocreating: MS:LAB/PO3" in world.log()


def test_a_postoffice_that_the_server_creates_has_no_route_yet(world: World) -> None:
    """KB Q96003 #60: it would be reached directly, and nobody can guess its folder; the log says so."""
    with world.po.look() as files:
        own = identity.name_of(files)
    world.configure(server=own)
    world.put(a("Eve", "EVE", "LAB/PO3"))
    world.run()
    with world.po.look() as files:
        assert networks.NO_ROUTE == networks.find(files, "LAB/PO3").route
    what = "direct routing for an automatically created postoffice: mail for LAB/PO3 waits until it has a route"
    assert f"Warning[ 60] {what}" in world.log()


def test_without_creating_the_records_are_refused(world: World) -> None:
    """31: no such network; 32: no such postoffice; 44: no such gateway. Nothing else stops; deletes are just done."""
    world.configure(create_po=False)
    world.put(
        *(a("Eve", "EVE", "WEST/PO"), a("Eve", "EVE", "LAB/PO3"), "A Mail\tSMTP:jo@x.example"),
        *("D Eve\tPCM:LAB/PO3/EVE", a("Ann", "ANN")),
    )
    outcome = world.run()
    assert [(1, 31), (2, 32), (3, 44)] == [(each.number, each.code) for each in outcome.rejects]
    assert ["Ann"] == world.names()


def test_what_cannot_be_created_is_refused(world: World) -> None:
    """68: the name is in use; 44: a proxy's postoffice has a name that nobody can guess; 54: there is no server."""
    world.put("A Host\tPROFS:LAB/N1/HOST", "A Mac\tMSMAIL:jo@mac", a("Eve", "EVE", "LAB/PO3"))
    assert [(1, 68), (2, 44)] == [(each.number, each.code) for each in world.run().rejects]
    world.configure(server="")
    world.put(a("Eve", "EVE", "LAB/PO5"))
    assert [54] == [each.code for each in world.run().rejects]


# -- templates -----------------------------------------------------------------------------------------------------

T_PO2 = "T PCM:LAB/PO2\r\n Phone:~10~25~A~~\r\n Room:~10~5~A~~"


def test_template_and_values(world: World) -> None:
    """A T record gives the list its template; the values have a place then. 37 and 36 for those that have none."""
    world.put(T_PO2, f"{a('Ann', 'ANN')}\r\n- phone/1\r\n- Car:/VW\r\n- Room:/123456")
    outcome = world.run(strict=True)
    assert [(2, 2, 37), (2, 2, 36)] == [(each.number, each.line, each.code) for each in outcome.rejects]
    assert [(("Phone:", "1"),)] == [entry.fields for entry in world.lists()[PO2].values()]


def test_a_new_template_discards_the_values_of_before(world: World) -> None:
    """KB Q125920; those that come after it count, those of another list stay."""
    world.put(
        T_PO2, T_PO2.replace("PO2", "PO3"), *(f"{a('Ann', 'ANN', po)}\r\n- Phone:/1" for po in ("LAB/PO2", "LAB/PO3"))
    )
    world.run(strict=True)
    world.put(T_PO2, f"{a('Bob', 'BOB')}\r\n- Phone:/2")
    world.run(strict=True)
    found = world.lists()
    assert [(), (("Phone:", "2"),)] == [entry.fields for entry in found[PO2].values()]
    assert [(("Phone:", "1"),)] == [entry.fields for entry in found[PO3].values()]


def test_values_that_came_without_a_template(world: World) -> None:
    """65 when the run is strict; else the list gets a template that dxa makes."""
    world.put(f"{a('Ann', 'ANN')}\r\n- Phone:/1")
    assert [65] == [each.code for each in world.run(strict=True).rejects]
    world.put(f"{a('Ann', 'ANN')}\r\n- Phone:/1")
    assert () == world.run().rejects
    assert [(("Phone:", "1"),)] == [entry.fields for entry in world.lists()[PO2].values()]


def test_templates_that_nobody_wants(world: World) -> None:
    """73: definitions and values are ignored, the addresses count."""
    world.put(T_PO2, f"{a('Ann', 'ANN')}\r\n- Phone:/1")
    outcome = world.run(templates=False)
    assert [73, 73] == [each.code for each in outcome.rejects]
    assert ["Ann"] == world.names()
    with world.po.look() as files:
        assert templates.read_template(files, networks.find(files, "LAB/PO2").hexid) is None


def test_a_template_that_cannot_be(world: World) -> None:
    """66 for the own list, 38 for lines that say no field, 24 for types without values."""
    world.put(
        "T PCM:LAB/PO1\r\n Phone:~10~25~A~~", "T PCM:LAB/PO2\r\n Phone:~10~wide~A~~", "T SMTP:\r\n Phone:~1~2~A~~"
    )
    assert [24, 66, 38] == [each.code for each in world.run().rejects]


# -- RESYNC --------------------------------------------------------------------------------------------------------


def test_resync_comes_first_and_brings_its_numbers(world: World) -> None:
    """KB Q119449: all lists are what it says, the numbers are its own, the file is gone."""
    world.put(a("Old", "OLD"))
    world.run()
    world.put(a("Older", "OLDER"), first=60)
    world.resync("R PCM:LAB/PO3", a("Eve", "EVE", "LAB/PO3"), req=20)
    outcome = world.run()
    assert Numbers(imp=3, req=20, srv=80) == outcome.resync
    assert ([], ["Eve"]) == (world.names(), world.names(PO3))
    conf = world.conf
    assert (3, 80, 20, 20, 20) == (conf.imp, conf.srv, conf.acked, conf.last, conf.sent)
    assert (None, b"") == (world.read(RESYNC), world.read(SRVTRANS))
    assert [(20, DUMMY_TEXT)] == [(r.number, r.text) for r in queue.read_queue(world.read(REQTRANS) or b"").records]
    assert 49 == len(world.read(REQTRANS) or b"")


def test_what_was_received_after_a_resync_was_made_counts(world: World) -> None:
    """Records with higher numbers than SRVSEQ are applied on top of it."""
    world.resync("R PCM:LAB/PO2", a("Ann", "ANN"))
    world.put(a("Bob", "BOB"), first=81)
    world.run()
    assert ["Ann", "Bob"] == world.names()


def test_what_waits_for_the_server_is_sent_with_a_full_list_after_a_resync(world: World) -> None:
    """Its numbers are not those that the server counts on; without anything waiting no export is needed."""
    world.resync()
    world.run()
    assert not world.conf.exports
    world.put(a("Zed", "ZED", "LAB/PO1"), name=REQTRANS, first=10)
    world.configure(last=10)
    world.resync(srv=90)
    world.run()
    assert (True, 10) == (world.conf.exports, world.conf.last)


@pytest.mark.parametrize("older", [{"imp": 1}, {"srv": 69}, {"req": 8}])
def test_a_resync_with_lower_numbers_stays(world: World, older: dict[str, int]) -> None:
    """Error 14 (KB Q215505); the queue is done all the same."""
    world.put(a("Ann", "ANN"))
    world.resync("R PCM:LAB/PO2", **older)
    assert world.run().resync is None
    assert ["Ann"] == world.names()
    assert world.read(RESYNC)
    assert any(line.startswith("Error  [ 14] error processing RESYNC.GLB: ") for line in world.log())


def test_a_resync_without_numbers_stays(world: World) -> None:
    """It may be any queue that somebody has put there."""
    world.put(a("Ann", "ANN"), name=RESYNC)
    world.run()
    assert ([], True) == (world.names(), world.read(RESYNC) is not None)
    assert not world.conf.imports


@pytest.mark.dx("T-148")
def test_corrupt_entries_of_a_resync_are_skipped(world: World) -> None:
    """KB Q122689: each is told, and the rest counts."""
    world.resync(
        "R PCM:LAB/PO2", a("Ann", "ANN"), "A \x01\x02\tPCM:LAB/PO2/X", "garbage", "A Bob\tPCM:LAB", a("Bob", "BOB")
    )
    outcome = world.run()
    assert 3 == len(outcome.rejects)
    assert (["Ann", "Bob"], 80) == (world.names(), world.conf.srv)


@pytest.mark.dx("T-148")
def test_a_resync_that_breaks_off_takes_nobody_out(world: World) -> None:
    """What can be read counts, the numbers do not, and everything is asked for."""
    world.put(a("Ann", "ANN"))
    world.run()
    world.resync("R PCM:LAB/PO2", a("Bob", "BOB"), a("Carl", "CARL"))
    with world.po.change() as change:
        change.write(RESYNC, (change.read(RESYNC) or b"")[:-3])
    outcome = world.run()
    assert [3] == [each.index for each in outcome.bad]
    assert ["Ann", "Bob"] == world.names()
    assert (70, True, None) == (world.conf.srv, world.conf.imports, world.read(RESYNC))


# -- kills ---------------------------------------------------------------------------------------------------------


def everything(root: Path) -> dict[str, bytes]:
    """All files of a postoffice but its logs, dxa's corner, and the counter that says that something has changed."""
    found = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(("LOG/", "DXA/", FLAG))}


@pytest.mark.dx("T-146")
def test_a_run_that_is_killed_anywhere_is_repeated_or_done(tmp_path: Path) -> None:
    """At each write, rename and removal; the next run ends with the files that a run without a kill would have made."""
    base = make(tmp_path / "base")
    base.put(a("Old", "OLD"), a("Gone", "GONE", "LAB/PO5"))
    base.run()
    base.resync("R PCM:LAB/PO2", T_PO2, f"{a('Ann', 'ANN')}\r\n- Phone:/1", "A Mail\tSMTP:jo@x.example")
    base.put(a("Bob", "BOB"), a("Eve", "EVE", "LAB/PO3"), "D Ann\tPCM:LAB/PO2/ANN", first=81)
    whole = tmp_path / "whole"
    shutil.copytree(base.po.root, whole)
    World(attrs.evolve(base.po, root=whole)).run()
    kills = 0
    for at in count():
        root = tmp_path / f"{at}"
        shutil.copytree(base.po.root, root)
        left = [at]

        def fuse(_what: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Stop

        world = World(attrs.evolve(base.po, root=root, step=fuse))
        try:
            world.run()
        except Stop:
            kills += 1
            world = World(attrs.evolve(world.po, step=lambda _what: None))
            world.run()
            assert (everything(whole), ["Bob"]) == (everything(root), world.names())
        else:
            break
        shutil.rmtree(root)
    assert kills > 40


@pytest.mark.dx("T-193")
def test_work_files_of_an_interrupted_run_block_nobody(world: World) -> None:
    """KB Q122750, Q112301: they are removed, and said to have been there."""
    stale = ("GLB/IUSRTRAN.GLB", "GLB/SORTLOCK.GLB", "GLB/SORT0001.GLB", "USR/IMPORT.USR")
    with world.po.change() as change:
        for name in stale:
            change.write(name, b"rubble")
        change.write(REQCONF, change.read(REQCONF) or b"")
    (world.po.root / "DXA" / "00000000.NEW").write_bytes(b"half")
    world.put(a("Ann", "ANN"))
    world.run()
    assert ["Ann"] == world.names()
    assert [None] * 4 == [world.read(name) for name in stale]
    assert 4 == sum("left behind" in line for line in world.log())


def test_damaged_numbers_stop_the_run(world: World) -> None:
    """REQCONF is state: nothing is guessed, nothing is written, and the log says it."""
    world.put(a("Ann", "ANN"))
    with world.po.change() as change:
        change.write(REQCONF, (change.read(REQCONF) or b"")[:-1])
    with pytest.raises(FormatError, match=REQCONF):
        world.run()
    assert world.read(SRVTRANS)
    assert any(line.startswith("Fatal  [ 40]") for line in world.log())


def test_a_shadow_postoffice_has_nothing_to_import(tmp_path: Path) -> None:
    """dxa itself keeps the lists there."""
    po = tree.create(tmp_path / "x", network="LAB", postoffice="HQ", shadow=True, durable=False)
    with pytest.raises(UsageError, match="shadow"):
        World(po).run()


# -- files ---------------------------------------------------------------------------------------------------------


def test_a_file_goes_into_the_lists(world: World) -> None:
    """Lines have their numbers, the own list is left alone, and nothing of it is sent to anybody."""
    outcome = world.file("A Ann    PCM:LAB/PO2/ANN\r\nA Zed    PCM:LAB/PO1/ZED\r\n?\r\n")
    assert [(3, 12), (2, 66)] == [(each.line, each.code) for each in outcome.rejects]
    assert ["Ann"] == world.names()
    assert 49 == len(world.read(REQTRANS) or b"")


def test_a_file_replaces_the_lists_in_it(world: World) -> None:
    """KB Q112285: `-r` is an R for each; lists that it does not name stay."""
    world.file("A Ann\tPCM:LAB/PO2/ANN\r\nA Eve\tPCM:INSTITUTE/BERLIN/EVE\r\n")
    world.file("A Bob\tPCM:LAB/PO2/BOB\r\n", replace=True)
    assert (["Bob"], ["Eve"]) == (world.names(), world.names(("MS", "institute/berlin")))


def test_a_file_creates_postoffices_when_told(world: World) -> None:
    """`-c`; without it 32."""
    text = "A Eve\tPCM:LAB/PO3/EVE\r\n"
    assert [32] == [each.code for each in world.file(text).rejects]
    assert ["MS:LAB/PO3"] == list(world.file(text, create=True).created)


def test_transactions_for_the_server_get_the_next_numbers(world: World) -> None:
    """`-e` (KB Q118621): they wait in REQTRANS, and the lists here stay as they are."""
    data = b"A Gate\tSMTP:jo@x.example\r\n?\r\nD Gone\tSMTP:gone@x.example\r\n"
    outcome = importing.queue_file(world.po, lambda: float(NOW), data)
    assert (10, 11, [12]) == (outcome.first, outcome.last, [each.code for each in outcome.rejects])
    records = queue.read_queue(world.read(REQTRANS) or b"").records
    assert [9, 10, 11] == [record.number for record in records]
    assert "A Gate\tSMTP:jo@x.example" == records[1].text
    assert (11, 9) == (world.conf.last, world.conf.sent)


def test_transactions_for_the_server_need_a_sound_queue(world: World) -> None:
    """Else the export that mends it would drop them again."""
    world.configure(last=12)
    with pytest.raises(FormatError, match="REQTRANS"):
        importing.queue_file(world.po, lambda: float(NOW), b"A Gate\tSMTP:jo@x.example\r\n")
    world.configure(last=9, exports=True)
    with pytest.raises(UsageError, match="export"):
        importing.queue_file(world.po, lambda: float(NOW), b"A Gate\tSMTP:jo@x.example\r\n")


# -- extracting ----------------------------------------------------------------------------------------------------


def test_lists_are_extracted_as_adds(world: World) -> None:
    """KB Q123856: one postoffice's, a gateway's, all nodes of a host's, or the postoffice's own with all its users."""
    world.put(T_PO2, f"{a('Ann', 'ANN')}\r\n- Phone:/1", "A Mail\tSMTP:jo@x.example", "A Host\tPROFS:GATE/N1/HOST")
    world.run()

    def lines(**what: object) -> list[str]:
        return importing.extract(world.po, **what).data.decode("cp850").splitlines()  # type: ignore[arg-type]

    assert ["A Ann                            PCM:LAB/PO2/ANN"] == lines(name="lab/po2")
    with_values = ["T PCM:LAB/PO2", " Phone:~10~25~A~~", " Room:~10~5~A~~", *lines(name="LAB/PO2"), "- Phone:/1"]
    assert with_values == lines(name="LAB/PO2", templates=True)
    assert ["A Mail                           SMTP:jo@x.example"] == lines(type_="smtp")
    assert ["A Host                           PROFS:GATE/N1/HOST"] == lines(type_="PROFS")
    assert ["A Zoë                            PCM:LAB/PO1/ZOE"] == lines()


def test_what_was_extracted_can_be_imported(world: World, tmp_path: Path) -> None:
    """At another postoffice, the same list comes out."""
    world.put(T_PO2, f"{a('Änn', 'ANN')}\r\n- Phone:/1", a("Bob", "BOB"))
    world.run()
    other = make(tmp_path / "po9")
    data = importing.extract(world.po, name="LAB/PO2", templates=True).data
    importing.run_file(other.po, lambda: float(NOW), data, templates=True)
    assert world.lists()[PO2] == other.lists()[PO2]


@pytest.mark.parametrize(
    ("what", "code"), [({"name": "WEST/PO"}, 31), ({"name": "LAB/PO9"}, 32), ({"type_": "FAX"}, 44)]
)
def test_a_list_that_is_not_known_cannot_be_extracted(world: World, what: dict[str, str], code: int) -> None:
    """The number says what is missing."""
    with pytest.raises(NotFoundError, match=rf"\[{code}\]"):
        importing.extract(world.po, **what)  # type: ignore[arg-type]


# -- switches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "mode", "ignored"),
    [
        ("e acglqrtvxf", "e", "acglqrtvx"),
        ("s acegqrtxfv", "s", "acefgqrtx"),
        ("q acfgrtxvl", "q", "acfgrtx"),
        ("x acrgtf", "x", "acr"),
        ("f acrgt", "f", ""),
    ],
)
def test_switches_that_do_not_go_together(given: str, mode: str, ignored: str) -> None:
    """KB Q119016: the stronger way of running ignores what belongs to the others."""
    assert Switches(mode=mode, ignored=tuple(ignored)) == importing.settle(set(given.replace(" ", "")))


def test_the_servers_text_of_all_addresses_is_a_way_of_its_own() -> None:
    """KB Q119016: `-st -f`."""
    assert Switches(mode="st", ignored=("q", "x")) == importing.settle({"st", "f", "q", "x"})
