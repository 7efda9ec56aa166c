"""What peers tell: full lists, changes, other people's entries, and things that are no list at all."""

import pytest

from dxa.address import Address
from dxa.agent.admin import Leftover
from tests.cases.harness import MEMORY, SITE, MakeSite, SiteHarness, link, mail, peer

PEOPLE = [f"A P{n} Lee\tPCM:NET/ONE/P{n}" for n in range(20)]
NAMES = sorted(f"P{n} Lee" for n in range(20))


@pytest.mark.dx("T-077")
def test_another_peer_s_entry(make_site: MakeSite):
    """A delete of what another peer told is kept as a reject, until the sender is named as a co-owner."""
    site = make_site()
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", "A Dora\tPCM:NET/TWO/DORA")
    two = site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA")
    two.cycle("D Dora\tPCM:NET/TWO/DORA")

    assert ["Carl", "Dora"] == site.names()
    assert any("belongs to" in row.reason for row in site.site.store.rejects.list(status=None))
    owners = SITE + link() + peer("NET/ONE") + peer("NET/TWO", co_owners='["mail/NET/ONE"]')
    site.configure(owners)
    two.cycle("A Dora\tPCM:NET/TWO/DORA")
    two.cycle("D Dora\tPCM:NET/TWO/DORA")
    site.approve()
    site.sync()
    assert ["Carl"] == site.names()


@pytest.mark.dx("T-080")
def test_a_mailbox_that_changes_hands(site: SiteHarness):
    """Who leaves makes room for who comes in the same message: nobody gets a number."""
    one = site.joined("NET/ONE", *PEOPLE)
    two = site.joined("NET/TWO")
    one.cycle("A P0 Lee\tPCM:NET/ONE/NEW", "D P0 Lee\tPCM:NET/ONE/P0")
    answer = two.cycle()

    assert ["D P0 Lee PCM:NET/ONE/P0", "A P0 Lee PCM:NET/ONE/NEW"] == answer.lines
    assert NAMES == site.names()


@pytest.mark.dx("T-081", "T-053")
def test_a_list_that_is_replaced_by_itself(site: SiteHarness):
    """A full list that says what is known changes no recipient, no id and no other peer's list."""
    one, two = site.joined("NET/ONE", *PEOPLE), site.joined("NET/TWO")
    before = site.recipients()
    one.cycle("R PCM:NET/ONE", *PEOPLE)

    assert before == site.recipients()
    assert [] == two.cycle().lines


@pytest.mark.dx("T-081", "T-053")
def test_what_the_site_added_stays_through_a_replace(site: SiteHarness):
    """Whoever is in a replaced list again keeps id, further addresses, container and trust level."""
    one = site.joined("NET/ONE", *PEOPLE)
    kept = site.edit("P3 Lee", proxies=(*map(str, site.one("P3 Lee").proxies), "SMTP:p3@lab.example"), trust=7)
    one.cycle("R PCM:NET/ONE", *PEOPLE[1:])

    assert kept == site.one("P3 Lee")
    assert sorted(NAMES[1:]) == site.names()


@pytest.mark.dx("T-096")
def test_messages_in_the_wrong_order(site: SiteHarness):
    """A message that builds on one that has not been read yet is not taken, and nobody is removed."""
    one = site.joined("NET/ONE", *PEOPLE)
    r = one.r
    one.ask("A Zoe\tPCM:NET/ONE/ZOE", was=r + 1)
    one.ask("A Yan\tPCM:NET/ONE/YAN", was=r)
    site.sync()
    one.read()

    assert sorted([*NAMES, "Yan"]) == site.names()
    assert [139] == [code for code, _ in site.notices()]
    one.cycle("R PCM:NET/ONE", *PEOPLE, "A Yan\tPCM:NET/ONE/YAN", "A Zoe\tPCM:NET/ONE/ZOE", was=r + 2)
    assert sorted([*NAMES, "Yan", "Zoe"]) == site.names()
    assert [] == site.notices()


