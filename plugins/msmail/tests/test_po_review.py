"""Damaged, restored and foreign files of a postoffice: what they must never do to the mail and lists of others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.errors import FormatError
from dxa_msmail import dirsyncbody
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import Numbers, Place, Profile, Task
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import gal, groups, layout, letters, mailbag, networks, queue, resync, seen, tree, users
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.dirsyncconf import Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.identity import CONTROL, Control
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, MOST, SYSTEM, Header
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfolder import MailbagFolder
from dxa_msmail.postoffice.messages import BAD
from dxa_msmail.postoffice.queue import REQTRANS, RESYNC, SRVTRANS
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, rebuild, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.external.carrying import Carrying
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.importing.program import Imported
from dxa_msmail.programs.registration import register_server

NOW = 1_000_000_000.0
SERVER = "INSTITUTE/BERLIN"
#: What bytes of a damaged header can say in place of a letter's name.
ODD = ("AB CD", "../../X", "A\nB", "A\x1cB", "", "1", "0000000G", "CON")
LETTER = Letter(sender="LAB/PO1/ANN", to=(f"{SERVER}/$SYSTEM",), time=datetime(2001, 9, 9, 1, 46), subject="Hello")


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A postoffice that knows its directory server."""
    made = tree.create(tmp_path / "po", network="LAB", postoffice="PO1", durable=False)
    with made.change() as change:
        networks.add_postoffice(change, SERVER)
    register_server(made, SERVER)
    return made


def put_headers(po: Maildata, bag: str, *stems: str) -> None:
    """Headers that somebody else has written."""
    with po.change() as change:
        for stem in stems:
            mailbag.append(change, bag, Header(sender="X", subject=f"{stem!r}", stem=stem))


def depth(po: Maildata, bag: str) -> int:
    """How many letters lie in a mailbag."""
    with po.look() as files:
        return mailbag.depth(files, bag)


def trespassers(po: Maildata) -> list[str]:
    """Files that lie where nobody may write: beside the postoffice's folders, or outside of it."""
    return [path.name for folder in (po.root, po.root.parent) for path in folder.iterdir() if path.is_file()]


# -- headers -------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-206")
def test_a_header_that_names_no_letter_is_set_aside_by_a_folder(po: Maildata) -> None:
    """Whatever its bytes are, it is listed, cannot be read, and can be put aside; no file gets a name from it."""
    put_headers(po, SYSTEM, *ODD)
    folder = MailbagFolder(po, lambda: NOW)
    names = folder.names()
    assert len(ODD) == len(names)

    for name in names:
        folder.park(name, "damaged")

    assert (0, []) == (depth(po, SYSTEM), trespassers(po))
    assert sorted(f"{name}.WHY" for name in names) == sorted(path.name for path in (po.root / BAD).iterdir())


@pytest.mark.dx("T-206")
def test_a_header_that_names_no_letter_is_set_aside_by_reqmain(po: Maildata) -> None:
    """Each is told, and none is left."""
    put_headers(po, SYSTEM, *ODD)

    received = reqmain.receive(po, lambda: NOW)

    assert len(ODD) == len(received.others)
    assert (0, [], len(ODD)) == (depth(po, SYSTEM), trespassers(po), len(list((po.root / BAD).iterdir())))


@pytest.mark.dx("T-206")
def test_a_header_that_names_no_letter_is_set_aside_by_external(po: Maildata) -> None:
    """Each is told, and none is left in INQUEUE; in another's mailbag they go one run after the other."""
    with po.look() as files:
        bag = networks.find(files, SERVER).mailbag
    put_headers(po, INQUEUE, *ODD)

    assert len(ODD) == len(external.run(po, lambda: NOW).aside)
    assert (0, []) == (depth(po, INQUEUE), trespassers(po))

    with po.change() as change:
        networks.set_route(change, SERVER, networks.direct("nowhere"))
    put_headers(po, bag, *ODD)
    for _ in ODD:
        external.run(po, lambda: NOW)
    assert (0, []) == (depth(po, bag), trespassers(po))


def test_a_stem_in_small_letters_is_the_same_letter(po: Maildata) -> None:
    """File names have no case in MS Mail."""
    with po.change() as change:
        change.write(CONTROL, layout.encode(Control(next_letter=0xA)))
        stem = letters.deliver(change, LETTER, SYSTEM)
        mailbag.create(change, SYSTEM)
    put_headers(po, SYSTEM, stem.lower())
    folder = MailbagFolder(po, lambda: NOW)

    (name,) = folder.names()

    assert ("0000000A", True) == (name.partition("-")[0], b"Hello" in folder.read(name))


