"""What a directory server's master list was at earlier numbers, and what leads from there to another one.

It follows from the list of now and its changes in MSTTRANS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from dxa.entry import Entry, Transaction, Verb, is_definition
from dxa.ledger.answer import Held, ListKey, Pick, Step, definitions, redefined, update

#: Template values that MSTTRANS does not tell: whatever they were, they are not those of now.
UNKNOWN = (("", ""),)


@attrs.define
class History:
    """The changes read backwards: `head` is the list of now by key, `rows` are the changes in their order.

    A recipient is a number that stands for one address, and for those that modifies changed it from.
    """

    head: Mapping[str, Entry]
    rows: Sequence[Transaction]
    _ids: dict[str, int] = attrs.field(factory=dict, init=False)
    _seen: set[str] = attrs.field(factory=set, init=False)
    #: What each recipient is at the place that was reached, and what it was at the places before it was met.
    _now: list[Entry | None] = attrs.field(factory=list, init=False)
    _met: list[Entry | None] = attrs.field(factory=list, init=False)

    def at(self, places: Iterable[int], *, everybody: bool = False) -> dict[int, list[Entry | None]]:
        """What the list showed at each of these numbers, by recipient: those that changed since, or `everybody`."""
        self._ids, self._seen, self._now, self._met = {}, set(), [], []
        for key in self.head if everybody else ():
            self._recipient(key)
        found: dict[int, list[Entry | None]] = {}
        rows = list(self.rows)
        for place in sorted(set(places), reverse=True):
            while rows and rows[-1].number > place:
                self._undo(rows.pop())
            found[place] = list(self._now)
        return {place: before + self._met[len(before) :] for place, before in found.items()}

    def steps(self, pick: Pick, places: Iterable[tuple[int, Pick]], target: int) -> list[Step]:
        """From whatever a requestor with these cuts, each a number and a pick, may hold to the list at `target`."""
        cuts = sorted({(at, pick.past(each)) for at, each in places}, key=_order)
        same = all(each == pick for _, each in cuts)
        numbers = {target, *(at for at, _ in cuts)}
        past = self.at(numbers, everybody=not same)
        defines = redefined([_defined(past[at], each) for at, each in cuts], _defined(past[target], pick), pick)
        if defines and same:
            past = self.at(numbers, everybody=True)
        wanted = past[target]
        olds: dict[int, Sequence[Held | None]] = {}
        news: dict[int, Held | None] = {}
        # The past is read backwards, and is told forwards.
        for recipient in reversed(range(len(wanted))):
            news[recipient] = _held(wanted[recipient], pick)
            olds[recipient] = [_held(past[at][recipient], each) for at, each in cuts]
        return update(olds, news, defines)

    def _recipient(self, key: str) -> int:
        if key not in self._ids:
            # Whoever had the address later got it by a modify; before that it was nobody's.
            there = None if key in self._seen else self.head.get(key)
            self._ids[key] = len(self._now)
            self._seen.add(key)
            self._now.append(there)
            self._met.append(there)
        return self._ids[key]

    def _undo(self, row: Transaction) -> None:
        old, new = row.old, row.new
        if row.verb is Verb.DEFINE and new is not None:
            self._now[self._recipient(new.key)] = _earlier(new)
        elif row.verb is Verb.ADD and new is not None:
            self._now[self._recipient(new.key)] = None
        elif row.verb is Verb.DELETE and old is not None:
            self._now[self._recipient(old.key)] = _earlier(old)
        elif old is not None and new is not None:
            recipient = self._recipient(new.key)
            self._now[recipient] = _earlier(old)
            if old.key != new.key:
                del self._ids[new.key]
                self._ids[old.key] = recipient
                self._seen.add(old.key)


def _order(cut: tuple[int, Pick]) -> tuple[int, list[str], bool]:
    at, pick = cut
    return at, sorted(pick.types), pick.templates


def _defined(entries: Iterable[Entry | None], pick: Pick) -> dict[ListKey, Entry]:
    return definitions((entry for entry in entries if entry is not None and is_definition(entry)), pick)


def _held(entry: Entry | None, pick: Pick) -> Held | None:
    if entry is None or is_definition(entry) or not pick.shows(entry.type, ""):
        return None
    return Held(entry._replace(key="", fields=entry.fields if pick.templates else ()))


def _earlier(entry: Entry) -> Entry:
    return entry._replace(key="", fields=UNKNOWN)
