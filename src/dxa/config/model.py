"""The tables of ``dxa.toml`` as they are written: each key with its type, default and one line of explanation.

A validator's text that begins with the key's name is reported under that key; so are those of a plugin's options.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Allowance
from dxa.options import Field, filled, not_negative, option, positive
from dxa.plan import Limits
from dxa.recipient import DEFAULT_TRUST, trust_level
from dxa.rules.addressing import AddressingRules
from dxa.rules.maps import AttributeMap
from dxa.rules.naming import NameLimits
from dxa.rules.transliteration import Style
from dxa.schedule import Schedule, check_time, zone_of
from dxa.schedule import Style as ScheduleStyle

#: Raised when a key changes its meaning; a file that states a higher number was written for a later dxa (dx:T-100).
FORMAT = 1

#: So many days are told as a date whatever the clock says.
LONGEST_REST = 36_500

Case = Literal["upper", "lower"]
Action = Literal["exclude", "include"]


# -- validators ----------------------------------------------------------------------------------------------------


def _percentage(_instance: object, field: Field, value: float) -> None:
    if not 0 <= value <= 100:
        raise ValueError(f"{field.name} must be between 0 and 100, got {value}")


def _named(_instance: object, field: Field, value: Mapping[str, object]) -> None:
    for name in value:
        if not all(step.strip() for step in name.split("/")):
            raise ValueError(f"{field.name}: must name containers, with slashes between steps alone, got {name!r}")


def _can_end(instance: object, field: Field, value: int) -> None:
    not_negative(instance, field, value)
    if value > LONGEST_REST:
        raise ValueError(f"{field.name} must be at most {LONGEST_REST}, a hundred years, got {value}")


def _long_enough(_instance: object, field: Field, value: int) -> None:
    if value < 8:
        raise ValueError(f"{field.name} must be at least 8, got {value}")


def _code_page(_instance: object, field: Field, value: str) -> None:
    try:
        codecs.lookup(value)
    except LookupError:
        raise ValueError(f"{field.name}: unknown code page {value!r}") from None


def _code_pages(_instance: object, field: Field, value: Mapping[str, str]) -> None:
    for type_, name in value.items():
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(f"{field.name}: {type_}: unknown code page {name!r}") from None


def _known_format(_instance: object, _field: Field, value: int) -> None:
    if not 1 <= value <= FORMAT:
        raise ValueError(f"this dxa reads format {FORMAT}; the file was written for another version")


def _address(_instance: object, field: Field, value: str) -> None:
    kind, colon, rest = value.partition(":")
    if value and not (kind.strip() and colon and rest.strip()):
        raise ValueError(f"{field.name} must be TYPE:address, got {value!r}")


def _templates(_instance: object, _field: Field, value: Mapping[str, str]) -> None:
    AddressingRules(templates=value)


def _attributes(_instance: object, _field: Field, value: Mapping[str, str]) -> None:
    AttributeMap(tuple(value.items()))


# -- the site ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class SiteTable:
    """``[site]``: who we are, where things are kept and for how long."""

    format: int = option("format of this file; leave it as it is", FORMAT, validator=_known_format)
    organization: str = option("name of the organisation; the network (NET) of the shadow postoffice", validator=filled)
    name: str = option("name of the site; the postoffice (PO) of the shadow postoffice", validator=filled)
    database: str = option(
        "URL of the database; a SQLite file is looked for in this folder", "sqlite:///dxa.db", validator=filled
    )
    high_water: Path = option("file that keeps the highest number issued, outside the database", Path("dxa.numbers"))
    administrator: str = option('address for notices, as "MS:LAB/HQ/ADMIN"', "", validator=_address)
    administrator_command: tuple[str, ...] = option("command that gets each notice on its standard input", ())
    keep_messages_days: int = option("days that messages are kept", 30, validator=not_negative)
    keep_runs_days: int = option("days that runs can be explained and undone", 90, validator=not_negative)
    keep_cuts_days: int = option(
        "days that numbers below the confirmed one are kept, for peers that are set back",
        14,
        validator=not_negative,
    )


_LIMITS = Limits()


@attrs.frozen(kw_only=True)
class GuardsTable(Limits):
    """``[guards]``: what holds a plan until somebody approves it; also per link and per peer."""

    empty: bool = option("hold when a peer's full list is suddenly empty", _LIMITS.empty)
    shrink_percent: float = option(
        "hold when more than this part of the entries would be deleted", _LIMITS.shrink_percent, validator=_percentage
    )
    shrink_count: int = option(
        "so many deletions are allowed whatever their part", _LIMITS.shrink_count, validator=not_negative
    )
    everything_count: int = option(
        "hold when all entries change, if there are at least so many; 0 never",
        _LIMITS.everything_count,
        validator=not_negative,
    )
    rules_changed: bool = option("hold what a changed configuration does to existing entries", _LIMITS.rules_changed)
    tail: bool = option("hold when all that is missing stood at the end of the list", _LIMITS.tail)
    foreign: bool = option("hold deletions of what dxa did not create", _LIMITS.foreign)
    container: bool = option(
        "hold deletions of more than `shrink_count` recipients that are here, when an export container has nobody in "
        "it any more",
        _LIMITS.container,
    )


@attrs.frozen(kw_only=True)
class AddressingTable:
    """``[addressing]``: which addresses recipients are given."""

    templates: Mapping[str, str] = option(
        "pattern of each address type; fields are alias given surname initials name organization site domain",
        {"MS": "{organization}/{site}/{alias}"},
        validator=_templates,
    )
    domain: str = option("what {domain} stands for", "")
    domains: Mapping[str, str] = option('domain of the recipients of a postoffice: "NET/PO" = "po.example"', {})
    code_pages: Mapping[str, str] = option(
        'code page whose letters addresses of a type may have, as CCMAIL = "cp850"; ascii where none is named',
        {},
        validator=_code_pages,
    )
    rest_days: int = option(
        "days that an address which somebody had is given to nobody else, unless it is stated; 0 gives it at once",
        0,
        validator=_can_end,
    )
    umlauts: Style = option("how letters are written that a system lacks: german, nordic or plain", "german")


_NAMES = NameLimits()

# -- links ---------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class FilterTable:
    """One filter of `filters_in` or `filters_out`."""

    field: str = option(
        "name, alias, container, kind, address (with its type) or an attribute", validator=filled, example="name"
    )
    pattern: str = option("the whole value; * stands for any text, case does not count", example="*(test)")
    action: Action = option("exclude what matches, or include nothing else", "exclude")


@attrs.frozen(kw_only=True)
class CustomTable:
    """`export_custom`: which custom recipients are exported."""

    manual: bool = option("those made by hand", False)
    imported: bool = option("those that other peers told us of", True)


@attrs.frozen(kw_only=True)
class Rules:
    """What decides who goes over a link and how; keys of a link that each of its peers may override."""

    import_container: str = option("container for what the peer tells us", validator=filled, example="Foreign")
    import_trust: int = option("trust level of what is imported", DEFAULT_TRUST, validator=trust_level)
    append_name: bool = option("append the peer's name to imported names", False)
    adopt: bool = option("take over custom recipients made by hand when the peer tells their address", True)
    by_postoffice: bool = option("a container of its own for each NET/PO below the import container", False)
    export_containers: tuple[str, ...] = option("containers whose recipients are exported; empty exports nothing", ())
    export_trust: int = option("highest trust level that is exported", DEFAULT_TRUST, validator=trust_level)
    export_mailboxes: bool = option("export mailboxes", True)
    export_custom: CustomTable = option("which custom recipients are exported", CustomTable())
    export_custom_in: Mapping[str, CustomTable] = option(
        'the same of single containers, with what is below them: "Foreign/Guests" = { manual = true }; what such a '
        "table leaves out is the link's",
        {},
        _named,
    )
    export_lists: bool = option("export distribution lists, by name only", True)
    export_folders: bool = option("export public folders", True)
    export_fallback: bool = option("show recipients of a type that was not asked for by their address here", True)
    hidden_exceptions: tuple[str, ...] = option("aliases that are exported although hidden", ())
    filters_in: tuple[FilterTable, ...] = option("which entries are imported", ())
    filters_out: tuple[FilterTable, ...] = option("which recipients are exported", ())
    templates: bool = option("template values may go to the peer; to requestors that ask for them", True)
    attributes: Mapping[str, str] = option("attribute that a template's prompt stands for", {}, validator=_attributes)
    gateways: Mapping[str, str] = option("gateway name of types whose addresses need one", {})
    code_page: str = option("code page of the peer's address lists", _NAMES.code_page, validator=_code_page)
    name_length: int = option("longest name in the peer's lists, in bytes", _NAMES.length, validator=_long_enough)
    type_case: Case = option("how address types are written: upper or lower", "upper")


@attrs.frozen(kw_only=True)
class PeerTable(Rules):
    """``[links.NAME.peers."PEER"]``: one registered peer, and what of its link's rules is different for it."""

    # Its default is never used: what a peer leaves out is its link's.
    import_container: str = option("container for what this peer tells us", "the link's", validator=filled)
    password: Secret | None = option("env:NAME, file:PATH or the text itself", None)
    no_password: bool = option("say so when this peer has no password", False)
    types: tuple[str, ...] = option("address types it may have; empty is what it asks for", ())
    limit: int = option("largest message in bytes; 0 is no limit but the one it asks for", 0, validator=not_negative)
    own_lists: tuple[str, ...] = option("further NET/POs that are its own", ())
    co_owners: tuple[str, ...] = option("peers (LINK/NAME) whose entries it may change too", ())
    sender: str = option("address that it must send from; empty is any mailbox at its name", "")
    reply_mailbox: str = option("mailbox that answers go to; empty is the connector's own", "")
    guards: GuardsTable = option("limits that differ for this peer", GuardsTable())


