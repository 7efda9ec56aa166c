"""A parcel becomes objects of the synchronisation container: only those that bear our mark are ever changed.

Each object is looked at as it is now before anything is written, so that a parcel that comes again does nothing twice,
and somebody who has an address meanwhile keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from dxa.connector import Outcome, Result
from dxa.entry import ADDRESSES, Entry, Transaction, Verb
from dxa.errors import AddressError
from dxa_exchange import names
from dxa_exchange.directory import Record
from dxa_exchange.live import filters
from dxa_exchange.live.containers import Container
from dxa_exchange.live.errors import ALREADY_EXISTS, NO_SUCH_OBJECT, ConnectionLost, LdapError
from dxa_exchange.live.identity import Identity
from dxa_exchange.live.interface import Directory, Query
from dxa_exchange.live.values import flat
from dxa_exchange.people.codec import People, Refused
from dxa_exchange.people.faces import Faces
from dxa_exchange.people.holders import Holders

#: So many addresses are looked for by one search.
AT_ONCE = 50
#: So many names are tried for a new object, of which others have the first ones.
TRIES = 100


@attrs.define(kw_only=True)
class Delivery:
    """Writes entries into one directory. `containers` are looked through for who has an address."""

    directory: Directory
    people: People
    faces: Faces
    identity: Identity
    containers: Sequence[Container]
    _holders: Holders = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._holders = Holders(self.people, self.faces)

    def run(self, transactions: Iterable[Transaction]) -> Iterator[Outcome]:
        """What becomes of each; the last one, without a key, is about all of them."""
        wanted = [each for each in transactions if each.verb is not Verb.REPLACE]
        try:
            for at in range(0, len(wanted), AT_ONCE):
                some = wanted[at : at + AT_ONCE]
                self._look_for([side for each in some for side in (each.old, each.new) if side is not None])
                for each in some:
                    yield self._one(each)
        except ConnectionLost as problem:
            yield Outcome(result=Result.RETRY, reason=str(problem))
            return
        yield Outcome(result=Result.DONE)

    def give_back(self, transactions: Iterable[Transaction]) -> Iterator[Outcome]:
        """Give people of the directory addresses that others know them by; nothing else of them is changed."""
        wanted = [each.new for each in transactions if each.new is not None]
        try:
            for at in range(0, len(wanted), AT_ONCE):
                some = wanted[at : at + AT_ONCE]
                self._look_for(some)
                for entry in some:
                    yield self._given(entry)
        except ConnectionLost as problem:
            yield Outcome(result=Result.RETRY, reason=str(problem))
            return
        yield Outcome(result=Result.DONE)

    def _given(self, entry: Entry) -> Outcome:
        found = (each for each in self._holders.foreign(entry) if self.identity.of(each) == entry.anchor)
        person = next(found, None)
        if person is None:
            return Outcome(result=Result.REFUSED, key=entry.key, reason="it is not there any more")
        legacies = [v.partition(":")[2] for n, v in entry.fields if n == ADDRESSES and v.upper().startswith("X500:")]
        try:
            if self.people.back_flow(person, legacies):
                self._give(person, legacies)
        except ConnectionLost:
            raise
        except (Refused, LdapError) as problem:
            return Outcome(result=Result.REFUSED, key=entry.key, reason=str(problem))
        return Outcome(result=Result.DONE, key=entry.key)

    def _give(self, person: Record, legacies: Sequence[str]) -> None:
        """All addresses of the person are replaced, so that those that it has at this moment count."""
        now = self.directory.read(person.dn, self._attributes())
        if now is None or self.identity.of(now) != self.identity.of(person):
            raise Refused(f"{person.dn} is another one now; it is not changed")
        if batch := self.people.back_flow(now, legacies):
            self.directory.modify(now.dn, batch)

    def _one(self, transaction: Transaction) -> Outcome:
        entry = transaction.new or transaction.old
        assert entry is not None
        try:
            self._write(transaction.old, transaction.new)
        except ConnectionLost:
            raise
        except (Refused, AddressError, LdapError) as problem:
            return Outcome(result=Result.REFUSED, key=entry.key, reason=str(problem))
        return Outcome(result=Result.DONE, key=entry.key)

    def _write(self, old: Entry | None, new: Entry | None) -> None:
        before = (self._holders.mine(old) or self._holders.ours(old)) if old is not None else None
        if new is None:
            if before is not None:
                self._delete(before)
            return
        there = self._holders.ours(new)
        if there is not None and before is not None and names.key(there.dn) != names.key(before.dn):
            # Both are ours: the one with the new address stays.
            self._delete(before)
        if (present := there or before) is not None:
            self._modify(present, new)
        else:
            self._add(new)

    # -- who has an address ----------------------------------------------------------------------------------------

    def _look_for(self, entries: Sequence[Entry]) -> None:
        """Who has these addresses now."""
        self._holders.clear()
        wanted = {self.faces.key(entry): entry for entry in entries if entry.address}
        if not wanted:
            return
        found = filters.any_of(
            filters.equal(name, value) for entry in wanted.values() for name, value in self.faces.wanted(entry)
        )
        seen = set[str]()
        for container in self.containers:
            query = Query(container.base, container.scope, found, self._attributes())
            for record in flat(self.directory.search(query)):
                if (dn := names.key(record.dn)) not in seen:
                    seen.add(dn)
                    self._holders.remember(record)

    def _attributes(self) -> tuple[str, ...]:
        return (*self.people.attributes(), *filter(None, [self.identity.attribute]))

    # -- writing ---------------------------------------------------------------------------------------------------

    def _add(self, entry: Entry) -> None:
        tried = set[str]()
        for _ in range(TRIES):
            dn = self.people.dn(entry, tried.__contains__)
            record = self.people.made(entry, dn)
            try:
                self.directory.add(dn, record.attributes)
            except LdapError as problem:
                if problem.code != ALREADY_EXISTS:
                    raise
                tried.add(names.key(dn))
            else:
                self._holders.remember(record)
                return
        raise Refused(f"{TRIES} names like {dn} are taken; give it another name")

    def _modify(self, present: Record, entry: Entry) -> None:
        wanted = self.people.made(entry, present.dn)
        batches = self.people.changes(present, wanted)
        if not batches:
            return
        self._check(present)
        for batch in batches:
            self.directory.modify(present.dn, batch)
        self._holders.forget(present)
        self._holders.remember(wanted)

    def _delete(self, present: Record) -> None:
        if self._check(present):
            try:
                self.directory.delete(present.dn)
            except LdapError as problem:
                if problem.code != NO_SUCH_OBJECT:
                    raise
        self._holders.forget(present)

    def _check(self, present: Record) -> bool:
        """Whether the object is there still; refused when it is not ours any more, or another one has its name."""
        now = self.directory.read(present.dn, self._attributes())
        if now is None:
            return False
        if not self.people.marked(now) or self.identity.of(now) != self.identity.of(present):
            raise Refused(f"{present.dn} bears dxa's mark no more; it is not changed")
        return True
