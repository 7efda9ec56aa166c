"""`dxa peers`."""

from __future__ import annotations

import errno
import os
import tomllib

import pytest

from dxa.host import Host
from tests.cli.driver import MEMORY_LINK, POST_LINK, Driver

KEYS = {"peer", "link", "name", "connector", "enabled", "owned", "shown", "heard_at"}
DETAIL_KEYS = KEYS | {"types", "templates", "limit", "password", "own_lists", "exports", "lists", "status"}


def test_list(linked: Driver) -> None:
    """Peers are listed with what each owns and is shown."""
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    linked("sync")
    found = {peer["peer"]: peer for peer in linked("peers", "list", "--json").json["peers"]}

    assert ["mem/mem", "post/NET/A", "post/NET/B"] == list(found)
    assert KEYS == found["mem/mem"].keys()
    assert (1, 3, "2026-11-02T12:00:00Z") == tuple(found["post/NET/A"][key] for key in ("owned", "shown", "heard_at"))
    assert (0, None) == (found["post/NET/B"]["owned"], found["post/NET/B"]["heard_at"])


def test_no_peers(site: Driver) -> None:
    """A site without peers says how to get some."""
    assert "`dxa peers add`" in site("peers", "list").out


@pytest.mark.dx("T-018")
def test_matrix(linked: Driver) -> None:
    """The matrix shows a list that a peer does not see as 0, where its container is not exported to that peer."""
    linked("recipients", "add", "--name", "Eve", "--container", "Converted", "--proxy", "PO:LAB/OLD/EVE")
    linked.replace(
        '[links.post.peers."NET/B"]\n', '[links.post.peers."NET/B"]\nexport_containers = ["Recipients", "Converted"]\n'
    )
    linked("sync")
    done = linked("peers", "list", "--counts", "--json")
    counts = {(c["peer"], c["list"]): c["entries"] for c in done.json["lists"] if c["type"] == "PO"}

    assert {"peers", "lists"} == done.json.keys()
    assert {"peer", "type", "list", "entries", "own"} == done.json["lists"][0].keys()
    assert {
        ("mem/mem", "LAB/HQ"): 0,
        ("mem/mem", "LAB/OLD"): 0,
        ("post/NET/A", "LAB/HQ"): 3,
        ("post/NET/A", "LAB/OLD"): 0,
        ("post/NET/B", "LAB/HQ"): 3,
        ("post/NET/B", "LAB/OLD"): 1,
    } == counts
    assert any(line.split() == ["PO:LAB/OLD", "0", "0", "1"] for line in linked("peers", "list", "--counts").lines)


def test_matrix_marks_what_is_its_own(linked: Driver) -> None:
    """A list that is the peer's own is marked, so that it does not look like one that is missing."""
    linked.replace('export_containers = ["Recipients"]', 'export_containers = ["Recipients", "Foreign"]')
    _with_dora(linked)
    own = [(c["peer"], c["list"]) for c in linked("peers", "list", "--counts", "--json").json["lists"] if c["own"]]

    assert [("post/NET/A", "NET/A")] == own
    assert any(line.split() == ["PO:NET/A", "0", "own", "1"] for line in linked("peers", "list", "--counts").lines)


def test_show(linked: Driver) -> None:
    """One peer is shown with its rules, its state and its lists; a name is enough if only one link has it."""
    linked("sync")
    shown = linked("peers", "show", "net/a", "--json").json
    done = linked("peers", "show", "post/NET/A")

    assert DETAIL_KEYS == shown.keys()
    assert ("post/NET/A", ["PO"], ["NET/A"], False) == tuple(
        shown[key] for key in ("peer", "types", "own_lists", "password")
    )
    assert [{"peer": "post/NET/A", "type": "PO", "list": "LAB/HQ", "entries": 3, "own": False}] == shown["lists"]
    assert "never heard: have it send its first request" in done.out
    assert "containers: Recipients" in done.out


def test_unknown_peer(linked: Driver) -> None:
    """A peer that does not exist is a wrong usage."""
    done = linked("peers", "show", "NET/Z")

    assert 2 == done.status
    assert "no peer 'NET/Z'" in done.err


def test_add_writes_what_is_said(site: Driver) -> None:
    """A table with what the options say is put into dxa.toml, and comments stay."""
    site.configure(POST_LINK + "# the last word\n")
    (site.folder / "secret").write_text("sesame\n")
    (site.folder / "secret").chmod(0o600)
    options = ["--password-ref", "file:secret", "--types", "po", "--no-templates", "--limit", "9000"]
    done = site("peers", "add", "POST", "NET/A", *options, "--import-container", "X", "--export-container", "Y")
    text = (site.folder / "dxa.toml").read_text("utf-8")
    shown = site("peers", "show", "NET/A", "--json").json

    assert (0, "") == (done.status, done.err)
    assert "# the last word" in text
    assert 'password = "file:secret"' in text
    assert (True, 9000) == (shown["password"], shown["limit"])
    assert "containers: Y" == shown["exports"][0]


