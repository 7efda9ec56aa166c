"""Generated addresses: those that templates give are made unique before anything is applied."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import attrs

from dxa.agent.context import LinkWork
from dxa.change import Change
from dxa.entry import ADDRESSES
from dxa.recipient import Recipient
from dxa.rules.addressing import settle_proxies
from dxa.rules.imports import further_addresses
from dxa.rules.resting import Rest, freed, keys_of
from dxa.store import PendingRow


def settle_generated(
    work: LinkWork,
    changes: list[Change[str, Recipient]],
    rows: Mapping[str, PendingRow],
    claimed: Collection[str],
    free: Collection[str],
) -> None:
    """Give the recipients of one peer's changes, in place, addresses that nobody else has.

    `rows` are what the peer has told, by the keys of the changes. The native addresses are `claimed`; `free` are those
    that end with the changes.
    """
    _Generated(work, changes, rows, claimed, free).settle()


class _Generated:
    """The addresses that the changes of one peer wish for."""

    def __init__(
        self,
        work: LinkWork,
        changes: list[Change[str, Recipient]],
        rows: Mapping[str, PendingRow],
        claimed: Collection[str],
        free: Collection[str],
    ) -> None:
        self.work, self.types = work, work.types
        self.changes, self.rows, self.claimed, self.free = changes, rows, claimed, free

    def settle(self) -> None:
        """Generated addresses are made unique; native ones never change (dx:T-084)."""
        generating = [
            (i, c.after) for i, c in enumerate(self.changes) if c.after is not None and len(c.after.proxies) > 1
        ]
        wished = {self.types.key(proxy) for _, after in generating for proxy in after.proxies}
        held = self.work.store.directory.holders(wished)
        taken = set(self.claimed)
        resting = self.resting(wished)
        hints: dict[str, int] = {}
        for index, wish in generating:
            change = self.changes[index]
            native = self.rows[change.key].entry.key
            had = keys_of(change.before, self.types)
            # What it had as its native address may be another one's now.
            own = {key for key in had if key == native or key not in self.claimed}
            stated = self.stated(change.key)

            def used(key: str, own: set[str] = own, wish: Recipient = wish, stated: set[str] = stated) -> bool:
                rest = resting(key) if key not in own and key not in stated else None
                if rest is not None and not rest.was_of(wish, self.types):
                    return True
                if key in taken and key not in own:
                    return True
                if key not in wished:
                    wished.add(key)
                    held.update(self.work.store.directory.holders([key]))
                return key in held and key not in own and key not in self.free

            wish = self.without_taken(stated - {native}, wish, used)
            after = settle_proxies(wish, types=self.types, taken=used, hints=hints)
            taken.update(keys_of(after, self.types))
            if after != change.after:
                self.changes[index] = attrs.evolve(change, after=after)

    def stated(self, row: str) -> set[str]:
        """The keys of the addresses that the peer has told of the entry."""
        entry = self.rows[row].entry
        texts = [value for name, value in entry.fields if name == ADDRESSES]
        return {entry.key, *(self.types.key(address) for address in further_addresses(texts, self.types))}

    def resting(self, wished: Iterable[str]) -> Callable[[str], Rest | None]:
        """Whose an address was that rests: what is stored, and what these changes free; no generated one is given it.

        `wished` are the keys that are asked for first.
        """
        days, now = self.work.addressing.rest_days, self.work.now
        if not days:
            return lambda _key: None
        known: dict[str, Rest | None] = dict.fromkeys(wished)
        known |= self.work.store.resting.of(known, now) | freed(self.changes, self.types, now, days)

        def rest(key: str) -> Rest | None:
            if key not in known:
                known[key] = self.work.store.resting.of([key], now).get(key)
            return known[key]

        return rest

    def without_taken(self, stated: set[str], wish: Recipient, used: Callable[[str], bool]) -> Recipient:
        """The recipient without those further addresses that the peer has told and somebody else has.

        They are not made unique: the peer knows nothing of another one.
        """
        lost = set(filter(used, stated))
        if not lost:
            return wish
        return attrs.evolve(wish, proxies=tuple(p for p in wish.proxies if self.types.key(p) not in lost))
