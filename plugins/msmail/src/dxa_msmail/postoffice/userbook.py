"""All local users of a postoffice as one value that can be looked at and changed.

A deleted user leaves a free record, so that the numbers of all others stay the same in the three files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs

from dxa.entry import Fields
from dxa.errors import NotFoundError
from dxa.rules.naming import name_key
from dxa_msmail.errors import address_error, format_error
from dxa_msmail.postoffice import identity, inf, layout, letters, mailbag
from dxa_msmail.postoffice.accessrecords import ACCESS, PARTS, columns, hash_password
from dxa_msmail.postoffice.groupbook import Groups
from dxa_msmail.postoffice.grouprecords import addresses
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import LOCAL, NameRow
from dxa_msmail.postoffice.pol import ALIAS_EXISTS, NAMES, check_mailbox, check_name, read_pol, write_pol
from dxa_msmail.postoffice.templates import ADMIN, fit, read_template


@attrs.frozen(kw_only=True)
class User:
    """One local user. `record` is his place in the files; `password` is what is kept of it, zeros for none."""

    record: int
    name: str
    mailbox: str
    hexid: str
    tid: int
    in_dirsync: bool = True
    admin: bool = False
    password: bytes = attrs.field(default=hash_password(""), repr=False)

    @property
    def has_password(self) -> bool:
        """Whether one is set; without one every password fits."""
        return any(self.password)


@attrs.frozen(kw_only=True)
class NewUser:
    """What is said of a user who is to be added."""

    name: str
    mailbox: str
    password: str = attrs.field(default="", repr=False)
    in_dirsync: bool = True
    admin: bool = False
    fields: Fields = ()


@attrs.define
class Users:
    """All local users while they are looked at or changed."""

    _data: dict[str, bytearray]
    #: By their mailboxes in lower case.
    _users: dict[str, User]
    _free: list[int]
    #: All other rows of the address list, and the addresses of groups.
    _others: list[NameRow]
    _groups: Mapping[str, str]
    _names: dict[str, int] = attrs.field(init=False)
    _tids: set[int] = attrs.field(init=False)
    _new: list[str] = attrs.field(factory=list)
    _gone: list[User] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Find names by their keys, and know which tuple ids are in use."""
        self._names = {name_key(row.name): row.tid for row in self._others}
        self._names |= {name_key(user.name): user.tid for user in self._users.values()}
        self._tids = set(self._names.values())

    @classmethod
    def load(cls, files: Files) -> Users:
        """Read them; raises `FormatError` 40 for damaged files, and for files that do not fit together."""
        parts = {name: _read_part(files, name, record) for name, record in PARTS}
        _check_parts(parts)
        access = parts[ACCESS][1]
        keys = ("name", "mailbox", "hexid", "tid", "in_dirsync", "admin", "password")
        users, free = {}, []
        for n, (active, *values) in enumerate(zip(access["active"], *(access[key] for key in keys), strict=True)):
            if active:
                user = User(record=n, **dict(zip(keys, values, strict=True)))
                users[user.mailbox.casefold()] = user
            else:
                free.append(n)
        rows = read_pol(files)
        _check_names(rows, users.values())
        others = [row for row in rows if row.kind != LOCAL]
        data = {name: bytearray(content) for name, (content, _) in parts.items()}
        return cls(data, users, free, others, addresses(files))

    def save(self, change: Changing) -> None:
        """Write the files that have changed, and those of users who have come and gone; raises `FormatError`."""
        rows = [*self._others, *map(_row, self)]
        for hexid in self._new:
            mailbag.create(change, hexid)
            change.write(_personal(hexid), b"")
        for name, data in self._data.items():
            if change.read(name) != bytes(data):
                change.write(name, bytes(data))
        write_pol(change, rows)
        if self._gone:
            _clear(change, self._gone)

    def __iter__(self) -> Iterator[User]:
        """All users in the order of their records."""
        return iter(sorted(self._users.values(), key=lambda user: user.record))

    def find(self, mailbox: str) -> User:
        """The user with this mailbox, in any case; raises `NotFoundError`."""
        user = self._users.get(mailbox.casefold())
        if user is None:
            raise NotFoundError(f"there is no local user with the mailbox {mailbox!r}")
        return user

    def get(self, mailbox: str) -> User | None:
        """The same, None when there is none."""
        return self._users.get(mailbox.casefold())

    # -- changing --------------------------------------------------------------------------------------------------

    def add(self, change: Changing, new: NewUser) -> User:
        """See `add_user`."""
        name, mailbox = self._free_name(new.name, 0), self._free_mailbox(new.mailbox, "")
        user = User(
            record=self._free.pop(0) if self._free else self._count(),
            name=name,
            mailbox=mailbox,
            hexid=identity.next_mailbag(change),
            tid=identity.next_tid(change, self._tids),
            in_dirsync=new.in_dirsync,
            admin=new.admin,
            password=hash_password(new.password),
        )
        self._put(user)
        self._new.append(user.hexid)
        return user

    def change(self, mailbox: str, wanted: Mapping[str, Any]) -> User:
        """The user with other values of `name`, `mailbox`, `password` (the text), `in_dirsync`, `admin`."""
        old, changed = self.find(mailbox), dict(wanted)
        if "name" in changed:
            changed["name"] = self._free_name(changed["name"], old.tid)
        if "mailbox" in changed:
            changed["mailbox"] = self._free_mailbox(changed["mailbox"], old.mailbox)
        if "password" in changed:
            changed["password"] = hash_password(changed["password"])
        new = attrs.evolve(old, **changed)
        self._drop(old)
        self._put(new)
        return new

    def remove(self, mailbox: str) -> User:
        """See `remove_user`."""
        user = self.find(mailbox)
        self._drop(user)
        for name, cls in PARTS:
            self._write(name, cls, user.record, {"active": False})
        self._free.append(user.record)
        self._free.sort()
        self._gone.append(user)
        return user

    def _free_name(self, name: str, tid: int) -> str:
        name = check_name(name)
        if self._names.get(name_key(name), tid) != tid:
            raise address_error(ALIAS_EXISTS, name)
        return name

    def _free_mailbox(self, mailbox: str, own: str) -> str:
        mailbox = check_mailbox(mailbox)
        key = mailbox.casefold()
        if key != own.casefold() and (key in self._users or key in self._groups):
            raise address_error(ALIAS_EXISTS, mailbox)
        return mailbox

    def _drop(self, user: User) -> None:
        del self._users[user.mailbox.casefold()]
        del self._names[name_key(user.name)]

    def _put(self, user: User) -> None:
        values = {"active": True, **attrs.asdict(user)}
        for name, cls in PARTS:
            known = layout.layout_of(cls).spots
            self._write(name, cls, user.record, {key: value for key, value in values.items() if key in known})
        self._users[user.mailbox.casefold()] = user
        self._names[name_key(user.name)] = user.tid

    def _write(self, file: str, cls: type[Any], n: int, values: Mapping[str, Any]) -> None:
        """Change a record in its place, or add one at the end."""
        size, data = layout.layout_of(cls).size, self._data[file]
        at = n * size
        old = layout.decode(cls, bytes(data[at : at + size]), source=file) if at < len(data) else cls()
        data[at : at + size] = layout.encode(attrs.evolve(old, **values))

    def _count(self) -> int:
        return len(self._data[ACCESS]) // layout.layout_of(PARTS[0][1]).size


