"""The numbered cases of cc:Mail, each between a real site and a post office that is played."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dxa.address import Address
from dxa.errors import ConfigError
from dxa.recipient import Kind
from dxa_ccmail.names import fold
from dxa_ccmail.record import Record
from tests.labs.ccmail import MARK, SITE, CcSite, config, make

MakeSite = Callable[..., CcSite]


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Makes a site from keys of its link and options of its post office."""
    made: list[CcSite] = []

    def build(rules: str = "", options: str = "", site: str = SITE) -> CcSite:
        made.append(make(tmp_path / f"site{len(made)}", config(rules, options, site)))
        return made[-1]

    yield build
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: MakeSite) -> CcSite:
    """A site with the post office PO1."""
    return make_site()


def _addresses(site: CcSite, name: str) -> list[str]:
    return sorted(map(str, site.one(name).proxies))


def _targets(site: CcSite) -> list[str]:
    return sorted(str(recipient.target) for recipient in site.recipients())


# -- differences and ownership -----------------------------------------------------------------------------------------


@pytest.mark.cc("T01")
def test_a_user_who_moves_keeps_the_addresses_of_the_site(site: CcSite) -> None:
    """He is deleted at one post office and added at another one, and gets the same addresses without a number."""
    site.put("PO2", locn="P")
    site.put("Doe, Jane", "PO1")
    site.sync()
    before = _addresses(site, "Jane Doe")
    site.put("Doe, Jane", "PO2", "r")
    site.sync()

    assert ["CCMAIL:Jane Doe at PO1", "SMTP:Jane.Doe@lab.example"] == before
    assert ["CCMAIL:Jane Doe at PO2", "SMTP:Jane.Doe@lab.example"] == _addresses(site, "Jane Doe")


@pytest.mark.cc("T02")
def test_case_makes_no_difference(site: CcSite) -> None:
    """A name that somebody respells in cc:Mail is the same one: nothing is written there, and nobody comes or goes."""
    site.person("Jimmy Smith")
    site.person("Ann Berg")
    site.sync()
    site.put("SMITH, Jimmy", "HQ SMITH, Jimmy", "r")
    site.put("Doe, Jane")
    site.sync()
    before = site.one("Jane Doe").id
    site.put("DOE, jane")
    site.settled()

    assert {"SMITH, Jimmy": "HQ SMITH, Jimmy", "Berg, Ann": "HQ Berg, Ann"} == site.given
    assert (before, "CCMAIL:jane DOE at PO1") == (site.one("Jane Doe").id, str(site.one("Jane Doe").target))


@pytest.mark.cc("T02")
def test_an_unchanged_second_cycle_touches_nothing(site: CcSite) -> None:
    """No import file, no entry and no recipient is written."""
    for name in ("Jimmy Smith", "Ann Berg"):
        site.person(name)
    site.put("Doe, Jane", cmts="Room 43")
    site.title("Sales")
    site.sync()
    before = site.played.look(), site.recipients()
    site.sync()
    site.sync()

    assert before == (site.played.look(), site.recipients())
    assert "steps 7 and 8 of 10: nothing was imported" in site.steps()


@pytest.mark.cc("T04")
def test_a_post_office_that_lost_its_comment_stops_everything(site: CcSite) -> None:
    """Without it dxa cannot tell its own entries from others: one error, and nothing is changed on either side."""
    site.person("Ann Berg")
    site.put("Doe, Jane")
    site.put("Smith, Jimmy")
    site.sync()
    site.put("HQ", locn="P", cmts="our Exchange")
    site.drop("Doe, Jane")
    site.person("Bob Cole")
    before = site.played.look(), site.recipients()
    site.sync(failing=True)

    assert before == (site.played.look(), site.recipients())
    (error,) = site.last.errors
    assert "the post office 'HQ' has lost the comment 'MSExchangeCCMC HQ'" in error
    assert f"[14005] directory synchronization failed: {error.removeprefix('cc: ')}" == site.steps()[-1]

    site.put("HQ", locn="P", cmts=MARK)
    site.sync()
    assert {"Berg, Ann", "Cole, Bob"} == site.given.keys()
    assert {"Jimmy Smith"} == site.told().keys()


@pytest.mark.cc("T05")
def test_what_another_connector_has_made_is_somebody_else_s(make_site: MakeSite) -> None:
    """The connector has moved: nothing of the old one is deleted or taken over, and the error says what to do."""
    site = make_site(options='server = "NEW"')
    site.put("HQ", locn="P", cmts=MARK)
    site.put("Old, Olga", "HQ Old, Olga", "r")
    site.person("Ann Berg")
    site.sync(failing=True)

    assert {"Old, Olga": "HQ Old, Olga"} == site.given
    assert "was made by the connector of the server 'HQ', not of 'NEW'" in site.last.errors[0]

    site.drop("Old, Olga", "HQ")
    site.sync()
    assert {"Berg, Ann": "HQ Berg, Ann"} == site.given


