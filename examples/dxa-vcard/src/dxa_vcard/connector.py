"""The connector to a folder of vCards (RFC 2426), one person in each file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import attrs
import vobject

from dxa.connector import LinkContext, Outcome, Parcel, Report, Result
from dxa.disk import sync_folder, trying, write_whole
from dxa.entry import Entry, Reject, Transaction, Verb


@attrs.frozen(kw_only=True)
class Options:
    """``[links.NAME.vcard]``."""

    folder: str = attrs.field(default="cards", metadata={"doc": "folder of the vCards, from the site's folder on"})


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
        with trying(f"read {self.folder}"):
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
                    marked |= {key} if "x-dxa" in card.contents else set()
                except Exception as error:  # vobject raises errors of many kinds
                    rejects.append(Reject(0, 0, text, 0, f"{file.name}: {error}"))
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
                with trying(f"write to {self.folder}"):
                    if new:
                        write_whole(self._file(new), written(new), sync=False)
                    if old and (not new or old.key != key):
                        self._file(old).unlink(missing_ok=True)
                yield Outcome(result=Result.DONE, key=key)

    def _file(self, entry: Entry) -> Path:
        """A name that is made of the entry's key: the same each time, and never a path to anywhere else."""
        return self.folder / f"dxa-{blake2b(entry.key.encode(), digest_size=12).hexdigest()}.vcf"

    def settle(self, receipts: Sequence[str]) -> None:
        """Nothing is to be taken away; that files have come and gone is made durable."""
        with trying(f"write to {self.folder}"):
            sync_folder(self.folder)


def written(entry: Entry) -> bytes:
    """The entry's card, with dxa's mark."""
    card = vobject.vCard()
    for name, value in {"fn": entry.name, "email": entry.address, "x-dxa": "1"}.items():
        card.add(name).value = value
    card.add("n").value = vobject.vcard.Name(family=entry.name)
    return str(card.serialize()).encode("utf-8")
