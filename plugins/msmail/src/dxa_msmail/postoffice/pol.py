"""The Postoffice Address List: ADMIN.NME and its shadow, and what a name or a mailbox in it may be.

The list has the local users, the groups, and external addresses that somebody put there. Its names are unique (KB
Q96001 #27). Both files are equal (KB Q77926), sorted by name.
"""

from __future__ import annotations

from collections.abc import Iterable

from dxa.errors import AddressError
from dxa.rules.naming import BLANK, name_key
from dxa_msmail.addresses import ELEMENT_LENGTH, MS, RESERVED_MAILBOXES
from dxa_msmail.errors import address_error
from dxa_msmail.importlines import CONTROL, NAME_LENGTH
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import NameRow, read_nme, write_nme

NAMES = "NME/ADMIN.NME"
SHADOW = "NME/ADMINSHD.NME"

ALIAS_EXISTS = 27
_TOO_LONG, _NO_MAILBOX, _MAILBOX = 72, 81, 71


def read_pol(files: Files) -> list[NameRow]:
    """The rows in their order; raises `FormatError` 40 when a file is missing or damaged, or both are not equal."""
    data, shadow = files.read(NAMES), files.read(SHADOW)
    for name, found in ((NAMES, data), (SHADOW, shadow)):
        if found is None:
            raise layout.corrupt(name, 0, "size", "n × 45 bytes", "no file")
    assert data is not None
    if data != shadow:
        raise layout.corrupt(SHADOW, 0, "names", f"the same bytes as {NAMES}", "others")
    return read_nme(data, NAMES)


def write_pol(change: Changing, rows: Iterable[NameRow]) -> None:
    """Store the list, sorted by name, in both files; raises `FormatError`."""
    data = write_nme(sorted(rows, key=lambda row: name_key(row.name)))
    for name in (NAMES, SHADOW):
        if change.read(name) != data:
            change.write(name, data)


def require_free(rows: Iterable[NameRow], name: str, tid: int = 0) -> None:
    """Raise `AddressError` 27 when somebody else than `tid` has the name."""
    wanted = name_key(name)
    if any(name_key(row.name) == wanted and row.tid != tid for row in rows):
        raise address_error(ALIAS_EXISTS, name)


def check_name(name: str) -> str:
    """The name without blanks at its ends; raises `AddressError` 46, 72, and for characters that it cannot have."""
    name = name.strip(" ")
    if not name:
        raise address_error(BLANK, name)
    if CONTROL.search(name) or not _storable(name):
        raise AddressError(f"a name has characters of code page 850 only ({CODE_PAGE})", got=name)
    if len(name) > NAME_LENGTH:
        raise address_error(_TOO_LONG, name)
    return name


def check_mailbox(mailbox: str) -> str:
    """The mailbox of a local user or the address of a group; raises `AddressError` 20, 71, 81.

    ``$SYSTEM`` and its like are nobody's.
    """
    if not mailbox:
        raise address_error(_NO_MAILBOX, mailbox)
    if "/" in mailbox or mailbox.upper() in RESERVED_MAILBOXES or not _storable(mailbox):
        raise address_error(_MAILBOX, mailbox)
    if len(mailbox) > ELEMENT_LENGTH:
        raise address_error(20, mailbox)
    return MS.check(f"N/P/{mailbox}").rpartition("/")[2]


def _storable(text: str) -> bool:
    try:
        text.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True
