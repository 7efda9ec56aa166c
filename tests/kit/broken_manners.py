"""Connectors that are bad guests."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import attrs

from dxa.connector import ConnectorType, Holds, Parcel, Report
from dxa.errors import AddressError
from dxa.testing import ConnectorHarness
from tests.kit.broken import breaks
from tests.kit.letterbox import LETTERBOX, TRAITS, Letterbox, LetterHarness, letter


def _typed(class_name: str, **changed: Any) -> type[ConnectorHarness]:
    kind: ConnectorType = attrs.evolve(LETTERBOX, **changed)
    return type(class_name, (LetterHarness,), {"connector_type": kind})


breaks("traits_are_consistent")(_typed("AsksMany", traits=attrs.evolve(TRAITS, holds=Holds.QUEUED)))
breaks("traits_are_consistent")(_typed("UnknownType", traits=attrs.evolve(TRAITS, types=("BOX", "NONE"))))
breaks("traits_are_consistent")(_typed("BadName", name="letter box"))
breaks("site_lists_are_list_keys")(
    _typed("UpperLists", site_lists=lambda site, _options: frozenset({("BOX", site[1])}))
)
breaks("options_are_documented")(_typed("SilentOptions", options=attrs.make_class("Options", ["color"])))
breaks("raw_records_can_be_read_again")(_typed("ParsesNothing", parse=lambda _raw, _types: []))


@breaks("nothing_given_is_changed")
class ClearsReceipts(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        super().settle(receipts)
        if isinstance(receipts, list):
            receipts.clear()


@breaks("nothing_given_is_changed")
class EmptiesOptions(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        parcel.peer.options["written"] = True  # type: ignore[index]
        super().put(parcel, lines)


@breaks("handles_are_closed")
class LeavesOpen(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        handle = Path(__file__).open()  # noqa: SIM115 (this is the fault)
        super().settle([*receipts, handle.name[:0]])


@breaks("time_comes_from_the_context")
class ReadsTheClock(Letterbox):
    def text(self, data: bytes) -> str:
        return super().text(data) if time.time() else ""


#: What stays open until the test closes it.
LEAKED: list[int] = []


@breaks("handles_are_closed")
class LeaksADescriptor(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        super().settle(receipts)
        if receipts and len(LEAKED) < 20:
            LEAKED.append(os.open(__file__, os.O_RDONLY))


breaks("peer_lists_are_list_keys")(_typed("UpperPeerLists", peer_lists=lambda _options: frozenset({("BOX", "PO1")})))
breaks("peer_lists_are_list_keys")(_typed("UnknownPeerLists", peer_lists=lambda _options: frozenset({("MBX", "po1")})))


breaks("places_are_texts")(_typed("ListsOfPlaces", writes_in=lambda _site, _options: [("server", "container")]))
breaks("places_are_texts")(_typed("PlacesAsOneText", writes_in=lambda _site, _options: frozenset({"container"})))
#: No two calls get the same of these.
FRESH = itertools.count()
breaks("places_are_texts")(_typed("FreshPlaces", writes_in=lambda _site, _options: frozenset({(str(next(FRESH)),)})))


def _no_digits(name: str) -> None:
    if not name.isalpha():
        raise AddressError("a peer's name has letters only", got=name)


def _in_ascii(name: str) -> None:
    name.encode("ascii")


breaks("peer_names_are_checked")(_typed("RefusesItsPeer", check_peer=_no_digits))
breaks("peer_names_are_checked")(_typed("RaisesAtAName", check_peer=_in_ascii))


@breaks("what_is_given_can_travel")
class GivesAView(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        return attrs.evolve(super().report(name, data), raw=memoryview(data))  # type: ignore[arg-type]


@breaks("the_process_is_left_as_it_is")
class SetsTheTimeoutOfAll(Letterbox):
    def text(self, data: bytes) -> str:
        socket.setdefaulttimeout(30)
        return super().text(data)


@breaks("the_process_is_left_as_it_is")
class SetsTheTimeZone(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        os.environ["TZ"] = "UTC"
        super().put(parcel, lines)


@breaks("threads_are_ended")
class LeavesAThread(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        super().settle(receipts)
        threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()


@breaks("nothing_is_printed")
class PrintsItsProgress(Letterbox):
    def text(self, data: bytes) -> str:
        print(f"{len(data)} bytes read")
        return super().text(data)


@breaks("paths_start_at_the_sites_folder")
class LogsWhereItStands(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        Path("letterbox.log").write_text("settled", encoding="ascii")
        super().settle(receipts)


@breaks("links_are_strangers")
class SharesAnOutbox(Letterbox):
    living: ClassVar[WeakValueDictionary[int, SharesAnOutbox]] = WeakValueDictionary()
    count = itertools.count()

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.living[next(self.count)] = self

    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        eldest = self.living[min(self.living)]
        eldest.box.write(self.file(parcel.id), letter(lines))


@breaks("secrets_are_not_shown")
class LogsItsOptions(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        self.context.log.debug("settled with %s", self.context.options)
        super().settle(receipts)


@breaks("secrets_are_not_shown")
class QuotesItsPassword(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        return attrs.evolve(super().report(name, data), title=f"{name} PASSWORD={self.context.options.password}")
