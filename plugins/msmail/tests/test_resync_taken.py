"""RESYNC.GLB as requestors take it: a site of dxa, and the requestor that stands alone; and its codec."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.dirsync.messages import Reply
from dxa.entry import Entry, Transaction, Verb, definition, list_entry
from dxa.errors import FormatError
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.postoffice import queue, resync
from dxa_msmail.requestor.config import RequestorConfig
from dxa_msmail.requestor.requestor import Requestor
from dxa_msmail.requestor.state import MemoryStorage
from tests.cases.harness import SiteHarness
from tests.labs.offices import TYPES
from tests.labs.pair import SERVER, SitePair, requestor_text


@attrs.define
class Pair(SitePair):
    """The two, and somebody who brings files."""

    @property
    def drop(self) -> Path:
        """Where somebody puts a file for the requestor."""
        return self.requestor.folder / "mail" / "resync" / "RESYNC.GLB"

    def bring(self) -> Path:
        """The server makes a file, and somebody brings it."""
        self.server.admin.hand_over(self.server.site.config.links["pos"], ["MUSEUM/WEST"])
        path = max((self.server.folder / "mail" / "resync").glob("*/RESYNC.GLB"))
        self.put(path.read_bytes())
        return path

    def put(self, data: bytes) -> None:
        """Somebody puts these bytes there, long enough ago."""
        self.drop.parent.mkdir(parents=True, exist_ok=True)
        self.drop.write_bytes(data)
        os.utime(self.drop, (0, 0))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two sites that know each other, with a person each."""
    for name in ("server", "requestor"):
        (tmp_path / name).mkdir()
    made = Pair(SiteHarness(tmp_path / "server", SERVER), SiteHarness(tmp_path / "requestor", requestor_text()))
    made.server.add("Bob Main")
    made.requestor.add("Ann West")
    made.cycle()
    yield made
    made.server.close()
    made.requestor.close()


# -- a site --------------------------------------------------------------------------------------------------------


def test_a_site_takes_a_file_that_is_put_there(pair: Pair) -> None:
    """It is a full answer: who is not in it goes, the file goes after that, and updates follow its number."""
    pair.server.remove("Bob Main")
    pair.server.add("Cy Main")
    pair.server.sync()
    pair.bring()
    pair.requestor.sync()

    assert (["Cy Main"], False) == (pair.requestor.names(container="Far"), pair.drop.exists())
    pair.carry()
    pair.server.add("Di Main")
    pair.server.sync()
    assert [(0, 1)] == [(each.fulls, each.updates) for each in pair.server.last.links]
    pair.carry()
    pair.requestor.sync()
    assert ["Cy Main", "Di Main"] == pair.requestor.names(container="Far")


@pytest.mark.dx("T-146")
def test_a_file_that_comes_again_changes_nothing(pair: Pair) -> None:
    """A run that ends between the commit and the removal finds the file again, says nothing, and takes it away."""
    path = pair.bring()
    pair.requestor.sync()
    pair.put(path.read_bytes())
    pair.requestor.sync()

    assert ([], False) == (pair.requestor.notices(), pair.drop.exists())
    assert ["Bob Main"] == pair.requestor.names(container="Far")


def test_what_waits_at_a_site_is_sent_again(pair: Pair) -> None:
    """A change whose request is on its way, with a number below that of the file, reaches the server (KB Q119450)."""
    pair.requestor.add("Eve West")
    pair.requestor.sync()
    for lost in pair.requestor.outbox.iterdir():
        lost.unlink()
    pair.bring()
    pair.requestor.sync()
    pair.carry()
    pair.server.sync()

    assert ["Ann West", "Eve West"] == pair.server.names(container="Imported")


def test_a_file_with_lower_numbers_is_told(pair: Pair) -> None:
    """An old file changes nothing, and the administrator is told which numbers it would need (KB Q215505)."""
    path = pair.bring()
    data = path.read_bytes()
    pair.drop.unlink()
    pair.server.add("Cy Main")
    pair.cycle()
    pair.put(data)
    pair.requestor.sync()

    ((code, text),) = pair.requestor.notices()
    assert (14, True) == (code, "below ours" in text)
    assert ["Bob Main", "Cy Main"] == pair.requestor.names(container="Far")


@pytest.mark.dx("T-148")
def test_bad_entries_of_a_file_remove_nobody(pair: Pair) -> None:
    """An entry that cannot be used is told with its reason; the others count, and nobody goes who may stand there."""
    path = pair.bring()
    records = queue.read_queue(path.read_bytes()).records
    broken = [each._replace(text=each.text.replace("PCM:LAB/HQ/BOB", "PCM:LAB")) for each in records]
    pair.put(queue.write_queue(broken))
    pair.requestor.sync()

    assert 1 == len(pair.requestor.rejects())
    assert ["Bob Main"] == pair.requestor.names(container="Far")


def test_a_file_that_breaks_off_is_not_taken(pair: Pair) -> None:
    """One that still grows is left alone; one that ends too early changes nothing, and is told."""
    data = pair.bring().read_bytes()
    whole = queue.read_queue(data).records
    pair.put(queue.write_queue(whole[:-2]))
    now = pair.requestor.now + 3600
    os.utime(pair.drop, (now, now))
    pair.requestor.sync()
    assert ([], True) == (pair.requestor.notices(), pair.drop.exists())
    pair.requestor.sync()

    assert [14] == [code for code, _ in pair.requestor.notices()]
    assert (["Bob Main"], False) == (pair.requestor.names(container="Far"), pair.drop.exists())


