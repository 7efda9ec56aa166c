"""Two sites and the folder between them: what passes, what is refused, what is lost and comes again."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from dxa_sitelink.container import seal, unseal
from dxa_sitelink.messages import Batch, Way
from dxa_sitelink.reading import DAMAGED, FOREIGN, FORGED, INCOMPLETE, REPLAYED, UNSIGNED
from dxa_sitelink.sites import FileName, read_name, tag
from tests.worlds.linkedsite import LINK, Site, key_of
from tests.worlds.sitelink import LinkedSites

HQ, BERLIN = "LAB/HQ", "LAB/BERLIN"


@attrs.frozen
class Pair:
    """Two sites that know each other, and the world around them."""

    world: LinkedSites
    hq: Site
    berlin: Site


@pytest.fixture
def pair() -> Pair:
    """Two sites, each with two people, in step."""
    world = LinkedSites(0)
    world.faults = False
    pair = Pair(world, world.sites[HQ], world.sites[BERLIN])
    for site, people in ((pair.hq, ("ANN", "CY")), (pair.berlin, ("BOB", "DI"))):
        for alias in people:
            site.add(alias, alias.title())
    world.settle(3)
    return pair


def batches(site: Site, sender: str) -> list[str]:
    """The batches of that sender in the site's folder."""
    found = {name: read_name(name) for name in site.folder.names()}
    return [name for name, what in found.items() if what and what.sender == tag(sender) and what.number is not None]


def forge(pair: Pair, number: int, data: Callable[[Way, Batch], bytes]) -> str:
    """Put a file into the folder at Berlin that looks like one of HQ."""
    batch = Batch(number=number, was=0, ack=0, full=True, count=1, body=b'{"n":%d,"do":"replace"}\n' % number)
    name = str(FileName(tag(HQ), tag(BERLIN), "main", number))
    pair.berlin.folder.files[name] = data(Way(sender=HQ, to=BERLIN, link="main"), batch)
    return name


def test_both_have_the_others_people(pair: Pair) -> None:
    """Each site has the people of the other as custom recipients with all their addresses, and no batch is left."""
    ann = next(r for r in pair.berlin.told_by(HQ) if r.alias == "ANN")

    assert [] == pair.world.problems()
    assert ("custom", "MS:LAB/HQ/ANN", "Sites") == (ann.kind.value, str(ann.target), ann.container)
    assert {"MS", "SMTP"} == {proxy.type for proxy in ann.proxies}
    assert [] == batches(pair.hq, HQ) + batches(pair.berlin, BERLIN)


def test_nothing_is_written_when_nothing_is_new(pair: Pair) -> None:
    """Sites that are in step write no file, archive no message and use no number, however often they run."""
    numbers = [site.store.highest(LINK) for site in pair.world.sites.values()]

    assert [] == pair.world.quiet()
    assert numbers == [site.store.highest(LINK) for site in pair.world.sites.values()]


def test_news_goes_without_being_asked(pair: Pair) -> None:
    """A change goes out with the next cycle and arrives with the other site's next one."""
    pair.hq.add("EVA", "Éva")
    pair.hq.sync()
    pair.world.carry()
    pair.berlin.sync()

    assert "Éva" in [r.name for r in pair.berlin.told_by(HQ)]


def test_a_change_keeps_the_recipient(pair: Pair) -> None:
    """Another name, another address, a field that comes and goes: it stays the same recipient at the other site."""
    ann = next(r for r in pair.hq.own() if r.alias == "ANN")
    before = next(r for r in pair.berlin.told_by(HQ) if r.alias == "ANN")
    fields = (("department", "Physics"),)
    pair.hq.admin.edit(ann.id, lambda r: attrs.evolve(r, name="Anna", fields=fields))
    pair.world.round()
    pair.hq.admin.edit(ann.id, lambda r: attrs.evolve(r, fields=()))
    pair.world.round()
    pair.world.round()
    after = next(r for r in pair.berlin.told_by(HQ) if r.alias == "ANN")

    assert (before.id, "Anna") == (after.id, after.name)
    assert "department" not in dict(after.fields)


