"""The requests of DSML 2.0 that change an object, as elements and as changes."""

from __future__ import annotations

from collections.abc import Iterator

from dxa_exchange.directory import (
    Add,
    Change,
    Control,
    Delete,
    Modification,
    Modify,
    Operation,
    Record,
    Rename,
    Value,
    attributes,
)
from dxa_exchange.dsml.names import OTHER_REQUESTS, SCHEMA, TYPE, local
from dxa_exchange.dsml.values import Wrong, decoded
from dxa_exchange.dsml.xmlsafe import Element
from dxa_exchange.values import is_name, is_oid, plain, raw, shown

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_OPERATIONS = {each.value: each for each in Operation if each is not Operation.INCREMENT}


def change(element: Element) -> Change:
    """The change that a request asks for; `Wrong` says what is the matter with it."""
    kind = local(element.tag)
    if kind in OTHER_REQUESTS:
        raise Wrong(kind, f"expected a request that changes an object, got {kind}, which is not carried out")
    if kind not in ("addRequest", "modifyRequest", "delRequest", "modDNRequest"):
        raise Wrong("", f"expected addRequest, modifyRequest, delRequest or modDNRequest, got {shown(kind)}")
    dn = needed(element, "dn")
    controls = tuple(map(_control, _leading(element)))
    rest = list(element)[len(controls) :]
    match kind:
        case "addRequest":
            return Add(Record(dn, attributes(pairs(rest))), controls)
        case "modifyRequest":
            return Modify(dn, tuple(map(_modification, rest)), controls)
    if rest:
        raise Wrong(kind, f"expected nothing but controls in it, got {shown(local(rest[0].tag))}")
    if kind == "delRequest":
        return Delete(dn, controls)
    delete_old = boolean(element, "deleteoldrdn", default=True)
    return Rename(dn, needed(element, "newrdn"), delete_old, element.get("newSuperior"), controls)


def needed(element: Element, name: str) -> str:
    """An attribute that an element must have."""
    value = element.get(name)
    if value is None:
        raise Wrong(name, f"expected the attribute {name} of {local(element.tag)}, got none")
    return value


def boolean(element: Element, name: str, *, default: bool) -> bool:
    """An attribute that is true or false."""
    text = element.get(name)
    if text is None:
        return default
    if text not in _BOOLEANS:
        raise Wrong(name, f"expected true or false, got {shown(text)}")
    return _BOOLEANS[text]


def pairs(elements: list[Element]) -> Iterator[tuple[str, Value]]:
    """Attributes with their values, of elements ``attr``."""
    for element in elements:
        if local(element.tag) != "attr":
            raise Wrong("", f"expected attr, got {shown(local(element.tag))}")
        name = _name(element)
        yield from ((name, value) for value in _values(element, name))


def _leading(element: Element) -> Iterator[Element]:
    for child in element:
        if local(child.tag) != "control":
            return
        yield child


def _control(element: Element) -> Control:
    oid = needed(element, "type")
    if not is_oid(oid):
        raise Wrong("control", f"expected an object identifier in numbers, got {shown(oid)}")
    found = [_value(child, "control") for child in element if local(child.tag) == "controlValue"]
    return Control(oid, boolean(element, "criticality", default=False), raw(found[0]) if found else None)


def _modification(element: Element) -> Modification:
    if local(element.tag) != "modification":
        raise Wrong("", f"expected modification, got {shown(local(element.tag))}")
    name, operation = _name(element), needed(element, "operation")
    if operation not in _OPERATIONS:
        raise Wrong(name, f"expected the operation add, delete or replace, got {shown(operation)}")
    return Modification(_OPERATIONS[operation], name, list(_values(element, name)))


def _name(element: Element) -> str:
    name = needed(element, "name")
    if not is_name(name):
        raise Wrong("name", f"expected the name of an attribute, got {shown(name)}")
    return name


def _values(parent: Element, name: str) -> Iterator[Value]:
    for element in parent:
        if local(element.tag) != "value":
            raise Wrong(name, f"expected value, got {shown(local(element.tag))}")
        yield _value(element, name)


def _value(element: Element, name: str) -> Value:
    if len(element):
        raise Wrong(name, f"expected text, got the element {shown(local(element[0].tag))} in a value")
    text, kind = element.text or "", element.get(TYPE)
    if kind is None:
        return plain(name, text)
    prefix, _, word = kind.strip().rpartition(":")
    if element.nsmap.get(prefix or None) != SCHEMA or word not in ("string", "base64Binary", "anyURI"):
        raise Wrong(name, f"expected the type xsd:string or xsd:base64Binary, got {shown(kind)}")
    if word == "anyURI":
        raise Wrong(name, f"expected a value, got the address {shown(text)}, which is not opened; put the value there")
    return decoded(name, text) if word == "base64Binary" else plain(name, text)
