"""What has to be changed of an object, in which steps, and what flows back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.host import Host
from dxa_exchange import addresses
from dxa_exchange.directory import Modification, Operation, Record, Values
from dxa_exchange.files.options import FilesOptions
from dxa_exchange.people.codec import People
from dxa_exchange.people.differences import Batch
from dxa_exchange.people.options import PeopleOptions

TYPES = Host().address_types()
ADD, REPLACE = Operation.ADD, Operation.REPLACE


def people(dialect: str, **options: object) -> People:
    """The people of a directory."""
    given = PeopleOptions(dialect=dialect, sync_container="ou=Foreign,o=Lab", **options)  # type: ignore[arg-type]
    return People(given, types=TYPES, site=("Lab", "Berlin"))


def record(**attributes: Values) -> Record:
    """An object with these attributes; underscores stand for hyphens."""
    return Record("cn=x,ou=Foreign,o=Lab", {name.replace("_", "-"): values for name, values in attributes.items()})


def test_only_what_is_ours_and_changed_is_modified() -> None:
    """Equal values in another order are no change; attributes that dxa does not write stay; what is gone is cleared."""
    before = record(title=["Dr"], proxyAddresses=["SMTP:a@b", "smtp:c@d"], carLicense=["x"], department=["Sales"])
    after = record(title=["Prof"], proxyAddresses=["smtp:c@d", "SMTP:a@b"], objectClass=["contact"])

    found = people("ad").changes(before, after)

    assert [(Modification(REPLACE, "title", ["Prof"]), Modification(REPLACE, "department", []))] == found


def test_active_directory_gets_the_whole_list_of_addresses() -> None:
    """A primary address that changes is one replace of all proxy addresses, so that no case variant is ever added."""
    before = record(proxyAddresses=["SMTP:a@b", "smtp:c@d"], mail=["a@b"])
    after = record(proxyAddresses=["SMTP:c@d", "smtp:a@b"], mail=["c@d"])

    found = people("ad").changes(before, after)

    whole = Modification(REPLACE, "proxyAddresses", ["SMTP:c@d", "smtp:a@b"])
    assert [(whole, Modification(REPLACE, "mail", ["c@d"]))] == found


def test_the_old_primary_arrives_after_it_has_left() -> None:
    """KB Q303028: what was in ``mail`` goes to ``otherMailbox`` in a modification of its own."""
    before = record(mail=["a@b"], otherMailbox=["MS$L/P/A"], title=["Dr"])
    after = record(mail=["c@d"], otherMailbox=["MS$L/P/A", "smtp$a@b"], title=["Prof"])

    found = people("ex55").changes(before, after)

    assert [
        (Modification(REPLACE, "mail", ["c@d"]), Modification(REPLACE, "title", ["Prof"])),
        (Modification(REPLACE, "otherMailbox", ["MS$L/P/A", "smtp$a@b"]),),
    ] == found


def test_a_swap_takes_three_steps() -> None:
    """A secondary address that becomes primary leaves ``otherMailbox`` first."""
    before, after = record(mail=["a@b"], otherMailbox=["smtp$c@d"]), record(mail=["C@d"], otherMailbox=["smtp$a@b"])

    found = people("ex55").changes(before, after)

    assert [
        (Modification(REPLACE, "otherMailbox", []),),
        (Modification(REPLACE, "mail", ["C@d"]),),
        (Modification(REPLACE, "otherMailbox", ["smtp$a@b"]),),
    ] == found


PROXIES = st.lists(
    st.sampled_from(["SMTP:a@b", "smtp:a@b", "SMTP:C@d", "smtp:c@d", "X400:c=US;s=A", "x400:S=a;c=us", "MS:L/P/A"]),
    max_size=5,
).map(lambda texts: addresses.collect(texts).proxies)


def _faced(proxies: addresses.Proxies) -> Record:
    faces = addresses.faces(proxies)
    found = {"mail": [faces.mail], "textEncodedORAddress": [faces.x400], "otherMailbox": [*faces.others]}
    return Record("cn=x", {name: [value for value in values if value] for name, values in found.items()})


def _applied(before: Record, batches: list[Batch]) -> Record:
    """The object behind the batches, as Exchange 5.5 takes them: no new value is an address of the old object."""
    for batch in batches:
        old = {
            name: {proxy.key for proxy in addresses.from_faces(Record("", {name: values})).proxies}
            for name, values in before.attributes.items()
        }
        attributes = dict(before.attributes)
        for each in batch:
            assert each.operation is REPLACE
            new = {p.key for p in addresses.from_faces(Record("", {each.name: each.values})).proxies}
            elsewhere = set[tuple[str, str]]().union(*(keys for name, keys in old.items() if name != each.name))
            assert not new & elsewhere, f"20 attributeOrValueExists: {each} for {before}"
            attributes[each.name] = each.values
        before = Record(before.dn, attributes)
    return before


@given(PROXIES, PROXIES)
def test_exchange_55_takes_every_step(old: addresses.Proxies, new: addresses.Proxies) -> None:
    """From any addresses to any others: no step holds a value that another attribute still has, and all arrive."""
    before, after = _faced(old), _faced(new)

    found = _applied(before, people("ex55").changes(before, after))

    names = ("mail", "textEncodedORAddress", "otherMailbox")
    assert {n: sorted(map(str, after.values(n))) for n in names} == {
        n: sorted(map(str, found.values(n))) for n in names
    }


def test_old_names_flow_back_only_when_wanted() -> None:
    """A person gets the X500 addresses of its contacts elsewhere, those that it lacks, and only by configuration."""
    person = record(proxyAddresses=["SMTP:a@b", "X500:/O=far/cn=A"])
    old = record(mail=["a@b"], otherMailbox=["X500$/o=Far/cn=a"])
    legacies = ["/o=Far/cn=a", "/o=Far/cn=b"]

    whole = Modification(REPLACE, "proxyAddresses", ["SMTP:a@b", "X500:/O=far/cn=A", "X500:/o=Far/cn=b"])
    assert () == people("ad").back_flow(person, legacies)
    assert () == people("ad", backflow=True).back_flow(person, legacies[:1])
    assert (whole,) == people("ad", backflow=True).back_flow(person, legacies)
    added = Modification(ADD, "otherMailbox", ["X500$/o=Far/cn=b"])
    assert (added,) == people("ex55", backflow=True).back_flow(old, legacies)


def test_nothing_flows_back_by_files() -> None:
    """A key that would do nothing is refused."""
    with pytest.raises(ValueError, match="backflow needs a directory"):
        FilesOptions(people=PeopleOptions(backflow=True))