def test_while_the_other_is_away_the_latest_batch_is_enough(pair: Pair) -> None:
    """Every batch leads on from what the other side holds, so the folder holds one, however long nobody looks."""
    for number in range(5):
        pair.hq.add(f"N{number}", f"New {number}")
        pair.hq.sync()

    assert 1 == len(batches(pair.hq, HQ))
    pair.world.settle(2)
    assert [] == pair.world.problems()


def test_people_of_the_other_side_bring_no_batch_of_ours(pair: Pair) -> None:
    """What the other site tells is new to the directory and nothing new to the other site, so nothing goes back."""
    before = len(pair.hq.store.outbox.list())
    pair.berlin.add("EVA", "Éva")
    for _ in range(3):
        pair.world.round()

    assert before == len(pair.hq.store.outbox.list())
    assert [] == pair.world.problems() + pair.world.quiet()


def test_a_cut_that_is_far_behind_is_moved_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """When very much was told by the other side, one empty batch makes looking for news cheap again."""
    monkeypatch.setattr("dxa.agent.answers.LAG", 2)
    for number in range(5):
        pair.berlin.add(f"N{number}", f"New {number}")
    for _ in range(4):
        pair.world.round()

    assert [] == pair.world.problems() + pair.world.quiet()


@pytest.mark.parametrize("which", ["batch", "all", "everywhere"])
def test_what_is_lost_is_sent_again(pair: Pair, which: str) -> None:
    """A batch that vanished, a folder that was deleted: within two cycles of each side all is there."""
    pair.hq.add("EVA", "Éva")
    pair.hq.sync()
    if which == "batch":
        for name in batches(pair.hq, HQ):
            del pair.hq.folder.files[name]
    else:
        pair.hq.folder.files.clear()
    if which == "everywhere":
        pair.berlin.folder.files.clear()
    pair.world.round()
    pair.world.round()
    pair.world.round()

    assert [] == pair.world.problems() + pair.world.quiet()


@pytest.mark.parametrize("which", [HQ, BERLIN])
def test_a_site_that_is_set_back_catches_up(pair: Pair, which: str) -> None:
    """A store restored from a backup: what it lacks of the other comes again, and its own state is what counts."""
    site = pair.world.sites[which]
    backup = site.store.dump()
    for one in (pair.hq, pair.berlin):
        one.add("EVA", "Éva")
        one.admin.remove([next(r.id for r in one.own() if r.alias in ("CY", "DI"))])
    pair.world.settle(3)
    assert [] == pair.world.problems()
    site.store.load(backup)
    site.agent = site.start()
    pair.world.settle(4)

    assert [] == pair.world.problems()
    assert len(pair.hq.told_by(BERLIN)) == len(pair.berlin.view(HQ))


def test_a_peer_registered_anew_gets_everything(pair: Pair) -> None:
    """A peer that was removed and configured again is told all, and tells all."""
    from dxa.agent.admin import Leftover

    pair.hq.admin.remove_peer(f"{LINK}/{BERLIN}", Leftover.DELETE)
    pair.world.settle(4)

    assert [] == pair.world.problems()
    assert 2 == len(pair.hq.told_by(BERLIN))


# -- what is not believed ------------------------------------------------------------------------------------------

