"""Whatever happens to a directory: by changes alone, dxa knows what reading everything would show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import attrs
import pytest
from hypothesis import Phase, given, settings

from dxa.address import AddressTypes
from dxa.host import Host
from dxa_exchange.demo.slapd import Settings, Slapd, running
from tests.servers.changes import EDITS, Directory, Watcher, watcher
from tests.servers.openldap import ROOT, SUFFIX, Tree, new_tree, why_not

DAY = 86_400.0


@pytest.fixture(scope="module")
def types() -> AddressTypes:
    """Those of all plugins."""
    return Host().address_types()


@given(edits=EDITS)
# No shrinking: with a server asked at each step, that would take minutes.
@settings(max_examples=25, deadline=None, phases=[Phase.generate])
def test_changes_lead_where_everything_leads(
    slapd: Slapd, types: AddressTypes, edits: list[tuple[str, int, str, str]]
) -> None:
    """People and whole units come, change, move in and out of what is read, and go."""
    with closing(new_tree(slapd)) as tree:
        directory = Directory(tree)
        directory.begin()
        hearing = watcher(tree, types)
        hearing.hear()
        for edit in edits:
            if edit[0] == "hear":
                hearing.hear()
                assert hearing.truth() == hearing.known
            else:
                directory.apply(edit)
        hearing.hear()

        assert hearing.truth() == hearing.known


# -- one thing after the other -----------------------------------------------------------------------------------------


@pytest.fixture
def edited(tree: Tree) -> Directory:
    """A directory with two people, both heard."""
    directory = Directory(tree)
    directory.begin()
    directory.add("people", "Ann", True)
    directory.add("phones", "Bob", True)
    return directory


@pytest.fixture
def hearing(edited: Directory, types: AddressTypes) -> Watcher:
    """Who has heard it."""
    hearing = watcher(edited.tree, types)
    hearing.hear()
    return hearing


def _names(watcher: Watcher) -> list[str]:
    return sorted(entry.name for entry in watcher.known.values())


def test_nothing_new_is_nothing(hearing: Watcher) -> None:
    """No transactions, and the same position."""
    cursor = hearing.cursor
    report = hearing.hear()

    assert (0, frozenset(), cursor) == (len(report.transactions), report.lists, report.cursor)


def test_a_change_is_one_transaction(hearing: Watcher, edited: Directory) -> None:
    """An object keeps its anchor, whatever its name and address become."""
    (anchor,) = (anchor for anchor, entry in hearing.known.items() if entry.name == "Ann 1")
    edited.apply(("mail", 0, "people", ""))
    edited.apply(("move", 0, "people/deep", "Bea"))
    report = hearing.hear()

    assert (1, frozenset()) == (len(report.transactions), report.lists)
    assert ("Bea 3", "p1@x0.example.org") == (hearing.known[anchor].name, hearing.known[anchor].address)


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        (("delete", 1, "", ""), ["Ann 1"]),
        (("phone", 100, "", ""), ["Bob 2"]),
        (("phone", 2, "", ""), ["Ann 1", "Bob 2"]),
        (("move", 1, "elsewhere", "Bob"), ["Ann 1"]),
    ],
)
def test_who_goes_or_leaves_what_is_read_goes(
    hearing: Watcher, edited: Directory, edit: tuple[str, int, str, str], left: list[str]
) -> None:
    """Deleted, out of the filter, or out of the container."""
    if edit[0] == "phone" and edit[1] == 100:
        edited.tree.put(edited.people[2], "telephoneNumber")
        left = ["Ann 1"]
    else:
        edited.apply(edit)
    report = hearing.hear()

    assert frozenset() == report.lists
    assert left == _names(hearing)


@pytest.mark.parametrize("leave", ["delete", "mail"])
def test_who_has_had_the_address_of_somebody_else_gets_it_when_it_is_free(
    hearing: Watcher, edited: Directory, leave: str
) -> None:
    """Of two objects with one address the first one counts; the other has not changed when that one leaves it."""
    edited.add("people", "Cy", False)
    edited.tree.put(edited.people[3], "mail", "p1@example.org")
    hearing.hear()
    first = _names(hearing)
    edited.apply((leave, 0, "", ""))
    report = hearing.hear()

    assert ["Ann 1", "Bob 2"] == first
    assert frozenset() == report.lists, hearing.said
    assert "p1@example.org" in {entry.address for entry in hearing.known.values() if entry.name == "Cy 3"}
    assert '"rivals":[]' in hearing.cursor


def test_a_unit_that_moves_takes_its_people_along(hearing: Watcher, edited: Directory) -> None:
    """They have not changed themselves, so everything is read."""
    edited.add("people/deep", "Deep", False)
    hearing.hear()
    edited.tree.client.rename(edited.units["people/deep"], "ou=away", edited.units["elsewhere"])
    report = hearing.hear()

    assert report.lists
    assert ["Ann 1", "Bob 2"] == _names(hearing)
    assert "everything is read: the container ou=away" in hearing.said[-2]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"members": False}, "the rules changed"),
        ({"source": "full"}, "the way of hearing changes changed"),
        ({"containers": ()}, "the containers changed"),
    ],
)
def test_another_configuration_reads_everything(hearing: Watcher, options: dict[str, object], why: str) -> None:
    """Its digest is a part of the cookie: people who are out of it are known to be."""
    if "containers" in options:
        first, second = hearing.options.containers
        options = {"containers": (first, attrs.evolve(second, filter="(mail=nobody@*)"))}
    hearing.options = attrs.evolve(hearing.options, **options)  # type: ignore[arg-type]
    report = hearing.hear()

    assert report.lists
    assert f"everything is read: {why}" in hearing.said
    assert hearing.truth() == hearing.known


def test_another_server_reads_everything(hearing: Watcher) -> None:
    """What it is called tells it from others."""
    hearing.options = attrs.evolve(hearing.options, uri=hearing.options.uri.replace("127.0.0.1", "localhost"))

    assert hearing.hear().lists
    assert "everything is read: the server changed" in hearing.said


def test_everything_is_read_now_and_then(hearing: Watcher) -> None:
    """After a week, and when the clock went back."""
    assert not hearing.hear(6 * DAY).lists
    assert hearing.hear(2 * DAY).lists
    assert hearing.hear(-30 * DAY).lists


@pytest.mark.parametrize("cookie", ["", "nonsense", "{}", '{"version":1,"kind":"syncrepl"}', "[1]"])
def test_a_cookie_that_cannot_be_read_is_none(hearing: Watcher, cookie: str) -> None:
    """Everything is read."""
    hearing.cursor = cookie

    assert hearing.hear().lists
    assert ["Ann 1", "Bob 2"] == _names(hearing)


def test_a_cookie_that_the_server_refuses_means_everything(hearing: Watcher) -> None:
    """Of a future that this server has not had."""
    hearing.cursor = hearing.cursor.replace("csn=20", "csn=29")

    assert hearing.hear().lists
    assert ["Ann 1", "Bob 2"] == _names(hearing)


# -- servers with a past -----------------------------------------------------------------------------------------------


@pytest.fixture
def restored(own_slapd: Slapd, types: AddressTypes) -> Iterator[tuple[Directory, Watcher, bytes]]:
    """A directory that was heard, its backup of before, and changes since that were heard, too."""
    with closing(new_tree(own_slapd)) as tree:
        directory = Directory(tree)
        directory.begin()
        for name in ("Ann", "Bob", "Cy"):
            directory.add("people", name, False)
        hearing = watcher(tree, types)
        hearing.hear()
        backup = own_slapd.dump()
        directory.add("people", "Di", False)
        tree.put(directory.people[1], "mail", "new@example.org")
        tree.client.delete(directory.people[2])
        hearing.hear()
        assert {"Ann 1", "Cy 3", "Di 4"} == {*_names(hearing)}
        yield directory, hearing, backup


def _restore(slapd: Slapd, backup: bytes) -> Tree:
    slapd.stop()
    slapd.clear()
    slapd.load(backup)
    slapd.start()
    return new_tree(slapd)


@pytest.mark.parametrize("later", [False, True])
def test_a_server_that_was_restored_is_read_anew(
    restored: tuple[Directory, Watcher, bytes], own_slapd: Slapd, later: bool
) -> None:
    """Whether it has changed since or not: what was undone is known to be."""
    directory, hearing, backup = restored
    with closing(_restore(own_slapd, backup)) as tree:
        if later:
            tree.put(directory.people[3], "mail", "later@example.org")
        report = hearing.hear()

    assert report.lists
    assert any("the server went back" in text for text in hearing.said)
    assert ["Ann 1", "Bob 2", "Cy 3"] == _names(hearing)
    assert hearing.truth() == hearing.known


@pytest.mark.parametrize("last", ["add", "modify", "delete"])
def test_whatever_was_undone_by_a_restored_server_is_noticed(own_slapd: Slapd, types: AddressTypes, last: str) -> None:
    """The last change that was seen bears witness, though the server has had others since."""
    with closing(new_tree(own_slapd)) as tree:
        directory = Directory(tree)
        directory.begin()
        for name in ("Ann", "Bob", "Cy"):
            directory.add("people", name, False)
        hearing = watcher(tree, types)
        hearing.hear()
        backup = own_slapd.dump()
        if last == "add":
            directory.add("people", "Di", False)
        elif last == "modify":
            tree.put(directory.people[1], "mail", "new@example.org")
        else:
            tree.client.delete(directory.people[1])
        hearing.hear()
    with closing(_restore(own_slapd, backup)) as tree:
        tree.put(directory.people[3], "mail", "later@example.org")
        hearing.hear()

    assert hearing.truth() == hearing.known


def test_a_server_that_has_forgotten_its_deletions_deletes_nobody_by_silence(types: AddressTypes) -> None:
    """Without a session log it names all who are there, and everything is read instead."""
    if why := why_not():
        pytest.skip(why)
    with running(ROOT, Settings(suffix=SUFFIX, sessionlog=0)) as slapd, closing(new_tree(slapd)) as tree:
        directory = Directory(tree)
        directory.begin()
        for name in ("Ann", "Bob", "Cy"):
            directory.add("people", name, False)
        hearing = watcher(tree, types)
        hearing.hear()
        tree.client.delete(directory.people[1])
        report = hearing.hear()

        assert report.lists
        assert ["Bob 2", "Cy 3"] == _names(hearing)
        assert any("has forgotten what was deleted" in text for text in hearing.said)
