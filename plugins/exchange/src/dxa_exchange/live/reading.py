"""What a directory holds: everything, or the objects that have changed since a cookie as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from dxa_exchange import names
from dxa_exchange.directory import Record
from dxa_exchange.live import filters
from dxa_exchange.live.containers import Container
from dxa_exchange.live.cookie import Cookie
from dxa_exchange.live.errors import NO_SUCH_OBJECT, LdapError
from dxa_exchange.live.interface import Directory, Query, Scope
from dxa_exchange.live.servers import Server
from dxa_exchange.live.sources.interface import Source, StartOver
from dxa_exchange.live.values import flat

#: So many objects are looked for by one search.
AT_ONCE = 50
#: With more changes than that, reading everything is quicker.
MANY = 2_000
#: Classes of objects that have others below them, folded; to move one moves these, which do not change themselves.
PARENTS = frozenset(
    ("organizationalunit", "container", "organization", "builtindomain", "locality", "country", "domain", "nscontainer")
)
#: The attributes that hold the members of lists.
MEMBERS = ("member", "uniqueMember")


@attrs.frozen
class Upsert:
    """An object that is there, in the container with this index."""

    container: int
    record: Record


@attrs.frozen
class Gone:
    """An object that is not there any more, or is out of every container; perhaps it never was in one."""

    anchor: str


@attrs.frozen(kw_only=True)
class Everything:
    """A full read: its objects come as they are read. `cookie` is None when every read has to be a full one."""

    objects: Iterator[Upsert]
    cookie: Cookie | None


@attrs.frozen(kw_only=True)
class Changes:
    """What has changed since the cookie that was given."""

    objects: Sequence[Upsert | Gone]
    cookie: Cookie


@attrs.define(kw_only=True)
class Reading:
    """Reads the containers of one server through one source of changes.

    `attributes` are those to ask for, without the identity. `rules` is the digest of what objects mean. Everything is
    read anew when the last time is `full_after` seconds ago: a server that was restored to a state that it had since
    shows no trace of that.
    """

    directory: Directory
    server: Server
    source: Source
    containers: Sequence[Container]
    attributes: tuple[str, ...]
    rules: str
    full_after: float = 7 * 86_400.0

    def changes(self, since: Cookie | None, now: float) -> Changes:
        """What has changed since the cookie.

        Raises:
            StartOver: when everything has to be read, and why.
            LdapError: for a container that is not there, or that may not be read: nobody is deleted for that.
        """
        self._check_bases()
        if since is None:
            raise StartOver("nothing was read before")
        if why := since.differs(self._position(now)):
            raise StartOver(why)
        if not since.full_at <= now <= since.full_at + self.full_after:
            raise StartOver("it is time")
        changed = self.source.changes(self.containers, since.values)
        anchors = [*dict.fromkeys((*changed.anchors, *since.rivals))]
        return Changes(objects=self._resolved(anchors), cookie=attrs.evolve(since, values=changed.values))

    def everything(self, now: float) -> Everything:
        """All objects.

        Raises:
            LdapError: as above; `CutShort` behind the last object that the server gave, when there are more.
        """
        self._check_bases()
        values = self.source.begin(self.containers)
        cookie = None if values is None else attrs.evolve(self._position(now), values=values)
        return Everything(objects=self._all(), cookie=cookie)

    def _position(self, now: float) -> Cookie:
        return Cookie(
            kind=self.source.kind,
            server=self.source.server(),
            rules=self.rules,
            values=dict.fromkeys((each.digest for each in self.containers), ""),
            full_at=now,
        )

    def _check_bases(self) -> None:
        """Some servers answer a search below a base that may not be read with success and nothing."""
        for each in self.containers:
            found = self.directory.read(each.base, ("objectClass",))
            if found is None:
                raise LdapError(
                    each.base, "read", NO_SUCH_OBJECT, "noSuchObject", "the container is not there, or may not be read"
                )

    def _all(self) -> Iterator[Upsert]:
        """Each object once, in the first container that has it."""
        attributes = self._attributes()
        seen: set[str] | None = set() if _overlap(self.containers) else None
        for index, each in enumerate(self.containers):
            for page in self.directory.search(each.query(attributes)):
                for record in page:
                    if seen is not None:
                        key = names.key(record.dn)
                        if key in seen:
                            continue
                        seen.add(key)
                    yield Upsert(index, record)

    def _attributes(self) -> tuple[str, ...]:
        identity = self.server.identity.attribute
        return (*self.attributes, identity) if identity else self.attributes

    # -- changes ---------------------------------------------------------------------------------------------------

    def _resolved(self, anchors: Sequence[str]) -> list[Upsert | Gone]:
        """The objects as they are now: in a container, or gone from all of them."""
        if len(anchors) > MANY:
            raise StartOver(f"{len(anchors)} objects changed")
        if self.server.identity.attribute:
            found = self._find(anchors)
        else:
            found = self._look({anchor: anchor for anchor in anchors})
        missing = [anchor for anchor in anchors if anchor not in found]
        self._check_parents([each.record for each in found.values()])
        self._check_parents(self._elsewhere(missing))
        return [*found.values(), *map(Gone, missing)]

    def _find(self, anchors: Sequence[str]) -> dict[str, Upsert]:
        """Objects by what identifies them."""
        attributes, identity = (*self._attributes(), "hasSubordinates"), self.server.identity
        found: dict[str, Upsert] = {}
        for some in _portions(anchors):
            wanted = filters.any_of(map(identity.filter, some))
            for index, each in enumerate(self.containers):
                for record in flat(self.directory.search(each.query(attributes, wanted))):
                    found.setdefault(identity.of(record), Upsert(index, record))
        return found

    def _look(self, dns: Mapping[str, str]) -> dict[str, Upsert]:
        """Objects by their names, each with its key."""
        found: dict[str, Upsert] = {}
        for key, dn in dns.items():
            for index, each in enumerate(self.containers):
                if key not in found and _holds(each, dn):
                    query = attrs.evolve(each.query(self._attributes()), base=dn, scope=Scope.BASE)
                    for record in self._there(query):
                        found[key] = Upsert(index, record)
        return found

    def _there(self, query: Query) -> list[Record]:
        try:
            return [*flat(self.directory.search(query))]
        except LdapError as problem:
            if problem.code == NO_SUCH_OBJECT:
                return []
            raise

    def _elsewhere(self, missing: Sequence[str]) -> Iterator[Record]:
        """What is in no container, and somewhere else in the directory."""
        identity = self.server.identity
        wanted = ("objectClass", "hasSubordinates", identity.attribute)
        contexts = {*(self.server.context(each.base) for each in self.containers)} if identity.attribute else set()
        for some in _portions(missing):
            for context in contexts:
                query = Query(context, Scope.SUB, filters.any_of(map(identity.filter, some)), wanted)
                yield from flat(self.directory.search(query))

    def _check_parents(self, records: Iterable[Record]) -> None:
        """To move a container, or to give it another name, moves objects that have not changed themselves."""
        tops = {names.key(top) for each in self.containers for top in (each.base, self.server.context(each.base))}
        for record in records:
            if _is_parent(record) and names.key(record.dn) not in tops:
                raise StartOver(f"the container {record.dn} changed")

    # -- lists -----------------------------------------------------------------------------------------------------

    def lists(self, members: Sequence[str] | None) -> list[Upsert]:
        """The lists that have one of these members, by their names, or all lists.

        A list does not change when a member's address does.
        """
        if members is None:
            return self._found(filters.any_of(map(filters.present, MEMBERS)))
        found: dict[str, Upsert] = {}
        for some in _portions(members):
            wanted = filters.any_of(filters.equal(name, dn) for name in MEMBERS for dn in some)
            found.update((names.key(each.record.dn), each) for each in self._found(wanted))
        return [*found.values()]

    def _found(self, wanted: str) -> list[Upsert]:
        attributes = self._attributes()
        return [
            Upsert(index, record)
            for index, each in enumerate(self.containers)
            for record in flat(self.directory.search(each.query(attributes, wanted)))
        ]

    def holders(self, wanted: Sequence[str]) -> list[Upsert]:
        """The objects that one of these filters finds."""
        return [each for some in _portions(wanted) for each in self._found(filters.any_of(some))]

    def named(self, dns: Sequence[str]) -> dict[str, Upsert]:
        """The objects of these names that lie in a container and fit its filter, by the key of the name."""
        if len(dns) > MANY:
            raise StartOver(f"lists that changed have {len(dns)} members")
        return self._look({names.key(dn): dn for dn in dns})


def _overlap(containers: Sequence[Container]) -> bool:
    """Whether an object may lie in two of them."""
    pairs = [(one, other) for one in containers for other in containers if one is not other]
    return any(names.within(one.base, other.base) for one, other in pairs)


def _is_parent(record: Record) -> bool:
    said = record.text("hasSubordinates").upper()
    if said == "FALSE":
        return False
    return said == "TRUE" or not PARENTS.isdisjoint(map(str.casefold, record.texts("objectClass")))


def _holds(container: Container, dn: str) -> bool:
    match container.scope:
        case Scope.BASE:
            return names.key(dn) == names.key(container.base)
        case Scope.ONE:
            return names.key(names.parent(dn)) == names.key(container.base)
        case Scope.SUB:
            return names.within(dn, container.base)


def _portions(anchors: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(anchors), AT_ONCE):
        yield anchors[at : at + AT_ONCE]
