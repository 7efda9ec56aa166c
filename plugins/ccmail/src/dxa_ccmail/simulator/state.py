"""The folder of a post office that is played: one file with everything, written in one go, and a lock.

The file is called ``CCPOMBOX.SIM``, so that the folder passes for a post office (KB Q170011). A file ``CCPODOWN``
shuts it down, as in the original (KB Q282172).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from dxa.errors import TransportError, UsageError
from dxa_ccmail.importfiles import MARKINGS, DeleteLabel, DeleteMarking
from dxa_ccmail.names import fold
from dxa_ccmail.record import FIELDS, Layout, Record
from dxa_ccmail.running import files
from dxa_ccmail.running.checks import DOWN
from dxa_ccmail.simulator.behaviour import Behaviour
from dxa_ccmail.simulator.office import Office
from dxa_ccmail.titles import Title

FILE = "CCPOMBOX.SIM"
FORMAT = "dxa post office simulator 1, no file of cc:Mail"

_HEX = "hex:"


@attrs.frozen
class PlayedOffice:
    """A post office in a folder."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, office: Office) -> PlayedOffice:
        """Make one; raises `UsageError` when there is one already."""
        if (folder / FILE).exists():
            raise UsageError(f"{folder} is a post office already")
        files.make_folder(folder)
        made = cls(folder)
        with files.locked(folder, "somebody else makes a post office there"):
            made._write(office)
        return made

    @property
    def exists(self) -> bool:
        """Whether there is one in the folder."""
        return (self.folder / FILE).is_file()

    @property
    def down(self) -> bool:
        """Whether it is shut down."""
        return files.find(self.folder, DOWN) is not None

    def shut_down(self, down: bool) -> None:
        """Shut it down for a while, or open it again."""
        if down and not self.down:
            files.write(self.folder / DOWN, b"")
        for path in [] if down else files.matching(self.folder, DOWN):
            files.remove(path)

    def look(self) -> Office:
        """How it is now; a change is one rename, so that there is never half of one."""
        self._require()
        path = self.folder / FILE
        try:
            stored = json.loads(files.read(path))
            if stored["format"] != FORMAT:
                raise ValueError(stored["format"])
            return _office(stored)
        except (ValueError, KeyError, TypeError) as error:
            raise TransportError(f"{path} cannot be read: {error}") from None

    @contextmanager
    def edit(self) -> Iterator[Office]:
        """The post office to be changed; written when the block ends without an error, if it was changed.

        Raises `LockedError` when another process is at work on it.
        """
        self._require()
        with files.locked(self.folder, "the post office is locked by another process"):
            office = self.look()
            before = attrs.evolve(
                office, entries=dict(office.entries), lists=dict(office.lists), boards=dict(office.boards)
            )
            yield office
            if office != before:
                self._write(office)

    def _require(self) -> None:
        if not self.exists:
            raise TransportError(f"{self.folder} has no {FILE}; `dxa ccmail simulate init` makes a post office")

    def _write(self, office: Office) -> None:
        text = json.dumps({"format": FORMAT, **_plain(office)}, ensure_ascii=False, separators=(",", ":"))
        files.write(self.folder / FILE, text.replace("],[", "],\n[").encode("utf-8", "surrogatepass"))


def _plain(office: Office) -> dict[str, Any]:
    return {
        "name": office.name,
        "password": office.password,
        "version": office.version,
        "code_page": office.code_page,
        "marking": {
            "name": next(name for name, kind in MARKINGS.items() if isinstance(office.marking, kind)),
            **attrs.asdict(office.marking, filter=lambda field, _: field.init),  # type: ignore[arg-type]
        },
        "behaviour": attrs.asdict(office.behaviour),
        "entries": [[*record[:4], *_layout(record.layout)] for record in office.entries.values()],
        "lists": [_title(title) for title in office.lists.values()],
        "boards": [_title(title) for title in office.boards.values()],
    }


def _layout(layout: Layout) -> list[list[str]]:
    if layout == FIELDS:
        return []
    return [[part if isinstance(part, str) else _HEX + part.hex() for part in layout]]


def _title(title: Title) -> list[Any]:
    return [title.name, [member.hex() for member in title.members]]


def _office(stored: Mapping[str, Any]) -> Office:
    behaviour = {**stored["behaviour"], "refuse": tuple(stored["behaviour"]["refuse"])}
    return Office(
        name=stored["name"],
        password=stored["password"],
        version=stored["version"],
        code_page=stored["code_page"],
        marking=_marking(stored["marking"]),
        behaviour=Behaviour(**behaviour),
        entries={fold(row[0]): _record(row) for row in stored["entries"]},
        lists=_titles(stored["lists"]),
        boards=_titles(stored["boards"]),
    )


def _marking(stored: Mapping[str, Any]) -> DeleteMarking:
    kind = MARKINGS[stored["name"]]
    given = {key: value for key, value in stored.items() if key != "name"}
    return DeleteLabel(**given) if kind is DeleteLabel else kind(name_only=given["name_only"])


def _record(row: list[Any]) -> Record:
    name, locn, addr, cmts, *layouts = row
    if not layouts:
        return Record(name, locn, addr, cmts)
    parts = (bytes.fromhex(part[len(_HEX) :]) if part.startswith(_HEX) else part for part in layouts[0])
    return Record(name, locn, addr, cmts, tuple(parts))


def _titles(stored: list[list[Any]]) -> dict[str, Title]:
    return {fold(name): Title(name, tuple(map(bytes.fromhex, members))) for name, members in stored}
