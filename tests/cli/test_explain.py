"""`dxa explain`: every reason why somebody is, or is not, in the directory and at the peers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.driver import DAY, Driver, bad

FILTER_IN = 'import_container = "Foreign/Mem"\nfilters_in = [{field = "name", pattern = "*(test)"}]'
FILTER_OUT = 'import_container = "Foreign/Mem"\nfilters_out = [{field = "name", pattern = "B*"}]'


def _export(site: Driver, who: str, peer: str) -> dict[str, Any]:
    (found,) = site("explain", who, "--peer", peer, "--json").json["exports"]
    result: dict[str, Any] = found
    return result


def _import(site: Driver, who: str) -> list[tuple[str, str]]:
    return [(each["state"], each["why"]) for each in site("explain", who, "--json").json["imports"]]


@pytest.mark.dx("T-228")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--hidden"], "hidden: "),
        (["--trust", "90"], "trust: the recipient's level 90 is above the link's 20"),
        (["--move-to", "Elsewhere"], "container: Elsewhere is not in an export container"),
        (["--remove-proxy", "MEM:Ann"], "no MEM address"),
    ],
)
def test_why_somebody_is_not_shown(linked: Driver, change: list[str], reason: str) -> None:
    """The rule that keeps somebody from a peer is named."""
    linked("recipients", "set", "Ann", *change)
    linked("sync")
    found = _export(linked, "Ann", "mem/mem")

    assert not found["shown"]
    assert reason in found["why"]
    assert reason.split()[0] in linked("explain", "Ann").out


@pytest.mark.dx("T-228")
def test_kinds_filters_types_and_names(linked: Driver) -> None:
    """So are kinds, filters, the types that a peer has asked for, and names that were made unique."""
    linked("recipients", "add", "--name", "Hand", "--target", "MEM:hand")
    linked("recipients", "add", "--name", "Ann", "--proxy", "MEM:ann2", "--proxy", "PO:LAB/HQ/ANN2")
    linked.replace('import_container = "Foreign/Mem"', FILTER_OUT)
    linked.world.ask("NET/A", r=0, was=0, s=0, types=frozenset({"SMTP"}))
    linked("sync")

    assert "no owner: no peer told us of MEM:hand" in _export(linked, "Hand", "mem/mem")["why"]
    assert "filter: name matches 'B*'" == _export(linked, "Bob", "mem/mem")["why"]
    assert "type: " in _export(linked, "Cleo", "post/NET/A")["why"]
    assert "name made unique" == _export(linked, "MEM:ann2", "mem/mem")["why"]
    assert _export(linked, "Cleo", "mem/mem")["shown"]


@pytest.mark.dx("T-228")
def test_a_plan_that_is_held(linked: Driver) -> None:
    """What a held plan keeps from a peer, or from the directory, is said with its id."""
    for name in ("xena", "yves", "zoe"):
        linked.system.put(name.title(), name)
    linked("sync")
    linked.replace('export_containers = ["Recipients"]', 'export_containers = ["Recipients", "Foreign"]')
    linked.replace("[links.mem]", "[links.mem]\nexport_trust = 0")
    for name in ("xena", "yves", "zoe"):
        linked.system.delete(name)
    assert 3 == linked("sync").status
    held = {each["scope"]: each["plan"] for each in linked("status", "--json").json["held"]}
    (imported,) = linked("explain", "Zoe", "--json").json["imports"]
    shown = linked("explain", "Zoe").out

    assert ("held", held["in mem/mem"]) == (imported["state"], imported["plan"])
    assert "the peer's full list is empty" in imported["why"]
    assert held["in mem/mem"] in shown
    assert held["out mem/view 1"] in _export(linked, "Ann", "mem/mem")["why"]


@pytest.mark.dx("T-228")
def test_what_was_imported_and_what_was_not(linked: Driver) -> None:
    """An entry that came in, one that a filter left out, one that is another's address, and one of our own."""
    linked.replace('import_container = "Foreign/Mem"', FILTER_IN)
    linked.system.put("Zoe", "zoe")
    linked.system.put("Nobody (test)", "nobody")
    linked.system.put("Thief", "Ann")
    linked("sync")

    assert [("imported", "as the peer tells it")] == _import(linked, "Zoe")
    assert [("not imported", "filter: name matches '*(test)'")] == _import(linked, "Nobody (test)")
    assert [("not imported", "filter: name matches '*(test)'")] == _import(linked, "MEM:nobody")
    assert "conflict" in {state for state, _ in _import(linked, "Thief")}
    assert any("belongs to 'Ann'" in why for _, why in _import(linked, "Thief"))
    assert "its own entry: it told us 'Zoe'" == _export(linked, "Zoe", "mem/mem")["why"]
    assert "No recipient is called 'Nobody (test)'" in linked("explain", "Nobody (test)").out


@pytest.mark.dx("T-228")
def test_rejections_rejects_and_what_waits(linked: Driver) -> None:
    """What an administrator rejected or undid, what could not be read, and what the next sync would do."""
    linked.system.put("Zoe", "zoe")
    linked("sync")
    linked.system.put("Zora", "zoe")
    linked("sync")
    linked("undo", str(linked("history", "--json").json["runs"][0]["run"]))
    linked.world.ask("NET/A", r=1, was=0, s=0, rejects=[bad("Q Fay NET/A/FAY")])
    linked("sync")

    assert ("rejected", "an administrator rejected it; it stays so until the peer says something else") == (
        _import(linked, "Zoe")[0]
    )
    assert [("reject", "[16] unknown record type")] == _import(linked, "Fay")
    assert 2 == linked("explain", "Nobody").status


def test_our_own_mark_and_peers_that_are_gone(linked: Driver) -> None:
    """An entry with our mark is ours; of who is gone the history is named; what is left over is said."""
    linked("sync")
    linked.now += DAY
    linked("sync")
    assert ("ours", "it bears our mark: dxa has written it there") in _import(linked, "MEM:Bob")
    linked("recipients", "remove", "Cleo")
    gone = linked("explain", "Cleo")

    assert 0 == gone.status
    assert "dxa history --recipient 3" in gone.out


@pytest.mark.parametrize("command", [("explain",), ("undo",), ("history", "--recipient"), ("rejects", "drop")])
def test_a_number_that_nothing_can_have(linked: Driver, command: tuple[str, ...]) -> None:
    """A number that is larger than any in a database is no fault of dxa."""
    done = linked(*command, "9" * 20)

    assert (1, "error: a number is larger than any in a database\n") == (done.status, done.err)
