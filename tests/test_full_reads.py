"""What a connector can say of reads of a whole list, of entries that are called by their addresses, and of its work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.connector import (
    ConnectorType,
    Feed,
    Holds,
    LinkContext,
    Outcome,
    Parcel,
    Phase,
    Report,
    Result,
    Traits,
    Wish,
    shaped,
)
from dxa.entry import CONTAINER, HIDDEN, Entry, Reject, Transaction, Verb
from dxa.errors import AddressError, TransportError
from dxa.hookspecs import hookimpl
from dxa.host import Host
from dxa.rules.imports import ADDRESSES, ALIAS
from tests.cases.harness import SiteHarness

TEXT = """
[site]
organization = "LAB"
name = "HQ"
[addressing.templates]
MEM = "{alias}"
SMTP = "{alias}@lab.example"
[links.list]
connector = "scripted"
import_container = "Foreign"
export_containers = ["Staff"]
"""


@attrs.define(eq=False)
class Scripted:
    """A plugin with a connector that says what a test wants, and keeps what it is given."""

    reports: list[Report] = attrs.field(factory=list)
    parcels: list[Parcel] = attrs.field(factory=list)
    phases: list[tuple[Phase, int, str]] = attrs.field(factory=list)
    failing: str = ""
    stuck: bool = False
    shaped: int = 0
    tells_recipients: bool = True
    context: Any = None

    @hookimpl
    def dxa_connectors(self) -> list[ConnectorType]:
        traits = Traits(
            types=("MEM",),
            holds=Holds.PROVEN,
            feeds=frozenset({Feed.FULL}),
            names_are_addresses=True,
            tells_recipients=self.tells_recipients,
        )
        return [ConnectorType(name="scripted", summary="a test", traits=traits, open=self.open)]

    def open(self, context: LinkContext) -> Scripted:
        self.context = context
        return self

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        if self.failing:
            raise TransportError(self.failing)
        self.context.tell(67, "read")
        yield from self.reports

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        if self.stuck:
            raise TransportError("stuck")
        self.parcels.append(parcel)
        yield Outcome(result=Result.DONE)

    def settle(self, receipts: Sequence[str]) -> None:
        pass

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        return shaped(self.shape_one, wishes)

    def shape_one(self, entry: Entry, held: Entry | None) -> Entry:
        self.shaped += 1
        if "!" in entry.name:
            raise AddressError("no exclamation marks", got=entry.name)
        fitting = entry._replace(name=entry.name.upper(), fields=())
        return held if held is not None and held.name.upper() == fitting.name else fitting

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        self.phases.append((phase, sum(counts.values()), reason))


@attrs.define
class ScriptedSite(SiteHarness):
    """A site with a link to a `Scripted` list."""

    plugin: Scripted = attrs.field(factory=Scripted)

    def open(self, *, create: bool = False) -> None:
        (self.folder / "dxa.toml").write_text(self.text, encoding="utf-8")
        host = Host({"scripted": self.plugin}, memory=self.memory)
        self.site = OpenSite.open(self.folder, host, lambda: self.now, create=create)
        self.agent = Agent(site=self.site)

    def hears(self, *entries: Entry, **values: Any) -> None:
        """Run a cycle with a full report of these."""
        self.changes(*(Transaction(0, Verb.ADD, None, entry) for entry in entries), lists={("", "")}, **values)

    def changes(self, *transactions: Transaction, failing: bool = False, **values: Any) -> None:
        """Run a cycle with these changes, found by a read of the whole list."""
        report = Report(sender="list", receipt="r", cursor="c", transactions=transactions, proves=True)
        self.plugin.reports = [attrs.evolve(report, **values)]
        self.sync(failing=failing)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ScriptedSite]:
    """The site."""
    site = ScriptedSite(tmp_path, TEXT)
    yield site
    site.close()


def _entry(name: str, address: str = "", **fields: str) -> Entry:
    address = address or name
    return Entry(f"MEM:{address.casefold()}", "MEM", "", name, address, tuple(fields.items()))


def _gone(name: str) -> Transaction:
    return Transaction(0, Verb.DELETE, _entry(name), None)


TEN = [_entry(f"P{n}") for n in range(10)]


def test_changes_that_a_whole_read_has_found_prove_what_the_peer_holds(site: ScriptedSite) -> None:
    """The site's people are given to a peer whose list was read and is as it was; not to one that was not read."""
    site.hears(_entry("Ann"))
    site.add("Bob")
    site.changes()
    given = len(site.plugin.parcels)
    site.add("Cy")
    site.plugin.reports = []
    site.sync()

    assert (1, 1) == (given, len(site.plugin.parcels))


