"""Values as texts of the database: JSON, short and fast. The values themselves know nothing of this."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from operator import attrgetter
from typing import Any

import attrs

from dxa.address import Address
from dxa.dirsync import requestor, server
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Fields, Transaction, Verb
from dxa.ledger.answer import Content, Pick, Segment
from dxa.recipient import Kind, Recipient


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{value!r} has no JSON form")


#: Named tuples become arrays, enumerations their values. Pure ASCII, so that a lone surrogate survives too.
to_json = json.JSONEncoder(separators=(",", ":"), default=_plain, check_circular=False).encode
from_json = json.JSONDecoder().decode

_MOVED = re.compile("[\uef80-\uefff]")
_KINDS = {kind.value: kind for kind in Kind}
_VALUE = attrgetter("_value_")
_VERBS = {verb.value: verb for verb in Verb}


def storable(text: str) -> str:
    """The text with lone surrogates, which no database takes, moved to private characters; `restored` moves them back.

    A codec makes a lone surrogate of a byte that the code page lacks (U+DC80 to U+DCFF); U+EF80 to U+EFFF stand for
    them here.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(chr(ord(c) + 0x1300) if "\udc80" <= c <= "\udcff" else c for c in text)
    return text


def restored(text: str) -> str:
    """The text that `storable` was given."""
    if text.isascii() or not _MOVED.search(text):
        return text
    return _MOVED.sub(lambda c: chr(ord(c[0]) - 0x1300), text)


_UNASKED = requestor.State()
#: Most entries have no extra values.
_NONE = "[]"


def fields_text(fields: Fields) -> str:
    """Extra values of an entry or recipient."""
    return _pairs(fields) if fields else _NONE


# Written out, because an import writes hundred thousands of them: a JSON encoder takes four times as long.
def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "[" + ",".join([f"[{_quoted(first)},{_quoted(second)}]" for first, second in pairs]) + "]"


def read_fields(text: str) -> Fields:
    """What `fields_text` wrote."""
    return () if text == _NONE else tuple([(name, value) for name, value in from_json(text)])


def recipient_text(recipient: Recipient) -> str:
    """A recipient without its id."""
    r = recipient
    target = f"[{_quoted(r.target.type)},{_quoted(r.target.value)}]" if r.target else "null"
    names = f'"{r.kind._value_}",{_quoted(r.container)},{_quoted(r.name)},{_quoted(r.alias)}'
    hidden = "true" if r.hidden else "false"
    return f"[{names},{target},{_pairs(r.proxies)},{_quoted(r.owner)},{r.trust},{hidden},{fields_text(r.fields)}]"


def read_recipient(text: str, id_: int) -> Recipient:
    """What `recipient_text` wrote."""
    kind, container, name, alias, target, proxies, owner, trust, hidden, fields = from_json(text)
    return Recipient(
        id=id_,
        kind=_KINDS[kind],
        container=container,
        name=name,
        alias=alias,
        target=None if target is None else Address(*target),
        proxies=tuple([Address(*proxy) for proxy in proxies]),
        owner=owner,
        trust=trust,
        hidden=hidden,
        fields=tuple([(field, value) for field, value in fields]),
    )


def recipient_kind(text: str) -> Kind:
    """The kind of that value."""
    return _KINDS[text]


def state_text(state: server.State) -> str:
    """What the server's machine knows of a peer."""
    return to_json(attrs.asdict(state))


def read_state(text: str) -> server.State:
    """What `state_text` wrote; what a later version added keeps its default."""
    values = from_json(text)
    return server.State(**{**values, "full": server.Full(values["full"])})


def asking_text(state: requestor.State) -> str:
    """What the requestor's machine knows of its server."""
    return to_json(attrs.asdict(state)) if state != _UNASKED else ""


def read_asking(text: str) -> requestor.State:
    """What `asking_text` wrote."""
    return requestor.State(**from_json(text)) if text else _UNASKED


@lru_cache(maxsize=256)
def pick_text(pick: Pick) -> str:
    """What a peer asked to see; equal picks have equal texts."""
    return to_json((sorted(pick.types), pick.templates))


@lru_cache(maxsize=256)
def read_pick(text: str) -> Pick:
    """What `pick_text` wrote."""
    types, templates = from_json(text)
    return Pick(types=frozenset(types), templates=templates)


def reply_text(reply: Reply | None) -> dict[str, Any] | None:
    """The numbers of an answer as a JSON object."""
    return None if reply is None else attrs.asdict(reply)


def request_text(request: Request | None) -> dict[str, Any] | None:
    """The numbers of a request as a JSON object."""
    return None if request is None else attrs.asdict(request)


def transaction_text(transaction: Transaction) -> str:
    """One transaction."""
    return to_json(transaction)


def read_transaction(text: str) -> Transaction:
    """What `transaction_text` wrote."""
    return _transaction(*from_json(text))


def content_data(content: Content) -> bytes:
    """The segments of a content, compressed."""
    segments = [(segment.list_key, _rows(segment.transactions)) for segment in content.segments]
    return zlib.compress(to_json(segments).encode("ascii"), 1)


def _rows(transactions: Sequence[Transaction]) -> list[tuple[object, ...]]:
    # Enumerations as such would call back for each of them, and take as long again.
    numbers, verbs, *others = zip(*transactions, strict=True) if transactions else ((),) * 5
    return list(zip(numbers, map(_VALUE, verbs), *others, strict=True))


def read_content(key: str, data: bytes) -> Content:
    """What `content_data` wrote."""
    return Content(
        key,
        tuple(
            [
                Segment((type_, list_), tuple([_transaction(*values) for values in transactions]))
                for (type_, list_), transactions in from_json(zlib.decompress(data).decode("ascii"))
            ]
        ),
    )


def _transaction(number: int, verb: str, old: list[Any] | None, new: list[Any] | None, raw: str) -> Transaction:
    return Transaction(number, _VERBS[verb], _entry(old), _entry(new), raw)


def _entry(values: list[Any] | None) -> Entry | None:
    if values is None:
        return None
    key, type_, list_, name, address, fields, *anchor = values
    return Entry(key, type_, list_, name, address, tuple([(field, value) for field, value in fields]), *anchor)
