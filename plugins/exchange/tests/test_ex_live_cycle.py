"""Whole cycles of a site with a real OpenLDAP server: people both ways, conflicts, and servers that fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from dxa_exchange.demo.slapd import Settings, running
from dxa_exchange.live.client import Client
from tests.labs.directory import LdapSite, config, make
from tests.servers.openldap import ROOT, SUFFIX, Tree, login, new_tree, why_not


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def site(tmp_path: Path, tree: Tree) -> Iterator[LdapSite]:
    """A site with a link to the server."""
    site = make(tmp_path, tree)
    yield site
    site.close()


# -- both ways ---------------------------------------------------------------------------------------------------------


def test_people_go_both_ways(site: LdapSite) -> None:
    """Those of the server reach the other link's view, and those of the other link become contacts there."""
    addresses = ["SMTP:ann@example.org", "smtp:ab@example.org"]
    site.person("Ann Berg", proxyAddresses=addresses, telephoneNumber="+1 555")
    site.system().put("Bob Cole", "bob cole")
    site.sync()
    (contact,) = site.contacts.values()

    assert {"SMTP:ann@example.org": "Ann Berg"} == site.told()
    assert ["Ann Berg"] == [e.name for e in site.system().entries.values() if e.name != "Bob Cole"]
    assert "MEM:bob cole" == contact.text("targetAddress")
    assert f"cn=Bob Cole,ou=dxa,{site.tree.base}" == contact.dn
    assert "dxa LAB/HQ" == contact.text("employeeType")
    assert "Bob Cole" == contact.text("displayName")
    ann = site.one("Ann Berg")
    assert ("People", ("+1 555",)) == (ann.container, tuple(v for k, v in ann.fields if k == "telephoneNumber"))
    assert {"SMTP:ann@example.org", "SMTP:ab@example.org"} <= {str(proxy) for proxy in ann.proxies}


def test_a_second_cycle_does_nothing(site: LdapSite) -> None:
    """Nothing is told, nothing is written, and dxa's own contacts are no people of the server."""
    site.person("Ann Berg")
    site.system().put("Bob Cole", "bob cole")
    site.sync()
    before = site.contacts
    site.sync()
    second = site.last.links
    site.sync()

    assert before == site.contacts
    for outcome in (*second, *site.last.links):
        assert {} == dict(outcome.applied)
        assert {} == dict(outcome.sent)


def test_contacts_follow_their_recipients(site: LdapSite) -> None:
    """A new name changes the contact, a new address keeps the others, and who goes is taken away."""
    for name in ("Bob Cole", "Cy Dorn"):
        site.system().put(name, name.lower())
    site.sync()
    site.sync()
    site.system().put("Robert Cole", "bob cole")
    site.system().delete("cy dorn")
    site.system().put("Di Eich", "di eich")
    site.sync()

    assert {"MEM:bob cole": "Robert Cole", "MEM:di eich": "Di Eich"} == {
        target: contact.text("displayName") for target, contact in site.contacts.items()
    }


def test_names_that_are_hard_survive_both_ways(site: LdapSite) -> None:
    """Commas, plus signs, quotes, number signs, blanks and other scripts."""
    hard = ["Doe, Jane", "a+b", 'q"uote', "#hash", "ünï 日本", "back\\slash", "*)(cn=*", "a=b;c<d>"]
    for n, name in enumerate(hard):
        site.tree.client.add(
            f"cn=p{n},ou=people,{site.tree.base}",
            {"objectClass": ["contact"], "cn": [f"p{n}"], "displayName": [name], "targetAddress": [f"SMTP:p{n}@x.org"]},
        )
        site.system().put(name, f"m{n}")
    site.sync()
    site.sync()

    assert sorted(hard) == sorted(site.told().values())
    assert sorted(hard) == sorted(
        contact.text("displayName") for contact in site.contacts.values() if "dxa" in contact.dn
    )


# -- what is not ours --------------------------------------------------------------------------------------------------


def test_an_address_that_the_directory_has_is_a_conflict_told_once(site: LdapSite) -> None:
    """Two owners of one address are named, and neither is changed."""
    site.tree.client.add(
        f"cn=theirs,ou=people,{site.tree.base}",
        {"objectClass": ["contact"], "cn": ["theirs"], "targetAddress": ["MEM:bob cole"]},
    )
    site.system().put("Bob Cole", "bob cole")
    for _ in range(3):
        site.sync()
    rejects = [reason for _, reason in site.rejects()]

    assert 1 == len(rejects)
    assert "the address belongs to 'theirs', which peer ldap/ldap told us" == rejects[0]
    assert {f"cn=theirs,ou=people,{site.tree.base}"} == {contact.dn for contact in site.contacts.values()}


