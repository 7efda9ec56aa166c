"""What is configured about a cc:Mail post office: the keys of ``[links.NAME.ccmail]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os.path import normpath
from pathlib import Path
from typing import Literal

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Kept
from dxa.entry import ALIAS as ALIAS_FIELD
from dxa.errors import AddressError
from dxa.ledger.answer import ListKey
from dxa.options import Field, option, told
from dxa_ccmail import addresses
from dxa_ccmail.comments import ATTRIBUTES, NOTES, CommentRule
from dxa_ccmail.importfiles import DeleteLabel, DeleteMarking, DeleteRun
from dxa_ccmail.namerules import AddressFilter, Mode, SiteRules
from dxa_ccmail.names import fold
from dxa_ccmail.patterns import ALIAS, DISPLAY_NAME, Pattern
from dxa_ccmail.record import Labels
from dxa_ccmail.running.options import CommandOptions, DropOptions, SimulatorOptions
from dxa_ccmail.titles import TitleLayout


def _office(name: str) -> None:
    if name:
        addresses.check_office(name)


def _offices(names: tuple[str, ...]) -> None:
    for name in names:
        addresses.check_office(name)


def _labels(table: Mapping[str, str]) -> Labels:
    try:
        return Labels(**table)
    except TypeError:
        raise ValueError(f"known are name, locn, addr and cmts, got {', '.join(table)}") from None


@attrs.frozen(kw_only=True)
class CcMailOptions:
    """``[links.NAME.ccmail]``."""

    post_office: str = option("name of the post office; empty is the link's name", "", told(_office))
    password: Secret | None = option("its password: env:NAME, file:PATH or the text itself", None)
    path: str = option("its folder as the programs see it, in place of {path}", "")
    folder: str = option("its folder as dxa sees it, to look whether it is there and open; empty looks at nothing", "")
    run: Literal["commands", "drop", "simulator"] = option(
        "who runs EXPORT and IMPORT: dxa by command lines, somebody else by files in folders, or nobody, as dxa plays "
        "the post office",
        "commands",
    )
    commands: CommandOptions = option("command lines, for run = commands", CommandOptions())
    drop: DropOptions = option("folders, for run = drop", DropOptions())
    simulator: SimulatorOptions = option("the post office that is played, for run = simulator", SimulatorOptions())
    kept: str = option("folder where the last export is kept, to compare the next one with", "ccmail/kept")

    server: str = option("server in the comment that marks dxa's own post offices; empty is the site's name", "")
    site_office: str = option("post office as which the site appears; empty is the site's name", "", told(_office))
    downstream: tuple[str, ...] = option("further post offices of the site, behind that one", (), told(_offices))
    ade: bool = option(
        "the post office takes part in ADE; if not, nothing may be imported for propagation (/PROP)", True
    )

    commas: Literal["keep", "semicolon"] = option(
        "how a comma in a name of the site is written into cc:Mail: as it is, or as a semicolon, which DB8 wants in "
        "display names (KB Q179677); the address keeps its comma either way",
        "keep",
    )
    display_name: str = option(
        "rule for display names: %F first name, %L last name, %I initial, with a count if need be (%1F), and text",
        DISPLAY_NAME,
        told(Pattern),
    )
    alias_name: str = option("rule for aliases, likewise", ALIAS, told(Pattern))
    comment: str = option(
        "rule for comments, like %a;%o;%p: %a alias, %d department, %o office, %p phone, %c custom attribute 1; empty "
        "makes notes only",
        "",
        told(CommentRule),
    )
    secondary: bool = option(
        "the primary address is as cc:Mail has the name (Last, First at PO), and First Last at PO a secondary one; "
        "else the latter is the only one",
        False,
    )
    imported: Literal["all", "only", "except"] = option(
        "which addresses of cc:Mail are imported: all, only those that match, or those that do not", "all"
    )
    patterns: tuple[str, ...] = option('what these must match, such as "* at SITE1"; * stands for any text', ())
    lists: bool = option("import mailing lists", True)
    boards: bool = option("import bulletin boards, as #Title", True)
    aliases: bool = option("import alias entries, too", False)
    board_offices: Mapping[str, str] = option(
        'post office of a bulletin board, for its address: Social = "PO5" makes #Social at PO5', {}
    )

    delete_marking: Literal["run", "label"] = option(
        "how a delete is told: an IMPORT run of its own, or a line in each record", "run"
    )
    delete_label: str = option("label of that line", "Action", told(lambda value: DeleteLabel(label=value)))
    delete_value: str = option("what stands on that line", "Delete")
    delete_name_only: bool = option("a record that deletes has no other field than the name", False)
    labels: Mapping[str, str] = option("labels other than Name, Locn, Addr and Cmts", {}, told(_labels))
    title_labels: tuple[str, ...] = option("labels that begin a mailing list or bulletin board", ("Name",))
    end_mark: bool = option("write Ctrl-Z at the end of import files", False)

    @patterns.validator
    def _has_mode(self, field: Field, value: tuple[str, ...]) -> None:
        told(lambda patterns: AddressFilter(Mode(self.imported), patterns))(self, field, value)

    @ade.validator
    def _no_propagation(self, _field: Field, value: bool) -> None:
        # KB Q156063 2.6.1: a post office without ADE, and "Permit ADE to propagate entries" on (cc:Mail T52).
        words = [word for word in self.commands.modes.values() if "/PROP" in word.upper()]
        if not value and words:
            raise ValueError(f"false, and commands.modes has {words[0]!r}, which propagates; take /PROP away there")

    def office(self, link: str) -> str:
        """The name of the post office."""
        return self.post_office.strip() or link

    def own_offices(self, site: str) -> tuple[str, ...]:
        """The post offices of the site, the one that is connected first."""
        return (self.site_office.strip() or site, *self.downstream)

    def rules(self) -> SiteRules:
        """What is made of names and comments."""
        return SiteRules(
            display_name=Pattern(self.display_name),
            alias_name=Pattern(self.alias_name),
            comment=CommentRule(self.comment),
            secondary=self.secondary,
        )

    def address_filter(self) -> AddressFilter:
        """Which addresses are imported."""
        return AddressFilter(Mode(self.imported), self.patterns)

    def attributes(self) -> tuple[str, ...]:
        """The attributes that comments tell; the alias is no attribute."""
        told = (name for code, name in ATTRIBUTES.items() if f"%{code}" in self.comment and name != ALIAS_FIELD)
        return (*told, NOTES)

    def record_labels(self) -> Labels:
        """How fields are labelled."""
        return _labels(self.labels)

    def title_layout(self) -> TitleLayout:
        """How titles are told."""
        return TitleLayout(labels=self.title_labels)

    def marking(self) -> DeleteMarking:
        """How deletes are told."""
        if self.delete_marking == "run":
            return DeleteRun(name_only=self.delete_name_only)
        return DeleteLabel(label=self.delete_label, value=self.delete_value, name_only=self.delete_name_only)


def site_lists(site: tuple[str, str], options: CcMailOptions) -> frozenset[ListKey]:
    """None: what stands behind the site's post offices is read as well, for only that shows what is there.

    Raises:
        AddressError: when the site cannot be called so, or as the post office itself.
    """
    offices = options.own_offices(site[1])
    for office in offices:
        addresses.check_office(office)
        if fold(office) == fold(options.post_office):
            raise AddressError("the site has the name of the post office", got=office)
    if len(set(map(fold, offices))) < len(offices):
        raise AddressError("two post offices of the site have one name", got=", ".join(offices))
    return frozenset()


def writes_in(_site: tuple[str, str], options: CcMailOptions) -> frozenset[tuple[str, ...]]:
    """The post office, and the folder in which it is met; see `dxa.connector.ConnectorType.writes_in`."""
    places = {("post office", fold(options.post_office))} if options.post_office.strip() else set()
    match options.run:
        case "simulator":
            places.add(("simulator", normpath(options.simulator.folder)))
        case "drop":
            places.add(("drop", normpath(options.drop.imports)))
            places.add(("drop", normpath(options.drop.exports)))
    return frozenset(places)


def keeps(_site: Path, _link: str, options: CcMailOptions) -> Sequence[Kept]:
    """The last export: without it the next one is read as a whole."""
    return [Kept(path=options.kept)]
