"""The lists of a postoffice: what a reply makes of those of others, and what its own people changed in its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from dxa.change import diff
from dxa.entry import Entry, Fields, Reject, Transaction, Verb, definition_key, is_definition, list_entry
from dxa.ledger.answer import ListKey
from dxa.ledger.received import by_default, merge_fields, with_defaults
from dxa.rules.naming import name_key, name_keys
from dxa_msmail.errors import message as error_text

#: The entries of each list by their keys.
Lists = Mapping[ListKey, Mapping[str, Entry]]

ALIAS_EXISTS, NO_ALIAS, LOCAL_IGNORED = 27, 29, 66


def list_key(entry: Entry) -> ListKey:
    """The list that an entry stands in."""
    return entry.type, entry.list.casefold()


def entry_key(entry: Entry) -> str:
    """The key of an entry, also of one that was not read but made."""
    return entry.key or f"{entry.type}:{entry.address.casefold()}"


@attrs.define
class Applying:
    """The server's lists while transactions are put into them.

    The lists of before stay as they are. Inside a list names are unique (error 27); `own` is the postoffice's own
    list, which nobody else changes (error 66).
    """

    own: ListKey
    before: Lists
    #: A modify of what is not there counts as an add; real postoffices ignore it (error 29).
    upserts: bool = True
    lists: dict[ListKey, dict[str, Entry]] = attrs.field(factory=dict)
    rejects: list[Reject] = attrs.field(factory=list)
    _names: dict[ListKey, dict[str, str]] = attrs.field(factory=dict)

    def clear(self) -> None:
        """Forget all lists: what comes now is everything."""
        self.before, self.lists, self._names = {}, {}, {}

    def result(self) -> dict[ListKey, Mapping[str, Entry]]:
        """All lists as they are now, without empty ones that were never named."""
        return {**self.before, **self.lists}

    def apply(self, transaction: Transaction) -> None:
        """Put one transaction into the lists."""
        entry = transaction.side
        if list_key(entry) == self.own:
            self._refuse(transaction, LOCAL_IGNORED)
        elif transaction.verb is Verb.REPLACE:
            self.lists[list_key(entry)] = {}
            self._names[list_key(entry)] = {}
        elif transaction.verb is Verb.DEFINE:
            self._define(entry)
        elif transaction.verb is Verb.DELETE:
            self._drop(entry)
        elif transaction.verb is Verb.ADD:
            if defined := self._definition_of(entry):
                entry = entry._replace(fields=with_defaults(entry.fields, defined))
            self._put(entry, transaction)
        else:
            self._modify(transaction)

    def add_all(self, entries: Sequence[Entry]) -> bool:
        """Put the entries of many adds to one list into it, unless that needs care: then nothing is done."""
        where = list_key(entries[0])
        keys = [entry.key for entry in entries]
        new = dict(zip(keys, entries, strict=True))
        names = dict(zip(name_keys([entry.name for entry in entries]), keys, strict=True))
        if where == self.own or not all(keys) or min(len(new), len(names)) < len(keys):
            return False
        if not (
            self._list(where).keys().isdisjoint(new.keys()) and self._names_of(where).keys().isdisjoint(names.keys())
        ):
            return False
        self._writable(where).update(new)
        self._names_of(where).update(names)
        return True

    def _define(self, entry: Entry) -> None:
        """KB Q125920: a definition discards the values that the list has."""
        rows, fields = self._writable(list_key(entry)), with_defaults((), entry.fields)
        rows.update((key, each._replace(fields=fields)) for key, each in rows.items() if each.fields != fields)
        rows.pop(entry.key, None)
        if entry.fields:
            rows[entry.key] = entry

    def _definition_of(self, entry: Entry) -> Fields:
        """The definition of an entry's list."""
        defined = self._list(list_key(entry)).get(definition_key(entry.type, entry.list))
        return defined.fields if defined else ()

    def _modify(self, transaction: Transaction) -> None:
        old, new = transaction.old, transaction.new
        assert old is not None
        assert new is not None
        current = self._find(old)
        if current is None:
            if self.upserts and new.address:
                self._put(new, transaction)
            self._refuse(transaction, NO_ALIAS)
            return
        if not new.address:
            new = current._replace(name=new.name, fields=new.fields)
        told = by_default(new.fields, self._definition_of(new)) if new.fields else ()
        new = new._replace(fields=merge_fields(current.fields, told))
        if self._holder(new) not in (None, entry_key(current), entry_key(new)):
            self._refuse(transaction, ALIAS_EXISTS)
            return
        self._drop(current)
        self._put(new, transaction)

    def _find(self, entry: Entry) -> Entry | None:
        """The entry by its address, else, if none is given, by its name in any list (KB Q152424)."""
        if entry.address:
            return self._list(list_key(entry)).get(entry_key(entry))
        wanted = name_key(entry.name)
        found = [e for list_ in self.result().values() for e in list_.values() if name_key(e.name) == wanted]
        return found[0] if len(found) == 1 else None

    def _holder(self, entry: Entry) -> str | None:
        """The key of the entry that holds this name in its list."""
        return self._names_of(list_key(entry)).get(name_key(entry.name))

    def _names_of(self, where: ListKey) -> dict[str, str]:
        """Who holds which name in a list."""
        if where not in self._names:
            self._names[where] = {name_key(e.name): k for k, e in self._list(where).items()}
        return self._names[where]

    def _put(self, entry: Entry, transaction: Transaction) -> None:
        # This is done for every entry of a full answer, so nothing is looked up twice.
        where, key, name = list_key(entry), entry_key(entry), name_key(entry.name)
        names = self._names_of(where)
        if names.get(name, key) != key:
            self._refuse(transaction, ALIAS_EXISTS)
            return
        rows = self._writable(where)
        old = rows.pop(key, None)
        if old is not None:
            names.pop(name_key(old.name), None)
        rows[key] = entry if entry.key else entry._replace(key=key)
        names[name] = key

    def _drop(self, entry: Entry) -> None:
        where, key = list_key(entry), entry_key(entry)
        if key not in self._list(where):
            return
        old = self._writable(where).pop(key)
        if where in self._names:
            self._names[where].pop(name_key(old.name), None)

    def _list(self, key: ListKey) -> Mapping[str, Entry]:
        return self.lists[key] if key in self.lists else self.before.get(key, {})

    def _writable(self, key: ListKey) -> dict[str, Entry]:
        if key not in self.lists:
            self.lists[key] = dict(self.before.get(key, {}))
        return self.lists[key]

    def _refuse(self, transaction: Transaction, code: int) -> None:
        entry = transaction.new or transaction.old
        assert entry is not None
        text = f"{error_text(code)}: {entry.name or entry.list}"
        self.rejects.append(Reject(transaction.number, 0, transaction.raw, code, text))


