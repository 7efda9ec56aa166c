"""Addresses and the registry of their types."""

from __future__ import annotations

import pytest

from dxa.address import Address, AddressType, AddressTypes
from dxa.errors import AddressError

MAIL = AddressType(name="SMTP", aliases=("MAIL",), check=str)
TYPES = AddressTypes([MAIL])


def test_type_is_found_by_any_spelling() -> None:
    """Type names ignore case, and an alias is the same type (KB Q157712)."""
    assert Address("SMTP", "a@b") == TYPES.parse("mail:a@b") == TYPES.parse("SMTP: a@b")


def test_unknown_type_is_error_16() -> None:
    """An address of an unknown type is refused with MS Mail's number (KB Q96001)."""
    with pytest.raises(AddressError, match=r"\[16\]"):
        TYPES.parse("TELEX:1")


def test_address_without_type_is_refused() -> None:
    """The form is said in the error."""
    with pytest.raises(AddressError, match="TYPE:value"):
        TYPES.parse("ann")


def test_type_cannot_be_registered_twice() -> None:
    """Two plugins with the same type are a mistake that is named."""
    with pytest.raises(AddressError, match="twice"):
        AddressTypes([MAIL, AddressType(name="MAIL", check=str)])


def test_keys_ignore_case() -> None:
    """Addresses that differ only in case are the same."""
    assert TYPES.key(Address("SMTP", "Ann@B.example")) == TYPES.key(Address("SMTP", "ann@b.EXAMPLE"))


@pytest.mark.dx("T-088")
def test_many_equal_wishes_cost_one_step_each() -> None:
    """Thousands of equal wishes are numbered without trying every number anew (KB Q157689)."""
    taken: set[str] = set()
    asked = 0

    def used(key: str) -> bool:
        nonlocal asked
        asked += 1
        return key in taken

    hints: dict[str, int] = {}
    for _ in range(3000):
        taken.add(TYPES.key(TYPES.unique(Address("SMTP", "all@x"), used, hints)))

    assert (3000, True) == (len(taken), asked <= 3001)
    assert "SMTP:all3000@x" in taken
