"""EXTERNAL and bags: letters go into a folder as signed files, and come out of it into INQUEUE3.

A letter that was given is on the disk in the bag before its header here is deleted; one that came is in INQUEUE3, with
the digest of its name, before its file is. So a crash brings a letter again, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import attrs

from dxa.errors import DxaError, FormatError, TransportError
from dxa.signing import PrivateKey, PublicKey
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.bag import Bag
from dxa_msmail.postoffice.mailbag import INQUEUE3, MOST
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.messages import BAD
from dxa_msmail.postoffice.networks import PostofficeRow
from dxa_msmail.postoffice.sealed import Carried, read, write
from dxa_msmail.postoffice.seen import known, remember
from dxa_msmail.programs.external.arriving import Arriving, Item
from dxa_msmail.programs.external.causes import CORRUPT, NO_ROOM
from dxa_msmail.programs.external.mailroom import Waiting
from dxa_msmail.programs.external.returning import Returns
from dxa_msmail.programs.external.transferlog import RECV_LOG, Transfer, received, write_log

#: A file that cannot be used may still be growing, if it was written within so many seconds.
PATIENCE = 60.0


def give(arriving: Arriving, bag: Bag, items: list[Item], key: PrivateKey | None) -> None:
    """Put letters into a bag, for the other side to pass them on; raises `TransportError` for one out of reach."""
    if key is None:
        raise TransportError(
            f"mail for {bag.other} goes into the bag {bag.path}, signed: give EXTERNAL this postoffice's private key "
            "(`dxa msmail external --key file:PATH`; `dxa keygen` makes one)"
        )
    there = set(bag.left())
    for item in items:
        stem, letter, recipients = item.stray.stem, arriving.passed(item), tuple(item.digests)
        if arriving.is_circle(item, recipients):
            continue
        digest = letters.digest_of(item.stray.letter, stem, bag.own, "\n".join(sorted(recipients)))
        carried = Carried(id=digest, sender=bag.own, to=bag.other, letter=letter, recipients=recipients)
        name = bag.name(stem, digest)
        if name not in there and len(there) >= MOST:
            arriving.held = f"the bag {bag.path} has {MOST} letters for {bag.other} that nobody has taken yet"
            item.waits |= dict.fromkeys(recipients, NO_ROOM.told(arriving.held))
            continue
        try:
            data = write(carried, key)
        except FormatError as error:
            item.unknown |= dict.fromkeys(recipients, CORRUPT.told(str(error)))
            continue
        bag.put(name, data)
        there.add(name)
        arriving.count(item, set(recipients), "")
        arriving.new += 1
    bag.flush()


@attrs.define
class Taking:
    """Takes what has come in the bag that is shared with one postoffice; `held` says why some of it is left there."""

    po: Maildata
    row: PostofficeRow
    returns: Returns
    batch: int
    held: str = ""
    _transfers: list[Transfer] = attrs.field(factory=list, init=False)

    def run(self) -> None:
        """Take everything that there is room for. Raises `LockedError`, `TransportError`, `FormatError` for this
        postoffice's own files; what is wrong with the bag, or with a file in it, is a reason to wait.
        """
        bag = self._bag
        try:
            names = bag.come()
        except TransportError as error:
            self.held = str(error)
            return
        while names:
            found = dict(self._load(bag, names))
            with self.po.change() as change:
                done = self._take(change, bag, found)
            self._log()
            try:
                bag.remove(done)
                bag.flush()
            except TransportError as error:  # the next run finds that they have been taken
                self.held = str(error)

    def left(self) -> Iterator[Waiting]:
        """What lies in the bag after the run: what for us had to stay there, and ours that nobody takes."""
        own, bag = self.returns.own, self._bag
        try:
            come, (gone, age) = bag.come(), bag.forgotten(self.returns.now)
            waits = max(0.0, bag.age(come[0], self.returns.now)) if come else 0.0
        except TransportError as error:
            yield Waiting(own, 0, 0.0, self.held or str(error), failed=True)
            return
        if self.held:
            yield Waiting(own, len(come), waits, self.held, failed=True)
        if gone:
            yield Waiting(self.row.full, gone, age, f"nobody has taken them out of the bag {bag.path}")

    @property
    def _bag(self) -> Bag:
        return Bag.of(self.po, self.returns.own, self.row)

    def _load(self, bag: Bag, names: list[str]) -> Iterator[tuple[str, bytes]]:
        """The next files, up to a batch; they are taken from `names`."""
        size = 0
        while names and size < self.batch:
            name = names.pop(0)
            try:
                data = bag.read(name)
            except TransportError as error:
                self.held = str(error)
                continue
            if data is not None:
                size += len(data)
                yield name, data

    def _take(self, change: Changing, bag: Bag, found: dict[str, bytes]) -> list[str]:
        """Returns the names of the files that are to be removed."""
        key = PublicKey.parse(self.row.route.key)
        room = MOST - mailbag.depth(change, INQUEUE3)
        done, new, good = list[str](), dict[str, None](), dict[str, Carried]()
        for name, data in found.items():
            try:
                good[name] = read(data, sender=self.row.full, to=self.returns.own, key=key)
                letters.check(good[name].letter)
            except FormatError as error:
                good.pop(name, None)
                done += [name] if self._spoilt(change, bag, name, data, error) else []
        taken = known(change, map(_digest, good.values()))
        for name, carried in good.items():
            digest = _digest(carried)
            if digest in taken or digest in new:
                self.returns.outcome.settled += 1
            elif len(new) >= room:
                self.held = f"mailbag {INQUEUE3} has no room for what lies in the bag {bag.path}"
                continue
            else:
                self._submit(change, carried)
                new[digest] = None
            done.append(name)
        remember(change, new, self.returns.now)
        return done

    def _submit(self, change: Changing, carried: Carried) -> None:
        letter, recipients = carried.letter, carried.recipients
        stem = letters.submit(change, letter, bag=INQUEUE3, recipients=recipients, now=self.returns.now)
        size = len(letter.body) + sum(len(each.data) for each in letter.attachments)
        self._transfers += [Transfer(letter.sender, to, size, "", stem) for to in recipients]
        self.returns.outcome.fetched[self.row.full] += 1

    def _spoilt(self, change: Changing, bag: Bag, name: str, data: bytes, error: FormatError) -> bool:
        """Keep a file aside that cannot be used; false for one that may still be growing."""
        if abs(bag.age(name, self.returns.now)) < PATIENCE:
            self.held = f"{name}: {error}; it may still be growing"
            return False
        kept = f"{BAD}/{blake2b(data, digest_size=8).hexdigest().upper()}"
        reason = f"{name}: {error}"
        change.write(f"{kept}.EML", data)
        change.write(f"{kept}.WHY", f"{reason}\n".encode("utf-8", "replace"))
        self.returns.journal.warn(f"{reason}; kept as {kept}.EML", error.code or -1)
        self.returns.outcome.aside.append(reason)
        return True

    def _log(self) -> None:
        """One line for each recipient; after a kill one may be missing."""
        transfers, self._transfers = self._transfers, []
        if not transfers:
            return
        try:
            write_log(self.po, RECV_LOG, received(transfers, self.returns.now))
        except DxaError as error:  # the mail has arrived all the same
            self.returns.journal.warn(str(error))


def _digest(carried: Carried) -> str:
    names = (carried.sender.casefold(), carried.to.casefold(), carried.id)
    return blake2b("\0".join(("bag", *names)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
