"""X.400 addresses as mail systems write them: ``/c=US/a=MCI/o=PSS/s=Doe`` or ``c=US;a=MCI;o=PSS;s=Doe``.

KB Q108732: either all attributes are separated by semicolons, or all by slashes with one in front; in the second form
a slash inside a value is written ``$/``. An address keeps the form in which it came; both forms fold to one text.
"""

from __future__ import annotations

import re

from dxa.errors import AddressError

#: Names of attributes with their values, in their order.
Attributes = list[tuple[str, str]]

# KB Q176425 (dx:T-045): `$/` never separates, nor does `//` (KB Q177869). KB Q159189 (dx:T-044): peers also leave the
# slash of a value as it is (`G=URS / F/S=MUELLER`), so a slash separates only where a name and an equals sign follow.
_SLASH = re.compile(r"\$/|//|(/)(?=\s*[A-Za-z][A-Za-z0-9.:-]*\s*=)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.: -]*")
_ESCAPED = re.compile(r"[$/]/")
_BLANKS = re.compile(r" {2,}")
#: The names that two sources spell differently (KB Q156729, Q159189).
_SYNONYMS = {"admd": "a", "prmd": "p", "ou": "ou1"}
# KB Q155379 (dx:T-046): the characters that X.400's PrintableString lacks, as RFC 1327 writes them.
_ENCODED = {"@": "(a)", "%": "(p)", "!": "(b)", '"': "(q)", "_": "(u)"}
_DECODED = {code: char for char, code in _ENCODED.items()}
_CODE = re.compile(r"\([apbqu]\)", re.IGNORECASE)


def printable(text: str) -> str:
    """The text with the characters that PrintableString lacks in their RFC 1327 spelling: ``ann(a)lab.example``."""
    return "".join(_ENCODED.get(char, char) for char in text)


def unprintable(text: str) -> str:
    """The inverse of `printable`."""
    return _CODE.sub(lambda found: _DECODED[found[0].lower()], text)


def parse(value: str) -> Attributes:
    """The attributes in their order, values unescaped; raises `AddressError` 26."""
    attributes = [_attribute(part, value) for part in _parts(value)]
    if not attributes:
        raise AddressError("error in address", got=value, code=26)
    return attributes


def _parts(value: str) -> list[str]:
    text = value.strip(" ")
    if text.startswith("/"):
        cuts = [found.start() for found in _SLASH.finditer(text) if found[1]]
        if cuts[:1] != [0]:
            return []
        ends = [*cuts[1:], len(text)]
        return [_ESCAPED.sub("/", text[cut + 1 : end]) for cut, end in zip(cuts, ends, strict=True)]
    return [part for part in text.split(";") if part.strip(" ")]


def _attribute(part: str, whole: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    # KB Q156729: other separators are malformed.
    if not equals or not _NAME.fullmatch(name.strip(" ")):
        raise AddressError("error in address", got=whole, code=26)
    # A domain of one blank is a value of its own in X.400.
    return name.strip(" "), _BLANKS.sub(" ", value.strip(" ") or value[:1])


def is_domain_defined(name: str) -> bool:
    """Whether the attribute is a domain-defined one, the only kind that carries foreign addresses."""
    return name.casefold().startswith("dda")


def canonical(value: str) -> str:
    """The address in the form it came in, single blanks, domain-defined values as PrintableString."""
    attributes = [(n, printable(v) if is_domain_defined(n) else v) for n, v in parse(value)]
    return write(attributes, slashes=value.lstrip(" ").startswith("/"))


def write(attributes: Attributes, *, slashes: bool) -> str:
    """The attributes in one of the two forms; a slash in a value is escaped in the first."""
    if slashes:
        return "".join(f"/{name}={value.replace('/', '$/')}" for name, value in attributes)
    return ";".join(f"{name}={value}" for name, value in attributes)


def fold(value: str) -> str:
    """One text for all spellings of an address: either form, any order and case (KB Q108732), ``@`` or ``(a)``."""
    pairs = [(_fold_name(name), unprintable(text).casefold()) for name, text in parse(value)]
    return write(sorted(pairs, key=lambda pair: pair[0]), slashes=False)


def _fold_name(name: str) -> str:
    folded = name.casefold()
    return _SYNONYMS.get(folded, folded)


def variant(value: str, n: int) -> str:
    """The n-th variant: the number is added to the surname, without one to the last attribute."""
    attributes = parse(value)
    at = next((i for i, (name, _) in enumerate(attributes) if _fold_name(name) == "s"), -1)
    name, text = attributes[at]
    attributes[at] = (name, f"{text}{n}")
    return write(attributes, slashes=value.lstrip(" ").startswith("/"))
