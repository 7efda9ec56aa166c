"""From the bytes of an LDIF file to its records as text: encodings, line ends, and the blank lines between records."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dxa_exchange.streams import Bytes, chunks

#: What a file in UTF-16 begins with when it has no mark: ``dn``, ``version``, a comment, a blank line.
_UNMARKED = {
    "utf-16-le": (b"d\0n\0", b"v\0e\0", b"#\0", b"\r\0\n\0", b"D\0N\0", b"D\0n\0"),
    "utf-16-be": (b"\0d\0n", b"\0v\0e", b"\0#", b"\0\r\0\n", b"\0D\0N", b"\0D\0n"),
}
_LONGEST_MARK = 4
#: Stands for half a character at the end of a file in UTF-16.
HALF = "\ufffd"


class Block(NamedTuple):
    """What stands between blank lines: the line it begins at, counted from 1, and its text with LF alone as line end.

    `ended` says whether its last line has an end, `closed` whether a blank line follows, so that nothing is missing.
    """

    line: int
    text: str
    ended: bool = True
    closed: bool = True


def blocks(source: Bytes) -> Iterator[Block]:
    """The blocks of a file, one by one; no more than one of them and a piece of the file is held in memory."""
    line, parts = 1, [""]
    for text in filter(None, _unix(_texts(chunks(source)))):
        # The two line ends of a blank line may lie in two pieces.
        seam = parts[-1][-1:] + text
        if "\n\n" not in seam:
            parts.append(text)
            continue
        *whole, rest = ("".join(parts) + text).split("\n\n")
        for block in whole:
            yield from _block(line, block)
            line += block.count("\n") + 2
        parts = [rest]
    last = "".join(parts)
    yield from _block(line, last.removesuffix("\n"), ended=last.endswith("\n"), closed=False)


def _block(line: int, text: str, *, ended: bool = True, closed: bool = True) -> Iterator[Block]:
    """A block without the line ends that further blank lines have left before it, unless it is blank throughout."""
    body = text.lstrip("\n")
    if body.strip():
        yield Block(line + len(text) - len(body), body, ended, closed)


def _unix(texts: Iterable[str]) -> Iterator[str]:
    """Text in which CR LF, CR CR LF and CR alone have become LF."""
    held = ""
    for text in texts:
        text = held + text
        held = ""
        if "\r" in text:
            # What stands behind the last CR, or behind the last two, decides what they are.
            held = text[len(text.rstrip("\r")) :][-2:]
            text = text[: len(text) - len(held)]
            text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
        yield text
    yield held.replace("\r", "\n")


def _texts(pieces: Iterator[bytes]) -> Iterator[str]:
    """The text of a file; a byte that breaks UTF-8 becomes a surrogate, which no text has, and is found by that."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _LONGEST_MARK:
            break
    encoding, skip = _encoding(head)
    decoder = getincrementaldecoder(encoding)("surrogateescape" if encoding == "utf-8" else "surrogatepass")
    yield decoder.decode(head[skip:])
    for piece in pieces:
        yield decoder.decode(piece)
    if encoding == "utf-8":
        yield decoder.decode(b"", final=True)
    elif decoder.getstate()[0]:
        yield HALF


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding of a file, and how many bytes mark it."""
    if head.startswith(BOM_UTF8):
        return "utf-8", len(BOM_UTF8)
    if head.startswith(BOM_UTF16_LE):
        return "utf-16-le", len(BOM_UTF16_LE)
    if head.startswith(BOM_UTF16_BE):
        return "utf-16-be", len(BOM_UTF16_BE)
    return next((name for name, beginnings in _UNMARKED.items() if head.startswith(beginnings)), "utf-8"), 0
