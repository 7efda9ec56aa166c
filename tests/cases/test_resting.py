"""Addresses that somebody had, and who gets them next."""

import pytest

from dxa.address import Address
from dxa.agent.undo import undo
from dxa.errors import ConfigError
from dxa.recipient import Recipient
from tests.cases.harness import DAY, MakeSite, SiteHarness, mail

REST = """
[addressing]
rest_days = 30
[addressing.templates]
MS = "{organization}/{site}/{alias}"
SMTP = "{alias}@lab.example"
"""


@pytest.fixture
def site(make_site: MakeSite) -> SiteHarness:
    """A site with two postoffices, where addresses rest for thirty days."""
    return make_site(mail("NET/ONE", "NET/TWO") + REST)


def smtp(site: SiteHarness, name: str) -> str:
    """The primary Internet address of somebody."""
    address = site.one(name).primary("SMTP")
    assert address is not None
    return address.value


@pytest.mark.dx("T-113")
def test_a_freed_address_is_not_given_to_another_person(site: SiteHarness) -> None:
    """Who comes next with that alias gets a numbered address, until thirty days have passed."""
    site.add("Ann Lee", "ann")
    site.remove("Ann Lee")
    site.add("Ann Berg", "ann")
    site.sync(after=31 * DAY)
    site.add("Ann Ray", "ann")

    assert ["ann2@lab.example", "ann@lab.example"] == [smtp(site, name) for name in ("Ann Berg", "Ann Ray")]


@pytest.mark.dx("T-113")
def test_without_the_option_an_address_is_free_at_once(make_site: MakeSite) -> None:
    """As it was before there was one; the table stays empty."""
    site = make_site(mail("NET/ONE") + REST.replace("30", "0"))
    site.add("Ann Lee", "ann")
    site.remove("Ann Lee")
    site.add("Ann Berg", "ann")

    assert "ann@lab.example" == smtp(site, "Ann Berg")


@pytest.mark.dx("T-113")
def test_an_address_that_was_given_up_for_another_name_rests_too(site: SiteHarness) -> None:
    """Who was renamed gets it back with the old name; nobody else does."""
    site.add("Ann Lee", "ann")
    site.edit("Ann Lee", alias="annika")
    site.add("Ann Berg", "ann")
    others = smtp(site, "Ann Berg")
    site.edit("Ann Lee", alias="ann")

    assert ("ann2@lab.example", "ann@lab.example") == (others, smtp(site, "Ann Lee"))


@pytest.mark.dx("T-113")
def test_an_address_that_a_person_states_is_given_and_remarked(site: SiteHarness) -> None:
    """Whose it was and until when it rests is said; from then on it is the new one's."""
    gone = site.add("Ann Lee", "ann")
    site.remove("Ann Lee")
    administrator = site.admin
    stated = (Address("SMTP", "ann@lab.example"),)
    administrator.add(Recipient(name="Ann Berg", alias="berg", container="Staff", proxies=stated))
    (remark,) = administrator.remarks

    assert "ann@lab.example" == smtp(site, "Ann Berg")
    assert remark.startswith(f"SMTP:ann@lab.example belonged to 'Ann Lee' (recipient {gone.id}) and rests until 20")


@pytest.mark.dx("T-113")
def test_an_undone_deletion_gives_the_address_back(site: SiteHarness) -> None:
    """It rests no more: the same recipient has it."""
    before = site.add("Ann Lee", "ann")
    site.remove("Ann Lee")
    (run, *_) = site.site.store.journal.runs(limit=1)
    undo(site.site, run.id)

    assert before == site.one("Ann Lee")
    assert {} == site.site.store.resting.of(["SMTP:ann@lab.example"], site.now)


@pytest.mark.dx("T-113")
def test_a_peer_decides_who_has_an_address_of_its_own(site: SiteHarness) -> None:
    """Another person under an old address is taken, and told; generated addresses do not follow the mailbox."""
    one = site.joined("NET/ONE", "A Ann Lee\tPCM:NET/ONE/ANN")
    site.sync()
    one.cycle("D Ann Lee\tPCM:NET/ONE/ANN")
    site.sync()
    one.cycle("A Ann Berg\tPCM:NET/ONE/ANN")
    site.sync()

    assert "NET/ONE/ANN" == site.one("Ann Berg").target.value
    assert "ANN2@lab.example" == smtp(site, "Ann Berg")
    assert [True] == ["MS:net/one/ann belonged to 'Ann Lee'" in text for code, text in site.notices() if code == -3]


@pytest.mark.dx("T-113")
def test_the_same_person_who_comes_back_has_the_old_addresses(site: SiteHarness) -> None:
    """A peer that tells the same address under the same name has been away itself; nothing is told."""
    one = site.joined("NET/ONE", "A Ann Lee\tPCM:NET/ONE/ANN")
    one.cycle("D Ann Lee\tPCM:NET/ONE/ANN")
    one.cycle("A Ann Lee\tPCM:NET/ONE/ANN")

    assert "ANN@lab.example" == smtp(site, "Ann Lee")
    assert [] == [text for code, text in site.notices() if code == -3]


@pytest.mark.dx("T-113")
def test_an_address_that_is_freed_in_the_same_plan_rests(site: SiteHarness) -> None:
    """A message that deletes one and adds another gives the second a number."""
    one = site.joined("NET/ONE", "A Ann Lee\tPCM:NET/ONE/ANN")
    one.cycle("D Ann Lee\tPCM:NET/ONE/ANN", "A Ann Berg\tPCM:NET/TWO/ANN")

    assert "ANN2@lab.example" == smtp(site, "Ann Berg")


@pytest.mark.dx("T-113")
def test_rests_end_in_the_store_too(site: SiteHarness) -> None:
    """What has rested long enough is forgotten by the upkeep of a cycle."""
    site.add("Ann Lee", "ann")
    site.remove("Ann Lee")
    resting = site.site.store.resting
    early = resting.of(["SMTP:ann@lab.example"], site.now)
    site.sync(after=31 * DAY)

    assert ["Ann Lee"] == [rest.name for rest in early.values()]
    assert {} == resting.of(["SMTP:ann@lab.example"], early["SMTP:ann@lab.example"].until - 1)


@pytest.mark.dx("T-113")
def test_the_days_are_no_rule_of_imports(make_site: MakeSite) -> None:
    """Turning the option on asks nobody to look at all entries again."""
    site = make_site(mail("NET/ONE"))
    before = [peer.import_digest for peer in site.site.config.peers()]
    site.configure(mail("NET/ONE") + "[addressing]\nrest_days = 9\n")

    assert before == [peer.import_digest for peer in site.site.config.peers()]
    for days, why in (("-1", "must not be negative, got -1"), ("9999999", "must be at most 36500, a hundred years")):
        with pytest.raises(ConfigError, match=f"rest_days: {why}"):
            site.configure(mail("NET/ONE") + f"[addressing]\nrest_days = {days}\n")
