"""KB Q152167: two sites and two postoffices, one directory server for all of them, and everybody in every list."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dxa.address import Address
from dxa.errors import UsageError
from dxa.recipient import Kind, Recipient
from dxa_msmail.postoffice import mailbag
from dxa_msmail.postoffice.letters import Letter, submit
from dxa_msmail.postoffice.networks import RouteKind, find
from dxa_msmail.postoffice.users import users
from tests.worlds.places import APART, MAIL_OF, PLACES, PO1, PO2, POSTOFFICES, SITES, X1, X2
from tests.worlds.runner import wrong
from tests.worlds.sites import ManySites, SitesApart


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is quick to say that it is done."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def world(tmp_path: Path) -> ManySites:
    """Everything joined, after its first cycles."""
    made = ManySites(1, tmp_path, faults=False)
    made.settle(2)
    return made


def others(place: str) -> list[str]:
    """The three places that are not this one."""
    return [each for each in PLACES if each != place]


def test_everybody_is_in_every_list_after_the_second_cycle(world: ManySites) -> None:
    """The first cycle brings the postoffices' people to the sites and to each other; the second one finds nothing."""
    assert [] == world.problems()
    assert [9, 9, 9, 9] == [len(world.place(place).held()) for place in PLACES]
    assert [] == world.quiet()


@pytest.mark.parametrize("place", PLACES)
def test_changes_at_each_place_reach_the_three_others(world: ManySites, place: str) -> None:
    """Somebody who comes, gets another name and goes does so in all lists, each time with the next cycle."""
    mailbox = world.add(place)
    world.cycle()
    came = [world.place(other).held().get(f"{place}/{mailbox}") for other in others(place)]
    first = world.people[place][mailbox]
    renamed = world.rename(place, mailbox)
    world.cycle()
    called = [world.place(other).held().get(f"{place}/{mailbox}") for other in others(place)]
    world.delete(place, mailbox)
    world.cycle()
    gone = [world.place(other).held().get(f"{place}/{mailbox}") for other in others(place)]

    assert ([first] * 3, [renamed] * 3, [None] * 3) == (came, called, gone)
    assert [] == world.problems()


@pytest.mark.dx("T-210")
def test_remote_sites_are_further_postoffices(world: ManySites) -> None:
    """KB Q199534: at PO1, Import defines the other site and the postoffice behind it, both by way of the own site."""
    ways = {name: (row.route.kind, row.route.via) for name, row in world.offices[PO1].ways().items()}

    assert {
        X1: (RouteKind.DIRECT, ""),
        X2: (RouteKind.INDIRECT, X1),
        PO2: (RouteKind.INDIRECT, X1),
    } == ways


def test_directory_synchronization_of_a_postoffice_behind_another_site_is_relayed(world: ManySites) -> None:
    """PO2's request lies in X2's shadow postoffice for X1, and X1's answer in X1's for PO2, by way of X2."""
    world.offices[PO2].ask()
    world.offices[PO2].move()
    here = world.sites[X2].move()
    world.sites[X1].sync()
    back = world.sites[X1].move()
    there = world.sites[X2].move()

    assert {X1: 2} == here.delivered  # the request, and the status report
    assert {X2: 1} == back.forwarded
    assert {PO2: 1} == there.delivered


def test_mail_between_postoffices_behind_two_sites_has_a_way(world: ManySites) -> None:
    """PO2 to PO1 leads through both sites' shadow postoffices, and PO1 to PO2 back."""
    for one, other in (POSTOFFICES, POSTOFFICES[::-1]):
        mailbox = sorted(world.people[other])[0]
        send(world, one, f"{other}/{mailbox}")
        for name in (one, *SITES, *SITES, *POSTOFFICES, *SITES):
            world.place(name).move()
        assert ["Lunch?"] == waiting(world, other, mailbox)


def send(world: ManySites, place: str, to: str) -> None:
    """Somebody at a postoffice writes a letter."""
    sender = f"{place}/{sorted(world.people[place])[0]}"
    time = datetime.fromtimestamp(world.now, UTC).replace(tzinfo=None)
    with world.offices[place].maildata.change() as change:
        submit(change, Letter(sender=sender, to=(to,), time=time, subject="Lunch?", body=b"At noon."), now=world.now)


