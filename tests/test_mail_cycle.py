"""Whole cycles over real mail servers: a site that serves, a postoffice that stands alone, a site that is a requestor.

Everything is done by commands, as at three machines that nothing connects but mail: each hands it to an SMTP server,
the server's mail is in a folder of an IMAP server where there is one, and that of the others in Maildirs.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import attrs
import pytest

import dxa_msmail.plugin
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa.mail import letter
from dxa.signing import PrivateKey
from tests.servers.mail import (
    DOVECOT,
    PASSWORD,
    USER,
    Break,
    PostServer,
    Wire,
    free_port,
    imap,
    needs_dovecot,
    smtp,
    wire,
)

HQ, NORTH, SOUTH = "dirsync@hq.example", "dirsync@north.example", "dirsync@south.example"

SERVER = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail"]
export_custom = {{ manual = true, imported = true }}

[links.pcmail.msmail.mail]
address = "{hq}"
key = "file:../hq.key"
{inbox}

[links.pcmail.msmail.mail.smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
timeout = 5.0
{more}

[links.pcmail.peers."NORTH/MAIN"]
no_password = true

[links.pcmail.peers."NORTH/MAIN".msmail]
mail = "{north}"
public_key = "{north_key}"

[links.pcmail.peers."SOUTH/MAIN"]
no_password = true

[links.pcmail.peers."SOUTH/MAIN".msmail]
mail = "{south}"
public_key = "{south_key}"
"""
IMAP = """
[links.pcmail.msmail.mail.imap]
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password = "file:../password"
timeout = 5.0
"""
MAIL = """
{prefix}address = "{address}"
{prefix}to = "{hq}"
{prefix}key = "file:../{name}.key"
{prefix}public_key = "{hq_key}"
{prefix}maildir = "{maildir}"
{prefix}smtp = {{ host = "127.0.0.1", port = {smtp}, security = "none", timeout = 5.0 }}
"""
REQUESTOR = """
[links.server]
connector = "msmail-requestor"
import_container = "MS Mail"
export_containers = ["Recipients"]

[links.server.msmail-requestor]
server = "LAB/HQ"
"""


@attrs.define
class Machines:
    """Three places with nothing but mail between them."""

    root: Path
    post: PostServer
    smtp_wire: Wire
    imap_wire: Wire | None
    people: dict[str, str] = attrs.field(factory=dict)
    now: float = 1_793_620_800.0
    host: Host = attrs.field(factory=lambda: Host(extra={"msmail": dxa_msmail.plugin}, discover=False))

    def dxa(self, *words: str | Path, status: int = 0) -> str:
        """What a command prints; it must end with that status."""
        ended, said = self.run(*words)
        assert status == ended, said
        return said

    def run(self, *words: str | Path) -> tuple[int, str]:
        """The exit status of a command, and what it prints."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            ended = run([*map(str, words)], Session(host=self.host, clock=lambda: self.now))
        return ended, said.getvalue()

    def json(self, *words: str | Path) -> Any:
        """What a command tells a program."""
        return json.loads(self.dxa(*words, "--json"))

    def build(self) -> None:
        """Make the three of them."""
        root = self.root
        for name in ("hq", "north", "south", "other"):
            self.dxa("keygen", root / f"{name}.key")
        (root / "password").write_text(PASSWORD)
        (root / "password").chmod(0o600)
        self.dxa("init", root / "hq", "--organization", "LAB", "--site", "HQ")
        port = self.imap_wire.port if self.imap_wire else 0
        inbox = "" if self.imap_wire else f'maildir = "{self.post.maildir(HQ)}"'
        text = SERVER.format(
            hq=HQ,
            north=NORTH,
            south=SOUTH,
            north_key=self.key("north").public,
            south_key=self.key("south").public,
            inbox=inbox,
            smtp=self.smtp_wire.port,
            more=IMAP.format(port=port, user=USER) if self.imap_wire else "",
        )
        self.configure("hq/dxa.toml", text)
        make = ("--network", "NORTH", "--postoffice", "MAIN", "--server", "LAB/HQ")
        self.dxa("msmail", "requestor", "init", root / "north", *make)
        self.configure("north/requestor.toml", f"\n[mail]{self.mail('north', NORTH)}")
        self.dxa("init", root / "south", "--organization", "SOUTH", "--site", "MAIN")
        self.configure("south/dxa.toml", f"{REQUESTOR}{self.mail('south', SOUTH, 'mail.')}")

    def mail(self, name: str, address: str, prefix: str = "") -> str:
        """The keys of the mail of a requestor."""
        return MAIL.format(
            prefix=prefix,
            address=address,
            hq=HQ,
            name=name,
            hq_key=self.key("hq").public,
            maildir=self.post.maildir(address),
            smtp=self.smtp_wire.port,
        )

    def key(self, name: str) -> PrivateKey:
        """The private key of one of them."""
        return PrivateKey.parse((self.root / f"{name}.key").read_text())

    def configure(self, file: str, text: str, old: str = "") -> None:
        """Add to a configuration, or put a text in the place of another."""
        path = self.root / file
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, text) if old else before + text)

    # -- what they do --------------------------------------------------------------------------------------------------

    def write_people(self) -> None:
        """The address list of NORTH/MAIN is what its people are."""
        lines = "".join(f"A {name}\tPCM:NORTH/MAIN/{alias}\r\n" for alias, name in self.people.items())
        (self.root / "north" / "ADDRESS.TXT").write_bytes(lines.encode("cp850"))

    def requestors(self) -> None:
        """Both requestors take what has come and ask."""
        self.now += 3600
        self.dxa("msmail", "requestor", "cycle", "-d", self.root / "north", "--allow-empty")
        self.dxa("-C", self.root / "south", "sync")

    def serve(self, status: int = 0) -> str:
        """A cycle of the server."""
        self.now += 3600
        return self.dxa("-C", self.root / "hq", "sync", status=status)

    def cycles(self, count: int = 1) -> None:
        """The requestors, the server, and the requestors again."""
        for _ in range(count):
            self.requestors()
            self.serve()
        self.requestors()

    def at(self, site: str) -> dict[str, str]:
        """Names of a site's recipients by address."""
        rows = self.json("-C", self.root / site, "recipients", "list")["recipients"]
        return {row["address"]: row["name"] for row in rows}

    def at_north(self) -> dict[str, str]:
        """Names of the global address list of NORTH/MAIN by address."""
        rows = self.json("msmail", "requestor", "gal", "-d", self.root / "north")["entries"]
        return {row["address"]: row["name"] for row in rows}

    def waiting(self, address: str) -> list[Path]:
        """The e-mails in a Maildir."""
        box = self.post.root / address
        return [path for part in ("new", "cur") for path in sorted((box / part).iterdir())]


