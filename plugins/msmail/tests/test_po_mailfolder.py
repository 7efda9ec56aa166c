"""A postoffice as a message folder: mail for $SYSTEM is taken, what is written is submitted."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import attrs
import pytest

from dxa.errors import FormatError, TransportError
from dxa_msmail import ffapi
from dxa_msmail.ffapi import Attachment
from dxa_msmail.folder import Folder
from dxa_msmail.postoffice import letters, mailbag, networks, tree
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfolder import MailbagFolder, Queue
from dxa_msmail.postoffice.messages import message_of
from tests.labs.killing import Fuse, KilledError

NOW = 1_700_000_000.0
LETTER = Letter(
    sender="NET/ONE/$SYSTEM",
    to=("HUB/SITE/$SYSTEM",),
    time=datetime(2024, 2, 29, 23, 59),
    subject="ReqTx",
    body=b"[dirsync]\r\n",
    attachments=(Attachment("REQUPDS.GLB", bytes(100)),),
)


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A new postoffice that knows another one."""
    made = tree.create(tmp_path / "po", network="HUB", postoffice="SITE", shadow=True, durable=False)
    with made.change() as change:
        networks.add_postoffice(change, "NET/ONE")
    return attrs.evolve(made, patience=0.0)


def _open(po: Maildata) -> MailbagFolder:
    return MailbagFolder(po, lambda: NOW)


def _arrive(po: Maildata, *subjects: str) -> None:
    with po.change() as change:
        for subject in subjects:
            letters.deliver(change, attrs.evolve(LETTER, subject=subject), SYSTEM)


def _message(subject: str) -> bytes:
    return message_of(attrs.evolve(LETTER, subject=subject))


def _subjects(po: Maildata, bag: str) -> list[str]:
    with po.look() as files:
        return [letters.fetch(files, header.stem).subject for _, header in mailbag.headers(files, bag)]


def _mail(po: Maildata) -> list[str]:
    names = (str(path.relative_to(po.root)) for path in po.root.rglob("*") if path.is_file())
    return sorted(name for name in names if name.startswith(("MAI/", "ATT/", "P1/")))


# -- taking --------------------------------------------------------------------------------------------------------


def test_it_is_a_folder(po: Maildata) -> None:
    """The server's connector and the requestor take it for one."""
    folder: Folder = _open(po)
    assert ([], float("-inf")) == (folder.names(), folder.modified("any"))


def test_mail_for_the_system_is_listed_and_read(po: Maildata) -> None:
    """Oldest first, each under its stem and digits of its contents, as a message file of FFAPI."""
    _arrive(po, "first", "second")
    names = _open(po).names()
    assert ["00000001", "00000003"] == [name.partition("-")[0] for name in names]
    assert [_message("first"), _message("second")] == [_open(po).read(name) for name in names]


def test_a_letter_that_is_read_is_the_one_that_was_sent(po: Maildata) -> None:
    """Headers, body and attachments."""
    _arrive(po, "first")
    folder = _open(po)
    message = ffapi.parse(folder.read(folder.names()[0]))
    assert (("CSI:HUB/SITE/$SYSTEM",), "CSI:NET/ONE/$SYSTEM") == (message.to, message.sender)
    assert (LETTER.body, LETTER.attachments, "2024-02-29") == (message.body, message.attachments, message.date)


def test_what_was_removed_is_gone_after_flush(po: Maildata) -> None:
    """It is not listed any more at once; on the disk it is gone, with all its files, when flush returns."""
    _arrive(po, "first", "second", "third")
    folder = _open(po)
    names = folder.names()
    folder.remove(names[0])
    folder.remove(names[2])
    assert names[1:2] == folder.names()
    assert names == _open(po).names()

    folder.flush()

    assert names[1:2] == _open(po).names()
    assert 2 == len(_mail(po))


def test_removing_many_is_one_change(po: Maildata) -> None:
    """A change costs as much as all of its removals."""
    _arrive(po, *(str(n) for n in range(20)))
    changes = list[str]()
    folder = MailbagFolder(attrs.evolve(po, step=changes.append), lambda: NOW)
    for name in folder.names():
        folder.remove(name)
        folder.remove(name)
    folder.flush()
    folder.flush()
    assert (1, []) == (changes.count("rename JOURNAL"), folder.names())