def _times(_instance: object, field: Field, value: tuple[str, ...]) -> None:
    for text in value:
        try:
            check_time(text)
        except ValueError as error:
            raise ValueError(f"{field.name}: {error}") from None


def _zone(_instance: object, field: Field, value: str) -> None:
    if value:
        try:
            zone_of(value)
        except ValueError as error:
            raise ValueError(f"{field.name}: {error}") from None


@attrs.frozen(kw_only=True)
class ScheduleTable:
    """`schedule` of a link: when `dxa run` runs its cycles."""

    style: ScheduleStyle = option("always, selected (at `times`) or never", "always")
    every_minutes: float = option("minutes from one cycle to the next, of style always", 15.0, validator=positive)
    times: tuple[str, ...] = option(
        "of style selected: HH:MM, *:MM, or DAYS HH:MM like mon-fri 18:00", (), validator=_times
    )
    zone: str = option("time zone of these times, as Europe/Berlin; empty is the machine's", "", validator=_zone)
    window_hours: float = option(
        "a cycle that could not run at its time runs so many hours later", 8.0, validator=positive
    )

    def __attrs_post_init__(self) -> None:
        if self.style == "selected" and not self.times:
            raise ValueError("times: style selected needs at least one time")

    def schedule(self) -> Schedule:
        """What the table means."""
        return Schedule(
            style=self.style,
            every=self.every_minutes * 60,
            times=self.times,
            zone=self.zone,
            window=self.window_hours * 3600,
        )


