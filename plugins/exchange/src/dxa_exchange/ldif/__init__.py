"""LDIF (RFC 2849): the text form of objects and of changes to them.

`read` takes a binary stream, or pieces of one, and gives what its records are. A record that cannot be read is a `Bad`,
and the rest goes on; bytes never raise. `write` gives a file bit by bit. Each rule, and how well it is known, is in
``docs/formats/ldif.md``.
"""

from dxa_exchange.ldif.entries import Fetch
from dxa_exchange.ldif.reader import located, read
from dxa_exchange.ldif.writer import write

__all__ = ["Fetch", "located", "read", "write"]
