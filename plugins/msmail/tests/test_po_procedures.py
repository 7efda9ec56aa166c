"""The procedures for postoffices, gone through on real ones: who knows whom after it, and what is left to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dxa.agent import relisting
from dxa.errors import UsageError
from dxa_msmail.commands.procedures import procedure
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.programs import admin, resync
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.procedures.place import Place
from dxa_msmail.programs.procedures.program import Item, Step, checklist, go
from dxa_msmail.programs.procedures.table import PROCEDURES
from tests.cases.harness import SiteHarness
from tests.labs.offices import SITE, Offices, site_text

HUB, A, B, C = "LAB/HUB", "NORTH/ALPHA", "NORTH/BETA", "SOUTH/GAMMA"
PEOPLE = {HUB: ["HAL"], A: ["ABE", "ANN"], B: ["BO"]}


@pytest.fixture
def offices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offices:
    """Three postoffices with people, and no server."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    made = Offices(tmp_path)
    made.add(HUB, "Hal")
    made.add(A, "Ann", "Abe")
    made.add(B, "Bo")
    return made


@pytest.fixture
def world(offices: Offices) -> Offices:
    """The same, with a postoffice that is the server, and everybody knows everybody."""
    offices.appoint(HUB)
    offices.cycle(HUB, times=2)
    return offices


@pytest.fixture
def served(offices: Offices) -> Iterator[Offices]:
    """The same, with dxa as the server."""
    site = offices.serve()
    site.add("Sue Site")
    offices.cycle(times=2)
    yield offices
    site.close()


def place(world: Offices, name: str, other: str = "", new: str = "") -> Place:
    """Where a procedure begins."""
    return Place(here=world.offices[name], clock=world.clock, other=other, new=new)


def run(world: Offices, what: str, name: str, *others: str, after: int = 0) -> list[Item]:
    """Do what can be done of a procedure."""
    return go(PROCEDURES[what], place(world, name, *others), after=after)


def states(items: list[Item]) -> set[str]:
    """What the steps are."""
    return {item.state.value for item in items}


def others(*names: str, people: dict[str, list[str]] | None = None) -> list[str]:
    """Everybody of these, as others hold them."""
    return sorted(f"{name}/{box}" for name in names for box in (people or PEOPLE)[name])


def assert_whole(world: Offices, *names: str) -> None:
    """Everybody of these knows everybody of the others, and their files are sound."""
    for name in names:
        assert others(*(each for each in names if each != name)) == world.held(name)
        with world.offices[name].look() as files:
            assert [] == tree.check(files)


# -- numbers and backups -------------------------------------------------------------------------------------------


@pytest.mark.dx("T-226")
def test_local_reset(world: Offices) -> None:
    """The requestor begins anew: it loses nobody, and nothing is left to do."""
    world.hire(HUB, "Hanna")
    items = run(world, "local-reset", A)

    assert ({"done"}, others(HUB, B)) == (states(items), world.held(A))
    world.cycle(HUB)
    assert sorted([*others(HUB, B), f"{HUB}/HANNA"]) == world.held(A)
    assert others(A) == [each for each in world.held(B) if each.startswith(A)]


def test_a_damaged_state_is_mended_by_a_local_reset(world: Offices) -> None:
    """A requestor whose numbers are those of another server gets everything, and what it tells is taken."""
    with world.offices[A].change() as change:
        change.write("GLB/REQTRANS.GLB", b"")
    world.hire(A, "Amy")
    run(world, "local-reset", A)
    world.cycle(HUB)

    assert f"{A}/AMY" in world.held(B)


def test_global_reset(world: Offices) -> None:
    """The server forgets, letters go, all reset, and then everybody knows everybody again."""
    world.ask()
    with_mail = checklist(PROCEDURES["global-reset"], place(world, HUB))
    run(world, "global-reset", HUB)

    assert "to do" in [item.state.value for item in with_mail if "letters" in item.what]
    assert_whole(world, HUB, A, B)
    world.hire(B, "Bea")
    world.cycle(HUB)
    assert f"{B}/BEA" in world.held(A)


def test_restore_of_a_requestor(world: Offices) -> None:
    """A requestor that was set back is whole again, and so is what others know of it (KB Q119014)."""
    backup = world.folder / "backup"
    shutil.copytree(world.offices[A].root, backup)
    world.hire(A, "Amy")
    world.hire(B, "Bea")
    world.cycle(HUB, times=2)
    shutil.rmtree(world.offices[A].root)
    shutil.copytree(backup, world.offices[A].root)
    items = run(world, "restore-requestor", A)

    assert {"done"} == states(items)
    world.cycle(HUB)
    assert sorted([*others(HUB, B), f"{B}/BEA"]) == world.held(A)
    assert others(A) == [each for each in world.held(B) if each.startswith(A)]


