"""Changes of many files of a postoffice: what crashes, full disks, restores and other programs leave of them."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest

from dxa.errors import FormatError, LockedError, TransportError
from dxa_msmail.postoffice import maildata, tree
from dxa_msmail.postoffice.maildata import FLAG, OWN, Files, Maildata

#: Two files whose bytes are nobody's business, and one that says that lists change.
FIRST, SECOND, LIST = "GLB/GLOBAL.GLB", "GLB/MODEM.GLB", "NME/X.NME"


class KilledError(Exception):
    """The process ends here."""


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A postoffice whose two files are ones."""
    made = tree.create(tmp_path / "po", network="LAB", postoffice="PO1", durable=False)
    made = attrs.evolve(made, patience=0.0)
    fill(made, b"1")
    return made


def write(po: Maildata, files: Mapping[str, bytes], also: Callable[[], None] = lambda: None) -> None:
    """One change that writes these files, while somebody else does something."""
    with po.change() as change:
        for name, data in files.items():
            change.write(name, data)
        also()


def fill(po: Maildata, byte: bytes) -> None:
    """Change both files."""
    write(po, {FIRST: byte * 512, SECOND: byte * 64})


def read(po: Maildata, name: str) -> bytes | None:
    """A file's bytes."""
    with po.look() as files:
        return files.read(name)


def seen(po: Maildata) -> tuple[bytes | None, bytes | None]:
    """The first bytes of both."""
    with po.look() as files:
        return (files.read(FIRST) or b"")[:1], (files.read(SECOND) or b"")[:1]


def interrupt(po: Maildata, at: str, byte: bytes = b"2") -> None:
    """Change both files, and end at this step."""

    def step(what: str) -> None:
        if what == at:
            raise KilledError(what)

    with pytest.raises(KilledError):
        fill(attrs.evolve(po, step=step), byte)


def corner(po: Maildata) -> list[str]:
    """What is in our corner of the tree."""
    return sorted(path.name for path in (po.root / OWN).iterdir())


def failing(part: str, number: int) -> Callable[[str], None]:
    """A step at which the system refuses to go on."""

    def step(what: str) -> None:
        if part in what:
            raise OSError(number, os.strerror(number))

    return step


# -- interrupted changes -------------------------------------------------------------------------------------------


@pytest.mark.dx("T-193")
def test_what_an_interrupted_change_was_to_do_is_done_by_the_next_look(po: Maildata) -> None:
    """Behind the commit point, whichever half had been done."""
    for at in (f"rename {FIRST}", f"rename {SECOND}", "remove JOURNAL"):
        fill(po, b"1")
        interrupt(po, at)
        assert (b"2", b"2") == seen(po)


@pytest.mark.dx("T-190", "T-193")
def test_a_restore_from_a_backup_is_not_mixed_with_an_interrupted_change(po: Maildata, tmp_path: Path) -> None:
    """The change knows what its files were; without its journal what was restored counts."""
    shutil.copytree(po.root / "GLB", tmp_path / "backup")
    fill(po, b"2")
    interrupt(po, f"rename {SECOND}", b"3")
    shutil.rmtree(po.root / "GLB")
    shutil.copytree(tmp_path / "backup", po.root / "GLB")

    with pytest.raises(TransportError, match=r"GLOBAL\.GLB, GLB/MODEM\.GLB have been changed by somebody else"):
        seen(po)
    with pytest.raises(TransportError, match="After a restore from a backup remove the journal"):
        fill(po, b"4")
    (po.root / OWN / "JOURNAL").unlink()

    assert (b"1", b"1") == seen(po)


def test_a_journal_that_comes_back_takes_nothing_of_a_later_change(po: Maildata) -> None:
    """After a loss of power a folder may have a name again that was removed, next to what was written since."""
    interrupt(po, "remove JOURNAL")
    journal = (po.root / OWN / "JOURNAL").read_bytes()
    assert (b"2", b"2") == seen(po)
    interrupt(po, "rename JOURNAL", b"3")
    (po.root / OWN / "JOURNAL").write_bytes(journal)

    assert (b"2", b"2") == seen(po)
    assert [] == corner(po)


def test_a_file_that_was_not_written_in_full_is_not_put_into_place(po: Maildata) -> None:
    """Where a disk has lost what it said it had, nothing more is changed."""
    interrupt(po, f"rename {FIRST}")
    new = next(path for path in (po.root / OWN).iterdir() if path.suffix == ".NEW" and path.stat().st_size == 64)
    new.write_bytes(b"2" * 30)

    with pytest.raises(TransportError, match=r"GLB/MODEM\.GLB"):
        seen(po)
    assert b"1" * 512 == (po.root / FIRST).read_bytes()


@pytest.mark.dx("T-193")
def test_a_damaged_journal_is_named(po: Maildata) -> None:
    """Nobody can tell what it was to change, so nothing is changed."""
    interrupt(po, f"rename {FIRST}")
    path = po.root / OWN / "JOURNAL"
    path.write_bytes(path.read_bytes().replace(b"GLOBAL", b"GLOBUL"))

    with pytest.raises(TransportError, match="JOURNAL is damaged"):
        seen(po)