@pytest.mark.cc("T05")
def test_people_behind_another_connector_s_post_office_are_told(site: CcSite) -> None:
    """They are cc:Mail's to us, like those behind any other post office."""
    site.put("BERLIN", locn="P", cmts="MSExchangeCCMC BERLIN")
    site.put("Old, Olga", "BERLIN Old, Olga", "r")
    site.settled()

    assert {"Olga Old": "CCMAIL:Olga Old at BERLIN"} == site.told()
    assert {"Old, Olga"} == site.given.keys()


@pytest.mark.cc("T06")
def test_a_changed_site_address_is_reached_and_told(site: CcSite) -> None:
    """The entries go and come again behind the new post office, in one cycle, as soon as the guard lets them."""
    people = [f"Ann Berg{chr(65 + n)}" for n in range(6)]
    for name in people:
        site.person(name)
    site.settled()
    site.configure(config(options='site_office = "LAB"', site=SITE.replace("at HQ", "at LAB")))
    for name in people:
        address = str(site.one(name).primary("CCMAIL")).replace("at HQ", "at LAB")
        site.edit(name, proxies=(address,))
    site.sync()
    held = site.holds()
    site.approve()
    site.sync()
    steps = site.steps()
    site.settled(1)

    assert ["shrink", "everything"] == held
    assert {f"{name[4:]}, Ann": f"LAB {name[4:]}, Ann" for name in people} == site.given
    assert {"PO1", "HQ", "LAB"} == site.entries("P").keys()
    assert any(line.startswith("6 entries of the site get another address") for line in steps)
    assert any("'hq' is the site's no more" in line for line in steps)


@pytest.mark.cc("T06")
def test_a_site_address_whose_old_entries_stay_needs_two_cycles(site: CcSite) -> None:
    """IMPORT refuses to delete the old entry in the first cycle; the second one completes the move."""
    site.person("Ann Berg")
    site.settled()
    site.configure(config("guards = {shrink_count = 9}", 'site_office = "LAB"'))
    site.edit("Ann Berg", proxies=("CCMAIL:Berg, Ann at LAB",))
    site.behave(refuse=["Berg*"], runs=5)
    site.sync()
    between = site.given
    site.sync()

    assert {"Berg, Ann": "HQ Berg, Ann"} == between
    assert {"Berg, Ann": "LAB Berg, Ann"} == site.given


@pytest.mark.cc("T08")
def test_a_post_office_made_by_hand_is_a_conflict(site: CcSite) -> None:
    """Before the first cycle there is an entry of the site's name: it is not adopted."""
    site.put("HQ", locn="P", cmts="made by Olga")
    site.person("Ann Berg")
    site.sync(failing=True)

    assert "made by hand (its comment is 'made by Olga')" in site.last.errors[0]
    assert {"PO1": "", "HQ": ""} == site.entries()
    assert {} == site.told()


@pytest.mark.cc("T09")
def test_a_site_address_that_is_a_mailbox_is_refused(site: CcSite) -> None:
    """Mail for the site would go to that mailbox."""
    site.put("Hq")
    site.person("Ann Berg")
    site.sync(failing=True)

    assert "cc:Mail has a mailbox 'Hq' (Locn L); choose another site_office" in site.last.errors[0]
    assert {} == site.given


@pytest.mark.cc("T09")
def test_nobody_is_called_like_a_post_office_of_the_site(site: CcSite) -> None:
    """The entry would take the place of the post office, in the very cycle that makes it."""
    site.add("Boss", "Boss", proxies=("CCMAIL:hq at HQ",))
    site.person("Ann Berg")
    for _ in range(3):
        site.sync()

    assert MARK == site.played.look().entries["hq"].cmts
    assert {"Berg, Ann"} == site.given.keys()
    assert ["refused by cc: [14013] the name is that of a post office of the site; give the entry another one"] == [
        reason for _, reason in site.rejects()
    ]


@pytest.mark.cc("T09")
@pytest.mark.parametrize("options", ['site_office = "po1"', 'downstream = ["PO1"]', 'downstream = ["hq"]'])
def test_a_site_that_is_called_like_a_post_office_is_refused(tmp_path: Path, options: str) -> None:
    """It is no configuration."""
    with pytest.raises(ConfigError, match="the site cannot be called that there"):
        make(tmp_path, config(options=options))


@pytest.mark.cc("T10")
def test_filters_are_about_imports_only(make_site: MakeSite) -> None:
    """With only one post office imported, what the site has put there is seen and deleted all the same."""
    site = make_site(options='imported = "only"\npatterns = ["* at PO2"]')
    site.put("PO2", locn="P")
    site.put("Doe, Jane", "PO1")
    site.put("Smith, Jimmy", "PO2", "r")
    site.person("Ann Berg")
    site.person("Bob Cole")
    site.settled()
    site.remove("Ann Berg")
    site.sync()

    assert {"Jimmy Smith": "CCMAIL:Jimmy Smith at PO2"} == site.told()
    assert {"Cole, Bob", "Smith, Jimmy"} == site.given.keys()


@pytest.mark.cc("T10")
def test_a_pattern_may_keep_some_out(make_site: MakeSite) -> None:
    """The core's filters work on addresses of cc:Mail, too."""
    site = make_site(rules='filters_in = [{field = "address", pattern = "CCMAIL:*test* at PO1"}]')
    site.put("Doe, Jane")
    site.put("Test, Tim")
    site.settled()

    assert {"Jane Doe": "CCMAIL:Jane Doe at PO1"} == site.told()