def test_the_old_events_tell_of_the_cycle(pair: Pair) -> None:
    """4395 is said of each request, 4355 of each answer that came, with their numbers and counts (KB Q148309)."""
    pair.server.add("Cy Main")
    pair.requestor.sync()
    pair.carry()
    pair.server.sync()
    pair.carry()
    pair.requestor.sync()
    ((link,),) = [pair.requestor.last.links]
    events = {number: text for number, text in link.events if number}

    assert {4395, 4355} == set(events)
    assert "a request for updates to directory server LAB/HQ, R=" in events[4395]
    assert events[4355].endswith("1 transaction: 1 added, 0 modified, 0 deleted")


# -- the requestor that stands alone -------------------------------------------------------------------------------


def entry(name: str) -> Entry:
    """Somebody of the server's."""
    address = f"LAB/PO2/{name.upper()}"
    return Entry(f"MS:{address.casefold()}", "MS", "LAB/PO2", name, address)


def rows(*names: str, first: int = 100) -> Sequence[Transaction]:
    """A replace of a list, and everybody in it."""
    steps = [(Verb.REPLACE, list_entry("MS", "LAB/PO2")), *((Verb.ADD, entry(name)) for name in names)]
    return [Transaction(number, verb, None, new) for number, (verb, new) in enumerate(steps, first)]


def test_the_requestor_alone_takes_a_file_of_its_inbox() -> None:
    """Lists and numbers are those of the file, what waits is queued anew above them, and the file goes."""
    inbox = MemoryFolder()
    config = RequestorConfig(network="LAB", postoffice="PO1", server="LAB/HQ")
    alone = Requestor(config, MemoryStorage(), inbox, MemoryFolder(), lambda: 1e9)
    alone.home.write("ADDRESS.TXT", b"A Zoe\tPCM:LAB/PO1/ZOE\r\n")
    alone.t1()
    data, refused = resync.write(Reply(r=20, s=102, was=0, i=3), rows("Ann", "Bob"), 5)
    inbox.write("RESYNC.GLB", data)
    taken = alone.t3()
    state = alone.state()

    assert ([], ["Ann", "Bob", "Zoe"]) == (refused, [each.name for each in alone.gal()])
    assert ([102], []) == ([reply.s for reply in taken.applied], list(inbox.names()))
    assert (102, 3, 20) == (state.machine.s, state.machine.i, state.machine.acked)
    assert [21, 22] == [row.number for row in state.queue]


# -- bytes ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(["Ann", "Bob", "Zoë", "Carl", "Ähm"]), unique=True),
    st.integers(0, 2**31),
    st.integers(0, 2**31),
)
def test_a_file_says_what_was_written(names: list[str], r: int, i: int) -> None:
    """Numbers and transactions are read as they were written, and the file is whole."""
    told = rows(*names)
    reply = Reply(r=r, s=told[-1].number, was=0, i=i)
    data, refused = resync.write(reply, told, 7)
    found = resync.read(data, TYPES)

    assert ([], reply) == (refused, found.reply)
    assert [(row.number, row.verb, row.side.name, row.side.list) for row in told] == [
        (row.number, row.verb, row.side.name, row.side.list) for row in found.records.transactions
    ]


@given(st.integers(1, 400))
def test_a_cut_file_is_not_whole(missing: int) -> None:
    """However much of its end is missing, a file is never taken for a whole one."""
    data, _ = resync.write(Reply(r=1, s=103, was=0, i=1), rows("Ann", "Bob", "Eve"), 7)
    cut = data[:-missing]
    if resync.is_resync(cut):
        assert not resync.read(cut, TYPES).reply.complete
    else:
        with pytest.raises(FormatError, match="IMPSEQ"):
            resync.read(cut, TYPES)


def test_definitions_of_lists_go_along() -> None:
    """With template values a file has the definition of a list, and reads it where it stands; without, none."""
    phone = definition("MS", "LAB/PO2", (("Phone", "1~20~R~1~1"),))
    ann = entry("Ann")._replace(fields=(("Phone", "12"),))
    told = [rows()[0], Transaction(101, Verb.DEFINE, None, phone), Transaction(102, Verb.ADD, None, ann)]
    reply = Reply(r=1, s=102, was=0, i=1)
    found = [
        resync.read(resync.write(reply, told, 7, templates=templates)[0], TYPES).records.transactions
        for templates in (True, False)
    ]

    assert [Verb.REPLACE, Verb.DEFINE, Verb.ADD] == [row.verb for row in found[0]]
    assert ((("Phone", "12"),), ()) == tuple(each[-1].side.fields for each in found)


def test_entries_that_no_queue_can_hold_are_told() -> None:
    """A name outside of the code page is left out with the reason; the others are in the file, and it is whole."""
    told = [*rows("Ann"), Transaction(102, Verb.ADD, None, entry("B\u4e2db")._replace(address="LAB/PO2/BOB"))]
    data, refused = resync.write(Reply(r=1, s=102, was=0, i=1), told, 7)
    found = resync.read(data, TYPES)

    assert (["MS:lab/po2/b\u4e2db"], True) == ([key for key, _ in refused], found.reply.complete)
    assert ["", "Ann"] == [row.side.name for row in found.records.transactions]
