"""Mail in this process, for tests and simulations."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from dxa.errors import TransportError


@attrs.define
class MemoryBox:
    """See `dxa.mail.interface.Mailbox`. `mails` are in the order in which they came."""

    mails: dict[str, bytes] = attrs.field(factory=dict)
    _last: int = attrs.field(default=0, init=False)

    def put(self, data: bytes) -> str:
        """An e-mail comes in; returns its name."""
        self._last += 1
        name = f"1-{self._last}"
        self.mails[name] = data
        return name

    def names(self) -> list[str]:
        """See `Mailbox`."""
        return list(self.mails)

    def read(self, name: str) -> bytes:
        """See `Mailbox`."""
        if name not in self.mails:
            raise TransportError(f"cannot read {name}: it is not there any more")
        return self.mails[name]

    def remove(self, names: Sequence[str]) -> None:
        """See `Mailbox`."""
        for name in names:
            self.mails.pop(name, None)

    def close(self) -> None:
        """See `Mailbox`."""


@attrs.define
class MemorySubmission:
    """See `dxa.mail.interface.Submission`. `sent` are mail address and bytes of each e-mail."""

    sent: list[tuple[str, bytes]] = attrs.field(factory=list)

    def send(self, origin: str, target: str, data: bytes) -> None:
        """See `Submission`."""
        self.sent.append((target, data))

    def close(self) -> None:
        """See `Submission`."""
