"""A postoffice of the demo, and the commands with which one works there."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from dxa_msmail.demo.people import ADMIN, Person
from dxa_msmail.postoffice.tree import open_postoffice
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs.admin import add_users


@attrs.frozen
class Office:
    """The postoffice `name` (NET/PO), in a folder of its own below the demo's; `server` is the site's NET/PO."""

    stage: Any
    name: str
    server: str

    @property
    def path(self) -> str:
        """Its folder, seen from the demo's."""
        return f"postoffices/{self.short.lower()}"

    @property
    def short(self) -> str:
        """The postoffice without its network."""
        return self.name.rpartition("/")[2]

    @property
    def folder(self) -> Path:
        """Its folder."""
        return Path(self.stage.folder) / self.path

    # -- building ----------------------------------------------------------------------------------------------------

    def create(self, *, shown: bool) -> None:
        """Make it, and register it and the site with each other; only the last of both need a password."""
        network = self.name.partition("/")[0]
        names = ("--network", network, "--postoffice", self.short, "--admin", ADMIN)
        self.stage.program("msmail", "postoffice", "create", self.path, *names, shown=shown)
        secret = f"{self.short.lower()}.password"
        for place in (Path(self.stage.site), self.folder):
            _write_secret(place / secret, f"{self.short.lower()} knows\n")
        self.stage.dxa(
            *("peers", "add", "pcmail", self.name, "--password-ref", f"file:{secret}"),
            *("--set", f"maildata=../{self.path}"),
            shown=shown,
        )
        self.admin("postoffice", "add", self.server, "--direct", "../../site/shadow", shown=shown)
        wanted = ("--types", "PCM", "--types", "SMTP")
        self.admin("server", self.server, "--password", f"file:{secret}", *wanted, shown=shown)

    # -- its programs ------------------------------------------------------------------------------------------------

    def program(self, *arguments: str, shown: bool = True) -> Any:
        """Run a program below ``dxa msmail`` here."""
        return self.stage.program("msmail", *arguments, "-d", self.path, shown=shown)

    def quiet(self, *arguments: str) -> Any:
        """What a program here says as JSON."""
        return self.program(*arguments, "--json", shown=False).json

    def admin(self, *arguments: str, shown: bool = True) -> None:
        """Work here as the administrator."""
        self.stage.program("msmail", "admin", ADMIN, "-d", self.path, *arguments, shown=shown)

    def add(self, person: Person, *, shown: bool = True) -> None:
        """Give somebody a mailbox."""
        self.admin("user", "add", person.mailbox, "--name", person.name, shown=shown)

    def add_at_once(self, people: Iterable[Person]) -> None:
        """What as many `user add` would do, in one change."""
        new = [NewUser(name=person.name, mailbox=person.mailbox) for person in people]
        add_users(open_postoffice(self.folder), self.stage.clock, new)

    def entries(self) -> dict[str, str]:
        """Its global address list, without the administrator: names by address."""
        done = self.stage.program("msmail", "postoffice", "gal", self.path, "--json", shown=False)
        own = f"MS:{self.name}/{ADMIN}"
        return {entry["address"]: entry["name"] for entry in done.json["entries"] if entry["address"] != own}

    # -- backup ------------------------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """Keep a copy of the whole folder."""
        shutil.copytree(self.folder, self._backup)

    def restore(self) -> None:
        """Put the copy in place of the folder."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._backup, self.folder)

    @property
    def _backup(self) -> Path:
        return Path(self.stage.folder) / "backup" / self.folder.name


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