def test_nothing_is_written_by_a_doubtful_report(site: ScriptedSite) -> None:
    """Neither by a full one nor by changes: somebody whom it lacks might be written over. Who is missing is held."""
    site.add("Bob")
    site.hears(_entry("Ann"), doubtful=True)
    site.changes(doubtful=True)
    given = len(site.plugin.parcels)
    site.changes()

    assert (0, 1) == (given, len(site.plugin.parcels))
    assert ["Ann", "Bob"] == site.names()
    site.hears(_entry("Cy"), doubtful=True)
    assert (["tail"], ["Ann", "Bob"]) == (site.holds(), site.names())


def test_what_stood_at_an_end_that_may_be_cut_is_held_until_a_second_read_agrees(site: ScriptedSite) -> None:
    """The connector says so of changes; a later read without such an end lets the deletion go."""
    site.hears(*TEN)
    site.changes(_gone("P9"), doubtful=True)
    held = site.holds()
    site.changes()

    assert ["tail"] == held
    assert [f"P{n}" for n in range(9)] == site.names()
    assert [] == site.holds()


def test_an_end_that_comes_back_takes_the_hold_away(site: ScriptedSite) -> None:
    """Whoever was missing is there again, and keeps the recipient."""
    site.hears(*TEN)
    before = site.one("P9").id
    site.changes(_gone("P9"), doubtful=True)
    site.changes(Transaction(0, Verb.ADD, None, TEN[9]))

    assert [] == site.holds()
    assert before == site.one("P9").id


def test_an_end_that_was_there_is_no_reason_to_hold_a_delete_that_is_stated(site: ScriptedSite) -> None:
    """A list without a count lacked nobody: that its last entry is deleted later, by a change, is believed."""
    site.hears(*TEN, counted=False)
    site.changes(_gone("P9"), proves=False)

    assert ([f"P{n}" for n in range(9)], []) == (site.names(), site.holds())


def test_a_stated_delete_lets_nothing_through_that_a_list_has_lacked(site: ScriptedSite) -> None:
    """Who was missing at the end of a list stays held, whatever changes say of others."""
    site.hears(*TEN)
    site.hears(*TEN[:9], counted=False)
    site.changes(_gone("P0"), proves=False)

    assert ([f"P{n}" for n in range(10)], ["tail"]) == (site.names(), [h for h in site.holds() if h == "tail"])


def test_a_list_that_was_empty_once_is_not_empty_for_ever(site: ScriptedSite) -> None:
    """Changes may fill it; a deletion is then no sign of an empty list."""
    site.hears()
    site.changes(*(Transaction(0, Verb.ADD, None, entry) for entry in TEN))
    site.changes(_gone("P3"))

    assert [] == site.holds()
    assert 9 == len(site.names())


def test_rejects_keep_everybody_and_remarks_nobody(site: ScriptedSite) -> None:
    """A record that cannot be read may be somebody who is missing; one that is understood is not. Each is told once."""
    site.hears(*TEN)
    for _ in range(2):
        site.hears(*TEN[1:], rejects=[Reject(0, 7, "torn", 0, "cannot be read")])
    kept = len(site.names())
    for _ in range(2):
        site.hears(*TEN[1:], remarks=[Reject(0, 8, "odd", 0, "is nobody")])

    assert (10, 9) == (kept, len(site.names()))
    assert [(0, "cannot be read"), (0, "is nobody")] == site.rejects()


