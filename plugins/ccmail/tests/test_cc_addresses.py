import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import Address, AddressTypes
from dxa.errors import AddressError
from dxa_ccmail import addresses, plugin
from dxa_ccmail.addresses import ADDRESS_TYPES, CcAddress

TYPES = AddressTypes(ADDRESS_TYPES)
NAMES = st.text(st.characters(codec="cp850", exclude_characters='[]"#', exclude_categories=["Cc", "Z"]), min_size=1)


def test_the_plugin_registers_the_type() -> None:
    """The hook gives the one type CCMAIL."""
    assert ["CCMAIL"] == [kind.name for kind in plugin.dxa_address_types()]


@pytest.mark.parametrize(
    ("text", "name", "office"),
    [
        ("Doe, Jane at PO1", "Doe, Jane", "PO1"),
        ("Jane Doe  AT  Site 1", "Jane Doe", "Site 1"),
        ("Sales at Night at PO1", "Sales at Night", "PO1"),
        ("#Social", "#Social", ""),
        ("#Social at PO5", "#Social", "PO5"),
        ("jdoe@lab.example at PMDF", "jdoe@lab.example", "PMDF"),
        ("at at at", "at", "at"),
    ],
)
def test_an_address_is_taken_apart(text: str, name: str, office: str) -> None:
    """The last word "at" parts name and post office; a bulletin board may have no post office."""
    assert CcAddress(name, office) == addresses.parse(text)
    assert str(CcAddress(name, office)) == addresses.check(text)


@pytest.mark.cc("T29", "T32")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "blank"),
        ("Jane Doe", "at post office"),
        (" at PO1", "at post office"),
        ("#", "at post office"),
        ("Doe [Sales] at PO1", "[ or ]"),
        ("Jane Doe at PO[1]", "[ or ]"),
        ('Jane "JD" Doe at PO1', "quotation mark"),
        ("Jane\tDoe at PO1", "control character"),
        (f"{'x' * 257} at PO1", "257 characters"),
    ],
)
def test_an_address_that_is_refused(text: str, reason: str) -> None:
    """Brackets block IMPORT's queue and quotation marks cannot be exported: each is refused with its reason."""
    with pytest.raises(AddressError) as caught:
        addresses.parse(text)

    assert reason in caught.value.reason


@pytest.mark.cc("T02")
def test_case_does_not_count() -> None:
    """Addresses that differ in case only are the same; sharp s and double s are not."""
    one, other = TYPES.parse("CCMAIL:SMITH, Jimmy at PO1"), TYPES.parse("ccmail:smith, jimmy AT po1")

    assert TYPES.key(one) == TYPES.key(other)
    assert TYPES.key(Address("CCMAIL", "Groß at PO")) != TYPES.key(Address("CCMAIL", "Gross at PO"))


@pytest.mark.cc("T29", "T32", "T34")
@pytest.mark.parametrize(
    ("text", "shaped"),
    [
        ("Doe [Sales], Jane at PO [1]", "Doe (Sales), Jane at PO (1)"),
        ('Jane "JD" Doe at PO1', "Jane 'JD' Doe at PO1"),
        (",User at PO1", "User at PO1"),
        ("Doe, at PO1", "Doe at PO1"),
        ("Doe,\tJane at PO1", "Doe, Jane at PO1"),
        ("#Social", "#Social"),
    ],
)
def test_any_text_is_shaped(text: str, shaped: str) -> None:
    """What is refused is replaced, and a name never begins or ends with a comma."""
    assert shaped == addresses.shape(text)


@pytest.mark.parametrize("text", ["", "at PO1", ", at PO1", "Jane Doe"])
def test_nothing_left_to_shape(text: str) -> None:
    """A text without a name or a post office has no shape."""
    with pytest.raises(AddressError):
        addresses.shape(text)


@pytest.mark.cc("T26")
def test_equal_wishes_get_numbers() -> None:
    """The number of a second Jane Doe stands behind her name, before the post office."""
    hints: dict[str, int] = {}
    taken = {TYPES.key(Address("CCMAIL", "Doe, Jane at PO1"))}

    assert "CCMAIL:Doe, Jane2 at PO1" == str(
        TYPES.unique(Address("CCMAIL", "Doe, Jane at PO1"), taken.__contains__, hints)
    )
    assert "#Social2" == addresses.variant("#Social", 2)


@given(NAMES, NAMES, st.integers(2, 99999))
def test_what_is_shaped_is_legal_and_stays_so(name: str, office: str, n: int) -> None:
    """A shaped address passes the check unchanged, and so does each of its variants in the same list."""
    try:
        shaped = addresses.shape(f"{name} at {office}")
    except AddressError:
        return
    variant = addresses.variant(shaped, n)

    assert shaped == addresses.check(shaped)
    assert variant == addresses.check(variant)
    assert addresses.list_of(shaped) == addresses.list_of(variant)