@pytest.fixture(params=["maildir", pytest.param("imap", marks=needs_dovecot)])
def machines(request: pytest.FixtureRequest) -> Iterator[Machines]:
    """Three places with a person each, in step."""
    with _machines(with_imap=request.param == "imap") as made:
        yield made


@pytest.fixture
def machines_with_imap() -> Iterator[Machines]:
    """The same with an IMAP server."""
    with _machines(with_imap=True) as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machines, Path]]:
    """The same without one, and a copy of all its files."""
    with _machines(with_imap=False) as made:
        copy = tmp_path_factory.mktemp("mail") / "copy"
        shutil.copytree(made.root, copy)
        yield made, copy


@pytest.fixture
def cheap(place: tuple[Machines, Path]) -> Machines:
    """Three places without an IMAP server, as they were in the beginning."""
    made, copy = place
    for path in made.root.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    shutil.copytree(copy, made.root, dirs_exist_ok=True)
    made.post.answers.clear()
    made.post.limit = PostServer(made.root).limit
    made.people = {"LARSEN": "Larsen, Åse"}
    return made


@contextmanager
def _machines(*, with_imap: bool) -> Iterator[Machines]:
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dxa-mail-")))
        root.chmod(stat.S_IMODE(root.stat().st_mode) | 0o055)
        (root / "mail").mkdir()
        post = stack.enter_context(smtp(PostServer(root / "mail")))
        imap_wire = None
        if with_imap:
            assert os.access(DOVECOT, os.X_OK)
            server = stack.enter_context(imap(root, post.maildir(HQ)))
            imap_wire = stack.enter_context(wire(server.port))
        made = Machines(root, post, stack.enter_context(wire(post.port)), imap_wire)
        made.build()
        made.people["LARSEN"] = "Larsen, Åse"
        made.write_people()
        made.dxa("-C", root / "hq", "recipients", "add", "--name", "Faber, Johanna", "--alias", "FABER")
        made.dxa("-C", root / "south", "recipients", "add", "--name", "Müller, Jürgen", "--alias", "MULLER")
        made.cycles(2)
        yield made


FABER, LARSEN, MULLER = "MS:LAB/HQ/FABER", "MS:NORTH/MAIN/LARSEN", "MS:SOUTH/MAIN/MULLER"