def test_a_letter_with_two_headers_is_taken_once(po: Maildata) -> None:
    """KB Q127752."""
    letter = attrs.evolve(LETTER, sender=f"{SERVER}/$SYSTEM", to=("LAB/PO1/$SYSTEM",), body=b"no dir-sync\r\n")
    with po.change() as change:
        letters.deliver(change, letter, SYSTEM)
        (_, header), *_ = mailbag.headers(change, SYSTEM)
        mailbag.append(change, SYSTEM, header)

    received = reqmain.receive(po, lambda: NOW)

    assert (1, 1, 0) == (len(received.others), received.settled, depth(po, SYSTEM))


def test_names_are_not_given_out_twice_when_numbers_are(po: Maildata) -> None:
    """After a restore of CONTROL.GLB the same request, a day later, is another letter under the same stem."""
    names = set()
    for day in (9, 10):
        letter = attrs.evolve(LETTER, time=datetime(2001, 9, day, 1, 46))
        with po.change() as change:
            change.write(CONTROL, layout.encode(Control(next_letter=7)))
            letters.deliver(change, letter, SYSTEM)
        folder = MailbagFolder(po, lambda: NOW)
        names.update(folder.names())
        for name in folder.names():
            folder.remove(name)
        folder.flush()

    assert (2, {"00000007"}) == (len(names), {name.partition("-")[0] for name in names})


def test_deleted_headers_are_never_seen_again_by_who_knows_no_lock(po: Maildata) -> None:
    """When a full mailbag's headers move together its KEY says of none that was deleted that it lives."""
    with po.change() as change:
        change.write(mailbag.mbg_name(SYSTEM), b"".join(_numbered(n) for n in range(MOST)))
    with po.change() as change:
        mailbag.delete(change, SYSTEM, *range(0, MOST, 2))
    seen: list[set[str]] = []

    def step(_what: str) -> None:
        data = (po.root / mailbag.mbg_name(SYSTEM)).read_bytes()
        key = layout.decode(mailbag.Key, (po.root / mailbag.key_name(SYSTEM)).read_bytes())
        dead = int.from_bytes(key.deleted, "little")
        subjects = (data[at + 13 : at + 54].partition(b"\0")[0].decode() for at in range(0, len(data), 116))
        seen.append({subject for slot, subject in enumerate(subjects) if not dead >> slot & 1})

    with attrs.evolve(po, step=step).change() as change:
        mailbag.append(change, SYSTEM, Header(subject="new", stem="00000001"))

    alive = {str(n) for n in range(1, MOST, 2)} | {"new"}
    assert [True] * len(seen) == [subjects <= alive for subjects in seen]
    assert alive == seen[-1]


def _numbered(number: int) -> bytes:
    return layout.encode(Header(subject=str(number), stem="00000001"))


# -- what waits for Import -----------------------------------------------------------------------------------------