BAD = {
    UNSIGNED: lambda way, batch: batch.seal(way, None),
    FORGED: lambda way, batch: batch.seal(way, key_of("somebody else")),
    DAMAGED: lambda way, batch: batch.seal(way, key_of(HQ)).replace(b'"full":true', b'"full":True'),
    INCOMPLETE: lambda way, batch: batch.seal(way, key_of(HQ))[:-9],
    FOREIGN: lambda way, batch: batch.seal(attrs.evolve(way, to="LAB/ROME"), key_of(HQ)),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_proves_nothing_changes_nothing(pair: Pair, kind: int) -> None:
    """Unsigned, wrongly signed, changed, cut or meant for another: kept aside, told once, and nobody is deleted."""
    name = forge(pair, 900_000, BAD[kind])
    before = pair.berlin.told_by(HQ)
    outcome = pair.berlin.sync()
    again = pair.berlin.sync()

    assert before == pair.berlin.told_by(HQ)
    assert [kind] == [n.code for n in pair.berlin.store.notices.open()]
    assert (1, 0) == (len(outcome.notices), len(again.notices))
    (copy,) = pair.berlin.copies.kept
    assert copy.startswith(name)
    assert name in pair.berlin.copies.kept[copy][1]
    pair.world.round()
    assert name not in pair.berlin.folder.files
    assert [] == pair.world.problems()


def test_a_batch_under_another_number_is_refused(pair: Pair) -> None:
    """The signed number counts, and a name that says another is no accident."""
    name = forge(pair, 900_000, lambda way, batch: batch.seal(way, key_of(HQ)))
    data = pair.berlin.folder.files.pop(name)
    pair.berlin.folder.files[name.replace("900000", "900001")] = data
    pair.berlin.sync()

    assert [DAMAGED] == [n.code for n in pair.berlin.store.notices.open()]
    assert 2 == len(pair.berlin.told_by(HQ))


def test_an_old_batch_is_not_taken_again(pair: Pair) -> None:
    """A batch from before, put back by somebody, is older than what was taken: told, kept aside, without effect."""
    pair.hq.add("EVA", "Éva")
    pair.hq.sync()
    (name,) = batches(pair.hq, HQ)
    old = pair.hq.folder.files[name]
    pair.world.settle(2)
    pair.hq.admin.remove([next(r.id for r in pair.hq.own() if r.alias == "EVA")])
    pair.world.settle(2)
    pair.berlin.folder.files[name] = old
    pair.berlin.sync()

    assert [REPLAYED] == [n.code for n in pair.berlin.store.notices.open()]
    assert "Éva" not in [r.name for r in pair.berlin.told_by(HQ)]
    pair.world.round()
    assert [] == pair.world.problems()


def test_a_damaged_status_is_written_again(pair: Pair) -> None:
    """A status that was changed by somebody is not believed; its own site sees it and writes it anew."""
    name = str(FileName(tag(HQ), tag(BERLIN), "main", None))
    for site in (pair.hq, pair.berlin):
        sealed = unseal(site.folder.files[name])
        header = {key: value for key, value in sealed.header.items() if key not in ("format", "version")}
        site.folder.files[name] = seal({**header, "ack": 0}, b"", key_of("somebody else"))
    pair.berlin.sync()
    pair.world.settle(2)

    assert [] == pair.world.problems() + pair.world.quiet()
    assert key_of(HQ).public.signed(
        unseal(pair.hq.folder.files[name]).signed, unseal(pair.hq.folder.files[name]).signature or b""
    )


def test_a_site_that_nobody_knows_is_told_and_left_alone(pair: Pair) -> None:
    """Files of a site that is no peer change nothing; they belong to their writer, so they stay."""
    way = Way(sender="LAB/ROME", to=BERLIN, link="main")
    name = str(FileName(tag(way.sender), tag(BERLIN), "main", 3))
    batch = Batch(number=3, was=0, ack=0, full=True, count=0, body=b"")
    pair.berlin.folder.files[name] = batch.seal(way, key_of("LAB/ROME"))
    pair.berlin.sync()
    pair.berlin.sync()

    assert [FOREIGN] == [n.code for n in pair.berlin.store.notices.open()]
    assert name in pair.berlin.folder.files
    assert [] == pair.world.problems()


def test_a_mass_delete_waits_for_a_person(pair: Pair) -> None:
    """Most of the other site's people are gone at once: the guard holds it, and an approval lets it through."""
    for number in range(20):
        pair.hq.add(f"N{number}", f"New {number}")
    pair.world.settle(2)
    pair.hq.admin.remove([r.id for r in pair.hq.own() if r.alias.startswith("N")])
    for _ in range(2):
        pair.world.round()

    assert 22 == len(pair.berlin.told_by(HQ))
    (plan,) = pair.berlin.admin.held()
    assert 20 == len(plan.held)
    pair.world.settle(2)
    assert [] == pair.world.problems()
