"""A message of a link as an e-mail, and back.

The text of the e-mail is for people. What counts are its attachments, in base64, which no gateway rewraps or converts:
first the seal, then the parts that it lists. The seal says what the letter is called for good, on which kind of link it
goes from whom to whom, and the size and SHA-256 of each part; the last of its lines is the signature over all others::

    dxa-mail 1
    channel: msmail
    id: 5f1c9d0e.msg
    from: NORTH/MAIN
    to: LAB/HQ
    part: 312 9f86d081884c7d65… MESSAGE.MSG
    signature: jr9iYPtwyzc1hYfNUbFOg8RCUERTNdRe8QdTVLBlZF8…

Parts are found by what they are and not by their names, for gateways rename attachments.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import format_datetime, parseaddr
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

import attrs

from dxa.errors import FormatError
from dxa.signing import SIGNATURE_SIZE, PrivateKey, PublicKey

#: The attachment that says what belongs to a letter and who wrote it.
SEAL = "DXA.SEAL"
_START = b"dxa-mail 1\n"
#: What is signed begins with this, so that no signature over anything else can stand for one of a letter.
_DOMAIN = b"dxa-mail\0"
_SEAL_LIMIT = 65_536
#: So much of a header is read; what is longer is no subject, and decoding it takes the square of its length.
_HEADER_LIMIT = 4_000
_KEYS = ("channel", "id", "from", "to")
_PART = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64}) (.+)")

#: Nothing but ASCII leaves, so that no server on the way has to convert anything.
_POLICY = policy.SMTP.clone(cte_type="7bit")

NON_DELIVERY, RECEIPT, REPLY = "a non-delivery report", "a receipt", "an automatic reply"


class Part(NamedTuple):
    """An attachment."""

    #: The name of a file; never a path.
    name: str
    #: Its bytes.
    data: bytes


@attrs.frozen(kw_only=True)
class Letter:
    """What a link says with one e-mail.

    `id` names it for good: the same one sent twice is one letter. `channel` is the kind of link; `sender` and `to` are
    the names of both sides there, not their mail addresses. `subject` and `text` are for people.
    """

    id: str
    channel: str
    sender: str
    to: str
    #: What it carries.
    parts: tuple[Part, ...]
    subject: str = ""
    text: str = ""


# -- writing -----------------------------------------------------------------------------------------------------------


def compose(letter: Letter, *, origin: str, target: str, now: float, key: PrivateKey | None) -> bytes:
    """The e-mail from one mail address to another; without a key it is not signed. Equal arguments give equal bytes."""
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"] = origin, target
    message["Subject"] = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", letter.subject).split())
    message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    message["Message-ID"] = message_id(letter, origin)
    # RFC 3834: no program answers a mail that a program wrote; the second one is for Exchange, which asks for it.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-DXA-Id"] = letter.id
    text = letter.text.encode("utf-8", "replace").decode("utf-8")
    message.set_content(text, charset="utf-8")
    for name, data in (Part(SEAL, _sealed(letter, key)), *letter.parts):
        message.add_attachment(data, "application", "octet-stream", filename=name, cte="base64")
    message.set_boundary(f"=_dxa_{_digest(letter)}")
    return message.as_bytes()


def message_id(letter: Letter, origin: str) -> str:
    """The Message-ID (RFC 5322 section 3.6.4) of a letter that a mail address sends: always the same one."""
    return f"<{_digest(letter)}@{origin.rpartition('@')[2] or 'dxa.invalid'}>"


def _digest(letter: Letter) -> str:
    names = "\0".join((letter.channel, letter.sender.casefold(), letter.to.casefold(), letter.id))
    return blake2b(names.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _sealed(letter: Letter, key: PrivateKey | None) -> bytes:
    rows = list(zip(_KEYS, (letter.channel, letter.id, letter.sender, letter.to), strict=True))
    rows += [("part", f"{len(data)} {sha256(data).hexdigest()} {name}") for name, data in letter.parts]
    for name, value in rows:
        if not value.strip() or not value.isprintable():
            raise ValueError(f"{name} of a letter cannot be {value!r}")
    seal = _START + "".join(f"{name}: {value}\n" for name, value in rows).encode()
    if key is None:
        return seal
    signature = base64.b64encode(key.sign(_DOMAIN + seal)).decode("ascii")
    return seal + f"signature: {signature}\n".encode("ascii")


# -- reading -----------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Seal:
    """A seal as it was read: the names on it, each part's size and SHA-256 with its name, and the signature, if any."""

    #: As `Letter.channel`.
    channel: str
    #: As `Letter.id`.
    id: str
    #: As `Letter.sender`.
    sender: str
    #: As `Letter.to`.
    to: str
    #: Size, SHA-256 and name of each.
    parts: tuple[tuple[int, str, str], ...]
    #: The bytes that the signature is of.
    covered: bytes
    signature: bytes | None

    def signed_by(self, key: PublicKey) -> bool:
        """Whether the owner of the key has signed all that it says."""
        return self.signature is not None and key.signed(_DOMAIN + self.covered, self.signature)