@attrs.define
class Requestor:
    """A postoffice with a list of LAB/PO2, which has had the server's news up to 10."""

    po: Maildata
    now: float = NOW

    def clock(self) -> float:
        self.now += 60
        return self.now

    def configure(self, **values: Any) -> None:
        """Set fields of REQCONF."""
        with self.po.change() as change:
            write_reqconf(change, attrs.evolve(read_reqconf(change), **values))

    @property
    def conf(self) -> Reqconf:
        with self.po.look() as files:
            return read_reqconf(files)

    def answer(self, was: int, *texts: str, full: bool = False) -> None:
        """The server's answer with these records comes, and REQMAIN takes it."""
        lines = "".join(f"{number:010d} {text}\r\n" for number, text in enumerate(texts, was + 1)).encode()
        numbers = Numbers(req=0, srv=was + max(1, len(texts)), srv_was=0 if full else was, imp=1, count=len(texts))
        task = Task.IMPORTREPLY if full else Task.UPDATE
        profile = Profile(task=task, requestor="PCM:LAB/PO1", numbers=numbers, place=Place.INATTACHMENT)
        self.clock()
        letter = Letter(
            sender=f"{SERVER}/$SYSTEM",
            to=("LAB/PO1/$SYSTEM",),
            time=datetime.fromtimestamp(self.now),
            subject=f"SrvTx {was}",
            body=dirsyncbody.write_profile(profile),
            attachments=(Attachment("SRVUPDS.GLB", b"[DIRSYNC-TRANSACTIONS]\r\n" + lines),),
        )
        with self.po.change() as change:
            letters.deliver(change, letter, SYSTEM)
        assert 1 == len(reqmain.receive(self.po, self.clock).applied)

    def read(self, name: str) -> bytes | None:
        """A file's bytes."""
        with self.po.look() as files:
            return files.read(name)

    def put(self, name: str, data: bytes | None) -> None:
        """Somebody else writes a file, or removes it."""
        with self.po.change() as change:
            if data is None:
                change.remove(name)
            else:
                change.write(name, data)

    def imports(self) -> Imported:
        """IMPORT -q."""
        return importing.run_queue(self.po, self.clock)

    def names(self, type_: str = "MS", name: str = "lab/po2") -> list[str]:
        """The names in a list."""
        with self.po.look() as files:
            lists = read_book(files, AddressTypes(ADDRESS_TYPES))
        return [entry.name for entry in lists[type_, name].values()]

    def waiting(self) -> Sequence[tuple[int, str]]:
        """What is in REQTRANS."""
        with self.po.look() as files:
            return [(record.number, record.text) for record in queue.read_file(files, REQTRANS).records]


@pytest.fixture
def requestor(po: Maildata) -> Requestor:
    """See `Requestor`."""
    with po.change() as change:
        networks.add_postoffice(change, "LAB/PO2")
        networks.add_gateway(change, "SMTP")
    made = Requestor(po)
    made.configure(imports=False, exports=False, srv=10, imp=1)
    return made


def add(name: str) -> str:
    """An add to LAB/PO2."""
    return f"A {name}\tPCM:LAB/PO2/{name}"


def test_an_update_behind_a_damaged_queue_does_not_hide_the_damage(requestor: Requestor) -> None:
    """What nobody can read any more is asked for anew; a list whose records may be missing is not replaced."""
    requestor.answer(10, add("Old"))
    requestor.imports()
    requestor.answer(11, add("Ann"), "R PCM:LAB/PO2", add("Bob"), add("Eve"))
    data = bytearray(requestor.read(SRVTRANS) or b"")
    data[-2] ^= 1
    requestor.put(SRVTRANS, bytes(data))

    requestor.answer(15, add("Joe"))
    requestor.imports()

    assert (["Ann", "Bob", "Joe", "Old"], True) == (requestor.names(), requestor.conf.imports)


@pytest.mark.parametrize("what", ["emptied", "older", "removed", "changed"])
@pytest.mark.parametrize("update", [False, True])
def test_a_queue_that_is_not_as_it_was_left_is_asked_for_anew(requestor: Requestor, what: str, update: bool) -> None:
    """The number says what is held, and content and number must never part: also for a queue from a backup."""
    requestor.answer(10, add("Ann"))
    older = requestor.read(SRVTRANS) or b""
    requestor.answer(11, add("Bob"))
    found = queue.read_queue(requestor.read(SRVTRANS) or b"").records
    others = queue.write_queue([found[0]._replace(text=add("Eve")), found[1]])
    requestor.put(SRVTRANS, {"emptied": b"", "older": older, "removed": None, "changed": others}[what])

    if update:
        requestor.answer(12, add("Joe"))
    requestor.imports()

    assert requestor.conf.imports
    requestor.answer(20, "R PCM:LAB/PO2", add("Ann"), add("Bob"), add("Joe"), full=True)
    assert (False, ["Ann", "Bob", "Joe"]) == (requestor.imports().asks, requestor.names())
    assert not requestor.conf.imports


def test_a_queue_that_is_as_it_was_left_is_believed(requestor: Requestor) -> None:
    """Answer upon answer, and Import between them or not."""
    requestor.answer(10, add("Ann"))
    requestor.answer(11, add("Bob"))
    assert not requestor.imports().asks
    requestor.answer(12, add("Eve"))
    assert not requestor.imports().asks
    assert not requestor.imports().asks
    assert (["Ann", "Bob", "Eve"], 13) == (requestor.names(), requestor.conf.srv)


