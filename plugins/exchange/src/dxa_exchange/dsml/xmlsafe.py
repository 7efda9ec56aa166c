"""XML from strangers, element by element: no DTD, no entity of theirs, no network, no endless depth, text or file.

What libxml2 limits itself (depth 256, 10 MB for one text) stays limited. A document type declaration is refused before
anything below it is read, so entities cannot be declared at all. Memory holds one element of the wanted kind at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from typing import Any, TypeAlias

from lxml import etree

from dxa.errors import FormatError
from dxa_exchange.directory import Bad
from dxa_exchange.streams import Bytes, chunks

Element: TypeAlias = etree._Element

#: Bytes of a file that are read at most, unless a caller says otherwise: some millions of entries.
LIMIT = 1 << 32
#: Bytes within which the root element begins, and how many of them are looked at in one go.
_HEAD, _STEP = 1 << 16, 1 << 12
_END = "nothing behind it could be read"
#: What libxml2 says of the place at the end of its messages.
_PLACE = re.compile(r"\s*, line \d+, column \d+.*", re.DOTALL)
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def elements(
    source: Bytes,
    roots: Collection[str],
    *,
    tags: Collection[str] | None = None,
    wanted: Callable[[Element], bool] = lambda _: True,
    limit: int = LIMIT,
) -> Iterator[Element]:
    """The root element as it begins, then every wanted element with one of the tags (None: any) as it ends.

    An element is emptied when the next one is asked for. Raises FormatError, with the line, where the file is no whole
    and harmless XML with one of these roots; everything before that has come.
    """
    pieces = _limited(chunks(source), limit)
    head, root = _begun(pieces)
    if root.tag not in roots:
        expected = " or ".join(sorted(roots))
        raise FormatError("another kind of document", line=line_of(root), expected=expected, got=str(root.tag))
    yield root
    parser = etree.XMLPullParser(events=("end",), tag=None if tags is None else list(tags), **_SAFE)
    broken = None
    for piece in chain(head, pieces, [b""]):
        try:
            if piece:
                parser.feed(piece)
            else:
                parser.close()
        except etree.XMLSyntaxError as error:
            broken = error
        for element in _events(parser):
            if wanted(element):
                yield element
                _forget(element)
        if broken is not None:
            raise _error(broken, parser)


class Sink:
    """What a writer of XML writes into, and from where it is taken bit by bit."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep some bytes."""
        self._pieces.append(data)

    def take(self) -> bytes:
        """What has been written since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def put(file: Any, element: Element) -> None:
    """Write an element whose namespaces are declared around it already, without declaring them once more."""
    with file.element(element.tag, dict(element.items())):
        if element.text:
            file.write(element.text)
        for child in element:
            put(file, child)


def unreadable(error: FormatError) -> Bad:
    """The end of what can be read of a file."""
    return Bad(error.line, error.field, f"{error}; {_END}")


def is_end(bad: Bad) -> bool:
    """Whether this is the end of what can be read, and not one record."""
    return not bad.raw and bad.reason.endswith(_END)


def line_of(element: Any) -> int:
    """The line at which an element begins."""
    return element.sourceline or 0


def raw_of(element: Element) -> str:
    """An element as XML."""
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _events(parser: Any) -> Iterator[Element]:
    return (element for _, element in parser.read_events())


def _limited(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise FormatError(f"the file is larger than the limit of {limit:,} bytes", expected="a smaller file")
        if piece:
            yield piece


def _begun(pieces: Iterator[bytes]) -> tuple[list[bytes], Element]:
    """The root element, and the pieces of the file that were needed to see it."""
    parser = etree.XMLPullParser(events=("start",), **_SAFE)
    head: list[bytes] = []
    for piece in pieces:
        head.append(piece)
        for at in range(0, len(piece), _STEP):
            broken = None
            try:
                parser.feed(piece[at : at + _STEP])
            except etree.XMLSyntaxError as error:
                broken = error
            for root in _events(parser):
                _refuse_types(root)
                return head, root
            if broken is not None:
                raise _typed(head) or _error(broken, parser)
        if sum(map(len, head)) > _HEAD:
            raise _typed(head) or FormatError(f"no element begins within {_HEAD} bytes", line=1, expected="XML")
    raise _typed(head) or FormatError("the file has no element", line=1, expected="XML")


def _refuse_types(root: Element) -> None:
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise _refused()


def _typed(head: list[bytes]) -> FormatError | None:
    """The reason why a file could not be begun, when that is its document type declaration."""
    return _refused() if b"<!DOCTYPE" in b"".join(head) else None


def _refused() -> FormatError:
    reason = "a document type declaration (DOCTYPE) is refused, as it can declare entities; remove it from the file"
    return FormatError(reason, line=1, field="DOCTYPE")


def _error(error: etree.XMLSyntaxError, parser: Any) -> FormatError:
    """What is broken, and where. Of an entity that nobody has declared only the log of the parser tells."""
    said, line, logged = error.msg, error.lineno, parser.feed_error_log.last_error
    if not line and logged is not None:
        said, line = logged.message, logged.line
    return FormatError(f"broken XML: {_PLACE.sub('', said or 'no reason is given')}", line=line or 0)


def _forget(element: Element) -> None:
    """Empty an element that has been dealt with, and drop its elder siblings."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
