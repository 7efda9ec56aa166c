"""Attribute maps: the prompts of a peer's template on one side, our attribute names on the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import attrs

from dxa.entry import Fields
from dxa.rules.naming import NameLimits
from dxa.rules.transliteration import transliterate

#: KB Q148770: more fields than this no definition can have.
FIELDS = 256
#: Where a field is shown that only we know of, and how many characters it has.
COLUMN, WIDTH = 20, 64
_ANY_WIDTH = 10_000

_ENDINGS = ":.;,?!…"


def prompt_key(prompt: str) -> str:
    """Prompts with equal keys are the same: case, blanks and final punctuation do not count (KB Q158694, Q175482)."""
    key = "".join(prompt.casefold().split())
    return key.rstrip(_ENDINGS) or key


class TooWide(NamedTuple):
    """A value that its field has no room for: its prompt, how many characters it has, and how many the field takes."""

    prompt: str
    length: int
    width: int


class Fitted(NamedTuple):
    """Values as a list's definition has them, and those that it has no room for, which are empty there."""

    fields: Fields
    too_wide: tuple[TooWide, ...] = ()


def by_definition(fields: Fields, defined: Fields, limits: NameLimits) -> Fields:
    """The values that `fitted` finds."""
    return fitted(fields, defined, limits).fields


def fitted(fields: Fields, defined: Fields, limits: NameLimits) -> Fitted:
    """The values as a list's definition has them: all of its prompts, in its order, and no others (dx:T-128).

    A prompt without a value is empty, for where its line is left out the default stands (KB Q107754); of two with one
    prompt the last counts. A value is one line of the code page in `limits`; one that is wider than its field is left
    empty, for half a number is a wrong one.
    """
    if not defined:
        return Fitted(())
    values = {prompt_key(prompt): _shaped(value, limits) for prompt, value in fields}
    result, too_wide = [], []
    for prompt, layout in defined:
        value = values.get(prompt_key(prompt), "")
        if len(value) > (width := _width(layout)):
            too_wide.append(TooWide(prompt, len(value), width))
            value = ""
        result.append((prompt, value))
    return Fitted(tuple(result), tuple(too_wide))


def _width(layout: str) -> int:
    """How many characters a field has; a layout that does not say it sets no limit."""
    width = layout.split("~", 2)[1].strip() if "~" in layout else ""
    return int(width) if width.isascii() and width.isdigit() else _ANY_WIDTH


def _shaped(value: str, limits: NameLimits) -> str:
    if value.isascii() and value.isprintable():
        return value
    flat = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    return transliterate(flat, code_page=limits.code_page, style=limits.transliteration, unknown=lambda _char: "?")


class Mapped(NamedTuple):
    """Fields under our attribute names, and the prompts that the map does not know, each once as first written."""

    fields: Fields
    unknown: tuple[str, ...]


def _known_once(_instance: object, _attribute: attrs.Attribute[Fields], value: Fields) -> None:
    seen: dict[str, str] = {}
    for prompt, _ in value:
        if (key := prompt_key(prompt)) in seen:
            raise ValueError(f"prompt {prompt!r} is mapped twice, also as {seen[key]!r}")
        seen[key] = prompt


def _as_pairs(pairs: Iterable[tuple[str, str]]) -> Fields:
    return tuple((prompt, attribute) for prompt, attribute in pairs)


@attrs.frozen
class AttributeMap:
    """Pairs of prompt and attribute name in the order of the template; of any number and length (KB Q266269)."""

    pairs: Fields = attrs.field(default=(), converter=_as_pairs, validator=_known_once)
    _attributes: dict[str, str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_attributes", {prompt_key(prompt): name for prompt, name in self.pairs})

    @property
    def definition(self) -> Fields:
        """The prompts as the definition of a list, each as wide as `WIDTH` (see `dxa.entry.definition`)."""
        return tuple((prompt, f"{COLUMN}~{WIDTH}~A~~") for prompt, _ in self.pairs[:FIELDS] if "~" not in prompt)

    def incoming(self, fields: Fields) -> Mapped:
        """A peer's fields as attributes, empty values too: they clear what we hold."""
        known, unknown = list[tuple[str, str]](), dict[str, str]()
        for prompt, value in fields:
            if name := self._attributes.get(key := prompt_key(prompt)):
                known.append((name, value))
            else:
                unknown.setdefault(key, prompt)
        return Mapped(tuple(known), tuple(unknown.values()))

    def outgoing(self, fields: Fields) -> Fields:
        """Attributes as the peer's fields: every prompt, in the template's order (dx:T-128).

        A prompt without a value is sent empty, for the default of the template stands where one is left out
        (KB Q107754). Several values of one attribute are joined by semicolons.
        """
        values: dict[str, list[str]] = {}
        for name, value in fields:
            values.setdefault(name.casefold(), []).append(value)
        return tuple((prompt, "; ".join(values.get(name.casefold(), ()))) for prompt, name in self.pairs)
