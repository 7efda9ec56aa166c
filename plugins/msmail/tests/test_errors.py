import pytest

from dxa_msmail.errors import MESSAGES, address_error, format_error, message


@pytest.mark.parametrize("code", [*range(12, 27), 46, 48, 64, 69, 70, 71, 72, 74, 75, 76, 77, 116, 124, 155, 158])
def test_every_number_that_a_codec_gives_has_a_text(code: int) -> None:
    """KB Q96001 to Q96004: the numbers are what an administrator looks up."""
    assert code in MESSAGES


def test_an_unknown_number_is_still_shown() -> None:
    """A number outside the table is named as it is."""
    assert message(9999) == "error 9999"


def test_the_errors_carry_number_and_text() -> None:
    """The number is part of the message and an attribute."""
    address, form = address_error(20, "ABCDEFGHIJK"), format_error(124, line=3)

    assert (20, "[20] address element is too long: 'ABCDEFGHIJK'") == (address.code, str(address))
    assert (124, "line 3: [124] invalid transaction format") == (form.code, str(form))
