"""REBUILD on a postoffice on disk: its log, its option, and what a kill, a lock and a full disk leave."""

from __future__ import annotations

import errno
import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.errors import FormatError, LockedError, TransportError
from dxa_msmail.postoffice import dirsyncconf, gal, names, networks, tree
from dxa_msmail.postoffice.maildata import FLAG, OWN, Maildata
from dxa_msmail.postoffice.names import EXTERNAL, AddressRow, NameRow, UserRow
from dxa_msmail.programs.rebuild import NOT_ACTIVE, Rebuilt, rebuild

Set = dict[str, bytes]


class Killed(BaseException):
    """The process ends here."""


def _clock() -> float:
    return 1_000_000_000.0


def _write(po: Maildata, *users: str) -> None:
    """The users of the other postoffice."""
    with po.change() as change:
        rows = [UserRow(name, f"U{n}") for n, name in enumerate(users)]
        change.write(names.usr_file(networks.find(change, "OTHER/EAST").hexid), names.write_usr(rows))


def _set(po: Maildata) -> Set:
    """The global list as a reader finds it."""
    with po.look() as files:
        return {name: files.read(name) or b"" for name in gal.FILES}


def _log(po: Maildata) -> list[str]:
    """The lines of DIRSYNC.LOG without their times, but for those of begin and end."""
    lines = (po.root / "LOG" / "DIRSYNC.LOG").read_bytes().decode("cp850").splitlines()
    return [line.partition(" | ")[2] for line in lines if "Begin" not in line and "End" not in line]


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A postoffice that knows another one with two users, and whose global list is older than these."""
    po = tree.create(tmp_path / "po", network="NET", postoffice="PO", durable=False)
    with po.change() as change:
        networks.add_postoffice(change, "OTHER/EAST")
        networks.add_gateway(change, "SMTP")
        data, (offset,) = names.write_addresses([AddressRow("gus@example.com")])
        nme, glb = names.gateway_files("SMTP")
        change.write(glb, data)
        change.write(nme, names.write_nme([NameRow(EXTERNAL, "Gus Net", 0, offset)]))
    _write(po, "Dora East", "Emil East")
    return po


def test_a_rebuild_says_how_many_names_there_are(po: Maildata) -> None:
    """KB Q118447: the line that the program prints is in the log, too."""
    done = rebuild(po, _clock)
    assert (Rebuilt(count=3), "Number of entries in GAL: 3") == (done, done.text)
    assert ["Status       Number of entries in GAL: 3"] == _log(po)


def test_the_option_decides_and_f_forces(po: Maildata) -> None:
    """KB Q105965, Q134226: with Rebuild off nothing is done unless the program is told to."""
    with po.change() as change:
        conf: Any = dirsyncconf.read_reqconf(change)
        dirsyncconf.write_reqconf(change, attrs.evolve(conf, rebuild=False))
    before = _set(po)
    done = rebuild(po, _clock)
    assert (NOT_ACTIVE, before) == (done.text, _set(po))
    assert 3 == rebuild(po, _clock, force=True).count
    assert [f"Status       {NOT_ACTIVE}", "Status       Number of entries in GAL: 3"] == _log(po)


def test_a_second_rebuild_writes_nothing(po: Maildata) -> None:
    """Same lists, same bytes, no wear."""
    rebuild(po, _clock)
    steps: list[str] = []
    rebuild(Maildata(po.root, durable=False, step=steps.append), _clock)
    assert [] == steps


@pytest.mark.dx("T-241")
def test_what_is_wrong_with_a_list_is_in_the_log(po: Maildata) -> None:
    """A damaged list as a warning with its number, a missing one that nobody was in as information."""
    rebuild(po, _clock)
    with po.change() as change:
        empty, damaged = networks.add_postoffice(change, "OTHER/WEST"), networks.find(change, "OTHER/EAST").hexid
    (po.root / "USR" / f"{empty}.USR").unlink()
    (po.root / "USR" / f"{damaged}.USR").write_bytes(b"")
    done = rebuild(po, _clock)
    assert (3, [40, 201]) == (done.count, [problem.number for problem in done.problems])
    warning, information, count = _log(po)[1:]
    assert warning.startswith(f"Warning[ 40] USR/{damaged}.USR, offset 0, size: possible database corruption")
    assert f"Status       USR/{empty}.USR: a postoffice has no list of users" == information
    assert "Status       Number of entries in GAL: 3" == count


def test_without_a_readable_configuration_nothing_is_done(po: Maildata) -> None:
    """It is named, also in the log; told to, the program does not need it."""
    (po.root / "GLB" / "REQCONF.GLB").write_bytes(b"")
    with pytest.raises(FormatError) as caught:
        rebuild(po, _clock)
    assert (40, "GLB/REQCONF.GLB") == (caught.value.code, caught.value.source)
    assert "Fatal  [ 40] " in _log(po)[0]
    assert 3 == rebuild(po, _clock, force=True).count


def test_a_held_postoffice_is_not_rebuilt(po: Maildata) -> None:
    """Error 91 when the other one does not let go."""
    with (po.root / FLAG).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(LockedError, match=r"^\[91\]"):
            rebuild(Maildata(po.root, patience=0, durable=False), _clock)


@pytest.mark.dx("T-192")
@pytest.mark.parametrize(("reason", "number"), [(errno.ENOSPC, 204), (errno.EACCES, 203)])
def test_what_cannot_be_written_leaves_the_list_of_before(po: Maildata, reason: int, number: int) -> None:
    """KB Q96004 #203, #204: the error has the number and the system's reason, and the next run does it."""
    rebuild(po, _clock)
    before = _set(po)
    _write(po, "Zoë")

    def fails(what: str) -> None:
        if what.startswith("go on with"):
            raise OSError(reason, "the system's reason")

    with pytest.raises(TransportError, match=rf"^\[{number}\] .*the system's reason"):
        rebuild(Maildata(po.root, durable=False, step=fails), _clock)
    assert before == _set(po)
    assert any(line.startswith(f"Fatal  [{number}]") for line in _log(po))
    assert 2 == rebuild(po, _clock).count