@pytest.mark.cc("T12")
@pytest.mark.parametrize(
    ("switch", "expected"),
    [("", ["Berg, Ann"]), ("export_custom = {manual = true}", ["Berg, Ann", "Cole, Bob"])],
)
def test_the_switch_for_custom_recipients_is_honoured(make_site: MakeSite, switch: str, expected: list[str]) -> None:
    """Also where they stand in a container that is exported."""
    site = make_site(rules=switch)
    site.person("Ann Berg")
    site.person("Bob Cole", kind=Kind.CUSTOM, target="SMTP:bob@far.example")
    site.sync()

    assert expected == sorted(site.given)


@pytest.mark.cc("T12")
def test_custom_recipients_of_one_container_may_be_left_out(make_site: MakeSite) -> None:
    """The switch is the link's; a filter takes a container of its own out of what is exported."""
    site = make_site(
        "export_custom = {manual = true}\n"
        'filters_out = [{field = "container", pattern = "Staff/Guests"}, '
        '{field = "container", pattern = "Staff/Guests/*"}]'
    )
    site.person("Ann Berg")
    site.person("Bob Cole", kind=Kind.CUSTOM, target="SMTP:bob@far.example")
    site.person("Cy Dorn", kind=Kind.CUSTOM, target="SMTP:cy@far.example", container="Staff/Guests")
    site.person("Di Egli", kind=Kind.CUSTOM, target="SMTP:di@far.example", container="Staff/Guests/Old")
    site.settled()

    assert ["Berg, Ann", "Cole, Bob"] == sorted(site.given)


@pytest.mark.cc("T12")
def test_the_switch_is_honoured_for_each_container(make_site: MakeSite) -> None:
    """What one container says of custom recipients holds below it, too; the deepest one decides."""
    site = make_site(
        'export_custom_in = {"Staff/Guests" = {manual = true}, "staff/guests/old" = {manual = false, imported = true}}'
    )
    for name, container in (("Ann Berg", "Staff"), ("Bob Cole", "Staff/Guests"), ("Cy Dorn", "Staff/Guests/New")):
        site.person(name, kind=Kind.CUSTOM, target=f"SMTP:{name[:3].strip()}@far.example", container=container)
    site.person("Di Egli", kind=Kind.CUSTOM, target="SMTP:di@far.example", container="Staff/Guests/Old")
    site.settled()

    assert ["Cole, Bob", "Dorn, Cy"] == sorted(site.given)


def test_lists_and_folders_of_the_site_are_plain_entries(site: CcSite) -> None:
    """They are shown by name; who is hidden, trusted too little or in no export container is not, or not any more."""
    for name, kind in (("Crew", Kind.LIST), ("Plans", Kind.FOLDER), ("Gate", Kind.MAILBOX)):
        site.person(name, kind=kind)
    site.person("Ann Berg", trust=21)
    site.person("Bob Cole", hidden=True)
    site.person("Cy Dorn", container="Attic")
    site.settled()
    first = site.given
    site.edit("Gate", trust=21)
    site.settled()

    assert {"Crew": "HQ Crew", "Plans": "HQ Plans", "Gate": "HQ Gate"} == first
    assert {"Crew", "Plans"} == site.given.keys()


SECOND = """
[links.dd]
connector = "ccmail"
import_container = "cc:Mail"
export_containers = ["Staff", "cc:Mail"]
[links.dd.ccmail]
post_office = "PO9"
site_office = "HQ"
run = "simulator"
[links.dd.ccmail.simulator]
folder = "ccmail/other"
"""


@pytest.mark.cc("T13")
def test_two_links_with_one_container_send_nobody_back(tmp_path: Path) -> None:
    """PO1's people appear in PO9, behind the site's post office and with their whole address, and never in PO1."""
    from dxa_ccmail.simulator.office import Office
    from dxa_ccmail.simulator.state import PlayedOffice

    other = PlayedOffice.create(tmp_path / "ccmail" / "other", Office(name="PO9"))
    text = config().replace('["Staff"]', '["Staff", "cc:Mail"]') + SECOND
    site = make(tmp_path, text)
    site.put("Doe, Jane")
    with other.edit() as office:
        office.upsert(Record("Nine, Nan", "L"))
    site.settled(3)
    site.close()

    assert {"Nine, Nan": "HQ Nan Nine at PO9"} != site.given
    assert {"Nan Nine": "HQ Nan Nine at PO9"} == site.given
    theirs = {record.name: record.addr for record in other.look().entries.values() if record.locn == "r"}
    assert {"Jane Doe": "HQ Jane Doe at PO1"} == theirs


@pytest.mark.cc("T14")
def test_a_container_that_is_gone_is_no_mass_delete(site: CcSite) -> None:
    """Its recipients are not deleted in cc:Mail without being asked for; the rest of the cycle is done."""
    for name in ("Ann Berg", "Bob Cole", "Cy Dorn"):
        site.person(name)
    site.settled()
    site.configure(config().replace('["Staff"]', '["Gone"]'))
    site.put("Doe, Jane")
    site.sync()

    assert {"Berg, Ann", "Cole, Bob", "Dorn, Cy"} == site.given.keys()
    assert "rules" in site.holds()
    assert {"Jane Doe"} == site.told().keys()


