import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import Address, AddressTypes
from dxa.errors import AddressError
from dxa_msmail.addresses import ADDRESS_TYPES, MS, RESERVED_NETWORKS, shape_element

TYPES = AddressTypes(ADDRESS_TYPES)
TRIPLES = ("MS", "PROFS", "SNADS", "OV")
NO_TEMPLATES = ("FAX", "MCI", "X400", "SMTP", "MHS", "MSMAIL", "MSA", "3COM")
ELEMENT = st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)


def code_of(text: str) -> int:
    """The number of the error that a text raises."""
    with pytest.raises(AddressError) as caught:
        TYPES.parse(text)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("PCM:NET/PO/ANN", Address("MS", "NET/PO/ANN")),
        ("pcm:net/po/ann", Address("MS", "net/po/ann")),
        ("MS:NET/PO/$SYSTEM", Address("MS", "NET/PO/$SYSTEM")),
        ("MS:NET/PO/SYSTEM12", Address("MS", "NET/PO/SYSTEM12")),
        ("MS:NET/PO/*special", Address("MS", "NET/PO/*special")),
        ("MS:NET/PO/JÖRG", Address("MS", "NET/PO/JÖRG")),
        ("PROFS:VMGATE/NODE1/USER1", Address("PROFS", "VMGATE/NODE1/USER1")),
        ("SNADS: SNADSGATE/SNADSDGN/JANEDOE", Address("SNADS", "SNADSGATE/SNADSDGN/JANEDOE")),
        ("OV:GATE/N#1/U-1", Address("OV", "GATE/N#1/U-1")),
        ("FAX:Ann~Oslo~Lab~1 604-123,45", Address("FAX", "Ann~Oslo~Lab~1 604-123,45")),
        ("FAX:Ann\rOslo\rLab\r604\r", Address("FAX", "Ann~Oslo~Lab~604")),
        ("MCI:John Doe\r\n EMS:MCI Mail\r MBX:123-4567", Address("MCI", "John Doe EMS:MCI Mail MBX:123-4567")),
        ("SMTP:ann@lab.example", Address("SMTP", "ann@lab.example")),
        ("SMTP:UserName:Domain:Organization", Address("SMTP", "UserName:Domain:Organization")),
        ("MHS:ServerA@Company{ccmail:usera}", Address("MHS", "ServerA@Company{ccmail:usera}")),
        ("MHS:ann@host {NET/PO/ANN}", Address("MHS", "ann@host {NET/PO/ANN}")),
        ("MSMAIL:User02, MacGroovy@GroovyMac", Address("MSMAIL", "User02, MacGroovy@GroovyMac")),
        ("MSA:ann@Server", Address("MSA", "ann@Server")),
        ("3Com:Ann:Lab:Institute", Address("3COM", "Ann:Lab:Institute")),
        ("3COM:Ann", Address("3COM", "Ann")),
    ],
)
def test_legal_addresses(text: str, address: Address) -> None:
    """KB Q94410, Q96001, Q157689, Q193842: the forms that documents show."""
    assert address == TYPES.parse(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NOTES:ann", 16),
        ("MS:NET", 17),
        ("MS:NET/PO", 19),
        ("MS:NET/PO/", 19),
        ("MS:", 48),
        ("MS://ANN", 26),
        ("MS:N T/PO/ANN", 69),
        ("MS:NET/P_O/ANN", 70),
        ("MS:NET/PO/A.NN", 71),
        ("MS:NET/PO/A/B", 71),
        ("MS:NET/PO/$OTHER", 71),
        ("PROFS:GATE/NODE/A B", 26),
        ("FAX:Ann~Oslo~604", 26),
        ("FAX:Ann~Oslo~Lab~", 26),
        ("FAX:Ann~Oslo~Lab~+1 604", 15),
        (f"FAX:{'a' * 31}~b~c~1", 74),
        (f"FAX:a~{'b' * 31}~c~1", 75),
        (f"FAX:a~b~{'c' * 31}~1", 76),
        (f"FAX:a~b~c~{'1' * 23}", 77),
        ("SMTP:@host", 26),
        ("SMTP:ann\tb@host", 26),
        (f"SMTP:{'a' * 1025}", 25),
        ("MHS:ann", 26),
        ("MSMAIL:ann", 26),
        ("3COM:Ann:Lab", 26),
        ("3COM:Ann::Institute", 26),
        ("X400:c:US", 26),
    ],
)
def test_illegal_addresses_have_the_number_of_their_error(text: str, code: int) -> None:
    """KB Q96001, Q96003: each broken rule has its number (dx:T-112 for FAX)."""
    assert code == code_of(text)


