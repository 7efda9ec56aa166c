"""The beginning of a plugin: a distribution that works, is tested by the kit, and waits for its own system.

`template` holds its files as they are written, with ``@name@``, ``@TYPE@`` and ``@version@`` in place of the plugin's
name, its type of addresses and the version of dxa; ``NAME`` in a path is the name, and ``.in`` at its end goes away.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from dxa.errors import UsageError, about

_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")


def new_plugin(name: str, version: str) -> dict[str, str]:
    """The files of a new plugin: path to text; raises `UsageError` for what cannot be the name of one."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"a plugin's name is 2 to 31 small letters and digits, the first a letter; got {name!r}")
    words = {"@name@": name, "@TYPE@": name.upper(), "@version@": version}
    found = {}
    for path, text in _templates(files(__package__) / "template", ""):
        for word, value in words.items():
            text = text.replace(word, value)
        found[path.removesuffix(".in").replace("NAME", name)] = text
    return found


def write_plugin(folder: Path, texts: dict[str, str]) -> None:
    """Write the files into a folder that is empty or not there yet; raises `UsageError` where something is."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there, and not empty; a new plugin needs a folder of its own")
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with about(file):
            file.write_text(text, encoding="utf-8")


def _templates(place: Traversable, path: str) -> list[tuple[str, str]]:
    found = []
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        here = f"{path}/{entry.name}" if path else entry.name
        if entry.is_dir():
            found += _templates(entry, here)
        elif entry.name.endswith(".in"):
            found.append((here, entry.read_text(encoding="utf-8")))
    return found
