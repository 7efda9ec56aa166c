"""What a requestor remembers, as one value that is stored in one step: content and number never part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import attrs

from dxa.dirsync.requestor import State
from dxa.disk import trying, write_whole
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import StoreError, TransportError
from dxa.ledger.answer import ListKey

#: Raised when the file's layout changes.
FORMAT = 1


@attrs.frozen(kw_only=True)
class RequestorState:
    """Everything a requestor must remember.

    `queue` are the transactions that the server has not taken yet, frozen once they have a number. `own` is the own
    list as it was last exported, by key; `lists` are the lists that the server told, entries by key. `messages`
    counts what was sent, for the names of files; `log` are the lines for the next status report.
    """

    machine: State = attrs.field(factory=State)
    queue: tuple[Transaction, ...] = ()
    own: Mapping[str, Entry] = attrs.field(factory=dict)
    lists: Mapping[ListKey, Mapping[str, Entry]] = attrs.field(factory=dict)
    messages: int = 0
    log: tuple[str, ...] = ()


class Storage(Protocol):
    """Keeps one state."""

    def load(self) -> RequestorState | None:
        """The state last saved; None when there is none. Raises `StoreError` when it cannot be read."""

    def save(self, state: RequestorState) -> None:
        """Keep this state instead; when it returns the state is durable, and before that the old one is whole."""


@attrs.define
class MemoryStorage:
    """Keeps a state in this process, for tests and simulations; `saves` counts."""

    state: RequestorState | None = None
    saves: int = 0

    def load(self) -> RequestorState | None:
        """See `Storage`."""
        return self.state

    def save(self, state: RequestorState) -> None:
        """See `Storage`."""
        self.state = state
        self.saves += 1


@attrs.frozen
class DiskStorage:
    """Keeps a state in a file: one line of JSON with the format and a check, one line with the state."""

    path: Path

    def load(self) -> RequestorState | None:
        """See `Storage`."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TransportError(f"cannot read {self.path}: {error.strerror}") from None
        return decode(data, str(self.path))

    def save(self, state: RequestorState) -> None:
        """See `Storage`."""
        with trying(f"write {self.path}"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, encode(state))


def encode(state: RequestorState) -> bytes:
    """The bytes of the file."""
    body = json.dumps(_plain(state), ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return json.dumps({"format": FORMAT, "check": _check(body)}).encode("ascii") + b"\n" + body + b"\n"


def decode(data: bytes, source: str = "state") -> RequestorState:
    """The state in the bytes of the file; raises `StoreError` when they are not what was written (dx:T-194)."""
    head, _, rest = data.partition(b"\n")
    body = rest.removesuffix(b"\n")
    advice = "take it from a backup, or remove it: then all lists are exchanged anew"
    try:
        said = json.loads(head)
        known = said["format"]
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{source} is damaged: it has no head; {advice}") from None
    if known != FORMAT:
        raise StoreError(f"{source}: expected format {FORMAT}, got {known!r}; it was written by another version")
    if said.get("check") != _check(body):
        raise StoreError(f"{source} is damaged: its check does not match; {advice}")
    return _state(json.loads(body))


def _check(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _plain(state: RequestorState) -> dict[str, Any]:
    return {
        "machine": attrs.asdict(state.machine),
        "queue": [[t.number, t.verb.value, t.old, t.new] for t in state.queue],
        "own": list(state.own.values()),
        "lists": [[*key, list(entries.values())] for key, entries in state.lists.items()],
        "messages": state.messages,
        "log": list(state.log),
    }


def _state(plain: Mapping[str, Any]) -> RequestorState:
    return RequestorState(
        machine=State(**plain["machine"]),
        queue=tuple(Transaction(n, Verb(verb), _entry(old), _entry(new)) for n, verb, old, new in plain["queue"]),
        own=_by_key(plain["own"]),
        lists={(type_, list_): _by_key(entries) for type_, list_, entries in plain["lists"]},
        messages=plain["messages"],
        log=tuple(plain["log"]),
    )


def _by_key(rows: list[Any]) -> dict[str, Entry]:
    entries = (_made(row) for row in rows)
    return {entry.key: entry for entry in entries}


def _entry(row: Any) -> Entry | None:
    return None if row is None else _made(row)


def _made(row: Any) -> Entry:
    key, type_, list_, name, address, fields, *anchor = row
    return Entry(key, type_, list_, name, address, tuple((prompt, value) for prompt, value in fields), *anchor)
