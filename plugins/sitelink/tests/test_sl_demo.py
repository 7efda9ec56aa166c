"""The scene of `dxa demo` with a second site, on a stage on which only MS Mail's commands are there."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import dxa_msmail.plugin as msmail
import dxa_sitelink.plugin as sitelink
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa_sitelink.demo.people import (
    GONE_AT_OFFICE,
    NEW_AT_OFFICE,
    NEW_AT_SERVER,
    NEW_AT_SITE,
    OFFICE_PEOPLE,
    RENAMED_AT_SITE,
    SITE_PEOPLE,
)

#: What a reader can type again, because it only looks.
LOOKING = re.compile(r"dxa (-C (site|kueste) (status|recipients list)|msmail postoffice (gal|check)) ?.*")


class MsMail:
    """The plugin for MS Mail without its own scene."""

    dxa_address_types = staticmethod(msmail.dxa_address_types)
    dxa_connectors = staticmethod(msmail.dxa_connectors)
    dxa_decoders = staticmethod(msmail.dxa_decoders)
    dxa_commands = staticmethod(msmail.dxa_commands)


def dxa(folder: Path, arguments: Sequence[str], **others: object) -> tuple[int, str]:
    """Run a command in a folder with these plugins alone."""
    session = Session()
    session._host = Host({"sitelink": sitelink, **others}, discover=False)
    printed = io.StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
        status = run(arguments, session)
    return status, printed.getvalue()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo's folder, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        status, printed = dxa(folder, ["demo", "here"], msmail=MsMail)
    assert 0 == status, printed
    return folder / "here", printed


def names(folder: Path, *arguments: str) -> set[str]:
    """Who is listed by a command that is typed in the demo's folder."""
    _, printed = dxa(folder, [*arguments, "--json"], msmail=MsMail)
    found = json.loads(printed)
    return {row["name"] for row in found.get("recipients") or found["entries"]}


def test_everybody_is_in_every_list(played: tuple[Path, str]) -> None:
    """Both sites and the postoffice behind the second one have the people of all three, as they are in the end."""
    folder, _ = played
    expected = {*SITE_PEOPLE.values(), *OFFICE_PEOPLE.values(), NEW_AT_SITE[1], NEW_AT_OFFICE[1], NEW_AT_SERVER}
    expected = expected - {OFFICE_PEOPLE[GONE_AT_OFFICE], SITE_PEOPLE[RENAMED_AT_SITE[0]]} | {RENAMED_AT_SITE[1]}
    lists = [
        names(folder, "-C", "site", "recipients", "list"),
        names(folder, "-C", "kueste", "recipients", "list"),
        names(folder, "msmail", "postoffice", "gal", "postoffices/depot"),
    ]

    # The letters that MS Mail's code page lacks are spelled out there.
    lists[2] = lists[2] - {"Pruszczynski, Lukasz"} | {SITE_PEOPLE["pruszcz"]}
    assert [set(), set(), set()] == [expected - found for found in lists]
    assert [False] * 3 == [OFFICE_PEOPLE[GONE_AT_OFFICE] in found for found in lists]


def test_what_was_shown_can_be_typed_again(played: tuple[Path, str]) -> None:
    """The commands that only look, and those that are named at the end."""
    folder, printed = played
    text = printed.replace("\\\n", " ")
    shown = re.findall(r"^\$ (.*)$", text, re.MULTILINE) + re.findall(r"^  (dxa \S.*?) +# ", text, re.MULTILINE)
    looking = [line for line in shown if LOOKING.fullmatch(line)]

    assert 5 <= len(looking)
    assert dict.fromkeys(looking, 0) == {line: dxa(folder, shlex.split(line)[1:], msmail=MsMail)[0] for line in looking}


def test_nothing_is_left_to_do(played: tuple[Path, str]) -> None:
    """A further cycle of either site hears nothing new."""
    folder, _ = played
    for site in ("site", "kueste", "site"):
        status, printed = dxa(folder, ["-C", site, "sync", "--json"], msmail=MsMail)
        assert (0, [0]) == (status, sorted({link["refused"] for link in json.loads(printed)["links"]}))


def test_what_is_printed_fits_a_terminal(played: tuple[Path, str]) -> None:
    """No line is longer than 80 columns."""
    assert [] == [line for line in played[1].splitlines() if len(line) > 80]


def test_without_ms_mail_there_is_no_scene(tmp_path: Path) -> None:
    """Nothing is said of a second site then."""
    status, printed = dxa(tmp_path, ["demo", "here"])

    assert (0, False) == (status, "Many sites" in printed)
