from typing import Any

import attrs
import pytest

from dxa.address import Address
from dxa.errors import AddressError
from dxa.recipient import Recipient
from dxa.rules.exports import ExportLine, lines, why_absent
from dxa.rules.maps import AttributeMap
from dxa.rules.naming import NameLimits
from tests.rules.samples import TYPES, custom, mailbox

NAMING = NameLimits()


def forms(recipient: Recipient, **settings: Any) -> list[str]:
    """Each line as ``TYPE:address`` with what it stands in for."""
    found = lines(recipient, types=TYPES, naming=NAMING, **settings)
    return [
        f"{line.type}:{line.address}" + (f" instead of {line.instead_of}" * bool(line.instead_of)) for line in found
    ]


def test_mailbox():
    """A mailbox has one line, by its primary address of the site's type."""
    recipient = mailbox("Doe, Ann", "SMTP:ann@lab.example", "MS:LAB/MAIN/ANN", fields=(("phone", "1"),))

    assert (ExportLine("MS", "", "LAB/MAIN", "Doe, Ann", "LAB/MAIN/ANN", (("phone", "1"),)),) == lines(
        recipient, types=TYPES, naming=NAMING
    )


@pytest.mark.dx("T-008")
def test_only_primary():
    """A secondary address of another postoffice is never shown (KB Q152924)."""
    before, after = mailbox("A", "MS:LAB/MAIN/ANN"), mailbox("A", "MS:LAB/MAIN/ANN", "MS:FAR/AWAY/ANN")

    assert ["MS:LAB/MAIN/ANN"] == forms(before) == forms(after)


@pytest.mark.dx("T-013")
def test_foreign_recipient():
    """A recipient of another type is shown natively and, instead, by its address here; the latter can be left out."""
    recipient = custom("SMTP:ann@far.example", "MS:LAB/MAIN/ANN")

    assert ["SMTP:ann@far.example", "MS:LAB/MAIN/ANN instead of SMTP"] == forms(recipient)
    assert ["SMTP:ann@far.example"] == forms(recipient, fallback=False)


def test_recipient_of_another_postoffice():
    """A recipient of the site's own type has its native line only."""
    assert ["MS:NET/PO/ANN"] == forms(custom("MS:NET/PO/ANN", "SMTP:ann@lab.example"))


def test_other_site_type():
    """For peers of another type the fallback is the address of that type."""
    recipient = custom("MS:NET/PO/ANN", "CCMAIL:Doe, Ann at LAB")

    assert ["MS:NET/PO/ANN", "CCMAIL:Doe, Ann at LAB instead of MS"] == forms(recipient, site_type="CCMAIL")


def test_lists():
    """A line tells the list that its address stands in."""
    found = lines(custom("PROFS:GATE/NODE/ANN", "MS:LAB/MAIN/ANN"), types=TYPES, naming=NAMING)

    assert ["GATE/NODE", "LAB/MAIN"] == [line.list for line in found]


@pytest.mark.dx("T-025")
@pytest.mark.parametrize(
    ("recipient", "shown", "reason"),
    [
        (mailbox("A", "SMTP:a@lab.example"), [], "no MS address"),
        (mailbox("A"), [], "no MS address"),
        (mailbox("A", "MS:LAB/MAIN/A"), ["MS:LAB/MAIN/A"], ""),
        (custom("SMTP:a@far.example"), ["SMTP:a@far.example"], "no MS address"),
        (custom("MS:NET/PO/A"), ["MS:NET/PO/A"], ""),
    ],
)
def test_no_address(recipient: Recipient, shown: list[str], reason: str):
    """Who has no address of a type is reported and not left out in silence (KB Q261210)."""
    assert shown == forms(recipient)
    assert reason == why_absent(recipient, types=TYPES)


@pytest.mark.dx("T-201")
@pytest.mark.parametrize("site_type", ["MS", "CCMAIL"])
@pytest.mark.parametrize("target", ["MS:NET/PO/$SYSTEM", "MS:net/po/$system", "MS:NET/PO/*SPECIAL"])
def test_a_program_s_mailbox(target: str, site_type: str):
    """A recipient that stands for a program (KB Q152167) has no line for any peer, and that is said."""
    recipient = custom(target, "MS:LAB/MAIN/PO2", "CCMAIL:Directory at LAB", "SMTP:x@lab.example")

    assert [] == forms(recipient, site_type=site_type) == forms(recipient, site_type=site_type, whole=True)
    assert f"{target} is a program's mailbox, which stands in no list" in why_absent(recipient, types=TYPES)


def test_no_address_needed():
    """Without the fallback nobody misses an address of the site's type."""
    assert "" == why_absent(custom("SMTP:a@far.example"), types=TYPES, fallback=False)


