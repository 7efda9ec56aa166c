"""The guide to directories: its configurations are sound, and it goes on without an OpenLDAP server."""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from unittest import mock

import pytest

from docs.generate import DOCS, render
from docs.generators import exchange
from dxa.cli.run import run
from dxa.cli.session import Session

PAGE = (DOCS / "exchange.md").read_text(encoding="utf-8")
CONFIGURATIONS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_configurations_are_sound(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`dxa check` finds no problem in what stands beside the commands, when the folders and files in it are there."""
    for name in re.findall(r'"env:(\w+)"', text):
        monkeypatch.setenv(name, "secret")
    with chdir(tmp_path):
        run(["init", "site", "--organization", "LAB", "--site", "HQ"], Session())
        with Path("site/dxa.toml").open("a", encoding="utf-8") as file:
            file.write("\n" + text.replace("/srv/", f"{tmp_path}/srv/"))
        for name in re.findall(r'ca_file = "(.*?)"', text):
            Path("site", name).touch()
        for name in re.findall(r'"(/srv/.*?)"', text):
            Path(f"{tmp_path}{name}").mkdir(parents=True, exist_ok=True)
        status = run(["-C", "site", "check"], Session())

    assert 0 == status, capsys.readouterr()


def test_the_kinds_of_directories_have_their_configurations() -> None:
    """The page and its commands show each dialect and each way of writing files."""
    shown = set(re.findall(r'(?:dialect|write) = "(\w+)"', PAGE))

    assert {"ex55", "ad", "generic", "csv55", "ldif", "dsml2"} <= shown


def test_without_a_server_its_parts_stay_as_they_are(tmp_path: Path) -> None:
    """What needs OpenLDAP is left out where there is none, and the page keeps it; everything else is run."""
    with mock.patch("dxa_exchange.demo.places.why_missing", return_value="slapd is not installed"):
        parts = exchange.run_all(tmp_path)
    with mock.patch.object(exchange, "_parts", return_value={}):
        kept = render(PAGE)

    assert {name for name in exchange.PARTS if not name.startswith("openldap-")} == parts.keys()
    assert PAGE == kept
