"""Addresses and address types.

An address type is registered by a plugin (hook ``dxa_address_types``) and knows four things about its addresses: how
to check a text, which list an address stands in, how to shape any text to the type's limits, and how to make a
shaped address unique. Everything else here is the same for all types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import NamedTuple

import attrs

from dxa.errors import AddressError


class Address(NamedTuple):
    """``TYPE:value``; `type` is the canonical name of a registered type, in upper case."""

    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


def _no_list(_value: str) -> str:
    return ""


def _suffix(value: str, n: int) -> str:
    """The n-th variant of a user name before an ``@`` or of a whole text: ``ann2@lab.example``."""
    user, at, rest = value.partition("@")
    return f"{user}{n}{at}{rest}"


@attrs.frozen(kw_only=True)
class AddressType:
    """The rules of one type of address."""

    #: The canonical name, in upper case: what stands before the colon.
    name: str
    #: Other spellings of the type's name on the wire, upper case (``PCM`` and ``CSI`` for ``MS``).
    aliases: tuple[str, ...] = ()
    #: Text to canonical text; raises `AddressError` with the number of the type's own world where there is one.
    check: Callable[[str], str]
    #: The list that a checked value stands in: ``NET/PO``, a gateway node, or ``""`` when the type has one list.
    list_of: Callable[[str], str] = _no_list
    #: Any text to a legal value of this type, by cutting and replacing; raises `AddressError` when nothing is left.
    shape: Callable[[str], str] | None = None
    #: The n-th (n >= 2) variant of a legal value that is still legal.
    variant: Callable[[str, int], str] = _suffix
    #: Equal values have equal folded values.
    fold: Callable[[str], str] = str.casefold
    #: Whether entries of this type may carry template fields (KB Q118621).
    templates: bool = False
    #: Whether a checked value is a program's mailbox (``NET/PO/$SYSTEM``), which nobody is told of (dx:T-201).
    is_program: Callable[[str], bool] = lambda _value: False


class AddressTypes:
    """The registered address types, found by any spelling of their name.

    `find` gives those that may be registered as well, by a name in upper case, or all for None; it is asked once for
    each name that is not known yet.
    """

    def __init__(
        self, types: Iterable[AddressType], find: Callable[[str | None], Iterable[AddressType]] = lambda _name: ()
    ) -> None:
        self._types: dict[str, AddressType] = {}
        self._find = find
        self._unknown: set[str] = set()
        for kind in types:
            self._register(kind)

    def _register(self, kind: AddressType) -> None:
        for name in (kind.name, *kind.aliases):
            if self._types.setdefault(name.upper(), kind) is not kind:
                raise AddressError(f"address type {name} is registered twice")

    def __iter__(self) -> Iterator[AddressType]:
        for kind in self._find(None):
            self._register(kind)
        return iter(sorted(set(self._types.values()), key=lambda t: t.name))

    def __contains__(self, name: str) -> bool:
        return name in self._types or self._looked_for(name.upper()) is not None

    def get(self, name: str) -> AddressType:
        """The type of that name in any case or spelling; raises `AddressError` (16: unknown type, KB Q96001)."""
        kind = self._types.get(name) or self._looked_for(name.upper())
        if kind is None:
            raise AddressError("unknown address type", got=name, code=16)
        return kind

    def _looked_for(self, name: str) -> AddressType | None:
        if name not in self._types and name not in self._unknown:
            for kind in self._find(name):
                self._register(kind)
            if name not in self._types:
                self._unknown.add(name)
        return self._types.get(name)

    def parse(self, text: str) -> Address:
        """``TYPE:value`` to a checked address; raises `AddressError`."""
        name, colon, value = text.partition(":")
        if not colon:
            raise AddressError("an address is TYPE:value", got=text)
        kind = self.get(name.strip())
        return Address(kind.name, kind.check(value.strip()))

    def key(self, address: Address) -> str:
        """Equal addresses have equal keys: ``MS:net/po/ann``."""
        return f"{address.type}:{self.get(address.type).fold(address.value)}"

    def list_of(self, address: Address) -> str:
        """The list that the address stands in, as it is written."""
        return self.get(address.type).list_of(address.value)

    def unique(self, address: Address, taken: Callable[[str], bool], hints: MutableMapping[str, int]) -> Address:
        """The address itself, or its first variant whose key is not taken.

        `hints` remembers per wished address where the search stopped, so that n equal wishes cost n steps and not
        n² (dx:T-088); pass the same mapping for a whole batch.
        """
        key = self.key(address)
        if key not in hints and not taken(key):
            hints[key] = 2
            return address
        kind = self.get(address.type)
        n = hints.get(key, 2)
        while True:
            variant = Address(address.type, kind.variant(address.value, n))
            n += 1
            if not taken(self.key(variant)):
                hints[key] = n
                return variant
