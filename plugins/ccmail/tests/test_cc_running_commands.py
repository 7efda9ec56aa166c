import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dxa.config.secrets import Secret
from dxa.errors import LockedError, TransportError
from dxa_ccmail.running.commands import CommandPrograms
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Kind, Login, Mode, State
from dxa_ccmail.running.options import CommandOptions

RECORD = b"Name: Doe, Jane\r\nLocn: L\r\nAddr:\r\nCmts:\r\n"
Make = Callable[..., CommandPrograms]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Programs made of shell texts, whose first argument is a file's name."""

    def made(exporting: str = "", importing: str = "", /, **options: Any) -> CommandPrograms:
        for name, text in (("EXPORT", exporting), ("IMPORT", importing)):
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        rest = ("{name}", "{kind}", "{mode}", "/N{postoffice}", "/P{password}", "/D{path}", "/@{file}")
        given = {"export": ("./EXPORT", *rest), "import_file": ("./IMPORT", *rest), "free_megabytes": 0, **options}
        login = Login(postoffice="Site 1", password=Secret("Geheim"), path="M:\\PO")
        return CommandPrograms(options=CommandOptions(**given), login=login, base=tmp_path)

    (tmp_path / "record").write_bytes(RECORD)
    return made


def failure(programs: CommandPrograms) -> RunError:
    """What EXPORT fails with."""
    with pytest.raises(RunError) as error:
        programs.export()
    return error.value


def done(programs: CommandPrograms) -> dict[str, bytes]:
    """What was moved away after attempts."""
    return {path.name: path.read_bytes() for path in sorted((programs.folder / "done").glob("*"))}


def test_an_export_of_three_kinds(make: Make) -> None:
    """EXPORT is run for each kind with its words; files, text and the program's own counts come back."""
    kinds = {"directory": "/DIRECTORY/PROPADD", "lists": "/L /X", "boards": ""}
    export = 'echo "$@"; [ $1 = CCMDIR.EXP ] && cp ../../record $1 || echo "Name: Staff" > $1; echo 1 entries'
    exported = make(export, kinds=kinds, count=r"(\d+) entries").export()

    assert exported is not None
    assert {Kind.DIRECTORY: RECORD, Kind.LISTS: b"Name: Staff\n", Kind.BOARDS: b"Name: Staff\n"} == exported.files
    assert {Kind.DIRECTORY: 1, Kind.LISTS: 1, Kind.BOARDS: 1} == exported.counts
    assert (0, 67, "") == (exported.code, exported.event.number, exported.receipt)
    folder = make().folder
    assert [
        f"CCMDIR.EXP /DIRECTORY/PROPADD /NSite 1 /P*** /DM:\\PO /@{folder}/CCMDIR.EXP",
        f"CCMLIST.EXP /L /X /NSite 1 /P*** /DM:\\PO /@{folder}/CCMLIST.EXP",
        f"CCMBB.EXP /NSite 1 /P*** /DM:\\PO /@{folder}/CCMBB.EXP",
    ] == [line for line in exported.console.splitlines() if line.startswith("CCM")]


def test_one_run_may_make_all_files(make: Make) -> None:
    """A wrapper whose command line names no kind and no file is run once; a name may be in lower case."""
    programs = make(
        "cp ../../record ccmdir.exp; : > ccmlist.exp; echo run",
        export=("./EXPORT",),
        kinds={"directory": "", "lists": ""},
    )
    exported = programs.export()

    assert exported is not None
    assert ({Kind.DIRECTORY: RECORD, Kind.LISTS: b""}, "run\n") == (exported.files, exported.console)


@pytest.mark.cc("T36")
@pytest.mark.parametrize(("code", "number"), [(1, 68), (2, 69), (3, 70), (4, 71), (5, 72), (9, 65)])
def test_a_code_ends_the_export(make: Make, code: int, number: int) -> None:
    """Every code but 0 is an error with its event, code and the program's text, and no file is looked at."""
    error = failure(make(f"cp ../../record $1; echo EXPORT process ended with error: {code}.; exit {code}"))

    assert (number, code) == (error.event.number, error.code)
    assert error.event.text.endswith(f'The program said: "EXPORT process ended with error: {code}."')


@pytest.mark.cc("T37")
@pytest.mark.parametrize(
    ("export", "expected"),
    [
        ("exit 0", "left no CCMDIR.EXP"),
        (": > $1", "left a CCMDIR.EXP that cannot be used: offset 0: the export is empty"),
        ("head -c 20 ../../record > $1", "offset 20: the export ends inside a line: expected CR LF, got 'Loc'"),
        ("head -c 26 ../../record > $1", "offset 26: the export ends inside a record"),
        ("sleep 60 & cp ../../record X; mkdir $1", "left no CCMDIR.EXP"),
    ],
)
def test_success_without_a_whole_file_is_a_failure(make: Make, export: str, expected: str) -> None:
    """A file that is absent, empty or cut is no export, whatever the exit code."""
    error = failure(make(export))

    assert (65, None) == (error.event.number, error.code)
    assert expected in error.event.text


