"""`dxa dump`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dxa.cli.session import Session, pass_session
from dxa.errors import UsageError

if TYPE_CHECKING:
    from dxa.connector import Decoder


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each record, one per line.")
@click.option("--as", "name", metavar="FORMAT", help="Read it as this format instead of recognising it.")
@pass_session
def dump(session: Session, file: Path, as_json: bool, name: str | None) -> int:
    """Decode FILE and print its records, with the line and error number of each bad one.

    The format is recognised by the file's folder and name, or else by what the file holds. Every record has the key
    "kind"; those of the kinds "reject" and "error" could not be read. Exit status 1 says that there are such records,
    2 that nobody knows the format.
    """
    from dxa.cli.output import counted, say, write_json_line
    from dxa.cli.records import is_bad, show_records

    decoders = session.host.decoders()
    known = ", ".join(sorted(decoders)) or "none; no plugin brings one"
    if name is not None and name not in decoders:
        raise UsageError(f"there is no format {name!r}; known formats: {known}")
    data = file.read_bytes()
    decoder = decoders[name] if name else _recognised(decoders.values(), file, data)
    if not data and (decoder is None or not decoder.names):
        raise UsageError(f"{file} is empty")
    if decoder is None:
        raise UsageError(f"{file}: nothing here knows this format; known formats: {known}. --as FORMAT insists on one")
    records = decoder.decode(data)
    if as_json:
        bad = 0
        for record in records:
            bad += is_bad(record)
            write_json_line(record)
    else:
        say(f"{file}: {decoder.name}")
        bad = show_records(records)
        if bad:
            say(f"{counted(bad, 'record')} could not be read.")
    return 1 if bad else 0


def _recognised(decoders: Iterable[Decoder], file: Path, data: bytes) -> Decoder | None:
    """The decoder that expects a file in that place, or else one that knows the bytes."""
    decoders = list(decoders)
    place = file.absolute()
    by_place = next((decoder for decoder in decoders if decoder.expects(place)), None)
    return by_place or next((decoder for decoder in decoders if data and decoder.sniff(data)), None)
