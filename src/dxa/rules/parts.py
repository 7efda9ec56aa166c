"""Values taken apart: the mailbox in an address, the parts of a name. Nothing is too odd or too long for that."""

from __future__ import annotations

import re
from typing import NamedTuple

_INITIALS = re.compile(r"(?:[^\W\d_]\.?|(?:[^\W\d_]\.)+)")
#: What all forms of an address have that are more than steps and slashes.
_STRUCTURED = re.compile("[@=~]| at ")
_SUFFIX = re.compile(r"(?:jr|sr)\.?|i{2,3}|iv", re.IGNORECASE)


def alias_of(value: str) -> str:
    """The mailbox part of an address without its type; "" when it has none (dx:T-093)."""
    value = value.strip()
    if not _STRUCTURED.search(value):
        return value.rstrip("/").rpartition("/")[2].strip()
    if braces := re.fullmatch(r"([^@]*)@[^{}]*\{([^{}]*)\}", value):
        return _behind_gateway(braces[1], braces[2])
    if re.match(r"/?[A-Za-z][A-Za-z0-9:.-]*=", value) and re.search("[/;]", value):
        return _in_x400(value)
    if value.count("~") == 3:  # KB Q96001 #26: a FAX address has four fields, the recipient first
        return value.partition("~")[0].strip()
    if "@" in value:
        return value.partition("@")[0].strip()
    if " at " in value:
        return value.rpartition(" at ")[0].strip()
    return value.rstrip("/").rpartition("/")[2].strip()


def _behind_gateway(placeholder: str, real: str) -> str:
    """The mailbox of ``placeholder@node{real}``: `real` is user, type:user, NET/PO/user or only NET/PO (KB Q157689)."""
    _, colon, rest = real.rpartition(":")
    steps = rest.split("/")
    mailbox = placeholder if len(steps) == 2 and not colon else steps[-1]
    return mailbox.partition("@")[0].strip() or placeholder.strip()


def _in_x400(value: str) -> str:
    """The personal name, common name or initial and surname of an X.400 address."""
    pairs = (part.partition("=") for part in re.split("[/;]", value))
    attributes = {name.strip().casefold(): text.strip() for name, _, text in pairs}
    for name in ("pn", "cn"):
        if attributes.get(name):
            return attributes[name]
    personal = "".join([attributes.get("g", "")[:1], attributes.get("s", "")])
    own = [text for name, text in attributes.items() if name.startswith("dda") and text]
    return personal or (own[0] if own else "")


class PersonName(NamedTuple):
    """The parts of a name; each may be empty, and no word of the name is missing from them."""

    given: str
    initials: str
    surname: str


def split_name(name: str) -> PersonName:
    """Take "Last, First M." or "First M. Last" apart; what is one word only is a surname.

    Periods stay where they are (KB Q196255); names without a comma, given name or surname are names, too
    (KB Q181500, KB Q185593, KB Q201547).
    """
    surname, comma, rest = name.partition(",")
    if comma and surname.strip() and rest.strip(" ,") and not _SUFFIX.fullmatch(rest.strip()):
        given, initials = _split_given(rest.replace(",", " ").split())
        return PersonName(given, initials, " ".join(surname.split()))
    words = name.replace(",", " ").split()
    start = _start_of_surname(words)
    given, initials = _split_given(words[:start])
    return PersonName(given, initials, " ".join(words[start:]))


def _start_of_surname(words: list[str]) -> int:
    """Where the surname begins: its particles (van der Meer) and suffixes (Jr.) belong to it."""
    start = len(words) - 1
    while start > 1 and _SUFFIX.fullmatch(words[start]):
        start -= 1
    if start >= 0 and not words[start].islower():
        while start > 1 and words[start - 1].islower():
            start -= 1
    return max(start, 0)


def _split_given(words: list[str]) -> tuple[str, str]:
    """Given names and the initials after them; a first word is a given name even when it is one letter."""
    count = len(words)
    while count > 1 and _INITIALS.fullmatch(words[count - 1]):
        count -= 1
    return " ".join(words[:count]), " ".join(words[count:])
