"""Changes to ``dxa.toml`` that leave every comment and the order of things as their owner wrote them.

The functions take and return the text; `write` puts it in the file's place. Whatever the layout of the file, the
result is read again: it must say what was meant and nothing else.
"""

from __future__ import annotations

import copy
import os
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dxa.config.source import Source
from dxa.errors import NotFoundError, UsageError, about


def read(path: Path) -> str:
    """The text of the file with its line ends as they are; raises `ConfigError` for what is no TOML."""
    Source.read(path).checked()
    return path.read_bytes().decode("utf-8-sig")


def add_peer(text: str, link: str, name: str, settings: Mapping[str, Any]) -> str:
    """The text with a table for a new peer, behind the tables of its link.

    Raises:
        NotFoundError: when there is no such link.
        UsageError: when the link has that peer, or the file is laid out so that it must be changed by hand.
    """
    import tomlkit

    wanted = tomllib.loads(text)
    if link not in wanted.get("links", {}):
        raise NotFoundError(f"no link {link!r} in the configuration")
    peers = wanted["links"][link].setdefault("peers", {})
    if any(name.casefold() == other.casefold() for other in peers):
        raise UsageError(f"link {link} already has a peer {name!r}")
    table = tomlkit.dumps({"links": {link: {"peers": {name: settings}}}})
    peers[name] = tomllib.loads(table)["links"][link]["peers"][name]
    head, tail = _split_behind(text, link)
    separator = "\n" if head.endswith("\n") else "\n\n"
    behind = "\n" if tail and not tail.startswith(("\n", "\r\n")) else ""
    added = f"{separator}{table}{behind}".replace("\n", _ends(text))
    return _proven(head + added + tail, [wanted], f"add this to it by hand:\n\n{table}")


def remove_peer(text: str, link: str, name: str) -> str:
    """The text without the table of a peer; comments that introduce what follows stay.

    Raises:
        NotFoundError: when there is no such peer.
        UsageError: when the file is laid out so that it must be changed by hand.
    """
    import tomlkit

    wanted = tomllib.loads(text)
    peers = wanted.get("links", {}).get(link, {}).get("peers", {})
    if name not in peers:
        raise NotFoundError(f"no peer {name!r} of link {link!r} in the configuration")
    without = copy.deepcopy(wanted)
    del peers[name]
    without["links"][link].pop("peers")  # the last peer may take its table of peers with it
    document: Any = tomlkit.parse(text)
    del document["links"][link]["peers"][name]
    rest = tomlkit.dumps(document)
    start = _line_start(text, _common(text, rest))
    gone = text[start : len(text) - (len(rest) - start)]
    head, tail = text[:start], text[start + len(gone) :]
    tail = gone[_table_end(gone, more=bool(tail)) :] + tail
    ends = _ends(text)
    if head.endswith(ends * 2):
        head, tail = (head, tail.lstrip("\r\n")) if tail.strip() else (head.rstrip("\r\n") + ends, "")
    return _proven(head + tail, [wanted] if peers else [wanted, without], "take it out by hand")


def rename_peer(text: str, link: str, old: str, new: str) -> str:
    """The text with another name for a peer; the old one is among its `own_lists` from then on.

    Raises:
        NotFoundError: when there is no such peer.
        UsageError: when the link has a peer of the new name, or the file must be changed by hand.
    """
    import tomlkit

    wanted = tomllib.loads(text)
    peers = wanted.get("links", {}).get(link, {}).get("peers", {})
    if old not in peers:
        raise NotFoundError(f"no peer {old!r} of link {link!r} in the configuration")
    if any(new.casefold() == other.casefold() for other in peers if other != old):
        raise UsageError(f"link {link} already has a peer {new!r}")
    own = [name for name in peers[old].get("own_lists", []) if name.casefold() != new.casefold()]
    own += [old] if old.casefold() not in map(str.casefold, own) else []
    wanted["links"][link]["peers"] = {new if name == old else name: table for name, table in peers.items()}
    wanted["links"][link]["peers"][new]["own_lists"] = own
    lines = [_renamed(line, ("links", link, "peers", old), new) for line in text.splitlines(keepends=True)]
    advice = f"give the table of the peer {old} the name {new} by hand, and write own_lists = {own} into it"
    try:
        document: Any = tomlkit.parse("".join(lines))
        document["links"][link]["peers"][new]["own_lists"] = own
    except (tomlkit.exceptions.TOMLKitError, KeyError) as error:
        raise UsageError(f"the configuration is laid out so that dxa cannot change it; {advice}") from error
    return _proven(tomlkit.dumps(document), [wanted], advice)


def _renamed(line: str, path: Sequence[str], new: str) -> str:
    """A table's header with another name in it, if it is one of that peer."""
    bare = line.strip()
    if not bare.startswith("[") or bare.startswith("[["):
        return line
    try:
        inner: Any = tomllib.loads(bare)
    except tomllib.TOMLDecodeError:
        return line
    steps = []
    while isinstance(inner, dict) and len(inner) == 1:
        ((step, inner),) = inner.items()
        steps.append(step)
    if tuple(steps[: len(path)]) != tuple(path):
        return line
    import tomlkit

    keys = [*path[:-1], new, *steps[len(path) :]]
    header = ".".join(tomlkit.key(key).as_string() for key in keys)
    behind = bare[bare.rindex("]") + 1 :]
    return f"[{header}]{behind}{line[len(line.rstrip()) :]}"


def write(path: Path, text: str) -> None:
    """Put the text in the place of the file, at once and durably, with the mode that the file had."""
    path = path.resolve()
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with about(path), os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o600)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _split_behind(text: str, link: str) -> tuple[str, str]:
    """The text up to the end of the link's tables, and the rest; tomlkit knows where that is."""
    import tomlkit

    document = tomlkit.parse(text)
    probe = "probe" + "_" * len(text)
    try:
        above: Any = document["links"]
        above = above[link]
        above = above.get("peers", above)
        above.append(probe, tomlkit.table())
        position = _line_start(text, _common(text, tomlkit.dumps(document)))
    except Exception:
        position = len(text)
    end = _table_end(text[:position], more=position < len(text))
    return text[:end], text[end:]


def _common(one: str, other: str) -> int:
    """The length of the beginning that both texts share."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _table_end(text: str, *, more: bool) -> int:
    """Where the last table of the text ends.

    Comments behind a blank line introduce what follows, and so do, with `more` to follow, those right above it.
    """
    lines = text.splitlines(keepends=True)
    first = len(lines)
    while first and (not lines[first - 1].strip() or lines[first - 1].lstrip().startswith("#")):
        first -= 1
    last = next((n for n in range(first, len(lines)) if not lines[n].strip()), first if more else len(lines))
    return sum(map(len, lines[:last]))


def _ends(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _proven(text: str, wanted: Sequence[Mapping[str, Any]], advice: str) -> str:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        found = {}
    if found not in wanted:
        raise UsageError(f"the configuration is laid out so that dxa cannot change it; {advice}")
    return text
