"""What an Import text says (its reader: `dxa_msmail.importtext`), as values and, for long texts, as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter

import attrs

from dxa.entry import Entry, Reject, Transaction, Verb
from dxa_msmail.importlines import Template, definition_of
from dxa_msmail.ordinary import Run

_NUMBER = attrgetter("number")


@attrs.frozen(kw_only=True)
class Others:
    """Neighbouring records that are no run of ordinary lines: transactions with their lines, and definitions."""

    lines: list[int] = attrs.field(factory=list)
    transactions: list[Transaction] = attrs.field(factory=list)
    templates: list[Template] = attrs.field(factory=list)

    @property
    def numbers(self) -> Sequence[int]:
        """The sync numbers of the transactions."""
        return list(map(_NUMBER, self.transactions))

    @property
    def entries(self) -> Sequence[Entry]:
        """What the transactions are about: the new ones, or those that go."""
        return [row.side for row in self.transactions]

    @property
    def raws(self) -> Sequence[str]:
        """The transactions as they came."""
        return [row.raw for row in self.transactions]

    @property
    def counts(self) -> Counter[Verb]:
        """How many of each kind there are."""
        return Counter(row.verb for row in self.transactions)


@attrs.frozen(kw_only=True)
class Records:
    """What a text says, in `parts` as they follow each other.

    `told` is the highest sync number of a record outside of runs that could be told for one, usable or not.
    """

    parts: Sequence[Run | Others] = ()
    rejects: list[Reject] = attrs.field(factory=list)
    told: int = 0

    @cached_property
    def transactions(self) -> list[Transaction]:
        """All of them; whoever needs one column of a hundred thousand asks the parts."""
        return list(chain.from_iterable([part.transactions for part in self.parts]))

    @cached_property
    def lines(self) -> list[int]:
        """The line of each transaction."""
        return list(chain.from_iterable([part.lines for part in self.parts]))

    @cached_property
    def templates(self) -> list[Template]:
        """The definitions of lists."""
        return [each for part in self.parts if isinstance(part, Others) for each in part.templates]

    @cached_property
    def numbers(self) -> list[int]:
        """The sync number of each transaction."""
        return list(chain.from_iterable([part.numbers for part in self.parts]))

    @property
    def counts(self) -> Counter[Verb]:
        """How many transactions of each kind there are."""
        return sum([part.counts for part in self.parts], Counter[Verb]())

    @property
    def last_number(self) -> int:
        """The highest sync number of a record that could be told for one, usable or not.

        A peer that saw a lower one would send the rest again for ever, and a number in the rubble of a damaged file
        must not acknowledge what never arrived (dx:T-073).
        """
        return max(self.told, max(self.numbers, default=0))

    def defined(self) -> Records:
        """The same with the definitions of lists among the transactions, where they stand."""
        if not self.templates:
            return self
        rows = [*zip(self.lines, self.transactions, strict=True), *((t.line, definition_of(t)) for t in self.templates)]
        rows.sort(key=itemgetter(0))
        lines, transactions = [line for line, _ in rows], [row for _, row in rows]
        return attrs.evolve(self, parts=[Others(lines=lines, transactions=transactions)])
