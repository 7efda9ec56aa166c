"""TLS for connections to mail servers: the server's certificate is always checked."""

from __future__ import annotations

import ssl
from pathlib import Path

from dxa.errors import TransportError


def context(folder: Path, ca: str) -> ssl.SSLContext:
    """What a connection is secured with; `ca` is a file of certificates to believe, "" those of the system."""
    try:
        return ssl.create_default_context(cafile=str(folder / ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        raise TransportError(f"cannot read the certificates in {folder / ca}: {error}") from None
