"""Lines that were refused, as a file that can be mended and imported again (KB Q152440)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dxa_exchange.directory import Bad
from dxa_exchange.table55.encoding import DEFAULT, code_page


def error_name(name: str, taken: Collection[str]) -> str:
    """The name of the file for what was refused of another: ``NAME.err``, then ``NAME.e01`` to ``NAME.e99``.

    Args:
        name: of the file that was read.
        taken: names that are there already, in any case.

    Raises:
        ValueError: when all are taken.
    """
    stem = name.rpartition(".")[0] or name
    there = {each.casefold() for each in taken}
    for ending in ("err", *(f"e{n:02}" for n in range(1, 100))):
        found = f"{stem}.{ending}"
        if found.casefold() not in there:
            return found
    raise ValueError(f"{stem}.err to {stem}.e99 are all there; take them away")


def is_error_name(name: str) -> bool:
    """Whether a file holds what was refused of another."""
    ending = name.casefold().rpartition(".")[2]
    return ending == "err" or (len(ending) == 3 and ending[0] == "e" and ending[1:].isdigit())


def write(header: str, refused: Iterable[Bad], *, page: str = DEFAULT) -> bytes:
    """The header as it was, and each line as it was, without the reasons, which the program does not read.

    A byte or character outside of the code page is ``\\xNN``; such a line has to be mended anyway.
    """
    codec = code_page(page or DEFAULT)
    lines = [header, *(bad.raw for bad in refused if bad.raw)]
    text = "".join(f"{line}\r\n" for line in lines)
    mark = b"\xff\xfe" if codec == "utf-16-le" else b""
    return mark + text.encode(codec, "backslashreplace")
