"""`dxa history`, `dxa messages` and `dxa rejects`."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.cli.driver import DAY, HOUR, Driver, bad

RUN_KEYS = {"run", "applied_at", "scope", "plan", "adds", "modifies", "deletes"}
CHANGE_KEYS = {"run", "applied_at", "scope", "verb", "recipient", "name", "what", "reason", "before", "after"}
MESSAGE_KEYS = {"id", "direction", "link", "peer", "sent_at", "title", "status", "verdict", "count"}
REJECT_KEYS = {
    *("id", "link", "peer", "message", "number", "line", "code", "reason", "raw", "status", "rejected_at"),
}


# -- history -------------------------------------------------------------------------------------------------------


def test_runs(linked: Driver) -> None:
    """Runs are listed with their counts, the latest first."""
    linked.system.put("Zoe", "zoe")
    linked.system.put("Zac", "zac")
    linked.now += HOUR
    linked("sync")
    runs = linked("history", "--json").json["runs"]

    assert RUN_KEYS == runs[0].keys()
    assert ("in mem/mem", 2, 0, 0, "2026-11-02T13:00:00Z") == tuple(
        runs[0][key] for key in ("scope", "adds", "modifies", "deletes", "applied_at")
    )
    assert ["in mem/mem", "by hand", "by hand", "by hand"] == [run["scope"] for run in runs]
    assert ["by hand"] == [
        run["scope"] for run in linked("history", "--json", "--limit", "1", "--offset", "3").json["runs"]
    ]
    assert "in mem/mem" in linked("history").out


def test_one_run(linked: Driver) -> None:
    """A run is shown with what was before and after each change."""
    linked("recipients", "set", "Ann", "--name", "Anne")
    run = linked("history", "--json").json["runs"][0]["run"]
    (change,) = linked("history", str(run), "--json").json["changes"]

    assert CHANGE_KEYS == change.keys()
    assert ("modify", 1, "Anne", "name: Ann → Anne", "changed by hand") == tuple(
        change[key] for key in ("verb", "recipient", "name", "what", "reason")
    )
    assert ("Ann", "Anne") == (change["before"]["name"], change["after"]["name"])
    assert "name: Ann → Anne" in linked("history", str(run)).out


def test_one_recipient(linked: Driver) -> None:
    """What happened to one recipient is shown, the latest first, also when it is gone."""
    linked("recipients", "set", "Ann", "--trust", "50")
    linked("recipients", "remove", "Ann")
    by_name = linked("history", "--recipient", "ANN", "--json").json["changes"]

    assert ["delete", "modify", "add"] == [change["verb"] for change in by_name]
    assert by_name == linked("history", "--recipient", "1", "--json").json["changes"]
    assert 0 == linked("history", "--recipient", "Ann").status


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["99"], "no run 99"),
        (["0"], "0 is not in the range"),
        (["--recipient", "Nobody"], "no recipient is called 'Nobody'"),
        (["--recipient", "99"], "nothing is kept about a recipient 99"),
        (["1", "--recipient", "Ann"], "not both"),
    ],
)
def test_history_of_nothing(arguments: list[str], expected: str, linked: Driver) -> None:
    """A run or recipient that is not known is a wrong usage."""
    done = linked("history", *arguments)

    assert 2 == done.status
    assert expected in done.err


def test_ambiguous_gone(linked: Driver) -> None:
    """Of several that are gone and had one name, the numbers are named."""
    linked("recipients", "add", "--name", "Ann")
    linked("recipients", "remove", "1", "4")
    done = linked("history", "--recipient", "Ann")

    assert 2 == done.status
    assert "[1, 4]" in done.err


def test_no_history(site: Driver) -> None:
    """A new site has no history, and says so."""
    assert "Nothing has changed yet.\n" == site("history").out


# -- messages ------------------------------------------------------------------------------------------------------


@pytest.fixture
def spoken(linked: Driver) -> Driver:
    """A peer has asked and was answered."""
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0, rejects=[bad("NET/A A Fay"), bad("Z \x1b[31mrubbish")])
    assert 0 == linked("sync", "post").status
    return linked


def test_messages(spoken: Driver) -> None:
    """Messages in and out are listed, the latest first, and filtered by direction, peer and status."""
    shown = spoken("messages", "list", "--json").json

    assert {"messages", "total"} == shown.keys()
    assert MESSAGE_KEYS == shown["messages"][0].keys()
    assert {("out", "full answer", "sent"), ("in", "NET/A - Req R=1 (was 0), S=0", "taken")} == {
        (message["direction"], message["title"], message["status"]) for message in shown["messages"]
    }
    for options, expected in [(["--in"], 1), (["--out"], 1), (["--peer", "net/a"], 2), (["--peer", "post/NET/A"], 2)]:
        assert expected == spoken("messages", "list", "--json", *options).json["total"]
    for options, expected in [(["--peer", "NET/B"], 0), (["--status", "refused"], 0), (["--status", "taken"], 1)]:
        assert expected == spoken("messages", "list", "--json", *options).json["total"]
    assert "full answer" in spoken("messages", "list").out


def test_message_that_came_in(spoken: Driver) -> None:
    """What came in is decoded by the plugin that knows it, and can be had byte by byte."""
    message = spoken("messages", "show", "1", "--json").json

    assert MESSAGE_KEYS | {"records"} == message.keys()
    assert ["file", "transaction"] == [record["kind"] for record in message["records"]]
    assert "request of NET/A\n" == spoken("messages", "show", "1", "--raw").out
    assert "request of NET/A" in spoken("messages", "show", "1").out


def test_message_that_went_out(spoken: Driver) -> None:
    """What went out is shown with its numbers and transactions; the beginning of its id is enough."""
    (id_,) = [message["id"] for message in spoken("messages", "list", "--out", "--json").json["messages"]]
    message = spoken("messages", "show", id_[:3], "--json").json
    answer, replace, *adds = message["records"]

    assert ("answer", 1, 0, True) == (answer["kind"], answer["r"], answer["was"], answer["full"])
    assert ("replace", "LAB/HQ") == (replace["verb"], replace["list"])
    assert ["Ann", "Bob", "Cleo"] == [record["name"] for record in adds]
    assert "PO:LAB/HQ/ANN" in spoken("messages", "show", id_).out
    done = spoken("messages", "show", id_, "--raw")

    assert 2 == done.status
    assert "only what came in is kept as bytes" in done.err


@pytest.mark.parametrize("id_", ["99", "zzz", "0"])
def test_unknown_message(id_: str, spoken: Driver) -> None:
    """A message that is not kept is a wrong usage."""
    done = spoken("messages", "show", id_)

    assert 2 == done.status
    assert "`dxa messages list`" in done.err


def test_no_messages(site: Driver) -> None:
    """An empty archive says so."""
    assert "No messages.\n" == site("messages", "list").out


# -- rejects -------------------------------------------------------------------------------------------------------


def test_rejects(spoken: Driver) -> None:
    """Rejected records are listed with their codes, the latest first, and filtered by peer."""
    shown = spoken("rejects", "list", "--json").json

    assert {"rejects", "total"} == shown.keys()
    assert REJECT_KEYS == shown["rejects"][0].keys()
    assert [(2, 16, 3), (1, 16, 3)] == [(r["id"], r["code"], r["line"]) for r in shown["rejects"]]
    assert 2 == spoken("rejects", "list", "--peer", "NET/A", "--json").json["total"]
    assert 0 == spoken("rejects", "list", "--peer", "NET/B", "--json").json["total"]
    assert "unknown record type" in spoken("rejects", "list").out


def test_one_reject(spoken: Driver) -> None:
    """A rejected record is shown as it came, without what would steer a terminal; the JSON keeps every character."""
    done = spoken("rejects", "show", "2")

    assert "Z \\x1b[31mrubbish" in done.out
    assert "`dxa rejects retry 2`" in done.out
    assert "Z \x1b[31mrubbish" == spoken("rejects", "show", "2", "--json").json["raw"]
    assert 1 == spoken("rejects", "show", "2", "--json").json["message"]


def test_all_rejects_show_their_status(spoken: Driver) -> None:
    """Among all rejects it can be seen which are open."""
    spoken("rejects", "retry", "1")
    lines = spoken("rejects", "list", "--all").lines

    assert ["open", "retried"] == sorted(line.split()[-1] for line in lines if line.split()[:1] in (["1"], ["2"]))


def test_retry(spoken: Driver) -> None:
    """A record that can be used after all is taken by the next sync, and is open no more."""
    done = spoken("rejects", "retry", "1")
    spoken("sync")

    assert (0, "1: 1 change waits for the next sync\n") == (done.status, done.out)
    assert 0 == spoken("recipients", "show", "Fay").status
    assert [2] == [reject["id"] for reject in spoken("rejects", "list", "--json").json["rejects"]]
    assert [("retried", 1), ("open", 2)] == sorted(
        ((r["status"], r["id"]) for r in spoken("rejects", "list", "--all", "--json").json["rejects"]),
        key=lambda r: r[1],
    )


@pytest.mark.parametrize(("command", "id_"), [("show", "99"), ("retry", "99"), ("show", "x"), ("retry", "0")])
def test_unknown_reject(command: str, id_: str, spoken: Driver) -> None:
    """A reject that does not exist is a wrong usage."""
    assert 2 == spoken("rejects", command, id_).status


def test_no_rejects(site: Driver) -> None:
    """Without rejects the list says so."""
    assert "No rejected records.\n" == site("rejects", "list").out


def test_a_conflict_that_is_solved_is_no_open_reject(linked: Driver) -> None:
    """An address that was taken is a reject as long as it is; when it is free, or nobody wants it, it is solved."""
    linked.system.put("Thief", "Ann")
    linked("sync")
    taken = linked("rejects", "list", "--json").json["rejects"]
    linked("recipients", "remove", "Ann")
    linked("sync")
    free = linked("rejects", "list", "--json").json["total"]
    linked("recipients", "add", "--name", "New", "--proxy", "MEM:new")
    linked.system.put("Robber", "new")
    linked("sync")
    linked.system.delete("new")
    linked("sync")

    assert ["open"] == [each["status"] for each in taken]
    assert 0 == free
    assert 1 == linked("recipients", "list", "Thief", "--json").json["total"]
    assert ["solved", "solved"] == [
        each["status"] for each in linked("rejects", "list", "--all", "--json").json["rejects"]
    ]


def test_tombstones_go_when_all_have_seen_them(linked: Driver) -> None:
    """Who was deleted is forgotten a day later, even if a link is switched off; that one catches up all the same."""
    linked("sync")
    linked.replace("[links.mem]", "[links.mem]\nenabled = false")
    linked("recipients", "remove", "Ann")
    linked.now += 2 * DAY
    linked("sync")
    linked.now += 2 * DAY
    linked("sync")
    with closing(sqlite3.connect(linked.folder / "dxa.db")) as database:
        left = database.execute("SELECT * FROM tombstone").fetchall()
    linked.replace("[links.mem]\nenabled = false", "[links.mem]")
    linked("sync")

    assert [] == left
    assert {"Bob", "Cleo"} == {each.name for each in linked.system.entries.values()}
    assert 0 == linked("verify").status


def test_rejects_that_nobody_mends(spoken: Driver) -> None:
    """Dropped rejects are open no more, and still there to look at; one that is not known is a wrong usage."""
    done = spoken("rejects", "drop", "1")

    assert 0 == done.status
    assert 1 == spoken("rejects", "list", "--json").json["total"]
    assert {"dropped", "open"} == {
        each["status"] for each in spoken("rejects", "list", "--all", "--json").json["rejects"]
    }
    assert 2 == spoken("rejects", "drop", "2", "99").status
    assert 1 == spoken("rejects", "list", "--json").json["total"]