@pytest.mark.cc("T14")
def test_people_who_leave_a_container_empty_are_held_and_told(site: CcSite) -> None:
    """All who were in it are elsewhere at the site: an error of its own, and a person decides; then they go."""
    for name in ("Ann Berg", "Bob Cole", "Cy Dorn"):
        site.person(name)
    site.settled()
    for name in ("Ann Berg", "Bob Cole", "Cy Dorn"):
        site.edit(name, container="Personnel")
    site.sync()
    held, given, told = site.holds(), site.given.keys(), site.notices()
    site.approve()
    site.sync()
    site.approve()  # what was all of cc:Mail's list is held there, too
    site.settled()

    assert (["container"], {"Berg, Ann", "Cole, Bob", "Dorn, Cy"}) == (held, given)
    assert ["nobody is in Staff, which is to be exported"] == [text for code, text in told if code == -5]
    assert {} == site.given


@pytest.mark.cc("T16")
def test_a_migrated_user_is_neither_doubled_nor_written_over(site: CcSite) -> None:
    """The mailbox has the old address as a secondary one; when cc:Mail's entry is deleted, the site's takes its place.

    Domino and Exchange migrations: importing over a live user moves his mail and deletes his mailbox.
    """
    site.put("Doe, Jane")
    site.person("Jane Doe", proxies=("CCMAIL:Doe, Jane at HQ", "CCMAIL:Jane Doe at PO1"))
    site.sync()
    site.sync()
    live, steps, told = (site.entries("L"), site.given, site.told()), site.steps(), site.rejects()
    site.drop("Doe, Jane")
    site.settled()

    assert ({"Doe, Jane": ""}, {}, {}) == live
    assert {"Doe, Jane": "HQ Doe, Jane"} == site.given
    assert [(28, "the address belongs to 'Jane Doe', a mailbox of this site")] == told
    assert [] == site.rejects()
    taken = "1 address of cc:Mail is somebody's at the site already: 'Jane Doe at PO1'; `dxa rejects list`"
    assert [f"[14018] {taken}"] == [line for line in steps if "14018" in line]
    assert [] == [line for line in site.steps() if "14018" in line]


@pytest.mark.cc("T16")
def test_a_live_user_of_the_same_name_is_never_written_over(site: CcSite) -> None:
    """Names are unique in all of cc:Mail: 14013, told once, and given when the name is free."""
    site.put("Berg, Ann")
    site.put("Team")
    site.title("Lager")
    site.person("Ann Berg")
    site.person("Team")
    site.person("Lager")
    site.person("Bob Cole")
    for _ in range(3):
        site.sync()
    steps, rejects = site.steps(), sorted(reason for _, reason in site.rejects())
    live = site.entries("L")
    site.drop("Berg, Ann")
    site.sync()

    assert {"Berg, Ann": "", "Team": ""} == live
    assert any(line.startswith("[14013] 3 names of the site cannot be used") for line in steps)
    assert 3 == len(rejects)
    assert rejects[0].startswith("refused by cc: [14013] the name is that of 'Berg, Ann' (Locn L, at PO1) in cc:Mail")
    assert {"Cole, Bob", "Berg, Ann"} == site.given.keys()


@pytest.mark.cc("T16")
@pytest.mark.parametrize(
    ("addr", "locn", "refused"),
    [
        ("PO9 nan@nine.example", "r", ["'Nan Nine' (Locn r, at PO9) was not written by dxa, and is not deleted"]),
        ("", "L", []),
    ],
)
def test_a_delete_that_comes_late_meets_a_live_user(
    make_site: MakeSite, addr: str, locn: str, refused: list[str]
) -> None:
    """A delete could not be imported; until the next cycle the name has become somebody's of cc:Mail, perhaps with that
    very address, which is told.
    """
    site = make_site("guards = {shrink_count = 9}")
    site.person("Nan Nine", proxies=("CCMAIL:Nan Nine at PO9",))
    site.settled()
    ours = site.given
    site.remove("Nan Nine")
    with site.failing(at=1):
        site.sync(failing=True)
    site.drop("Nan Nine")
    site.put("PO9", locn="P")
    site.put("Nan Nine", addr, locn)
    site.settled()

    assert {"Nan Nine": "HQ Nan Nine at PO9"} == ours
    assert {"Nan Nine": addr} == site.entries(locn)
    assert {"Nan Nine": f"CCMAIL:Nan Nine at {'PO9' if addr else 'PO1'}"} == site.told()
    kept = [row.reason for row in site.site.store.rejects.list(status=None)]
    assert [f"refused by cc: [14013] {reason}" for reason in refused] == kept


