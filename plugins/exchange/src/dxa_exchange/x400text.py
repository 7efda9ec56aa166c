"""X.400 addresses as text: taken apart, and compared."""

from __future__ import annotations

import re

from dxa.errors import AddressError

_SYNONYMS = {"admd": "a", "prmd": "p", "ou": "ou1"}
# A slash separates only where a name and an equals sign follow (KB Q159189).
_SLASH = re.compile(r"(?<![$/])/(?=\s*[A-Za-z][A-Za-z0-9.:-]*\s*=)")


def parse_x400(value: str) -> list[tuple[str, str]]:
    """The attributes of ``c=US;a= ;p=Org;o=Site;s=Doe;g=John;`` or ``/c=US/a= /...``, names folded, in their order.

    Raises:
        AddressError: for a text that has no attributes.
    """
    text = value.strip()
    cut = _SLASH.split(text)[1:] if text.startswith("/") else text.split(";")
    pairs = []
    for part in cut:
        if not part.strip():
            continue
        name, equals, content = part.partition("=")
        if not equals or not name.strip():
            raise AddressError("an X.400 address is name=value;name=value", got=value)
        folded = name.strip().casefold()
        # A domain of one blank is a value of its own.
        pairs.append((_SYNONYMS.get(folded, folded), " ".join(content.split()) or content[:1]))
    if not pairs:
        raise AddressError("an X.400 address is name=value;name=value", got=value)
    return pairs


def fold_x400(value: str) -> str:
    """One text for all spellings of an address; what is none is compared as it is."""
    try:
        pairs = parse_x400(value)
    except AddressError:
        return value.casefold()
    return ";".join(sorted(f"{name}={content.casefold()}" for name, content in pairs))
