"""The options by which a command finds a post office that is played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

#: Argument FOLDER, as `folder`.
folder_argument = click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))


def secret(given: str) -> str:
    """The password that is meant by a text or a reference (env:NAME, file:PATH); empty for none."""
    from dxa.config.secrets import resolve
    from dxa.errors import UsageError

    if not given:
        return ""
    try:
        return resolve(given, Path()).reveal()
    except ValueError as error:
        raise UsageError(f"the password: {error}") from None
