"""Plans and guards: nothing changes the directory or a writable peer but a plan.

A plan is a list of changes with the reason of each. Guards look at what is new in it (neither approved nor rejected
before) and hold it when it looks like an accident. An approval names changes by key, before and after, so it stands
exactly as long as these are the same; a rejection pins them until the peer says something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import attrs

from dxa.change import Change
from dxa.entry import Verb


@attrs.frozen
class Fingerprint:
    """What an approval or rejection names: the key and digests of both sides."""

    key: str
    before: str
    after: str


@attrs.frozen(kw_only=True)
class Limits:
    """When guards hold a plan. Percentages are of the entries that the peer (or view) had before."""

    empty: bool = True
    shrink_percent: float = 10.0
    shrink_count: int = 1
    everything_count: int = 5
    rules_changed: bool = True
    tail: bool = True
    foreign: bool = True


@attrs.frozen(kw_only=True)
class Facts:
    """What guards must know beside the changes.

    `total`: entries before; `full_and_empty`: the peer's full report held nothing; `rules_changed`: the configuration
    that decides about these entries is another one than at the last plan; `tail`: the report was a full one without a
    count of its own, and all that is missing stood at its end; `foreign`: keys whose deletion would take away what dxa
    did not create.
    """

    total: int
    full_and_empty: bool = False
    rules_changed: bool = False
    tail: bool = False
    foreign: frozenset[str] = frozenset()


@attrs.frozen
class Hold:
    """A guard's objection."""

    guard: str
    text: str


@attrs.frozen(kw_only=True)
class Plan:
    """Changes of one scope (``in LINK/PEER`` or ``out LINK/VIEW``), what is held of them, and why.

    `ready` will be applied; `held` waits for `dxa approve` or `dxa reject`, with the objections in `holds`.
    """

    scope: str
    ready: tuple[Change[str, Any], ...] = ()
    held: tuple[Change[str, Any], ...] = ()
    holds: tuple[Hold, ...] = ()

    @property
    def changes(self) -> tuple[Change[str, Any], ...]:
        """All changes, what will be applied first."""
        return self.ready + self.held

    @property
    def id(self) -> str:
        """A short hash of the scope and of what is held, else of what is ready: equal plans have equal ids."""
        prints = sorted((f.key, f.before, f.after) for f in map(fingerprint, self.held or self.ready))
        return blake2b(repr((self.scope, prints)).encode(), digest_size=5).hexdigest()


def side_digest(value: Any) -> str:
    """The digest of one side of a change; ``""`` for nothing."""
    return "" if value is None else blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def fingerprint(change: Change[str, Any]) -> Fingerprint:
    """The name of a change in approvals and rejections."""
    return Fingerprint(change.key, side_digest(change.before), side_digest(change.after))


def make_plan(
    scope: str,
    changes: Sequence[Change[str, Any]],
    facts: Facts,
    limits: Limits,
    approved: frozenset[Fingerprint] = frozenset(),
    rejected: frozenset[Fingerprint] = frozenset(),
) -> Plan:
    """The plan for these changes: rejected ones are left out, approved ones are ready, the rest passes the guards."""
    known = approved | rejected
    passed, fresh = list[Change[str, Any]](), list[Change[str, Any]]()
    for change in changes:
        print_ = fingerprint(change) if known else None
        if print_ not in rejected:
            (passed if print_ in approved else fresh).append(change)
    holds = tuple(hold for guard in GUARDS if (hold := guard(fresh, facts, limits)) is not None)
    if holds:
        return Plan(scope=scope, ready=tuple(passed), held=tuple(fresh), holds=holds)
    return Plan(scope=scope, ready=tuple(passed + fresh))


# -- guards --------------------------------------------------------------------------------------------------------

Guard: TypeAlias = Callable[[Sequence[Change[str, Any]], Facts, Limits], Hold | None]


def _deletes(changes: Iterable[Change[str, Any]]) -> list[Change[str, Any]]:
    return [change for change in changes if change.verb is Verb.DELETE]


def _empty(changes: Sequence[Change[str, Any]], facts: Facts, limits: Limits) -> Hold | None:
    if limits.empty and facts.full_and_empty and _deletes(changes):
        return Hold("empty", f"the peer's full list is empty; it had {facts.total} entries")
    return None


def _shrink(changes: Sequence[Change[str, Any]], facts: Facts, limits: Limits) -> Hold | None:
    gone = len(_deletes(changes))
    allowed = max(limits.shrink_count, int(facts.total * limits.shrink_percent / 100))
    if gone > allowed:
        return Hold("shrink", f"{gone} of {facts.total} entries would be deleted; {allowed} are allowed at once")
    return None


def _everything(changes: Sequence[Change[str, Any]], facts: Facts, limits: Limits) -> Hold | None:
    touched = sum(change.verb is not Verb.ADD for change in changes)
    if limits.everything_count and touched >= max(facts.total, limits.everything_count):
        return Hold("everything", f"all {facts.total} entries would change at once")
    return None


def _rules(changes: Sequence[Change[str, Any]], facts: Facts, limits: Limits) -> Hold | None:
    touched = sum(change.verb is not Verb.ADD for change in changes)
    if limits.rules_changed and facts.rules_changed and touched:
        return Hold("rules", f"the configuration has changed, and {touched} existing entries with it")
    return None


def _tail(changes: Sequence[Change[str, Any]], facts: Facts, limits: Limits) -> Hold | None:
    gone = len(_deletes(changes))
    if limits.tail and facts.tail and gone:
        return Hold("tail", f"the {gone} missing entries all stood at the end of the list: it may have been cut short")
    return None


def _foreign(changes: Sequence[Change[str, Any]], facts: Facts, limits: Limits) -> Hold | None:
    gone = [change for change in _deletes(changes) if change.key in facts.foreign]
    if limits.foreign and gone:
        return Hold("foreign", f"{len(gone)} entries would be deleted that dxa did not create")
    return None


GUARDS: tuple[Guard, ...] = (_empty, _shrink, _everything, _rules, _tail, _foreign)
