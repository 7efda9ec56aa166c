"""Keys of configurations, and what may stand under them, for the connectors and the requestor that stands alone."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs

from dxa.errors import AddressError
from dxa_msmail.addresses import ADDRESS_TYPES, check_pair
from dxa_msmail.envelope import mail_address

_TYPES = frozenset(name for kind in ADDRESS_TYPES for name in (kind.name, *kind.aliases))
_Field: TypeAlias = "attrs.Attribute[Any]"


def key(doc: str, default: Any = attrs.NOTHING, validator: Any = None) -> Any:
    """A key with the line that explains it; without a default it must be given."""
    return attrs.field(default=default, validator=validator, metadata={"doc": doc})


def element(_instance: object, field: _Field, value: str) -> None:
    """Validator: KB Q96003 #64, #69, #70: what can be a network or postoffice, as the field is called."""
    try:
        check_pair(*((value, "X") if field.name == "network" else ("X", value)))
    except AddressError as error:
        raise ValueError(f"{field.name}: {error}") from None


def postoffice(_instance: object, field: _Field, value: str) -> None:
    """Validator: NET/PO."""
    net, slash, po = value.partition("/")
    if not slash:
        raise ValueError(f"{field.name} must be NET/PO, got {value!r}")
    try:
        check_pair(net, po)
    except AddressError as error:
        raise ValueError(f"{field.name}: {error}") from None


def system_mailbox(_instance: object, field: _Field, value: str) -> None:
    """Validator: a mailbox that directory synchronization lives in."""
    if not mail_address(f"N/P/{value}").is_system:
        raise ValueError(f"{field.name} must be $SYSTEM or SYSTEMn, got {value!r}")


def known_types(_instance: object, field: _Field, value: tuple[str, ...]) -> None:
    """Validator: address types of directory synchronization, by any of their names."""
    unknown = [name for name in value if name.upper() not in _TYPES]
    if unknown:
        raise ValueError(f"{field.name}: unknown address type {', '.join(unknown)}")
