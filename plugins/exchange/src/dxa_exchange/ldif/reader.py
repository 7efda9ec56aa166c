"""From the bytes of an LDIF file to its records; what cannot be read of them is kept with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from dxa_exchange.directory import Bad, Change, Modify, Record
from dxa_exchange.ldif import changes, entries
from dxa_exchange.ldif.entries import Fetch, Lines, Wrong
from dxa_exchange.ldif.lines import Block, blocks
from dxa_exchange.streams import Bytes
from dxa_exchange.values import names_secret, shown

Item = Record | Change | Bad
_OBJECTS, _CHANGES = "objects", "changes"
_LAST = "the file's last line is not ended"


def read(lines: Bytes, *, fetch: Fetch | None = None) -> Iterator[Item]:
    """The records of a file: objects or changes, and what could not be read, in their order.

    `fetch` gives the bytes that stand at a URL, for values like ``jpegPhoto:< file:///photo``; without it, such values
    are refused, since whoever writes the file would choose what is read on this machine. What it raises of OSError,
    ValueError and DxaError makes the record a `Bad`.
    """
    return (item for _, item in located(lines, fetch=fetch))


def located(lines: Bytes, *, fetch: Fetch | None = None) -> Iterator[tuple[int, Item]]:
    """As `read`, each record with the line at which it begins."""
    kind = ""
    for block in blocks(lines):
        try:
            found = _record(block, kind, fetch)
        except Wrong as wrong:
            yield block.line, _bad(block, wrong)
            continue
        if found is not None:
            kind = _OBJECTS if isinstance(found, Record) else _CHANGES
            yield block.line, found


def _record(block: Block, kind: str, fetch: Fetch | None) -> Record | Change | None:
    """What a block says; nothing when it holds comments only, or the version of the format."""
    text = block.text
    if "\0" in text:
        at = text.count("\n", 0, text.index("\0"))
        raise Wrong(at, "", "a NUL byte, which no text has; the file is damaged", unfolded=False)
    if not text.isascii():
        _check_encoding(text)
    lines = entries.unfolded(text)
    first = _after_version(lines)
    if first == len(lines) or _is_outcome(lines, first):
        return None
    if not block.ended:
        raise Wrong(len(lines) - 1, "", f"{_LAST}: it may have been cut off there. End it if it is whole")
    source = Lines(lines, first, fetch)
    dn = source.dn()
    if not source.is_change():
        _same(kind, _OBJECTS, source)
        return source.record(dn)
    _same(kind, _CHANGES, source)
    found = changes.change(dn, source)
    if isinstance(found, Modify) and not block.closed and lines[-1].rstrip(" ") != changes.END:
        raise Wrong(len(lines) - 1, "", f"expected a line {changes.END} at the end of the last record; is it cut off?")
    return found


def _same(kind: str, now: str, source: Lines) -> None:
    """A file holds objects or changes, not both: which one was meant would be a guess."""
    if kind not in ("", now):
        expected = "a line with changetype" if kind == _CHANGES else "an object, without changetype"
        raise Wrong(source.at, "changetype", f"expected {expected}: the records before are {kind}, this one is not")


def _check_encoding(text: str) -> None:
    """Refuse a line that is not in UTF-8, or not in the UTF-16 that the file is in."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        at = text.count("\n", 0, error.start)
        line = text.split("\n")[at]
        field = line.partition(":")[0]
        got = "" if names_secret(line) else f", got {shown(_readable(line))}"
        reason = f"expected text in UTF-8 (or UTF-16 with a byte order mark){got}; convert the file from its code page"
        raise Wrong(at, field if field.isascii() else "", reason, unfolded=False) from None


def _after_version(lines: list[str]) -> int:
    """Where a record begins: behind the version of the format, if that is here."""
    if not lines or lines[0][:8].lower() != "version:":
        return 0
    version = lines[0][8:].strip(" ")
    if version != "1":
        raise Wrong(0, "version", f"expected version 1, got {version!r}")
    return 1


def _is_outcome(lines: list[str], first: int) -> bool:
    """Whether this is what ldapsearch says at the end; that its search did not end well is an error."""
    if len(lines) < first + 2 or not (lines[first].startswith("search: ") and lines[first + 1].startswith("result: ")):
        return False
    outcome = lines[first + 1].removeprefix("result: ")
    if outcome.split(" ")[0] != "0":
        raise Wrong(first + 1, "result", f"expected 0 Success, got {outcome!r}: the search has not given everything")
    return True


def _bad(block: Block, wrong: Wrong) -> Bad:
    """What is said of a record; the line of the error is named where it is not the record's first."""
    line = block.line + (_physical(block.text, wrong.at) if wrong.unfolded else wrong.at)
    place = f"line {line}: " if line != block.line else ""
    return Bad(block.line, wrong.field, f"{place}{wrong.reason}", _readable(block.text))


def _readable(text: str) -> str:
    """Text with what breaks its encoding written out, as in ``M\\xfcller``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def _physical(text: str, at: int) -> int:
    """How many lines down the unfolded line `at` begins."""
    begun = -1
    for number, line in enumerate(text.split("\n")):
        begun += not line.startswith((" ", "#"))
        if begun == at:
            return number
    return 0
