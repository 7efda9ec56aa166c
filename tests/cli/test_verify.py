"""`dxa verify` and the links in `dxa check`: every damage is found, and what follows from the rest is mended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from dxa.connector import Fault, ParcelKind
from dxa.errors import TransportError
from tests.cli.driver import Driver

KEYS = {"area", "subject", "text", "warning", "repair", "mended", "advice"}


@pytest.fixture
def spoken(linked: Driver) -> Driver:
    """Two peers have asked and were answered, one has told of somebody outside its own list."""
    linked.system.put("Zoe", "zoe")
    for peer, name in (("NET/A", "Dora"), ("NET/B", "Bert")):
        linked.world.ask(peer, name, r=1, was=0, s=0)
    assert 0 == linked("sync").status
    return linked


def _sql(site: Driver, *statements: str) -> None:
    with closing(sqlite3.connect(site.folder / "dxa.db")) as database:
        for statement in statements:
            assert database.execute(statement).rowcount, statement
        database.commit()


def _found(site: Driver, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site("verify", "--json", *options).json["findings"]
    return found


@pytest.mark.dx("T-189")
def test_a_sound_site_has_no_findings(spoken: Driver) -> None:
    """Of a site that works nothing is told, before and after a repair, and the repair changes nothing."""
    before = spoken("recipients", "list", "--json").out
    done = spoken("verify", "--repair")

    assert [] == _found(spoken)
    assert 0 == done.status
    assert "0 faults, 0 warnings, 0 mended" in " ".join(done.out.split())
    assert before == spoken("recipients", "list", "--json").out


DAMAGES = {
    "address of nobody": (
        "directory",
        "INSERT INTO proxy VALUES ('PO:lab/hq/ghost', 999, 'PO', 'LAB/HQ/GHOST', 0)",
        "PO:lab/hq/ghost is the address of no recipient",
    ),
    "living dead": ("directory", "INSERT INTO tombstone VALUES (1, 1)", "recipient 1 counts as deleted"),
    "applied to nobody": (
        "received lists",
        "UPDATE received SET recipient = 999 WHERE name = 'Dora'",
        "is applied to recipient 999",
    ),
    "not pending": (
        "received lists",
        "UPDATE received SET applied = 'other', pending = 0 WHERE name = 'Dora'",
        "is not seen as pending",
    ),
    "two lines": (
        "told lines",
        "INSERT INTO told SELECT id + k, 'post/NET/A', 4, 'k', 'PO', 'X/Y', 'n', 'X/Y/N', '[]', 1, NULL "
        "FROM (SELECT 900 AS id), (SELECT 1 AS k UNION SELECT 2)",
        "2 lines of recipient 4 count as told at once",
    ),
    "overlap": (
        "views",
        "INSERT INTO view_row SELECT 900 + view, view, recipient, type, instead_of, list, name, address, fields, "
        "owner, wanted, slot, since, since + 1 FROM view_row WHERE name = 'Ann'",
        "'Ann' is there twice at number",
    ),
    "ahead": ("views", "UPDATE view_row SET since = 9999 WHERE name = 'Ann'", "'Ann' has numbers that cannot be"),
    "gone": ("views", "UPDATE view_row SET recipient = 999 WHERE name = 'Ann'", "the recipient is gone"),
    "not carried": ("views", "DELETE FROM carried", "does not count as carried"),
    "lost cut": ("cuts", "UPDATE cut SET view = 99 WHERE peer = 'post/NET/A'", "leads nowhere"),
    "low counter": (
        "numbers",
        "UPDATE counter SET value = 1 WHERE name = 'recipient'",
        "the counter recipient is below",
    ),
    "low numbers": ("numbers", "UPDATE counter SET value = 1 WHERE name = 'seq:post'", "the numbers of link post"),
}


@pytest.mark.dx("T-189")
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_found_and_mended(spoken: Driver, name: str) -> None:
    """What follows from the rest of the database is mended; then all peers come to what they should have."""
    area, statement, text = DAMAGES[name]
    _sql(spoken, statement)
    found = _found(spoken)
    done = spoken("verify")
    repaired = spoken("verify", "--repair")

    assert KEYS == found[0].keys()
    assert {area} == {each["area"] for each in found if not each["warning"]}
    assert any(text in each["text"] for each in found)
    assert 1 == done.status
    assert "--repair mends it" in done.out
    assert 0 == repaired.status, repaired.out
    assert "mended: " in repaired.out
    assert 0 == spoken("sync").status
    _converges(spoken)


def _converges(site: Driver) -> None:
    """Who gets a full list now gets everybody; who needs none is told nothing that is wrong."""
    for _ in range(2):
        for peer in ("NET/A", "NET/B"):
            last = [p for p in site.world.delivered if p.peer.name == peer][-1].reply
            assert last is not None
            site.world.ask(peer, r=1, was=1, s=last.s)
        assert 0 == site("sync").status
    for parcel in site.world.delivered[2:]:
        told = {t.new.name for t in parcel.transactions() if t.new is not None and t.new.name}
        assert told == ({"Ann", "Bob", "Cleo"} if parcel.kind is ParcelKind.FULL else set())
    assert [] == _found(site)


@pytest.mark.dx("T-189")
def test_a_parcel_without_content_is_withdrawn(spoken: Driver) -> None:
    """What waits and has lost what it carries does not go out; its peer gets everything instead."""
    spoken.world.failing = "the net is down"
    spoken("recipients", "add", "--name", "New", "--proxy", "PO:LAB/HQ/NEW")
    latest = spoken.world.delivered[0].reply
    assert latest is not None
    spoken.world.ask("NET/A", r=1, was=1, s=latest.s)
    assert 1 == spoken("sync").status
    _sql(spoken, "DELETE FROM content WHERE key = (SELECT content FROM parcel WHERE status = 'ready')")
    (found,) = _found(spoken)
    assert 0 == spoken("verify", "--repair").status
    spoken.world.failing = ""
    spoken.world.ask("NET/A", r=1, was=1, s=latest.s)
    spoken("sync")

    assert ("outbox", "post/NET/A") == (found["area"], found["subject"])
    assert "full" == spoken.world.delivered[-1].kind.value


@pytest.mark.dx("T-189", "T-185")
def test_a_broken_file_is_said_and_left_alone(spoken: Driver) -> None:
    """A file that SQLite finds damaged is not repaired by anybody but a backup."""
    path = spoken.folder / "dxa.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_received_peer_key'").fetchone()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 + 100 : page * 4096] = bytes(4096 - 100)
    path.write_bytes(data)
    done = spoken("verify", "--repair", "--json")

    assert 1 == done.status
    assert {"database"} == {each["area"] for each in done.json["findings"] if not each["warning"]}
    assert "restore the latest backup" in done.json["findings"][0]["advice"]


def test_a_missing_index_is_found(spoken: Driver) -> None:
    """Tables, columns and indexes that are missing are named."""
    with closing(sqlite3.connect(spoken.folder / "dxa.db")) as database:
        database.execute("DROP INDEX ix_told_peer_since")
    (found,) = _found(spoken)

    assert ("schema", "the index ix_told_peer_since of told is missing") == (found["area"], found["text"])


@pytest.mark.dx("T-190")
def test_a_low_mark_is_raised(spoken: Driver) -> None:
    """A high-water file that is behind the database, because an old one was put in its place, is raised."""
    (spoken.folder / "dxa.numbers").unlink()
    (found,) = _found(spoken, "post")
    done = spoken("verify", "--repair")

    assert ("high-water mark", "post") == (found["area"], found["subject"])
    assert 0 == done.status
    assert [] == _found(spoken)


def test_a_damaged_mark_is_said(spoken: Driver) -> None:
    """A high-water file that cannot be read is told and never guessed."""
    (spoken.folder / "dxa.numbers").write_text("rubbish")
    done = spoken("verify", "--repair")

    assert 1 == done.status
    assert "is damaged" in " ".join(done.out.split())


def test_peers_of_the_database_and_of_the_configuration(spoken: Driver) -> None:
    """A peer that is not configured any more is a warning; recipients of a peer that does not exist are a fault."""
    spoken("peers", "remove", "NET/B", "--keep")
    spoken.replace('[links.post.peers."NET/A"]\nno_password = true\n', "")
    (warning,) = _found(spoken)
    _sql(spoken, "UPDATE recipient SET owner = 'old/NET/X' WHERE name = 'Ann'")
    found = [each for each in _found(spoken) if not each["warning"]]

    assert ("post/NET/A", True) == (warning["subject"], warning["warning"])
    assert [("ownership", "old/NET/X")] == [(each["area"], each["subject"]) for each in found]


def test_one_link_or_peer(spoken: Driver) -> None:
    """With a name only what is about that is told; a name that is not known is a wrong usage."""
    _sql(spoken, "UPDATE received SET recipient = 999 WHERE name = 'Dora'")

    for name in ("post", "NET/A"):
        assert ["received lists", "ownership"] == [each["area"] for each in _found(spoken, name)]
    assert [] == _found(spoken, "mem")
    assert [] == _found(spoken, "NET/B")
    assert 2 == spoken("verify", "nowhere").status


def test_what_connectors_say_of_their_side(spoken: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a connector finds out is told by `verify` and by `check`; one that cannot be asked stops no other."""

    def examine(_self: object) -> Iterable[Fault]:
        yield Fault(text="the folder is gone", where="mail/in")
        yield Fault(text="the disk is nearly full", warning=True)

    def failing(_self: object) -> Iterator[Fault]:
        raise TransportError("the server cannot be reached")
        yield

    monkeypatch.setattr(type(spoken.world), "examine", examine, raising=False)
    monkeypatch.setattr("dxa.memory.MemoryConnector.examine", failing, raising=False)
    found = [(each["subject"], each["text"], each["warning"]) for each in _found(spoken)]
    checked = spoken("check", "--json")

    assert [
        ("mem", "the server cannot be reached", True),
        ("post (mail/in)", "the folder is gone", False),
        ("post", "the disk is nearly full", True),
    ] == found
    assert 2 == checked.status
    assert "links.post (mail/in)" in {each["key"] for each in checked.json["findings"]}
    assert "the server cannot be reached" in spoken("check").out
    spoken.configure("nonsense = 1\n")
    assert "the server cannot be reached" not in spoken("check").out


