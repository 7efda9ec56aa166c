"""A postoffice as a message folder: what lies in its $SYSTEM mailbag is taken, what is written is submitted.

What is written and removed is collected, and done as one change of the postoffice by `flush`: each change costs as
much as all of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b

import attrs

from dxa.errors import FormatError, LockedError, TransportError
from dxa_msmail import ffapi
from dxa_msmail.postoffice import mailbag
from dxa_msmail.postoffice.layout import encode
from dxa_msmail.postoffice.letters import Letter, check, drop, fetch, submit
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM, FullError, Header
from dxa_msmail.postoffice.maildata import Changing, Files, Maildata
from dxa_msmail.postoffice.mailfiles import mai_head, mai_name
from dxa_msmail.postoffice.messages import letter_of, message_of, set_aside
from dxa_msmail.postoffice.networks import NETWORK, postoffices
from dxa_msmail.postoffice.seen import known, remember

#: When so many bytes have been collected they are written without waiting for `flush`.
BUFFER = 16 << 20

_NAME = re.compile("([0-9A-F]{8})-[0-9A-F]{8}")


def letter_name(files: Files, header: Header) -> str:
    """What a letter in a mailbag is called: its stem, and 8 digits that tell it from another that had the stem.

    They stand for what it says and when it was sent: a CONTROL.GLB from a backup gives stems out once more, and the
    same words are another letter the next day.
    """
    source = mai_name(header.stem)
    try:
        told = encode(attrs.evolve(mai_head(files.read(source), source), count=0))
    except FormatError:
        told = header.raw
    return f"{header.stem}-{zlib.crc32(told):08X}"


def slots_of(files: Files, bag: str, names: set[str]) -> dict[str, list[int]]:
    """The slots of the live headers by these names; a letter can have more than one (KB Q127752)."""
    stems = {name.partition("-")[0] for name in names}
    slots: dict[str, list[int]] = {}
    for slot, header in mailbag.headers(files, bag):
        if header.stem in stems and (name := letter_name(files, header)) in names:
            slots.setdefault(name, []).append(slot)
    return slots


@attrs.frozen
class Queue:
    """What lies in a mailbag: so many letters, the oldest for so many seconds."""

    letters: int
    age: float


@attrs.define
class MailbagFolder:
    """See `dxa_msmail.folder.Folder`. A name is a letter's stem and 8 digits of its contents.

    What was removed is not listed any more, and is removed for good by `flush`. The same name written twice is
    submitted once, also when the postoffice has forgotten the first one long ago: digests of names are kept in
    DXA/SEEN.
    """

    postoffice: Maildata
    clock: Callable[[], float]
    inbox: str = SYSTEM
    outbox: str = INQUEUE
    buffer: int = BUFFER
    _written: dict[str, tuple[Letter, ...]] = attrs.field(factory=dict, init=False)
    _size: int = attrs.field(default=0, init=False)
    _removed: set[str] = attrs.field(factory=set, init=False)

    # -- taking ----------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """See `Folder`; duplicate headers of one letter are one name (KB Q127752)."""
        with self._look() as files:
            found = dict.fromkeys(letter_name(files, header) for _, header in mailbag.headers(files, self.inbox))
        return [name for name in found if name not in self._removed]

    def read(self, name: str) -> bytes:
        """See `Folder`: the letter as a message file; raises `FormatError` 40 for one that is damaged or not ours."""
        stem = _stem(name)
        with self._look() as files:
            try:
                letter = fetch(files, stem)
            except FormatError:
                if name in slots_of(files, self.inbox, {name}):
                    raise
                raise TransportError(f"cannot read {name}: it is not in mailbag {self.inbox} any more") from None
        return message_of(letter)

    def identity(self, name: str) -> str:
        """See `Folder`: a name never stands for two letters."""
        return name

    def remove(self, name: str) -> None:
        """See `Folder`; done by `flush`."""
        _stem(name)
        self._removed.add(name)

    def park(self, name: str, reason: str) -> None:
        """See `Folder`: it is kept as DXA/BAD/name.MSG with its reason in name.WHY."""
        stem = _stem(name)
        with self._change() as change:
            slots = slots_of(change, self.inbox, {name}).get(name)
            if slots:
                set_aside(change, name, stem, reason)
                drop(change, self.inbox, *slots)

    def modified(self, name: str) -> float:
        """See `Folder`: what lies in a mailbag is there in full."""
        return float("-inf")

    # -- submitting ------------------------------------------------------------------------------------------------

    def write(self, name: str, data: bytes) -> None:
        """See `Folder`: a message file is submitted as a letter.

        Raises `TransportError` 8 when the mailbag has no room for it (dx:T-205), `FormatError` for what is no message
        file.
        """
        letters = tuple(self._letters(data))
        if self._size + len(data) > self.buffer:
            self._commit()
        self._require_room(name, len(letters))
        self._written[name] = letters
        self._size += len(data)

    def _letters(self, data: bytes) -> Iterator[Letter]:
        for message in ffapi.parse_all(data):
            if message.trailing.strip(b"\x1a\r\n\0 "):
                got = f"{len(message.trailing)} bytes behind it"
                raise FormatError("more than a message", field="TEXT", expected="the end", got=got)
            letter = letter_of(message, self.clock())
            check(letter)
            yield letter

    def _require_room(self, name: str, wanted: int) -> None:
        with self._look() as files:
            waiting = sum(len(letters) for written, letters in self._written.items() if written != name)
            try:
                mailbag.require_room(files, self.outbox, waiting + wanted)
            except FullError:
                if not known(files, [_digest(name)]):  # what was submitted before needs no room
                    raise

    def along(self, change: Changing) -> None:
        """What else belongs into the change that submits letters; nothing, unless another class knows something."""

    def flush(self) -> None:
        """See `Folder`: one change for all that was written and removed.

        When it raises, nothing of it can be relied on: what was written must be written again.
        """
        try:
            self._commit()
        finally:
            self._written, self._size, self._removed = {}, 0, set()

    def _commit(self) -> None:
        if not self._written and not self._removed:
            return
        with self._change() as change:
            removed = slots_of(change, self.inbox, self._removed) if self._removed else {}
            if removed:
                drop(change, self.inbox, *(slot for slots in removed.values() for slot in slots))
            full = self._submit(change)
        if full:
            raise full
        self._written, self._size, self._removed = {}, 0, set()

    def _submit(self, change: Changing) -> TransportError | None:
        """Submit what there is room for; returns why there was none for the rest."""
        digests, now = {_digest(name): letters for name, letters in self._written.items()}, self.clock()
        done, new = known(change, digests), list[str]()
        full: TransportError | None = None
        for digest, letters in digests.items():
            if digest in done:
                continue
            try:
                mailbag.require_room(change, self.outbox, len(letters))
            except TransportError as error:
                full = error
                break
            for letter in letters:
                submit(change, letter, bag=self.outbox, now=now)
            new.append(digest)
        remember(change, new, now)
        if not full:
            self.along(change)
        return full

    # -- watching --------------------------------------------------------------------------------------------------

    def warnings(self) -> Sequence[str]:
        """See `Folder`."""
        return ()

    def queues(self) -> Mapping[str, Queue | str]:
        """What lies in each mailbag that has something; those of other postoffices by ``NET/PO`` (dx:T-205, T-249).

        Of a damaged mailbag, and of the list of postoffices when that is damaged, the reason why nobody can tell.
        """
        queues: dict[str, Queue | str] = {}
        with self._look() as files:
            try:
                known = {row.mailbag: row.full for row in postoffices(files).values()}
            except FormatError as error:
                known, queues[NETWORK] = {}, str(error)
            for bag in (name.removesuffix(".MBG") for name in files.names("MBG") if name.endswith(".MBG")):
                try:
                    queues[known.get(bag, bag)] = self._queue(files, bag)
                except (FormatError, TransportError) as error:
                    queues[known.get(bag, bag)] = str(error)
        return {name: queue for name, queue in queues.items() if isinstance(queue, str) or queue.letters}

    def _queue(self, files: Files, bag: str) -> Queue:
        arrived = [header.arrived for _, header in mailbag.headers(files, bag)]
        now = self.clock()
        return Queue(len(arrived), max([0.0, *(now - each for each in arrived if each is not None)]))

    # -- the lock --------------------------------------------------------------------------------------------------

    @contextmanager
    def _look(self) -> Iterator[Files]:
        with _waiting(), self.postoffice.look() as files:
            yield files

    @contextmanager
    def _change(self) -> Iterator[Changing]:
        with _waiting(), self.postoffice.change() as change:
            yield change


@contextmanager
def _waiting() -> Iterator[None]:
    """A postoffice that somebody else has locked is one that cannot be reached now."""
    try:
        yield
    except LockedError as error:
        raise TransportError(str(error)) from None


def _stem(name: str) -> str:
    found = _NAME.fullmatch(name)
    if not found:
        raise TransportError(f"{name!r} is not the name of a letter in a mailbag")
    return found[1]


def _digest(name: str) -> str:
    return blake2b(b"submitted\0" + name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
