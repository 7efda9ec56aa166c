"""Whole cycles: guards, failures at every step, and the programs run by somebody else."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from dxa_ccmail.importfiles import read_import
from dxa_ccmail.running.interface import EXPORT_NAMES, IMPORT_NAMES, Kind, Mode
from dxa_ccmail.undeliverable import write_undeliverable
from tests.labs.ccmail import CcSite, config, make


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CcSite]:
    """A site with the post office PO1."""
    site = make(tmp_path)
    yield site
    site.close()


@pytest.fixture
def lenient(tmp_path: Path) -> Iterator[CcSite]:
    """The same, where guards hold hardly anything."""
    site = make(tmp_path / "lenient", config("guards = {shrink_count = 9, everything_count = 0}"))
    yield site
    site.close()


def test_what_only_a_plan_has_exported_displaces_nothing(site: CcSite) -> None:
    """The next export is compared with the last one that a cycle has taken, which stays; that of the plan goes."""
    kept = site.folder / "ccmail" / "kept" / "cc"
    site.put("Doe, Jane")
    site.settled()
    taken = [path.name for path in kept.iterdir()]
    site.put("Smith, Jimmy")
    site.plan()
    both = len(list(kept.iterdir()))
    site.drop("Smith, Jimmy")
    site.sync()

    assert (1, 2) == (len(taken), both)
    assert taken == [path.name for path in kept.iterdir()]
    assert {"Jane Doe"} == site.told().keys()


# -- the report --------------------------------------------------------------------------------------------------------


def test_the_report_has_the_ten_steps(site: CcSite) -> None:
    """With the numbers of the original's events (KB Q295753, Q181186)."""
    site.put("Doe, Jane")
    site.title("Sales")
    site.title("Social", board=True)
    site.person("Ann Berg")
    site.sync()

    assert [
        "[14001] directory synchronization with post office PO1 started",
        "[67] step 1 of 10: EXPORT ended with code 0: success (CCMDIR.EXP, CCMLIST.EXP, CCMBB.EXP)",
        "step 2 of 10: CCMDIR.EXP read whole: 0 entries of the site, 3 of cc:Mail",
        "step 3 of 10: CCMLIST.EXP: 1 title",
        "step 4 of 10: CCMBB.EXP: 1 title",
        "steps 9 and 10 of 10: the site's directory, deletes first, lists and boards with it: 0 deletes, 0 changes, "
        "3 adds",
        "step 5 of 10: what the site wants to be there differs by 0 deletes, 0 changes, 1 add",
        "step 6 of 10: CCMDEL.IMP 0 deletes, CCMDIR.IMP 1 add, 1 post office",
        "step 7 of 10: CCMDEL.IMP is empty",
        "[58] step 8 of 10: CCMDIR.IMP: IMPORT ended with code 0: success",
        "[14031] directory synchronization finished",
    ] == site.steps()


def test_the_report_of_a_cycle_without_changes(site: CcSite) -> None:
    """Both import files are empty, and IMPORT is not run."""
    site.put("Doe, Jane")
    site.person("Ann Berg")
    site.settled()

    assert ["step 6 of 10: CCMDEL.IMP and CCMDIR.IMP are empty", "steps 7 and 8 of 10: nothing was imported"] == [
        step for step in site.steps() if re.match("steps? [67]", step)
    ]


def test_a_rehearsal_imports_nothing_and_says_so(site: CcSite) -> None:
    """`dxa plan` runs EXPORT, for nothing else shows what would be done."""
    site.person("Ann Berg")
    site.last = site.plan()

    assert "steps 7 and 8 of 10: nothing was imported" in site.steps()
    assert {"PO1"} == site.entries().keys()
    site.sync()
    assert {"Berg, Ann"} == site.given.keys()


# -- guards ------------------------------------------------------------------------------------------------------------


def _crowd(site: CcSite) -> None:
    for n in range(30):
        site.put(f"User{n:02d}, Jane")
    site.sync()


def test_who_is_missing_at_the_end_waits_for_a_second_export(site: CcSite) -> None:
    """The program's own count is not there here: the next export has the same end, so it was no cut."""
    site.watched.counts = False
    _crowd(site)
    site.drop("User29, Jane", "User28, Jane")
    site.sync()
    held = site.holds(), len(site.told())
    site.sync()

    assert (["tail"], 30) == held
    assert ([], 28) == (site.holds(), len(site.told()))