def test_two_directories_that_both_own_an_address_are_told_once(tmp_path: Path, tree: Tree) -> None:
    """The conflict names both, the first one keeps the address, and neither directory is changed."""
    tree.unit("others")
    link = config(tree).partition("[links.ldap]")[2].partition("[links.mem]")[0]
    other = link.replace("links.ldap", "links.other").replace("ou=people", "ou=others").replace("ou=dxa", "ou=dxa2")
    tree.unit("dxa2")
    with closing(make(tmp_path, tree, f"{config(tree)}\n[links.other]{other}")) as site:
        site.person("Ann Berg", mail="ann@example.org")
        tree.person("Annie B", f"ou=others,{tree.base}", mail="ann@example.org")
        before = [record for record in tree.search() if record.text("mail") == "ann@example.org"]
        for _ in range(3):
            site.sync()
        after = [record for record in tree.search() if record.text("mail") == "ann@example.org"]
        (reason,) = [reason for _, reason in site.rejects()]

        assert "the address belongs to 'Ann Berg', which peer ldap/ldap told us" == reason
        assert ["Ann Berg"] == site.names()
        assert before == after


def test_lists_tell_their_members_by_their_addresses(site: LdapSite) -> None:
    """Who changes the address changes it in the list, too; who is not read keeps the name."""
    ann = site.person("Ann Berg")
    members = [ann, site.tree.base]
    values: dict[str, list[str | bytes]] = {"objectClass": ["group"], "cn": ["All"], "mail": ["all@example.org"]}
    site.tree.client.add(f"cn=All,ou=people,{site.tree.base}", {**values, "member": [*members]})
    site.sync()
    first = [value for name, value in site.one("All").fields if name == "member"]
    site.tree.put(ann, "mail", "berg@example.org")
    site.sync()
    second = [value for name, value in site.one("All").fields if name == "member"]

    assert ["SMTP:ann.berg@example.org", site.tree.base] == first
    assert ["SMTP:berg@example.org", site.tree.base] == second


def test_what_lies_in_the_container_without_the_mark_is_left_alone(site: LdapSite) -> None:
    """Somebody's contact in the synchronisation container is read like any other."""
    dn = f"cn=Own,ou=dxa,{site.tree.base}"
    site.tree.client.add(dn, {"objectClass": ["contact"], "cn": ["Own"], "targetAddress": ["SMTP:own@example.org"]})
    site.sync()
    site.sync()

    assert {"SMTP:own@example.org": "Own"} == site.told()
    assert site.tree.client.read(dn) is not None


def test_a_contact_that_lost_its_mark_is_not_changed(site: LdapSite) -> None:
    """The administrator has made it his; dxa says so and leaves it."""
    site.system().put("Bob Cole", "bob cole")
    site.sync()
    site.sync()
    (contact,) = site.contacts.values()
    site.tree.put(contact.dn, "employeeType", "mine now")
    site.system().put("Robert Cole", "bob cole")
    site.sync()

    (after,) = site.contacts.values()
    assert "Bob Cole" == after.text("displayName")


def test_a_contact_goes_though_somebody_else_has_its_address_too(site: LdapSite) -> None:
    """It is dxa's own, whoever else is there; the other one stays."""
    for name in ("Bob Cole", *(f"P{n}" for n in range(9))):
        site.system().put(name, name.lower())
    site.sync()
    site.sync()
    theirs = f"cn=theirs,ou=people,{site.tree.base}"
    site.system().delete("bob cole")
    values: dict[str, list[str | bytes]] = {"objectClass": ["contact"], "cn": ["theirs"]}
    site.tree.client.add(theirs, {**values, "proxyAddresses": ["SMTP:cole@example.org", "MEM:bob cole"]})
    site.sync()

    assert ["theirs"] == [contact.text("cn") for contact in site.tree.search("(proxyAddresses=MEM:bob cole)")]


def test_what_a_person_has_no_more_is_gone(site: LdapSite) -> None:
    """Attributes and addresses alike, also the last address of its type."""
    addresses = ["SMTP:ann@example.org", "smtp:ab@example.org", "X400:c=us;a= ;p=Lab;o=HQ;s=Berg;"]
    dn = site.person("Ann Berg", mail="ann@example.org", proxyAddresses=addresses, telephoneNumber="+1 555")
    site.sync()
    site.tree.put(dn, "proxyAddresses", "SMTP:ann@example.org")
    site.tree.put(dn, "telephoneNumber")
    site.sync()
    ann = site.one("Ann Berg")

    assert ["SMTP:ann@example.org"] == [str(proxy) for proxy in ann.proxies if proxy.type in ("SMTP", "X400")]
    assert (("sn", "Ann Berg"),) == ann.fields


