"""What is configured about running the programs; each class is a table of ``dxa.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from dxa.options import Field, filled, not_negative, option, positive
from dxa_ccmail.running.interface import Kind, Mode
from dxa_ccmail.running.profiles import Version
from dxa_ccmail.running.templates import check_template


def _template(_instance: object, field: Field, value: tuple[str, ...]) -> None:
    if not value or not value[0].strip():
        raise ValueError(f"{field.name} must name a program")
    check_template(field.name, value)


def _names_of(kind: type[Kind] | type[Mode], required: str) -> Any:
    def check(_instance: object, field: Field, value: Mapping[str, str]) -> None:
        known = [member.value for member in kind]
        for name in value:
            if name not in known:
                raise ValueError(f"{field.name}: unknown {name!r}; known are {', '.join(known)}")
        if required not in value:
            raise ValueError(f"{field.name}: {required} is missing")

    return check


def _environment(_instance: object, field: Field, value: Mapping[str, str]) -> None:
    for name, text in value.items():
        if not name or "=" in name or "\x00" in name + text:
            raise ValueError(f"{field.name}: {name!r} cannot be the name of a variable")
        check_template(field.name, ("", text))


def _plain(_instance: object, field: Field, value: str) -> None:
    if value.startswith(".") or re.search(r"[/\\\x00]", value):
        raise ValueError(f"{field.name} must be the name of a file, got {value!r}")


def _kinds(_instance: object, field: Field, value: tuple[str, ...]) -> None:
    if Kind.DIRECTORY.value not in value:
        raise ValueError(f"{field.name}: {Kind.DIRECTORY.value} is missing")


def _count(_instance: object, field: Field, value: str) -> None:
    try:
        groups = re.compile(value).groups if value else 1
    except re.error as error:
        raise ValueError(f"{field.name} is no regular expression: {error}") from None
    if groups != 1:
        raise ValueError(f"{field.name} must have one group, the number; it has {groups}")


@attrs.frozen(kw_only=True)
class CommandOptions:
    """``[links.NAME.ccmail.commands]``: command lines that run the programs.

    The defaults are what the sources show of the programs (KB Q282172, Q186740; Lotus, read-me of Import/Export 5.11).
    No source has the words for lists, boards and deletes.
    """

    export: tuple[str, ...] = option(
        "command line of EXPORT; with {kind}, {file} or {name} it is run for each kind, else once for all",
        ("EXPORT", "/N{postoffice}", "/P{password}", "/D{path}", "{kind}", "/@{file}", "/BATCH"),
        _template,
    )
    # `import` is a word of the language, so the keys have longer names.
    import_file: tuple[str, ...] = option(
        "command line of IMPORT, which is run for deletes and then for adds",
        ("IMPORT", "/N{postoffice}", "/P{password}", "/D{path}", "{mode}", "/@{file}", "/BATCH"),
        _template,
    )
    kinds: Mapping[str, str] = option(
        "what is exported (directory, lists, boards), and the words for it in place of {kind}",
        {"directory": "/DIRECTORY/PROPADD"},
        _names_of(Kind, "directory"),
    )
    modes: Mapping[str, str] = option(
        "the words for add and delete in place of {mode}",
        {"add": "/DIRECTORY/PROP", "delete": "/DIRECTORY/DELETE"},
        _names_of(Mode, "add"),
    )
    environment: Mapping[str, str] = option(
        "environment of the programs, and all of it but for PATH; env:NAME hands on a variable of dxa, file:PATH is a "
        "secret in a file, and {postoffice}, {password} and {path} may stand in a text; what the programs say is shown "
        "without the values of both, but for variables like PATH and HOME",
        {},
        _environment,
    )
    folder: str = option("folder that the programs run in; made at first use", "ccmail/work", filled)
    timeout: float = option("seconds after which a program is killed", 3600.0, positive)
    code_file: str = option(
        "file in that folder in which a wrapper leaves the exit code, for programs whose own one says nothing (DOSBox)",
        "",
        _plain,
    )
    console_file: str = option("file in that folder in which a wrapper leaves what the program said", "", _plain)
    undeliverable: str = option("pattern of the files in that folder in which IMPORT leaves what it refused", "*.UND")
    version: Version = option(
        'version of the post office\'s database, DB6, DB8 or 8.5; "" looks for no files of the programs', ""
    )
    programs: str = option("folder with EXPORT.EXE, IMPORT.EXE and what they need, for that look", "")
    count: str = option(
        "regular expression for the number of entries in what EXPORT says, in one group; it makes a cut file known",
        "",
        _count,
    )
    free_megabytes: int = option("room that must be free for the programs' files", 100, not_negative)
    keep: int = option("so many import files are kept in the folder's subfolder done", 20, not_negative)

    @programs.validator
    def _has_version(self, _field: Field, value: str) -> None:
        if bool(value) != bool(self.version):
            raise ValueError("programs and version belong together: give both or none")


@attrs.frozen(kw_only=True)
class DropOptions:
    """``[links.NAME.ccmail.drop]``: folders where somebody else, who runs the programs, leaves and takes files."""

    exports: str = option("folder where new exports are left", "ccmail/exports", filled)
    imports: str = option(
        "folder where dxa leaves import files, and finds what became of them", "ccmail/imports", filled
    )
    kinds: tuple[Literal["directory", "lists", "boards"], ...] = option(
        "what makes a whole export", ("directory",), _kinds
    )
    manifest: str = option(
        "name of a file that is written behind the exports: EXPORT's exit code on a line of its own, and perhaps lines "
        "NAME SIZE for the exports; without a name an export is taken when nobody wrote to it for some time",
        "",
        _plain,
    )
    quiet: float = option(
        "seconds for which nobody may have written to an export that has no manifest", 120.0, positive
    )
    overdue: float = option("hours after which import files that nobody took are told", 24.0, positive)


@attrs.frozen(kw_only=True)
class SimulatorOptions:
    """``[links.NAME.ccmail.simulator]``: a post office that dxa plays itself."""

    folder: str = option(
        "folder of the post office, as `dxa ccmail simulate init` makes it", "ccmail/postoffice", filled
    )
