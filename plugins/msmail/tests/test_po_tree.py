"""A postoffice as a whole: creating and opening it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxa.errors import AddressError, FormatError, LockedError, TransportError, UsageError
from dxa_msmail.postoffice import dirsyncconf, galindex, identity, mailbag, tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.process import Process, read_process

# KB Q77926, Q132744, Q133428, Q86375: the size of each file in a postoffice that nobody has used yet.
SIZES = {
    "GLB/ACCESS.GLB": 0,
    "GLB/ACCESS2.GLB": 0,
    "GLB/ACCESS3.GLB": 0,
    "GLB/CONTROL.GLB": 8,
    "GLB/FLAG.GLB": 2,
    "GLB/GALINDEX.GLB": 208,
    "GLB/GALNETPO.GLB": 4,
    "GLB/GLOBAL.GLB": 512,
    "GLB/GROUP.GLB": 4,
    "GLB/GRPMEM.GLB": 4,
    "GLB/GWTRANS.GLB": 0,
    "GLB/MASTER.GLB": 176,
    "GLB/MODEM.GLB": 64,
    "GLB/NETPO.GLB": 4,
    "GLB/NETWORK.GLB": 0,
    "GLB/NMETRANS.GLB": 0,
    "GLB/PROCESS.GLB": 512,
    "GLB/REQCONF.GLB": 512,
    "GLB/REQTRANS.GLB": 0,
    "GLB/RNETSEM.GLB": 4,
    "GLB/SERVER.GLB": 0,
    "GLB/SRVTRANS.GLB": 0,
    "GLB/TID.GLB": 4,
    "GLB/USRTRANS.GLB": 0,
    "GRP/ADMIN.GRP": 8,
    "GRP/ADMINSHD.GRP": 8,
    "INF/ADMIN.INF": 0,
    "KEY/INQUEUE.KEY": 560,
    "KEY/INQUEUE3.KEY": 560,
    "KEY/SYSTEM.KEY": 560,
    "LOG/DIRSYNC.LOG": 0,
    "LOG/DSSERVER.LOG": 0,
    "MBG/INQUEUE.MBG": 0,
    "MBG/INQUEUE3.MBG": 0,
    "MBG/SYSTEM.MBG": 0,
    "NME/ADMIN.NME": 0,
    "NME/ADMINSHD.NME": 0,
    "NME/GAL.NME": 0,
    "TPL/ADMIN.TPL": 0,
}


class Killed(BaseException):
    """The process ends here."""


def _create(root: Path, **options: object) -> Maildata:
    return tree.create(root, network="NET", postoffice="PO", durable=False, **options)  # type: ignore[arg-type]


def _files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _steps(root: Path) -> list[str]:
    steps: list[str] = []
    _create(root, step=steps.append)
    return steps


# -- creating ------------------------------------------------------------------------------------------------------


def test_a_new_postoffice_has_all_files_in_their_documented_sizes(tmp_path: Path) -> None:
    """And no other ones; SRVCONF.GLB and MSTTRANS.GLB belong to the directory server only."""
    _create(tmp_path / "po")
    assert SIZES == {name: len(data) for name, data in _files(tmp_path / "po").items()}


@pytest.mark.dx("T-209")
@pytest.mark.parametrize("shadow", [False, True])
def test_a_new_postoffice_has_all_folders(tmp_path: Path, shadow: bool) -> None:
    """KB Q132744: 19 and 32; KB Q181951: a gateway's installer needs all of them in a shadow, too."""
    _create(tmp_path, shadow=shadow)
    folders = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_dir()}
    assert (19, 32) == (len(tree.FOLDERS), len([name for name in tree.SUBFOLDERS if not name.startswith("FOLDERS/")]))
    assert {*tree.FOLDERS, *tree.SUBFOLDERS, "DXA"} == folders
    assert {"CAL", "FOLDERS", "INI", "MEM", "MMF", "ATT/ATF", "MAI/MA0"} <= folders
    assert [] == tree.missing_folders(tmp_path)


def test_a_new_postoffice_knows_who_it_is(tmp_path: Path) -> None:
    """Its mailbags are empty, its lists can be read, its requestor has asked for nothing yet."""
    with _create(tmp_path, serial=7).look() as files:
        assert ("NET/PO", 7, False) == (
            identity.name_of(files),
            identity.identity(files).serial,
            identity.identity(files).shadow,
        )
        assert [0, 0, 0] == [mailbag.depth(files, bag) for bag in tree.MAILBAGS]
        assert ("PCM", 0) == (dirsyncconf.read_reqconf(files).types, dirsyncconf.read_reqconf(files).acked)
        assert Process() == read_process(files)
        assert [] == galindex.read_index(files.read(galindex.GALINDEX))[1]


