"""A directory server that is played: enough of LDAP for the connector, and the manners of Exchange 5.5 when wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from dxa_exchange import names
from dxa_exchange.directory import Modification, Operation, Record, Value, Values
from dxa_exchange.live.errors import ConnectionLost, LdapError, error
from dxa_exchange.live.interface import ALL, Delta, Query, Refresh, Scope

Test = Callable[[Record], bool]
_ITEM = re.compile(r"([\w;-]+)(>=|=)(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{2})")


def compiled(text: str) -> Test:
    """A filter of RFC 4515 as a test; of substrings it knows only whether there is any value."""
    test, rest = _compiled(text)
    assert not rest, text
    return test


def _compiled(text: str) -> tuple[Test, str]:
    assert text.startswith("("), text
    sign = text[1]
    if sign in "&|":
        parts, rest = [], text[2:]
        while rest.startswith("("):
            part, rest = _compiled(rest)
            parts.append(part)
        return _joined(all if sign == "&" else any, parts), rest[1:]
    end = text.index(")")
    found = _ITEM.fullmatch(text[1:end])
    assert found, text
    return _item(found[1], found[2], found[3]), text[end + 1 :]


def _joined(how: Callable[[Iterator[bool]], bool], parts: Sequence[Test]) -> Test:
    return lambda record: how(part(record) for part in parts)


def _item(name: str, sign: str, text: str) -> Test:
    if text == "*":
        return lambda record: bool(record.values(name))
    value = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text).encode("latin-1", "ignore")
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if sign == ">=":
        return lambda record: any(int(each) >= int(plain) for each in record.texts(name) if each.isdecimal())
    return lambda record: any(_same(each, plain, value) for each in record.values(name))


def _same(value: Value, text: str, data: bytes) -> bool:
    return value.casefold() == text.casefold() if isinstance(value, str) else value == data


@attrs.define
class PlayedDirectory:
    """See `dxa_exchange.live.interface.Directory`.

    With `exchange55` it counts changes as Exchange 5.5 does, keeps what was deleted as tombstones, and refuses an
    address that moves between two attributes in one modification (KB Q303028). It can be reached `left` times more.
    """

    base: str = "o=Lab"
    exchange55: bool = False
    objects: dict[str, Record] = attrs.field(factory=dict)
    number: int = 0
    left: int = -1
    #: So many entries are given before the server says that there are more.
    limit: int = 0
    #: What was written: operation and name.
    log: list[tuple[str, str]] = attrs.field(factory=list)
    closed: int = 0

    def use(self) -> None:
        """Once more."""
        if self.left == 0:
            raise ConnectionLost("ldap://played", "use", -1, "Can't contact LDAP server")
        self.left -= 1

    # -- the server's own people -----------------------------------------------------------------------------------

    def put(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Somebody makes or changes an object."""
        self._store(dn, {name: [*values] for name, values in attributes.items()})

    def _store(self, dn: str, attributes: Mapping[str, Values]) -> None:
        self.number += 1
        count: dict[str, Values] = {"USN-Changed": [str(self.number)]} if self.exchange55 else {}
        self.objects[names.key(dn)] = Record(dn, {**attributes, **count})

    def live(self) -> list[Record]:
        """The objects that are not deleted."""
        return [record for record in self.objects.values() if record.text("Is-Deleted") != "TRUE"]

    # -- see `Directory` -------------------------------------------------------------------------------------------

    def root(self) -> Record:
        """See `Directory`."""
        self.use()
        return Record("", {"namingContexts": [self.base]})

    def schema(self, classes: Sequence[str]) -> frozenset[str]:
        """See `Directory`."""
        self.use()
        return frozenset()

    def search(self, query: Query) -> Iterator[list[Record]]:
        """See `Directory`."""
        self.use()
        test = compiled(query.filter)
        shown = query.deleted or "USN-Changed" in query.filter
        there = [*self.objects.values()] if shown else self.live()
        found = [each for each in there if _within(each.dn, query.base, query.scope) and test(each)]
        for at in range(0, len(found) or 1, 50):
            if self.limit and at + 50 > self.limit:
                yield found[at : self.limit]
                raise error("ldap://played", "search", 4, "Size limit exceeded")
            yield found[at : at + 50]
            self.use()

    def read(self, dn: str, attributes: Sequence[str] = ALL) -> Record | None:
        """See `Directory`."""
        self.use()
        found = self.objects.get(names.key(dn))
        if found is None and names.key(dn) == names.key(self.base):
            return Record(self.base, {"objectClass": ["organization"]})
        return found if found is not None and found in self.live() else None

    def add(self, dn: str, attributes: Mapping[str, Values]) -> None:
        """See `Directory`."""
        self.use()
        there = self.objects.get(names.key(dn))
        if there is not None and there in self.live():
            raise error("ldap://played", f"add {dn}", 68, "Already exists")
        self._store(dn, dict(attributes))
        self.log.append(("add", dn))
        self.use()

    def modify(self, dn: str, modifications: Sequence[Modification]) -> None:
        """See `Directory`."""
        self.use()
        before = self._must(dn)
        after = dict(before.attributes)
        for each in modifications:
            assert each.operation is Operation.REPLACE
            after.pop(each.name, None)
            if each.values:
                after[each.name] = [*each.values]
        self._check_addresses(before, Record(dn, after), {each.name for each in modifications})
        self._store(before.dn, after)
        self.log.append(("modify", dn))
        self.use()

    def delete(self, dn: str) -> None:
        """See `Directory`."""
        self.use()
        record = self._must(dn)
        del self.objects[names.key(dn)]
        if self.exchange55:
            self._store(dn, {**record.attributes, "Is-Deleted": ["TRUE"]})
        self.log.append(("delete", dn))
        self.use()

    def rename(self, dn: str, rdn: str, superior: str | None = None) -> None:
        """See `Directory`."""
        raise AssertionError("Exchange 5.5 renames nothing, and dxa gives no object another name")

    def dirsync(self, query: Query, cookie: bytes, flags: int) -> Delta:
        """See `Directory`."""
        raise AssertionError("there is no such control here")

    def refresh(self, query: Query, cookie: str | None) -> Refresh:
        """See `Directory`."""
        raise AssertionError("there is no such control here")

    def close(self) -> None:
        """See `Directory`."""
        self.closed += 1

    def _must(self, dn: str) -> Record:
        found = self.objects.get(names.key(dn))
        if found is None or found not in self.live():
            raise error("ldap://played", f"change {dn}", 32, "No such object")
        return found

    def _check_addresses(self, before: Record, after: Record, changed: set[str]) -> None:
        """Values are compared with those of the old object, in whichever attribute they stand."""
        if not self.exchange55:
            return
        for one, other in (("mail", "otherMailbox"), ("otherMailbox", "mail")):
            old, new = _bare(before, one), _bare(after, other)
            if one in changed and other in changed and old & (new - _bare(before, other)):
                raise LdapError("ldap://played", f"modify {after.dn}", 20, "Type or value exists")


def _bare(record: Record, name: str) -> set[str]:
    if name == "mail":
        return {value.casefold() for value in record.texts("mail")}
    texts = record.texts("otherMailbox")
    return {text.partition("$")[2].casefold() for text in texts if text.casefold().startswith("smtp$")}


def _within(dn: str, base: str, scope: Scope) -> bool:
    if scope is Scope.BASE:
        return names.key(dn) == names.key(base)
    if scope is Scope.ONE:
        return names.key(names.parent(dn)) == names.key(base)
    return names.within(dn, base)
