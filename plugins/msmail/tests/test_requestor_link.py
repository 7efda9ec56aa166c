"""dxa as a requestor of a directory synchronization server, which here is another dxa."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from shutil import copyfile

import attrs
import pytest

from dxa.agent import queries
from dxa.recipient import Kind
from tests.cases.harness import SiteHarness
from tests.labs.pair import SERVER, SitePair, requestor_text


@attrs.define
class Pair(SitePair):
    """The two, whose last messages wait."""

    def cycle(self) -> None:
        """T1, T2, and the requestor takes in the answer, which goes with its next T1."""
        self.requestor.sync()
        self.carry()
        self.server.sync()
        self.carry()
        self.requestor.sync()


MakePair = Callable[..., Pair]


@pytest.fixture
def make_pair(tmp_path: Path) -> Iterator[MakePair]:
    """Two sites that know each other; options are further lines of the requestor's link."""
    made: list[SiteHarness] = []

    def make(options: str = "", containers: str = '"Staff"', server: str = "") -> Pair:
        there = requestor_text(containers, options)
        folder = tmp_path / str(len(made))
        for name, text in (("server", SERVER + server), ("requestor", there)):
            (folder / name).mkdir(parents=True)
            made.append(SiteHarness(folder / name, text))
        return Pair(*made[-2:])

    yield make
    for site in made:
        site.close()


def test_people_come_and_go_both_ways(make_pair: MakePair) -> None:
    """The site's people are custom recipients at the server's site, and the server's people here."""
    pair = make_pair()
    pair.requestor.add("Ann West")
    pair.server.add("Bob Main")
    pair.cycle()

    assert ["Ann West"] == pair.server.names(container="Imported")
    assert ["Bob Main"] == pair.requestor.names(container="Far")

    pair.requestor.edit("Ann West", name="Ann Weston")
    pair.server.remove("Bob Main")
    pair.server.add("Cy Main")
    pair.cycle()

    assert ["Ann Weston"] == pair.server.names(container="Imported")
    assert ["Cy Main"] == pair.requestor.names(container="Far")


def test_a_transaction_is_sent_until_it_is_acknowledged(make_pair: MakePair) -> None:
    """Transactions keep their numbers, however often they go out, and stop when the server has taken them."""
    pair = make_pair()
    pair.requestor.add("Ann West")
    subjects = []
    for _ in range(2):
        pair.requestor.sync()
        subjects += [message.subject for _, message in pair.requestor.sent()]
        for file in pair.requestor.outbox.iterdir():
            file.unlink()
    pair.cycle()
    subjects += [message.subject for _, message in pair.requestor.sent()]

    lost, answered = "ReqTx R=2 (was 0), S=0, I=1 2 sent", "ReqTx R=2 (was 2), S=1, I=1 0 sent"
    assert [lost, lost, answered] == subjects


def test_only_the_sites_own_list_goes_out(make_pair: MakePair) -> None:
    """A requestor relays nobody: whom the server told does not come back to it, under no address (KB Q152935)."""
    pair = make_pair(containers='"Staff", "Far"')
    pair.server.add("Bob Main")
    pair.requestor.add("Ann West")
    pair.cycle()
    pair.cycle()

    assert ["Ann West"] == pair.server.names(container="Imported")


def test_who_asks_why_is_told_that_a_requestor_relays_nobody(make_pair: MakePair) -> None:
    """`dxa explain` and the counts of `dxa peers list` say what a server is told, not what its view would show."""
    pair = make_pair(containers='"Staff"')
    pair.requestor.configure(pair.requestor.text.replace("import_c", "export_custom = { manual = true }\nimport_c"))
    pair.requestor.add("Ann West")
    pair.requestor.add("Far Friend", kind=Kind.CUSTOM, target="MS:FAR/AWAY/FRIEND")
    pair.cycle()

    site = pair.requestor.site
    told = [queries.explain(site, name).exports[0] for name in ("Ann West", "Far Friend")]
    assert [(True, ""), (False, "FAR/AWAY is not the site's own list: to a server no other one is told")] == [
        (each.shown, each.why) for each in told
    ]
    assert [1] == [each.shown for each in queries.peers(site)]


