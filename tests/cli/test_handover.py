"""`dxa peers takeover`, `retire` and `rename`: links, roles and names change, and everybody stays who they are."""

from __future__ import annotations

from typing import Any

import pytest

from dxa.connector import Report
from dxa.dirsync.messages import Request
from dxa.entry import Transaction, Verb, definition
from tests.cli.driver import ASKED_LINK, Driver, entry, replace_all

_EXPORTS = (
    'import_container = "Foreign/Post"\nexport_containers = ["Recipients"]',
    'import_container = "Foreign/Post"\nexport_containers = ["Recipients", "Foreign"]',
)
PEERS = '\n[links.post.peers."{}"]\nno_password = true\n'


@pytest.fixture
def served(alone: Driver) -> Driver:
    """The site is the requestor of a server, which has told of two postoffices."""
    alone.configure(ASKED_LINK)
    alone("sync")
    alone.world.server.answer(entry("NET/A", "Dora"), entry("NET/A", "Emil"), entry("NET/B", "Bert"), s=7)
    assert 0 == alone("sync").status
    return alone


@pytest.fixture
def serving(linked: Driver) -> Driver:
    """The site is the server of two postoffices."""
    linked.replace(*_EXPORTS)
    linked.world.ask("NET/A", "Dora", "Emil", r=2, was=0, s=0)
    linked.world.ask("NET/B", "Bert", r=1, was=0, s=0)
    assert 0 == linked("sync").status
    return linked


def _people(site: Driver) -> dict[str, tuple[int, str, str]]:
    """Number, owner and address of everybody, by name."""
    shown = site("recipients", "list", "--json").json["recipients"]
    return {each["name"]: (each["id"], each["owner"], each["address"]) for each in shown}


def _told(site: Driver, peer: str) -> list[str]:
    """What the peer was sent last."""
    parcel = [p for p in site.world.delivered if p.peer.name == peer][-1]
    return [f"{t.verb.value} {(t.new or t.old).address or (t.new or t.old).list}" for t in parcel.transactions()]  # type: ignore[union-attr]


def _last(site: Driver, peer: str) -> int:
    reply = [p for p in site.world.delivered if p.peer.name == peer][-1].reply
    assert reply is not None
    return reply.s


POST = '\n[links.post]\nconnector = "post"\nimport_container = "Foreign/Post"\n'
POST += 'export_containers = ["Recipients", "Foreign"]\n'


@pytest.mark.dx("T-082")
def test_a_requestor_becomes_the_server(served: Driver) -> None:
    """What the server told of each postoffice is that postoffice's; everybody keeps number, address and container."""
    before = _people(served)
    where = served("recipients", "show", "Dora", "--json").json["container"]
    served.replace("[links.asked]", "[links.asked]\nenabled = false")
    served.configure(POST + PEERS.format("NET/A") + PEERS.format("NET/B"))
    done = served("peers", "takeover", "asked", "post")
    after = _people(served)
    served.world.ask("NET/A", "Dora", "Emil", r=2, was=0, s=7)
    served.world.ask("NET/B", "Bert", r=1, was=0, s=7)
    synced = served("sync")

    assert 0 == done.status
    assert "post/NET/A: 2 recipients" in done.out
    assert {name: (n, address) for name, (n, _, address) in before.items()} == {
        name: (n, address) for name, (n, _, address) in after.items()
    }
    assert {"Dora": "post/NET/A", "Emil": "post/NET/A", "Bert": "post/NET/B"} == {
        name: owner for name, (_, owner, _) in after.items() if owner
    }
    assert 0 == synced.status
    assert after == _people(served)
    assert where == served("recipients", "show", "Dora", "--json").json["container"]
    assert ["R LAB/HQ", "R NET/B", "A LAB/HQ/ANN", "A LAB/HQ/BOB", "A LAB/HQ/CLEO", "A NET/B/BERT"] == sorted(
        _told(served, "NET/A"), key=lambda line: (line[0] != "R", line)
    )
    assert [] == [f for f in served("verify", "--json").json["findings"] if not f["warning"]]
    assert "takeover asked" in served("history", "--recipient", "Dora").out


