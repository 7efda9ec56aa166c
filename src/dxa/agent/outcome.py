"""What a cycle did, as values: the command line prints them, tests compare them."""

from __future__ import annotations

from collections import Counter

import attrs

from dxa.plan import Plan


@attrs.define
class LinkOutcome:
    """What happened on one link in one cycle. `heard` and `sent` count transactions by record code."""

    link: str
    messages: int = 0
    refused: int = 0
    rejects: int = 0
    heard: Counter[str] = attrs.field(factory=Counter)
    applied: Counter[str] = attrs.field(factory=Counter)
    sent: Counter[str] = attrs.field(factory=Counter)
    updates: int = 0
    fulls: int = 0
    delivered: int = 0
    waiting: int = 0
    errors: list[str] = attrs.field(factory=list)
    #: What the connector tells of its part, line by line, each with the number of its own world (0: none).
    events: list[tuple[int, str]] = attrs.field(factory=list)


@attrs.define
class CycleOutcome:
    """What one cycle did, or, of a rehearsal, what it would do."""

    rehearsal: bool = False
    links: list[LinkOutcome] = attrs.field(factory=list)
    plans: list[Plan] = attrs.field(factory=list)
    notices: list[str] = attrs.field(factory=list)

    @property
    def errors(self) -> list[str]:
        """All errors, with the link they belong to."""
        return [f"{outcome.link}: {error}" for outcome in self.links for error in outcome.errors]

    @property
    def held(self) -> list[Plan]:
        """The plans that wait for a person."""
        return [plan for plan in self.plans if plan.holds]

    @property
    def exit_status(self) -> int:
        """1 when something failed and will be retried, else 3 when a plan is held, else 0."""
        return 1 if self.errors else 3 if self.held else 0
