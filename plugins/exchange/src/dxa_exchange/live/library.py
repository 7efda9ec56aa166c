"""python-ldap, which is there or not: it is compiled against libldap and libsasl, which files alone do not need."""

from __future__ import annotations

import importlib
from typing import Any

from dxa.errors import UsageError

WHAT_TO_INSTALL = (
    "live LDAP needs python-ldap: install the extra `dxa-exchange[ldap]`, or the package python3-ldap of the "
    "distribution; to build it takes the headers of OpenLDAP and Cyrus SASL (Debian: libldap2-dev, libsasl2-dev)"
)


def load(name: str = "ldap") -> Any:
    """A module of python-ldap; raises `UsageError` with what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"{WHAT_TO_INSTALL} ({error})") from None
