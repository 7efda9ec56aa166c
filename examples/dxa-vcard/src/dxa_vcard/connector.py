"""The connector to a folder of vCards (RFC 2426), one person in each file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import attrs
import vobject

from dxa.connector import LinkContext, Outcome, Parcel, Report, Result
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import AddressError, TransportError


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

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Write and remove cards that bear dxa's mark."""
        entries, marked, _ = self._read()
        others = entries.keys() - marked
        for transaction in parcel.transactions():
            old, new, key = transaction.old, transaction.new, transaction.side.key
            if others & {side.key for side in (old, new) if side is not None}:
                yield Outcome(result=Result.REFUSED, key=key, reason="somebody else's card has this address")
            elif new is not None and not new.name.isprintable():
                yield Outcome(result=Result.REFUSED, key=key, reason="a card's name is text on one line")
            else:
                with reaching(self.folder):
                    if new is not None:
                        self._write(new)
                    if old is not None and (new is None or old.key != key):
                        self._file(old).unlink(missing_ok=True)
                yield Outcome(result=Result.DONE, key=key)
        yield Outcome(result=Result.DONE)

    def settle(self, receipts: Sequence[str]) -> None:
        """Collecting reads the folder anew, so nothing is to be taken away."""

    def _read(self) -> tuple[dict[str, Entry], set[str], list[Reject]]:
        """The entries by key, the keys of those that dxa wrote, and what could not be read."""
        entries: dict[str, Entry] = {}
        marked, rejects = set[str](), list[Reject]()
        with reaching(self.folder):
            for file in sorted(path for path in self.folder.iterdir() if path.suffix == ".vcf"):
                try:
                    card = vobject.readOne(file.read_text(encoding="utf-8"))
                    entry = self._entry(card)
                    if entry.key in entries:
                        raise ValueError(f"{entry.address} is there twice")
                except (vobject.base.VObjectError, ValueError, AttributeError, AddressError) as error:
                    rejects.append(Reject(0, 0, file.name, 0, f"{file.name}: {error}"))
                    continue
                entries[entry.key] = entry
                if "x-dxa" in card.contents:
                    marked.add(entry.key)
        return entries, marked, rejects

    def _entry(self, card: vobject.base.Component) -> Entry:
        address = self.context.types.parse(f"SMTP:{card.email.value}")
        return Entry(self.context.types.key(address), "SMTP", "", card.fn.value, address.value)

    def _write(self, entry: Entry) -> None:
        card = vobject.vCard()
        for name, value in {"fn": entry.name, "email": entry.address, "x-dxa": "1"}.items():
            card.add(name).value = value
        card.add("n").value = vobject.vcard.Name(family=entry.name)
        new = self._file(entry).with_suffix(".new")
        new.write_bytes(card.serialize().encode("utf-8"))
        new.replace(self._file(entry))

    def _file(self, entry: Entry) -> Path:
        return self.folder / f"dxa-{blake2b(entry.key.encode(), digest_size=12).hexdigest()}.vcf"


@contextmanager
def reaching(folder: Path) -> Iterator[None]:
    """What the file system says is why the folder cannot be reached now; the next cycle tries again."""
    try:
        yield
    except OSError as error:
        raise TransportError(f"{folder}: {error.strerror or error}") from error