def test_a_full_answer_leaves_lists_that_were_not_asked_for(requestor: Requestor) -> None:
    """The server says nothing about address types that the requestor does not want."""
    importing.run_file(requestor.po, requestor.clock, b"A Joe\tSMTP:joe@example.org\r\n")
    requestor.configure(imports=True, srv=0)

    requestor.answer(10, "R PCM:LAB/PO2", add("Ann"), full=True)
    requestor.imports()

    assert (["Joe"], ["Ann"]) == (requestor.names("SMTP", ""), requestor.names())


def test_postoffices_that_were_not_created_are_asked_for_when_they_may_be(requestor: Requestor) -> None:
    """Their names were refused, and the server does not tell them a second time."""
    register_server(requestor.po, SERVER, create_po=False)
    requestor.answer(10, "A Eve\tPCM:LAB/PO9/EVE")
    assert [32] == [reject.code for reject in requestor.imports().rejects]

    register_server(requestor.po, SERVER, create_po=True)

    assert (True, False) == (requestor.conf.imports, requestor.conf.exports)


def test_resync_leaves_lists_that_were_not_asked_for(requestor: Requestor) -> None:
    """It is everything of the types that the requestor wants (KB Q119449), and says nothing about others."""
    importing.run_file(requestor.po, requestor.clock, b"A Joe\tSMTP:joe@example.org\r\nA Old\tPCM:LAB/PO2/OLD\r\n")
    head = queue.resync_header(Numbers(imp=1, req=0, srv=80), 0)
    requestor.put(RESYNC, queue.write_queue([head, queue.QueueRecord(80, 0, add("Ann"))]))

    requestor.imports()

    assert (["Joe"], ["Ann"]) == (requestor.names("SMTP", ""), requestor.names())


