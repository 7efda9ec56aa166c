"""TPL: which values the addresses of a list have beside the name (the values themselves: `dxa_msmail.postoffice.inf`).

A TPL file is text in code page 850, one field in a line, ``Prompt:~start~width~edit~default~internal`` and a CR (KB
Q87432). Five tildes are mandatory. The lines are kept as they came, also those that say no field.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import NamedTuple

import attrs

from dxa.entry import Fields
from dxa_msmail.errors import format_error
from dxa_msmail.importlines import CONTROL
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Files

#: The stem of the files of the postoffice's own list (KB Q77926); all others are named by a hexid.
ADMIN = "ADMIN"
#: KB Q148770: more fields than this a template cannot have.
FIELDS = 256
#: No source names a limit for a field's width; this one is ours.
WIDTH = 255

MISSING, UNREADABLE, MISMATCH, NO_PROMPT, NO_TEMPLATE = 33, 34, 36, 37, 65

_LINE = re.compile(r"([^~]*)~([^~]*)~([^~]*)~([^~]*)~([^~]*)~(.*)")
_NUMBER = re.compile(r" *([0-9]{1,4}) *")
_TAIL = re.compile(r"[^\w]+$")
#: The width of a field that nobody described, and the column that it is shown in.
_USUAL, _COLUMN = 30, 20
_NOWHERE = -1


class TemplateField(NamedTuple):
    """One field: `internal` is stored in front of each value (KB Q87432)."""

    prompt: str
    start: int
    width: int
    edit: str
    default: str
    internal: str


@attrs.frozen
class ListTemplate:
    """The template of a list: its lines as they came, the fields that they say, and the numbers of lines that say
    none (counted from 1). `raw` are the bytes that it was read from.
    """

    lines: tuple[str, ...]
    raw: bytes = attrs.field(default=b"", eq=False, repr=False)
    fields: tuple[TemplateField, ...] = attrs.field(init=False, eq=False)
    bad: tuple[int, ...] = attrs.field(init=False, eq=False)
    _found: dict[str, int] = attrs.field(init=False, eq=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        read = [(number, read_line(line)) for number, line in enumerate(self.lines, 1) if line.strip()]
        good = [(number, field) for number, field in read if field is not None]
        over = [number for number, _ in good[FIELDS:]]
        fields = tuple(field for _, field in good[:FIELDS])
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "bad", tuple(sorted([*over, *(n for n, field in read if field is None)])))
        for at, field in enumerate(fields):
            self._found.setdefault(prompt_key(field.prompt), at)

    def index(self, prompt: str) -> int | None:
        """The place of the field that a prompt means, whatever its case, blanks and last punctuation."""
        found = self._found.get(prompt)
        if found is None:
            found = self._found[prompt] = self._found.get(prompt_key(prompt), _NOWHERE)
        return found if found >= 0 else None

    @property
    def slots(self) -> list[int]:
        """How many bytes each field takes in a record: the preamble and the width."""
        return [len(field.internal) + field.width for field in self.fields]

    @property
    def shape(self) -> int:
        """What must not change while values lie in the INF: the fields' keys and widths."""
        text = "".join(f"{prompt_key(field.prompt)}~{field.width}~{field.internal}\r" for field in self.fields)
        return zlib.crc32(text.encode("utf-8"))


def prompt_key(prompt: str) -> str:
    """Equal prompts have equal keys: ``Full Name:`` and ``fullname`` (KB Q228601, Q158694 differ in the colon)."""
    flat = "".join(prompt.split()).casefold()
    return _TAIL.sub("", flat) or flat


def read_line(line: str) -> TemplateField | None:
    """The field that a line of a TPL says; None when it has less than five tildes, no prompt or no width."""
    found = _LINE.fullmatch(line)
    if not found or CONTROL.search(line):
        return None
    prompt, start, width, edit, default, internal = found.groups()
    wide = _NUMBER.fullmatch(width)
    if not prompt.strip() or not wide or not 0 < int(wide[1]) <= WIDTH:
        return None
    begin = _NUMBER.fullmatch(start)
    return TemplateField(prompt, int(begin[1]) if begin else 0, int(wide[1]), edit, default, internal)