@pytest.mark.dx("T-142")
def test_lists_follow_over_mail_alone(machines: Machines) -> None:
    """Adds, modifies and deletes on every side are in all lists a cycle later; then no mail lies anywhere."""
    first = machines.at("hq"), machines.at("south"), machines.at_north()
    machines.people = {"LARSEN": "Larsen-Berg, Åse", "BERGE": "Berge, Ole"}
    machines.write_people()
    machines.dxa("-C", machines.root / "south", "recipients", "set", "Müller, Jürgen", "--name", "Mueller, J.")
    machines.dxa("-C", machines.root / "hq", "recipients", "remove", "Faber, Johanna")
    machines.cycles(2)
    wanted = {LARSEN: "Larsen-Berg, Åse", "MS:NORTH/MAIN/BERGE": "Berge, Ole", MULLER: "Mueller, J."}
    second = machines.at("hq"), machines.at("south"), machines.at_north()
    machines.people = {"BERGE": "Berge, Ole"}
    machines.write_people()
    machines.dxa("-C", machines.root / "south", "recipients", "remove", "Mueller, J.")
    machines.cycles(2)
    machines.serve()

    assert ({FABER: "Faber, Johanna", LARSEN: "Larsen, Åse", MULLER: "Müller, Jürgen"},) * 3 == first
    assert (wanted,) * 3 == second
    assert ({"MS:NORTH/MAIN/BERGE": "Berge, Ole"},) * 3 == (
        machines.at("hq"),
        machines.at("south"),
        machines.at_north(),
    )
    assert [] == machines.waiting(HQ)


def test_everything_anew_over_mail(cheap: Machines) -> None:
    """A requestor that asks for everything gets it, and one that sends its whole list is taken in."""
    cheap.dxa("msmail", "requestor", "import", "-d", cheap.root / "north")
    cheap.dxa("msmail", "requestor", "export", "-d", cheap.root / "north")
    before = cheap.at_north()
    cheap.cycles()
    status = cheap.json("msmail", "requestor", "status", "-d", cheap.root / "north")

    assert before == cheap.at_north()
    assert (False, False) == (status["wants_import"], status["wants_export"])
    assert cheap.at_north() == cheap.at("hq")


def test_lost_and_doubled_mail(cheap: Machines) -> None:
    """A lost answer is asked for again; of two copies one counts, and the other is only taken away."""
    cheap.dxa("-C", cheap.root / "hq", "recipients", "add", "--name", "New, Ann", "--alias", "NEW")
    request = _request(cheap)
    cheap.post.deliver(HQ, request.read_bytes())
    cheap.serve()
    copies = cheap.waiting(NORTH)
    for path in copies:
        path.unlink()
    cheap.dxa("msmail", "requestor", "t3", "-d", cheap.root / "north")
    without = cheap.at_north()
    cheap.cycles()
    cheap.serve()

    assert [] == cheap.waiting(HQ)
    assert 1 == len(copies), "the copy of a request is answered once"
    assert "MS:LAB/HQ/NEW" not in without
    assert "New, Ann" == cheap.at_north()["MS:LAB/HQ/NEW"]


def _request(cheap: Machines) -> Path:
    """The request of NORTH/MAIN that lies in the server's mailbox, with a new person in it."""
    for path in cheap.waiting(HQ):
        path.unlink()
    cheap.people["NEW"] = "New, Nora"
    cheap.write_people()
    cheap.dxa("msmail", "requestor", "t1", "-d", cheap.root / "north")
    return _of_north(cheap)


def _of_north(cheap: Machines) -> Path:
    """The request of NORTH/MAIN that lies in the server's mailbox."""
    mails = {path: letter.read(path.read_bytes()) for path in cheap.waiting(HQ)}
    (path,) = (path for path, mail in mails.items() if mail.origin == NORTH and mail.subject.startswith("ReqTx"))
    return path


def _resealed(path: Path, key: PrivateKey | None, **other: str) -> bytes:
    found = attrs.evolve(letter.read(path.read_bytes()).letter(), **other)
    return letter.compose(found, origin=NORTH, target=HQ, now=0, key=key)


