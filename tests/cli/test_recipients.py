"""`dxa recipients`."""

from __future__ import annotations

import pytest

from tests.cli.driver import Driver

KEYS = {"id", "kind", "name", "alias", "container", "address", "owner", "trust", "hidden"}
DETAIL_KEYS = {
    *("id", "kind", "name", "alias", "container", "target", "proxies", "owner", "trust", "hidden", "fields", "exports"),
}


def _names(done: object) -> list[str]:
    return [recipient["name"] for recipient in done.json["recipients"]]  # type: ignore[attr-defined]  # Completed


def test_add_and_show(site: Driver) -> None:
    """A recipient is added with all that the options say."""
    details = ["--alias", "ann", "--trust", "30", "--hidden", "--proxy", "MEM:ann", "--field", "phone=1 = 2"]
    done = site("recipients", "add", "--name", "Ann Müller", "--container", "Recipients/North", *details)
    shown = site("recipients", "show", "1", "--json").json

    assert (0, "") == (done.status, done.err)
    assert "Added recipient 1: Ann Müller." in done.out
    assert DETAIL_KEYS == shown.keys()
    assert ("mailbox", "Ann Müller", "ann", "Recipients/North") == tuple(
        shown[key] for key in ("kind", "name", "alias", "container")
    )
    assert (30, True, ["MEM:ann"], {"phone": "1 = 2"}) == tuple(
        shown[key] for key in ("trust", "hidden", "proxies", "fields")
    )


def test_custom_recipient(site: Driver) -> None:
    """A target makes a custom recipient."""
    site("recipients", "add", "--name", "Zoe", "--target", "mem:zoe")
    shown = site("recipients", "show", "Zoe", "--json").json

    assert ("custom", "MEM:zoe") == (shown["kind"], shown["target"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--name", " "], "a recipient needs a name"),
        (["--name", "Ann", "--kind", "custom"], "has a --target"),
        (["--name", "Ann", "--kind", "list", "--target", "MEM:a"], "has a --target"),
        (["--name", "Ann", "--proxy", "ann"], "--proxy: an address is TYPE:value"),
        (["--name", "Ann", "--proxy", "XYZ:ann"], "--proxy: [16] unknown address type: 'XYZ'"),
        (["--name", "Ann", "--trust", "101"], "101 is not in the range 0<=x<=100"),
        (["--name", "Ann", "--field", "phone"], "--field: 'phone' is not NAME=VALUE"),
        (["--name", "Ann\nBo"], "--name: 'Ann\\nBo' has line ends"),
        (["--name", "Ann", "--container", " "], "--container: a container needs a name"),
        (["--kind", "mailbox"], "--name"),
    ],
)
def test_wrong_input(options: list[str], expected: str, site: Driver) -> None:
    """What makes no recipient is refused with the reason, and changes nothing."""
    done = site("recipients", "add", *options)

    assert 2 == done.status
    assert expected in done.err
    assert 0 == site("recipients", "list", "--json").json["total"]


def test_address_that_is_taken(linked: Driver) -> None:
    """An address belongs to one recipient; the holder is named."""
    done = linked("recipients", "add", "--name", "Ann Two", "--proxy", "MEM:ANN")

    assert 2 == done.status
    assert "belongs to 'Ann' (recipient 1)" in done.err


def test_set_changes_what_is_said(linked: Driver) -> None:
    """Only what the options name changes, and the command says what."""
    done = linked(
        "recipients", "set", "Ann", "--name", "Anne", "--move-to", "Recipients/South", "--trust", "40", "--hidden"
    )
    shown = linked("recipients", "show", "1", "--json").json

    assert 0 == done.status
    assert "name: Ann → Anne; container: Recipients → Recipients/South; trust: 20 → 40; hidden: no → yes" in " ".join(
        done.out.split()
    )
    assert ("Anne", "Recipients/South", 40, True, ["PO:LAB/HQ/ANN", "MEM:Ann"]) == tuple(
        shown[key] for key in ("name", "container", "trust", "hidden", "proxies")
    )


def test_set_addresses(linked: Driver) -> None:
    """A new address becomes the primary one; an old one is taken away by name."""
    linked("recipients", "set", "1", "--proxy", "MEM:anne")

    assert ["MEM:anne", "PO:LAB/HQ/ANN", "MEM:Ann"] == linked("recipients", "show", "1", "--json").json["proxies"]
    linked("recipients", "set", "1", "--remove-proxy", "mem:ANN")

    assert ["MEM:anne", "PO:LAB/HQ/ANN"] == linked("recipients", "show", "1", "--json").json["proxies"]
    done = linked("recipients", "set", "1", "--remove-proxy", "MEM:nobody")

    assert 2 == done.status
    assert "'Ann' has no address MEM:nobody" in done.err


