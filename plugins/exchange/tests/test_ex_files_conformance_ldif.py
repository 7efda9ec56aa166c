"""The connector of directories that are reached by files conforms to what dxa relies on: by LDIF."""

from __future__ import annotations

import os

import pytest

from dxa.testing.pytest_skin import connector_suite
from tests.kit.exchange_harness import EXCUSES, LdifHarness


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


test_connector = connector_suite(LdifHarness, excuses=EXCUSES)
