"""The options by which a command finds a postoffice, and who may work on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from dxa.signing import PrivateKey
    from dxa_msmail.postoffice.maildata import Maildata

F = TypeVar("F", bound=Callable[..., Any])

#: Switches as the DOS programs took them: in any case, and ``-?`` for help.
DOS = {"token_normalize_func": str.lower, "help_option_names": ["-?", "--help"]}

#: So many seconds a command waits for a postoffice on which another program is at work.
PATIENCE = 10.0

#: Option `--wait`, for a command that finds its postoffices itself: `wait`.
waiting = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long while another program is at work on the postoffice.",
)
_folder = click.option(
    "-d",
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    metavar="PATH",
    help="Folder of the postoffice; the default is the current one.",
)
_argument = click.argument("folder", metavar="PATH", type=click.Path(path_type=Path, file_okay=False))

#: The password of the mailbox by whose right a program works; it is never shown.
password = click.option(
    "-p",
    "--password",
    metavar="PASSWORD",
    help="Password of the mailbox, or env:NAME or file:PATH to read it from; leave it out if there is none.",
)


def key(function: F) -> F:
    """Option `--key`; the command gets the private key, or None, as `key`."""
    made: F = click.option(
        "--key",
        callback=_private_key,
        metavar="REF",
        help="Private key of the postoffice, as `dxa keygen` makes it, for letters that go into bags: file:PATH or "
        "env:NAME.",
    )(function)
    return made


def _private_key(_context: click.Context, _parameter: click.Parameter, given: str | None) -> PrivateKey | None:
    if not given:
        return None
    from dxa.config.secrets import resolve
    from dxa.errors import UsageError
    from dxa.signing import PrivateKey

    try:
        return PrivateKey.parse(resolve(given, Path()).reveal())
    except ValueError as error:
        raise UsageError(f"the key: {error}") from None


def where(function: F) -> F:
    """Options `-d` and `--wait`, for a command that opens the postoffice itself: `folder` and `wait`."""
    made: F = _folder(waiting(function))
    return made


def postoffice(function: F) -> F:
    """Options `-d` and `--wait`; the command gets the postoffice as `po`."""
    return _opening(function, _folder)


def postoffice_at(function: F) -> F:
    """Argument PATH and option `--wait`; the command gets the postoffice as `po`."""
    return _opening(function, _argument)


def _opening(function: F, where: Callable[[Any], Any]) -> F:
    @wraps(function)
    def opened(*args: Any, folder: Path, wait: float, **kwargs: Any) -> Any:
        return function(*args, po=open_at(folder, wait), **kwargs)

    made: F = where(waiting(opened))
    return made


def open_at(folder: Path, wait: float) -> Maildata:
    """The postoffice in a folder."""
    from dxa_msmail.postoffice.tree import open_postoffice

    return open_postoffice(folder, patience=wait)


def require_admin(po: Maildata, mailbox: str, given: str | None) -> None:
    """Raise `UsageError` unless this is an administrator's mailbox and password; the password is not shown.

    As long as a postoffice has no administrator everybody is one.
    """
    from dxa.errors import UsageError
    from dxa_msmail.postoffice.users import users
    from dxa_msmail.programs.admin import check_admin

    with po.look() as files:
        if not given and any(u.has_password and u.mailbox.casefold() == mailbox.casefold() for u in users(files)):
            raise UsageError(f"the mailbox {mailbox} has a password; give it with -p")
        check_admin(files, mailbox, secret(given))


def secret(given: str | None) -> str:
    """The password that is meant by a text or a reference (env:NAME, file:PATH); empty for none."""
    from dxa.config.secrets import resolve
    from dxa.errors import UsageError

    if not given:
        return ""
    try:
        return resolve(given, Path()).reveal()
    except ValueError as error:
        raise UsageError(f"the password: {error}") from None
