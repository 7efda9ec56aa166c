"""TOML tables to attrs values: every problem is found, and each has its key."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from difflib import get_close_matches
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError

from dxa.config.secrets import Secret, resolve

Key: TypeAlias = tuple[str, ...]
Problem: TypeAlias = tuple[Key, str]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


class Problems(Exception):
    """What is wrong with a value, each with the key below it."""

    def __init__(self, found: Iterable[Problem]) -> None:
        self.found = list(found)
        super().__init__("; ".join(f"{dotted(key)}: {text}" if key else text for key, text in self.found))


def dotted(key: Key) -> str:
    """The key as TOML writes it: ``links.pcmail.peers."LAB/HQ".password``."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in key)


def _quoted(part: str) -> str:
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def under(name: str, found: Iterable[Problem]) -> list[Problem]:
    """The problems of a part as problems of the whole."""
    return [((name, *key), text) for key, text in found]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that the given one is most like, or nothing."""
    spelled = {other.casefold(): other for other in sorted(known)}
    close = get_close_matches(name.casefold(), spelled, 1)
    return f'; did you mean "{spelled[close[0]]}"?' if close else ""


def make_converter(folder: Path, *, secrets: bool = True) -> Converter:
    """A converter that takes values as they are meant, never "20" for 20, and finds secrets from `folder` on.

    A secret that is not there is a problem, unless `secrets` are not needed.
    """
    converter = Converter(detailed_validation=True)
    for kind, wanted in _PLAIN.items():
        converter.register_structure_hook(kind, partial(_plain, wanted))
    converter.register_structure_hook(Path, lambda value, _: Path(_plain("a path", value, str)))
    converter.register_structure_hook(Secret, lambda value, _: _secret(value, folder, needed=secrets))
    factories: dict[Callable[[Any], bool], Callable[[Converter, Any, Any], Any]] = {
        attrs.has: _table,
        lambda t: get_origin(t) is Literal: _choice,
        lambda t: isinstance(t, type) and issubclass(t, Enum): _choice,
        _is_list: _list,
        lambda t: get_origin(t) in (dict, Mapping): _mapping,
    }
    for fits, structure in factories.items():
        converter.register_structure_hook_factory(fits, partial(_hook, converter, structure))
    return converter


def _hook(
    converter: Converter, structure: Callable[[Converter, Any, Any], Any], kind: Any
) -> Callable[[Any, Any], Any]:
    return lambda value, _: structure(converter, kind, value)


def problems_of(error: Exception) -> list[Problem]:
    """The problems that an exception of the converter or of a validator stands for."""
    if isinstance(error, Problems):
        return error.found
    if isinstance(error, BaseValidationError):
        return [problem for inner in error.exceptions for problem in _noted(inner)]
    return [((), str(error.args[0] if error.args else error))]


def _noted(error: Exception) -> list[Problem]:
    """Problems of an exception inside a group; cattrs notes where in the group it belongs."""
    found = problems_of(error)
    for note in getattr(error, "__notes__", ()):
        where = getattr(note, "name", getattr(note, "index", None))
        found = found if where is None else under(str(where), found)
    return found


# -- hooks ---------------------------------------------------------------------------------------------------------


def _must(wanted: str, value: object) -> Problems:
    # Whole tables and lists are not shown: a password may stand in them.
    got = "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else repr(value)
    return Problems([((), f"must be {wanted}, got {got}")])


def _secret(value: Any, folder: Path, *, needed: bool) -> Secret:
    if not isinstance(value, str):
        raise Problems([((), "must be text")])
    return resolve(value, folder, needed=needed)


def _plain(wanted: str, value: Any, kind: Any) -> Any:
    # A bool is an int to Python, and a whole number may stand for a float.
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise _must(wanted, value)
    return float(value) if kind is float else value


def _choice(_converter: Converter, kind: Any, value: Any) -> Any:
    members = {v: v for v in get_args(kind)} or {member.value: member for member in kind}
    try:
        return members[value]
    except (KeyError, TypeError):
        raise _must(f"one of {', '.join(map(str, members))}", value) from None


def _is_list(kind: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return len(arguments) == 2 and arguments[1] is ...
    return origin in (list, set, frozenset, Sequence, Set)


def _list(converter: Converter, kind: Any, value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise _must("a list", value)
    inner, origin = get_args(kind)[0], get_origin(kind)
    parts = _parts(converter, ((str(n), inner, part) for n, part in enumerate(value, 1))).values()
    return {list: list, set: set, frozenset: frozenset, Set: frozenset}.get(origin, tuple)(parts)


def _mapping(converter: Converter, kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _must("a table", value)
    inner = get_args(kind)[1]
    return _parts(converter, ((name, inner, part) for name, part in value.items()))


def _parts(converter: Converter, parts: Iterable[tuple[str, Any, Any]]) -> dict[str, Any]:
    values, found = _try_parts(converter, parts)
    if found:
        raise Problems(found)
    return values


def _try_parts(converter: Converter, parts: Iterable[tuple[str, Any, Any]]) -> tuple[dict[str, Any], list[Problem]]:
    values, found = dict[str, Any](), list[Problem]()
    for name, kind, value in parts:
        try:
            values[name] = converter.structure(value, kind)
        except Exception as error:
            found += under(name, problems_of(error))
    return values, found


def _table(converter: Converter, cls: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _must("a table", value)
    attrs.resolve_types(cls)
    fields = {field.alias or field.name: field for field in attrs.fields(cls) if field.init}
    given = ((name, field.type, value[name]) for name, field in fields.items() if name in value)
    values, found = _try_parts(converter, given)
    found += [((name,), f"unknown key{did_you_mean(name, fields)}") for name in value if name not in fields]
    found += [
        ((name,), "is missing")
        for name, field in fields.items()
        if name not in value and field.default is attrs.NOTHING
    ]
    instance: Any = None
    if not found:
        with attrs.validators.disabled():
            instance = _made(cls, values, found)
    found += _invalid(fields, values, instance)
    if found:
        raise Problems(found)
    return instance


def _made(cls: Any, values: Mapping[str, Any], found: list[Problem]) -> Any:
    try:
        return cls(**values)
    except Exception as error:
        found += _said(error, [field.name for field in attrs.fields(cls)])
        return None


def _invalid(fields: Mapping[str, attrs.Attribute[Any]], values: Mapping[str, Any], instance: Any) -> list[Problem]:
    """What the validators say, each by itself; of an incomplete table, only about what is there."""
    found: list[Problem] = []
    complete = instance is not None
    whole = instance if complete else types.SimpleNamespace(**values)
    for name, field in fields.items():
        if field.validator is None or not (complete or name in values):
            continue
        try:
            field.validator(whole, field, getattr(whole, field.name if complete else name))
        except Exception as error:
            if complete or not isinstance(error, AttributeError):
                found += _said(error, [name])
    return found


def _said(error: Exception, names: Sequence[str]) -> list[Problem]:
    """What a validator or constructor says; a text that begins with a field's name is about that field."""
    if isinstance(error, Problems):
        return error.found
    ((key, text),) = problems_of(error)[:1]
    match = re.match(r"'?(\w+)'?:? +", text)
    if match and match[1] in names:
        return [((match[1],), text[match.end() :])]
    return [((names[0],) if len(names) == 1 else key, text)]
