"""An object of one dialect as the same object of another: what converting files of directories needs.

Nobody becomes a contact by that, as in `dxa_exchange.people`: a mailbox stays one, a list keeps its members.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from dxa.errors import FormatError
from dxa.recipient import Kind
from dxa.rules.parts import split_name
from dxa_exchange import names
from dxa_exchange.dialects import Dialect, attribute, column
from dxa_exchange.directory import Record, Value, Values
from dxa_exchange.people.addresses import faces, proxied, texts

#: Attributes with a rule of their own in `Translator`, and those that a server stamps for itself.
_RULED = frozenset(
    {"objectclass", "cn", "displayname", "container", "member", "memberof", "recipienthidden", "legacyexchangedn"}
    | {"proxyaddresses", "secondaryproxyaddresses", "mail", "textencodedoraddress"}
    | {"objectguid", "usnchanged", "whenchanged", "isdeleted"}
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?:;[A-Za-z0-9-]+)*")
_TRUE = frozenset({"1", "true"})

_Put = Callable[[str, Iterable[Value]], None]


class Translated(NamedTuple):
    """The object, and what could not be told of it: attributes as the source calls them."""

    record: Record
    left_out: tuple[str, ...] = ()


class Translator:
    """From one dialect to another."""

    def __init__(self, source: Dialect, target: Dialect) -> None:
        self._source, self._target = source, target
        self._same = source.name == target.name and source.own == target.own

    def translate(self, record: Record) -> Translated:
        """The object in the target's words; between the same dialects it stays as it is.

        Raises:
            FormatError: for an object that is no recipient, or whose name is none.
        """
        if self._same:
            return Translated(record)
        special, others = self._sorted_out(record)
        classes = texts(special.get("objectclass"))
        kind = self._source.kind(classes)
        if kind is None:
            raise FormatError("no recipient", field="objectClass", expected=self._classes(), got=", ".join(classes))
        told: dict[str, Values] = {}
        left_out: dict[str, None] = {}

        def put(neutral: str, values: Iterable[Value]) -> None:
            kept, lost = self._fitting(neutral, [value for value in values if value])
            name = self._target.theirs(neutral)
            if name and kept:
                told.setdefault(name, kept)
            if lost or (kept and not name):
                left_out[self._source.theirs(neutral) or neutral] = None

        dn = self._identity(told, put, kind, record, special)
        self._addresses(put, record, special)
        self._relations(put, record, special)
        for name, values in others:
            neutral = self._source.neutral(name)
            if neutral:
                put(neutral, values)
            elif self._unknown(told, name, values):
                left_out[name] = None
        return Translated(Record(dn, told), tuple(left_out))

    def dn(self, dn: str) -> str:
        """A name as the target spells it."""
        found = names.read(dn)
        return names.native(found) if self._target.files else names.write(found)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _classes(self) -> str:
        return ", ".join(each.written[-1] for each in self._source.classes.values())

    def _sorted_out(self, record: Record) -> tuple[dict[str, Values], list[tuple[str, Values]]]:
        """The attributes with rules of their own, by neutral name (folded), and the others."""
        special: dict[str, Values] = {}
        others = []
        for name, values in record.attributes.items():
            folded = self._source.neutral(name).casefold()
            if folded in _RULED:
                if folded not in special or self._source.theirs(folded).casefold() == name.casefold():
                    special[folded] = values
            else:
                others.append((name, values))
        return special, others

    def _identity(
        self, told: dict[str, Values], put: _Put, kind: Kind, record: Record, special: Mapping[str, Values]
    ) -> str:
        place = self._place(record, special)
        dn = self.dn(names.write(place))
        value = texts(special.get("cn"))[:1] or [names.rdn_value(names.write(place))]
        shown = texts(special.get("displayname"))[:1]
        if self._target.files:
            put("objectClass", self._target.classes[kind].written[-1:])
            put("cn", [names.rdn_value(names.write(place[:1]))])
            put("container", [names.container(place[1:])])
        else:
            put("objectClass", self._target.classes[kind].written)
            put("cn", value)
            if self._target.name == "generic" and kind in (Kind.MAILBOX, Kind.CUSTOM) and not self._has_surname(record):
                shown_name = (shown or value)[0]
                put("sn", [split_name(shown_name).surname or shown_name])
        put("displayName", shown or (value if self._target.name == "ex55" else []))
        return dn

    def _has_surname(self, record: Record) -> bool:
        return any(record.values(self._source.theirs("sn")))

    def _place(self, record: Record, special: Mapping[str, Values]) -> names.Dn:
        """Where it stands; in a file of 5.5, that is where Exchange once had it, if that is known."""
        legacy = next(iter(texts(special.get("legacyexchangedn"))), "")
        if self._target.files and not self._source.files and legacy.startswith("/"):
            return names.from_native(legacy)
        return names.read(record.dn)

    def _addresses(self, put: _Put, record: Record, special: Mapping[str, Values]) -> None:
        found = {
            neutral: special.get(neutral.casefold(), [])
            for neutral in ("proxyAddresses", "secondaryProxyAddresses", "mail")
        }
        for neutral, values in faces(self._target, proxied(self._source, record, found).proxies):
            put(neutral, values)
        own = self._source.files or self._source.name == "ex55"
        if own and not self._target.files:
            put("legacyExchangeDN", [names.native(names.read(record.dn))] if self._whole(record) else [])

    def _whole(self, record: Record) -> bool:
        """Whether its name begins at an organisation, so that it is the one that Exchange knows."""
        dn = names.read(record.dn)
        return bool(dn) and dn[-1][0].type.casefold() == "o"

    def _relations(self, put: _Put, record: Record, special: Mapping[str, Values]) -> None:
        hidden = next(iter(texts(special.get("recipienthidden"))), "").strip().casefold()
        if hidden:
            yes, no = ("1", "0") if self._target.files else ("TRUE", "FALSE")
            put("recipientHidden", [yes if hidden in _TRUE else no])
        site = _site(names.read(record.dn))
        put("member", [self._member(text, site) for text in texts(special.get("member"))])

    def _member(self, text: str, site: names.Dn) -> str:
        try:
            dn = names.absolute(text, site) if self._source.files else names.read(text)
            return names.relative(dn, site) if self._target.files else names.write(dn)
        except FormatError:
            return text

    def _fitting(self, neutral: str, values: list[Value]) -> tuple[Values, bool]:
        """What the target can hold of the values, and whether something is lost."""
        if not self._target.files:
            return values, False
        kept = [value for value in values if isinstance(value, str)]
        if not attribute(neutral).multi:
            kept = kept[:1]
        return [*kept], len(kept) < len(values)

    def _unknown(self, told: dict[str, Values], name: str, values: Values) -> bool:
        """An attribute of no table, under its own name; returns whether it, or a part of it, is lost."""
        if not self._target.files:
            if _NAME.fullmatch(name):
                told.setdefault(name, values)
            return not _NAME.fullmatch(name)
        known = column(name)
        kept = [value for value in values if isinstance(value, str) and value]
        kept = kept if known and known.multi else kept[:1]
        if kept:
            told.setdefault(name, [*kept])
        return len(kept) < len(values)


def _site(dn: names.Dn) -> names.Dn:
    """The site that an object of Exchange 5.5 belongs to: what is above its containers."""
    at = next((at for at, rdn in enumerate(dn) if rdn[0].type.casefold() != "cn"), len(dn))
    return dn[at:]
