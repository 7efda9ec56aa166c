"""How a file is written: its separators, its quote, and the program that reads or wrote it."""

from __future__ import annotations

from typing import Any, Literal

import attrs

Generation = Literal[4, 5]


@attrs.frozen(kw_only=True)
class Form:
    """Separators (ColumnSeparator, MVSeparator, QuoteCharacter), and 4 or 5 for Exchange 4.0 or 5.x.

    Raises:
        ValueError: for a separator that is not one character, or that cannot be told from the text or from another.
    """

    column: str = attrs.field(default=",")
    value: str = attrs.field(default="%")
    quote: str = attrs.field(default='"')
    generation: Generation = attrs.field(default=5)

    @column.validator
    @value.validator
    @quote.validator
    def _check(self, field: attrs.Attribute[Any], text: str) -> None:
        legal = len(text) == 1 and (text == "\t" or (text.isprintable() and not text.isalnum() and text not in " \\"))
        if not legal:
            raise ValueError(
                f"{field.name} separator: one character that is no letter, digit, blank or backslash, got {text!r}"
            )

    @generation.validator
    def _check_generation(self, _field: attrs.Attribute[Any], number: int) -> None:
        if number not in (4, 5):
            raise ValueError(f"generation is 4 or 5, got {number!r}")

    def __attrs_post_init__(self) -> None:
        if len({self.column, self.value, self.quote}) < 3:
            raise ValueError(
                f"separators and quote differ from one another, got {self.column!r}, {self.value!r} and {self.quote!r}"
            )
