"""The comment of a cc:Mail entry as attributes (KB Q217040): ``%a;%o;%p`` reads ``jsmith;43/3019;(425) 936-1111``.

The whole comment is the notes of a recipient in any case (Exchange 5.5 online documentation). That the rule adds to
the notes and does not replace them is ours, as is what is done with fields more or fewer than the rule has.
"""

from __future__ import annotations

import attrs

from dxa.entry import ALIAS, Fields

#: The attribute of the whole comment, by the name that LDAP has for it.
NOTES = "info"
#: The attributes by their codes.
ATTRIBUTES = {
    "a": ALIAS,
    "d": "department",
    "o": "physicalDeliveryOfficeName",
    "p": "telephoneNumber",
    "c": "extensionAttribute1",
}
SEPARATOR = ";"


def _codes(text: str) -> tuple[str, ...]:
    codes = [part.strip() for part in text.split(SEPARATOR)] if text.strip() else []
    for code in filter(None, codes):
        if code[:1] != "%" or code[1:] not in ATTRIBUTES:
            known = ", ".join(f"%{letter}" for letter in ATTRIBUTES)
            raise ValueError(f"unknown {code!r} in {text!r}; known are {known}, with {SEPARATOR} between them")
    if len(set(filter(None, codes))) < len(list(filter(None, codes))):
        raise ValueError(f"{text!r} names an attribute twice")
    return tuple(code[1:] for code in codes)


@attrs.frozen
class CommentRule:
    """A rule, taken apart when it is made; an empty one makes notes only. Raises `ValueError` for unknown codes."""

    text: str = ""
    _codes: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_codes", _codes(self.text))

    def attributes(self, comment: str) -> Fields:
        """The notes, and an attribute for each field that is not blank; runs of blanks count as one."""
        notes = comment.strip()
        values = (" ".join(part.split()) for part in notes.split(SEPARATOR))
        told = zip(self._codes, values, strict=False)
        fields = tuple((ATTRIBUTES[code], value) for code, value in told if code and value)
        return (*fields, (NOTES, notes)) if notes else ()