@pytest.mark.cc("T16")
@pytest.mark.parametrize("locn", ["L", "R"])
def test_who_has_a_mailbox_here_is_never_ours(site: CcSite, locn: str) -> None:
    """Not even with an Addr that begins with the name of the site: that is text, and nobody is deleted or renamed."""
    site.person("Ann Berg")
    site.settled()
    site.put("Doe, Jane", "HQ building 5", locn)
    site.put("Berg, Ann", "HQ Berg, Ann", locn)
    for _ in range(3):
        site.sync()

    assert {"Doe, Jane": "HQ building 5", "Berg, Ann": "HQ Berg, Ann"} == site.entries(locn)
    assert {"Jane Doe": "CCMAIL:Jane Doe at PO1", "Ann Berg": "CCMAIL:Ann Berg at PO1"} == site.told()


@pytest.mark.cc("T16")
def test_an_entry_of_ours_with_somebody_s_address_takes_nobody_s_place(make_site: MakeSite) -> None:
    """An administrator gives one of ours the address of a live user: that one stays, on both sides."""
    site = make_site("guards = {shrink_count = 9, everything_count = 0}")
    site.put("Doe, Jane")
    site.person("Ann Berg")
    site.settled()
    jane = site.one("Jane Doe").id
    site.put("Odd, Ida", "HQ Jane Doe at PO1", "r")
    site.put("Copy, Cy", "HQ Berg, Ann", "r")
    site.settled()

    assert (jane, {"Jane Doe"}) == (site.one("Jane Doe").id, site.told().keys())
    assert {"Doe, Jane": ""} == site.entries("L")
    assert {"Berg, Ann": "HQ Berg, Ann"} == site.given


@pytest.mark.cc("T17")
def test_a_name_that_is_used_again_is_told(site: CcSite) -> None:
    """Another person may get the addresses of the former one: that is allowed, and said."""
    for name in ("Doe, Jane", "Smith, Jimmy"):
        site.put(name)
    site.sync()
    site.drop("Doe, Jane")
    site.sync()
    site.put("Doe, Jane", cmts="another one")
    site.sync()

    assert "SMTP:Jane.Doe@lab.example" in _addresses(site, "Jane Doe")
    (text,) = [text for code, text in site.notices() if code == -3]
    assert "addresses that somebody had before are in use again, by whomever: CCMAIL:Jane Doe at PO1" == text


@pytest.mark.cc("T18")
def test_a_hidden_recipient_with_that_address_is_found(site: CcSite) -> None:
    """It becomes the entry's, and no second one is made."""
    site.add("Jane (old)", kind=Kind.CUSTOM, target="CCMAIL:Jane Doe at PO1", hidden=True)
    site.put("Doe, Jane")
    site.settled()

    assert ["Jane (old)"] == site.names()
    assert (True, "cc/cc") == (site.one("Jane (old)").hidden, site.one("Jane (old)").owner)


@pytest.mark.cc("T20")
def test_a_title_that_stands_in_the_directory_is_one_recipient(site: CcSite) -> None:
    """ADE leaves an entry of the title's name: the list or board is the recipient."""
    site.title("Sales")
    site.title("Social", board=True)
    for name in ("SALES", "Social", "Doe, Jane"):
        site.put(name)
    site.settled()

    expected = {"Sales": "CCMAIL:Sales at PO1", "#Social": "CCMAIL:#Social", "Jane Doe": "CCMAIL:Jane Doe at PO1"}
    assert expected == site.told()
    assert ("Social", "Sales") == (site.one("#Social").alias, site.one("Sales").alias)


@pytest.mark.cc("T20")
def test_a_board_may_have_the_post_office_that_it_is_said_to_have(make_site: MakeSite) -> None:
    """``#Social`` is valid at its own post office only; an administrator may name that (KB Q156063 2.6.7)."""
    site = make_site(options='board_offices = {Social = "PO5"}')
    site.title("Social", board=True)
    site.title("News", board=True)
    site.settled()

    assert {"#Social": "CCMAIL:#Social at PO5", "#News": "CCMAIL:#News"} == site.told()


@pytest.mark.cc("T21")
def test_comments_and_notes_follow_each_other(site: CcSite) -> None:
    """A comment that is edited, or taken away, is so in the notes; notes of the site's own are so in the comment."""
    site.put("Doe, Jane", cmts="Room 43")
    site.person("Ann Berg", fields=(("info", "Hut 1"),))
    site.settled()
    first = site.one("Jane Doe").fields, site.played.look().entries["berg, ann"].cmts
    site.put("Doe, Jane", cmts="Room 44")
    site.edit("Ann Berg", fields=(("info", "Hut 2\n\x1a\x07left"),))
    site.settled()
    second = site.one("Jane Doe").fields, site.played.look().entries["berg, ann"].cmts
    site.put("Doe, Jane")
    site.edit("Ann Berg", fields=())
    site.settled()

    assert ("Room 43", "Hut 1") == (dict(first[0])["info"], first[1])
    assert ("Room 44", "Hut 2 left") == (dict(second[0])["info"], second[1])
    assert "info" not in dict(site.one("Jane Doe").fields)
    assert "" == site.played.look().entries["berg, ann"].cmts


