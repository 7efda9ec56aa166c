"""Questions about what has been: runs and their changes, messages, rejected records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dxa.agent.queries.plans import difference, facts, name_of
from dxa.agent.queries.recipients import find_recipient
from dxa.agent.queries.values import MessageDetail, MessageShown, RejectShown, RunChangeShown, RunShown
from dxa.agent.site import OpenSite
from dxa.connector import Parcel, ParcelKind
from dxa.entry import Entry, Transaction
from dxa.errors import NotFoundError, UsageError
from dxa.store import MessageRow, ParcelRow, RejectRow, RunChange, RunRow

#: So many candidates are named when the beginning of an id is not enough.
FEW = 5

# -- runs ----------------------------------------------------------------------------------------------------------


def runs(site: OpenSite, limit: int | None = None, offset: int = 0) -> list[RunShown]:
    """Applied plans, newest first."""
    rows = site.store.journal.runs(None if limit is None else offset + limit)
    return list(map(_run, rows[offset:]))


def changes_of_run(site: OpenSite, run: int, limit: int | None = None, offset: int = 0) -> list[RunChangeShown]:
    """The changes of one run, in the order in which they were applied."""
    found = site.store.journal.run(run)
    if found is None:
        raise NotFoundError(f"no run {run}; `dxa history` lists those that are kept")
    return _page(list(map(_run_change, found[1])), limit, offset)


def changes_of_recipient(site: OpenSite, text: str, limit: int | None = None, offset: int = 0) -> list[RunChangeShown]:
    """What happened to one recipient, living or gone, newest first."""
    changes = site.store.journal.of_recipient(_recipient_id(site, text))
    if not changes and text.isdecimal():
        raise NotFoundError(f"nothing is kept about a recipient {text}")
    return _page([_run_change(change) for change in reversed(changes)], limit, offset)


def _recipient_id(site: OpenSite, text: str) -> int:
    if text.isdecimal():
        return int(text)
    try:
        return find_recipient(site, text).id
    except NotFoundError:
        gone = site.store.listings.deleted(text)
        if len(gone) == 1:
            return gone.pop()
        if gone:
            raise UsageError(f"several that are gone were called {text!r}: {sorted(gone)}; give a number") from None
        raise


def _run(row: RunRow) -> RunShown:
    return RunShown(
        run=row.id,
        applied_at=row.at,
        scope=row.scope,
        plan=row.plan,
        adds=row.adds,
        modifies=row.modifies,
        deletes=row.deletes,
    )


def _run_change(row: RunChange) -> RunChangeShown:
    before, after = row.change.before, row.change.after
    return RunChangeShown(
        run=row.run.id,
        applied_at=row.run.at,
        scope=row.run.scope,
        verb=row.change.verb.name.lower(),
        recipient=row.recipient,
        name=name_of(before if after is None else after),
        what=difference(before, after),
        reason=row.change.reason,
        before=facts(before),
        after=facts(after),
    )


# -- messages ------------------------------------------------------------------------------------------------------


def messages(
    site: OpenSite,
    *,
    peer: str = "",
    direction: str = "",
    status: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[MessageShown], int]:
    """A page of the archive, newest first, and how many there are."""
    incoming = map(_incoming, site.store.messages.list()) if direction != "out" else ()
    outgoing = map(_outgoing, site.store.outbox.list()) if direction != "in" else ()
    wanted = peer.casefold()
    found = [
        message
        for message in (*outgoing, *incoming)
        if (not status or message.status == status)
        and (not wanted or wanted in (message.peer.casefold(), message.peer.partition("/")[2].casefold()))
    ]
    found.sort(key=lambda message: message.sent_at, reverse=True)
    return _page(found, limit, offset), len(found)


def message(site: OpenSite, id_: str) -> MessageDetail:
    """One message with what it carries."""
    if id_.isdecimal():
        row = _message_row(site, int(id_))
        return _detail(_incoming(row), tuple(_decoded(site, row.raw)))
    parcel_row, parcel = _parcel(site, id_)
    return _detail(_outgoing(parcel_row), tuple(_carried(parcel)))


def raw_message(site: OpenSite, id_: str) -> bytes:
    """A message as it came."""
    if not id_.isdecimal():
        raise UsageError("only what came in is kept as bytes; what goes out is written by the connector each time")
    return _message_row(site, int(id_)).raw


def _message_row(site: OpenSite, id_: int) -> MessageRow:
    row = site.store.messages.get(id_)
    if row is None:
        raise NotFoundError(f"no message {id_} is kept; `dxa messages list` shows them")
    return row


def _parcel(site: OpenSite, id_: str) -> tuple[ParcelRow, Parcel]:
    wanted = id_.lstrip("0")
    rows = [row for row in site.store.outbox.list() if wanted and row.id.lstrip("0").startswith(wanted)]
    if len(rows) > 1:
        few = ", ".join(row.id.lstrip("0") for row in rows[:FEW])
        raise UsageError(f"{id_} could be {few}; give more of it")
    parcel = site.store.outbox.get(rows[0].id, {}) if rows else None
    if parcel is None:
        raise NotFoundError(f"no message {id_!r} is kept; `dxa messages list` shows them")
    return rows[0], parcel


def _incoming(row: MessageRow) -> MessageShown:
    return MessageShown(
        id=str(row.id),
        direction="in",
        link=row.link,
        peer=row.peer if row.peer == row.link else f"{row.link}/{row.peer}".rstrip("/"),
        sent_at=row.at,
        title=row.title,
        status=row.status,
        verdict=row.verdict,
        count=row.count,
    )


def _outgoing(row: ParcelRow) -> MessageShown:
    kinds = {ParcelKind.UPDATE: "update", ParcelKind.FULL: "full answer", ParcelKind.NOTICE: "letter"}
    return MessageShown(
        id=row.id.lstrip("0"),
        direction="out",
        link=row.link,
        peer=row.peer,
        sent_at=row.created_at if row.sent_at is None else row.sent_at,
        title=row.title or kinds[row.kind],
        status=row.status,
        verdict=row.reason,
        count=row.count,
    )


def _detail(shown: MessageShown, records: tuple[Mapping[str, Any], ...]) -> MessageDetail:
    return MessageDetail(
        id=shown.id,
        direction=shown.direction,
        link=shown.link,
        peer=shown.peer,
        sent_at=shown.sent_at,
        title=shown.title,
        status=shown.status,
        verdict=shown.verdict,
        count=shown.count,
        records=records,
    )


def _decoded(site: OpenSite, raw: bytes) -> Iterator[Mapping[str, Any]]:
    """The records of a message by the decoder that knows it."""
    decoder = next((d for d in site.host.decoders().values() if raw and d.sniff(raw)), None)
    if decoder is not None:
        yield from decoder.decode(raw)


def _carried(parcel: Parcel) -> Iterator[Mapping[str, Any]]:
    if parcel.reply is not None:
        numbers = {"r": parcel.reply.r, "s": parcel.reply.s, "was": parcel.reply.was, "i": parcel.reply.i}
        yield {"kind": "answer", **numbers, "full": parcel.reply.full, "templates": parcel.templates}
    if parcel.kind is ParcelKind.NOTICE:
        yield {"kind": "letter", "to": parcel.to, "text": parcel.text}
    yield from map(_transaction, parcel.transactions())


def _transaction(transaction: Transaction) -> Mapping[str, Any]:
    entry = transaction.new or transaction.old
    shown: dict[str, Any] = {"kind": "transaction", "number": transaction.number, "verb": transaction.verb.name.lower()}
    if entry is not None:
        shown |= _entry(entry)
    if transaction.old is not None and transaction.new is not None:
        shown["old"] = _entry(transaction.old)
    return shown


def _entry(entry: Entry) -> Mapping[str, Any]:
    if not entry.name and not entry.address:
        return {"type": entry.type, "list": entry.list}
    return {"name": entry.name, "address": f"{entry.type}:{entry.address}", "fields": dict(entry.fields)}


# -- rejects -------------------------------------------------------------------------------------------------------


def rejects(
    site: OpenSite, peer: str = "", everything: bool = False, limit: int | None = None, offset: int = 0
) -> tuple[list[RejectShown], int]:
    """A page of rejected records, newest first, and how many there are."""
    wanted = site.config.peer(peer).id if peer else None
    rows = site.store.rejects.list(peer=wanted, status=None if everything else "open")
    return [_reject(row) for row in _page(rows[::-1], limit, offset)], len(rows)


def reject(site: OpenSite, id_: int) -> RejectShown:
    """One rejected record."""
    row = site.store.rejects.get(id_)
    if row is None:
        raise NotFoundError(f"no reject {id_}; `dxa rejects list --all` shows them")
    return _reject(row)


def _reject(row: RejectRow) -> RejectShown:
    return RejectShown(
        id=row.id,
        link=row.link,
        peer=row.peer,
        message=row.message,
        number=row.number,
        line=row.line,
        code=row.code,
        reason=row.reason,
        raw=row.raw,
        status=row.status,
        rejected_at=row.at,
    )


def _page(rows: Sequence[Any], limit: int | None, offset: int) -> list[Any]:
    return list(rows[offset : None if limit is None else offset + limit])
