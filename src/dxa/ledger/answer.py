"""The answer: from what a peer may hold to what it should see.

A peer quotes a number. Every number that was issued to it and is not lower than the quoted one is a *cut*: it may hold
what the view showed there. Lines that any of these cuts shows and the head does not are deleted; what the head shows
and any cut lacks is added; a plain change is a modify. This ends right whichever of the cuts the peer really holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, groupby, repeat
from operator import attrgetter, itemgetter
from typing import NamedTuple

import attrs

from dxa.bulk import made
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.ledger.view import Line
from dxa.rules.naming import name_key

#: (type, list in folded case): a list as a key.
ListKey = tuple[str, str]

NO_DEFINITIONS: Mapping[ListKey, Entry] = {}


@attrs.frozen(kw_only=True)
class Pick:
    """What a peer asked to see of its view: address types, and whether template fields."""

    types: frozenset[str]
    templates: bool = False

    def past(self, pick: Pick) -> Pick:
        """How a pick of before is compared with this one: whoever wants no values any more may keep those it has."""
        return attrs.evolve(pick, templates=False) if pick.templates and not self.templates else pick

    def shows(self, type_: str, instead_of: str) -> bool:
        """Whether a row of that form is shown: natively when its type is asked for, else the stand-in (KB Q149192)."""
        return type_ in self.types and instead_of not in self.types


class Cut(NamedTuple):
    """A number that was issued to a peer: the view and position that it stands for, and the pick it was made with."""

    number: int
    at: int
    pick: Pick
    view: int = 0


class Held(NamedTuple):
    """What one peer may hold of one recipient: a line we sent, or a line it told us itself."""

    entry: Entry
    told: bool = False


class Step(NamedTuple):
    """One transaction that is not numbered yet."""

    verb: Verb
    old: Entry | None
    new: Entry | None

    @property
    def list_key(self) -> ListKey:
        """The list that this step touches; a modify never leaves its list."""
        entry = self.old or self.new
        assert entry is not None
        return _list_key(entry)


class Segment(NamedTuple):
    """Neighbouring transactions of one list and verb; sent to all peers but those that own the list."""

    list_key: ListKey
    transactions: tuple[Transaction, ...]


@attrs.frozen
class Content:
    """Numbered transactions, made once for all peers whose cuts and pick are the same; `key` names them for caches."""

    key: str
    segments: tuple[Segment, ...]

    def without(self, own: frozenset[ListKey]) -> Iterator[Transaction]:
        """The transactions for a peer that owns these lists."""
        for segment in self.segments:
            if segment.list_key not in own:
                yield from segment.transactions

    def last(self, own: frozenset[ListKey]) -> int:
        """The last number that such a peer gets, 0 when it gets nothing."""
        kept = [s for s in self.segments if s.list_key not in own]
        return kept[-1].transactions[-1].number if kept else 0

    def count(self, own: frozenset[ListKey]) -> int:
        """How many transactions such a peer gets."""
        return sum(len(s.transactions) for s in self.segments if s.list_key not in own)


def shown(lines: Iterable[Line], pick: Pick) -> Entry | None:
    """The one line of a recipient's forms that the pick shows."""
    for line in lines:
        if pick.shows(line.type, line.instead_of):
            return line.entry(pick.templates)
    return None


def definitions(entries: Iterable[Entry], pick: Pick) -> dict[ListKey, Entry]:
    """The definitions among these that the pick shows, by list."""
    return {_list_key(entry): entry for entry in entries if pick.templates and entry.type in pick.types}


def redefined(
    olds: Sequence[Mapping[ListKey, Entry]], new: Mapping[ListKey, Entry], pick: Pick
) -> dict[ListKey, Entry]:
    """The definitions that a peer must be told: of lists that any of its cuts defines otherwise than the head.

    A list that has none any more gets one without fields. Whoever wants no values is told none.
    """
    lists = (
        sorted({*new, *(list_ for old in olds for list_ in old if list_[0] in pick.types)}) if pick.templates else ()
    )
    result = {}
    for list_ in lists:
        if any(old.get(list_) != new.get(list_) for old in olds):
            known = new.get(list_) or next(old[list_] for old in olds if list_ in old)._replace(fields=())
            result[list_] = known
    return result