@pytest.mark.cc("T21")
def test_a_rule_takes_comments_apart(make_site: MakeSite) -> None:
    """Alias, department, office, phone and an attribute of one's own stand in the comment (KB Q217040)."""
    site = make_site(options='comment = "%a;%o;%p"')
    site.put("Smith, Jane", cmts="jsmith;43/3019;(425) 936-1111")
    site.settled()

    jane = site.one("Jane Smith")
    fields = dict(jane.fields)
    assert "jsmith" == jane.alias
    assert ("43/3019", "(425) 936-1111") == (fields["physicalDeliveryOfficeName"], fields["telephoneNumber"])
    assert "jsmith;43/3019;(425) 936-1111" == fields["info"]


# -- names and characters ----------------------------------------------------------------------------------------------


@pytest.mark.cc("T22")
def test_a_name_without_a_comma_has_two_parts(site: CcSite) -> None:
    """First and last name are found in it, and its address is as it was."""
    site.put("Jane Doe")
    site.put("Cher")
    site.settled()

    assert {"givenName": "Jane", "sn": "Doe"} == dict(site.one("Jane Doe").fields)
    assert {"sn": "Cher"} == dict(site.one("Cher").fields)
    assert {"Jane Doe": "CCMAIL:Jane Doe at PO1", "Cher": "CCMAIL:Cher at PO1"} == site.told()


@pytest.mark.cc("T22")
def test_jane_doe_and_doe_jane_are_two_people(site: CcSite) -> None:
    """Their addresses would be the same, so that with the comma keeps its own form; whoever comes or goes later."""
    site.put("Doe, Jane")
    site.sync()
    site.put("Jane Doe")
    site.settled()
    both = _targets(site)
    site.drop("Jane Doe")
    site.settled()

    assert ["CCMAIL:Doe, Jane at PO1", "CCMAIL:Jane Doe at PO1"] == both
    assert ["CCMAIL:Jane Doe at PO1"] == _targets(site)


@pytest.mark.cc("T22")
def test_two_names_of_one_form_are_two_people(make_site: MakeSite) -> None:
    """Names that differ in a blank have one form ``First Last``, so both keep their own, in whatever order they stand;
    alone one has it again.
    """
    site = make_site("guards = {shrink_count = 9, everything_count = 0}")
    site.put("Doe, Jane")
    site.put("Doe,  Jane")
    site.settled()
    both = _targets(site)
    site.drop("Doe, Jane")
    site.settled()

    assert ["CCMAIL:Doe,  Jane at PO1", "CCMAIL:Doe, Jane at PO1"] == both
    assert ["CCMAIL:Jane Doe at PO1"] == _targets(site)
    assert [] == site.rejects()


def test_a_post_office_that_no_address_can_have_is_told(site: CcSite) -> None:
    """With ``at`` in its name the end of a name could not be told; nobody behind it gets a wrong address."""
    site.put("Hub at Sea", locn="P")
    site.put("Doe, Jane", "Hub at Sea", "r")
    site.put("Smith, Jimmy")
    site.settled()

    assert {"Jimmy Smith"} == site.told().keys()
    assert ["'Doe, Jane': a post office with ' at ' in its name: 'Hub at Sea'"] == [r for _, r in site.rejects()]


@pytest.mark.cc("T24", "T25")
def test_rules_make_display_names_and_aliases(make_site: MakeSite) -> None:
    """Counts may be higher than a name is long, and text may stand anywhere; rules change nobody who is there."""
    site = make_site(options='display_name = "%L, %F - CCMail"\nalias_name = "%5L%1F"')
    site.put("Doe, John")
    site.put("Li, Wei")
    site.settled()
    site.configure(config(options='display_name = "%F"'))
    site.put("New, Nan")
    site.settled()

    assert {"Doe, John - CCMail": "DoeJ", "Li, Wei - CCMail": "LiW", "Nan": "NanN"} == {
        recipient.name: recipient.alias for recipient in site.recipients()
    }


@pytest.mark.cc("T26")
def test_two_people_with_one_alias_both_get_in(site: CcSite) -> None:
    """Their generated addresses are made unique, the original's way: with a number."""
    site.put("Doe, John")
    site.put("Doe, John.")
    site.settled()

    emails = sorted(str(p) for r in site.recipients() for p in r.proxies if p.type == "SMTP")
    assert ["SMTP:John.Doe2@lab.example", "SMTP:John.Doe@lab.example"] == emails


@pytest.mark.cc("T28")
def test_a_byte_outside_of_the_code_page_is_no_question_mark(make_site: MakeSite) -> None:
    """The record is put aside and told; nobody is deleted meanwhile, and no name gets a ``?``."""
    site = make_site(rules='code_page = "cp932"')
    site.put("Doe, Jane")
    site.put("Doe, Zoë")
    site.sync()

    assert {"Jane Doe": "CCMAIL:Jane Doe at PO1"} == site.told()
    assert ["Name: bytes 89 outside the code page cp932"] == [reason for _, reason in site.rejects()]


