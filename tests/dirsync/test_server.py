"""The server's machine, as transcripts: what is heard, what is done."""

from __future__ import annotations

import attrs
import pytest

from dxa.dirsync.messages import Request
from dxa.dirsync.server import (
    ANSWERING,
    ASKING,
    INBOUND,
    Answered,
    Answering,
    Asked,
    Full,
    Handed,
    RaiseAbove,
    Resend,
    SendFull,
    SendUpdate,
    State,
    Take,
    Tell,
    step,
)

CURRENT = State(r=10, s=50, confirmed=50, i=1)


def asked(known: bool = True, reused: bool = False, **numbers: object) -> Asked:
    """A request that continues from `CURRENT`, but for what is given."""
    request = Request(r=10, was=10, s=50, i=1)
    return Asked(request=attrs.evolve(request, **numbers), known=known, reused=reused)  # type: ignore[arg-type]


def test_first_contact_is_answered_in_full() -> None:
    """R=0, S=0 asks for everything, and T2 sends a full answer (KB Q96060)."""
    state, commands = step(State(), asked(r=0, was=0, s=0, i=1))
    assert () == commands

    state, commands = step(state, Answering())
    assert (SendFull(),) == commands


def test_new_transactions_are_taken_above_the_last_number() -> None:
    """Records at or below R are old, the rest is taken, and R is what was announced (KB Q96060)."""
    state, commands = step(CURRENT, asked(r=13, was=10, last=13))

    assert (Take(10),) == commands
    assert 13 == state.r


def test_repeated_request_takes_nothing_twice() -> None:
    """A request whose acknowledgement was lost comes again and changes nothing."""
    state, commands = step(CURRENT, asked(r=10, was=7, last=10))

    assert ((), 10) == (commands, state.r)


@pytest.mark.dx("T-073")
def test_incomplete_attachment_is_taken_to_its_last_good_record() -> None:
    """A truncated attachment is acknowledged to its last good record and removes nothing (KB Q103421 #1645)."""
    state, commands = step(CURRENT, asked(r=20, was=10, last=14, complete=False, replaces=True))

    assert (Take(10, replaces=False),) == commands
    assert 14 == state.r


def test_gap_takes_nothing_and_asks_for_an_export() -> None:
    """Transactions that never arrived are not skipped: the requestor has to export."""
    state, commands = step(CURRENT, asked(r=20, was=15))

    assert [139] == [c.code for c in commands if isinstance(c, Tell)]
    assert (10, True) == (state.r, bool(state.export_needed))


def test_gap_is_told_once() -> None:
    """The administrator hears of it once, not in every cycle."""
    state, _ = step(CURRENT, asked(r=20, was=15))

    assert () == step(state, asked(r=21, was=15))[1]


def test_full_list_bridges_a_gap() -> None:
    """A complete attachment that replaces the whole list needs no history, and clears the mark."""
    state, _ = step(CURRENT, asked(r=20, was=15))
    state, commands = step(state, asked(r=30, was=20, last=30, replaces=True))

    assert (Take(0, from_replace=True),) == commands
    assert (30, "") == (state.r, state.export_needed)


@pytest.mark.dx("T-141")
def test_lower_r_is_flagged_when_it_comes_again() -> None:
    """One lower R may be late mail; the second means that the requestor was reset."""
    state, commands = step(CURRENT, asked(r=3, was=3))
    assert () == commands

    state, commands = step(state, asked(r=3, was=3))
    assert [139] == [c.code for c in commands if isinstance(c, Tell)]


def test_strict_requestor_is_not_reported_because_it_helps_itself() -> None:
    """A requestor that follows our rules exports in full when it is quoted an R outside its range."""
    for numbers in ({"r": 3, "was": 3}, {"r": 20, "was": 15}):
        state, commands = step(CURRENT, asked(strict=True, **numbers))

        assert ((), 10, "") == (commands, state.r, state.export_needed)


def test_reused_number_makes_a_strict_requestor_export() -> None:
    """A requestor restored from a backup uses numbers again: R jumps above them, which is outside its range."""
    state, commands = step(CURRENT, asked(r=12, was=8, last=12, strict=True, reused=True))

    assert () == commands
    assert state.r > 12


def test_reused_number_of_others_is_told() -> None:
    """For other requestors the new numbers are taken and a person is told."""
    _state, commands = step(CURRENT, asked(r=12, was=8, last=12, reused=True))

    assert [Take(10)] == [c for c in commands if isinstance(c, Take)]
    assert [139] == [c.code for c in commands if isinstance(c, Tell)]


@pytest.mark.dx("T-137")
def test_unknown_number_gets_a_full_answer_above_it() -> None:
    """S above the server's maximum, as after a restore of the server, is answered in full with higher numbers."""
    state, commands = step(CURRENT, asked(known=False, s=900))
    assert (RaiseAbove(900),) == commands

    assert (SendFull(),) == step(state, Answering())[1]