def changes(before: Mapping[str, Entry], after: Mapping[str, Entry], first: int) -> list[Transaction]:
    """What the postoffice's people did to its list, as numbered transactions: deletes, then modifies, then adds.

    A new name at the same address is a modify; a new address is another entry (KB Q246833). A changed definition stands
    before modifies and adds; all values of its list come behind it, for it discards them (KB Q125920).
    """
    defines = [entry for key, entry in after.items() if is_definition(entry) and before.get(key) != entry]
    defines += [e._replace(fields=()) for key, e in before.items() if is_definition(e) and key not in after]
    lists = {list_key(entry) for entry in defines}
    rows: list[tuple[Verb, Entry | None, Entry | None]] = []
    for change in diff(people(before), people(after)):
        old, new = change.before, change.after
        if old is not None and new is not None and list_key(new) not in lists:
            new = new._replace(fields=_told_fields(old.fields, new.fields))
        rows.append((change.verb, old, new))
    again = (e for key, e in after.items() if e.fields and list_key(e) in lists and before.get(key) == e)
    rows += [(Verb.MODIFY, entry, entry) for entry in again if not is_definition(entry)]
    rows += [(Verb.DEFINE, None, entry) for entry in defines]
    rows.sort(key=lambda row: _ORDER.index(row[0]))
    return [Transaction(number, *row) for number, row in enumerate(rows, first)]


_ORDER = (Verb.DELETE, Verb.DEFINE, Verb.MODIFY, Verb.ADD)


def people(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries without definitions of lists."""
    return {key: entry for key, entry in entries.items() if not is_definition(entry)}


def export(list_: tuple[str, str], entries: Iterable[Entry], first: int) -> list[Transaction]:
    """The whole list as numbered transactions (KB Q156996): a replace, the definition, an add for each entry."""
    replace = Transaction(first, Verb.REPLACE, None, list_entry(*list_))
    rows = sorted(entries, key=lambda entry: not is_definition(entry))
    verbs = (Verb.DEFINE if is_definition(entry) else Verb.ADD for entry in rows)
    told = zip(verbs, rows, strict=True)
    return [replace, *(Transaction(number, verb, None, e) for number, (verb, e) in enumerate(told, first + 1))]


def _told_fields(old: Fields, new: Fields) -> Fields:
    """The template values as a modify must say them: one that is gone becomes empty, for the others keep theirs."""
    gone = tuple((prompt, "") for prompt, value in old if value and prompt not in dict(new))
    return (*new, *gone)


def definitions(own: Iterable[Entry], lists: Lists) -> list[Entry]:
    """The definitions of all lists, by list."""
    everything = (*own, *(entry for list_ in lists.values() for entry in list_.values()))
    return sorted(filter(is_definition, everything), key=list_key)


def gal(own: Iterable[Entry], lists: Lists) -> list[Entry]:
    """The global address list: the postoffice's own entries and all others, each address once, by name."""
    everyone = {key: entry for list_ in lists.values() for key, entry in list_.items()}
    everyone.update((entry_key(entry), entry) for entry in own)
    everyone = people(everyone)
    return sorted(everyone.values(), key=lambda entry: (name_key(entry.name), entry.type, entry.address.casefold()))
