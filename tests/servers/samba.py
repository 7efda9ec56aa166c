"""A domain controller of Samba's: Active Directory as far as LDAP goes, in a network namespace of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import attrs

from dxa_exchange.live.client import Client
from dxa_exchange.live.errors import LdapError
from tests.servers.openldap import login

SUFFIX = "DC=lab,DC=example"
#: Seconds that a start may take.
PATIENCE = 60.0
#: Nothing but LDAP, and nothing that would call other programs or hosts.
OPTIONS = {
    "server services": "ldap",
    "interfaces": "lo",
    "bind interfaces only": "yes",
    "ldap server require strong auth": "no",
    "tls enabled": "no",
    "dns update command": "/bin/true",
    "spn update command": "/bin/true",
    "samba kcc command": "/bin/true",
}


def why_no_samba() -> str:
    """Why no domain controller can run here; ``""`` when one can."""
    for name, package in (("samba", "samba"), ("samba-tool", "samba-ad-provision"), ("unshare", "util-linux")):
        if shutil.which(name) is None:
            return f"{name} is not installed (Debian: apt-get install {package})"
    return "" if os.geteuid() == 0 else "Samba's directory server needs root"


@attrs.frozen
class Settings:
    """Its account."""

    root: str = "LAB\\Administrator"
    password: str = "Passw0rd!of.tests"


@attrs.define(eq=False)
class Samba:
    """A domain controller in a folder; it is spoken to by a socket there, for its network is nobody else's."""

    folder: Path
    settings: Settings = attrs.field(factory=Settings)

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"ldapi://{quote(str(self.folder / 'dc' / 'private' / 'ldapi'), safe='')}"

    def provision(self) -> None:
        """Make the domain; takes some seconds."""
        named = [f"--option={key}={value}" for key, value in OPTIONS.items()]
        command = ["samba-tool", "domain", "provision", "--realm=LAB.EXAMPLE", "--domain=LAB", "--server-role=dc"]
        command += ["--dns-backend=NONE", f"--adminpass={self.settings.password}", "--host-name=dc1"]
        command += [f"--targetdir={self.folder / 'dc'}", *named]
        subprocess.run(command, check=True, capture_output=True)

    def load(self, ldif: str) -> None:
        """Add objects in one transaction, which is much quicker than one by one."""
        script = (
            "import sys; from samba.samdb import SamDB; from samba.param import LoadParm; "
            "from samba.auth import system_session; lp = LoadParm(); lp.load(sys.argv[1]); "
            "db = SamDB(url=sys.argv[2], session_info=system_session(), lp=lp); db.transaction_start(); "
            "db.add_ldif(sys.stdin.read()); db.transaction_commit()"
        )
        where = [str(self.folder / "dc" / "etc" / "smb.conf"), str(self.folder / "dc" / "private" / "sam.ldb")]
        # Its modules belong to the system's own Python.
        command = ["/usr/bin/python3", "-c", script, *where]
        subprocess.run(command, input=ldif.encode(), check=True, capture_output=True)

    def tool(self, *arguments: str) -> None:
        """Run one of Samba's own commands on the domain."""
        where = ["-H", str(self.folder / "dc" / "private" / "sam.ldb")]
        where += [f"--configfile={self.folder / 'dc' / 'etc' / 'smb.conf'}"]
        subprocess.run(["samba-tool", *arguments, *where], check=True, capture_output=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; returns when it answers."""
        folders = {"pid directory": "run", "ncalrpc dir": "rpc"}
        for name in folders.values():
            (self.folder / name).mkdir(exist_ok=True)
        options = {**OPTIONS, **{key: str(self.folder / name) for key, name in folders.items()}}
        options["log file"] = str(self.folder / "log")
        named = " ".join(f"'--option={key}={value}'" for key, value in options.items())
        script = f"ip link set lo up; exec samba -i -M single -s '{self.folder / 'dc' / 'etc' / 'smb.conf'}' {named}"
        with (self.folder / "out").open("wb") as out:
            process = subprocess.Popen(
                ["unshare", "--net", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.wait()
                raise RuntimeError(f"samba does not start: {(self.folder / 'out').read_text()[-500:]}")
            time.sleep(0.2)
        return process

    def _answers(self) -> bool:
        try:
            Client(login(self)).close()
        except LdapError:
            return False
        return True


@contextmanager
def samba() -> Iterator[Samba]:
    """A domain controller with an empty domain, as long as the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="dxa-samba-"))
    process = None
    try:
        server = Samba(folder)
        server.provision()
        process = server.start()
        yield server
    finally:
        if process is not None:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
