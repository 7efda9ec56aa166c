"""A Maildir and a mailbox in memory carry e-mails as the conformance kit wants it."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from dxa.mail.interface import Mailbox
from dxa.mail.maildir import MaildirBox
from dxa.mail.memory import MemoryBox
from dxa.testing import FaultyDisk, Transport, TransportHarness
from dxa.testing.pytest_skin import transport_suite


@attrs.define
class Received:
    """A mailbox, and the mail server that puts e-mails into it, each with its message ID."""

    box: Mailbox
    deliver: Any

    def write(self, name: str, data: bytes) -> None:
        self.deliver(b"Message-ID: <%s>\n\n" % name.encode("utf-8", "replace") + data)

    def flush(self) -> None:
        self.box.close()

    def names(self) -> list[str]:
        return self.box.names()

    def read(self, name: str) -> bytes:
        return self.box.read(name).partition(b"\n\n")[2]

    def remove(self, name: str) -> None:
        self.box.remove([name])


class BoxHarness(TransportHarness):
    """A mailbox in memory."""

    def __init__(self) -> None:
        self.box = MemoryBox()

    def open(self) -> Transport:
        return Received(self.box, self.box.put)

    def identity(self, transport: Any, name: str) -> str:
        received: Received = transport
        return received.box.read(name).partition(b"\n\n")[0].decode()


class MaildirHarness(BoxHarness):
    """A Maildir on a disk; what a mail server does fails no more than others' mail servers do."""

    def __init__(self) -> None:
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.path = root, root / "a" / "site" / "Maildir"
        for name in ("tmp", "new", "cur"):
            (self.path / name).mkdir(parents=True)
        self.disk = FaultyDisk(self.path)
        self.came = 0

    def open(self) -> Transport:
        return Received(MaildirBox(self.path), self.arrive)

    def arrive(self, data: bytes) -> None:
        """An e-mail comes in, as the convention for a Maildir has it."""
        self.came += 1
        name = f"1700000000.M{self.came:06d}P1.host"
        with (self.path / "tmp" / name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        (self.path / "tmp" / name).rename(self.path / "new" / name)
        folder = os.open(self.path / "new", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def leave_half(self, name: str, data: bytes) -> None:
        (self.path / "tmp" / "1700000000.M0P1.host").write_bytes(data[: len(data) // 2])
        (self.path / "new" / ".hidden").write_bytes(data[: len(data) // 2])

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.path) for path in self.root.rglob("*") if path.is_file()]


test_mailbox_in_memory = transport_suite(BoxHarness)
test_maildir = transport_suite(MaildirHarness)
