"""From the values on the wire to those of a `Record`: text, but for what is known as binary or is no text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from dxa_exchange.directory import Record, Value, Values

#: Attributes whose values are bytes, folded. Their values may look like text by chance, so they are known by name.
BINARY = frozenset(
    name.casefold()
    for name in (
        *("objectGUID", "objectSid", "sIDHistory", "nTSecurityDescriptor", "invocationId", "replicationSignature"),
        *("schemaIDGUID", "attributeSecurityGUID", "parentGUID", "mS-DS-ConsistencyGuid", "repsFrom", "repsTo"),
        *(
            "replPropertyMetaData",
            "replUpToDateVector",
            "dSASignature",
            "logonHours",
            "terminalServer",
            "userParameters",
        ),
        *("msExchMailboxGuid", "msExchArchiveGUID", "msExchMailboxSecurityDescriptor", "msExchMasterAccountSid"),
        *("msExchSafeSendersHash", "msExchSafeRecipientsHash", "msExchBlockedSendersHash", "msExchUMSpokenName"),
        *("userCertificate", "userSMIMECertificate", "cACertificate", "userPKCS12", "crossCertificatePair"),
        *("certificateRevocationList", "authorityRevocationList", "thumbnailPhoto", "thumbnailLogo", "jpegPhoto"),
        *("photo", "audio", "userPassword", "unicodePwd", "NT-Security-Descriptor", "Replication-Signature"),
        *("Security-Protocol", "X509-Cert", "Object-GUID", "Assoc-NT-Account"),
    )
)
_TEXT, _BYTES, _PIECE = 0, 1, 2


@attrs.frozen
class Piece:
    """Values of an attribute of which the server gives only so many at once (``member;range=0-1499``).

    `after` is the index behind the last one that it gave; None when there are no more.
    """

    name: str
    after: int | None


def piece(option: str) -> Piece | None:
    """The piece that the name of an attribute stands for; None for an ordinary one."""
    name, _, rest = option.partition(";")
    for part in rest.split(";"):
        key, equals, bounds = part.partition("=")
        if equals and key.casefold() == "range":
            last = bounds.partition("-")[2]
            return Piece(name, int(last) + 1 if last.isdecimal() else None)
    return None


@attrs.define
class Decoder:
    """Remembers how each attribute is read: one look at a dictionary for each."""

    _kinds: dict[str, int] = attrs.field(factory=dict, init=False)

    def record(self, dn: str, raw: Mapping[str, Sequence[bytes]]) -> tuple[Record, list[Piece]]:
        """An object, and the attributes of which there are more values."""
        kinds, decode = self._kinds, bytes.decode
        found: dict[str, Values] = {}
        parts: list[str] = []
        for name, values in raw.items():
            kind = kinds.get(name)
            if kind is None:
                kind = self._learn(name)
            if kind == _TEXT:
                try:
                    found[name] = [*map(decode, values)]
                except UnicodeDecodeError:
                    found[name] = [*map(_either, values)]
            elif kind == _BYTES:
                found[name] = [*values]
            else:
                parts.append(name)
        return Record(dn, found), self._pieces(found, raw, parts) if parts else []

    def _pieces(self, found: dict[str, Values], raw: Mapping[str, Sequence[bytes]], parts: list[str]) -> list[Piece]:
        """Beside a piece, the attribute itself stands in the reply as well, with no values."""
        pieces = [(known, [*map(_either, raw[part])]) for part in parts if (known := piece(part))]
        for known, values in pieces:
            found[known.name] = [*found.get(known.name, []), *values]
        return [known for known, _ in pieces if known.after is not None]

    def _learn(self, name: str) -> int:
        base, _, options = name.partition(";")
        binary = base.casefold() in BINARY or "binary" in options.casefold().split(";")
        kind = _BYTES if binary else _TEXT
        self._kinds[name] = _PIECE if piece(name) else kind
        return self._kinds[name]


def _either(value: bytes) -> Value:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def encoded(values: Values) -> list[bytes]:
    """Values as they go on the wire."""
    return [value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape") for value in values]


def flat(pages: Iterator[list[Record]]) -> Iterator[Record]:
    """The records of all pages."""
    for page in pages:
        yield from page