@pytest.mark.cc("T37")
def test_the_last_export_is_not_taken_again(make: Make) -> None:
    """The file of the run before is gone before the program runs."""
    assert make("cp ../../record $1").export() is not None

    assert "left no CCMDIR.EXP" in str(failure(make("exit 0")))


@pytest.mark.cc("T36")
def test_a_program_that_hangs_is_killed(make: Make) -> None:
    """The time-out is an error that says so, with what was said before."""
    error = failure(make("echo Password:; cat; exec sleep 60", timeout=0.3))

    assert "EXPORT did not end in 0.3 seconds and was killed" in error.event.text
    assert "Password:" in error.console
    assert "EXPORT was ended by signal 9" in str(failure(make("kill -9 $$")))


@pytest.mark.cc("T44")
def test_a_program_that_is_not_there(make: Make, tmp_path: Path) -> None:
    """It fails once, with the event 43, and nothing of the import file is lost."""
    assert (43, "EXPORT was not run: the program ./NONE was not found") == (
        (error := failure(make(export=("./NONE",)))).event.number,
        error.event.text,
    )
    programs = make("exit 0", version="DB8", programs="bin")
    with pytest.raises(RunError, match=r"^\[43\] IMPORT.EXE was not found in .*bin; a DB8 post office needs it"):
        programs.import_(b"text", Mode.ADD)


def test_a_program_that_cannot_be_started(make: Make, tmp_path: Path) -> None:
    """What the system says is told, and no argument."""
    programs = make()
    (tmp_path / "EXPORT").write_text("#!/no/such/shell\n")

    assert "could not be started" in str(error := failure(programs))
    assert "Geheim" not in str(error)


def test_the_password_is_nowhere(make: Make, tmp_path: Path) -> None:
    """Errors, events, captured text and our own files show no password, however a program shouts it out."""
    export = 'echo "$@" | tr a-z A-Z | tee SAID.TXT; echo "$WORD $OTHER"; exit 1'
    (tmp_path / "word").write_text("Zweites\n")
    programs = make(export, console_file="SAID.TXT", environment={"WORD": "<{password}>", "OTHER": "file:word"})
    error = failure(programs)

    assert "/P*** " in error.console
    assert "<***> ***" in error.console
    told = f"{error!r} {error} {error.console} {error.event} {programs!r}".lower()
    written = b"".join(path.read_bytes() for path in programs.folder.rglob("*") if path.is_file()).lower()
    assert [False] * 4 == [word in text for word in ("geheim", "zweites") for text in (told, written.decode())]
    assert b"/P***" in (programs.folder / "SAID.TXT").read_bytes()


