"""`dxa backup` and `dxa restore`: one file with everything, checked, and put back so that numbers only go up."""

from __future__ import annotations

import errno
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from dxa.cli.session import Session
from dxa.errors import TransportError
from dxa.memory import MemoryConnector
from tests.cli.driver import ASKED_LINK, DAY, Driver

PASSWORD = """
[links.post.peers."NET/C"]
password = "file:secret"
"""


@pytest.fixture
def spoken(linked: Driver) -> Driver:
    """A peer has asked and was answered."""
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    assert 0 == linked("sync").status
    return linked


def _copy(site: Driver, folder: Path) -> Driver:
    """The same world seen from another folder."""
    other = Driver(folder, site.capsys, world=site.world, memory=site.memory, now=site.now)
    other.host = site.host
    return other


def _names(site: Driver) -> list[str]:
    return sorted(each["name"] for each in site("recipients", "list", "--json").json["recipients"])


def _tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# -- backup --------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-189")
def test_a_backup_is_one_file_that_only_its_owner_reads(spoken: Driver, tmp_path: Path) -> None:
    """Database, configuration and numbers are in it, each with its checksum, and it can be checked by itself."""
    done = spoken("backup", str(tmp_path / "one"), "--json")

    assert 0 == done.status
    assert {"dxa.db", "dxa.numbers", "dxa.toml"} == set(done.json["files"])
    assert ("LAB", "HQ", "2026-11-02T12:00:00Z") == tuple(done.json[k] for k in ("organization", "site", "made_at"))
    assert done.json["numbers"]["post"] > 0
    assert 0o600 == (tmp_path / "one").stat().st_mode & 0o777
    assert done.json == spoken("restore", "--check", str(tmp_path / "one"), "--json").json
    assert "is sound: LAB/HQ" in " ".join(spoken("restore", "--check", str(tmp_path / "one")).out.split())


def test_a_backup_into_a_folder_is_named_by_site_and_time(spoken: Driver, tmp_path: Path) -> None:
    """Into a folder a new file is written; no file is ever overwritten."""
    first = spoken("backup", str(tmp_path), "--json").json["file"]

    assert str(tmp_path / "LAB-HQ-20261102-120000.dxa-backup") == first
    again = spoken("backup", str(tmp_path))
    assert 2 == again.status
    assert "exists already" in again.err
    assert 2 == spoken("backup", str(tmp_path / "no" / "where")).status


def test_secrets_go_along_only_when_that_is_wanted(spoken: Driver, tmp_path: Path) -> None:
    """The file of a password is left out, and said so, unless --secrets is given."""
    (spoken.folder / "secret").write_text("open sesame\n")
    (spoken.folder / "secret").chmod(0o600)
    spoken.configure(PASSWORD)
    plain = spoken("backup", str(tmp_path / "plain"))
    whole = spoken("backup", str(tmp_path / "whole"), "--secrets", "--json")

    assert "secret: a secret (--secrets takes it along)" in plain.out
    assert "secret" not in spoken("restore", "--check", str(tmp_path / "plain"), "--json").json["files"]
    assert "secret" in whole.json["files"]


def test_what_is_being_written_waits(spoken: Driver, tmp_path: Path) -> None:
    """While another command writes there is no backup; while somebody looks there is."""
    session = Session(folder=spoken.folder, clock=lambda: spoken.now, host=spoken.host)
    with session.reading():
        assert 0 == spoken("backup", str(tmp_path / "one")).status
    with session.locked():
        done = spoken("backup", str(tmp_path / "two"))

    assert 1 == done.status
    assert "another dxa" in done.err
    assert not (tmp_path / "two").exists()


def test_a_database_elsewhere_is_refused(spoken: Driver, tmp_path: Path) -> None:
    """A database that a restore could not put back is refused with what to do."""
    (spoken.folder / "dxa.db").rename(tmp_path / "other.db")
    spoken.replace("[site]", f'[site]\ndatabase = "sqlite:///{tmp_path}/other.db"')
    done = spoken("backup", str(tmp_path / "one"))

    assert 2 == done.status
    assert "lies outside of the site's folder" in done.err


