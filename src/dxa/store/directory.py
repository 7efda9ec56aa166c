"""The directory: recipients and who holds which address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, delete, func, null, select, union_all, update

from dxa.address import Address, AddressTypes
from dxa.bulk import batched, made, shared
from dxa.change import Change
from dxa.errors import StoreError
from dxa.recipient import Kind, Recipient, inside
from dxa.store.counters import Counters
from dxa.store.database import Database, Record, adding, among, setting
from dxa.store.schema import proxy, received, recipient, tombstone
from dxa.store.serial import fields_text, read_fields, recipient_kind

#: The rank of a target address that is not among its recipient's proxies.
TARGET = -1
#: So many ids are read at once.
PAGE = 2000

_ADD = adding(recipient)
_MODIFY = setting(
    recipient,
    *("kind", "container", "name", "alias", "target_type", "target", "owner"),
    *("trust", "hidden", "fields", "usn"),
).where(recipient.c.id == bindparam("key"))
_DELETE = delete(recipient).where(recipient.c.id == bindparam("key"))
_ADD_PROXY = adding(proxy)
_DELETE_PROXIES = delete(proxy).where(proxy.c.recipient == bindparam("key"))
_BURY = adding(tombstone)
_DIG_UP = delete(tombstone).where(tombstone.c.recipient == bindparam("key"))

_COLUMNS = [column for column in recipient.c if column.name not in ("origin", "usn")]
_GET = select(*_COLUMNS).where(recipient.c.id.in_(among()))
_PAGE = select(*_COLUMNS).where(recipient.c.id.between(bindparam("first"), bindparam("last"))).order_by(recipient.c.id)
_LAST = select(func.max(recipient.c.id))
_PROXY_COLUMNS = (proxy.c.recipient, proxy.c.type, proxy.c.value, proxy.c.rank)
_PROXIES = select(*_PROXY_COLUMNS).where(proxy.c.recipient.in_(among())).order_by(proxy.c.recipient, proxy.c.rank)
_PROXY_PAGE = (
    select(*_PROXY_COLUMNS)
    .where(proxy.c.recipient.between(bindparam("first"), bindparam("last")))
    .order_by(proxy.c.recipient, proxy.c.rank)
)
_VALUES = select(proxy.c.recipient, proxy.c.type, proxy.c.value)
_HAVING = select(proxy.c.recipient).distinct().where(proxy.c.type.in_(among()))
_HOLDERS = select(proxy.c.key, proxy.c.recipient).where(proxy.c.key.in_(among()))
_ORIGINS = select(recipient.c.id, recipient.c.origin).where(recipient.c.id.in_(among()))
_CONTAINERS = select(recipient.c.container).distinct()
_COUNT = select(func.count()).select_from(recipient).where(recipient.c.owner == bindparam("owner"))
_THERE = select(recipient.c.id).where(recipient.c.id.in_(among()))
_UNLINK = (
    update(received)
    .where(received.c.recipient.in_(select(tombstone.c.recipient).where(tombstone.c.usn <= bindparam("usn"))))
    .values(recipient=null())
)
_FORGET = delete(tombstone).where(tombstone.c.usn <= bindparam("usn"))
_CHANGED = union_all(
    select(recipient.c.id).where(recipient.c.usn > bindparam("usn")),
    select(tombstone.c.recipient).where(tombstone.c.usn > bindparam("usn")),
)


class Directory:
    """The site's one directory. `types` tells the key of an address; it is set before anything is written."""

    types: AddressTypes = AddressTypes(())

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, ids: Iterable[int]) -> dict[int, Recipient]:
        """The living ones among these recipients, in the order asked for."""
        wanted = list(dict.fromkeys(ids))
        proxies = _by_recipient(self._db.among(_PROXIES, wanted))
        found = {row[0]: _recipient(row, proxies) for row in self._db.among(_GET, wanted)}
        return {id_: found[id_] for id_ in wanted if id_ in found}

    def all(self) -> Iterator[Recipient]:
        """All recipients by id; what is written meanwhile may or may not be seen."""
        for first in range(1, (self._db.value(_LAST) or 0) + 1, PAGE):
            rows = self._db.rows(_PAGE, first, first + PAGE - 1)
            proxies = _by_recipient(self._db.rows(_PROXY_PAGE, first, first + PAGE - 1)) if rows else {}
            for row in rows:
                yield _recipient(row, proxies)

    def search(
        self,
        text: str = "",
        kind: Kind | None = None,
        container: str | None = None,
        owner: str | None = None,
        limit: int | None = None,
    ) -> list[Recipient]:
        """Recipients by id with the text, in any case, in name, alias or an address; in a container or below it."""
        statement = select(recipient.c.id, recipient.c.name, recipient.c.alias, recipient.c.container)
        if kind is not None:
            statement = statement.where(recipient.c.kind == kind.value)
        if owner is not None:
            statement = statement.where(recipient.c.owner == owner)
        wanted = text.casefold()
        addressed = self._addressed(wanted) if wanted else set[int]()
        hits = (
            id_
            for id_, name, alias, where in self._db.select(statement.order_by(recipient.c.id))
            if (container is None or inside(where, container))
            and (wanted in name.casefold() or wanted in alias.casefold() or id_ in addressed)
        )
        return list(self.get(islice(hits, limit)).values())

    def _addressed(self, wanted: str) -> set[int]:
        return {id_ for id_, type_, value in self._db.stream(_VALUES) if wanted in f"{type_}:{value}".casefold()}

    def having(self, types: Iterable[str]) -> set[int]:
        """The recipients with an address of one of these types."""
        return {row[0] for row in self._db.among(_HAVING, types)}

    def holders(self, keys: Iterable[str]) -> dict[str, int]:
        """Which recipient holds each of these address keys; what nobody holds is left out."""
        return dict(self._db.among(_HOLDERS, keys))

    def origins(self, ids: Iterable[int]) -> dict[int, str]:
        """The peer on whose word each of these recipients was created (``""``: the site)."""
        return dict(self._db.among(_ORIGINS, ids))

    def count(self, owner: str) -> int:
        """How many recipients a peer owns."""
        return int(self._db.value(_COUNT, owner))

    def containers(self) -> list[str]:
        """The containers that recipients are in."""
        return self._db.column(_CONTAINERS)

    def usn(self) -> int:
        """The number of the latest batch of changes."""
        return self._counters.get("usn")

    def touch(self) -> None:
        """Something has changed that is none of the recipients, but that views show."""
        self._counters.take("usn", 1)

    def changed_since(self, usn: int) -> list[int]:
        """The recipients, living and gone, that a later batch has changed."""
        return sorted(self._db.column(_CHANGED, usn, usn))

    def gone(self, ids: Iterable[int]) -> set[int]:
        """Those of these recipients that were deleted."""
        asked = set(filter(None, ids))
        return asked - {row[0] for row in self._db.among(_THERE, asked)}

    def prune(self, usn: int) -> None:
        """Forget who was deleted by then: everybody who wants to know has seen it.

        What a peer still tells of one whom a co-owner deleted stands for nobody.
        """
        with self._db.transaction():
            self._db.run(_UNLINK, usn)
            self._db.run(_FORGET, usn)

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, changes: Sequence[Change[str, Recipient]], *, origin: str) -> list[int]:
        """Apply changes as one batch; returns the recipient of each.

        An added recipient without an id gets a fresh one; one with an id comes back (undo). Two spellings of one
        address count once. All that is deleted or modified lets go of its addresses before any is taken.

        Raises:
            StoreError: an address is held by another recipient, or what is modified or deleted does not exist.
        """
        if not changes:
            return []
        with self._db.transaction():
            usn = self._counters.take("usn", 1)
            ids, returned = self._ids(changes)
            added, modified, gone, moved, proxies = self._sorted(changes, ids, usn, origin)
            self._let_go(gone, moved, usn)
            if self._db.many(_MODIFY, modified) < len(modified):
                raise StoreError("a recipient that was to be modified does not exist any more")
            self._db.many(_DIG_UP, [(id_,) for id_ in returned])
            self._db.many(_ADD, added)
            self._take(proxies)
        return ids

    def _ids(self, changes: Sequence[Change[str, Recipient]]) -> tuple[list[int], list[int]]:
        """The id of each change, and those that come back."""
        ids = [(change.before or change.after or _NOBODY).id for change in changes]
        fresh = [index for index, id_ in enumerate(ids) if not id_]
        returned = [id_ for id_, change in zip(ids, changes, strict=True) if id_ and change.before is None]
        for id_, index in enumerate(fresh, self._counters.take("recipient", len(fresh))):
            ids[index] = id_
        return ids, returned

    def _sorted(
        self, changes: Sequence[Change[str, Recipient]], ids: Sequence[int], usn: int, origin: str
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[int], list[int], list[tuple[Any, ...]]]:
        """Rows to add and to modify, ids that are deleted and that let go of addresses, rows of addresses to take."""
        added: list[tuple[Any, ...]] = []
        modified: list[tuple[Any, ...]] = []
        gone: list[int] = []
        moved: list[int] = []
        proxies: list[tuple[Any, ...]] = []
        for id_, change in zip(ids, changes, strict=True):
            before, after = change.before, change.after
            if after is None:
                gone.append(id_)
                continue
            target = after.target or _NO_TARGET
            head = (after.kind._value_, after.container, after.name, after.alias, *target, after.owner)
            tail = (after.trust, after.hidden, fields_text(after.fields), usn)
            if before is None:
                added.append((id_, *head, origin, *tail))
            else:
                modified.append((*head, *tail, id_))
                if (before.proxies, before.target) == (after.proxies, after.target):
                    continue
                moved.append(id_)
            proxies += self._proxy_rows(id_, after)
        return added, modified, gone, moved, proxies

    def _proxy_rows(self, id_: int, recipient_: Recipient) -> Iterable[tuple[Any, ...]]:
        rows: dict[str, tuple[Any, ...]] = {}
        for rank, address in enumerate(recipient_.proxies):
            key = self.types.key(address)
            if key not in rows:
                rows[key] = (key, id_, *address, rank)
        target = recipient_.target
        if target is not None and target not in recipient_.proxies and (key := self.types.key(target)) not in rows:
            rows[key] = (key, id_, *target, TARGET)
        return rows.values()

    def _let_go(self, gone: Sequence[int], moved: Sequence[int], usn: int) -> None:
        self._db.many(_DELETE_PROXIES, [(id_,) for id_ in (*gone, *moved)])
        if self._db.many(_DELETE, [(id_,) for id_ in gone]) < len(gone):
            raise StoreError("a recipient that was to be deleted does not exist any more")
        self._db.many(_BURY, [(id_, usn) for id_ in gone])

    def _take(self, rows: list[tuple[Any, ...]]) -> None:
        # In the order of their key the rows lie in, many are written several times faster.
        rows.sort()
        try:
            with self._db.attempt():
                self._db.many(_ADD_PROXY, rows)
        except StoreError as error:
            raise self._clash(rows) or error from error

    def _clash(self, rows: Iterable[tuple[Any, ...]]) -> StoreError | None:
        held = self.holders(row[0] for row in rows)
        for key, wanting, *_ in rows:
            if (holder := held.setdefault(key, wanting)) != wanting:
                names = {r.id: r.name for r in self.get((holder, wanting)).values()}
                return StoreError(
                    f"{key} is held by recipient {holder} ({names.get(holder, 'gone')!r}), "
                    f"so recipient {wanting} ({names.get(wanting, 'new')!r}) cannot have it"
                )
        return None


_NOBODY = Recipient(container="", name="")
_NO_TARGET: tuple[None, None] = (None, None)


def _by_recipient(rows: Iterable[Record]) -> dict[int, list[Address]]:
    result: dict[int, list[Address]] = {}
    for part in batched((row for row in rows if row[3] != TARGET), PAGE):
        ids, types, values, _ = zip(*part, strict=True)
        for id_, address in zip(ids, made(Address, shared(types), values), strict=True):
            result.setdefault(id_, []).append(address)
    return result


def _recipient(row: Record, proxies: dict[int, list[Address]]) -> Recipient:
    id_, kind, container, name, alias, target_type, target, owner, trust, hidden, fields = row
    return Recipient(
        id=id_,
        kind=recipient_kind(kind),
        container=container,
        name=name,
        alias=alias,
        target=None if target_type is None else Address(target_type, target),
        proxies=tuple(proxies.get(id_, ())),
        owner=owner,
        trust=trust,
        hidden=bool(hidden),
        fields=read_fields(fields),
    )
