"""What else a plugin registers: decoders of formats, scenes of the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.entry import Reject, Transaction


@attrs.frozen(kw_only=True)
class Decoder:
    """Decodes one file format for ``dxa dump`` and ``dxa messages show`` (hook ``dxa_decoders``).

    `sniff` says whether the bytes, or their beginning, are of this format. `decode` gives one row for each record, in
    their order, made of what JSON can hold. Every row has the key ``kind``. Those of the kinds ``reject`` (a record)
    and ``error`` (the rest of a part) are bad: they say what could not be read, with ``line`` or ``offset``, ``code``
    and ``reason``, and make ``dxa dump`` end with status 1. What is broken becomes a row and is never raised. No row
    shows a password.

    Files of some formats are known by their place alone. `names` are patterns like ``GLB/*.GLB`` in upper case, for a
    file's folder and name, and count more than what any decoder makes of the bytes. Such a file may be empty.

    A format of address lists can be converted to those of other plugins: `read` gives what stands in a file, `write`
    the bytes of one. In between, a `Reject` is what could not be read, with its line, or what the format cannot hold;
    the rest goes on, and nothing is raised. `endings` are those of the names of such files, in lower case (``.ldif``).
    """

    name: str
    sniff: Callable[[bytes], bool]
    decode: Callable[[bytes], Iterator[dict[str, Any]]]
    names: tuple[str, ...] = ()
    read: Callable[[bytes, AddressTypes], Iterator[Transaction | Reject]] | None = None
    write: Callable[[Iterable[Transaction]], Iterator[bytes | Reject]] | None = None
    endings: tuple[str, ...] = ()

    def expects(self, file: PurePath) -> bool:
        """Whether a file in that place, whatever the case of its name, is one of `names`."""
        place = "/".join(file.parts[-2:]).upper()
        return any(fnmatchcase(place, name) for name in self.names)


@attrs.frozen(kw_only=True)
class Scene:
    """A part of ``dxa demo`` (hook ``dxa_demo_scenes``): `play` gets the demo's stage."""

    #: What it is called; no other scene has this name.
    name: str
    #: Scenes are played in this order.
    order: int
    play: Callable[[Any], None]
