"""The lines of a file: Unicode when it says so, else in a code page, strict both ways (KB Q183496, Q196396).

The program wrote in the Windows code page of the administrator's machine, or Unicode (UTF-16, little end first). A line
with bytes that the page lacks is put aside alone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from dxa.errors import FormatError
from dxa_exchange.table55.events import Event

#: The Windows code page of Western Europe and America.
DEFAULT = "cp1252"
UTF16 = "utf-16-le"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, UTF16), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: Text has no other control characters than tab; CR and LF are escaped. Surrogates have no other half.
_STRANGE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_PAGE = re.compile(r"(?:windows|ibm|cp|oem|ansi)?[-_ ]?(\d{3,5})", re.IGNORECASE)


class Text(NamedTuple):
    """One line, without its end, counted from 1; `fault` says why it cannot be read, and `text` shows it."""

    line: int
    text: str
    ended: bool
    fault: FormatError | None = None


@lru_cache(maxsize=64)
def code_page(name: str) -> str:
    """The codec of ``1252``, ``cp1252``, ``windows-1251``, ``932``, ``utf-16`` …

    Raises:
        ValueError: for an unknown page, and for one in which ASCII is not itself.
    """
    number = _PAGE.fullmatch(name.strip())
    wanted = {"utf-16": UTF16, "utf16": UTF16, "unicode": UTF16}.get(name.strip().casefold())
    wanted = wanted or (f"cp{number[1]}" if number else name.strip())
    ascii_ = bytes(range(0x20, 0x7F)).decode() + "\r\n\t"
    try:
        codec = codecs.lookup(wanted).name
        fits = ascii_.encode(codec) in (ascii_.encode(), ascii_.encode(UTF16))
    except (LookupError, UnicodeError):
        raise ValueError(f"unknown code page {name!r}") from None
    if not fits:
        raise ValueError(f"code page {name!r} does not hold ASCII as it is")
    return codec


class Lines:
    """The lines of a file. `encoding` and `ended`, whether the last line read had an end, are known while reading."""

    def __init__(self, chunks: Iterable[bytes], page: str = "") -> None:
        self.encoding = ""
        self.ended = True
        self._chunks = iter(chunks)
        self._page = page

    def __iter__(self) -> Iterator[Text]:
        head = self._head()
        end = "\n".encode(self.encoding)
        for number, (raw, ended) in enumerate(self._split(head, end), 1):
            self.ended = ended
            yield self._line(number, raw, ended)

    def _head(self) -> bytes:
        """The first bytes, without a byte order mark."""
        head = b""
        while len(head) < 3 and (chunk := next(self._chunks, b"")):
            head += chunk
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                if self._page and code_page(self._page) != encoding:
                    raise FormatError(
                        "a code page was named for a file that is Unicode",
                        line=1,
                        field="byte order mark",
                        expected=self._page,
                        got=encoding,
                        code=Event.CODE_PAGE,
                    )
                self.encoding = encoding
                return head[len(mark) :]
        self.encoding = code_page(self._page or DEFAULT)
        return head

    def _split(self, data: bytes, end: bytes) -> Iterator[tuple[bytes, bool]]:
        width = len(end)
        while True:
            start = 0
            while (at := _find(data, end, start, width)) >= 0:
                yield data[start:at], True
                start = at + width
            data = data[start:]
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            data += chunk
        if data:
            yield data, False

    def _line(self, number: int, raw: bytes, ended: bool) -> Text:
        # DOS programs close a text with Ctrl-Z.
        try:
            text = raw.decode(self.encoding).removesuffix("\r").rstrip("\x1a")
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.end].hex(" ").upper()
            fault = FormatError(
                f"bytes {bad} outside the code page",
                line=number,
                offset=error.start,
                expected=self.encoding,
                got=shown(raw, self.encoding),
            )
            return Text(number, shown(raw, self.encoding), ended, fault)
        strange = _STRANGE.search(text)
        if strange is None:
            return Text(number, text, ended)
        fault = FormatError(
            f"control character U+{ord(strange[0]):04X}",
            line=number,
            expected=r"text, and \r or \n for line ends",
            got=text[:80],
        )
        return Text(number, text, ended, fault)


def _find(data: bytes, end: bytes, start: int, width: int) -> int:
    at = data.find(end, start)
    while at >= 0 and (at - start) % width:
        at = data.find(end, at + 1)
    return at


def shown(data: bytes, encoding: str) -> str:
    """The text for a report: a byte that the page lacks is ``\\xNN``."""
    return data.decode(encoding, "backslashreplace").removesuffix("\r")


def encode(text: str, encoding: str) -> bytes:
    """The bytes of a text; a character that the page lacks is an error, never a question mark (KB Q196396)."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        char = text[error.start]
        raise FormatError(
            f"character {char!r} (U+{ord(char):04X}) outside the code page",
            expected=encoding,
            got=text[max(0, error.start - 20) : error.end + 20],
            code=Event.UNMAPPABLE,
        ) from None