def test_restore_of_the_server(world: Offices) -> None:
    """A server that was set back asks everybody for everything, and tells everybody (KB Q113453, problem 9)."""
    backup = world.folder / "backup"
    shutil.copytree(world.offices[HUB].root, backup)
    world.hire(A, "Amy")
    world.cycle(HUB, times=2)
    shutil.rmtree(world.offices[HUB].root)
    shutil.copytree(backup, world.offices[HUB].root)
    items = run(world, "restore-server", HUB)

    assert {"done"} == states(items)
    people = {**PEOPLE, A: ["ABE", "AMY", "ANN"]}
    assert others(HUB, A, people=people) == world.held(B)
    assert others(A, B, people=people) == world.held(HUB)


def test_who_is_out_of_reach_is_a_persons(world: Offices) -> None:
    """A requestor that cannot be reached stops the steps behind, says why, and gets RESYNC.GLB by hand."""
    away = world.folder / "away"
    world.offices[B].root.rename(away)
    items = run(world, "restore-server", HUB)
    assert "no such folder" in next(item.why for item in items if item.number == 2 and B in item.what)

    for name in (A, HUB):
        importing.run_queue(world.offices[name], world.clock)
    run(world, "restore-server", HUB, after=2)
    done = resync.write(world.offices[HUB], world.clock, requestors=[B])
    shutil.copy(world.offices[HUB].root / done.name, away / done.name)
    assert importing.run_queue(Maildata(away, durable=False), world.clock).resync is not None
    away.rename(world.offices[B].root)
    assert others(HUB, A) == world.held(B)


# -- who is the server ---------------------------------------------------------------------------------------------


def test_move_of_the_server(world: Offices) -> None:
    """Another postoffice serves, the old one is a requestor, and everybody goes on knowing everybody."""
    world.hire(B, "Bea")
    world.ask()
    items = run(world, "move-server", HUB, A)
    again = checklist(PROCEDURES["move-server"], place(world, HUB, A))

    assert {"done"} == states(items) == states(again)
    people = {**PEOPLE, B: ["BEA", "BO"]}
    assert others(A, B, people=people) == world.held(HUB)
    world.fire(HUB, "HAL")
    world.cycle(A, times=2)
    assert others(A, people=people) == world.held(B)


def test_passwords_move_along(world: Offices) -> None:
    """A password in a file beside the old server is found by the new one; a wrong one is still refused."""
    (world.offices[HUB].root / "beta.pw").write_text("knows\n")
    admin.register_requestor(world.offices[HUB], B, password_ref="file:beta.pw")
    admin.register_server(world.offices[B], HUB, password_ref="knows")
    assert {"done"} == states(run(world, "move-server", HUB, A))

    world.hire(B, "Bea")
    world.cycle(A)
    assert f"{B}/BEA" in world.held(HUB)
    admin.register_server(world.offices[B], A, password_ref="guesses")
    world.ask(B)
    done = world.answer(A)
    assert done is not None
    assert any(text.startswith("[156]") for text in done[0].refused)


def test_a_move_goes_on_where_it_was_interrupted(world: Offices) -> None:
    """When the process ends between two steps, the next one goes on from there, and no second server is left."""
    steps = PROCEDURES["move-server"].steps
    for step in steps[:3]:
        for name in step.each(place(world, HUB, A)):
            _do(step, place(world, HUB, A), name)
            assert {"done"} == states(run(world, "move-server", HUB, A)) if step is steps[2] else True
    assert_whole(world, HUB, A, B)


def _do(step: Step, where: Place, name: str) -> None:
    assert step.do is not None
    step.do(where, name)


def test_dxa_becomes_the_server(world: Offices) -> None:
    """The old server gives up, all are registered at the site, and its people and all others meet (KB Q180297)."""
    site = _site(world)
    before = run(world, "server-to-dxa", HUB, SITE)
    assert ["yours"] == sorted({item.state.value for item in before if item.number == 5})
    for _ in range(2):
        world.cycle()

    assert {"done"} == states(checklist(PROCEDURES["server-to-dxa"], place(world, HUB, SITE)))
    assert sorted([*others(HUB, B), f"{SITE}/SUE"]) == world.held(A)
    assert ["Abe", "Ann", "Bo", "Hal"] == site.names(container="Foreign")
    site.close()


