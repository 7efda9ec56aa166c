import pytest

from dxa.rules.maps import AttributeMap, prompt_key

MAP = AttributeMap([("Given Name:", "givenName"), ("City/ST/Zip:", "l"), ("Telephone", "telephoneNumber")])


@pytest.mark.dx("T-126")
@pytest.mark.parametrize("prompt", ["Given Name:", "given name", "GIVENNAME", " Given  Name : ", "Given Name.:"])
def test_tolerant_prompts(prompt: str):
    """A prompt is found whatever its case, blanks and final punctuation (KB Q158694, Q175482)."""
    assert ((("givenName", "Ann"),), ()) == MAP.incoming(((prompt, "Ann"),))


@pytest.mark.dx("T-126")
@pytest.mark.parametrize("prompt", ["Given", "Given-Name", "Given Names", ":"])
def test_other_prompts(prompt: str):
    """A prompt that reads differently is another one."""
    assert prompt_key(prompt) != prompt_key("Given Name:")


def test_unknown_prompts():
    """Unknown prompts are told once each, in their order, and the others are still taken (dx:T-124)."""
    fields = (("Shoe size", "42"), ("Telephone:", "555"), ("Pet", "cat"), ("SHOE SIZE:", "43"))

    assert ((("telephoneNumber", "555"),), ("Shoe size", "Pet")) == MAP.incoming(fields)


@pytest.mark.dx("T-052")
def test_empty_values_come_in():
    """A value that the peer has emptied arrives as empty, so that it can be cleared."""
    assert (("givenName", ""),) == MAP.incoming((("Given Name:", ""),)).fields


@pytest.mark.dx("T-128")
def test_outgoing():
    """Every prompt goes out, in the template's order and empty when there is nothing to say."""
    fields = (("TelephoneNumber", "555-1"), ("givenname", "Ann"), ("telephoneNumber", "555-2"), ("other", "x"))

    assert (("Given Name:", "Ann"), ("City/ST/Zip:", ""), ("Telephone", "555-1; 555-2")) == MAP.outgoing(fields)


@pytest.mark.dx("T-101")
def test_no_table_is_too_small():
    """Thousands of pairs with long prompts and values go both ways."""
    big = AttributeMap([(f"{'Prompt ' * 40}{n}:", f"{'attribute' * 20}{n}") for n in range(2_000)])
    fields = tuple((name, "v" * 1_000) for _, name in big.pairs)

    assert fields == big.incoming(big.outgoing(fields)).fields
    assert () == big.incoming(big.outgoing(fields)).unknown


def test_prompt_twice():
    """One prompt for two attributes is refused where it is written."""
    with pytest.raises(ValueError, match=r"prompt 'PHONE' is mapped twice, also as 'Phone:'"):
        AttributeMap([("Phone:", "telephoneNumber"), ("PHONE", "pager")])
    with pytest.raises(ValueError, match="mapped twice"):
        AttributeMap([("Phone:", "telephoneNumber"), ("Phone:", "pager")])