def test_a_database_that_is_put_back_uses_no_number_again(make_pair: MakePair) -> None:
    """A copied database without `dxa restore`: a server takes each number once, so the whole list goes above them."""
    pair = make_pair()
    pair.requestor.add("Ann West")
    pair.cycle()
    pair.requestor.sync()
    copy = pair.requestor.folder / "copy.db"
    pair.requestor.close()
    copyfile(pair.requestor.folder / "dxa.db", copy)
    pair.requestor.open()
    pair.requestor.add("Bob West")
    pair.cycle()
    (row,) = pair.requestor.site.store.peers.all()
    pair.requestor.close()
    copyfile(copy, pair.requestor.folder / "dxa.db")
    pair.requestor.open()
    pair.requestor.add("Cy West")
    pair.requestor.plan()
    pair.requestor.sync()
    waiting = pair.requestor.site.store.queue.waiting(row.id)
    ((_, told),) = pair.requestor.notices()

    assert [row.asking.last + number for number in (1, 2, 3)] == [each.number for each in waiting]
    assert f"numbers up to {row.asking.last} may have been sent: an older database was put back" in told
    for _ in range(2):
        pair.carry()
        pair.server.sync()
        pair.carry()
        pair.requestor.sync()
    assert ["Ann West", "Cy West"] == pair.server.names(container="Imported")
    assert [] == pair.requestor.site.store.queue.waiting(row.id)


def test_a_number_that_is_none_of_ours(make_pair: MakePair) -> None:
    """A server that was restored and knows less has the whole list again, and loses nobody."""
    pair = make_pair()
    pair.requestor.add("Ann West")
    pair.server.add("Bob Main")
    pair.cycle()
    pair.cycle()
    copy = pair.server.folder / "copy.db"
    pair.server.close()
    copyfile(pair.server.folder / "dxa.db", copy)
    pair.server.open()
    pair.requestor.add("Cy West")
    pair.cycle()
    pair.cycle()
    pair.server.close()
    copyfile(copy, pair.server.folder / "dxa.db")
    pair.server.open()
    for _ in range(3):
        pair.cycle()

    assert ["Ann West", "Cy West"] == pair.server.names(container="Imported")


def test_participation(make_pair: MakePair) -> None:
    """Without Send Updates nobody goes out, without Receive Updates nobody comes in; requests are made all the same."""
    for option, there, here in (("send = false", [], ["Bob Main"]), ("receive = false", ["Ann West"], [])):
        pair = make_pair(options=option)
        pair.requestor.add("Ann West")
        pair.server.add("Bob Main")
        pair.cycle()

        assert (there, here) == (pair.server.names(container="Imported"), pair.requestor.names(container="Far"))


VALUES = '[links.{}.attributes]\n"Phone:" = "phone"\n"City/ST:" = "city"\n'


@pytest.mark.dx("T-124", "T-129")
def test_values_go_both_ways(make_pair: MakePair) -> None:
    """With a map on both sides values go up behind the definition of the site's list, and come down."""
    pair = make_pair(options="templates = true\n" + VALUES.format("up"), server=VALUES.format("pos"))
    pair.requestor.add("Ann West", fields=(("phone", "1"), ("shoe", "42")))
    pair.server.add("Bob Main", fields=(("city", "Rome"),))
    for _ in range(2):
        pair.cycle()
    (up,) = pair.server.site.store.received.definitions()
    (down,) = pair.requestor.site.store.received.definitions()

    assert [("MUSEUM/WEST", ["Phone:", "City/ST:"]), ("LAB/HQ", ["Phone:", "City/ST:"])] == [
        (entry.list, [prompt for prompt, _ in entry.fields]) for _, entry in (up, down)
    ]
    assert (("phone", "1"),) == pair.server.one("Ann West").fields
    assert (("city", "Rome"),) == pair.requestor.one("Bob Main").fields

    pair.requestor.edit("Ann West", fields=(("city", "Bern"),))
    pair.cycle()

    assert {"city": "Bern"} == {name: value for name, value in pair.server.one("Ann West").fields if value}


@pytest.mark.parametrize("wanted", ["templates = false\n", ""])
@pytest.mark.dx("T-121")
def test_values_need_a_switch_on_both_sides(make_pair: MakePair, wanted: str) -> None:
    """Values come only where the requestor asks for them, and go only where its map and the link's switch say so."""
    pair = make_pair(options=wanted, server=VALUES.format("pos"))
    pair.requestor.add("Ann West", fields=(("phone", "1"),))
    pair.server.add("Bob Main", fields=(("city", "Rome"),))
    for _ in range(2):
        pair.cycle()

    assert ((), ()) == (pair.server.one("Ann West").fields, pair.requestor.one("Bob Main").fields)
    assert [] == pair.server.site.store.received.definitions()


