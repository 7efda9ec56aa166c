"""Changes in LDIF (RFC 2849, change-record; increment: RFC 4525)."""

from __future__ import annotations

import re

from dxa_exchange.directory import Add, Change, Control, Delete, Modification, Modify, Operation, Rename, Values
from dxa_exchange.ldif.entries import Lines
from dxa_exchange.values import is_name, raw, shown

_CONTROL = re.compile(r"([0-9]+(?:\.[0-9]+)+)(?: +(true|false))?(:.*)?", re.IGNORECASE | re.ASCII | re.DOTALL)
_OPERATIONS = {operation.value: operation for operation in Operation}
_SCHEMA = re.compile(r"ntdsschema(?:add|modify|delete|modrdn)", re.IGNORECASE)
#: The line that ends a modification.
END = "-"


def change(dn: str, source: Lines) -> Change:
    """The change of the object `dn` that the rest of a record describes."""
    controls = _controls(source)
    kind = source.text("changetype", "add, delete, modify, modrdn or moddn").strip(" ").lower()
    match kind:
        case "add":
            return _add(dn, source, controls)
        case "delete":
            found: Change = Delete(dn, controls)
        case "modify":
            found = Modify(dn, _modifications(source), controls)
        case "modrdn" | "moddn":
            found = _rename(dn, source, controls)
        case _:
            source.at -= 1
            what = " (a change of a schema, by LDIFDE, which is not applied)" if _SCHEMA.fullmatch(kind) else ""
            source.wrong("changetype", f"expected add, delete, modify, modrdn or moddn, got {shown(kind)}{what}")
    if source.more():
        source.wrong(source.peek(), f"expected the end of a record with changetype {kind}, got more lines")
    return found


def _controls(source: Lines) -> tuple[Control, ...]:
    found = []
    while source.peek() == "control":
        rest = source.lines[source.at].partition(":")[2].lstrip(" ")
        match = _CONTROL.fullmatch(rest.rstrip(" "))
        if match is None:
            source.wrong(
                "control", f"expected an object identifier, then true or false, then a value, got {shown(rest)}"
            )
        value = None if match[3] is None else raw(source.value("control", match[3][1:]))
        found.append(Control(match[1], (match[2] or "").lower() == "true", value))
        source.at += 1
    return tuple(found)


def _add(dn: str, source: Lines, controls: tuple[Control, ...]) -> Add:
    if not source.more():
        source.missing("objectClass", "and the other attributes")
    return Add(source.record(dn), controls)


def _rename(dn: str, source: Lines, controls: tuple[Control, ...]) -> Rename:
    rdn = source.text("newrdn", "a relative distinguished name")
    if "=" not in rdn:
        source.at -= 1
        source.wrong("newrdn", f"expected a relative distinguished name such as cn=Ann, got {shown(rdn)}")
    flag = source.text("deleteoldrdn", "0 or 1").strip(" ")
    if flag not in ("0", "1"):
        source.at -= 1
        source.wrong("deleteoldrdn", f"expected 0 or 1, got {shown(flag)}")
    superior = source.text("newsuperior", "a distinguished name") if source.peek() == "newsuperior" else None
    return Rename(dn, rdn, flag == "1", superior, controls)


def _modifications(source: Lines) -> tuple[Modification, ...]:
    found = []
    while source.more():
        verb = source.peek()
        if verb not in _OPERATIONS:
            source.missing("add, delete, replace or increment", "the name of an attribute")
        name = source.text(verb, "the name of an attribute").strip(" ")
        if not is_name(name):
            source.at -= 1
            source.wrong(verb, f"expected the name of an attribute, got {shown(name)}")
        found.append(_modification(_OPERATIONS[verb], name, _values(source, name), source))
    return tuple(found)


def _values(source: Lines, name: str) -> Values:
    """The values of a modification; its last line may be missing where a blank line ends the record."""
    values: Values = []
    while source.more():
        if source.lines[source.at].rstrip(" ") == END:
            source.at += 1
            break
        if source.peek() != name.lower():
            source.missing(name, f"and a value of it, or a line {END}")
        values.append(source.take()[1])
    return values


def _modification(operation: Operation, name: str, values: Values, source: Lines) -> Modification:
    wanted = {Operation.ADD: "a value", Operation.INCREMENT: "one value"}.get(operation)
    if wanted and (not values or (operation is Operation.INCREMENT and len(values) > 1)):
        source.at -= 1
        source.wrong(name, f"expected {wanted} for {operation.value}, got {len(values)}")
    return Modification(operation, name, values)
