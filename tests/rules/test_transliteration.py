import hashlib

import pytest

from dxa.rules.transliteration import STYLES, Style, transliterate

#: All code pages of European alphabets that peers may use.
PAGES = [
    *(f"cp{n}" for n in (437, 737, 775, 850, 852, 855, 857, 860, 861, 863, 865, 866)),
    *(f"cp{n}" for n in (1250, 1251, 1252, 1253, 1254, 1257, 1258)),
    *(f"iso8859_{n}" for n in (1, 2, 3, 4, 5, 7, 9, 10, 13, 14, 15, 16)),
]
LETTERS = sorted(
    {c for page in PAGES for c in bytes(range(128, 256)).decode(page, "ignore") if c.isalpha()}
    | set(map(chr, [*range(0x100, 0x180), *range(0x1EA0, 0x1EFA)]))
)


def refuse(char: str) -> str:
    """No character of these tests may get here."""
    raise AssertionError(f"no transliteration of {char!r} U+{ord(char):04X}")


def ascii_of(text: str, style: Style = "plain") -> str:
    """The text in ASCII."""
    return transliterate(text, code_page="ascii", style=style, unknown=refuse)


@pytest.mark.dx("T-056")
@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("german", "Mueller Baer Oelund Angstrom Soerensen"),
        ("nordic", "Muller Bar Olund Aangstrom Soerensen"),
        ("plain", "Muller Bar Olund Angstrom Sorensen"),
    ],
)
def test_umlauts_by_organisation(style: Style, expected: str):
    """Whether ä is ae or a is a choice of the organisation."""
    assert expected == ascii_of("Müller Bär Ölund Ångstrom Sørensen", style)


@pytest.mark.dx("T-057")
def test_own_table_never_changes():
    """All European letters keep the transliteration they have today: names and addresses hang on it."""
    table = "\n".join(f"{style} {c} {ascii_of(c, style)}" for style in STYLES for c in LETTERS)

    assert 479 == len(LETTERS)
    assert "ccb4db42dbc5f02f" == hashlib.sha256(table.encode()).hexdigest()[:16]


@pytest.mark.dx("T-057")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Łódź Żółć Gdańsk", "Lodz Zolc Gdansk"),
        ("Dvořák Žižka Čapek", "Dvorak Zizka Capek"),
        ("Şebnem İstanbul ışık Ğ", "Sebnem Istanbul isik G"),
        ("Nguyễn Thị Đặng Ươ", "Nguyen Thi Dang Uo"),
        ("Æsir œuvre þorn Ðóra ĳs", "Aesir oeuvre thorn Dora ijs"),
        ("Őr Ţară Ķēniņš Ųžupis", "Or Tara Kenins Uzupis"),
        ("Παπαδοπούλου Ευαγγελία Θάνος ΟΥΖΟ Ψυχή", "Papadopoulou Euaggelia Thanos OUZO Psychi"),
        ("Юлия Щукина Соловьёв Киïв", "Iuliia Shchukina Solovev Kiiv"),
        ("Ђорђе Њежић Ѓорѓи Џон", "Dorde Njezhic Gorgi Dzon"),
        ("“Doe” – ‘Ann’ … № 5™ 10€", "\"Doe\" - 'Ann' ... No 5TM 10EUR"),
    ],
)
def test_alphabets(text: str, expected: str):
    """Latin, Greek and Cyrillic names are read as their standards romanise them."""
    assert expected == ascii_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ärzte", "Aerzte"),
        ("ÄRZTE", "AERZTE"),
        ("SÖ", "SOE"),
        ("Ä", "Ae"),
        ("Ann Ä.", "Ann Ae."),
        ("STRAẞE", "STRASSE"),
        ("Щ.", "Shch."),
    ],
)
def test_case(text: str, expected: str):
    """A capital that becomes several letters is written in capitals only among capitals."""
    assert expected == ascii_of(text, "german")


def test_composed_and_decomposed_are_the_same():
    """A letter and the same letter with a combining mark give the same."""
    assert "aeae" == ascii_of("äa\u0308", "german")


def test_characters_of_the_page_stay():
    """What the code page has is not touched."""
    text = "Müller & Söhne «Åse» ½"

    assert text == transliterate(text, code_page="cp850", style="german", unknown=refuse)


def test_only_what_is_missing_is_replaced():
    """A name with one foreign letter keeps its others."""
    assert "Müller-Lódz" == transliterate("Müller-Łódz", code_page="cp850", style="german", unknown=refuse)


def test_invisible_characters_vanish():
    """Formatting characters and lone marks leave nothing behind."""
    assert "Ann Doe" == ascii_of("A\u200bnn\u00a0D\u00ado\u20dde\ufeff")


def test_unknown_characters_are_the_callers_business():
    """A character that no rule covers goes to the caller."""
    seen: list[str] = []
    result = transliterate("A王B", code_page="cp850", style="plain", unknown=lambda c: seen.append(c) or "")

    assert "AB" == result
    assert ["王"] == seen
