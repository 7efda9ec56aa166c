"""The connector to a folder of vCards (RFC 2426), one person in each file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import attrs
import vobject

from dxa.connector import LinkContext, Outcome, Parcel, Report, Result
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import TransportError


@attrs.frozen(kw_only=True)
class Options:
    """``[links.NAME.vcard]``."""

    folder: str = attrs.field(default="cards", metadata={"doc": "folder of the vCards, from the site's folder on"})


@contextmanager
def reaching(folder: Path) -> Iterator[None]:
    """What the file system says is why the folder cannot be reached now; the next cycle tries again."""
    try:
        yield
    except OSError as error:
        raise TransportError(f"{folder}: {error.strerror or error}") from error


class CardFolder:
    """See `dxa.connector.Connector`."""

    def __init__(self, context: LinkContext) -> None:
        self.context = context
        self.folder: Path = context.folder / context.options.folder

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """Everybody in the folder, those with dxa's mark among them."""
        entries, marked, rejects = self._read()
        yield Report(
            sender=self.context.link,
            receipt="",
            lists=frozenset({("SMTP", "")}),
            transactions=[Transaction(0, Verb.ADD, None, entry) for entry in entries.values()],
            rejects=rejects,
            marked=frozenset(marked),
        )

    def _read(self) -> tuple[dict[str, Entry], set[str], list[Reject]]:
        """The entries by key, the keys of those with dxa's mark, and what could not be read."""
        entries: dict[str, Entry] = {}
        marked, rejects = set[str](), list[Reject]()
        with reaching(self.folder):
            for file in sorted(path for path in self.folder.iterdir() if path.suffix == ".vcf"):
                text = file.read_bytes().decode("utf-8", "replace")
                try:
                    (card,) = vobject.readComponents(text)
                    if "email" not in card.contents:
                        continue  # nobody can write to this person
                    address = self.context.types.parse(f"SMTP:{card.email.value}")
                    key = self.context.types.key(address)
                    if key in entries:
                        raise ValueError(f"{address} has another card")
                    entries[key] = Entry(key, "SMTP", "", card.fn.value, address.value)
                except Exception as error:  # vobject raises errors of many kinds
                    rejects.append(Reject(0, 0, text, 0, f"{file.name}: {error}"))
                else:
                    marked |= {key} if "x-dxa" in card.contents else set()
        return entries, marked, rejects

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Write and remove cards that bear dxa's mark."""
        entries, marked, _ = self._read()
        others = entries.keys() - marked
        for transaction in parcel.transactions():
            old, new, key = transaction.old, transaction.new, transaction.side.key
            if others & {side.key for side in (old, new) if side}:
                yield Outcome(result=Result.REFUSED, key=key, reason="somebody else's card has this address")
            elif new and not new.name.isprintable():
                yield Outcome(result=Result.REFUSED, key=key, reason="a card's name is text on one line")
            else:
                with reaching(self.folder):
                    if new:
                        self._write(new)
                    if old and (not new or old.key != key):
                        self._file(old).unlink(missing_ok=True)
                yield Outcome(result=Result.DONE, key=key)

    def _write(self, entry: Entry) -> None:
        """All of the card or nothing of it, whenever the power fails."""
        card = vobject.vCard()
        for name, value in {"fn": entry.name, "email": entry.address, "x-dxa": "1"}.items():
            card.add(name).value = value
        card.add("n").value = vobject.vcard.Name(family=entry.name)
        new = self._file(entry).with_suffix(".new")
        new.write_bytes(card.serialize().encode("utf-8"))
        durable(new)
        new.replace(self._file(entry))

    def _file(self, entry: Entry) -> Path:
        """A name that is made of the entry's key: the same each time, and never a path to anywhere else."""
        return self.folder / f"dxa-{blake2b(entry.key.encode(), digest_size=12).hexdigest()}.vcf"

    def settle(self, receipts: Sequence[str]) -> None:
        """Nothing is to be taken away; that files have come and gone is made durable."""
        with reaching(self.folder):
            durable(self.folder)


def durable(path: Path) -> None:
    """Wait until a file, or which files there are in a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
