"""Plans and cycles as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dxa.agent.outcome import CycleOutcome, LinkOutcome
from dxa.agent.queries.values import ChangeShown, CycleShown, EventShown, HeldShown, LinkShown, PlanShown, UndoShown
from dxa.agent.site import OpenSite
from dxa.agent.undo import Undone, names
from dxa.change import Change
from dxa.entry import Entry
from dxa.errors import NotFoundError
from dxa.ledger.view import Line
from dxa.plan import Plan
from dxa.recipient import Recipient


def cycle(outcome: CycleOutcome, only: str = "") -> CycleShown:
    """What a cycle did or would do; `only` is the beginning of a plan's id."""
    plans = [plan for plan in outcome.plans if plan.id.startswith(only.casefold())]
    if only and not plans:
        known = ", ".join(f"{plan.id} ({plan.scope})" for plan in outcome.plans) or "none"
        raise NotFoundError(f"no plan {only}; plans now: {known}. A plan gets another id when it changes")
    return CycleShown(
        exit_status=outcome.exit_status,
        links=tuple(map(_link, outcome.links)),
        plans=tuple(map(_plan, plans)),
        changes=tuple(change for plan in plans for change in _changes(plan)),
        notices=tuple(outcome.notices),
        errors=tuple(outcome.errors),
    )


def undone(outcome: Undone) -> UndoShown:
    """What became of undoing a run."""
    return UndoShown(
        run=outcome.run.id,
        applied=outcome.applied,
        plan=_plan(outcome.plan),
        changes=tuple(_changes(outcome.plan)),
        conflicts=tuple(names(outcome.conflicts)),
    )


def held(site: OpenSite) -> list[HeldShown]:
    """The plans that were held when they were last made."""
    return [
        HeldShown(
            plan=row.plan,
            scope=row.scope,
            count=row.count,
            holds=tuple(hold.text for hold in row.holds),
            held_at=row.at,
        )
        for row in site.store.held.all()
    ]


def facts(value: Any) -> dict[str, Any] | None:
    """One side of a change as JSON has it: a recipient, a line of a view or an entry of a peer's list."""
    if value is None:
        return None
    if isinstance(value, Recipient):
        return {
            "kind": value.kind.value,
            "name": value.name,
            "alias": value.alias,
            "container": value.container,
            "target": None if value.target is None else str(value.target),
            "proxies": list(map(str, value.proxies)),
            "owner": value.owner,
            "trust": value.trust,
            "hidden": value.hidden,
            "fields": dict(value.fields),
        }
    if isinstance(value, Line | Entry):
        shown = {"type": value.type, "list": value.list, "name": value.name, "address": value.address}
        return shown | {"fields": dict(value.fields)}
    return {"value": str(value)}


def name_of(value: Any) -> str:
    """The name that one side of a change has."""
    return value.name if isinstance(value, Recipient | Line | Entry) else str(value)


def difference(before: Any, after: Any) -> str:
    """What is different, in words; of what comes or goes, its address."""
    old, new = facts(before), facts(after)
    if old is None or new is None:
        return _address(old or new or {})
    return "; ".join(f"{name}: {text}" for name in new if (text := _step(old.get(name), new[name])))


def _step(old: Any, new: Any) -> str:
    if old == new:
        return ""
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return ", ".join(f"{name} {_text(old.get(name))} → {_text(new.get(name))}" for name in _differing(old, new))
    if isinstance(new, list) and isinstance(old, list):
        gone, come = [f"-{item}" for item in old if item not in new], [f"+{item}" for item in new if item not in old]
        return " ".join(gone + come) or "other order"
    return f"{_text(old)} → {_text(new)}"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    return [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in (None, "") else str(value)


def _address(side: Mapping[str, Any]) -> str:
    if "proxies" in side:
        return str(side["target"] or next(iter(side["proxies"]), side["container"]))
    return f"{side.get('type', '')}:{side['address']}" if "address" in side else ""


def _link(outcome: LinkOutcome) -> LinkShown:
    return LinkShown(
        link=outcome.link,
        messages=outcome.messages,
        refused=outcome.refused,
        rejects=outcome.rejects,
        heard=dict(outcome.heard),
        applied=dict(outcome.applied),
        sent=dict(outcome.sent),
        updates=outcome.updates,
        fulls=outcome.fulls,
        delivered=outcome.delivered,
        waiting=outcome.waiting,
        errors=tuple(outcome.errors),
        events=tuple(EventShown(number=number, text=text) for number, text in outcome.events),
    )


def _plan(plan: Plan) -> PlanShown:
    return PlanShown(
        plan=plan.id,
        scope=plan.scope,
        ready=len(plan.ready),
        held=len(plan.held),
        holds=tuple(hold.text for hold in plan.holds),
    )


def _changes(plan: Plan) -> Iterable[ChangeShown]:
    for held_, changes in ((False, plan.ready), (True, plan.held)):
        yield from (_change(plan, change, held=held_) for change in changes)


def _change(plan: Plan, change: Change[str, Any], *, held: bool) -> ChangeShown:
    return ChangeShown(
        plan=plan.id,
        scope=plan.scope,
        held=held,
        verb=change.verb.name.lower(),
        key=change.key,
        name=name_of(change.before if change.after is None else change.after),
        what=difference(change.before, change.after),
        reason=change.reason,
        before=facts(change.before),
        after=facts(change.after),
    )
