"""What is configured about a directory that is reached by files: the keys of ``[links.NAME.exchange]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from dxa.connector import Kept
from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.people.options import PeopleOptions, without_backflow
from dxa_exchange.table55.encoding import DEFAULT, code_page
from dxa_exchange.table55.form import Form

_TABLES = ("csv55", "csv40")


def _key(doc: str, default: Any, check: Callable[[Any], object] | None = None) -> Any:
    validator = _told(check) if check else None
    return attrs.field(default=default, validator=validator, metadata={"doc": doc})


def _told(check: Callable[[Any], object]) -> Any:
    def validator(_instance: object, field: attrs.Attribute[Any], value: Any) -> None:
        try:
            check(value)
        except (FormatError, ValueError) as error:
            raise ValueError(f"{field.name}: {error}") from None

    return validator


def _filled(text: str) -> None:
    if not text.strip():
        raise ValueError("the name of a folder")


def _not_negative(number: float) -> None:
    if number < 0:
        raise ValueError(f"0 or more, got {number}")


def _page(text: str) -> None:
    if text:
        code_page(text)


def _ending(text: str) -> None:
    if text and (not text.startswith(".") or len(text) < 2 or "/" in text or "\\" in text):
        raise ValueError(f"an ending such as .done, got {text!r}")


def _from_top(text: str) -> None:
    if text and not text.startswith("/"):
        raise ValueError(f"/o=Organization/ou=Site, got {text!r}")
    names.read(text)


# RUF009: `_key` is `attrs.field` with an explanation; it makes no value.
# ruff: noqa: RUF009
@attrs.frozen(kw_only=True)
class TableOptions:
    """``[links.NAME.exchange.table]``: how Directory Import/Export files are written, ours and theirs."""

    column_separator: str = _key("what stands between columns; the header of a file that is read counts more", ",")
    value_separator: str = _key("what stands between the values of one cell", "%")
    quote: str = _key("what stands around a cell", '"')
    code_page: str = _key("code page of files that are read and are not Unicode; empty is 1252", "", _page)
    write_code_page: str = _key("code page of files that are written; utf-16 holds every name", "utf-16", _page)
    overwrite: bool = _key(
        "changes of this directory are imported with OverwriteProperties=Yes; if not, values are taken away by lines "
        "of their own, which needs Exchange 5.5 SP1",
        False,
    )
    site: str = _key(
        "the site, as in /o=Lab/ou=Berlin: where containers begin that are not written whole", "", _from_top
    )
    container: str = _key("container of objects whose line names none", "Recipients")
    reads: Literal["csv55", "csv40"] = _key(
        "the program that wrote what is read, Exchange 5.x or 4.0, where a quoted cell is one value and a quoted blank "
        "clears an attribute",
        "csv55",
    )
    server: str = _key(
        "server that imports: with a name, import.ini stands beside what dxa writes, the options for admin.exe /i", ""
    )

    def __attrs_post_init__(self) -> None:
        self.form()
        for name in ("site", "container", "server"):
            try:
                getattr(self, name).encode(code_page(self.code_page or DEFAULT))
            except UnicodeEncodeError as error:
                raise ValueError(f"{name}: {error.object[error.start]!r} is not in the code page") from None

    def generation(self) -> Literal[4, 5]:
        """The program whose files are read."""
        return 4 if self.reads == "csv40" else 5

    def form(self, generation: Literal[4, 5] = 5) -> Form:
        """The separators."""
        return Form(column=self.column_separator, value=self.value_separator, quote=self.quote, generation=generation)


@attrs.frozen(kw_only=True)
class FilesOptions:
    """``[links.NAME.exchange]``."""

    inbox: str = _key("folder where exports and files of changes are left for dxa", "exchange/in", _filled)
    outbox: str = _key("folder where dxa leaves files to be imported", "exchange/out", _filled)
    done: str = _key("folder where files that were taken are kept", "exchange/done", _filled)
    kept: int = _key(
        "how many files are kept there; the last full export and what came behind it always are", 10, _not_negative
    )
    ready: str = _key(
        "ending of a file that is written behind another one when that is complete: with .done, people.csv.done; it "
        "may hold the size in bytes. Without, a file is taken when nobody wrote to it for some time",
        "",
        _ending,
    )
    quiet: float = _key(
        "seconds for which nobody may have written to a file that has no such companion", 120.0, _not_negative
    )
    overdue: float = _key("hours after which import files that nobody took are told", 24.0, _not_negative)
    full: bool = _key(
        "a file of objects (a table without Mode, LDIF without changetype, DSML 1) is all of the directory; if not, it "
        "tells of some, and nobody is missing in it",
        True,
    )
    write: Literal["", "csv55", "csv40", "ldif", "dsml1", "dsml2"] = _key(
        "what dxa writes: csv55 or csv40 (Directory Import, of Exchange 5.x or 4.0), ldif or dsml2 (changes), dsml1 "
        "(all of what dxa has there); empty writes nothing",
        "",
    )
    table: TableOptions = _key("Directory Import/Export files", TableOptions())
    people: PeopleOptions = _key(
        "which objects are people, and how ours are made", PeopleOptions(dialect="csv55"), without_backflow
    )

    @write.validator
    def _fits(self, _field: attrs.Attribute[Any], value: str) -> None:
        if not value:
            return
        tables = self.people.dialect in ("csv55", "raw55")
        if (value in _TABLES) != tables:
            wanted = "ex55, ad or generic" if tables else "csv55 or raw55"
            raise ValueError(f"write: {value!r} needs people.dialect {wanted}, got {self.people.dialect!r}")
        if not self.people.sync_container:
            raise ValueError("write: needs people.sync_container, the container of what dxa writes")

    def writes_in(self, site: tuple[str, str]) -> frozenset[tuple[str, ...]]:
        """Its synchronisation container; a name that two links have is that of one directory."""
        return self.people.writes_in("by files", site) if self.write else frozenset()


def keeps(_site: Path, _link: str, options: FilesOptions) -> Sequence[Kept]:
    """The files that were taken, which tell what the directory has, and those that wait on either side."""
    return [Kept(path=options.done), *(Kept(path=path, together=False) for path in (options.inbox, options.outbox))]
