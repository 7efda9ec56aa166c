"""An OpenLDAP server of one's own: for the demonstration, tests and benchmarks. Never for anybody's real directory.

It listens on a port of the loopback interface and on a socket in its folder, runs without privileges, keeps its data
in a folder that goes with it, and knows the attributes of Exchange and Active Directory (see `schema`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import attrs

from dxa.errors import DxaError
from dxa_exchange.demo.schema import schema

#: Where the programs of a server are, which are not on everybody's path.
PROGRAM_PATH = "/usr/sbin:/usr/local/sbin:/usr/lib/openldap:/usr/libexec:/usr/local/libexec"
MODULE_FOLDERS = ("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap", "/usr/local/libexec/openldap")
SCHEMA_FOLDERS = ("/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema")
#: Under whom it runs when root starts it, the first who exists.
USERS = ("openldap", "ldap", "nobody")
#: So long a start may take, in seconds, and so many ports are tried: another program may take one first.
PATIENCE, PORTS = 15.0, 5


class SlapdError(DxaError):
    """The server cannot be started, or a program of it failed."""


def why_missing() -> str:
    """Why no server can be started here, and what to install; ``""`` when it can."""
    for name in ("slapd", "slapadd"):
        if _program(name) is None:
            return f"OpenLDAP's {name} is not installed (Debian: apt-get install slapd)"
    return "" if _first(SCHEMA_FOLDERS) else f"OpenLDAP's schema files are in none of {', '.join(SCHEMA_FOLDERS)}"


@attrs.frozen(kw_only=True)
class Settings:
    """What the server is to be: its one database, and what is allowed.

    `access` are lines of slapd.access(5); without any, everybody who knows a password may read. `limits` are lines of
    the database, like ``sizelimit 10``. `certificate` and `key` are files in PEM, for TLS.
    """

    suffix: str = "dc=example,dc=org"
    password: str = "secret"
    access: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    #: So many changes are kept for consumers; 0: none, so that a delete is told by naming all who are there.
    sessionlog: int = 10_000
    certificate: str = ""
    key: str = ""
    megabytes: int = 256

    @property
    def root(self) -> str:
        """The name of the account that may do everything; its password is `password`."""
        return f"cn=manager,{self.suffix}"


@attrs.define(eq=False)
class Slapd:
    """A server: started and stopped, and loaded and dumped while it is stopped."""

    settings: Settings = attrs.field(factory=Settings)
    folder: Path = attrs.field(factory=lambda: Path(tempfile.mkdtemp(prefix="dxa-slapd-")))
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def __attrs_post_init__(self) -> None:
        if why := why_missing():
            raise SlapdError(why)
        (self.folder / "data").mkdir(exist_ok=True)
        self._hand_over()

    @property
    def uri(self) -> str:
        """Where it listens on the loopback interface."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def socket_uri(self) -> str:
        """Where it listens in its folder."""
        return f"ldapi://{quote(str(self.folder / 'ldapi'), safe='')}"

    # -- data ------------------------------------------------------------------------------------------------------

    def load(self, ldif: bytes) -> None:
        """Add content records to the database; only while the server is stopped.

        ``-w`` writes the state that consumers of changes start from, which the server would else make at its first
        change only.
        """
        self._configure()
        self._run("slapadd", "-q", "-w", input=ldif)
        self._hand_over()

    def dump(self) -> bytes:
        """Every entry as LDIF, with operational attributes: what `load` takes after `clear`."""
        return self._run("slapcat")

    def clear(self) -> None:
        """Take all data away; only while the server is stopped."""
        shutil.rmtree(self.folder / "data")
        (self.folder / "data").mkdir()
        self._hand_over()

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> Slapd:
        """Listen; returns when a connection is accepted."""
        self._configure()
        for _ in range(PORTS):
            self.port = self.port or _free_port()
            if self._listens():
                return self
            self.port = 0
        raise SlapdError(f"slapd does not start: {self._said()}")

    def stop(self) -> None:
        """End the server; what was written is kept."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the server, and take its folder away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self, settings: Settings | None = None) -> None:
        """Stop, and start on the same port, perhaps with other settings."""
        self.stop()
        self.settings = settings or self.settings
        self.start()

    # -- how -------------------------------------------------------------------------------------------------------

    def _listens(self) -> bool:
        command = [_program("slapd") or "slapd", "-f", str(self._file), "-h", f"{self.uri}/ {self.socket_uri}/"]
        if user := _user():
            command += ["-u", user]
        log = (self.folder / "log").open("wb")
        with log:
            # With -d it stays in the foreground, and 0 has it say nothing but why it does not start.
            self._process = subprocess.Popen([*command, "-d", "0"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return True
        self.stop()
        return False

    def _said(self) -> str:
        log = self.folder / "log"
        return log.read_text("utf-8", "replace").strip()[-500:] if log.exists() else "it says nothing"

    @property
    def _file(self) -> Path:
        return self.folder / "slapd.conf"

    def _configure(self) -> None:
        (self.folder / "dxa.schema").write_text(schema(), encoding="utf-8")
        self._file.write_text("\n".join(_lines(self.settings, self.folder)) + "\n", encoding="utf-8")
        self._hand_over()

    def _run(self, name: str, *arguments: str, input: bytes = b"") -> bytes:
        command = [_program(name) or name, "-f", str(self._file), *arguments]
        done = subprocess.run(command, input=input, capture_output=True, check=False)
        if done.returncode:
            raise SlapdError(f"{name} failed: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
        return done.stdout

    def _hand_over(self) -> None:
        """Everything in the folder belongs to the user under whom it runs."""
        if user := _user():
            account = pwd.getpwnam(user)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


@contextmanager
def running(ldif: bytes, settings: Settings | None = None) -> Iterator[Slapd]:
    """A server with this content, as long as the context lasts."""
    server = Slapd(settings or Settings())
    try:
        server.load(ldif)
        yield server.start()
    finally:
        server.close()


def _lines(settings: Settings, folder: Path) -> Iterator[str]:
    schemas = _first(SCHEMA_FOLDERS)
    yield from (f"include {schemas}/{name}.schema" for name in ("core", "cosine", "inetorgperson"))
    yield f"include {folder / 'dxa.schema'}"
    if modules := _first(MODULE_FOLDERS):
        yield f"modulepath {modules}"
        yield from (f"moduleload {name}" for name in ("back_mdb", "syncprov") if _is_module(modules, name))
    yield f"pidfile {folder / 'pid'}"
    if settings.certificate:
        yield from (f"TLSCertificateFile {settings.certificate}", f"TLSCertificateKeyFile {settings.key}")
    yield from ("database mdb", f'suffix "{settings.suffix}"', f'rootdn "{settings.root}"')
    yield from (f"rootpw {settings.password}", f"directory {folder / 'data'}")
    yield from (f"maxsize {settings.megabytes << 20}", "dbnosync")
    yield "index objectClass,entryUUID,entryCSN,uid,cn eq"
    yield from settings.limits
    yield from settings.access or ("access to * by users read by anonymous auth",)
    yield "overlay syncprov"
    yield "syncprov-checkpoint 1 1"
    if settings.sessionlog:
        yield f"syncprov-sessionlog {settings.sessionlog}"


def _first(folders: Sequence[str]) -> str:
    return next((folder for folder in folders if Path(folder).is_dir()), "")


def _is_module(folder: str, name: str) -> bool:
    """Distributions may have built it into the program."""
    return any((Path(folder) / f"{name}{ending}").exists() for ending in (".la", ".so"))


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=PROGRAM_PATH)


def _user() -> str:
    """The account that root starts it under; ``""``: whoever starts it."""
    if os.geteuid():
        return ""
    for name in USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
