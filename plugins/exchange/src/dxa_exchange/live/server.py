"""How a server is reached: where, as whom, how protected, and how patiently."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import attrs

from dxa.config.secrets import Secret

#: ``simple``: a name and a password; ``anonymous``; the others are mechanisms of SASL.
Method: TypeAlias = Literal[
    "simple", "anonymous", "EXTERNAL", "GSSAPI", "GSS-SPNEGO", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"
]


@attrs.frozen(kw_only=True)
class Tls:
    """Protection of the connection. The server's certificate is verified unless `verify` is false."""

    start: bool = False
    verify: bool = True
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@attrs.frozen(kw_only=True)
class Server:
    """A server and an account. Times are in seconds; `page` is how many entries come at once."""

    uri: str
    method: Method = "anonymous"
    user: str = ""
    password: Secret | None = None
    tls: Tls = Tls()
    connect_timeout: float = 10.0
    timeout: float = 120.0
    page: int = 500

    def exposes_password(self) -> bool:
        """Whether the password would be readable on a network between here and the server."""
        at = urlsplit(self.uri)
        host = (at.hostname or "").casefold()
        local = at.scheme == "ldapi" or host in ("localhost", "::1", "") or host.startswith("127.")
        return self.method == "simple" and at.scheme == "ldap" and not self.tls.start and not local
