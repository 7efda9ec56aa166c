"""The requestor's machine, as transcripts."""

from __future__ import annotations

import pytest

from dxa.dirsync.messages import Reply
from dxa.dirsync.requestor import (
    ACKNOWLEDGING,
    REPLIES,
    Apply,
    Discard,
    Drop,
    Export,
    Got,
    Send,
    SendRequest,
    State,
    WantExport,
    WantImport,
    step,
)

CURRENT = State(acked=8, last=12, s=50, i=1, imports=False, exports=False)


def got(**numbers: object) -> Got:
    """An answer to `CURRENT`, but for what is given."""
    return Got(Reply(**{"r": 12, "s": 60, "was": 50, "i": 1, **numbers}))  # type: ignore[arg-type]


def test_first_contact_exports_and_asks_for_everything() -> None:
    """The first ever run queues the whole list and asks for an import, counted as one (KB Q99961)."""
    state, commands = step(State(), Send(0))
    assert (Export(0),) == commands

    state, (send,) = step(state, Send(5))
    assert isinstance(send, SendRequest)
    assert (5, 0, 0, 1, True) == (
        send.request.r,
        send.request.was,
        send.request.s,
        send.request.i,
        send.request.imports,
    )


def test_import_is_counted_once_until_it_arrives() -> None:
    """Asking again for the same import does not raise I, or its answer would look old."""
    state, _ = step(State(exports=False), Send(0))

    assert 1 == step(state, Send(0))[0].i


def test_answer_is_applied_and_the_queue_dropped() -> None:
    """An answer that builds on the held number is applied, and what it acknowledges leaves the queue (KB Q96060)."""
    state, commands = step(CURRENT, got())

    assert (Apply(full=False), Drop(12)) == commands
    assert (60, 12) == (state.s, state.acked)


def test_partly_acknowledged_queue_keeps_the_rest() -> None:
    """What the server has not taken yet stays in the queue (KB Q133428)."""
    _state, commands = step(CURRENT, got(r=10))

    assert (Apply(full=False), Drop(10)) == commands


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({"i": 0}, "old mail"),
        ({"was": 40}, "builds on"),
        ({"s": 50}, "late"),
        ({"s": 40, "was": 0}, "late"),
        ({"complete": False}, "incomplete"),
    ],
)
def test_answers_that_do_not_count_change_nothing(numbers: dict[str, object], why: str) -> None:
    """Old, late, incomplete answers and those that build on another number are discarded, their R included."""
    state, (discard,) = step(CURRENT, got(**numbers))

    assert isinstance(discard, Discard)
    assert why in discard.why
    assert CURRENT == state


def test_full_answer_counts_whatever_is_held() -> None:
    """A full answer builds on nothing."""
    _state, commands = step(CURRENT, got(was=0, s=90))

    assert (Apply(full=True), Drop(12)) == commands


@pytest.mark.parametrize("r", [0, 7, 13, 99])
def test_r_outside_the_range_exports_in_full_above_it(r: int) -> None:
    """A server that lost or never had our numbers gets the whole list, under numbers above both."""
    state, commands = step(CURRENT, got(r=r))

    assert (Apply(full=False), Export(max(12, r))) == commands
    assert (max(12, r), max(12, r)) == (state.acked, state.last)


def test_wanted_import_makes_late_updates_worthless() -> None:
    """After an import is asked for, answers to earlier requests are old mail."""
    state, _ = step(step(CURRENT, WantImport())[0], Send(12))

    assert isinstance(step(state, got())[1][0], Discard)
    assert Apply(full=True) == step(state, got(was=0, i=2, s=70))[1][0]


def test_wanted_export_is_queued_at_the_next_t1() -> None:
    """An export that a person wants comes first, then the request goes out."""
    _state, commands = step(step(CURRENT, WantExport())[0], Send(12))

    assert (Export(12),) == commands


@pytest.mark.parametrize("table", [REPLIES, ACKNOWLEDGING])
def test_every_rule_is_explained(table: tuple[object, ...]) -> None:
    """The printed tables are complete."""
    for rule in table:
        assert all([rule.name, rule.when, rule.then, rule.source])  # type: ignore[attr-defined]


# -- files -----------------------------------------------------------------------------------------------------------


def file(**numbers: object) -> Got:
    """A file for `CURRENT`, but for what is given."""
    return Got(Reply(**{"r": 40, "s": 60, "was": 0, "i": 2, **numbers}), file=True)  # type: ignore[arg-type]


def test_a_file_replaces_lists_and_numbers() -> None:
    """With nothing in the queue R, S and I are those of the file, and nothing is sent again (KB Q119449)."""
    state, commands = step(State(acked=8, last=8, s=50, i=1, imports=True, exports=False), file())

    assert (Apply(full=True),) == commands
    assert State(acked=40, last=40, s=60, i=2, imports=False, exports=False) == state


@pytest.mark.parametrize(("r", "above"), [(40, 40), (10, 12)])
def test_what_waits_is_exported_above_a_file(r: int, above: int) -> None:
    """R of a file acknowledges nothing, even in the range of the queue: everything goes out anew (KB Q119450)."""
    state, commands = step(CURRENT, file(r=r))

    assert (Apply(full=True), Export(above)) == commands
    assert (60, above) == (state.s, state.acked)


@pytest.mark.parametrize("lower", [{"r": 7}, {"s": 49}, {"i": 0}, {"s": 50}])
def test_a_file_with_lower_numbers_is_discarded(lower: dict[str, int]) -> None:
    """None of its numbers may be below one of ours (KB Q215505), and one with our S has been taken."""
    state, commands = step(CURRENT, file(**lower))

    assert (CURRENT, [Discard]) == (state, [type(each) for each in commands])


def test_a_file_where_nothing_is_received() -> None:
    """Without Receive Updates a file changes nothing, not even R."""
    state, (command,) = step(CURRENT, Got(Reply(r=40, s=60, was=0, i=2), content=False, file=True))

    assert (CURRENT, Discard) == (state, type(command))
