"""Names of cc:Mail: when two are the same, their two forms, and the person in them.

A name is unique in the whole directory of a post office, whatever its case and whatever post office it belongs to
(KB Q156063 2.6.12, KB Q237588).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dxa.errors import AddressError
from dxa.rules.parts import PersonName, split_name

#: Names that begin with it belong to the system: ``~ADE_Mailbox``, ``~POName`` (ADE 2.0 read-me, KB Q249133).
SYSTEM_MARK = "~"

_COMMA = re.compile(r"\s*,\s*")


def fold(name: str) -> str:
    """Equal names have equal folded names: case and the blanks around do not count.

    Letter by letter, as the case table of a code page does it: ``ß`` and ``ss`` stay two names, and so do names that
    differ in the blanks inside, because no source says that cc:Mail takes them for one.
    """
    name = name.strip().lower()
    return name if name.isascii() else name.replace("ς", "σ")


def fold_all(names: Sequence[str]) -> list[str]:
    """What `fold` makes of each of very many names; none of them has a line feed."""
    text = "\n".join(names).lower()
    text = text if text.isascii() else text.replace("ς", "σ")
    return [*map(str.strip, text.split("\n"))] if names else []


def is_system(name: str) -> bool:
    """Whether it is no name of a person or list; such entries never become recipients (the rule is ours)."""
    return name.lstrip().startswith(SYSTEM_MARK)


def halves(name: str) -> tuple[str, str] | None:
    """What stands before and after the first comma, if both are there: the form ``Last, First``."""
    last, comma, first = name.partition(",")
    last, first = last.strip(), first.strip(" ,")
    return (last, first) if comma and last and first else None


def first_last(name: str) -> str:
    """``First Last`` for ``Last, First``; every other name as it is (KB Q154053)."""
    parts = halves(name)
    return f"{parts[1]} {parts[0]}" if parts else name.strip()


def person(name: str) -> PersonName:
    """The parts of a name; a name without a comma has parts, too (KB Q185593), and no name is without any."""
    parts = split_name(name)
    return parts if any(parts) else PersonName("", "", name.strip())


def last_first(name: str) -> str:
    """``Last, First M.`` for a name in any form; one of a single word has no comma (KB Q188680, KB Q179677)."""
    if halves(name):
        return _COMMA.sub(", ", name.strip().strip(",").strip(), count=1)
    parts = person(name)
    given = " ".join(filter(None, parts[:2]))
    return f"{parts.surname}, {given}" if parts.surname and given else (parts.surname or given)


def without_commas(name: str) -> str:
    """The name with semicolons for commas, as the connector writes it for a DB8 post office (KB Q179677).

    Raises `AddressError` for a name with a semicolon of its own, of which `with_commas` would make another name.
    """
    if ";" in name:
        raise AddressError("a name with a semicolon, which stands for a comma here", got=name)
    return name.replace(",", ";")


def with_commas(name: str) -> str:
    """The name that `without_commas` was given."""
    return name.replace(";", ",")
