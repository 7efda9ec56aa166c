"""A 389 Directory Server of one's own, with the two plugins that its content synchronization needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import attrs

from dxa_exchange.directory import Modification, Operation
from dxa_exchange.live.client import Client
from dxa_exchange.live.errors import LdapError
from tests.servers.openldap import SUFFIX, login

DATA = Path("/usr/share/dirsrv/data")
#: Seconds that a start may take.
PATIENCE = 60.0
FOLDERS = ("config/schema", "db", "dbhome", "bak", "ldif", "log", "run", "lock", "inst", "tmp")


def why_no_ds389() -> str:
    """Why no server can run here; ``""`` when one can."""
    if shutil.which("ns-slapd") is None or not DATA.is_dir():
        return "389 Directory Server is not installed (Debian: apt-get install 389-ds-base)"
    return "" if os.geteuid() == 0 else "389 Directory Server needs root"


@attrs.frozen
class Settings:
    """Its account."""

    root: str = "cn=Directory Manager"
    password: str = "directory secret"


@attrs.define(eq=False)
class Ds389:
    """A server in a folder; it listens on a socket there and on no port."""

    folder: Path
    settings: Settings = attrs.field(factory=Settings)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"ldapi://{quote(str(self.folder / 'ldapi'), safe='')}"

    def make(self) -> None:
        """Write its configuration, from the template that comes with it."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True)
        values = {f"{name}_dir": str(self.folder / name) for name in ("bak", "db", "inst", "ldif", "lock", "log")}
        values |= {f"{name}_dir": str(self.folder / name) for name in ("run", "tmp")}
        values |= {"config_dir": str(self.folder / "config"), "cert_dir": str(self.folder / "config")}
        values |= {"schema_dir": str(self.folder / "config" / "schema"), "db_home_dir": str(self.folder / "dbhome")}
        values |= {"ds_passwd": f"{{CLEAR}}{self.settings.password}", "ds_port": "0", "ds_suffix": SUFFIX}
        values |= {"ds_user": "root", "fqdn": "localhost", "rootdn": self.settings.root, "db_lib": "bdb"}
        values |= {"ldapi": str(self.folder / "ldapi"), "ldapi_autobind": "off", "ldapi_enabled": "on"}
        text = (DATA / "template-dse.ldif").read_text()
        for name, value in values.items():
            text = text.replace(f"%{name}%", value)
        config = self.folder / "config"
        (config / "dse.ldif").write_text(text)
        for path in (*Path("/etc/dirsrv/config").iterdir(), Path("/etc/dirsrv/schema/99user.ldif")):
            shutil.copy(path, config / "schema" if path.name[0].isdigit() else config)

    def prepare(self) -> None:
        """Its one database, and the plugins; they count from the next start on."""
        client = Client(login(self))
        database = "cn=userRoot,cn=ldbm database,cn=plugins,cn=config"
        client.add(
            database,
            {
                "objectClass": ["extensibleObject", "nsBackendInstance"],
                "cn": ["userRoot"],
                "nsslapd-suffix": [SUFFIX],
            },
        )
        client.add(
            f'cn="{SUFFIX}",cn=mapping tree,cn=config',
            {
                "objectClass": ["extensibleObject", "nsMappingTree"],
                "cn": [SUFFIX],
                "nsslapd-state": ["backend"],
                "nsslapd-backend": ["userRoot"],
            },
        )
        client.add(SUFFIX, {"objectClass": ["domain"], "dc": ["example"]})
        for name in ("Retro Changelog Plugin", "Content Synchronization"):
            dn = f"cn={name},cn=plugins,cn=config"
            client.modify(dn, [Modification(Operation.REPLACE, "nsslapd-pluginEnabled", ["on"])])
        changelog = "cn=Retro Changelog Plugin,cn=plugins,cn=config"
        # Without that, what was deleted could not be told by what identifies it.
        wanted = [Modification(Operation.ADD, "nsslapd-attribute", ["nsuniqueid:targetUniqueId"])]
        client.modify(changelog, wanted)
        client.close()

    def start(self) -> None:
        """Start it; returns when it answers."""
        command = ["ns-slapd", "-D", str(self.folder / "config"), "-i", str(self.folder / "run" / "pid"), "-d", "0"]
        with (self.folder / "out").open("wb") as out:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"ns-slapd does not start: {(self.folder / 'out').read_text()[-500:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            Client(login(self)).close()
        except LdapError:
            return False
        return True


@contextmanager
def ds389() -> Iterator[Ds389]:
    """A server with nothing but its suffix, as long as the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="dxa-ds389-"))
    server = Ds389(folder)
    try:
        server.make()
        server.start()
        server.prepare()
        server.stop()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
