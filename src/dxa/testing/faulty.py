"""A connector whose transport fails where a test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from dxa.connector import Connector, Outcome, Parcel, Report
from dxa.errors import TransportError


@attrs.define
class FaultyConnector:
    """A connector that fails at its n-th step (from 1; 0: never), and at every later one while it is not mended.

    Steps are: before each report and after the last, before and after each delivery, before and after each settling.
    So it also fails when the effect is there and nobody has been told. `steps` counts them. `error` makes what is
    raised.
    """

    connector: Connector
    fail_at: int = 0
    steps: int = 0
    error: Callable[[str], Exception] = TransportError

    def mend(self) -> None:
        """Fail no more."""
        self.fail_at = 0

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """See `Connector`."""
        reports = self.connector.collect(since)
        self._step("collect")
        for report in reports:
            yield report
            self._step("collect")

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """See `Connector`."""
        self._step(f"deliver {parcel.id}")
        outcomes = list(self.connector.deliver(parcel))
        self._step(f"deliver {parcel.id}")
        yield from outcomes

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Connector`."""
        self._step("settle")
        self.connector.settle(receipts)
        self._step("settle")

    def _step(self, what: str) -> None:
        self.steps += 1
        if self.fail_at and self.steps >= self.fail_at:
            raise self.error(f"{what}: made to fail at step {self.steps}")
