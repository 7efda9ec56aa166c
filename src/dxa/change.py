"""Changes: the difference between two states of a keyed collection, and its application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Generic, TypeVar

import attrs

from dxa.entry import Verb

K = TypeVar("K")
V = TypeVar("V")


# Not frozen by attrs, for the same reason as `Recipient`.
@attrs.define(unsafe_hash=True)
class Change(Generic[K, V]):
    """What happens to one key: from `before` (None: was not there) to `after` (None: will not be there)."""

    key: K
    before: V | None
    after: V | None
    #: For people: what it comes from.
    reason: str = ""

    @property
    def verb(self) -> Verb:
        """Add, modify or delete, as the two sides say."""
        if self.before is None:
            return Verb.ADD
        return Verb.DELETE if self.after is None else Verb.MODIFY

    def inverse(self) -> Change[K, V]:
        """The change that takes this one back."""
        return Change(self.key, self.after, self.before, f"undo: {self.reason}" if self.reason else "undo")


def counted(changes: Collection[Change[Any, Any]]) -> Counter[Verb]:
    """How many changes of each kind there are."""
    adds = sum([change.before is None for change in changes])
    deletes = sum([change.after is None for change in changes if change.before is not None])
    counts = {Verb.ADD: adds, Verb.MODIFY: len(changes) - adds - deletes, Verb.DELETE: deletes}
    return Counter({verb: count for verb, count in counts.items() if count})


def in_order(changes: Iterable[Change[K, V]]) -> list[Change[K, V]]:
    """Deletes first, then modifies, then adds, so that a freed name or address can be used again (dx:T-080)."""
    deletes: list[Change[K, V]] = []
    modifies: list[Change[K, V]] = []
    adds: list[Change[K, V]] = []
    for change in changes:
        (deletes if change.after is None else adds if change.before is None else modifies).append(change)
    return deletes + modifies + adds


def diff(before: Mapping[K, V], after: Mapping[K, V]) -> list[Change[K, V]]:
    """What leads from one state to the other: deletes, then modifies, then adds, each in the order of its mapping."""
    gone = [Change(k, v, None) for k, v in before.items() if k not in after]
    modified = [Change(k, v, after[k]) for k, v in before.items() if k in after and after[k] != v]
    new = [Change(k, None, v) for k, v in after.items() if k not in before]
    return [*gone, *modified, *new]


def apply(state: Mapping[K, V], changes: Iterable[Change[K, V]]) -> dict[K, V]:
    """The state after the changes; raises ValueError when a change does not fit what it finds."""
    result = dict(state)
    for change in changes:
        if result.get(change.key) != change.before:
            raise ValueError(f"{change.key!r}: expected {change.before!r}, found {result.get(change.key)!r}")
        if change.after is None:
            del result[change.key]
        else:
            result[change.key] = change.after
    return result
