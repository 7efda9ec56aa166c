"""Mail against real servers: aiosmtpd takes it, a Maildir and dovecot give it; each may fail at any moment."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dxa.config.secrets import Secret
from dxa.errors import TransportError
from dxa.mail import trying
from dxa.mail.imap import ImapBox
from dxa.mail.interface import Mailbox, RefusedError
from dxa.mail.maildir import MaildirBox
from dxa.mail.options import ImapOptions, MailOptions, SmtpOptions
from dxa.mail.trying import mail_faults
from tests.servers.mail import PASSWORD, USER, Break, PostServer, imap, needs_dovecot, smtp, wire

ADDRESS = "hq@lab.example"
_LOCAL = IPv4Address("127.0.0.1")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_LOCAL)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def post(tmp_path: Path) -> PostServer:
    """A mail server that does not run yet."""
    (tmp_path / "mail").mkdir()
    return PostServer(tmp_path / "mail")


def options(post: PostServer, **more: object) -> MailOptions:
    """What a site that uses the server is configured with."""
    server = SmtpOptions(**{"host": "127.0.0.1", "port": post.port, "security": "none", "timeout": 5.0, **more})  # type: ignore[arg-type]
    return MailOptions(address="north@x.example", smtp=server, maildir="mail/north@x.example")


def submit(post: PostServer, *mails: bytes, **more: object) -> None:
    """Hand e-mails to the server, over one connection."""
    out = options(post, **more).submission(post.root.parent)
    try:
        for mail in mails:
            out.send("north@x.example", ADDRESS, mail)
    finally:
        out.close()


def mail(text: str, size: int = 0) -> bytes:
    """An e-mail."""
    return f"Subject: {text}\r\nFrom: north@x.example\r\n\r\n{'x' * 76}\r\n".encode() * 1 + b"y" * 70 * (size // 70)


# -- SMTP --------------------------------------------------------------------------------------------------------------


def test_mail_is_handed_over(post: PostServer) -> None:
    """Several e-mails go over one connection, with lines that begin with dots, and arrive to the byte."""
    mails = [b"Subject: one\r\n\r\n.\r\n..two\r\nFrom x\r\n", mail("two")]
    with smtp(post):
        submit(post, *mails)

    assert mails == post.taken


def test_a_server_may_want_tls_and_a_name(post: PostServer, certificate: Path) -> None:
    """With STARTTLS and a password mail is taken; with a wrong password, or an unknown certificate, it waits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    login = {"user": USER, "password": Secret(PASSWORD), "security": "starttls"}
    with smtp(post, tls=context, password=True):
        submit(post, mail("secured"), ca=certificate.name, **login)
        with pytest.raises(TransportError, match=r"535 .*; the next run tries again"):
            submit(post, mail("wrong password"), ca=certificate.name, **{**login, "password": Secret("guess")})
        with pytest.raises(TransportError, match="certificate verify failed"):
            submit(post, mail("nobody knows the server"), **login)
        with pytest.raises(TransportError, match=r"cannot read the certificates in .*none\.pem"):
            submit(post, mail("no such file"), ca="none.pem", **login)

        with pytest.raises(TransportError, match="a name or password that is not ASCII") as caught:
            submit(post, mail("foreign"), ca=certificate.name, **{**login, "password": Secret("pässword")})

    assert [mail("secured")] == post.taken
    assert "ä" not in str(caught.value)


def test_no_mail_goes_in_the_clear_instead(post: PostServer) -> None:
    """A server that cannot do STARTTLS gets nothing when the configuration wants it."""
    with smtp(post), pytest.raises(TransportError, match="STARTTLS"):
        submit(post, mail("x"), security="starttls")

    assert [] == post.taken


@pytest.mark.parametrize(
    ("command", "answer", "refused"),
    [
        ("MAIL", "451 come back later", False),
        ("MAIL", "550 no such sender", True),
        ("MAIL", "530 authentication required", False),
        ("RCPT", "450 greylisted", False),
        ("RCPT", "550 no such mailbox", True),
        ("DATA", "452 disk full", False),
        ("DATA", "554 spam", True),
    ],
)
def test_answers_are_temporary_or_final(post: PostServer, command: str, answer: str, refused: bool) -> None:
    """What the server says for now waits, what it says for good is refused; both are told in its own words."""
    post.answers[command] = [answer]
    with smtp(post), pytest.raises(TransportError) as caught:
        submit(post, mail("x"))

    assert refused is isinstance(caught.value, RefusedError)
    assert answer in str(caught.value)
    assert refused is not str(caught.value).endswith("; the next run tries again")


