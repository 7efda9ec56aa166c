"""The options file of ``admin /e`` and ``/i``: sections ``[Export]`` and ``[Import]``, both ways (KB Q160602, Q152472).

The program keeps silent about most mistakes in it; reading one here tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import attrs

from dxa_exchange.table55.form import Form

Section = Literal["Export", "Import"]
_BOTH: tuple[Section, ...] = ("Export", "Import")


def _yes(text: str) -> bool:
    try:
        return {"yes": True, "no": False}[text.casefold()]
    except KeyError:
        raise ValueError("Yes or No") from None


def _character(text: str) -> str:
    if not text.isdecimal() or not 0 < int(text) < 128:
        raise ValueError("the decimal code of a character, such as 44 for a comma")
    return chr(int(text))


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        for word in words:
            if word.casefold() == text.casefold():
                return word
        raise ValueError(", ".join(words))

    return read


def _key(read: Callable[[str], Any], default: Any, *sections: Section) -> Any:
    return attrs.field(default=default, metadata={"read": read, "sections": sections or _BOTH})


# RUF009: `_key` is `attrs.field` with its reader; it makes no value.
@attrs.frozen(kw_only=True)
class Options:
    """One section; a key that the section does not have keeps its default.

    `basepoint_only` is really Yes when a file says nothing, other than documented (KB Q303250).
    """

    directory_service: str = _key(str, "")
    basepoint: str = _key(str, "")
    container: str = _key(str, "Recipients")
    export_object: str = _key(_one_of("Mailbox", "Remote", "DL", "Recipients", "All"), "Mailbox", "Export")
    subcontainers: bool = _key(_yes, False, "Export")
    hidden_objects: bool = _key(_yes, False, "Export")
    basepoint_only: bool = _key(_yes, True, "Export")
    home_server: str = _key(str, "", "Export")
    raw_mode: bool = _key(_yes, False)
    information_level: str = _key(_one_of("None", "Minimal", "Full"), "Minimal")
    overwrite_properties: bool = _key(_yes, False, "Import")
    create_nt_accounts: bool = _key(_yes, False, "Import")
    delete_nt_accounts: bool = _key(_yes, False, "Import")
    generate_password: bool = _key(_yes, False, "Import")
    column_separator: str = _key(_character, ",")
    mv_separator: str = _key(_character, "%")
    quote: str = _key(_character, '"')

    def form(self) -> Form:
        """How the file is written; raises `ValueError` for separators that cannot be told apart."""
        return Form(column=self.column_separator, value=self.mv_separator, quote=self.quote)


_WORDS = {
    "directory_service": "DirectoryService",
    "mv_separator": "MVSeparator",
    "raw_mode": "RawMode",
    "create_nt_accounts": "CreateNTAccounts",
    "delete_nt_accounts": "DeleteNTAccounts",
    "quote": "QuoteCharacter",
}
_FIELDS = {field.name: field for field in attrs.fields(Options)}
_NAMES = {name: _WORDS.get(name) or name.title().replace("_", "") for name in _FIELDS}
#: Other spellings: the documentation has both of the quote's.
_READ = {**{word.casefold(): name for name, word in _NAMES.items()}, "quoteseparator": "quote"}


class Found(NamedTuple):
    """What an options file says for one section, and what is wrong with it, by line."""

    options: Options
    warnings: list[tuple[int, str]]


def read(text: str, section: Section) -> Found:
    """The options of a section; what cannot be used is left out and told."""
    values: dict[str, Any] = {}
    warnings: list[tuple[int, str]] = []
    current, sections = "", set[str]()
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        row = line.strip()
        if row.startswith("["):
            current = row.strip("[]").strip().casefold()
            sections.add(current)
        elif row and row[0] not in ";#" and (not current or current == section.casefold()):
            warnings += [(number, why) for why in _set(values, row, section, current)]
    if section.casefold() not in sections:
        warnings.insert(0, (0, f"there is no [{section}]: without it the program takes its defaults and says nothing"))
    options = Options(**values)
    return Found(options, warnings + [(0, why) for why in _traps(options, section, values)])


def _set(values: dict[str, Any], row: str, section: Section, current: str) -> Iterator[str]:
    word, equals, value = (part.strip() for part in row.partition("="))
    if not current:
        yield f"{word} stands before any section and means nothing; put [{section}] before it"
        return
    name = _READ.get(word.casefold())
    if not equals or name is None:
        hint = "; the printed guide was wrong, it is HiddenObjects" if word.casefold() == "hidden" else ""
        yield f"unknown key {word!r}{hint}"
        return
    field = _FIELDS[name]
    if section not in field.metadata["sections"]:
        yield f"{word} is no key of [{section}]"
        return
    if name in values:
        yield f"{word} is there twice; the first one counts"
        return
    if not value:
        return
    try:
        values[name] = field.metadata["read"](value)
    except ValueError as error:
        yield f"{word}: expected {error}, got {value!r}"


def _traps(options: Options, section: Section, told: dict[str, Any]) -> Iterator[str]:
    for name in ("basepoint", "container"):
        text = getattr(options, name)
        if any(part != part.strip() for part in text.replace("=", "/").split("/")):
            yield f"{_NAMES[name]} has blanks around a name, which the program does not find (KB Q184766): {text!r}"
    if section == "Export":
        if "basepoint_only" not in told:
            yield "BasepointOnly is really Yes when it is not given; write BasepointOnly=No (KB Q303250)"
        if options.home_server and options.export_object != "Mailbox":
            yield "HomeServer is given, so lists and custom recipients are not exported (KB Q303249)"
    try:
        options.form()
    except ValueError as error:
        yield str(error)


def write(options: Options, section: Section) -> str:
    """The file for one section, with every key it has, so that no default is left to the program.

    Raises:
        ValueError: for a value with a line break.
    """
    lines = [f"[{section}]"]
    for name, field in _FIELDS.items():
        if section in field.metadata["sections"]:
            lines.append(f"{_NAMES[name]}={_text(name, getattr(options, name))}")
    return "\r\n".join([*lines, ""])


def _text(name: str, value: bool | str) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if any(char in value for char in "\r\n"):
        raise ValueError(f"{_NAMES[name]}: one line, got {value!r}")
    return str(ord(value)) if _FIELDS[name].metadata["read"] is _character else value
