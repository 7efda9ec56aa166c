"""The writer of the Import text (its reader: `dxa_msmail.importtext`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal

from dxa.entry import Entry, Transaction, Verb
from dxa.errors import FormatError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.codepage import encoded
from dxa_msmail.errors import format_error
from dxa_msmail.importlines import CODE_PAGE, NAME_LENGTH, Template, format_field, template_of

Layout = Literal["columns", "tabs"]
TypeCase = Literal["upper", "lower"]

_VERB = attrgetter("verb")
_TEMPLATED = frozenset(kind.name for kind in ADDRESS_TYPES if kind.templates)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def write(
    transactions: Iterable[Transaction],
    *,
    code_page: str = CODE_PAGE,
    numbered: bool = False,
    type_case: TypeCase = "upper",
    layout: Layout = "columns",
    templates: bool = True,
    ms_name: str = "PCM",
    definitions: Sequence[Template] = (),
) -> bytes:
    """The canonical text: `read` gives back the same transactions, and `definitions` (which come first).

    Some peers want the types in lower or upper case (KB Q157712, dx:T-040) or `ms_name` ``MS``. `definitions` may stand
    among the transactions as well. Without `templates` neither definitions nor values are written (KB Q118298). A name
    or value that cannot stand in a line raises `FormatError`: shape it before (`dxa_msmail.importlines.shape_text`).
    """
    writer = _Writer(layout, type_case, ms_name, templates)
    rows = list(transactions)
    if templates:
        first = rows[0].number if rows else 0
        for definition in definitions:
            writer.define(definition, f"{definition.number or first:010d} " if numbered else "")
    for verb, run in groupby(rows, key=_VERB):
        same = list(run)
        heads = [f"{row.number:010d} " for row in same] if numbered else [""] * len(same)
        if verb is not Verb.ADD or not writer.add_all(same, heads):
            for row, head in zip(same, heads, strict=True):
                writer.add(row, head)
    return _encode(writer.lines, code_page)


class _Writer:
    def __init__(self, layout: Layout, type_case: TypeCase, ms_name: str, templates: bool) -> None:
        self.lines: list[str] = []
        self._columns, self._templates = layout == "columns", templates
        self._lower, self._ms = type_case == "lower", ms_name
        self._prefixes: dict[str, str] = {}

    def add_all(self, rows: Sequence[Transaction], heads: Sequence[str]) -> bool:
        """Adds all at once; nothing is done when there is anything about one of them."""
        entries = [row.new for row in rows if row.new is not None]
        columns = zip(*entries, strict=True) if len(entries) == len(rows) else ((),) * 7
        _, types, _, names, addresses, fields, _ = columns
        lengths = set(map(len, names))
        if (
            not lengths
            or min(lengths) < 1
            or max(lengths) > NAME_LENGTH
            or "\t" in "".join(names)
            or not all(addresses)
            or (self._templates and any(fields))
        ):
            return False
        prefixes = map({type_: self._prefix(type_) for type_ in set(types)}.__getitem__, types)
        columns = zip(heads, names, prefixes, addresses, strict=True)
        if self._columns:
            self.lines += [f"{head}A {name:<30} {prefix}{address}" for head, name, prefix, address in columns]
        else:
            self.lines += [f"{head}A {name}\t{prefix}{address}" for head, name, prefix, address in columns]
        return True

    def add(self, row: Transaction, head: str) -> None:
        verb, old, new = row.verb, row.old, row.new
        if verb is Verb.ADD and new is not None:
            self.lines.append(f"{head}A {self._spot(new)}")
            if new.fields:
                self._fields(new)
        elif verb is Verb.DELETE and old is not None:
            self.lines.append(f"{head}D {self._spot(old)}")
        elif verb is Verb.REPLACE and new is not None:
            self.lines.append(f"{head}R {self._prefix(new.type)}{new.list}")
        elif verb is Verb.DEFINE and new is not None:
            if self._templates:
                self.define(template_of(row), head)
        elif old is not None and new is not None:
            self._modify(old, new, head)
        else:
            raise FormatError(f"a transaction {verb.name} without its entry", field=head)

    def _modify(self, old: Entry, new: Entry, head: str) -> None:
        # KB Q152424: MS Mail itself always writes two lines, unless no address is named at all.
        self.lines.append(f"{head}M {self._spot(old)}")
        if new.key or new.name != old.name:
            self.lines.append(f"  {self._spot(new)}")
        self._fields(new)

    def define(self, template: Template, head: str) -> None:
        self.lines.append(f"{head}T {self._prefix(template.type)}{template.list}")
        for field in template.fields:
            self._below(f" {field}")

    def _fields(self, entry: Entry) -> None:
        # KB Q96001 #24: the other types have no template values. A modify by name alone has no type.
        if self._templates and (entry.type in _TEMPLATED or not entry.type):
            for prompt, value in entry.fields:
                self._below(format_field(prompt, value))

    def _below(self, line: str) -> None:
        if "\t" in line:
            raise FormatError("a tab in a value", line=len(self.lines) + 1, got=line)
        self.lines.append(line)

    def _spot(self, entry: Entry) -> str:
        name = entry.name
        if not 0 < len(name) <= NAME_LENGTH:
            raise format_error(72 if name else 46, line=len(self.lines) + 1, field="name", got=name)
        if "\t" in name:
            raise FormatError("a tab in a name", line=len(self.lines) + 1, field="name", got=name)
        if not entry.address:
            return name
        prefix = self._prefixes.get(entry.type) or self._prefix(entry.type)
        if self._columns:
            return f"{name:<30} {prefix}{entry.address}"
        return f"{name}\t{prefix}{entry.address}"

    def _prefix(self, type_: str) -> str:
        name = self._ms if type_ == "MS" else type_
        self._prefixes[type_] = prefix = f"{name.lower() if self._lower else name.upper()}:"
        return prefix


def _encode(lines: list[str], code_page: str) -> bytes:
    """The lines as bytes, each ended by one CR LF (dx:T-092), after a look for what would make other lines of them."""
    text = "\n".join([*lines, ""])
    if text.count("\n") != len(lines) or _CONTROL.search(text):
        at = next(at for at, line in enumerate(lines) if "\n" in line or _CONTROL.search(line))
        raise FormatError("a control character", line=at + 1, got=lines[at])
    try:
        return encoded(text.replace("\n", "\r\n"), code_page)
    except UnicodeEncodeError as error:
        at = error.object.count("\n", 0, error.start)
        raise FormatError("a character outside the code page", line=at + 1, expected=code_page, got=lines[at]) from None