def test_logs_may_grow_while_a_change_is_interrupted(po: Maildata) -> None:
    """They are added to without the postoffice's lock."""

    def step(what: str) -> None:
        if what == "rename LOG/DSSERVER.LOG":
            raise KilledError(what)

    with pytest.raises(KilledError):
        write(attrs.evolve(po, step=step), {"LOG/DSSERVER.LOG": b"", FIRST: b"2" * 512})
    po.log("LOG/DSSERVER.LOG", b"a line\r\n")

    assert (b"2", b"1") == seen(po)


# -- what the system refuses ---------------------------------------------------------------------------------------


@pytest.mark.dx("T-186", "T-193")
@pytest.mark.parametrize("at", ["0000.NEW", "go on with", "write JOURNAL.NEW", "rename JOURNAL"])
def test_a_full_disk_leaves_the_files_of_before_and_takes_no_room(po: Maildata, at: str) -> None:
    """Wherever it is noticed before the commit point."""
    with pytest.raises(TransportError, match="No space left on device"):
        fill(attrs.evolve(po, step=failing(at, errno.ENOSPC)), b"2")

    assert ([], (b"1", b"1")) == (corner(po), seen(po))


@pytest.mark.dx("T-196")
def test_a_file_that_cannot_be_put_into_place_now_is_put_there_by_the_next(po: Maildata) -> None:
    """The change counts from its journal on: whoever looks next finishes it."""
    with pytest.raises(TransportError, match="Input/output error"):
        fill(attrs.evolve(po, step=failing(f"rename {SECOND}", errno.EIO)), b"2")

    assert (b"2", b"2") == seen(po)


