"""Where plugins come from, found without importing any of them.

A plugin is an entry point in the group ``dxa`` of an installed distribution, or a file in the site's folder for
plugins. What a distribution's plugins bring may stand beside it, in the groups ``dxa.connectors`` and
``dxa.address_types``: the name of the entry point is that of the connector or type (or another spelling of the type),
its value the plugin's module. A plugin that declares anything there is imported when that is needed, one that declares
nothing whenever something is looked for.
"""

from __future__ import annotations

import importlib.util
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Literal

import attrs

GROUP = "dxa"

#: What can be declared, by the entry-point group that it is declared in.
DECLARED = ("dxa.connectors", "dxa.address_types")

What = Literal["dxa.connectors", "dxa.address_types"]


@attrs.frozen(kw_only=True)
class Candidate:
    """A plugin that was found: who brings it, how to import it, and what it has declared.

    `place` is the file of a plugin of the site; one that is `given` in code has neither. `declares` are (group, name),
    each name in lower case; None where nothing is declared.
    """

    name: str
    load: Callable[[], object]
    distribution: str = ""
    version: str = ""
    place: str = ""
    given: bool = False
    declares: frozenset[tuple[str, str]] | None = None

    def brings(self, what: What, name: str) -> bool:
        """Whether the plugin may bring that, as far as can be known without importing it."""
        return self.declares is None or (what, name.lower()) in self.declares


@attrs.frozen
class Selection:
    """Which plugins take part.

    `only` are patterns of those that do, all when it is None; `without` patterns of those that do not, whatever `only`
    says. ``*`` stands for any text. The core's own plugin always takes part.
    """

    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether the plugin of that name takes part."""
        wanted = self.only is None or _fits(name, self.only)
        return wanted and not _fits(name, self.without)

    def narrowed(self, words: str) -> Selection:
        """This one, and what an operator wants for once: names with commas between, those with ``-`` left out.

        ``msmail,ccmail`` are only these; ``-exchange`` all but this; an empty text is no wish.
        """
        parts = [word.strip() for word in words.split(",") if word.strip()]
        only = tuple(part for part in parts if not part.startswith("-"))
        without = tuple(part[1:] for part in parts if part.startswith("-"))
        return Selection(only or self.only, (*self.without, *without))


def installed() -> Iterator[Candidate]:
    """The plugins of installed distributions, by name."""
    declared = _declared()
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        distribution, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        yield Candidate(
            name=point.name,
            load=point.load,
            distribution=distribution,
            version=version,
            declares=declared.get((distribution, point.value.strip())),
        )


def in_folder(folder: Path) -> Iterator[Candidate]:
    """The plugins that stand in a folder as one file each, by name; none when there is no such folder.

    Files whose names begin with ``_`` or ``.`` are not plugins.
    """
    if folder.is_dir():
        for file in sorted(folder.glob("*.py")):
            if not file.name.startswith(("_", ".")):
                yield Candidate(name=file.stem, load=_loader(file), place=str(file))


def _declared() -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """What stands in the groups of `DECLARED`, by (distribution, module)."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for group in DECLARED:
        for point in entry_points(group=group):
            found.setdefault((_owner(point), point.value.strip()), set()).add((group, point.name.lower()))
    return {key: frozenset(names) for key, names in found.items()}


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else ""


def _loader(file: Path) -> Callable[[], ModuleType]:
    def load() -> ModuleType:
        if file.stat().st_mode & stat.S_IWOTH:
            raise PermissionError(f"{file} can be changed by everybody; `chmod o-w {file}`")
        name = f"dxa_of_site_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is no module of Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    return load


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
