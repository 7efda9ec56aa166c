"""What leads a peer from what it may hold, its cuts, to what its view shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dxa.entry import Entry
from dxa.ledger.answer import Cut, Held, ListKey, Pick, Step, definitions, redefined, shown, update
from dxa.ledger.view import LISTS, Line
from dxa.store import Store, ViewRow

History = Mapping[int, Sequence[tuple[Line, int, int | None]]]
ToldHistory = Mapping[int, Sequence[tuple[Entry, int, int | None]]]


class Leading:
    """The cuts of some peers, and the steps that lead on from them."""

    def __init__(self, store: Store, peers: Sequence[str], *, mutual: bool = False) -> None:
        self.store, self.mutual = store, mutual
        self.cuts = store.cuts.of(peers)
        self.tellers = store.received.tellers(peers)

    def steps(self, view: ViewRow, head: int, pick: Pick, cuts: Sequence[Cut], alone: str) -> list[Step]:
        """The steps from whichever of the cuts it holds to what the view shows at `head`.

        `alone` is the peer, if it tells lines outside its own lists, for these are its own as well.
        """
        cuts = [cut if pick.past(cut.pick) is cut.pick else cut._replace(pick=pick.past(cut.pick)) for cut in cuts]
        same = all(cut.view == view.id and cut.pick == pick for cut in cuts)
        if same and not alone and all(cut.at == head for cut in cuts):
            return []
        if same:
            oldest = min(cut.at for cut in cuts)
            recipients = set(self.store.views.touched(view.id, oldest, head))
            if alone:
                recipients |= set(self.store.received.told_since(alone, min(cut.number for cut in cuts)))
            lines = {view.id: self.store.views.history(view.id, recipients, min(oldest, head))}
            if defines := _redefined(lines, view.id, head, pick, cuts):
                fresh = self.in_lists(view, head, defines) - recipients
                recipients |= fresh
                lines[view.id] |= self.store.views.history(view.id, fresh, min(oldest, head))
        else:
            # Another view or pick: everything may look different.
            oldest = min(cut.at for cut in cuts)
            lines = {id_: self.store.views.history_all(id_, oldest) for id_ in {view.id, *(cut.view for cut in cuts)}}
            recipients = set().union(*(history.keys() for history in lines.values()))
            defines = _redefined(lines, view.id, head, pick, cuts)
        recipients.discard(LISTS)
        told = self.store.received.told_history(alone, recipients) if alone else {}
        return update(*_held(recipients, lines, told, view.id, head, pick, cuts, apart=self.mutual), defines)

    def in_lists(self, view: ViewRow, head: int, lists: Mapping[ListKey, Entry]) -> set[int]:
        """Everybody whom the view shows in these lists at `head`."""
        views = self.store.views
        if head == view.head:
            shown_ = views.live_of(view.id, [(entry.type, entry.list) for entry in lists.values()])
        else:
            shown_ = (line for line in views.at(view.id, head) if line.list_key in lists)
        return {line.recipient for line in shown_} - {LISTS}


def _redefined(
    lines: Mapping[int, History], view: int, head: int, pick: Pick, cuts: Sequence[Cut]
) -> dict[ListKey, Entry]:
    """The definitions that lead from whichever of the cuts to `head`."""

    def at(of: int, number: int, by: Pick) -> dict[ListKey, Entry]:
        return definitions((line.entry() for line in _alive(lines[of].get(LISTS, ()), number)), by)

    olds = [at(*place) for place in dict.fromkeys((cut.view, cut.at, cut.pick) for cut in cuts)]
    return redefined(olds, at(view, head, pick), pick)


def _held(
    recipients: Iterable[int],
    lines: Mapping[int, History],
    told: ToldHistory,
    view: int,
    head: int,
    pick: Pick,
    cuts: Sequence[Cut],
    *,
    apart: bool,
) -> tuple[dict[int, list[Held | None]], dict[int, Held | None]]:
    """What the peer may hold of each recipient at its cuts, and what it should hold.

    With `apart` its own entries are no part of that.
    """
    olds: dict[int, list[Held | None]] = {}
    news: dict[int, Held | None] = {}
    places = list(dict.fromkeys((cut.view, cut.at, cut.pick, cut.number if told else 0) for cut in cuts))
    for recipient in recipients:
        own = told.get(recipient, ())
        news[recipient] = _one(own, None, lines[view].get(recipient, ()), head, pick, apart)
        olds[recipient] = [
            _one(own, number, lines[place].get(recipient, ()), at, cut_pick, apart)
            for place, at, cut_pick, number in places
        ]
    return olds, news


def _one(
    own: Sequence[tuple[Entry, int, int | None]],
    number: int | None,
    rows: Sequence[tuple[Line, int, int | None]],
    at: int,
    pick: Pick,
    apart: bool,
) -> Held | None:
    for entry, since, until in own:
        if until is None if number is None else since <= number and (until is None or number < until):
            return None if apart else Held(entry._replace(key=""), told=True)
    entry_ = shown(_alive(rows, at), pick)
    return None if entry_ is None else Held(entry_)


def _alive(rows: Sequence[tuple[Line, int, int | None]], at: int) -> Iterator[Line]:
    return (line for line, since, until in rows if since <= at and (until is None or at < until))
