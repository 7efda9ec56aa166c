"""`dxa plan`, `dxa sync`, `dxa approve` and `dxa reject`."""

from __future__ import annotations

import pytest

from tests.cli.driver import Driver, bad

CYCLE_KEYS = {"exit_status", "links", "plans", "changes", "notices", "errors"}
LINK_KEYS = {
    *("link", "messages", "refused", "rejects", "heard", "applied", "sent", "updates", "fulls", "delivered"),
    *("waiting", "errors", "events"),
}
PLAN_KEYS = {"plan", "scope", "ready", "held", "holds"}
CHANGE_KEYS = {"plan", "scope", "held", "verb", "key", "name", "what", "reason", "before", "after"}
RECIPIENT_KEYS = {
    *("kind", "name", "alias", "container", "target", "proxies", "owner", "trust", "hidden", "fields"),
}


@pytest.fixture
def held(linked: Driver) -> Driver:
    """Five entries have come, and then three of them have gone: a held plan."""
    for name in ("Dora", "Eve", "Fay", "Gil", "Hal"):
        linked.system.put(name, name)
    assert 0 == linked("sync").status
    for name in ("Dora", "Eve", "Fay"):
        linked.system.delete(name)
    return linked


def _held_plan(driver: Driver) -> str:
    (plan,) = [plan["plan"] for plan in driver("status", "--json").json["held"]]
    return str(plan)


def test_plan_shows_and_changes_nothing(linked: Driver) -> None:
    """A plan shows what the sync would do, as often as one asks, and the sync then does that."""
    linked.system.put("Zoe", "zoe")
    first, second = linked("plan"), linked("plan")

    assert (0, first.out) == (second.status, second.out)
    assert any(line.split() == ["+", "Zoe", "MEM:zoe", "mem", "told", "of", "it"] for line in first.lines)
    assert 3 == linked("recipients", "list", "--json").json["total"]
    assert 0 == linked("sync").status
    assert 4 == linked("recipients", "list", "--json").json["total"]
    assert "Nothing would change.\n" == linked("plan").out


def test_plan_says_why_a_system_is_written(linked: Driver) -> None:
    """What a system that is read in full is given has its reason, too."""
    before = {(c["verb"], c["reason"]) for c in linked("plan", "--json").json["changes"]}
    linked("sync")
    linked("sync")
    linked("recipients", "add", "--name", "Dan", "--proxy", "MEM:dan")
    linked("recipients", "set", "Ann", "--field", "phone=12")
    linked("recipients", "set", "Bob", "--name", "Rob")
    linked("recipients", "remove", "Cleo")
    after = {(c["verb"], c["reason"]) for c in linked("plan", "--json").json["changes"] if c["scope"] == "out mem/mem"}

    assert ("add", "shown by the view") in before
    assert {
        ("add", "shown by the view"),
        ("modify", "changed in the view"),
        ("delete", "no longer shown"),
    } == after


def test_keys_of_plan_and_sync(linked: Driver) -> None:
    """A plan and a sync have the same documented keys as JSON; the changes stand under `changes`."""
    linked.system.put("Zoe", "zoe")
    plan, sync = linked("plan", "--json").json, linked("sync", "--json").json

    assert CYCLE_KEYS == plan.keys() == sync.keys()
    assert LINK_KEYS == plan["links"][0].keys() == sync["links"][0].keys()
    assert PLAN_KEYS == plan["plans"][0].keys()
    assert CHANGE_KEYS == plan["changes"][0].keys()
    assert RECIPIENT_KEYS == plan["changes"][0]["after"].keys()
    assert ("add", "Zoe", None, False) == tuple(plan["changes"][0][key] for key in ("verb", "name", "before", "held"))
    assert ([], {"A": 1}) == (sync["changes"], sync["links"][0]["applied"])


def test_sync_says_what_it_did(linked: Driver) -> None:
    """A sync prints per link what was read, taken and sent."""
    linked.system.put("Zoe", "zoe")
    linked.world.ask("NET/A", "Dora", "Eve", r=2, was=0, s=0)
    done = linked("sync")

    assert (0, "") == (done.status, done.err)
    assert any(line.split()[:5] == ["mem", "1", "0", "+1", "+1"] for line in done.lines)
    assert any(line.split()[:5] == ["post", "1", "0", "+2", "+2"] for line in done.lines)


def test_sync_of_one_link(linked: Driver) -> None:
    """Only the named links take part; one that does not exist is refused."""
    linked.system.put("Zoe", "zoe")
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)

    assert ["post"] == [link["link"] for link in linked("sync", "POST", "--json").json["links"]]
    assert ["mem"] == [link["link"] for link in linked("plan", "--link", "mem", "--json").json["links"]]
    done = linked("sync", "nowhere")

    assert 2 == done.status
    assert "no link 'nowhere'" in done.err


