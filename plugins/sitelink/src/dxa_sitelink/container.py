"""The form that every file of a site link has: a header line, a body, a trailer line (docs/formats/sitelink.md).

The trailer tells whether all bytes have arrived (size and digest), and who wrote them (signature). What is signed is
every byte before the trailer, as it stands in the file: nothing is decompressed before it is known whose it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import attrs

from dxa.errors import FormatError
from dxa.signing import SIGNATURE_SIZE, PrivateKey

FORMAT, VERSION = "dxa-sitelink", 1
#: How every file begins.
START = f'{{"format":"{FORMAT}","version":'.encode("ascii")
PLAIN, ZLIB = "plain", "zlib"
#: The longest header or trailer, and the largest body after decompression.
LINE_LIMIT, BODY_LIMIT = 65_536, 2**30

_COMPACT = (",", ":")


class IncompleteError(FormatError):
    """The end is missing: the file may still be growing."""


@attrs.frozen(kw_only=True)
class Sealed:
    """A file whose bytes have all arrived. `signed` is what `signature` (None: there is none) signs."""

    header: Mapping[str, Any]
    stored: bytes
    signed: bytes
    signature: bytes | None

    def body(self) -> bytes:
        """The body, decompressed; raises `FormatError`. To be asked only when it is known who wrote the file."""
        length, encoding = self.header["length"], self.header["encoding"]
        if encoding == PLAIN:
            body = self.stored
        elif length > BODY_LIMIT:
            raise FormatError("too large", field="length", expected=f"at most {BODY_LIMIT}", got=str(length))
        else:
            try:
                body = zlib.decompressobj().decompress(self.stored, length + 1)
            except zlib.error as error:
                raise FormatError(f"cannot be decompressed: {error}", field="body") from None
        if len(body) != length:
            raise FormatError("wrong length", field="body", expected=f"{length} bytes", got=str(len(body)))
        return body


def seal(header: Mapping[str, Any], body: bytes, key: PrivateKey | None, *, compress: bool = False) -> bytes:
    """The bytes of a file; without a key it is not signed. Equal arguments give equal bytes."""
    stored = zlib.compress(body, 6) if compress and body else body
    form = {"encoding": PLAIN if stored is body else ZLIB, "length": len(body), "size": len(stored)}
    data = dumps({"format": FORMAT, "version": VERSION, **header, **form}) + b"\n" + stored
    trailer: dict[str, Any] = {"end": len(data), "sha256": sha256(data).hexdigest()}
    if key is not None:
        trailer["signature"] = base64.b64encode(key.sign(data)).decode("ascii")
    return data + dumps(trailer) + b"\n"


def unseal(data: bytes) -> Sealed:
    """The parts of a file; raises `FormatError`, and `IncompleteError` when its end is missing.

    That all bytes have arrived says nothing about who wrote them.
    """
    first, end_of_line, _ = data[:LINE_LIMIT].partition(b"\n")
    if not end_of_line:
        if START.startswith(first[: len(START)]) or first.startswith(START):
            raise IncompleteError("the header ends too early", offset=len(data))
        raise FormatError("no file of a site link", offset=0, expected=START.decode("ascii"), got=_shown(first))
    header = _header(first)
    begin = len(first) + 1
    end = begin + header["size"]
    if len(data) < end or not data.endswith(b"\n") or len(data) == end:
        raise IncompleteError("the file ends too early", offset=len(data))
    trailer = _trailer(data[end:-1], end)
    signed = data[:end]
    if (found := sha256(signed).hexdigest()) != trailer["sha256"]:
        raise FormatError("it was changed or damaged", field="sha256", expected=trailer["sha256"], got=found)
    return Sealed(header=header, stored=data[begin:end], signed=signed, signature=_signature(trailer, end))


def dumps(value: Any) -> bytes:
    """One line of JSON without its end, in UTF-8; what UTF-8 cannot hold is escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=_COMPACT).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=_COMPACT).encode("ascii")


def loads(line: bytes) -> Any:
    """The value of a line of JSON; raises ValueError."""
    try:
        return json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text_of(header: Mapping[str, Any], name: str) -> str:
    """A text of a header; raises `FormatError`."""
    value = header.get(name)
    if not isinstance(value, str):
        raise FormatError("missing or no text", line=1, field=name, expected="a text", got=_shown(value))
    return value


def number_of(header: Mapping[str, Any], name: str) -> int:
    """A number of a header, 0 to 2**62; raises `FormatError`."""
    value = header.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**62:
        raise FormatError("missing or no number", line=1, field=name, expected="a whole number", got=_shown(value))
    return value


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = loads(line)
    except ValueError as error:
        raise FormatError(f"the header is no JSON: {error}", line=1) from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FormatError("no file of a site link", line=1, field="format", expected=FORMAT, got=_shown(header))
    if header.get("version") != VERSION:
        raise FormatError(
            "written for another version", line=1, field="version", expected="1", got=_shown(header.get("version"))
        )
    number_of(header, "size")
    number_of(header, "length")
    if text_of(header, "encoding") not in (PLAIN, ZLIB):
        raise FormatError("unknown", line=1, field="encoding", expected="plain or zlib", got=header["encoding"])
    return header


def _trailer(line: bytes, at: int) -> dict[str, Any]:
    try:
        trailer = loads(line)
    except ValueError:
        trailer = None
    if not isinstance(trailer, dict) or trailer.get("end") != at or not isinstance(trailer.get("sha256"), str):
        raise FormatError("no trailer where the header says that it is", offset=at, got=_shown(line[:60]))
    return trailer


def _signature(trailer: Mapping[str, Any], at: int) -> bytes | None:
    text = trailer.get("signature")
    if text is None:
        return None
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        signature = b""
    if len(signature) != SIGNATURE_SIZE:
        raise FormatError("no signature", offset=at, field="signature", expected="64 bytes in base64", got=_shown(text))
    return signature


def _shown(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
