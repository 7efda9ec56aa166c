"""LISTQ: queues in the form that KB Q96060 prints, damaged ones, too."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import NotFoundError, UsageError
from dxa_msmail.commands.listq import listq as command
from dxa_msmail.postoffice import queue, tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.queue import HEAD_SIZE, QueueRecord
from dxa_msmail.postoffice.queuescan import scan
from dxa_msmail.programs import listq
from dxa_msmail.subjects import Numbers

#: Thu Apr 07 12:13:52 1994 in UTC.
QUEUED = 765_720_832
TEXTS = (
    "R PCM:POLYNOMIAL/MONTGOMERY",
    "A able is he who knows his limit\tPCM:POLYNOMIAL/MONTGOMERY/able",
    "A apple\tPCM:POLYNOMIAL/MONTGOMERY/apple\r\n- Phone:/1",
)


@pytest.fixture
def po(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maildata]:
    """A postoffice with the queue of the documented listing, while the clocks of the world show UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    made = tree.create(tmp_path / "PO", network="POLYNOMIAL", postoffice="MONTGOMERY", durable=False)
    with made.change() as change:
        change.write(queue.REQTRANS, queue.write_queue(records()))
    yield made
    monkeypatch.undo()
    time.tzset()


def records() -> list[QueueRecord]:
    """The records of the documented listing."""
    return [QueueRecord(number, QUEUED, text) for number, text in enumerate(TEXTS, 1)]


def spoil(po: Maildata, at: int) -> None:
    """Change one byte of REQTRANS."""
    with po.change() as change:
        data = bytearray(change.read(queue.REQTRANS) or b"")
        data[at] ^= 0x20
        change.write(queue.REQTRANS, bytes(data))


def masked(lines: list[str]) -> list[str]:
    """The lines without the checksums, which are ours."""
    return [re.sub(r"^[0-9A-F]{4} ", "CCCC ", line) for line in lines]


def test_a_listing_with_everything(po: Maildata) -> None:
    """``listq -c -t -freqtrans``, line by line; further lines of a record stand below its first."""
    found = list(listq.lines(listq.read(po, "reqtrans"), stamps=True, checks=True))

    assert [
        "dxa msmail listq, in the form of LISTQ v3.2",
        "",
        "Examining POLYNOMIAL/MONTGOMERY Dirsync transaction file: REQTRANS",
        "",
        "Checking CRC...",
        "",
        "CRC  Date stamp               Sync#  Transaction",
        "CCCC Thu Apr 07 12:13:52 1994 000001 R PCM:POLYNOMIAL/MONTGOMERY",
        "CCCC Thu Apr 07 12:13:52 1994 000002 A able is he who knows his limit<tab>PCM:POLYNOMIAL/MONTGOMERY/able",
        "CCCC Thu Apr 07 12:13:52 1994 000003 A apple<tab>PCM:POLYNOMIAL/MONTGOMERY/apple",
        "                                     - Phone:/1",
    ] == masked(found)


def test_a_short_listing(po: Maildata) -> None:
    """Without ``-t`` and ``-c`` there are numbers and transactions; the name may have its ending."""
    assert [
        "Sync#  Transaction",
        "000001 R PCM:POLYNOMIAL/MONTGOMERY",
    ] == list(listq.lines(listq.read(po, "REQTRANS.GLB")))[4:6]


def test_the_header_of_resync(po: Maildata) -> None:
    """RESYNC.GLB is a queue, too, with its numbers in front (KB Q119449)."""
    with po.change() as change:
        header = queue.resync_header(Numbers(imp=1, req=2, srv=3), QUEUED)
        change.write(queue.RESYNC, queue.write_queue([header]))

    text = "000000 # IMPSEQ=0000000001 REQSEQ=0000000002 SRVSEQ=0000000003"
    assert text == list(listq.lines(listq.read(po, "resync")))[-1]


