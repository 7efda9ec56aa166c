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
def linked(site: Driver) -> Driver:
    """A site with a system in memory, two registered peers, and three recipients of its own."""
    site.configure(MEMORY_LINK + POST_LINK)
    for peer in ("NET/A", "NET/B"):
        assert 0 == site("peers", "add", "post", peer, "--no-password").status
    for name in ("Ann", "Bob", "Cleo"):
        added = site(
            "recipients", "add", "--name", name, "--proxy", f"PO:LAB/HQ/{name.upper()}", "--proxy", f"MEM:{name}"
        )
        assert 0 == added.status
    return site
