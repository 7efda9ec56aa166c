"""The server's connector conforms over mail: its mailbox and its mail server may fail at every call."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any

import attrs

from dxa.connector import Connector
from dxa.entry import Entry
from dxa.mail.memory import MemoryBox, MemorySubmission
from dxa.testing.pytest_skin import connector_suite
from dxa_msmail.post import PostFolder
from dxa_msmail.server import MsMailServer
from tests.kit.breaking_post import BreakingBox, BreakingSubmission, Uses, post_folder
from tests.kit.msmail_harness import PEER, SITE, ServerHarness


@attrs.define
class Written:
    """Where the harness writes message files, which become e-mails in the connector's mailbox."""

    post: PostFolder
    box: BreakingBox

    def write(self, name: str, data: bytes) -> None:
        submission: Any = self.post.out
        self.post.write(name, data)
        self.box.put(submission.sent.pop()[1])


class PostHarness(ServerHarness):
    """A requestor at another mail address."""

    def __init__(self) -> None:
        super().__init__()
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, rmtree, root)
        self.site, self.aside, self.uses = root / "site", root / "aside", Uses()
        self.box, self.out = BreakingBox(uses=self.uses), BreakingSubmission(uses=self.uses)
        self.there = post_folder(PEER, SITE, MemoryBox(), MemorySubmission(), root / "there")
        self.inbox = Written(self.there, self.box)
        self.outbox = None

    def open(self) -> Connector:
        post = post_folder(SITE, PEER, self.box, self.out, self.aside)
        return MsMailServer(self.context(self.site), post, post)

    def delivered(self) -> Sequence[Entry]:
        there: Any = self.there.box
        there.mails.clear()
        seen: set[str] = set()
        self.outbox = DeliveredFolder()
        for _, data in self.out.sent:
            name = there.put(data)
            message = self.there.read(name)
            if self.there.identity(name) not in seen:
                seen.add(self.there.identity(name))
                self.outbox.files[name] = message
        return super().delivered()

    def fail(self, after: int = 0) -> None:
        self.uses.left = after

    def heal(self) -> None:
        self.uses.left = -1

    def waiting(self) -> bytes:
        return list(self.box.mails.values())[-1]

    def replace_waiting(self, data: bytes) -> None:
        self.box.mails[list(self.box.mails)[-1]] = data

    def drop(self, data: bytes) -> None:
        self.box.put(data)

    def files(self) -> Iterable[str]:
        return [path.name for path in self.aside.rglob("*")] if self.aside.exists() else []


@attrs.define
class DeliveredFolder:
    """Message files that came out of e-mails, in the order in which they were sent."""

    files: dict[str, bytes] = attrs.field(factory=dict)

    def names(self) -> list[str]:
        return list(self.files)

    def read(self, name: str) -> bytes:
        return self.files[name]


test_server_over_mail = connector_suite(PostHarness)
