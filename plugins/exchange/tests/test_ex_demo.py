"""The scene of `dxa demo` with a directory, played with no other plugin: on a real server, and by files."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa_exchange import plugin
from dxa_exchange.demo import places
from dxa_exchange.demo.people import GONE, NEW_NAME, NEWCOMER, PEOPLE
from tests.servers.openldap import why_not


def dxa(folder: Path, arguments: Sequence[str]) -> tuple[int, str]:
    """Run a command in a folder with this plugin alone."""
    session = Session()
    session._host = Host({"exchange": plugin}, discover=False)
    printed = io.StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
        status = run(arguments, session)
    return status, printed.getvalue()


@pytest.fixture(scope="module", params=["server", "files"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo's folder, and what it printed."""
    if request.param == "server" and (why := why_not()):
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        if request.param == "files":
            patch.setattr(places, "why_missing", lambda: "slapd is not installed")
        status, printed = dxa(folder, ["demo", "here"])
    assert 0 == status, printed
    return folder / "here", printed


def test_everybody_is_where_they_should_be(played: tuple[Path, str]) -> None:
    """The people of the directory are at the site as they are there, and nobody was harmed by an empty answer."""
    folder, printed = played
    _, listed = dxa(folder, ["-C", "site", "recipients", "list", "--container", places.IMPORTED, "--json"])
    names = {row["name"] for row in json.loads(listed)["recipients"]}
    expected = {person.name for person in PEOPLE} - {GONE.name, "Große, Ingeborg"} | {NEW_NAME, NEWCOMER.name}

    assert expected == names
    assert "is Große-Holm, Ingeborg now" in " ".join(printed.split())
    assert "all 7 are as before" in " ".join(printed.split())
    assert "another recipient" not in printed
    assert "harmed" not in printed


def test_the_site_stands_in_the_directory(played: tuple[Path, str]) -> None:
    """Its people are contacts there, each with the address where it lives."""
    _, printed = played
    part = printed.split("contacts stand in the directory")[1].split("A marriage")[0]

    assert "SMTP:johannaf@faber.example" in part


def test_what_is_printed_fits_a_terminal(played: tuple[Path, str]) -> None:
    """No line is longer than 80 columns."""
    _, printed = played

    assert [] == [line for line in printed.splitlines() if len(line) > 80]
