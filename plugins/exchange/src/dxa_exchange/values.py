"""What LDIF and DSML have in common: names of attributes, and which values are text.

A value is text when its bytes are UTF-8 without NUL and its attribute is not binary by its syntax. So the same bytes
are the same value in whatever form a file holds them, and writing what was read gives the same values.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from functools import lru_cache

from dxa_exchange.directory import Value

#: RFC 4512, 2.5, with the underscore that servers allow, and with ranges (``member;range=0-1499``) of Active Directory.
_NAME = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]*|[0-9]+(?:\.[0-9]+)*)(?:;[A-Za-z0-9_=*.-]+)*", re.ASCII)
LONGEST_NAME = 255
_OID = re.compile(r"[0-9]+(?:\.[0-9]+)+", re.ASCII)
#: Parts of the names of attributes that hold passwords or keys; those of `_NO_SECRETS` hold times and counts.
_SECRET = re.compile(r"passw|pwd|pass-?phrase|rootpw|secret|credential|krb\w*key|keytab|private-?key", re.IGNORECASE)
_NO_SECRETS = re.compile(r"(?:pwdLastSet|badPwdCount|(?:min|max)Pwd\w+|passwordExpirationTime)(?:;.*)?", re.IGNORECASE)

# fmt: off
#: Attributes whose syntax is binary: RFC 4523, RFC 2798, and the octet strings of Active Directory and of Exchange.
BINARY = frozenset({
    "audio", "authorityrevocationlist", "cacertificate", "certificaterevocationlist", "crosscertificatepair",
    "deltarevocationlist", "guid", "jpegphoto", "logonhours", "ms-ds-consistencyguid", "msds-generationid",
    "msexcharchiveguid", "msexchmailboxguid", "msexchmailboxsecuritydescriptor", "msexchmasteraccountsid",
    "ntsecuritydescriptor", "objectguid", "objectsid", "photo", "sidhistory", "supportedalgorithms",
    "thumbnaillogo", "thumbnailphoto", "tokengroups", "usercertificate", "userpkcs12", "usersmimecertificate",
})
# fmt: on


def is_name(text: str) -> bool:
    """Whether this may name an attribute, with options."""
    return len(text) <= LONGEST_NAME and _is_name(text)


@lru_cache(4096)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def is_oid(text: str) -> bool:
    """Whether this is an object identifier in numbers."""
    return _OID.fullmatch(text) is not None


@lru_cache(4096)
def is_binary(name: str) -> bool:
    """Whether all values of an attribute are bytes: by the option ``binary`` (RFC 4522), or by its known syntax."""
    base, *options = name.lower().split(";")
    return "binary" in options or base in BINARY


def is_secret(name: str) -> bool:
    """Whether values of this attribute are never shown: passwords, their hashes and keys."""
    return _SECRET.search(name) is not None and _NO_SECRETS.fullmatch(name) is None


@lru_cache(1024)
def is_regular(names: tuple[str, ...]) -> bool:
    """Whether these are names of attributes with text, each in one spelling."""
    known = all(is_name(name) and not is_binary(name) and name.lower() != "dn" for name in names)
    return known and len({name.lower() for name in names}) == len(names)


def names_secret(text: str) -> bool:
    """Whether a text names anywhere an attribute whose values are never shown."""
    return any(is_secret(word) for word in re.findall(r"[\w;-]+", text))


def typed(name: str, data: bytes) -> Value:
    """The value that these bytes are."""
    if is_binary(name) or b"\0" in data:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def plain(name: str, text: str) -> Value:
    """The value that stands in a file as this text."""
    return text.encode() if is_binary(name) else text


def raw(value: Value) -> bytes:
    """The bytes of a value; a text that UTF-8 cannot carry (half a surrogate pair) raises UnicodeEncodeError."""
    return value if isinstance(value, bytes) else value.encode()


def from_base64(text: str) -> bytes | None:
    """The bytes that Base64 text stands for, blanks around it allowed; None when it is no whole Base64."""
    try:
        return a2b_base64(text.strip(" ").encode("ascii"), strict_mode=True)
    except (Error, UnicodeEncodeError):
        return None


def to_base64(data: bytes) -> str:
    """Bytes as Base64, in one line."""
    return b2a_base64(data, newline=False).decode("ascii")


def shown(value: str, limit: int = 60) -> str:
    """What was found, for an error: quoted, and not endless."""
    return repr(value if len(value) <= limit else f"{value[:limit]}…")
