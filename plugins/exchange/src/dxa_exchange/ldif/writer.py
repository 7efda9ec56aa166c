"""Writing LDIF: so that any reader, and any transport of plain ASCII text, keeps every value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from dxa.errors import FormatError
from dxa_exchange.directory import Add, Change, Control, Delete, Modify, Record, Rename, Value
from dxa_exchange.values import is_name, is_oid, raw, shown, to_base64

#: Columns of a line, after which it is folded.
WIDTH = 76
#: RFC 2849, SAFE-STRING, without control characters (a Ctrl-Z ends text files of DOS) and without blanks at the end,
#: which the RFC wants in Base64, too (note 8).
_SAFE = re.compile(r"(?![ :<])[\x20-\x7e]*(?<! )")
#: The same with the other characters of Unicode, but for control characters and what some programs take as line ends.
_SAFE_UNICODE = re.compile(r"(?![ :<\ufeff])[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]*(?<! )")


def write(
    items: Iterable[Record | Change],
    *,
    version: bool = True,
    unicode: bool = False,
    newline: str = "\n",
    refused: Callable[[Record | Change, FormatError], None] | None = None,
) -> Iterator[bytes]:
    """A file of objects or of changes, record by record.

    `version` begins it with the version of the format, as RFC 2849 wants it, and as slapadd of OpenLDAP does not.
    `unicode` writes text in UTF-8 as it is, which people can read and not every program, instead of in Base64. What
    cannot be written (a name that is none, a change among objects, text that is no Unicode) goes to `refused` and is
    left out; without that, it raises `FormatError`.
    """
    layout = _Layout(unicode, newline)
    if version:
        yield layout.bytes(["version: 1"])
    objects: bool | None = None
    for item in items:
        try:
            if objects not in (None, isinstance(item, Record)):
                raise FormatError(
                    "a file holds objects or changes, not both", field="changetype", got=item.__class__.__name__
                )
            data = layout.bytes(_lines(item, layout))
        except FormatError as error:
            if refused is None:
                raise
            refused(item, error)
            continue
        objects = isinstance(item, Record)
        yield data


class _Layout:
    """How lines are written."""

    def __init__(self, unicode: bool, newline: str) -> None:
        self.safe = _SAFE_UNICODE if unicode else _SAFE
        self.newline = newline

    def line(self, name: str, value: Value) -> str:
        """One line, not yet folded."""
        if isinstance(value, str) and self.safe.fullmatch(value):
            return f"{name}: {value}" if value else f"{name}:"
        return f"{name}:: {to_base64(_raw(name, value))}"

    def bytes(self, lines: Iterable[str]) -> bytes:
        """The lines of a record, folded, with a blank line behind them."""
        return "".join(f"{self._folded(line)}{self.newline}" for line in (*lines, "")).encode()

    def _folded(self, line: str) -> str:
        if len(line) <= WIDTH:
            return line
        step = WIDTH - 1
        pieces = [line[at : at + step] for at in range(WIDTH, len(line), step)]
        return f"{self.newline} ".join([line[:WIDTH], *pieces])


def _lines(item: Record | Change, layout: _Layout) -> Iterator[str]:
    match item:
        case Record(dn, attributes):
            yield layout.line("dn", dn)
            yield from _attributes(attributes.items(), layout)
        case Add(Record(dn, attributes), controls):
            yield from _head(dn, controls, "add", layout)
            yield from _attributes(attributes.items(), layout)
        case Delete(dn, controls):
            yield from _head(dn, controls, "delete", layout)
        case Rename():
            yield from _head(item.dn, item.controls, "modrdn", layout)
            yield layout.line("newrdn", item.rdn)
            yield f"deleteoldrdn: {item.delete_old:d}"
            if item.superior is not None:
                yield layout.line("newsuperior", item.superior)
        case Modify(dn, modifications, controls):
            yield from _head(dn, controls, "modify", layout)
            for operation, name, values in modifications:
                yield f"{operation.value}: {_name(name)}"
                yield from (layout.line(name, value) for value in values)
                yield "-"


def _head(dn: str, controls: Sequence[Control], kind: str, layout: _Layout) -> Iterator[str]:
    yield layout.line("dn", dn)
    for control in controls:
        if not is_oid(control.oid):
            raise FormatError("a control has an object identifier in numbers", field="control", got=control.oid)
        head = f"control: {control.oid} {'true' if control.critical else 'false'}"
        yield head if control.value is None else f"{head}:: {to_base64(_raw('control', control.value))}"
    yield f"changetype: {kind}"


def _attributes(pairs: Iterable[tuple[str, Iterable[Value]]], layout: _Layout) -> Iterator[str]:
    for name, values in pairs:
        _name(name)
        yield from (layout.line(name, value) for value in values)


def _name(name: str) -> str:
    if not is_name(name):
        raise FormatError("this cannot name an attribute", expected="letters, digits, hyphens and options", got=name)
    return name


def _raw(name: str, value: Value) -> bytes:
    try:
        return raw(value)
    except UnicodeEncodeError as error:
        raise FormatError(f"{shown(str(value))} is no Unicode text: {error.reason}", field=name) from None