def test_set_to_what_is_so_already(linked: Driver) -> None:
    """Setting what is so already changes nothing, and that is said."""
    done = linked("recipients", "set", "Ann", "--trust", "20")

    assert (0, "Recipient 1 is like that already.\n") == (done.status, done.out)
    assert 3 == len(linked("history", "--json").json["runs"])


def test_field_without_value_goes(linked: Driver) -> None:
    """A field is set, and taken away by an empty value."""
    linked("recipients", "set", "Ann", "--field", "phone=12")

    assert {"phone": "12"} == linked("recipients", "show", "Ann", "--json").json["fields"]
    linked("recipients", "set", "Ann", "--field", "phone=")

    assert {} == linked("recipients", "show", "Ann", "--json").json["fields"]


def test_remove(linked: Driver) -> None:
    """Recipients are removed together, by number, name or address."""
    done = linked("recipients", "remove", "1", "mem:BOB")

    assert (0, "Removed recipient 1: Ann.\nRemoved recipient 2: Bob.\n") == (done.status, done.out)
    assert ["Cleo"] == _names(linked("recipients", "list", "--json"))


def test_a_peers_entry_is_the_peers(linked: Driver) -> None:
    """What a peer told of can be hidden here, but only the peer renames or deletes it."""
    linked.system.put("Zoe", "zoe")
    linked("sync")
    removed, renamed = linked("recipients", "remove", "Zoe"), linked("recipients", "set", "Zoe", "--name", "Zora")

    assert (2, 2) == (removed.status, renamed.status)
    assert "belongs to mem/mem" in removed.err
    assert "--hidden" in removed.err
    assert "belongs to mem/mem" in renamed.err
    assert 0 == linked("recipients", "set", "Zoe", "--hidden").status


def test_ambiguous_name(linked: Driver) -> None:
    """A name that several have is not guessed: their numbers are named."""
    linked("recipients", "add", "--name", "Ann", "--container", "Recipients/North")
    done = linked("recipients", "show", "ann")

    assert 2 == done.status
    assert (
        "2 recipients are called 'ann'; give the number of one: 1 (Ann, Recipients), 4 (Ann, Recipients/North)"
        in done.err
    )


@pytest.mark.parametrize("text", ["99", "Nobody", "MEM:nobody", "XYZ:a"])
def test_nobody(text: str, linked: Driver) -> None:
    """Who does not exist is reported, with the command that lists who does."""
    done = linked("recipients", "show", text)

    assert 2 == done.status
    assert "`dxa recipients list`" in done.err


def test_list_filters(linked: Driver) -> None:
    """The list is filtered by text, kind, container, owner and hidden, and sorted as people look for names."""
    linked("recipients", "add", "--name", "Çelik, Ayşe", "--container", "Recipients/South", "--hidden")
    linked("recipients", "add", "--name", "Everybody", "--kind", "list")
    linked.system.put("Zoe", "zoe")
    linked("sync")

    def listed(*options: str) -> list[str]:
        return _names(linked("recipients", "list", "--json", *options))

    assert ["Ann", "Bob", "Çelik, Ayşe", "Cleo", "Everybody", "Zoe"] == listed()
    assert ["Çelik, Ayşe"] == listed("AYŞE")
    assert ["Bob"] == listed("hq/bob")
    assert ["Everybody"] == listed("--kind", "list")
    assert ["Zoe"] == listed("--kind", "custom")
    assert ["Çelik, Ayşe"] == listed("--container", "recipients/south")
    assert ["Çelik, Ayşe"] == listed("--hidden")
    assert ["Zoe"] == listed("--owner", "mem")
    assert ["Ann", "Bob", "Çelik, Ayşe", "Cleo", "Everybody"] == listed("--owner", "")
    assert [] == listed("nobody")


def test_list_pages(linked: Driver) -> None:
    """A page tells where it stands; the JSON has all unless a limit is given."""
    page = linked("recipients", "list", "--limit", "1", "--offset", "1")
    shown = linked("recipients", "list", "--json")
    part = linked("recipients", "list", "--json", "--limit", "2")

    assert "Bob" in page.out
    assert "Ann" not in page.out
    assert "2 to 2 of 3; --offset 2 shows what follows" in page.out
    assert {"recipients", "total"} == shown.json.keys()
    assert KEYS == shown.json["recipients"][0].keys()
    assert (3, 3) == (len(shown.json["recipients"]), shown.json["total"])
    assert (2, 3) == (len(part.json["recipients"]), part.json["total"])


def test_empty_lists(site: Driver) -> None:
    """An empty directory and an unsuccessful search say so."""
    assert "No recipients.\n" == site("recipients", "list").out
    assert "No recipients with 'x' in name, alias or address.\n" == site("recipients", "list", "x").out


