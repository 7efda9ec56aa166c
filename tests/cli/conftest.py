"""Fixtures: a driver for an empty folder, for a new site, and for one with both links."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.driver import MEMORY_LINK, POST_LINK, Driver


@pytest.fixture
def dxa(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Commands, and no site yet."""
    for name in ("DXA_SITE", "DXA_DEBUG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return Driver(tmp_path / "site", capsys)


@pytest.fixture
def site(dxa: Driver) -> Driver:
    """A new site without links."""
    assert 0 == dxa("init", "--organization", "LAB", "--site", "HQ").status
    return dxa


@pytest.fixture
def alone(site: Driver) -> Driver:
    """A site with a link to a system in memory and three recipients: what a process of its own can open, too."""
    site.configure(MEMORY_LINK)
    for name in ("Ann", "Bob", "Cleo"):
        addresses = ["--proxy", f"PO:LAB/HQ/{name.upper()}", "--proxy", f"MEM:{name}"]
        assert 0 == site("recipients", "add", "--name", name, *addresses).status
    return site


@pytest.fixture
def linked(alone: Driver) -> Driver:
    """The same with two registered peers of another link."""
    alone.configure(POST_LINK)
    for peer in ("NET/A", "NET/B"):
        assert 0 == alone("peers", "add", "post", peer, "--no-password").status
    return alone
