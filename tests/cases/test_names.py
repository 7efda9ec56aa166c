"""Names and addresses that peers are sent."""

import attrs
import pytest

from dxa.errors import UsageError
from dxa.recipient import Recipient
from tests.cases.harness import MakeSite, SiteHarness, mail


@pytest.mark.dx("T-032")
def test_a_new_name_is_a_modify(site: SiteHarness):
    """A changed name goes out as a modify whose old line is what was sent last, cut and numbered as it was."""
    long = "Annabella Constantina Lee of the Northern Laboratories"
    site.add(long, "ANN")
    site.add(f"{long} Two", "BELLA")
    one = site.joined("NET/ONE")
    old = one.gal["PCM:LAB/HQ/BELLA"]
    site.edit(f"{long} Two", name="Bella Lee")

    assert [f"M {old} PCM:LAB/HQ/BELLA > Bella Lee PCM:LAB/HQ/BELLA"] == one.cycle().lines
    assert "Bella Lee" == one.gal["PCM:LAB/HQ/BELLA"]


@pytest.mark.dx("T-032")
def test_several_names_between_two_requests(site: SiteHarness):
    """However often a name has changed since, the old line is the one that the peer has."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    for old, new in (("Ann Lee", "Ann Ray"), ("Ann Ray", "Ann Fox")):
        site.edit(old, name=new)
        site.sync()

    assert ["M Ann Lee PCM:LAB/HQ/ANN > Ann Fox PCM:LAB/HQ/ANN"] == one.cycle().lines


@pytest.mark.dx("T-033", "T-178")
def test_an_address_in_another_postoffice(site: SiteHarness):
    """An address that moves to another NET/PO is deleted first and added then, in one answer."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    site.edit("Ann Lee", proxies=("MS:LAB/BRANCH/ANN",))

    assert ["D Ann Lee PCM:LAB/HQ/ANN", "A Ann Lee PCM:LAB/BRANCH/ANN"] == one.cycle().lines


@pytest.mark.dx("T-178")
def test_addresses_that_change_hands(site: SiteHarness):
    """Two people who swap their addresses are right everywhere after one answer."""
    site.add("Ann Lee", "ANN")
    site.add("Bob Ray", "BOB")
    one = site.joined("NET/ONE")
    site.edit("Ann Lee", proxies=("MS:LAB/HQ/OTHER",))
    site.edit("Bob Ray", proxies=("MS:LAB/HQ/ANN",))
    site.edit("Ann Lee", proxies=("MS:LAB/HQ/BOB",))
    one.cycle()

    assert {"PCM:LAB/HQ/ANN": "Bob Ray", "PCM:LAB/HQ/BOB": "Ann Lee"} == one.gal


@pytest.mark.dx("T-030", "T-034")
def test_a_repeated_name(site: SiteHarness):
    """A name gets a number inside its own list only, keeps it in a full list, and loses it to nobody."""
    site.add("Ann Lee", "ANN")
    site.add("Ann Lee", "ANNLEE")
    site.joined("NET/TWO", "A Ann Lee\tPCM:NET/TWO/ANN")
    one = site.joined("NET/ONE")
    names = dict(one.gal)
    assert "Ann Lee" == names["PCM:NET/TWO/ANN"]
    assert "Ann Lee" == names["PCM:LAB/HQ/ANN"]
    assert "Ann Lee" != names["PCM:LAB/HQ/ANNLEE"]
    one.cycle(task="IMPORTREQ")

    assert names == one.gal


@pytest.mark.dx("T-030")
def test_a_freed_name(site: SiteHarness):
    """A deleted entry's name is free for a new one in the same answer, and nobody who stays is renamed."""
    site.add("Ann Lee", "ANN")
    one = site.joined("NET/ONE")
    site.remove("Ann Lee")
    site.add("Ann Lee", "ANNLEE")

    assert ["D Ann Lee PCM:LAB/HQ/ANN", "A Ann Lee PCM:LAB/HQ/ANNLEE"] == one.cycle().lines


