"""What `dxa check` says of a post office, and of whoever runs its programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dxa.address import AddressTypes
from dxa.config.secrets import Secret
from dxa.connector import LinkContext, PeerInfo
from dxa_ccmail.addresses import ADDRESS_TYPES
from dxa_ccmail.kept import digest_of
from dxa_ccmail.options import CcMailOptions
from dxa_ccmail.running.options import CommandOptions, DropOptions, SimulatorOptions
from dxa_ccmail.simulator.office import Office, digest
from dxa_ccmail.simulator.state import PlayedOffice
from dxa_ccmail.ways import open_connector

Said = Callable[..., dict[str, str]]


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """What is said of a link with these options, by place; a warning begins with a question mark."""

    def examined(**options: Any) -> dict[str, str]:
        context = LinkContext(
            link="PO1",
            options=CcMailOptions(**options),
            folder=tmp_path,
            types=AddressTypes(ADDRESS_TYPES),
            site=("Lab", "Berlin"),
            peers={"po1": PeerInfo(id="PO1", name="PO1")},
            now=lambda: 1e10,
        )
        before = sorted(tmp_path.rglob("*"))
        found = {each.where: f"{'? ' * each.warning}{each.text}" for each in open_connector(context).examine()}
        assert before == sorted(tmp_path.rglob("*"))
        return found

    return examined


def commands(folder: Path, **options: Any) -> CommandOptions:
    """Command lines whose programs are there."""
    for name in ("EXPORT", "IMPORT"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    given = {"export": ("./EXPORT", "{kind}"), "import_file": ("./IMPORT", "{mode}"), "free_megabytes": 0, **options}
    return CommandOptions(**given)


def test_of_command_lines_that_can_run_nothing_is_said(said: Said, tmp_path: Path) -> None:
    """Nor is anything made: the folders of the site come with the first cycle."""
    (tmp_path / "office").mkdir()
    (tmp_path / "office" / "CCPOMBOX.001").touch()

    assert {} == said(commands=commands(tmp_path), folder="office")


def test_programs_that_cannot_be_run_are_named(said: Said, tmp_path: Path) -> None:
    """One that is not there, one that nobody may execute, one that no PATH leads to, and variables that are not set."""
    absent = commands(tmp_path, import_file=("bin/IMPORT",), environment={"KEY": "file:absent"})
    (tmp_path / "EXPORT").chmod(0o644)
    found = said(commands=absent)
    elsewhere = said(commands=commands(tmp_path, export=("EXPORT",), environment={"PATH": "/nowhere"}))

    assert f"{tmp_path}/EXPORT is not executable by this user" == found["commands.export"]
    assert found["commands.import_file"].startswith(f"there is no program {tmp_path}/bin/IMPORT")
    assert "absent" in found["commands.environment.KEY"]
    assert "there is no program EXPORT on the PATH /nowhere; give it with its folder" == elsewhere["commands.export"]


def test_placeholders_that_stand_for_nothing_are_warned_of(said: Said, tmp_path: Path) -> None:
    """A post office may have no password, and a program may know its path: both are only said."""
    options = commands(tmp_path, export=("./EXPORT", "/P{password}"), import_file=("./IMPORT", "/D{path}"))

    assert {
        "commands.export": "? it has {password}, and the option password is empty",
        "commands.import_file": "? it has {path}, and the option path is empty",
    } == said(commands=options)
    assert {} == said(commands=options, password=Secret("x"), path="M:\\PO")
    missing = said(commands=options, password=Secret("", missing="environment variable PO is not set"), path="M:\\PO")
    assert {"password": "environment variable PO is not set"} == missing


def test_the_post_office_and_the_programs_files_are_looked_at(said: Said, tmp_path: Path) -> None:
    """A folder without mailboxes is none; one that is shut down opens again; DB8 needs a resource file."""
    (tmp_path / "office").mkdir()
    (tmp_path / "EXPORT.EXE").touch()
    (tmp_path / "IMPORT.EXE").touch()
    old = commands(tmp_path, version="DB8", programs=str(tmp_path))
    none = said(commands=old, folder="office")
    for name in ("CCPOMBOX.001", "CCPODOWN"):
        (tmp_path / "office" / name).touch()
    down = said(commands=commands(tmp_path), folder="office")

    assert "IE.RI was not found" in none[str(tmp_path)]
    assert "has no CCPOMBOX.*" in none[f"{tmp_path}/office"]
    assert [True] == [text.startswith("? ") and "shut down" in text for text in down.values()]


def test_folders_of_somebody_else_must_be_there(said: Said, tmp_path: Path) -> None:
    """A share that is not mounted is a fault; an unfinished export, and a file that nobody takes, are told."""
    away = said(run="drop", drop=DropOptions(exports=str(tmp_path / "share"), imports="in", manifest="EXPORT.RC"))
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "CCMDIR.EXP").write_bytes(b"Name: Doe, Jane\r\nLocn: L\r\nAddr:\r\nCmts:\r\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "CCMDIR.IMP").touch()
    waiting = said(run="drop", drop=DropOptions(exports=str(tmp_path / "share"), imports="in", manifest="EXPORT.RC"))
    (tmp_path / "share" / "EXPORT.RC").write_bytes(b"3\n")
    failed = said(run="drop", drop=DropOptions(exports=str(tmp_path / "share"), imports="gone", manifest="EXPORT.RC"))

    assert ["is the disk or share that it lies on mounted?"] == [text.split("; ")[-1] for text in away.values()]
    assert "? no export can be taken now: EXPORT.RC is not there yet" == waiting[str(tmp_path / "share")]
    assert "does somebody run IMPORT?" in waiting["in"]
    assert "EXPORT ended with code 3" in failed[str(tmp_path / "share")]


def test_a_played_post_office_is_there_and_lets_us_in(said: Said, tmp_path: Path) -> None:
    """Without one it is said what makes it; with another password, that nobody gets in."""
    options: dict[str, Any] = {"run": "simulator", "simulator": SimulatorOptions(folder="po")}
    absent = said(**options)
    PlayedOffice.create(tmp_path / "po", Office(name="PO1", password=digest("Geheim")))
    wrong, right = said(**options), said(**options, password=Secret("Geheim"))
    PlayedOffice(tmp_path / "po").shut_down(True)
    down = said(**options, password=Secret("Geheim"))

    assert "`dxa ccmail simulate init` makes a post office" in absent["po"]
    assert "does not let 'PO1' in with this password" in wrong["po"]
    assert {} == right
    assert down["po"].startswith("? the post office is shut down")


def test_a_kept_export_that_is_another_one_is_told(said: Said, tmp_path: Path) -> None:
    """The next export is read as a whole then; one that is as it was is nothing to tell."""
    PlayedOffice.create(tmp_path / "po", Office(name="PO1"))
    kept = tmp_path / "ccmail" / "kept" / "PO1"
    kept.mkdir(parents=True)
    (kept / f"{digest_of(b'abc')}.exp").write_bytes(b"abc")
    options: dict[str, Any] = {"run": "simulator", "simulator": SimulatorOptions(folder="po")}
    whole = said(**options)
    (kept / f"{digest_of(b'abc')}.exp").write_bytes(b"abd")
    found = said(**options)

    assert {} == whole
    assert ["?"] == [text[0] for text in found.values()]
    assert "the next export is read as a whole" in found[str(kept)]
