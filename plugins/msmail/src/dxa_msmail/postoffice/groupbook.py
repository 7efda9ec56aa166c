"""All groups of a postoffice as one value that can be looked at and changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from dxa.errors import UsageError
from dxa_msmail.postoffice import identity, layout
from dxa_msmail.postoffice.grouprecords import (
    CHAINS,
    CHAINS_SHADOW,
    GROUP,
    MOST_MEMBERS,
    GroupRecord,
    GrpmemRecord,
    mem_file,
    read_chains,
    read_groups,
    read_mem,
    write_chains,
    write_groups,
    write_mem,
)
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import GROUP as GROUP_ROW
from dxa_msmail.postoffice.names import NameRow
from dxa_msmail.postoffice.pol import NAMES, read_pol, write_pol


@attrs.frozen
class Member:
    """A local user as a group has him: his tuple id and his mailbag as a number."""

    tid: int
    mailbag: int


@attrs.define
class Slot:
    """A record of GROUP.GLB with all that belongs to it."""

    group: GroupRecord
    folder: GrpmemRecord
    members: tuple[Member, ...] = ()


@attrs.define
class Groups:
    """The groups in the order of their records, free places among them."""

    slots: list[Slot]
    _gone: list[str] = attrs.field(factory=list)

    @classmethod
    def load(cls, files: Files) -> Groups:
        """Read them; raises `FormatError` 40 for damaged files, and for files that do not fit together."""
        groups = cls([Slot(group, folder) for group, folder in read_groups(files)])
        active = list(groups.active())
        chains = read_chains(files, (slot.group.pointer for slot in active))
        for slot, tids in zip(active, chains, strict=True):
            slot.members = _members(files, slot, tids)
        listed = {(row.name, row.tid, row.pointer) for row in read_pol(files) if row.kind == GROUP_ROW}
        known = {(slot.group.name, slot.group.tid, slot.group.pointer) for slot in active}
        if listed != known:
            name = min(listed ^ known)[0]
            raise layout.corrupt(NAMES, 0, "names", f"the groups of {GROUP}", f"another state of {name!r}")
        return groups

    def active(self) -> Iterator[Slot]:
        """Those in use."""
        return (slot for slot in self.slots if not slot.group.deleted)

    def find(self, address: str) -> Slot | None:
        """The group of that address, in any case."""
        wanted = address.casefold()
        return next((slot for slot in self.active() if slot.group.address.casefold() == wanted), None)

    def add(self, change: Changing, name: str, address: str, *, in_dirsync: bool) -> Slot:
        """A new group without members, in the first free place."""
        tid = identity.next_tid(change, {row.tid for row in read_pol(change)})
        group = GroupRecord(name=name, address=address, tid=tid)
        folder = GrpmemRecord(tid=tid, hexid=identity.next_mailbag(change), in_dirsync=in_dirsync)
        slot = Slot(group, folder)
        free = next((n for n, each in enumerate(self.slots) if each.group.deleted), len(self.slots))
        self.slots[free : free + 1] = [slot]
        return slot

    def remove(self, slot: Slot) -> None:
        """Free its place."""
        self._gone.append(mem_file(slot.folder.hexid))
        slot.group = attrs.evolve(slot.group, deleted=True, pointer=0)
        slot.members = ()

    def forget(self, tids: Iterable[int]) -> None:
        """Take users out of all groups."""
        gone = set(tids)
        for slot in self.slots:
            slot.members = tuple(member for member in slot.members if member.tid not in gone)

    def save(self, change: Changing) -> None:
        """Write the files that have changed, the list of names last; raises `FormatError`, `UsageError`."""
        for slot in self.slots:
            if len(slot.members) > MOST_MEMBERS:
                count = len(slot.members)
                raise UsageError(f"a group has up to {MOST_MEMBERS} members; {slot.group.name} would have {count}")
        active = list(self.active())
        chains, starts = write_chains([[member.tid for member in slot.members] for slot in active])
        for slot, start in zip(active, starts, strict=True):
            slot.group = attrs.evolve(slot.group, pointer=start)
        files = {mem_file(slot.folder.hexid): write_mem(member.mailbag for member in slot.members) for slot in active}
        files |= {CHAINS: chains, CHAINS_SHADOW: chains}
        files |= write_groups((slot.group, slot.folder) for slot in self.slots)
        rows = [row for row in read_pol(change) if row.kind != GROUP_ROW]
        rows += [NameRow(GROUP_ROW, slot.group.name, slot.group.tid, slot.group.pointer) for slot in active]
        for name, data in files.items():
            if change.read(name) != data:
                change.write(name, data)
        for name in self._gone:
            change.remove(name)
        write_pol(change, rows)


def _members(files: Files, slot: Slot, tids: tuple[int, ...]) -> tuple[Member, ...]:
    name = mem_file(slot.folder.hexid)
    data = files.read(name)
    if data is None:
        raise layout.corrupt(name, 0, "size", f"{4 * len(tids)} bytes", "no file")
    numbers = read_mem(data, name)
    if len(numbers) != len(tids):
        raise layout.corrupt(name, 0, "size", f"{4 * len(tids)} bytes", f"{len(data)} bytes")
    return tuple(map(Member, tids, numbers))
