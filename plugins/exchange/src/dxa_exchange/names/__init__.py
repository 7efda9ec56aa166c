"""Distinguished names, in the spelling of LDAP and in the native one of Exchange 5.5.

::

    cn=JohnD,cn=Recipients,ou=London,o=Acme         LDAP, leaf first (RFC 4514; read also RFC 1779 and RFC 2253)
    /o=Acme/ou=London/cn=Recipients/cn=JohnD        native, root first: what Obj-Container and legacyExchangeDN hold
    Recipients/cn=JohnD                             native, below a site: what Members holds (KB Q165319)

A name that cannot be read raises `FormatError`, whose field is ``dn``.
"""

from dxa_exchange.names.dn import (
    absolute,
    child,
    container,
    key,
    parent,
    rdn_value,
    read,
    relative,
    steps,
    to_ldap,
    to_native,
    within,
)
from dxa_exchange.names.ldap import Dn, Part, Rdn, escaped, parse, write
from dxa_exchange.names.slashed import from_native, native

__all__ = [
    "Dn",
    "Part",
    "Rdn",
    "absolute",
    "child",
    "container",
    "escaped",
    "from_native",
    "key",
    "native",
    "parent",
    "parse",
    "rdn_value",
    "read",
    "relative",
    "steps",
    "to_ldap",
    "to_native",
    "within",
    "write",
]
