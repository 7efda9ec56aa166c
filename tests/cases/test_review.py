"""What a hostile reading found: decisions that came back, addresses that change hands, held moves, nonsense numbers."""

from pathlib import Path

import pytest

from dxa.agent.admin import Leftover
from dxa.config import edit
from dxa.errors import FormatError, PeerError
from dxa.recipient import Kind
from tests.cases.harness import DAY, MEMORY, SITE, MakeSite, SiteHarness, body_of, link, mail, peer

PEOPLE = [f"A P{n} Lee\tPCM:NET/ONE/P{n}" for n in range(20)]
DELETES = [f"D P{n} Lee\tPCM:NET/ONE/P{n}" for n in range(10)]
OTHER_RULES = SITE + link() + peer("NET/ONE", export_containers='["Foreign"]') + peer("NET/TWO")


def targets(site: SiteHarness) -> dict[str, str]:
    """The addresses by name, without the crowd."""
    return {r.name: str(r.target) for r in site.recipients() if not r.name.endswith(" Lee")}


def foreign(site: SiteHarness, name: str, address: str) -> None:
    """A custom recipient made by hand."""
    site.add(name, kind=Kind.CUSTOM, target=address, proxies=[address])


def fill(site: SiteHarness, count: int, first: int = 0) -> None:
    """Mailboxes of the site."""
    for n in range(first, first + count):
        site.add(f"S{n} X", f"S{n}")


# -- decisions -----------------------------------------------------------------------------------------------------


def test_a_rejected_delete_that_is_meant_later(site: SiteHarness):
    """A rejection ends when the peer says something else: the same delete, told later, is planned afresh."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle(*DELETES)
    (plan,) = site.admin.held()
    site.admin.reject(plan.id)
    one.cycle(*PEOPLE[:10])
    assert 20 == len(site.names())
    one.cycle("D P0 Lee\tPCM:NET/ONE/P0")

    assert 19 == len(site.names())


def test_a_rejected_change_that_is_meant_later(site: SiteHarness):
    """The same for a change: it does not stay pending in silence."""
    one = site.joined("NET/ONE", *PEOPLE[:6])
    one.cycle(
        *(x for n in range(6) for x in (f"M P{n} Lee\tPCM:NET/ONE/P{n}", f"  Q{n} Lee\tPCM:NET/ONE/P{n}")),
    )
    (plan,) = site.admin.held()
    site.admin.reject(plan.id)
    one.cycle()
    assert "P0 Lee" in site.names()
    one.cycle("M Q0 Lee\tPCM:NET/ONE/P0", "  P0 Lee\tPCM:NET/ONE/P0")
    one.cycle("M P0 Lee\tPCM:NET/ONE/P0", "  Q0 Lee\tPCM:NET/ONE/P0")

    assert "Q0 Lee" in site.names()


def test_a_held_plan_whose_cause_goes(site: SiteHarness):
    """When a peer takes back what was held, nothing is held any more, and the same held again is told again."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle(*DELETES)
    assert site.letters()
    one.cycle(*PEOPLE[:10])
    assert ([], []) == (site.site.store.held.all(), site.notices())
    one.cycle(*DELETES)

    assert ["shrink"] == site.holds()
    assert site.letters()


def test_a_held_view_whose_cause_goes(site: SiteHarness):
    """When the configuration is set back, its plan is not held any more."""
    fill(site, 10)
    site.joined("NET/ONE")
    text = site.text
    site.configure(mail("NET/ONE", "NET/TWO", export_containers='["Foreign"]'))
    site.sync()
    assert site.last.held
    site.configure(text)
    site.sync()

    assert ([], []) == (site.site.store.held.all(), site.notices())


def test_an_approved_move_is_approved_once(site: SiteHarness):
    """What was approved for a peer that came under other rules is not approved for the next time."""
    fill(site, 10)
    one = site.joined("NET/ONE")
    site.joined("NET/TWO")
    text = site.text
    for rules, count in ((OTHER_RULES, 0), (text, 10)):
        site.configure(rules)
        one.cycle()
        site.approve()
        one.cycle()
        assert count == len(one.gal)
    site.configure(OTHER_RULES)
    one.cycle()

    assert site.last.held
    assert 10 == len(one.gal)


