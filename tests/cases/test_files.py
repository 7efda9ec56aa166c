"""A full answer by file, seen from the command line."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from dxa.cli.run import run
from dxa.cli.session import Session
from dxa_msmail.postoffice import resync
from tests.cases.harness import SITE, SiteHarness, link, peer
from tests.labs.offices import TYPES

TEXT = SITE + link() + peer("NET/ONE") + peer("NET/TWO") + peer("NET/THREE")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with a person, two postoffices that have everything, and one that never spoke."""
    site = SiteHarness(tmp_path, TEXT)
    site.add("Sue Site")
    for name in ("NET/ONE", "NET/TWO"):
        site.joined(name, f"A Ann\tPCM:{name}/ANN")
    site.close()
    return tmp_path


@attrs.frozen
class Command:
    """`dxa peers full` in a site."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """The exit status, and all that was printed, in one line."""
        self.capsys.readouterr()
        status = run(["-C", str(self.folder), "peers", "full", *arguments], Session())
        printed = self.capsys.readouterr()
        return status, " ".join(f"{printed.out} {printed.err}".split())


@pytest.fixture
def full(folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command."""
    return Command(folder, capsys)


def files(folder: Path) -> list[Path]:
    """What was left."""
    return sorted((folder / "mail" / "resync").glob("*/RESYNC.GLB"))


def test_a_file_for_two_peers(full: Command) -> None:
    """The command leaves one file for both, and says where it lies, for whom it is, and what to do with it."""
    status, said = full("NET/ONE", "NET/TWO", "--by-file", "--global-max")
    (path,) = files(full.folder)

    assert 0 == status, said
    assert "[166] the full list for NET/ONE, NET/TWO is a file" in said
    assert path.parent.name in said
    assert "dxa msmail import ADMIN -q" in said


def test_a_file_for_a_peer_that_never_spoke(full: Command) -> None:
    """A new postoffice behind a slow link can begin with a file: it goes on from there with its first request."""
    assert 0 == full("NET/THREE", "--by-file")[0]
    (path,) = files(full.folder)
    found = resync.read(path.read_bytes(), TYPES)
    site = SiteHarness(full.folder, TEXT, now=1_000_100_000.0)
    site.add("Tom Site")
    site.sync()
    three = site.postoffice("NET/THREE", s=found.reply.s, r=found.reply.r, i=found.reply.i)
    answer = three.cycle()
    site.close()

    assert {"Sue Site", "Ann"} == {row.side.name for row in found.records.transactions if row.side.name}
    assert (found.reply.s, ["A Tom Site PCM:LAB/HQ/TOM"]) == (answer.was, answer.lines)


def test_a_letter_for_two_peers(full: Command) -> None:
    """Without --by-file both get everything by letter, after their next requests."""
    status, said = full("NET/ONE", "NET/TWO")

    assert (0, 2, []) == (status, said.count("gets a full answer after its next request"), files(full.folder))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["NET/FOUR", "--by-file"], "no peer"),
        (["NET/ONE", "--global-max"], "--global-max goes with --by-file"),
    ],
)
def test_what_the_command_refuses(full: Command, arguments: list[str], why: str) -> None:
    """A peer that is not registered, and options that do not go together, are told; nothing is left."""
    status, said = full(*arguments)

    assert (2, True, []) == (status, why in said, files(full.folder))
