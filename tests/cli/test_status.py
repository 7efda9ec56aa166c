"""`dxa status`: how each peer stands, and what to do about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.driver import DAY, HOUR, POST_LINK, Driver, bad

SITE_KEYS = {
    *("organization", "site", "recipients", "last_run_at", "peers", "held", "notices", "leftovers", "warnings"),
}
PEER_KEYS = {
    *("peer", "link", "name", "holds", "r", "s", "i", "confirmed", "lag", "last_request_at", "last_answer_at"),
    *("age_seconds", "pending", "rejects", "held", "export_needed", "full_answer", "waiting", "waiting_since_at"),
    *("not_exported", "note", "advice"),
}


def _peer(driver: Driver, name: str = "NET/A") -> dict[str, Any]:
    (peer,) = driver("status", name, "--json").json["peers"]
    return dict(peer)


@pytest.mark.dx("T-222")
def test_all_numbers_and_times(linked: Driver) -> None:
    """Numbers, times, age and lag of a peer are shown without any raw mode."""
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0, i=4)
    linked("sync")
    first = _peer(linked)
    linked.now += 2 * HOUR
    linked.world.ask("NET/A", r=1, was=1, s=first["s"], i=4)
    linked("sync")
    linked.now += HOUR
    peer = _peer(linked)

    assert PEER_KEYS == peer.keys()
    assert (1, 0, 4, first["s"]) == tuple(first[key] for key in ("r", "confirmed", "i", "lag"))
    assert "quoted" == peer["holds"]
    assert first["s"] == peer["confirmed"]
    assert peer["s"] - peer["confirmed"] == peer["lag"]
    assert ("2026-11-02T14:00:00Z", "2026-11-02T14:00:00Z", 3600) == tuple(
        peer[key] for key in ("last_request_at", "last_answer_at", "age_seconds")
    )
    line = next(line.split() for line in linked("status").lines if line.startswith(" post/NET/A"))

    assert ["1", str(peer["s"]), "4", str(peer["confirmed"]), "1", "h", "1", "h", "0", "0", "0"] == line[1:]


def test_keys(linked: Driver) -> None:
    """The whole status as JSON has its documented keys."""
    shown = linked("status", "--json").json

    assert SITE_KEYS == shown.keys()
    assert ("LAB", "HQ", 3, "2026-11-02T12:00:00Z") == tuple(
        shown[key] for key in ("organization", "site", "recipients", "last_run_at")
    )


def test_peer_without_numbers(linked: Driver) -> None:
    """A peer that is read in full has no numbers."""
    linked("sync")
    peer = _peer(linked, "mem")

    assert ("proven", None, None, None, None, None) == tuple(
        peer[key] for key in ("holds", "r", "s", "i", "confirmed", "lag")
    )


@pytest.mark.dx("T-012")
def test_says_what_is_not_exported(linked: Driver) -> None:
    """That a kind of recipients is not exported is stated, once for all peers with which it is so."""
    linked.replace(
        '[links.post.peers."NET/B"]\n', '[links.post.peers."NET/B"]\nexport_containers = []\nexport_mailboxes = false\n'
    )

    assert ["custom recipients made by hand"] == _peer(linked)["not_exported"]
    assert ["anything (no export containers)"] == _peer(linked, "NET/B")["not_exported"]
    assert "  - to mem/mem, post/NET/A: custom recipients made by hand" in linked("status").lines
    assert "  - to post/NET/B: anything (no export containers)" in linked("status").lines


@pytest.mark.dx("T-220")
def test_silent_peer(linked: Driver) -> None:
    """A peer from which nothing comes for days is reported, with where to look; a weekend is not."""
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    linked("sync")
    linked.now += 2 * DAY
    weekend = _peer(linked)["advice"]
    linked.now += 7 * DAY

    assert "" == weekend
    assert "no message from NET/A for 9 days: look at its transport" in _peer(linked)["advice"]
    assert "no message from NET/A for 9 days" in " ".join(linked("status").out.split())
    assert "never heard: have it send its first request" == _peer(linked, "NET/B")["advice"]
    assert "not read for 9 days: is `dxa sync` run?" == _peer(linked, "mem")["advice"]


@pytest.mark.dx("T-249")
def test_parcels_that_wait(linked: Driver) -> None:
    """Parcels that are not delivered are reported, with the time since which they wait."""
    linked.world.failing = "the folder is gone"
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    failed = linked("sync")
    linked.now += DAY
    peer = _peer(linked)

    assert 1 == failed.status
    assert (1, "2026-11-02T12:00:00Z") == (peer["waiting"], peer["waiting_since_at"])
    assert "1 parcel waits since 2026-11-02T12:00:00Z: see why it cannot be delivered" in peer["advice"]
    linked.world.failing = ""
    linked("sync")

    assert (0, None) == tuple(_peer(linked)[key] for key in ("waiting", "waiting_since_at"))


def test_export_needed(linked: Driver) -> None:
    """A peer of which transactions never arrived must export in full; how is said."""
    linked.world.ask("NET/A", "Dora", r=9, was=8, s=0)
    linked("sync")
    peer = _peer(linked)

    assert "transactions 1 to 8 never arrived" in peer["export_needed"]
    assert peer["advice"].startswith(peer["export_needed"])
    assert any("never arrived" in notice["text"] for notice in linked("status", "--json").json["notices"])


def test_rejects_and_pending(linked: Driver) -> None:
    """Open rejects are counted, with the command that shows them; so is what is not in the directory yet."""
    linked.system.put("Stranger", "Ann")
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0, rejects=[bad("Z rubbish")])
    linked("sync")

    assert 1 == _peer(linked)["rejects"]
    assert "1 record could not be used: see `dxa rejects list --peer post/NET/A`" == _peer(linked)["advice"]
    assert 1 == _peer(linked, "mem")["pending"]


def test_held_plan(linked: Driver) -> None:
    """A held plan stands with the peer that it concerns and in a list of its own, with what to do."""
    for name in ("Dora", "Eve", "Fay"):
        linked.system.put(name, name)
    linked("sync")
    linked.system.entries.clear()
    linked("sync")
    shown = linked("status", "--json").json
    (held,) = shown["held"]

    assert {"plan", "scope", "count", "holds", "held_at"} == held.keys()
    assert ("in mem/mem", 3) == (held["scope"], held["count"])
    assert [held["plan"]] == _peer(linked, "mem")["held"]
    assert [] == _peer(linked)["held"]
    assert (
        f"3 changes are held: `dxa approve {held['plan']}` or `dxa reject {held['plan']}`"
        == _peer(linked, "mem")["advice"]
    )
    assert f"  - {held['plan']}  in mem/mem: 3 changes" in linked("status").out


def test_held_view_concerns_all_that_see_it(linked: Driver) -> None:
    """A plan for what peers are shown concerns each peer with that view."""
    linked("sync")
    linked.replace(POST_LINK, POST_LINK.replace("Recipients", "Elsewhere"))
    linked("sync", "post")
    (held,) = linked("status", "--json").json["held"]

    assert held["scope"].startswith("out post/")
    assert [held["plan"]] == _peer(linked)["held"] == _peer(linked, "NET/B")["held"]
    assert [] == _peer(linked, "mem")["held"]


def test_link_that_is_switched_off(linked: Driver) -> None:
    """A link that takes part in no cycle says so in place of all other advice."""
    linked.replace(POST_LINK, POST_LINK + "enabled = false\n")

    assert "link post is switched off (enabled = false)" == _peer(linked)["advice"]


def test_site_without_peers(site: Driver) -> None:
    """Without peers the status says how to get some."""
    assert "No peers yet." in site("status").out


def test_unknown_peer(linked: Driver) -> None:
    """A peer that does not exist is a wrong usage."""
    assert 2 == linked("status", "NET/Z").status


def test_notices_keys(linked: Driver) -> None:
    """Notices have their documented keys, and name the link of a stranger."""
    linked.world.ask("NET/Z", "Dora", r=1, was=0, s=0)
    linked("sync")
    (notice,) = linked("status", "--json").json["notices"]

    assert {"peer", "code", "text", "noticed_at"} == notice.keys()
    assert ("post/NET/Z", 120) == (notice["peer"], notice["code"])


@pytest.mark.parametrize("name", ["NETWORK001/POSTOFFICE", "NET\x1b[31m/A"])
def test_fits_80_columns(name: str, site: Driver) -> None:
    """The table fits 80 columns with long names and numbers; control characters never reach the terminal."""
    site.configure(POST_LINK)
    if "\x1b" in name:
        site.configure('[links.post.peers."NET\\u001b[31m/A"]\nno_password = true\n')
    else:
        site("peers", "add", "post", name, "--no-password")
    site.world.ask(name, "Dora", r=2_000_000_001, was=2_000_000_000, s=1_999_999_999, i=1000)
    site("sync")
    done = site("status")

    assert 0 == done.status
    assert 80 >= max(map(len, done.lines))
    assert "\x1b" not in done.out
