"""`dxa msmail postoffice routes` and `mail --alarm`: to whom no mail gets, and what nobody fetches."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dxa.cli.lazy import PluginGroup
from dxa_msmail import plugin
from dxa_msmail.postoffice import letters, networks, tree, users
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.names import UserRow, usr_file, write_usr
from dxa_msmail.postoffice.networks import Wanted, direct, indirect
from dxa_msmail.programs.routes import Way, ways

MSMAIL = PluginGroup("msmail", dict(plugin.dxa_commands()))
LETTER = Letter(sender="NEAR/PO/$SYSTEM", to=("FAR/PO/$SYSTEM",), time=datetime(2026, 1, 2))
HOUR = 3600


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """NEAR/PO, which reaches HUB/PO directly, FAR/PO by way of it, and EAST/PO not at all."""
    made = tree.create(tmp_path / "near", network="NEAR", postoffice="PO", durable=False)
    tree.create(tmp_path / "hub", network="HUB", postoffice="PO", durable=False)
    wanted = [
        Wanted(name="HUB/PO", route=direct("../hub")),
        Wanted(name="FAR/PO", route=indirect("HUB/PO")),
        Wanted(name="EAST/PO"),
        Wanted(name="EAST/PO2", route=indirect("EAST/PO")),
    ]
    with made.change() as change:
        *_, east, _ = networks.add_postoffices(change, wanted)
        change.write(usr_file(east), write_usr([UserRow("Ann", "ANN", 1, 0x80000001)]))
        users.add_user(change, users.NewUser(name="Bob", mailbox="BOB"))
    return made


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(MSMAIL, [str(argument) for argument in arguments])


def _json(*arguments: object) -> tuple[int, Any]:
    result = _run(*arguments, "--json")
    return result.exit_code, json.loads(result.output)


@pytest.mark.dx("T-210")
def test_every_postoffice_to_which_no_mail_gets_is_named(po: Maildata) -> None:
    """KB Q199534: those without a route, and those behind them, with the number of people in their lists."""
    found = {way.name: way for way in ways(po, 0.0)}
    assert ["", ""] == [found[name].problem for name in ("HUB/PO", "FAR/PO")]
    assert ("via HUB/PO", "HUB/PO") == (found["FAR/PO"].route, found["FAR/PO"].hop)
    later = "mail for it waits until there is one, or until somebody fetches it"
    east = Way(
        name="EAST/PO",
        kind="MS",
        route="no way",
        hop="",
        people=1,
        letters=0,
        age=0.0,
        problem=f"it has no route: {later}",
    )
    assert east == found["EAST/PO"]
    assert f"EAST/PO on the way has none: {later}" == found["EAST/PO2"].problem

    code, rows = _json("postoffice", "routes", po.root)
    assert (1, ["", "", found["EAST/PO"].problem]) == (code, [row["problem"] for row in rows["routes"][:3]])
    assert "no way" in _run("postoffice", "routes", po.root).output


def test_exit_status_0_says_that_all_can_be_reached(po: Maildata) -> None:
    """The neighbours' folders are there, and hold the right postoffices."""
    with po.change() as change:
        networks.set_route(change, "EAST/PO", indirect("HUB/PO"))
    result = _run("postoffice", "routes", po.root)
    assert (0, True) == (result.exit_code, "4 postoffices" in result.output)


def test_what_waits_behind_a_link_that_is_down_is_shown(po: Maildata) -> None:
    """With the reason, which is that of the hub."""
    with po.change() as change:
        letters.deliver(change, LETTER, networks.find(change, "FAR/PO").mailbag, now=100.0)
    (po.root.parent / "hub").rename(po.root.parent / "away")
    found = {way.name: way for way in ways(po, 400.0)}
    assert (1, 300.0) == (found["FAR/PO"].letters, found["FAR/PO"].age)
    assert found["HUB/PO"].problem == found["FAR/PO"].problem
    assert "hub is not a postoffice" in found["FAR/PO"].problem


def test_a_folder_with_another_postoffice_is_a_problem(po: Maildata) -> None:
    """Mail is not put there."""
    with po.change() as change:
        networks.set_route(change, "EAST/PO", direct("../hub"))
    found = {way.name: way.problem for way in ways(po, 0.0)}
    assert found["EAST/PO"].endswith("hub is the postoffice HUB/PO, not EAST/PO")


def test_a_damaged_list_of_one_postoffice_hides_no_other(po: Maildata) -> None:
    """It is that one's problem."""
    with po.change() as change:
        change.write(usr_file(networks.find(change, "HUB/PO").hexid), b"?")
    found = {way.name: way.problem for way in ways(po, 0.0)}
    assert "USR/" in found["HUB/PO"]
    assert "" == found["FAR/PO"]


@pytest.mark.dx("T-249")
def test_mail_that_nobody_fetches_sets_off_the_alarm(po: Maildata) -> None:
    """KB Q96060: exit status 1 when something lies in a queue for longer; a user's mailbox is his own business."""
    with po.change() as change:
        letters.deliver(change, LETTER, users.find_user(change, "BOB").hexid, now=time.time() - 99 * HOUR)
        letters.deliver(change, LETTER, SYSTEM, now=time.time() - 3 * HOUR)
        letters.submit(change, LETTER, bag=INQUEUE, now=time.time() - HOUR)

    code, rows = _json("postoffice", "mail", po.root, "--alarm", 2)

    assert (1, ["SYSTEM"]) == (code, [row["mailbag"] for row in rows["mailbags"] if row["late"]])
    assert "Alarm: 1 letter in SYSTEM ($SYSTEM): the oldest lies there for 3 h." in " ".join(
        _run("postoffice", "mail", po.root, "--alarm", 2).output.split()
    )
    assert [0, 0] == [_run("postoffice", "mail", po.root, *more).exit_code for more in ((), ("--alarm", 4))]


def test_external_returns_what_waits_too_long_when_it_is_told_to(po: Maildata) -> None:
    """`--return-after` counts days."""
    with po.change() as change:
        letter = Letter(sender="NEAR/PO/BOB", to=("EAST/PO/ANN",), time=datetime(2026, 1, 2), subject="Hello")
        letters.deliver(change, letter, networks.find(change, "EAST/PO").mailbag, now=time.time() - 30 * HOUR)
    assert "Returned" not in _run("external", "-d", po.root, "--return-after", 1.5).output
    said = " ".join(_run("external", "-d", po.root, "--return-after", 1).output.split())
    assert "Returned to the sender: mail from NEAR/PO/BOB (Hello) to EAST/PO/ANN: [005] waited too long" in said
