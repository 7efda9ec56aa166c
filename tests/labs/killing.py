"""A process that ends at one of its steps."""

from __future__ import annotations

import attrs


class KilledError(Exception):
    """The process ends here."""


@attrs.define
class Fuse:
    """Ends the process at its n-th step; counts the steps when it is 0."""

    at: int = 0
    steps: int = 0

    def __call__(self, what: str) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise KilledError(what)
