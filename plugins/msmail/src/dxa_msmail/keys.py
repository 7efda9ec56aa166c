"""Keys of configurations, and what may stand under them, for the connectors and the requestor that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations

from dxa.errors import AddressError
from dxa.mail.options import public_key
from dxa.options import Field
from dxa_msmail.addresses import ADDRESS_TYPES, check_pair
from dxa_msmail.envelope import mail_address

_TYPES = frozenset(name for kind in ADDRESS_TYPES for name in (kind.name, *kind.aliases))


def element(_instance: object, field: Field, value: str) -> None:
    """Validator: KB Q96003 #64, #69, #70: what can be a network or postoffice, as the field is called."""
    try:
        check_pair(*((value, "X") if field.name == "network" else ("X", value)))
    except AddressError as error:
        raise ValueError(f"{field.name}: {error}") from None


def postoffice(_instance: object, field: Field, value: str) -> None:
    """Validator: NET/PO."""
    net, slash, po = value.partition("/")
    if not slash:
        raise ValueError(f"{field.name} must be NET/PO, got {value!r}")
    try:
        check_pair(net, po)
    except AddressError as error:
        raise ValueError(f"{field.name}: {error}") from None


def system_mailbox(_instance: object, field: Field, value: str) -> None:
    """Validator: a mailbox that directory synchronization lives in."""
    if not mail_address(f"N/P/{value}").is_system:
        raise ValueError(f"{field.name} must be $SYSTEM or SYSTEMn, got {value!r}")


def known_types(_instance: object, field: Field, value: tuple[str, ...]) -> None:
    """Validator: address types of directory synchronization, by any of their names."""
    unknown = [name for name in value if name.upper() not in _TYPES]
    if unknown:
        raise ValueError(f"{field.name}: unknown address type {', '.join(unknown)}")


def postoffices(instance: object, field: Field, value: Mapping[str, str]) -> None:
    """Validator of a table: every key is a NET/PO, once, and no value is empty."""
    for name, to in value.items():
        postoffice(instance, field, name)
        if not to.strip():
            raise ValueError(f"{field.name}: where mail for {name} goes must not be empty")
    if len({name.casefold() for name in value}) < len(value):
        raise ValueError(f"{field.name} names a postoffice twice")


def ways(instance: object, field: Field, value: Mapping[str, str]) -> None:
    """Validator of a table: every postoffice is reached through another one."""
    postoffices(instance, field, value)
    for name, via in value.items():
        postoffice(instance, field, via)
        if name.casefold() == via.casefold():
            raise ValueError(f"{field.name}: the way to {name} cannot lead through itself")


def way(instance: object, field: Field, value: str) -> None:
    """Validator: the NET/PO on the way, or none."""
    if value:
        postoffice(instance, field, value)


def public_keys(instance: object, field: Field, value: Mapping[str, str]) -> None:
    """Validator of a table: every key is a NET/PO, every value its public key."""
    postoffices(instance, field, value)
    for text in value.values():
        public_key(instance, field, text)


def require_apart(**tables: Mapping[str, str]) -> None:
    """Raises ValueError for a postoffice that stands in more than one of these tables."""
    for (first, one), (second, other) in combinations(tables.items(), 2):
        for name in _folded(one) & _folded(other):
            raise ValueError(f"{name} stands in {first} and in {second}; leave one out")


def require_same(**tables: Mapping[str, str]) -> None:
    """Raises ValueError for a postoffice that stands in one of two tables, and not in the other one."""
    for (first, one), (second, other) in permutations(tables.items(), 2):
        for name in _folded(one) - _folded(other):
            raise ValueError(f"{name} stands in {first} and not in {second}; both are needed")


def _folded(table: Mapping[str, str]) -> set[str]:
    return {name.casefold() for name in table}
