"""The conversion itself: a file's items from one side to the other, and what was lost on the way.

Between the formats of this plugin objects stay what they are. Formats of other plugins hold entries of address lists:
who comes from there becomes a custom recipient, and who goes there is told by one address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from dxa.address import Address, AddressTypes
from dxa.connector import Decoder
from dxa.entry import ADDRESSES, ASIDE, Entry, Reject, Transaction, Verb
from dxa.errors import AddressError, FormatError
from dxa.rules.maps import AttributeMap
from dxa_exchange import names
from dxa_exchange.conversion.formats import FORMATS, Format, Item, Settings, spoken
from dxa_exchange.dialects import Dialect, Name, dialect
from dxa_exchange.directory import Add, Bad, Delete, Modification, Modify, Record, Rename
from dxa_exchange.people.codec import People
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import Person, Skipped
from dxa_exchange.translation import Translator

#: Where new objects stand in a file that says nothing else (KB Q155414: the default of Directory Import).
CONTAINER = "cn=Recipients"


@attrs.frozen(kw_only=True)
class Wish:
    """What is to be done.

    `source` and `target` are a format of this plugin, or a decoder of another one. The dialects count for LDIF and
    DSML: ``""`` is what the file seems to be in, and for the target the same, or Active Directory's. `container` is
    where new objects stand, `address` the type of address by which people are told to other formats, if they have one.
    """

    source: Format | Decoder
    target: Format | Decoder
    source_dialect: Name | None = None
    target_dialect: Name | None = None
    settings: Settings = attrs.field(factory=Settings)
    container: str = ""
    address: str = ""
    fields: AttributeMap = attrs.field(factory=AttributeMap)


@attrs.define
class Converted:
    """The new file; `rejects` are records that are not in it, `notes` what else is to be known about it."""

    data: bytes = b""
    count: int = 0
    rejects: list[str] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)
    _lost: dict[str, int] = attrs.field(factory=dict)

    def reject(self, line: int, what: str, reason: str) -> None:
        """A record that could not be converted."""
        place = f"line {line}: " if line else ""
        self.rejects.append(f"{place}{f'{what}: ' if what and what not in reason else ''}{reason}")

    def lose(self, fields: Iterable[str]) -> None:
        """Attributes of one object that the target has no place for."""
        for field in fields:
            self._lost[field] = self._lost.get(field, 0) + 1

    def close(self) -> None:
        """Tell what was lost."""
        self.notes += [
            f"{field}: left out of {count} object{'s' if count != 1 else ''}, for it has no place there"
            for field, count in sorted(self._lost.items())
        ]


def convert(data: bytes, wish: Wish, types: AddressTypes) -> Converted:
    """The file in the other format. What cannot be converted is told, and the rest is."""
    result = Converted()
    if isinstance(wish.source, Format):
        items = list(_located(data, wish.source, wish.settings, result))
        found = _usual(wish.source) or wish.source_dialect or spoken(item for _, item in items)
        source = dialect(found)
        if isinstance(wish.target, Format):
            chosen = _usual(wish.target) or wish.target_dialect or (found if found in wish.target.dialects else "ad")
            _write(_translated(items, source, dialect(chosen), result), wish.target, wish.settings, result)
        else:
            _tell(_told(items, found, wish, types, result), wish.target, result)
    else:
        entries = list(_entries(data, wish.source, types, result))
        if isinstance(wish.target, Format):
            chosen = _usual(wish.target) or wish.target_dialect or "ad"
            _write(_written(entries, chosen, wish, types, result), wish.target, wish.settings, result)
        else:
            _tell([_fitted(entry, wish, types) for entry in entries], wish.target, result)
    result.close()
    return result


def _usual(format_: Format) -> Name | None:
    """The dialect of a format that has only one."""
    return format_.dialects[0] if len(format_.dialects) == 1 else None


# -- objects -------------------------------------------------------------------------------------------------------


def _located(data: bytes, source: Format, settings: Settings, result: Converted) -> Iterator[tuple[int, Item]]:
    for line, item in source.read(data, settings):
        if isinstance(item, Bad):
            result.reject(item.line or line, item.field, item.reason)
        else:
            yield line, item


def _translated(
    items: Iterable[tuple[int, Item]], source: Dialect, target: Dialect, result: Converted
) -> Iterator[Item]:
    translator = Translator(source, target)
    for line, item in items:
        try:
            yield _one(item, translator, source, target, result)
        except FormatError as error:
            result.reject(line, _named(item), str(error))


def _one(item: Item, translator: Translator, source: Dialect, target: Dialect, result: Converted) -> Item:
    if source.name == target.name:
        return item
    match item:
        case Record():
            found = translator.translate(item)
            result.lose(found.left_out)
            return found.record
        case Add(record=record, controls=controls):
            found = translator.translate(record)
            result.lose(found.left_out)
            return Add(found.record, controls)
        case Delete(dn=dn, controls=controls):
            return Delete(translator.dn(dn), controls)
        case Modify(dn=dn, modifications=modifications, controls=controls):
            changes = tuple(_modification(each, source, target) for each in modifications)
            return Modify(translator.dn(dn), changes, controls)
        case Rename():
            superior = item.superior and names.to_ldap(item.superior)
            return item._replace(dn=translator.dn(item.dn), superior=superior)


#: What stands in other attributes, or in another form, in another dialect: it is told of whole objects only.
_WHOLE = frozenset(
    {"proxyAddresses", "secondaryProxyAddresses", "mail", "textEncodedORAddress", "member", "objectClass", "cn"}
    | {"recipientHidden", "container", "legacyExchangeDN"}
)


def _modification(each: Modification, source: Dialect, target: Dialect) -> Modification:
    neutral = source.neutral(each.name)
    name = target.theirs(neutral) if neutral else each.name
    if not name or neutral in _WHOLE:
        raise FormatError(
            "a change of this attribute cannot be told in another dialect",
            field=each.name,
            expected="whole objects",
            got=each.operation.value,
        )
    return each._replace(name=name)


def _write(items: Iterable[Item], target: Format, settings: Settings, result: Converted) -> None:
    rejected = 0

    def refused(item: object, error: FormatError) -> None:
        nonlocal rejected
        rejected += 1
        result.reject(0, _named(item), str(error))

    found = list(items)
    if any(isinstance(item, Delete | Modify) for item in found) and target.name in ("csv55", "raw55"):
        result.notes.append("the class of objects that are deleted or modified is not known: Obj-Class is a guess")
    result.data = b"".join(target.write(found, settings, refused))
    result.count = len(found) - rejected


def _named(item: object) -> str:
    match item:
        case Record(dn=dn) | Add(record=Record(dn=dn)) | Delete(dn=dn) | Modify(dn=dn) | Rename(dn=dn):
            return dn
    return ""


# -- entries -------------------------------------------------------------------------------------------------------


def _entries(data: bytes, source: Decoder, types: AddressTypes, result: Converted) -> Iterator[Entry]:
    """Who stands in a file of another plugin."""
    assert source.read is not None
    for row in source.read(data, types):
        if isinstance(row, Reject):
            number = f"[{row.code}] " if row.code else ""
            result.reject(row.line, "", f"{number}{row.reason}: {row.raw}")
        elif row.verb is Verb.ADD and row.new is not None:
            yield row.new
        elif row.verb is Verb.REPLACE:
            result.notes.append("the file replaces whole lists; only who stands in them is converted")
        else:
            entry = row.new or row.old
            shown = f"{entry.type}:{entry.address}" if entry else ""
            result.reject(0, shown, f"{row.verb.name.lower()}: only who is added can be converted")


def _written(
    entries: Iterable[Entry], chosen: Name, wish: Wish, types: AddressTypes, result: Converted
) -> Iterator[Record]:
    """Everybody as a custom recipient or contact, each under a name of its own."""
    options = PeopleOptions(dialect=chosen, sync_container=wish.container or CONTAINER)
    people = People(options, types=types, site=("", ""))
    taken = set[str]()
    for entry in entries:
        fields = wish.fields.incoming(entry.fields).fields if wish.fields.pairs else entry.fields
        entry = entry._replace(fields=fields)
        try:
            dn = people.dn(entry, taken.__contains__)
            written = people.write(entry, dn, mark=False)
        except (AddressError, FormatError) as error:
            result.reject(0, f"{entry.name} {entry.type}:{entry.address}", str(error))
            continue
        taken.add(names.key(dn))
        result.lose(written.left_out)
        yield written.record


def _told(
    items: Iterable[tuple[int, Item]], found: Name, wish: Wish, types: AddressTypes, result: Converted
) -> Iterator[Entry]:
    """The recipients among the objects."""
    people = People(PeopleOptions(dialect=found), types=types, site=("", ""))
    skipped = dict[str, int]()
    for line, item in items:
        record = item.record if isinstance(item, Add) else item
        if not isinstance(record, Record):
            result.reject(line, _named(item), "only whole objects can be converted")
            continue
        told = people.read(record)
        match told:
            case Person(entry=entry):
                yield _fitted(entry, wish, types)
            case Bad(reason=reason):
                result.reject(line, "", reason)
            case Skipped(reason=reason):
                skipped[reason] = skipped.get(reason, 0) + 1
    result.notes += [f"{count} left out: {reason}" for reason, count in skipped.items()]


def _fitted(entry: Entry, wish: Wish, types: AddressTypes) -> Entry:
    """The entry under the address that is wanted, with the fields that the other format is to have."""
    wanted = wish.address.upper()
    texts = [value for name, value in entry.fields if name == ADDRESSES]
    for text in texts if entry.type != wanted else ():
        try:
            address = types.parse(text)
        except AddressError:
            continue
        if address.type == wanted:
            entry = _under(entry, address, types)
            break
    plain = tuple(field for field in entry.fields if field[0] not in ASIDE)
    return entry._replace(fields=tuple(field for field in wish.fields.outgoing(plain) if field[1]))


def _under(entry: Entry, address: Address, types: AddressTypes) -> Entry:
    return entry._replace(key=types.key(address), type=address.type, list=types.list_of(address), address=address.value)


def _tell(entries: Iterable[Entry], target: Decoder, result: Converted) -> None:
    assert target.write is not None
    pieces = []
    for piece in target.write(Transaction(0, Verb.ADD, None, entry) for entry in entries):
        if isinstance(piece, Reject):
            result.reject(0, piece.raw, piece.reason)
        else:
            pieces.append(piece)
            result.count += 1
    result.data = b"".join(pieces)


__all__ = ["FORMATS", "Converted", "Wish", "convert"]
