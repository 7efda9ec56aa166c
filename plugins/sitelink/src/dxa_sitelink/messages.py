"""What two sites say to each other: a batch of transactions, and a status that says how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from dxa.errors import FormatError
from dxa.signing import PrivateKey
from dxa_sitelink.container import Sealed, dumps, loads, number_of, seal, text_of
from dxa_sitelink.sites import same_site

BATCH, STATUS = "batch", "status"


@attrs.frozen(kw_only=True)
class Way:
    """From which site a file comes, to which it goes, and over which of the links between them."""

    sender: str
    to: str
    link: str

    def back(self) -> Way:
        """The way of what comes back."""
        return Way(sender=self.to, to=self.sender, link=self.link)

    def header(self, kind: str) -> dict[str, Any]:
        """The beginning of a header."""
        return {"kind": kind, "from": self.sender, "to": self.to, "link": self.link}

    def why_not(self, sealed: Sealed) -> str:
        """Why a file was not written for this way; "" when it was."""
        header = sealed.header
        found = Way(sender=text_of(header, "from"), to=text_of(header, "to"), link=text_of(header, "link"))
        if not same_site(found.sender, self.sender) or not same_site(found.to, self.to):
            return f"it says that it goes from {found.sender} to {found.to}, not from {self.sender} to {self.to}"
        return "" if found.link == self.link else f"it belongs to the link {found.link!r}, not to {self.link!r}"


@attrs.frozen(kw_only=True)
class Batch:
    """An answer of one site to the other: what leads from the number `was` (0: nothing held) to `number`.

    `ack` is the last number that the sender has taken from the other site when it made this; `count` lines are in
    `body`.
    """

    number: int
    was: int
    ack: int
    full: bool
    count: int
    body: bytes

    def seal(self, way: Way, key: PrivateKey | None, *, compress: bool = False) -> bytes:
        """The bytes of its file."""
        numbers = {"number": self.number, "was": self.was, "ack": self.ack, "full": self.full, "count": self.count}
        return seal({**way.header(BATCH), **numbers}, self.body, key, compress=compress)


@attrs.frozen(kw_only=True)
class Status:
    """How far one site has come with the other.

    `ack` is the last number that it holds, `sent` the last one that it has sent, `types` are the address types that it
    knows. `owns` are the lists in which the site itself stands in other mail systems, `serves` those of its peers
    there, both as ``TYPE:LIST``.
    """

    ack: int
    sent: int
    types: tuple[str, ...]
    owns: frozenset[str] = frozenset()
    serves: frozenset[str] = frozenset()

    def seal(self, way: Way, key: PrivateKey | None) -> bytes:
        """The bytes of its file."""
        said = {"ack": self.ack, "sent": self.sent, "types": list(self.types)}
        # In the body, for a site can have more peers than a header has room for.
        worlds = {"owns": sorted(self.owns), "serves": sorted(self.serves)}
        body = dumps(worlds) + b"\n" if self.owns or self.serves else b""
        return seal({**way.header(STATUS), **said}, body, key)


def read_batch(sealed: Sealed) -> Batch:
    """The batch in a file whose writer is known; raises `FormatError`."""
    header = sealed.header
    _expect_kind(header, BATCH)
    full = header.get("full")
    if not isinstance(full, bool):
        raise FormatError("missing or neither", line=1, field="full", expected="true or false", got=str(full))
    number, was, ack, count = (number_of(header, name) for name in ("number", "was", "ack", "count"))
    if not was < number or full != (was == 0):
        raise FormatError("numbers that contradict each other", line=1, field="was", expected="0 if full", got=str(was))
    body = sealed.body()
    if body.count(b"\n") != count or (body and not body.endswith(b"\n")):
        raise FormatError("lost lines", field="count", expected=str(count), got=str(body.count(b"\n")))
    return Batch(number=number, was=was, ack=ack, full=full, count=count, body=body)


def read_status(sealed: Sealed) -> Status:
    """The status in a file whose writer is known; raises `FormatError`."""
    header = sealed.header
    _expect_kind(header, STATUS)
    worlds = _worlds(sealed.body())
    return Status(
        ack=number_of(header, "ack"),
        sent=number_of(header, "sent"),
        types=_texts(header.get("types"), 1, "types"),
        owns=frozenset(_texts(worlds.get("owns", []), 2, "owns")),
        serves=frozenset(_texts(worlds.get("serves", []), 2, "serves")),
    )


def _worlds(body: bytes) -> Mapping[str, Any]:
    """The one line of a status, if it has one; further ones are passed over."""
    if not body:
        return {}
    try:
        value = loads(body.partition(b"\n")[0])
    except ValueError as error:
        raise FormatError(f"no JSON: {error}", line=2) from None
    if not isinstance(value, dict):
        raise FormatError("no object", line=2, expected="{…}", got=str(value)[:40])
    return value


def _texts(value: object, line: int, field: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise FormatError("missing or no list of texts", line=line, field=field)
    return tuple(value)


def _expect_kind(header: Mapping[str, Any], kind: str) -> None:
    if header.get("kind") != kind:
        raise FormatError("another kind of file", line=1, field="kind", expected=kind, got=str(header.get("kind")))