@pytest.mark.dx("T-209")
def test_a_shadow_postoffice_has_everything_but_a_schedule(tmp_path: Path) -> None:
    """KB Q149451: Dispatch must not be pointed at it."""
    with _create(tmp_path, shadow=True).look() as files:
        assert identity.identity(files).shadow
    assert SIZES.keys() - {"GLB/PROCESS.GLB"} == _files(tmp_path).keys()


@pytest.mark.parametrize("name", ["ELEVENCHARS", "N-T", "N T", "SMTP", ""])
def test_a_name_that_no_postoffice_can_have_leaves_no_trace(tmp_path: Path, name: str) -> None:
    """The name is looked at before anything is made."""
    with pytest.raises(AddressError):
        tree.create(tmp_path / "po", network=name, postoffice="PO")
    assert not (tmp_path / "po").exists()


def test_a_letter_that_ms_mail_cannot_write_leaves_no_trace(tmp_path: Path) -> None:
    """A name of letters outside code page 850."""
    with pytest.raises(FormatError, match="cp850"):
        tree.create(tmp_path / "po", network="СЕТЬ", postoffice="PO")
    assert not (tmp_path / "po").exists()


@pytest.mark.parametrize("there", ["readme.txt", "GLB/ACCESS.GLB", "MBG/00000001.MBG", "glb/x", "DXA/SEEN"])
def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, there: str) -> None:
    """The error names what is in the way; also a postoffice that has lost its MASTER.GLB is one."""
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_bytes(b"x")
    with pytest.raises(UsageError, match=there.partition("/")[0]):
        _create(tmp_path)
    assert {there: b"x"} == _files(tmp_path)


def test_a_file_cannot_become_a_postoffice(tmp_path: Path) -> None:
    """It stays what it is."""
    (tmp_path / "po").write_bytes(b"x")
    with pytest.raises(UsageError, match="it is a file"):
        _create(tmp_path / "po")


