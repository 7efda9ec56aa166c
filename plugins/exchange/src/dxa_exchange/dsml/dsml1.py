"""DSML 1.0: a directory's objects as an XML document. It has no changes and no deletes, so a file is a snapshot.

Each rule, and how well it is known, is in ``docs/formats/dsml.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lxml import etree

from dxa.errors import FormatError
from dxa_exchange.directory import Bad, Record, Value, Values, attributes
from dxa_exchange.dsml import xmlsafe
from dxa_exchange.dsml.values import Wrong, checked_name, decoded, encoded, written_dn
from dxa_exchange.dsml.xmlsafe import LIMIT, Element, Sink
from dxa_exchange.streams import Bytes
from dxa_exchange.values import is_name, is_regular, plain, shown

NAMESPACE = "http://www.dsml.org/DSML"
OBJECT_CLASS = "objectClass"
_ROOT, _ENTRIES, _ENTRY, _ATTR, _VALUE, _CLASS, _CLASS_VALUE = (
    f"{{{NAMESPACE}}}{name}"
    for name in ("dsml", "directory-entries", "entry", "attr", "value", "objectclass", "oc-value")
)
#: What describes a schema; it is not read, and dropped at once, as it can be long.
_SCHEMA = tuple(f"{{{NAMESPACE}}}{name}" for name in ("class", "attribute-type"))


def read(file: Bytes, *, limit: int = LIMIT) -> Iterator[Record | Bad]:
    """The objects of a document, and what could not be read, in their order. Bytes never raise.

    Behind broken or hostile XML nothing can be read: that is one last `Bad`, and what came before it counts.
    """
    return (item for _, item in located(file, limit=limit))


def located(file: Bytes, *, limit: int = LIMIT) -> Iterator[tuple[int, Record | Bad]]:
    """As `read`, each object with the line at which it begins."""
    try:
        for element in xmlsafe.elements(file, [_ROOT], tags=[_ENTRY, *_SCHEMA], limit=limit):
            if element.tag == _ENTRY:
                line = xmlsafe.line_of(element)
                yield line, _entry(element, line)
    except FormatError as error:
        yield error.line, xmlsafe.unreadable(error)


def _entry(element: Element, line: int) -> Record | Bad:
    try:
        dn = element.get("dn")
        if dn is None:
            raise Wrong("dn", "expected a distinguished name as attribute dn of the entry, got none")
        return Record(dn, _attributes(element))
    except Wrong as wrong:
        return Bad(line, wrong.field, wrong.reason, xmlsafe.raw_of(element))


def _attributes(entry: Element) -> dict[str, Values]:
    found = _quickly(entry)
    return _carefully(entry) if found is None else found


def _quickly(entry: Element) -> dict[str, Values] | None:
    """The attributes of an entry in which everything has its place; in a large file almost all are such.

    All elements are looked at in one flat loop. That nothing stands where it should not is seen by counting: there are
    as many values as the attributes have children.
    """
    found: dict[str, Values] = {}
    values: Values = []
    name, wanted, expected, count = "", "", 0, 0
    descendants = entry.iter()
    next(descendants)
    for element in descendants:
        tag = element.tag
        if tag == wanted:
            if len(element):
                return None
            text = element.text or ""
            values.append(_value(element, name, text) if element.keys() else text)
            count += 1
        elif tag in (_ATTR, _CLASS):
            name, wanted = (element.get("name", ""), _VALUE) if tag == _ATTR else (OBJECT_CLASS, _CLASS_VALUE)
            values = found[name] = []
            expected += len(element)
        else:
            return None
    return found if count == expected and is_regular(tuple(found)) and len(found) == len(entry) else None


def _carefully(entry: Element) -> dict[str, Values]:
    pairs: list[tuple[str, Value]] = []
    for child in entry:
        if child.tag == _ATTR:
            name = child.get("name", "")
            if not is_name(name):
                raise Wrong("name", f"expected the name of an attribute, got {shown(name)}")
            pairs += ((name, value) for value in _values(child, name, _VALUE))
        elif child.tag == _CLASS:
            pairs += ((OBJECT_CLASS, value) for value in _values(child, OBJECT_CLASS, _CLASS_VALUE))
        elif _is_ours(child):
            raise Wrong("", f"expected attr or objectclass, got {shown(str(child.tag))}")
    return attributes(pairs)


def _is_ours(element: Element) -> bool:
    """Whether an element is of DSML; what others add in their own namespaces is left out, with all below it."""
    return etree.QName(element).namespace == NAMESPACE


def _values(parent: Element, name: str, tag: str) -> Iterator[Value]:
    for element in filter(_is_ours, parent):
        if element.tag != tag:
            raise Wrong(name, f"expected {etree.QName(tag).localname}, got {shown(str(element.tag))}")
        if len(element):
            raise Wrong(name, f"expected text, got the element {shown(str(element[0].tag))} in a value")
        yield _value(element, name, element.text or "")


def _value(element: Element, name: str, text: str) -> Value:
    encoding = element.get("encoding")
    if encoding is None:
        return plain(name, text)
    if encoding.lower() != "base64":
        raise Wrong(name, f"expected the encoding base64, got {shown(encoding)}")
    return decoded(name, text)


def write(
    records: Iterable[Record], *, refused: Callable[[Record, FormatError], None] | None = None
) -> Iterator[bytes]:
    """A document of objects, bit by bit. What XML or DSML cannot say goes to `refused` and is left out, or raises."""
    sink = Sink()
    with etree.xmlfile(sink, encoding="utf-8") as file:
        file.write_declaration()
        with file.element(_ROOT, nsmap={None: NAMESPACE}), file.element(_ENTRIES):
            for record in records:
                try:
                    dn, told = written_dn("dn", record.dn), list(_told(record))
                except FormatError as error:
                    if refused is None:
                        raise
                    refused(record, error)
                    continue
                _write_entry(file, dn, told)
                file.flush()
                yield sink.take()
    yield sink.take()


def _told(record: Record) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """The attributes with the texts of their values; those of the classes first, named "", when they are plain text."""
    rest = []
    for name, values in record.attributes.items():
        texts = [encoded(name, value) for value in values]
        if name.lower() == OBJECT_CLASS.lower() and not any(base64 for _, base64 in texts):
            yield "", texts
        else:
            rest.append((checked_name(name), texts))
    yield from rest


def _write_entry(file: Any, dn: str, told: Iterable[tuple[str, list[tuple[str, bool]]]]) -> None:
    file.write("\n")
    with file.element(_ENTRY, dn=dn):
        for name, texts in told:
            parent = file.element(_ATTR, name=name) if name else file.element(_CLASS)
            with parent:
                for text, base64 in texts:
                    with file.element(_VALUE if name else _CLASS_VALUE, **({"encoding": "base64"} if base64 else {})):
                        file.write(text)
