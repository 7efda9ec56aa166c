"""INF: the template values of a list.

The records are as long as the widths of the TPL's fields make them (KB Q117927). The original encrypts them, so the
layout is ours: a head with our mark, then a record for each address that has values at all, which begins with the
address's tuple id. It is not the place in the list file that joins the two: a name that is added, renamed or sorted
elsewhere leaves all other values where they are, and a list whose values have not changed needs no new INF.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import repeat

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
    """Values by tuple id; `code` and `problem` say why they cannot be had although there is a file (0: they can).

    `made` says that dxa made the template, so that it may grow.
    """

    values: Mapping[int, Fields] = attrs.field(factory=dict)
    code: int = 0
    problem: str = ""
    made: bool = False


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
        head = layout.decode(InfHead, data, source=name)
    except FormatError as error:
        return Stored(code=UNREADABLE, problem=f"{error_text(UNREADABLE)}: {error}")
    if template is None:
        expected = f"{tpl_name(stem)}, for which {name} has values"
        return Stored(code=MISSING, problem=f"{error_text(MISSING)}: expected {expected}")
    size = record_size(template)
    if (head.size, head.fields, head.shape) != (size, len(template.fields), template.shape):
        expected = f"records of {size} bytes and {len(template.fields)} fields, as {tpl_name(stem)} says"
        text = f"{name}: expected {expected}, found {head.size} bytes and {head.fields} fields written for another"
        return Stored(code=MISMATCH, problem=f"{error_text(MISMATCH)}: {text}")
    if (len(data) - HEAD) % size:
        text = f"{name}: expected {HEAD} + n × {size} bytes, found {len(data)}"
        return Stored(code=UNREADABLE, problem=f"{error_text(UNREADABLE)}: {text}")
    return Stored(_unpacked(template, data), made=head.made)


def record_size(template: ListTemplate) -> int:
    """How long a record is: the tuple id, then each field's preamble and width."""
    return _TID + sum(template.slots)


def _form(template: ListTemplate) -> struct.Struct:
    return struct.Struct("".join(["<I", *(f"{slot}s" for slot in template.slots)]))


def _unpacked(template: ListTemplate, data: bytes) -> dict[int, Fields]:
    columns = list(zip(*_form(template).iter_unpack(memoryview(data)[HEAD:]), strict=True))
    if not columns:
        return {}
    texts = []
    for field, cells in zip(template.fields, columns[1:], strict=True):
        column = texts_of(cells, CODE_PAGE)
        texts.append([text.removeprefix(field.internal) for text in column] if field.internal else column)
    prompts = [field.prompt for field in template.fields]
    rows = zip(*texts, strict=True) if texts else repeat(())
    fields = (tuple([pair for pair in zip(prompts, row, strict=True) if pair[1]]) for row in rows)
    return dict(zip(columns[0], fields, strict=False))


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
