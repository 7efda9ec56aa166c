"""Attribute maps: the prompts of a peer's template on one side, our attribute names on the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import attrs

from dxa.entry import Fields

_ENDINGS = ":.;,?!…"


def prompt_key(prompt: str) -> str:
    """Prompts with equal keys are the same: case, blanks and final punctuation do not count (KB Q158694, Q175482)."""
    key = "".join(prompt.casefold().split())
    return key.rstrip(_ENDINGS) or key


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
