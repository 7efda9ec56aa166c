"""Stores to test with: in memory, and in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dxa.store import MemoryHighWater, Store
from tests.store.samples import TYPES


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store."""
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/dxa.db"
    opened = Store.open(url, MemoryHighWater(), create=True)
    opened.types = TYPES
    yield opened
    opened.close()
