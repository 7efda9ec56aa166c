"""The folders of dxa-msmail carry messages as the conformance kit wants it: files, a postoffice's mailbag, e-mails."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from dxa.mail.memory import MemoryBox, MemorySubmission
from dxa.testing import FaultyDisk, Transport, TransportHarness
from dxa.testing.pytest_skin import transport_suite
from dxa_msmail.envelope import mail_text
from dxa_msmail.ffapi import Attachment, MailMessage, write
from dxa_msmail.folder import BAD, DiskFolder, Folder
from dxa_msmail.post import PostFolder
from dxa_msmail.postoffice import networks, tree
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfolder import MailbagFolder
from dxa_msmail.postoffice.messages import message_of
from tests.kit.breaking_post import BreakingBox, BreakingSubmission, Uses, post_folder
from tests.kit.msmail_harness import PEER, SITE

NOW = 1_700_000_000.0


def temporary(owner: object) -> Path:
    """A folder that goes with its owner."""
    root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
    weakref.finalize(owner, shutil.rmtree, root)
    return root


def below(root: Path, seen_from: Path) -> list[str]:
    """The paths of all files below a folder, relative to another."""
    return [os.path.relpath(path, seen_from) for path in root.rglob("*") if path.is_file()]


class DiskHarness(TransportHarness):
    """Message files in a folder."""

    def __init__(self) -> None:
        self.root = temporary(self)
        self.path = self.root / "a" / "site" / "mail"
        self.disk = FaultyDisk(self.path)

    def open(self) -> Transport:
        return DiskFolder(self.path)

    def fail(self, after: int = 0) -> None:
        self.disk.fail(after)

    def heal(self) -> None:
        self.disk.heal()

    def leave_half(self, name: str, data: bytes) -> None:
        (self.path / f".{name}.tmp").write_bytes(data[: len(data) // 2])
        (self.path / f"{name}.tmp").write_bytes(data[: len(data) // 2])

    def files(self) -> Iterable[str]:
        return below(self.root, self.path)

    def park(self, transport: Any, name: str, reason: str) -> None:
        folder: Folder = transport
        folder.park(name, reason)

    def parked(self) -> Mapping[bytes, str]:
        bad = self.path / BAD
        there = [path for path in bad.iterdir() if path.suffix != ".why"]
        return {path.read_bytes(): path.with_name(f"{path.name}.why").read_text(encoding="utf-8") for path in there}


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    """A postoffice that knows another one, to be copied."""
    place = tempfile.TemporaryDirectory()
    made = tree.create(Path(place.name) / "po", network="HUB", postoffice="SITE", shadow=True, durable=False)
    with made.change() as change:
        networks.add_postoffice(change, "NET/ONE")
    return place


class MailbagHarness(TransportHarness):
    """Letters in a mailbag of a postoffice, from which they are fetched."""

    def __init__(self) -> None:
        root = temporary(self)
        self.path = root / "a" / "site" / "po"
        shutil.copytree(Path(_template().name) / "po", self.path)
        self.root, self.disk = root, FaultyDisk(self.path)

    def open(self) -> Transport:
        return MailbagFolder(Maildata(self.path, patience=0.0), lambda: NOW, outbox=SYSTEM)

    def message(self, n: int) -> bytes:
        data = bytes(range(256)) * n
        letter = Letter(
            sender="NET/ONE/$SYSTEM",
            to=("HUB/SITE/$SYSTEM",),
            time=datetime(2024, 2, 29, 23, 59),
            subject=f"ReqTx {n}",
            body=b"[DIRSYNC]\r\n",
            attachments=(Attachment("REQUPDS.GLB", data),) if data else (),
        )
        return message_of(letter)

    def fail(self, after: int = 0) -> None:
        self.disk.fail(after)

    def heal(self) -> None:
        self.disk.heal()

    def files(self) -> Iterable[str]:
        return below(self.root, self.path)

    def park(self, transport: Any, name: str, reason: str) -> None:
        transport.park(name, reason)

    def parked(self) -> Mapping[bytes, str]:
        bad = self.path / "DXA" / "BAD"
        there = [path for path in bad.iterdir() if path.suffix.upper() == ".MSG"]
        return {path.read_bytes(): path.with_suffix(".WHY").read_text(encoding="utf-8") for path in there}


@attrs.define
class Posted:
    """Both ends of e-mails: what one side sends comes into the other side's mailbox."""

    here: PostFolder
    there: PostFolder
    sent: MemorySubmission
    box: MemoryBox

    def write(self, name: str, data: bytes) -> None:
        self.here.write(name, data)
        while self.sent.sent:
            self.box.put(self.sent.sent.pop(0)[1])

    def flush(self) -> None:
        self.here.flush()
        self.there.flush()

    def names(self) -> list[str]:
        return self.there.names()

    def read(self, name: str) -> bytes:
        return self.there.read(name)

    def remove(self, name: str) -> None:
        self.there.remove(name)

    def park(self, name: str, reason: str) -> None:
        self.there.park(name, reason)


class PostHarness(TransportHarness):
    """E-mails from one postoffice to another, whose mailbox and mail server may fail at every call."""

    def __init__(self) -> None:
        self.root, self.uses = temporary(self), Uses()
        self.box, self.sent = BreakingBox(uses=self.uses), BreakingSubmission(uses=self.uses)

    def open(self) -> Transport:
        here = post_folder(PEER, SITE, MemoryBox(), self.sent, self.root / "here")
        there = post_folder(SITE, PEER, self.box, MemorySubmission(), self.root / "aside")
        return Posted(here, there, self.sent, self.box)

    def message(self, n: int) -> bytes:
        data = bytes(range(256)) * n
        message = MailMessage(
            to=(mail_text(f"{SITE}/$SYSTEM"),),
            sender=mail_text(f"{PEER}/$SYSTEM"),
            subject=f"Message {n}",
            body=b"[DIRSYNC]\r\n",
            attachments=(Attachment("REQUPDS.GLB", data),) if data else (),
        )
        return write(message)

    def identity(self, transport: Any, name: str) -> str:
        posted: Posted = transport
        return posted.there.identity(name)

    def fail(self, after: int = 0) -> None:
        self.uses.left = after

    def heal(self) -> None:
        self.uses.left = -1

    def files(self) -> Sequence[str]:
        return below(self.root, self.root / "aside")

    def park(self, transport: Any, name: str, reason: str) -> None:
        transport.park(name, reason)

    def parked(self) -> Mapping[bytes, str]:
        harness = PostHarness()
        found = {}
        for path in (self.root / "aside").glob("*.eml"):
            name = harness.box.put(path.read_bytes())
            found[harness.open().read(name)] = path.with_suffix(".why").read_text(encoding="utf-8")
        return found


test_message_files = transport_suite(DiskHarness)
test_mailbag = transport_suite(MailbagHarness)
test_post = transport_suite(PostHarness)
