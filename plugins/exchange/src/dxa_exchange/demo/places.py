"""Where the demo's directory lives: in an OpenLDAP server, or, where none can run, in files that are exchanged."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import attrs

from dxa.config.secrets import Secret
from dxa_exchange import ldif
from dxa_exchange.demo.people import FOREIGN, STAFF, SUFFIX, everybody, tree
from dxa_exchange.demo.slapd import Settings, Slapd, why_missing
from dxa_exchange.directory import Add, Change, Delete, Modify, Record, Values
from dxa_exchange.live.client import Client
from dxa_exchange.live.interface import Query, Scope
from dxa_exchange.live.server import Server
from dxa_exchange.names import key

#: The link, and the containers that it is about.
LINK, IMPORTED = "werke", "Recipients/Werke"
_PEOPLE = f'sync_container = "{FOREIGN}"\nclasses = ["contact"]'
#: Where nobody looks.
_AWAY = f"ou=away,{SUFFIX}"


class Place(Protocol):
    """A directory that can be linked to. `what` names it in a sentence."""

    what: str

    def configuration(self) -> str:
        """The connector's table."""

    def change(self, changes: Iterable[Change]) -> None:
        """Its administrators change something."""

    def before(self) -> None:
        """What happens before a cycle of the site."""

    def after(self) -> None:
        """What happens behind it."""

    def contacts(self) -> list[Record]:
        """What dxa has written."""

    def hide(self, hidden: bool) -> None:
        """It answers as if nobody were there, or as it should."""

    def close(self) -> None:
        """The end."""


def why_no_server() -> str:
    """Why no server can run here; ``""`` when one can."""
    if importlib.util.find_spec("ldap") is None:
        return "python-ldap is not installed (the extra `ldap` of dxa-exchange)"
    return why_missing()


def place(stage: Any) -> Place:
    """The server if one can run here, else the files."""
    return Files(stage.folder / LINK) if why_no_server() else Live(stage.site)


@attrs.define
class Live:
    """An OpenLDAP server on the loopback interface."""

    site: Path
    what: str = "an OpenLDAP server"
    slapd: Slapd = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.slapd = Slapd(Settings(suffix=SUFFIX, access=("access to * by users write by anonymous auth",)))
        self.slapd.load(b"".join(ldif.write([*tree(), *everybody()], version=False)))
        self.slapd.start()

    def configuration(self) -> str:
        """See `Place`."""
        secret = self.site / "werke.password"
        secret.write_text(f"{self.slapd.settings.password}\n", encoding="utf-8")
        secret.chmod(0o600)
        return (
            f'[links.{LINK}.ldap]\nuri = "{self.slapd.uri}"\nbind = "{self.slapd.settings.root}"\n'
            f'password = "file:{secret.name}"\n\n[[links.{LINK}.ldap.containers]]\nbase = "{STAFF}"\n\n'
            f"[links.{LINK}.ldap.people]\n{_PEOPLE}\n"
        )

    def change(self, changes: Iterable[Change]) -> None:
        """See `Place`."""
        client = self._client()
        for each in changes:
            if isinstance(each, Add):
                client.add(each.record.dn, each.record.attributes)
            elif isinstance(each, Modify):
                client.modify(each.dn, each.modifications)
            elif isinstance(each, Delete):
                client.delete(each.dn)
        client.close()

    def before(self) -> None:
        """See `Place`: it is asked directly."""

    def after(self) -> None:
        """See `Place`: it was written into directly."""

    def contacts(self) -> list[Record]:
        """See `Place`."""
        client = self._client()
        found = [record for page in client.search(Query(FOREIGN, Scope.ONE)) for record in page]
        client.close()
        return found

    def hide(self, hidden: bool) -> None:
        """See `Place`: all people are moved to where nobody looks, and back."""
        client = self._client()
        here, there = (STAFF, _AWAY) if hidden else (_AWAY, STAFF)
        if hidden:
            client.add(_AWAY, {"objectClass": ["organizationalUnit"], "ou": ["away"]})
        for page in client.search(Query(here, Scope.ONE)):
            for record in page:
                client.rename(record.dn, record.dn.partition(",")[0], there)
        if not hidden:
            client.delete(_AWAY)
        client.close()

    def close(self) -> None:
        """See `Place`."""
        self.slapd.close()

    def _client(self) -> Client:
        settings = self.slapd.settings
        return Client(
            Server(uri=self.slapd.uri, method="simple", user=settings.root, password=Secret(settings.password))
        )


@attrs.define
class Files:
    """A directory that exports itself as LDIF, and imports LDIF."""

    folder: Path
    what: str = "a directory that exchanges LDIF files"
    records: dict[str, Record] = attrs.field(init=False)
    exported: int = 0
    hidden: bool = False

    def __attrs_post_init__(self) -> None:
        self.records = {key(record.dn): record for record in [*tree(), *everybody()]}

    def configuration(self) -> str:
        """See `Place`."""
        return (
            f'[links.{LINK}.exchange]\ninbox = "../{LINK}/in"\noutbox = "../{LINK}/out"\nquiet = 0\nwrite = "ldif"\n\n'
            f'[links.{LINK}.exchange.people]\ndialect = "generic"\nbases = ["{STAFF}"]\n{_PEOPLE}\n'
        )

    def change(self, changes: Iterable[Change]) -> None:
        """See `Place`."""
        for each in changes:
            if isinstance(each, Add):
                self.records[key(each.record.dn)] = each.record
            elif isinstance(each, Delete):
                del self.records[key(each.dn)]
            elif isinstance(each, Modify):
                self.records[key(each.dn)] = _modified(self.records[key(each.dn)], each)

    def before(self) -> None:
        """See `Place`: an export is left for dxa."""
        self.exported += 1
        inbox = self.folder / "in"
        inbox.mkdir(parents=True, exist_ok=True)
        shown = [r for r in self.records.values() if not (self.hidden and r.dn.startswith("uid="))]
        (inbox / f"{self.exported:04d}.ldif").write_bytes(b"".join(ldif.write(shown)))

    def after(self) -> None:
        """See `Place`: what dxa has left is imported."""
        for path in sorted((self.folder / "out").glob("*.ldf")):
            with path.open("rb") as file:
                self.change(each for each in ldif.read(file) if isinstance(each, Add | Modify | Delete))
            path.unlink()

    def contacts(self) -> list[Record]:
        """See `Place`."""
        return [r for r in self.records.values() if r.dn.endswith(f",{FOREIGN}")]

    def hide(self, hidden: bool) -> None:
        """See `Place`."""
        self.hidden = hidden

    def close(self) -> None:
        """See `Place`."""


def _modified(record: Record, change: Modify) -> Record:
    found: dict[str, Values] = dict(record.attributes)
    for _, name, values in change.modifications:
        found.pop(name, None)
        if values:
            found[name] = [*values]
    return Record(record.dn, found)
