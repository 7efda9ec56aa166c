"""Address types on the wire: what a peer asks for, what it may have, and the lists of gateways and nodes."""

from __future__ import annotations

import pytest

from tests.cases.harness import MakeSite, SiteHarness, mail, peer

ALL = "PCM|PROFS|SMTP"


def gated(make_site: MakeSite, **rules: str) -> SiteHarness:
    """A site with a person behind a host gateway, one behind SMTP, and one of its own."""
    text = mail("NET/ONE", export_custom="{manual = true, imported = true}", **rules)
    site = make_site(text)
    site.add("Ann", proxies=["MS:LAB/HQ/ANN"])
    site.add("Hugo", target="PROFS:VMGATE/NODE1/HUGO", proxies=["MS:LAB/HQ/HUGO"], fields=(("phone", "7"),))
    site.add("Sue", target="SMTP:sue@lab.example", proxies=["MS:LAB/HQ/SUE"], fields=(("phone", "8"),))
    return site


@pytest.mark.dx("T-042")
def test_one_replace_for_each_gateway_list_and_node(make_site: MakeSite):
    """KB Q96060: a gateway's list is replaced as `R SMTP:`, that of a host by a line for each node."""
    lines = gated(make_site).postoffice("NET/ONE", types=ALL).cycle(task="IMPORTREQ").lines

    assert ["R PCM:LAB/HQ", "R PROFS:VMGATE/NODE1", "R SMTP:"] == lines[:3]
    assert ["A Ann PCM:LAB/HQ/ANN", "A Hugo PROFS:VMGATE/NODE1/HUGO", "A Sue SMTP:sue@lab.example"] == lines[3:]


@pytest.mark.dx("T-040")
def test_the_case_of_types(make_site: MakeSite):
    """A peer that needs lower case gets it in every line (KB Q157712)."""
    site = gated(make_site, type_case='"lower"')
    site.postoffice("NET/ONE", types=ALL).ask(task="IMPORTREQ")
    site.sync()
    ((_, message),) = site.sent()
    text = message.attachments[0].data.decode("cp850")

    assert "R profs:VMGATE/NODE1" in text
    assert "smtp:sue@lab.example" in text
    assert "PCM:" not in text


def test_other_types_are_asked_for(make_site: MakeSite):
    """Who stood under a type that is not asked for any more is deleted there, and told by his address here."""
    site = gated(make_site)
    one = site.postoffice("NET/ONE", types=ALL)
    one.join()
    fewer = one.cycle(TYPES="PCM|PROFS")
    again = one.cycle(TYPES=ALL)

    assert (False, False) == (fewer.full, again.full)
    assert ["D Sue SMTP:sue@lab.example", "A Sue PCM:LAB/HQ/SUE"] == fewer.lines
    assert ["D Sue PCM:LAB/HQ/SUE", "A Sue SMTP:sue@lab.example"] == again.lines
    assert [] == one.cycle(TYPES=ALL).lines


@pytest.mark.dx("T-013")
def test_suppressed_unless_asked_for(make_site: MakeSite):
    """Without `export_fallback` recipients of a gateway go only to those who ask for its type (KB Q149192)."""
    site = gated(make_site, export_fallback="false")
    one = site.postoffice("NET/ONE")
    lines = one.cycle(task="IMPORTREQ").lines
    one.cycle()

    assert ["R PCM:LAB/HQ", "A Ann PCM:LAB/HQ/ANN"] == lines
    assert ["A Sue SMTP:sue@lab.example"] == one.cycle(TYPES="PCM|SMTP").lines


def test_types_that_a_peer_may_have(make_site: MakeSite):
    """What one peer may have is configured; what it asks for beyond that it does not get."""
    text = mail(export_custom="{manual = true, imported = true}")
    site = make_site(text + peer("NET/ONE", types='["PCM", "SMTP"]') + peer("NET/TWO"))
    site.add("Hugo", target="PROFS:VMGATE/NODE1/HUGO", proxies=["MS:LAB/HQ/HUGO"])
    one = site.postoffice("NET/ONE", types=ALL).cycle(task="IMPORTREQ").lines
    two = site.postoffice("NET/TWO", types=ALL).cycle(task="IMPORTREQ").lines

    assert ["A Hugo PCM:LAB/HQ/HUGO"] == [line for line in one if line[0] == "A"]
    assert ["A Hugo PROFS:VMGATE/NODE1/HUGO"] == [line for line in two if line[0] == "A"]


@pytest.mark.dx("T-124")
def test_values_by_type(make_site: MakeSite):
    """Types of 10/10/10 have definitions and values, others have neither (KB Q118621, error 24)."""
    site = gated(make_site, attributes='{"Phone:" = "phone"}')
    lines = site.postoffice("NET/ONE", types=ALL).cycle(task="IMPORTREQ", TEMPLATE="YES").lines

    assert ["T PCM:LAB/HQ", "T PROFS:VMGATE/NODE1"] == [line for line in lines if line[0] == "T"]
    assert "- Phone:/7" == lines[lines.index("A Hugo PROFS:VMGATE/NODE1/HUGO") + 1]
    assert "A Sue SMTP:sue@lab.example" == lines[-1]


def test_gateway_lists_come_in(make_site: MakeSite):
    """A requestor tells lists of gateways and nodes, and replaces each of them alone (KB Q96060)."""
    site = make_site(mail("NET/ONE"))
    records = ["A Hugo\tPROFS:VMGATE/NODE1/HUGO", "A Ines\tPROFS:VMGATE/NODE2/INES", "A Sue\tSMTP:sue@lab.example"]
    one = site.joined("NET/ONE", *records)
    one.cycle("R PROFS:VMGATE/NODE1", "A Hans\tPROFS:VMGATE/NODE1/HANS")
    site.approve()
    site.sync()

    assert ["Hans", "Ines", "Sue"] == site.names(container="Foreign")

    one.cycle("R SMTP:")
    site.approve()
    site.sync()

    assert ["Hans", "Ines"] == site.names(container="Foreign")
