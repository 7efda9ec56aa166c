"""Stores to test with: in memory, and in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dxa.store import MemoryHighWater, Store
from tests.store.samples import TYPES, memory_store


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store."""
    opened = memory_store()
    if request.param == "file":
        (tmp_path / "dxa.db").write_bytes(opened.dump())
        opened = Store.open(f"sqlite:///{tmp_path}/dxa.db", MemoryHighWater())
        opened.types = TYPES
    yield opened
    opened.close()