def test_add_sets_keys_of_the_connector(site: Driver) -> None:
    """--set writes keys of the connector's own table, each with the kind of value that the connector wants."""
    site.host = Host(discover=True)
    site.configure('[links.mail]\nconnector = "msmail"\nrole = "server"\nimport_container = "Foreign"\n')
    done = site("peers", "add", "mail", "NET/A", "--no-password", "--set", "placement=INBODY", "--set", "layout=tabs")
    table = tomllib.loads((site.folder / "dxa.toml").read_text("utf-8"))["links"]["mail"]["peers"]["NET/A"]
    unknown = site("peers", "add", "mail", "NET/B", "--no-password", "--set", "colour=red")
    no_key = site("peers", "add", "mail", "NET/B", "--no-password", "--set", "red")

    assert (0, "") == (done.status, done.err)
    assert {"no_password": True, "msmail": {"placement": "INBODY", "layout": "tabs"}} == table
    assert (2, 2) == (unknown.status, no_key.status)
    assert "colour" in unknown.err
    assert "--set takes KEY=VALUE" in no_key.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["post", "NET/C"], "say either --password-ref"),
        (["post", "NET/C", "--no-password", "--password-ref", "env:X"], "say either --password-ref"),
        (["post", "NET/C", "--password-ref", "sesame"], "takes env:NAME or file:PATH"),
        (["post", "NET/C", "--password-ref", "env:DXA_NOT_SET"], "DXA_NOT_SET is not set"),
        (["post", "net/a", "--no-password"], "already has a peer"),
        (["nowhere", "NET/C", "--no-password"], "no link 'nowhere'; configured are: mem, post"),
        (["mem", "NET/C", "--no-password"], "a link of memory is its only peer"),
        (["post", "NET/C", "--no-password", "--types", "XYZ"], "no plugin knows the address type 'XYZ'"),
        (["post", "NET/C", "--no-password", "--limit", "0"], "0 is not in the range"),
    ],
)
def test_add_refuses(arguments: list[str], expected: str, linked: Driver) -> None:
    """What cannot be a peer is refused, and dxa.toml stays as it was."""
    before = (linked.folder / "dxa.toml").read_bytes()
    done = linked("peers", "add", *arguments)

    assert 2 == done.status
    assert expected in done.err
    assert before == (linked.folder / "dxa.toml").read_bytes()


def test_add_refuses_a_file_that_is_no_toml(linked: Driver) -> None:
    """A configuration that cannot be read is told like everywhere else, and nothing is added."""
    linked.configure("links = [\n")
    done = linked("peers", "add", "post", "NET/C", "--no-password")

    assert 2 == done.status
    assert "dxa.toml: 1 problem\n  not TOML: " in done.err


def test_add_on_a_full_disk(linked: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """When there is no room, the file is named and stays as it was."""
    path = linked.folder / "dxa.toml"
    before = path.read_bytes()
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr("dxa.config.edit.os.fsync", lambda _handle: (_ for _ in ()).throw(full))
    done = linked("peers", "add", "post", "NET/C", "--no-password")

    expected = f"error: {path.resolve()}: No space left on device; make room there, and run it again\n"
    assert (1, expected) == (done.status, done.err)
    assert before == path.read_bytes()


def _with_dora(linked: Driver) -> None:
    linked.world.ask("NET/A", "Dora", r=1, was=0, s=0)
    linked("sync")


def test_remove_and_keep(linked: Driver) -> None:
    """--keep leaves what the peer owned: of a former peer, exported as before, and adopted if a peer tells it again."""
    _with_dora(linked)
    done = linked("peers", "remove", "NET/A", "--keep")

    assert (0, "Removed post/NET/A; 1 recipient that it owned stays.\n") == (done.status, done.out)
    assert "former" == linked("recipients", "show", "Dora", "--json").json["owner"]
    assert 'peers."NET/A"' not in (linked.folder / "dxa.toml").read_text("utf-8")
    assert 0 == linked("sync").status


def test_remove_and_delete(linked: Driver) -> None:
    """--delete deletes what the peer owned, and history knows it."""
    _with_dora(linked)
    done = linked("peers", "remove", "post/NET/A", "--delete")

    assert 0 == done.status
    assert 2 == linked("recipients", "show", "Dora").status
    assert "peer post/NET/A removed" in linked("history", "--recipient", "Dora", "--json").json["changes"][0]["reason"]


def test_remove_and_transfer(linked: Driver) -> None:
    """--transfer-to makes another peer the owner."""
    _with_dora(linked)
    linked("peers", "remove", "NET/A", "--transfer-to", "post/net/b")

    assert "post/NET/B" == linked("recipients", "show", "Dora", "--json").json["owner"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["NET/A"], "say exactly one of --keep, --delete and --transfer-to"),
        (["NET/A", "--keep", "--delete"], "say exactly one of"),
        (["NET/A", "--keep", "--transfer-to", "NET/B"], "say exactly one of"),
        (["NET/A", "--transfer-to", "NET/A"], "cannot be handed over to itself"),
        (["NET/A", "--transfer-to", "NET/Z"], "no peer 'NET/Z'"),
        (["NET/Z", "--keep"], "no peer 'NET/Z'"),
        (["mem", "--keep"], "enabled = false"),
    ],
)
def test_remove_refuses(arguments: list[str], expected: str, linked: Driver) -> None:
    """A removal that does not say what becomes of the entries, or names nobody, changes nothing."""
    _with_dora(linked)
    before = (linked.folder / "dxa.toml").read_bytes()
    done = linked("peers", "remove", *arguments)

    assert 2 == done.status
    assert expected in done.err
    assert before == (linked.folder / "dxa.toml").read_bytes()
    assert "post/NET/A" == linked("recipients", "show", "Dora", "--json").json["owner"]