def _as_if(path: Path, key: PrivateKey, sender: str) -> bytes:
    """The same request as if it came from another postoffice."""
    found = letter.read(path.read_bytes()).letter()
    head = found.parts[0].data.replace(b"FROM:CSI:NORTH/MAIN", f"FROM:CSI:{sender}".encode())
    changed = attrs.evolve(found, sender=sender, parts=(letter.Part("MESSAGE.MSG", head), *found.parts[1:]))
    return letter.compose(changed, origin=SOUTH, target=HQ, now=0, key=key)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unsigned", "it is not signed, and NORTH/MAIN is not configured as unsigned"),
        ("wrong key", "it is not signed with the key of NORTH/MAIN"),
        ("cut", "was cut or changed on the way"),
        ("of a stranger", "it comes from somebody who is no peer of this link"),
        ("in another's name", "the message in it is another one than the seal says"),
        ("without a seal", "it speaks of directory synchronization and is not signed"),
    ],
)
def test_nobody_is_believed_without_proof(cheap: Machines, kind: str, reason: str) -> None:
    """What is not proven changes nothing: the e-mail lies aside with the reason, and the administrator is told."""
    path = _request(cheap)
    data = path.read_bytes()
    plain = EmailMessage()
    plain["From"], plain["To"], plain["Subject"] = NORTH, HQ, letter.read(data).subject
    plain.set_content(letter.read(data).text)
    made = {
        "unsigned": lambda: _resealed(path, None),
        "wrong key": lambda: _resealed(path, cheap.key("other")),
        "cut": lambda: data[: len(data) * 3 // 4],
        "of a stranger": lambda: _as_if(path, cheap.key("north"), "EAST/MAIN"),
        "in another's name": lambda: _resealed(path, cheap.key("south"), sender="SOUTH/MAIN"),
        "without a seal": plain.as_bytes,
    }[kind]()
    path.unlink()
    cheap.post.deliver(HQ, made)
    said = " ".join(cheap.serve().split())
    (kept,) = (cheap.root / "hq" / "mail-aside").glob("*.eml")

    assert reason in said
    assert reason in kept.with_suffix(".why").read_text()
    assert made == kept.read_bytes()
    assert [] == cheap.waiting(HQ)
    assert "MS:NORTH/MAIN/NEW" not in cheap.at("hq")


@pytest.mark.dx("T-153")
def test_check_tries_the_mail_and_warns_of_those_whom_nothing_proves(cheap: Machines) -> None:
    """A signature proves who sends, so a password is not missed; what cannot be reached is told by its key."""
    good = cheap.dxa("-C", cheap.root / "hq", "check")
    key = f'public_key = "{cheap.key("north").public}"'
    cheap.configure("hq/dxa.toml", "unsigned = true", old=key)
    cheap.configure("hq/dxa.toml", f"port = {free_port()}", old=f"port = {cheap.smtp_wire.port}")
    bad = cheap.dxa("-C", cheap.root / "hq", "check")

    assert [] == [word for word in ("no_password", "mail.") if word in good]
    assert 'links.pcmail.peers."NORTH/MAIN".no_password: anybody who can send' in bad
    assert 1 == bad.count("no_password")
    assert "warning: links.pcmail (mail.smtp): the mail server 127.0.0.1:" in bad


@pytest.mark.parametrize("sealed", [True, False])
def test_a_peer_may_be_believed_unsigned(cheap: Machines, sealed: bool) -> None:
    """With `unsigned = true` in place of a key its e-mails count, also those that a gateway of MS Mail has written."""
    cheap.configure("hq/dxa.toml", "unsigned = true", f'public_key = "{cheap.key("north").public}"')
    path = _request(cheap)
    found = letter.read(path.read_bytes())
    made = _resealed(path, None)
    if not sealed:
        plain = EmailMessage()
        plain["From"], plain["To"], plain["Subject"] = NORTH.upper(), HQ, found.subject
        plain.set_content(found.text)
        plain.add_attachment(found.letter().parts[1].data, "application", "octet-stream", filename="REQUPDS.GLB")
        made = plain.as_bytes()
    path.unlink()
    cheap.post.deliver(HQ, made)
    cheap.serve()

    assert "New, Nora" == cheap.at("hq").get("MS:NORTH/MAIN/NEW")


def test_a_key_is_no_good_for_requests_of_others(cheap: Machines) -> None:
    """A peer that signs a request in the name of another one is refused."""
    path = _request(cheap)
    forged = _as_if(path, cheap.key("south"), "SOUTH/MAIN")
    path.unlink()
    cheap.post.deliver(HQ, forged)
    said = " ".join(cheap.serve().split())

    assert "it is made in the name of somebody else" in said
    assert "MS:NORTH/MAIN/NEW" not in cheap.at("hq")


@pytest.mark.dx("T-158")
def test_what_mail_systems_write_is_nobodys_news(cheap: Machines) -> None:
    """Bounces, receipts and out-of-office replies are shown in the archive, answered by nobody, and gone."""
    path = _request(cheap)
    data = path.read_bytes()
    path.unlink()
    head = "From: MAILER-DAEMON@y.example\nTo: x\nContent-Type: multipart/report; report-type={0}; boundary=B\n"
    body = "Subject: {1}\n\n--B\nContent-Type: text/plain\n\nSorry.\n--B\nContent-Type: message/rfc822\n\n"
    for kind, subject in (("delivery-status", "Undelivered"), ("disposition-notification", "Read: ReqTx")):
        cheap.post.deliver(HQ, f"{head}{body}".format(kind, subject).encode() + data + b"\n--B--\n")
    cheap.post.deliver(HQ, b"From: ann@y.example\nAuto-Submitted: auto-replied\nSubject: Re: ReqTx\n\nAway.\n")
    cheap.post.deliver(HQ, b"From: ann@y.example\nSubject: Lunch?\n\nToday?\n")
    sent = len(cheap.post.taken)
    cheap.serve()
    rows = cheap.json("-C", cheap.root / "hq", "messages", "list")["messages"][:4]

    assert sent == len(cheap.post.taken)
    assert [] == cheap.waiting(HQ)
    assert ["Automatic reply: Re: ReqTx", "Lunch?", "Receipt: Read: ReqTx", "Undeliverable: Undelivered"] == sorted(
        row["title"] for row in rows
    )


def test_mail_that_the_server_does_not_take(cheap: Machines) -> None:
    """An answer that is refused for good is told with the server's words; one that may go later waits and goes."""
    cheap.requestors()
    cheap.post.answers["RCPT"] = ["550 no such mailbox", "451 greylisted"]
    said = " ".join(cheap.serve(status=1).split())
    again = cheap.serve()
    cheap.cycles()

    assert "was refused" in said
    assert "550 no such mailbox" in said
    assert "451 greylisted" in said
    assert "the next run tries again" in said
    assert "waits" not in again
    assert cheap.at("hq") == cheap.at_north() == cheap.at("south")


def test_a_huge_list_over_mail(cheap: Machines) -> None:
    """Two thousand people go in one e-mail; where the server takes no such thing, that is told."""
    cheap.people |= {f"U{at:05d}": f"Person {at:05d}" for at in range(2_000)}
    cheap.write_people()
    cheap.post.limit = 50_000
    told = cheap.dxa("msmail", "requestor", "t1", "-d", cheap.root / "north", status=1)
    cheap.post.limit = 33_554_432
    cheap.cycles()

    assert "takes e-mails of at most 50000 bytes" in " ".join(told.split())
    assert 2_003 == len(cheap.at("hq"))


def test_a_password_is_shown_to_nobody(cheap: Machines) -> None:
    """The text of an e-mail, which people read, has no password in it."""
    cheap.configure("north/requestor.toml", 'password = "file:../password"\n[mail]', "[mail]")
    text = letter.read(_request(cheap).read_bytes()).text

    assert PASSWORD not in text
    assert "PASSWORD=***" in text


@needs_dovecot
@pytest.mark.dx("T-136", "T-193")
@pytest.mark.parametrize(
    ("cable", "answered"),
    [
        pytest.param("smtp", False, marks=pytest.mark.sweep),
        ("smtp", True),
        pytest.param("imap", False, marks=pytest.mark.sweep),
        pytest.param("imap", True, marks=pytest.mark.sweep),
    ],
)
def test_a_connection_may_break_anywhere(cable: str, answered: bool, machines_with_imap: Machines) -> None:
    """Wherever a connection of the server's cycle breaks, the cycle tells it, and after the next both lists agree."""
    machines = machines_with_imap
    line = machines.imap_wire if cable == "imap" else machines.smtp_wire
    assert line is not None
    breaks = 0
    while True:
        machines.people[f"B{breaks}"] = f"Break {breaks}"
        machines.write_people()
        machines.now += 3600
        machines.dxa("msmail", "requestor", "t1", "-d", machines.root / "north")
        line.next = Break(breaks, answered)
        ended, printed = machines.run("-C", machines.root / "hq", "sync")
        broke, line.next = line.broke, None
        said = " ".join(printed.split())
        assert ended == 0 or "the next run tries again" in said
        machines.serve()
        machines.dxa("msmail", "requestor", "cycle", "-d", machines.root / "north")
        machines.serve()
        assert f"Break {breaks}" == machines.at("hq")[f"MS:NORTH/MAIN/B{breaks}"], f"broken at {breaks}: {said}"
        if not broke:
            break
        breaks += 1
    machines.cycles()

    assert machines.at("hq") == machines.at_north() == machines.at("south")
    assert breaks > 5
