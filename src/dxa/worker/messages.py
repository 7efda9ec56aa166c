"""What passes between the agent and a connector's process, pickled, one at a time.

The agent asks (`Call`, `Next`, `Drop`) and gets one answer (`Opened`, `Value`, `Items`, `Raised`) to each; before that
may come what the connector tells meanwhile (`Told`, `Logged`).
"""

from __future__ import annotations

import io
import logging
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from dxa.config import Secret
from dxa.connector import Report
from dxa.discovery import Selection
from dxa.ledger.answer import ListKey, Segment
from dxa.worker.columns import from_table, to_table


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


def told(number: object, text: object) -> Told:
    """What a connector tells; raises `TypeError` for what is no number and no text."""
    if not isinstance(number, int) or not isinstance(text, str):
        kinds = f"a {type(number).__name__} and a {type(text).__name__}"
        raise TypeError(f"tell takes a number and a text, not {kinds}")
    return Told(number, text)


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
        reduce = _REDUCED.get(type(value))
        return NotImplemented if reduce is None else reduce(value)


def _of_secret(secret: Secret) -> _Reduced:
    text = "" if secret.missing else secret.reveal()
    return _secret, (text, secret.caution, secret.file, secret.missing)


def _secret(text: str, caution: str, file: Path | None, missing: str) -> Secret:
    return Secret(text, caution, file=file, missing=missing)


def _of_report(report: Report) -> _Reduced:
    parts = {name: getattr(report, name) for name in _REPORT}
    return _report, (to_table(report.transactions), parts)


def _report(table: Any, parts: dict[str, Any]) -> Report:
    return Report(transactions=from_table(table), **parts)


def _of_segment(segment: Segment) -> _Reduced:
    return _segment, (segment.list_key, to_table(segment.transactions))


def _segment(list_key: ListKey, table: Any) -> Segment:
    return Segment(list_key, tuple(from_table(table)))


_Reduced = tuple[Callable[..., Any], tuple[Any, ...]]
_REPORT = [part.name for part in attrs.fields(Report) if part.name != "transactions"]
#: What does not go through the pipe as it is: how it is taken apart, and put together there.
_REDUCED: Mapping[type, Callable[[Any], _Reduced]] = {Secret: _of_secret, Report: _of_report, Segment: _of_segment}
