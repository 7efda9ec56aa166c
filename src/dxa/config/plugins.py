"""Which plugins a site wants: the table ``[plugins]``, read by itself, since plugins say what the rest may be."""

from __future__ import annotations

import tomllib
from pathlib import Path

from dxa.config.model import PluginsTable
from dxa.config.structure import make_converter
from dxa.discovery import Selection


def wanted_plugins(path: Path) -> tuple[Selection, Path]:
    """The selection in the configuration at `path`, and the folder of plugins.

    A file that is missing or wrong selects nothing: what is wrong with it is told when all of it is read.
    """
    folder = path.parent
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("plugins", {})
        table = make_converter(folder).structure(data, PluginsTable)
    except Exception:
        table = PluginsTable()
    return Selection(table.only or None, table.without), folder / table.folder