def update(
    olds: Mapping[int, Sequence[Held | None]],
    news: Mapping[int, Held | None],
    defines: Mapping[ListKey, Entry] = NO_DEFINITIONS,
) -> list[Step]:
    """The steps that lead a peer from any of its cuts to the head, for the recipients touched since.

    `olds[r]` is what each cut shows of recipient r, `news[r]` what the head shows. Deletes, then definitions, then
    modifies, then adds. A definition discards all values of its list (KB Q125920), so `news` must hold everybody in the
    lists of `defines`, and those who have not changed are told once more.
    """
    holders = _holders(olds)
    deletes: list[Step] = []
    modifies: list[Step] = []
    adds: list[Step] = []
    for recipient, cuts in olds.items():
        new = news.get(recipient)
        if new is not None and new.told:
            deletes += _becoming_own(cuts, new.entry)
        elif new is not None and new.entry.fields and _list_key(new.entry) in defines and _unchanged(cuts, new):
            modifies.append(Step(Verb.MODIFY, new.entry, new.entry))
        elif new is not None and _is_modify(recipient, cuts, new.entry, holders):
            assert cuts[0] is not None
            modifies.append(Step(Verb.MODIFY, cuts[0].entry, new.entry))
        else:
            deletes += _deletes(cuts, new)
            if new is not None and any(old != new for old in cuts):
                adds.append(Step(Verb.ADD, None, new.entry))
    told = [Step(Verb.DEFINE, None, entry) for _, entry in sorted(defines.items())]
    return [*_by_list(deletes), *told, *_by_list(modifies), *_by_list(adds)]


def full(lists: Iterable[tuple[str, str]], entries: Iterable[Entry], defines: Iterable[Entry] = ()) -> list[Step]:
    """A replace for every list, the definitions, then an add for every entry, list by list."""
    replaces = [Step(Verb.REPLACE, None, list_entry(type_, list_)) for type_, list_ in sorted(lists)]
    runs = [list(run) for _, run in groupby(entries, key=_PLACE)]
    runs.sort(key=lambda run: (run[0].type, run[0].list.casefold()))
    told = [Step(Verb.DEFINE, None, entry) for entry in sorted(defines, key=_list_key)]
    return [*replaces, *told, *made(Step, repeat(Verb.ADD), repeat(None), chain.from_iterable(runs))]


def number_steps(steps: Iterable[Step], first: int, key: str) -> Content:
    """The steps with numbers from `first` on, in segments of one list and verb."""
    segments = []
    for list_key, run in groupby(_runs(steps), key=_RUN_KEY):
        for verb, same in groupby(chain.from_iterable(steps for _, steps in run), key=_VERB):
            _, olds, news = zip(*same, strict=True)
            rows = made(Transaction, count(first), repeat(verb), olds, news, repeat(""))
            segments.append(Segment(list_key, tuple(rows)))
            first += len(olds)
    return Content(key, tuple(segments))


def _list_key(entry: Entry) -> ListKey:
    return entry.type, entry.list.casefold()


_VERB, _RUN_KEY, _PLACE = itemgetter(0), itemgetter(0), attrgetter("type", "list")


def _runs(steps: Iterable[Step]) -> Iterator[tuple[ListKey, list[Step]]]:
    """Neighbouring steps whose lists are written alike, with the key of the list."""
    for _, run in groupby(steps, key=lambda step: _PLACE(step.old or step.new)):
        alike = list(run)
        yield alike[0].list_key, alike


def _by_list(steps: list[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.list_key)


def _holders(olds: Mapping[int, Sequence[Held | None]]) -> dict[tuple[str, ...], set[int]]:
    """Which recipients' old lines hold a name or an address: a modify to one of these could meet its holder."""
    holders: dict[tuple[str, ...], set[int]] = {}
    for recipient, cuts in olds.items():
        for old in cuts:
            if old is not None:
                for slot in _slots(old.entry):
                    holders.setdefault(slot, set()).add(recipient)
    return holders


def _slots(entry: Entry) -> tuple[tuple[str, ...], ...]:
    """What only one entry of a list can have: its name, and its address."""
    return (entry.type, entry.list.casefold(), name_key(entry.name)), (entry.type, entry.address.casefold())


def _is_modify(
    recipient: int, cuts: Sequence[Held | None], new: Entry, holders: Mapping[tuple[str, ...], set[int]]
) -> bool:
    first = cuts[0]
    if first is None or first.told or first.entry == new or any(old != first for old in cuts):
        return False
    if (first.entry.type, first.entry.list) != (new.type, new.list):  # KB Q246833
        return False
    return all(holders.get(slot, {recipient}) <= {recipient} for slot in _slots(new))


def _unchanged(cuts: Sequence[Held | None], new: Held) -> bool:
    return all(old == new for old in cuts)


def _deletes(cuts: Sequence[Held | None], new: Held | None) -> list[Step]:
    lines = dict.fromkeys(old.entry for old in cuts if old is not None and old != new)
    return [Step(Verb.DELETE, line, None) for line in lines]


def _becoming_own(cuts: Sequence[Held | None], told: Entry) -> list[Step]:
    """Delete only lines that were sent and differ from what the peer tells itself."""
    sent = dict.fromkeys(old.entry for old in cuts if old is not None and not old.told)
    return [Step(Verb.DELETE, line, None) for line in sent if _bare(line) != _bare(told)]


def _bare(entry: Entry) -> tuple[str, str, str, str]:
    return entry.type, entry.list.casefold(), entry.name, entry.address.casefold()
