"""Who is exported: what an administrator changes must reach the peers, and nothing else may."""

import pytest

from dxa.recipient import Kind
from tests.cases.harness import MEMORY, SITE, MakeSite, SiteHarness, mail

ANN, BOB, CARL = "Ann Lee PCM:LAB/HQ/ANN", "Bob Ray PCM:LAB/HQ/BOB", "Carl PCM:NET/ONE/CARL"


@pytest.mark.dx("T-001", "T-004")
def test_hiding_deletes_and_showing_adds(site: SiteHarness):
    """A recipient that is hidden after it was exported is deleted in the next answer, and added when it is shown."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    site.edit("Ann Lee", hidden=True)
    hidden = one.cycle()
    site.edit("Ann Lee", hidden=False)

    assert [f"D {ANN}"] == hidden.lines
    assert [f"A {ANN}"] == one.cycle().lines


@pytest.mark.dx("T-002")
def test_a_recipient_s_trust_level_crosses_the_limit(site: SiteHarness):
    """Raising a recipient's trust level above the link's deletes it, lowering it adds it again."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    site.edit("Ann Lee", trust=21)
    above = one.cycle()
    site.edit("Ann Lee", trust=20)

    assert [f"D {ANN}"] == above.lines
    assert [f"A {ANN}"] == one.cycle().lines


@pytest.mark.dx("T-002", "T-020")
def test_a_link_s_trust_level_changes(make_site: MakeSite):
    """A lower limit of the link is held with its size, then deletes those above it, and is no full list."""
    site = make_site(mail("NET/ONE", export_trust="50"))
    site.add("Ann Lee")
    site.add("Bob Ray", trust=30)
    one = site.joined("NET/ONE")
    site.configure(mail("NET/ONE", export_trust="20"))

    assert [] == one.cycle().lines
    (plan,) = site.last.held
    assert ["the configuration has changed, and 1 existing entries with it"] == [hold.text for hold in plan.holds]
    assert 1 == len(plan.held)
    site.approve()
    answer = one.cycle()
    assert not answer.full
    assert [f"D {BOB}"] == answer.lines


@pytest.mark.dx("T-020")
def test_a_higher_trust_level_only_adds(make_site: MakeSite):
    """A higher limit of the link adds those that come below it, at once and without a full list."""
    site = make_site(mail("NET/ONE", export_trust="20"))
    site.add("Ann Lee")
    site.add("Bob Ray", trust=30)
    one = site.joined("NET/ONE")
    site.configure(mail("NET/ONE", export_trust="50"))
    answer = one.cycle()

    assert [] == site.last.held
    assert not answer.full
    assert [f"A {BOB}"] == answer.lines


@pytest.mark.dx("T-005")
def test_a_new_export_container_is_sent_whole(make_site: MakeSite):
    """Everybody in a container that is newly exported is sent, although nobody in it has changed for long."""
    site = make_site(mail("NET/ONE", export_containers='["Staff"]'))
    site.add("Bob Ray", container="Guests")
    site.add("Zoe Orr", container="Guests/Old")
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == one.gal
    site.configure(mail("NET/ONE", export_containers='["Staff", "Guests"]'))

    assert [f"A {BOB}", "A Zoe Orr PCM:LAB/HQ/ZOE"] == one.cycle().lines


@pytest.mark.dx("T-006")
def test_removing_a_container_deletes_one_by_one(site: SiteHarness):
    """What leaves with a container is deleted entry by entry; no list is replaced, least of all a foreign one."""
    site.add("Ann Lee")
    one, two = site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL"), site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA")
    one.cycle()
    site.configure(mail("NET/ONE", "NET/TWO", export_containers='["Staff"]'))
    site.sync()
    site.approve()

    assert ["D Dora PCM:NET/TWO/DORA"] == one.cycle().lines
    assert [f"D {CARL}"] == two.cycle().lines
    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == one.gal


@pytest.mark.dx("T-006")
def test_a_container_that_comes_and_goes_leaves_nothing(make_site: MakeSite):
    """Adding a container and taking it away again before anybody asks sends nothing at all."""
    site = make_site(mail("NET/ONE", export_containers='["Staff"]'))
    site.add("Bob Ray", container="Guests")
    one = site.joined("NET/ONE")
    site.configure(mail("NET/ONE", export_containers='["Staff", "Guests"]'))
    site.sync()
    site.configure(mail("NET/ONE", export_containers='["Staff"]'))
    site.sync()
    site.approve()

    assert [] == one.cycle().lines


