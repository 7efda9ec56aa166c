"""The groups of a postoffice: lists of its own users, each with an address like a mailbox's.

To other postoffices a group is an ordinary address (KB Q119241). One with external members would not be told to them
(KB Q118621); these groups have local users only.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa.entry import Fields
from dxa.errors import NotFoundError
from dxa_msmail.errors import address_error
from dxa_msmail.postoffice.groupbook import Groups, Member, Slot
from dxa_msmail.postoffice.grouprecords import CHAINS, GROUP, GRPMEM, GroupRecord, GrpmemRecord
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.pol import ALIAS_EXISTS, check_mailbox, check_name, read_pol, require_free
from dxa_msmail.postoffice.userbook import Users, forget_values, set_values

__all__ = [
    "CHAINS",
    "GROUP",
    "GRPMEM",
    "Group",
    "GroupRecord",
    "GrpmemRecord",
    "add_group",
    "change_group",
    "find_group",
    "groups",
    "remove_group",
]


@attrs.frozen(kw_only=True)
class Group:
    """One group; `members` are mailboxes in its own order, `hexid` names its MEM file."""

    name: str
    address: str
    hexid: str
    tid: int
    members: tuple[str, ...] = ()
    in_dirsync: bool = True


def groups(files: Files) -> list[Group]:
    """All groups in the order of their records; raises `FormatError` 40."""
    boxes = {user.tid: user.mailbox for user in Users.load(files)}
    return [_group(slot, boxes) for slot in Groups.load(files).active()]


def find_group(files: Files, address: str) -> Group:
    """The group of that address, in any case; raises `NotFoundError`, `FormatError` 40."""
    boxes = {user.tid: user.mailbox for user in Users.load(files)}
    return _group(_find(Groups.load(files), address), boxes)


def add_group(
    change: Changing,
    name: str,
    address: str,
    members: Iterable[str] = (),
    *,
    in_dirsync: bool = True,
    fields: Fields = (),
) -> Group:
    """Add a group of these mailboxes.

    Raises `AddressError` 46 or 72 for the name, 20, 71 or 81 for the address, 27 when one of them is taken,
    `NotFoundError` for a member who is no local user, `UsageError` for more than 500.
    """
    everybody, book = Users.load(change), Groups.load(change)
    name, address = check_name(name), check_mailbox(address)
    require_free(read_pol(change), name)
    _require_address(everybody, book, address)
    chosen = _chosen(everybody, members)
    slot = book.add(change, name, address, in_dirsync=in_dirsync)
    slot.members = chosen
    if fields:
        set_values(change, {slot.group.tid: fields})
    book.save(change)
    return _group(slot, {user.tid: user.mailbox for user in everybody})


def change_group(
    change: Changing,
    address: str,
    *,
    name: str | None = None,
    new_address: str | None = None,
    members: Iterable[str] | None = None,
    in_dirsync: bool | None = None,
    fields: Fields | None = None,
) -> Group:
    """Change what is given; raises `NotFoundError`, and as `add_group`."""
    everybody, book = Users.load(change), Groups.load(change)
    slot = _find(book, address)
    if name is not None:
        name = check_name(name)
        require_free(read_pol(change), name, slot.group.tid)
        slot.group = attrs.evolve(slot.group, name=name)
    if new_address is not None:
        new_address = check_mailbox(new_address)
        if new_address.casefold() != slot.group.address.casefold():
            _require_address(everybody, book, new_address)
        slot.group = attrs.evolve(slot.group, address=new_address)
    if members is not None:
        slot.members = _chosen(everybody, members)
    if in_dirsync is not None:
        slot.folder = attrs.evolve(slot.folder, in_dirsync=in_dirsync)
    if fields is not None:
        set_values(change, {slot.group.tid: fields})
    book.save(change)
    return _group(slot, {user.tid: user.mailbox for user in everybody})


def remove_group(change: Changing, address: str) -> Group:
    """Remove a group; its members stay. Returns it; raises `NotFoundError`, `FormatError` 40."""
    group = find_group(change, address)
    book = Groups.load(change)
    book.remove(_find(book, address))
    book.save(change)
    forget_values(change, {group.tid})
    return group


def _find(book: Groups, address: str) -> Slot:
    slot = book.find(address)
    if slot is None:
        raise NotFoundError(f"there is no group with the address {address!r}")
    return slot


def _group(slot: Slot, boxes: dict[int, str]) -> Group:
    return Group(
        name=slot.group.name,
        address=slot.group.address,
        hexid=slot.folder.hexid,
        tid=slot.group.tid,
        members=tuple(boxes[member.tid] for member in slot.members if member.tid in boxes),
        in_dirsync=slot.folder.in_dirsync,
    )


def _require_address(everybody: Users, book: Groups, address: str) -> None:
    if everybody.get(address) or book.find(address):
        raise address_error(ALIAS_EXISTS, address)


def _chosen(everybody: Users, mailboxes: Iterable[str]) -> tuple[Member, ...]:
    """The members behind the mailboxes, each once."""
    found = {user.tid: Member(user.tid, int(user.hexid, 16)) for user in map(everybody.find, mailboxes)}
    return tuple(found.values())
