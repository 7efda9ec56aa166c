"""INF: the template values of a list.

The records are as long as the widths of the TPL's fields make them (KB Q117927). The original encrypts them, so the
layout is ours: a head with our mark, then a record for each address that has values at all, which begins with the
address's tuple id. It is not the place in the list file that joins the two: a name that is added, renamed or sorted
elsewhere leaves all other values where they are, and a list whose values have not changed needs no new INF.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import accumulate, repeat

import attrs

from dxa.entry import Fields
from dxa.errors import FormatError
from dxa_msmail.errors import format_error
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.columns import cells_of, texts_of
from dxa_msmail.postoffice.layout import CODE_PAGE, Basis
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.templates import (
    MISMATCH,
    MISSING,
    NO_PROMPT,
    UNREADABLE,
    ListTemplate,
    fit,
    read_template,
    render,
    tpl_name,
)

_TID = 4


@layout.record(16, "Head of template values", "KB Q117927 (encrypted there)")
@attrs.frozen(kw_only=True)
class InfHead:
    """The head of an INF file; `shape` says for which fields the records were written."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0)
    size: int = layout.number(4, 4, Basis.OURS, "KB Q117927", "size of a record, given by the TPL")
    fields: int = layout.number(8, 2, Basis.OURS, "", "how many fields the TPL has")
    made: bool = layout.flag(10, Basis.OURS, "", "whether dxa made the TPL, from values that came without one")
    shape: int = layout.number(12, 4, Basis.OURS, "", "CRC-32 of the fields' prompts and widths")


HEAD = layout.layout_of(InfHead).size


@attrs.frozen
class Stored:
    """Values by tuple id; `error` says why they cannot be had although there is a file.

    `made` says that dxa made the template, so that it may grow.
    """

    values: Mapping[int, Fields] = attrs.field(factory=dict)
    error: FormatError | None = None
    made: bool = False

    @property
    def code(self) -> int:
        """The error's number, 0 without one."""
        return self.error.code if self.error else 0

    @property
    def problem(self) -> str:
        """The error's text without its number."""
        return str(self.error).replace(f"[{self.code}] ", "", 1) if self.error else ""


def inf_name(stem: str) -> str:
    """The file of the values: ``INF/0000000A.INF``."""
    return f"INF/{stem}.INF"


def write_template(change: Changing, stem: str, template: ListTemplate) -> None:
    """Give a list this template; what values it has are discarded (KB Q125920). Raises `FormatError` 38."""
    change.write(tpl_name(stem), render(template))
    change.write(inf_name(stem), write_inf(template, {}))


def change_template(change: Changing, stem: str, template: ListTemplate) -> list[str]:
    """Give a list this template and keep the values whose prompts it has; returns what was lost, as text."""
    old = read_template(change, stem)
    stored = read_values(change, stem, old)
    lost = [stored.problem] if stored.problem else []
    values = {}
    for tid, fields in stored.values.items():
        values[tid], problems = fit(template, fields)
        lost += [f"{error_text(code)}: {prompt}" for code, prompt in problems]
    change.write(tpl_name(stem), render(template))
    change.write(inf_name(stem), write_inf(template, values))
    return lost


def read_values(files: Files, stem: str, template: ListTemplate | None) -> Stored:
    """The values of a list by tuple id.

    They cannot be had when the template is gone (33), the file is not ours or was cut (34), or the template is not
    the one that they were written for (36).
    """
    name = inf_name(stem)
    data = files.read(name)
    if not data:
        return Stored()
    try:
        return read_inf(data, template, name)
    except FormatError as error:
        return Stored(error=error)


def read_inf(data: bytes, template: ListTemplate | None, source: str) -> Stored:
    """The values in the bytes of an INF; raises `FormatError` with those numbers, file, offset and field."""
    try:
        head = layout.decode_plain(InfHead, data, source=source)
    except FormatError as error:
        raise _refused(UNREADABLE, source, error.offset, error.field, error.expected, error.got) from None
    if template is None:
        raise _refused(MISSING, source, 0, "template", "the TPL that it was written for", "none")
    size = record_size(template)
    says = {"size": size, "fields": len(template.fields), "shape": template.shape}
    for field, expected in says.items():
        if getattr(head, field) != expected:
            at = layout.layout_of(InfHead).spots[field].at
            raise _refused(MISMATCH, source, at, field, f"{expected}, as the TPL says", f"{getattr(head, field)}")
    if (len(data) - HEAD) % size:
        at = len(data) - (len(data) - HEAD) % size
        raise _refused(UNREADABLE, source, at, "size", f"{HEAD} + n × {size} bytes", f"{len(data)} bytes")
    try:
        return Stored(_unpacked(template, data), made=head.made)
    except FormatError:
        raise _located(template, data, source) from None


