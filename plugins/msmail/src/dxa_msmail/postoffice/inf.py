"""INF: the template values of a list.

The records are as long as the widths of the TPL's fields make them (KB Q117927). The original encrypts them, so the
layout is ours: a head with our mark, then a record for each address that has values at all, which begins with the
address's tuple id. It is not the place in the list file that joins the two: a name that is added, renamed or sorted
elsewhere leaves all other values where they are, and a list whose values have not changed needs no new INF.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import attrs

from dxa.entry import Fields
from dxa.errors import FormatError
from dxa_msmail.errors import format_error
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import layout
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

_TID = struct.Struct("<I")


@layout.record(16, "Head of template values", "KB Q117927 (encrypted there)")
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
        return Stored(code=UNREADABLE, problem=f"[{UNREADABLE}] {error_text(UNREADABLE)}: {error}")
    if template is None:
        expected = f"{tpl_name(stem)}, for which {name} has values"
        return Stored(code=MISSING, problem=f"[{MISSING}] {error_text(MISSING)}: expected {expected}")
    size = record_size(template)
    if (head.size, head.fields, head.shape) != (size, len(template.fields), template.shape):
        expected = f"records of {size} bytes and {len(template.fields)} fields, as {tpl_name(stem)} says"
        text = f"{name}: expected {expected}, found {head.size} bytes and {head.fields} fields written for another"
        return Stored(code=MISMATCH, problem=f"[{MISMATCH}] {error_text(MISMATCH)}: {text}")
    if (len(data) - HEAD) % size:
        text = f"{name}: expected {HEAD} + n × {size} bytes, found {len(data)}"
        return Stored(code=UNREADABLE, problem=f"[{UNREADABLE}] {error_text(UNREADABLE)}: {text}")
    return Stored(_unpacked(template, data), made=head.made)


def record_size(template: ListTemplate) -> int:
    """How long a record is: the tuple id, then each field's preamble and width."""
    return _TID.size + sum(template.slots)


def _unpacked(template: ListTemplate, data: bytes) -> dict[int, Fields]:
    text = data.decode(CODE_PAGE)
    size = record_size(template)
    places = []
    at = _TID.size
    for field, slot in zip(template.fields, template.slots, strict=True):
        places.append((field.prompt, field.internal, at, at + slot))
        at += slot
    values = {}
    for start in range(HEAD, len(data), size):
        row = []
        for prompt, internal, begin, end in places:
            value = text[start + begin : start + end].rstrip("\0")
            if value:
                row.append((prompt, value.removeprefix(internal)))
        values[_TID.unpack_from(data, start)[0]] = tuple(row)
    return values


def write_inf(template: ListTemplate, values: Mapping[int, Fields], *, made: bool = False) -> bytes:
    """The bytes of an INF; every value must have come through `fit` with this template."""
    make: Callable[..., InfHead] = InfHead
    head = make(size=record_size(template), fields=len(template.fields), shape=template.shape, made=made)
    slots, internals = template.slots, [field.internal for field in template.fields]
    index = template.index
    tids, parts = [], []
    for tid, fields in values.items():
        if not fields:
            continue
        row = ["" for _ in slots]
        for prompt, value in fields:
            at = index(prompt)
            if at is None:
                raise format_error(NO_PROMPT, field=prompt)
            row[at] = internals[at] + value
        tids.append(_TID.pack(tid))
        parts.append("".join([value.ljust(slot, "\0") for value, slot in zip(row, slots, strict=True)]))
    width = sum(slots)
    body = "".join(parts).encode(CODE_PAGE)
    if len(body) != width * len(parts):
        raise format_error(MISMATCH, expected=f"{width} bytes of values", got=f"{len(body)} bytes in all")
    rows = [tid + body[n * width : (n + 1) * width] for n, tid in enumerate(tids)]
    return b"".join([layout.encode(head), *rows])
