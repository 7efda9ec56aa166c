"""Values in DSML: what XML can carry as text, and Base64 for the rest."""

from __future__ import annotations

import re

from dxa.errors import FormatError
from dxa_exchange.directory import Value
from dxa_exchange.values import from_base64, is_name, is_secret, raw, shown, to_base64, typed

#: Text that comes back as it is from any XML parser: no control characters but TAB and LF, no blanks at its ends.
_CARRIED = re.compile(r"(?!\s)[\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*(?<!\s)")
#: What no attribute of an element can hold, or not without being changed.
_LOST = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_BLANKS = re.compile(r"[ \t\r\n]+")


class Wrong(Exception):
    """What is wrong with an element: the field, and the reason."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(reason)


def decoded(name: str, text: str) -> Value:
    """The value that Base64 stands for; line breaks and blanks in it mean nothing."""
    data = from_base64(_BLANKS.sub("", text))
    if data is None:
        got = "" if is_secret(name) else f", got {shown(text)}"
        raise Wrong(name, f"expected Base64{got}")
    return typed(name, data)


def encoded(name: str, value: Value) -> tuple[str, bool]:
    """A value as the text of an element, and whether that is Base64."""
    if isinstance(value, str) and _CARRIED.fullmatch(value):
        return value, False
    try:
        return to_base64(raw(value)), True
    except UnicodeEncodeError as error:
        raise FormatError(f"{shown(str(value))} is no Unicode text: {error.reason}", field=name) from None


def checked_name(name: str) -> str:
    """The name of an attribute, to be written."""
    if not is_name(name):
        raise FormatError("this cannot name an attribute", expected="letters, digits, hyphens and options", got=name)
    return name


def written_dn(field: str, dn: str) -> str:
    """A distinguished name with the characters that XML cannot carry as hexadecimal pairs (RFC 4514, 2.4)."""
    try:
        dn.encode()
    except UnicodeEncodeError as error:
        raise FormatError(f"{shown(dn)} is no Unicode text: {error.reason}", field=field) from None
    return _LOST.sub(lambda match: "".join(f"\\{byte:02X}" for byte in match[0].encode()), dn)
