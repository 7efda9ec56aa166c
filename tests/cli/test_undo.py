"""`dxa undo`: a run is taken back, except what has changed since, and stays so until the peer says something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.driver import DAY, Driver

KEYS = {"run", "applied", "plan", "changes", "conflicts"}


@pytest.fixture
def told(linked: Driver) -> Driver:
    """The system in memory has told of three people."""
    for name in ("Xena", "Yves", "Zoe"):
        linked.system.put(name, name.lower())
    assert 0 == linked("sync").status
    return linked


def _names(site: Driver) -> list[str]:
    return sorted(each["name"] for each in site("recipients", "list", "--json").json["recipients"])


def _last(site: Driver) -> int:
    runs: list[dict[str, Any]] = site("history", "--json").json["runs"]
    return int(runs[0]["run"])


def _id(site: Driver, name: str) -> int:
    return int(site("recipients", "show", name, "--json").json["id"])


def test_a_change_by_hand_is_taken_back(linked: Driver) -> None:
    """What was modified is as before, what was added is gone, and what was removed is there again, with its number."""
    linked("recipients", "set", "Ann", "--name", "Anne")
    first = linked("undo", str(_last(linked)), "--json")
    linked("recipients", "add", "--name", "Dan")
    second = linked("undo", str(_last(linked)))
    bob = linked("recipients", "show", "Bob", "--json").json
    linked("recipients", "remove", "Bob")
    third = linked("undo", str(_last(linked)))

    assert KEYS == first.json.keys()
    assert [0, 0, 0] == [done.status for done in (first, second, third)]
    assert ["Ann", "Bob", "Cleo"] == _names(linked)
    assert bob["proxies"] == linked("recipients", "show", str(bob["id"]), "--json").json["proxies"]
    assert "Undone by run" in third.out


def test_an_undoing_can_be_undone(linked: Driver) -> None:
    """The run that takes another one back is a run, too."""
    linked("recipients", "set", "Ann", "--name", "Anne")
    linked("undo", str(_last(linked)))
    linked("undo", str(_last(linked)))

    assert ["Anne", "Bob", "Cleo"] == _names(linked)


def test_a_dry_run_changes_nothing(linked: Driver) -> None:
    """What would be done is shown, and nothing is done."""
    linked("recipients", "set", "Ann", "--name", "Anne")
    run = _last(linked)
    done = linked("undo", str(run), "--dry-run")

    assert 0 == done.status
    assert "name: Anne → Ann" in done.out
    assert "Anne" in _names(linked)
    assert run == _last(linked)


def test_what_has_changed_since_stays(linked: Driver) -> None:
    """Who was changed again, is gone or has lost an address to somebody else is named and left alone."""
    linked("recipients", "set", "Ann", "--name", "Anne")
    renamed = _last(linked)
    linked("recipients", "set", "Anne", "--trust", "50")
    changed = linked("undo", str(renamed))
    linked("recipients", "remove", "Bob")
    removed = _last(linked)
    linked("recipients", "add", "--name", "New Bob", "--proxy", "MEM:Bob")
    taken = linked("undo", str(removed), "--json")

    assert 1 == changed.status
    assert "has changed since" in changed.out
    assert ["Anne", "Cleo", "New Bob"] == _names(linked)
    assert 1 == taken.status
    assert "belongs to 'New Bob' now" in taken.json["conflicts"][0]


def test_nothing_is_left_to_take_back(linked: Driver) -> None:
    """A run that was taken back already has nothing left; one that is not kept is a wrong usage."""
    linked("recipients", "set", "Ann", "--name", "Anne")
    run = str(_last(linked))
    linked("undo", run)

    assert "Nothing is left to take back.\n" == linked("undo", run).out
    assert 2 == linked("undo", "99").status


def test_what_a_peer_told_stays_undone_until_it_says_something_else(told: Driver) -> None:
    """Full reports that tell the same again bring nothing back; another name does."""
    told.system.put("Xena Warrior", "xena")
    told("sync")
    run = str(_last(told))
    assert 0 == told("undo", run).status
    for _ in range(2):
        assert 0 == told("sync").status
        assert "Xena" in _names(told)
    told.system.put("Xena Princess", "xena")
    told("sync")

    assert "Xena Princess" in _names(told)


def test_a_new_entry_of_a_peer_stays_away_until_it_says_something_else(told: Driver) -> None:
    """Somebody whom a peer told of and an administrator undid stays away, through full reports, until it changes."""
    told.system.put("Will", "will")
    told("sync")
    will = _id(told, "Will")
    assert 0 == told("undo", str(_last(told))).status
    told("sync")
    assert "Will" not in _names(told)
    told.system.put("William", "will")
    told("sync")

    assert "William" in _names(told)
    assert will != _id(told, "William")
    told.system.delete("will")
    told("sync")
    assert "William" not in _names(told)


def test_a_deletion_of_a_peer_is_taken_back(told: Driver) -> None:
    """Somebody whom a peer deleted is there again with the same number, and joined when the peer tells of it anew."""
    zoe = _id(told, "Zoe")
    told.system.delete("zoe")
    told("sync")
    assert 0 == told("undo", str(_last(told))).status
    told("sync")
    assert zoe == _id(told, "Zoe")
    told.system.put("Zoe Again", "zoe")
    told("sync")

    assert zoe == _id(told, "Zoe Again")
    assert 0 == told("verify").status


def test_a_large_undoing_is_held(told: Driver) -> None:
    """Taking back what would delete much waits; approved, it is done at once; rejected, it is forgotten."""
    run = str(_last(told))
    held = told("undo", run, "--json")
    plan = held.json["plan"]["plan"]
    listed = told("status", "--json").json["held"]
    assert 0 == told("reject", plan).status
    forgotten = told("status", "--json").json["held"]
    again = told("undo", run, "--json").json["plan"]["plan"]
    approved = told("approve", again)
    told("sync")

    assert 3 == held.status
    assert [(f"undo {run}", plan)] == [(each["scope"], each["plan"]) for each in listed]
    assert [] == forgotten
    assert plan == again
    assert "that is done" in approved.out
    assert ["Ann", "Bob", "Cleo"] == _names(told)
    assert [] == told("status", "--json").json["held"]
    assert 0 == told("verify").status


def test_a_held_undoing_does_not_outlive_its_run(told: Driver) -> None:
    """When a run is not kept any more, its undoing waits no longer, and stands in nobody's way."""
    held = told("undo", str(_last(told)), "--json").json["plan"]["plan"]
    told.now += 400 * DAY
    told("sync")
    approved = told("approve", held)

    assert [] == told("status", "--json").json["held"]
    assert "no held plan" in approved.err


def test_peers_follow(told: Driver) -> None:
    """The next sync brings the peers what was taken back."""
    told.world.ask("NET/A", r=1, was=0, s=0)
    told("sync")
    latest = told.world.delivered[-1].reply
    told("recipients", "set", "Ann", "--name", "Anne")
    told("sync")
    told("undo", str(_last(told)))
    assert latest is not None
    told.world.ask("NET/A", r=1, was=1, s=latest.s)
    told("sync")

    assert [] == list(told.world.delivered[-1].transactions())
