"""`dxa plugins new`: what it writes is a distribution whose own tests are green at once."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from docs.generators import environment
from dxa.errors import UsageError
from dxa.scaffold import new_plugin, write_plugin

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin called lotus, as it is written."""
    folder = tmp_path / "dxa-lotus"
    write_plugin(folder, new_plugin("lotus", "0.1.0"))
    return folder


def _run(folder: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": "src", "MYPYPATH": "src"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_the_files_of_a_new_plugin(plugin: Path) -> None:
    """There is a project file, the module, tests, a CI file and a README, and nothing is left to be filled in."""
    files = {
        str(path.relative_to(plugin)): path.read_text(encoding="utf-8") for path in plugin.rglob("*") if path.is_file()
    }

    assert {
        *("pyproject.toml", "README.md", ".github/workflows/test.yml", "tests/test_conformance.py"),
        *(f"src/dxa_lotus/{name}.py" for name in ("__init__", "plugin", "connector")),
    } == set(files)
    assert [] == [
        name for name, text in files.items() if any(word in text for word in ("@name@", "@TYPE@", "@version@"))
    ]
    assert "lotus" == next(iter(tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]["dxa"]))


def test_its_suite_is_green(plugin: Path) -> None:
    """The conformance kit passes on the connector that is written, and checks most of what it can check."""
    out = _run(plugin, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")

    last = out.strip().splitlines()[-1]
    assert " failed" not in last.replace("xfailed", "")
    assert int(last.split()[0]) > 40, last


def test_it_is_clean(plugin: Path) -> None:
    """The code that is written satisfies the checks of style and types that dxa's own code does."""
    _run(plugin, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), "--ignore", "D102,D103,I001", ".")
    _run(plugin, "-m", "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), ".")
    _run(plugin, "-m", "mypy", "--strict", "-p", "dxa_lotus")


def _wheel(folder: Path, tmp_path: Path) -> ZipFile:
    """The wheel that is built of a distribution."""
    (file,) = environment.wheel(folder, tmp_path / "wheels")
    return ZipFile(file)


def test_its_wheel_is_found(plugin: Path, tmp_path: Path) -> None:
    """The wheel of a new plugin has its modules, and names them in the entry points that dxa looks at."""
    with _wheel(plugin, tmp_path) as wheel:
        points = wheel.read("dxa_lotus-0.1.0.dist-info/entry_points.txt").decode()
        modules = {name for name in wheel.namelist() if name.endswith(".py")}

    assert {f"dxa_lotus/{name}.py" for name in ("__init__", "plugin", "connector")} == modules
    assert ["[dxa.address_types]", "[dxa.connectors]", "[dxa]"] == sorted(
        line for line in points.splitlines() if line.startswith("[")
    )


def test_the_wheel_of_dxa_has_all_that_is_written(tmp_path: Path) -> None:
    """Who installs dxa by its wheel gets the whole scaffold, the hidden folder with the CI file in it, too."""
    templates = ROOT / "src" / "dxa" / "scaffold" / "template"
    wanted = {f"dxa/scaffold/template/{path.relative_to(templates)}" for path in templates.rglob("*.in")}
    with _wheel(ROOT, tmp_path) as wheel:
        there = set(wheel.namelist())

    assert "dxa/scaffold/template/.github/workflows/test.yml.in" in wanted
    assert set() == wanted - there
    assert "dxa/py.typed" in there


@pytest.mark.parametrize("name", ["", "L", "Lotus", "lotus-notes", "1st", "a" * 40, "a/b"])
def test_what_cannot_be_a_name(name: str) -> None:
    """A name that would be no module is refused, with what a name is."""
    with pytest.raises(UsageError, match="small letters and digits"):
        new_plugin(name, "1")


def test_nothing_is_overwritten(plugin: Path) -> None:
    """A folder in which something is stays as it is."""
    with pytest.raises(UsageError, match="not empty"):
        write_plugin(plugin, {"README.md": ""})
    assert "" != (plugin / "README.md").read_text(encoding="utf-8")
