"""What is written of people, on a real server: OpenLDAP with and without the attributes of Exchange."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dxa.entry import ADDRESSES, ALIAS, Entry
from dxa.host import Host
from dxa.recipient import Kind
from dxa_exchange.dialects import Name, dialect
from dxa_exchange.people.codec import People
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import Person
from tests.servers.openldap import Tree

TYPES = Host().address_types()
TEXTS = st.text(max_size=8) | st.sampled_from(
    [" x ", "Doe, John", "a+b", "#1", 'q"', "Löwe", "a/b", "x\ny", "\0", "\\"]
)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["givenName", "title", "description", "company", "department", "telephoneNumber", "l", "c"])
        | st.sampled_from(["mobile", "streetAddress", "postalCode", "info", "initials", "facsimileTelephoneNumber"]),
        TEXTS,
    )
    | st.tuples(st.just(ALIAS), TEXTS)
    | st.tuples(
        st.just(ADDRESSES), st.sampled_from(["SMTP:a@b", "SMTP:c@d", "SMTP:ü@d", "X400:c=US;s=D", "X500:/o=x"])
    ),
    max_size=6,
).map(tuple)


def _entry(address: str, name: str, fields: tuple[tuple[str, str], ...]) -> Entry:
    parsed = TYPES.parse(address)
    return Entry(TYPES.key(parsed), parsed.type, TYPES.list_of(parsed), name, parsed.value, fields)


ENTRIES = st.builds(
    _entry,
    st.sampled_from(["MS:FAR/PO1/ANN", "SMTP:ann@far.example", "X500:/o=Far/cn=ann"]),
    TEXTS.filter(lambda text: bool(text.strip())),
    FIELDS,
)
#: Active Directory takes any text as a telephone or mail address, and has streets under another name than OpenLDAP.
OTHERWISE = ("telephoneNumber", "mobile", "facsimileTelephoneNumber", "SMTP:ü@d", "streetAddress")
# A server answers in milliseconds, and a search for the smallest example asks it thousands of times.
EVERYTHING = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
)


def _taken(entry: Entry, name: Name) -> Entry:
    """The entry as far as OpenLDAP can stand for the server of that dialect."""
    refused = () if name == "generic" else OTHERWISE
    return entry._replace(fields=tuple(f for f in entry.fields if f[0] not in refused and f[1] not in refused))


def people(tree: Tree, name: Name, classes: tuple[str, ...] = ()) -> People:
    """The people of a part of the server, of which it says what it knows."""
    options = PeopleOptions(dialect=name, sync_container=tree.base, classes=classes)
    known = tree.client.schema(dialect(name, contact=classes).classes[Kind.CUSTOM].written)
    return People(options, types=TYPES, site=("Lab", "Berlin"), available=known)


def found(directory: People, tree: Tree, dn: str) -> Any:
    """What the server tells of an object."""
    record = tree.client.read(dn)
    assert record is not None
    return record, directory.read(record, "anchor")


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("generic", ()),
        ("generic", ("inetOrgPerson", "mailRecipient")),
        ("ad", ("contact",)),
    ],
)
@EVERYTHING
@given(data=st.data())
def test_a_server_takes_whatever_is_written(
    tree: Tree, name: Name, classes: tuple[str, ...], data: st.DataObject
) -> None:
    """Any entry is added, read again as its shape, changed to any other of the same address, and is that one then."""
    directory = people(tree, name, classes)
    one, other = (_taken(each, name) for each in (data.draw(ENTRIES), data.draw(ENTRIES)))
    other = other._replace(key=one.key, type=one.type, list=one.list, address=one.address)

    dn = directory.dn(one, lambda _key: False)
    if tree.client.read(dn) is not None:
        tree.client.delete(dn)
    tree.client.add(dn, directory.write(one, dn).record.attributes)
    record, held = found(directory, tree, dn)

    assert isinstance(held, Person)
    assert held.marked
    assert directory.shape(one, held.entry) == held.entry
    assert [] == directory.changes(record, directory.write(directory.shape(one, held.entry), dn).record)

    shaped = directory.shape(other, held.entry)
    for batch in directory.changes(record, directory.write(shaped, dn).record):
        tree.client.modify(dn, batch)
    record, changed = found(directory, tree, dn)

    assert shaped == changed.entry
    assert [] == directory.changes(record, directory.write(shaped, dn).record)
