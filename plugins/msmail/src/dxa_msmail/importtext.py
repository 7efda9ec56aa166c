"""The Import text: the transactions of MS Mail's directory synchronization, as bytes and as values.

The reader has two ways through. The ordinary lines (an add or a delete of a Microsoft Mail address, all in order) are
taken apart by one regular expression, all at once. Every other line goes to `_Reader.slow`, which knows the whole
format and would read the ordinary line in the same way: a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress, count
from operator import attrgetter, itemgetter
from typing import TypeAlias

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Fields, Reject, Transaction, Verb, list_entry
from dxa.errors import AddressError
from dxa_msmail import importlines
from dxa_msmail.addresses import MS
from dxa_msmail.errors import address_error, message
from dxa_msmail.importlines import CODE_PAGE, Template, definition_of
from dxa_msmail.importwrite import write
from dxa_msmail.ordinary import Row, line_of, rows_of, transactions_of

__all__ = ["CODE_PAGE", "Records", "Template", "lines_in", "read", "read_text", "split_lines", "write"]

_Lines: TypeAlias = list[tuple[int, str]]


@attrs.frozen(kw_only=True)
class Records:
    """What a text says.

    `lines` has the line of each transaction. `last_number` is the highest sync number of a record that could be told
    for one, usable or not: a peer that saw a lower one would send the rest again for ever, and a number in the rubble
    of a damaged file must not acknowledge what never arrived (dx:T-073).
    """

    transactions: list[Transaction] = attrs.field(factory=list)
    lines: list[int] = attrs.field(factory=list)
    rejects: list[Reject] = attrs.field(factory=list)
    templates: list[Template] = attrs.field(factory=list)
    last_number: int = 0

    def defined(self) -> Records:
        """The same with the definitions of lists among the transactions, where they stand."""
        if not self.templates:
            return self
        rows = [*zip(self.lines, self.transactions, strict=True), *((t.line, definition_of(t)) for t in self.templates)]
        rows.sort(key=itemgetter(0))
        lines, transactions = [line for line, _ in rows], [row for _, row in rows]
        return attrs.evolve(self, transactions=transactions, lines=lines, templates=[])


_NUMBER = re.compile(r"([0-9]{1,10})[ \t]+(?=\S)")
_NUMBER_OF = attrgetter("number")
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
        self.transactions: list[Transaction] = []
        self.lines: list[int] = []
        self.rejects: list[Reject] = []
        self.templates: list[Template] = []
        self.last_number = 0

    def records(self) -> Records:
        # Ordinary lines do not keep count; numbers mostly ascend, but nobody promised it.
        last = max(map(_NUMBER_OF, self.transactions), default=0)
        return Records(
            transactions=self.transactions,
            lines=self.lines,
            rejects=self.rejects,
            templates=self.templates,
            last_number=max(last, self.last_number),
        )

    def run(self, text: str, first: int, *, fast: bool = True) -> None:
        """Read the lines of a text; without `fast` each of them in the slow way."""
        fast = fast and "PCM" in self.types and self.types.get("PCM") is MS
        rows, ordinary = rows_of(text, numbered=self.numbered, fast=fast)
        self._others(rows, ordinary, first)
        lines = list(compress(count(first), ordinary))
        transactions = transactions_of(rows if len(lines) == len(rows) else list(compress(rows, ordinary)))
        self.lines += lines
        self.transactions += transactions
        if len(lines) < len(self.lines):
            by_line = dict(zip(self.lines, self.transactions, strict=True))
            self.lines.sort()
            self.transactions = list(map(by_line.__getitem__, self.lines))

    def _others(self, rows: Sequence[Row], ordinary: list[bool], first: int) -> None:
        """Read the lines that are not ordinary, and those that are but go on in the next line."""
        group: _Lines = []
        above, below = -1, 0
        for at in compress(count(), [not each for each in ordinary]):
            if at > below:
                self.slow(group)
                group, above = [], at - 1
            below = at + 1
            line = line_of(rows[at])
            if not line.strip("\t \x1a"):
                continue  # also the end-of-file mark of DOS
            if line[0] not in " \t-&":
                self.slow(group)
                group = []
            elif not group and above >= 0:
                ordinary[above] = False
                group.append((first + above, line_of(rows[above])))
            group.append((first + at, line))
            above = -1
        self.slow(group)

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
        self.transactions.append(transaction)
        self.lines.append(at)

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
        self.templates.append(Template(number, at, type_, list_, tuple(fields)))

    def _stray(self, number: int, rest: _Lines) -> None:
        """Reject lines that belong to nothing."""
        for at, line in rest:
            code = 21 if line[0] in " \t" else 12
            self._reject(number, at, line, AddressError(message(code), got=line, code=code))


def _second_line(line: str) -> str:
    return f"  {line.lstrip()}" if line[0] == "\t" else line


def _is_template_line(line: str) -> bool:
    return line[0] == " " and bool(_TEMPLATE_LINE.fullmatch(line[1:])) and not importlines.CONTROL.search(line)