@pytest.mark.dx("T-206")
def test_more_deliveries_than_digests_are_kept_are_not_doubled(full: Maildata, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters to many, brought in one run that did not come to delete them here."""
    monkeypatch.setattr(seen, "KEPT", 10)
    there = tree.create(full.root.parent / "there", network="LAB", postoffice="PO2", durable=False)
    new = [NewUser(name=f"Name {n}", mailbox=f"U{n}") for n in range(8)]
    boxes = [user.hexid for user in admin.add_users(there, lambda: NOW, new).users]
    admin.set_route(full, "LAB/PO2", networks.direct("../there"))
    with full.change() as change:
        for n in range(4):
            to = tuple(f"LAB/PO2/U{m}" for m in range(8))
            letters.submit(change, attrs.evolve(LETTER, to=to, subject=f"letter {n}"))

    with monkeypatch.context() as patch:
        patch.setattr(Carrying, "_settle", _killed)
        with pytest.raises(KeyboardInterrupt):
            external.run(full, lambda: NOW)
    external.run(full, lambda: NOW)

    with there.look() as files:
        assert [4] * 8 == [mailbag.depth(files, box) for box in boxes]


def _killed(*_args: object) -> None:
    raise KeyboardInterrupt


def test_records_of_a_full_answer_have_numbers(requestor: Requestor) -> None:
    """Also those that REQMAIN adds for lists that the answer does not name, for a record without one is rubble."""
    requestor.configure(imports=True, srv=0)
    requestor.answer(10, "R PCM:LAB/PO3", full=True)
    records = queue.read_queue(requestor.read(SRVTRANS) or b"").records
    assert {11: {"R PCM:LAB/PO3", "R PCM:LAB/PO2", f"R PCM:{SERVER}"}} == {11: {r.text for r in records}}
    assert [11] * 3 == [record.number for record in records]


# -- what waits for the server -------------------------------------------------------------------------------------


def test_an_export_keeps_what_waits_about_other_lists(requestor: Requestor) -> None:
    """The own list is told again; what ``import -e`` has put there is nowhere else (KB Q244488, dx:T-238)."""
    admin.add_user(requestor.po, requestor.clock, NewUser(name="Ann", mailbox="ANN"))
    data = b"A Mac One\tPCM:MACNET/MACPO/ONE\r\nD Mac Two\tSMTP:two@example.org\r\n"
    importing.queue_file(requestor.po, requestor.clock, data)
    admin.want_export(requestor.po)

    sent = reqmain.transmit(requestor.po, requestor.clock)

    assert [
        (4, "R PCM:LAB/PO1"),
        (5, "A Ann\tPCM:LAB/PO1/ANN"),
        (6, "A Mac One\tPCM:MACNET/MACPO/ONE"),
        (7, "D Mac Two\tSMTP:two@example.org"),
    ] == [(number, " ".join(text.split(" ")).replace("  ", "")) for number, text in requestor.waiting()]
    assert (7, 4, 7) == (sent.request.r, sent.sent, requestor.conf.last)


def test_an_export_after_an_acknowledgement_does_not_repeat_what_was_taken(requestor: Requestor) -> None:
    """Only what waits goes on waiting."""
    importing.queue_file(requestor.po, requestor.clock, b"A Mac One\tPCM:MACNET/MACPO/ONE\r\n")
    requestor.configure(acked=1, sent=1)
    admin.want_export(requestor.po)

    assert 1 == reqmain.transmit(requestor.po, requestor.clock).sent


@pytest.mark.dx("T-141")
@pytest.mark.parametrize("what", ["older", "removed", "damaged"])
def test_an_answer_does_not_hide_that_the_queue_has_lost_something(requestor: Requestor, what: str) -> None:
    """The number of what was queued last stays until an export has made the loss good."""
    admin.add_user(requestor.po, requestor.clock, NewUser(name="Ann", mailbox="ANN"))
    older = requestor.read(REQTRANS) or b""
    admin.add_user(requestor.po, requestor.clock, NewUser(name="Bob", mailbox="BOB"))
    requestor.put(REQTRANS, {"older": older, "removed": None, "damaged": (requestor.read(REQTRANS) or b"")[:-3]}[what])

    requestor.answer(10)
    sent = reqmain.transmit(requestor.po, requestor.clock)

    assert (True, True) == (bool(sent.lost), sent.exported)
    assert [3, 4, 5] == [number for number, _ in requestor.waiting()]


def test_resync_keeps_what_waits_about_other_lists(requestor: Requestor) -> None:
    """With new numbers; for what waits about the own list the whole list is sent instead (KB Q119450)."""
    importing.queue_file(requestor.po, requestor.clock, b"A Mac One\tPCM:MACNET/MACPO/ONE\r\n")
    end = queue.QueueRecord(80, 0, resync.END)
    requestor.put(RESYNC, queue.write_queue([queue.resync_header(Numbers(imp=1, req=40, srv=80), 0), end]))

    requestor.imports()

    ((number, text),) = requestor.waiting()
    conf = requestor.conf
    assert (41, True) == (number, text.startswith("A Mac One"))
    assert (40, 40, 41, 80, False) == (conf.acked, conf.sent, conf.last, conf.srv, conf.exports)
    assert (41, 40, 1) == _asked(reqmain.transmit(requestor.po, requestor.clock))


def _asked(sent: reqmain.Transmitted) -> tuple[int, int, int]:
    return sent.request.r, sent.request.was, sent.sent


# -- the global address list ---------------------------------------------------------------------------------------


@pytest.fixture
def full(po: Maildata) -> Maildata:
    """A postoffice with users, a group, and lists of others, whose global list is built."""
    with po.change() as change:
        networks.add_postoffice(change, "LAB/PO2")
        networks.add_gateway(change, "PROFS", "GATE")
        networks.add_postoffice(change, "GATE/N1", kind="PROFS")
    for name in ("Ann", "Bob"):
        admin.add_user(po, lambda: NOW, NewUser(name=name, mailbox=name))
    admin.add_group(po, lambda: NOW, "Everybody", "ALL", ["ANN"])
    importing.run_file(po, lambda: NOW, b"A Eve\tPCM:LAB/PO2/EVE\r\nA Host\tPROFS:GATE/N1/HOST\r\n")
    assert 5 == rebuild.rebuild(po, lambda: NOW).count
    return po


def change_file(po: Maildata, name: str, data: bytes) -> None:
    """Somebody else writes a file."""
    with po.change() as change:
        change.write(name, data)


def everybody(po: Maildata) -> list[str]:
    """The names of the global list."""
    with po.look() as files:
        return [entry.name for entry in gal.read_gal(files)]


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("cut", [slice(45, None), slice(None, 45), slice(None, 90)])
def test_names_that_the_own_list_has_lost_are_taken_from_its_copy(full: Maildata, cut: slice) -> None:
    """A list that was cut between two records is noticed by its users and groups; then the global list keeps them."""
    with full.look() as files:
        names = files.read("NME/ADMIN.NME") or b""
    for file, number in (("NME/ADMIN.NME", 40), ("NME/ADMINSHD.NME", 40)):
        change_file(full, file, names[cut])
        (problem,) = rebuild.rebuild(full, lambda: NOW).problems
        assert (number, "NME/ADMIN.NME") == (problem.number, problem.file)
        assert ["Ann", "Bob", "Eve", "Everybody", "Host"] == everybody(full)


@pytest.mark.dx("T-202", "T-241")
def test_a_network_without_postoffices_is_damage(full: Maildata) -> None:
    """The last one of a network takes it along, so nobody knows whose lists are missing: nothing is rebuilt."""
    with full.look() as files:
        records = layout.decode_all(networks.Network, files.read(networks.NETWORK) or b"")
    stem = next(record.xtn for record in records if record.name == "LAB")
    change_file(full, f"XTN/{stem}.XTN", b"")

    with pytest.raises(FormatError, match=f"XTN/{stem}.XTN.*at least one postoffice"):
        rebuild.rebuild(full, lambda: NOW)
    assert ["Ann", "Bob", "Eve", "Everybody", "Host"] == everybody(full)


@pytest.mark.dx("T-202", "T-241")
def test_names_whose_node_is_not_defined_any_more_do_not_go_silently(full: Maildata) -> None:
    """A host's gateway may have no nodes, but the list of one that it had is still there."""
    with full.look() as files:
        records = layout.decode_all(networks.Network, files.read(networks.NETWORK) or b"")
        node = networks.find(files, "GATE/N1").hexid
    stem = next(record.xtn for record in records if record.name == "GATE")
    change_file(full, f"XTN/{stem}.XTN", b"")

    (problem,) = rebuild.rebuild(full, lambda: NOW).problems

    assert (32, f"USR/{node}.USR", False) == (problem.number, problem.file, problem.is_information)
    assert ["Ann", "Bob", "Eve", "Everybody"] == everybody(full)


def test_a_postoffice_that_is_removed_takes_its_names_without_a_word(full: Maildata) -> None:
    """With its list."""
    admin.remove_postoffice(full, "LAB/PO2")
    assert (4, ()) == ((done := rebuild.rebuild(full, lambda: NOW)).count, done.problems)


# -- numbers from an older backup ----------------------------------------------------------------------------------


@pytest.mark.dx("T-190")
def test_tuple_ids_that_are_in_use_are_not_given_again(po: Maildata) -> None:
    """TID.GLB may come from an older backup than the users and groups; nobody is lost to the server because of it."""
    admin.add_user(po, lambda: NOW, NewUser(name="Ann", mailbox="ANN"))
    admin.add_group(po, lambda: NOW, "Everybody", "ALL", ["ANN"])
    for name in ("Bob", "Eve"):
        change_file(po, "GLB/TID.GLB", (1).to_bytes(4, "little"))
        admin.add_user(po, lambda: NOW, NewUser(name=name, mailbox=name))
    change_file(po, "GLB/TID.GLB", (1).to_bytes(4, "little"))
    admin.add_group(po, lambda: NOW, "Some", "SOME", ["EVE"])

    with po.look() as files:
        told = [entry.name for entry in admin.own_entries(files)]
        tids = [user.tid for user in users.users(files)] + [group.tid for group in groups.groups(files)]
    assert ["Ann", "Bob", "Eve", "Everybody", "Some"] == told
    assert 5 == len(set(tids))


# -- the check -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["chains", "members", "network", "envelope"])
def test_what_stops_programs_is_found_by_the_check(full: Maildata, damage: str) -> None:
    """Whatever no program could read is told, with the file."""
    with full.look() as files:
        (group,) = groups.groups(files)
        record = next(
            each
            for each in layout.decode_all(networks.Network, files.read(networks.NETWORK) or b"")
            if each.name == "LAB"
        )
        assert [] == tree.check(files)
    with full.change() as change:
        stem = letters.submit(change, LETTER)
    file, data = {
        "chains": ("GRP/ADMINSHD.GRP", bytes(8)),
        "members": (f"MEM/{group.hexid}.MEM", b""),
        "network": (f"XTN/{record.xtn}.XTN", b""),
        "envelope": (f"P1/{stem}.P1", None),
    }[damage]
    with full.change() as change:
        if data is None:
            change.remove(file)
        else:
            change.write(file, data)

    with full.look() as files:
        assert file in {problem.file for problem in tree.check(files)}