@pytest.mark.dx("T-074")
def test_a_checksum_that_does_not_fit_is_told_and_the_listing_goes_on(po: Maildata) -> None:
    """The record is shown with the error below it, and all others are shown, too."""
    spoil(po, HEAD_SIZE)
    found = list(listq.lines(listq.read(po, "REQTRANS"), checks=True))[7:]

    assert re.fullmatch("Error: byte 0: record 1: crc: expected [0-9A-F]{4}, got [0-9A-F]{4}", found[1])
    assert ["r PCM:POLYNOMIAL/MONTGOMERY", "A able is he", "A apple"] == [
        found[at].split(" ", 2)[2][:length] for at, length in ((0, 30), (2, 12), (3, 7))
    ]


@pytest.mark.dx("T-074")
def test_behind_rubble_the_listing_goes_on(po: Maildata) -> None:
    """A head that cannot be one is told with its bytes, with or without ``-c``."""
    spoil(po, 4)
    found = list(listq.lines(listq.read(po, "REQTRANS")))[5:]
    end = HEAD_SIZE + len(TEXTS[0])

    assert found[0].startswith(f"Error: byte 0: no record in bytes 0 to {end}: ")
    assert ["000002", "000003"] == [line[:6] for line in found[1:3]]


@given(st.lists(st.tuples(st.integers(1, 10**9), st.text("AB \t\r\n", min_size=1, max_size=20)), max_size=5))
def test_a_sound_queue_is_scanned_as_it_is_read(rows: list[tuple[int, str]]) -> None:
    """Both readers see the same records, and the scan finds nothing wrong."""
    data = queue.write_queue(QueueRecord(number, QUEUED, text) for number, text in rows)
    seen = list(scan(data))

    assert queue.read_queue(data).records == [each.record for each in seen]
    assert [] == [each for each in seen if each.problem or not each.crc_fits]


@given(st.data())
def test_any_bytes_are_scanned_to_their_end(data: st.DataObject) -> None:
    """Each byte is in one place, in order, whatever the bytes are; what lies before the damage is read."""
    good = queue.write_queue(records())
    cut = data.draw(st.integers(0, len(good)))
    raw = good[:cut] + data.draw(st.binary(max_size=60)) + good[data.draw(st.integers(0, len(good))) :]
    seen = list(scan(raw))

    assert sorted({each.offset for each in seen}) == [each.offset for each in seen]
    whole = [each for each in seen if not each.problem]
    assert queue.read_queue(raw).records == [each.record for each in whole[: len(queue.read_queue(raw).records)]]


@pytest.mark.parametrize("name", ["MASTER", "../REQTRANS", "XTRANS/../REQTRANS", ""])
def test_other_files_are_no_queues(po: Maildata, name: str) -> None:
    """Files whose names end with TRANS, and RESYNC, are."""
    with pytest.raises(UsageError, match="is no queue"):
        listq.read(po, name)


def test_a_queue_that_is_not_there(po: Maildata) -> None:
    """Error 2, with those that are there."""
    with pytest.raises(NotFoundError, match=r"\[2\] .*GLB/RESYNC.GLB; queues here: .*REQTRANS"):
        listq.read(po, "resync")


def test_the_command(po: Maildata) -> None:
    """Switches as in DOS, joined and in any case; JSON; exit status 1 when something is damaged."""
    where = f"-D{po.root}"
    shown = CliRunner().invoke(command, ["admin", "-Freqtrans", where, "-T", "-C"])
    assert (0, "Checking CRC...") == (shown.exit_code, shown.output.splitlines()[4])

    as_json = CliRunner().invoke(command, ["-f", "REQTRANS", where, "--json"])
    assert [1, 2, 3] == [row["number"] for row in json.loads(as_json.output)["records"]]

    spoil(po, HEAD_SIZE)
    codes = [CliRunner().invoke(command, ["-freqtrans", where, *more]).exit_code for more in ((), ("-c",))]
    assert [0, 1] == codes
