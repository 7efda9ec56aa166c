import os
import signal
import threading
import time
from pathlib import Path

import pytest

from dxa_ccmail.running.process import CONSOLE, Ran, find_program, run


def script(folder: Path, text: str, name: str = "PROG") -> str:
    """A program."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def ran(folder: Path, text: str, timeout: float = 20.0, **environment: str) -> Ran:
    """What becomes of a program."""
    return run((script(folder, text), "A  B", "$HOME"), folder=folder, environment=environment, timeout=timeout)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Whether a process goes away soon."""
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


def test_code_and_text_of_a_program(tmp_path: Path) -> None:
    """Both outputs are captured in their order, arguments are passed as they are, and the folder is the given one."""
    found = ran(tmp_path, 'echo "$1|$2"; pwd; echo wrong >&2; exit 3')

    assert Ran(3, f"A  B|$HOME\n{tmp_path}\nwrong\n".encode()) == found


@pytest.mark.cc("T42")
def test_captured_text_has_a_file_of_its_own(tmp_path: Path) -> None:
    """What a program says lands in no file that has a name, and it has nothing to read."""
    found = ran(tmp_path, "echo text; ls; cat; exit 0")

    assert b"text\nPROG\n" == found.console
    assert ["PROG"] == [path.name for path in tmp_path.iterdir()]


def test_the_environment_is_the_given_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of dxa's own environment, where passwords may stand, goes to a program."""
    monkeypatch.setenv("DXA_SECRET", "geheim")
    text = ran(tmp_path, "env", COLOUR="blue").console.decode()

    assert "COLOUR=blue" in text.splitlines()
    assert "geheim" not in text


def test_a_program_that_takes_too_long_is_killed_with_all_its_children(tmp_path: Path) -> None:
    """What it started, and what does not want to end, is killed; what it said is kept."""
    begin = time.monotonic()
    found = ran(tmp_path, "trap '' TERM\nsleep 60 & echo $!\necho waiting\nwait; sleep 60", timeout=0.3)
    child, text = found.console.split(maxsplit=1)

    assert None is found.code
    assert text.startswith(b"waiting")
    assert gone(int(child))
    assert time.monotonic() - begin < 20


def test_what_a_program_leaves_running_is_killed(tmp_path: Path) -> None:
    """When a program has ended nothing of it goes on writing."""
    found = ran(tmp_path, "sleep 60 & echo $!; exit 0")

    assert 0 == found.code
    assert gone(int(found.console))


@pytest.mark.cc("T50")
def test_an_interrupt_ends_the_program(tmp_path: Path) -> None:
    """Who stops dxa stops the program, too."""

    def interrupt() -> None:
        until = time.monotonic() + 10
        while not (tmp_path / "PID").exists() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        ran(tmp_path, "echo $$ > T; mv T PID; exec sleep 60")
    thread.join()

    assert gone(int((tmp_path / "PID").read_text()))


def test_the_end_by_a_signal_is_told(tmp_path: Path) -> None:
    """A program that crashed has the negative number of the signal."""
    assert -9 == ran(tmp_path, "kill -9 $$").code


def test_of_an_endless_text_the_ends_are_kept(tmp_path: Path) -> None:
    """A program that says the same for hours fills no memory; the cuts are at the ends of lines."""
    found = ran(tmp_path, f"echo begin; yes 0123456789 | head -c {11 * CONSOLE}; echo end")
    lines = found.console.split(b"\n")

    assert len(found.console) <= 2 * CONSOLE + 10
    assert [b"begin", b"end", b""] == [lines[0], *lines[-2:]]
    assert {b"begin", b"0123456789", b"[...]", b"end", b""} == set(lines)


def test_a_program_is_found(tmp_path: Path) -> None:
    """A name is looked for along the path of the environment, a path from the site's folder on."""
    path = script(tmp_path, "", "EXPORT")
    (tmp_path / "DATA").write_text("")

    assert path == find_program("EXPORT", tmp_path / "other", {"PATH": str(tmp_path)})
    assert path == find_program("./EXPORT", tmp_path, {})
    assert path == find_program(path, Path("/nowhere"), {})
    assert [None, None, None] == [
        find_program("EXPORT", tmp_path, {}),
        find_program("./DATA", tmp_path, {}),
        find_program("./none", tmp_path, {}),
    ]
    assert None is not find_program("sh", tmp_path, {})


def test_a_program_is_found_from_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in another folder than dxa, so its path is absolute, wherever it was found."""
    path = script(tmp_path, "", "EXPORT")
    monkeypatch.chdir(tmp_path.parent)
    base = Path(tmp_path.name)

    assert path == find_program("./EXPORT", base, {})
    assert path == find_program("EXPORT", base, {"PATH": tmp_path.name})
