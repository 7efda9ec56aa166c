"""``dxa msmail srvmain``, and what ADMIN does at a directory server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dxa.cli.run import run as run_dxa
from dxa.cli.session import Session


@pytest.fixture
def hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A directory server and a requestor that know each other, with a person each."""
    for folder, network, other in (("hub", "HUB", "north"), ("north", "NORTH", "hub")):
        dxa(capsys, "postoffice", "create", tmp_path / folder, "--network", network, "--postoffice", "MAIN")
        admin(capsys, tmp_path / folder, "postoffice", "add", f"{other.upper()}/MAIN", "--direct", f"../{other}")
        admin(capsys, tmp_path / folder, "user", "add", f"{folder}1", "--name", f"Of {folder}")
    admin(capsys, tmp_path / "hub", "server", "HUB/MAIN")
    admin(capsys, tmp_path / "north", "server", "HUB/MAIN", "--password", "secret")
    return tmp_path / "hub"


def dxa(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    """What a command prints, after its exit status was looked at."""
    found = run_dxa(["msmail", *map(str, words)], Session())
    said = capsys.readouterr()
    assert status == found, said.err
    return " ".join((said.out + said.err).split())


def admin(capsys: pytest.CaptureFixture[str], folder: Path, *words: object, status: int = 0) -> str:
    """What an ADMIN command prints."""
    return dxa(capsys, "admin", "ADMIN", "-d", folder, *words, status=status)


def plain(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    """The JSON that a command prints."""
    return json.loads(dxa(capsys, *words, "--json"))


def ask(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """T1, and the mail is moved."""
    dxa(capsys, "reqmain", "-t", "-d", folder)
    dxa(capsys, "external", "-d", folder)


def test_a_cycle_of_commands(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-r says what each requestor told, -t what each got; both as JSON, too."""
    admin(capsys, hub, "requestor", "NORTH/MAIN", "--password", "secret")
    ask(capsys, hub.parent / "north")
    said = dxa(capsys, "srvmain", "-r", "-d", hub)
    assert "T2: NORTH/MAIN: R=3 (was 1), S=0, I=1: 1 change of what it tells. The master list: 1 change." in said
    said = dxa(capsys, "srvmain", "-t", "-d", hub)
    assert "No tasks from requestor HUB/MAIN." in said
    assert "T2: NORTH/MAIN: R=3 S=4 (was 0), I=1: 0 sent, everything." in said
    ask(capsys, hub)
    ask(capsys, hub.parent / "north")
    received, sent = plain(capsys, "srvmain", "-r", "-d", hub), plain(capsys, "srvmain", "-t", "-d", hub)
    assert ["HUB/MAIN", "NORTH/MAIN"] == sorted(each["requestor"] for each in received["taken"])
    assert (["HUB/MAIN", "NORTH/MAIN"], 1) == (sorted(received["reports"]), received["changes"])
    assert {"HUB/MAIN": True, "NORTH/MAIN": True} == {each["requestor"]: each["full"] for each in sent["answers"]}
    assert ["PCM:HUB/MAIN", "PCM:NORTH/MAIN"] == plain(capsys, "admin", "ADMIN", "-d", hub, "server-options")[
        "requestors"
    ]


def test_one_of_both_ways(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SRVMAIN does one thing at a time: -t is not begun when -r has failed (KB Q127752)."""
    assert "Give -r" in dxa(capsys, "srvmain", "-d", hub, status=2)
    assert "Give -r" in dxa(capsys, "srvmain", "-r", "-t", "-d", hub, status=2)
    assert "[161]" in dxa(capsys, "srvmain", "-r", "-d", hub.parent / "north", status=2)


@pytest.mark.dx("T-150", "T-152")
def test_who_is_refused_is_named(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever is not registered, or has another password, is shown with the number."""
    ask(capsys, hub.parent / "north")
    assert "[120] requestor not registered: NORTH/MAIN. From: NORTH/MAIN/$SYSTEM" in dxa(
        capsys, "srvmain", "-r", "-d", hub
    )
    admin(capsys, hub, "requestor", "NORTH/MAIN", "--password", "another")
    ask(capsys, hub.parent / "north")
    assert "[156]" in dxa(capsys, "srvmain", "-r", "-d", hub)


@pytest.mark.dx("T-153")
def test_requestors_are_administered(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They come, change and go; that one has no password, or that no mail gets there, is said."""
    said = admin(capsys, hub, "requestor", "EAST/MAIN", "--no-password", "--limit", 5000)
    assert "It is not known here yet: `postoffice add EAST/MAIN`" in said
    assert "It has no password" in said
    assert "no password" not in admin(capsys, hub, "requestor", "EAST/MAIN", "--password", "env:NOWHERE")
    listed = plain(capsys, "listds", "-s", "-d", hub)["requestors"]
    assert {"PCM:HUB/MAIN": 0, "PCM:EAST/MAIN": 5000} == {row["name"]: row["limit"] for row in listed}
    assert "gets everything with its next request" in admin(capsys, hub, "requestor", "EAST/MAIN", "--full")
    assert "is no requestor any more" in admin(capsys, hub, "requestor", "EAST/MAIN", "--remove", "--forget")
    assert "[120]" in admin(capsys, hub, "requestor", "EAST/MAIN", "--remove", status=2)
    assert "--remove" in admin(capsys, hub, "requestor", "EAST/MAIN", "--forget", status=2)
    assert "not both" in admin(capsys, hub, "requestor", "A/B", "--password", "x", "--no-password", status=2)


def test_options_and_the_end_of_a_server(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Administrator and Keep Updates are shown; --anew keeps the requestors, --demote nothing."""
    shown = plain(
        capsys, "admin", "ADMIN", "-d", hub, "server-options", "--administrator", "HUB1", "--keep-updates", 30
    )
    assert ("hub1", 30, ["PCM:HUB/MAIN"]) == (shown["administrator"], shown["keep_updates"], shown["requestors"])
    assert "PCM:HUB/MAIN" in admin(capsys, hub, "server-options", "--anew")
    assert "not both" in admin(capsys, hub, "server-options", "--anew", "--demote", status=2)
    assert "no directory server any more" in admin(capsys, hub, "server-options", "--demote")
    assert "[161]" in admin(capsys, hub, "server-options", status=2)
