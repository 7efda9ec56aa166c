"""Addresses that somebody had, and whose they may be again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import attrs

from dxa.address import AddressTypes
from dxa.change import Change
from dxa.recipient import Recipient

DAY = 86_400.0


@attrs.frozen(kw_only=True)
class Rest:
    """An address that somebody had: `recipient` with that name and native address (its key), and until when it rests.

    Until then it is given to nobody else unasked: who has the old one in a personal address book would write to another
    person (KB Q118459).
    """

    recipient: int
    native: str
    name: str
    until: float

    @classmethod
    def of(cls, recipient: Recipient, types: AddressTypes, now: float, days: float) -> Rest:
        """The rest of what this recipient lets go of now."""
        native = types.key(recipient.target) if recipient.target is not None else ""
        return cls(recipient=recipient.id, native=native, name=recipient.name, until=now + days * DAY)

    def was_of(self, recipient: Recipient, types: AddressTypes) -> bool:
        """Whether it was this very recipient's, or the same peer's entry comes back: by its address and its name.

        A name alone is nobody: two people may have it, one after the other.
        """
        if recipient.id and recipient.id == self.recipient:
            return True
        native = types.key(recipient.target) if recipient.target is not None else ""
        return bool(native) and (native, recipient.name.casefold()) == (self.native, self.name.casefold())

    def said(self, key: str) -> str:
        """The address key, with whom it belonged to and how long it rests, for people."""
        day = datetime.fromtimestamp(self.until, UTC).date()
        return f"{key} belonged to {self.name!r} (recipient {self.recipient}) and rests until {day}"


def keys_of(recipient: Recipient | None, types: AddressTypes) -> Iterator[str]:
    """The keys of all addresses of a recipient; of nobody, none."""
    if recipient is not None:
        yield from map(types.key, recipient.proxies)
        if recipient.target is not None:
            yield types.key(recipient.target)


def freed(changes: Iterable[Change[str, Recipient]], types: AddressTypes, now: float, days: float) -> dict[str, Rest]:
    """The keys of the addresses that these changes take from somebody, with whose they were."""
    return {
        key: Rest.of(change.before, types, now, days)
        for change in changes
        if change.before is not None
        for key in set(keys_of(change.before, types)) - set(keys_of(change.after, types))
    }
