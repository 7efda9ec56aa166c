"""The rules for display names and aliases: ``%L, %F``, ``%5L%1F`` (KB Q183058, Q197254).

``%F`` is the first name, ``%L`` the last name, ``%I`` the initial, each with a count in front of its letter, if only
its first characters are wanted. Text may stand anywhere: the articles say at the end, and show it in the middle.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import attrs

from dxa_ccmail.names import person

#: What the connector makes without a rule: ``Jane Doe`` and ``JaneD`` (KB Q183058).
DISPLAY_NAME, ALIAS = "%F %L", "%F%1L"

_CODE = re.compile(r"%(?:(\d*)([A-Za-z])|(%)|(.?))", re.DOTALL)
_SEPARATOR = re.compile(r"[ .,;:_/-]+")


class _Part(NamedTuple):
    """A piece of text, or a field with the length that is wanted (0: all of it)."""

    text: str = ""
    field: str = ""
    length: int = 0


def _parts(text: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    end = 0
    for found in _CODE.finditer(text):
        parts.append(_Part(text[end : found.start()]))
        count, letter, percent, _ = found.groups()
        if percent:
            parts.append(_Part("%"))
        elif letter in ("F", "L", "I") and count != "0":
            parts.append(_Part(field=letter, length=int(count or 0)))
        else:
            raise ValueError(f"unknown {found[0]!r} in {text!r}; known are %F, %L and %I, with a count if need be")
        end = found.end()
    parts.append(_Part(text[end:]))
    return tuple(part for part in parts if part.text or part.field)


@attrs.frozen
class Pattern:
    """A rule, taken apart when it is made; raises `ValueError` for codes that it does not know."""

    text: str
    _parts: tuple[_Part, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        parts = _parts(self.text)
        if not any(part.field for part in parts):
            raise ValueError(f"{self.text!r} would give everybody the same name; it needs %F, %L or %I")
        object.__setattr__(self, "_parts", parts)

    def apply(self, name: str) -> str:
        """What the rule makes of a name of cc:Mail, which is never nothing.

        A count above the length takes all there is (KB Q168077). A part that the name lacks takes the separator
        beside it away, so that there is no ``, Jane`` and no ``Doe,`` (KB Q188680, Q179677).
        """
        given, initials, surname = person(name)
        values = {"F": given, "L": surname, "I": initials}
        if not any(values[part.field] for part in self._parts if part.field):
            return name.strip()
        made: list[str] = []
        separated = swallow = False
        for text, field, length in self._parts:
            value = values[field][: length or None] if field else text
            if field and not value:
                if separated:
                    made.pop()
                swallow, separated = not separated, False
                continue
            if not (swallow and not field and _SEPARATOR.fullmatch(text)):
                made.append(value)
                separated = not field and bool(_SEPARATOR.fullmatch(text))
            swallow = False
        return "".join(made).strip()