# -- addresses that change hands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([("Carl", "CARL", "CARL2"), ("Bob", "BOB", "CARL")], {"Bob": "CARL", "Carl": "CARL2"}),
        ([("Carl", "CARL", "T"), ("Bob", "BOB", "CARL"), ("Carl", "T", "BOB")], {"Bob": "CARL", "Carl": "BOB"}),
    ],
    ids=["chain", "circle"],
)
def test_addresses_that_move_on(site: SiteHarness, moves: list[tuple[str, str, str]], expected: dict[str, str]):
    """In chains and circles everybody keeps his identity and gets his address in the same cycle."""
    one = site.joined("NET/ONE", "A Bob\tPCM:NET/ONE/BOB", "A Carl\tPCM:NET/ONE/CARL", *PEOPLE)
    ids = {r.name: r.id for r in site.recipients()}
    one.cycle(*(x for name, a, b in moves for x in (f"M {name}\tPCM:NET/ONE/{a}", f"  {name}\tPCM:NET/ONE/{b}")))

    assert {name: f"MS:NET/ONE/{alias}" for name, alias in expected.items()} == targets(site)
    assert ids == {r.name: r.id for r in site.recipients()}
    assert [] == site.rejects()


def test_a_move_to_an_address_of_somebody_else(site: SiteHarness):
    """It cannot be taken, and the entry still stands for its recipient: a later delete is about that one."""
    one = site.joined("NET/ONE", "A Bob\tPCM:NET/ONE/BOB", *PEOPLE)
    site.joined("NET/TWO", "A Zed\tPCM:NET/TWO/ZED")
    one.cycle("M Bob\tPCM:NET/ONE/BOB", "  Bob\tPCM:NET/TWO/ZED")
    assert {"Bob": "MS:NET/ONE/BOB", "Zed": "MS:NET/TWO/ZED"} == targets(site)
    one.cycle("D Bob\tPCM:NET/TWO/ZED")

    assert {"Zed": "MS:NET/TWO/ZED"} == targets(site)


def test_a_further_address_told_as_an_entry(make_site: MakeSite):
    """An address that another entry of the same peer was given is no second way to the same recipient."""
    addressing = '\n[addressing]\ndomain = "lab.example"\n[addressing.templates]\nSMTP = "{alias}@{domain}"\n'
    site = make_site(SITE + addressing + link() + peer("NET/ONE"))
    one = site.joined("NET/ONE", "A Bob\tPCM:NET/ONE/BOB", *PEOPLE)
    one.cycle("A Bob Net\tSMTP:BOB@lab.example")
    assert {"Bob": "MS:NET/ONE/BOB"} == targets(site)
    one.cycle("D Bob Net\tSMTP:BOB@lab.example")

    assert {"Bob": "MS:NET/ONE/BOB"} == targets(site)


def test_a_filter_of_a_co_owner(make_site: MakeSite):
    """What a peer's filter leaves out of its own list is not deleted when it belongs to another peer."""
    two = {"co_owners": '["mail/NET/ONE"]'}
    site = make_site(SITE + link() + peer("NET/ONE") + peer("NET/TWO", **two))
    site.joined("NET/ONE", *PEOPLE)
    site.joined("NET/TWO", "A P0 Lee\tPCM:NET/ONE/P0")
    rules = {**two, "filters_in": '[{field = "name", pattern = "P0*"}]'}
    site.configure(SITE + link() + peer("NET/ONE") + peer("NET/TWO", **rules))
    site.sync()
    site.approve()
    site.sync()

    assert 20 == len(site.names())


# -- what a peer is sent -------------------------------------------------------------------------------------------


def test_an_answer_that_was_lost_before_a_held_move(site: SiteHarness):
    """A peer whose move is held still gets what a lost answer carried."""
    fill(site, 10)
    one = site.joined("NET/ONE")
    site.joined("NET/TWO")
    site.add("New Man", "NEW")
    one.ask()
    site.sync()
    assert ["A New Man PCM:LAB/HQ/NEW"] == site.answers("NET/ONE")[0].lines  # and it is lost
    site.configure(OTHER_RULES)
    one.cycle()

    assert site.last.held
    assert 11 == len(one.gal)


def test_a_full_answer_during_a_held_move(site: SiteHarness):
    """To ask for everything is no way around a guard."""
    fill(site, 10)
    site.add("Left Over", container="Foreign")
    one = site.joined("NET/ONE")
    site.joined("NET/TWO")
    held = dict(one.gal)
    site.configure(OTHER_RULES)
    one.cycle(task="IMPORTREQ")

    assert site.last.held
    assert held == one.gal
    site.approve()
    one.cycle()
    one.cycle()
    assert ["Left Over"] == list(one.gal.values())