def test_a_connector_that_breaks_when_it_is_asked_stops_no_other(
    spoken: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a connector raises when it is examined, or gives that is no fault, is told as its error."""

    def breaking(_self: object) -> list[Fault]:
        raise KeyError("lost")

    monkeypatch.setattr(type(spoken.world), "examine", lambda _self: ["a text"], raising=False)
    monkeypatch.setattr("dxa.memory.MemoryConnector.examine", breaking, raising=False)

    assert [
        ("mem", "plugin memory: examine raised KeyError: 'lost'"),
        ("post", "plugin post: examine has given 'a text', which is no fault"),
    ] == [(each["subject"], each["text"]) for each in _found(spoken)]
    assert [False, False] == [each["mended"] for each in _found(spoken, "--repair")]


def test_a_link_whose_secret_is_missing_is_told(linked: Driver) -> None:
    """An unset variable keeps nobody from looking at the site, and is a problem of `check`."""
    linked.configure('\n[links.post.peers."NET/C"]\npassword = "env:DXA_NOT_SET"\n')

    for command in (("status",), ("peers", "list"), ("history",), ("recipients", "list"), ("verify",)):
        assert 0 == linked(*command).status
    assert "environment variable DXA_NOT_SET is not set" in " ".join(linked("check").out.split())
    assert 2 == linked("sync").status
