"""Address types that break one rule each: the check that must see it, and what differs from the good type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from dxa.errors import AddressError
from tests.kit.letterbox import BOX


def _shape(text: str) -> str:
    kept = "".join(c for c in text if c.isascii() and c.isalnum())[:8]
    if not kept:
        raise AddressError("nothing is left", got=text, code=2)
    return f"po/{kept}"


GOOD = attrs.evolve(BOX, shape=lambda text: text if _legal(text) else _shape(text), aliases=("LETTER",))
SAMPLES = ("po1/ann", "po2/bert12")


def _legal(text: str) -> bool:
    try:
        return BOX.check(text) == text
    except AddressError:
        return False


def _raises(error: Exception) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text.isascii():
            return BOX.check(text)
        raise error

    return check


BROKEN_TYPES: list[tuple[str, dict[str, Any]]] = [
    ("names_are_capitals", {"aliases": ("letter",)}),
    ("samples_are_legal", {"check": lambda text: BOX.check(text.replace("ann", ""))}),
    ("checking_is_idempotent", {"check": lambda text: f"{BOX.check(text)}x"}),
    ("refusals_are_address_errors", {"check": _raises(ValueError("no"))}),
    ("refusals_are_address_errors", {"check": _raises(AddressError(""))}),
    ("refusals_have_numbers", {"check": _raises(AddressError("no"))}),
    ("addresses_survive_as_text", {"check": lambda text: f"{text} " if text in ("a", "a ") else BOX.check(text)}),
    ("fold_ignores_case", {"fold": str}),
    ("shaping_gives_legal_values", {"shape": lambda text: text}),
    ("shaping_gives_legal_values", {"shape": lambda text: [][1]}),
    ("shaping_keeps_legal_values", {"shape": _shape}),
    ("variants_are_legal_and_endless", {"variant": lambda value, n: f"{value} {n}"}),
    ("variants_are_legal_and_endless", {"variant": lambda value, n: f"{value}{n}"[:12]}),
    ("variants_are_legal_and_endless", {"variant": lambda value, n: f"n{n}{value}"}),
    ("lists_are_stable", {"list_of": lambda value: value[-1:] if value.islower() else "X"}),
    ("values_are_one_line", {"check": lambda text: text if text in ("a\nb", "\x1b[31m") else BOX.check(text)}),
    ("values_are_one_line", {"list_of": lambda value: f"{value.partition('/')[0]}\t"}),
    ("programs_are_known_in_any_case", {"is_program": lambda value: value.endswith("ann")}),
]
