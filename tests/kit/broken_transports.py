"""Transports that break one rule each, under the name of the check that must see it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import time_ns

from dxa.errors import TransportError
from dxa.testing import TransportHarness
from tests.kit.pigeonhole import PigeonHarness, Pigeonhole

#: Check name to the harnesses of transports that break its rule.
BROKEN_TRANSPORTS: dict[str, list[type[TransportHarness]]] = {}


def breaks(check: str) -> Callable[[type[Pigeonhole]], type[Pigeonhole]]:
    """Note that a transport breaks that check's rule."""

    def note(broken: type[Pigeonhole]) -> type[Pigeonhole]:
        harness = type(broken.__name__, (PigeonHarness,), {"transport": broken})
        BROKEN_TRANSPORTS.setdefault(check, []).append(harness)
        return broken

    return note


@breaks("messages_arrive_as_they_are")
class ReadsText(Pigeonhole):
    def read(self, name: str) -> bytes:
        return super().read(name).replace(b"\r\n", b"\n")


@breaks("messages_come_oldest_first")
class ListsAsTheyLie(Pigeonhole):
    def listed(self) -> list[str]:
        return sorted(super().listed(), key=lambda name: (hash(name) % 7, int(name[1:5]) % 3, name))[::-1]


@breaks("reading_takes_nothing_away")
class ReadsOnce(Pigeonhole):
    def read(self, name: str) -> bytes:
        data = super().read(name)
        self.path(name).unlink()
        return data


@breaks("a_message_written_twice_comes_once")
class NamesByTheClock(Pigeonhole):
    def write(self, name: str, data: bytes) -> None:
        super().write(f"{name.removesuffix('.msg')}-{time_ns()}.msg" if name[1:2] == "0" else name, data)


@breaks("removing_takes_exactly_this")
class RemovesByTheBeginning(Pigeonhole):
    def remove(self, name: str) -> None:
        for each in self.names():
            if each[:3] == name[:3]:
                super().remove(each)


@breaks("removing_takes_exactly_this")
class RemovesForItselfAlone(Pigeonhole):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.removed: set[str] = set()

    def remove(self, name: str) -> None:
        self.path(name)
        self.removed.add(name)

    def listed(self) -> list[str]:
        return [name for name in super().listed() if name not in self.removed]


@breaks("removing_is_repeatable")
class RemovesWhatIsThere(Pigeonhole):
    def remove(self, name: str) -> None:
        path = self.path(name)
        self.doing(f"remove {name}", path.unlink)


@breaks("a_message_is_whole_or_not_there")
class WritesInPlace(Pigeonhole):
    def put(self, path: Path, data: bytes) -> None:
        half = len(data) // 2
        with path.open("wb") as file:
            file.write(data[:half])
            file.flush()
            os.fsync(file.fileno())
            file.write(data[half:])


@breaks("a_message_is_whole_or_not_there")
class RemovesTheOthersFirst(Pigeonhole):
    def put(self, path: Path, data: bytes) -> None:
        kept = {each: (self.folder / each).read_bytes() for each in self.listed()}
        for each in kept:
            (self.folder / each).unlink()
        for each, old in kept.items():
            super().put(self.folder / each, old)
        super().put(path, data)


@breaks("a_failed_write_can_be_repeated")
class MindsWhatItLeftBehind(Pigeonhole):
    def store(self, path: Path, data: bytes) -> None:
        if path.exists():
            raise TransportError(f"somebody writes {path.name} already")
        super().store(path, data)


@breaks("what_cannot_be_reached_is_said")
class ListsNothingWhenItFails(Pigeonhole):
    def names(self) -> list[str]:
        try:
            return super().names()
        except TransportError:
            return []


@breaks("what_cannot_be_reached_is_said")
class RaisesWhatTheDiskSays(Pigeonhole):
    def doing(self, what: str, do: Callable[[], object]) -> None:
        do()


@breaks("what_has_gone_is_not_empty")
class ReadsNothing(Pigeonhole):
    def read(self, name: str) -> bytes:
        return super().read(name) if self.path(name).exists() else b""


@breaks("strange_names_lead_nowhere")
class BelievesNames(Pigeonhole):
    def path(self, name: str) -> Path:
        if "\x00" in name or name in ("", ".", "..") or len(name) > 100 or Path(name).is_absolute():
            raise TransportError("no name")
        return self.folder / name


@breaks("strange_names_lead_nowhere")
class StumblesOverLongNames(Pigeonhole):
    def path(self, name: str) -> Path:
        return super().path(name) if len(name) <= 100 else self.folder / name

    def write(self, name: str, data: bytes) -> None:
        self.put(self.path(name), data)


@breaks("what_is_half_written_is_not_listed")
class ListsWhatIsHidden(Pigeonhole):
    def listed(self) -> list[str]:
        return sorted(path.name.lstrip(".") for path in self.folder.iterdir() if path.is_file())

    def read(self, name: str) -> bytes:
        hidden = self.folder / f".{name}"
        return hidden.read_bytes() if hidden.exists() and not self.path(name).exists() else super().read(name)


@breaks("bytes_are_durable_before_their_name")
class NeverSynchronises(Pigeonhole):
    def store(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)


@breaks("bytes_are_durable_before_their_name")
class ForgetsTheFolder(Pigeonhole):
    def sync(self) -> None:
        self.folder.stat()


@breaks("transports_leave_nothing_open")
class KeepsTheFolderOpen(Pigeonhole):
    def sync(self) -> None:
        super().sync()
        #: Closed when this is forgotten.
        self.kept = (self.folder / ".open").open("wb")


@breaks("what_nobody_can_use_is_kept")
class ParksNothing(Pigeonhole):
    def park(self, name: str, reason: str) -> None:
        self.remove(name)


@breaks("what_nobody_can_use_is_kept")
class ParksWithoutAReason(Pigeonhole):
    def park(self, name: str, reason: str) -> None:
        super().park(name, "")
