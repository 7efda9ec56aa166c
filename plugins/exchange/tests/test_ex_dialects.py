"""The table of attributes, and the dialects that it makes."""

import pytest

from dxa.recipient import Kind
from dxa_exchange import dialects
from dxa_exchange.attributetable import TABLE
from dxa_exchange.dialects import Name, dialect
from dxa_exchange.table55.columns import COLUMNS

NAMES: tuple[Name, ...] = ("csv55", "raw55", "ex55", "ad", "generic")


@pytest.mark.parametrize("name", NAMES)
def test_every_name_leads_back(name: Name) -> None:
    """What a dialect calls an attribute is that attribute, and no two attributes have one name."""
    spoken = dialect(name, available=None if name != "generic" else [n for each in TABLE for n in each.generic])
    theirs = {each.neutral: spoken.theirs(each.neutral) for each in TABLE if spoken.theirs(each.neutral)}

    # A display name that stands in `cn` for want of a better place is told by the attribute's own rule.
    assert {neutral: neutral for neutral in theirs} == {n: spoken.neutral(name.upper()) for n, name in theirs.items()}


def test_the_traps_of_exchange_55() -> None:
    """``cn`` is the display name, ``rdn`` the directory name, ``uid`` the alias."""
    ex55 = dialect("ex55")

    assert ("displayName", "cn", "mailNickname") == (ex55.neutral("cn"), ex55.neutral("rdn"), ex55.neutral("uid"))
    assert "Extension-Attribute-7" == ex55.theirs("extensionattribute7")


def test_columns_are_known_by_both_names() -> None:
    """A file may use displayed names and those of the schema side by side."""
    csv = dialect("csv55")

    assert ("telephoneNumber", "telephoneNumber") == (csv.neutral("Phone number"), csv.neutral("telephone-office1"))
    assert ("Phone number", "Telephone-Office1") == (
        csv.theirs("telephoneNumber"),
        dialect("raw55").theirs("telephoneNumber"),
    )


def test_columns_agree_with_the_files() -> None:
    """What the files' reader takes for an attribute of many values is one here, too; a line has one class only."""
    both = [(column, dialects.column(column.header)) for column in COLUMNS if column.header != "Obj-Class"]

    assert [] == [c.header for c, a in both if a is not None and c.multi != a.multi]
    assert [] == [c.header for c, a in both if a is not None and c.schema != a.schema and c.schema != c.header]


def test_an_option_counts_before_the_table() -> None:
    """A configured name takes an attribute's place, an empty one leaves it out, a new one is added."""
    spoken = dialect("generic", {"department": "ou", "title": "", "shoeSize": "ourShoeSize"})

    assert ("ou", "", "ourShoeSize") == tuple(map(spoken.theirs, ("department", "title", "shoeSize")))
    assert ("department", "shoeSize", "") == tuple(map(spoken.neutral, ("OU", "ourshoesize", "departmentNumber")))
    assert "title" in spoken.left_out


def test_the_first_name_that_a_server_has_counts() -> None:
    """Without a schema of Exchange an attribute has another place, or none."""
    plain, rich = dialect("generic"), dialect("generic", available=["department", "targetAddress", "proxyAddresses"])

    names = ("department", "targetAddress", "proxyAddresses")
    assert ["departmentNumber", "labeledURI", ""] == list(map(plain.theirs, names))
    assert ["department", "targetAddress", "proxyAddresses"] == list(map(rich.theirs, names))
    assert ("labeledURI", "") == (plain.stand_in, dialect("ex55").stand_in)


@pytest.mark.parametrize(
    ("name", "classes", "kind"),
    [
        ("csv55", ["Remote"], Kind.CUSTOM),
        ("csv55", ["remote-address"], Kind.CUSTOM),
        ("raw55", ["Distribution-List"], Kind.LIST),
        ("ex55", ["top", "person", "organizationalPerson"], Kind.MAILBOX),
        ("ex55", ["top", "person", "organizationalPerson", "Remote-Address"], Kind.CUSTOM),
        ("ad", ["top", "person", "organizationalPerson", "user"], Kind.MAILBOX),
        ("ad", ["top", "person", "organizationalPerson", "contact"], Kind.CUSTOM),
        ("ad", ["top", "group"], Kind.LIST),
        ("ad", ["top", "publicFolder"], Kind.FOLDER),
        ("ad", ["top", "organizationalUnit"], None),
        ("generic", ["inetOrgPerson", "top"], Kind.MAILBOX),
        ("generic", ["groupOfUniqueNames"], Kind.LIST),
        ("generic", ["contact"], Kind.CUSTOM),
        ("generic", ["dcObject", "organization"], None),
    ],
)
def test_classes_tell_kinds(name: Name, classes: list[str], kind: Kind | None) -> None:
    """The most special class says what an object is; what has none of a recipient is none."""
    assert kind is dialect(name).kind(classes)


def test_the_class_of_our_objects_is_configured() -> None:
    """A class of one's own tells custom recipients, but one that people have does not make these of them."""
    own, shared = (
        dialect("generic", contact=("top", "labContact")),
        dialect("generic", contact=("top", "inetOrgPerson")),
    )

    assert ("top", "labContact") == own.classes[Kind.CUSTOM].written
    assert (Kind.CUSTOM, Kind.MAILBOX) == (own.kind(["labcontact"]), own.kind(["inetOrgPerson"]))
    assert Kind.MAILBOX is shared.kind(["inetOrgPerson"])
