"""What is shown, as frozen values. Their field names are the keys of the JSON, and stay as they are.

Fields that end in ``_at`` are seconds since 1970; as JSON they are UTC (``2026-11-22T04:19:00Z``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs

from dxa.address import Address


def said(doc: str) -> Any:
    """A field, with the line that explains its key."""
    return attrs.field(metadata={"doc": doc})


def keys_of(cls: type) -> dict[str, str]:
    """The keys of a value's JSON, each with its meaning."""
    return {field.name: field.metadata["doc"] for field in attrs.fields(cls)}


def as_plain(value: Any) -> Any:
    """The value as JSON has it."""
    if attrs.has(type(value)):
        fields = ((field.name, getattr(value, field.name)) for field in attrs.fields(type(value)))
        return {name: stamp(part) if name.endswith("_at") else as_plain(part) for name, part in fields}
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(name): as_plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [as_plain(part) for part in value]
    return value


def stamp(seconds: float | None) -> str | None:
    """A time as JSON has it: ISO 8601, UTC, whole seconds."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@attrs.frozen(kw_only=True)
class FindingShown:
    """Something about the configuration."""

    key: str = said("key in dxa.toml")
    text: str = said("what is wrong or doubtful")
    warning: bool = said("it keeps nothing from running")


@attrs.frozen(kw_only=True)
class FoundShown:
    """Something that does not fit together."""

    area: str = said("what was looked at: database, directory, views, cuts, numbers, configuration, link …")
    subject: str = said("the view, peer or link that it is about, or empty")
    text: str = said("what is wrong")
    warning: bool = said("it is doubtful and no damage")
    repair: str = said("what --repair does about it, or empty")
    mended: bool = said("that was done")
    advice: str = said("what to do about it, or empty")


@attrs.frozen(kw_only=True)
class BackupShown:
    """What is in a backup."""

    file: str = said("the backup")
    organization: str = said("organisation name")
    site: str = said("site name")
    made_at: float = said("when it was made")
    program: str = said("version of the dxa that made it")
    schema: str = said("revision of its database")
    files: Mapping[str, str] = said("every file in it, from the site's folder on, with its SHA-256")
    numbers: Mapping[str, int] = said("the highest number issued, by link")
    left_out: tuple[str, ...] = said("what belongs to the site and is not in it, and why")


@attrs.frozen(kw_only=True)
class PluginShown:
    """A plugin."""

    name: str = said("name of its entry point")
    distribution: str = said("distribution that brings it")
    version: str = said("version of the distribution")
    status: str = said("loaded, failed, or disabled by the configuration")
    hooks: tuple[str, ...] = said("hooks that it implements")
    connectors: tuple[str, ...] = said("connectors that it brings")
    error: str = said("why it failed")


@attrs.frozen(kw_only=True)
class CheckShown:
    """A check of the conformance kit, tried on a plugin."""

    check: str = said("its name")
    grade: str = said("MUST, SHOULD or MAY")
    verdict: str = said("passed, failed or skipped")
    rule: str = said("the rule that it tries")
    detail: str = said("what was found, or why it was skipped")
    advice: str = said("what to do when it failed")


# -- status --------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class PeerStatus:
    """How one peer stands: all numbers, times and the lag."""

    peer: str = said("LINK/NAME")
    link: str = said("the link")
    name: str = said("the peer's name on the link")
    holds: str = said(
        "quoted: it quotes numbers; proven: a full read shows what it has; queued: it acknowledges numbers"
    )
    r: int | None = said("R, the last number that its requestor sent; null if it has no numbers")
    s: int | None = said("S, the last number that its server issued")
    i: int | None = said("I, its import counter")
    confirmed: int | None = said("the highest number issued to it that it has quoted or acknowledged")
    lag: int | None = said("what was issued minus confirmed")
    last_request_at: float | None = said("when it was heard last")
    last_answer_at: float | None = said("when it was answered last")
    age_seconds: int | None = said("seconds since it was heard last")
    pending: int = said("entries it told that are not in the directory yet")
    rejects: int = said("records of it that could not be used and are open")
    held: tuple[str, ...] = said("ids of held plans that concern it")
    export_needed: str = said("why it must export in full, or empty")
    full_answer: str = said("no, wanted (owed), or sent (not confirmed yet)")
    waiting: int = said("parcels that wait to be delivered to it")
    waiting_since_at: float | None = said("when the oldest of them was made")
    not_exported: tuple[str, ...] = said("kinds of recipients that its link does not export")
    note: str = said("its latest status report")
    advice: str = said("what to do about it, or empty")


@attrs.frozen(kw_only=True)
class HeldShown:
    """A plan that waits for approval."""

    plan: str = said("id of the plan, for approve and reject")
    scope: str = said("in LINK/PEER for the directory, out LINK/… for what peers are shown")
    count: int = said("how many changes are held")
    holds: tuple[str, ...] = said("what the guards object to")
    held_at: float | None = said("since when it is held")


@attrs.frozen(kw_only=True)
class NoticeShown:
    """Something that the administrator has to know."""

    peer: str = said("whom it is about")
    code: int = said("number of the peer's own world, or 0")
    text: str = said("what it is")
    noticed_at: float = said("when it was noticed")


@attrs.frozen(kw_only=True)
class SiteStatus:
    """How the site stands."""

    organization: str = said("organisation name")
    site: str = said("site name")
    recipients: int = said("recipients in the directory")
    last_run_at: float | None = said("when the directory was changed last")
    peers: tuple[PeerStatus, ...] = said("the peers, see the keys below")
    held: tuple[HeldShown, ...] = said("plans that wait for approval")
    notices: tuple[NoticeShown, ...] = said("what the administrator has to know")
    leftovers: tuple[str, ...] = said("peers that are stored and not configured any more, and what to do about them")
    warnings: tuple[str, ...] = said("doubts about the configuration")


# -- plans ---------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class ChangeShown:
    """One change of a plan."""

    plan: str = said("id of the plan it belongs to")
    scope: str = said("in LINK/PEER for the directory, out LINK/… for what peers are shown")
    held: bool = said("it waits for approval")
    verb: str = said("add, modify or delete")
    key: str = said("names the entry inside its scope")
    name: str = said("name of the entry")
    what: str = said("what is different, in words")
    reason: str = said("why")
    before: Mapping[str, Any] | None = said("the entry before, null if it is new")
    after: Mapping[str, Any] | None = said("the entry after, null if it goes")


@attrs.frozen(kw_only=True)
class PlanShown:
    """One plan, without its changes."""

    plan: str = said("id of the plan")
    scope: str = said("in LINK/PEER for the directory, out LINK/… for what peers are shown")
    ready: int = said("changes that the next sync applies")
    held: int = said("changes that wait for approval")
    holds: tuple[str, ...] = said("what the guards object to")


@attrs.frozen(kw_only=True)
class EventShown:
    """Something that a connector has done."""

    number: int = said("the number that the foreign system's own programs have for it; 0 is none")
    text: str = said("what it was")


@attrs.frozen(kw_only=True)
class LinkShown:
    """What happened on one link in one cycle; `heard`, `applied` and `sent` count by A, M, D, R."""

    link: str = said("the link")
    messages: int = said("messages or lists read")
    refused: int = said("messages that changed nothing")
    rejects: int = said("records that could not be used")
    heard: Mapping[str, int] = said("changes to what peers have told, by A, M, D")
    applied: Mapping[str, int] = said("changes to the directory, by A, M, D")
    sent: Mapping[str, int] = said("transactions made for peers, by A, M, D, R")
    updates: int = said("answers that carry changes")
    fulls: int = said("answers that carry everything")
    delivered: int = said("parcels delivered")
    waiting: int = said("parcels that wait to be delivered")
    errors: tuple[str, ...] = said("what failed and will be tried again")
    events: tuple[EventShown, ...] = said("what the connector has done, step by step")


@attrs.frozen(kw_only=True)
class CycleShown:
    """What a cycle did or would do."""

    exit_status: int = said("0, 1 (something failed) or 3 (a plan is held)")
    links: tuple[LinkShown, ...] = said("what happened on each link")
    plans: tuple[PlanShown, ...] = said("the plans; of a sync only those with something held")
    changes: tuple[ChangeShown, ...] = said("the changes of these plans; what a sync has applied is in `dxa history`")
    notices: tuple[str, ...] = said("what the administrator has to know")
    errors: tuple[str, ...] = said("what failed and will be tried again")


# -- the past ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class RunShown:
    """One applied plan."""

    run: int = said("number of the run")
    applied_at: float = said("when it was applied")
    scope: str = said("where the changes came from: in LINK/PEER, or by hand")
    plan: str = said("id of the plan, if it was held before")
    adds: int = said("recipients added")
    modifies: int = said("recipients modified")
    deletes: int = said("recipients deleted")


@attrs.frozen(kw_only=True)
class RunChangeShown:
    """One change of a run."""

    run: int = said("number of the run")
    applied_at: float = said("when it was applied")
    scope: str = said("where the change came from")
    verb: str = said("add, modify or delete")
    recipient: int = said("id of the recipient")
    name: str = said("name of the recipient")
    what: str = said("what is different, in words")
    reason: str = said("why")
    before: Mapping[str, Any] | None = said("the recipient before, null if it is new")
    after: Mapping[str, Any] | None = said("the recipient after, null if it went")


@attrs.frozen(kw_only=True)
class UndoShown:
    """What became of undoing a run."""

    run: int = said("number of the run that is taken back")
    applied: int | None = said("number of the run that did it, null if nothing was done")
    plan: PlanShown = attrs.field(metadata={"doc": "the plan; keys as in `dxa plan`"})
    changes: tuple[ChangeShown, ...] = said("its changes; keys as in `dxa plan`")
    conflicts: tuple[str, ...] = said("what cannot be taken back, and why")


@attrs.frozen(kw_only=True)
class MessageShown:
    """One message, in or out."""

    id: str = said("its number (in) or the parcel's id (out)")
    direction: str = said("in or out")
    link: str = said("the link")
    peer: str = said("the peer, as it is claimed")
    sent_at: float = said("when it came or was made")
    title: str = said("subject line, or what the parcel is")
    status: str = said("in: taken, refused, kept; out: ready, sent, refused")
    verdict: str = said("what was made of it")
    count: int = said("transactions in it")


@attrs.frozen(kw_only=True)
class MessageDetail:
    """One message with what it carries."""

    id: str = said("its number (in) or the parcel's id (out)")
    direction: str = said("in or out")
    link: str = said("the link")
    peer: str = said("the peer, as it is claimed")
    sent_at: float = said("when it came or was made")
    title: str = said("subject line, or what the parcel is")
    status: str = said("in: taken, refused, kept; out: ready, sent, refused")
    verdict: str = said("what was made of it")
    count: int = said("transactions in it")
    records: tuple[Mapping[str, Any], ...] = said(
        "what it carries, decoded; each has kind, and mostly verb, name, address"
    )


@attrs.frozen(kw_only=True)
class RejectShown:
    """One record that could not be used."""

    id: int = said("number of the reject")
    link: str = said("the link")
    peer: str = said("LINK/NAME")
    message: int | None = said("the message it came in, see `dxa messages show`")
    number: int = said("its sync number, or 0")
    line: int = said("its line, or 0")
    code: int = said("error number of the peer's own world, or 0")
    reason: str = said("why it could not be used")
    raw: str = said("the record as it came")
    status: str = said("open, retried, solved (its cause is gone) or dropped")
    rejected_at: float = said("when")


# -- recipients and peers ------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class RecipientShown:
    """One recipient."""

    id: int = said("its number, which never changes")
    kind: str = said("mailbox, custom, list or folder")
    name: str = said("friendly name")
    alias: str = said("alias")
    container: str = said("container")
    address: str = said("its target address, or its first proxy address")
    owner: str = said("the peer that told of it, or empty")
    trust: int = said("trust level")
    hidden: bool = said("hidden")


@attrs.frozen(kw_only=True)
class ExportShown:
    """How one recipient stands with one peer."""

    peer: str = said("LINK/NAME")
    shown: bool = said("the peer is shown it")
    name: str = said("the name it is shown under")
    address: str = said("the address it is shown under")
    why: str = said("why it is not shown, or what happens next")


@attrs.frozen(kw_only=True)
class RecipientDetail:
    """One recipient with everything that is known of it."""

    id: int = said("its number, which never changes")
    kind: str = said("mailbox, custom, list or folder")
    name: str = said("friendly name")
    alias: str = said("alias")
    container: str = said("container")
    target: str | None = said("where its mail goes, if it is not here")
    proxies: tuple[str, ...] = said("all addresses; the first of a type is the primary one")
    owner: str = said("the peer that told of it, or empty")
    trust: int = said("trust level")
    hidden: bool = said("hidden")
    fields: Mapping[str, str] = said("further attributes")
    exports: tuple[ExportShown, ...] = said("how it stands with each peer: peer, shown, name, address, why")


@attrs.frozen(kw_only=True)
class ImportShown:
    """How something that a peer told stands in the directory."""

    peer: str = said("LINK/NAME")
    name: str = said("name, as the peer tells it")
    address: str = said("its address there, or the record that could not be used")
    recipient: int | None = said("the recipient that it stands for, or null")
    state: str = said(
        "imported, pending (the next sync acts), held, rejected, conflict, not imported, gone, ours, left over, reject"
    )
    why: str = said("why")
    plan: str = said("the plan that holds it, or empty")
    reject: int | None = said("number of the reject, see `dxa rejects show`, or null")


@attrs.frozen(kw_only=True)
class Explanation:
    """Why somebody is, or is not, in the directory and at the peers."""

    asked: str = said("who was asked for")
    recipient: RecipientShown | None = attrs.field(
        metadata={"doc": "the recipient, null if there is none; keys as in `dxa recipients list`"}
    )
    imports: tuple[ImportShown, ...] = said("what peers have told of it; keys below")
    exports: tuple[ExportShown, ...] = said("how it stands with each peer; keys as in `dxa recipients show`")
    gone: tuple[int, ...] = said("numbers of recipients of that name that were deleted, see `dxa history`")


@attrs.frozen(kw_only=True)
class PeerShown:
    """One peer."""

    peer: str = said("LINK/NAME")
    link: str = said("the link")
    name: str = said("the peer's name on the link")
    connector: str = said("the link's connector")
    enabled: bool = said("its link takes part in cycles")
    owned: int = said("recipients that it owns")
    shown: int = said("entries that it is shown")
    heard_at: float | None = said("when it was heard last")


@attrs.frozen(kw_only=True)
class ListCount:
    """How many entries of one list one peer is shown."""

    peer: str = said("LINK/NAME")
    type: str = said("address type")
    list: str = said("the list: NET/PO or node")
    entries: int = said("how many entries of it the peer is shown")
    own: bool = said("the list is the peer's own, and so never sent to it")


@attrs.frozen(kw_only=True)
class DefinitionShown:
    """The definition of one list: which fields its entries have."""

    type: str = said("address type")
    list: str = said("the list: NET/PO or node")
    fields: dict[str, str] = attrs.field(metadata={"doc": "prompts in their order: start~width~edit~default~internal"})


@attrs.frozen(kw_only=True)
class TemplatesShown:
    """The template values of one peer, both ways."""

    peer: str = said("LINK/NAME")
    allowed: bool = said("values may go to it")
    wanted: bool = said("it asked for values")
    map: dict[str, str] = attrs.field(metadata={"doc": "the attribute that each prompt stands for"})
    told: tuple[DefinitionShown, ...] = said("the definitions that it tells")
    shown: tuple[DefinitionShown, ...] = said("the definitions that its view shows")
    sample_name: str = said("somebody whom it is shown with values")
    sample_address: str = said("his address")
    sample: dict[str, str] = attrs.field(metadata={"doc": "his values by prompt"})


@attrs.frozen(kw_only=True)
class PeerDetail:
    """One peer with its rules."""

    peer: str = said("LINK/NAME")
    link: str = said("the link")
    name: str = said("the peer's name on the link")
    connector: str = said("the link's connector")
    enabled: bool = said("its link takes part in cycles")
    owned: int = said("recipients that it owns")
    shown: int = said("entries that it is shown")
    heard_at: float | None = said("when it was heard last")
    types: tuple[str, ...] = said("address types that it is shown")
    templates: bool = said("template values go to it")
    limit: int = said("bytes that one answer may have, 0 for no limit")
    password: bool = said("it has a password")
    own_lists: tuple[str, ...] = said("lists that are its own, and so never sent to it")
    exports: tuple[str, ...] = said("what is exported to it, in sentences")
    lists: tuple[ListCount, ...] = said("lists that it is shown: peer, type, list, entries, own")
    status: PeerStatus = attrs.field(metadata={"doc": "how it stands; keys as in `dxa status`"})
