"""What ``dxa dump`` shows of LDIF and DSML: a row for each object, change, answer, and record that cannot be read.

Values of passwords and keys are never shown, and of a record that cannot be read and names one, nothing but the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any, TypeAlias

from dxa.connector import Decoder
from dxa_exchange import ldif
from dxa_exchange.directory import Add, Bad, Change, Control, Delete, Modify, Record, Rename, Value
from dxa_exchange.dsml import dsml1, dsml2, xmlsafe
from dxa_exchange.dsml.names import BATCH_REQUEST, BATCH_RESPONSE, local
from dxa_exchange.ldif.entries import unfolded
from dxa_exchange.ldif.lines import blocks
from dxa_exchange.values import is_secret, names_secret, to_base64

Row: TypeAlias = dict[str, Any]

HIDDEN = "(hidden)"
#: Bytes within which a format is recognised, bytes of a binary value that are shown, characters of a bad record.
HEAD, _SHOWN, _RAW = 1 << 13, 64, 500
_VERSION = re.compile(r"version: *\d+ *", re.IGNORECASE)
_NAME = re.compile(r"dn:(?: *| *[^ :<].*=.*|: *[A-Za-z0-9+/]+=* *)", re.IGNORECASE)
_ROOT = re.compile(r"<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?([\w.-]+)")


def decoders() -> list[Decoder]:
    """The decoders of LDIF, DSML 1.0 and DSML 2.0."""
    return [
        Decoder(name="ldif", sniff=is_ldif, decode=ldif_rows),
        Decoder(name="dsml1", sniff=is_dsml1, decode=dsml1_rows),
        Decoder(name="dsml2", sniff=is_dsml2, decode=dsml2_rows),
    ]


def is_ldif(data: bytes) -> bool:
    """Whether the first line that is neither a comment nor a version is a distinguished name.

    The version alone says nothing: messages of other systems begin with a line like that, too.
    """
    lines = (line for block in blocks([data[:HEAD]]) for line in unfolded(block.text))
    first = next(lines, "")
    if _VERSION.fullmatch(first):
        first = next(lines, "")
    return _NAME.fullmatch(first) is not None and "\0" not in first


def is_dsml1(data: bytes) -> bool:
    """Whether this is an XML document whose root is ``dsml``."""
    return _root(_head(data)) == "dsml"


def is_dsml2(data: bytes) -> bool:
    """Whether this is an XML document whose root is a batch of DSML 2.0."""
    head = _head(data)
    return _root(head) in (local(BATCH_REQUEST), local(BATCH_RESPONSE)) and ("DSML" in head or "<!DOCTYPE" in head)


def _head(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data[:HEAD].decode(encoding, "ignore")


def _root(text: str) -> str:
    """The name of the first element of XML, or of its document type; ``""`` when there is none."""
    text = text.lstrip()
    while text.startswith(("<?", "<!--")):
        _, found, text = text.partition("?>" if text.startswith("<?") else "-->")
        text = text.lstrip() if found else ""
    match = _ROOT.match(text)
    return match[1] if match else ""


def ldif_rows(data: bytes) -> Iterator[Row]:
    """The rows of LDIF."""
    return map(_row, ldif.located(BytesIO(data)))


def dsml1_rows(data: bytes) -> Iterator[Row]:
    """The rows of DSML 1.0."""
    return map(_row, dsml1.located(BytesIO(data)))


def dsml2_rows(data: bytes) -> Iterator[Row]:
    """The rows of DSML 2.0, requests or responses."""
    return map(_row, dsml2.items(BytesIO(data)))


def _row(located: tuple[int, dsml2.Item | Change]) -> Row:
    line, item = located
    match item:
        case Bad():
            return _bad(item)
        case Record(dn, attributes):
            return {"kind": "object", "line": line, "dn": dn, "attributes": _attributes(attributes)}
        case dsml2.Request(request_id, change):
            return {"kind": "change", "line": line, "request": request_id, **_change(change)}
        case dsml2.Batch() | dsml2.Result() | dsml2.Failure():
            fields = {name: list(v) if isinstance(v, tuple) else v for name, v in item._asdict().items()}
            if "kind" in fields:
                fields["response"] = fields.pop("kind")
            return {"kind": type(item).__name__.lower(), "line": line, **fields}
        case _:
            return {"kind": "change", "line": line, **_change(item)}


def _bad(bad: Bad) -> Row:
    # The name of a password may be folded over two lines.
    secret = names_secret(bad.raw.replace("\n ", "")) or is_secret(bad.field)
    return {
        "kind": "error" if xmlsafe.is_end(bad) else "reject",
        "line": bad.line,
        "code": bad.code,
        "field": bad.field,
        "reason": bad.reason.partition(", got")[0] if secret else bad.reason,
        "text": HIDDEN if secret else bad.raw[:_RAW],
    }


def _change(change: Change) -> Row:
    match change:
        case Add(record, controls):
            row: Row = {"change": "add", "dn": record.dn, "attributes": _attributes(record.attributes)}
        case Modify(dn, modifications, controls):
            said = [
                {"operation": operation.value, "attribute": name, "values": _values(name, values)}
                for operation, name, values in modifications
            ]
            row = {"change": "modify", "dn": dn, "modifications": said}
        case Delete(dn, controls):
            row = {"change": "delete", "dn": dn}
        case Rename(dn, rdn, delete_old, superior, controls):
            row = {"change": "rename", "dn": dn, "rdn": rdn, "delete_old": delete_old, "superior": superior}
    return row | ({"controls": list(map(_control, controls))} if controls else {})


def _control(control: Control) -> Row:
    value = None if control.value is None else _value(control.value)
    return {"oid": control.oid, "critical": control.critical, "value": value}


def _attributes(attributes: Mapping[str, Iterable[Value]]) -> Row:
    return {name: _values(name, values) for name, values in attributes.items()}


def _values(name: str, values: Iterable[Value]) -> list[Any]:
    return [HIDDEN if is_secret(name) else _value(value) for value in values]


def _value(value: Value) -> Any:
    """A value as JSON can hold it: text, Base64 of bytes, or how many bytes there are."""
    if isinstance(value, str):
        return value
    return {"base64": to_base64(value)} if len(value) <= _SHOWN else {"bytes": len(value)}