def test_what_the_environment_hands_on_is_not_shown(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of dxa may be a password; a path is none, and stays readable."""
    monkeypatch.setenv("CC_WORD", "Drittes")
    monkeypatch.setenv("HOME", "/home/anna")
    error = failure(make('echo "$WORD in $HOME"; exit 1', environment={"WORD": "env:CC_WORD", "HOME": "env:HOME"}))

    assert "*** in /home/anna\n" == error.console
    assert "Drittes" not in f"{error!r} {error}"


def test_environment_that_is_missing(make: Make) -> None:
    """A reference that leads nowhere is told with the name of the variable."""
    with pytest.raises(TransportError, match=r"^environment variable X of the programs: environment variable DXA_NO"):
        make(environment={"X": "env:DXA_NONE_OF_THIS"}).export()


def test_a_wrapper_tells_code_and_text(make: Make) -> None:
    """Where a program's own exit code says nothing, as DOSBox's, the wrapper's file must have it."""
    given = {"code_file": "EXPORT.RC", "console_file": "SAID.TXT"}
    export = "cp ../../record $1; printf '0 \\r\\n' > export.rc; printf 'Gr\\201\\341e\\r\\n' > SAID.TXT"
    exported = make(export, **given).export()

    assert exported is not None
    assert "Grüße\r\n" == exported.console
    assert 71 == failure(make("echo 4 > EXPORT.RC", **given)).event.number
    absent = "left no exit code: the file EXPORT.RC is not there, and the wrapper ended with 3"
    assert absent in str(failure(make("exit 3", **given)))
    assert "the file EXPORT.RC has 'x'" in str(failure(make("echo x > EXPORT.RC", **given)))


def test_an_import(make: Make) -> None:
    """IMPORT reads the whole file with the words for the mode, and the file is moved away afterwards."""
    programs = make("", 'echo "$2"; cat "$1"')
    result = programs.import_(b"text", Mode.DELETE)

    assert (State.DONE, 0, 58, b"") == (
        result.state,
        result.code,
        result.event and result.event.number,
        result.undeliverable,
    )
    assert "/DIRECTORY/DELETE\ntext" == result.console
    assert "/DIRECTORY/PROP\nmore" == programs.import_(b"more", Mode.ADD).console
    assert {"00000001-CCMDEL.IMP": b"text", "00000002-CCMDIR.IMP": b"more"} == done(programs)
    assert result.applied


def test_nothing_is_not_imported(make: Make) -> None:
    """An empty file runs no program."""
    assert State.NOTHING == make("", "exit 1").import_(b"", Mode.ADD).state


@pytest.mark.cc("T38")
@pytest.mark.parametrize("import_", ["echo refused > X.UND; exit 1", "exit 3", "exit 4", "kill -9 $$", "exec sleep 9"])
def test_a_failed_import_leaves_no_input(make: Make, import_: str) -> None:
    """KB Q223772: whatever came of the attempt, neither the input nor what was refused is met again."""
    programs = make("", import_, timeout=0.5)
    for n in (1, 2):
        with pytest.raises(RunError) as error:
            programs.import_(b"%d" % n, Mode.ADD)
        assert 59 <= error.value.event.number <= 62

    assert [] == [path.name for path in programs.folder.glob("*") if path.suffix in (".IMP", ".UND")]
    assert [b"1", b"2"] == [data for name, data in done(programs).items() if name.endswith("CCMDIR.IMP")]


@pytest.mark.cc("T40")
@pytest.mark.parametrize(("code", "number", "level"), [(5, 63, "warning"), (0, 58, "information")])
def test_what_was_refused_comes_back(make: Make, code: int, number: int, level: str) -> None:
    """With code 5 the rest was done. What IMPORT wrote is taken up, and is not taken for another run's."""
    programs = make("", f"echo Name: A > ccmail.und; exit {code}")
    result = programs.import_(b"text", Mode.ADD)

    assert b"Name: A\n" == result.undeliverable
    assert (code, True) == (result.code, result.applied)
    assert result.event is not None
    assert (number, level) == (result.event.number, result.event.level)
    assert b"" == make("", "exit 5").import_(b"text", Mode.ADD).undeliverable


def test_old_import_files_are_removed(make: Make) -> None:
    """So many files are kept, the newest ones."""
    programs = make("", "exit 0", keep=2)
    for n in range(4):
        programs.import_(b"%d" % n, Mode.ADD)

    assert {"00000003-CCMDIR.IMP": b"2", "00000004-CCMDIR.IMP": b"3"} == done(programs)


@pytest.mark.cc("T38")
def test_what_a_killed_run_left_is_moved_away(make: Make) -> None:
    """An input that nobody moved away, because dxa was killed, is not imported by the next run."""
    programs = make("cp ../../record $1")
    programs.folder.mkdir(parents=True)
    (programs.folder / "CCMDEL.IMP").write_bytes(b"old")
    programs.export()

    assert {"00000001-CCMDEL.IMP": b"old"} == done(programs)


def test_two_at_once_are_refused(make: Make) -> None:
    """While a program runs nobody else runs one in its folder."""
    programs = make("cp ../../record $1")
    with programs._locked(), pytest.raises(LockedError, match="EXPORT or IMPORT is still running"):
        programs.export()


def test_a_program_that_outlives_dxa_keeps_others_out(make: Make, tmp_path: Path) -> None:
    """When dxa is killed while IMPORT runs, the next one waits for IMPORT."""
    programs = make("", "echo $$ > T; mv T PID; exec sleep 60")
    code = (
        "import sys; from pathlib import Path; from dxa_ccmail.running.commands import *\n"
        "from dxa_ccmail.running.options import CommandOptions\n"
        f"o = CommandOptions(import_file=('./IMPORT',), free_megabytes=0); b = Path({str(tmp_path)!r})\n"
        "CommandPrograms(options=o, login=Login(postoffice='P'), base=b).import_(b'x', Mode.ADD)"
    )
    dxa = subprocess.Popen([sys.executable, "-c", code])
    pid = programs.folder / "PID"
    while not pid.exists():
        assert None is dxa.poll()
        time.sleep(0.02)
    dxa.kill()
    dxa.wait()

    try:
        with pytest.raises(LockedError):
            programs.import_(b"y", Mode.ADD)
    finally:
        os.killpg(int(pid.read_text()), signal.SIGKILL)


def test_the_log_of_the_post_office_is_told(make: Make, tmp_path: Path) -> None:
    """KB Q179072: the programs write a log when work with files fails."""
    programs = make()
    assert [] == programs.warnings()

    (tmp_path / "NFTerror.log").write_bytes(b"")
    login = Login(postoffice="P", folder=tmp_path)
    (warning,) = CommandPrograms(options=programs.options, login=login, base=tmp_path).warnings()
    assert warning.startswith(f"{tmp_path}/NFTerror.log says what failed")
    assert [] == list(programs.results())
    programs.settle(["x"])