@pytest.mark.dx("T-082")
def test_the_server_becomes_a_requestor_and_back(serving: Driver) -> None:
    """All that the postoffices told is the server's; and when the role changes back, again each postoffice's."""
    before = _people(serving)
    serving.replace("[links.post]", "[links.post]\nenabled = false")
    serving.configure(ASKED_LINK)
    there = serving("peers", "takeover", "post", "asked")
    serving("sync")
    serving.world.server.answer(entry("NET/A", "Dora"), entry("NET/A", "Emil"), entry("NET/B", "Bert"), s=50)
    synced = serving("sync")
    between = _people(serving)
    serving.replace("[links.post]\nenabled = false", "[links.post]")
    serving.replace("[links.asked]", "[links.asked]\nenabled = false")
    back = serving("peers", "takeover", "asked", "post")

    assert [0, 0, 0] == [there.status, synced.status, back.status]
    assert {"asked/asked", ""} == {owner for _, owner, _ in between.values()}
    assert {name: n for name, (n, _, _) in before.items()} == {name: n for name, (n, _, _) in between.items()}
    assert before == _people(serving)
    queued = [t for parcel in serving.world.server.asked[-1:] for t in parcel.transactions()]
    assert {"LAB/HQ"} == {(t.new or t.old).list for t in queued}  # type: ignore[union-attr]


def test_after_a_takeover_everything_fits_together(linked: Driver) -> None:
    """What a server had told, and peers had told as well, is theirs; the numbers fit, also outside of the database."""
    linked.configure(ASKED_LINK)
    linked("sync")
    linked.world.server.answer(entry("NET/A", "Dora"), entry("NET/B", "Bert"), s=7)
    linked("sync")
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    linked("sync")
    linked.replace("[links.asked]", "[links.asked]\nenabled = false")
    before = _people(linked)
    done = linked("peers", "takeover", "asked", "post")
    after = _people(linked)

    assert 0 == done.status
    assert {name: number for name, (number, _, _) in before.items()} == {
        n: number for n, (number, _, _) in after.items()
    }
    assert ("post/NET/A", "post/NET/B") == (after["Dora"][1], after["Bert"][1])
    assert [] == [f for f in linked("verify", "--json").json["findings"] if not f["warning"]]


def test_a_link_gets_another_name(serving: Driver) -> None:
    """Peers go on with their numbers behind a link of another name, and get full lists above the old numbers."""
    before, last = _people(serving), _last(serving, "NET/A")
    path = serving.folder / "dxa.toml"
    path.write_text(path.read_text().replace("links.post", "links.letters"))
    done = serving("peers", "takeover", "post", "letters")
    serving.world.ask("NET/A", "Fred", r=3, was=2, s=last)
    serving("sync")

    assert 0 == done.status
    assert {name: n for name, (n, _, _) in before.items()}.items() <= {
        name: n for name, (n, _, _) in _people(serving).items()
    }.items()
    assert "letters/NET/A" == _people(serving)["Fred"][1]
    assert "" == serving("status", "letters/NET/A", "--json").json["peers"][0]["export_needed"]
    assert _last(serving, "NET/A") > last
    assert "full" == serving.world.delivered[-1].kind.value
    assert ["letters/NET/A", "letters/NET/B"] == [
        peer["peer"] for peer in serving("status", "--json").json["peers"] if peer["link"] == "letters"
    ]
    assert [] == serving("status", "--json").json["leftovers"]


def test_one_peer_goes_over_to_another(serving: Driver) -> None:
    """A single peer that is not configured any more is taken over by one that is."""
    serving.replace('[links.post.peers."NET/B"]\nno_password = true\n', "")
    dry = serving("peers", "takeover", "post/NET/B", "post/NET/A", "--dry-run")
    untouched = _people(serving)["Bert"][1]
    done = serving("peers", "takeover", "post/NET/B", "post/NET/A")

    assert [0, 0] == [dry.status, done.status]
    assert "Nothing was changed." in dry.out
    assert "post/NET/B" == untouched
    assert "post/NET/A" == _people(serving)["Bert"][1]
    assert [] == serving("verify", "--json").json["findings"]


