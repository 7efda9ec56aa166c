"""``dxa exchange header``, ``changes`` and ``options``: work on Directory Import/Export files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dxa.errors import FormatError, UsageError

if TYPE_CHECKING:
    from dxa_exchange.table55.reader import TableReader
    from dxa_exchange.table55.snapshot import Snapshot

_SECTIONS = click.Choice(["Export", "Import"], case_sensitive=False)


@click.command()
@click.argument("kind", metavar="[CLASS]", default="")
@click.option(
    "--level",
    type=click.Choice(["identity", "default", "all"]),
    default="default",
    help="What names an object, what the program writes itself, or all that is known; default: default.",
)
@click.option("--import", "importing", is_flag=True, help="For an import: with Mode, without what is exported only.")
@click.option("--raw", is_flag=True, help="Names of the schema, for RawMode.")
def header(kind: str, level: str, importing: bool, raw: bool) -> None:
    """Print the header of an export or import file for objects of CLASS: Mailbox, Remote, DL, or of all.

    Add Imported-From and Secondary-Proxy-Addresses (--level all has them) to exports for dxa: by these it knows again
    what it has written.
    """
    from dxa_exchange.table55 import header as headers

    try:
        names = headers.header(kind, level, purpose="import" if importing else "export", raw=raw)  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(str(error)) from None
    click.echo(",".join(names))


@click.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="The file is imported with OverwriteProperties=Yes.")
@click.option("--code-page", default="", help="Code page of OLD and NEW where they are not Unicode; default: cp1252.")
@click.option("--write-code-page", default="utf-16", help="Code page of OUT; default: utf-16.")
def changes(old: Path, new: Path, target: Path, overwrite: bool, code_page: str, write_code_page: str) -> None:
    """Write into OUT the file of changes that makes the export NEW of the export OLD.

    Nothing is written when a line of either could not be read: an object that is missed would be deleted.
    """
    from dxa_exchange.table55.snapshot import difference
    from dxa_exchange.table55.writer import Layout, columns_of, write

    before, after = _snapshot(old, code_page), _snapshot(new, code_page)
    lines = list(difference(before.objects, after.objects, overwrite=overwrite))
    try:
        layout = Layout(names=columns_of(lines), code_page=write_code_page)
    except ValueError as error:
        raise UsageError(f"--write-code-page: {error}") from None
    target.write_bytes(b"".join(write(lines, layout)))
    click.echo(f"{len(lines)} lines of changes.", err=True)


def _snapshot(path: Path, code_page: str) -> Snapshot:
    from dxa_exchange.table55.reader import TableReader, lines_of
    from dxa_exchange.table55.snapshot import Snapshot

    with path.open("rb") as file:
        try:
            reader: TableReader = TableReader(file, code_page=code_page)
        except FormatError as error:
            raise UsageError(f"{path}: {error}") from None
        except ValueError as error:
            raise UsageError(f"--code-page: {error}") from None
        lines, bads = lines_of(reader)
    for bad in bads:
        click.echo(f"{path}: line {bad.line}: {bad.reason}", err=True)
    if reader.header.has_mode:
        raise UsageError(f"{path}: a file of changes, and no export")
    if bads or not reader.ended:
        raise UsageError(
            f"{path}: {len(bads)} lines could not be read" if bads else f"{path}: the last line has no end"
        )
    return Snapshot.of(lines)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--section", type=_SECTIONS, help="Look at this section only.")
def options(file: Path, section: str | None) -> None:
    """Say what is wrong with an options file of admin.exe, which keeps silent about most mistakes in it.

    The exit status is 1 when something is.
    """
    from dxa_exchange.table55.options import read

    data = file.read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252", "replace")
    found = [part for part in ("Export", "Import") if f"[{part.casefold()}]" in text.casefold()]
    wrong = []
    for name in [section.title()] if section else found or ["Export"]:
        wrong += [f"line {line}: {why}" if line else why for line, why in read(text, name).warnings]  # type: ignore[arg-type]
    for warning in dict.fromkeys(wrong):
        click.echo(warning)
    click.get_current_context().exit(1 if wrong else 0)
