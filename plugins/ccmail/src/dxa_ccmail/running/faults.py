"""What keeps EXPORT and IMPORT from running, seen without running them: folders, programs, the post office."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from dxa.config.secrets import resolve
from dxa.connector import Fault, folder_faults
from dxa.errors import DxaError
from dxa_ccmail.running import checks, process
from dxa_ccmail.running.events import LOCKED, Program, RunError
from dxa_ccmail.running.interface import Login
from dxa_ccmail.running.options import CommandOptions
from dxa_ccmail.running.templates import names_in

#: What the text of a variable begins with when it stands elsewhere.
_REFERENCES = ("env:", "file:", "text:")
_AWAY = "is the disk or share that it lies on mounted?"


def of_commands(options: CommandOptions, login: Login, base: Path) -> Iterator[Fault]:
    """Of programs that dxa runs itself by command lines; `base` is where paths of the configuration begin."""
    yield from folder_faults(base, options.folder)
    yield from _of_environment(options, base)
    if login.password is not None and login.password.missing:
        yield Fault(where="password", text=login.password.missing)
    for program, key, template in (
        (Program.EXPORT, "commands.export", options.export),
        (Program.IMPORT, "commands.import_file", options.import_file),
    ):
        yield from _of_program(template[0], options, base, key)
        yield from _of_values(template, login, key)
        if options.programs:
            yield from _looked(partial(_check_programs, options, program, base), options.programs)
    if login.folder is not None:
        yield from of_postoffice(login.folder)
    if (folder := base / options.folder).is_dir():
        yield from _looked(partial(checks.check_room, Program.EXPORT, folder, options.free_megabytes), options.folder)


def _of_program(name: str, options: CommandOptions, base: Path, key: str) -> Iterator[Fault]:
    path = _path(options, base)
    if process.find_program(name, base, {"PATH": path}) is not None:
        return
    if "/" not in name:
        yield Fault(where=key, text=f"there is no program {name} on the PATH {path}; give it with its folder")
    elif (base / name).is_file():
        yield Fault(where=key, text=f"{base / name} is not executable by this user")
    else:
        yield Fault(where=key, text=f"there is no program {base / name}; {_AWAY}")


def _of_values(template: Sequence[str], login: Login, key: str) -> Iterator[Fault]:
    """Placeholders that stand for nothing: a post office may have no password, so it is only said."""
    for name, there in (("password", login.password is not None), ("path", bool(login.path))):
        if name in names_in(template) and not there:
            yield Fault(where=key, text=f"it has {{{name}}}, and the option {name} is empty", warning=True)


def _of_environment(options: CommandOptions, base: Path) -> Iterator[Fault]:
    """Variables of the programs that are secrets elsewhere, which may not be there."""
    for name, text in options.environment.items():
        if not text.startswith(_REFERENCES):
            continue
        try:
            resolve(text, base)
        except ValueError as error:
            yield Fault(where=f"commands.environment.{name}", text=str(error))


def of_postoffice(folder: Path) -> Iterator[Fault]:
    """Of the post office's own folder: it is one, it is open, and no program has failed there."""
    try:
        checks.check_postoffice(Program.EXPORT, folder)
    except RunError as error:
        # A shut down post office opens again; nothing is wrong with the configuration.
        yield Fault(where=str(folder), text=error.event.text, warning=error.code == LOCKED)
    except DxaError as error:
        yield Fault(where=str(folder), text=str(error))


def _check_programs(options: CommandOptions, program: Program, base: Path) -> None:
    checks.check_programs(program, options.version, base / options.programs)


def _path(options: CommandOptions, base: Path) -> str:
    """The PATH of the programs; one that cannot be found is a fault of the environment."""
    text = options.environment.get("PATH", process.DEFAULT_PATH)
    try:
        return resolve(text, base).reveal() if text.startswith(_REFERENCES) else text
    except ValueError:
        return process.DEFAULT_PATH


def _looked(look: Callable[[], None], where: str) -> Iterator[Fault]:
    try:
        look()
    except DxaError as error:
        yield Fault(where=where, text=error.event.text if isinstance(error, RunError) else str(error))
