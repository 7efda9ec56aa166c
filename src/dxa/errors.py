"""Everything that dxa raises on purpose.

DxaError                  exit status 1: something failed and will be retried
├── UsageError            exit status 2: the command or the configuration is wrong; ours to report, the user's to mend
│   ├── ConfigError       all problems of a configuration together, by key
│   └── NotFoundError     a peer, recipient, plan … that was named does not exist
├── LockedError           another process writes to this site
├── PeerError             the peer's fault: what it sent cannot be used
│   ├── FormatError       bytes that break a format: where, which field, expected, got
│   └── AddressError      an address that breaks the rules of its type
├── TransportError        a folder, file or server cannot be reached now
├── PluginError           a plugin broke the contract; names the plugin
└── StoreError            the site's database cannot be used as it is
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class DxaError(Exception):
    """Something failed; the message says what, where, and what to do next."""

    #: What a command ends with that raises it.
    exit_status = 1


class UsageError(DxaError):
    """The command line or the configuration is wrong."""

    #: What a command ends with that raises it.
    exit_status = 2


class ConfigError(UsageError):
    """Every problem of a configuration, each as ``key: what is wrong``."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}"
        super().__init__("\n".join([f"{source}: {count}", *(f"  {problem}" for problem in self.problems)]))


class NotFoundError(UsageError):
    """What was named does not exist."""


class LockedError(DxaError):
    """Another process holds the lock on the site."""


class PeerError(DxaError):
    """What a peer sent cannot be used."""


class FormatError(PeerError):
    """Bytes that break a format.

    ``code`` is the number that the format's own world gives the error (0: none); ``line`` counts from 1 (0: unknown),
    ``offset`` in bytes from 0 (-1: unknown).
    """

    def __init__(
        self,
        reason: str,
        *,
        source: str = "",
        line: int = 0,
        offset: int = -1,
        field: str = "",
        expected: str = "",
        got: str = "",
        code: int = 0,
    ) -> None:
        self.reason, self.source, self.line, self.offset, self.field = reason, source, line, offset, field
        self.expected, self.got, self.code = expected, got, code
        place = [f"line {line}" if line else "", f"offset {offset}" if offset >= 0 else ""]
        where = ", ".join(filter(None, [source, *place, field]))
        detail = f": expected {expected}, got {got!r}" if expected else (f": {got!r}" if got else "")
        number = f"[{code}] " if code else ""
        super().__init__(f"{where + ': ' if where else ''}{number}{reason}{detail}")


class AddressError(PeerError):
    """An address that breaks the rules of its type; ``code`` as in `FormatError`."""

    def __init__(self, reason: str, *, got: str = "", code: int = 0) -> None:
        self.reason, self.got, self.code = reason, got, code
        super().__init__(f"{f'[{code}] ' if code else ''}{reason}{f': {got!r}' if got else ''}")


class TransportError(DxaError):
    """A folder, file or server cannot be reached now; the next run tries again."""


class PluginError(DxaError):
    """A plugin broke the contract of a hook or connector."""

    def __init__(self, plugin: str, problem: str) -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin}: {problem}")


class StoreError(DxaError):
    """The site's database cannot be used as it is."""


def worded(error: BaseException) -> str:
    """What nobody expected, in words (``KeyError: 'lost'``), whatever the error itself makes of that."""
    try:
        text = str(error)
    except Exception:
        text = "it cannot say what"
    return f"{type(error).__name__}: {text}"


@contextmanager
def about(path: object) -> Iterator[None]:
    """What the system says of an open file without naming it (no room, a broken disk) gets the name of the file."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
