"""What connectors keep beside the database goes into a backup and comes back; and what they find out about it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa_msmail.postoffice.maildata import Maildata
from tests.cli.driver import Driver

SHADOW = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients"]
[links.pcmail.msmail]
maildata = "shadow"
[links.pcmail.peers."NORTH/MAIN"]
no_password = true
"""
FILES = """
[links.letters]
connector = "msmail"
role = "server"
import_container = "Letters"
[links.letters.msmail]
inbox = "mail/in"
outbox = "{outbox}"
[links.letters.peers."NORTH/OTHER"]
no_password = true

[links.files]
connector = "exchange"
import_container = "Files"
[links.files.exchange]
inbox = "{inbox}"
"""


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Driver:
    """A site with installed connectors: a shadow postoffice, folders of messages, and folders of files."""
    driver = Driver(tmp_path / "site", capsys)
    driver.host = Host()
    assert 0 == driver("init", "--organization", "LAB", "--site", "HQ").status
    driver.configure(SHADOW + FILES.format(outbox="mail/out", inbox="exchange/in"))
    assert 0 == driver("recipients", "add", "--name", "Ann", "--alias", "ann").status
    assert 0 == driver("sync").status
    return driver


def _tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.dx("T-189")
def test_what_links_keep_comes_back(site: Driver, tmp_path: Path) -> None:
    """The shadow postoffice is as it was, and nothing else; letters that came since wait as before."""
    (site.folder / "mail" / "in").mkdir(parents=True, exist_ok=True)
    (site.folder / "mail" / "in" / "one.msg").write_bytes(b"a letter")
    before = _tree(site.folder / "shadow")
    files = site("backup", str(tmp_path / "one"), "--json").json["files"]
    (site.folder / "shadow" / "GLB" / "MASTER.GLB").write_bytes(b"rubbish")
    (site.folder / "shadow" / "GLB" / "NEW.GLB").write_bytes(b"rubbish")
    (site.folder / "mail" / "in" / "two.msg").write_bytes(b"a later letter")
    broken = site("verify", "pcmail")
    done = site("restore", str(tmp_path / "one"), "--force")

    assert "shadow/GLB/MASTER.GLB" in files
    assert "mail/in/one.msg" in files
    assert 1 == broken.status
    assert "MASTER.GLB" in broken.out
    assert 0 == done.status
    assert before == _tree(site.folder / "shadow")
    assert {"one.msg", "two.msg"} == {path.name for path in (site.folder / "mail" / "in").iterdir()}
    assert 0 == site("verify").status
    assert 0 == site("check").status


def test_a_postoffice_that_somebody_changes_is_waited_for(
    site: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the shadow postoffice is held by a program, there is no backup of half of it."""
    monkeypatch.setattr("dxa_msmail.postoffice.maildata.Maildata", partial(Maildata, patience=0.1))
    with Maildata(site.folder / "shadow").change():
        session = Session(folder=site.folder, clock=lambda: site.now, host=site.host)
        status = run(["-C", str(site.folder), "backup", str(tmp_path / "one")], session)

    assert 1 == status
    assert not (tmp_path / "one").exists()


def test_folders_elsewhere(site: Driver, tmp_path: Path) -> None:
    """A folder that lies elsewhere is looked at, and named as what is not in the backup; one that is gone is told."""
    there, gone = tmp_path / "share", tmp_path / "unmounted"
    there.mkdir()
    site.replace('outbox = "mail/out"', f'outbox = "{there}"')
    site.replace('inbox = "exchange/in"', f'inbox = "{gone}"')
    found = site("verify", "--json").json["findings"]
    left_out = site("backup", str(tmp_path / "one"), "--json").json["left_out"]

    assert [(f"files ({gone})", True)] == [(each["subject"], "mounted?" in each["text"]) for each in found]
    assert [str(there) in each for each in left_out] == [True]
    assert 2 == site("check").status
