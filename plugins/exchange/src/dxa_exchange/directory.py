"""What passes between the codecs, servers and maps of this plugin: objects of a directory, and changes to them.

An attribute's name is kept as the system spells it; two names are the same when they differ in case only. A value is
text, or bytes where it is no text (or where the format says that it is binary).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

Value = str | bytes
Values = list[Value]


class Record(NamedTuple):
    """One object: its distinguished name as the system writes it, and its attributes, each with its values in order."""

    dn: str
    attributes: Mapping[str, Values]

    def values(self, name: str) -> Values:
        """The values of an attribute, whatever the case of its name; none when it is absent."""
        found = self.attributes.get(name)
        if found is not None:
            return found
        folded = name.casefold()
        return next((values for key, values in self.attributes.items() if key.casefold() == folded), [])

    def texts(self, name: str) -> list[str]:
        """The values that are text."""
        return [value for value in self.values(name) if isinstance(value, str)]

    def text(self, name: str) -> str:
        """The first value that is text, or ``""``."""
        return next((value for value in self.values(name) if isinstance(value, str)), "")


class Operation(Enum):
    """What one modification does to the values of an attribute (RFC 4511, 4.6; increment: RFC 4525)."""

    ADD = "add"
    DELETE = "delete"
    REPLACE = "replace"
    INCREMENT = "increment"


class Modification(NamedTuple):
    """One change of one attribute; to delete or replace with no values takes the attribute away."""

    operation: Operation
    name: str
    values: Values


class Control(NamedTuple):
    """A control that goes with a change (RFC 2849; RFC 4511, 4.1.11)."""

    oid: str
    critical: bool = False
    value: Value | None = None


class Add(NamedTuple):
    """A new object."""

    record: Record
    controls: tuple[Control, ...] = ()


class Modify(NamedTuple):
    """Changes to the attributes of an object, in their order."""

    dn: str
    modifications: tuple[Modification, ...]
    controls: tuple[Control, ...] = ()


class Delete(NamedTuple):
    """An object that goes."""

    dn: str
    controls: tuple[Control, ...] = ()


class Rename(NamedTuple):
    """An object that gets another name, and perhaps another place (`superior`)."""

    dn: str
    rdn: str
    delete_old: bool
    superior: str | None = None
    controls: tuple[Control, ...] = ()


Change = Add | Modify | Delete | Rename


class Bad(NamedTuple):
    """One record that could not be read: where it begins, which field, what was expected and found, and its raw form.

    `line` is counted from 1 (0: unknown). `code` is an event number of Directory Import where one fits (0: none).
    """

    line: int
    field: str
    reason: str
    raw: str = ""
    code: int = 0


def attributes(pairs: Iterable[tuple[str, Value]]) -> dict[str, Values]:
    """Values by attribute, in the order in which the names first appear; names that differ in case only are one."""
    found: dict[str, Values] = {}
    spelled: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(spelled.setdefault(name.casefold(), name), []).append(value)
    return found
