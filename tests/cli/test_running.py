"""How commands end: locks, interruptions, broken pipes, faults, logs, terminals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dxa.agent.site import site_lock
from dxa.cli import output
from dxa.cli.run import run
from dxa.cli.session import Session
from tests.cli.driver import Driver

MAIN = "import sys; from dxa.cli import main; sys.exit(main())"


def _process(folder: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A dxa of its own process."""
    command = [sys.executable, "-c", MAIN, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload, no-any-return]  # options pass through


# -- the lock ------------------------------------------------------------------------------------------------------


def test_second_writer_is_refused(alone: Driver) -> None:
    """While one process writes, another is told who does, and changes nothing; readers are not kept waiting."""
    with site_lock(alone.folder):
        writer = _process(alone.folder, "recipients", "add", "--name", "Dora")
        reader = _process(alone.folder, "recipients", "list", "--json")

    assert 1 == writer.returncode
    assert f"error: another dxa (process {os.getpid()}) is writing to {alone.folder}" in writer.stderr
    assert "Traceback" not in writer.stderr
    assert (0, 3) == (reader.returncode, json.loads(reader.stdout)["total"])


@pytest.mark.parametrize(
    "command",
    [
        *(
            "sync",
            "plan",
            "approve x",
            "reject x",
            "recipients set 1 --trust 1",
            "recipients remove 1",
            "peers full NET/A",
        ),
        *("peers add post NET/C --no-password", "peers remove NET/A --keep", "rejects retry 1"),
    ],
)
def test_writers_take_the_lock(command: str, linked: Driver) -> None:
    """Every command that writes respects the lock."""
    with site_lock(linked.folder):
        done = linked(*command.split())

    assert 1 == done.status
    assert "is writing to" in done.err


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "check",
        "history",
        "recipients list",
        "recipients show 1",
        "peers list",
        "messages list",
        "rejects list",
    ],
)
def test_readers_take_no_lock(command: str, linked: Driver) -> None:
    """Commands that only read work beside a writer."""
    with site_lock(linked.folder):
        assert 0 == linked(*command.split()).status


# -- ends ----------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-229")
def test_interruption(linked: Driver) -> None:
    """Ctrl+C ends a command with one line and status 130; what was not finished is taken back."""
    linked.system.put("Zoe", "zoe")
    linked.world.interrupted = True
    done = linked("sync")

    assert (130, "") == (done.status, done.out)
    assert "interrupted; what was finished stays, and the next run takes up the rest\n" == done.err
    linked.world.interrupted = False

    assert 0 == linked("sync").status
    assert 4 == linked("recipients", "list", "--json").json["total"]


@pytest.mark.dx("T-229")
def test_interruption_of_a_process(site: Driver, tmp_path: Path) -> None:
    """A process that gets Ctrl+C while it works ends with 130 and without a traceback."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", MAIN, "dump", str(pipe)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        pipe.open("wb"),  # returns when the command has opened the other end, and waits for what comes
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert (130, "") == (process.returncode, out)
    assert "Traceback" not in err
    assert "interrupted" in err


def test_broken_pipe(alone: Driver) -> None:
    """A reader that goes away early is no fault: nothing is said."""
    for number in range(300):
        alone.system.put(f"Person {number:03} of a rather long name", f"p{number:03}")
    alone("sync", "mem")
    dxa = f"{sys.executable} -c '{MAIN}' -C {alone.folder} recipients list --limit 500"
    script = f"{{ {dxa}; echo $? >&2; }} | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)

    assert "141" == done.stderr.strip()


def test_streams_that_are_closed(alone: Driver) -> None:
    """A dxa that is begun without streams, as by some schedulers, does its work."""
    script = f"exec {sys.executable} -c '{MAIN}' -C {alone.folder} status <&- >&- 2>&-"

    done = subprocess.run(["bash", "-c", script], check=False, timeout=60)

    assert 0 == done.returncode


def test_debug_shows_tracebacks(linked: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are one message; --debug or DXA_DEBUG shows where they come from."""
    plain, debug = (
        linked("recipients", "show", "99"),
        linked.bare("--debug", "-C", str(linked.folder), "recipients", "show", "99"),
    )
    monkeypatch.setenv("DXA_DEBUG", "1")
    by_environment = linked("recipients", "show", "99")

    assert "Traceback" not in plain.err
    assert "Traceback" in debug.err
    assert "Traceback" in by_environment.err
    assert (2, 2, 2) == (plain.status, debug.status, by_environment.status)


