"""Plans and guards: nothing changes the directory or a writable peer but a plan.

A plan is a list of changes with the reason of each. Guards look at what is new in it (neither approved nor rejected
before) and hold it when it looks like an accident. An approval names changes by key, before and after, so it stands
exactly as long as these are the same; a rejection pins them until the peer says something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import attrs

from dxa.change import Change


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
    container: bool = True


@attrs.frozen(kw_only=True)
class Facts:
    """What guards must know beside the changes.

    `total`: entries before; `full_and_empty`: the peer's full report held nothing; `rules_changed`: the configuration
    that decides about these entries is another one than at the last plan; `tail`: the report was a full one without a
    count of its own, and all that is missing stood at its end; `foreign`: keys whose deletion would take away what dxa
    did not create; `moved`: keys whose deletion comes of the export containers in `gone`, in which nobody is any more,
    while who was there still is at the site (cc:Mail, KB Q212773).
    """

    total: int
    full_and_empty: bool = False
    rules_changed: bool = False
    tail: bool = False
    foreign: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    moved: frozenset[str] = frozenset()


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
    #: What had been approved of `ready`: these approvals are used up when it is applied.
    approved: tuple[Fingerprint, ...] = ()

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
    for change in changes if known else ():
        print_ = fingerprint(change)
        if print_ not in rejected:
            (passed if print_ in approved else fresh).append(change)
    fresh = fresh if known else list(changes)
    suspect = Suspect.of(fresh)
    holds = tuple(hold for guard in GUARDS if (hold := guard(suspect, facts, limits)) is not None)
    used = tuple(map(fingerprint, passed))
    if holds:
        return Plan(scope=scope, ready=tuple(passed), held=tuple(fresh), holds=holds, approved=used)
    return Plan(scope=scope, ready=tuple(passed + fresh), approved=used)


# -- guards --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Suspect:
    """What guards look at: the new changes that delete, and how many change or delete what was there."""

    deletes: tuple[Change[str, Any], ...]
    touched: int

    @classmethod
    def of(cls, changes: Sequence[Change[str, Any]]) -> Suspect:
        """Look at the changes once, for all guards."""
        touched = [change for change in changes if change.before is not None]
        return cls(tuple(change for change in touched if change.after is None), len(touched))


Guard: TypeAlias = Callable[[Suspect, Facts, Limits], Hold | None]


def _empty(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    if limits.empty and facts.full_and_empty and suspect.deletes:
        total = "1 entry" if facts.total == 1 else f"{facts.total} entries"
        return Hold("empty", f"the peer's full list is empty; it had {total}")
    return None


def _shrink(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    gone = len(suspect.deletes)
    allowed = max(limits.shrink_count, int(facts.total * limits.shrink_percent / 100))
    if gone > allowed:
        return Hold("shrink", f"{gone} of {facts.total} entries would be deleted; at most {allowed} may go at once")
    return None


def _everything(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    if limits.everything_count and suspect.touched >= max(facts.total, limits.everything_count):
        return Hold("everything", f"all {facts.total} entries would change at once")
    return None


def _rules(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    if limits.rules_changed and facts.rules_changed and suspect.touched:
        return Hold("rules", f"the configuration has changed, and {suspect.touched} existing entries with it")
    return None


def _tail(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    gone = len(suspect.deletes)
    if limits.tail and facts.tail and gone:
        return Hold("tail", f"the {gone} missing entries all stood at the end of the list: it may have been cut short")
    return None


def _foreign(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    gone = [change for change in suspect.deletes if change.key in facts.foreign]
    if limits.foreign and gone:
        return Hold("foreign", f"{len(gone)} entries would be deleted that dxa did not create")
    return None


def _container(suspect: Suspect, facts: Facts, limits: Limits) -> Hold | None:
    moved = [change for change in suspect.deletes if change.key in facts.moved]
    if limits.container and facts.gone and len(moved) > limits.shrink_count:
        names = ", ".join(facts.gone)
        return Hold("container", f"{len(moved)} entries would be deleted that are here, and nobody is in {names}")
    return None


GUARDS: tuple[Guard, ...] = (_empty, _shrink, _everything, _rules, _tail, _foreign, _container)