def test_remove_the_only_peer_of_a_link(linked: Driver) -> None:
    """A link that is its own peer gives up what it owns once it is switched off."""
    linked.system.put("Zoe", "zoe")
    linked("sync")
    linked.replace(MEMORY_LINK, MEMORY_LINK + "enabled = false\n")
    done = linked("peers", "remove", "mem", "--delete")

    assert (0, "Removed mem/mem; 1 recipient that it owned is deleted.\n") == (done.status, done.out)


def test_full(linked: Driver) -> None:
    """A full answer can be owed to a peer that has spoken; one that has not gets a full one anyway."""
    _with_dora(linked)
    linked.world.ask("NET/A", r=1, was=1, s=linked("peers", "show", "NET/A", "--json").json["status"]["s"])
    linked("sync")
    before = linked("status", "NET/A", "--json").json["peers"][0]["full_answer"]
    done = linked("peers", "full", "NET/A")

    assert "no" == before
    assert (0, "post/NET/A gets a full answer after its next request.\n") == (done.status, done.out)
    assert "wanted" == linked("status", "NET/A", "--json").json["peers"][0]["full_answer"]
    shown = linked("status").out
    assert "Under way:\n  - post/NET/A: the next answer is a full one\n" in shown
    assert "the next answer" not in shown.partition("Under way")[0]


def test_full_for_a_peer_that_never_spoke(linked: Driver) -> None:
    """Nothing can be owed to a peer that has not spoken, and its first answer is full anyway."""
    done = linked("peers", "full", "NET/B")

    assert 2 == done.status
    assert "its first answer is full anyway" in done.err


def test_full_for_a_peer_that_is_read_whole(linked: Driver) -> None:
    """A peer that shows what it has is owed nothing."""
    done = linked("peers", "full", "mem")

    assert 2 == done.status
    assert "every sync writes what is lacking" in done.err


@pytest.fixture
def left_over(linked: Driver) -> Driver:
    """A peer that owns Dora, and whose table was taken out by hand."""
    _with_dora(linked)
    linked.replace('[links.post.peers."NET/A"]\nno_password = true\n', "")
    return linked


def test_peer_that_is_not_configured_any_more(left_over: Driver) -> None:
    """A peer whose table was taken out by hand is not forgotten: the status says what to do."""
    expected = "post/NET/A is not in dxa.toml any more, but what it told is kept: `dxa peers remove post/NET/A`"

    assert [expected] == left_over("status", "--json").json["leftovers"]


@pytest.mark.parametrize(
    ("options", "owner", "said"),
    [
        (["--keep"], "former", "stays"),
        (["--transfer-to", "NET/B"], "post/NET/B", "belongs to post/NET/B now"),
        (["--delete"], None, "is deleted"),
    ],
)
def test_remove_what_is_left_over(left_over: Driver, options: list[str], owner: str | None, said: str) -> None:
    """A peer that is not in dxa.toml any more is removed as any other, and dxa.toml stays as it is."""
    before = (left_over.folder / "dxa.toml").read_bytes()
    done = left_over("peers", "remove", "POST/net/a", *options)
    dora = left_over("recipients", "show", "Dora", "--json")

    assert (0, f"Removed post/NET/A; 1 recipient that it owned {said}.\n") == (done.status, done.out)
    assert owner == (dora.json["owner"] if dora.status == 0 else None)
    assert before == (left_over.folder / "dxa.toml").read_bytes()
    assert [] == left_over("status", "--json").json["leftovers"]
    assert 2 == left_over("peers", "remove", "post/NET/A", *options).status


def test_remove_what_is_left_over_of_a_link(left_over: Driver) -> None:
    """The link may be gone, too."""
    left_over.replace(POST_LINK, "")
    left_over.replace('[links.post.peers."NET/B"]\nno_password = true\n', "")

    assert 0 == left_over("peers", "remove", "post/NET/A", "--keep").status
    assert "former" == left_over("recipients", "show", "Dora", "--json").json["owner"]


def test_nothing_goes_over_to_what_is_left_over(left_over: Driver) -> None:
    """An heir must be configured."""
    done = left_over("peers", "remove", "NET/B", "--transfer-to", "post/NET/A")

    assert 2 == done.status
    assert "no peer 'post/NET/A'" in done.err