def test_the_name_and_alias_of_a_recipient_are_given_once(site: ScriptedSite) -> None:
    """Rules make them of an address when the recipient is made; changed rules change nobody who is there."""
    site.hears(_entry("Ann Berg", "a", mailNickname="AnnB", info="1"))
    site.hears(_entry("Berg, Ann", "a", mailNickname="BAnn", info="2"), _entry("New, Nan", "n", mailNickname="NewN"))

    ann, nan = site.one("Ann Berg"), site.one("New, Nan")
    assert ("AnnB", (("info", "2"),)) == (ann.alias, ann.fields)
    assert ("NewN", ()) == (nan.alias, nan.fields)
    assert Address("SMTP", "AnnB@lab.example") in ann.proxies


def test_further_addresses_that_are_free_become_proxies(site: ScriptedSite) -> None:
    """One that somebody else has is left out and not made another one; rubbish is left out. One that is told no more
    goes.
    """
    site.hears(_entry("Ann"), _entry("Bob", proxyAddresses="MEM:Robert"), _entry("Cy", proxyAddresses="MEM:ann"))
    site.hears(_entry("Ann", proxyAddresses="MEM:Anna"), _entry("Di", proxyAddresses="?"), *map(_entry, ("Bob", "Cy")))
    found = {recipient.name: [p.value for p in recipient.proxies if p.type == "MEM"] for recipient in site.recipients()}

    assert {"Ann": ["Ann", "Anna"], "Bob": ["Bob"], "Cy": ["Cy"], "Di": ["Di"]} == found


@pytest.mark.parametrize("full", [False, True])
def test_what_an_entry_has_no_more_its_recipient_loses(site: ScriptedSite, full: bool) -> None:
    """By changes as by full lists it becomes what a site would know that hears the list for the first time."""
    rich = _entry("Ann", **{ADDRESSES: "SMTP:ann@x.org", HIDDEN: "1", CONTAINER: "Sub", "info": "x", "room": "1"})
    site.hears(rich, _entry("Bob"))
    before = site.one("Ann")
    if full:
        site.hears(_entry("Ann", info="y"), _entry("Bob"))
    else:
        site.changes(Transaction(0, Verb.ADD, None, _entry("Ann", info="y")))
    ann = site.one("Ann")

    assert ["MEM:Ann", "SMTP:ann@x.org"] == [str(proxy) for proxy in before.proxies]
    assert ["MEM:Ann", "SMTP:Ann@lab.example"] == [str(proxy) for proxy in ann.proxies]
    assert (False, "Foreign", (("info", "y"),)) == (ann.hidden, ann.container, ann.fields)


def test_an_address_that_moves_to_another_entry_is_no_further_one_any_more(site: ScriptedSite) -> None:
    """Though the entry that it was the address of tells it still; whose own address it is gets it."""
    ann = _entry("Ann")._replace(anchor="a")
    site.hears(ann)
    moved = _entry("Anna", **{ADDRESSES: "MEM:Ann"})._replace(anchor="a")
    site.hears(moved, ann._replace(name="Other", anchor="b"))
    found = {recipient.name: [str(p) for p in recipient.proxies if p.type == "MEM"] for recipient in site.recipients()}

    assert {"Ann": ["MEM:Anna"], "Other": ["MEM:Ann"]} == found


def test_an_entry_with_a_further_address_of_another_one_does_not_become_that_one(site: ScriptedSite) -> None:
    """It is a conflict as long as that is so; when it goes, the other one stays who he was."""
    bob = _entry("Bob", **{ADDRESSES: "MEM:Rob"})
    site.hears(bob, *(_entry(f"P{n}") for n in range(9)))
    rob = Transaction(0, Verb.ADD, None, _entry("Rob"))
    site.changes(rob)
    site.changes(rob)
    during, told = site.one("Bob").target, [reason for _, reason in site.rejects()]
    site.changes(Transaction(0, Verb.DELETE, _entry("Rob"), None))

    assert ["the address Rob belongs to 'Bob'"] == told
    assert [] == site.rejects()
    assert during == site.one("Bob").target == Address("MEM", "Bob")
    assert "Rob" not in site.names()


