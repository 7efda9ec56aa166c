"""The connector of a requestor conforms to what dxa relies on; a server of dxa's plays the other side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from dxa.config.secrets import Secret
from dxa.connector import Connector, LinkContext, Parcel, ParcelKind, PeerInfo
from dxa.dirsync.messages import Reply
from dxa.entry import Entry
from dxa.ledger.answer import full, number_steps
from dxa.testing.pytest_skin import connector_suite
from dxa_msmail import plugin
from dxa_msmail.requestor.link import MsMailRequestor, RequestorOptions
from dxa_msmail.server import MsMailServer, ServerOptions
from tests.kit.msmail_harness import BreakingFolder, OnDisk, ServerHarness

LINK, OWN, SERVER = "up", "INSTITUTE/BERLIN", "LAB/HQ"
#: Whose people the server tells of.
PEER = "LAB/PO1"


class RequestorHarness(ServerHarness):
    """A server that answers in full, and reads requests."""

    peer = PeerInfo(id="up", name=LINK)
    secrets = ("hunter2",)

    def __init__(self) -> None:
        super().__init__()
        self.connector_type = next(kind for kind in plugin.dxa_connectors() if kind.name == "msmail-requestor")

    def open(self) -> Connector:
        return MsMailRequestor(self.context(self.site), self.inbox, self.outbox)

    def configured(self) -> RequestorOptions:
        return RequestorOptions(server=SERVER, password=Secret("hunter2"))

    def context(self, folder: Path) -> LinkContext:
        return LinkContext(
            link=LINK,
            options=self.configured(),
            folder=folder,
            types=self.types,
            site=("Institute", "Berlin"),
            peers={LINK: self.peer},
        )

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        address = self.types.parse(f"MS:{OWN if ours else PEER}/USER{n}")
        return Entry(self.types.key(address), "MS", self.types.list_of(address), name, address.value)

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        first = self.sent + 1
        content = number_steps(full({("MS", PEER)}, entries), first, f"kit {first}")
        last = content.last(frozenset()) or first
        self.sent = last
        requestor = PeerInfo(id="r", name=OWN)
        answer = Parcel(
            id=f"{last:010d}",
            peer=requestor,
            kind=ParcelKind.FULL,
            to=f"{OWN}/SYSTEM1",
            content=content,
            reply=Reply(r=0, s=last, was=0, i=1),
        )
        there = BreakingFolder()
        context = LinkContext(
            link="pos",
            options=ServerOptions(),
            folder=self.site,
            types=self.types,
            site=("Lab", "HQ"),
            peers={OWN.casefold(): requestor},
        )
        list(MsMailServer(context, BreakingFolder(), there).deliver(answer))
        (data,) = there.files.values()
        for at in spoiled:
            good = f"PCM:{entries[at].address}\r\n".encode()
            data = data.replace(good, good.replace(b"PCM:", b"PC?:"))
        self.inbox.write(f"m{last:06d}.msg", data)

    def files(self) -> Iterable[str]:
        return [*self.outbox.files, *self.inbox.files, *self.below()]


class DiskRequestorHarness(OnDisk, RequestorHarness):
    """The connector as it is registered, on folders of a disk."""


EXCUSES = {"collect_is_lazy": "the newest answer comes first, for it brings what the others do; few wait, if any"}

test_requestor = connector_suite(RequestorHarness, excuses=EXCUSES)
test_requestor_on_a_disk = connector_suite(DiskRequestorHarness, excuses=EXCUSES)