def waiting(world: ManySites, place: str, mailbox: str) -> list[str]:
    """The subjects of what lies in somebody's mailbox."""
    with world.offices[place].maildata.look() as files:
        bag = next(user.hexid for user in users(files) if user.mailbox.casefold() == mailbox.casefold())
        return [header.subject for _, header in mailbag.headers(files, bag)]


def test_people_do_not_go_round_in_a_circle(world: ManySites) -> None:
    """X2 has PO2's people from X1 alone, though they are connected to X2, and does not tell them back."""
    owners = {each.target.value: each.owner for each in world.sites[X2].people() if each.target is not None}

    assert {f"sites/{X1}"} == set(owners.values())
    assert {address.rpartition("/")[0] for address in owners} == {X1, PO1, PO2}
    back = [str(each.target) for each in world.sites[X1].people() if each.owner == f"sites/{X2}"]
    assert {f"MS:{X2}"} == {address.rpartition("/")[0] for address in back}


@pytest.mark.dx("T-201")
def test_the_custom_recipient_of_the_article_does_no_harm(world: ManySites) -> None:
    """Whoever makes NET/PO/$SYSTEM by hand, as the article says, finds it in nobody's list, at X2 neither."""
    recipient = Recipient(
        kind=Kind.CUSTOM,
        container="Recipients",
        name="PO2 directory synchronization",
        alias="PO2",
        target=Address("MS", f"{PO2}/$SYSTEM"),
    )
    world.sites[X1].admin.add(recipient)
    world.cycle()

    assert [] == [place for place in others(X1) if f"{PO2}/$SYSTEM" in world.place(place).held()]
    assert 9 == len(world.place(PO1).held())


@pytest.mark.dx("T-102")
def test_an_address_belongs_to_one_recipient_at_each_site(world: ManySites) -> None:
    """Whom PO1 tells X1, X2 has once; a second recipient with the address is refused there and changes nobody."""
    address = f"{PO1}/{sorted(world.people[PO1])[0]}"
    before = world.sites[X2].held()
    with pytest.raises(UsageError):
        world.sites[X2].admin.add(
            Recipient(
                kind=Kind.CUSTOM, container="Recipients", name="Twin", alias="TWIN", target=Address("MS", address)
            )
        )

    assert before == world.sites[X2].held()
    assert [] == world.problems()


def test_nobody_is_deleted_while_the_other_site_is_silent(world: ManySites) -> None:
    """X2 writes nothing for weeks, and its shadow postoffice carries nothing: all others keep its people and PO2's."""
    world.add(X1)
    for _ in range(5):
        world.now += 600_000
        world.offices[PO1].ask()
        world.offices[PO1].move()
        world.sites[X1].sync()
        world.sites[X1].move()
        assert [] == list(world.offices[PO1].take())
        world.watch()

    assert [] == world.broken
    assert 10 == len(world.place(PO1).held())
    world.settle(2)
    assert [] == world.problems()


@pytest.mark.parametrize(("kind", "first"), [(ManySites, 0), (ManySites, 5), (SitesApart, 10)])
def test_schedules_end_with_everybody_in_every_list(kind: type[ManySites], first: int) -> None:
    """Whatever files of the site link and letters are late, lost or cut: nobody vanishes, and all lists agree."""
    assert {} == wrong(kind, range(first, first + 5))


# -- sites that share only a folder --------------------------------------------------------------------------------


@pytest.fixture
def apart(tmp_path: Path) -> SitesApart:
    """The same world, where letters between the sites are files in the folder of the site link."""
    made = SitesApart(1, tmp_path, faults=False, mail=APART)
    made.settle(2)
    return made


def test_everybody_is_in_every_list_where_sites_share_only_a_folder(apart: SitesApart) -> None:
    """Neither shadow postoffice knows where the other one is, and nothing is left on the way."""
    assert [] == apart.problems()
    assert [9, 9, 9, 9] == [len(apart.place(place).held()) for place in PLACES]
    assert [] == apart.quiet()
    assert [] == [path for site in apart.sites.values() for path in site.between.glob("*.eml")]
    for name, other in (SITES, SITES[::-1]):
        with apart.sites[name].shadow.look() as files:
            assert RouteKind.BAG is find(files, other).route.kind


