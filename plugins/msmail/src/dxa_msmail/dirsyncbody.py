"""The body of a directory synchronization message, its attachment, and (from `dxa_msmail.subjects`) its subject.

A body is a ``[DIRSYNC]`` section of ``KEY=VALUE`` lines (KB Q118298), and may go on with the transactions themselves in
a ``[DIRSYNC-TRANSACTIONS]`` section (KB Q106623), which otherwise are an attachment. Keys, values of keys and section
names are read in any case. The numbers stand in the body; the subject is for people, and cut to 40 characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import TypeVar

import attrs

from dxa.address import AddressTypes
from dxa.entry import Transaction
from dxa.errors import FormatError
from dxa_msmail import importtext
from dxa_msmail.errors import format_error
from dxa_msmail.importlines import CODE_PAGE, CONTROL, Template
from dxa_msmail.importwrite import Layout, TypeCase
from dxa_msmail.subjects import (
    NO_NUMBERS,
    Numbers,
    Subject,
    parse_subject,
    reply_subject,
    request_subject,
    status_subject,
)

__all__ = [
    "NO_NUMBERS",
    "SECTION",
    "TRANSACTIONS_SECTION",
    "Numbers",
    "Place",
    "Profile",
    "Subject",
    "Task",
    "is_profile",
    "is_transactions",
    "parse_profile",
    "parse_subject",
    "read_transactions",
    "reply_subject",
    "request_subject",
    "status_subject",
    "write_profile",
    "write_transactions",
]

T = TypeVar("T")

SECTION = "[DIRSYNC]"
TRANSACTIONS_SECTION = "[DIRSYNC-TRANSACTIONS]"


class Task(Enum):
    """What a message asks for or brings.

    Public sources name the first two (KB Q118298, Q106623); the others are dxa's own words for what they leave unnamed.
    """

    IMPORTREQ = "IMPORTREQ"
    EXPORT = "EXPORT"
    UPDATEREQ = "UPDATEREQ"
    IMPORTREPLY = "IMPORTREPLY"
    UPDATE = "UPDATE"
    STATUS = "STATUS"

    @property
    def is_reply(self) -> bool:
        """Whether the message goes from the server to a requestor."""
        return self in (Task.IMPORTREPLY, Task.UPDATE)


class Place(Enum):
    """Where the transactions are, and in a request where they are wanted (KB Q106623, Q159294)."""

    INBODY = "INBODY"
    INATTACHMENT = "INATTACHMENT"
    INTERNAL = "INTERNAL"


@attrs.frozen(kw_only=True)
class Profile:
    """A message body. `requestor` is ``PCM:NET/PO`` or a gateway type; `extra` are the lines that dxa does not know.

    `transactions` is the section with the transactions, its heading included, when they are in the body.
    """

    task: Task
    requestor: str = ""
    types: tuple[str, ...] = ()
    template: bool | None = None
    numbers: Numbers = NO_NUMBERS
    password: str | None = attrs.field(default=None, repr=False)
    limit: int | None = None
    version: str | None = None
    place: Place | None = None
    extra: tuple[tuple[str, str], ...] = ()
    transactions: bytes | None = None


# The spelling of the first three is documented for RESYNC.GLB (KB Q119449), SRVSEQ also for bodies (KB Q118298).
_NUMBER_KEYS = {
    "REQSEQ": "req",
    "REQWAS": "req_was",
    "SRVSEQ": "srv",
    "SRVWAS": "srv_was",
    "IMPSEQ": "imp",
    "COUNT": "count",
}
# KB Q118298 has NAME, KB Q106623 and Q99268 have REQNAME.
_KEY_ALIASES = {"NAME": "REQNAME"}
_KEYS = {"TASK", "REQNAME", "TYPES", "TEMPLATE", "PASSWORD", "LIMIT", "VERSION", "TRANSACTIONS", *_NUMBER_KEYS}
# KB Q99268: `PCM:` alone is the error 158; a gateway registers by its type, an FFAPI one by net/po.
_REQUESTOR = re.compile(r"[A-Za-z0-9]+|(?:[A-Za-z0-9]+:)?[^/:\s]{1,10}/[^/:\s]{1,10}")
# However a password line is spelled, it is shown to nobody.
_SECRET = re.compile(r"(\bPASS\w*).*", re.IGNORECASE | re.DOTALL)
HIDDEN = "***"
# Not the other blanks of Unicode: without one a line may be the heading of the transactions.
_BLANKS = " \t"
_LINE_END = re.compile(rb"\r+\n|\r|\n")


def is_profile(data: bytes) -> bool:
    """Whether the bytes begin like a message body."""
    return _first_line(data).upper() == SECTION.encode()


def is_transactions(data: bytes) -> bool:
    """Whether the bytes begin like a text attachment."""
    return _first_line(data).upper() == TRANSACTIONS_SECTION.encode()


def masked(line: str) -> str:
    """The line of a body as people may see it."""
    return _SECRET.sub(rf"\1={HIDDEN}", line)


def _first_line(data: bytes) -> bytes:
    # KB Q98209: the body may begin with a blank line.
    return _LINE_END.split(data[:200].lstrip(b"\r\n\t "), maxsplit=1)[0].strip()


def parse_profile(data: bytes, *, code_page: str = CODE_PAGE) -> Profile:
    """The profile in a message body; raises `FormatError` 124 (format), 155 (task), 158 (requestor)."""
    if not is_profile(data):
        raise format_error(124, line=1, expected=SECTION, got=_first_line(data)[:40].decode(code_page, "replace"))
    head, inline = _split(data)
    known: dict[str, tuple[int, str]] = {}
    extra: list[tuple[str, str]] = []
    # The heading has been seen; the lines before it are blank.
    for at, line in enumerate(importtext.split_lines(head, code_page), 1):
        if line.strip(_BLANKS) and line.strip(_BLANKS).upper() != SECTION:
            _read_line(at, line, known, extra)
    return _profile(known, tuple(extra), inline)


def _split(data: bytes) -> tuple[bytes, bytes | None]:
    """The profile and the section with the transactions, if there is one."""
    found = re.search(rb"(?im)(?:^|(?<=\r))[ \t]*\[dirsync-transactions\]", data)
    return (data[: found.start()], data[found.start() :].lstrip(b" \t")) if found else (data, None)


def _read_line(at: int, line: str, known: dict[str, tuple[int, str]], extra: list[tuple[str, str]]) -> None:
    if CONTROL.search(line.replace("\t", " ")):
        raise format_error(124, line=at, got=ascii(masked(line)))
    word, equals, value = (part.strip(_BLANKS) for part in line.partition("="))
    if not equals or not word:
        extra.append(("", line.strip(_BLANKS)))
        return
    key = _KEY_ALIASES.get(word.upper(), word.upper())
    if key not in _KEYS:
        extra.append((word, value))
    elif known.setdefault(key, (at, value))[1] != value:
        # Two different values: neither can be believed.
        one, other = (known[key][1], value) if key != "PASSWORD" else (HIDDEN, "another")
        raise format_error(124, line=at, field=key, expected=one, got=other)


def _profile(known: dict[str, tuple[int, str]], extra: tuple[tuple[str, str], ...], inline: bytes | None) -> Profile:
    def get(key: str, convert: Callable[[str, int, str], T]) -> T | None:
        return convert(key, *known[key]) if key in known else None

    task = _task(*known.get("TASK", (1, "")))
    return Profile(
        task=task,
        requestor=_requestor(task, *known.get("REQNAME", (1, ""))),
        types=get("TYPES", _types) or (),
        template=get("TEMPLATE", _flag),
        numbers=Numbers(**{name: get(key, _number) for key, name in _NUMBER_KEYS.items()}),
        password=get("PASSWORD", _text),
        limit=get("LIMIT", _number),
        version=get("VERSION", _text),
        place=get("TRANSACTIONS", _place),
        extra=extra,
        transactions=inline,
    )


def _task(at: int, value: str) -> Task:
    try:
        return Task(value.upper())
    except ValueError:
        raise format_error(155, line=at, field="TASK", expected="|".join(t.value for t in Task), got=value) from None


def _requestor(task: Task, at: int, value: str) -> str:
    if _REQUESTOR.fullmatch(value) or (task.is_reply and not value):
        return value
    raise format_error(158, line=at, field="REQNAME", expected="PCM:NET/PO or a gateway type", got=value)


def _text(_key: str, _at: int, value: str) -> str:
    return value


def _types(_key: str, _at: int, value: str) -> tuple[str, ...]:
    # KB Q118298 separates with a bar, the log of KB Q149271 with a comma.
    parts = (part.strip(_BLANKS) for part in re.split(r"[|,]", value))
    # The capital of another letter may be outside the code page; no type has such letters.
    return tuple(part.upper() if part.isascii() else part for part in parts if part)


def _number(key: str, at: int, value: str) -> int:
    # KB Q118298: ten digits.
    if not re.fullmatch("[0-9]{1,10}", value):
        raise format_error(124, line=at, field=key, expected="up to 10 digits", got=value)
    return int(value)


def _flag(key: str, at: int, value: str) -> bool:
    if value.upper() not in ("YES", "NO"):
        raise format_error(124, line=at, field=key, expected="YES or NO", got=value)
    return value.upper() == "YES"


def _place(key: str, at: int, value: str) -> Place:
    try:
        return Place(value.upper())
    except ValueError:
        raise format_error(124, line=at, field=key, expected="|".join(p.value for p in Place), got=value) from None


def write_profile(profile: Profile, *, code_page: str = CODE_PAGE) -> bytes:
    """The message body in its canonical form; `parse_profile` gives back the same profile."""
    rows = [SECTION, *(f"{key}={value}" if key else value for key, value in _pairs(profile))]
    for at, row in enumerate(rows, 1):
        if CONTROL.search(row):
            raise format_error(124, line=at, got=masked(row))
    try:
        head = "".join(f"{row}\r\n" for row in rows).encode(code_page)
    except UnicodeEncodeError as error:
        got = error.object[error.start : error.end]
        raise FormatError("a character outside the code page", expected=code_page, got=got) from None
    return head if profile.transactions is None else head + b"\r\n" + profile.transactions


def _pairs(profile: Profile) -> Iterator[tuple[str, str]]:
    """Keys and values in the order of KB Q118298."""
    yield "TASK", profile.task.value
    if profile.requestor:
        yield "REQNAME", profile.requestor
    if profile.types:
        yield "TYPES", "|".join(profile.types)
    if profile.template is not None:
        yield "TEMPLATE", "YES" if profile.template else "NO"
    for key, name in _NUMBER_KEYS.items():
        number = getattr(profile.numbers, name)
        if number is not None:
            yield key, f"{number:010d}"
    for key, value in (("PASSWORD", profile.password), ("LIMIT", profile.limit), ("VERSION", profile.version)):
        if value is not None:
            yield key, str(value)
    yield from profile.extra
    if profile.place is not None:
        yield "TRANSACTIONS", profile.place.value


def read_transactions(
    data: bytes, *, types: AddressTypes, code_page: str = CODE_PAGE, first_line: int = 1
) -> importtext.Records:
    """The records of an attachment, or of the section of a body; raises `FormatError` 116 (empty) or 124 (heading)."""
    if not data.strip(b"\r\n\t \x00\x1a"):
        raise format_error(116, line=first_line, expected=TRANSACTIONS_SECTION, got="nothing")
    if not is_transactions(data):
        got = _first_line(data)[:40].decode(code_page, "replace")
        raise format_error(124, line=first_line, expected=TRANSACTIONS_SECTION, got=got)
    # The heading is a comment to the reader, so that the lines keep their numbers.
    commented = re.sub(rb"(?i)\[(?=dirsync-transactions\])", b"#", data, count=1)
    return importtext.read(commented, types=types, code_page=code_page, numbered=True, first_line=first_line)


def write_transactions(
    transactions: Iterable[Transaction],
    *,
    code_page: str = CODE_PAGE,
    type_case: TypeCase = "upper",
    layout: Layout = "columns",
    templates: bool = True,
    ms_name: str = "PCM",
    definitions: Sequence[Template] = (),
) -> bytes:
    """An attachment, or the section for a body; the choices are those of `importtext.write`."""
    text = importtext.write(
        transactions,
        code_page=code_page,
        numbered=True,
        type_case=type_case,
        layout=layout,
        templates=templates,
        ms_name=ms_name,
        definitions=definitions,
    )
    return f"{TRANSACTIONS_SECTION}\r\n".encode() + text
