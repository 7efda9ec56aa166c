"""What is configured for a link, worked out: names, readers and rules."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from urllib.parse import quote

import attrs

from dxa.connector import LinkContext
from dxa.entry import Entry
from dxa.errors import AddressError, FormatError
from dxa.rules.transliteration import transliterate
from dxa_ccmail import addresses, codepage, exportwrite
from dxa_ccmail.entries import Meaning, notes_of, record_for
from dxa_ccmail.export import ExportReader
from dxa_ccmail.findings import Titles
from dxa_ccmail.kept import Kept
from dxa_ccmail.names import fold, without_commas
from dxa_ccmail.offices import PostOffices, owned
from dxa_ccmail.options import CcMailOptions
from dxa_ccmail.reading import Reading
from dxa_ccmail.record import Record
from dxa_ccmail.running.interface import Exported, Kind
from dxa_ccmail.sitecheck import check_offices
from dxa_ccmail.titles import read_titles

#: Raised when records come to mean something else, so that the next export is read whole.
RULES = 2


@attrs.frozen
class Profile:
    """One link's post office, as it is configured."""

    context: LinkContext

    @property
    def options(self) -> CcMailOptions:
        """The keys of ``[links.NAME.ccmail]``."""
        options: CcMailOptions = self.context.options
        return options

    @property
    def office(self) -> str:
        """The post office that is exported."""
        return self.options.office(self.context.link)

    @property
    def offices(self) -> tuple[str, ...]:
        """The post offices of the site, the connected one first."""
        return self.options.own_offices(self.context.site[1])

    @property
    def server(self) -> str:
        """The server in the comments of these."""
        return self.options.server.strip() or self.context.site[1]

    @property
    def page(self) -> str:
        """The code page; raises `AddressError` for one in which cc:Mail has no text."""
        peer = self.context.peers.get(self.context.link.casefold())
        configured = peer.options.get("code_page") if peer else None
        try:
            return codepage.code_page(str(configured or codepage.DEFAULT))
        except ValueError as error:
            raise AddressError(str(error)) from None

    def reader(self) -> ExportReader:
        """A reader of exports."""
        return ExportReader(code_page=self.page, labels=self.options.record_labels())

    def titles(self, exported: Exported) -> Titles:
        """The titles that were exported and are wanted."""
        options, files = self.options, exported.files
        wanted = [kind for kind, chosen in ((Kind.LISTS, options.lists), (Kind.BOARDS, options.boards)) if chosen]
        layout = options.title_layout()
        read = {kind: read_titles(files.get(kind, b""), code_page=self.page, layout=layout) for kind in wanted}
        counted = all(exported.counts.get(kind) == len(found) for kind, found in read.items())
        return Titles.of(read.get(Kind.LISTS, ()), read.get(Kind.BOARDS, ()), counted=counted)

    def meaning(self) -> Meaning:
        """What records mean, at a post office that has none yet."""
        options = self.options
        chosen = options.address_filter()
        return Meaning(
            types=self.context.types,
            rules=options.rules(),
            home=self.office,
            offices=PostOffices(),
            owned=(),
            aliases=options.aliases,
            semicolons=options.commas == "semicolon",
            board_offices=options.board_offices,
            attributes=options.attributes(),
            allowed=lambda texts: not chosen.why_not(texts),
        )

    def meaning_of(self, entries: Mapping[str, Record], titles: Titles) -> Meaning:
        """What records mean at a post office that has these."""
        offices, ours = PostOffices.of(entries.values()), owned(entries.values(), self.server)
        return attrs.evolve(self.meaning(), offices=offices, owned=ours, titles=titles.by_name())

    def reading(self) -> Reading:
        """How exports are read."""
        folder = self.context.folder / self.options.kept / quote(self.context.link, safe=" ")
        return Reading(
            meaning=self.meaning(),
            reader=self.reader(),
            kept=Kept(folder),
            server=self.server,
            digest=self.digest(),
            check=lambda entries, known: check_offices(entries, self.offices, self.server, known=known),
        )

    def digest(self) -> str:
        """The identity of all that decides what a record means."""
        o = self.options
        parts = (
            *(RULES, self.office, self.offices, self.server, self.page, o.record_labels(), o.title_layout()),
            *(o.rules(), o.address_filter(), o.lists, o.boards, o.aliases, o.commas, sorted(o.board_offices.items())),
        )
        return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    # -- what goes out ---------------------------------------------------------------------------------------------

    def check(self, record: Record) -> None:
        """Raise `FormatError` for a record that cannot be written."""
        exportwrite.write([record], code_page=self.page, labels=self.options.record_labels())

    def shape(self, entry: Entry, held: Entry | None) -> Entry:
        """An entry of the site as it stands in cc:Mail: its name is that of its address, and notes are a comment.

        Names that differ in case only are one name there (KB Q237588, cc:Mail T02).
        """
        name = addresses.parse(entry.address).name
        wanted = entry._replace(name=without_commas(name) if self.options.commas == "semicolon" else name)
        record = record_for(wanted, self.offices)
        comment = transliterate(record.cmts, code_page=self.page, style="plain", unknown=lambda _char: "?")
        record = record._replace(cmts=comment)
        try:
            self.check(record)
        except FormatError as error:
            raise AddressError(error.reason, got=record.name) from None
        shaped = wanted._replace(fields=notes_of(record))
        if held is not None and fold(held.name) == fold(shaped.name) and held.fields == shaped.fields:
            return held
        return shaped