def test_other_types_under_a_limit(make_site: MakeSite):
    """What a change of types brings is sent whole when there are no positions between."""
    both = "{manual = true, imported = true}"
    site = make_site(mail("NET/ONE", export_custom=both, export_fallback="false"))
    for n in range(10):
        foreign(site, f"S{n} X", f"SMTP:s{n}@x.example")
    one = site.joined("NET/ONE", *PEOPLE)
    one.types = "PCM|SMTP"
    one.cycle(LIMIT=400)

    assert 10 == len(one.gal)


@pytest.mark.parametrize(("configured", "asked", "lines"), [(400, None, 5), (0, 400, 5), (800, 400, 5), (0, 50, 1)])
def test_limits(make_site: MakeSite, configured: int, asked: int | None, lines: int):
    """The smaller one of the configured limit and the one asked for counts, and there is always some progress."""
    site = make_site(SITE + link() + peer("NET/ONE", limit=str(configured)))
    one = site.joined("NET/ONE")
    fill(site, 12)

    assert lines == len(one.cycle(LIMIT=asked).lines)


def test_values_count_and_a_definition_is_not_divided(make_site: MakeSite):
    """An update is divided by what its values take, too; what must not be divided is sent, told, and told no more."""
    prompts, fields = '{"City:" = "city"}', (("city", "x" * 60),)
    site = make_site(SITE + link(attributes=prompts) + peer("NET/ONE", limit="400"))
    site.add("First", "FIRST")
    one = site.joined("NET/ONE")
    one.cycle(task="IMPORTREQ", TEMPLATE="YES")
    one.cycle(TEMPLATE="YES")
    for number in range(6):
        site.add(f"P{number}", f"P{number}", fields=fields)
    sizes = [sum(line[:2] == "A " for line in one.cycle(TEMPLATE="YES").lines) for _ in range(4)]
    site.configure(SITE + link(attributes='{"Town:" = "city"}') + peer("NET/ONE", limit="400"))
    site.sync()
    site.approve()
    site.sync()
    lines = one.cycle(TEMPLATE="YES").lines
    ((code, text),) = site.notices()

    assert [2, 2, 2, 0] == sizes
    assert [7, 7] == [sum(line.startswith(start) for line in lines) for start in ("M ", "- Town:/")]
    assert 118 == code
    assert "the definition of the list MS:LAB/HQ has changed, and all values have to come behind it" in text
    assert [] == one.cycle(TEMPLATE="YES").lines
    assert [] == site.notices()


# -- numbers -------------------------------------------------------------------------------------------------------


def test_a_number_that_no_server_can_have_issued(site: SiteHarness):
    """One peer's nonsense does not use up the numbers of all others."""
    one, two = site.joined("NET/ONE", *PEOPLE), site.joined("NET/TWO")
    fill(site, 1)
    one.ask(SRVSEQ=9999999999)
    site.sync()

    assert [129] == [code for code, _ in site.notices()]
    assert two.cycle().s < 1000


def test_a_hole_of_very_many_numbers(site: SiteHarness):
    """A huge R is taken as it is; what is kept of the numbers that it leaves out has a bound."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle("A X\tPCM:NET/ONE/X", numbers=[4_000_000_000], r=4_000_000_000)

    assert "X" in site.names()


def test_a_full_list_that_is_cut_off(site: SiteHarness):
    """The replace of an incomplete list counts as taken and does nothing, so a person must have it sent again."""
    one = site.joined("NET/ONE", *PEOPLE)
    export = ["R PCM:NET/ONE", *PEOPLE[1:]]
    r = one.r
    one.cycle(*export[:10], was=r, r=r + 20, COUNT=None)
    assert r + 10 == one.r or site.notices()
    one.cycle(*export[10:], was=r + 10)
    assert 20 == len(site.names())
    assert [139] == [code for code, _ in site.notices()]
    one.cycle(*export, was=r + 20)

    assert 19 == len(site.names())
    assert [] == site.notices()


# -- rejects and notices -------------------------------------------------------------------------------------------


def test_a_retry_that_still_fails(site: SiteHarness):
    """A record that cannot be used now either stays where it is shown."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle("D Nobody\tPCM:NET/ONE/NOBODY")
    (row,) = site.site.store.rejects.list()
    with pytest.raises(PeerError):
        site.admin.retry(row.id)

    assert [row] == site.site.store.rejects.list()


