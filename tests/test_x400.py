import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa import x400
from dxa.errors import AddressError

VALUE = st.text(st.sampled_from("abz09 /()+,-.:=?@_"), min_size=1, max_size=12).map(str.strip).filter(bool)
NAME = st.sampled_from(["c", "a", "p", "o", "ou1", "s", "g", "dda.type", "dda.value", "DDA:RFC-822"])


@pytest.mark.dx("T-044")
@pytest.mark.parametrize(
    "text",
    [
        "/C=CH/A=400NET/P=ABB/O=ABB/OU=CHNET/G=URS / F/S=MUELLER",  # KB Q159189
        "/C=CH/A=400NET/P=ABB/O=ABB/OU=CHNET/G=URS $/ F/S=MUELLER",
        "O=ABB;ou1=CHNET;G=URS / F;S=MUELLER;p=ABB;a=400NET;c=CH;",
    ],
)
def test_a_slash_in_a_value(text: str) -> None:
    """KB Q108732, Q159189: both forms may have a slash in a value, and mean the same address."""
    assert ("G", "URS / F") in x400.parse(text)
    assert "a=400net;c=ch;g=urs / f;o=abb;ou1=chnet;p=abb;s=mueller" == x400.fold(text)


@pytest.mark.dx("T-045")
@pytest.mark.parametrize("escape", ["$", "/", ""])
def test_an_escaped_slash(escape: str) -> None:
    """KB Q176425, Q177869: `$/` and `//` in a domain-defined value are a slash."""
    text = f"/C=us/a=MCI/p=microsoft/o=PSS/dda.type=ms/dda.value=net{escape}/po{escape}/mailbox"

    assert ("dda.value", "net/po/mailbox") == x400.parse(text)[-1]
    assert x400.canonical(text).endswith("/dda.value=net$/po$/mailbox")


@pytest.mark.dx("T-046")
def test_the_at_sign_becomes_printable() -> None:
    """KB Q155379: RFC 1327 writes `(a)` for it; both spellings are one address."""
    at, code = "c=US;dda.type=RFC-822;dda.value=ann_b@lab", "c=US;dda.type=RFC-822;dda.value=ann(u)b(a)lab"

    assert code == x400.canonical(at)
    assert x400.fold(at) == x400.fold(code)
    assert "ann_b@lab" == x400.unprintable("ann(u)b(A)lab")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("/c=US/admd=MCI/prmd=ABC/pn=Ann  Doe", "/c=US/admd=MCI/prmd=ABC/pn=Ann Doe"),  # KB Q156729, Q108732
        ("c=US;a=TELENET;p=ABC;o=P/Q;g=JOHN;s=STEEL", "c=US;a=TELENET;p=ABC;o=P/Q;g=JOHN;s=STEEL"),
        ("/c=US/a= /s=Doe", "/c=US/a= /s=Doe"),
        (" c = US ; s=Doe; ", "c=US;s=Doe"),
    ],
)
def test_the_form_stays(text: str, canonical: str) -> None:
    """An address keeps its separators and its order."""
    assert canonical == x400.canonical(text)


@pytest.mark.parametrize("text", ["", ";", "/", "c:US,s:Doe", "US", "/c/s", "=US", "c=US;Doe"])
def test_malformed(text: str) -> None:
    """KB Q156729: other separators are malformed (error 26)."""
    with pytest.raises(AddressError) as caught:
        x400.parse(text)
    assert 26 == caught.value.code


@given(st.lists(st.tuples(NAME, VALUE), min_size=1), st.booleans())
def test_both_forms_carry_the_same_attributes(attributes: x400.Attributes, slashes: bool) -> None:
    """What is written in a form is read back from it."""
    attributes = [(name, " ".join(value.split())) for name, value in attributes]

    assert attributes == x400.parse(x400.write(attributes, slashes=slashes))
    assert x400.fold(x400.write(attributes, slashes=True)) == x400.fold(x400.write(attributes, slashes=False))
