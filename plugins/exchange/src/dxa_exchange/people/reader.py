"""An object of a directory as an entry of the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple
from uuid import UUID

from dxa.address import Address, AddressTypes
from dxa.entry import ADDRESSES, ALIAS, CONTAINER, HIDDEN, KIND, LEARNED, Entry, Fields
from dxa.errors import AddressError, FormatError
from dxa.recipient import Kind
from dxa_exchange import addresses, names
from dxa_exchange.addresses import Proxies, Proxy
from dxa_exchange.dialects import Dialect, attribute
from dxa_exchange.directory import Bad, Record, Values
from dxa_exchange.people.addresses import proxied, texts
from dxa_exchange.people.filter import Looked, why_skipped
from dxa_exchange.people.options import ALWAYS_DROPPED, PeopleOptions

#: The field of addresses that no plugin knows the type of, or whose value it refuses: ``TYPE:value``.
RAW_ADDRESSES = "otherMailbox"
LEGACY = "legacyExchangeDN"
MEMBER = "member"

#: The address of the object with that name, as ``TYPE:value``; "" when it is not known.
Resolve = Callable[[str], str]


class Person(NamedTuple):
    """An object that is a recipient; `marked` when dxa has made it. `remarks` are what was odd about it."""

    entry: Entry
    marked: bool = False
    remarks: tuple[str, ...] = ()


class Skipped(NamedTuple):
    """An object that is no recipient, and why."""

    reason: str


class _Slot(NamedTuple):
    """What becomes of an attribute: a field of that name, or something with a rule of its own."""

    neutral: str
    special: bool
    #: Several names may lead here; this one counts more than the others.
    preferred: bool


_KINDS = {kind: kind.value for kind in Kind}
_IGNORED = _Slot("", False, False)
_MARK = _Slot("", False, True)
#: The attribute in which our own objects have their target where a server has no better one.
_STAND_IN = "stand-in"


NOBODY = Skipped("no address")


class Reader:
    """Reads the objects of one directory.

    Args:
        site: organisation and site of dxa, for the ownership mark.
        resolve: how a member of a list gets its address.
    """

    def __init__(
        self,
        options: PeopleOptions,
        dialect: Dialect,
        types: AddressTypes,
        site: tuple[str, str],
        resolve: Resolve | None = None,
    ) -> None:
        self._options, self._dialect, self._types = options, dialect, types
        self._resolve: Resolve = resolve or (lambda _name: "")
        name, value = options.marking(site, dialect)
        self._mark, self._marking = name.casefold(), value
        self._slots: dict[str, _Slot] = {}
        self._drop = (*ALWAYS_DROPPED, *(pattern.casefold() for pattern in options.drop))
        self._skip = options.skipped()
        self._kinds: dict[tuple[object, ...], Kind | None] = {}
        self._names = {name: kind.name for kind in types for name in (kind.name, *kind.aliases)}
        self._containers: dict[str, str] = {}
        self._stand_in = dialect.stand_in.casefold()
        self._tells_hidden = bool(dialect.theirs("recipientHidden"))

    def read(self, record: Record, anchor: str = "") -> Person | Skipped | Bad:
        """What the object is to the core; never raises."""
        try:
            return self._read(record, anchor)
        except (AddressError, FormatError) as error:
            return Bad(0, "address", f"{record.dn}: {error}", record.dn)

    def _read(self, record: Record, anchor: str) -> Person | Skipped | Bad:
        special, fields, marked = self._sorted_out(record)
        if stand_in := special.pop(_STAND_IN, None):
            self._place(stand_in, special, fields, marked)
        kind = self._kind(special.get("objectClass", []))
        if kind is None:
            return Skipped(f"no class of a recipient: {', '.join(map(str, special.get('objectClass', ())))}")
        known = proxied(self._dialect, record, special)
        name = self._name(record, special)
        looked = Looked(kind, special, name, known.proxies)
        if not marked and (why := why_skipped(looked, self._skip)):
            return Skipped(why)
        target = self._target(looked)
        proxies = (*known.proxies, target) if target else known.proxies
        if not proxies:
            # An address that is there and broken may be that of somebody who is known.
            return Bad(0, "address", f"{record.dn}: {'; '.join(known.remarks)}", record.dn) if known.remarks else NOBODY
        if not any(proxy.type in self._types for proxy in proxies):
            # Whoever is nobody to mail hides nobody either; a full read with records that are bad removes nobody.
            return Skipped(f"no address of a type that a plugin knows: {', '.join(map(str, proxies))}")
        kind, chosen = self._chosen(looked, target)
        address, further, raw = self._checked(chosen, proxies)
        if kind is Kind.LIST:
            fields += [(MEMBER, self._resolve(value) or value) for value in texts(special.get(MEMBER))]
        fields += [(RAW_ADDRESSES, text) for text in raw]
        legacy = "" if marked else self._legacy(record, looked)
        if legacy:
            fields.append((LEGACY, legacy))
        fields.sort()
        aside = self._aside(record, looked, kind, further, marked)
        key, list_ = self._types.key(address), self._types.list_of(address)
        anchor = anchor or _anchor(record, looked.special)
        entry = Entry(key, address.type, list_, name or address.value, address.value, (*fields, *aside), anchor)
        return Person(entry, marked, known.remarks)

    # -- attributes ------------------------------------------------------------------------------------------------

    def _sorted_out(self, record: Record) -> tuple[dict[str, Values], list[tuple[str, str]], bool]:
        """The attributes with rules of their own, by neutral name, those that are fields, and whether it is ours."""
        special: dict[str, Values] = {}
        marked = False
        fields: list[tuple[str, str]] = []
        slots = self._slots
        for name, values in record.attributes.items():
            slot = slots.get(name) or self._slot(name)
            if slot.special:
                if slot.preferred or slot.neutral not in special:
                    special[slot.neutral] = values
            elif slot.neutral:
                neutral = slot.neutral
                fields += [(neutral, value) for value in values if value and type(value) is str]
            elif slot is _MARK and self._marking in values:
                marked = self._inside(record)
        return special, fields, marked

    def _slot(self, name: str) -> _Slot:
        folded, neutral = name.casefold(), self._dialect.neutral(name)
        if folded == self._mark:
            slot = _MARK
        elif folded == self._stand_in:
            slot = _Slot(_STAND_IN, True, True)
        elif neutral and (attribute(neutral).system or neutral in (ALIAS, "displayName")):
            slot = _Slot(neutral, True, self._dialect.theirs(neutral).casefold() == folded)
        elif self._dropped(folded, neutral):
            slot = _IGNORED
        else:
            slot = _Slot(neutral or name.partition(";")[0], False, True)
        self._slots[name] = slot
        return slot

    def _dropped(self, folded: str, neutral: str) -> bool:
        if folded in self._dialect.left_out or not (neutral or self._options.others):
            return True
        return any(fnmatchcase(each, pattern) for each in (folded, neutral.casefold()) for pattern in self._drop)

    def _place(self, values: Values, special: dict[str, Values], fields: list[tuple[str, str]], marked: bool) -> None:
        """What stands where our own objects may have their target: of others it is a field like any other."""
        if marked:
            known = [value for value in texts(values) if value.partition(":")[0].upper() in self._names]
            special.setdefault("targetAddress", [*known])
        else:
            fields += [(self._dialect.stand_in, value) for value in texts(values) if value]

    # -- what it is ------------------------------------------------------------------------------------------------

    def _kind(self, classes: Values) -> Kind | None:
        key = tuple(classes)
        if key not in self._kinds:
            self._kinds[key] = self._dialect.kind(texts(classes))
        return self._kinds[key]

    def _name(self, record: Record, special: Mapping[str, Values]) -> str:
        """The display name, else the name in the container; of Exchange 5.5 over LDAP, ``cn`` is the display name."""
        for neutral in ("displayName", "cn"):
            if found := next(iter(texts(special.get(neutral))), "").strip():
                return found
        return names.rdn_value(record.dn).strip()

    def marked(self, record: Record) -> bool:
        """Whether dxa has made the object: it bears our mark, and lies in the synchronisation container."""
        values = record.values(self._mark) if self._mark else []
        return self._marking in values and self._inside(record)

    def _inside(self, record: Record) -> bool:
        container = self._options.sync_container
        return bool(container) and names.within(record.dn, container)

    def _legacy(self, record: Record, looked: Looked) -> str:
        """The name under which Exchange knows it; of 5.5, that is the name in the directory itself."""
        if legacy := looked.text(LEGACY):
            return legacy
        if self._dialect.files or self._dialect.name == "ex55":
            try:
                return names.native(names.read(record.dn))
            except FormatError:
                return ""
        return ""

    # -- addresses -------------------------------------------------------------------------------------------------

    def _target(self, looked: Looked) -> Proxy | None:
        """The target address, of whatever type."""
        try:
            return addresses.parse(text)._replace(primary=True) if (text := looked.text("targetAddress")) else None
        except AddressError:
            return None

    def _chosen(self, looked: Looked, target: Proxy | None) -> tuple[Kind, Proxy]:
        """Its kind, and the address under which it is an entry.

        Raises:
            AddressError: when it has no address that can be that.
        """
        kind = looked.kind
        elsewhere = target is not None and kind is Kind.MAILBOX and not looked.homed
        if target is not None and target.type in self._types and (elsewhere or kind is Kind.CUSTOM):
            return Kind.CUSTOM, target
        if kind is not Kind.CUSTOM and self._options.domains:
            return kind, addresses.in_domains(looked.proxies, self._options.domains)
        known = [proxy for proxy in looked.proxies if proxy.type in self._types]
        best = addresses.primary(known, "SMTP") or next(iter(known), None)
        if best is None:
            shown = ", ".join(map(str, (*looked.proxies, *([target] if target else []))))
            raise AddressError("no address of a type that a plugin knows", got=shown)
        return kind, best

    def _checked(self, chosen: Proxy, proxies: Proxies) -> tuple[Address, list[str], list[str]]:
        """The address of the entry, the further ones, primaries first, and those that no plugin takes.

        Only what may be the entry's own address is looked at closely: the core checks the further ones.
        """
        address = self._types.parse(f"{chosen.type}:{chosen.value}")
        primaries, others, raw = set[str](), set[str](), set[str]()
        for type_, value, primary in proxies:
            name = self._names.get(type_)
            if name is None:
                raw.add(f"{type_}:{value}")
            elif name != address.type or not self._same(value, address):
                (primaries if primary else others).add(f"{name}:{value}")
        return address, [*sorted(primaries), *sorted(others - primaries)], sorted(raw)

    def _same(self, value: str, address: Address) -> bool:
        """Whether an address of the same type is the same one."""
        if value == address.value:
            return True
        kind = self._types.get(address.type)
        try:
            return kind.fold(value) == kind.fold(address.value)
        except AddressError:
            return False

    def _aside(self, record: Record, looked: Looked, kind: Kind, further: list[str], marked: bool) -> Fields:
        fields = [(ALIAS, alias)] if (alias := looked.text(ALIAS).strip()) else []
        fields += [(ADDRESSES, text) for text in further]
        fields.append((KIND, _KINDS[kind]))
        if marked:
            # What Exchange calls the object itself is how letters that are answered find whom it stands for.
            if legacy := looked.text(LEGACY):
                fields.append((LEARNED, str(addresses.x500(legacy))))
            return tuple(fields)
        if self._tells_hidden:
            fields.append((HIDDEN, "1" if looked.hidden else "0"))
        if container := self._container(record):
            fields.append((CONTAINER, container))
        return tuple(fields)

    def _container(self, record: Record) -> str:
        above = names.parent(record.dn)
        found = self._containers.get(above)
        if found is None:
            base = next((base for base in self._options.bases if names.within(above, base)), "")
            found = self._containers[above] = names.steps(above, base)
        return found


def _anchor(record: Record, special: Mapping[str, Values]) -> str:
    """What the directory calls the object for good: its GUID, or else its name."""
    for value in special.get("objectGUID", ()):
        if isinstance(value, bytes) and len(value) == 16:
            return str(UUID(bytes_le=value))
        if isinstance(value, str) and value:
            return value.strip("{}").casefold()
    return names.key(record.dn)