# -- TPL -----------------------------------------------------------------------------------------------------------


def tpl_name(stem: str) -> str:
    """The file of a template: ``TPL/0000000A.TPL``."""
    return f"TPL/{stem}.TPL"


def parse(data: bytes) -> ListTemplate:
    """The template in the bytes of a TPL, whatever ends its lines; every byte is a character of code page 850."""
    text = data.decode(CODE_PAGE).rstrip("\x1a\0")
    lines = text.replace("\r\n", "\r").replace("\n", "\r").split("\r")
    return ListTemplate(tuple(lines[:-1] if not lines[-1] else lines), raw=data)


def render(template: ListTemplate) -> bytes:
    """The bytes of a TPL: those read, or each line ended by a CR (KB Q87432); raises `FormatError` 38."""
    if template.raw:
        return template.raw
    try:
        return "".join(f"{line}\r" for line in template.lines).encode(CODE_PAGE)
    except UnicodeEncodeError as error:
        got = error.object[error.start : error.end]
        raise format_error(38, field="line", expected=CODE_PAGE, got=got) from None


def read_template(files: Files, stem: str) -> ListTemplate | None:
    """The template of a list; None when it has none."""
    data = files.read(tpl_name(stem))
    return None if data is None else parse(data)


# -- values --------------------------------------------------------------------------------------------------------


def fit(template: ListTemplate | None, fields: Fields) -> tuple[Fields, list[tuple[int, str]]]:
    """The values as the INF can hold them, and the prompts of the others with the numbers of the errors.

    They come in the template's order and with its prompts; an empty value is none, of two with one prompt the last
    counts. 65: there is no template; 37: it has no such prompt; 36: the value is wider than the field or cannot be
    written in code page 850. Nothing is cut: half a phone number is a wrong one.
    """
    if not fields:
        return (), []
    if template is None:
        return (), [(NO_TEMPLATE, prompt) for prompt, value in fields if value]
    kept: dict[int, str] = {}
    problems = []
    for prompt, value in fields:
        at = template.index(prompt)
        if at is None:
            problems.append((NO_PROMPT, prompt))
        elif len(value) > template.fields[at].width or not storable(value):
            problems.append((MISMATCH, prompt))
        else:
            kept[at] = value
    return tuple((template.fields[at].prompt, kept[at]) for at in sorted(kept) if kept[at]), problems


def storable(value: str) -> bool:
    """Whether a text can stand in an INF: characters of code page 850, no control characters."""
    if value.isascii():
        return value.isprintable()
    try:
        value.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return not CONTROL.search(value)


def made(template: ListTemplate | None, rows: Iterable[Fields]) -> ListTemplate:
    """A template that has room for these values: the one given, with wider and with more fields where it lacks them.

    This is ours, for lists that came without a template. Lines that need no change stay as they are.
    """
    template = template or ListTemplate(())
    longest: dict[str, int] = {}
    for fields in rows:
        for prompt, value in fields:
            if len(value) > longest.get(prompt, 0):
                longest[prompt] = len(value)
    widths: dict[int, int] = {}
    new: dict[str, tuple[str, int]] = {}
    for prompt, size in longest.items():
        at = template.index(prompt)
        if at is not None:
            widths[at] = max(widths.get(at, 0), size)
        elif prompt.strip() and "~" not in prompt and storable(prompt):
            first, width = new.get(prompt_key(prompt), (prompt, _USUAL))
            new[prompt_key(prompt)] = first, max(width, size)
    rest = enumerate(template.fields)
    lines = []
    for number, line in enumerate(template.lines, 1):
        says_field = bool(line.strip()) and number not in template.bad
        at, field = next(rest) if says_field else (-1, None)
        lines.append(_widened(line, widths[at]) if field and widths.get(at, 0) > field.width else line)
    lines += [f"{prompt}~{_COLUMN}~{min(width, WIDTH)}~A~~" for prompt, width in new.values()]
    return template if tuple(lines) == template.lines else ListTemplate(tuple(lines))


def _widened(line: str, width: int) -> str:
    prompt, start, _, rest = line.split("~", 3)
    return f"{prompt}~{start}~{min(width, WIDTH)}~{rest}"