@pytest.mark.dx("T-038")
@pytest.mark.parametrize("kind", TRIPLES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_elements_have_at_most_ten_characters(kind: str, place: int) -> None:
    """KB Q96001 #20, Q123398: nine and ten are legal, eleven is error 20, in each element."""
    for length in (9, 10):
        parts = ["A", "B", "C"]
        parts[place] = "X" * length
        assert "/".join(parts) == TYPES.parse(f"{kind}:{'/'.join(parts)}").value

    parts[place] = "X" * 11

    assert 20 == code_of(f"{kind}:{'/'.join(parts)}")


@pytest.mark.parametrize("code", [*range(1, 48), *range(58, 65), *range(91, 97), *range(123, 128)])
def test_the_forbidden_characters(code: int) -> None:
    """KB Q199676: the ASCII characters that no mailbox name may have."""
    with pytest.raises(AddressError):
        TYPES.get("MS").check(f"NET/PO/A{chr(code)}B")


@pytest.mark.parametrize("network", sorted(RESERVED_NETWORKS))
def test_reserved_networks(network: str) -> None:
    """KB Q175978: error 64 for a postoffice, in any case; as a gateway's name the same word is legal."""
    assert 64 == code_of(f"PCM:{network.lower()}/PO/ANN")
    assert f"{network}/N/U" == TYPES.parse(f"PROFS:{network}/N/U").value


@pytest.mark.dx("T-076")
def test_three_spellings_are_one_type() -> None:
    """KB Q106623, Q156730: PCM, CSI and MS address the same mailbox."""
    keys = {TYPES.key(TYPES.parse(f"{name}:Net/Po/Ann")) for name in ("PCM", "csi", "MS")}

    assert {"MS:net/po/ann"} == keys


@pytest.mark.parametrize(("kind", "list_"), [*((kind, "A/B") for kind in TRIPLES), *((k, "") for k in ("FAX", "SMTP"))])
def test_the_list_of_an_address(kind: str, list_: str) -> None:
    """KB Q96060, Q156996: 10/10/10 types have a list for each node, the others one list."""
    values = {"FAX": "A~B~C~1", "SMTP": "a/b@c"}

    assert list_ == TYPES.list_of(TYPES.parse(f"{kind}:{values.get(kind, 'A/B/C')}"))


def test_which_types_have_templates() -> None:
    """KB Q96001 #24, Q118621: the 10/10/10 types do, and no other."""
    assert set(TRIPLES) == {kind.name for kind in ADDRESS_TYPES if kind.templates}
    assert not any(TYPES.get(name).templates for name in NO_TEMPLATES)


@pytest.mark.dx("T-036")
@pytest.mark.parametrize(
    ("text", "shaped"),
    [
        ("Microsoft/testproxy/User02, MacGroovy@GroovyMac", "Microsoft/testproxy/User02MacG"),
        ("Polynomial Org./Montgomery Site/Jörgen Åström", "Polynomial/Montgomery/JorgenAstr"),
        ("NET/PO/Weiß", "NET/PO/Weiß"),
        ("NET/PO/Weiß,", "NET/PO/Weiss"),
        ("NET/PO/$SYSTEM", "NET/PO/$SYSTEM"),
        ("NET/PO/a/b", "NET/PO/ab"),
    ],
)
def test_shaping(text: str, shaped: str) -> None:
    """KB Q193842, Q96003: ten letters and digits remain; what is legal stays."""
    assert shaped == MS.shape(text)  # type: ignore[misc]


@pytest.mark.parametrize("text", ["NET/PO/...", "NET/PO", "", "FAX/PO/ann", "///"])
def test_shaping_fails_rather_than_guesses(text: str) -> None:
    """Nothing left of an element, an element missing, or a reserved network is an error."""
    with pytest.raises(AddressError):
        MS.shape(text)  # type: ignore[misc]


@pytest.mark.dx("T-037")
@given(st.text(max_size=10_000))
def test_a_shaped_element_is_legal_and_stays(text: str) -> None:
    """Any text, of any length, becomes a legal element or an error; shaping twice changes nothing."""
    try:
        shaped = shape_element(text)
    except AddressError:
        return

    assert f"N/P/{shaped}" == MS.check(f"N/P/{shaped}")
    assert shaped == shape_element(shaped)


@given(ELEMENT, st.integers(min_value=2, max_value=10**9))
def test_variants_are_legal_and_end_with_the_number(mailbox: str, n: int) -> None:
    """The number comes after the cut to ten characters (dx:T-036)."""
    variant = MS.variant(f"NET/PO/{mailbox}", n)

    assert variant == MS.check(variant)
    assert variant.endswith(str(n))


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("MS:NET/PO/ABCDEFGHIJ", "NET/PO/ABCDEFGH12"),
        ("MS:NET/PO/$SYSTEM", "NET/PO/SYSTEM12"),
        ("PROFS:GATE/NODE/USER1", "GATE/NODE/USER112"),
        (f"FAX:{'a' * 30}~b~c~1", f"{'a' * 28}12~b~c~1"),
        ("MCI:John Doe EMS:MCI Mail MBX:1", "John Doe12 EMS:MCI Mail MBX:1"),
        ("SMTP:ann@lab.example", "ann12@lab.example"),
        ("MHS:ann@host{x@y}", "ann12@host{x@y}"),
        ("3COM:Ann:Lab:Institute", "Ann12:Lab:Institute"),
        ("X400:c=US;s=Doe;g=Ann", "c=US;s=Doe12;g=Ann"),
        ("X400:/c=US/dda.type=ms/dda.value=a", "/c=US/dda.type=ms/dda.value=a12"),
    ],
)
def test_the_twelfth_variant(text: str, variant: str) -> None:
    """A variant of a legal value is legal."""
    address = TYPES.parse(text)
    kind = TYPES.get(address.type)

    assert variant == kind.variant(address.value, 12)
    assert variant == kind.check(variant)


def test_the_blank_before_the_brace_does_not_matter() -> None:
    """KB Q94410 and Q157689 spell MHS addresses with and without it."""
    one, other = TYPES.parse("MHS:a@b {N/P}"), TYPES.parse("MHS:A@B{N/P}")

    assert TYPES.key(one) == TYPES.key(other)


@given(st.sampled_from(sorted(kind.name for kind in ADDRESS_TYPES)), st.text(max_size=200))
def test_checking_is_idempotent(name: str, text: str) -> None:
    """A checked value is checked to itself, and any other text raises `AddressError` and nothing else."""
    kind = TYPES.get(name)
    try:
        value = kind.check(text)
    except AddressError:
        return

    assert value == kind.check(value)
