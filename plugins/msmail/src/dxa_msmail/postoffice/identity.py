"""Who a postoffice is, and the numbers it gives out next: MASTER, CONTROL, TID and the small files beside them.

KB Q87388 documents CONTROL.GLB as a whole; of the others the public sources give sizes and single bytes. Where that is
all, the layout between these bytes is ours (MASTER.GLB, with mark and check) or nothing is written but zeros
(GLOBAL.GLB, MODEM.GLB), which claims nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, TypeVar

import attrs

from dxa.errors import AddressError, FormatError
from dxa_msmail.addresses import check_pair
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import Basis
from dxa_msmail.postoffice.maildata import Changing, Files

MASTER = "GLB/MASTER.GLB"
CONTROL = "GLB/CONTROL.GLB"
TID = "GLB/TID.GLB"
RNETSEM = "GLB/RNETSEM.GLB"
GLOBAL = "GLB/GLOBAL.GLB"
MODEM = "GLB/MODEM.GLB"
SERVER = "GLB/SERVER.GLB"

#: KB Q116436: addresses that directory synchronization adds have tuple ids from here on; TID.GLB gives those below.
EXTERNAL_TIDS = 0x7F67697F
#: KB Q148666: the bit of MASTER.GLB's byte 0x93 that says that the gateway to AppleTalk networks is installed.
MSMAIL_GATEWAY = 0x10

_Q77926 = "KB Q77926"
#: KB Q96002 #39, "Error generating TID": TID.GLB or CONTROL.GLB has no number to give.
_NO_NUMBER = 39
_LAST = 0xFFFFFFFF
#: A hexid names files in many folders; these have one for each user, postoffice and gateway, network, and group.
_HEXID_FOLDERS = ("MBG", "XTN", "MEM")
R = TypeVar("R")


@layout.record(176, "Identity and options of the postoffice", f"{_Q77926}, Q104586, Q148666, Q131423")
@attrs.frozen(kw_only=True)
class Master:
    """MASTER.GLB: `server` is the registered directory server as ``NET/PO``, empty when there is none."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    network: str = layout.text(0x08, 11, Basis.OURS, "", "network, up to 10 characters")
    postoffice: str = layout.text(0x13, 11, Basis.OURS, "", "postoffice, up to 10 characters")
    serial: int = layout.number(0x1E, 4, Basis.OURS, "", "serial number; dxa puts the second of creation here")
    administrator: str = layout.text(0x22, 11, Basis.OURS, "", "the administrator's mailbox, up to 10 characters")
    shadow: bool = layout.flag(0x2D, Basis.OURS, "", "a shadow postoffice: no users, no PROCESS.GLB")
    server: str = layout.text(0x2E, 22, Basis.OURS, "KB Q131423 names the field", "directory server as NET/PO")
    gateways: int = layout.number(
        0x93, 1, Basis.DOCUMENTED, "KB Q148666", "bit 0x10: the MSMAIL gateway is installed; other bits unknown"
    )
    enhanced_security: bool = layout.flag(0x94, Basis.DOCUMENTED, "KB Q104586", "enhanced security")

    @property
    def name(self) -> str:
        """The postoffice as ``NET/PO``."""
        return f"{self.network}/{self.postoffice}"


@layout.record(8, "Next numbers", "KB Q87388")
@attrs.frozen(kw_only=True)
class Control:
    """CONTROL.GLB: what the next mailbag and the next letter are called."""

    raw: bytes = layout.raw()
    next_mailbag: int = layout.number(0, 4, Basis.DOCUMENTED, "KB Q87388", "nmailbag: the next hexid", default=1)
    next_letter: int = layout.number(
        4, 4, Basis.DOCUMENTED, "KB Q87388", "nletter: the next name of MAI, ATT and P1", default=1
    )


@layout.record(4, "Next tuple id", f"{_Q77926}, Q87404")
@attrs.frozen(kw_only=True)
class Tid:
    """TID.GLB: the next id of a local address; those of dirsync's external addresses are `EXTERNAL_TIDS` and above."""

    raw: bytes = layout.raw()
    next_tid: int = layout.number(0, 4, Basis.INFERRED, "KB Q87404", "next tuple id, from the size", default=1)


@layout.record(2, "Sign of change, and the lock", f"{_Q77926}, Q148705")
@attrs.frozen(kw_only=True)
class Flag:
    """FLAG.GLB: it changes when lists change, and who holds it has the database locked (error 91)."""

    raw: bytes = layout.raw()
    changes: int = layout.number(0, 2, Basis.INFERRED, _Q77926, "counter; that it changes is all that is published")


@layout.record(4, "Semaphore", "KB Q118946")
@attrs.frozen(kw_only=True)
class Rnetsem:
    """RNETSEM.GLB: a counter that dxa creates and does not use."""

    raw: bytes = layout.raw()
    counter: int = layout.number(0, 4, Basis.DOCUMENTED, "KB Q118946", "semaphore counter")


