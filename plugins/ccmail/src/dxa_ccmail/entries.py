"""Records of a directory as entries, and entries as records: what a post office and dxa tell each other.

An entry of cc:Mail's own is called by its address, which is made of its name and post office. An entry of dxa's own
stands behind a post office of the site: it has the name that people see there, and as foreign alias name its address
(KB Q156063 2.6.3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import attrs

from dxa.address import Address, AddressTypes
from dxa.entry import ADDRESSES, ALIAS, Entry, Fields
from dxa.errors import AddressError
from dxa.rules.addressing import GIVEN, INITIALS, SURNAME
from dxa_ccmail import addresses
from dxa_ccmail.addresses import BOARD_MARK, CCMAIL, CcAddress
from dxa_ccmail.comments import NOTES
from dxa_ccmail.export import CONTROL
from dxa_ccmail.listing import Listed, Sort, listed
from dxa_ccmail.namerules import board_address
from dxa_ccmail.names import fold, person, with_commas
from dxa_ccmail.offices import PostOffices, join
from dxa_ccmail.record import ELSEWHERE, REMOTE, USERS, Record


class Told(NamedTuple):
    """What a record says: an entry, and whether it bears our mark. Without one, why it is none, or nothing to say."""

    entry: Entry | None = None
    ours: bool = False
    why: str = ""


NOBODY = Told()


class NameRules(Protocol):
    """What the site makes of a name and comment of cc:Mail."""

    def display(self, name: str) -> str:
        """The display name."""

    def alias(self, name: str) -> str:
        """The alias."""

    def forms(self, name: str) -> tuple[str, ...]:
        """The forms of the name that are addresses of the person, the primary one first."""

    def attributes(self, comment: str) -> Fields:
        """What stands in a comment."""


@attrs.frozen(kw_only=True)
class Titles:
    """The titles of mailing lists and bulletin boards, by folded name."""

    lists: Mapping[str, str] = attrs.field(factory=dict)
    boards: Mapping[str, str] = attrs.field(factory=dict)

    def __contains__(self, name: str) -> bool:
        """Whether an entry of this name stands for a list or board: ADE leaves one when it passes a title on."""
        key = fold(name)
        return key in self.lists or key in self.boards or key.removeprefix(BOARD_MARK) in self.boards


@attrs.frozen(kw_only=True)
class Meaning:
    """What decides what a record means.

    `home` is the post office that is exported, `offices` are all that it knows, `owned` the folded names of those that
    dxa made; with `semicolons` names behind these have one for a comma. `attributes` are those that a comment can tell:
    an entry whose comment does not tell one has none. `allowed` says of the addresses of an entry of cc:Mail's whether
    it is imported, `named` whether an entry at a post office has this folded name, so that two people never get one
    address.
    """

    types: AddressTypes
    rules: NameRules
    home: str
    offices: PostOffices
    owned: Collection[str]
    titles: Titles = Titles()
    aliases: bool = False
    semicolons: bool = False
    board_offices: Mapping[str, str] = attrs.field(factory=dict)
    attributes: Collection[str] = (NOTES,)
    allowed: Callable[[Collection[str]], bool] = lambda _addresses: True
    named: Callable[[str, str], bool] = lambda _name, _office: False

    def told(self, record: Record) -> Told:
        """What a record of the directory says."""
        found = listed(record, self.offices, self.home)
        if record.locn in USERS and fold(found.post_office) in self.owned:
            if record.locn in ELSEWHERE:
                return self._checked(found, ours=True)
            # Who has a mailbox here is nobody of ours, whatever text stands in his Addr.
            found = attrs.evolve(found, post_office=self.offices.spelled(self.home), fan="", free=record.addr)
        if found.sort is Sort.UNKNOWN or (found.problem and self._wanted(found)):
            return Told(why=found.problem)
        if not self._wanted(found) or fold(found.post_office) in self.owned:
            return NOBODY
        return self._checked(found, ours=False)

    def mailing_list(self, title: str) -> Told:
        """A mailing list; whether its address has a prefix, no source says."""
        return self._title(str(CcAddress(title, self.offices.spelled(self.home))), title, title)

    def board(self, title: str) -> Told:
        """A bulletin board: ``#Social``, valid at its own post office, or with the one that it is said to have
        (KB Q156063 2.6.7).
        """
        return self._title(
            str(board_address(title, self.board_offices.get(title, ""))), board_address(title).name, title
        )

    def is_odd(self, record: Record, told: Told) -> bool:
        """Whether an entry of ours goes by another name than its address has: dxa writes none, but anybody may.

        Then its address may be another entry's, which no name shows.
        """
        if told.entry is None or not told.ours:
            return False
        return fold(addresses.parse(told.entry.address).name) != fold(self._own_name(record))

    def by_name(self, record: Record) -> Told:
        """An entry of ours whose address another one has already: it goes by its name."""
        return self._checked(attrs.evolve(listed(record, self.offices, self.home), fan=""), ours=True)

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _wanted(self, found: Listed) -> bool:
        """Whether the record is of a sort that becomes a recipient."""
        sort = found.sort is Sort.USER or (found.sort is Sort.ALIAS and self.aliases)
        # A title that ADE passed on has a hidden entry of its name: one recipient, the list or board (cc:Mail T20).
        return sort and found.name not in self.titles

    def _checked(self, found: Listed, *, ours: bool) -> Told:
        try:
            if ours:
                return Told(self._ours(found), ours=True)
            forms = self._forms(found)
            return Told(self._theirs(found, forms)) if self.allowed(forms) else NOBODY
        except AddressError as error:
            return Told(why=str(error))

    def _ours(self, found: Listed) -> Entry:
        address = address_behind(found.post_office, found.fan or self._own_name(found.record))
        return self._entry(found.name, address, notes_of(found.record))

    def _own_name(self, record: Record) -> str:
        """The name of an entry of ours as the site has it."""
        return with_commas(record.name.strip()) if self.semicolons else record.name.strip()

    def _forms(self, found: Listed) -> list[str]:
        """The addresses of an entry of cc:Mail's, the primary one first."""
        name, office = found.name, found.post_office
        forms = self.rules.forms(name)
        if fold(forms[0]) != fold(name) and self.named(fold(forms[0]), office):
            # "Doe, Jane" beside "Jane Doe": each keeps its own name.
            forms = (name,)
        addresses.check_office(office)
        return [str(addresses.parse(str(CcAddress(form, office)))) for form in forms]

    def _theirs(self, found: Listed, forms: Sequence[str]) -> Entry:
        return self._entry(self.rules.display(found.name), forms[0], self._fields(found, forms[1:]))

    def _fields(self, found: Listed, others: Collection[str]) -> Fields:
        # KB Q185593: a name without a comma has parts, too.
        given, initials, surname = person(found.name)
        parts = ((GIVEN, given), (INITIALS, initials), (SURNAME, surname), (ALIAS, self.rules.alias(found.name)))
        told = self.rules.attributes(found.record.cmts)
        named = {name for name, _ in told}
        return (
            *((name, value) for name, value in parts if value and name not in named),
            *told,
            *((name, "") for name in self.attributes if name not in named),
            *((ADDRESSES, f"{CCMAIL.name}:{address}") for address in others),
        )

    def _title(self, address: str, name: str, title: str) -> Told:
        try:
            address = str(addresses.parse(address))
            alias = title.removeprefix(BOARD_MARK).strip()
            return Told(self._entry(name, address, ((ALIAS, alias),))) if self.allowed([address]) else NOBODY
        except AddressError as error:
            return Told(why=str(error))

    def _entry(self, name: str, address: str, fields: Fields) -> Entry:
        key = self.types.key(Address(CCMAIL.name, address))
        return Entry(key, CCMAIL.name, addresses.list_of(address), name, address, fields)


