"""What `dxa dump` shows of the files of a postoffice."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa.testing import DecoderSubject
from dxa.testing.pytest_skin import decoder_suite
from dxa_msmail import plugin, podump
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import (
    accessrecords,
    dirsyncconf,
    galindex,
    grouprecords,
    inf,
    layout,
    letters,
    messages,
    names,
    networks,
    process,
    queue,
    served,
    slots,
    templates,
    tree,
)
from dxa_msmail.postoffice.catalog import KINDS, find
from dxa_msmail.postoffice.layout import MARK
from dxa_msmail.postoffice.maildata import Changing, MemoryFiles

ANN = queue.QueueRecord(3, 1_000, "A Ann\tPCM:NET/PO/ANN\r\n- Phone:/12")
UPDATES = queue.write_queue([ANN, queue.dummy(4, 2_000)])
BODY = b"[DIRSYNC]\r\nTASK=EXPORT\r\nREQNAME=PCM:NET/PO\r\nPASSWORD=geheim\r\n"


def filled(change: Changing) -> None:
    """Something in every kind of file."""
    hexid = networks.add_postoffice(change, "LAB/PO1")
    letter = letters.Letter(
        sender="NET/PO/$SYSTEM",
        to=("LAB/PO1/$SYSTEM",),
        subject="ReqTx R=4",
        time=datetime(1994, 2, 26, 13, 45),
        body=BODY,
        attachments=(Attachment("REQUPDS.GLB", UPDATES),),
    )
    letters.submit(change, letter, now=86_400)
    letters.remember(change, letters.digest_of(letter, "00000001", "NET/PO"), 1_000)
    change.write(queue.REQTRANS, UPDATES)
    entry = process.weekly(1, process.T1, slots.Slot(45), 1_000, zone=slots.parse_zone(""))
    process.write_process(change, process.Process(entries=(entry,)))
    peers = tuple(dirsyncconf.Requestor(name=name, password_ref="geheim") for name in ("PCM:A/B", "PCM:C/D"))
    dirsyncconf.write_srvconf(change, dirsyncconf.Srvconf(requestors=peers))
    memory = served.Served(sync=9, memos={"a/b": served.Memo()})
    memory.carry("MS", "A/B")
    served.write_served(change, memory)
    template = templates.parse(b"Phone:~9~8~N~~\rRoom:~9~4~A~~\r")
    inf.write_template(change, hexid, template)
    change.write(inf.inf_name(hexid), inf.write_inf(template, {7: (("Phone:", "12"), ("Room:", "X"))}))
    change.write("USR/0000000A.USR", names.write_usr([names.UserRow("Ann", "ANN", 1, 7), names.UserRow("Bo", "BO")]))
    change.write("NME/GAL.NME", names.write_nme([names.NameRow(names.EXTERNAL, "Ann", 7, 4)]))
    change.write(galindex.GALINDEX, galindex.build_index(["Ann Lee"], 45))
    change.write("GLB/GALNETPO.GLB", names.write_addresses([names.AddressRow("MS:LAB/PO1/ANN", 1, 7)])[0])
    change.write("GLB/SMTP.GLB", names.write_addresses([names.AddressRow("ann@example.org", 2, 8)])[0])
    change.write("GLB/NETPO.GLB", names.write_netpo([names.NetpoRow("LAB", "PO1", "ANN", 1, 7)])[0])
    change.write("GLB/SERVER.GLB", bytes(181))
    secret = accessrecords.hash_password("geheim")
    user = accessrecords.AccessRecord(name="Ann", mailbox="ANN", tid=1, hexid="00000009", password=secret)
    change.write(accessrecords.ACCESS, layout.encode(user))
    change.write(accessrecords.ACCESS2, layout.encode(accessrecords.Access2Record(tid=1, hexid="00000009")))
    change.write(accessrecords.ACCESS3, layout.encode(accessrecords.Access3Record(tid=1, hexid="00000009")))
    group = grouprecords.GroupRecord(name="All", address="ALL", tid=2, pointer=8)
    folder = grouprecords.GrpmemRecord(tid=2, hexid="0000000B")
    for name, data in grouprecords.write_groups([(group, folder)]).items():
        change.write(name, data)
    for name in (grouprecords.CHAINS, grouprecords.CHAINS_SHADOW):
        change.write(name, grouprecords.write_chains([[1, 3]])[0])
    change.write("MEM/0000000B.MEM", grouprecords.write_mem([9, 10]))
    change.write("LOG/DIRSYNC.LOG", b"03/22/94 15:43:45 | Status       Import is finished.\r\n")
    messages.set_aside(change, "00000001", "00000001", "nobody is called so")
    change.write("DXA/JOURNAL", b"dxa journal 2 00000000\nremove - 00000000 - P1/00000001.P1\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Every file of a postoffice in which every kind of file has something."""
    return postoffice_files(tmp_path_factory.mktemp("po") / "PO")