def test_a_retry_about_our_own_list(site: SiteHarness):
    """No peer writes into the site's own list, and no retry does it for it."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle("A Intruder\tPCM:LAB/HQ/INTRUDER")
    (row,) = site.site.store.rejects.list()
    with pytest.raises(PeerError, match="owns"):
        site.admin.retry(row.id)
    site.sync()

    assert "Intruder" not in site.names()


def test_an_entry_that_is_refused_again(make_site: MakeSite):
    """What a system refuses in every cycle is one reject."""
    site = make_site(SITE + MEMORY + "export_custom = {manual = true, imported = true}\n")
    foreign(site, "Smith", "MEM:smith")
    site.sync()
    site.sync()
    site.system().marked.clear()
    site.edit("Smith", name="Smith Two")
    for _ in range(3):
        site.sync()

    assert 1 == len(site.rejects())


def test_a_notice_when_no_link_carries_letters(make_site: MakeSite):
    """It waits for a cycle that can send it."""
    site = make_site(SITE + link() + peer("NET/ONE") + MEMORY)
    site.site.store.notices.tell("mail", "NET/X", 120, "it waits", site.now)
    site.agent.sync(["mem"])
    assert [] == site.letters()
    site.sync()

    assert ["it waits"] == [letter.text for letter in site.letters()]


def test_a_command_that_fails(make_site: MakeSite):
    """The administrator is told by the next cycle in which the command works."""
    command = SITE.replace('administrator = "MS:LAB/HQ/ADMIN"', 'administrator_command = ["./tell"]')
    site = make_site(command + link() + peer("NET/ONE"))
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle(*DELETES)
    script = Path(site.folder / "tell")
    script.write_text("#!/bin/sh\ncat >> told.txt\n")
    script.chmod(0o755)
    site.sync()
    site.sync()

    assert 1 == (site.folder / "told.txt").read_text().count("held")


def test_recipients_that_cannot_be_shown_later(make_site: MakeSite):
    """Each one that comes without an address is told of."""
    site = make_site(mail("NET/ONE") + "\n[addressing]\ntemplates = {}\n")
    told = []
    for name in ("First Man", "Second Man"):
        site.add(name)
        site.sync()
        told += [letter.text for letter in site.letters()]

    assert ["First Man" in text for text in told] == [True, False]
    assert "Second Man" in told[-1]


def test_strangers_and_wrong_passwords_again(make_site: MakeSite):
    """What was mended and happens again is told again."""
    site = make_site(SITE + link() + peer("NET/ONE", password='"sesame"'))
    fill(site, 1)
    one = site.postoffice("NET/ONE")
    for _ in range(2):
        one.ask(PASSWORD="wrong")
        site.sync()
        assert ["wrong password" in letter.text for letter in site.letters()] == [True]
        one.cycle(PASSWORD="sesame")
        assert [] == site.notices()
    site.admin.remove_peer("mail/NET/ONE", Leftover.KEEP)
    registered = site.text
    for _ in range(2):
        site.configure(edit.remove_peer(registered, "mail", "NET/ONE"))
        one.drop(body_of({"TASK": "UPDATEREQ", "REQNAME": "PCM:NET/ONE", "SRVSEQ": 0}))
        site.sync()
        assert ["not registered" in letter.text for letter in site.letters()] == [True]
        site.configure(registered)
        one.cycle(PASSWORD="sesame")


# -- parts of plans, and parcels -----------------------------------------------------------------------------------


def test_a_part_of_an_approved_plan(site: SiteHarness):
    """What needs an address that a held change would set free waits with it; nothing else on the link stops."""
    one = site.joined("NET/ONE", "A Bob\tPCM:NET/ONE/BOB", "A Carl\tPCM:NET/ONE/CARL", *PEOPLE)
    moves = ["M Carl\tPCM:NET/ONE/CARL", "  Carl\tPCM:NET/ONE/CARL2"]
    moves += ["M Bob\tPCM:NET/ONE/BOB", "  Bob\tPCM:NET/ONE/CARL"]
    one.cycle(*moves, *DELETES[:5])
    site.approve()
    one.cycle("M Carl\tPCM:NET/ONE/CARL2", "  Carl X\tPCM:NET/ONE/CARL2", *DELETES[5:])
    assert {"Bob": "MS:NET/ONE/BOB", "Carl": "MS:NET/ONE/CARL"} == targets(site)
    assert 17 == len(site.names())
    assert ["shrink"] == site.holds()
    site.approve()
    site.sync()

    assert {"Bob": "MS:NET/ONE/CARL", "Carl X": "MS:NET/ONE/CARL2"} == targets(site)
    assert 12 == len(site.names())


def test_a_parcel_that_cannot_be_written(site: SiteHarness, monkeypatch: pytest.MonkeyPatch):
    """It holds up no other parcel of its link."""
    one, two = site.joined("NET/ONE"), site.joined("NET/TWO")
    connector = type(site.site.connector(site.site.config.links["mail"]))
    plain = connector.deliver

    def deliver(self, parcel):
        if parcel.peer.name == "NET/ONE":
            raise FormatError("it cannot be written")
        return plain(self, parcel)

    monkeypatch.setattr(connector, "deliver", deliver)
    one.ask()
    two.ask()
    site.sync(failing=True)

    assert [] == one.read()
    assert 1 == len(two.read())


def test_who_is_gone_is_not_kept_by_a_rejection(site: SiteHarness):
    """Rejected is that a rule takes entries from a view, not that somebody leaves later."""
    fill(site, 10)
    one = site.joined("NET/ONE")
    site.configure(mail("NET/ONE", "NET/TWO", export_containers='["Foreign"]'))
    site.sync()
    (plan,) = site.admin.held()
    site.admin.reject(plan.id)
    one.cycle()
    assert 10 == len(one.gal)
    site.remove("S1 X")
    one.cycle()

    assert 9 == len(one.gal)


def test_links_that_run_apart(make_site: MakeSite):
    """A cycle of one link does not put off what another link may forget."""
    site = make_site(SITE + link() + peer("NET/ONE") + MEMORY)
    one = site.joined("NET/ONE")
    for n in range(3):
        fill(site, 1, n)
        one.cycle()
    before = site.site.store.cuts.of(["mail/NET/ONE"])["mail/NET/ONE"]
    site.now += 40 * DAY
    site.agent.sync(["mem"])
    site.agent.sync(["mail"])

    assert before[-2:] == site.site.store.cuts.of(["mail/NET/ONE"])["mail/NET/ONE"]


def test_a_bad_record_in_a_full_list_removes_nobody(site: SiteHarness):
    """Who stands on a line that cannot be read is not gone: a full list with bad records removes nobody, and tells."""
    one = site.joined("NET/ONE", "A Ann\tPCM:NET/ONE/ANN", "A Bob\tPCM:NET/ONE/BOB")

    one.cycle("R PCM:NET/ONE", "A Ann\tPCM:NET/ONE/ANN", "A Bob\tPCM:NET/ONE/B?B")

    assert ["Ann", "Bob"] == site.names()
    assert any("nobody was removed" in notice.text for notice in site.site.store.notices.open())


def test_a_system_that_tells_changes_is_written_to(make_site: MakeSite):
    """After its first read a system that tells only changes, or nothing, still gets what is new here."""
    native = '\n[addressing.templates]\nMEM = "{alias}"\n'
    site = make_site(SITE + MEMORY + '[links.mem.memory]\nfeed = "changes"\n' + native)
    site.add("Ann", "ANN")
    site.sync()
    site.add("Bob", "BOB")
    site.sync()

    assert ["Ann", "Bob"] == sorted(entry.name for entry in site.system().entries.values())


def test_a_rejection_pins_only_what_guards_objected_to(site: SiteHarness):
    """Newcomers that were held along with a mass delete go ahead when it is rejected."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle(*DELETES, "A New One\tPCM:NET/ONE/NEW")
    (plan,) = site.admin.held()
    site.admin.reject(plan.id)
    site.sync()

    assert 21 == len(site.names())
    assert "New One" in site.names()