@attrs.frozen(kw_only=True)
class Mail:
    """An e-mail that came in.

    `origin` is the address in its From line, which proves nothing. `parts` are all attachments, `text` the first text
    for people. `automatic` says what a mail system has written by itself, and is "" for everything else.
    """

    origin: str
    #: Its subject, for people.
    subject: str
    text: str
    parts: tuple[Part, ...]
    #: What it says of itself, if it is a sealed letter of dxa.
    seal: Seal | None
    automatic: str = ""

    def letter(self) -> Letter:
        """What the sealed e-mail carries; raises `FormatError` for a part that is missing or was changed.

        Whose the seal is has to be asked of it (`Seal.signed_by`).
        """
        seal = self.seal
        if seal is None:
            raise FormatError("it has no seal", field=SEAL, expected="an attachment of this name", got="none")
        there = {sha256(part.data).hexdigest(): part.data for part in self.parts}
        parts = []
        for size, digest, name in seal.parts:
            if digest not in there:
                got = ", ".join(f"{part.name} of {len(part.data)} bytes" for part in self.parts) or "none"
                raise FormatError(
                    "an attachment is missing, or was cut or changed on the way",
                    field=name,
                    expected=f"{size} bytes with the SHA-256 {digest}",
                    got=got[:300],
                )
            parts.append(Part(name, there[digest]))
        return Letter(
            id=seal.id,
            channel=seal.channel,
            sender=seal.sender,
            to=seal.to,
            parts=tuple(parts),
            subject=self.subject,
            text=self.text,
        )


def read(data: bytes) -> Mail:
    """The e-mail in these bytes; raises `FormatError` for a seal or an e-mail that cannot be read, and nothing else."""
    try:
        return _read(data)
    except FormatError:
        raise
    except Exception as error:  # for what strangers send the library raises errors of many kinds, RecursionError too
        raise FormatError(f"the e-mail cannot be read: {type(error).__name__}: {error}") from None


def _read(data: bytes) -> Mail:
    message = message_from_bytes(data, policy=policy.compat32)
    texts, parts, seals = list[str](), list[Part](), list[bytes]()
    for part in _leaves(message):
        content = _content(part)
        if content.startswith(_START) and not seals:
            seals.append(content)
        elif part.get_content_type() == "text/plain" and not texts and not _name(part):
            texts.append(_decoded(part, content))
        else:
            parts.append(Part(_name(part), content))
    seal = _read_seal(seals[0]) if seals else None
    return Mail(
        origin=parseaddr(_header(message, "From"))[1],
        subject=_header(message, "Subject"),
        text=texts[0] if texts else "",
        parts=tuple(parts),
        seal=seal,
        automatic=_automatic(message, sealed=seal is not None),
    )


def _leaves(message: Message[Any, Any]) -> Iterator[Message[Any, Any]]:
    """The parts that contain no others. What lies in an e-mail that is enclosed belongs to that one."""
    if message.get_content_maintype() == "message":
        return
    if not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _leaves(part)


def _content(part: Message[Any, Any]) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):  # a transfer encoding that is none
        return b""
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message[Any, Any], content: bytes) -> str:
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _name(part: Message[Any, Any]) -> str:
    try:
        return str(part.get_filename() or "")
    except (ValueError, LookupError, TypeError):
        return ""


def _header(message: Message[Any, Any], name: str) -> str:
    value = str(message.get(name, ""))[:_HEADER_LIMIT].encode("utf-8", "replace").decode("utf-8")
    with suppress(ValueError, LookupError, MessageError):  # else it stays as it came
        value = str(make_header(decode_header(value)))
    return " ".join("".join(char if char.isprintable() else " " for char in value).split())


def _automatic(message: Message[Any, Any], *, sealed: bool) -> str:
    """What a mail system has written by itself (RFC 3464, 8098, 3834; T-158); "" for everything else."""
    if message.get_content_type() == "multipart/report":
        kind = str(message.get_param("report-type", "")).casefold()
        return RECEIPT if kind == "disposition-notification" else NON_DELIVERY
    if sealed:
        return ""
    user = parseaddr(_header(message, "From"))[1].partition("@")[0].casefold()
    if _header(message, "Return-Path") == "<>" or user in ("mailer-daemon", "postmaster"):
        return NON_DELIVERY
    said = _header(message, "Auto-Submitted").casefold()
    if said.startswith("auto-") or _header(message, "Precedence").casefold() == "auto_reply":
        return REPLY
    return REPLY if any(name in message for name in ("X-Autoreply", "X-Autorespond")) else ""


def _read_seal(data: bytes) -> Seal:
    covered, signature = data, None
    head, found, last = data.rpartition(b"\nsignature: ")
    if found:
        covered = head + b"\n"
        try:
            signature = base64.b64decode(last.removesuffix(b"\n"), validate=True)
        except binascii.Error:
            signature = b""
        if len(signature) != SIGNATURE_SIZE:
            raise _bad_seal("signature", f"{SIGNATURE_SIZE} bytes in base64", last)
    if len(covered) > _SEAL_LIMIT:
        raise _bad_seal("size", f"at most {_SEAL_LIMIT} bytes", str(len(covered)).encode())
    names, parts = dict[str, str](), list[tuple[int, str, str]]()
    for line, row in enumerate(covered[len(_START) :].split(b"\n"), 2):
        name, colon, value = row.decode("utf-8", "replace").partition(": ")
        if not row:
            continue
        if name == "part" and (match := _PART.fullmatch(value)):
            parts.append((int(match[1]), match[2], match[3]))
        elif colon and name in _KEYS and name not in names and value.strip():
            names[name] = value
        else:
            raise _bad_seal(name, f"one of {', '.join((*_KEYS, 'part'))}", row, line)
    if missing := [name for name in _KEYS if name not in names]:
        raise _bad_seal(missing[0], "a line of this name", b"")
    return Seal(
        channel=names["channel"],
        id=names["id"],
        sender=names["from"],
        to=names["to"],
        parts=tuple(parts),
        covered=covered,
        signature=signature,
    )


def _bad_seal(field: str, expected: str, got: bytes, line: int = 0) -> FormatError:
    shown = got[:80].decode("utf-8", "replace")
    return FormatError(
        "the seal cannot be read", source=SEAL, line=line, field=field[:40], expected=expected, got=shown
    )
