"""GALINDEX.GLB: where in GAL.NME the words are that begin with a letter, for finding names by any of their words.

KB Q86375 documents the form: 52 DWORDs for A-Z and a-z, each the offset in this file at which the letter's entries
begin, then the entries {WORD number of the word in its name, from 0; DWORD offset of the name in GAL.NME}, sorted. The
rest is ours:

- **Words** are what stands between blanks and punctuation (``-``, ``.``, ``,`` and so on, but not the apostrophe):
  ``Doe, Jean-Luc`` has three, each has an entry, and an entry stands for its word and those behind it. A name of
  nothing but punctuation has the words that stand between blanks.
- **A-Z and a-z** are the words that are written with a capital and with a small letter first; letters with accents are
  with their base letters. Words that begin with anything else stand before those with A, right behind the DWORDs.
- **A letter's range** ends where the next one's begins, that of z at the end of the file.
- **Sorted** is by the collation below, words that are equal as their names stand in GAL.NME.

The collation takes the bytes of code page 850 as numbers, small letters as capitals and letters with accents as their
base letters. It is our guess at what C850SORT.GLB, whose contents are not public, has PC Mail do.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.columns import BYTES
from dxa_msmail.postoffice.layout import CODE_PAGE

GALINDEX = "GLB/GALINDEX.GLB"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_HEAD = struct.Struct("<52I")
_ENTRY = struct.Struct("<HI")

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÇÄÅÉÆÖÜØÁÍÓÚÑÂÀÃÊËÈÎÏÌÔÒÕÛÙÝÐÞ"
_CAPITAL_BASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZCAAEAOUOAIOUNAAAEEEIIIOOOUUYDT"
_SMALL = "abcdefghijklmnopqrstuvwxyzçäåéæöüøáíóúñâàãêëèîïìôòõûùýðþÿßıƒªº"
_SMALL_BASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZCAAEAOUOAIOUNAAAEEEIIIOOOUUYDTYSIFAO"
_BLANKS = ' !"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'

#: Byte to byte: what the collation compares.
FOLD = bytes.maketrans((_CAPITALS + _SMALL).encode(CODE_PAGE), (_CAPITAL_BASES + _SMALL_BASES).encode(CODE_PAGE))
#: Byte to byte: capitals as small letters, accents stay.
LOWER = bytes.maketrans(_CAPITALS.encode(CODE_PAGE), _SMALL[: len(_CAPITALS)].encode(CODE_PAGE))
_BLANK = bytes.maketrans(_BLANKS.encode(CODE_PAGE), b" " * len(_BLANKS))
# Which part of the index a word is in that begins with the byte: other, capital, small. NUL and blank stay.
_OTHER, _CAPITAL, _SMALL_LETTER = "\1", "\2", "\3"
_PART = bytearray(b"\1" * 256)
for _letters, _part in ((_CAPITALS, 2), (_SMALL, 3)):
    for _byte in _letters.encode(CODE_PAGE):
        _PART[_byte] = _part
_PART[0], _PART[0x20] = 0, 0x20


class IndexEntry(NamedTuple):
    """A word: its number in its name, and the name's offset in GAL.NME."""

    word: int
    offset: int


def fold(texts: Sequence[str]) -> list[str]:
    """What the collation compares of each text; texts and results are `BYTES`."""
    return translated(texts, FOLD)


def build_index(names: Sequence[str], size: int) -> bytes:
    """GALINDEX.GLB for names as `BYTES` in the order of GAL.NME, whose records have this size."""
    keys: list[str] = []
    entries: list[int] = []
    add_key, add_entry, step = keys.append, entries.append, size << 16
    texts, parts = _words(names)
    for text, part, entry in zip(texts, parts, range(0, len(texts) * step, step), strict=True):
        add_key(part[0] + text)
        add_entry(entry)
        at = text.find(" ") + 1
        while at:
            entry += 1
            add_key(part[at] + text[at:])
            add_entry(entry)
            at = text.find(" ", at) + 1
    order = sorted(range(len(keys)), key=keys.__getitem__)
    starts = [bisect_left(order, _letter_key(letter), key=keys.__getitem__) for letter in LETTERS]
    head = _HEAD.pack(*(_HEAD.size + _ENTRY.size * start for start in starts))
    return head + _packed([entries[n] for n in order])


def _packed(entries: Sequence[int]) -> bytes:
    """Entries as numbers, the word's in the lower 16 bits: each as eight bytes at once, without the last two."""
    eights = struct.pack(f"<{len(entries)}Q", *entries)
    data = bytearray(_ENTRY.size * len(entries))
    for n in range(_ENTRY.size):
        data[n :: _ENTRY.size] = eights[n::8]
    return bytes(data)


def read_index(data: bytes) -> tuple[list[int], list[IndexEntry]]:
    """Where each of `LETTERS` begins as an index into the entries, and the entries; raises `FormatError` 40."""
    index = _Index(data)
    starts = [index.start(n) for n in range(len(LETTERS))]
    return starts, [IndexEntry(*row) for row in _ENTRY.iter_unpack(data[_HEAD.size :])]


