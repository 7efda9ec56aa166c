"""`dxa init` and `dxa check`, and how the site is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.driver import MEMORY_LINK, Driver


def test_init_makes_a_site(dxa: Driver) -> None:
    """A new site has a configuration without problems and an empty directory, and the next step is named."""
    done = dxa("init", "--organization", "LAB", "--site", "HQ")

    assert (0, "") == (done.status, done.err)
    assert "Next: add links" in done.out
    assert 0 == dxa("check").status
    assert {"organization": "LAB", "site": "HQ", "recipients": 0}.items() <= dxa("status", "--json").json.items()


def test_init_takes_a_folder(dxa: Driver, tmp_path: Path) -> None:
    """`dxa init DIR` makes the folder, whatever -C says."""
    done = dxa("init", str(tmp_path / "a" / "b"), "--organization", "LAB", "--site", "HQ")

    assert 0 == done.status
    assert (tmp_path / "a" / "b" / "dxa.toml").is_file()
    assert not dxa.folder.exists()


def test_init_overwrites_nothing(site: Driver) -> None:
    """A second init refuses and leaves the configuration as it was."""
    site.configure("# mine\n")
    before = (site.folder / "dxa.toml").read_bytes()
    done = site("init", "--organization", "OTHER", "--site", "HQ")

    assert 2 == done.status
    assert "dxa does not overwrite a configuration" in done.err
    assert before == (site.folder / "dxa.toml").read_bytes()


def test_init_refuses_empty_names(dxa: Driver) -> None:
    """What cannot be the name of a site is refused before anything is written."""
    done = dxa("init", "--organization", " ", "--site", "HQ")

    assert 2 == done.status
    assert "site.organization" in done.err
    assert not dxa.folder.exists()


def test_init_without_names(dxa: Driver) -> None:
    """Organisation and site must be named."""
    done = dxa("init")

    assert 2 == done.status
    assert "--organization" in done.err


@pytest.mark.parametrize("command", ["check", "status", "plan", "sync", "history", "recipients list", "peers list"])
def test_no_site(command: str, dxa: Driver) -> None:
    """Without a site a command says so, names the way to one, and leaves nothing behind."""
    dxa.folder.mkdir()
    done = dxa(*command.split())

    assert 2 == done.status
    assert "is not a site: it has no dxa.toml. `dxa init" in done.err
    assert [] == list(dxa.folder.iterdir())


def test_site_by_environment(site: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """DXA_SITE names the site when -C does not."""
    monkeypatch.setenv("DXA_SITE", str(site.folder))

    assert "LAB" == site.bare("status", "--json").json["organization"]


def test_site_is_the_current_folder(site: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -C and DXA_SITE the current folder is the site."""
    monkeypatch.chdir(site.folder)

    assert "LAB" == site.bare("status", "--json").json["organization"]


def test_check_reports_all_problems_at_once(site: Driver) -> None:
    """Every problem is reported by its key, and the exit status says that there are some."""
    site.configure(MEMORY_LINK + "import_trust = 200\nexport_trsut = 10\n")
    done = site("check")

    assert 2 == done.status
    assert "problem: links.mem.import_trust: " in done.out
    assert 'problem: links.mem.export_trsut: unknown key; did you mean "export_trust"?' in done.out
    assert "2 problems" in " ".join(done.out.split())


def test_check_as_json(site: Driver) -> None:
    """The findings as JSON have the documented keys."""
    site.configure(MEMORY_LINK + "import_trust = 200\n")
    (problem, *_) = site("check", "--json").json["findings"]

    assert {"key", "text", "warning"} == problem.keys()
    assert ("links.mem.import_trust", False) == (problem["key"], problem["warning"])


def test_check_of_no_toml(site: Driver) -> None:
    """A file that is not TOML is one problem with its place."""
    site.configure("[links\n")
    done = site("check")

    assert 2 == done.status
    assert "not TOML" in done.out
    assert "line" in done.out


def test_warnings_keep_nothing_from_running(site: Driver) -> None:
    """Warnings alone leave the exit status at 0, unless they are counted as problems."""
    done = site("check")

    assert 0 == done.status
    assert "warning: site.administrator: nobody is told" in done.out
    assert 2 == site("check", "--strict").status


def test_faulty_configuration_stops_commands(site: Driver) -> None:
    """Every other command refuses to work with a faulty configuration, and lists its problems."""
    site.configure(MEMORY_LINK + "import_trust = 200\n")
    done = site("sync")

    assert 2 == done.status
    assert "links.mem.import_trust" in done.err