def _refused(code: int, source: str, at: int, field: str, expected: str, got: str) -> FormatError:
    return FormatError(error_text(code), source=source, offset=at, field=field, expected=expected, got=got, code=code)


def record_size(template: ListTemplate) -> int:
    """How long a record is: the tuple id, then each field's preamble and width."""
    return _TID + sum(template.slots)


def _form(template: ListTemplate) -> struct.Struct:
    return struct.Struct("".join(["<I", *(f"{slot}s" for slot in template.slots)]))


def _unpacked(template: ListTemplate, data: bytes) -> dict[int, Fields]:
    """The values of all records; raises `FormatError`, which does not say where, for what dxa does not write."""
    # Not a memoryview: see `read_columns`.
    columns = list(zip(*_form(template).iter_unpack(data[HEAD:]), strict=True))
    if not columns:
        return {}
    texts = [_column(template, at, cells) for at, cells in enumerate(columns[1:])]
    prompts = [field.prompt for field in template.fields]
    rows = zip(*texts, strict=True) if texts else repeat(())
    fields = (tuple([pair for pair in zip(prompts, row, strict=True) if pair[1]]) for row in rows)
    values = dict(zip(columns[0], fields, strict=False))
    if len(values) != len(columns[0]) or not all(values.values()):
        raise FormatError("two records of one address, or one without values")
    return values


def _column(template: ListTemplate, at: int, cells: Sequence[bytes]) -> list[str]:
    """The values of one field."""
    field, texts = template.fields[at], texts_of(cells, CODE_PAGE)
    if template.index(field.prompt) != at and any(texts):
        raise FormatError("a value in the wrong field", expected="NULs, for the field before has this prompt, too")
    if not field.internal:
        return texts
    size = len(field.internal)
    if not all(text.startswith(field.internal) and text[size:] for text in texts if text):
        raise FormatError("a value without its preamble", expected=f"{field.internal!r} and a value")
    return [text[size:] for text in texts]


def _located(template: ListTemplate, data: bytes, source: str) -> FormatError:
    """What is wrong with the first record that is not as `write_inf` writes it."""
    places, size, known = list(accumulate(template.slots, initial=_TID)), record_size(template), set()
    for at in range(HEAD, len(data), size):
        tid, *cells = _form(template).unpack_from(data, at)
        for n, cell in enumerate(cells):
            try:
                _column(template, n, [cell])
            except FormatError as error:
                return _refused(
                    UNREADABLE, source, at + places[n], template.fields[n].prompt, error.expected, repr(cell)
                )
        if tid in known:
            return _refused(UNREADABLE, source, at, "tuple id", "one of no record before", str(tid))
        if not any(map(any, cells)):
            break
        known.add(tid)
    return _refused(UNREADABLE, source, at, "record", "at least one value", "none")


def write_inf(template: ListTemplate, values: Mapping[int, Fields], *, made: bool = False) -> bytes:
    """The bytes of an INF; every value must have come through `fit` with this template."""
    head = InfHead(size=record_size(template), fields=len(template.fields), shape=template.shape, made=made)
    kept = {tid: fields for tid, fields in values.items() if fields}
    if not kept:
        return layout.encode(head)
    rows = [dict(fields) for fields in kept.values()]
    cells, count = [], 0
    for at, (field, slot) in enumerate(zip(template.fields, template.slots, strict=True)):
        # Of two fields with one prompt the second stays empty.
        column = [row.get(field.prompt, "") for row in rows] if template.index(field.prompt) == at else [""] * len(rows)
        count += len(column) - column.count("")
        if field.internal:
            column = [text and field.internal + text for text in column]
        cells.append(cells_of(column, slot + 1, CODE_PAGE))
    if count != sum(map(len, rows)):
        raise format_error(NO_PROMPT, expected=f"values for {len(template.fields)} prompts", got=f"{rows[0]}")
    return layout.encode(head) + b"".join(map(_form(template).pack, kept, *cells))