def test_a_letter_that_is_gone_cannot_be_read_and_may_be_removed(po: Maildata) -> None:
    """Somebody else has taken it meanwhile."""
    _arrive(po, "first")
    folder = _open(po)
    (name,) = folder.names()
    other = _open(po)
    other.remove(name)
    other.flush()

    with pytest.raises(TransportError, match=f"cannot read {name}: it is not in mailbag SYSTEM any more"):
        folder.read(name)
    folder.remove(name)
    folder.flush()
    folder.park(name, "gone")
    assert [] == folder.names()


@pytest.mark.parametrize("name", ["", "x", "../../MASTER", "00000001-ABCDEF", "00000001-abcdefgh", "00000001"])
def test_only_names_of_letters_are_taken(po: Maildata, name: str) -> None:
    """No other text becomes part of a path."""
    folder = _open(po)
    for use in (folder.read, folder.remove, lambda name: folder.park(name, "why")):
        with pytest.raises(TransportError, match="not the name of a letter"):
            use(name)


def test_duplicate_headers_are_one_letter(po: Maildata) -> None:
    """KB Q127752: both are removed with it."""
    _arrive(po, "first")
    with po.change() as change:
        mailbag.append(change, SYSTEM, mailbag.headers(change, SYSTEM)[0][1])
    folder = _open(po)
    (name,) = folder.names()
    folder.remove(name)
    folder.flush()
    assert ([], []) == (folder.names(), _mail(po))


@pytest.mark.dx("T-206")
def test_a_damaged_letter_is_listed_and_can_be_put_aside(po: Maildata) -> None:
    """It holds up no other: reading it says what is wrong, parking keeps its bytes with the reason."""
    _arrive(po, "first", "second")
    damaged = po.root / "MAI/MA1/00000001.MAI"
    damaged.write_bytes(b"not ours")
    folder = _open(po)
    bad, good = folder.names()
    with pytest.raises(FormatError, match=r"MAI/MA1/00000001\.MAI"):
        folder.read(bad)

    folder.park(bad, "it is damaged")
    folder.park(bad, "it is damaged")

    assert [good] == folder.names()
    assert b"not ours" == (po.root / f"DXA/BAD/{bad}.MAI").read_bytes()
    assert b"it is damaged\n" == (po.root / f"DXA/BAD/{bad}.WHY").read_bytes()
    assert 2 == len(_mail(po))
    with po.look() as files:
        assert [] == [str(problem) for problem in tree.check(files)]


def test_a_letter_without_its_file_is_listed_and_can_be_put_aside(po: Maildata) -> None:
    """A header alone is no reason to stop."""
    _arrive(po, "first")
    (po.root / "MAI/MA1/00000001.MAI").unlink()
    folder = _open(po)
    (name,) = folder.names()
    with pytest.raises(FormatError, match="no file"):
        folder.read(name)
    folder.park(name, "it has no text")
    assert [] == folder.names()


def test_what_is_parked_is_kept_as_a_message_file(po: Maildata) -> None:
    """Everybody can read it and have it sent again."""
    _arrive(po, "first")
    folder = _open(po)
    (name,) = folder.names()
    folder.park(name, "why")
    assert _message("first") == (po.root / f"DXA/BAD/{name}.MSG").read_bytes()
    assert ([], []) == (folder.names(), _mail(po))


# -- submitting ----------------------------------------------------------------------------------------------------


def test_what_is_written_is_submitted_by_flush(po: Maildata) -> None:
    """As letters in INQUEUE, in their order, with envelopes; in one change."""
    changes = list[str]()
    folder = MailbagFolder(attrs.evolve(po, step=changes.append), lambda: NOW)
    folder.write("a.msg", _message("first"))
    folder.write("b.msg", _message("second"))
    assert [] == _subjects(po, INQUEUE)

    folder.flush()

    assert ["first", "second"] == _subjects(po, INQUEUE)
    assert 1 == changes.count("rename JOURNAL")
    with po.look() as files:
        assert ("HUB/SITE/$SYSTEM",) == letters.envelope(files, "00000001")
        assert NOW == mailbag.headers(files, INQUEUE)[0][1].arrived