def test_after_a_refusal_others_go_on(post: PostServer) -> None:
    """One e-mail that the server does not take keeps no other from going, on the same connection."""
    post.answers["RCPT"] = ["550 no such mailbox"]
    out = None
    with smtp(post):
        out = options(post).submission(post.root)
        with pytest.raises(RefusedError):
            out.send("north@x.example", "nobody@x.example", mail("one"))
        out.send("north@x.example", ADDRESS, mail("two"))
        out.close()

    assert [mail("two")] == post.taken


def test_what_is_too_large_is_not_even_sent(post: PostServer) -> None:
    """A server's SIZE is believed: a larger e-mail is refused with both numbers and what to do (RFC 1870)."""
    post.limit = 2000
    with smtp(post), pytest.raises(RefusedError, match=r"takes e-mails of at most 2000 bytes, and the one to hq@lab"):
        submit(post, mail("x", 5000))


def test_a_huge_e_mail_goes_through(post: PostServer) -> None:
    """Twenty megabytes are taken in one piece."""
    with smtp(post):
        submit(post, b"Subject: x\r\n\r\n" + b"".join(b"%076d\r\n" % at for at in range(260_000)))

    assert [20_280_014] == [len(data) for data in post.taken]


def test_a_connection_that_breaks_is_made_anew(post: PostServer) -> None:
    """A server that breaks a used connection gets the e-mail again; on a new one it waits for the next run."""
    post.answers["DATA"] = ["250 OK", ""]
    with smtp(post):
        submit(post, mail("one"), mail("two"))
        taken = post.taken[:]
        post.answers["DATA"] = [""]
        with pytest.raises(TransportError, match="the next run tries again"):
            submit(post, mail("three"))

    assert [mail("two"), mail("two")] == taken


def test_a_server_that_is_away_is_named(post: PostServer) -> None:
    """Where nobody listens, the error names the server and its port."""
    post.port = 1
    with pytest.raises(TransportError, match=r"the mail server 127\.0\.0\.1:1: .*refused"):
        submit(post, mail("x"))


# -- coming in ---------------------------------------------------------------------------------------------------------


@attrs.define
class Incoming:
    """A mailbox of some kind behind the mail server."""

    post: PostServer
    box: Mailbox

    def deliver(self, *texts: str) -> None:
        """E-mails arrive."""
        for text in texts:
            self.post.deliver(ADDRESS, mail(text))


@pytest.fixture(params=["maildir", pytest.param("imap", marks=needs_dovecot)])
def incoming(request: pytest.FixtureRequest, post: PostServer, tmp_path: Path) -> Iterator[Incoming]:
    """A Maildir, and a folder of an IMAP server."""
    path = post.maildir(ADDRESS)
    if request.param == "maildir":
        yield Incoming(post, MaildirBox(path))
        return
    with imap(tmp_path, path) as server:
        box = ImapBox(options=_imap(server.port), folder=tmp_path)
        yield Incoming(post, box)
        box.close()


def _imap(port: int, **more: object) -> ImapOptions:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "user": USER, "password": Secret(PASSWORD)}
    return ImapOptions(**{**given, "timeout": 5.0, **more})  # type: ignore[arg-type]


def test_reading_takes_nothing_away(incoming: Incoming) -> None:
    """What was read is there again, under the same name and to the byte, until it is removed."""
    incoming.deliver("one", "two", "three")
    box = incoming.box
    names = box.names()
    first = [box.read(name) for name in names]
    again = box.names()
    box.remove(names[:2])

    assert sorted(map(mail, ("one", "two", "three"))) == sorted(first)
    assert names == again
    assert names[2:] == box.names()
    assert first[2] == box.read(names[2])


def test_what_is_gone_does_not_matter(incoming: Incoming) -> None:
    """Removing twice is like removing once; reading what somebody else has removed says so."""
    incoming.deliver("one", "two")
    box = incoming.box
    name, other = box.names()
    box.remove([name])
    box.remove([name])
    with pytest.raises(TransportError, match=f"cannot read {name}: it is not in .* any more"):
        box.read(name)

    assert [other] == box.names()


