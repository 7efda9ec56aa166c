"""A check of transports on a disk: what power that fails may not take away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dxa.testing.transport import MakeTransport
from dxa.testing.verdict import Skip, expect, must


@must("`fsync` a file before it gets its name, and its folder before `flush` returns.")
def bytes_are_durable_before_their_name(make: MakeTransport) -> None:
    """A message's bytes are on the disk before its name is, and its name when it was flushed: power may fail."""
    harness = make()
    transport = harness.open()
    with _disk() as seen:
        transport.write(harness.name(0), harness.message(3))
        transport.flush()
    if not any(what == "rename" for what, _, _ in seen):
        raise Skip("nothing gets its name by being renamed on a disk")
    synced: dict[int, int] = {}
    for at, (what, node, _) in enumerate(seen):
        if what == "sync":
            synced[node] = at
    for at, (what, node, folder) in enumerate(seen):
        if what == "rename":
            early = [i for i, (each, which, _) in enumerate(seen[:at]) if each == "sync" and which == node]
            expect(early, "a file got its name before its bytes were synchronised")
            expect(synced.get(folder, -1) > at, "a file got its name, and its folder was not synchronised after it")


@contextmanager
def _disk() -> Iterator[list[tuple[str, int, int]]]:
    """What is synchronised and renamed meanwhile: ``sync`` and an inode, or ``rename``, its inode and its folder's."""
    seen: list[tuple[str, int, int]] = []
    sync, replace, rename = os.fsync, os.replace, os.rename

    def noted_sync(handle: Any) -> None:
        sync(handle)
        seen.append(("sync", os.fstat(handle if isinstance(handle, int) else handle.fileno()).st_ino, 0))

    def noted(original: Any) -> Any:
        def move(source: Any, target: Any, **given: Any) -> None:
            node, folder = Path(source).stat().st_ino, Path(target).parent.stat().st_ino
            original(source, target, **given)
            seen.append(("rename", node, folder))

        return move

    with patch("os.fsync", noted_sync), patch("os.replace", noted(replace)), patch("os.rename", noted(rename)):
        yield seen
