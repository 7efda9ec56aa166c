"""ADMIN: users, groups, and what they mean for directory synchronization. Each function is one change.

What concerns other postoffices and the directory server is in `dxa_msmail.programs.registration` and
`srvmainadmin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from dxa.entry import Fields
from dxa.errors import UsageError
from dxa_msmail.postoffice import groups as group_files
from dxa_msmail.postoffice import users as user_files
from dxa_msmail.postoffice.groups import Group
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.users import NewUser, User, Users
from dxa_msmail.programs.registration import (
    add_gateway,
    add_postoffice,
    register_server,
    remove_postoffice,
    set_route,
    unregister_server,
    want_export,
    want_import,
)
from dxa_msmail.programs.srvmain.admin import (
    begin_anew,
    register_requestor,
    remove_requestor,
    remove_server,
    set_options,
    want_full,
)
from dxa_msmail.programs.telling import Clock, Told, administration, own_entries

__all__ = [
    "Changed",
    "ChangedGroup",
    "add_gateway",
    "add_group",
    "add_postoffice",
    "add_user",
    "add_users",
    "begin_anew",
    "change_group",
    "change_user",
    "check_admin",
    "delete_group",
    "delete_user",
    "own_entries",
    "register_requestor",
    "register_server",
    "remove_postoffice",
    "remove_requestor",
    "remove_server",
    "set_dirsync",
    "set_options",
    "set_route",
    "unregister_server",
    "want_export",
    "want_full",
    "want_import",
]


@attrs.frozen(kw_only=True)
class Changed:
    """Users as they are now, or were when they were deleted, and what waits for the server because of it."""

    users: Sequence[User]
    told: Told

    @property
    def user(self) -> User:
        """The one user."""
        return self.users[0]


@attrs.frozen(kw_only=True)
class ChangedGroup:
    """A group as it is now, or was when it was deleted, and what waits for the server because of it."""

    group: Group
    told: Told


def check_admin(files: Files, mailbox: str, password: str) -> User | None:
    """The administrator, when this is his password; as long as there is no administrator at all, everybody is one.

    A user without a password is known by any. Raises `UsageError`.
    """
    if not any(user.admin for user in Users.load(files)):
        return None
    user = user_files.check_password(files, mailbox, password)
    if not user.admin:
        raise UsageError(f"the mailbox {user.mailbox} is not one of an administrator; nothing has been done")
    return user


# -- users ---------------------------------------------------------------------------------------------------------


def add_user(po: Maildata, clock: Clock, new: NewUser) -> Changed:
    """Add a local user; one who is in directory synchronization is told (`A`).

    Raises `AddressError` 46 or 72 for the name, 20, 71 or 81 for the mailbox, 27 when one of them is taken,
    `FormatError` for template values that have no place.
    """
    return add_users(po, clock, [new])


def add_users(po: Maildata, clock: Clock, new: Iterable[NewUser]) -> Changed:
    """Add many at once, all or none; raises as `add_user`."""
    with administration(po, clock) as work:
        added = user_files.add_users(work.change, new)
    return Changed(users=added, told=work.told)


def change_user(
    po: Maildata,
    clock: Clock,
    mailbox: str,
    *,
    name: str | None = None,
    new_mailbox: str | None = None,
    password: str | None = None,
    admin: bool | None = None,
    fields: Fields | None = None,
) -> Changed:
    """Change what is given of a user; another name and other template values are told (`M`).

    Another mailbox is another address: it is told as a delete and an add (KB Q246833); his mail stays with him. Raises
    `NotFoundError`, and as `add_user`.
    """
    with administration(po, clock) as work:
        user = user_files.change_user(
            work.change,
            mailbox,
            name=name,
            new_mailbox=new_mailbox,
            password=password,
            admin=admin,
            fields=fields,
        )
    return Changed(users=(user,), told=work.told)


def delete_user(po: Maildata, clock: Clock, mailbox: str) -> Changed:
    """Delete a user with his mail (`D`); he is taken out of all groups. Raises `NotFoundError`."""
    with administration(po, clock) as work:
        user = user_files.remove_user(work.change, mailbox)
    return Changed(users=(user,), told=work.told)


def set_dirsync(po: Maildata, clock: Clock, address: str, told: bool) -> Told:
    """Whether a user or group is told to other postoffices: No is a `D` to them (KB Q131151), Yes an `A`.

    Raises `NotFoundError`.
    """
    with administration(po, clock) as work:
        if any(group.address.casefold() == address.casefold() for group in group_files.groups(work.change)):
            group_files.change_group(work.change, address, in_dirsync=told)
        else:
            user_files.change_user(work.change, address, in_dirsync=told)
    return work.told


# -- groups --------------------------------------------------------------------------------------------------------


def add_group(
    po: Maildata,
    clock: Clock,
    name: str,
    address: str,
    members: Iterable[str] = (),
    *,
    in_dirsync: bool = True,
    fields: Fields = (),
) -> ChangedGroup:
    """Add a group of local users (`A`); raises `AddressError` as `add_user`, `NotFoundError`, `UsageError`."""
    with administration(po, clock) as work:
        group = group_files.add_group(work.change, name, address, members, in_dirsync=in_dirsync, fields=fields)
    return ChangedGroup(group=group, told=work.told)


def change_group(
    po: Maildata,
    clock: Clock,
    address: str,
    *,
    name: str | None = None,
    new_address: str | None = None,
    members: Iterable[str] | None = None,
    fields: Fields | None = None,
) -> ChangedGroup:
    """Change what is given of a group. Members are nobody else's business: only the others are told.

    Raises as `add_group`.
    """
    with administration(po, clock) as work:
        group = group_files.change_group(
            work.change, address, name=name, new_address=new_address, members=members, fields=fields
        )
    return ChangedGroup(group=group, told=work.told)


def delete_group(po: Maildata, clock: Clock, address: str) -> ChangedGroup:
    """Delete a group (`D`); its members stay. Raises `NotFoundError`."""
    with administration(po, clock) as work:
        group = group_files.remove_group(work.change, address)
    return ChangedGroup(group=group, told=work.told)