def test_a_postoffice_is_not_created_twice(tmp_path: Path) -> None:
    """Nothing of the first one changes."""
    _create(tmp_path)
    before = _files(tmp_path)
    with pytest.raises(UsageError, match="it is a postoffice already"):
        _create(tmp_path)
    assert before == _files(tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With the operating system's own reason."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TransportError, match="Not a directory"):
        _create(tmp_path / "file" / "po")


@pytest.mark.dx("T-193")
def test_a_creation_that_was_interrupted_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    """Killed before every folder, write, rename and removal.

    Until the journal stands the folder is no postoffice, and whoever opens it is told to create it again; then on it
    is whole for all who open it.
    """
    steps = _steps(tmp_path / "whole")
    whole = _but_flag(tmp_path / "whole")
    commit = steps.index("rename JOURNAL")
    for n, step in enumerate(steps):
        root = tmp_path / str(n)
        with pytest.raises(Killed):
            _create(root, step=_kill_at(n))
        if n <= commit:
            with pytest.raises(UsageError, match="dxa msmail postoffice create"):
                tree.open_postoffice(root)
            _create(root)
        assert "NET/PO" == _name(tree.open_postoffice(root)), step
        assert whole == _but_flag(root), step


@pytest.mark.dx("T-193")
def test_a_creation_that_was_interrupted_after_its_commit_can_be_repeated(tmp_path: Path) -> None:
    """The second one finds that all has been done."""
    steps = _steps(tmp_path / "whole")
    for n in range(steps.index("rename JOURNAL") + 1, len(steps), 7):
        with pytest.raises(Killed):
            _create(tmp_path / str(n), step=_kill_at(n))
        _create(tmp_path / str(n))
        assert _but_flag(tmp_path / "whole") == _but_flag(tmp_path / str(n)), steps[n]


def _but_flag(root: Path) -> dict[str, bytes]:
    """FLAG.GLB counts changes, also those that were done twice."""
    return {name: data for name, data in _files(root).items() if name != "GLB/FLAG.GLB"}


def _kill_at(n: int):  # type: ignore[no-untyped-def]
    steps = iter(range(n + 1))

    def step(_what: str) -> None:
        if next(steps) == n:
            raise Killed

    return step


def _name(maildata: Maildata) -> str:
    with maildata.look() as files:
        return identity.name_of(files)


def test_an_interrupted_creation_is_not_finished_under_another_name(tmp_path: Path) -> None:
    """Once the journal stands the name is decided."""
    last = _steps(tmp_path / "whole").index("remove JOURNAL")
    with pytest.raises(Killed):
        _create(tmp_path / "po", step=_kill_at(last - 1))
    with pytest.raises(UsageError, match="it is the postoffice NET/PO"):
        tree.create(tmp_path / "po", network="NET", postoffice="OTHER", durable=False)
    assert "NET/PO" == _name(tree.open_postoffice(tmp_path / "po"))


def test_a_durable_creation_makes_the_same_files(tmp_path: Path) -> None:
    """Syncing changes nothing but the time that it takes."""
    tree.create(tmp_path / "a" / "b", network="NET", postoffice="PO")
    _create(tmp_path / "c")
    assert _files(tmp_path / "c") == _files(tmp_path / "a" / "b")


# -- opening -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", ["", "file.txt", "GLB/FLAG.GLB"])
def test_a_folder_without_a_postoffice_is_not_opened(tmp_path: Path, there: str) -> None:
    """The error says what is missing and how to make one."""
    if there:
        (tmp_path / there).parent.mkdir(exist_ok=True)
        (tmp_path / there).write_bytes(b"\0\0")
    with pytest.raises(UsageError, match=r"is not a postoffice: it has no GLB/.* `dxa msmail postoffice create`"):
        tree.open_postoffice(tmp_path)


def test_a_folder_is_a_postoffice_when_it_has_a_master(tmp_path: Path) -> None:
    """Whatever the case of its name; a folder that is not there is none."""
    _create(tmp_path / "po")
    (tmp_path / "po" / "GLB" / "MASTER.GLB").rename(tmp_path / "po" / "GLB" / "master.glb")
    (tmp_path / "empty").mkdir()
    assert [True, False, False] == [tree.is_postoffice(tmp_path / name) for name in ("po", "empty", "none")]


def test_a_folder_that_is_not_there_is_not_opened(tmp_path: Path) -> None:
    """It may be a share that is not mounted."""
    with pytest.raises(UsageError, match="there is no such folder; is the disk or share mounted"):
        tree.open_postoffice(tmp_path / "po")


def test_a_postoffice_that_somebody_works_on_is_not_opened(tmp_path: Path) -> None:
    """Error 91, as MS Mail has it (KB Q148705); afterwards it is."""
    maildata = _create(tmp_path)
    with maildata.change(), pytest.raises(LockedError, match=r"\[91\]"):
        tree.open_postoffice(tmp_path, patience=0)
    assert "NET/PO" == _name(tree.open_postoffice(tmp_path, patience=0))


def test_names_on_disk_may_be_in_any_case(tmp_path: Path) -> None:
    """A postoffice that was copied by way of another system: folders and files in small letters."""
    _create(tmp_path)
    for path in sorted(tmp_path.rglob("*"), key=lambda path: -len(path.parts)):
        path.rename(path.with_name(path.name.lower() if len(path.name) % 2 else path.name.capitalize()))
    maildata = tree.open_postoffice(tmp_path, durable=False)
    with maildata.change() as change:
        assert "00000001" == identity.next_mailbag(change)
    assert "NET/PO" == _name(maildata)
    assert SIZES.keys() == {name.upper() for name in _files(tmp_path)}


@pytest.mark.parametrize("twin", ["GLB/master.glb", "GLB/Flag.Glb", "glb/MASTER.GLB"])
def test_two_names_that_are_one_to_ms_mail_are_refused(tmp_path: Path, twin: str) -> None:
    """Nobody can tell which of them counts; the error names both."""
    _create(tmp_path)
    (tmp_path / twin).parent.mkdir(exist_ok=True)
    (tmp_path / twin).write_bytes(b"")
    with pytest.raises(TransportError, match="one name to MS Mail"):
        tree.open_postoffice(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The folders of letters are looked for inside their own."""
    _create(tmp_path)
    (tmp_path / "CAL").rmdir()
    (tmp_path / "MAI" / "MAF").rmdir()
    (tmp_path / "GLB").rename(tmp_path / "glb")
    assert ["CAL", "MAI/MAF"] == tree.missing_folders(tmp_path)
