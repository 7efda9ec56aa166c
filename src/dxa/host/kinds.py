"""Of what kind the parts of a value must be, as the annotations of its class say it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

#: So much of a value stands in a message at most.
SHOWN = 300

Kinds = type | tuple[type, ...]


def kinds_of(cls: type) -> Mapping[str, Kinds]:
    """Of what kind each part of a value of this class is; for a frozen set any set will do."""
    return {name: _kinds(annotation) for name, annotation in get_type_hints(cls).items()}


def _kinds(annotation: Any) -> Kinds:
    if get_origin(annotation) is UnionType:
        return tuple(kind for each in get_args(annotation) if isinstance(kind := _kinds(each), type))
    kind = get_origin(annotation) or annotation
    return Set if kind is frozenset else kind


def wrong_part(value: Any, kinds: Mapping[str, Kinds]) -> str:
    """The first part that is of another kind (``name is 5, not str``); ``""`` where all are right."""
    for name, kind in kinds.items():
        if not isinstance(part := getattr(value, name), kind):
            return f"{name} is {shown(part)}, not {_named(kind)}"
    return ""


def _named(kinds: Kinds) -> str:
    each = kinds if isinstance(kinds, tuple) else (kinds,)
    return " or ".join("None" if kind is NoneType else kind.__name__ for kind in each)


def shown(value: object) -> str:
    """A value in a message: not all of what is large, and whatever it makes of being shown."""
    try:
        text = repr(value)
    except Exception as error:
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