def test_a_cut_end_that_is_there_again_was_nothing(site: CcSite) -> None:
    """Nobody was deleted meanwhile, and all are the recipients that they were."""
    site.watched.counts = False
    _crowd(site)
    before = site.recipients()
    site.watched.lacking = 2
    site.sync()
    held = site.holds()
    site.watched.lacking = 0
    site.sync()

    assert (["tail"], []) == (held, site.holds())
    assert before == site.recipients()


@pytest.mark.cc("T37")
@pytest.mark.parametrize("kind", [Kind.LISTS, Kind.BOARDS])
def test_titles_that_are_missing_wait_for_a_second_export(site: CcSite, kind: Kind) -> None:
    """A file of titles that is empty or was cut looks like one of which titles were deleted."""
    site.watched.counts = False
    site.title("Sales")
    site.title("Social", board=True)
    _crowd(site)
    site.sync()
    site.watched.emptied = [kind]
    site.sync()
    steps = site.steps()
    held = site.holds(), len(site.told())
    site.watched.emptied = []
    site.sync()
    back = site.holds(), len(site.told())
    site.watched.emptied = [kind]
    site.sync()
    site.sync()

    assert ((["tail"], 32), ([], 32)) == (held, back)
    assert any(line.startswith("titles of lists or boards are missing, and nothing shows that") for line in steps)
    assert ([], 31) == (site.holds(), len(site.told()))


def test_people_behind_a_post_office_that_is_gone_wait_for_a_second_export(site: CcSite) -> None:
    """Its entry may come back, with their address; the program's count says nothing about that."""
    site.put("PO2", locn="P")
    site.put("Doe, Jane", "PO2", "r")
    _crowd(site)
    with site.office() as office:
        lost = office.entries.pop("po2")
    site.sync()
    assert any(line.startswith("a post office is gone, and entries behind it are there: ") for line in site.steps())
    held = site.holds(), len(site.told())
    with site.office() as office:
        office.entries["po2"] = lost
    site.sync()
    back = site.holds(), len(site.told())
    with site.office() as office:
        del office.entries["po2"]
    site.sync()
    site.sync()

    assert ((["tail"], 31), ([], 31)) == (held, back)
    assert ([], 30) == (site.holds(), len(site.told()))


def test_the_site_s_post_office_is_made_again(site: CcSite) -> None:
    """Somebody has deleted its entry and nothing else: those behind it are the site's again with the next exports."""
    site.person("Ann Berg")
    site.put("Doe, Jane")
    site.settled()
    with site.office() as office:
        del office.entries["hq"]
    site.settled(4)

    assert ({"Berg, Ann": "HQ Berg, Ann"}, {"Jane Doe"}) == (site.given, site.told().keys())
    assert "MSExchangeCCMC HQ" == site.played.look().entries["hq"].cmts


def test_a_title_that_is_gone_by_the_program_s_own_count_is_gone(site: CcSite) -> None:
    """EXPORT says how many there are, so nothing was cut."""
    site.title("Sales")
    _crowd(site)
    with site.office() as office:
        office.lists.clear()
    site.sync()

    assert ([], 30) == (site.holds(), len(site.told()))


def test_many_who_are_missing_are_held(site: CcSite) -> None:
    """A shrunken export waits for a person, however whole it is."""
    _crowd(site)
    site.drop(*(f"User{n:02d}, Jane" for n in range(3, 10)))
    site.sync()
    held = site.holds(), len(site.told())
    site.approve()
    site.sync()

    assert (["shrink"], 30) == held
    assert 23 == len(site.told())


