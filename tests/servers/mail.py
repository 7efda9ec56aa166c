"""Real mail servers for tests: SMTP by aiosmtpd in a thread of the tests, IMAP by Debian's dovecot in a process."""

from __future__ import annotations

import grp
import mailbox
import os
import pwd
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
USER, PASSWORD = "dxa", "secret"
needs_dovecot = pytest.mark.skipif(
    not Path(DOVECOT).exists(), reason="dovecot is not installed (Debian: apt install dovecot-imapd)"
)


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@attrs.define
class PostServer:
    """A mail server for the domains of a test: what it takes lies in the Maildir of its recipient at once.

    `answers` replaces its answers: to ``MAIL``, ``RCPT`` or ``DATA``, once for each that stands there; what is
    answered to ``DATA`` is not delivered, unless the answer is empty: then the connection is lost after the delivery.
    """

    root: Path
    limit: int = 33_554_432
    answers: dict[str, list[str]] = attrs.field(factory=dict)
    taken: list[bytes] = attrs.field(factory=list)
    port: int = 0

    def maildir(self, address: str) -> Path:
        """Where mail for an address is delivered."""
        path = self.root / address
        mailbox.Maildir(path, create=True)
        return path

    def deliver(self, address: str, data: bytes) -> None:
        """Put an e-mail into a Maildir, readable for the IMAP server."""
        box = mailbox.Maildir(self.maildir(address))
        name = box.add(data)
        file = Path(self.root / address / "new" / name)
        if not file.exists():
            file = next((self.root / address / "cur").glob(f"{name}*"))
        file.chmod(0o666)

    # -- what aiosmtpd calls -------------------------------------------------------------------------------------------

    def _answer(self, what: str) -> str | None:
        waiting = self.answers.get(what)
        return waiting.pop(0) if waiting else None

    async def handle_MAIL(  # noqa: N802 - so it is called
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A sender is named."""
        if (answer := self._answer("MAIL")) is not None:
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient is named."""
        if (answer := self._answer("RCPT")) is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """An e-mail is there in full."""
        answer, data = self._answer("DATA"), envelope.content
        assert isinstance(data, bytes)
        if answer is None or not answer:
            self.taken.append(data)
            for address in envelope.rcpt_tos:
                self.deliver(address, data)
        if answer == "":
            server.transport.close()
        return answer or "250 OK"


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


class _Limited(Controller):
    """Takes e-mails as large as the server says now."""

    def factory(self) -> SMTP:
        """A conversation begins."""
        self.SMTP_kwargs["data_size_limit"] = self.handler.limit
        return Controller.factory(self)


@contextmanager
def smtp(server: PostServer, *, tls: SSLContext | None = None, password: bool = False) -> Iterator[PostServer]:
    """Run the mail server; with `tls` it offers STARTTLS, with `password` it wants to know who speaks."""
    server.port = free_port()
    controller = _Limited(
        server,
        hostname="127.0.0.1",
        port=server.port,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=password,
        auth_require_tls=tls is not None,
        authenticator=_authenticate if password else None,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


_CONFIGURATION = """
base_dir = {run}
state_dir = {run}
log_path = {run}/log
protocols = imap
listen = 127.0.0.1
mail_location = maildir:{mail}
mail_max_userip_connections = 100
disable_plaintext_auth = no
{tls}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={run}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@attrs.define
class ImapServer:
    """Dovecot over a Maildir."""

    port: int
    restart: Callable[[], None]


@contextmanager
def imap(folder: Path, mail: Path, *, certificate: Path | None = None) -> Iterator[ImapServer]:
    """Run dovecot in `folder` for the Maildir `mail`; with a certificate (and its key beside it) it speaks TLS."""
    # The path of a socket has about a hundred characters, and folders of tests are far down.
    short = TemporaryDirectory(prefix="imap")
    with short as run, _dovecot(Path(run), folder / "imap.conf", mail, certificate) as server:
        yield server


@contextmanager
def _dovecot(run: Path, configuration: Path, mail: Path, certificate: Path | None) -> Iterator[ImapServer]:
    (run / "home").mkdir()
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    tls = "ssl = no"
    if certificate is not None:
        tls = f"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{certificate.with_suffix('.key')}"
    port = free_port()
    text = _CONFIGURATION.format(
        run=run,
        mail=mail,
        tls=tls,
        user=account.pw_name,
        group=grp.getgrgid(account.pw_gid).gr_name,
        uid=account.pw_uid,
        gid=account.pw_gid,
        password=PASSWORD,
        port=port,
    )
    configuration.write_text(text)
    for path in (mail, *mail.iterdir(), run / "home"):
        path.chmod(0o777)
    _reachable(run)
    _reachable(mail)
    process: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        process.append(subprocess.Popen([DOVECOT, "-F", "-c", os.fspath(configuration)], stderr=subprocess.DEVNULL))
        _await(port, run / "log")

    def stop() -> None:
        process[-1].terminate()
        process[-1].wait(10)

    def restart() -> None:
        stop()
        start()

    try:
        start()
        yield ImapServer(port, restart)
    finally:
        stop()


@attrs.frozen
class Break:
    """The connection breaks when the client has sent something for the `at`-th time: before it reaches the server, or,
    when it is `answered`, before the answer reaches the client.
    """

    at: int
    answered: bool


@attrs.define
class Wire:
    """A cable to a server, which can break; `next` is when it breaks next, counted from when that is set."""

    target: int
    port: int = 0
    sent: int = 0
    broke: bool = False
    _next: Break | None = None

    @property
    def next(self) -> Break | None:
        """When it breaks."""
        return self._next

    @next.setter
    def next(self, value: Break | None) -> None:
        self._next, self.sent, self.broke = value, 0, False

    def carry(self, client: socket.socket) -> None:
        """One connection, until either side closes it or it breaks."""
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [], 30)
                if server in ready:
                    data = server.recv(65536)
                    if not data:
                        return
                    client.sendall(data)
                elif client in ready:
                    data = client.recv(65536)
                    if not data or self._breaks(server, data):
                        return
                else:
                    return

    def _breaks(self, server: socket.socket, data: bytes) -> bool:
        planned, self.sent = self._next, self.sent + 1
        if planned is None or self.sent <= planned.at:
            server.sendall(data)
            return False
        self.broke = True
        if planned.answered and self.sent == planned.at + 1:
            server.sendall(data)
            select.select([server], [], [], 0.5)
        return True


@contextmanager
def wire(target: int) -> Iterator[Wire]:
    """A cable to the server at a port of this machine."""
    cable = Wire(target)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cable.port = listening.getsockname()[1]
        done = threading.Event()

        def serve() -> None:
            listening.settimeout(0.1)
            while not done.is_set():
                with suppress(TimeoutError):
                    client, _ = listening.accept()
                    threading.Thread(target=_quietly, args=(cable, client), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield cable
        finally:
            done.set()
            thread.join()


def _quietly(cable: Wire, client: socket.socket) -> None:
    with suppress(OSError):
        cable.carry(client)


def _reachable(path: Path) -> None:
    """A server that is another user gets to the folder."""
    for parent in path.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)


def _await(port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(2)
            with suppress(OSError):
                probe.connect(("127.0.0.1", port))
                if probe.recv(4) == b"* OK":
                    return
        time.sleep(0.05)
    raise RuntimeError(f"dovecot does not answer: {log.read_text() if log.exists() else 'no log'}")
