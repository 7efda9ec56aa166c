"""The global address lists of the demo's postoffices, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from dxa_msmail.demo.office import Office
from dxa_msmail.demo.people import ADMIN

_NOBODY = "–"

Lists = Mapping[str, Mapping[str, str]]


@attrs.define
class GlobalLists:
    """Shows the lists as they are now, or what has changed in them since they were last looked at."""

    stage: Any
    offices: Sequence[Office]
    seen: Lists = attrs.field(factory=dict)

    def everything(self, title: str) -> None:
        """Every name of every list, and whether all are alike."""
        self.seen = self._look()
        self._show(title, {address for names in self.seen.values() for address in names}, self.seen)
        self.summary()

    def summary(self) -> None:
        """Whether all lists are alike now."""
        lists = list(self._look().values())
        if any(each != lists[0] for each in lists):
            self.stage.say("The global address lists are not alike.")
            return
        self.stage.say(
            f"The global address lists are alike: {len(lists[0])} names each, and everybody's own {ADMIN}, whom nobody "
            "else is told about."
        )

    def names(self) -> dict[str, list[str]]:
        """Who stands in which list now."""
        return {office.short: list(office.entries().values()) for office in self.offices}

    def differences(self) -> None:
        """The names that have changed: before and after."""
        before, self.seen = self.seen, self._look()
        changed = {
            address
            for name, now in self.seen.items()
            for address in {*now, *before[name]}
            if now.get(address) != before[name].get(address)
        }
        if not changed:
            self.stage.say("Nothing has changed in the global address lists.")
            return
        self._show("What has changed in the global address lists: before", changed, before)
        self._show("… and after", changed, self.seen)

    def _look(self) -> Lists:
        return {office.name: office.entries() for office in self.offices}

    def _show(self, title: str, addresses: Iterable[str], lists: Lists) -> None:
        """One row per address; a name that all of them show stands once."""
        rows = []
        for address in addresses:
            names = [lists[office.name].get(address) for office in self.offices]
            shown = next((name for name in names if name), _NOBODY)
            marks = ["yes" if name == shown else name or _NOBODY for name in names]
            rows.append((shown, address.removeprefix("MS:"), *marks))
        columns = ("name", "address", *(office.short for office in self.offices))
        self.stage.table(title, columns, sorted(rows, key=lambda row: (row[0] == _NOBODY, row[0].casefold(), row[1])))