def test_who_gets_the_recipient_of_another_entry_gets_nothing_of_what_that_one_told(site: ScriptedSite) -> None:
    """A delete that is held, and another object with the address meanwhile: its attributes are its own."""
    ann = _entry("Ann", **{ADDRESSES: "SMTP:boss@x.org", "info": "x"})._replace(anchor="a")
    site.hears(ann)
    site.hears(_entry("Bob")._replace(anchor="b"), _entry("Ann", room="1")._replace(anchor="c"))
    found = site.one("Ann")

    assert (("room", "1"),) == found.fields
    assert "SMTP:boss@x.org" not in {str(proxy) for proxy in found.proxies}


def test_who_lost_our_mark_is_not_ours_any_more(site: ScriptedSite) -> None:
    """Also when nothing else has changed: it does not count as what we wrote there, which is missing."""
    site.add("Bob")
    bob = _entry("BOB")
    site.hears(bob, marked=frozenset({bob.key}))
    site.hears(bob, marked=frozenset({bob.key}))
    before = len(site.plugin.parcels)
    site.changes(Transaction(0, Verb.ADD, None, bob))

    (parcel,) = site.plugin.parcels
    assert (0, [Verb.ADD]) == (before, [each.verb for each in parcel.transactions()])


def test_whoever_gets_our_mark_is_nobody_of_the_peer_any_more(site: ScriptedSite) -> None:
    """Its recipient goes, for what bears our mark is what we wrote."""
    ann, bob = _entry("Ann"), _entry("Bob")
    site.hears(ann, bob, *(_entry(f"P{n}") for n in range(9)))
    named = bob._replace(name="Bobby")
    site.changes(Transaction(0, Verb.ADD, None, named), marked=frozenset({bob.key}))

    assert "Bob" not in site.names()
    assert "Ann" in site.names()


def test_alias_and_addresses_are_no_prompts_of_a_map(site: ScriptedSite) -> None:
    """A map of attributes leaves them alone."""
    site.configure(TEXT + 'attributes = {info = "notes"}\n')
    site.hears(_entry("Ann", **{ALIAS: "A1", ADDRESSES: "MEM:Anna", "info": "x", "other": "y"}))

    assert ("A1", (("notes", "x"),)) == (site.one("Ann").alias, site.one("Ann").fields)


def test_nobody_gets_an_address_from_a_field_that_just_has_that_name(site: ScriptedSite) -> None:
    """Where people choose the names of fields, one that is called like an attribute of addresses is nothing."""
    site.plugin.tells_recipients = False
    site.configure(TEXT)
    site.hears(_entry("Ann", **{ALIAS: "boss", ADDRESSES: "MEM:Boss", "info": "x"}))

    ann = site.one("Ann")
    assert ("Ann", (("info", "x"),)) == (ann.alias, ann.fields)
    assert ["Ann"] == [proxy.value for proxy in ann.proxies if proxy.type == "MEM"]


def test_what_is_sent_is_what_the_peer_can_hold(site: ScriptedSite) -> None:
    """Shaped by the connector; what it holds and is as good is not sent again, and what it cannot hold is told once."""
    for name in ("Ann", "Bob", "Eve!"):
        site.add(name)
    site.hears(_entry("aNN", "ann"), marked=frozenset({"MEM:ann"}))
    site.hears(_entry("aNN", "ann"), marked=frozenset({"MEM:ann"}))
    sent = [[t.new.name for t in parcel.transactions() if t.new] for parcel in site.plugin.parcels]

    assert [["BOB"], ["BOB"]] == sent
    assert [(0, "list cannot hold it: no exclamation marks: 'Eve!'")] == site.rejects()


