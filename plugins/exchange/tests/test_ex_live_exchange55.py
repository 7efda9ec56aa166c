"""Exchange 5.5 over LDAP, as its documents say that it behaves: there is none to try."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Report, Result
from dxa.entry import ADDRESSES, Entry, Verb
from dxa.host import Host
from dxa.ledger.answer import Step, number_steps
from dxa_exchange import names
from dxa_exchange.live.connector import LdapConnector
from dxa_exchange.live.options import ContainerOptions, LdapOptions
from dxa_exchange.people.options import PeopleOptions
from tests.servers.fake import PlayedDirectory

BASE = "ou=London,o=Acme"
STAFF, SYNC, OTHERS = f"cn=Recipients,{BASE}", f"cn=Foreign,{BASE}", f"cn=Others,{BASE}"
TYPES: AddressTypes = Host().address_types()
HOUR = 3600.0


@attrs.define
class Heard:
    """A server that is heard through the connector, again and again."""

    directory: PlayedDirectory = attrs.field(factory=lambda: PlayedDirectory("o=Acme", exchange55=True))
    containers: tuple[str, ...] = (STAFF,)
    cursor: str = ""
    now: float = 0.0
    said: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        for dn in (BASE, STAFF, SYNC, OTHERS):
            self.directory.put(dn, {"objectClass": ["Container"], "rdn": [names.rdn_value(dn)]})

    def connector(self) -> LdapConnector:
        """A new one."""
        options = LdapOptions(
            containers=tuple(ContainerOptions(base=base) for base in self.containers),
            people=PeopleOptions(dialect="ex55", sync_container=SYNC),
        )
        context = LinkContext(
            link="ex",
            options=options,
            folder=Path(),
            types=TYPES,
            site=("LAB", "HQ"),
            now=lambda: self.now,
            tell=lambda _number, text: self.said.append(text),
        )
        return LdapConnector(context, lambda _server: self.directory, lambda _seconds: None)

    def hear(self) -> Report:
        """Collect from the last cursor on."""
        self.now += HOUR
        (report,) = self.connector().collect({"ex": self.cursor})
        self.cursor = report.cursor
        return report

    def mailbox(self, name: str, container: str = STAFF, **values: Any) -> str:
        """Make or change a mailbox."""
        dn = f"cn={name},{container}"
        given: Mapping[str, list[str]] = {
            "objectClass": ["top", "person", "organizationalPerson"],
            "rdn": [name],
            "cn": [f"{name} Display"],
            "uid": [name],
            "mail": [f"{name.lower()}@acme.example"],
        }
        self.directory.put(dn, {**given, **values})
        return dn

    def deliver(self, *steps: Step, number: int = 1) -> list[tuple[Result, str]]:
        """Have a parcel delivered."""
        parcel = Parcel(
            id=f"{number}",
            peer=PeerInfo(id="ex/ex", name="ex"),
            kind=ParcelKind.UPDATE,
            content=number_steps([*steps], number, f"{number}"),
        )
        return [(each.result, each.reason) for each in self.connector().deliver(parcel)]


@pytest.fixture
def heard() -> Heard:
    """A server with two mailboxes that were heard."""
    heard = Heard()
    heard.mailbox("Ann", otherMailbox=["MS$LAB/PO1/ANN", "smtp$old@acme.example"])
    heard.mailbox("Bob")
    heard.hear()
    return heard


def _told(report: Report) -> dict[str, str]:
    return {t.new.name: t.new.address for t in report.transactions if t.new}


def _gone(report: Report) -> list[str]:
    return [t.old.anchor for t in report.transactions if t.verb is Verb.DELETE and t.old]


# -- changes -----------------------------------------------------------------------------------------------------------


def test_the_display_name_is_cn_and_the_directory_name_rdn(heard: Heard) -> None:
    """Whatever the name of the object looks like."""
    heard.cursor = ""

    assert {"Ann Display": "ann@acme.example", "Bob Display": "bob@acme.example"} == _told(heard.hear())


def test_a_change_and_a_tombstone_are_heard(heard: Heard) -> None:
    """By their numbers; the object that was seen last is looked at again, which does no harm."""
    heard.mailbox("Ann", mail=["new@acme.example"])
    first = heard.hear()
    heard.directory.delete(f"cn=Bob,{STAFF}")
    second = heard.hear()

    assert frozenset() == first.lists == second.lists
    assert {"Ann Display": "new@acme.example", "Bob Display": "bob@acme.example"} == _told(first)
    assert [names.key(f"cn=Bob,{STAFF}")] == [anchor for anchor in _gone(second) if "bob" in anchor]
    assert "Bob Display" not in _told(second)


def test_a_deletion_that_was_missed_means_everything(heard: Heard) -> None:
    """Its tombstone is gone as well; only USN-Last-Obj-Rem tells that there was one."""
    heard.directory.delete(f"cn=Bob,{STAFF}")
    number = heard.directory.number
    del heard.directory.objects[names.key(f"cn=Bob,{STAFF}")]
    base = heard.directory.objects[names.key(STAFF)]
    heard.directory.objects[names.key(STAFF)] = base._replace(
        attributes={**base.attributes, "USN-Last-Obj-Rem": [str(number)]}
    )
    report = heard.hear()

    assert report.lists
    assert {"Ann Display"} == _told(report).keys()


def test_a_server_that_went_back_means_everything(heard: Heard) -> None:
    """Nothing has the number that was seen, or a larger one."""
    heard.cursor = heard.cursor.replace(f'":"{heard.directory.number}', '":"9999')
    report = heard.hear()

    assert report.lists
    assert any("everything is read: nothing below" in text for text in heard.said)


def test_a_container_that_is_added_is_read_whole(heard: Heard) -> None:
    """Its objects have small numbers (KB Q166154: the DXA missed them)."""
    heard.containers = (STAFF, OTHERS)
    heard.mailbox("Zoe", OTHERS)
    heard.mailbox("Cy")
    report = heard.hear()

    assert report.lists
    assert {"Ann Display", "Bob Display", "Zoe Display", "Cy Display"} == _told(report).keys()


def test_an_account_that_sees_no_numbers_reads_everything(heard: Heard) -> None:
    """An anonymous one sees people, and not what happened to them."""
    for key, record in heard.directory.objects.items():
        bare = {name: values for name, values in record.attributes.items() if name != "USN-Changed"}
        heard.directory.objects[key] = record._replace(attributes=bare)
    heard.cursor = ""

    assert heard.hear().lists
    assert "" == heard.cursor
    assert heard.hear().lists


# -- writing -----------------------------------------------------------------------------------------------------------


def _entry(address: str, *further: str) -> Entry:
    fields = tuple((ADDRESSES, text) for text in further)
    return Entry(f"MS:{address.lower()}", "MS", address.rpartition("/")[0], "Doe, Jane", address, fields)


def test_a_custom_recipient_is_made(heard: Heard) -> None:
    """With the four faces of its addresses, and what 5.5 wants of one."""
    entry = _entry("LAB/PO1/JANE", "SMTP:jane@lab.example", "SMTP:jd@lab.example", "X400:c=US;a= ;p=Lab;s=Doe;")
    assert [(Result.DONE, "")] == heard.deliver(Step(Verb.ADD, None, entry))[-1:]
    (made,) = (record for record in heard.directory.live() if record.text("Target-Address"))

    assert ("MS:LAB/PO1/JANE", "jane@lab.example") == (made.text("Target-Address"), made.text("mail"))
    assert "Remote-Address" in made.texts("objectClass")
    assert {"MS$LAB/PO1/JANE", "smtp$jd@lab.example"} == set(made.texts("otherMailbox"))
    assert ("FALSE", "Doe, Jane") == (made.text("MAPI-Recipient"), made.text("cn"))


def test_a_new_primary_address_takes_two_modifications(heard: Heard) -> None:
    """In one, 5.5 would compare the new values with the old object and refuse (KB Q303028)."""
    before = _entry("LAB/PO1/JANE", "SMTP:jane@lab.example", "SMTP:jd@lab.example")
    after = _entry("LAB/PO1/JANE", "SMTP:jd@lab.example", "SMTP:jane@lab.example")
    heard.deliver(Step(Verb.ADD, None, before))
    heard.directory.log.clear()
    outcomes = heard.deliver(Step(Verb.MODIFY, before, after), number=2)
    (made,) = (record for record in heard.directory.live() if record.text("Target-Address"))

    assert all(result is Result.DONE for result, _ in outcomes)
    assert 1 < len(heard.directory.log)
    assert "jd@lab.example" == made.text("mail")
    assert {"MS$LAB/PO1/JANE", "smtp$jane@lab.example"} == set(made.texts("otherMailbox"))


def test_a_mailbox_is_never_touched(heard: Heard) -> None:
    """Neither changed nor deleted, though the parcel has its address (KB Q284199)."""
    before = dict(heard.directory.objects)
    entry = Entry("SMTP:ann@acme.example", "SMTP", "", "Somebody", "ann@acme.example")
    for number, step in enumerate((Step(Verb.DELETE, entry, None), Step(Verb.ADD, None, entry)), 1):
        outcomes = heard.deliver(step, number=number)
        assert [Result.REFUSED, Result.DONE] == [result for result, _ in outcomes]
        assert f"is that of cn=Ann,{STAFF}, which dxa has not made" in outcomes[0][1]

    assert before == heard.directory.objects


def test_a_connection_that_is_lost_means_another_attempt(heard: Heard) -> None:
    """What arrived is not written twice."""
    entries = [_entry(f"LAB/PO1/U{n}") for n in range(3)]
    steps = [Step(Verb.ADD, None, entry) for entry in entries]
    heard.directory.left = 9
    first = heard.deliver(*steps)
    heard.directory.left = -1
    second = heard.deliver(*steps)

    assert Result.RETRY is first[-1][0]
    assert Result.DONE is second[-1][0]
    assert 3 == sum(operation == "add" for operation, _ in heard.directory.log)
