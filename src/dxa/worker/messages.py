"""What passes between the agent and a connector's process, pickled, one at a time.

The agent asks (`Call`, `Next`, `Drop`) and gets one answer (`Opened`, `Value`, `Items`, `Raised`) to each; before that
may come what the connector tells meanwhile (`Told`, `Logged`).
"""

from __future__ import annotations

import io
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from dxa.config import Secret
from dxa.discovery import Selection


class Opening(NamedTuple):
    """The first message: which connector, for which link. `rest` is (options, peers), pickled by itself, for they can
    only be read when the plugin is there.
    """

    connector: str
    link: str
    role: str
    folder: Path
    site: tuple[str, str]
    selection: Selection
    plugins: Path | None
    rest: bytes
    now: float
    #: What is below this level is not logged.
    level: int = logging.WARNING


class Call(NamedTuple):
    """A method is to be called; `now` is the agent's time. The answer to one that gives many values is its number."""

    method: str
    arguments: tuple[Any, ...]
    now: float


class Next(NamedTuple):
    """The next values of what a call has begun; at most `most`."""

    number: int
    most: int
    now: float


class Drop(NamedTuple):
    """Nobody wants the rest of what a call has begun. It has no answer."""

    number: int


class Opened(NamedTuple):
    """The connector is there; `offers` are the methods beyond those of every connector."""

    offers: frozenset[str]
    back_types: frozenset[str]


class Value(NamedTuple):
    """What a call gave."""

    value: Any


class Items(NamedTuple):
    """Some values; with `last` there are no more."""

    items: tuple[Any, ...]
    last: bool


class Raised(NamedTuple):
    """What was raised: the name of a class of `dxa.errors`, or ``""`` for what nobody expects."""

    kind: str
    text: str


class Told(NamedTuple):
    """See `dxa.connector.LinkContext.tell`."""

    number: int
    text: str


class Logged(NamedTuple):
    """A line of the connector's log."""

    level: int
    text: str


def packed(message: object) -> bytes:
    """A message as it goes through the pipe. Secrets in it go along: the pipe is between two processes of one user."""
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(message)
    return file.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        return _opened(value) if type(value) is Secret else NotImplemented


def _opened(secret: Secret) -> tuple[Callable[..., Secret], tuple[Any, ...]]:
    text = "" if secret.missing else secret.reveal()
    return _secret, (text, secret.caution, secret.file, secret.missing)


def _secret(text: str, caution: str, file: Path | None, missing: str) -> Secret:
    return Secret(text, caution, file=file, missing=missing)
