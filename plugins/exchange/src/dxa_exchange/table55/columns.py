"""What the columns of a file are called, and which of them have several values (Exchange 5.0 release notes, 2.11.1).

A column is named as the program displays it (``E-mail Addresses``) or as the schema has it (``Proxy-Addresses``, the
only names in raw mode). A reader must know which columns have several values before it can split a cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

MAILBOX, REMOTE, LIST = "Mailbox", "Remote", "DL"
#: The classes of recipients, by any of their names, folded.
CLASSES: Mapping[str, str] = {
    "mailbox": MAILBOX,
    "remote": REMOTE,
    "remote-address": REMOTE,
    "dl": LIST,
    "distribution-list": LIST,
}
_PEOPLE = frozenset({MAILBOX, REMOTE})
_ALL = frozenset({MAILBOX, REMOTE, LIST})

CLASS, MODE, DIRECTORY_NAME, CONTAINER = "Obj-Class", "Mode", "Directory Name", "Obj-Container"
DN, DELETED = "Obj-Dist-Name", "Is-Deleted"
DISPLAY_NAME, ALIAS, FIRST, LAST = "Display Name", "Alias Name", "First Name", "Last name"
TARGET, ADDRESSES, SECONDARY = "E-mail address", "E-mail Addresses", "Secondary-Proxy-Addresses"
MEMBERS, MEMBER_OF, HOME_SERVER, IMPORTED_FROM = "Members", "Member of", "Home-Server", "Imported-From"
ACCOUNT = "Primary Windows NT Account"


@attrs.frozen(kw_only=True)
class Column:
    """One column: its two names, and what a file may do with it."""

    #: As the program displays it; the same as `schema` where there is no other.
    header: str
    schema: str
    multi: bool = False
    #: Each value is ``TYPE:address``.
    addresses: bool = False
    #: A Windows account ``DOMAIN\user``: a single backslash is part of the value.
    account: bool = False
    #: Whether an import may set it; what only identifies an object counts as set.
    importable: bool = True
    #: The classes that have it.
    kinds: frozenset[str] = _ALL
    #: It is in a header that the program writes itself (KB Q188628).
    default: bool = False


def _of(header: str, schema: str = "", **more: object) -> Column:
    return Column(header=header, schema=schema or header, **more)  # type: ignore[arg-type]


def _columns() -> Iterator[Column]:
    yield _of(CLASS, default=True)
    yield _of(MODE)
    yield _of(FIRST, "Given-Name", kinds=_PEOPLE, default=True)
    yield _of(LAST, "Surname", kinds=_PEOPLE, default=True)
    yield _of(DISPLAY_NAME, "Display-Name", default=True)
    yield _of(ALIAS, "Mail-nickname", default=True)
    yield _of(DIRECTORY_NAME, "Common-Name", default=True)
    yield _of(ACCOUNT, "Assoc-NT-Account", account=True, kinds=frozenset({MAILBOX}), default=True)
    yield _of(HOME_SERVER, kinds=frozenset({MAILBOX}), default=True)
    yield _of(TARGET, "Target-Address", addresses=True, kinds=frozenset({REMOTE}), default=True)
    yield _of(ADDRESSES, "Proxy-Addresses", multi=True, addresses=True, default=True)
    yield _of(MEMBERS, "Member", multi=True, default=True)
    yield _of(CONTAINER, default=True)
    yield _of("Hide from AB", "Hide-From-Address-Book", default=True)
    yield _of(SECONDARY, multi=True, addresses=True)
    yield _of(MEMBER_OF, "Is-Member-Of-DL", multi=True, importable=False)
    for n in range(1, 16):
        yield _of(f"Custom Attribute {n}", f"Extension-Attribute-{n}")
    for name in ("Obj-Admins", "Obj-Users", "Obj-Perm-Admins"):
        yield _of(name, multi=True)
    for name in (DN, DELETED, "When-Changed", "Object-Version", "USN-Changed"):
        yield _of(name, importable=False)
    yield _of(IMPORTED_FROM)
    yield _of("Admin-Description")


class Columns:
    """Columns, found by either name in any case."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = tuple(columns)
        self._named = {name.casefold(): each for each in self._columns for name in (each.header, each.schema)}

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns)

    def find(self, name: str) -> Column | None:
        """The column of that name; None when it is not known."""
        return self._named.get(name.strip().casefold())

    def get(self, name: str) -> Column:
        """Likewise; an unknown column has one value and may be imported."""
        return self.find(name) or Column(header=name, schema=name)

    def same(self, one: str, other: str) -> bool:
        """Whether two names are one column."""
        return self.get(one).header.casefold() == self.get(other).header.casefold()


COLUMNS = Columns(_columns())


def class_of(text: str) -> str:
    """The class of an object under its usual name; one that is no recipient keeps its own."""
    return CLASSES.get(text.strip().casefold(), text.strip())