@layout.record(512, "Defaults of the postoffice", _Q77926)
@attrs.frozen(kw_only=True)
class Global:
    """GLOBAL.GLB: only the size is public. A new one is zeros; the bytes of an old one are kept."""

    raw: bytes = layout.raw()


@layout.record(64, "Modem settings", _Q77926)
@attrs.frozen(kw_only=True)
class Modem:
    """MODEM.GLB: only the size is public. A new one is zeros; the bytes of an old one are kept."""

    raw: bytes = layout.raw()


@layout.record(181, "Dynamic drive", f"{_Q77926}, Q139034")
@attrs.frozen(kw_only=True)
class Server:
    """A record of SERVER.GLB, the dynamic drives: only the size is public. dxa writes none and keeps those there."""

    raw: bytes = layout.raw()


def read_one(cls: type[R], files: Files, name: str) -> R:
    """The record that is a file of its own; raises `FormatError` 40 when it is missing, cut, too long or damaged."""
    data, size = files.read(name), layout.layout_of(cls).size
    if data is None or len(data) != size:
        got = "no file" if data is None else f"{len(data)} bytes"
        raise layout.corrupt(name, min(len(data or b""), size), "size", f"{size} bytes", got)
    return layout.decode(cls, data, source=name)


def identity(files: Files) -> Master:
    """Who the postoffice is; raises `FormatError` 40."""
    master = read_one(Master, files, MASTER)
    require_name(MASTER, master, "network", master.name)
    if master.server:
        require_name(MASTER, master, "server", master.server)
    return master


def require_name(source: str, record: Any, field: str, name: str) -> None:
    """Raise `FormatError` 40 unless what this field of a file's record says can be a postoffice, ``NET/PO``."""
    network, _, postoffice = name.partition("/")
    try:
        check_pair(network, postoffice)
    except AddressError as error:
        at = layout.place(type(record), field)
        raise layout.corrupt(source, at, field, f"NET/PO ({error.reason})", name) from None


def name_of(files: Files) -> str:
    """The postoffice as ``NET/PO``; raises `FormatError` 40."""
    return identity(files).name


def write_identity(change: Changing, master: Master) -> None:
    """Store who the postoffice is; raises `AddressError` for names that no postoffice can have, `FormatError`."""
    check_pair(master.network, master.postoffice)
    if master.server:
        network, _, postoffice = master.server.partition("/")
        check_pair(network, postoffice)
    change.write(MASTER, layout.encode(master))


def next_mailbag(change: Changing) -> str:
    """A new hexid, like ``0000000A``; one that is in use is passed over. Raises `FormatError` 39, 40.

    Numbers are in use already when CONTROL.GLB comes from an older backup than the rest.
    """
    control = read_one(Control, change, CONTROL)
    number = control.next_mailbag
    while _used(change, (f"{folder}/{number:08X}.{folder}" for folder in _HEXID_FOLDERS)):
        number += 1
    _give(number, _LAST, CONTROL)
    change.write(CONTROL, layout.encode(attrs.evolve(control, next_mailbag=number + 1)))
    return f"{number:08X}"


def next_letter(change: Changing) -> str:
    """A new stem of MAI, ATT and P1, like ``00000062``; one that is in use is passed over. Raises as `next_mailbag`."""
    control = read_one(Control, change, CONTROL)
    number = max(1, control.next_letter)  # 0 is `mailbag.NO_LETTER`
    while _used(change, _letter_files(f"{number:08X}")):
        number += 1
    _give(number, _LAST, CONTROL)
    change.write(CONTROL, layout.encode(attrs.evolve(control, next_letter=number + 1)))
    return f"{number:08X}"


def next_tid(change: Changing, used: Container[int] = ()) -> int:
    """A new tuple id of a local address, none of those in use; raises `FormatError` 39 when they are used up, 40.

    As with mailbags, TID.GLB may come from an older backup than the rest.
    """
    tid = read_one(Tid, change, TID)
    number = tid.next_tid
    while number in used:
        number += 1
    _give(number, EXTERNAL_TIDS, TID)
    change.write(TID, layout.encode(attrs.evolve(tid, next_tid=number + 1)))
    return number


def _letter_files(stem: str) -> tuple[str, ...]:
    # KB Q108027: the folder is the last digit of the name.
    return f"MAI/MA{stem[-1]}/{stem}.MAI", f"ATT/AT{stem[-1]}/{stem}.ATT", f"P1/{stem}.P1"


def _used(files: Files, names: Iterable[str]) -> bool:
    return any(files.read(name) is not None for name in names)


def _give(number: int, end: int, name: str) -> None:
    if number >= end:
        raise FormatError(
            "there is no number left to give",
            source=name,
            offset=0,
            expected=f"below {end:08X}",
            got=f"{number:08X}",
            code=_NO_NUMBER,
        )
