"""The MS Mail postoffices of the demo, if there are any: a plugin never needs another one.

They are found in the site's configuration, and what is done to them is done by their own commands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import attrs

#: The administrator of each postoffice of the demo.
_ADMIN = "ADMIN"
_SHADOW = "site/shadow"


@attrs.frozen
class Neighbours:
    """Postoffices by their names, with their folders as they are seen from the demo's."""

    stage: Any
    folders: dict[str, str]

    @classmethod
    def of(cls, stage: Any) -> Neighbours:
        """Those that the site is linked to."""
        return cls(stage, dict(_postoffices(site_configuration(stage))))

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.folders)

    def cycle(self) -> None:
        """T1, T2 and T3: they ask, the site answers, and their lists take the answer in."""
        for folder in self.folders.values():
            self._quiet("reqmain", "-t", "-d", folder)
            self._quiet("external", "-d", folder)
        self.stage.dxa("sync", shown=False)
        self._quiet("external", "-d", _SHADOW)
        for folder in self.folders.values():
            self._quiet("reqmain", "-r", "-d", folder)
            self._quiet("import", _ADMIN, "-q", "-y", "-d", folder)
            self._quiet("rebuild", "-f", "-d", folder)

    def names(self) -> dict[str, dict[str, str]]:
        """The names in the global address list of each, by address."""
        return {name: self._gal(folder) for name, folder in self.folders.items()}

    def show(self, title: str, wanted: Sequence[str]) -> None:
        """Which of them has these names in its list."""
        lists = {name: set(found.values()) for name, found in self.names().items()}
        rows = [(each, *("yes" if each in lists[name] else "–" for name in lists)) for each in wanted]
        self.stage.table(title, ("name", *lists), rows)

    def _gal(self, folder: str) -> dict[str, str]:
        done = self._quiet("postoffice", "gal", folder, "--json")
        return {entry["address"]: entry["name"] for entry in done.json["entries"]}

    def _quiet(self, *arguments: str) -> Any:
        return self.stage.program("msmail", *arguments, shown=False)


def site_configuration(stage: Any) -> dict[str, Any]:
    """What stands in ``dxa.toml`` of the demo's site."""
    return tomllib.loads((stage.site / "dxa.toml").read_text(encoding="utf-8"))


def _postoffices(configuration: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for link in configuration.get("links", {}).values():
        for name, peer in link.get("peers", {}).items():
            if folder := peer.get("msmail", {}).get("maildata"):
                yield name, str(PurePosixPath(folder).relative_to(".."))
