"""Which fields the lists of a view have: their definitions, for peers whose lists have such."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from dxa.agent.context import TOO_WIDE, LinkWork
from dxa.config import Peer
from dxa.entry import Fields, Reject
from dxa.ledger.answer import ListKey
from dxa.ledger.view import FormKey, Line, definition_line
from dxa.rules.exports import ExportLine


class Definitions:
    """The definitions that a view shows.

    With an attribute map every list is defined by its prompts. Else a list is defined as its owner tells it, or whoever
    else tells it, and has no values where nobody does.
    """

    def __init__(self, work: LinkWork, peer: Peer) -> None:
        self._types = work.types
        self._mapped = peer.attributes.definition if peer.attributes is not None else None
        self._told = _told(work) if self._mapped is None else {}

    def of(self, type_: str, list_: str) -> Fields:
        """The definition of one list; empty for one that has none, as those of types without values."""
        if type_ not in self._types or not self._types.get(type_).templates:
            return ()
        return self._told.get((type_, list_.casefold()), ()) if self._mapped is None else self._mapped

    def lines(self, lists: Iterable[tuple[str, str]]) -> dict[FormKey, Line]:
        """The rows of a view that define these lists (type, and list as it is written)."""
        defined = ((type_, list_, self.of(type_, list_)) for type_, list_ in lists)
        lines = (definition_line(*each) for each in defined if each[2])
        return {line.form: line for line in lines}


def _told(work: LinkWork) -> dict[ListKey, Fields]:
    """The definitions that peers have told: of two the one of the list's own peer counts, else the first."""
    told: dict[ListKey, tuple[bool, Fields]] = {}
    for peer, entry in work.store.received.definitions():
        key = entry.type, entry.list.casefold()
        owner = peer.casefold().endswith(f"/{entry.list.casefold()}")
        if key not in told or (owner and not told[key][0]):
            told[key] = owner, entry.fields
    return {key: fields for key, (_, fields) in told.items()}


class Misfits:
    """Values that the definitions of a view have no room for, and which are sent empty.

    Each is an open reject until its recipient is looked at again and it fits. They are the same for all peers of the
    view, so one of these has them.
    """

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def note(self, forms: Iterable[ExportLine]) -> None:
        """Look at what a recipient is to be shown as."""
        for form in forms:
            for prompt, length, width in form.too_wide:
                self._found[f"{form.type}:{form.address}\t{prompt}"] = (
                    f"the value of {prompt!r} has {length} characters and its field {width}, so all who are shown "
                    "the entry by these rules get it empty; shorten the value"
                )

    def keep(self, work: LinkWork, peers: Sequence[Peer], seen: Collection[str] | None) -> None:
        """Keep those that are new, and close those that are none any more among the addresses `seen` (None: all)."""
        rejects = work.store.rejects
        standing = rejects.standing(TOO_WIDE) & {peer.id for peer in peers}
        for peer in standing:
            rejects.solve(peer, TOO_WIDE, lambda raw, why: self._found.get(raw) == why or not _among(raw, seen))
        fresh = [
            Reject(0, 0, raw, TOO_WIDE, why)
            for raw, why in self._found.items()
            if not any(rejects.known(peer, raw, why) for peer in standing)
        ]
        if fresh:
            rejects.put(work.link.name, peers[0].id, None, fresh, work.now)
            work.outcome.rejects += len(fresh)


def _among(raw: str, seen: Collection[str] | None) -> bool:
    return seen is None or raw.partition("\t")[0] in seen
