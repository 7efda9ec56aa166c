"""What is configured about a directory that is reached by files: the keys of ``[links.NAME.exchange]``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from dxa.connector import Kept
from dxa.options import filled, not_negative, option, told
from dxa_exchange import names
from dxa_exchange.people.options import PeopleOptions, without_backflow
from dxa_exchange.table55.encoding import DEFAULT, code_page
from dxa_exchange.table55.form import Form

_TABLES = ("csv55", "csv40")


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


@attrs.frozen(kw_only=True)
class TableOptions:
    """``[links.NAME.exchange.table]``: how Directory Import/Export files are written, ours and theirs."""

    column_separator: str = option("what stands between columns; the header of a file that is read counts more", ",")
    value_separator: str = option("what stands between the values of one cell", "%")
    quote: str = option("what stands around a cell", '"')
    code_page: str = option("code page of files that are read and are not Unicode; empty is 1252", "", told(_page))
    write_code_page: str = option("code page of files that are written; utf-16 holds every name", "utf-16", told(_page))
    overwrite: bool = option(
        "changes of this directory are imported with OverwriteProperties=Yes; if not, values are taken away by lines "
        "of their own, which needs Exchange 5.5 SP1",
        False,
    )
    site: str = option(
        "the site, as in /o=Lab/ou=Berlin: where containers begin that are not written whole", "", told(_from_top)
    )
    container: str = option("container of objects whose line names none", "Recipients")
    reads: Literal["csv55", "csv40"] = option(
        "the program that wrote what is read, Exchange 5.x or 4.0, where a quoted cell is one value and a quoted blank "
        "clears an attribute",
        "csv55",
    )
    server: str = option(
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

    inbox: str = option("folder where exports and files of changes are left for dxa", "exchange/in", filled)
    outbox: str = option("folder where dxa leaves files to be imported", "exchange/out", filled)
    done: str = option("folder where files that were taken are kept", "exchange/done", filled)
    kept: int = option(
        "how many files are kept there; the last full export and what came behind it always are", 10, not_negative
    )
    ready: str = option(
        "ending of a file that is written behind another one when that is complete: with .done, people.csv.done; it "
        "may hold the size in bytes. Without, a file is taken when nobody wrote to it for some time",
        "",
        told(_ending),
    )
    quiet: float = option(
        "seconds for which nobody may have written to a file that has no such companion", 120.0, not_negative
    )
    overdue: float = option("hours after which import files that nobody took are told", 24.0, not_negative)
    full: bool = option(
        "a file of objects (a table without Mode, LDIF without changetype, DSML 1) is all of the directory; if not, it "
        "tells of some, and nobody is missing in it",
        True,
    )
    write: Literal["", "csv55", "csv40", "ldif", "dsml1", "dsml2"] = option(
        "what dxa writes: csv55 or csv40 (Directory Import, of Exchange 5.x or 4.0), ldif or dsml2 (changes), dsml1 "
        "(all of what dxa has there); empty writes nothing",
        "",
    )
    table: TableOptions = option("Directory Import/Export files", TableOptions())
    people: PeopleOptions = option(
        "which objects are people, and how ours are made", PeopleOptions(dialect="csv55"), told(without_backflow)
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
