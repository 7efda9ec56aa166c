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


def key(doc: str) -> Any:
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

    key: str = key("key in dxa.toml")
    text: str = key("what is wrong or doubtful")
    warning: bool = key("it keeps nothing from running")


@attrs.frozen(kw_only=True)
class PluginShown:
    """A plugin."""

    name: str = key("name of its entry point")
    distribution: str = key("distribution that brings it")
    version: str = key("version of the distribution")
    status: str = key("loaded, or failed")
    hooks: tuple[str, ...] = key("hooks that it implements")
    connectors: tuple[str, ...] = key("connectors that it brings")
    error: str = key("why it failed")


# -- status --------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class PeerStatus:
    """How one peer stands (dx:T-222: all numbers, times and the lag, without a raw mode)."""

    peer: str = key("LINK/NAME")
    link: str = key("the link")
    name: str = key("the peer's name on the link")
    holds: str = key("quoted: it quotes numbers; proven: a full read shows what it has")
    r: int | None = key("R, the last number taken from it; null if it has no numbers")
    s: int | None = key("S, the last number issued to it")
    i: int | None = key("I, its import counter")
    confirmed: int | None = key("the highest number issued to it that it has quoted")
    lag: int | None = key("S minus confirmed")
    last_request_at: float | None = key("when it was heard last")
    last_answer_at: float | None = key("when it was answered last")
    age_seconds: int | None = key("seconds since it was heard last")
    pending: int = key("entries it told that are not in the directory yet")
    rejects: int = key("records of it that could not be used and are open")
    held: tuple[str, ...] = key("ids of held plans that concern it")
    export_needed: str = key("why it must export in full, or empty")
    full_answer: str = key("no, wanted (owed), or sent (not confirmed yet)")
    waiting: int = key("parcels that wait to be delivered to it")
    waiting_since_at: float | None = key("when the oldest of them was made")
    not_exported: tuple[str, ...] = key("kinds of recipients that its link does not export")
    note: str = key("its latest status report")
    advice: str = key("what to do about it, or empty")


@attrs.frozen(kw_only=True)
class HeldShown:
    """A plan that waits for approval."""

    plan: str = key("id of the plan, for approve and reject")
    scope: str = key("in LINK/PEER for the directory, out LINK/… for what peers are shown")
    count: int = key("how many changes are held")
    holds: tuple[str, ...] = key("what the guards object to")
    held_at: float | None = key("since when it is held")


@attrs.frozen(kw_only=True)
class NoticeShown:
    """Something that the administrator has to know."""

    peer: str = key("whom it is about")
    code: int = key("number of the peer's own world, or 0")
    text: str = key("what it is")
    noticed_at: float = key("when it was noticed")


@attrs.frozen(kw_only=True)
class SiteStatus:
    """How the site stands."""

    organization: str = key("organisation name")
    site: str = key("site name")
    recipients: int = key("recipients in the directory")
    last_run_at: float | None = key("when the directory was changed last")
    peers: tuple[PeerStatus, ...] = key("the peers, see the keys below")
    held: tuple[HeldShown, ...] = key("plans that wait for approval")
    notices: tuple[NoticeShown, ...] = key("what the administrator has to know")
    warnings: tuple[str, ...] = key("doubts about the configuration")


# -- plans ---------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class ChangeShown:
    """One change of a plan."""

    plan: str = key("id of the plan it belongs to")
    scope: str = key("in LINK/PEER for the directory, out LINK/… for what peers are shown")
    held: bool = key("it waits for approval")
    verb: str = key("add, modify or delete")
    key: str = key("names the entry inside its scope")
    name: str = key("name of the entry")
    what: str = key("what is different, in words")
    reason: str = key("why")
    before: Mapping[str, Any] | None = key("the entry before, null if it is new")
    after: Mapping[str, Any] | None = key("the entry after, null if it goes")


@attrs.frozen(kw_only=True)
class PlanShown:
    """One plan, without its changes."""

    plan: str = key("id of the plan")
    scope: str = key("in LINK/PEER for the directory, out LINK/… for what peers are shown")
    ready: int = key("changes that the next sync applies")
    held: int = key("changes that wait for approval")
    holds: tuple[str, ...] = key("what the guards object to")


@attrs.frozen(kw_only=True)
class LinkShown:
    """What happened on one link in one cycle; `heard`, `applied` and `sent` count by A, M, D, R."""

    link: str = key("the link")
    messages: int = key("messages or lists read")
    refused: int = key("messages that changed nothing")
    rejects: int = key("records that could not be used")
    heard: Mapping[str, int] = key("changes to what peers have told, by A, M, D")
    applied: Mapping[str, int] = key("changes to the directory, by A, M, D")
    sent: Mapping[str, int] = key("transactions made for peers, by A, M, D, R")
    updates: int = key("answers that carry changes")
    fulls: int = key("answers that carry everything")
    delivered: int = key("parcels delivered")
    waiting: int = key("parcels that wait to be delivered")
    errors: tuple[str, ...] = key("what failed and will be tried again")


@attrs.frozen(kw_only=True)
class CycleShown:
    """What a cycle did or would do."""

    exit_status: int = key("0, 1 (something failed) or 3 (a plan is held)")
    links: tuple[LinkShown, ...] = key("what happened on each link")
    plans: tuple[PlanShown, ...] = key("the plans")
    changes: tuple[ChangeShown, ...] = key("the changes of all plans")
    notices: tuple[str, ...] = key("what the administrator has to know")
    errors: tuple[str, ...] = key("what failed and will be tried again")


