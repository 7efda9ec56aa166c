"""`dxa dump`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dxa.connector import Decoder
from dxa.hookspecs import hookimpl
from dxa.host import Host
from tests.cli.driver import Driver


class Places:
    """A plugin with a decoder for files that are known by their place alone."""

    @hookimpl
    def dxa_decoders(self) -> list[Decoder]:
        """Counts bytes."""

        def decode(data: bytes) -> Iterator[dict[str, Any]]:
            yield {"kind": "count", "size": len(data)}

        return [Decoder(name="counts", sniff=lambda _data: False, decode=decode, names=("POST/*.CNT",))]


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


@pytest.mark.parametrize("content", ["", "request of NET/A\n"])
def test_a_file_that_is_known_by_its_place(tmp_path: Path, dxa: Driver, content: str) -> None:
    """Folder and name, in any case, count more than what the file holds; such a file may be empty."""
    dxa.host = Host(extra={"world": dxa.world, "places": Places()}, discover=False)
    file = tmp_path / "Post" / "some.cnt"
    file.parent.mkdir()
    file.write_text(content, "utf-8")
    done = dxa.bare("dump", str(file), "--json")

    assert (0, [{"kind": "count", "size": len(content)}]) == (
        done.status,
        [json.loads(line) for line in done.out.splitlines()],
    )
    assert "counts" in dxa.bare("dump", str(file)).out


def test_a_place_is_looked_for_whatever_folder_is_the_current_one(
    tmp_path: Path, dxa: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name alone is enough in the file's own folder; another format can be insisted on."""
    dxa.host = Host(extra={"world": dxa.world, "places": Places()}, discover=False)
    (tmp_path / "POST").mkdir()
    (tmp_path / "POST" / "A.CNT").write_text("request of NET/A\n", "utf-8")
    monkeypatch.chdir(tmp_path / "POST")

    assert "A.CNT: counts" == dxa.bare("dump", "A.CNT").lines[0]
    assert "A.CNT: lines" == dxa.bare("dump", "A.CNT", "--as", "lines").lines[0]