def test_mail_that_comes_meanwhile_is_found(incoming: Incoming) -> None:
    """What arrives between listing and removing is there afterwards."""
    incoming.deliver("one")
    box = incoming.box
    names = box.names()
    incoming.deliver("two")
    box.remove(names)

    assert [mail("two")] == [box.read(name) for name in box.names()]


def test_an_empty_mailbox(incoming: Incoming) -> None:
    """Nothing there is nothing, and to remove nothing does nothing."""
    incoming.box.remove([])

    assert [] == incoming.box.names()


def test_a_maildir_has_an_order_and_hidden_files(tmp_path: Path) -> None:
    """The oldest comes first; what begins with a dot is no mail; flags that another reader sets do not matter."""
    post = PostServer(tmp_path)
    path = post.maildir(ADDRESS)
    (path / "new" / "b.1.host").write_bytes(mail("first"))
    (path / "new" / "a.2.host").write_bytes(mail("second"))
    (path / "new" / ".hidden").write_bytes(b"")
    import os

    os.utime(path / "new" / "b.1.host", (1000, 1000))
    box = MaildirBox(path)
    names = box.names()
    (path / "cur" / "a.2.host:2,").rename(path / "cur" / "a.2.host:2,S")

    assert ["b.1.host", "a.2.host"] == names
    assert mail("second") == box.read("a.2.host")
    box.remove(["a.2.host"])
    assert ["b.1.host"] == box.names()