@pytest.mark.dx("T-008")
def test_a_secondary_address_is_not_shown(site: SiteHarness):
    """A further address at a foreign postoffice changes no line and replaces no list, also in a full answer."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    site.edit("Ann Lee", proxies=("MS:LAB/HQ/ANN", "MS:NET/TWO/ANN"))

    assert [] == one.cycle().lines
    assert ["R PCM:LAB/HQ", f"A {ANN}"] == one.cycle(task="IMPORTREQ").lines


@pytest.mark.dx("T-009")
def test_a_link_monitor_s_mailbox_is_not_exported(site: SiteHarness):
    """A recipient made by hand for a mailbox at somebody's postoffice is not sent, and replaces no list."""
    site.add("Ann Lee")
    site.add("Link Monitor", kind=Kind.CUSTOM, target="MS:NET/TWO/LINKMON")

    assert ["R PCM:LAB/HQ", f"A {ANN}"] == site.postoffice("NET/ONE").cycle(task="IMPORTREQ").lines


@pytest.mark.dx("T-009")
def test_a_hand_made_recipient_never_empties_a_list(make_site: MakeSite):
    """Even when such recipients are exported, a list that is replaced has all its people."""
    text = mail("NET/ONE", "NET/TWO", export_custom="{manual = true}")
    site = make_site(text)
    site.add("Ann Lee")
    site.add("Link Monitor", kind=Kind.CUSTOM, target="MS:NET/TWO/LINKMON")
    site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA")
    one = site.joined("NET/ONE")

    assert {"PCM:LAB/HQ/ANN", "PCM:NET/TWO/DORA", "PCM:NET/TWO/LINKMON"} == one.gal.keys()


@pytest.mark.dx("T-201")
def test_a_mailbox_of_directory_synchronization_is_nobody(make_site: MakeSite):
    """The custom recipient NET/PO/$SYSTEM (KB Q152167) is shown to nobody by any of its addresses, and that is said."""
    text = mail("NET/ONE", "NET/TWO", export_custom="{manual = true, imported = true}")
    site = make_site(text)
    site.add("Ann Lee")
    by_hand = site.add("PO2 by hand", kind=Kind.CUSTOM, target="MS:NET/FAR/$SYSTEM")
    site.joined("NET/TWO", "A Directory\tPCM:NET/TWO/$SYSTEM")
    one = site.joined("NET/ONE", types="PCM|SMTP")

    assert {"PCM:LAB/HQ/ANN"} == one.gal.keys()
    assert any("MS:NET/FAR/$SYSTEM is a program's mailbox" in text for _, text in site.notices())
    assert "MS:NET/FAR/$SYSTEM" == str(by_hand.target)


@pytest.mark.dx("T-010")
def test_imported_and_hand_made_recipients_have_switches_of_their_own(make_site: MakeSite):
    """Switching off what peers told us deletes that, and leaves what was made by hand."""
    both = mail("NET/ONE", "NET/TWO", export_custom="{manual = true, imported = true}")
    site = make_site(both)
    site.add("Ann Lee")
    site.add("Zoe", kind=Kind.CUSTOM, target="SMTP:zoe@lab.example")
    site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA")
    one = site.joined("NET/ONE", types="PCM|SMTP")
    assert {"PCM:LAB/HQ/ANN", "SMTP:zoe@lab.example", "PCM:NET/TWO/DORA"} == one.gal.keys()
    site.configure(mail("NET/ONE", "NET/TWO", export_custom="{manual = true, imported = false}"))
    site.sync()
    site.approve()

    assert ["D Dora PCM:NET/TWO/DORA"] == one.cycle().lines


@pytest.mark.dx("T-013")
def test_a_foreign_type_that_was_not_asked_for(make_site: MakeSite):
    """Who asked for a type sees the real address, who did not sees the address here, unless that is switched off."""
    rules = {"export_custom": "{manual = true}"}
    site = make_site(mail("NET/ONE", "NET/TWO", **rules))
    site.add("Ann Lee")
    site.add("Zoe", kind=Kind.CUSTOM, target="SMTP:zoe@lab.example")
    plain, smtp = site.joined("NET/ONE"), site.joined("NET/TWO", types="PCM|SMTP")

    assert {"PCM:LAB/HQ/ANN": "Ann Lee", "PCM:LAB/HQ/ZOE": "Zoe"} == plain.gal
    assert {"PCM:LAB/HQ/ANN": "Ann Lee", "SMTP:zoe@lab.example": "Zoe"} == smtp.gal
    site.configure(mail("NET/ONE", "NET/TWO", export_fallback="false", **rules))
    site.sync()
    site.approve()
    assert ["D Zoe PCM:LAB/HQ/ZOE"] == plain.cycle().lines
    assert [] == smtp.cycle().lines


