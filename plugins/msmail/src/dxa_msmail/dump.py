"""What ``dxa dump`` shows of a file of MS Mail's directory synchronization: one plain row per thing found in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import FormatError
from dxa_msmail import dirsyncbody, ffapi, importtext
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importlines import CODE_PAGE, Template
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.layout import CORRUPT

#: A row can be written as JSON: its values are numbers, texts, lists of texts and mappings of them.
Row: TypeAlias = dict[str, object]

_IMPORT_LINE = re.compile(rb"(?:[0-9]{1,10} )?(?:[ADM][ \t].*(?:\t|[A-Za-z0-9]+:|/).*|[RT][ \t]+[A-Za-z0-9]+:.*)")


def sniff(data: bytes) -> bool:
    """Whether `rows` can tell what the bytes are."""
    return bool(kind(data))


def kind(data: bytes) -> str:
    """``message``, ``profile``, ``transactions``, ``queue``, ``import`` (text), or ``""``."""
    if ffapi.is_message(data):
        return "message"
    if dirsyncbody.is_profile(data):
        return "profile"
    if dirsyncbody.is_transactions(data):
        return "transactions"
    if queue.is_queue(data):
        return "queue"
    return "import" if _is_import(data) else ""


def _is_import(data: bytes) -> bool:
    """Whether the first line that is no comment looks like a record."""
    for line in re.split(rb"[\r\n]+", data[:4096]):
        if line.strip() and not re.match(rb"(?:[0-9]{1,10} )?#", line):
            return bool(_IMPORT_LINE.fullmatch(line))
    return False


def rows(data: bytes, *, types: AddressTypes | None = None, code_page: str = CODE_PAGE) -> Iterator[Row]:
    """Everything the bytes say, in their order; what cannot be read becomes a row of the kind ``error``."""
    yield from _rows(kind(data), data, types, code_page)


def insisted(data: bytes) -> Iterator[Row]:
    """As `rows`; what is nothing of all that is read as Import text, so that each line says what is wrong with it."""
    yield from _rows(kind(data) or "import", data, None, CODE_PAGE)


def queue_rows(data: bytes) -> Iterator[Row]:
    """As `rows` of what is a transaction queue, or nothing at all."""
    yield from _rows("queue", data, None, CODE_PAGE)


def _rows(found: str, data: bytes, types: AddressTypes | None, code_page: str) -> Iterator[Row]:
    known = types or AddressTypes(ADDRESS_TYPES)
    try:
        yield from _ROWS[found](data, known, code_page)
    except FormatError as error:
        yield {"kind": "error", "line": error.line, "code": error.code, "reason": str(error)}


def _message_rows(data: bytes, types: AddressTypes, code_page: str) -> Iterator[Row]:
    for message in ffapi.parse_all(data, code_page=code_page):
        yield {
            "kind": "message",
            "to": list(message.to),
            "sender": message.sender,
            "subject": message.subject,
            "date": message.date,
            "time": message.time,
            "priority": message.priority,
            "size": len(message.body),
            "externals": [external.file for external in message.externals],
            "text_file": message.text_file,
            "extra": dict(message.extra),
            "trailing": len(message.trailing),
        }
        yield from rows(message.body, types=types, code_page=code_page)
        for attachment in message.attachments:
            yield {"kind": "attachment", "name": attachment.name, "size": len(attachment.data)}
            yield from rows(attachment.data, types=types, code_page=code_page)


def _profile_rows(data: bytes, types: AddressTypes, code_page: str) -> Iterator[Row]:
    profile = dirsyncbody.parse_profile(data, code_page=code_page)
    yield {
        "kind": "profile",
        "task": profile.task.value,
        "requestor": profile.requestor,
        "types": list(profile.types),
        "template": profile.template,
        **attrs.asdict(profile.numbers),
        "password": profile.password is not None,
        "limit": profile.limit,
        "version": profile.version,
        "place": profile.place and profile.place.value,
        "extra": dict(map(_extra, profile.extra)),
    }
    if profile.transactions is not None:
        above = len(importtext.split_lines(data[: -len(profile.transactions)]))
        yield from _transaction_rows(profile.transactions, types, code_page, above)


def _extra(pair: tuple[str, str]) -> tuple[str, str]:
    """A line that dxa does not know; it may be a password that somebody has mistyped."""
    line = "=".join(filter(None, pair))
    shown = dirsyncbody.masked(line)
    return pair if shown == line else ("", shown)


def _transaction_rows(data: bytes, types: AddressTypes, code_page: str, first_line: int = 1) -> Iterator[Row]:
    yield from _records(dirsyncbody.read_transactions(data, types=types, code_page=code_page, first_line=first_line))


def _import_rows(data: bytes, types: AddressTypes, code_page: str) -> Iterator[Row]:
    first = next((line for line in re.split(rb"[\r\n]+", data) if line.strip()), b"")
    numbered = bool(re.match(rb"[0-9]", first))
    yield from _records(importtext.read(data, types=types, code_page=code_page, numbered=numbered))


def _queue_rows(data: bytes, types: AddressTypes, _code_page: str) -> Iterator[Row]:
    found = queue.read_queue(data)
    said: dict[int, list[Row]] = {}
    for place, row in _placed(queue.transactions(found.records, types)):
        said.setdefault(place, []).append(row)
    at = 0
    for place, record in enumerate(found.records, 1):
        head = {"line": place, "offset": at, "queued": when(record.stamp)}
        comment: Row = {"kind": "comment", "number": record.number, "text": record.text}
        for row in said.get(place, [comment]):
            yield {"kind": row["kind"], **head, **row}
        at += queue.HEAD_SIZE + len(record.text) + 1
    for bad in found.bad:
        yield {"kind": "error", "line": bad.index + 1, "offset": bad.offset, "code": CORRUPT, "reason": bad.reason}


def when(stamp: float) -> str:
    """A time in seconds since 1970, as text."""
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _no_rows(_data: bytes, _types: AddressTypes, _code_page: str) -> Iterator[Row]:
    return iter(())


_ROWS = {
    "message": _message_rows,
    "profile": _profile_rows,
    "transactions": _transaction_rows,
    "queue": _queue_rows,
    "import": _import_rows,
    "": _no_rows,
}


def _records(records: importtext.Records) -> Iterator[Row]:
    yield from (row for _, row in _placed(records))


def _placed(records: importtext.Records) -> list[tuple[int, Row]]:
    """Transactions, templates and rejects in the order of their lines."""
    found = [(line, _transaction(line, row)) for line, row in zip(records.lines, records.transactions, strict=True)]
    found += [(template.line, _template(template)) for template in records.templates]
    found += [(reject.line, _reject(reject)) for reject in records.rejects]
    return sorted(found, key=lambda pair: pair[0])


def _transaction(line: int, row: Transaction) -> Row:
    entry = row.old if row.verb is Verb.DELETE else row.new
    shown: Row = {"kind": "transaction", "line": line, "number": row.number, "verb": row.verb.name.lower()}
    if entry is not None:
        shown |= _entry(entry)
    if row.verb is Verb.MODIFY and row.old is not None:
        shown["old"] = _entry(row.old)
    return shown


def _entry(entry: Entry) -> Mapping[str, object]:
    if not entry.name and entry.type:
        return {"type": entry.type, "list": entry.list}
    address = f"{entry.type}:{entry.address}" if entry.type else ""
    return {"name": entry.name, "address": address, "fields": dict(entry.fields)}


def _template(template: Template) -> Row:
    return {
        "kind": "template",
        "line": template.line,
        "number": template.number,
        "type": template.type,
        "list": template.list,
        "fields": list(template.fields),
    }


def _reject(reject: Reject) -> Row:
    return {
        "kind": "reject",
        "line": reject.line,
        "number": reject.number,
        "code": reject.code,
        "reason": reject.reason,
        "text": reject.raw,
    }