@attrs.frozen(kw_only=True)
class ProcessTable:
    """`process` of a link: its connector runs in a process of its own, which ends when it takes more than this."""

    own: bool = option("false: in dxa's process, without limits", True)
    silence_minutes: float = option("minutes in which it must have said something", 120.0, validator=positive)
    call_minutes: float = option("minutes for one thing: all that waits, or one parcel", 360.0, validator=positive)
    reports: int = option("reports in one cycle", 1_000_000, validator=positive)
    megabytes: float = option("size of one report", 1024.0, validator=positive)

    def allowance(self) -> Allowance:
        """What the table means."""
        return Allowance(
            own=self.own,
            silence=self.silence_minutes * 60,
            call=self.call_minutes * 60,
            items=self.reports,
            bytes=int(self.megabytes * 2**20),
        )


@attrs.frozen(kw_only=True)
class LinkTable(Rules):
    """``[links.NAME]``: a connection to a foreign system; the connector has a table of its own in it, by its name."""

    connector: str = option("which connector", validator=filled, example="memory")
    role: str = option("the part that dxa plays, where a connector has several", "")
    enabled: bool = option("take part in cycles", True)
    schedule: ScheduleTable = option("when `dxa run` runs its cycles", ScheduleTable())
    process: ProcessTable = option("what its connector's process may take", ProcessTable())
    guards: GuardsTable = option("limits that differ for this link", GuardsTable())
    peers: Mapping[str, PeerTable] = option("its peers by name", {})


@attrs.frozen(kw_only=True)
class PluginsTable:
    """``[plugins]``: which plugins take part; * in a name stands for any text."""

    only: tuple[str, ...] = option("names of those that take part; empty is all that are found", ())
    without: tuple[str, ...] = option("names of those that do not", ())
    folder: str = option("folder of plugins of one file each; none when it is not there", "plugins", validator=filled)


@attrs.frozen(kw_only=True)
class File:
    """``dxa.toml``."""

    site: SiteTable = option("who we are")
    plugins: PluginsTable = option("which plugins take part", PluginsTable())
    guards: GuardsTable = option("what holds a plan", GuardsTable())
    addressing: AddressingTable = option("which addresses recipients are given", AddressingTable())
    links: Mapping[str, LinkTable] = option("the links by name", {})


RULE_KEYS = frozenset(field.name for field in attrs.fields(Rules))
#: Which rules decide what a peer's view shows, and which how its entries become recipients.
EXPORT_KEYS = frozenset(name for name in RULE_KEYS if name.startswith("export_")) | {
    *("hidden_exceptions", "filters_out", "attributes", "gateways", "code_page", "name_length"),
}
IMPORT_KEYS = frozenset(name for name in RULE_KEYS if name.startswith("import_")) | {
    *("append_name", "adopt", "by_postoffice", "filters_in", "attributes"),
}