@pytest.mark.dx("T-096", "T-180")
def test_an_incomplete_full_list(site: SiteHarness):
    """A full list that ends before the number that it announces removes nobody; R is its last good number."""
    one = site.joined("NET/ONE", *PEOPLE)
    r = one.r
    answer = one.cycle("R PCM:NET/ONE", *PEOPLE[:5], r=r + 21, COUNT=21)

    assert NAMES == site.names()
    assert answer.r <= r + 6


@pytest.mark.dx("T-097")
@pytest.mark.parametrize("task", ["UPDATEREQ", "EXPORT"])
def test_changes_are_no_list(site: SiteHarness, task: str):
    """A message without a replace holds changes, whatever the one before it was: nobody is removed."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.ask("A Zoe\tPCM:NET/ONE/ZOE", task=task)
    site.sync()

    assert sorted([*NAMES, "Zoe"]) == site.names()


@pytest.mark.dx("T-098")
def test_a_full_list_that_leaves_out_much(site: SiteHarness):
    """A full list without most of its people is held; once it is rejected, everybody stays."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle("R PCM:NET/ONE", *PEOPLE[:5])

    assert NAMES == site.names()
    assert ["shrink"] == site.holds()
    (plan,) = site.admin.held()
    site.admin.reject(plan.id)
    one.cycle()
    assert NAMES == site.names()
    assert [] == site.holds()


@pytest.mark.dx("T-117")
def test_a_person_with_two_accounts(make_site: MakeSite):
    """One of the two that is hidden by hand leaves every view, and stays hidden whatever its peer tells of it later."""
    low = peer("NET/LOW", export_trust="50")
    addressing = "\n[addressing]\ntemplates = {MEM = '{alias}'}\n"
    site = make_site(mail("NET/ONE", "NET/TWO") + low + MEMORY + addressing)
    accounts = ("A Ann Lee\tPCM:NET/ONE/ANN", "A Ann Lee PC\tPCM:NET/ONE/ANNPC")
    one = site.joined("NET/ONE", *accounts)
    others = [site.joined("NET/TWO"), site.joined("NET/LOW")]

    def seen() -> list[set[str]]:
        return [set(other.gal.values()) for other in others] + [{e.name for e in site.system().entries.values()}]

    assert [{"Ann Lee", "Ann Lee PC"}] * 3 == seen()
    site.edit("Ann Lee PC", hidden=True)
    assert [["D Ann Lee PC PCM:NET/ONE/ANNPC"]] * 2 == [other.cycle().lines for other in others]
    one.cycle("M Ann Lee PC\tPCM:NET/ONE/ANNPC", "  Ann Lee Desk\tPCM:NET/ONE/ANNPC")
    one.cycle("R PCM:NET/ONE", accounts[0], "A Ann Lee Lab\tPCM:NET/ONE/ANNPC")

    assert [("Ann Lee", False), ("Ann Lee Lab", True)] == [(r.name, r.hidden) for r in site.recipients()]
    assert [[], []] == [other.cycle().lines for other in others]
    assert [{"Ann Lee"}] * 3 == seen()


@pytest.mark.dx("T-105")
def test_an_empty_list_retires_a_postoffice(site: SiteHarness):
    """A replace without any adds is held, and once approved it takes all of the postoffice's people from everybody."""
    one, two = site.joined("NET/ONE", *PEOPLE[:3]), site.joined("NET/TWO")
    assert 3 == len(two.gal)
    one.cycle("R PCM:NET/ONE")
    assert "empty" in site.holds()
    site.approve()
    two.cycle()

    assert [] == site.names()
    two.cycle()
    assert {} == two.gal


@pytest.mark.dx("T-102")
def test_two_peers_tell_one_address(site: SiteHarness):
    """An address that another peer told first makes no second recipient; the second peer's record is kept as [28]."""
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL")
    first = site.one("Carl")
    site.joined("NET/TWO", "A Carl Cole\tPCM:net/one/carl")

    assert [first] == site.recipients()
    assert [28] == [code for code, _ in site.rejects()]


