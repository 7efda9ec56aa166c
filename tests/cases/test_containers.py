"""Export containers: what is said of single ones, and those in which nobody is."""

import pytest

from dxa.agent.containers import absent
from dxa.errors import ConfigError
from dxa.rules.scope import CustomIn
from tests.cases.harness import MakeSite, SiteHarness, mail, peer


def told(site: SiteHarness) -> list[str]:
    """The findings."""
    return [str(found) for found in absent(site.site.store, site.site.config)]


def test_a_container_that_nobody_is_in_is_a_doubt(make_site: MakeSite) -> None:
    """It is gone, or never was; one that a link imports into may be empty yet, and one above a filled one is not."""
    site = make_site(mail("NET/ONE", export_containers='["Staf", "Foreign", "Recipients"]'))
    site.joined("NET/ONE", "A Ole Berg\tPCM:NET/ONE/OLE")
    before = told(site)
    site.add("Ann Lee", container="Recipients/North")

    assert [] == before
    assert [
        "links.mail.export_containers: nobody is in Staf, and no link imports into it, so nothing of it is exported"
    ] == told(site)


def test_a_link_that_is_switched_off_is_not_looked_at(make_site: MakeSite) -> None:
    """Nothing goes over it."""
    site = make_site(mail("NET/ONE", export_containers='["Staf"]', enabled="false"))
    site.add("Ann Lee")

    assert [] == told(site)


def test_people_who_leave_a_container_empty_stay_in_the_lists_until_somebody_decides(site: SiteHarness) -> None:
    """All are at the site still; a rejection keeps them, and nothing else waits for it."""
    for name in ("Ann Lee", "Bob Ray", "Cy Fox"):
        site.add(name)
    one = site.joined("NET/ONE")
    for name in ("Ann Lee", "Bob Ray", "Cy Fox"):
        site.edit(name, container="Meanwhile")
        site.edit(name, container="Personnel")
    site.sync()
    held, told = site.holds(), [text for code, text in site.notices() if code == -5]
    for name in ("Ann Lee", "Bob Ray", "Cy Fox"):
        site.edit(name, container="Staff/New")
    site.sync()
    one.cycle()

    assert (["container"], ["nobody is in Staff, which is to be exported"]) == (held, told)
    assert 3 == len(one.gal)
    assert ([], []) == (site.holds(), [text for code, text in site.notices() if code == -5])


def test_people_who_leave_others_behind_may_move(site: SiteHarness) -> None:
    """Their container is there still; another one in which nobody has been yet changes nothing about that."""
    for name in ("Ann Lee", "Bob Ray", "Cy Fox"):
        site.add(name)
    one = site.joined("NET/ONE")
    for name in ("Ann Lee", "Bob Ray"):
        site.edit(name, container="Personnel")
    one.cycle()

    assert ([], ["Cy Fox"]) == (site.holds(), list(one.gal.values()))


def test_the_last_one_of_a_container_may_move(site: SiteHarness) -> None:
    """One is no accident."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE")
    site.edit("Ann Lee", container="Personnel")

    assert ["D Ann Lee PCM:LAB/HQ/ANN"] == one.cycle().lines


def test_a_container_says_only_what_differs_from_its_link(make_site: MakeSite) -> None:
    """What its table leaves out is the link's, and the peer's before that."""
    rules = {
        "export_custom": "{imported = false}",
        "export_custom_in": '{"Staff/Guests" = {manual = true}}',
    }
    site = make_site(mail("NET/ONE", **rules) + "export_custom = {imported = true}\n" + peer("NET/TWO"))
    found = [site.site.config.peer(name).exports.custom_in for name in ("NET/ONE", "NET/TWO")]

    assert [(CustomIn("Staff/Guests", True, True),), (CustomIn("Staff/Guests", True, False),)] == found


def test_a_peer_may_write_a_container_in_another_case(make_site: MakeSite) -> None:
    """It is the same container, so what the peer says of it counts, and not the link."""
    rules = {"export_custom_in": "{Guests = {manual = true, imported = true}}"}
    site = make_site(mail("NET/ONE", **rules) + "export_custom_in = {guests = {imported = false}}\n")

    assert (CustomIn("Guests", True, False),) == site.site.config.peer("NET/ONE").exports.custom_in


def test_switches_are_those_of_containers(make_site: MakeSite) -> None:
    """A name that no container has would switch nothing, whatever it says."""
    with pytest.raises(ConfigError, match=r"export_custom_in: must name containers, .* got 'Guests/'"):
        make_site(mail("NET/ONE", export_custom_in='{"Guests/" = {imported = false}}'))


def test_switches_of_containers_are_rules_of_a_view(make_site: MakeSite) -> None:
    """Without any, the rules are the same as ever; in another order they are the same."""
    first, second = '"A" = {manual = true}', '"B" = {imported = false}'
    digests = [
        next(make_site(mail("NET/ONE", **rules)).site.config.peers()).export_digest
        for rules in (
            {},
            {"export_custom_in": "{}"},
            {"export_custom_in": f"{{{first}, {second}}}"},
            {"export_custom_in": f"{{{second}, {first}}}"},
        )
    ]

    assert digests[0] == digests[1] != digests[2] == digests[3]
