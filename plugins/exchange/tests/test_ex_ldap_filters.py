"""Filters: what comes from names cannot become a part of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_exchange.live import filters
from tests.servers.openldap import Tree


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ann Berg", "(cn=Ann Berg)"),
        ("*)(uid=*", "(cn=\\2a\\29\\28uid=\\2a)"),
        ("back\\slash", "(cn=back\\5cslash)"),
        ("null\x00\nline", "(cn=null\\00\\0aline)"),
        ("Müller", "(cn=Müller)"),
        ("broken\udcff", "(cn=broken\\ff)"),
        (b"\x00*\xff", "(cn=\\00\\2a\\ff)"),
    ],
)
def test_values_are_escaped(value: str | bytes, expected: str) -> None:
    """As RFC 4515 says, and control characters as well."""
    assert expected == filters.equal("cn", value)


@pytest.mark.parametrize("name", ["", "cn=*)(uid", "1x", "cn;", "cn)", "-a", "a b"])
def test_what_is_no_attribute_is_refused(name: str) -> None:
    """A name of an attribute is never taken from a value, and is checked all the same."""
    with pytest.raises(FormatError, match="not the name of an attribute"):
        filters.equal(name, "x")


@pytest.mark.parametrize("text", ["(a=b", "(a=b))", "(a=b)(c=d)", ")a=b("])
def test_a_configured_filter_has_matching_parentheses(text: str) -> None:
    """Else it could end the filter that it becomes a part of."""
    with pytest.raises(FormatError, match="matching parentheses"):
        filters.wrapped(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "(objectClass=*)"), ("a=b", "(a=b)"), (" (&(a=b)(c=\\29)) ", "(&(a=b)(c=\\29))")],
)
def test_a_configured_filter_may_lack_the_outer_parentheses(text: str, expected: str) -> None:
    """As on the command lines of other programs; an escaped parenthesis is none."""
    assert expected == filters.wrapped(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_has_a_special_character_left(value: str) -> None:
    """Whatever the text, what stands in the filter can be nothing but a value, and is the same when unescaped."""
    escaped = filters.escaped(value)

    assert set("*()\x00").isdisjoint(escaped)
    plain = b"".join(
        bytes.fromhex(part[:2]) + part[2:].encode() if at else part.encode()
        for at, part in enumerate(escaped.split("\\"))
    )
    assert value == plain.decode()


EVIL = (
    "*",
    "*)(objectClass=*",
    "a)(|(cn=*",
    "\\2a",
    "x\\",
    "(",
    "a*b",
    "Doe, Jane+sn=x",
    "#1",
    " lead",
    "ü\u0000z"[:1],
)


def test_names_find_only_themselves(tree: Tree) -> None:
    """On a real server: each evil name finds one object, and that one."""
    made = {name: tree.person(f"evil{n}", sn=name) for n, name in enumerate(EVIL)}
    for name, dn in made.items():
        found = tree.search(filters.all_of([filters.equal("sn", name), filters.present("mail")]))
        assert [dn] == [record.dn for record in found]