@pytest.mark.parametrize("step", ["copy2", "link", "fsync"])
def test_an_interrupted_backup_leaves_none(
    spoken: Driver, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended while it copies, writes or finishes, no file of that name is there, and the next one is whole."""
    target = tmp_path / "backups"
    target.mkdir()
    with _ending(monkeypatch, step):
        assert 130 == spoken("backup", str(target / "one")).status

    assert not (target / "one").exists()
    (target / ".one.new").mkdir()  # what a process leaves that is killed
    (target / ".one.part").write_bytes(b"half")
    assert 0 == spoken("backup", str(target / "one")).status
    assert ["one"] == sorted(path.name for path in target.iterdir())


def test_a_failed_backup_leaves_nothing_on_the_disk(
    spoken: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written of a backup until the disk was full is taken away again."""
    monkeypatch.setattr("dxa.agent.archive.os.fsync", _full)
    (tmp_path / "backups").mkdir()
    done = spoken("backup", str(tmp_path / "backups"))

    assert 1 == done.status
    assert [] == list((tmp_path / "backups").iterdir())


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_disk_without_links_takes_backups(spoken: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that has no second names for files, as that of a memory stick, the backup is made all the same."""

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("dxa.agent.archive.os.link", no_links)

    assert 0 == spoken("backup", str(tmp_path / "one")).status
    assert 0 == spoken("restore", "--check", str(tmp_path / "one")).status


def test_a_full_disk_is_told(spoken: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk is told with its cause, and leaves no backup."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "one"))

    monkeypatch.setattr("dxa.agent.archive.os.link", full)
    done = spoken("backup", str(tmp_path / "one"))

    assert 1 == done.status
    assert "No space left on device" in done.err
    assert not (tmp_path / "one").exists()


# -- restore -------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-189", "T-190")
def test_numbers_never_go_down(spoken: Driver, tmp_path: Path) -> None:
    """Restored over what has gone on since, the site has the old state, and numbers above all that were issued."""
    spoken("backup", str(tmp_path / "one"))
    spoken("recipients", "add", "--name", "Later", "--proxy", "PO:LAB/HQ/LATER")
    spoken.world.ask("NET/A", r=1, was=1, s=spoken.world.delivered[-1].reply.s)  # type: ignore[union-attr]
    spoken("sync")
    latest = spoken.world.delivered[-1].reply.s  # type: ignore[union-attr]
    refused = spoken("restore", str(tmp_path / "one"))
    done = spoken("restore", str(tmp_path / "one"), "--force")
    spoken.world.ask("NET/A", r=1, was=1, s=latest)
    spoken("sync")
    parcel = spoken.world.delivered[-1]

    assert 2 == refused.status
    assert "--force" in refused.err
    assert 0 == done.status
    assert ["Ann", "Bob", "Cleo", "Dora"] == _names(spoken)
    assert "full" == parcel.kind.value
    assert parcel.reply is not None
    assert parcel.reply.s > latest
    assert "have each requestor export in full" in " ".join(done.out.split())


@pytest.mark.dx("T-190")
def test_without_the_mark_there_is_a_leap(spoken: Driver, tmp_path: Path) -> None:
    """On another machine nothing tells what was issued since the backup, so the numbers leap."""
    before = spoken("backup", str(tmp_path / "one"), "--json").json["numbers"]["post"]
    other = _copy(spoken, tmp_path / "elsewhere")
    done = spoken("restore", str(tmp_path / "one"), "--to", str(other.folder))
    other.world.ask("NET/A", r=1, was=1, s=spoken.world.delivered[-1].reply.s)  # type: ignore[union-attr]
    other("sync")
    parcel = other.world.delivered[-1]

    assert 0 == done.status
    assert "a leap" in done.out
    assert _names(spoken) == _names(other)
    assert "full" == parcel.kind.value
    assert parcel.reply is not None
    assert parcel.reply.s > before + 1_000_000


@pytest.mark.dx("T-190")
def test_a_link_that_had_issued_nothing_leaps_too(linked: Driver, tmp_path: Path) -> None:
    """A link whose first number was issued after the backup does not issue it again."""
    linked("backup", str(tmp_path / "one"))
    linked.world.ask("NET/A", r=1, was=0, s=0)
    linked("sync")
    other = _copy(linked, tmp_path / "elsewhere")
    linked("restore", str(tmp_path / "one"), "--to", str(other.folder))
    other.world.ask("NET/A", r=1, was=0, s=0)
    other("sync")
    first, second = (parcel.reply for parcel in linked.world.delivered[-2:])

    assert first is not None
    assert second is not None
    assert second.s > 1_000_000 > first.s


def test_as_a_requestor_no_number_is_sent_again(alone: Driver, tmp_path: Path) -> None:
    """What was sent to a server since the backup is not known any more; the whole list goes out above all of it."""
    alone.configure(ASKED_LINK)
    alone("sync")
    alone("backup", str(tmp_path / "one"))
    for number in range(3):
        alone("recipients", "add", "--name", f"New {number}", "--proxy", f"PO:LAB/HQ/NEW{number}")
    alone("sync")
    issued = max(t.number for parcel in alone.world.server.asked for t in parcel.transactions())
    alone("restore", str(tmp_path / "one"), "--force")
    alone("sync")
    again = list(alone.world.server.asked[-1].transactions())

    assert ["R LAB/HQ", "A LAB/HQ/ANN", "A LAB/HQ/BOB", "A LAB/HQ/CLEO"] == [
        f"{t.verb.value} {t.side.address or t.side.list}" for t in again
    ]
    assert min(t.number for t in again) > issued


def test_what_waited_then_does_not_go_out_now(linked: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delete that waited when the backup was made, and went out since, is not written into the peer again."""
    linked("sync")
    linked("sync")
    linked("recipients", "remove", "Ann")
    with monkeypatch.context() as away:
        away.setattr(MemoryConnector, "deliver", _away)
        linked("sync")
    session = Session(folder=linked.folder, clock=lambda: linked.now, host=linked.host)
    with session.reading() as site:
        before = site.store.outbox.count("mem")
    linked("backup", str(tmp_path / "one"))
    linked("sync")
    linked("recipients", "add", "--name", "Ann", "--proxy", "MEM:Ann")
    linked("sync")
    linked("restore", str(tmp_path / "one"), "--force")
    with session.reading() as site:
        after = site.store.outbox.count("mem")

    assert (1, 0) == (before, after)


def _away(_connector: object, _parcel: object) -> None:
    raise TransportError("away")


def test_what_was_there_is_kept(spoken: Driver, tmp_path: Path) -> None:
    """With --force the files of before lie in a folder of their own, the database with what SQLite keeps beside it."""
    spoken("backup", str(tmp_path / "one"))
    spoken("recipients", "add", "--name", "Later")
    before = _tree(spoken.folder)
    spoken.now += DAY
    spoken("restore", str(tmp_path / "one"), "--force")
    aside = spoken.folder / "before-restore-20261103-120000"

    assert before == _tree(aside)
    assert not (spoken.folder / ".restoring").exists()


@pytest.mark.dx("T-194")
@pytest.mark.parametrize("damage", ["short", "bit", "alien", "missing part", "further part", "elsewhere", "later"])
def test_a_damaged_backup_changes_nothing(spoken: Driver, tmp_path: Path, damage: str) -> None:
    """A backup that is cut short, changed, or is none is refused before anything is touched."""
    spoken("backup", str(tmp_path / "one"))
    _damage(tmp_path / "one", damage)
    before = _tree(spoken.folder)
    done = spoken("restore", str(tmp_path / "one"), "--force")

    assert 1 == done.status
    assert str(tmp_path / "one") in done.err
    assert before == _tree(spoken.folder)
    assert 1 == spoken("restore", "--check", str(tmp_path / "one")).status


def test_no_backup(spoken: Driver, tmp_path: Path) -> None:
    """A backup that does not exist is a wrong usage, and so is a folder."""
    done = [spoken("restore", str(path)) for path in (tmp_path / "none", tmp_path)]

    assert [2, 2] == [each.status for each in done]
    assert "there is no backup" in done[0].err
    assert "is a folder" in done[1].err


@pytest.mark.dx("T-189")
def test_an_interrupted_restore_is_repeated(spoken: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended before each rename, there is the old site, or none; run again, the restore is whole and numbers are up."""
    spoken("backup", str(tmp_path / "one"))
    spoken("recipients", "add", "--name", "Later", "--proxy", "PO:LAB/HQ/LATER")
    spoken("sync")
    highest = _highest(spoken)
    saved = _tree(spoken.folder)
    for number in range(100):
        _put_back(spoken.folder, saved)
        with _ending(monkeypatch, "rename", number) as ended:
            status = spoken("restore", str(tmp_path / "one"), "--force").status
        if not ended:
            break
        assert 130 == status
        shown = spoken("recipients", "list", "--json")
        if shown.status:
            assert "a restore into" in shown.err
        assert 0 == spoken("restore", str(tmp_path / "one"), "--force").status
        assert ["Ann", "Bob", "Cleo", "Dora"] == _names(spoken)
        assert _highest(spoken) >= highest
    assert number > 4


# -- helpers -------------------------------------------------------------------------------------------------------


def _highest(site: Driver) -> int:
    for line in (site.folder / "dxa.numbers").read_text().splitlines():
        if line.startswith("seq:post "):
            return int(line.split()[1])
    return 0


def _put_back(folder: Path, tree: dict[str, bytes]) -> None:
    import shutil

    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != ".lock":
            path.unlink()
    for place, data in tree.items():
        (folder / place).write_bytes(data)


@contextmanager
def _ending(patch: pytest.MonkeyPatch, step: str, at: int = 0) -> Iterator[list[int]]:
    """The process ends at this call of a step, as by Ctrl-C; what it yields is filled when that happened."""
    ended: list[int] = []
    count = [0]

    def wrap(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            count[0] += 1
            if count[0] > at and not ended:
                ended.append(at)
                raise KeyboardInterrupt
            return real(*arguments, **named)

        return call

    with patch.context() as inner:
        if step == "rename":
            inner.setattr("dxa.agent.restore.Path.rename", wrap(Path.rename))
            inner.setattr("dxa.agent.restore.Path.replace", wrap(Path.replace))
        elif step == "copy2":
            inner.setattr("dxa.agent.backup.shutil.copy2", wrap(__import__("shutil").copy2))
        elif step == "link":
            inner.setattr("dxa.agent.archive.os.link", wrap(os.link))
        else:
            inner.setattr("dxa.agent.archive.os.fsync", wrap(os.fsync))
        yield ended


def _damage(file: Path, kind: str) -> None:
    data = file.read_bytes()
    if kind == "short":
        file.write_bytes(data[: len(data) // 2])
    elif kind == "alien":
        file.write_bytes(b"not a backup")
    elif kind == "bit":
        _rewritten(file, lambda parts: parts | {"files/dxa.db": bytes([*parts["files/dxa.db"][:-1], 7])})
    elif kind == "missing part":
        _rewritten(file, lambda parts: {name: data for name, data in parts.items() if name != "files/dxa.numbers"})
    elif kind == "further part":
        _rewritten(file, lambda parts: parts | {"files/more": b"x"})
    else:
        _rewritten(file, lambda parts: parts | {"manifest.json": _changed(parts["manifest.json"], kind)})


def _changed(manifest: bytes, kind: str) -> bytes:
    values = json.loads(manifest)
    if kind == "later":
        values["format"] = 2
    else:
        values["members"][0]["place"] = "../dxa.db"
    return json.dumps(values).encode()


def _rewritten(file: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> None:
    with tarfile.open(file) as tar:
        parts = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    with tarfile.open(file, "w:gz") as tar:
        for name, data in change(parts).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, BytesIO(data))