def test_the_requestors_name_on_imported_people(make_pair: MakePair) -> None:
    """KB Q180297: `append_name` puts the link's name behind the names of those who come in."""
    pair = make_pair(options="limit = 0\n")
    pair.requestor.configure(pair.requestor.text.replace("import_container", "append_name = true\nimport_container"))
    pair.server.add("Bob Main")
    for _ in range(2):
        pair.cycle()

    assert ["Bob Main (up)"] == pair.requestor.names(container="Far")


class Weather:
    """What may happen to two sites and the mail between them."""

    def __init__(self, pair: Pair, seed: int) -> None:
        self.pair, self.random = pair, Random(seed)
        self.saved: dict[int, bool] = {}
        self.serial = 0

    def step(self) -> None:
        """One thing happens."""
        choice = self.random.choice
        site = choice((self.pair.server, self.pair.requestor))
        happening = choice((self.edit, self.edit, self.edit, self.sync, self.sync, self.sync, self.mail, self.mail))
        if self.random.random() < 0.08:
            happening = choice((self.save, self.restore))
        happening(site)

    def edit(self, site: SiteHarness) -> None:
        """Somebody comes, goes or gets another name."""
        people = site.names(container="Staff")
        self.serial += 1
        if not people or self.random.random() < 0.5:
            site.add(f"P{self.serial} Staff", f"P{self.random.randrange(6)}X{self.serial}")
        elif self.random.random() < 0.5:
            site.edit(self.random.choice(people), name=f"N{self.serial} Staff")
        else:
            site.remove(self.random.choice(people))

    def sync(self, site: SiteHarness) -> None:
        """A cycle of one site."""
        site.sync()

    def mail(self, site: SiteHarness) -> None:
        """The mail of one site is carried, lost, doubled, held back or mixed up."""
        other = self.pair.server if site is self.pair.requestor else self.pair.requestor
        files = sorted(site.outbox.iterdir()) if site.outbox.is_dir() else []
        self.random.shuffle(files)
        other.inbox.mkdir(parents=True, exist_ok=True)
        for file in files:
            fate = self.random.choice(("carried", "carried", "carried", "lost", "doubled", "held back"))
            self.serial += 1
            if fate == "doubled":
                copyfile(file, other.inbox / f"{self.serial}-{file.name}")
            if fate == "lost":
                file.unlink()
            elif fate != "held back":
                file.rename(other.inbox / f"{self.serial}-{file.name}")

    def save(self, site: SiteHarness) -> None:
        """A backup of a site's database."""
        site.close()
        copyfile(site.folder / "dxa.db", site.folder / "backup.db")
        site.open()

    def restore(self, site: SiteHarness) -> None:
        """A site's database is brought back from a backup; the numbers beside it stay."""
        if (site.folder / "backup.db").exists():
            site.close()
            copyfile(site.folder / "backup.db", site.folder / "dxa.db")
            site.open()


@pytest.mark.parametrize("seed", range(25))
def test_any_weather_ends_in_agreement(make_pair: MakePair, seed: int) -> None:
    """Loss, doubling, delay, mixed order and restored databases on both sides: clean cycles make both sides agree."""
    pair = make_pair()
    weather = Weather(pair, seed)
    for _ in range(40):
        weather.step()
    for _ in range(5):
        pair.cycle()
        pair.server.approve()
        pair.requestor.approve()

    assert pair.requestor.names(container="Staff") == pair.server.names(container="Imported")
    assert pair.server.names(container="Staff") == pair.requestor.names(container="Far")


def test_a_person_asks_for_everything_anew(make_pair: MakePair) -> None:
    """An administrator's wish for an export or an import goes out with the next request, once."""
    pair = make_pair()
    pair.requestor.add("Ann West")
    pair.server.add("Bob Main")
    pair.cycle()
    pair.cycle()
    link = pair.requestor.site.config.link("up")
    pair.requestor.admin.want_full(link, "up")
    pair.requestor.admin.want_import(link, "up")
    pair.carry()
    pair.server.sync()
    pair.carry()
    for file in pair.requestor.inbox.iterdir():
        file.unlink()
    subjects = []
    for _ in range(2):
        pair.requestor.sync()
        subjects += [message.subject for _, message in pair.requestor.sent()]
        pair.carry()
        pair.server.sync()
        pair.carry()

    assert ["ReqTx R=4 (was 2), S=0, I=2 2 sent", "ReqTx R=4 (was 4), S=8, I=2 0 sent"] == subjects
    assert ["Ann West"] == pair.server.names(container="Imported")
    assert ["Bob Main"] == pair.requestor.names(container="Far")