# -- files ---------------------------------------------------------------------------------------------------------


def _row(user: User) -> NameRow:
    return NameRow(LOCAL, user.name, user.tid, int(user.hexid, 16))


def _personal(hexid: str) -> str:
    return f"NME/{hexid}.NME"


def _read_part(files: Files, name: str, cls: type[Any]) -> tuple[bytes, dict[str, Any]]:
    data = files.read(name)
    if data is None:
        raise layout.corrupt(name, 0, "size", f"n × {layout.layout_of(cls).size} bytes", "no file")
    return data, columns(cls, data, name)


def _check_parts(parts: Mapping[str, tuple[bytes, Mapping[str, Any]]]) -> None:
    """Record n must be the same user in all three files."""
    first = _identities(parts[ACCESS][1])
    for name, cls in PARTS[1:]:
        other = _identities(parts[name][1])
        if len(other) != len(first):
            at = min(len(other), len(first)) * layout.layout_of(cls).size
            raise layout.corrupt(name, at, "size", f"{len(first)} records, as in {ACCESS}", f"{len(other)} records")
        if other != first:
            n = next(n for n, pair in enumerate(zip(first, other, strict=True)) if pair[0] != pair[1])
            at = n * layout.layout_of(cls).size
            raise layout.corrupt(name, at, "tid", f"the user of record {n} of {ACCESS}", "another one")


def _identities(part: Mapping[str, Any]) -> list[Any]:
    return list(zip(part["active"], part["tid"], part["hexid"], strict=True))


def _check_names(rows: Iterable[NameRow], everybody: Iterable[User]) -> None:
    """The address list must have the users of ACCESS.GLB."""
    listed = {(row.name, row.tid, f"{row.pointer:08X}") for row in rows if row.kind == LOCAL}
    known = {(user.name, user.tid, user.hexid) for user in everybody}
    if listed != known:
        name = min(listed ^ known)[0]
        raise layout.corrupt(NAMES, 0, "names", f"the users of {ACCESS}", f"another state of {name!r}")


def _clear(change: Changing, gone: Iterable[User]) -> None:
    """Take away what belonged to users who are gone."""
    tids = set()
    for user in gone:
        tids.add(user.tid)
        if mailbag.exists(change, user.hexid):
            letters.drop(change, user.hexid, *(slot for slot, _ in mailbag.headers(change, user.hexid)))
        for name in (mailbag.mbg_name(user.hexid), mailbag.key_name(user.hexid), _personal(user.hexid)):
            change.remove(name)
    groups = Groups.load(change)
    groups.forget(tids)
    groups.save(change)
    forget_values(change, tids)


# -- template values -----------------------------------------------------------------------------------------------


def values(files: Files) -> Mapping[int, Fields]:
    """The template values of users and groups by tuple id; none when they cannot be had."""
    return inf.read_values(files, ADMIN, read_template(files, ADMIN)).values


def set_values(change: Changing, fields: Mapping[int, Fields]) -> None:
    """Give users and groups these template values instead of theirs, by tuple id.

    Raises `FormatError` 33, 34 or 36 when the others' values could not be kept, 36, 37 or 65 for a value that the
    template has no room for.
    """
    template = read_template(change, ADMIN)
    template = template if template and template.fields else None
    stored = inf.read_values(change, ADMIN, template)
    if stored.error:
        raise stored.error
    new = dict(stored.values)
    for tid, wanted in fields.items():
        new[tid], problems = fit(template, wanted)
        for code, prompt in problems:
            raise format_error(code, field=prompt, got=dict(wanted)[prompt])
    if template is not None and new != stored.values:
        change.write(inf.inf_name(ADMIN), inf.write_inf(template, new, made=stored.made))


def forget_values(change: Changing, tids: Collection[int]) -> None:
    """Drop the template values of addresses that are gone, if they can be had."""
    gone = [tid for tid in values(change) if tid in tids]
    if gone:
        set_values(change, dict.fromkeys(gone, ()))