@pytest.mark.dx("T-102")
def test_a_peer_tells_an_address_of_the_site(make_site: MakeSite):
    """A peer that tells the address of a mailbox of the site neither takes it over nor makes a second one."""
    site = make_site(mail("NET/ONE"))
    site.add("Ann Lee", proxies=("MS:LAB/HQ/ANN", "MS:NET/ONE/ANN"))
    site.joined("NET/ONE", "A Ann Other\tPCM:NET/ONE/ANN")

    assert ["Ann Lee"] == site.names()
    assert [28] == [code for code, _ in site.rejects()]


@pytest.mark.dx("T-104")
def test_somebody_is_taken_out_of_synchronisation(site: SiteHarness):
    """The delete that MS Mail sends for somebody who takes no part any more is a delete here and at the others."""
    one = site.joined("NET/ONE", *PEOPLE)
    two = site.joined("NET/TWO")
    one.cycle("D P7 Lee\tPCM:NET/ONE/P7")

    assert ["D P7 Lee PCM:NET/ONE/P7"] == two.cycle().lines


@pytest.mark.dx("T-106")
def test_a_postoffice_gets_another_name(site: SiteHarness):
    """Entries that a modify brings over to the new name of their postoffice keep their ids."""
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL")
    two = site.joined("NET/TWO")
    carl = site.one("Carl")
    site.configure(mail("NET/ONE", "NET/TWO", "NET/NEW"))
    site.admin.remove_peer("mail/NET/ONE", Leftover.TRANSFER, "mail/NET/NEW")
    site.configure(mail("NET/NEW", "NET/TWO"))
    new = site.postoffice("NET/NEW")
    new.cycle("M Carl\tPCM:NET/ONE/CARL", "  Carl\tPCM:NET/NEW/CARL", task="IMPORTREQ")

    assert carl.id == site.one("Carl").id
    assert Address("MS", "NET/NEW/CARL") == site.one("Carl").target
    assert ["D Carl PCM:NET/ONE/CARL", "A Carl PCM:NET/NEW/CARL"] == two.cycle().lines


