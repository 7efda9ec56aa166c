"""Every key of ``dxa.toml`` with its type, default and explanation, read from the model."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import attrs

from dxa.config.model import (
    RULE_KEYS,
    AddressingTable,
    CustomTable,
    FilterTable,
    GuardsTable,
    LinkTable,
    PeerTable,
    PluginsTable,
    SiteTable,
)
from dxa.config.secrets import Secret
from dxa.connector import ConnectorType

LINK = "links.NAME"
PEER = f'{LINK}.peers."PEER"'

_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", Secret: "secret"}


class KeyDoc(NamedTuple):
    """One key. `default` is written as in the file; it is "" for a key that must be given."""

    key: str
    type: str
    default: str
    doc: str


def reference(connectors: Mapping[str, ConnectorType] | None = None) -> Iterator[KeyDoc]:
    """Every key of the file, and those that these connectors add; a peer's overrides of its link are not repeated."""
    yield from table_keys("site", SiteTable)
    yield from table_keys("guards", GuardsTable)
    yield from table_keys("addressing", AddressingTable)
    yield from table_keys("plugins", PluginsTable)
    for name, cls in {"filters_in[]": FilterTable, "filters_out[]": FilterTable, "export_custom": CustomTable}.items():
        yield from table_keys(f"{LINK}.{name}", cls)
    yield from table_keys(LINK, LinkTable)
    yield from (doc for doc in table_keys(PEER, PeerTable) if doc.key.rpartition(".")[2] not in RULE_KEYS)
    for name, kind in sorted((connectors or {}).items()):
        yield from _with_tables(f"{LINK}.{name}", kind.options)
        yield from _with_tables(f"{PEER}.{name}", kind.peer_options)


def _with_tables(prefix: str, cls: Any) -> Iterator[KeyDoc]:
    """The keys of a connector's table, then those of each table in it, in place of the key that stands for it."""
    attrs.resolve_types(cls)
    tables = {f"{prefix}.{field.name}": field.type for field in fields_of(cls) if attrs.has(field.type or str)}
    yield from (doc for doc in table_keys(prefix, cls) if doc.key not in tables)
    for key, kind in tables.items():
        yield from _with_tables(key, kind)


def table_keys(prefix: str, cls: Any) -> Iterator[KeyDoc]:
    """The keys of one table."""
    attrs.resolve_types(cls)
    for field in fields_of(cls):
        default = "" if field.default is attrs.NOTHING else in_toml(default_of(field))
        yield KeyDoc(f"{prefix}.{field.name}", type_text(field.type), default, field.metadata.get("doc", ""))


def fields_of(cls: Any) -> tuple[attrs.Attribute[Any], ...]:
    """The keys of a table as attrs has them, in their order."""
    return tuple(field for field in attrs.fields(cls) if field.init)


def default_of(field: attrs.Attribute[Any]) -> Any:
    """The default of a field, made if need be."""
    default: Any = field.default
    return default.factory() if hasattr(default, "factory") else default


def in_toml(value: Any) -> str:
    """A value as the file has it; nothing is ``""``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if value is None or isinstance(value, (str, Path)):
        return json.dumps(str(value or ""), ensure_ascii=False)
    if isinstance(value, Enum):
        return in_toml(value.value)
    if attrs.has(type(value)):
        # Only what differs: a table of guards that nobody has filled is empty.
        return in_toml(_changed(value))
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {in_toml(part)}" for name, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return f"[{', '.join(map(in_toml, value))}]"


def type_text(kind: Any) -> str:
    """The type as a person reads it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(map(in_toml, arguments))
    if origin in (Union, types.UnionType):
        return " or ".join(type_text(part) for part in arguments if part is not type(None))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(in_toml(member) for member in kind)
    if attrs.has(kind):
        return "table"
    if arguments:
        is_table = origin in (dict, Mapping)
        inner = type_text(arguments[1] if is_table else arguments[0])
        return f"{'table' if is_table else 'list'} of {inner.replace('table', 'tables')}"
    return _TYPES.get(kind, getattr(kind, "__name__", str(kind)))


def _changed(value: Any) -> dict[str, Any]:
    return {
        field.name: part
        for field in fields_of(type(value))
        if (part := getattr(value, field.name)) != default_of(field) or not isinstance(value, GuardsTable)
    }