def test_a_site_that_shrinks_is_held_on_its_way_out(site: CcSite) -> None:
    """What the site would delete in cc:Mail passes the guards as well."""
    people = [f"Ann Berg{n}" for n in range(10)]
    for name in people:
        site.person(name)
    site.settled()
    site.remove(*people[:5])
    site.sync()
    held = site.holds(), len(site.given)
    site.approve()
    site.sync()

    assert (["shrink"], 10) == held
    assert 5 == len(site.given)


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(4))
def test_a_cycle_that_is_cut_off_is_completed_by_the_next(lenient: CcSite, at: int, late: bool) -> None:
    """Wherever the programs fail, before or behind their effect; nobody is written twice who arrived."""
    site = lenient
    for name in ("Ann Berg", "Bob Cole", "Cy Dorn"):
        site.person(name)
    site.put("Doe, Jane")
    site.settled()
    site.remove("Ann Berg")
    site.edit("Bob Cole", proxies=("CCMAIL:Cole, Robert at HQ",))
    site.person("Di Eich")
    site.drop("Doe, Jane")
    site.put("New, Nan")
    with site.failing(at, late=late):
        site.sync(failing=at < 3)
    site.sync()
    site.settled(1)

    assert {"Cole, Robert", "Dorn, Cy", "Eich, Di"} == site.given.keys()
    assert {"Nan New"} == site.told().keys()
    arrived = [name for name, verb in site.imported if verb == "A"]
    assert ["Cole, Robert", "Eich, Di"] == sorted(arrived)


def test_somebody_who_comes_to_cc_mail_between_export_and_import_is_left_alone(site: CcSite) -> None:
    """A parcel that waited is measured by a new export."""
    site.person("Ann Berg")
    with site.failing(1):
        site.sync(failing=True)
    site.put("Berg, Ann")
    site.sync()

    assert ({}, {"Berg, Ann": ""}) == (site.given, site.entries("L"))
    assert "[14013] the name is that of 'Berg, Ann' (Locn L, at PO1) in cc:Mail" in site.rejects()[0][1]


def test_what_was_marked_as_a_delete_in_each_record(tmp_path: Path) -> None:
    """The other way of telling deletes does the same."""
    site = make(tmp_path, config(options='delete_marking = "label"\ndelete_name_only = true'))
    with site.office() as office:
        office.marking = site.site.config.link("cc").options.marking()
    site.person("Ann Berg")
    site.person("Bob Cole")
    site.settled()
    site.remove("Ann Berg")
    site.settled()
    site.close()

    assert {"Cole, Bob"} == site.given.keys()


# -- the programs run by somebody else ---------------------------------------------------------------------------------


@attrs.define
class Operator:
    """Who runs the programs for a site that exchanges files with him."""

    site: CcSite
    folder: Path
    #: He says how many entries an export has.
    counting: bool = True

    def export(self) -> None:
        """Leave a new export."""
        office = self.site.played.look()
        found = {
            Kind.LISTS: office.export_titles(office.lists),
            Kind.BOARDS: office.export_titles(office.boards),
            Kind.DIRECTORY: office.export_directory(),
        }
        size, count = len(found[Kind.DIRECTORY]), len(office.entries)
        head = f"{EXPORT_NAMES[Kind.DIRECTORY]} {size} {count}\r\n".encode() if self.counting else b""
        self.leave({EXPORT_NAMES[kind]: data for kind, data in found.items()}, head)

    def leave(self, files: dict[str, bytes], head: bytes = b"") -> None:
        """Leave files, and a manifest behind them."""
        exports = self.folder / "ccmail" / "exports"
        exports.mkdir(parents=True, exist_ok=True)
        for name, data in {**files, "DONE": head + b"0\r\n"}.items():
            (exports / name).write_bytes(data)

    def import_(self) -> list[str]:
        """Take import files, and leave what became of them; returns their names."""
        imports = self.folder / "ccmail" / "imports"
        taken = []
        for mode in Mode:
            path = imports / IMPORT_NAMES[mode]
            if not path.exists():
                continue
            taken.append(path.name)
            with self.site.office() as office:
                rows = read_import(path.read_bytes(), office.marking, delete_run=mode is Mode.DELETE)
                _, refused, _ = office.import_(rows)
            path.unlink()
            if refused:
                path.with_suffix(".UND").write_bytes(write_undeliverable((r.record, r.reason) for r in refused))
            path.with_suffix(".RC").write_bytes(b"5\r\n" if refused else b"0\r\n")
        return taken


DROP = """
[links.cc.ccmail.drop]
kinds = ["directory", "lists", "boards"]
manifest = "DONE"
"""


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operator]:
    """A site with a post office whose programs somebody else runs."""
    site = make(tmp_path, config().replace('run = "simulator"', 'run = "drop"') + DROP)
    yield Operator(site, tmp_path)
    site.close()