def test_a_contact_that_was_moved_out_is_told_as_a_conflict(site: LdapSite) -> None:
    """It is the administrator's now: it is left alone, and nothing is written in its place."""
    site.system().put("Bob Cole", "bob cole")
    site.sync()
    site.sync()
    (contact,) = site.contacts.values()
    site.tree.client.rename(contact.dn, "cn=Bob Cole", f"ou=people,{site.tree.base}")
    for _ in range(3):
        site.sync()
    moved = f"cn=Bob Cole,ou=people,{site.tree.base}"
    why = f"refused by ldap: the address MEM:bob cole is that of {moved}, which dxa has not made; it is not changed"

    assert [moved] == [contact.dn for contact in site.contacts.values()]
    assert [why] == [reason for _, reason in site.rejects()]


# -- servers that fail -------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[LdapSite]:
    """A site whose account may be limited by the server, which is the test's own."""
    if why := why_not():
        pytest.skip(why)
    with running(ROOT, Settings(suffix=SUFFIX, access=WRITER)) as slapd, closing(new_tree(slapd)) as tree:
        tree.client.add(f"cn=dxa,{SUFFIX}", {"objectClass": ["user"], "cn": ["dxa"], "userPassword": [SECRET]})
        bind = f"'{slapd.settings.root}'", f"'cn=dxa,{SUFFIX}'"
        site = make(tmp_path, tree, config(tree).replace(*bind).replace("text:secret", f"text:{SECRET}"))
        with closing(site):
            for n in range(120):
                site.person(f"P{n:03d}")
            site.system().put("Bob Cole", "bob cole")
            site.sync()
            site.sync()
            yield site


SECRET = "correct horse"
WRITER = (f'access to * by dn.exact="cn=dxa,{SUFFIX}" write by anonymous auth',)


def _again(site: LdapSite, settings: Settings) -> None:
    """The server starts anew with other settings, and the configuration of the link changes: everything is read."""
    site.tree.slapd.restart(settings)
    site.configure(f'{site.text}\n[links.ldap.ldap.people.attributes]\ninfo = "description"\n')


def test_a_server_that_stops_half_way_deletes_nobody(limited: LdapSite) -> None:
    """What it gave counts, and the report is known to be incomplete."""
    slapd = limited.tree.slapd
    _again(limited, attrs.evolve(slapd.settings, limits=(f'limits dn.exact="cn=dxa,{SUFFIX}" size.prtotal=70',)))
    limited.sync(failing=False)

    assert 120 == len(limited.told())
    assert [] == limited.holds()
    assert {"MEM:bob cole"} == limited.contacts.keys()


def test_a_server_that_answers_with_nothing_deletes_nobody(limited: LdapSite) -> None:
    """Success and no objects: the guards hold it."""
    slapd = limited.tree.slapd
    hidden = f'access to dn.one="ou=people,{limited.tree.base}" by * none'
    _again(limited, attrs.evolve(slapd.settings, access=(hidden, *WRITER)))
    limited.sync()

    assert 120 == len(limited.recipients(container="People"))
    assert "empty" in limited.holds()


def test_an_account_that_lost_its_rights_deletes_nobody(limited: LdapSite) -> None:
    """A container that was there and is not shown any more is an error."""
    slapd = limited.tree.slapd
    hidden = f'access to dn.subtree="ou=people,{limited.tree.base}" by * none'
    _again(limited, attrs.evolve(slapd.settings, access=(hidden, *WRITER)))
    limited.sync(failing=True)

    assert 120 == len(limited.recipients(container="People"))
    assert "ou=people" in str(limited.last.errors)


def test_a_password_that_is_wrong_now_deletes_nobody_and_is_not_told(limited: LdapSite) -> None:
    """Neither the old one nor the new one stands in what is told."""
    client = Client(login(limited.tree.slapd))
    limited.tree.put(f"cn=dxa,{SUFFIX}", "userPassword", "other word")
    client.close()
    limited.sync(failing=True)
    said = f"{limited.last.errors} {limited.notices()} {limited.verdicts()}"

    assert 120 == len(limited.recipients(container="People"))
    assert "check `bind` and `password`" in said
    assert SECRET not in said


def test_a_server_that_is_down_is_tried_again_by_the_next_cycle(
    limited: LdapSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is delivered when it is back."""
    monkeypatch.setattr("dxa_exchange.live.patience.FIRST_WAIT", 0.0)
    limited.tree.slapd.stop()
    limited.system().put("Cy Dorn", "cy dorn")
    limited.sync(failing=True)
    limited.tree.slapd.start()
    limited.sync()

    assert {"MEM:bob cole", "MEM:cy dorn"} == limited.contacts.keys()
    assert 120 == len(limited.recipients(container="People"))
