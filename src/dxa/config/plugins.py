"""Which plugins a site wants: the table ``[plugins]``, looked at by itself, since plugins say what the rest may be."""

from __future__ import annotations

from pathlib import Path

from dxa.config.model import PluginsTable
from dxa.config.source import Source
from dxa.config.structure import make_converter
from dxa.discovery import Selection


def wanted_plugins(source: Source) -> tuple[Selection, Path]:
    """The selection in a configuration, and the folder of plugins.

    A file that is missing or wrong selects nothing: what is wrong with it is told when all of it is read.
    """
    folder = source.path.parent
    try:
        table = make_converter(folder).structure(source.tables.get("plugins", {}), PluginsTable)
    except Exception:
        table = PluginsTable()
    return Selection(table.only or None, table.without), folder / table.folder
