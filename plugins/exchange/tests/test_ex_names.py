"""Distinguished names: both spellings, and their keys."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.names import Part

TYPES = st.sampled_from(["cn", "CN", "ou", "o", "dc", "uid", "2.5.4.3", "st"])
TRICKY = st.text(st.sampled_from(' ,+"\\<>;=#/äöøß\n\0\udc80abCN/ou='), max_size=12)
VALUES = TRICKY | st.text(max_size=12).filter(lambda text: not re.search(r"[\ud800-\udc7f\udd00-\udfff]", text))
RDNS = st.lists(st.builds(Part, TYPES, VALUES | st.binary(min_size=1, max_size=4)), min_size=1, max_size=2).map(tuple)
NAMES = st.lists(RDNS, max_size=4).map(tuple)
WORDS = ["cn", "ou", "o", "CN"]
NATIVE_RDNS = st.lists(st.builds(Part, st.sampled_from(WORDS), VALUES), min_size=1, max_size=2).map(tuple)
NATIVE = st.lists(NATIVE_RDNS, max_size=4).map(tuple)


def one(**parts: str) -> names.Dn:
    """A name of plain parts, leaf first."""
    return tuple((Part(type_.rstrip("_"), value),) for type_, value in parts.items())


@given(NAMES)
@example((((Part("cn", "Per Holm\nDEL:1f")),), (Part("cn", " #,+"), Part("ou", "\\"))))
def test_what_is_written_is_read(dn: names.Dn) -> None:
    """Whatever the values hold, a name that is written is read as the same."""
    text = names.write(dn)

    assert dn == names.parse(text)
    assert "\n" not in text


@given(NATIVE)
@example(((Part("cn", "a/cn=b+ou=c\\"),), (Part("o", "x\\/"),)))
def test_native_names_are_read_as_they_were_written(dn: names.Dn) -> None:
    """A name in the native form is read as the same: slashes, backslashes and blanks are no harm."""
    assert dn == names.from_native(names.native(dn))


def test_one_function_and_its_inverse() -> None:
    """The names of the two worlds lead to each other."""
    ldap, native = "cn=JohnD,cn=Recipients,ou=London,o=Acme", "/o=Acme/ou=London/cn=Recipients/cn=JohnD"

    assert native == names.to_native(ldap)
    assert ldap == names.to_ldap(native)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cn=JohnD, cn=Recipients , o = Acme", one(cn="JohnD", cn_="Recipients", o="Acme")),
        ('CN="Doe, John";O=Acme', one(CN="Doe, John", O="Acme")),
        ('cn="a \\"b\\" " ,o=x', one(cn='a "b" ', o="x")),
        (r"cn=Doe\, John,o=Acme", one(cn="Doe, John", o="Acme")),
        (r"cn=L\C3\B6we\20,o=\ x\ ", one(cn="Löwe ", o=" x ")),
        ("OID.2.5.4.3=a", one(**{"OID.2.5.4.3": "a"})),
        ("cn=a=b", one(cn="a=b")),
        (r"CN=Per\0ADEL:1f", one(CN="Per\nDEL:1f")),
        ("cn=#0C0161+ou=x,o=", (((Part("cn", b"\x0c\x01a")), Part("ou", "x")), (Part("o", ""),))),
        ("", ()),
    ],
)
def test_older_spellings_are_read(text: str, expected: names.Dn) -> None:
    """Blanks, quotes, semicolons and escapes of RFC 1779, 2253 and 4514 are understood."""
    assert expected == names.parse(text)


@pytest.mark.parametrize("text", ["cn", "cn=a,,o=b", 'cn="a', "cn=a\\", "cn=a,", "=a", "cn=#zz", 'cn=a"b"', "a b=c"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """The error shows the text and where it stops being a name."""
    with pytest.raises(FormatError) as caught:
        names.parse(text)

    assert (text, "dn") == (caught.value.got, caught.value.field)


@given(NAMES)
def test_keys_do_not_depend_on_the_spelling(dn: names.Dn) -> None:
    """Case, blanks between parts and other separators make no other key, and the key of a key is itself."""
    text = names.write(dn)

    assert names.key(text) == names.key(names.key(text))
    assert names.key(text) == names.key(", ".join(names.write((rdn,)) for rdn in dn))


def test_keys_fold() -> None:
    """A native name has the key of the same name in LDAP's spelling; types may be written out."""
    expected = names.key("cn=John  D,cn=Recipients,o=Acme")

    assert "cn=john d,cn=recipients,o=acme" == expected
    assert expected == names.key("CN=john d; CN=RECIPIENTS; organizationName=ACME")
    assert expected == names.key("/o=Acme/cn=Recipients/cn=John D")
    assert names.key("cn=a+ou=b,o=c") == names.key("ou=B+cn=A,o=C")
    assert "no name" == names.key("no name")


@given(RDNS, NAMES)
def test_an_object_lies_below_its_parents(rdn: names.Rdn, above: names.Dn) -> None:
    """A child lies within each of its parents, and its parent is what it was put into."""
    text = names.write((rdn, *above))

    assert all(names.within(text, names.write(above[at:])) for at in range(len(above) + 1))
    assert names.key(names.write(above)) == names.key(names.parent(text))


def test_an_escaped_comma_is_no_step() -> None:
    """``cn=x\\,o=Acme`` is one value and does not lie below ``o=Acme``."""
    assert not names.within(r"cn=x\,o=Acme", "o=Acme")
    assert names.within("cn=x,o=Acme", "O=ACME")
    assert not names.within("cn=x,o=Acme2", "o=Acme")


@given(VALUES)
def test_the_value_of_the_first_rdn_comes_back(value: str) -> None:
    """A child is found under the value that it was given."""
    assert value == names.rdn_value(names.child("cn", value, "o=Acme"))


@given(VALUES.filter(str.strip), NATIVE)
@example("cn=x", ())
@example("/x", ())
def test_relative_names_lead_back(value: str, site: names.Dn) -> None:
    """A member told below its site is the member again."""
    dn = ((Part("cn", value),), (Part("cn", "Recipients"),), *site)

    assert dn == names.absolute(names.relative(dn, site), site)


def test_members_are_told_below_their_site() -> None:
    """KB Q165319: all containers, the first without its type; a member of another site is told whole."""
    site = names.parse("ou=London,o=Acme")
    user = names.parse("cn=User1,cn=Other,cn=Recipients,ou=London,o=Acme")

    assert "Recipients/cn=Other/cn=User1" == names.relative(user, site)
    assert user == names.absolute("Recipients/cn=Other/cn=User1", site)
    assert "/o=Acme/ou=Rome/cn=x" == names.relative(names.parse("cn=x,ou=Rome,o=Acme"), site)


def test_the_path_below_a_base() -> None:
    """A container is the path from the base down; a slash in a name makes no step."""
    assert "Sales/West-1" == names.steps("ou=West/1,ou=Sales,dc=lab", "DC=lab")
    assert "" == names.steps("dc=lab", "dc=lab")
