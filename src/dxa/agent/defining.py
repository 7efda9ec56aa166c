"""Which fields the lists of a view have: their definitions, for peers whose lists have such."""

from __future__ import annotations

from collections.abc import Iterable

from dxa.agent.context import LinkWork
from dxa.config import Peer
from dxa.entry import Fields
from dxa.ledger.answer import ListKey
from dxa.ledger.view import FormKey, Line, definition_line


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
