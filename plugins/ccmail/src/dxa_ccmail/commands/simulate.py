"""``dxa ccmail simulate …``: a post office to try things on, and stand-ins for EXPORT and IMPORT."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dxa_ccmail.commands import screen
from dxa_ccmail.commands.editing import edit
from dxa_ccmail.commands.opening import folder_argument, secret

if TYPE_CHECKING:
    from dxa_ccmail.simulator.cmdline import Call

#: An export that is to be slow is written in so many steps.
_STEPS = 20

#: Command lines like those of the originals, whose options begin with a slash.
_AS_IT_COMES = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": ["--help"]}


@click.group(no_args_is_help=True)
def simulate() -> None:
    """A cc:Mail post office that dxa plays itself, to try things on.

    It and its stand-ins for EXPORT and IMPORT are ours and no part of cc:Mail.
    """


@simulate.command()
@folder_argument
@click.option("--name", required=True, help="Name of the post office.")
@click.option("--password", default="", help="Its password: env:NAME, file:PATH or the text itself; default: none.")
@click.option(
    "--database",
    type=click.Choice(["DB6", "DB8", "8.5"]),
    default="DB8",
    show_default=True,
    help="Version of its database.",
)
@click.option("--code-page", default="850", show_default=True, help="Code page of its files.")
@click.option(
    "--marking",
    type=click.Choice(["run", "label"]),
    default="run",
    show_default=True,
    help="How a delete is told in an import file: by a run of its own, or by a line in the record.",
)
@click.option("--delete-label", default="Action", show_default=True, help="The label of that line.")
@click.option("--delete-value", default="Delete", show_default=True, help="The value of that line.")
def init(
    folder: Path,
    name: str,
    password: str,
    database: str,
    code_page: str,
    marking: str,
    delete_label: str,
    delete_value: str,
) -> None:
    """Make a post office in FOLDER, with no entry but its own."""
    from dxa_ccmail.codepage import code_page as codec
    from dxa_ccmail.importfiles import DeleteLabel, DeleteRun
    from dxa_ccmail.simulator.office import Office, digest
    from dxa_ccmail.simulator.state import PlayedOffice

    try:
        deletes = DeleteLabel(label=delete_label, value=delete_value) if marking == "label" else DeleteRun()
        page = codec(code_page)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    office = Office(name=name, password=digest(secret(password)), version=database, code_page=page, marking=deletes)
    PlayedOffice.create(folder, office)
    screen.say(f"Made the post office {name} in {folder}. It is played by dxa and no part of cc:Mail.")


@simulate.command("export", context_settings=_AS_IT_COMES)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def export_(arguments: tuple[str, ...]) -> None:
    """Stand in for EXPORT: /NPO /Ppassword /Dfolder /DIRECTORY[/PROP|/PROPADD] /@file.

    /LISTS and /BOARDS, which are ours, export those. Exit status as in the original: 0 done, 1 and 3 the post office
    cannot be reached, 4 it is locked or shut down.
    """
    from dxa_ccmail.running.interface import EXPORT_NAMES
    from dxa_ccmail.simulator import standin
    from dxa_ccmail.simulator.state import PlayedOffice

    call = _call(arguments, standin.NOT_CONFIGURED)
    target = Path(call.file or EXPORT_NAMES[call.kind])

    def put(data: bytes | None, slow: float) -> None:
        if data is not None:
            _write_slowly(target, data, slow)

    answer = standin.export(PlayedOffice(Path(call.path)), call, put)
    screen.lines(answer.text)
    raise click.exceptions.Exit(answer.code)


@simulate.command("import", context_settings=_AS_IT_COMES)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def import_(arguments: tuple[str, ...]) -> None:
    """Stand in for IMPORT: /NPO /Ppassword /Dfolder /DIRECTORY[/PROP|/DELETE] /@file.

    What is refused is added to CCMAIL.UND in the current folder. Exit status as in the original: 0 done, 1 the post
    office cannot be reached or the work was not completed, 4 it is locked or shut down, 5 entries were refused.
    """
    from dxa_ccmail.running.interface import IMPORT_NAMES
    from dxa_ccmail.simulator import standin
    from dxa_ccmail.simulator.state import PlayedOffice

    call = _call(arguments, standin.NOT_REACHED)
    source = Path(call.file or IMPORT_NAMES[call.mode])
    try:
        data = source.read_bytes()
    except OSError as error:
        screen.say(f"{source}: {error.strerror}")
        raise click.exceptions.Exit(standin.NOT_REACHED) from None
    answer = standin.import_(PlayedOffice(Path(call.path)), call, data)
    if answer.undeliverable:
        with Path("CCMAIL.UND").open("ab") as file:
            file.write(answer.undeliverable)
    screen.lines(answer.text)
    raise click.exceptions.Exit(answer.code)


def _call(arguments: tuple[str, ...], otherwise: int) -> Call:
    from dxa.errors import UsageError
    from dxa_ccmail.simulator.cmdline import parse

    try:
        return parse(arguments)
    except UsageError as error:
        screen.say(str(error))
        raise click.exceptions.Exit(otherwise) from None


def _write_slowly(target: Path, data: bytes, slow: float) -> None:
    """Write as the original does: into the file itself, from its beginning to its end."""
    steps = _STEPS if slow else 1
    size = -(-len(data) // steps) or 1
    with target.open("wb", buffering=0) as file:
        for start in range(0, len(data), size):
            file.write(data[start : start + size])
            time.sleep(slow / steps)
    sys.stdout.flush()


simulate.add_command(edit)
