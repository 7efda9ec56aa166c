"""The records of ACCESS.GLB, ACCESS2.GLB and ACCESS3.GLB: record n is the same user in all three (KB Q77926, Q87402).

Only the sizes are public, the layout is ours. The tuple id and the hexid stand in each of the three, so that files
that have come out of step are noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import zlib
from typing import Any

import attrs

from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.columns import read_columns
from dxa_msmail.postoffice.layout import Basis

ACCESS, ACCESS2, ACCESS3 = "GLB/ACCESS.GLB", "GLB/ACCESS2.GLB", "GLB/ACCESS3.GLB"
#: IMPORT.TXT 3.5, KB Q111556: of a local password eight characters count.
PASSWORD_LENGTH = 8

_OURS = Basis.OURS
#: 2 to the power of this is scrypt's cost; a record may say another one, up to `_MOST_COST`, which takes 64 MB.
_COST, _MOST_COST = 14, 16
_SALT, _HASH = 16, 32
_SCRYPT = 1


@layout.record(586, "Local user", "KB Q77926, Q87402")
@attrs.frozen(kw_only=True)
class AccessRecord:
    """A record of ACCESS.GLB; one that is not in use is kept for the next user, so that the numbers of all stay."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    active: bool = layout.flag(0x08, _OURS, "", "in use", default=True)
    in_dirsync: bool = layout.flag(
        0x09, _OURS, "KB Q131151 names the option", "told to other postoffices", default=True
    )
    admin: bool = layout.flag(0x0A, _OURS, "", "may use ADMIN and the programs that ask for the administrator")
    tid: int = layout.number(0x0C, 4, _OURS, "", "tuple id, as in ADMIN.NME")
    hexid: str = layout.text(0x10, 9, _OURS, "", "hexid of the mailbag")
    mailbox: str = layout.text(0x19, 11, _OURS, "", "mailbox, up to 10 characters")
    name: str = layout.text(0x24, 31, _OURS, "", "the name in ADMIN.NME")
    password: bytes = layout.blob(
        0x43, 50, _OURS, "", "scheme (1: scrypt), cost, 16 bytes of salt, 32 of hash; or zeros"
    )


@layout.record(69, "Local user, second part", "KB Q77926, Q87402")
@attrs.frozen(kw_only=True)
class Access2Record:
    """A record of ACCESS2.GLB."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    active: bool = layout.flag(0x08, _OURS, "", "in use", default=True)
    tid: int = layout.number(0x0C, 4, _OURS, "", "tuple id, as in ACCESS.GLB")
    hexid: str = layout.text(0x10, 9, _OURS, "", "hexid of the mailbag, as in ACCESS.GLB")


@layout.record(512, "Local user, third part", "KB Q77926, Q87402")
@attrs.frozen(kw_only=True)
class Access3Record:
    """A record of ACCESS3.GLB."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    active: bool = layout.flag(0x08, _OURS, "", "in use", default=True)
    tid: int = layout.number(0x0C, 4, _OURS, "", "tuple id, as in ACCESS.GLB")
    hexid: str = layout.text(0x10, 9, _OURS, "", "hexid of the mailbag, as in ACCESS.GLB")


#: The three files with their records.
PARTS: tuple[tuple[str, type[Any]], ...] = (
    (ACCESS, AccessRecord),
    (ACCESS2, Access2Record),
    (ACCESS3, Access3Record),
)


def columns(cls: type[Any], data: bytes, source: str) -> dict[str, Any]:
    """The fields of all records as `read_columns`, after a look at their checks; raises `FormatError` 40."""
    found = read_columns(cls, data, source)
    size, at = layout.layout_of(cls).size, layout.layout_of(cls).spots["check"].at
    view, crc32, zeros = memoryview(data), zlib.crc32, bytes(4)
    for start in range(0, len(data), size):
        crc = crc32(view[start + at + 4 : start + size], crc32(zeros, crc32(view[start : start + at])))
        if crc != int.from_bytes(view[start + at : start + at + 4], "little"):
            layout.decode(cls, data, source=source, at=start)  # says what is wrong
    return found


# -- passwords -----------------------------------------------------------------------------------------------------


def hash_password(password: str) -> bytes:
    """What is kept of a password: a salted hash of its first eight characters; zeros when it is empty."""
    if not password:
        return bytes(2 + _SALT + _HASH)
    salt = os.urandom(_SALT)
    return bytes((_SCRYPT, _COST)) + salt + _scrypt(password, salt, _COST)


def fits(password: str, kept: bytes) -> bool:
    """Whether this is the password of which that is kept. Where none is set, every password fits."""
    if not any(kept):
        return True
    scheme, cost, salt, digest = kept[0], kept[1], kept[2 : 2 + _SALT], kept[2 + _SALT :]
    return scheme == _SCRYPT and 1 <= cost <= _MOST_COST and hmac.compare_digest(_scrypt(password, salt, cost), digest)


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    text = password[:PASSWORD_LENGTH].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=1 << cost, r=8, p=1, dklen=_HASH, maxmem=(2 << (cost + 10)) + (1 << 20))
