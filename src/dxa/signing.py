"""Keys: Ed25519 (RFC 8032), a private one in a file of its own, the public ones of the peers in the configuration.

The text of a public key is ``ed25519:`` and its 32 bytes in base64; a private key is unencrypted PKCS #8 in PEM.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: What the text of a public key begins with.
PREFIX = "ed25519:"
SIZE, SIGNATURE_SIZE = 32, 64


@attrs.frozen
class PublicKey:
    """A key that tells whether its owner signed something."""

    #: Its 32 bytes.
    raw: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """The key of this text; raises ValueError."""
        text = text.strip()
        try:
            raw = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raw = b""
        if not text.startswith(PREFIX) or len(raw) != SIZE:
            raise ValueError(f"a public key is {PREFIX} and {SIZE} bytes in base64, as `dxa keygen` prints it")
        return cls(raw)

    def __str__(self) -> str:
        return PREFIX + base64.b64encode(self.raw).decode("ascii")

    @property
    def fingerprint(self) -> str:
        """A short form for people who compare keys by telephone."""
        return "SHA256:" + base64.b64encode(sha256(self.raw).digest()).decode("ascii").rstrip("=")

    def signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the owner of the key has signed exactly these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A site's own key. It does not show itself."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.public = PublicKey(raw)

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> PrivateKey:
        """The key in this PEM text; raises ValueError, which says nothing of the text."""
        try:
            key = serialization.load_pem_private_key(text.encode("utf-8", "surrogatepass"), password=None)
        except Exception:  # the library raises errors of many kinds, and some show what they were given
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("is no Ed25519 private key in PEM; `dxa keygen` makes one") from None
        return cls(key)

    def pem(self) -> bytes:
        """The text that `parse` reads, for a file that nobody else can read."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes."""
        return self._key.sign(data)