def test_what_nobody_gets(served: Driver) -> None:
    """Lists that no peer of the new link has stay under a former owner, or go to the peer that is named."""
    served.replace("[links.asked]", "[links.asked]\nenabled = false")
    served.configure(POST + PEERS.format("NET/A"))
    dry = served("peers", "takeover", "asked", "post", "--rest-to", "post/NET/A", "--dry-run")
    done = served("peers", "takeover", "asked", "post")

    assert "post/NET/A: 3 recipients" in dry.out
    assert "nobody's: 1 recipient" in done.out
    assert "former" == _people(served)["Bert"][1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["post", "mem"], "still takes part in cycles"),
        (["nowhere", "mem"], "nothing is stored of a link or peer"),
        (["mem", "nowhere"], "no peer"),
    ],
)
def test_a_takeover_that_cannot_be(serving: Driver, arguments: list[str], expected: str) -> None:
    """What still takes part, or does not exist, is refused before anything is changed."""
    serving.system.put("Zoe", "zoe")
    serving("sync")
    if arguments[0] == "mem":
        serving.replace("[links.mem]", "[links.mem]\nenabled = false")
    before = _people(serving)
    done = serving("peers", "takeover", *arguments)

    assert 2 == done.status
    assert expected in " ".join(done.err.split())
    assert before == _people(serving)


# -- retire ----------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-105")
def test_a_postoffice_is_retired(serving: Driver) -> None:
    """Its list is empty after approval, here and at the other postoffices; before, nobody is gone."""
    last = _last(serving, "NET/B")
    done = serving("peers", "retire", "post", "net/a")
    held = serving("sync")
    plan = serving("status", "--json").json["held"][0]["plan"]
    there = "Dora" in _people(serving)
    serving("approve", plan)
    serving.world.ask("NET/B", r=1, was=1, s=last)
    serving("sync")

    assert 0 == done.status
    assert "2 entries of post/NET/A go" in done.out
    assert "dxa peers remove post/NET/A" in " ".join(done.out.split())
    assert 3 == held.status
    assert there
    assert {"Ann", "Bob", "Cleo", "Bert"} == _people(serving).keys()
    assert ["D NET/A/DORA", "D NET/A/EMIL"] == _told(serving, "NET/B")
    assert 2 == serving("peers", "retire", "post", "NET/A").status


# -- rename ----------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-106")
def test_a_postoffice_gets_another_name(serving: Driver) -> None:
    """Its people keep their numbers under other addresses; others see them go and come; the peer speaks as before."""
    before, last = _people(serving), _last(serving, "NET/B")
    done = serving("peers", "rename", "post", "NET/A", "NET/NEW")
    _settled(serving)
    serving.world.ask("NET/B", r=1, was=1, s=last)
    serving.world.ask("NET/NEW", "Fred", r=3, was=2, s=0)
    synced = serving("sync")
    after = _people(serving)

    assert 0 == done.status
    assert "2 entries of NET/A are NET/NEW's" in done.out
    assert 0 == synced.status
    assert (before["Dora"][0], "post/NET/NEW", "PO:NET/NEW/DORA") == after["Dora"]
    assert (before["Emil"][0], "post/NET/NEW", "PO:NET/NEW/EMIL") == after["Emil"]
    assert "post/NET/NEW" == after["Fred"][1]
    assert {"D NET/A/DORA", "D NET/A/EMIL", "A NET/NEW/DORA", "A NET/NEW/EMIL"} <= set(_told(serving, "NET/B"))
    assert 'own_lists = ["NET/A"]' in (serving.folder / "dxa.toml").read_text()
    assert {"R LAB/HQ", "R NET/B"} == {line for line in _told(serving, "NET/NEW") if line.startswith("R")}
    assert [] == serving("verify", "--json").json["findings"]


