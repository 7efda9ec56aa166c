"""Writing the requests of DSML 2.0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lxml import etree

from dxa.errors import FormatError
from dxa_exchange.directory import Add, Change, Control, Delete, Modify, Operation, Rename, Value
from dxa_exchange.dsml.names import NSMAP, TYPE, tag
from dxa_exchange.dsml.values import checked_name, encoded, written_dn
from dxa_exchange.dsml.xmlsafe import Element
from dxa_exchange.values import is_oid, raw, to_base64


def request(change: Change, request_id: str) -> Element:
    """A change as an element. Raises FormatError when it cannot be said in DSML 2.0."""
    head = {"requestID": text("requestID", request_id)} if request_id else {}
    match change:
        case Add(record, controls):
            element = _begun("addRequest", head | {"dn": written_dn("dn", record.dn)}, controls)
            for name, values in record.attributes.items():
                _put(element, "attr", {"name": checked_name(name)}, name, values)
        case Modify(dn, modifications, controls):
            element = _begun("modifyRequest", head | {"dn": written_dn("dn", dn)}, controls)
            for operation, name, values in modifications:
                if operation is Operation.INCREMENT:
                    raise FormatError("DSML 2.0 has no increment", field=name, expected="add, delete or replace")
                said = {"name": checked_name(name), "operation": operation.value}
                _put(element, "modification", said, name, values)
        case Delete(dn, controls):
            element = _begun("delRequest", head | {"dn": written_dn("dn", dn)}, controls)
        case Rename():
            element = _begun("modDNRequest", head | _renamed(change), change.controls)
    return element


def text(field: str, value: str) -> str:
    """Text that an attribute of an element can hold as it is."""
    if written_dn(field, value) != value:
        raise FormatError("XML cannot carry control characters", field=field, got=value)
    return value


def _renamed(change: Rename) -> dict[str, str]:
    said = {
        "dn": written_dn("dn", change.dn),
        "newrdn": written_dn("newrdn", change.rdn),
        "deleteoldrdn": "true" if change.delete_old else "false",
    }
    return said if change.superior is None else said | {"newSuperior": written_dn("newSuperior", change.superior)}


def _begun(name: str, said: dict[str, str], controls: Sequence[Control]) -> Element:
    element = etree.Element(tag(name), said, NSMAP)
    for control in controls:
        if not is_oid(control.oid):
            raise FormatError("a control has an object identifier in numbers", field="control", got=control.oid)
        flag = "true" if control.critical else "false"
        child = etree.SubElement(element, tag("control"), {"type": control.oid, "criticality": flag})
        if control.value is not None:
            value = etree.SubElement(child, tag("controlValue"), {TYPE: "xsd:base64Binary"})
            value.text = to_base64(raw(control.value))
    return element


def _put(parent: Element, tag_name: str, said: dict[str, str], name: str, values: Iterable[Value]) -> None:
    holder = etree.SubElement(parent, tag(tag_name), said)
    for value in values:
        content, base64 = encoded(name, value)
        child = etree.SubElement(holder, tag("value"), {TYPE: "xsd:base64Binary"} if base64 else {})
        child.text = content
