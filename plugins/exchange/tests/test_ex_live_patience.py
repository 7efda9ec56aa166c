"""A lost connection is made anew, a few times and later each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from dxa_exchange.live.errors import ConnectionLost, LdapError, Refused
from dxa_exchange.live.interface import Directory
from dxa_exchange.live.patience import Patience


class Lost:
    """A connection that is only opened and closed."""

    def __init__(self, log: list[str]) -> None:
        log.append("open")
        self.log = log

    def close(self) -> None:
        """Note it."""
        self.log.append("close")


def _patience(log: list[str], waits: list[float], attempts: int = 4) -> Patience:
    return Patience(lambda: cast(Directory, Lost(log)), waits.append, attempts)


def _failing(log: list[str], times: int, problem: LdapError) -> Callable[[Directory], str]:
    def work(_directory: Directory) -> str:
        log.append("work")
        if log.count("work") <= times:
            raise problem
        return "done"

    return work


LOST = ConnectionLost("ldap://x", "read", -1, "gone")


def test_it_waits_longer_each_time_and_begins_anew() -> None:
    """Each attempt has a connection of its own."""
    log: list[str] = []
    waits: list[float] = []

    assert "done" == _patience(log, waits).run(_failing(log, 2, LOST))
    assert [1.0, 2.0] == waits
    assert ["open", "work", "close", "open", "work", "close", "open", "work"] == log


def test_it_gives_up_in_the_end() -> None:
    """The last failure is told; nobody waits behind it."""
    log: list[str] = []
    waits: list[float] = []
    with pytest.raises(ConnectionLost):
        _patience(log, waits).run(_failing(log, 9, LOST))

    assert [1.0, 2.0, 4.0] == waits
    assert 4 == log.count("open") == log.count("close")


def test_what_another_attempt_cannot_mend_is_told_at_once() -> None:
    """A refusal is no lost connection."""
    log: list[str] = []
    waits: list[float] = []
    with pytest.raises(Refused):
        _patience(log, waits).run(_failing(log, 1, Refused("ldap://x", "bind", 49, "no")))

    assert [] == waits


def test_no_wait_is_longer_than_half_a_minute() -> None:
    """However many attempts are configured."""
    log: list[str] = []
    waits: list[float] = []
    _patience(log, waits, 9).run(_failing(log, 8, LOST))

    assert [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] == waits