@pytest.mark.dx("T-108")
def test_an_address_list_of_external_admin(site: SiteHarness):
    """A list that External-Admin sends is kept for reading, answered by nobody, and changes nothing."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.drop("A Zoe PCM:NET/ONE/ZOE\r\n", subject="Address list", sender="*SPECIAL")
    site.sync()

    assert NAMES == site.names()
    assert "[25]" in site.verdicts()[-1]
    assert [] == site.answers("NET/ONE")
    assert [] == site.letters()


@pytest.mark.dx("T-109")
def test_a_group_that_two_postoffices_tell(site: SiteHarness):
    """A group is one entry, at the postoffice it has its address in; another one that tells it is refused."""
    site.joined("NET/ONE", "A All Staff\tPCM:NET/ONE/ALLSTAFF")
    two = site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA", "A All Staff\tPCM:NET/ONE/ALLSTAFF")

    assert ["All Staff", "Dora"] == site.names()
    assert "mail/NET/ONE" == site.one("All Staff").owner
    assert 1 == list(two.gal.values()).count("All Staff")


@pytest.mark.dx("T-112")
def test_fax_and_mci_addresses(site: SiteHarness):
    """FAX addresses are checked field by field, MCI addresses come out on one line, and others see both."""
    site.joined(
        "NET/ONE",
        "A Fax Desk\tFAX:Ann Lee~Room 3~LAB~030 12-34",
        "A Fax Wrong\tFAX:Ann Lee~Room 3~LAB~call me",
        f"A Fax Long\tFAX:{'x' * 31}~~~030",
        "A Mac\tMCI:Ann Lee  EMS:LAB  MBX:ANN",
    )
    two = site.joined("NET/TWO", types="PCM|FAX|MCI")

    assert ["Fax Desk", "Mac"] == site.names()
    assert {"FAX:Ann Lee~Room 3~LAB~030 12-34", "MCI:Ann Lee EMS:LAB MBX:ANN"} == two.gal.keys()
    assert {15, 74} == {code for code, _ in site.rejects()}


@pytest.mark.dx("T-069")
def test_a_modify_to_the_same(site: SiteHarness):
    """A modify to what is already there changes nothing, and nobody hears of it."""
    one, two = site.joined("NET/ONE", *PEOPLE), site.joined("NET/TWO")
    before = site.recipients()
    one.cycle("M P1 Lee\tPCM:NET/ONE/P1", "  P1 Lee\tPCM:NET/ONE/P1")

    assert before == site.recipients()
    assert [] == two.cycle().lines


@pytest.mark.dx("T-065", "T-076")
def test_types_that_mean_ms_mail(site: SiteHarness):
    """An address without a type, or with the type CSI or MS, is the same as one with PCM."""
    site.joined("NET/ONE", "A Carl\tNET/ONE/CARL", "A Dora\tCSI:NET/ONE/DORA", "A Emil\tms:NET/ONE/EMIL")
    two = site.joined("NET/TWO")

    assert {"PCM:NET/ONE/CARL", "PCM:NET/ONE/DORA", "PCM:NET/ONE/EMIL"} == two.gal.keys()


@pytest.mark.dx("T-237")
def test_first_names_as_mailboxes(site: SiteHarness):
    """Of several adds with one address the first one stands, and the others are told of."""
    site.joined("NET/ONE", "A Carl Adam\tPCM:NET/ONE/CARL", "A Carl Beck\tPCM:NET/ONE/CARL", "A Dora\tPCM:NET/ONE/DORA")

    assert ["Carl Adam", "Dora"] == site.names()
    assert [28] == [code for code, _ in site.rejects()]


@pytest.mark.dx("T-238")
def test_entries_of_other_postoffices(site: SiteHarness):
    """What a peer tells of another postoffice is taken, is that peer's, and is shown to the others."""
    one = site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", "A Gil\tPCM:NET/GATE/GIL", "A Sam\tSMTP:sam@x.example")
    two = site.joined("NET/TWO", types="PCM|SMTP")

    assert ["mail/NET/ONE"] * 3 == [recipient.owner for recipient in site.recipients()]
    assert {"PCM:NET/ONE/CARL", "PCM:NET/GATE/GIL", "SMTP:sam@x.example"} == two.gal.keys()
    one.gal.clear()
    assert [] == one.cycle().lines


@pytest.mark.dx("T-246")
def test_a_record_without_an_address(site: SiteHarness):
    """An add without an address is refused by itself, and what stands around it is taken."""
    one = site.joined("NET/ONE", *PEOPLE[:2])
    one.cycle("A Before\tPCM:NET/ONE/BEFORE", "A Deleted Group", "A After\tPCM:NET/ONE/AFTER")

    assert ["After", "Before", "P0 Lee", "P1 Lee"] == site.names()
    assert 1 == len(site.rejects())


@pytest.mark.dx("T-240")
def test_an_unknown_type(site: SiteHarness):
    """An address of a type that nobody knows is refused as [16], and a request for it asks for nothing."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", "A Dora\tGATEX:dora", types="PCM|GATEX")

    assert ["Ann Lee", "Carl"] == site.names()
    assert [16] == [code for code, _ in site.rejects()]
    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == one.gal


@pytest.mark.dx("T-086", "T-084")
def test_a_table_of_domains(make_site: MakeSite):
    """Who lives in a mapped postoffice gets one SMTP address of its domain, made unique."""
    text = (
        mail("NET/ONE")
        + '[addressing]\ntemplates = {MS = "{organization}/{site}/{alias}", SMTP = "{alias}@lab.example"}\n'
    )
    site = make_site(text + 'domains = {"NET/ONE" = "one.example"}\n')
    ann = site.add("Ann Lee", proxies=("SMTP:carl@one.example",))
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", "A Dora\tPCM:NET/OTHER/DORA")

    def smtp(name: str) -> list[str]:
        return [proxy.value.casefold() for proxy in site.one(name).proxies if proxy.type == "SMTP"]

    assert ["carl2@one.example"] == smtp("Carl")
    assert ["dora@lab.example"] == smtp("Dora")
    assert ann == site.one("Ann Lee")
