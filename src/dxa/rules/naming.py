"""Friendly names: shaped to what a peer can hold, and unique inside a list."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import attrs

from dxa.errors import AddressError
from dxa.rules.transliteration import STYLES, Style, transliterate

#: MS Mail's number for a name that is blank (KB Q96002).
BLANK = 46

ListId = tuple[str, str]
"""Names are unique inside one of these: an address type and a list of it (``("MS", "NET/PO")``)."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: How many digits a number has at first, and at most.
_FIRST_WIDTH, _LAST_WIDTH = 3, 6


def _code_page(_instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        codecs.lookup(value)
    except LookupError:
        raise ValueError(f"{attribute.name}: unknown code page {value!r}") from None


@attrs.frozen(kw_only=True)
class NameLimits:
    """What a peer can hold as a name; `length` counts bytes of the code page (MS Mail: 30, error 72)."""

    length: int = attrs.field(default=30, validator=attrs.validators.ge(8))
    code_page: str = attrs.field(default="cp850", validator=_code_page)
    transliteration: Style = attrs.field(default="german", validator=attrs.validators.in_(STYLES))


def shape_name(name: str, limits: NameLimits) -> str:
    """The name as the peer can hold it: characters of its code page stay, others are transliterated, the end is cut.

    Raises:
        AddressError: when nothing is left (46), or a character has no form in the code page.
    """
    if _is_shaped(name, limits):
        return name

    def unknown(char: str) -> str:
        reason = f"{_describe(char)} cannot be written in {limits.code_page} and has no transliteration"
        raise AddressError(f"name refused: {reason}", got=name)

    text = " ".join(filter(None, map(str.strip, _CONTROLS.split(name))))
    text = transliterate(text, code_page=limits.code_page, style=limits.transliteration, unknown=unknown)
    shaped = _cut(text.strip(), limits.length, limits.code_page)
    if not shaped:
        raise AddressError("name refused: it is blank", got=name, code=BLANK)
    return shaped


def _is_shaped(name: str, limits: NameLimits) -> bool:
    """Whether nothing needs to be done, which is so for nearly all names."""
    if not name.isprintable() or not name or name[0] == " " or name[-1] == " ":
        return False
    if len(name) <= limits.length and not _beyond(limits.code_page).search(name):
        return True
    try:
        return len(name.encode(limits.code_page)) <= limits.length and unicodedata.is_normalized("NFC", name)
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=64)
def _beyond(code_page: str) -> re.Pattern[str]:
    """Finds what is not one byte of the code page, or may grow together with what stands before it.

    Most code pages of Python write a text several times as slowly as this finds nothing.
    """
    plain = "".join(_alone(byte, code_page) for byte in range(256))
    return re.compile(f"[^{re.escape(plain)}]" if plain else "")


def _alone(byte: int, code_page: str) -> str:
    """The character that this byte stands for by itself; "" where it stands for none, or for a mark on another one."""
    try:
        char = bytes([byte]).decode(code_page)
        alone = char.encode(code_page) == bytes([byte]) and not unicodedata.combining(char)
    except (UnicodeError, TypeError):
        return ""
    return char if alone and unicodedata.is_normalized("NFC", char) else ""


def name_key(name: str) -> str:
    """Names with equal keys are the same name to a peer: case and the width of blanks do not count."""
    if name.isascii():
        return " ".join(name.lower().split())
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def name_keys(names: Sequence[str]) -> list[str]:
    """The keys of many names: all at once they are folded several times as fast as one by one."""
    text = "\n".join(["", *names, ""])
    keys = (text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()).split("\n")[1:-1]
    if len(keys) != len(names):
        return list(map(name_key, names))
    single = not any(blanks in text for blanks in ("  ", " \n", "\n ")) and "".join(names).isprintable()
    return keys if single else [" ".join(key.split()) for key in keys]


def _describe(char: str) -> str:
    return f"character U+{ord(char):04X} ({unicodedata.name(char, 'unnamed')})"


def _cut(text: str, length: int, code_page: str) -> str:
    """The longest beginning of at most `length` bytes, without blanks at its end."""
    text = text[:length]
    while len(text.encode(code_page)) > length:
        text = text[:-1]
    return text.rstrip()


def _numbered(stem: str, n: int, width: int, limits: NameLimits) -> str:
    return f"{_cut(stem, limits.length - width, limits.code_page)}{n:0{width}}"


def stem_key(wanted: str, limits: NameLimits) -> str:
    """What the key of every name begins with that `Names.claim` may give for `wanted`: to look up what is taken."""
    return name_key(_cut(shape_name(wanted, limits), limits.length - _LAST_WIDTH, limits.code_page))


def _lowest(width: int) -> int:
    """The first number of so many digits: 001 to 999, then 1000 to 9999, and so on."""
    return 1 if width == _FIRST_WIDTH else 10 ** (width - 1)


def _numbers(name: str) -> Iterator[tuple[int, int]]:
    """Each number that may have been appended to make this name, with its width."""
    digits = len(name) - len(name.rstrip("0123456789"))
    for width in range(_FIRST_WIDTH, min(digits, _LAST_WIDTH) + 1):
        if (n := int(name[-width:])) >= _lowest(width):
            yield n, width


class Names:
    """The names in use, list by list; each list is on its own (KB Q166545).

    The second entry of a name gets ``001`` appended, after cutting, so that the result is never too long (KB Q146676).
    Always the lowest free number is given. Where the search for one stopped is remembered per stem, so that n equal
    names cost n steps (dx:T-088).
    """

    def __init__(self, taken: Iterable[tuple[ListId, str]] = ()) -> None:
        self._taken = {(_fold(list_), name_key(name)) for list_, name in taken}
        #: Per list, stem and width of the number: all smaller numbers are taken.
        self._next: dict[tuple[ListId, str, int], int] = {}

    def claim(self, list_: ListId, wanted: str, limits: NameLimits) -> str:
        """Take the wanted name, or its first free numbered form; raises `AddressError` as `shape_name` does."""
        where = _fold(list_)
        name = shape_name(wanted, limits)
        slot = where, name_key(name)
        if slot in self._taken:
            name = self._first_free(where, name, limits)
            slot = where, name_key(name)
        self._taken.add(slot)
        return name

    def release(self, list_: ListId, name: str) -> None:
        """Give a name back; the next claim may have it (KB Q192514)."""
        where = _fold(list_)
        self._taken.discard((where, name_key(name)))
        for n, width in _numbers(name):
            index = (where, name_key(name[:-width]), width)
            if index in self._next:
                self._next[index] = min(n, self._next[index])

    def _first_free(self, where: ListId, name: str, limits: NameLimits) -> str:
        width = _FIRST_WIDTH
        while True:
            index = (where, name_key(_cut(name, limits.length - width, limits.code_page)), width)
            n = self._next.get(index, _lowest(width))
            while n < 10**width:
                numbered = _numbered(name, n, width, limits)
                if (where, name_key(numbered)) not in self._taken:
                    self._next[index] = n + 1
                    return numbered
                n += 1
            self._next[index] = n
            width += 1


@lru_cache(maxsize=4096)
def _fold(list_: ListId) -> ListId:
    return list_[0].upper(), list_[1].casefold()
