"""What a directory itself calls an object for good, whatever its name: the anchor of an entry."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from dxa_exchange import names
from dxa_exchange.directory import Record, Value
from dxa_exchange.live import filters
from dxa_exchange.live.interface import NOTHING


@attrs.frozen
class Identity:
    """How the objects of a server are told apart.

    `attribute` holds what a server gives each object; ``""`` is for servers that give nothing, where the name has to
    do, so that a rename is a new object. `read` makes a text of its value, and `write` the value of that text.
    """

    attribute: str
    read: Callable[[Value], str] = str
    write: Callable[[str], Value] = str

    def of(self, record: Record) -> str:
        """The anchor of an object; ``""`` when the server did not give it."""
        if not self.attribute:
            return names.key(record.dn)
        values = record.attributes.get(self.attribute) or record.values(self.attribute)
        return self.read(values[0]) if values else ""

    def wanted(self) -> tuple[str, ...]:
        """The attributes to ask for."""
        return (self.attribute,) if self.attribute else NOTHING

    def filter(self, anchor: str) -> str:
        """The filter that finds the object."""
        return filters.equal(self.attribute, self.write(anchor))


def _guid(value: Value) -> str:
    """MS-DTYP 2.3.4.2: the first three parts stand with their bytes reversed."""
    return str(UUID(bytes_le=value)) if isinstance(value, bytes) and len(value) == 16 else ""


def _guid_value(anchor: str) -> bytes:
    return UUID(anchor).bytes_le


def _unique_id(value: Value) -> str:
    """389 Directory Server writes four groups of eight digits, and tells the same number as a UUID in changes."""
    text = value if isinstance(value, str) else ""
    try:
        return str(UUID(text.replace("-", "")))
    except ValueError:
        return ""


def _unique_id_value(anchor: str) -> str:
    digits = UUID(anchor).hex
    return "-".join(digits[at : at + 8] for at in range(0, 32, 8))


def _text(value: Value) -> str:
    return value.casefold() if isinstance(value, str) else ""


BY_NAME = Identity("")
OBJECT_GUID = Identity("objectGUID", _guid, _guid_value)
ENTRY_UUID = Identity("entryUUID", _text)
UNIQUE_ID = Identity("nsUniqueId", _unique_id, _unique_id_value)