def _site(world: Offices) -> SiteHarness:
    """A site that knows them all, though they have another server; they know the way to it."""
    (world.folder / "site").mkdir()
    site = world.site = SiteHarness(world.folder / "site", site_text(*world.offices), now=world.now)
    site.add("Sue Site")
    site.sync()
    for po in world.offices.values():
        admin.add_postoffice(po, SITE, route=direct(str(world.folder / "site" / "shadow")))
    return site


def test_a_postoffice_becomes_the_server_of_dxa(served: Offices) -> None:
    """The site becomes a requestor of the postoffice that serves now; nobody is lost on either side (KB Q148309)."""
    items = run(served, "server-from-dxa", HUB, SITE)
    assert ["yours"] == [item.state.value for item in items if item.number == 4]

    site = served.site
    assert site is not None
    text = '[site]\norganization = "LAB"\nname = "HQ"\n[links.up]\nconnector = "msmail-requestor"\n'
    text += 'import_container = "Foreign"\nexport_containers = ["Staff"]\n[links.up.msmail-requestor]\n'
    text += f'server = "{HUB}"\nmailbox = "$SYSTEM"\nmaildata = "shadow"\nserver_maildata = "../lab-hub"\n'
    site.configure(text)
    for _ in range(3):
        site.sync()
        served.carry()
        served.ask()
        served.answer(HUB)
        served.take()
    site.sync()

    assert "done" in [item.state.value for item in run(served, "server-from-dxa", HUB, SITE) if item.number == 4]
    assert {f"{SITE}/SUE", *others(HUB, B)} == set(served.held(A))
    assert {"Abe", "Ann", "Bo", "Hal"} <= set(site.names())


# -- postoffices that go -------------------------------------------------------------------------------------------


@pytest.mark.dx("T-105", "T-236")
def test_retiring_a_postoffice(world: Offices) -> None:
    """Its people go from all lists, and then the postoffice; what it sends later is a stranger's."""
    items = run(world, "retire", HUB, B)

    assert {"done"} == states(items)
    assert (others(A), others(HUB)) == (world.held(HUB), world.held(A))
    assert B not in list(place(world, A).names.values())
    world.hire(B, "Bea")
    world.ask(B)
    done = world.answer(HUB)
    assert done is not None
    assert any(text.startswith("[120]") for text in done[0].refused)
    world.take(HUB, A)
    assert others(HUB) == world.held(A)


@pytest.mark.dx("T-106")
def test_renaming_a_postoffice(world: Offices) -> None:
    """Everywhere its people stand under the new name, nobody under the old one, and no list of it is left."""
    world.hire(B, "Bea")
    items = run(world, "rename", HUB, B, C)
    people = {**PEOPLE, C: ["BEA", "BO"]}

    assert {"done"} == states(items) == states(checklist(PROCEDURES["rename"], place(world, HUB, B, C)))
    assert others(A, C, people=people) == world.held(HUB)
    assert others(HUB, C, people=people) == world.held(A)
    assert others(HUB, A) == world.held(B)
    world.fire(B, "BO")
    world.offices[C] = world.offices.pop(B)
    world.cycle(HUB, times=2)
    assert [f"{HUB}/HAL", f"{C}/BEA"] == world.held(A)
    for po in world.offices.values():
        with po.look() as files:
            assert [] == tree.check(files)


def test_renaming_a_postoffice_of_dxa(served: Offices) -> None:
    """The site first, then the postoffice: everybody there is who he was, under the new name (KB Q114246)."""
    site = served.site
    assert site is not None
    before = {recipient.name: recipient.id for recipient in site.recipients(container="Foreign")}
    assert ["yours", "to do", "done"] == [
        item.state.value for item in checklist(PROCEDURES["rename-requestor"], place(served, B, C))
    ]
    assert ["yours"] == [item.state.value for item in run(served, "rename-requestor", B, C) if item.number == 1]
    with served.offices[B].look() as files:
        assert B == identity(files).name

    with site.site.store.transaction():
        relisting.rename(site.site, site.site.config.link("mail"), B, C)
    text = site_text(*served.offices).replace(f'"{B}"', f'"{C}"')
    site.configure(text.replace(f'"{C}"]\n', f'"{C}"]\nown_lists = ["{B}"]\n'))
    site.sync()
    site.approve()
    items = run(served, "rename-requestor", B, C)
    assert ["done", "done", "yours"] == [item.state.value for item in items]
    served.offices[C] = served.offices.pop(B)
    for _ in range(2):
        served.cycle()
    assert sorted([*others(HUB), f"{C}/BO", f"{SITE}/SUE"]) == served.held(A)
    assert before == {recipient.name: recipient.id for recipient in site.recipients(container="Foreign")}


# -- the checklist -------------------------------------------------------------------------------------------------


