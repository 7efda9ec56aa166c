"""Who the members of lists are: lists name them by distinguished names, and entries tell them by addresses."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from dxa.entry import Entry
from dxa_exchange import names


def _nobody(_key: str) -> None:
    return None


@attrs.define
class Members:
    """The addresses of members, by the keys of their names.

    Members are learned before they are asked for, or looked up once when they are: `look_up` gives the entry of the
    object with that key, None where there is none or it is no recipient. `key` makes the key of a name as lists have
    it.
    """

    look_up: Callable[[str], Entry | None] = _nobody
    key: Callable[[str], str] = names.key
    _known: dict[str, str] = attrs.field(factory=dict, init=False)

    def learn(self, dn: str, entry: Entry) -> None:
        """The object of this name is this entry."""
        self._known[self.key(dn)] = _address(entry)

    def forget(self) -> None:
        """Nobody is known any more."""
        self._known.clear()

    def resolve(self, dn: str) -> str:
        """``TYPE:value``, or ``""``: a member that is not known, which keeps its name."""
        key = self.key(dn)
        if key not in self._known:
            self._known[key] = ""  # lists may have one another as members
            entry = self.look_up(key)
            if entry is not None:
                self._known[key] = _address(entry)
        return self._known[key]


def _address(entry: Entry) -> str:
    return f"{entry.type}:{entry.address}"