@pytest.mark.cc("T29", "T32")
def test_names_that_cannot_be_addresses_are_told_by_name(site: CcSite) -> None:
    """Brackets and quotation marks, which IMPORT and EXPORT do not take; those of the site's people are replaced."""
    with site.office() as office:
        for name in ('Doe "JD", Jane', "Temp [old]"):
            office.entries[fold(name)] = Record(name, "L")
    site.put("Smith, Jimmy")
    site.person('Ann [x] "Annie" Berg')
    site.settled()

    assert {"Jimmy Smith"} == site.told().keys()
    assert 2 == len(site.rejects())
    assert {'"JD"', "[old]"} == {word for _, r in site.rejects() for word in ('"JD"', "[old]") if word in r}
    (given,) = site.given
    assert not set('[]"') & set(given)


@pytest.mark.cc("T30")
def test_commas_are_written_as_names_have_them(site: CcSite) -> None:
    """``Last, First`` arrives as it is and comes back as the same entry."""
    site.person("Ann Berg")
    site.settled()

    assert ["Berg, Ann"] == list(site.given)


@pytest.mark.cc("T30")
def test_commas_may_be_written_as_semicolons(make_site: MakeSite) -> None:
    """As a DB8 post office wants them; the entry is read back as the same one, is changed and deleted as any other."""
    site = make_site("guards = {shrink_count = 9, everything_count = 0}", 'commas = "semicolon"')
    site.person("Ann Berg")
    site.add("Odd", "Odd", proxies=("CCMAIL:Odd; Ida at HQ",))
    site.put("Doe; Jane")
    site.settled()
    given = site.given
    site.put("Lost; Lou", "HQ", "r")
    site.settled()
    site.edit("Ann Berg", fields=(("info", "Hut 1"),))
    site.settled()
    changed = site.played.look().entries["berg; ann"].cmts
    site.remove("Ann Berg")
    site.person("Bob Cole")
    site.settled()

    assert ({"Berg; Ann": "HQ Berg, Ann"}, "Hut 1") == (given, changed)
    assert {"Cole; Bob": "HQ Cole, Bob"} == site.given
    assert {"Doe; Jane"} == site.told().keys()
    assert ["a name with a semicolon, which stands for a comma here"] == [
        reason.split(": ")[1] for _, reason in site.rejects()
    ]


@pytest.mark.cc("T33")
def test_no_path_is_made_of_a_name(tmp_path: Path) -> None:
    """Neither of a post office, a link nor a person."""
    text = config(options='post_office = "../../PO:1"').replace('post_office = "PO1"\n', "")
    site = make(tmp_path / "in" / "side", text.replace("links.cc", 'links."..\\\\evil:*"'))
    with site.office() as office:
        office.name = "../../PO:1"
        office.entries[fold(office.name)] = Record(office.name, "P")
    site.put("../../Doe, Jane")
    site.person("Ann ../../Berg")
    site.sync()
    site.close()

    outside = [path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "in" / "side")]
    assert [tmp_path / "in"] == outside
    assert [] == [path for path in (tmp_path / "in").rglob("*") if "\\" in path.name or ":" in path.name]


@pytest.mark.cc("T34")
def test_one_name_only_makes_no_comma(site: CcSite) -> None:
    """A person with a first or a last name only, on either side."""
    site.put("Cher")
    site.person("Prince")
    site.person("Duo", fields=(("givenName", "Duo"),))
    site.settled()

    assert {"Prince", "Duo"} == site.given.keys()
    assert {"Cher": "CCMAIL:Cher at PO1"} == site.told()


# -- programs, files, environment --------------------------------------------------------------------------------------


@pytest.mark.cc("T36")
@pytest.mark.parametrize(("code", "event"), [(1, 68), (3, 70), (4, 71)])
def test_an_export_that_fails_touches_nothing(site: CcSite, code: int, event: int) -> None:
    """One event with the code and the program's own text ends the cycle."""
    site.put("Doe, Jane")
    site.person("Ann Berg")
    site.sync()
    site.person("Bob Cole")
    site.drop("Doe, Jane")
    before = site.played.look().entries, site.recipients()
    site.behave(export_code=code)
    site.sync(failing=True)

    assert before == (site.played.look().entries, site.recipients())
    (error,) = site.last.errors
    assert error.startswith(f"cc: [{event}] EXPORT ended with code {code}: ")
    assert f"EXPORT process ended with error: {code}." in error
    assert site.steps()[-1].startswith("[14005] directory synchronization failed: ")


@pytest.mark.cc("T37")
@pytest.mark.parametrize("wrong", [{"absent": True}, {"cut": 10_000}, {"cut": 1}, {"cut": 5}, {"cut": 20}])
def test_an_export_that_is_absent_empty_or_cut_deletes_nobody(site: CcSite, wrong: dict[str, int]) -> None:
    """Although EXPORT said that all was well; the next cycle is an ordinary one."""
    for name in ("Doe, Jane", "Smith, Jimmy", "Zorn, Zoe"):
        site.put(name)
    site.sync()
    before = site.recipients()
    site.behave(**wrong)
    site.sync(failing=True)
    after = site.recipients()
    site.settled()

    assert before == after == site.recipients()


