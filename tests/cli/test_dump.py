"""`dxa dump`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.driver import Driver


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with two good records and a bad one."""
    path = tmp_path / "list.txt"
    path.write_text("request of NET/A\nAnn [bold]\n! what\x07ever\n", "utf-8")
    return path


def test_table(file: Path, dxa: Driver) -> None:
    """A file is recognised and printed as tables; bad records make the exit status 1."""
    done = dxa.bare("dump", str(file))

    assert 1 == done.status
    assert f"{file}: lines" == done.lines[0]
    assert "Ann [bold]" in done.out
    assert "what\\x07" in done.out
    assert "1 record could not be read.\n" in done.out


def test_json_lines(file: Path, dxa: Driver) -> None:
    """With --json each record is one line of JSON."""
    done = dxa.bare("dump", str(file), "--json")
    records = [json.loads(line) for line in done.out.splitlines()]

    assert 1 == done.status
    assert ["file", "transaction", "transaction", "reject"] == [record["kind"] for record in records]
    assert "! what\x07ever" == records[-1]["text"]


def test_good_file(tmp_path: Path, dxa: Driver) -> None:
    """A file without bad records exits with 0."""
    (tmp_path / "good").write_text("request of NET/A\n", "utf-8")

    assert 0 == dxa.bare("dump", str(tmp_path / "good")).status


def test_unknown_format(tmp_path: Path, dxa: Driver) -> None:
    """A file that nobody knows is refused, with the formats that are known; one can be insisted on."""
    (tmp_path / "other").write_text("Ann\n", "utf-8")
    done = dxa.bare("dump", str(tmp_path / "other"))

    assert 2 == done.status
    assert "nothing here knows this format; known formats: lines" in done.err
    assert 0 == dxa.bare("dump", str(tmp_path / "other"), "--as", "lines").status


def test_unknown_name_of_a_format(file: Path, dxa: Driver) -> None:
    """A format that does not exist is refused."""
    done = dxa.bare("dump", str(file), "--as", "nothing")

    assert 2 == done.status
    assert "there is no format 'nothing'; known formats: lines" in done.err


def test_no_file(tmp_path: Path, dxa: Driver) -> None:
    """A file that does not exist is a wrong usage."""
    done = dxa.bare("dump", str(tmp_path / "missing"))

    assert 2 == done.status
    assert "missing" in done.err


def test_empty_file(tmp_path: Path, dxa: Driver) -> None:
    """An empty file is called that."""
    (tmp_path / "empty").touch()
    done = dxa.bare("dump", str(tmp_path / "empty"))

    assert 2 == done.status
    assert "empty is empty" in done.err