def test_type_without_plugin():
    """A recipient whose type nobody knows any more is still shown by its address here, and reported."""
    known = custom("SMTP:ann@far.example", "MS:LAB/MAIN/ANN")
    recipient = attrs.evolve(known, target=Address("GONE", "ann"))

    assert ["MS:LAB/MAIN/ANN instead of GONE"] == forms(recipient)
    assert "no plugin knows GONE" == why_absent(recipient, types=TYPES)


@pytest.mark.dx("T-041")
def test_gateway_name_is_never_made_up():
    """Without a configured gateway such a recipient has no native line, and that is said (KB Q151518)."""
    recipient = custom("PROFS:NODE/ANN", "MS:LAB/MAIN/ANN")

    assert ["MS:LAB/MAIN/ANN instead of PROFS"] == forms(recipient)
    assert "PROFS:NODE/ANN has no gateway name" == why_absent(recipient, types=TYPES)


@pytest.mark.dx("T-042")
@pytest.mark.parametrize("target", ["NODE/ANN", "GATE/NODE/ANN"])
def test_gateway_name_once(target: str):
    """The gateway's name is put before an address that lacks it, and only then (KB Q149315)."""
    found = lines(custom(f"PROFS:{target}"), types=TYPES, naming=NAMING, gateways={"PROFS": "GATE"}, fallback=False)

    assert [("GATE/NODE", "GATE/NODE/ANN")] == [(line.list, line.address) for line in found]


def test_gateway_named_like_its_node():
    """A node that is called as the gateway is no gateway name."""
    assert ["PROFS:GATE/GATE/ANN"] == forms(custom("PROFS:GATE/ANN"), gateways={"PROFS": "GATE"})


def test_fields_by_type():
    """Only types that take template data get fields, mapped to prompts where a map is given (KB Q118621)."""
    recipient = custom("SMTP:a@far.example", "MS:LAB/MAIN/A", fields=(("phone", "1"), ("room", "2")))
    found = lines(recipient, types=TYPES, naming=NAMING, attributes=AttributeMap([("Telephone:", "phone")]))

    assert [(), (("Telephone:", "1"),)] == [line.fields for line in found]


@pytest.mark.dx("T-052")
@pytest.mark.parametrize("change", [{"name": "doe, ann"}, {"fields": (("phone", "x"),)}, {"fields": (("phone", "X"),)}])
def test_small_changes_show(change: dict[str, Any]):
    """A change of case only, or from empty to a value, makes another line."""
    recipient = mailbox("Doe, Ann", "MS:LAB/MAIN/ANN")

    assert lines(recipient, types=TYPES, naming=NAMING) != lines(
        attrs.evolve(recipient, **change), types=TYPES, naming=NAMING
    )


def test_name_is_shaped():
    """The name is written as the peer can hold it, and refused by its character where it cannot."""
    assert "Kowalski, Lukasz" == lines(mailbox("Kowalski, Łukasz", "MS:L/M/A"), types=TYPES, naming=NAMING)[0].name
    with pytest.raises(AddressError, match=r"U\+738B"):
        lines(mailbox("王", "MS:L/M/A"), types=TYPES, naming=NAMING)


def test_a_recipient_is_shown_whole():
    """Peers that hold whole recipients get alias, addresses and kind, whatever the type."""
    person = custom("SMTP:ann@lab.example", "MS:NET/PO/ANN")
    addresses = tuple(("proxyAddresses", str(proxy)) for proxy in person.proxies)
    (line,) = lines(person, types=TYPES, naming=NameLimits(), site_type="SMTP", fallback=False, whole=True)

    assert (("mailNickname", "ann"), *addresses, ("recipientKind", "custom")) == line.fields


def test_a_recipient_is_shown_under_its_name():
    """Peers to whom a name need not be the only one of its list are told it beside the entry's, which is numbered."""
    person = mailbox("Ann", "MS:NET/PO/ANN")
    (line,) = lines(person, types=TYPES, naming=NameLimits(), site_type="MS", whole=True, named=True)

    assert ("recipientName", "Ann") == line.fields[0]


def test_a_recipient_without_an_address_of_the_sites_type_is_shown_whole_all_the_same():
    """A peer that holds whole recipients gets those without an address of the site's type by their first one."""
    person = mailbox("Ann", "SMTP:ann@lab.example")
    shown = lines(person, types=TYPES, naming=NameLimits(), site_type="MS", fallback=False, whole=True)

    assert [("SMTP", "ann@lab.example")] == [(line.type, line.address) for line in shown]
    assert () == lines(person, types=TYPES, naming=NameLimits(), site_type="MS", fallback=False)