@pytest.mark.cc("T38", "T40")
@pytest.mark.parametrize("after", [60.0, 3600.0])
def test_an_import_that_fails_is_completed_by_the_next_cycle(site: CcSite, after: float) -> None:
    """The deletes have run, the adds have not: nothing is lost, and nothing is written twice, however soon it comes."""
    for name in ("Ann Berg", "Bob Cole"):
        site.person(name)
    site.settled()
    site.remove("Ann Berg")
    site.person("Cy Dorn")
    with site.failing(at=2):
        site.sync(failing=True)
    between = site.given.keys()
    site.sync(after=after)
    steps = site.steps()
    site.sync()

    assert "first comes what an earlier cycle has left undone, measured by a new export" == steps[0]
    assert ([], "[14001]") == ([line for line in site.steps() if line.startswith("first")], site.steps()[0][:7])
    assert {"Cole, Bob"} == between
    assert {"Cole, Bob", "Dorn, Cy"} == site.given.keys()
    assert [] == site.rejects()
    assert [("Berg, Ann", "D"), ("Dorn, Cy", "A")] == site.imported


@pytest.mark.cc("T40")
def test_what_import_refuses_is_named_and_keeps_nobody_else(site: CcSite) -> None:
    """Exit code 5: the refused entry is told by name once, with the program's reason, and tried again."""
    for name in ("Ann Berg", "Bob Cole"):
        site.person(name)
    site.behave(refuse=["Berg*"], runs=8)
    for _ in range(3):
        site.sync()
    rejects = site.rejects()
    site.settled()

    assert [(0, "refused by cc: [63] IMPORT refused 'Berg, Ann': refused on request")] == rejects
    assert {"Berg, Ann", "Cole, Bob"} == site.given.keys()


@pytest.mark.cc("T41")
def test_unknown_labels_and_damaged_records_end_nothing(site: CcSite) -> None:
    """Labels that nobody knows are told; a record without what it needs is put aside, and the others go on."""
    with site.office() as office:
        office.entries["odd"] = Record("Odd, Ida", "L", layout=("name", "locn", b"Hobby: chess", "addr", "cmts"))
        office.entries["torn"] = Record("Torn, Tim", "", layout=("name", "addr", "cmts"))
        office.entries["who"] = Record("Who, Wim", "Q")
    site.put("Doe, Jane")
    site.person("Ann Berg")
    site.sync()

    assert {"Jane Doe", "Ida Odd"} == site.told().keys()
    assert {"Berg, Ann"} == site.given.keys()
    assert ["a record without Locn", "'Who, Wim': unknown Locn 'Q'"] == [reason for _, reason in site.rejects()]
    assert any("unknown labels, kept: 'hobby'" in line for line in site.steps())


@pytest.mark.cc("T48")
def test_the_first_run_makes_the_post_office_and_needs_none(make_site: MakeSite) -> None:
    """The entry of the site and those behind it are made with the first of its people, and never touched again."""
    site = make_site(options='downstream = ["OSLO"]')
    site.person("Ann Berg")
    site.person("Bob Cole", proxies=("CCMAIL:Cole, Bob at OSLO",))
    site.settled()
    site.put("OSLO", "HQ", "p", cmts=f"{MARK}")
    with site.office() as office:
        office.entries["hq"] = office.entries["hq"]._replace(addr="by way of a hub")
    site.remove("Ann Berg")
    site.settled()

    entries = site.played.look().entries
    assert Record("HQ", "P", "by way of a hub", MARK) == entries["hq"]
    assert Record("OSLO", "p", "HQ", MARK) == entries["oslo"]
    assert {"Cole, Bob": "OSLO Cole, Bob"} == site.given


@pytest.mark.cc("T49")
def test_nothing_has_to_be_configured_but_the_connector(tmp_path: Path) -> None:
    """Every option has a default; the post office is called as the link then."""
    text = f'{SITE}[links.PO1]\nconnector = "ccmail"\nimport_container = "Foreign"\n'
    site = make(tmp_path, text)
    site.sync(failing=True)
    site.close()

    assert "[43] EXPORT was not run: the program EXPORT was not found; the next run tries again" in site.last.errors[0]


@pytest.mark.cc("T50")
def test_nothing_begins_while_the_post_office_is_shut_down(site: CcSite) -> None:
    """It ends as a locked post office does; afterwards the cycle is done as if nothing had been."""
    site.person("Ann Berg")
    site.played.shut_down(True)
    site.sync(failing=True)
    error = site.last.errors[0]
    site.played.shut_down(False)
    site.settled()

    assert "[71] EXPORT ended with code 4" in error
    assert {"Berg, Ann"} == site.given.keys()


@pytest.mark.cc("T52")
def test_propagation_without_ade_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    """KB Q156063 2.6.1: "Permit ADE to propagate" needs ADE."""
    with pytest.raises(ConfigError, match=r"ade: .*commands.modes has '/DIRECTORY/PROP', which propagates"):
        make(tmp_path / "a", config(options="ade = false"))
    site = make(tmp_path / "b", config(options='ade = false\ncommands = {modes = {add = "/DIRECTORY"}}'))
    site.close()


def test_an_address_in_a_recipient_is_an_address_of_cc_mail(site: CcSite) -> None:
    """The target of a recipient that cc:Mail has told of is of its type."""
    site.put("Doe, Jane")
    site.sync()

    assert Address("CCMAIL", "Jane Doe at PO1") == site.one("Jane Doe").target