def test_a_request_and_its_answer_go_through_the_bag(apart: SitesApart) -> None:
    """Somebody who comes to PO2 is at X1 when the file has been carried there, and her answer comes back as one."""
    mailbox = apart.add(PO2)
    apart.offices[PO2].ask()
    apart.offices[PO2].move()
    given_out = apart.sites[X2].move()
    apart.carry()
    taken = apart.sites[X1].move()
    apart.sites[X1].sync()
    back = apart.sites[X1].move()
    apart.carry()
    there = apart.sites[X2].move()

    assert ({X1: 2}, {X2: 2}) == (given_out.forwarded, taken.fetched)  # the request, and the status report
    assert apart.people[PO2][mailbox] == apart.sites[X1].held()[f"{PO2}/{mailbox}"]
    assert ({X2: 1}, {X1: 1}, {PO2: 1}) == (back.forwarded, there.fetched, there.delivered)


def test_a_report_comes_back_from_the_other_site(apart: SitesApart) -> None:
    """Who at PO2 writes to nobody at PO1 is told, through the bag both ways."""
    send(apart, PO2, f"{PO1}/NOBODY")
    for name in (PO2, X2, X1, X2):
        apart.place(name).move()
        apart.carry()

    assert ["Undeliverable: Lunch?"] == waiting(apart, PO2, sorted(apart.people[PO2])[0])


# -- what two sites must not share ---------------------------------------------------------------------------------


def told(folder: Path, mail: Mapping[str, str]) -> list[list[str]]:
    """What the administrators of both sites are told after three cycles, with these links to MS Mail."""
    world = ManySites(1, folder, faults=False, mail=mail)
    for _ in range(3):
        for site in world.sites.values():
            site.sync()
        world.carry()
    return [[notice.text for notice in site.site.store.notices.open()] for site in world.sites.values()]


def test_sites_that_share_nothing_are_told_nothing(tmp_path: Path) -> None:
    """That PO2 is behind X2 and the requestor of X1 is as it should be."""
    assert [[], []] == told(tmp_path, MAIL_OF)


@pytest.mark.dx("T-201")
def test_two_sites_that_serve_one_postoffice_are_told(tmp_path: Path) -> None:
    """KB Q201084: both learn which postoffice it is, once, and what to do about it."""
    peer = f'[links.pcmail.peers."{PO2}"]\nno_password = true\n'
    text = f"both sites synchronize with MS:{PO2}: leave it to one of them, and take it out of the other's links"

    assert [[text], [text]] == told(tmp_path, {**MAIL_OF, X2: MAIL_OF[X2] + peer})


@pytest.mark.dx("T-201")
def test_two_sites_of_one_server_are_told(tmp_path: Path) -> None:
    """KB Q151668: a postoffice that one site serves is the directory server of the other one."""
    requestor = """
[links.requestor]
connector = "msmail-requestor"
import_container = "MS Mail"
[links.requestor.msmail-requestor]
server = "SOUTH/PO2"
postoffice = "BERLIN2"
"""
    found = told(tmp_path, {**MAIL_OF, X2: MAIL_OF[X2] + requestor})

    assert ["both sites synchronize with MS:SOUTH/PO2"] * 2 == [text.partition(": leave")[0] for (text,) in found]


@pytest.mark.dx("T-165")
def test_two_sites_of_one_name_are_told(tmp_path: Path) -> None:
    """KB Q187779: two sites whose shadow postoffices have one name would be one $SYSTEM to every postoffice."""
    same = (
        MAIL_OF[X2]
        .replace("patience = 0.0", 'patience = 0.0\npostoffice = "HQ"')
        .replace(f'"{X1}" = "../x1/shadow", ', "")
    )
    same = same.replace('via = { "NORTH/PO1" = "LAB/HQ" }', "")
    found = told(tmp_path, {**MAIL_OF, X2: same})

    text = "both sites are called MS:LAB/HQ: give one of them another name in that mail system"
    assert [True, True] == [text in texts for texts in found]


@pytest.mark.dx("T-201")
def test_a_site_that_is_also_a_peer_is_told(tmp_path: Path) -> None:
    """A site whose people come over the site link must not be registered as a requestor, too."""
    peer = f'[links.pcmail.peers."{X2}"]\nno_password = true\n'
    found = told(tmp_path, {**MAIL_OF, X1: MAIL_OF[X1] + peer})

    assert [
        [f"{X2} is this site's peer as MS:{X2}, too: its people come by one link only; remove that peer"],
        [f"this site is a peer of {X1} as MS:{X2}, too: its people come by one link only; have it removed there"],
    ] == found