@pytest.mark.dx("T-013")
def test_asking_for_a_type_later(make_site: MakeSite):
    """When a peer asks for one more type, the address here gives way to the real one, without a full list."""
    site = make_site(mail("NET/ONE", export_custom="{manual = true}"))
    site.add("Zoe", kind=Kind.CUSTOM, target="SMTP:zoe@lab.example")
    one = site.joined("NET/ONE")
    one.types = "PCM|SMTP"
    answer = one.cycle()

    assert not answer.full
    assert ["D Zoe PCM:LAB/HQ/ZOE", "A Zoe SMTP:zoe@lab.example"] == answer.lines


@pytest.mark.dx("T-016")
def test_a_container_that_has_disappeared(make_site: MakeSite):
    """When a changed configuration empties an export container, the cycle goes on and nobody is deleted unapproved."""
    people = [f"A P{n} Lee\tPCM:NET/ONE/P{n}" for n in range(5)]
    site = make_site(mail("NET/ONE", "NET/TWO"))
    site.joined("NET/ONE", *people)
    two = site.joined("NET/TWO")
    site.configure(mail("NET/ONE", "NET/TWO", import_container='"Elsewhere"'))

    assert [] == two.cycle().lines
    assert ["everything", "rules"] == site.holds()
    assert 5 == len(two.gal)
    site.approve()
    assert [] == two.cycle().lines
    assert ["container"] == site.holds()
    site.approve()
    two.cycle()
    assert {} == two.gal


@pytest.mark.dx("T-016")
def test_an_export_container_that_never_existed(make_site: MakeSite):
    """A container that nobody is in is no error, and what is in the others is exported."""
    site = make_site(mail("NET/ONE", export_containers='["Gone", "Staff"]'))
    site.add("Ann Lee")

    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == site.joined("NET/ONE").gal
    assert [] == site.last.errors


@pytest.mark.dx("T-021")
def test_a_filter_does_not_stop_deletions(make_site: MakeSite):
    """What a peer deletes is deleted here, although a filter for what comes in would not let it in any more."""
    site = make_site(mail("NET/ONE", "NET/TWO"))
    one = site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", "A Dan\tPCM:NET/ONE/DAN")
    site.configure(mail("NET/ONE", "NET/TWO", filters_in='[{field = "name", pattern = "D*", action = "include"}]'))
    one.cycle("D Carl\tPCM:NET/ONE/CARL")
    site.approve()
    site.sync()

    assert ["Dan"] == site.names()


@pytest.mark.dx("T-021")
def test_filters_in_and_out_are_apart(make_site: MakeSite):
    """A filter for what comes in keeps nobody from going out."""
    site = make_site(mail("NET/ONE", "NET/TWO", filters_in='[{field = "name", pattern = "Ann*"}]'))
    site.add("Ann Lee")
    one = site.joined("NET/ONE", "A Anna\tPCM:NET/ONE/ANNA")

    assert ["Ann Lee"] == site.names()
    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == one.gal


@pytest.mark.dx("T-025")
def test_recipients_without_an_address_are_told_of(make_site: MakeSite):
    """A recipient that has no address of the peers' type is reported, and the others are sent."""
    site = make_site(mail("NET/ONE") + "[addressing]\ntemplates = {}\n")
    site.add("Ann Lee", proxies=("MS:LAB/HQ/ANN",))
    site.add("Bob Ray")
    one = site.joined("NET/ONE")

    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == one.gal
    assert [(-2, "1 recipients cannot be shown: 'Bob Ray': no MS address")] == site.notices()


@pytest.mark.dx("T-002")
def test_a_proven_peer_sees_trust_and_hiding(make_site: MakeSite):
    """A peer that is read and written, too, loses who is hidden or above its trust level."""
    site = make_site(SITE + MEMORY + "\n[addressing]\ntemplates = {MEM = '{alias}'}\n")
    site.system().put("Native", "native")
    site.add("Ann Lee")
    site.add("Bob Ray")
    site.add("Zoe Orr")
    site.sync()
    assert {"MEM:native", "MEM:ann", "MEM:bob", "MEM:zoe"} == site.system().entries.keys()
    site.edit("Ann Lee", hidden=True)
    site.sync()
    site.edit("Bob Ray", trust=50)
    site.sync()

    assert {"MEM:native", "MEM:zoe"} == site.system().entries.keys()