# -- the past ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class RunShown:
    """One applied plan."""

    run: int = key("number of the run")
    applied_at: float = key("when it was applied")
    scope: str = key("where the changes came from: in LINK/PEER, or by hand")
    plan: str = key("id of the plan, if it was held before")
    adds: int = key("recipients added")
    modifies: int = key("recipients modified")
    deletes: int = key("recipients deleted")


@attrs.frozen(kw_only=True)
class RunChangeShown:
    """One change of a run."""

    run: int = key("number of the run")
    applied_at: float = key("when it was applied")
    scope: str = key("where the change came from")
    verb: str = key("add, modify or delete")
    recipient: int = key("id of the recipient")
    name: str = key("name of the recipient")
    what: str = key("what is different, in words")
    reason: str = key("why")
    before: Mapping[str, Any] | None = key("the recipient before, null if it is new")
    after: Mapping[str, Any] | None = key("the recipient after, null if it went")


@attrs.frozen(kw_only=True)
class MessageShown:
    """One message, in or out."""

    id: str = key("its number (in) or the parcel's id (out)")
    direction: str = key("in or out")
    link: str = key("the link")
    peer: str = key("the peer, as it is claimed")
    sent_at: float = key("when it came or was made")
    title: str = key("subject line, or what the parcel is")
    status: str = key("in: taken, refused, kept; out: ready, sent, refused")
    verdict: str = key("what was made of it")
    count: int = key("transactions in it")


@attrs.frozen(kw_only=True)
class MessageDetail:
    """One message with what it carries."""

    id: str = key("its number (in) or the parcel's id (out)")
    direction: str = key("in or out")
    link: str = key("the link")
    peer: str = key("the peer, as it is claimed")
    sent_at: float = key("when it came or was made")
    title: str = key("subject line, or what the parcel is")
    status: str = key("in: taken, refused, kept; out: ready, sent, refused")
    verdict: str = key("what was made of it")
    count: int = key("transactions in it")
    records: tuple[Mapping[str, Any], ...] = key("what it carries, decoded; each has kind, and mostly verb, name, address")


@attrs.frozen(kw_only=True)
class RejectShown:
    """One record that could not be used."""

    id: int = key("number of the reject")
    link: str = key("the link")
    peer: str = key("LINK/NAME")
    message: int | None = key("the message it came in, see `dxa messages show`")
    number: int = key("its sync number, or 0")
    line: int = key("its line, or 0")
    code: int = key("error number of the peer's own world, or 0")
    reason: str = key("why it could not be used")
    raw: str = key("the record as it came")
    status: str = key("open, retried or dropped")
    rejected_at: float = key("when")


# -- recipients and peers ------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class RecipientShown:
    """One recipient."""

    id: int = key("its number, which never changes")
    kind: str = key("mailbox, custom, list or folder")
    name: str = key("friendly name")
    alias: str = key("alias")
    container: str = key("container")
    address: str = key("its target address, or its first proxy address")
    owner: str = key("the peer that told of it, or empty")
    trust: int = key("trust level")
    hidden: bool = key("hidden")


@attrs.frozen(kw_only=True)
class ExportShown:
    """How one recipient stands with one peer (dx:T-228)."""

    peer: str = key("LINK/NAME")
    shown: bool = key("the peer is shown it")
    name: str = key("the name it is shown under")
    address: str = key("the address it is shown under")
    why: str = key("why it is not shown, or what happens next")


@attrs.frozen(kw_only=True)
class RecipientDetail:
    """One recipient with everything that is known of it."""

    id: int = key("its number, which never changes")
    kind: str = key("mailbox, custom, list or folder")
    name: str = key("friendly name")
    alias: str = key("alias")
    container: str = key("container")
    target: str | None = key("where its mail goes, if it is not here")
    proxies: tuple[str, ...] = key("all addresses; the first of a type is the primary one")
    owner: str = key("the peer that told of it, or empty")
    trust: int = key("trust level")
    hidden: bool = key("hidden")
    fields: Mapping[str, str] = key("further attributes")
    exports: tuple[ExportShown, ...] = key("how it stands with each peer: peer, shown, name, address, why")


@attrs.frozen(kw_only=True)
class PeerShown:
    """One peer."""

    peer: str = key("LINK/NAME")
    link: str = key("the link")
    name: str = key("the peer's name on the link")
    connector: str = key("the link's connector")
    enabled: bool = key("its link takes part in cycles")
    owned: int = key("recipients that it owns")
    shown: int = key("entries that it is shown")
    heard_at: float | None = key("when it was heard last")


@attrs.frozen(kw_only=True)
class ListCount:
    """How many entries of one list one peer is shown (dx:T-018)."""

    peer: str = key("LINK/NAME")
    type: str = key("address type")
    list: str = key("the list: NET/PO or node")
    entries: int = key("how many entries of it the peer is shown")


@attrs.frozen(kw_only=True)
class PeerDetail:
    """One peer with its rules."""

    peer: str = key("LINK/NAME")
    link: str = key("the link")
    name: str = key("the peer's name on the link")
    connector: str = key("the link's connector")
    enabled: bool = key("its link takes part in cycles")
    owned: int = key("recipients that it owns")
    shown: int = key("entries that it is shown")
    heard_at: float | None = key("when it was heard last")
    types: tuple[str, ...] = key("address types that it is shown")
    templates: bool = key("template values go to it")
    limit: int = key("bytes that one answer may have, 0 for no limit")
    password: bool = key("it has a password")
    own_lists: tuple[str, ...] = key("lists that are its own, and so never sent to it")
    exports: tuple[str, ...] = key("what is exported to it, in sentences")
    lists: tuple[ListCount, ...] = key("lists that it is shown: peer, type, list, entries")
    status: PeerStatus = key("how it stands; keys as in `dxa status`")