def test_the_same_name_twice_has_the_effect_of_once(po: Maildata) -> None:
    """In one run and in another, whether the letter is still there or has been moved on."""
    folder = _open(po)
    folder.write("a.msg", _message("first"))
    folder.write("a.msg", _message("again"))
    folder.flush()
    folder.write("a.msg", _message("first"))
    folder.flush()
    assert ["again"] == _subjects(po, INQUEUE)

    with po.change() as change:
        letters.drop(change, INQUEUE, 0)
    other = _open(po)
    other.write("a.msg", _message("first"))
    other.flush()
    assert [] == _subjects(po, INQUEUE)


def test_a_file_with_many_messages_is_many_letters(po: Maildata) -> None:
    """KB Q87223: one behind the other."""
    folder = _open(po)
    folder.write("a.msg", _message("first") + _message("second"))
    folder.flush()
    assert ["first", "second"] == _subjects(po, INQUEUE)


@pytest.mark.parametrize("data", [b"", b"hello", _message("first") + b"rest", _message("first")[:-1]])
def test_what_is_no_message_file_is_refused_at_once(po: Maildata, data: bytes) -> None:
    """And holds up no other."""
    folder = _open(po)
    folder.write("a.msg", _message("first"))
    with pytest.raises(FormatError):
        folder.write("b.msg", data)
    folder.flush()
    assert ["first"] == _subjects(po, INQUEUE)


def test_more_than_the_buffer_is_submitted_on_the_way(po: Maildata) -> None:
    """Memory is bounded: what was written before goes out when the next does not fit."""
    folder = MailbagFolder(po, lambda: NOW, buffer=2 * len(_message("first")))
    for name in ("first", "other", "third"):
        folder.write(name, _message(name))
    assert ["first", "other"] == _subjects(po, INQUEUE)
    folder.flush()
    assert ["first", "other", "third"] == _subjects(po, INQUEUE)


@pytest.mark.dx("T-205")
def test_a_full_mailbag_takes_no_more_mail(po: Maildata) -> None:
    """KB Q138054: 4,096 is all; the last place is given, the next letter is refused before anything is written."""
    (po.root / "MBG/INQUEUE.MBG").write_bytes(bytes(116 * 4095))
    folder = _open(po)
    folder.write("a.msg", _message("first"))
    with pytest.raises(TransportError, match=r"\[8\] mailbag INQUEUE is full"):
        folder.write("b.msg", _message("second"))
    folder.flush()
    assert Queue(4096, 0.0) == folder.queues()[INQUEUE]

    # One that went out in an earlier run needs no place.
    again = _open(po)
    again.write("a.msg", _message("first"))
    again.flush()
    with pytest.raises(TransportError, match=r"\[8\] mailbag INQUEUE is full"):
        again.write("b.msg", _message("second"))


@pytest.mark.dx("T-205")
def test_a_mailbag_that_somebody_else_has_filled_is_told_by_flush(po: Maildata) -> None:
    """What does not fit any more is an error, and is submitted when it is written again and there is room."""
    folder = _open(po)
    folder.write("a.msg", _message("first"))
    folder.write("b.msg", _message("second"))
    mbg = po.root / "MBG/INQUEUE.MBG"
    mbg.write_bytes(bytes(116 * 4095))
    with pytest.raises(TransportError, match="is full"):
        folder.flush()

    with po.change() as change:
        mailbag.delete(change, INQUEUE, *range(4095))
    folder.write("a.msg", _message("first"))
    folder.write("b.msg", _message("second"))
    folder.flush()

    assert ["first", "second"] == _subjects(po, INQUEUE)


def test_queues_are_told_by_the_names_of_postoffices(po: Maildata) -> None:
    """Mailbags that are empty are left out."""
    _arrive(po, "first", "second")
    with po.change() as change:
        letters.deliver(change, LETTER, networks.find(change, "NET/ONE").mailbag)
    assert {"SYSTEM": Queue(2, 0.0), "NET/ONE": Queue(1, 0.0)} == _open(po).queues()


