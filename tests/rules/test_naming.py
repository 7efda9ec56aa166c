import unicodedata
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError
from dxa.rules import naming
from dxa.rules.naming import BLANK, NameLimits, Names, name_key, name_keys, shape_name, stem_key

LIMITS = NameLimits()
LIST = ("MS", "NET/PO")

limits = st.builds(
    NameLimits,
    length=st.integers(min_value=8, max_value=40),
    code_page=st.sampled_from(
        ["cp850", "cp437", "cp1252", "ascii", "cp1250", "cp1258", "cp932", "utf-8", "utf-16", "utf-7"]
    ),
    transliteration=st.sampled_from(["german", "nordic", "plain"]),
)
texts = st.text(st.sampled_from("abAB 0019äßÆœŐłΘщЮ“–…\t\n\x00\u00a0\u0301王ｱ"), max_size=60) | st.text(max_size=60)


def shaped_or_none(name: str, limits: NameLimits) -> str | None:
    """The shaped name, or None when it is refused."""
    try:
        return shape_name(name, limits)
    except AddressError:
        return None


@given(texts, limits)
def test_shaped_names_fit(name: str, limits: NameLimits):
    """A shaped name can be written in the code page, fits, is not blank, and shaping it again changes nothing."""
    shaped = shaped_or_none(name, limits)

    if shaped is not None:
        assert 1 <= len(shaped.encode(limits.code_page)) <= limits.length
        assert shaped == shaped.strip()
        assert shaped == shape_name(shaped, limits)
        assert shaped == shape_name(name, limits)
        assert not any(ord(c) < 32 for c in shaped)
        assert shaped.count("?") <= unicodedata.normalize("NFKD", name).count("?")


@pytest.mark.dx("T-048")
@pytest.mark.parametrize("length", [1, 2, 9, 10, 11, 29, 30, 31, 252, 512, 10_000])
@pytest.mark.parametrize("char", ["x", "ł", "щ", "ä", " "])
def test_any_length(length: int, char: str):
    """Names of any length are cut to the limit and nothing else is lost of them."""
    text = "A" + char * length

    expected = {"x": text, "ł": "A" + "l" * length, "щ": "A" + "shch" * length, "ä": text, " ": "A"}[char]
    assert expected[:30] == shape_name(text, LIMITS)


def test_control_characters_become_one_space():
    """Tabs, line ends and other controls become one space, with the blanks around them."""
    assert "Doe Ann" == shape_name(" Doe\r\n\t \x00 Ann\x7f ", LIMITS)


@pytest.mark.parametrize("name", ["", "   ", "\t\r\n", "\u200b", "ь"])
def test_blank(name: str):
    """A name of which nothing is left is refused with the number of MS Mail."""
    with pytest.raises(AddressError, match="blank") as caught:
        shape_name(name, LIMITS)

    assert BLANK == caught.value.code


def test_no_transliteration():
    """A name that cannot be written is refused by its character; no question mark takes its place."""
    with pytest.raises(AddressError, match=r"U\+738B \(CJK UNIFIED IDEOGRAPH-738B\) cannot be written in cp850"):
        shape_name("王 Wang", LIMITS)


def test_bytes_count():
    """In a code page with two bytes a character the limit is one of bytes."""
    page = NameLimits(length=9, code_page="cp932")

    assert "王王王王" == shape_name("王王王王王", page)


@pytest.mark.parametrize("settings", [{"code_page": "cp99999"}, {"transliteration": "french"}, {"length": 3}])
def test_limits_are_checked(settings: dict[str, Any]):
    """Unknown code pages and styles are refused where they are written."""
    with pytest.raises(ValueError, match=next(iter(settings))):
        NameLimits(**settings)


@pytest.mark.parametrize(("one", "other"), [("Doe, Ann", "DOE,  ann "), ("Ä", "ä"), ("Straße", "STRASSE")])
def test_name_key(one: str, other: str):
    """Case and the width of blanks do not make two names of one."""
    assert name_key(one) == name_key(other)


@given(st.lists(st.text(st.characters() | st.sampled_from(" \n\tÅA\u030a"))))
def test_name_keys(names: list[str]):
    """Many keys at once are those of each name."""
    assert list(map(name_key, names)) == name_keys(names)


@pytest.mark.dx("T-030")
def test_lists_are_independent():
    """A name is unique in its list only: another postoffice or type may repeat it (KB Q166545)."""
    names = Names([(LIST, "Doe")])

    assert "Doe001" == names.claim(LIST, "Doe", LIMITS)
    assert "Doe" == names.claim(("MS", "NET/PO2"), "Doe", LIMITS)
    assert "Doe" == names.claim(("SMTP", "NET/PO"), "Doe", LIMITS)
    assert "DOE002" == names.claim(("ms", "net/po"), "DOE", LIMITS)