@pytest.mark.dx("T-052", "T-054")
def test_a_change_of_case(site: SiteHarness):
    """A name that changes only in its case is sent, and its recipient keeps its id."""
    id_ = site.add("Ann lee").id
    one = site.joined("NET/ONE")
    site.edit("Ann lee", name="Ann Lee")

    assert ["M Ann lee PCM:LAB/HQ/ANN > Ann Lee PCM:LAB/HQ/ANN"] == one.cycle().lines
    assert id_ == site.one("Ann Lee").id


@pytest.mark.dx("T-054")
def test_a_change_of_case_at_the_peer(site: SiteHarness):
    """A peer that writes an address in another case means the same recipient."""
    one = site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL")
    id_ = site.one("Carl").id
    one.cycle("R PCM:NET/ONE", "A Carl\tPCM:NET/ONE/Carl")

    assert [id_] == [recipient.id for recipient in site.recipients()]


@pytest.mark.dx("T-053")
def test_nothing_to_say(site: SiteHarness):
    """When nothing has changed, an answer carries nothing, cycle after cycle."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL")

    assert [[]] * 3 == [one.cycle().lines for _ in range(3)]


@pytest.mark.dx("T-038")
def test_ten_characters(site: SiteHarness):
    """A mailbox of exactly ten characters can be added and deleted again at every peer."""
    ten = "ABCDEFGHIJ"
    addresses = {"Nine": "ABCDEFGHI", "Ten": ten, "Eleven": f"{ten}K"}
    one = site.joined("NET/ONE", *(f"A {name}	PCM:NET/ONE/{box}" for name, box in addresses.items()))
    two = site.joined("NET/TWO")
    assert {f"PCM:NET/ONE/{ten}", "PCM:NET/ONE/ABCDEFGHI"} == two.gal.keys()
    one.cycle(f"D Ten\tPCM:NET/ONE/{ten}")
    two.cycle()

    assert {"PCM:NET/ONE/ABCDEFGHI"} == two.gal.keys()


@pytest.mark.dx("T-036", "T-037")
def test_an_address_of_the_macintosh_kind(make_site: MakeSite):
    """A recipient with a foreign address gets one here of at most ten legal characters, each its own."""
    site = make_site(mail("NET/ONE", "NET/TWO"))
    site.joined(
        "NET/TWO", "A User Two\tMSMAIL:User02, MacGroovy@GroovyMac", "A User 2\tMSMAIL:User02, MacGroove@GroovyMac"
    )
    one = site.joined("NET/ONE")

    assert ["User 2", "User Two"] == sorted(one.gal.values())
    boxes = {address.rpartition("/")[2] for address in one.gal}
    assert 2 == len(boxes)
    assert all(len(box) <= 10 and box.isalnum() for box in boxes)


@pytest.mark.dx("T-040")
def test_types_in_lower_case(make_site: MakeSite):
    """A peer that wants types in lower case gets them so, also in its replaces."""
    site = make_site(mail("NET/ONE", type_case='"lower"'))
    site.add("Ann Lee")

    assert ["R pcm:LAB/HQ", "A Ann Lee pcm:LAB/HQ/ANN"] == site.postoffice("NET/ONE").cycle(task="IMPORTREQ").lines


@pytest.mark.dx("T-058")
@pytest.mark.parametrize(
    "name", ["Ann $ Lee", "Ann ~ Lee", "Ann ^ Lee", "#Ann Lee", "-Ann Lee", "Ann/Lee=CN", "[DIRSYNC]"]
)
def test_signs_in_names(site: SiteHarness, name: str):
    """A name with signs that mean something elsewhere is told, shown, modified and deleted like any other."""
    one = site.joined("NET/ONE", f"A {name}\tPCM:NET/ONE/CARL", "A Dora\tPCM:NET/ONE/DORA")
    two = site.joined("NET/TWO")
    assert {"PCM:NET/ONE/CARL": name, "PCM:NET/ONE/DORA": "Dora"} == two.gal
    one.cycle(f"D {name}\tPCM:NET/ONE/CARL")
    two.cycle()

    assert {"PCM:NET/ONE/DORA": "Dora"} == two.gal


ADDRESSING = """
[addressing]
templates = {MS = "{organization}/{site}/{alias}", SMTP = "{given}.{surname}@lab.example"}
"""


def addresses(recipient: Recipient) -> list[str]:
    """Its addresses by type, the primary one of each first."""
    return sorted(map(str, recipient.proxies), key=lambda text: text.partition(":")[0])


@pytest.mark.dx("T-089")
def test_a_person_who_is_renamed_by_hand(make_site: MakeSite):
    """The generated primary addresses follow name and alias; secondary ones and those that were chosen stay."""
    site = make_site(mail() + ADDRESSING)
    site.add("Ann Lee", "ALEE", proxies=("MS:LAB/BRANCH/ANN", "MS:LAB/HQ/ALEE"))
    ann = site.edit("Ann Lee", name="Ann Ray", alias="ARAY")

    assert ["MS:LAB/BRANCH/ANN", "MS:LAB/HQ/ALEE", "SMTP:Ann.Ray@lab.example"] == addresses(ann)
    assert ann == site.one("Ann Ray")
    bob = site.add("Bob Lee", "BLEE")
    site.edit("Bob Lee", proxies=(*map(str, bob.proxies), "SMTP:bob@lab.example"))
    site.edit("Bob Lee", alias="BOB")
    bob = site.edit("Bob Lee", name="Bob Ray")
    assert ["MS:LAB/HQ/BOB", "SMTP:Bob.Ray@lab.example", "SMTP:bob@lab.example"] == addresses(bob)


@pytest.mark.dx("T-089")
def test_a_generated_address_that_is_taken(make_site: MakeSite):
    """An address that follows a name is made unique, and follows the next name from there, too."""
    site = make_site(mail() + ADDRESSING)
    site.add("Ann Ray", "ANN")
    site.add("Anna Lee", "ALEE")
    site.edit("Anna Lee", name="Ann Ray")
    (second,) = (recipient for recipient in site.recipients() if recipient.alias == "ALEE")

    assert ["MS:LAB/HQ/ALEE", "SMTP:Ann.Ray2@lab.example"] == addresses(second)
    second = site.admin.edit(second.id, lambda recipient: attrs.evolve(recipient, name="Ann Roe"))
    assert ["MS:LAB/HQ/ALEE", "SMTP:Ann.Roe@lab.example"] == addresses(second)


@pytest.mark.dx("T-089")
@pytest.mark.parametrize("chosen", ["ray@lab.example", "Ann.Lee2@lab.example"])
def test_an_address_that_is_stated_with_the_name(make_site: MakeSite, chosen: str):
    """What is typed is meant: it stays as it is, even if it looks generated, and so do the others of its type."""
    site = make_site(mail() + ADDRESSING)
    site.add("Ann Lee", "ALEE")
    proxies = (f"SMTP:{chosen}", "MS:LAB/HQ/ALEE", "SMTP:Ann.Lee@lab.example")
    ann = site.edit("Ann Lee", name="Ann Ray", proxies=proxies)

    assert ["MS:LAB/HQ/ALEE", f"SMTP:{chosen}", "SMTP:Ann.Lee@lab.example"] == addresses(ann)


def test_a_stated_address_that_is_taken(make_site: MakeSite):
    """It is refused and not made unique, also when the name is changed with it."""
    site = make_site(mail() + ADDRESSING)
    site.add("Ann Lee", "ALEE")
    bob = site.add("Bob Ray", "BRAY")
    with pytest.raises(UsageError, match="belongs to 'Ann Lee'"):
        site.edit("Bob Ray", name="Bob Roe", proxies=("MS:LAB/HQ/BRAY", "SMTP:ann.lee@lab.example"))

    assert bob == site.one("Bob Ray")


def test_an_address_that_is_taken_away_with_the_name(make_site: MakeSite):
    """It is not generated again."""
    site = make_site(mail() + ADDRESSING)
    site.add("Ann Lee", "ALEE")

    assert ["MS:LAB/HQ/ALEE"] == addresses(site.edit("Ann Lee", name="Ann Ray", proxies=("MS:LAB/HQ/ALEE",)))


def test_what_only_changes_otherwise_keeps_its_addresses(make_site: MakeSite):
    """Without another name or alias no address is generated, not even a missing one."""
    site = make_site(mail() + ADDRESSING)
    site.add("Ann Lee", "ALEE")
    site.edit("Ann Lee", proxies=("MS:LAB/HQ/ALEE",))

    assert ["MS:LAB/HQ/ALEE"] == addresses(site.edit("Ann Lee", trust=7))
