"""The records of groups: GROUP.GLB, GRPMEM.GLB, ADMIN.GRP and the MEM files.

KB Q77926, Q107767 and Q112905 give sizes and fields, but no places; the layout is ours. A record of GROUP.GLB has no
room for a mark, so the file's first four bytes are the mark as soon as there is a record. Record n of GRPMEM.GLB
belongs to the same group. The members of all groups are chains in ADMIN.GRP, and for whoever delivers mail they are
mailbag numbers in ``MEM/<hexid>.MEM``, too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import attrs

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import CODE_PAGE, MARK, Basis, Spot
from dxa_msmail.postoffice.maildata import Files

GROUP, GRPMEM = "GLB/GROUP.GLB", "GLB/GRPMEM.GLB"
CHAINS, CHAINS_SHADOW = "GRP/ADMIN.GRP", "GRP/ADMINSHD.GRP"
#: KB Q77926: a MEM file has no more than 2000 bytes.
MOST_MEMBERS = 500
#: The type of a group; no source gives its values, so this one is ours.
LOCAL_GROUP = 1

_OURS = Basis.OURS
_EMPTY = bytes(4)
_FIELDS = "KB Q107767, Q112905 name the field"
_NODE = struct.Struct("<II")
_NUMBER = struct.Struct("<I")


def _full(at: int, size: int, source: str, doc: str) -> Any:
    """A text that may take all of its bytes; a shorter one ends with a NUL."""

    def pack(value: str) -> bytes:
        data = value.encode(CODE_PAGE)
        if len(data) > size:
            raise FormatError("text does not fit", expected=f"up to {size} characters", got=value)
        return data.ljust(size, b"\0")

    spot = Spot(at, size, "text", lambda data: data.partition(b"\0")[0].decode(CODE_PAGE), pack, _OURS, source, doc)
    return attrs.field(default="", metadata={"spot": spot})


@layout.record(51, "Group", "KB Q77926, Q107767, Q112905")
@attrs.frozen(kw_only=True)
class GroupRecord:
    """A record of GROUP.GLB; a deleted one is a free place."""

    raw: bytes = layout.raw()
    deleted: bool = layout.flag(0x00, _OURS, _FIELDS, "delete flag")
    kind: int = layout.number(0x01, 1, _OURS, _FIELDS, "type; 1 is a group of local users", default=LOCAL_GROUP)
    name: str = layout.text(0x02, 31, _OURS, _FIELDS, "name, as in ADMIN.NME")
    address: str = _full(0x21, 10, _FIELDS, "address: what stands for a mailbox in NET/PO/…")
    tid: int = layout.number(0x2B, 4, _OURS, _FIELDS, "tuple id, as in ADMIN.NME")
    pointer: int = layout.number(0x2F, 4, _OURS, _FIELDS, "offset of its first member in ADMIN.GRP, 0 without members")


@layout.record(128, "Group folder", "KB Q77926")
@attrs.frozen(kw_only=True)
class GrpmemRecord:
    """A record of GRPMEM.GLB: what GROUP.GLB's record of the same number has no room for."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    tid: int = layout.number(0x08, 4, _OURS, "", "tuple id, as in GROUP.GLB")
    hexid: str = layout.text(0x0C, 9, _OURS, "", "hexid of its MEM file")
    in_dirsync: bool = layout.flag(0x15, _OURS, "", "told to other postoffices", default=True)


def read_groups(files: Files) -> list[tuple[GroupRecord, GrpmemRecord]]:
    """The records of both files in their order, deleted ones, too; raises `FormatError` 40 when they do not fit."""
    data, more = _bytes(files, GROUP), _bytes(files, GRPMEM)
    for name, found, head in ((GROUP, data, MARK if len(data) > len(_EMPTY) else _EMPTY), (GRPMEM, more, _EMPTY)):
        if found[:4] != head:
            raise layout.corrupt(name, 0, "mark", f"{head!r}, as dxa writes", repr(found[:4]))
    groups = layout.decode_all(GroupRecord, data, source=GROUP, head=4)
    folders = layout.decode_all(GrpmemRecord, more, source=GRPMEM, head=4)
    if len(groups) != len(folders):
        raise layout.corrupt(GRPMEM, len(more), "size", f"{len(groups)} records", f"{len(folders)} records")
    for n, (group, folder) in enumerate(zip(groups, folders, strict=True)):
        if group.tid != folder.tid:
            raise layout.corrupt(GRPMEM, 4 + 128 * n + 8, "tid", str(group.tid), str(folder.tid))
    return list(zip(groups, folders, strict=True))


