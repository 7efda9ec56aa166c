"""People of a directory as entries of the core, and back: what the connectors of this plugin share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from dxa.address import Address, AddressTypes
from dxa.entry import ADDRESSES, ALIAS, KIND, LEARNED, Entry, Fields
from dxa.errors import AddressError
from dxa_exchange import names
from dxa_exchange.attributetable import TABLE
from dxa_exchange.directory import Bad, Modification, Record
from dxa_exchange.people import differences
from dxa_exchange.people.differences import Batch
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import RAW_ADDRESSES, Person, Reader, Resolve, Skipped
from dxa_exchange.people.writer import Writer, Written

#: The name of an object that is only made to see what would be read of it.
_NOWHERE = "cn=x"


class Refused(Exception):
    """What dxa wants to be in the directory cannot be, or is not its own to change; the text says why."""


class People:
    """The people of one directory.

    Args:
        types: the address types that dxa knows.
        site: organisation and site of dxa.
        available: attributes that an object of the classes that are written may have (None: what the dialect says).
        resolve: a distinguished name to an address ``TYPE:value``, for members of lists; "" when it is not known.
    """

    def __init__(
        self,
        options: PeopleOptions,
        *,
        types: AddressTypes,
        site: tuple[str, str],
        available: Collection[str] | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        folded = None if available is None else frozenset(name.casefold() for name in available)
        self.options, self.dialect = options, options.spoken(folded)
        self._types = types
        self._reader = Reader(options, self.dialect, types, site, resolve)
        self._writer = Writer(options, self.dialect, types, site)
        container = names.to_ldap(options.sync_container) if options.sync_container else ""
        self._nowhere = names.child("cn", "x", container) if container else _NOWHERE
        self._mark = options.marking(site, self.dialect)[0]
        self._managed: frozenset[str] | None = None

    def read(self, record: Record, anchor: str = "") -> Person | Skipped | Bad:
        """What an object is to the core; never raises. `anchor` is what the server calls it for good, if known."""
        return self._reader.read(record, anchor)

    def marked(self, record: Record) -> bool:
        """Whether dxa has made the object, so that it may change and delete it."""
        return self._reader.marked(record)

    def dn(self, entry: Entry, taken: Callable[[str], bool]) -> str:
        """The name of a new object; see `Writer.dn`."""
        return self._writer.dn(entry, taken)

    def write(self, entry: Entry, dn: str, *, mark: bool = True) -> Written:
        """The object that an entry becomes, with our mark; raises `AddressError` if the directory cannot hold it."""
        return self._writer.write(entry, dn, mark=mark)

    def made(self, entry: Entry, dn: str) -> Record:
        """As `write`: the object, of which it is certain that it would be read back under the name that it is to have.

        Raises:
            AddressError: as above.
            Refused: otherwise.
        """
        record = self.write(entry, dn).record
        told = self.read(record)
        if not isinstance(told, Person):
            raise Refused(f"such an object would be no recipient: {told.reason}")
        if told.entry.name != entry.name:
            raise Refused(f"the directory cannot hold the name {entry.name!r}; it would become {told.entry.name!r}")
        return record

    def changes(self, before: Record, after: Record) -> list[Batch]:
        """What makes `before` as `after` is, of what is ours to change, in batches that go one after the other."""
        return differences.changes(before, after, self.managed(), self.dialect)

    def back_flow(self, source: Record, legacies: Iterable[str]) -> tuple[Modification, ...]:
        """X500 addresses for a person of this directory; nothing unless ``backflow`` is configured."""
        return differences.back_flow(source, legacies, self.dialect) if self.options.backflow else ()

    def shape(self, entry: Entry, held: Entry | None) -> Entry:
        """What the directory can hold of an entry; see `dxa.connector.Shaper`.

        X500 addresses that the object has got meanwhile stay, and so do attributes that are not ours to change.
        """
        if held is not None:
            entry = _without(_with_old_names(entry, held), held)
        shaped = self._shaped(entry)
        if held is None:
            return shaped
        ours = frozenset(map(str.casefold, self._told()))
        mine, theirs = _apart(held.fields, ours)
        if (held.name, held.address, held.list) == (shaped.name, shaped.address, shaped.list) and mine == shaped.fields:
            return held
        theirs = tuple(field for field in theirs if field[0] != LEARNED)
        return shaped._replace(fields=_joined(theirs, shaped.fields), anchor=held.anchor)

    def _shaped(self, entry: Entry) -> Entry:
        """The entry after it was written and read again; the address stays as it is.

        Raises:
            AddressError: when the object could not be told for this entry again.
        """
        found = self.read(self.write(entry, self._nowhere).record)
        shown = f"{entry.type}:{entry.address}"
        if not isinstance(found, Person):
            raise AddressError(f"its object would not be read again: {found.reason}", got=shown)
        if found.entry.key != self._types.key(Address(entry.type, entry.address)):
            told = f"{found.entry.type}:{found.entry.address}"
            raise AddressError(f"its object would be told for {told}; configure another targetAddress", got=shown)
        return found.entry._replace(key=entry.key, list=entry.list, address=entry.address, anchor="")

    # -- attributes ------------------------------------------------------------------------------------------------

    def attributes(self) -> tuple[str, ...]:
        """The attributes of objects that are looked at: what a search asks for.

        Other people's objects may have what ours may not, so every name that the dialect knows is among them.
        """
        found = dict.fromkeys(self.dialect.names())
        if self._mark:
            found.setdefault(self._mark)
        return tuple(found)

    def managed(self) -> frozenset[str]:
        """The attributes of our own objects that are ours to change (folded), but for their names and classes."""
        if self._managed is None:
            neutrals = [*self._told(), "displayName", "targetAddress", "mail", "textEncodedORAddress"]
            theirs = {
                self.dialect.theirs(neutral) for neutral in (*neutrals, "proxyAddresses", "secondaryProxyAddresses")
            }
            self._managed = frozenset(name.casefold() for name in {*theirs, self._mark} - {""})
        return self._managed

    def _told(self) -> tuple[str, ...]:
        """The fields of an entry that its object can have."""
        written = [each.neutral for each in TABLE if not each.system and not each.dn]
        own = [neutral for neutral in self.options.attributes if self.dialect.theirs(neutral)]
        return (*filter(self.dialect.theirs, written), *own, RAW_ADDRESSES, ALIAS, ADDRESSES, KIND)


def _without(entry: Entry, held: Entry) -> Entry:
    """The entry without the addresses that the directory itself has given to the object."""
    own = {value.casefold() for name, value in held.fields if name == LEARNED}
    if not own:
        return entry
    kept = tuple(each for each in entry.fields if each[0] != ADDRESSES or each[1].casefold() not in own)
    return entry._replace(fields=kept)


def _apart(fields: Fields, ours: frozenset[str]) -> tuple[Fields, Fields]:
    """The fields that are ours, and the others."""
    mine = tuple(field for field in fields if field[0].casefold() in ours)
    return mine, tuple(field for field in fields if field[0].casefold() not in ours)


def _joined(theirs: Fields, shaped: Fields) -> Fields:
    """All fields in the order in which a reader tells them."""
    aside = (ALIAS, ADDRESSES, KIND)
    plain = sorted(field for field in (*theirs, *shaped) if field[0] not in aside)
    return (*plain, *(field for field in shaped if field[0] in aside))


def _with_old_names(entry: Entry, held: Entry) -> Entry:
    """The entry with those X500 addresses that its object has got: under them, old letters find it."""
    own = {value.casefold() for name, value in entry.fields if name == ADDRESSES}
    kept = tuple(
        field
        for field in held.fields
        if field[0] == ADDRESSES and field[1].startswith("X500:") and field[1].casefold() not in own
    )
    return entry._replace(fields=entry.fields + kept) if kept else entry
