"""The local users of a postoffice: ACCESS.GLB and its other parts, the Postoffice Address List, mailbags, passwords."""

from __future__ import annotations

from collections.abc import Iterable

from dxa.entry import Fields
from dxa.errors import UsageError
from dxa_msmail.postoffice.accessrecords import (
    ACCESS,
    ACCESS2,
    ACCESS3,
    Access2Record,
    Access3Record,
    AccessRecord,
    fits,
)
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.userbook import NewUser, User, Users, set_values, values

__all__ = [
    "ACCESS",
    "ACCESS2",
    "ACCESS3",
    "Access2Record",
    "Access3Record",
    "AccessRecord",
    "NewUser",
    "User",
    "Users",
    "add_user",
    "add_users",
    "change_user",
    "check_password",
    "find_user",
    "remove_user",
    "set_values",
    "users",
    "values",
]


# -- reading -------------------------------------------------------------------------------------------------------


def users(files: Files) -> list[User]:
    """All local users in the order of their records; raises `FormatError` 40."""
    return list(Users.load(files))


def find_user(files: Files, mailbox: str) -> User:
    """The user with this mailbox, in any case; raises `NotFoundError`, `FormatError` 40."""
    return Users.load(files).find(mailbox)


def check_password(files: Files, mailbox: str, password: str) -> User:
    """The user, when this is his password: eight characters count, and where none is set, every password fits.

    Raises `UsageError`, which does not say which of the two is wrong.
    """
    user = Users.load(files).get(mailbox)
    if user is None or not fits(password, user.password):
        raise UsageError(f"no mailbox {mailbox!r} with this password; nothing has been done")
    return user


# -- changing ------------------------------------------------------------------------------------------------------


def add_user(change: Changing, new: NewUser) -> User:
    """Add a user with an empty mailbag and personal list.

    Raises `AddressError` 46 or 72 for the name, 20, 71 or 81 for the mailbox, 27 when one of them is taken,
    `FormatError` 33 to 38, 65 for template values that cannot be kept, 39, 40.
    """
    return add_users(change, [new])[0]


def add_users(change: Changing, new: Iterable[NewUser]) -> list[User]:
    """Add many users at once; raises as `add_user`, and then none of them is written."""
    everybody = Users.load(change)
    told = [(everybody.add(change, each), each.fields) for each in new]
    fields = {user.tid: values for user, values in told if values}
    if fields:
        set_values(change, fields)
    everybody.save(change)
    return [user for user, _ in told]


def change_user(
    change: Changing,
    mailbox: str,
    *,
    name: str | None = None,
    new_mailbox: str | None = None,
    password: str | None = None,
    in_dirsync: bool | None = None,
    admin: bool | None = None,
    fields: Fields | None = None,
) -> User:
    """Change what is given of a user; his mail stays with him. Raises `NotFoundError`, and as `add_user`."""
    wanted = {"name": name, "mailbox": new_mailbox, "password": password, "in_dirsync": in_dirsync, "admin": admin}
    everybody = Users.load(change)
    user = everybody.change(mailbox, {key: value for key, value in wanted.items() if value is not None})
    if fields is not None:
        set_values(change, {user.tid: fields})
    everybody.save(change)
    return user


def remove_user(change: Changing, mailbox: str) -> User:
    """Remove a user with his mail, and from all groups; returns him. Raises `NotFoundError`, `FormatError` 40."""
    everybody = Users.load(change)
    user = everybody.remove(mailbox)
    everybody.save(change)
    return user
