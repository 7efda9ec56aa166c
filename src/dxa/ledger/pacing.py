"""A peer's limit: what an answer takes on the wire, about, and how far an update may go so that it keeps to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dxa.entry import Transaction, Verb
from dxa.ledger.answer import Content, ListKey, Step

#: What a value takes beside its prompt and its text: the mark of its line, the slash, and the line's end.
VALUE_BYTES = 5


def size_of(steps: Iterable[Step | Transaction], each: int) -> int:
    """What these take in bytes, `each` for one of them without its values."""
    return sum(each + sum(len(prompt) + len(value) + VALUE_BYTES for prompt, value in _fields(step)) for step in steps)


def content_size(content: Content, own: frozenset[ListKey], each: int, *, values: bool) -> int:
    """What a peer with these lists gets of it in bytes; without `values` there are none in it."""
    return size_of(content.without(own), each) if values else content.count(own) * each


def furthest(
    numbers: Sequence[int], steps: Callable[[int], list[Step]], fits: Callable[[list[Step]], bool]
) -> tuple[int, list[Step]] | None:
    """The furthest of these positions of a view whose update fits, the first at least; None when there are none.

    Where not even the first fits, the furthest whose update has no more steps: a definition comes with everybody in its
    list, and so with the changes that it has made necessary, which stand behind it.
    """
    if not numbers:
        return None
    low, high = 0, len(numbers) - 1
    best = steps(numbers[0])
    most = 0 if fits(best) else len(best)
    while low < high:
        middle = (low + high + 1) // 2
        tried = steps(numbers[middle])
        if len(tried) <= most if most else fits(tried):
            low, best = middle, tried
        else:
            high = middle - 1
    return numbers[low], best


def why_whole(content: Content, own: frozenset[ListKey]) -> str:
    """Why an update that is above a limit was not divided."""
    defined = [
        f"{segment.list_key[0]}:{segment.transactions[0].side.list}"
        for segment in content.segments
        if segment.transactions[0].verb is Verb.DEFINE and segment.list_key not in own
    ]
    if not defined:
        return "no part of it would leave the peer with a list that anybody could have"
    lists = f"the list {defined[0]}" if len(defined) == 1 else f"{len(defined)} lists, {defined[0]} the first,"
    # KB Q125920: a definition discards all values of its list.
    return f"the definition of {lists} has changed, and all values have to come behind it in the same message"


def _fields(step: Step | Transaction) -> Iterable[tuple[str, str]]:
    return step.new.fields if step.new is not None else ()