def test_what_a_removed_peer_leaves_behind_is_exported_as_before(site: SiteHarness):
    """--keep deletes nobody elsewhere: entries of a former peer count as told, not as made by hand."""
    site.joined("NET/ONE", "A Ann\tPCM:NET/ONE/ANN")
    two = site.joined("NET/TWO")
    two.cycle()
    site.admin.remove_peer("mail/NET/ONE", Leftover.KEEP)

    assert [] == two.cycle().lines
    assert ["former"] == [recipient.owner for recipient in site.recipients()]


def test_a_former_entry_is_adopted_by_whoever_tells_it_again(site: SiteHarness):
    """Registered anew, a peer gets its entries back, with their identity."""
    one = site.joined("NET/ONE", "A Ann\tPCM:NET/ONE/ANN")
    (before,) = site.recipients()
    site.admin.remove_peer("mail/NET/ONE", Leftover.KEEP)
    one.r = one.s = 0
    one.cycle("R PCM:NET/ONE", "A Ann\tPCM:NET/ONE/ANN", task="IMPORTREQ")

    assert [(before.id, "mail/NET/ONE")] == [(r.id, r.owner) for r in site.recipients()]


def test_types_that_a_peer_may_not_have_are_not_shown(make_site: MakeSite):
    """A peer that asks only for types it may not have sees nothing, not everything."""
    site = make_site(SITE + link() + peer("NET/ONE", types='["SMTP"]'))
    site.add("Ann", "ANN")

    assert [] == site.postoffice("NET/ONE").cycle(task="IMPORTREQ").lines