def _killer(at: int) -> Callable[[str], None]:
    count = 0

    def step(_what: str) -> None:
        nonlocal count
        count += 1
        if count > at:
            raise Killed

    return step


@pytest.mark.dx("T-192")
def test_a_rebuild_killed_anywhere_leaves_the_old_or_the_new_set(po: Maildata, tmp_path: Path) -> None:
    """At every write, rename and removal; a reader sees one of both sets, and the next rebuild completes it."""
    rebuild(po, _clock)
    _write(po, "Anna", "Dora East", "van der Berg, Jan")
    before, after, killed = _set(po), None, []
    steps: list[str] = []
    done = tmp_path / "done"
    shutil.copytree(po.root, done)
    rebuild(Maildata(done, durable=False, step=steps.append), _clock)
    after = _set(Maildata(done))
    assert all(before[name] != after[name] for name in gal.FILES)
    for at in range(len(steps)):
        root = tmp_path / f"killed{at}"
        shutil.copytree(po.root, root)
        with pytest.raises(Killed):
            rebuild(Maildata(root, durable=False, step=_killer(at)), _clock)
        killed.append(_set(Maildata(root, durable=False)))
        assert 4 == rebuild(Maildata(root, durable=False), _clock).count
        assert (after, []) == (_set(Maildata(root)), list((root / OWN).iterdir()))
    assert {True} == {found in (before, after) for found in killed}
    assert (before, after) == (killed[0], killed[-1])


@pytest.mark.dx("T-192")
def test_who_takes_the_lock_never_sees_a_mixture_and_who_does_not_never_half_a_file(po: Maildata) -> None:
    """While the set changes nobody gets in; the files on disk are whole at every step."""
    rebuild(po, _clock)
    before = _set(po)
    _write(po, "Anna", "Dora East", "van der Berg, Jan")
    found: list[Set] = []

    def step(what: str) -> None:
        with pytest.raises(LockedError), Maildata(po.root, patience=0).look():
            pass
        found.append({name: (po.root / name).read_bytes() for name in gal.FILES})

    rebuild(Maildata(po.root, durable=False, step=step), _clock)
    after = _set(po)
    assert all(each[name] in (before[name], after[name]) for each in found for name in gal.FILES)
    assert (before, after) == (found[0], found[-1])
