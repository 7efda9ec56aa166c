"""The ``dxa.toml`` that `dxa init` writes: every key with its default, commented out, explained in one line.

A line that begins with ``#`` and a letter or bracket is a setting to be uncommented; ``# `` begins an explanation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from dxa.config.model import (
    RULE_KEYS,
    AddressingTable,
    FilterTable,
    GuardsTable,
    LinkTable,
    PeerTable,
    PluginsTable,
    SiteTable,
)
from dxa.config.reference import default_of, fields_of, in_toml
from dxa.connector import ConnectorType
from dxa.errors import UsageError, about

_COLUMN = 43

_HEAD = """\
# The configuration of one dxa site. `dxa check` tells what is wrong or doubtful in it.
#
# Lines like this explain. To change a setting, take away the # in front of it; what is written there is the default.
# Passwords are references: "env:NAME" is an environment variable, "file:PATH" a file in this folder.
"""

_LINK = """\
# A link is a connection to a foreign system. Its keys from import_container on are rules for who goes over it and how;
# each of its peers may have its own instead. A filter is a table:
"""

_PEER = """\
# A peer is one foreign system behind a link whose connector has many, registered one by one. It may also have any of
# the link's rules.
"""


def template(organization: str = "", name: str = "", connectors: Mapping[str, ConnectorType] | None = None) -> str:
    """The text of a new file, for these connectors; without the names it is a form to fill in."""
    return "\n".join(_lines(organization, name, connectors or {})) + "\n"


def create(path: Path, text: str) -> None:
    """Write a new file that only its owner can read; an existing one is never overwritten (dx:T-100)."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists; dxa does not overwrite a configuration") from None
    try:
        with about(path), os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except BaseException:
        path.unlink()
        raise


def _lines(organization: str, name: str, connectors: Mapping[str, ConnectorType]) -> Iterator[str]:
    names = {"organization": organization, "name": name}
    yield _HEAD
    yield "[site]"
    for field in fields_of(SiteTable):
        if field.name in names:
            yield _setting(field, names[field.name], off=False)
        else:
            yield _setting(field)
    tables: dict[str, Any] = {"guards": GuardsTable, "addressing": AddressingTable, "plugins": PluginsTable}
    for title, cls in tables.items():
        yield from ("", f"# {_summary(cls)}", f"[{title}]", *map(_setting, fields_of(cls)))
    yield from ("", "", _LINK.rstrip())
    yield from (f"#   {line.lstrip('#')}" for line in map(_setting, fields_of(FilterTable)))
    yield from ("", "#[links.example]")
    fields = sorted(fields_of(LinkTable), key=lambda field: field.name in RULE_KEYS)
    yield from (_setting(field) for field in fields if field.name != "peers")
    for kind in connectors.values():
        yield from _own("#[links.example.{}]", f"The connector {kind.name}: {kind.summary}.", kind.name, kind.options)
    yield from ("", _PEER.rstrip(), '#[links.example.peers."PEER"]')
    yield from (_setting(field) for field in fields_of(PeerTable) if field.name not in RULE_KEYS)
    for kind in connectors.values():
        yield from _own(
            '#[links.example.peers."PEER".{}]', f"A peer of the connector {kind.name}.", kind.name, kind.peer_options
        )


def _own(title: str, summary: str, name: str, cls: Any) -> Iterator[str]:
    fields = fields_of(cls)
    if fields:
        yield from ("", f"# {summary}", title.format(name), *map(_setting, fields))


def _setting(field: attrs.Attribute[Any], value: Any = None, *, off: bool = True) -> str:
    if value is None:
        value = field.metadata.get("example")
    if value is None and "Secret" in str(field.type):
        value = "env:NAME"
    if value is None and field.default is not attrs.NOTHING:
        value = default_of(field)
    setting = f"{'#' if off else ''}{field.name} = {in_toml(value)}"
    doc = field.metadata.get("doc", "")
    return f"{setting:<{_COLUMN}} # {doc}" if doc else setting


def _summary(cls: type) -> str:
    """The docstring's words behind the name of the table."""
    text = (cls.__doc__ or "").partition(":")[2].strip().rstrip(".")
    return text[:1].upper() + text[1:] + "."