@pytest.mark.dx("T-106")
@pytest.mark.parametrize("both", [False, True], ids=["only the old name", "the new name, too"])
def test_a_list_with_a_definition_gets_another_name(serving: Driver, both: bool) -> None:
    """What fields the list has goes along, with all values; of two definitions that of the new name stays."""
    defined = [definition("PO", "NET/A", (("Phone:", "10~8~A~~"),))]
    if both:
        defined.append(definition("PO", "NET/NEW", (("Room:", "10~8~A~~"),)))
    told = [Transaction(n, Verb.DEFINE, None, entry) for n, entry in enumerate(defined, 3)]
    request = Request(r=4, was=2, s=0, i=1, last=4)
    serving.world.waiting.append(Report(sender="NET/A", receipt="d", transactions=told, request=request))
    serving("sync")
    done = serving("peers", "rename", "post", "NET/A", "NET/NEW")
    _settled(serving)

    assert "2 entries of NET/A are NET/NEW's" in done.out
    assert {"PO:NET/NEW/DORA", "PO:NET/NEW/EMIL"} <= {address for _, _, address in _people(serving).values()}
    kept = {"type": "PO", "list": "NET/NEW", "fields": {"Room:" if both else "Phone:": "10~8~A~~"}}
    assert [kept] == serving("peers", "templates", "NET/NEW", "--json").json["told"]
    assert [] == serving("verify", "--json").json["findings"]


def _settled(site: Driver) -> None:
    """Approve what is held, as far as anything is."""
    while 3 == site("sync").status:
        for held in site("status", "--json").json["held"]:
            assert 0 == site("approve", held["plan"]).status


@pytest.mark.dx("T-106")
def test_a_plan_that_is_held_is_held_under_the_new_name(serving: Driver) -> None:
    """What waits for approval when a peer is renamed waits once, under its new name, and can be approved."""
    request = Request(r=3, was=2, s=0, i=1, last=3, replaces=True)
    empty = replace_all("NET/A")._replace(number=3)
    serving.world.waiting.append(Report(sender="NET/A", receipt="empty", transactions=[empty], request=request))
    held = serving("sync")
    renamed = serving("peers", "rename", "post", "NET/A", "NET/Z")
    serving("sync")
    plans = serving("status", "--json").json["held"]
    approved = serving("approve", plans[0]["plan"])
    serving("sync")

    assert [3, 0, 0] == [held.status, renamed.status, approved.status]
    assert ["in post/NET/Z"] == [plan["scope"] for plan in plans]
    assert {"Ann", "Bert", "Bob", "Cleo"} == _people(serving).keys()
    assert [] == serving("status", "--json").json["held"]


def test_a_postoffice_that_was_added_beside(served: Driver) -> None:
    """Where the new name was told before anybody said so, the older recipients stay, and the doubles go."""
    before = _people(served)
    served.world.server.answer(
        *(entry("NET/A", "Dora"), entry("NET/A", "Emil"), entry("NET/B", "Bert"), entry("NET/NEW", "Dora")), s=9
    )
    served("sync")
    doubled = served("recipients", "list", "Dora", "--json").json["total"]
    done = served("peers", "rename", "asked", "NET/A", "NET/NEW")
    _settled(served)
    after = _people(served)

    assert 2 == doubled
    assert "1 entry stood there already" in " ".join(done.out.split())
    assert 1 == served("recipients", "list", "Dora", "--json").json["total"]
    assert (before["Dora"][0], "PO:NET/NEW/DORA") == (after["Dora"][0], after["Dora"][2])
    assert (before["Emil"][0], "PO:NET/NEW/EMIL") == (after["Emil"][0], after["Emil"][2])
    assert [] == served("verify", "--json").json["findings"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["post", "NET/A", "NET/B"], "NET/B has spoken already"),
        (["post", "NET/Z", "NET/Y"], "no peer of link post is NET/Z"),
        (["post", "NET/A", "net/a"], "is called that already"),
        (["nowhere", "NET/A", "NET/C"], "no link 'nowhere'"),
    ],
)
def test_a_rename_that_cannot_be(serving: Driver, arguments: list[str], expected: str) -> None:
    """A name that is taken, or that nobody has, is refused, and the configuration stays as it is."""
    before: Any = (serving.folder / "dxa.toml").read_text(), _people(serving)
    done = serving("peers", "rename", *arguments)

    assert 2 == done.status
    assert expected in " ".join(done.err.split())
    assert before == ((serving.folder / "dxa.toml").read_text(), _people(serving))
