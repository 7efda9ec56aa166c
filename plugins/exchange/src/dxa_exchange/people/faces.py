"""Where in an object an address may stand, so that whoever has it is found."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from dxa.address import Address, AddressTypes
from dxa.entry import Entry
from dxa.errors import AddressError
from dxa_exchange.dialects import Dialect
from dxa_exchange.directory import Record

#: Attributes whose values are ``TYPE:value``, and the one that holds an SMTP address alone.
_TYPED, _BARE = ("targetAddress", "proxyAddresses", "secondaryProxyAddresses"), "mail"


@attrs.frozen
class Faces:
    """The attributes of a directory that hold addresses, as it is read and as it is written."""

    dialects: tuple[Dialect, ...]
    types: AddressTypes

    def key(self, entry: Entry) -> str:
        """The key of the entry's address, whatever its own key is."""
        return self.types.key(Address(entry.type, entry.address))

    def wanted(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """Attributes, each with the value that it has when the object has the entry's address."""
        for name, form in self._attributes().items():
            if form == "bare":
                if entry.type == "SMTP":
                    yield name, entry.address
            elif form == "x400":
                if entry.type == "X400":
                    yield name, entry.address
            else:
                yield name, f"{entry.type}{form}{entry.address}"

    def keys(self, record: Record) -> set[str]:
        """The keys of all addresses that an object has."""
        found = set()
        for name, form in self._attributes().items():
            for text in record.texts(name):
                typed = {"bare": f"SMTP:{text}", "x400": f"X400:{text}"}.get(form, text.replace(form, ":", 1))
                try:
                    found.add(self.types.key(self.types.parse(typed)))
                except AddressError:
                    continue
        return found

    def _attributes(self) -> dict[str, str]:
        """The attributes by their names, with how an address stands in each."""
        found: dict[str, str] = {}
        for dialect in self.dialects:
            if dialect.name == "ex55":
                found |= {"Target-Address": ":", "otherMailbox": "$", "mail": "bare", "textEncodedORAddress": "x400"}
                continue
            found |= {name: ":" for neutral in _TYPED if (name := dialect.theirs(neutral))}
            found |= {name: ":" for name in [dialect.stand_in] if name}
            found |= {name: "bare" for name in [dialect.theirs(_BARE)] if name}
        return found