@pytest.mark.dx("T-138")
def test_higher_import_counter_is_adopted() -> None:
    """A requestor registered anew counts its own imports: the higher I is adopted and answered in full."""
    state, _ = step(State(), asked(known=False, i=7))

    assert (7, Full.WANTED) == (state.i, state.full)


@pytest.mark.dx("T-142")
def test_full_answer_is_repeated_until_it_is_confirmed() -> None:
    """Several T2 between T1 and T3 send the full answer again, until its number is quoted."""
    state, _ = step(State(), asked(r=0, was=0, s=0))
    state, _ = step(state, Answered(60, full=True))
    state, _ = step(state, asked(r=0, was=0, s=0))
    state, commands = step(state, Answering())
    assert (SendFull(),) == commands

    state, _ = step(state, Answered(70, full=True))
    state, _ = step(state, asked(r=0, was=0, s=60))
    assert (SendUpdate(60),) == step(state, Answering())[1]


def test_only_who_asked_is_answered() -> None:
    """T2 answers a requestor once per request (KB Q96060)."""
    assert () == step(CURRENT, Answering())[1]

    state, _ = step(CURRENT, asked())
    assert (SendUpdate(50),) == step(state, Answering())[1]


def test_resend_owes_a_full_answer() -> None:
    """An administrator can have the next answer be a full one."""
    state, _ = step(CURRENT, Resend())
    state, _ = step(state, asked())

    assert (SendFull(),) == step(state, Answering())[1]


@pytest.mark.parametrize("table", [INBOUND, ASKING, ANSWERING])
def test_every_rule_is_explained_and_the_last_fits_always(table: tuple[object, ...]) -> None:
    """The printed tables are complete: each rule says when, what and by whose word; the last one says otherwise."""
    for rule in table:
        assert all([rule.name, rule.when, rule.then, rule.source])  # type: ignore[attr-defined]
    assert len({rule.name for rule in table}) == len(table)  # type: ignore[attr-defined]


def test_what_asks_nothing_only_brings_transactions() -> None:
    """Of a request that asks nothing the transactions count, and its S says nothing."""
    before = attrs.evolve(CURRENT, heard=False)
    state, commands = step(before, asked(r=13, was=10, last=13, s=7, asks=False))

    assert (Take(10),) == commands
    assert attrs.evolve(before, r=13) == state


def test_a_peer_that_is_told_unasked_gets_news_without_a_request() -> None:
    """A site that was answered once is sent what is new, whether it has asked since or not."""
    state, _ = step(CURRENT, asked())
    state, _ = step(state, Answered(60, full=False))

    assert () == step(state, Answering())[1]
    assert (SendUpdate(50),) == step(state, Answering(mutual=True))[1]


@pytest.mark.parametrize("full", list(Full))
def test_a_peer_that_is_told_unasked_gets_nothing_when_nothing_is_new(full: Full) -> None:
    """Two sites do not answer each other's answers: no number is used while nothing is new, and a request stays."""
    state, _ = step(attrs.evolve(CURRENT, full=full, full_from=90), asked())

    assert (state, ()) == step(state, Answering(mutual=True, news=False))


# -- files -----------------------------------------------------------------------------------------------------------


HANDED, _ = step(CURRENT, Handed(number=90, r=40, i=2))


def test_a_file_changes_nothing_for_who_does_not_take_it() -> None:
    """Whoever quotes the number it had before gets an update from there (KB Q119449)."""
    state, commands = step(HANDED, asked(r=11, was=10, last=11, i=1))
    assert ((Take(10),), 11, Full.NO) == (commands, state.r, state.full)

    assert (SendUpdate(50),) == step(state, Answering())[1]


def test_who_takes_a_file_goes_on_from_its_numbers() -> None:
    """R jumps to that of the file, of another requestor perhaps, and what comes above it is taken."""
    state, commands = step(HANDED, asked(r=42, was=40, s=90, i=2, last=42))
    assert ((Take(40),), 42, "") == (commands, state.r, state.export_needed)

    assert (SendUpdate(90),) == step(state, Answering())[1]


@pytest.mark.parametrize(("was", "s"), [(41, 90), (40, 50)])
def test_a_gap_that_no_file_has_made_is_one(was: int, s: int) -> None:
    """Only the R that stands in the file, together with its S, is no gap."""
    state, _ = step(HANDED, asked(r=42, was=was, s=s, i=2, last=42))

    assert (10, True) == (state.r, bool(state.export_needed))


def test_a_file_stands_for_a_full_answer_that_is_owed() -> None:
    """It is owed no more when the number of the file, or a higher one, is quoted."""
    owed, _ = step(CURRENT, Resend())
    handed, _ = step(owed, Handed(number=90, r=10, i=2))
    assert (Full.SENT, 90) == (handed.full, handed.full_from)

    state, _ = step(handed, asked(r=10, was=10, s=90, i=2))
    assert Full.NO is state.full
