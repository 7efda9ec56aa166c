"""One line of a file: an object, and what is to be done with it."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.directory import Bad, Record
from dxa_exchange.table55 import columns


class Mode(Enum):
    """What a line does (KB Q155414); a file without the column updates: it creates, or modifies."""

    CREATE = "Create"
    MODIFY = "Modify"
    DELETE = "Delete"
    UPDATE = "Update"


#: By their names, folded.
MODES = {mode.value.casefold(): mode for mode in Mode}


class Line(NamedTuple):
    """An object of a file.

    `kind` is its class (``Mailbox``, ``Remote``, ``DL``, or as it is called there). `record` has the cells that are not
    empty, under the names of the file's columns, but for ``Mode``; markers such as ``~DEL`` stand there as they are.
    `warnings` are about cells that were read, but not as they stand.
    """

    number: int
    kind: str
    mode: Mode
    record: Record
    raw: str = ""
    warnings: tuple[Bad, ...] = ()


def path(record: Record, base: str = "", container: str = "Recipients") -> str:
    """The distinguished name of an object: what the file says, or its container and directory name (KB Q165319).

    Args:
        base: the site, as in ``/o=Lab/ou=Berlin``, before a container that is not written from the top.
        container: of an object whose line names none.

    Raises:
        FormatError: when there is no name, or a container that is no path.
    """
    known = record.text(columns.DN)
    if known:
        return known
    name = record.text(columns.DIRECTORY_NAME) or record.text("Common-Name")
    if not name:
        raise FormatError("an object without a name", field=columns.DIRECTORY_NAME, expected="a name", got="")
    return f"{container_path(record.text(columns.CONTAINER) or container, base)}{_step(name)}"


def _step(name: str) -> str:
    return names.native(((names.Part("cn", name),),))


@lru_cache(maxsize=4096)
def container_path(container: str, base: str = "") -> str:
    """A container from the top: ``Recipients/cn=Sub`` below the base; raises `FormatError` for what is no path."""
    try:
        return names.native(names.absolute(container, names.read(base)))
    except FormatError as error:
        raise FormatError(
            error.reason, field=columns.CONTAINER, expected=error.expected or "a path", got=container
        ) from None
