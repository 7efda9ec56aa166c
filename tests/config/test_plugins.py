"""Which plugins a configuration wants, before anything else of it can be read."""

from pathlib import Path

import pytest

from dxa.config import Source
from dxa.config.plugins import wanted_plugins
from dxa.discovery import Selection


@pytest.mark.parametrize(
    ("table", "selection", "folder"),
    [
        ("", Selection(), "plugins"),
        ('[plugins]\nwithout = ["evil"]\nfolder = "own"\n', Selection(None, ("evil",)), "own"),
        ('[plugins]\nwithout = ["evil"]\nunknown = 1\n', Selection(None, ("evil",)), "plugins"),
        ('[plugins]\nwithout = ["evil"]\nonly = 1\nfolder = ""\n', Selection(None, ("evil",)), "plugins"),
        ("plugins = 1\n", Selection(), "plugins"),
    ],
)
def test_keys_that_are_right_count_beside_wrong_ones(
    table: str, selection: Selection, folder: str, tmp_path: Path
) -> None:
    """A plugin that is left out stays out, though something else is wrong."""
    path = tmp_path / "dxa.toml"
    path.write_text(table, encoding="utf-8")

    assert (selection, tmp_path / folder) == wanted_plugins(Source.read(path))