def test_site_without_links(site: Driver) -> None:
    """A sync without links says so."""
    assert "No link takes part." in site("sync").out


def test_held_plan_is_approved(held: Driver) -> None:
    """What a guard holds exits with 3 and names the next step; an approval lets the next sync apply it."""
    done = held("sync")
    plan = _held_plan(held)

    assert 3 == done.status
    assert f"Held: {plan} in mem/mem, 3 changes: 3 of 5 entries would be deleted" in " ".join(done.out.split())
    assert f"`dxa approve {plan}` or `dxa reject {plan}`" in " ".join(done.out.split())
    assert 8 == held("recipients", "list", "--json").json["total"]
    approved = held("approve", plan[:4])

    assert f"Approved plan {plan} (in mem/mem, 3 changes); the next sync applies it.\n" == approved.out
    assert 0 == approved.status
    assert 0 == held("sync").status
    assert 5 == held("recipients", "list", "--json").json["total"]


def test_held_plan_is_rejected(held: Driver) -> None:
    """A rejected plan is left out, and is not held again."""
    held("sync")
    plan = _held_plan(held)
    rejected = held("reject", plan)

    assert f"Rejected plan {plan} (in mem/mem, 3 changes); it is left out from now on.\n" == rejected.out
    assert 0 == rejected.status
    assert 0 == held("sync").status
    assert 8 == held("recipients", "list", "--json").json["total"]


def test_plan_shows_what_is_held(held: Driver) -> None:
    """A plan says which changes a guard holds and why, and exits like the sync; one plan can be shown alone."""
    done = held("plan")
    (plan,) = [plan for plan in held("plan", "--json").json["plans"] if plan["holds"]]
    alone = held("plan", plan["plan"][:4], "--json").json

    assert 3 == done.status
    assert "held: 3 of 5 entries would be deleted; at most 1 may go at once" in done.out
    assert 3 == sum(line.endswith("held") for line in done.lines)
    assert [plan["plan"]] == [shown["plan"] for shown in alone["plans"]]
    assert {True} == {change["held"] for change in alone["changes"]}


def test_plan_shows_the_first_changes(linked: Driver) -> None:
    """A long plan is cut on the screen, and says so; --all and --json show everything."""
    for number in range(30):
        linked.system.put(f"Person {number:02}", f"p{number:02}")
    done, everything = linked("plan", "--link", "mem"), linked("plan", "--link", "mem", "--all")

    assert "… and 10 more changes; --all shows them." in done.out
    assert "Person 29" not in done.out
    assert "Person 29" in everything.out
    assert "more change" not in everything.out


@pytest.mark.parametrize("command", ["approve", "reject", "plan"])
def test_unknown_plan(command: str, held: Driver) -> None:
    """A plan that does not exist is a wrong usage; what is held is named."""
    held("sync")
    done = held(command, "zzzz")

    assert 2 == done.status
    assert "zzzz" in done.err
    assert _held_plan(held) in done.err


def test_failure_exits_with_1(linked: Driver) -> None:
    """What cannot be reached is reported and tried again; the other links work all the same."""
    linked.system.failing = "no such host"
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    done = linked("sync")

    assert 1 == done.status
    assert "error: mem: memory system memory: no such host\nThe next sync tries again what failed.\n" == done.err
    assert 4 == linked("recipients", "list", "--json").json["total"]
    linked.system.failing = ""

    assert 0 == linked("sync").status


def test_failure_stands_in_the_json(linked: Driver) -> None:
    """Errors are part of the JSON, and nothing else is printed."""
    linked.system.failing = "no such host"
    done = linked("sync", "--json")

    assert (1, "") == (done.status, done.err)
    assert (1, ["mem: memory system memory: no such host"]) == (done.json["exit_status"], done.json["errors"])


def test_sync_points_to_rejects(linked: Driver) -> None:
    """Records that could not be used are counted, with the command that shows them."""
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0, rejects=[bad("Z rubbish")])

    assert "1 record could not be used; `dxa rejects list` shows them." in linked("sync").out


def test_notices_are_shown(linked: Driver) -> None:
    """What the administrator has to know is shown by the sync that noticed it."""
    linked.world.ask("NET/Z", "Dora", r=1, was=0, s=0)
    done = linked("sync")

    assert 0 == done.status
    assert "NET/Z: [120] 'NET/Z' (from unknown) is not registered on this link" in " ".join(done.out.split())
