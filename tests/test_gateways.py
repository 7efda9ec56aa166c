"""Gateway names in directory synchronization: the three ways of WA0725 (KB Q96060, "Gateway Names and Dir-Sync").

Each goes over real postoffices, once with one of them as the directory server and once with a site as that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from dxa_msmail import ffapi
from dxa_msmail.commands.importing import import_
from dxa_msmail.postoffice import letters, networks
from dxa_msmail.postoffice.mailbag import SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.messages import letter_of
from dxa_msmail.programs import admin
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.importing.program import Imported
from tests.labs.offices import SITE, Offices, site_text

HUB, ALPHA, BETA = "HUB/MAIN", "NORTH/ALPHA", "NORTH/BETA"
MAC = "MACNET/MACPO"
TYPES = ("PCM", "SMTP", "PROFS")


@attrs.define
class Gateways:
    """ALPHA and BETA have gateways to SMTP and to two nodes of PROFS, and ask for their names.

    The server is the postoffice HUB, or with `serving` a site.
    """

    world: Offices
    serving: bool

    def cycle(self) -> None:
        """Two cycles: what is told in one comes to the others with it; and one more when a site had held something."""
        self.world.cycle("" if self.serving else HUB, times=2)
        if self.world.site is not None and self.world.site.holds():
            self.world.site.approve()
            self.world.cycle()

    def held(self, name: str = BETA, *, without: str = "NORTH/") -> list[str]:
        """What a postoffice holds beside the users of others."""
        kept = (address for address in self.world.held(name) if not address.startswith((without, "HUB/", "LAB/")))
        return list(kept)

    def listed(self, selector: str, name: str = BETA) -> list[str]:
        """A list, as IMPORT -x -g shows it."""
        type_, _, list_ = selector.partition(":")
        lines = importing.extract(self.world.offices[name], type_=type_, name=list_).data.decode("cp850").splitlines()
        return [" ".join(line.split()) for line in lines]

    def replace_by_extract(self) -> None:
        """What the batch file of KB Q96060 does at ALPHA, with the commands, and two cycles."""
        where = f"-d{self.world.offices[ALPHA].root}"
        text = self.world.folder / "temp.txt"
        text.write_bytes(b"R SMTP:\r\nR PROFS:GATE/N1\r\nR PROFS:GATE/N2\r\n")
        for switches in (("-x", "-gSMTP"), ("-x", "-gPROFS"), ("-e", "-y")):
            done = CliRunner().invoke(import_, ["ADMIN", *switches, f"-f{text}", where])
            assert 0 == done.exit_code, done.output
        self.cycle()

    def tell(self, requestor: str, mailbox: str, *lines: str, sender: str = "") -> None:
        """What an application behind a gateway sends to the server from a mailbox of its own (KB Q106623)."""
        server = SITE if self.serving else HUB
        body = (
            f"[dirsync]\r\ntask=export\r\nreqname={requestor}\r\ntransactions=inbody\r\n\r\n[dirsync-transactions]\r\n"
        )
        body += "".join(f"{number} {line}\r\n" for number, line in enumerate(lines, 1))
        message = ffapi.MailMessage(
            to=(f"CSI:{server}/$SYSTEM",),
            sender=f"CSI:{sender or f'{ALPHA}/{mailbox}'}",
            subject="Directory Exchange Profile",
            body=body.encode("cp850"),
        )
        with self._server().change() as change:
            letters.deliver(change, letter_of(message, self.world.clock()), SYSTEM)

    def _server(self) -> Maildata:
        if self.serving:
            return Maildata(self.world.folder / "site" / "shadow", durable=False)
        return self.world.offices[HUB]

    def register(self, *names: str) -> None:
        """Let these be requestors of the server."""
        if not self.serving:
            for name in names:
                admin.register_requestor(self.world.offices[HUB], name)
            return
        assert self.world.site is not None
        more = "".join(
            f'[links.mail.peers."{name}"]\nno_password = true\n'
            + ("" if "/" in name else f'sender = "{ALPHA}/GATEWAY"\n')
            for name in names
        )
        self.world.site.configure(site_text(*self.world.offices) + more)

    def file(self, text: str, name: str = ALPHA) -> Imported:
        """IMPORT -f at a postoffice: its own gateway list, as with ADMIN's Gateway List."""
        return importing.run_file(self.world.offices[name], self.world.clock, text.encode("cp850"))

    def inject(self, text: bytes, name: str = ALPHA) -> Any:
        """IMPORT -e."""
        return importing.queue_file(self.world.offices[name], self.world.clock, text)