def test_a_maildir_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A missing Maildir is an error that asks whether its disk is mounted; nothing is created."""
    with pytest.raises(TransportError, match=r"is no Maildir: .* is its disk mounted"):
        MaildirBox(tmp_path / "none").names()

    assert not (tmp_path / "none").exists()


# -- IMAP --------------------------------------------------------------------------------------------------------------


@needs_dovecot
def test_a_lost_connection_is_made_anew(post: PostServer, tmp_path: Path) -> None:
    """Wherever the connection breaks, before a command or before its answer: one error, and the next run goes on."""
    path, told = post.maildir(ADDRESS), list[str]()
    with imap(tmp_path, path) as server, wire(server.port) as cable:
        for answered in (False, True):
            for at in range(100):
                for text in ("one", "two"):
                    post.deliver(ADDRESS, mail(text))
                box = ImapBox(options=_imap(cable.port), folder=tmp_path)
                cable.next = Break(at, answered)
                before = len(told)
                try:
                    box.remove(_all(box)[:1])
                except TransportError as error:
                    told.append(str(error))
                broke, cable.next = cable.broke, None
                kept = [box.read(name) for name in box.names()]
                box.remove(box.names())
                box.close()
                assert 1 == len(kept) or (len(told) > before and [mail("one"), mail("two")] == sorted(kept))
                if not broke:
                    break

    assert len(told) > 20
    assert all("INBOX at the IMAP server 127.0.0.1" in text for text in told)


def _all(box: ImapBox) -> list[str]:
    names = box.names()
    for name in names:
        box.read(name)
    return names


@needs_dovecot
def test_a_folder_may_have_any_name(post: PostServer, tmp_path: Path) -> None:
    """A folder whose name is not ASCII is found by the name that people see."""
    path = post.maildir(ADDRESS)
    for folder in ("new", "cur", "tmp"):
        (path / ".B&APw-ro &- mehr" / folder).mkdir(parents=True)
        (path / ".B&APw-ro &- mehr" / folder).chmod(0o777)
    (path / ".B&APw-ro &- mehr" / "new" / "1.M1.host").write_bytes(mail("one"))
    with imap(tmp_path, path) as server:
        box = ImapBox(options=_imap(server.port, folder="Büro & mehr"), folder=tmp_path)
        found = [box.read(name) for name in box.names()]
        box.close()

    assert [mail("one")] == found


@needs_dovecot
def test_a_folder_that_was_made_anew_has_other_names(post: PostServer, tmp_path: Path) -> None:
    """When UIDVALIDITY changes, an old name stands for nothing: nothing is removed by it."""
    path = post.maildir(ADDRESS)
    with imap(tmp_path, path) as server:
        post.deliver(ADDRESS, mail("one"))
        box = ImapBox(options=_imap(server.port), folder=tmp_path)
        (old,) = box.names()
        box.close()
        for file in path.glob("dovecot*"):
            file.unlink()
        server.restart()
        names = box.names()
        while names == [old]:  # it is made of the second in which it changes
            for file in path.glob("dovecot*"):
                file.unlink()
            server.restart()
            names = box.names()
        box.remove([old])

        assert names == box.names()
        assert mail("one") == box.read(names[0])
        box.close()


@needs_dovecot
def test_imap_over_tls(post: PostServer, tmp_path: Path, certificate: Path) -> None:
    """With STARTTLS the certificate is checked; a wrong password and a folder that is not there are told."""
    path = post.maildir(ADDRESS)
    with imap(tmp_path, path, certificate=certificate) as server:
        post.deliver(ADDRESS, mail("one"))
        secured = {"security": "starttls", "ca": certificate.name}

        def box(**more: object) -> ImapBox:
            return ImapBox(options=_imap(server.port, **more), folder=tmp_path)

        good = box(**secured)
        assert [mail("one")] == [good.read(name) for name in good.names()]
        with pytest.raises(TransportError, match="certificate verify failed"):
            box(security="starttls").names()
        with pytest.raises(TransportError, match=r"(?i)authentication failed"):
            box(**secured, user="").names()
        with pytest.raises(TransportError, match=r"(?i)Nowhere at the IMAP server .*mailbox"):
            box(**secured, folder="Nowhere").names()


# -- trying, without sending or taking anything --------------------------------------------------------------------


def told(given: MailOptions, folder: Path) -> list[tuple[str, bool, str]]:
    """What is told of it: where, whether it is a warning, and the text."""
    return [(fault.where, fault.warning, fault.text) for fault in mail_faults(given, folder)]


def test_the_way_out_is_tried(post: PostServer, tmp_path: Path, certificate: Path) -> None:
    """TLS and login are tried; what is refused is a fault, a server that is away a warning, and nothing is sent."""
    post.maildir("north@x.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    login = {"user": USER, "password": Secret(PASSWORD), "security": "starttls", "ca": certificate.name}
    found = []
    with smtp(post, tls=context, password=True):
        for change in ({}, {"password": Secret("guess")}, {"ca": ""}):
            found += told(options(post, **{**login, **change}), tmp_path)
    away = told(options(post, **login), tmp_path)

    where = f"the mail server 127.0.0.1:{post.port} cannot be used: "
    assert [True, True] == [text.startswith(where) for _, _, text in found]
    assert [("mail.smtp", False), ("mail.smtp", False)] == [each[:2] for each in found]
    assert [True, True] == ["535" in found[0][2], "certificate verify failed" in found[1][2]]
    assert [("mail.smtp", True, f"{where}[Errno 111] Connection refused")] == away
    assert [] == post.taken


def test_nobody_waits_long_for_a_server_that_says_nothing(
    post: PostServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the configuration says, a look has an end."""
    monkeypatch.setattr(trying, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        post.port = silent.getsockname()[1]
        (smtp_, maildir) = told(options(post, timeout=3600.0), tmp_path)

    assert ("mail.smtp", True, True) == (*smtp_[:2], "timed out" in smtp_[2])
    assert ("mail.maildir", True, True) == (*maildir[:2], "is no Maildir" in maildir[2])


@needs_dovecot
def test_the_way_in_is_tried(post: PostServer, tmp_path: Path) -> None:
    """The folder is opened at the IMAP server; mail in it stays, unseen and where it is."""
    path = post.maildir(ADDRESS)
    post.deliver(ADDRESS, mail("one"))

    def tried(**more: object) -> list[tuple[str, bool, str]]:
        inbox = _imap(server.port, **more)
        return told(attrs.evolve(options(post), maildir="", imap=inbox), tmp_path)

    with smtp(post), imap(tmp_path, path) as server:
        found = [tried(), tried(password=Secret("guess")), tried(folder="Nowhere")]

    assert [] == found[0]
    assert [("mail.imap", False), ("mail.imap", False)] == [each[:2] for (each,) in found[1:]]
    assert [True, True] == ["Nowhere at the IMAP server" in found[2][0][2], "ailed" in found[1][0][2]]
    assert 1 == len([file for place in ("new", "cur") for file in (path / place).iterdir()])


def test_a_maildir_is_tried(post: PostServer, tmp_path: Path) -> None:
    """Nothing in it moves."""
    path = post.maildir("north@x.example")
    post.deliver("north@x.example", mail("one"))
    before = sorted(path.rglob("*"))
    with smtp(post):
        assert [] == told(options(post), tmp_path)

    assert before == sorted(path.rglob("*"))