def test_who_is_in_step_is_looked_at_again_only_after_a_change(site: ScriptedSite) -> None:
    """A cycle in which neither side has changed costs nothing by the entry; every change on either side is seen."""
    bob, cy = _entry("BOB"), _entry("CY")
    site.add("Bob")
    site.add("Cy")
    site.hears()
    site.hears(bob, cy, marked=frozenset({bob.key, cy.key}))
    site.changes()
    before = site.plugin.shaped
    site.changes()
    unchanged = site.plugin.shaped - before

    def sent() -> list[tuple[str, str]]:
        parcels, site.plugin.parcels = site.plugin.parcels, []
        return [(t.verb.value, side.name) for p in parcels for t in p.transactions() if (side := t.new or t.old)]

    sent()
    site.changes(Transaction(0, Verb.ADD, None, bob._replace(name="Robert")), marked=frozenset({bob.key}))
    renamed = sent()
    site.changes(Transaction(0, Verb.ADD, None, bob), marked=frozenset({bob.key}))
    site.changes(_gone("BOB"))
    gone = sent()
    site.changes(Transaction(0, Verb.ADD, None, bob), marked=frozenset({bob.key}))
    site.edit("Cy", hidden=True)
    site.changes()

    assert (0, [("M", "BOB")], [("A", "BOB")], [("D", "CY")]) == (unchanged, renamed, gone, sent())
    site.changes(_gone("CY"))
    site.changes()
    before = site.plugin.shaped
    site.configure(TEXT.replace('connector = "scripted"', 'connector = "scripted"\ncode_page = "437"'))
    site.changes()
    assert 1 == site.plugin.shaped - before


def test_a_first_cycle_without_deletes_is_no_being_in_step(site: ScriptedSite) -> None:
    """Nothing is deleted at a peer in the first cycle with it; the next one does so, though nothing has changed."""
    ours = [_entry(f"O{n}") for n in range(20)]
    for entry in ours[1:]:
        site.add(entry.name)
    site.hears(*ours, marked=frozenset(entry.key for entry in ours))
    first = len(site.plugin.parcels)
    site.changes()

    (parcel,) = site.plugin.parcels
    assert (0, [(Verb.DELETE, "O0")]) == (first, [(t.verb, t.old.name) for t in parcel.transactions() if t.old])


def test_what_waits_is_worked_out_anew_and_stays_approved(site: ScriptedSite) -> None:
    """A parcel that could not be delivered gives way to one that says what is true now; what a person has approved of
    it is not held a second time.
    """
    ours = [_entry(f"O{n}") for n in range(5)]
    marked = frozenset(entry.key for entry in ours)
    site.hears(*ours, marked=marked)
    site.hears(*ours, marked=marked)
    held = site.holds()
    site.approve()
    site.plugin.stuck = True
    site.add("Bob")
    site.hears(*ours, marked=marked, failing=True)
    site.hears(*ours[1:], marked=marked, failing=True)
    again = site.last.held
    site.plugin.stuck = False
    site.plugin.parcels.clear()
    site.plugin.reports = []
    site.sync()

    assert (["shrink", "everything"], []) == (held, again)
    (parcel,) = site.plugin.parcels
    assert ["O1", "O2", "O3", "O4", "BOB"] == [side.name for t in parcel.transactions() if (side := t.new or t.old)]


def test_a_connector_tells_what_it_does(site: ScriptedSite) -> None:
    """Its lines stand in the outcome of the cycle, and it is told how far the core has come."""
    site.add("Bob")
    site.hears(_entry("Ann"))
    went = list(site.plugin.phases)
    site.plugin.failing = "locked"
    site.plugin.phases.clear()
    first = site.last.links[0].events
    site.sync(failing=True)

    assert [(67, "read")] == first
    assert [(Phase.DIRECTORY, 1, ""), (Phase.COMPARED, 1, ""), (Phase.ENDED, 0, "")] == went
    assert [(Phase.FAILED, 0, "locked")] == site.plugin.phases