def test_a_folder_without_the_right_to_write_is_noticed_before_anything_is_changed(
    po: Maildata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a change that can never be finished would hold up everybody."""
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "NME" and access(path, mode))

    with pytest.raises(TransportError, match=r"Permission denied \(.*NME\)"):
        write(po, {FIRST: b"2" * 512, LIST: b""})

    assert ([], (b"1", b"1")) == (corner(po), seen(po))


def test_a_folder_may_lie_on_another_disk(po: Maildata, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files get there by a copy beside their places."""
    rename = Path.rename

    def on_two_disks(path: Path, target: Path) -> Path:
        if path.parent.name == OWN != Path(target).parent.name:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", on_two_disks)
    fill(po, b"2")

    assert ([], (b"2", b"2")) == (corner(po), seen(po))
    assert [] == list(po.root.rglob("*.NEW"))


def test_a_file_keeps_its_rights(po: Maildata) -> None:
    """A password that only its owner may read stays so."""
    (po.root / FIRST).chmod(0o600)
    (po.root / SECOND).chmod(0o660)
    fill(po, b"2")
    assert ["0o600", "0o660"] == [oct((po.root / name).stat().st_mode & 0o777) for name in (FIRST, SECOND)]


def test_a_postoffice_that_is_read_only_can_be_looked_at(po: Maildata, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a change needs to write, and says why it cannot."""
    opened = os.open

    def read_only(path: Path, flags: int, *args: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, flags, *args)

    monkeypatch.setattr(os, "open", read_only)
    assert (b"1", b"1") == seen(po)
    with pytest.raises(TransportError, match="Read-only file system"):
        fill(po, b"2")


def test_the_names_in_a_new_folder_are_durable(po: Maildata, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is made for the change is synced into its own, our corner, too."""
    synced: list[str] = []
    monkeypatch.setattr("dxa_msmail.postoffice.commit.sync_folder", lambda path: synced.append(path.name))
    shutil.rmtree(po.root / OWN)

    write(attrs.evolve(po, durable=True), {f"{OWN}/BAD/X.WHY": b"", FIRST: b"2" * 512})

    assert [po.root.name, OWN, OWN, OWN, "BAD", "GLB"] == synced


# -- names ---------------------------------------------------------------------------------------------------------


def test_names_may_have_blanks(po: Maildata) -> None:
    """In whatever way a file got one."""
    write(po, {"NME/A B.NME": b"1", FIRST: b"2" * 512})
    assert b"1" == (po.root / "NME" / "A B.NME").read_bytes()


@pytest.mark.parametrize("name", ["../X", "NME/../../X", "NME//X", "NME/.", "", "NME/A\nB", "NME/A\x1cB"])
def test_a_name_that_leads_out_of_the_postoffice_is_refused(po: Maildata, name: str) -> None:
    """Also one that no line of a journal can hold; nothing is changed."""
    with pytest.raises(FormatError, match="expected a name"):
        write(po, {FIRST: b"2" * 512, name: b""})
    with pytest.raises(FormatError, match="expected a name"):
        read(po, name)
    assert (b"1", b"1") == seen(po)


# -- the lock ------------------------------------------------------------------------------------------------------


def replace_flag(po: Maildata) -> None:
    """Put another FLAG.GLB there, as a restore from a backup does."""
    data = (po.root / FLAG).read_bytes()
    (po.root / FLAG).unlink()
    (po.root / FLAG).write_bytes(data)


def test_a_lock_that_was_replaced_while_it_was_held_counts_no_more(po: Maildata) -> None:
    """Somebody else may hold the new one; nothing is changed."""
    with pytest.raises(TransportError, match="replaced meanwhile"):
        write(po, {FIRST: b"2" * 512}, also=lambda: replace_flag(po))

    assert ([], (b"1", b"1")) == (corner(po), seen(po))


def test_a_lock_that_was_replaced_while_it_was_waited_for_is_waited_for_anew(po: Maildata) -> None:
    """Two programs never change a postoffice at the same time, whichever FLAG.GLB they have opened."""
    waiting, inside, most = threading.Barrier(3), [0], [0]

    def work() -> None:
        waiting.wait()
        with attrs.evolve(po, patience=30.0).change() as change:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            threading.Event().wait(0.2)
            change.write(FIRST, b"2" * 512)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(2)]
    with (po.root / FLAG).open("rb") as flag:
        fcntl.flock(flag, fcntl.LOCK_EX)
        for thread in threads:
            thread.start()
        waiting.wait()
        threading.Event().wait(0.2)
        replace_flag(po)
        threading.Event().wait(0.2)
    for thread in threads:
        thread.join()

    assert 1 == most[0]


def test_a_disk_that_knows_no_locks_is_said(po: Maildata, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own words."""

    def none(*_args: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(TransportError, match=r"cannot lock .*FLAG\.GLB: No locks available"):
        seen(po)


# -- logs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs that are cut soon."""
    monkeypatch.setattr(maildata, "LOG_SIZE", 4000)


@pytest.mark.dx("T-176")
@pytest.mark.usefixtures("small_logs")
def test_a_log_is_cut_to_its_last_lines(po: Maildata) -> None:
    """The line that is new is there in any case, and the lines of before that are left are whole."""
    for n in range(600):
        po.log("LOG/IMPORT.LOG", b"line %d\r\n" % n)
        assert (po.root / "LOG" / "IMPORT.LOG").stat().st_size <= 4100
    lines = (po.root / "LOG" / "IMPORT.LOG").read_bytes().split(b"\r\n")
    numbers = [int(line.removeprefix(b"line ")) for line in lines[:-1]]
    assert list(range(numbers[0], 600)) == numbers


def test_a_log_tells_also_of_a_postoffice_that_is_held(po: Maildata) -> None:
    """Its own lock is another one (dx:T-224)."""
    with po.change():
        po.log("LOG/IMPORT.LOG", b"held\r\n")
    assert b"held\r\n" == (po.root / "LOG" / "IMPORT.LOG").read_bytes()


def test_a_log_that_somebody_holds_is_not_waited_for_without_end(po: Maildata) -> None:
    """As the postoffice itself."""
    path = po.root / "LOG" / "DIRSYNC.LOG"
    with path.open("rb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        with pytest.raises(LockedError):
            po.log("LOG/DIRSYNC.LOG", b"")


# -- other programs ------------------------------------------------------------------------------------------------


def test_lower_case_names_are_found_when_a_change_is_finished(po: Maildata) -> None:
    """A backup may have written all names in small letters."""
    interrupt(po, f"rename {FIRST}")
    for path in sorted(po.root.rglob("*"), key=lambda path: -len(path.parts)):
        path.rename(path.with_name(path.name.lower()))

    assert ((b"2", b"2"), []) == (seen(po), list((po.root / OWN.lower()).iterdir()))


def test_a_reader_that_knows_no_lock_sees_every_file_whole(po: Maildata) -> None:
    """At each step of a change every file is the old or the new one, and the last that was written comes last."""
    sizes: list[tuple[bytes, bytes]] = []

    def step(_what: str) -> None:
        sizes.append(((po.root / FIRST).read_bytes(), (po.root / SECOND).read_bytes()))

    fill(attrs.evolve(po, step=step), b"2")

    old, half, new = (b"1" * 512, b"1" * 64), (b"2" * 512, b"1" * 64), (b"2" * 512, b"2" * 64)
    assert [old, half, new] == list(dict.fromkeys(sizes))


def test_what_is_read_in_a_change_is_what_it_has_written(po: Maildata) -> None:
    """Also what it has removed, and the names in a folder."""

    def look(files: Files) -> tuple[bytes | None, list[str]]:
        return files.read(LIST), files.names("NME")

    with po.change() as change:
        before = look(change)
        change.write(LIST, b"1")
        assert (b"1", ["ADMIN.NME", "ADMINSHD.NME", "GAL.NME", "X.NME"]) == look(change)
        change.remove(LIST)
        assert before == look(change)
