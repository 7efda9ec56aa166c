"""Letters for letters: the fixed table by which text gets into a smaller character set.

The table is ours and so independent of the machine: an update of its locale or code pages must never change a name or
address (KB Q249250). What stands in no table is taken apart by the decompositions of Unicode, which its stability
policy freezes: a letter with diacritics becomes its base letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Literal

#: How an organisation writes letters that it lacks: ä ö ü as ae oe ue (german); å as aa, ø as oe, ä ö ü as a o u
#: (nordic); all as their base letters (plain). KB Q151700, KB Q166572.
Style = Literal["german", "nordic", "plain"]

STYLES: dict[Style, dict[str, str]] = {
    "german": {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe"},
    "nordic": {"å": "aa", "ø": "oe"},
    "plain": {},
}


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


# Letters that have no decomposition; as in travel documents (ICAO Doc 9303-3 section 6 A) where those have them.
_LATIN = _pairs("""
    ß ss  æ ae  œ oe  ø o  ł l  ŀ l  đ d  ð d  þ th  ħ h  ı i  ĸ k  ŋ n  ŧ t  ƒ f  ə e  ɛ e  ɔ o  ɓ b  ɗ d  ɖ d
    ƙ k  ƴ y
""")

# ISO 843, without its macrons; upsilon after a vowel is in `_roman`.
_GREEK = _pairs("""
    α a  β v  γ g  δ d  ε e  ζ z  η i  θ th  ι i  κ k  λ l  μ m  ν n  ξ x  ο o  π p  ρ r  σ s  ς s  τ t  υ y  φ f  χ ch
    ψ ps  ω o
""")

# ICAO Doc 9303-3 section 6 B: one table for all Slavonic languages. The last line, for other languages, is ours.
_CYRILLIC = _pairs("""
    а a  б b  в v  г g  д d  е e  ё e  ж zh  з z  и i  й i  к k  л l  м m  н n  о o  п p  р r  с s  т t  у u  ф f  х kh
    ц ts  ч ch  ш sh  щ shch  ъ ie  ы y  э e  ю iu  я ia  є ie  і i  ї i  ґ g  ў u  ђ d  ѓ g  ѕ dz  ј j  љ lj  њ nj  ћ c
    ќ k  џ dz  ѣ ie  ѫ u  ѵ y
    ә a  ғ g  қ k  ң n  ө o  ұ u  ү u  һ h
""") | {"ь": ""}

_SIGNS = {
    **dict.fromkeys("‘’‚‛‹›′´ˊʹʻʼʽˈ", "'"),
    **dict.fromkeys("“”„‟«»″ʺ˝", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("•●■∙", "*"),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("·", "."),
    **_pairs("""
        € EUR  £ GBP  ¥ JPY  ¢ c  © (c)  ® (R)  × x  ÷ /  ± +-  ¬ -  ¦ |  ° o  § S  ¶ P  † +  ‡ +  ‰ o/oo  ¤ *  ˆ ^  ˜ ~
        ₤ GBP  ₫ d
    """),
    **dict.fromkeys("¡¿¸˛˙˘ˇ¯¨", ""),
}

_TABLE = {**_LATIN, **_GREEK, **_CYRILLIC, **_SIGNS}
#: Every style's table, made once.
_TABLES: dict[Style, dict[str, str]] = {style: {**_TABLE, **extra} for style, extra in STYLES.items()}

#: Marks and formatting characters leave no trace of their own.
_SILENT = {"Mn", "Me", "Cf"}

#: ISO 843: upsilon is u in αυ, ευ, ου and y elsewhere.
_UPSILON = re.compile("(?<=[αεοΑΕΟ])[υύΥΎ]")


def transliterate(text: str, *, code_page: str, style: Style, unknown: Callable[[str], str]) -> str:
    """The text in characters of the code page; those that it has stay as they are.

    Args:
        unknown: gives the replacement of a character that no rule covers, or raises.
    """

    def fits(text: str) -> bool:
        try:
            text.encode(code_page)
        except UnicodeEncodeError:
            return False
        return True

    text = unicodedata.normalize("NFC", text)
    if fits(text):
        return text
    text = _UPSILON.sub(lambda match: match[0] if fits(match[0]) else "U" if match[0].isupper() else "u", text)
    table = _TABLES[style]
    result = []
    for i, char in enumerate(text):
        if fits(char):
            result.append(char)
        elif (roman := _roman(char, fits, table)) is None:
            result.append(unknown(char))
        elif len(roman) > 1 and _in_capitals(text, i):
            result.append(roman.upper())
        else:
            result.append(roman)
    return "".join(result)


def _roman(char: str, fits: Callable[[str], bool], table: dict[str, str]) -> str | None:
    """What stands for one character; None when nothing does."""
    if char in table:
        return table[char]
    if (lower := char.lower()) in table:
        return table[lower].capitalize()
    if unicodedata.category(char) in _SILENT:
        return ""
    if unicodedata.category(char) == "Zs":
        return " "
    parts = unicodedata.normalize("NFKD", char)
    if parts == char:
        return None
    romans = [p if fits(p) and not unicodedata.combining(p) else _roman(p, fits, table) for p in parts]
    return None if None in romans else "".join(filter(None, romans))


def _in_capitals(text: str, i: int) -> bool:
    """Whether the capital at `i` stands among capitals: ÄRZTE but not Ärzte."""
    if not text[i].isupper():
        return False
    follows = text[i + 1 : i + 2]
    return follows.isupper() if follows.isalpha() else text[i - 1 : i].isupper()