def write_index(starts: Iterable[int], entries: Iterable[IndexEntry]) -> bytes:
    """The file with these values; raises `FormatError` when one is out of range."""
    try:
        head = _HEAD.pack(*(_HEAD.size + _ENTRY.size * start for start in starts))
        return b"".join([head, *(_ENTRY.pack(*entry) for entry in entries)])
    except struct.error as error:
        raise FormatError("a value does not fit", field="IndexEntry", got=str(error)) from None


def search(data: bytes, names: bytes, size: int, name_at: slice, prefix: str) -> set[int]:
    """The offsets of the names of GAL.NME that have words, one behind the other, which begin with the prefix's.

    `names` is GAL.NME with records of `size` bytes, in which the name is at `name_at`. Texts are compared as the
    collation does. A blank prefix begins all names. Raises `FormatError` 40 for an index that does not fit GAL.NME.
    """
    if not prefix.strip(" "):
        return set(range(0, len(names), size))
    index = _Index(data)
    try:
        wanted = key_of(prefix.encode(CODE_PAGE).decode(BYTES))
    except UnicodeEncodeError:
        return set()  # no name has such a character

    def suffix(n: int) -> str:
        word, offset = index.entry(n)
        if offset % size or offset >= len(names):
            at = _HEAD.size + n * _ENTRY.size
            raise layout.corrupt(GALINDEX, at, "offset", f"that of one of {len(names) // size} names", str(offset))
        name = names[offset : offset + size][name_at].partition(b"\0")[0]
        return " ".join(key_of(name.decode(BYTES)).split(" ")[word:])[: len(wanted)]

    found: set[int] = set()
    for first, end in index.ranges(wanted[:1]):
        places = range(first, end)
        low = bisect_left(places, wanted, key=suffix)
        high = bisect_right(places, wanted, lo=low, key=suffix)
        found.update(index.entry(n)[1] for n in places[low:high])
    return found


def key_of(text: str) -> str:
    """The words of a text as the collation compares them, with one blank in between; `BYTES` both."""
    return _words([text])[0][0]


def _words(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of each name, folded, with one blank in between; and for each character the part of the index."""
    if not names:
        return [], []
    text = _joined(names).translate(_BLANK)
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    text = text.replace(b" \0", b"\0").replace(b"\0 ", b"\0").strip(b" ")
    if b"\0\0" in b"\0%b\0" % text:
        words = text.decode(BYTES).split("\0")
        text = _joined([word or _punctuation(name) for word, name in zip(words, names, strict=True)])
    folded, parts = (text.translate(table).decode(BYTES).split("\0") for table in (FOLD, _PART))
    return folded, parts


def _punctuation(name: str) -> str:
    return " ".join(filter(None, name.split(" "))) or "_"


def _joined(texts: Sequence[str]) -> bytes:
    return "\0".join(texts).encode(BYTES)


def translated(texts: Sequence[str], table: bytes) -> list[str]:
    """Each text, `BYTES` without NUL, with its bytes taken from a table."""
    return _joined(texts).translate(table).decode(BYTES).split("\0") if texts else []


def _letter_key(letter: str) -> str:
    return (_CAPITAL if letter.isupper() else _SMALL_LETTER) + letter.upper()


class _Index:
    """The bytes of GALINDEX.GLB, looked at in places."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEAD.size or (len(data) - _HEAD.size) % _ENTRY.size:
            expected = f"{_HEAD.size} + n × {_ENTRY.size} bytes"
            raise layout.corrupt(GALINDEX, len(data), "size", expected, f"{len(data)} bytes")
        self._data = data
        self._count = (len(data) - _HEAD.size) // _ENTRY.size
        self._starts = _HEAD.unpack_from(data)

    def start(self, letter: int) -> int:
        """The number of the first entry of a letter, or of what follows the last."""
        if letter == len(LETTERS):
            return self._count
        at = self._starts[letter]
        before = self._starts[letter - 1] if letter else _HEAD.size
        if (at - _HEAD.size) % _ENTRY.size or not before <= at <= len(self._data):
            expected = f"{before} to {len(self._data)}, the offset of an entry"
            raise layout.corrupt(GALINDEX, 4 * letter, LETTERS[letter], expected, str(at))
        return int(at - _HEAD.size) // _ENTRY.size

    def entry(self, n: int) -> tuple[int, int]:
        """The n-th entry: a word's number, and the offset of its name."""
        word, offset = _ENTRY.unpack_from(self._data, _HEAD.size + n * _ENTRY.size)
        return word, offset

    def ranges(self, letter: str) -> Iterator[tuple[int, int]]:
        """Where words can be that begin with this letter: as a capital and small; or all that begin with no letter."""
        n = LETTERS.find(letter) if letter else -1
        if n < 0:
            yield 0, self.start(0)
        else:
            for place in (n, n + 26):
                yield self.start(place), self.start(place + 1)