def postoffice_files(root: Path) -> Mapping[str, bytes]:
    """See `files`."""
    po = tree.create(root, network="NET", postoffice="PO", durable=False)
    memory = MemoryFiles({p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()})
    with po.look():
        filled(memory)
    return memory.files


def samples() -> Mapping[str, list[bytes]]:
    """The files by the names of their kinds."""
    import tempfile

    found: dict[str, list[bytes]] = {kind.name: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in postoffice_files(Path(folder) / "PO").items():
            kind = find(name)
            if kind is not None and data:
                found[kind.name].append(data)
    return found


SAMPLES = samples()
test_conformance = decoder_suite(
    *(DecoderSubject(decoder, SAMPLES[decoder.name.removeprefix("msmail-")]) for decoder in podump.decoders())
)


def rows(name: str, data: bytes) -> list[dict[str, Any]]:
    """The rows of a file, without the first."""
    kind = find(name)
    assert kind is not None
    head, *rest = podump.rows(kind, data)
    assert {"kind": "file", "title": kind.title, "size": len(data)} == head
    return rest


def test_every_file_can_be_read(files: Mapping[str, bytes]) -> None:
    """No file of a sound postoffice has a bad row, and there is a sample of every kind."""
    bad = [
        (name, row) for name, data in files.items() for row in rows(name, data) if row["kind"] in ("error", "reject")
    ]

    assert [] == bad
    assert [] == [name for name, some in SAMPLES.items() if not some]


def test_no_password_is_shown(files: Mapping[str, bytes]) -> None:
    """Neither of a configuration nor of a letter; only whether there is one."""
    assert "geheim" not in str([rows(name, data) for name, data in files.items()])
    assert [True, True] == [row["password_ref"] for row in rows("GLB/SRVCONF.GLB", files["GLB/SRVCONF.GLB"])[1:]]
    assert [False] == [row["password_ref"] for row in rows("GLB/REQCONF.GLB", files["GLB/REQCONF.GLB"])]
    assert [True] == [row["password"] for row in rows(accessrecords.ACCESS, files[accessrecords.ACCESS])]


def test_a_record(files: Mapping[str, bytes]) -> None:
    """Its offset and its fields by their names; mark and check are ok when they are."""
    head, one, two = rows("GLB/SRVCONF.GLB", files["GLB/SRVCONF.GLB"])

    assert ("head", 0, 2, "ok", "ok") == tuple(head[key] for key in ("kind", "offset", "requestors", "mark", "check"))
    assert [("srvconf", 1024, "PCM:A/B"), ("srvconf", 2048, "PCM:C/D")] == [
        (row["kind"], row["offset"], row["name"]) for row in (one, two)
    ]


def test_records_with_few_fields_are_numbered(files: Mapping[str, bytes]) -> None:
    """So that they are shown as one table; a field called kind is shown as type."""
    assert {
        "kind": "usr",
        "number": 1,
        "offset": 0,
        "name": "Ann",
        "mailbox": "ANN",
        "mailbag": 1,
        "tid": 7,
        "template": False,
        "mark": "ok",
    } == rows("USR/0000000A.USR", files["USR/0000000A.USR"])[0]
    assert [("nme", 2)] == [(row["kind"], row["type"]) for row in rows("NME/GAL.NME", files["NME/GAL.NME"])]


def test_a_bad_record_leaves_the_others_alone(files: Mapping[str, bytes]) -> None:
    """It is a reject with its offset, its field, what was expected and what was found; a rest is an error."""
    data = bytearray(files["GLB/SRVCONF.GLB"])
    data[1024 + 8] ^= 1
    _, bad, good, rest = rows("GLB/SRVCONF.GLB", bytes(data) + b"rest")

    assert ("reject", 1024, 40) == (bad["kind"], bad["offset"], bad["code"])
    assert "check, possible database corruption: expected " in bad["reason"]
    assert "srvconf" == good["kind"]
    assert ("error", 3072) == (rest["kind"], rest["offset"])


def test_bytes_of_others_are_told_from_ours() -> None:
    """A record without our mark is not read as if it were ours."""
    (row,) = rows("GLB/MASTER.GLB", b"\x5a" * 176)

    assert ("reject", 0) == (row["kind"], row["offset"])
    assert "mark" in row["reason"]


def test_bytes_that_no_field_covers_are_counted() -> None:
    """Nobody knows what they mean, but they are there."""
    (row,) = rows("GLB/GLOBAL.GLB", b"\1" * 3 + bytes(509))

    assert "3 bytes that are not zero" == row["unknown"]


def test_a_queue(files: Mapping[str, bytes]) -> None:
    """Each record with its place, number and time, and what it says; the dummy is a comment."""
    add, comment = rows(queue.REQTRANS, files[queue.REQTRANS])

    assert {
        "kind": "transaction",
        "line": 1,
        "offset": 0,
        "queued": "1970-01-01T00:16:40Z",
        "number": 3,
        "verb": "add",
        "name": "Ann",
        "address": "MS:NET/PO/ANN",
        "fields": {"Phone:": "12"},
    } == add
    assert ("comment", 2, 4, len(UPDATES) - 49) == tuple(comment[key] for key in ("kind", "line", "number", "offset"))


def test_a_queue_with_a_bad_record() -> None:
    """What was before it is shown, then where it is and what is wrong with it."""
    good, bad = rows(queue.SRVTRANS, queue.write_queue([ANN]) + b"\0" * 30)

    assert "transaction" == good["kind"]
    assert ("error", 2, len(queue.write_queue([ANN])), 40) == tuple(bad[k] for k in ("kind", "line", "offset", "code"))
    assert "mark" in bad["reason"]


def test_empty_queues_and_text_queues() -> None:
    """A queue may be empty; TMPTRANS.GLB is the text that foreign requestors get (KB Q118298)."""
    assert [] == rows(queue.SRVTRANS, b"")
    assert ["transaction"] == [
        row["kind"] for row in rows("GLB/TMPTRANS.GLB", b"[DIRSYNC-TRANSACTIONS]\r\n0000000001 D Bo\tPCM:N/P/BO\r\n")
    ]


def test_a_mailbag(files: Mapping[str, bytes]) -> None:
    """The headers with their times; the index with its deleted ones in words."""
    (header,) = rows("MBG/INQUEUE.MBG", files["MBG/INQUEUE.MBG"])

    assert ("$SYSTEM", "ReqTx R=4", "1994-02-26T13:45", "1970-01-02T00:00:00Z") == (
        *(header[key] for key in ("sender", "subject", "sent", "arrived")),
    )
    key = bytes(48) + b"\x1f\x81" + bytes(510)
    assert ["0-4", "8", "15"] == rows("KEY/SYSTEM.KEY", key)[0]["deleted"]


def test_a_letter_and_what_is_in_it(files: Mapping[str, bytes]) -> None:
    """The letter, then its body; the attachment, then its records; the envelope."""
    _, letter, profile = rows("MAI/MA1/00000001.MAI", files["MAI/MA1/00000001.MAI"])
    _, attachment, *records = rows("ATT/AT2/00000002.ATT", files["ATT/AT2/00000002.ATT"])
    _, envelope = rows("P1/00000001.P1", files["P1/00000001.P1"])

    assert ("NET/PO/$SYSTEM", ["00000002"], "EXPORT", True) == (
        *(letter["sender"], letter["attachments"], profile["task"], profile["password"]),
    )
    assert ("REQUPDS.GLB", ["transaction", "comment"]) == (attachment["name"], [row["kind"] for row in records])
    assert ["LAB/PO1/$SYSTEM"] == envelope["recipients"]


def test_a_letter_that_was_set_aside(files: Mapping[str, bytes]) -> None:
    """The message file with its body, and the reason."""
    kinds = [row["kind"] for row in rows("DXA/BAD/00000001.MSG", files["DXA/BAD/00000001.MSG"])]

    assert ["message", "profile", "attachment"] == kinds[:3]
    assert ["nobody is called so"] == [
        row["text"] for row in rows("DXA/BAD/00000001.WHY", files["DXA/BAD/00000001.WHY"])
    ]


def test_groups(files: Mapping[str, bytes]) -> None:
    """The groups behind the mark, the chains of their members, and the members' mailbags."""
    head, group = rows(grouprecords.GROUP, files[grouprecords.GROUP])

    assert ("ok", 4, "All") == (head["mark"], group["offset"], group["name"])
    assert [(0, 0, 0), (8, 1, 16), (16, 3, 0)] == [
        (row["offset"], row["tid"], row["next"]) for row in rows(grouprecords.CHAINS, files[grouprecords.CHAINS])
    ]
    assert [9, 10] == [row["mailbag"] for row in rows("MEM/0000000B.MEM", files["MEM/0000000B.MEM"])]


def test_templates_and_their_values(files: Mapping[str, bytes]) -> None:
    """A field in each line, a bad line with its number; values with the tuple id of their address."""
    one, bad = rows("TPL/ADMIN.TPL", b"Phone:~9~8~N~~\rRoom\r")
    values = next(row for name in files if name.startswith("INF/0") for row in rows(name, files[name])[1:])

    assert ("field", 1, "Phone:", 8) == tuple(one[key] for key in ("kind", "line", "prompt", "width"))
    assert ("reject", 2, "Room") == tuple(bad[key] for key in ("kind", "line", "text"))
    assert (7, ["12", "X"]) == (values["tid"], values["values"])


def test_the_index_of_the_global_list(files: Mapping[str, bytes]) -> None:
    """How many words each letter has, and for each word the name that it is in."""
    found = rows("GLB/GALINDEX.GLB", files["GLB/GALINDEX.GLB"])

    assert [("A", 1), ("L", 1)] == [(row["letter"], row["entries"]) for row in found if row.get("entries")]
    assert [(208, 0, 0), (214, 1, 0)] == [
        (row["offset"], row["word"], row["name_at"]) for row in found if row["kind"] == "entry"
    ]


def test_an_empty_schedule_may_be_zeros() -> None:
    """KB Q136487: how administrators made one with DEBUG."""
    assert [{"kind": "head", "offset": 0, "entries": 0}] == rows("GLB/PROCESS.GLB", bytes(512))


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_rows_are_plain_whatever_the_bytes(name: str, data: st.DataObject) -> None:
    """Every row can be written as JSON in UTF-8; bad ones have an offset or a line."""
    sample = data.draw(st.sampled_from(SAMPLES[name])) if SAMPLES[name] else b""
    at = data.draw(st.integers(0, len(sample)))
    content = sample[:at] + data.draw(st.binary(max_size=40)) + sample[at + data.draw(st.integers(0, 40)) :]
    for row in podump.rows(next(kind for kind in KINDS if kind.name == name), content):
        json.dumps(row, ensure_ascii=False).encode()
        assert row["kind"] not in ("error", "reject") or "offset" in row or "line" in row


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`dxa dump` recognises a file by its folder and name, in any case."""
    file = tmp_path / "glb" / "control.glb"
    file.parent.mkdir()
    file.write_bytes(bytes(8))
    status = run(("dump", str(file), "--json"), Session(host=Host({"msmail": plugin}, discover=False)))
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert 0 == status
    assert {"kind": "control", "offset": 0, "next_mailbag": 0, "next_letter": 0} == shown[1]
    assert MARK.decode() == "DXA1"