def test_fault_of_dxa(linked: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is reported as dxa's own fault, with what to do next."""
    monkeypatch.setattr("dxa.agent.queries.status", lambda *_, **__: 1 / 0)
    done = linked("status")

    assert 1 == done.status
    assert "error: this is a fault in dxa: ZeroDivisionError: division by zero\n" in done.err
    assert "dxa --debug" in done.err


def test_database_that_is_gone(linked: Driver) -> None:
    """A site whose database is missing says what to do."""
    (linked.folder / "dxa.db").unlink()
    done = linked("status")

    assert 1 == done.status
    assert "there is no database" in done.err
    assert "bring back a backup by `dxa restore`" in done.err


# -- errors --------------------------------------------------------------------------------------------------------


def test_errors_are_folded_on_a_terminal_only(dxa: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets an error on one line; on a terminal it is folded to its width, and hangs behind its first line."""
    folder = "somewhere/where/there/is/no/site/at/all"
    piped = dxa.bare("-C", folder, "status").err
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    folded = dxa.bare("-C", folder, "status").err.splitlines()

    assert 1 == piped.count("\n")
    assert len(folded) > 1
    assert ["  "] == sorted({line[:2] for line in folded[1:]})
    assert max(map(len, folded)) <= 80
    assert piped.split() == " ".join(folded).split()


def test_the_configuration_is_parsed_once(alone: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What says which plugins take part says the rest, too."""
    parsed, loads = list[str](), tomllib.loads

    def counting(text: str) -> dict[str, object]:
        parsed.append(text)
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counting)

    assert 0 == run(["-C", str(alone.folder), "recipients", "list"], Session())
    assert [(alone.folder / "dxa.toml").read_text("utf-8")] == parsed


def test_plugins_that_are_wanted_exist(alone: Driver) -> None:
    """A plugin that is wanted for once and not there is a mistake; one that is left out need not be there."""
    wanted = run(["--plugins", "memory,mempry", "-C", str(alone.folder), "status"], Session())
    done = alone.capsys.readouterr()

    assert 2 == wanted
    assert done.err.startswith("error: no plugin 'mempry'; there are: memory")
    assert 0 == run(["--plugins", "-mempry", "-C", str(alone.folder), "status"], Session())


# -- the log -------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-224")
def test_log_file(linked: Driver, tmp_path: Path) -> None:
    """A log file keeps what was done, though nothing is logged on the screen."""
    log = tmp_path / "dxa.log"
    linked.system.put("Zoe", "zoe")
    done = linked("--log-file", str(log), "--log-json", "sync", "mem")
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    assert (0, "") == (done.status, done.err)
    assert [("cycle", "mem", {"A": 1}, "info")] == [(e["event"], e["link"], e["applied"], e["level"]) for e in events]
    linked("--log-file", str(log), "recipients", "remove", "1")

    assert "event=removed" in log.read_text("utf-8")


@pytest.mark.dx("T-224")
def test_log_file_that_cannot_be_written(linked: Driver, tmp_path: Path) -> None:
    """A log that cannot be written stops the command before it does anything."""
    linked.system.put("Zoe", "zoe")
    done = linked("--log-file", str(tmp_path / "missing" / "dxa.log"), "sync")

    assert 2 == done.status
    assert "cannot write the log file" in done.err
    assert 3 == linked("recipients", "list", "--json").json["total"]


def test_log_on_the_screen(linked: Driver) -> None:
    """--log-level info shows on standard error what is done; the output stays the same."""
    done = linked("--log-level", "info", "sync", "mem", "--json")

    assert "event=cycle" in done.err
    assert 0 == done.json["exit_status"]


# -- the screen ----------------------------------------------------------------------------------------------------


def test_quiet_in_a_pipe(alone: Driver) -> None:
    """In a pipe there is neither colour nor progress, and no line is wider than 80 columns."""
    long = "A name that is longer than thirty characters, by far"
    alone("recipients", "add", "--name", long, "--container", "A/" * 40 + "B")
    for number in range(3):
        alone.system.put(f"Person {number}" + "x" * 90, f"p{number}")
    for command in ("plan", "sync", "status", "recipients list", "messages list", "history", "peers list --counts"):
        done = alone(*command.split())

        assert (0, "") == (done.status, done.err)
        assert "\x1b" not in done.out
        assert 80 >= max(map(len, done.lines))


def test_quiet_in_a_real_pipe(alone: Driver) -> None:
    """The same of a process of its own."""
    done = _process(alone.folder, "sync")

    assert (0, "") == (done.returncode, done.stderr)
    assert "\x1b" not in done.stdout


def _on_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command writes to a terminal of 100 columns."""
    main, terminal = pty.openpty()
    command = [sys.executable, "-c", MAIN, "-C", str(folder), *arguments]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "PYTHONUTF8": "1", **environment}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=env) as process:
        os.close(terminal)
        written = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # the terminal's other side is closed
                break
            if not part:
                break
            written += part
        process.wait(timeout=30)
    os.close(main)
    return written.decode("utf-8")


def test_colours_on_a_terminal_only(alone: Driver) -> None:
    """A terminal gets emphasis, unless NO_COLOR is set."""
    plain, bold = (_on_a_terminal(alone.folder, "recipients", "show", "1", **env) for env in ({"NO_COLOR": "1"}, {}))

    assert "\x1b[1m" in bold
    assert "\x1b[3" not in plain
    assert "Ann" in plain


def test_progress_on_a_terminal(alone: Driver) -> None:
    """Long work shows on a terminal that it goes on, and takes that away again."""
    written = _on_a_terminal(alone.folder, "sync")

    assert "\x1b[?25l" in written  # the cursor is hidden while progress is shown
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert "delivered" in written


def test_output_that_cannot_be_encoded(alone: Driver) -> None:
    """Where the screen has no such letters they are written out, and JSON stays JSON."""
    alone("recipients", "set", "1", "--name", "Änne")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown, as_json = (
        _process(alone.folder, *arguments, env=environment)
        for arguments in (["recipients", "list"], ["recipients", "list", "--json"])
    )

    assert "\\xc4nne" in shown.stdout
    assert "Änne" == json.loads(as_json.stdout)["recipients"][0]["name"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë [bold] :smile:", "Zoë [bold] :smile:"),
        ("a\x1b[31mb\x07", "a\\x1b[31mb\\x07"),
        ("left\u202eright", "left\\u202eright"),
        ("byte \udc81", "byte \\udc81"),
        ("two\nlines\tkept", "two\nlines\tkept"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    """What could steer a terminal or cannot be encoded is written out."""
    assert expected == output.printable(text)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, "–"), (-5, "0 s"), (59, "59 s"), (60, "1 min"), (7_199, "1 h"), (86_400, "1 d"), (900_000, "10 d")],
)
def test_ago(seconds: float | None, expected: str) -> None:
    """An age is told in its largest unit."""
    assert expected == output.ago(seconds)


def test_a_configuration_that_changed_before_the_lock_counts(alone: Driver) -> None:
    """What another command wrote while this one started is what it works with."""
    session = Session(folder=alone.folder)
    wanted = session.host.connectors()
    path = alone.folder / "dxa.toml"
    path.write_text(path.read_text(encoding="utf-8") + "[addressing.code_pages]\nSMTP = 'cp850'\n", encoding="utf-8")

    assert wanted
    with session.writing_without_secrets() as site:
        assert {"SMTP": "cp850"} == dict(site.config.addressing.code_pages)