def test_what_a_site_does_as_a_requestor(world: Offices) -> None:
    """Its steps are commands of the site for a person, and stop nobody else's (KB Q148309)."""
    _site(world).close()
    admin.register_requestor(world.offices[HUB], SITE)
    items = run(world, "global-reset", HUB)

    assert {("yours", "dxa")} == {(x.state.value, x.how[0].split()[0]) for x in items if SITE in x.what}
    assert {"done"} == {item.state.value for item in items if SITE not in item.what}
    assert_whole(world, HUB, A, B)
    moved = run(world, "move-server", HUB, A)
    assert ["# dxa.toml:"] == [x.how[0][:11] for x in moved if x.number == 4 and SITE in x.what]
    assert A == place(world, B).server_name


def test_what_a_procedure_needs(world: Offices) -> None:
    """A procedure that begins elsewhere, or needs names that are missing, changes nothing."""
    with pytest.raises(UsageError, match="begins at the directory server"):
        run(world, "global-reset", A)
    with pytest.raises(UsageError, match="needs the NET/PO of the postoffice that goes"):
        run(world, "retire", HUB)
    with pytest.raises(UsageError, match="needs no other name"):
        run(world, "local-reset", A, B)


@pytest.mark.parametrize("what", ["move-server", "retire", "rename", "server-to-dxa"])
def test_a_procedure_is_about_another_postoffice(world: Offices, what: str) -> None:
    """With the server's own name a procedure does nothing: it would take the server away, or its own people."""
    names = (HUB, C)[: len(PROCEDURES[what].needs)]
    with pytest.raises(UsageError, match=f"{what} cannot be about {HUB} and begin there, too"):
        run(world, what, HUB, *names)

    world.cycle(HUB)
    assert_whole(world, HUB, A, B)


def test_a_server_moves_only_to_a_postoffice_that_can_be_reached(world: Offices) -> None:
    """A name that is unknown, or whose folder is not there, is told, and the server stays."""
    with pytest.raises(UsageError, match=f"{HUB} knows no postoffice {C}, so nothing has been done"):
        run(world, "move-server", HUB, C)
    world.offices[B].root.rename(world.folder / "away")
    with pytest.raises(UsageError, match="no such folder"):
        run(world, "move-server", HUB, B)

    assert place(world, HUB).server_name == HUB


def test_a_server_is_not_given_to_nobody(world: Offices) -> None:
    """With a name that is unknown, or that of another server, nobody is registered, and nobody serves less or more."""
    before = {name: (world.numbers(name), place(world, name).srvconf(name)) for name in world.offices}
    for what, name, other, text in (
        ("server-from-dxa", HUB, SITE, "knows no postoffice"),
        ("server-from-dxa", A, B, f"the directory server of {A} is {HUB}, not {B}"),
        ("server-to-dxa", HUB, SITE, "knows no postoffice"),
    ):
        with pytest.raises(UsageError, match=text):
            run(world, what, name, other, after=2 if what == "server-to-dxa" else 0)

    assert before == {name: (world.numbers(name), place(world, name).srvconf(name)) for name in world.offices}


def test_an_answer_that_the_server_has_not_read_yet_holds_nothing_up(world: Offices) -> None:
    """Between T2 and T3 the server's own answer lies in its SYSTEM mailbag; that is nothing that it has to take in."""
    world.ask()
    world.answer(HUB)

    assert {"done"} == states(run(world, "retire", HUB, B))


def test_commands_of_a_checklist_are_filled_in(world: Offices) -> None:
    """Each step that is not done shows the commands for this postoffice; no name is left open."""
    for name, each in PROCEDURES.items():
        at = HUB if each.at == "the directory server" else A
        needs = [C, "SOUTH/DELTA"][: len(each.needs)]
        lines = [line for item in checklist(each, place(world, at, *needs)) for line in (item.what, *item.how)]
        assert not [line for line in lines if "{" in line or ("[" in line and C not in line)], name


def test_the_command(world: Offices) -> None:
    """The command lists procedures, shows the steps with marks, does them, and ends when nothing is left."""
    root = str(world.offices[HUB].root)
    runner = CliRunner()
    listed = runner.invoke(procedure, [])
    shown = runner.invoke(procedure, ["retire", "ADMIN", B, "-d", root])
    done = runner.invoke(procedure, ["retire", "ADMIN", B, "-d", root, "--go"])

    assert (0, 0, 0) == (listed.exit_code, shown.exit_code, done.exit_code)
    assert "move-server" in listed.output
    assert f"[ ] 2. let {B} be no requestor" in shown.output
    assert "Everything is done." in done.output
