"""``import -a``: what comes into the lists comes into the Postoffice Address List, too (KB Q124044, Q137865)."""

from __future__ import annotations

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.ledger.answer import ListKey
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.book import Book
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.polbook import PolBook
from dxa_msmail.requestor.lists import ALIAS_EXISTS, list_key

_WHERE = "in the postoffice's own list"


@attrs.define
class PolImport:
    """Puts transactions that were good for the lists into the own list; its users and groups are never touched."""

    pol: PolBook
    types: AddressTypes

    @classmethod
    def load(cls, files: Files, book: Book, types: AddressTypes) -> PolImport:
        """Read the list; raises `FormatError` 40."""
        return cls(PolBook.load(files, book, types), types)

    def save(self, change: Changing) -> None:
        """Write the list, when all others are written."""
        self.pol.save(change, Book(change, self.types))

    def replace(self, key: ListKey) -> None:
        """Take all addresses of a list out: ``-r`` does so, an R record does not (KB Q112285)."""
        for entry in [entry for entry in self.pol.entries.values() if list_key(entry) == key]:
            self.pol.drop(entry.key)

    def apply(self, row: Transaction) -> str:
        """Put one transaction into the list; returns why that cannot be (27), or nothing."""
        if row.verb is Verb.DELETE and row.old is not None:
            self.pol.drop(row.old.key)
        elif row.verb is Verb.ADD and row.new is not None:
            return self.add(row.new)
        elif row.verb is Verb.MODIFY and row.old is not None and row.new is not None:
            return self._modify(row.old, row.new)
        return ""

    def add(self, entry: Entry) -> str:
        """Add an entry, or give the address this name; returns why that cannot be, or nothing."""
        if not self.pol.is_free(entry):
            return f"{error_text(ALIAS_EXISTS)}: {entry.name}, {_WHERE}"
        self.pol.put(entry._replace(fields=()))
        return ""

    def _modify(self, old: Entry, new: Entry) -> str:
        """KB Q118447: who is modified stays in the list; who was not in it comes into it, as in the others."""
        if not new.address:  # by the name alone (KB Q152424)
            found = self.pol.named(old.name)
            return self.add(found._replace(name=new.name)) if found else ""
        holder = self.pol.named(new.name)
        if not self.pol.is_free(new) and (holder is None or holder.key != old.key):
            return f"{error_text(ALIAS_EXISTS)}: {new.name}, {_WHERE}"
        self.pol.drop(old.key)
        return self.add(new)
