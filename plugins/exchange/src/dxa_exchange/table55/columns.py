"""The columns of a file: what the table of attributes says of them, and what only matters in such files.

A column is named as the program displays it (``E-mail Addresses``) or as the schema has it (``Proxy-Addresses``, the
only names in raw mode). A reader must know which columns have several values before it can split a cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from dxa_exchange.attributetable import TABLE

MAILBOX, REMOTE, LIST = "Mailbox", "Remote", "DL"
#: The classes of recipients, by any of their names, folded.
CLASSES: Mapping[str, str] = {
    "mailbox": MAILBOX,
    "remote": REMOTE,
    "remote-address": REMOTE,
    "dl": LIST,
    "distribution-list": LIST,
}

CLASS, MODE, DIRECTORY_NAME, CONTAINER = "Obj-Class", "Mode", "Directory Name", "Obj-Container"
DN, DELETED = "Obj-Dist-Name", "Is-Deleted"
DISPLAY_NAME, ALIAS, FIRST, LAST = "Display Name", "Alias Name", "First Name", "Last name"
TARGET, ADDRESSES, SECONDARY = "E-mail address", "E-mail Addresses", "Secondary-Proxy-Addresses"
MEMBERS, MEMBER_OF, HOME_SERVER, IMPORTED_FROM = "Members", "Member of", "Home-Server", "Imported-From"
ACCOUNT, HIDDEN = "Primary Windows NT Account", "Hide from AB"

#: What the program writes when it is not told otherwise (KB Q188628).
DEFAULT = (
    *(CLASS, FIRST, LAST, DISPLAY_NAME, ALIAS, DIRECTORY_NAME, ACCOUNT, HOME_SERVER, TARGET, ADDRESSES, MEMBERS),
    *(CONTAINER, HIDDEN),
)
#: Columns that are none of an object's attributes; those of `_RIGHTS` have several values (KB Q188628).
_RIGHTS = ("Obj-Admins", "Obj-Users", "Obj-Perm-Admins")
_PSEUDO = (MODE, "Object-Version")
#: What an import must not set (KB Q184532, event 154), and what it would set for somebody else's sake (KB Q235329).
_EXPORTED = frozenset({MEMBER_OF, DN, DELETED, "When-Changed", "Object-Version", "USN-Changed", IMPORTED_FROM})
_ADDRESSES = frozenset({TARGET, ADDRESSES, SECONDARY})
_ALL = frozenset({MAILBOX, REMOTE, LIST})
_KINDS: Mapping[str, frozenset[str]] = {
    FIRST: frozenset({MAILBOX, REMOTE}),
    LAST: frozenset({MAILBOX, REMOTE}),
    ACCOUNT: frozenset({MAILBOX}),
    HOME_SERVER: frozenset({MAILBOX}),
    TARGET: frozenset({REMOTE}),
}


@attrs.frozen(kw_only=True)
class Column:
    """One column: its two names, and what a file may do with it."""

    #: As the program displays it; the same as `schema` where there is no other.
    header: str
    schema: str
    multi: bool = False

    @property
    def addresses(self) -> bool:
        """Whether each value is ``TYPE:address``."""
        return self.header in _ADDRESSES

    @property
    def account(self) -> bool:
        r"""Whether the value is a Windows account ``DOMAIN\user``, in which a single backslash counts."""
        return self.header == ACCOUNT

    @property
    def importable(self) -> bool:
        """Whether an import may set it; what only names an object counts as set."""
        return self.header not in _EXPORTED

    @property
    def kinds(self) -> frozenset[str]:
        """The classes that have it."""
        return _KINDS.get(self.header, _ALL)


def _columns() -> Iterator[Column]:
    for each in TABLE:
        if each.header or each.schema:
            yield Column(header=each.header or each.schema, schema=each.schema or each.header, multi=each.multi)
    for name in (*_RIGHTS, *_PSEUDO):
        yield Column(header=name, schema=name, multi=name in _RIGHTS)


class Columns:
    """Columns, found by either name in any case."""

    def __init__(self, columns: Iterable[Column]) -> None:
        # An object has several classes in a directory, and one in a file.
        self._columns = tuple(attrs.evolve(each, multi=each.multi and each.header != CLASS) for each in columns)
        self._named = {name.casefold(): each for each in self._columns for name in (each.header, each.schema)}

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns)

    def find(self, name: str) -> Column | None:
        """The column of that name; None when it is not known."""
        return self._named.get(name.strip().casefold())

    def get(self, name: str) -> Column:
        """Likewise; an unknown column has one value and may be imported."""
        return self.find(name) or Column(header=name, schema=name)


COLUMNS = Columns(_columns())


def class_of(text: str) -> str:
    """The class of an object under its usual name; one that is no recipient keeps its own."""
    return CLASSES.get(text.strip().casefold(), text.strip())