def test_a_locked_postoffice_cannot_be_reached_now(po: Maildata) -> None:
    """KB Q148705: error 91; what was written is not lost silently, for flush says that it is not there."""
    folder = _open(po)
    folder.write("a.msg", _message("first"))
    handle = os.open(po.root / "GLB/FLAG.GLB", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    for use in (folder.names, folder.flush, lambda: folder.write("b.msg", _message("second"))):
        with pytest.raises(TransportError, match=r"\[91\]"):
            use()
    os.close(handle)
    folder.flush()
    assert [] == _subjects(po, INQUEUE)


def test_mail_that_was_submitted_on_the_way_in_vain_is_told_by_flush(po: Maildata) -> None:
    """A write that could not empty the buffer leaves in it what was written before."""
    folder = MailbagFolder(po, lambda: NOW, buffer=len(_message("first")))
    folder.write("a.msg", _message("first"))
    handle = os.open(po.root / "GLB/FLAG.GLB", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(TransportError, match=r"\[91\]"):
        folder.write("b.msg", _message("second"))
    os.close(handle)
    folder.flush()
    assert ["first"] == _subjects(po, INQUEUE)


# -- kills ---------------------------------------------------------------------------------------------------------


def _session(po: Maildata) -> None:
    """What a cycle does: it takes two letters, puts one aside, and answers twice."""
    folder = _open(po)
    for name in folder.names():
        try:
            subject = ffapi.parse(folder.read(name)).subject
        except FormatError:
            subject = "bad"
        if subject == "bad":
            folder.park(name, "it is bad")
        elif subject != "other":
            folder.remove(name)
    folder.write("one.msg", _message("answer 1"))
    folder.write("two.msg", _message("answer 2"))
    folder.flush()


def _everything(po: Maildata) -> tuple[list[str], list[str], list[str], list[str]]:
    bad = sorted(path.suffix for path in (po.root / "DXA/BAD").iterdir())
    own = sorted(path.name for path in (po.root / "DXA").iterdir())
    return _subjects(po, SYSTEM), _subjects(po, INQUEUE), bad, own


def _kill_everywhere(po: Maildata, root: Path, session: Callable[[Maildata], None]) -> int:
    """Run it killed at each of its steps, and again until it is done; returns the number of steps."""
    counting = Fuse()
    shutil.copytree(po.root, root / "sound")
    sound = attrs.evolve(po, root=root / "sound", step=counting)
    session(sound)
    for at in range(1, counting.steps + 1):
        again = root / f"{at}"
        shutil.copytree(po.root, again)
        # The run after the kill is killed as well, while it mends what the first has left.
        for fuse in (Fuse(at), Fuse(at % 7 + 1)):
            with pytest.raises(KilledError):
                session(attrs.evolve(po, root=again, step=fuse))
        session(attrs.evolve(po, root=again))
        assert _everything(sound) == _everything(attrs.evolve(po, root=again)), at
        shutil.rmtree(again)
    return counting.steps


@pytest.mark.dx("T-193")
def test_a_damaged_letter_goes_in_one_piece(po: Maildata, tmp_path: Path) -> None:
    """Killed anywhere it is there, or its copy is in DXA/BAD and nothing of it is left beside that."""
    _arrive(po, "bad")
    damaged = po.root / "MAI/MA1/00000001.MAI"
    damaged.write_bytes(damaged.read_bytes()[:30])
    parts = {path.read_bytes() for path in po.root.glob("[MA][AT][IT]/*/*.*")}

    def session(po: Maildata) -> None:
        folder = _open(po)
        for name in folder.names():
            folder.park(name, "it is damaged")
        kept = {path.read_bytes() for path in po.root.glob("DXA/BAD/*") if path.suffix != ".WHY"}
        assert (parts, []) == (kept, _mail(po))

    assert _kill_everywhere(po, tmp_path, session) > 5


@pytest.mark.dx("T-193")
def test_a_kill_anywhere_loses_nothing_and_doubles_nothing(po: Maildata, tmp_path: Path) -> None:
    """The next run ends where one without a kill ends: mail taken once, submitted once, nothing left over."""
    _arrive(po, "request 1", "bad", "other", "request 2")

    steps = _kill_everywhere(po, tmp_path, _session)

    assert steps > 40
    sound = attrs.evolve(po, root=tmp_path / "sound")
    assert (["other"], ["answer 1", "answer 2"], [".MSG", ".WHY"], ["BAD", "SEEN"]) == _everything(sound)
    # Each letter has an attachment; those in INQUEUE have envelopes.
    assert (3, 3, 2) == tuple(sum(name.startswith(kind) for name in _mail(sound)) for kind in ("MAI", "ATT", "P1"))
