"""Three sites, and other systems behind them: who passes on whose people, and that nobody comes home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from dxa_sitelink.lines import SITE
from tests.worlds.linkedsite import LINK, Site
from tests.worlds.sitelink import LinkedSites

A, B, C = "LAB/A", "LAB/B", "LAB/C"
CHAIN = {A: [B], B: [A, C], C: [B]}
RING = {A: [B, C], B: [A, C], C: [A, B]}


def world_of(links: Mapping[str, Sequence[str]]) -> LinkedSites:
    """Sites with one person each, in step."""
    world = LinkedSites(0, links=links)
    world.faults = False
    for site in world.sites.values():
        site.add("ONE", f"One of {site.name}")
    world.settle(6)
    return world


def people(site: Site) -> dict[str, tuple[str, str]]:
    """Who of other sites is there: name, with the peer that tells it and the site it comes from."""
    told = [recipient for recipient in site.store.directory.all() if recipient.owner]
    return {r.name: (r.owner.removeprefix(f"{LINK}/"), dict(r.fields).get(SITE, "")) for r in told}


def rejects(world: LinkedSites) -> list[str]:
    """All that could not be used anywhere."""
    return [reject.reason for site in world.sites.values() for reject in site.store.rejects.list()]


def test_a_site_between_two_passes_their_people_on() -> None:
    """In a chain everybody is everywhere, told by the neighbour, and known to come from where it is."""
    world = world_of(CHAIN)

    assert {"One of LAB/B": (B, B), "One of LAB/C": (B, C)} == people(world.sites[A])
    assert {"One of LAB/A": (A, A), "One of LAB/C": (C, C)} == people(world.sites[B])
    assert {"One of LAB/B": (B, B), "One of LAB/A": (B, A)} == people(world.sites[C])
    assert [] == world.problems() + world.quiet() + rejects(world)


def test_whoever_leaves_a_site_leaves_all() -> None:
    """A deletion goes through the site between."""
    world = world_of(CHAIN)
    a = world.sites[A]
    a.admin.remove([recipient.id for recipient in a.own()])
    world.settle(5)

    assert ["One of LAB/B"] == list(people(world.sites[C]))
    assert [] == world.problems() + rejects(world)


def test_a_ring_does_not_echo() -> None:
    """Where every site has a link with each other one, each tells its own people and nobody's come home."""
    world = world_of(RING)
    for site in world.sites.values():
        site.add("TWO", f"Two of {site.name}")
    world.settle(4)

    for name, site in world.sites.items():
        assert {f"{n} of {other}": (other, other) for other in RING[name] for n in ("One", "Two")} == people(site)
    assert [] == world.quiet() + rejects(world)


@pytest.mark.parametrize("links", [CHAIN, RING], ids=["chain", "ring"])
def test_people_of_other_systems_are_passed_on(links: Mapping[str, Sequence[str]]) -> None:
    """Whom a site is told by another system, it tells the other sites as people of its own site, and takes back."""
    world = world_of(links)
    a, c = world.sites[A], world.sites[C]
    a.local.put("Guest", "guest")
    world.settle(4)
    assert (links[C][0], A) == people(c)["Guest"]

    a.local.delete("guest")
    world.settle(4)
    assert "Guest" not in people(c)
    assert [] == world.quiet() + rejects(world)


def test_an_address_that_both_sites_are_told_of() -> None:
    """Each keeps its own, and says so; when one side is told of it no more, the other side's is what it gets."""
    world = LinkedSites(0, links={A: [B], B: [A]})
    world.faults = False
    a, b = world.sites[A], world.sites[B]
    a.local.put("Guest", "guest")
    b.local.put("Visitor", "guest")
    world.settle(4)
    assert ("Guest", "Visitor") == tuple(r.name for s in (a, b) for r in s.store.directory.all())
    assert {"the address belongs to"} == {text[:22] for text in rejects(world)}

    b.local.delete("guest")
    world.settle(4)
    assert ["Guest"] == [r.name for r in b.told_by(A)]
    assert [] == world.problems() + world.quiet() + rejects(world)


@pytest.mark.parametrize("seed", range(6))
def test_three_sites_agree_after_faults(seed: int) -> None:
    """A chain under loss, damage, restores and crashes: everything agrees in the end."""
    world = LinkedSites(seed, links=CHAIN)
    for _ in range(40):
        world.step()
    world.settle(8)

    assert [] == world.problems() + world.quiet()