def notes_of(record: Record) -> Fields:
    """The comment of an entry of ours."""
    comment = record.cmts.strip()
    return ((NOTES, comment),) if comment else ()


def address_behind(office: str, fan: str) -> str:
    """The address that the foreign alias name behind a post office of the site stands for: it may name another one."""
    try:
        return str(addresses.parse(fan)) if addresses.list_of(fan) else str(addresses.parse(f"{fan} at {office}"))
    except AddressError:
        return str(addresses.parse(f"{fan} at {office}"))


def record_for(entry: Entry, offices: Collection[str]) -> Record:
    """An entry of the site as a record behind one of its post offices, the first unless it is another one's.

    Raises:
        AddressError: when it has no post office, or a name that cc:Mail cannot hold.
    """
    address = addresses.parse(entry.address)
    if not address.post_office:
        raise AddressError("a bulletin board that is valid at its own post office only", got=entry.address)
    addresses.check_name(entry.name)
    known = {fold(office): office for office in offices}
    office = known.get(fold(address.post_office))
    behind, fan = (office, address.name) if office else (next(iter(known.values())), str(address))
    if office and addresses.list_of(fan):
        fan = str(address)
    return Record(entry.name, REMOTE, join(behind, fan), comment_of(entry.fields))


def comment_of(fields: Fields) -> str:
    """The comment for these attributes: the notes on one line, with blanks for control characters."""
    notes = (value for name, value in fields if name.casefold() == NOTES)
    return " ".join(CONTROL.sub(" ", " ".join(notes)).split())
