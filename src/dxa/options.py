"""How the keys of a table of ``dxa.toml`` are declared, by core and plugins: each with its explanation and check.

@attrs.frozen(kw_only=True)
class LinkOptions:
    folder: str = option("folder that both sides reach", "shared", filled)
    pages: int = option("pages that are read at once", 10, positive)
    code_page: str = option("code page of the files", "cp850", told(codecs.lookup))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from dxa.errors import PeerError

#: The key of a table, to a validator: its `name` begins what the validator says.
Field: TypeAlias = "attrs.Attribute[Any]"

#: Raises `ValueError` for a value that cannot be; gets the whole table, the key, and the value.
Validator: TypeAlias = Callable[[Any, Field, Any], None]


def option(doc: str, default: Any = attrs.NOTHING, validator: Validator | None = None, *, example: Any = None) -> Any:
    """A key of a table, with the line that explains it in a new ``dxa.toml``; without a default it must be given.

    `example` stands in that file where there is no default. A dict may be the default: each table gets its own.
    """
    metadata = {"doc": doc, "example": example}
    if isinstance(default, dict):
        return attrs.field(factory=default.copy, validator=validator, metadata=metadata)
    return attrs.field(default=default, validator=validator, metadata=metadata)


def told(check: Callable[[Any], object]) -> Validator:
    """A validator of what some other code refuses with an error of its own: `ValueError` or one that is a peer's."""

    def validator(_table: object, field: Field, value: Any) -> None:
        try:
            check(value)
        except (PeerError, ValueError) as error:
            raise ValueError(f"{field.name}: {error}") from None

    return validator


def filled(_table: object, field: Field, value: str) -> None:
    """Validator: a text that is not blank."""
    if not value.strip():
        raise ValueError(f"{field.name} must not be empty")


def positive(_table: object, field: Field, value: float) -> None:
    """Validator: a number above 0."""
    if value <= 0:
        raise ValueError(f"{field.name} must be more than 0, got {value}")


def not_negative(_table: object, field: Field, value: float) -> None:
    """Validator: 0, or a number above it."""
    if value < 0:
        raise ValueError(f"{field.name} must not be negative, got {value}")
