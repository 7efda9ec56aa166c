"""Which plugins a site wants: the table ``[plugins]``, looked at by itself, since plugins say what the rest may be."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import attrs

from dxa.config.model import PluginsTable
from dxa.config.source import Source
from dxa.config.structure import make_converter
from dxa.discovery import Selection


def wanted_plugins(source: Source) -> tuple[Selection, Path]:
    """The selection in a configuration, and the folder of plugins.

    A key that is missing or wrong selects nothing, and the others count: what is wrong is told when all is read.
    """
    folder = source.path.parent
    table = PluginsTable()
    for key, value in _keys(source.tables.get("plugins")):
        with suppress(Exception):
            table = attrs.evolve(
                table, **{key: getattr(make_converter(folder).structure({key: value}, PluginsTable), key)}
            )
    return Selection(table.only or None, table.without), folder / table.folder


def _keys(table: object) -> list[tuple[str, object]]:
    known = attrs.fields_dict(PluginsTable)
    return [(key, value) for key, value in table.items() if key in known] if isinstance(table, dict) else []
