"""Sites for the numbered cases."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.harness import MakeSite, SiteHarness, mail


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Makes a site from the text of its configuration; without one, a site with two postoffices."""
    made: list[SiteHarness] = []

    def make(text: str | None = None) -> SiteHarness:
        folder = tmp_path / f"site{len(made)}"
        folder.mkdir()
        made.append(SiteHarness(folder, mail("NET/ONE", "NET/TWO") if text is None else text))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: MakeSite) -> SiteHarness:
    """A site with two postoffices."""
    return make_site()
