"""One record of LDIF: its lines, their values, and the object that they describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeAlias

from dxa.errors import DxaError
from dxa_exchange.directory import Record, Value, Values, attributes
from dxa_exchange.values import from_base64, is_name, is_regular, is_secret, names_secret, plain, shown, typed

#: Gives what stands at a URL.
Fetch: TypeAlias = Callable[[str], bytes]


class Wrong(Exception):
    """What is wrong with a record, and where: the number of a line, from 0, as it stands or (`unfolded`) unfolded."""

    def __init__(self, at: int, field: str, reason: str, *, unfolded: bool = True) -> None:
        self.at, self.field, self.reason, self.unfolded = at, field, reason, unfolded
        super().__init__(reason)


def unfolded(text: str) -> list[str]:
    """The lines of a record, whole and without comments."""
    if "\n " in text:
        text = text.replace("\n ", "")
    lines = text.split("\n")
    if "#" in text:
        return [line for line in lines if line[:1] != "#"]
    return lines


class Lines:
    """The lines of one record, which are taken from the front; `at` is the next one."""

    def __init__(self, lines: list[str], at: int, fetch: Fetch | None) -> None:
        self.lines, self.at, self.fetch = lines, at, fetch

    def more(self) -> bool:
        """Whether there are lines left."""
        return self.at < len(self.lines)

    def peek(self) -> str:
        """The name in the next line, in lower case; ``""`` at the end."""
        return self.lines[self.at].partition(":")[0].lower() if self.more() else ""

    def take(self) -> tuple[str, Value]:
        """The next line as a name and its value."""
        line = self.lines[self.at]
        name, colon, rest = line.partition(":")
        if not colon or not is_name(name):
            self.wrong_line(line)
        value = self.value(name, rest)
        self.at += 1
        return name, value

    def text(self, name: str, expected: str) -> str:
        """The value of the next line, which must have this name and be text."""
        if self.peek() != name:
            self.missing(name, expected)
        _, value = self.take()
        if isinstance(value, bytes):
            self.at -= 1
            self.wrong(name, f"expected {expected}, got bytes that are not UTF-8: {value[:40]!r}")
        return value

    def value(self, name: str, rest: str) -> Value:
        """What stands behind the colon of the next line (RFC 2849, value-spec)."""
        match rest[:1]:
            case ":":
                data = from_base64(rest[1:])
                if data is None:
                    self.wrong(name, f"expected Base64{self._got(name, rest[1:])}")
                return typed(name, data)
            case "<":
                return typed(name, self._fetched(name, rest[1:].strip(" ")))
            case _:
                return plain(name, rest.lstrip(" "))

    def dn(self) -> str:
        """The distinguished name, with which a record begins; empty is the server's own entry."""
        dn = self.text("dn", "a distinguished name")
        if dn and "=" not in dn:
            self.at -= 1
            self.wrong("dn", f"expected a distinguished name such as cn=Ann,o=Lab, got {shown(dn)}")
        return dn

    def is_change(self) -> bool:
        """Whether behind the name there is a change."""
        return self.peek() in ("changetype", "control")

    def record(self, dn: str) -> Record:
        """The rest as attributes of an object."""
        found = self._quickly()
        if found is None:
            found = self._carefully()
        return Record(dn, found)

    def _quickly(self) -> dict[str, Values] | None:
        """The attributes, when every line is a name, colon, one blank and text; in a large file almost all are."""
        found: dict[str, Values] = {}
        for line in self.lines[self.at :]:
            name, _, value = line.partition(": ")
            if not value or value[0] == " ":
                return None
            if name in found:
                found[name].append(value)
            else:
                found[name] = [value]
        return found if is_regular(tuple(found)) else None

    def _carefully(self) -> dict[str, Values]:
        pairs = []
        while self.more():
            if self.peek() == "dn":
                self.wrong("dn", "expected an attribute, got a second dn; is the blank line before it missing?")
            pairs.append(self.take())
        return attributes(pairs)

    def _fetched(self, name: str, url: str) -> bytes:
        if self.fetch is None:
            self.wrong(
                name, f"expected a value, got the URL {shown(url)}, which is not opened; put the value itself there"
            )
        try:
            return self.fetch(url)
        except (OSError, ValueError, DxaError) as error:
            self.wrong(name, f"the URL {shown(url)} cannot be read: {error}")

    def _got(self, name: str, text: str) -> str:
        return "" if is_secret(name) else f", got {shown(text.strip(' '))}"

    def missing(self, name: str, expected: str) -> NoReturn:
        """Say that a line of this name was expected here."""
        if not self.more():
            self.at = len(self.lines) - 1
            self.wrong(name, f"expected {name}: {expected}, got the record's end; is it cut off?")
        line = self.lines[self.at]
        got = line.partition(":")[0] if names_secret(line) else line
        self.wrong(name, f"expected {name}: {expected}, got {shown(got)}")

    def wrong_line(self, line: str) -> NoReturn:
        """Say that a line is none of the form ``name: value``."""
        got = "" if names_secret(line) else f", got {shown(line)}"
        self.wrong("", f"expected a line like name: value{got}")

    def wrong(self, field: str, reason: str) -> NoReturn:
        """Say what is wrong with the next line."""
        raise Wrong(self.at, field, reason)