@pytest.mark.dx("T-030")
@pytest.mark.parametrize("length", [26, 27, 28, 29, 30, 31])
def test_number_after_cutting(length: int):
    """The number is appended after cutting, so the whole stays within 30 characters (KB Q146676)."""
    names = Names()
    name = "x" * length

    assert name[:30] == names.claim(LIST, name, LIMITS)
    assert f"{name[:27]}001" == names.claim(LIST, name, LIMITS)


@pytest.mark.dx("T-030")
def test_a_thousand_names():
    """After 999 comes 1000, one digit longer and cut one earlier."""
    names = Names()
    given = [names.claim(LIST, "y" * 30, LIMITS) for _ in range(1002)]

    assert ["y" * 27 + "998", "y" * 27 + "999", "y" * 26 + "1000", "y" * 26 + "1001"] == given[-4:]


@pytest.mark.dx("T-034")
def test_numbering_is_stable():
    """The same claims in the same order give the same names, and the names in use are not touched by new ones."""
    wanted = ["Doe", "Ann", "Doe", "doe", "Ann"]
    first, second = Names(), Names()
    given = [first.claim(LIST, name, LIMITS) for name in wanted]

    assert ["Doe", "Ann", "Doe001", "doe002", "Ann001"] == given
    assert given == [second.claim(LIST, name, LIMITS) for name in wanted]


def test_released_names():
    """A freed name, also a numbered one, is the next to be given (KB Q192514)."""
    names = Names()
    for _ in range(4):
        names.claim(LIST, "Doe", LIMITS)
    names.release(LIST, "Doe001")
    names.release(LIST, "Doe")

    assert "Doe" == names.claim(LIST, "Doe", LIMITS)
    assert "Doe001" == names.claim(LIST, "Doe", LIMITS)
    assert "Doe004" == names.claim(LIST, "Doe", LIMITS)


@pytest.mark.dx("T-052")
def test_case_only_rename():
    """Who gives its name back can take it again in another case."""
    names = Names([(LIST, "doe")])
    names.release(LIST, "doe")

    assert "Doe" == names.claim(LIST, "Doe", LIMITS)


def test_numbers_that_are_names():
    """A number that somebody really bears is passed over."""
    names = Names([(LIST, "Doe"), (LIST, "Doe001")])

    assert "Doe002" == names.claim(LIST, "Doe", LIMITS)
    assert "Doe001001" == names.claim(LIST, "Doe001", LIMITS)


@pytest.mark.dx("T-088")
def test_equal_names_cost_the_same_each(monkeypatch: pytest.MonkeyPatch):
    """The last of many thousand equal names is found in as many steps as the third."""
    steps: list[str] = []
    monkeypatch.setattr(naming, "name_key", lambda name: steps.append(name) or name.casefold())
    names = Names()
    costs = []
    for _ in range(12_000):
        steps.clear()
        last = names.claim(LIST, "placeholder", LIMITS)
        costs.append(len(steps))

    assert "placeholder11999" == last
    assert max(costs) <= costs[2] + 4


claims = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["Doe", "doe", "DOE ", "Doe001", "Doe0", "x" * 9, "X" * 12, "ß", "SS"])),
    max_size=40,
)


@given(claims, st.sampled_from([NameLimits(length=8), NameLimits(length=30)]))
def test_claims_are_unique(steps: list[tuple[bool, str]], limits: NameLimits):
    """However names are claimed and released, living ones differ, and each fits and is the lowest free one."""
    names, living, model = Names(), list[str](), defaultdict[str, bool](bool)
    for claim, wanted in steps:
        if claim or not living:
            name = names.claim(LIST, wanted, limits)

            assert not model[name_key(name)]
            assert len(name) <= limits.length
            assert name_key(name).startswith(stem_key(wanted, limits))
            assert name == lowest_free(wanted, model, limits)
            living.append(name)
            model[name_key(name)] = True
        else:
            gone = living.pop(len(wanted) % len(living))
            names.release(LIST, gone)
            model[name_key(gone)] = False


def lowest_free(wanted: str, taken: dict[str, bool], limits: NameLimits) -> str:
    """The slow way to the same name."""
    shaped = shape_name(wanted, limits)
    forms = [shaped, *(f"{shaped[: limits.length - 3].rstrip()}{n:03}" for n in range(1, 1000))]
    return next(form for form in forms if not taken.get(name_key(form)))
