"""The Import text: the transactions of MS Mail's directory synchronization, as bytes and as values.

The reader has two ways through. The ordinary lines (an add or a delete of a Microsoft Mail address, all in order) are
found by one regular expression, run by run, and are told in columns (`dxa_msmail.ordinary`). Every other line goes to
`_Reader.slow`, which knows the whole format and would read the ordinary line in the same way: a test holds the two
together.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from dxa.address import AddressTypes
from dxa.entry import Entry, Fields, Reject, Transaction, Verb, list_entry
from dxa.errors import AddressError
from dxa_msmail import importlines
from dxa_msmail.addresses import MS
from dxa_msmail.errors import address_error, message
from dxa_msmail.importlines import CODE_PAGE, Template
from dxa_msmail.importrecords import Others, Records
from dxa_msmail.importwrite import write
from dxa_msmail.ordinary import Run, runs_of

__all__ = ["CODE_PAGE", "Others", "Records", "Template", "lines_in", "read", "read_text", "split_lines", "write"]

_Lines: TypeAlias = list[tuple[int, str]]


_NUMBER = re.compile(r"([0-9]{1,10})[ \t]+(?=\S)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# KB Q87432: five tildes are mandatory.
_TEMPLATE_LINE = re.compile(r"[^~]+(?:~[^~]*){5,}")
_CODES = "ADMRT"
#: Errors after which a line cannot be told for a record of its number.
_RUBBLE = frozenset({12, 13, 21, 23})


def split_lines(data: bytes, code_page: str = CODE_PAGE) -> list[str]:
    """The lines of a text whatever ends them; a byte that the code page lacks becomes a lone surrogate.

    KB Q159294 (dx:T-092): a second carriage return at the end of a line belongs to the line end.
    """
    return _even(data.decode(code_page, "surrogateescape")).split("\n")


def _even(text: str) -> str:
    """The text with one way to end a line."""
    if "\r\r\n" in text:
        text = re.sub(r"\r+\n", "\n", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(
    data: bytes, *, types: AddressTypes, code_page: str = CODE_PAGE, numbered: bool = False, first_line: int = 1
) -> Records:
    """All records of an Import text; `numbered` is the form of bodies and attachments (KB Q118298, Q106623).

    A record that cannot be used becomes a reject; the others are read all the same (dx:T-072).
    """
    text = data.decode(code_page, "surrogateescape")
    return read_text(text, types=types, numbered=numbered, first_line=first_line)


def read_text(text: str, *, types: AddressTypes, numbered: bool = False, first_line: int = 1) -> Records:
    """The same of a text that is no bytes any more."""
    reader = _Reader(types, numbered)
    reader.run(_even(text), first_line)
    return reader.records()


def lines_in(text: str) -> int:
    """How many lines the text has."""
    return _even(text).count("\n") + 1


class _Reader:
    def __init__(self, types: AddressTypes, numbered: bool) -> None:
        self.types, self.numbered = types, numbered
        self.parts: list[Run | Others] = []
        self.here = Others()
        self.rejects: list[Reject] = []
        self.last_number = 0

    def records(self) -> Records:
        return Records(parts=self.parts, rejects=self.rejects, told=self.last_number)

    def run(self, text: str, first: int, *, fast: bool = True) -> None:
        """Read the lines of a text; without `fast` each of them in the slow way."""
        if not fast or "PCM" not in self.types or self.types.get("PCM") is not MS:
            self._others(first, text)
            return
        for part in runs_of(text, numbered=self.numbered, first=first):
            if isinstance(part, Run):
                self.parts.append(part)
            else:
                self._others(*part)

    def _others(self, first: int, text: str) -> None:
        """Read the lines of which some are not ordinary."""
        self.here = Others()
        group: _Lines = []
        for at, line in enumerate(text.split("\n"), first):
            if not line.strip("\t \x1a"):
                continue  # also the end-of-file mark of DOS
            if line[0] not in " \t-&":
                self.slow(group)
                group = []
            group.append((at, line))
        self.slow(group)
        if self.here.lines or self.here.templates:
            self.parts.append(self.here)

    def slow(self, group: _Lines) -> None:
        """Read one record, if there is one: its first line and the lines that go with it."""
        if not group:
            return
        (at, line), rest = group[0], group[1:]
        number, text = self._number(line)
        raw = "\r\n".join([text, *(more for _, more in rest)])
        try:
            self._record(number, at, text, rest, raw)
            code = 0
        except AddressError as error:
            code = error.code
            self._reject(number, at, raw, error)
        if code not in _RUBBLE:
            self.last_number = max(self.last_number, number)

    def _number(self, line: str) -> tuple[int, str]:
        found = _NUMBER.match(line) if self.numbered else None
        return (int(found[1]), line[found.end() :]) if found else (0, line)

    def _record(self, number: int, at: int, text: str, rest: _Lines, raw: str) -> None:
        code = text[0]
        if code == "#":
            return  # KB Q99419, Q110496
        if self.numbered and not number and code in _CODES:
            raise AddressError("a record without a sync number", got=text, code=21)
        if code not in _CODES:
            raise address_error(13 if code.isalpha() else 12, text)
        importlines.check_text(text)
        if code == "T":
            self._template(number, at, text, rest)
        elif code == "R":
            type_, list_ = importlines.parse_list(text, self.types)
            self._stray(number, rest)
            self._add(Transaction(number, Verb.REPLACE, None, list_entry(type_, list_), raw), at)
        elif code == "M":
            self._add(self._modify(number, text, rest, raw), at)
        else:
            entry = self._complete(text)
            fields = self._fields(number, entry, rest)
            if code == "A":
                self._add(Transaction(number, Verb.ADD, None, entry._replace(fields=fields), raw), at)
            else:
                self._add(Transaction(number, Verb.DELETE, entry, None, raw), at)

    def _add(self, transaction: Transaction, at: int) -> None:
        self.here.transactions.append(transaction)
        self.here.lines.append(at)

    def _reject(self, number: int, at: int, raw: str, error: AddressError) -> None:
        shown = _SURROGATE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", raw)
        self.rejects.append(Reject(number, at, shown, error.code, error.reason))

    def _complete(self, text: str) -> Entry:
        """The entry of a line that must name an address."""
        entry = importlines.parse_entry(text, self.types)
        if not entry.key:
            raise address_error(48 if "\t" in text[2:] else 18, text)
        return entry

    def _modify(self, number: int, text: str, rest: _Lines, raw: str) -> Transaction:
        """A modify in one of its three shapes (KB Q151782, Q152424)."""
        old = new = importlines.parse_entry(text, self.types)
        # dx:T-066: what has a hyphen in column 1 or 2 is template data, however long it is.
        second = rest[0][1] if rest and rest[0][1][0] in " \t" and rest[0][1][:2] != " -" else None
        if second is not None:
            importlines.check_text(second)
            new = importlines.parse_entry(_second_line(second), self.types)
            if old.key and not new.key:
                raise address_error(18, second)
        fields = self._fields(number, new, rest if second is None else rest[1:])
        if second is None and not fields:
            # KB Q194819 (dx:T-070): one line that says nothing new is half a modify.
            raise address_error(47, text)
        return Transaction(number, Verb.MODIFY, old, new._replace(fields=fields), raw)

    def _fields(self, number: int, entry: Entry, rest: _Lines) -> Fields:
        """The template values below a record; a bad line is rejected alone, the address still counts."""
        fields: list[tuple[str, str]] = []
        allowed = not entry.type or self.types.get(entry.type).templates
        for at, line in rest:
            try:
                fields.append(self._field(line, allowed))
            except AddressError as error:
                self._reject(number, at, line, error)
        return tuple(fields)

    def _field(self, line: str, allowed: bool) -> tuple[str, str]:
        importlines.check_text(line)
        text = line.lstrip(" ") if line[:2] == " -" else line
        if text[0] != "-":
            raise address_error(82 if text[0] == "&" else 12, line)
        if not allowed:
            raise address_error(24, line)
        return importlines.parse_field(text)

    def _template(self, number: int, at: int, text: str, rest: _Lines) -> None:
        type_, list_ = importlines.parse_list(text, self.types)
        if not self.types.get(type_).templates:
            raise address_error(24, text)
        fields = [line[1:].lstrip(" ") for _, line in rest if _is_template_line(line)]
        self._stray(number, [(below, line) for below, line in rest if not _is_template_line(line)])
        self.here.templates.append(Template(number, at, type_, list_, tuple(fields)))

    def _stray(self, number: int, rest: _Lines) -> None:
        """Reject lines that belong to nothing."""
        for at, line in rest:
            code = 21 if line[0] in " \t" else 12
            self._reject(number, at, line, AddressError(message(code), got=line, code=code))


def _second_line(line: str) -> str:
    return f"  {line.lstrip()}" if line[0] == "\t" else line


def _is_template_line(line: str) -> bool:
    return line[0] == " " and bool(_TEMPLATE_LINE.fullmatch(line[1:])) and not importlines.CONTROL.search(line)