def write_groups(rows: Iterable[tuple[GroupRecord, GrpmemRecord]]) -> dict[str, bytes]:
    """Both files by their names; raises `FormatError`."""
    rows = list(rows)
    return {
        GROUP: layout.encode_all([group for group, _ in rows], MARK if rows else _EMPTY),
        GRPMEM: layout.encode_all([folder for _, folder in rows], _EMPTY),
    }


def addresses(files: Files) -> dict[str, str]:
    """The names of all groups by their addresses in lower case; raises `FormatError` 40."""
    return {group.address.casefold(): group.name for group, _ in read_groups(files) if not group.deleted}


def _bytes(files: Files, name: str) -> bytes:
    data = files.read(name)
    if data is None:
        raise layout.corrupt(name, 0, "size", "4 + n records", "no file")
    return data


# -- members -------------------------------------------------------------------------------------------------------


def mem_file(hexid: str) -> str:
    """``MEM/0000000A.MEM``."""
    return f"MEM/{hexid}.MEM"


def read_chains(files: Files, starts: Iterable[int]) -> list[tuple[int, ...]]:
    """The tuple ids in each chain of ADMIN.GRP, as `write_chains` writes them.

    Raises `FormatError` 40 when one leaves the file, is endless or shares members with another, when there are members
    of no chain, and when the shadow is not equal.
    """
    data = files.read(CHAINS)
    if data is None or not data or len(data) % _NODE.size:
        raise layout.corrupt(CHAINS, 0, "size", "8 + 8 × n bytes", "no file" if data is None else f"{len(data)} bytes")
    if files.read(CHAINS_SHADOW) != data:
        raise layout.corrupt(CHAINS_SHADOW, 0, "chains", f"the same bytes as {CHAINS}", "others")
    starts = list(starts)
    chains = [_chain(data, start) for start in starts]
    plain, places = write_chains(chains)
    if (plain, places) != (data, starts):
        both = zip(data, plain, strict=False)
        at = next((n for n, pair in enumerate(both) if pair[0] != pair[1]), min(len(data), len(plain)))
        raise layout.corrupt(CHAINS, at, "chains", "each group's members behind each other, nothing else", "others")
    return chains


def _chain(data: bytes, at: int) -> tuple[int, ...]:
    found: list[int] = []
    while at:
        if at % _NODE.size or at >= len(data) or len(found) > MOST_MEMBERS:
            raise layout.corrupt(CHAINS, min(at, len(data)), "next offset", "that of another member, or 0", str(at))
        tid, at = _NODE.unpack_from(data, at)
        found.append(tid)
    return tuple(found)


def write_chains(chains: Iterable[Iterable[int]]) -> tuple[bytes, list[int]]:
    """ADMIN.GRP, and where each chain starts (0 for one without members); eight zeros are the first node."""
    data, starts = bytearray(_NODE.size), []
    for chain in chains:
        tids = list(chain)
        starts.append(len(data) if tids else 0)
        for n, tid in enumerate(tids, 1):
            data += _NODE.pack(tid, len(data) + _NODE.size if n < len(tids) else 0)
    return bytes(data), starts


def read_mem(data: bytes, source: str) -> tuple[int, ...]:
    """The mailbag numbers in a MEM file; raises `FormatError` 40."""
    if len(data) % 4 or len(data) > 4 * MOST_MEMBERS:
        expected = f"n × 4 bytes, up to {4 * MOST_MEMBERS}"
        raise layout.corrupt(source, len(data) - len(data) % 4, "size", expected, f"{len(data)} bytes")
    return tuple(number for (number,) in _NUMBER.iter_unpack(data))


def write_mem(numbers: Iterable[int]) -> bytes:
    """A MEM file."""
    return b"".join(map(_NUMBER.pack, numbers))
