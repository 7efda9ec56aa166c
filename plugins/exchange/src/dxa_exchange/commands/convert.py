"""``dxa exchange convert``: a file of a directory, or of an address list, in another format."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from dxa.errors import UsageError

if TYPE_CHECKING:
    from dxa.connector import Decoder
    from dxa.rules.maps import AttributeMap
    from dxa_exchange.conversion.formats import Format

    Side: TypeAlias = Format | Decoder

_DIALECTS = click.Choice(["ad", "generic", "ex55"])
#: In place of a file: what comes in, and what goes out.
STREAM = "-"


@click.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--from", "source_format", metavar="FORMAT", help="What IN is; else it is recognised.")
@click.option("--to", "target_format", metavar="FORMAT", help="What OUT is to be; else its ending says so.")
@click.option("--from-dialect", type=_DIALECTS, help="How IN names attributes, for LDIF and DSML; else it is guessed.")
@click.option("--to-dialect", type=_DIALECTS, help="How OUT names them; else as IN does, or as Active Directory.")
@click.option("--container", default="", help="Where new custom recipients stand; default: cn=Recipients.")
@click.option(
    "--base", default="", metavar="DN", help="Site that relative names of tables are below: /o=Lab/ou=Berlin."
)
@click.option("--code-page", default="", help="Code page of tables, or utf-16; default: cp1252.")
@click.option("--address", default="", metavar="TYPE", help="Address by which other formats tell people: MS, SMTP ...")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FIELD=ATTRIBUTE",
    help="A field of another plugin's format, and its attribute, as Phone=telephoneNumber; may be given many times.",
)
def convert(
    source: str,
    target: str,
    source_format: str | None,
    target_format: str | None,
    from_dialect: str | None,
    to_dialect: str | None,
    container: str,
    base: str,
    code_page: str,
    address: str,
    maps: tuple[str, ...],
) -> None:
    """Write the directory or address list IN in another format to OUT; - is the standard input or output.

    Formats are csv55 and raw55 (Directory Import/Export of Exchange 4.0-5.5), ldif, dsml1, dsml2, and those of other
    plugins, such as msmail (Import text). Between the first five, objects stay what they are. Who comes from another
    format becomes a custom recipient or contact.

    What cannot be converted is told with its line, everything else is converted, and the exit status is 1.
    """
    from dxa.host import Host
    from dxa_exchange.conversion.flow import Wish, convert
    from dxa_exchange.conversion.formats import Settings

    host = Host()
    data = _read(source)
    wish = Wish(
        source=_source(source, data, source_format, host.decoders()),
        target=_target(target, target_format, host.decoders()),
        source_dialect=from_dialect,  # type: ignore[arg-type]
        target_dialect=to_dialect,  # type: ignore[arg-type]
        settings=Settings(code_page=_code_page(code_page), base=_name("--base", base)),
        container=_name("--container", container),
        address=address,
        fields=_map(maps),
    )
    result = convert(data, wish, host.address_types())
    _write(target, result.data)
    for text in (*result.notes, *result.rejects):
        click.echo(text, err=True)
    ending = f"; {len(result.rejects)} could not be" if result.rejects else ""
    click.echo(f"{result.count} converted{ending}.", err=True)
    click.get_current_context().exit(1 if result.rejects else 0)


# -- which formats -------------------------------------------------------------------------------------------------


def _source(path: str, data: bytes, name: str | None, decoders: Mapping[str, Decoder]) -> Side:
    from dxa_exchange.conversion.formats import FORMATS

    readable = {name: each for name, each in decoders.items() if each.read is not None}
    if name is not None:
        return _called(name, "--from", FORMATS, readable)
    ours = next((each for each in FORMATS.values() if each.sniff(data)), None)
    if ours is not None:
        return ours
    found = _ended(path, FORMATS.values(), readable.values())
    if len(found) == 1:
        return found[0]
    sniffed = next((each for each in readable.values() if each.sniff(data)), None)
    if sniffed is None:
        raise UsageError(f"{path}: nothing here knows this format; say --from with one of {_known(FORMATS, readable)}")
    return sniffed


def _target(path: str, name: str | None, decoders: Mapping[str, Decoder]) -> Side:
    from dxa_exchange.conversion.formats import FORMATS

    writable = {name: each for name, each in decoders.items() if each.write is not None}
    if name is not None:
        return _called(name, "--to", FORMATS, writable)
    found = _ended(path, FORMATS.values(), writable.values())
    if len(found) != 1:
        which = f"may be {' or '.join(each.name for each in found)}" if found else "is no ending of a format"
        raise UsageError(f"{path}: {_ending(path)!r} {which}; say --to with one of {_known(FORMATS, writable)}")
    return found[0]


def _called(name: str, option: str, ours: Mapping[str, Format], others: Mapping[str, Decoder]) -> Side:
    found = ours.get(name) or others.get(name)
    if found is None:
        raise UsageError(f"{option}: there is no format {name!r}; known here are {_known(ours, others)}")
    return found


def _known(*sides: Mapping[str, object]) -> str:
    return ", ".join(name for side in sides for name in sorted(side))


def _ended(path: str, *sides: Iterable[Side]) -> list[Side]:
    """The formats with the longest of the endings that the name has."""
    lower = path.lower()
    found = [
        (len(ending), each) for side in sides for each in side for ending in each.endings if lower.endswith(ending)
    ]
    longest = max((length for length, _ in found), default=0)
    return [each for length, each in found if length == longest]


def _ending(path: str) -> str:
    return Path(path).suffix or path


# -- options and files ---------------------------------------------------------------------------------------------


def _name(option: str, text: str) -> str:
    from dxa.errors import FormatError
    from dxa_exchange import names

    try:
        names.read(text)
    except FormatError as error:
        raise UsageError(f"{option}: {error}") from None
    return text


def _code_page(name: str) -> str:
    from dxa_exchange.table55 import encoding

    try:
        encoding.code_page(name or encoding.DEFAULT)
    except ValueError as error:
        raise UsageError(f"--code-page: {error}") from None
    return name


def _map(texts: Iterable[str]) -> AttributeMap:
    from dxa.rules.maps import AttributeMap

    pairs = []
    for text in texts:
        field, equals, attribute = text.rpartition("=")
        if not (equals and field.strip() and attribute.strip()):
            raise UsageError(f"--map: expected FIELD=ATTRIBUTE, got {text!r}")
        pairs.append((field.strip(), attribute.strip()))
    try:
        return AttributeMap(pairs)
    except ValueError as error:
        raise UsageError(f"--map: {error}") from None


def _read(path: str) -> bytes:
    if path == STREAM:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def _write(path: str, data: bytes) -> None:
    """All of the file or nothing: it is written aside, and then put in its place."""
    if path == STREAM:
        sys.stdout.buffer.write(data)
        return
    place = Path(path)
    aside = place.with_name(f".{place.name}.new")
    try:
        aside.write_bytes(data)
        aside.replace(place)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise UsageError(f"{path}: {error.strerror}") from None
