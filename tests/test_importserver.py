"""IMPORT -s and -st at a postoffice that is the directory server, by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dxa.errors import UsageError
from dxa_msmail.commands.importing import import_
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.programs import admin
from dxa_msmail.programs.importing import program as importing
from tests.labs.offices import Offices

HUB, ALPHA, BETA = "HUB/MAIN", "NORTH/ALPHA", "NORTH/BETA"


@pytest.fixture
def world(tmp_path: Path) -> Offices:
    """A server with two requestors; ALPHA has told addresses of gateways, which nobody has asked for."""
    world = Offices(tmp_path)
    for name, person in ((HUB, "Hans"), (ALPHA, "Ann"), (BETA, "Bob")):
        world.add(name, person)
    world.appoint(HUB)
    admin.register_server(world.offices[ALPHA], HUB, templates_out=True)
    world.cycle(HUB)
    template = b"T PROFS:GATE/N1\r\n Phone:~10~25~A~~\r\nA Host\tPROFS:GATE/N1/HOST\r\n- Phone:/1\r\n"
    importing.queue_file(world.offices[ALPHA], world.clock, b"A Eve\tSMTP:eve@x.example\r\n" + template)
    world.cycle(HUB)
    return world


def run(po: Maildata, *switches: str) -> Result:
    """Run `dxa msmail import`."""
    return CliRunner().invoke(import_, ["ADMIN", *switches, f"-d{po.root}"])


def test_resync_by_the_switch(world: Offices) -> None:
    """`-s`: the file is there; whoever takes it has everything, and it is gone there."""
    hub, beta = world.offices[HUB], world.offices[BETA]
    done = run(hub, "-s", "-t", "-fx.txt")
    assert 0 == done.exit_code, done.output
    lines = done.output.splitlines()
    assert "-s does not look at -f, -t." == lines[0]
    assert "Import is finished." == lines[-1]
    file = hub.root / "GLB" / "RESYNC.GLB"
    (beta.root / "GLB" / "RESYNC.GLB").write_bytes(file.read_bytes())
    file.unlink()
    taken = run(beta, "-q", "-y")
    assert "RESYNC.GLB was taken, and its numbers are ours now." in taken.output
    assert ["HUB/MAIN/HANS", "NORTH/ALPHA/ANN"] == world.held(BETA)
    assert not (beta.root / "GLB" / "RESYNC.GLB").exists()


def test_what_resync_is_in_json(world: Offices) -> None:
    """Its keys; the file is for all who are registered."""
    shown = json.loads(run(world.offices[HUB], "-s", "--json").output)
    assert ["count", "file", "imp", "refused", "req", "requestors", "srv"] == sorted(shown)
    assert ("GLB/RESYNC.GLB", []) == (shown["file"], shown["refused"])
    assert {BETA.casefold(), ALPHA.casefold()} <= set(map(str.casefold, shown["requestors"]))


def test_the_text_for_a_foreign_system(world: Offices, tmp_path: Path) -> None:
    """`-st -f`: every list with R and A records, whatever anybody has asked for; another postoffice can import it."""
    file = tmp_path / "all.txt"
    done = run(world.offices[HUB], "-st", f"-f{file}", "-c", "-x")
    assert f"-st does not look at -c, -x. 5 entries written to {file}. Import is finished." == " ".join(
        done.output.split()
    )
    records = [" ".join(line.split()) for line in file.read_text("cp850").splitlines()]
    assert records[0].startswith("# All addresses of the directory server HUB/MAIN, SrvSync ")
    assert [
        *("R PCM:HUB/MAIN", "A Hans PCM:HUB/MAIN/HANS", "R PCM:NORTH/ALPHA", "A Ann PCM:NORTH/ALPHA/ANN"),
        *("R PCM:NORTH/BETA", "A Bob PCM:NORTH/BETA/BOB", "R PROFS:GATE/N1"),
        *("A Host PROFS:GATE/N1/HOST", "R SMTP:", "A Eve SMTP:eve@x.example"),
    ] == records[1:]

    far = tree.create(tmp_path / "far", network="FAR", postoffice="OFF", durable=False)
    admin.add_postoffice(far, HUB)
    admin.register_server(far, HUB)
    assert "5 added" in run(far, f"-f{file}", "-c", "-y").output
    world.offices["FAR/OFF"] = far
    everybody = ["GATE/N1/HOST", "HUB/MAIN/HANS", "NORTH/ALPHA/ANN", "NORTH/BETA/BOB", "eve@x.example"]
    assert everybody == world.held("FAR/OFF")


def test_a_server_that_was_set_back_gives_no_text(world: Offices, tmp_path: Path) -> None:
    """63 until all have told their lists again: who takes the text would lose the others."""
    admin.begin_anew(world.offices[HUB])
    failed = run(world.offices[HUB], "-st", f"-f{tmp_path}/all.txt")
    assert isinstance(failed.exception, UsageError)
    assert str(failed.exception).startswith("[63] resync extract failed: ")
    assert not (tmp_path / "all.txt").exists()
