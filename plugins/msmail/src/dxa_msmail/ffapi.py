"""The FFAPI message file: one mail as text headers, a body and attachments of stated sizes (KB Q118785, Q85055).

::

    VERSION:3.00
    TO:CSI:NET/PO/$SYSTEM
    FROM:CSI:LAB/GATE/$SYSTEM
    SUBJECT:Directory Exchange Profile
    ATTACHMENTS:TMPTRANS.GLB 120
    TEXT:96
    … 96 bytes of body, 120 bytes of attachment
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from dxa.errors import FormatError
from dxa_msmail.errors import format_error
from dxa_msmail.importlines import CODE_PAGE

#: The line ends of the option -F0, -F1 and -F2 (KB Q85055); -F0 is the default of FFAPI itself.
LINE_ENDS = (b"\r", b"\n", b"\r\n")
VERSION = "3.00"

_HEADERS = ("VERSION", "TO", "FROM", "DATE", "TIME", "SUBJECT", "PRIORITY", "ATTACHMENTS", "XATTACH", "TEXT", "XTEXT")
_SIZE = re.compile("[0-9]{1,10}")
_CR = re.compile(r"\^0d", re.IGNORECASE)


@attrs.frozen
class Attachment:
    """A file that travels inside the message."""

    name: str
    data: bytes


@attrs.frozen
class External:
    """A file beside the message, named by an XATTACH line; nothing here opens it."""

    file: str
    name: str = ""


@attrs.frozen(kw_only=True)
class MailMessage:
    """One mail. Addresses are as FFAPI spells them: ``NET/PO/MBX``, ``CSI:…``, ``SMTP:…``; CR separates their lines.

    `date` is ``yyyy-mm-dd`` and `time` ``hh:mm``, as they came. `text_file` names an external body (XTEXT). `extra` are
    headers that dxa does not know; `trailing` are bytes after the end.
    """

    to: tuple[str, ...]
    sender: str
    subject: str = ""
    date: str = ""
    time: str = ""
    priority: str = ""
    body: bytes = b""
    attachments: tuple[Attachment, ...] = ()
    externals: tuple[External, ...] = ()
    text_file: str = ""
    version: str = VERSION
    extra: tuple[tuple[str, str], ...] = ()
    trailing: bytes = b""


@attrs.define
class _Heads:
    """The headers while they are read."""

    single: dict[str, str] = attrs.field(factory=dict)
    to: list[str] = attrs.field(factory=list)
    sizes: list[tuple[str, int]] = attrs.field(factory=list)
    externals: list[External] = attrs.field(factory=list)
    extra: list[tuple[str, str]] = attrs.field(factory=list)


#: A line of LDIF that names an object (RFC 2849); no header of a message is called so.
_OBJECT = re.compile(rb"[\r\n]dn:", re.IGNORECASE)


def is_message(data: bytes) -> bool:
    """Whether the bytes begin with a header line of a message file; LDIF may begin with a version, too."""
    head = data[:64].lstrip().partition(b":")
    if head[0].upper() == b"VERSION" and _OBJECT.search(data[:4096]):
        return False
    return bool(head[1]) and head[0].upper() in (b"VERSION", b"TO", b"FROM")


def line_end(data: bytes) -> bytes:
    """What ends the header lines: CR, LF or CR LF."""
    found = re.search(rb"\r\n|\r|\n", data)
    return found[0] if found else b"\r\n"


def parse(data: bytes, *, code_page: str = CODE_PAGE) -> MailMessage:
    """The mail in a message file; raises `FormatError` where the file breaks the format.

    Bytes after the end are no error, but they are kept as `trailing`: maybe the next message of the file
    (`parse_all`), maybe a sign that a size is wrong.
    """
    heads = _Heads()
    end = line_end(data)
    at, line = 0, 0
    while "TEXT" not in heads.single and "XTEXT" not in heads.single:
        stop = data.find(end, at)
        if at >= len(data) or (stop < 0 and not data[at:].strip(b"\x1a")):
            found = "the end of the file"
            raise FormatError("no end of the headers", line=line + 1, field="TEXT", expected="TEXT or XTEXT", got=found)
        stop = len(data) if stop < 0 else stop
        line += 1
        _read_header(data[at:stop].decode(code_page, "replace"), line, heads)
        at = min(stop + len(end), len(data))
    return _message(heads, data[at:], line)


def parse_all(data: bytes, *, code_page: str = CODE_PAGE) -> Iterator[MailMessage]:
    """Every mail of a file that holds one after the other (KB Q87223); the last one keeps what trails."""
    while True:
        message = parse(data, code_page=code_page)
        if not is_message(message.trailing):
            yield message
            return
        yield attrs.evolve(message, trailing=b"")
        data = message.trailing


def _read_header(text: str, line: int, heads: _Heads) -> None:
    if not text.strip():
        return
    word, colon, value = text.partition(":")
    key = word.strip().upper()
    if not colon:
        raise format_error(144, line=line, expected="HEADER:value", got=text[:80])
    if key == "TO":
        heads.to.append(_unescape(value))
    elif key == "ATTACHMENTS":
        heads.sizes.append(_sized(value, line))
    elif key == "XATTACH":
        file, _, name = value.strip().partition(" ")
        heads.externals.append(External(_file_name(file, key, line), name.strip()))
    elif key not in _HEADERS:
        heads.extra.append((word, value))
    elif heads.single.setdefault(key, value) != value:
        raise FormatError("a header comes twice", line=line, field=key, expected=heads.single[key], got=value)


def _sized(value: str, line: int) -> tuple[str, int]:
    name, _, size = value.strip().rpartition(" ")
    return _file_name(name.strip(), "ATTACHMENTS", line), _size(size, "ATTACHMENTS", line)


def _size(text: str, field: str, line: int) -> int:
    digits = text.strip()
    if not _SIZE.fullmatch(digits):
        raise FormatError("no size", line=line, field=field, expected="a number of bytes", got=text)
    return int(digits)


def _file_name(name: str, field: str, line: int = 0) -> str:
    """A bare file name: a path would reach out of the folder of the message."""
    if not name or name in (".", "..") or re.search(r"[/\\:\x00-\x1f]", name):
        raise FormatError("not a plain file name", line=line, field=field, expected="a name without a path", got=name)
    return name


def _unescape(value: str) -> str:
    # KB Q94410: ^0D in an address is a carriage return.
    return _CR.sub("\r", value.strip(" "))


def _message(heads: _Heads, rest: bytes, line: int) -> MailMessage:
    single = heads.single
    if not heads.to or "FROM" not in single:
        field = "FROM" if heads.to else "TO"
        raise FormatError("a header is missing", line=line, field=field, expected=f"{field}:address", got="none")
    sizes = [("TEXT", _size(single.get("TEXT", "0"), "TEXT", line)), *heads.sizes]
    wanted = sum(size for _, size in sizes)
    if wanted > len(rest):
        expected, got = f"{wanted} bytes after the headers", f"{len(rest)} bytes"
        field = _short(sizes, len(rest))
        raise FormatError("the file ends too early", line=line, field=field, expected=expected, got=got)
    parts, trailing = _cut([size for _, size in sizes], rest)
    return MailMessage(
        to=tuple(heads.to),
        sender=_unescape(single["FROM"]),
        subject=single.get("SUBJECT", ""),
        date=single.get("DATE", "").strip(),
        time=single.get("TIME", "").strip(),
        priority=single.get("PRIORITY", "").strip(),
        body=parts[0],
        attachments=tuple(Attachment(name, part) for (name, _), part in zip(heads.sizes, parts[1:], strict=True)),
        externals=tuple(heads.externals),
        text_file=_file_name(single["XTEXT"].strip(), "XTEXT", line) if "XTEXT" in single else "",
        version=single.get("VERSION", VERSION).strip(),
        extra=tuple(heads.extra),
        trailing=trailing,
    )


def _short(sizes: list[tuple[str, int]], length: int) -> str:
    """The first part that the bytes do not reach."""
    for name, size in sizes:
        length -= size
        if length < 0:
            return name
    return ""


def _cut(sizes: list[int], data: bytes) -> tuple[list[bytes], bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(data[at : at + size])
        at += size
    return parts, data[at:]


def write(message: MailMessage, *, end: bytes = b"\r\n", code_page: str = CODE_PAGE) -> bytes:
    """The message file with these line ends in its headers; body and attachments stay as they are."""
    if end not in LINE_ENDS:
        raise ValueError(f"expected one of {LINE_ENDS}, got {end!r}")
    rows = [f"{key}:{value}" for key, value in _headers(message)]
    for at, row in enumerate(rows, 1):
        if re.search(r"[\x00-\x08\x0a-\x1f]", row):
            raise FormatError("a control character in a header", line=at, got=row)
    try:
        head = "".join(f"{row}\n" for row in rows).encode(code_page).replace(b"\n", end)
    except UnicodeEncodeError as error:
        raise FormatError("a character outside the code page", expected=code_page, got=error.object) from None
    return b"".join([head, message.body, *(a.data for a in message.attachments), message.trailing])


def _headers(message: MailMessage) -> Iterator[tuple[str, str]]:
    yield "VERSION", message.version
    for address in message.to:
        yield "TO", address.replace("\r", "^0D")
    yield "FROM", message.sender.replace("\r", "^0D")
    for key in ("date", "time", "subject", "priority"):
        if value := getattr(message, key):
            yield key.upper(), value
    yield from message.extra
    for attachment in message.attachments:
        yield "ATTACHMENTS", f"{_file_name(attachment.name, 'ATTACHMENTS')} {len(attachment.data)}"
    for external in message.externals:
        yield "XATTACH", f"{_file_name(external.file, 'XATTACH')} {external.name}".rstrip(" ")
    if message.text_file:
        if message.body:
            raise FormatError("a body and a file with the body", field="XTEXT", got=message.text_file)
        yield "XTEXT", _file_name(message.text_file, "XTEXT")
    else:
        yield "TEXT", str(len(message.body))