@pytest.mark.dx("T-228")
def test_show_says_why_a_peer_does_not_see_it(linked: Driver) -> None:
    """For each peer it is said under which name it sees a recipient, or why it does not."""
    linked("recipients", "add", "--name", "Dora", "--trust", "90", "--proxy", "MEM:dora")
    linked("recipients", "add", "--name", "Eve", "--container", "Elsewhere")
    linked("recipients", "add", "--name", "Fay", "--hidden", "--proxy", "MEM:fay")
    linked("recipients", "add", "--name", "Gil", "--proxy", "MEM:gil")
    linked.system.put("Zoe", "zoe")
    linked("sync")

    def exports(who: str) -> dict[str, dict[str, object]]:
        return {export["peer"]: export for export in linked("recipients", "show", who, "--json").json["exports"]}

    assert {"peer", "shown", "name", "address", "why"} == exports("Ann")["mem/mem"].keys()
    assert (True, "Ann", "PO:LAB/HQ/ANN", "") == tuple(
        exports("Ann")["post/NET/A"][key] for key in ("shown", "name", "address", "why")
    )
    assert "trust: the recipient's level 90 is above the link's 20" == exports("Dora")["mem/mem"]["why"]
    assert "container: Elsewhere is not in an export container of the link" == exports("Eve")["mem/mem"]["why"]
    assert "hidden: the recipient is hidden" == exports("Fay")["mem/mem"]["why"]
    assert "no PO address" == exports("Gil")["post/NET/A"]["why"]
    assert "its own entry: it told us 'Zoe'" == exports("Zoe")["mem/mem"]["why"]
    assert "trust: the recipient's level 90" in linked("recipients", "show", "Dora").out


def test_show_says_what_the_next_sync_does(linked: Driver) -> None:
    """Between a change and the next sync it is said that a peer will see it, or not any more."""
    linked("sync")
    linked("recipients", "add", "--name", "Dora", "--proxy", "MEM:dora")
    linked("recipients", "set", "Ann", "--hidden")
    (dora, *_) = linked("recipients", "show", "Dora", "--json").json["exports"]
    (ann, *_) = linked("recipients", "show", "Ann", "--json").json["exports"]

    assert (False, "not yet: the next sync shows it") == (dora["shown"], dora["why"])
    assert (True, "until the next sync: hidden: the recipient is hidden") == (ann["shown"], ann["why"])


@pytest.mark.parametrize(
    ("name", "kind", "alias"),
    [
        ("Müller, Jürgen", "mailbox", "juergenm"),
        ("Ann O'Neil", "mailbox", "anno"),
        ("Reception", "mailbox", "reception"),
        ("All Staff", "list", "allstaff"),
        ("日本 太郎", "mailbox", ""),
    ],
)
def test_a_new_one_gets_an_alias_of_its_name(name: str, kind: str, alias: str, site: Driver) -> None:
    """Addresses are made from aliases, and nobody wants to be user2."""
    site("recipients", "add", "--name", name, "--kind", kind)

    assert alias == site("recipients", "show", name, "--json").json["alias"]


def test_addresses_of_a_template_that_came_later(site: Driver) -> None:
    """Who is there already gets what a new template gives, letters of its code page and all, once and unique."""
    for alias in ("jm", "jm2"):
        site("recipients", "add", "--name", "Müller, Jürgen", "--alias", alias)
    path = site.folder / "dxa.toml"
    templates = '[addressing.templates]\nMEM = "{surname}"\n[addressing.code_pages]\nMEM = "cp850"\n'
    path.write_text(f"{path.read_text('utf-8')}\n{templates}", encoding="utf-8")
    done = site("recipients", "complete")
    again = site("recipients", "complete")
    shown = [site("recipients", "show", id_, "--json").json["proxies"] for id_ in ("1", "2")]

    assert "2 recipients got addresses." in done.out
    assert "Nobody lacks an address." in again.out
    assert [["MEM:Müller"], ["MEM:Müller2"]] == shown


def test_a_stated_address_that_rests_is_given_and_noted(site: Driver) -> None:
    """Whose it was and until when it rests stands below what was done."""
    site.replace("#rest_days = 0", "rest_days = 30")
    for name in ("Ann", "Bo"):
        site("recipients", "add", "--name", name, "--proxy", f"MEM:{name}")
    site("recipients", "remove", "Ann")
    added = site("recipients", "add", "--name", "Cy", "--proxy", "MEM:ann")
    site("recipients", "remove", "Cy")
    changed = site("recipients", "set", "Bo", "--proxy", "MEM:ann")

    assert (0, 0) == (added.status, changed.status)
    assert "Note: MEM:ann belonged to 'Ann' (recipient 1) and rests until " in added.out
    assert "Note: MEM:ann belonged to 'Cy' (recipient 3) and rests until " in changed.out