@pytest.fixture(params=[False, True], ids=["postoffice", "site"])
def gateways(tmp_path: Path, request: pytest.FixtureRequest) -> Gateways:
    """See `Gateways`; everybody has told everything."""
    world = Offices(tmp_path)
    for name, person in ((HUB, "Hans"), (ALPHA, "Ann"), (BETA, "Bob"))[request.param :]:
        world.add(name, person)
    made = Gateways(world, request.param)
    server = SITE if made.serving else HUB
    if made.serving:
        world.serve()
    else:
        world.appoint(HUB)
    for name in (ALPHA, BETA):
        po = world.offices[name]
        admin.add_gateway(po, "SMTP")
        admin.add_gateway(po, "PROFS", "GATE")
        for node in ("GATE/N1", "GATE/N2"):
            with po.change() as change:
                networks.add_postoffice(change, node, kind="PROFS")
        admin.register_server(po, server, types=TYPES)
    world.cycle("" if made.serving else HUB)
    return made


def test_a_gateway_that_is_a_requestor_of_its_own(gateways: Gateways) -> None:
    """The first way: it is registered by its type, and an application sends the changes of its list."""
    gateways.register("SMTP")
    gateways.tell("SMTP", "GATEWAY", "A Eve\tSMTP:eve@x.example", "A Gus\tSMTP:gus@x.example")
    gateways.cycle()
    assert ["eve@x.example", "gus@x.example"] == gateways.held()

    gateways.tell("SMTP", "GATEWAY", "D Gus\tSMTP:gus@x.example")
    gateways.cycle()
    assert ["eve@x.example"] == gateways.held()
    if not gateways.serving:
        assert [] == gateways.held(HUB), "nobody asked for them there"


@pytest.mark.dx("T-238")
def test_a_text_that_is_put_into_the_stream(gateways: Gateways) -> None:
    """The second way: IMPORT -e of changes that somebody has written, of several types and nodes."""
    lines = ("A Eve\tSMTP:eve@x.example", "A Host\tPROFS:GATE/N1/HOST", "A Node\tPROFS:GATE/N2/NODE")
    gateways.inject("".join(f"{line}\r\n" for line in lines).encode())
    gateways.cycle()
    assert ["GATE/N1/HOST", "GATE/N2/NODE", "eve@x.example"] == gateways.held()

    gateways.inject(b"M Host\tPROFS:GATE/N1/HOST\r\n  Guest\tPROFS:GATE/N1/HOST\r\nD Eve\tSMTP:eve@x.example\r\n")
    gateways.cycle()
    assert ["GATE/N1/HOST", "GATE/N2/NODE"] == gateways.held()
    assert ["A Guest PROFS:GATE/N1/HOST"] == gateways.listed("PROFS:GATE/N1")


@pytest.mark.dx("T-238")
def test_a_gateway_s_list_that_is_extracted_and_replaced(gateways: Gateways) -> None:
    """The third way: R lines, IMPORT -x behind them, IMPORT -e of both; who is taken out at home goes everywhere."""
    gateways.file("".join(f"A U{n}\tSMTP:u{n}@x.example\r\nA N{n}\tPROFS:GATE/N{n}/U\r\n" for n in (1, 2)))
    gateways.replace_by_extract()
    assert ["GATE/N1/U", "GATE/N2/U", "u1@x.example", "u2@x.example"] == gateways.held()

    gateways.file("D U1\tSMTP:u1@x.example\r\nD N2\tPROFS:GATE/N2/U\r\nA U3\tSMTP:u3@x.example\r\n")
    gateways.replace_by_extract()
    assert ["GATE/N1/U", "u2@x.example", "u3@x.example"] == gateways.held()


def test_the_postoffice_for_which_a_gateway_speaks(gateways: Gateways) -> None:
    """KB Q134757, Q99268: the AppleTalk gateway registers its proxy postoffice, whose users are ordinary addresses."""
    gateways.register(MAC)
    gateways.tell(f"PCM:{MAC}", "CNU", f"A Mac\tPCM:{MAC}/MAC", sender=f"{MAC}/$SYSTEM")
    gateways.cycle()
    assert [f"{MAC}/MAC"] == gateways.held()
    if not gateways.serving:
        assert [f"{MAC}/MAC"] == gateways.held(HUB), "no type of its own is needed for them"


def test_who_replaces_one_node_leaves_the_others(gateways: Gateways) -> None:
    """R PROFS:GATE/N1 is one node, R PROFS: all of them."""
    gateways.inject(b"A One\tPROFS:GATE/N1/ONE\r\nA Two\tPROFS:GATE/N2/TWO\r\n")
    gateways.cycle()
    gateways.inject(b"R PROFS:GATE/N1\r\nA Uno\tPROFS:GATE/N1/UNO\r\n")
    gateways.cycle()
    assert ["GATE/N1/UNO", "GATE/N2/TWO"] == gateways.held()
    gateways.inject(b"R PROFS:\r\nA Dos\tPROFS:GATE/N2/DOS\r\n")
    gateways.cycle()
    assert ["GATE/N2/DOS"] == gateways.held()