def test_files_change_hands(operated: Operator) -> None:
    """dxa takes an export, leaves import files, and knows by the next export that they were imported."""
    site = operated.site
    site.put("Doe, Jane")
    site.title("Sales")
    site.person("Ann Berg")
    operated.export()
    site.sync()
    steps = site.steps()
    taken = operated.import_()
    operated.export()
    site.sync()
    site.sync()

    assert "step 8 of 10: CCMDIR.IMP was left to be imported" in steps
    assert ["CCMDIR.IMP"] == taken
    assert {"Jane Doe", "Sales"} == site.told().keys()
    assert {"Berg, Ann"} == site.given.keys()
    assert [] == [path.name for path in (operated.folder / "ccmail" / "imports").iterdir()]
    assert "step 1 of 10: no new export; nothing is compared in this cycle" in site.steps()


def test_without_a_new_export_nothing_is_planned(operated: Operator) -> None:
    """What was left once is not left again, for nobody knows whether it was imported."""
    site = operated.site
    site.person("Ann Berg")
    operated.export()
    site.sync()
    imports = operated.folder / "ccmail" / "imports"
    shutil.rmtree(imports)
    site.person("Bob Cole")
    site.sync()

    assert not imports.exists()
    assert {} == dict(site.last.links[0].sent)


def test_what_somebody_else_s_import_refused_is_told(operated: Operator) -> None:
    """By name, once, when the results are picked up."""
    site = operated.site
    for name in ("Ann Berg", "Bob Cole"):
        site.person(name)
    operated.export()
    site.sync()
    with site.office() as office:
        office.behaviour = attrs.evolve(office.behaviour, refuse=("Berg*",))
    operated.import_()
    site.sync()
    site.sync()

    assert [(0, "[63] IMPORT refused 'Berg, Ann': refused on request")] == site.rejects()
    assert {"Cole, Bob"} == site.given.keys()


def test_an_export_that_is_no_use_is_taken_away_and_told(operated: Operator) -> None:
    """It is not in the way of the next one, and nothing is planned by it."""
    site = operated.site
    site.put("Doe, Jane")
    operated.export()
    site.sync()
    site.person("Ann Berg")
    operated.leave(dict.fromkeys(EXPORT_NAMES.values(), b"Name: Doe, Jane\r\nLo"))
    site.sync()
    told, steps = [text for _, text in site.notices()], site.steps()
    left = [path.name for path in (operated.folder / "ccmail" / "exports").iterdir()]
    operated.export()
    site.sync()
    operated.import_()

    assert 1 == len(told)
    assert "CCMDIR.EXP that cannot be used" in told[0]
    assert any(step.startswith("[65] step 1 of 10: EXPORT was run by somebody else and left a") for step in steps)
    assert [] == left
    assert {"Jane Doe"} == site.told().keys()
    assert {"Berg, Ann"} == site.given.keys()


def test_an_export_is_no_second_one_of_itself(operated: Operator) -> None:
    """Nothing is confirmed by a file that was taken already and could not be taken away."""
    site, operated.counting = operated.site, False
    for n in range(30):
        site.put(f"User{n:02d}, Jane")
    operated.export()
    site.sync()
    site.drop("User29, Jane")
    operated.export()
    exports = operated.folder / "ccmail" / "exports"
    files = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in exports.iterdir()}
    site.sync()
    for name, (data, time) in files.items():
        (exports / name).write_bytes(data)
        os.utime(exports / name, ns=(time, time))
    site.sync()
    held = site.holds()
    operated.export()
    site.sync()

    assert (["tail"], []) == (held, site.holds())
    assert 29 == len(site.told())


def test_nothing_is_written_before_a_second_export_agrees(operated: Operator) -> None:
    """An export that is not counted may lack somebody who has the name of one of ours."""
    site, operated.counting = operated.site, False
    site.put("Doe, Jane")
    site.person("Ann Berg")
    for _ in range(2):
        operated.export()
        site.sync()
        operated.import_()
    first = site.given.keys()
    operated.export()
    site.sync()
    operated.import_()

    assert {"Jane Doe"} == site.told().keys()
    assert {"Berg, Ann"} == first == site.given.keys()
