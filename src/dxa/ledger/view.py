"""The view: the numbered history of what a set of peers should see.

A view row shows one recipient in one form. A change ends one row and starts another; each transition has a number of
its own, so the names of a list are unique at every number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import repeat
from typing import NamedTuple

from dxa.bulk import made
from dxa.entry import Entry, Fields
from dxa.rules.naming import NameLimits, Names, name_key

#: (recipient, the type that this form stands in for, or ""): a recipient has one row per form.
FormKey = tuple[int, str]
#: The recipient of rows that are about lists themselves: the definition of each list is a form of its own.
LISTS = 0


class Wish(NamedTuple):
    """What a recipient should look like in one form, before its name is made unique."""

    type: str
    instead_of: str
    list: str
    name: str
    address: str
    fields: Fields
    owner: str


class Line(NamedTuple):
    """A row of a view without its numbers. `wanted` is the name before it was made unique."""

    recipient: int
    type: str
    instead_of: str
    list: str
    name: str
    address: str
    fields: Fields
    owner: str
    wanted: str

    @property
    def form(self) -> FormKey:
        """Which form of which recipient this row is."""
        return self.recipient, self.instead_of

    @property
    def slot(self) -> tuple[str, str, str]:
        """What must be unique among the living rows of a view."""
        return self.type, self.list.casefold(), name_key(self.name)

    @property
    def list_key(self) -> tuple[str, str]:
        """The list that it stands in: type, and name in folded case."""
        return self.type, self.list.casefold()

    def entry(self, templates: bool = True) -> Entry:
        """The row as it is written on a wire."""
        return Entry("", self.type, self.list, self.name, self.address, self.fields if templates else ())


class Shown(NamedTuple):
    """Neighbouring rows of one list and form in columns (see `Line`), without what only the view needs."""

    type: str
    instead_of: str
    list: str
    recipients: Sequence[int]
    names: Sequence[str]
    addresses: Sequence[str]
    fields: Sequence[Fields]

    def entries(self, templates: bool) -> Iterator[Entry]:
        """The rows as they are written on a wire, see `Line.entry`."""
        extra = self.fields if templates else repeat(())
        where = repeat(""), repeat(self.type), repeat(self.list)
        return made(Entry, *where, self.names, self.addresses, extra, repeat(""))


def definition_line(type_: str, list_: str, fields: Fields) -> Line:
    """The row that says which fields the entries of a list have (`dxa.entry.definition`)."""
    form = blake2b(f"{type_}:{list_.casefold()}".encode(), digest_size=9).hexdigest()
    return Line(LISTS, type_, form, list_, "", "", fields, "", "")


class Transition(NamedTuple):
    """One numbered step of a view: a row ends, a row starts, or both."""

    number: int
    ended: Line | None
    started: Line | None


def settle_names(
    live: Mapping[FormKey, Line], wishes: Mapping[FormKey, Wish], names: Names, limits: NameLimits
) -> dict[FormKey, Line]:
    """The rows that the wishes become: a row keeps its name while what was wished for stays (dx:T-034).

    `live` and `wishes` hold the touched forms only; `names` knows the names that all living rows of these lists hold.
    """
    kept = {form: line for form, line in live.items() if form in wishes and _keeps_name(line, wishes[form])}
    for form, line in live.items():
        if form not in kept:  # dx:T-080, Q192514: a name is free before anybody asks for it
            names.release((line.type, line.list), line.name)
    result = {}
    # Those that were there before choose first, so that a newcomer never renames an old entry.
    for form in [form for form in wishes if form in live] + [form for form in wishes if form not in live]:
        type_, instead_of, list_, wanted, address, fields, owner = wishes[form]
        name = kept[form].name if form in kept else names.claim((type_, list_), wanted, limits)
        result[form] = Line(form[0], type_, instead_of, list_, name, address, fields, owner, wanted)
    return result


def _keeps_name(line: Line, wish: Wish) -> bool:
    return line.wanted == wish.name and line.type == wish.type and line.list.casefold() == wish.list.casefold()


def advance(live: Mapping[FormKey, Line], after: Mapping[FormKey, Line], number: Callable[[], int]) -> list[Transition]:
    """The transitions from the touched living rows to `after`: deletes, then modifies, then adds.

    A changed type or list is a delete and an add (KB Q246833); so is a new name that another living row still holds
    at that moment, because a modify would give two rows one name.
    """
    ended: list[Line] = []
    modified: list[tuple[Line, Line]] = []
    started: list[Line] = []
    for form, line in live.items():
        new = after.get(form)
        if new is None:
            ended.append(line)
        elif new != line:
            if (new.type, new.list) == (line.type, line.list):
                modified.append((line, new))
            else:
                ended.append(line)
                started.append(new)
    started += [line for form, line in after.items() if form not in live]
    steps, late = _modifies(modified)
    pairs: Iterable[tuple[Line | None, Line | None]] = [
        *((line, None) for line in ended),
        *steps,
        *((None, line) for line in [*late, *started]),
    ]
    return [Transition(number(), old, new) for old, new in pairs]


def _modifies(pairs: list[tuple[Line, Line]]) -> tuple[list[tuple[Line, Line | None]], list[Line]]:
    """Modifies in order; where the new name is still held, the row ends now and starts again among the adds."""
    held = {old.slot: old.form for old, _ in pairs}
    steps: list[tuple[Line, Line | None]] = []
    late: list[Line] = []
    for old, new in pairs:
        if held.get(new.slot, new.form) != new.form:
            steps.append((old, None))
            late.append(new)
        else:
            steps.append((old, new))
            held[new.slot] = new.form
        if old.slot != new.slot or steps[-1][1] is None:
            held.pop(old.slot, None)
    return steps, late
