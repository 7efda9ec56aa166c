"""The connector of directories that are reached by files conforms to what dxa relies on: by tables."""

from __future__ import annotations

import os

import pytest

from dxa.address import Address
from dxa.testing.pytest_skin import connector_suite
from tests.kit.exchange_harness import EXCUSES, TYPES, TableHarness


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


test_connector = connector_suite(TableHarness, excuses=EXCUSES)


def test_keys_of_ours_are_those_of_their_addresses() -> None:
    """What is shown of other systems keeps the key that the core knows it by."""
    entry = TableHarness().entry(1, "Ann", ours=True)

    assert TYPES.key(Address("SMTP", "user1@far.example")) == entry.key
