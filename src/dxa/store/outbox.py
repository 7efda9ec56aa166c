"""The outbox, and the archive of what went out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import bindparam, delete, exists, func, select

from dxa.connector import Parcel, ParcelKind, PeerInfo, Result
from dxa.dirsync.messages import Reply, Request
from dxa.ledger.answer import Content
from dxa.store.counters import Counters
from dxa.store.database import Database, adding, among, fixed, setting
from dxa.store.schema import content, parcel
from dxa.store.serial import (
    content_data,
    from_json,
    read_content,
    reply_text,
    request_text,
    restored,
    storable,
    to_json,
)

READY, SENT, REFUSED = "ready", "sent", "refused"
_STATUS = {Result.DONE: SENT, Result.POSTED: SENT, Result.REFUSED: REFUSED, Result.RETRY: READY}


@attrs.frozen(kw_only=True)
class ParcelRow:
    """A parcel in a listing."""

    id: str
    link: str
    peer: str
    kind: ParcelKind
    title: str
    count: int
    status: str
    reason: str
    created_at: float
    sent_at: float | None


p = parcel.c
_ADD = adding(parcel)
_KNOWN = select(p.id).where(p.id.in_(among()))
_ADD_CONTENT = adding(content)
_CONTENT = select(content.c.data).where(content.c.key == bindparam("of"))
_PARCEL = (p.id, p.peer, p.kind, p.header, p.content)
_READY = select(*_PARCEL).where(p.link == bindparam("of"), p.status == fixed(READY)).order_by(p.serial)
_GET = select(*_PARCEL).where(p.id == bindparam("of"))
_DONE = setting(parcel, "status", "reason", "sent_at").where(p.id == bindparam("of"))
_SUPERSEDE = setting(parcel, "reason", status=fixed(REFUSED)).where(
    p.peer == bindparam("of"), p.status == fixed(READY), p.kind != fixed(ParcelKind.NOTICE.value)
)
_PRUNE = delete(parcel).where(p.created_at < bindparam("before"), p.status != fixed(READY))
_PRUNE_CONTENT = delete(content).where(~exists().where(p.content == content.c.key))
_KNOWN_CONTENT = select(content.c.key).where(content.c.key == bindparam("of"))
_COUNT = select(func.count()).select_from(parcel).where(p.link == bindparam("of"), p.status == fixed(READY))
_LISTED = (p.id, p.link, p.peer, p.kind, p.title, p.count, p.status, p.reason, p.created_at, p.sent_at)


class Outbox:
    """Parcels and what they carry."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters
        self._last: tuple[bytes, Content] | None = None

    # -- contents --------------------------------------------------------------------------------------------------

    def put_content(self, content_: Content) -> None:
        """Keep what parcels are to carry; what is kept under that key already stays."""
        if self._db.value(_KNOWN_CONTENT, content_.key) is None:
            data = content_data(content_)
            self._db.run(_ADD_CONTENT, content_.key, data)
            self._last = data, content_

    def content(self, key: str) -> Content:
        """What is kept under that key; nothing for ``""`` and for what is not kept."""
        data = self._db.value(_CONTENT, key)
        return Content(key, ()) if data is None else read_content(key, bytes(data))

    # -- parcels ---------------------------------------------------------------------------------------------------

    def put(self, parcels: Iterable[Parcel], link: str, now: float) -> None:
        """Make parcels ready, with what they carry; one whose id is known already is left as it is."""
        fresh = {parcel_.id: parcel_ for parcel_ in parcels}
        for row in self._db.among(_KNOWN, fresh):
            del fresh[row[0]]
        if not fresh:
            return
        with self._db.transaction():
            for content_ in {p.content.key: p.content for p in fresh.values() if p.content.segments}.values():
                self.put_content(content_)
            serial = self._counters.take("parcel", len(fresh))
            self._db.many(_ADD, [_tuple(number, p, link, now) for number, p in enumerate(fresh.values(), serial)])

    def ready(self, link: str, peers: Mapping[str, PeerInfo]) -> list[Parcel]:
        """What waits on a link, oldest first; `peers` gives the options of each peer."""
        contents = self._put_last()
        return [self._parcel(row, peers, contents) for row in self._db.rows(_READY, link)]

    def _put_last(self) -> dict[str, Content]:
        """What was put last, if that is still what is kept: reading it again takes a third of a delivery's time."""
        last, self._last = self._last, None
        if last is None or self._db.value(_CONTENT, last[1].key) != last[0]:
            return {}
        return {last[1].key: last[1]}

    def done(self, ids: Iterable[str], result: Result, reason: str, now: float) -> None:
        """Note what became of parcels; one to be tried again stays ready."""
        sent_at = None if result is Result.RETRY else now
        self._db.many(_DONE, [(_STATUS[result], storable(reason), sent_at, id_) for id_ in ids])

    def supersede(self, peer: str) -> None:
        """What waits for a peer is not sent any more, but letters: it has been worked out anew."""
        self._db.run(_SUPERSEDE, "superseded: the peer was read again", peer)

    def get(self, id_: str, peers: Mapping[str, PeerInfo]) -> Parcel | None:
        """One parcel, sent or not, as long as it is kept."""
        row = self._db.first(_GET, id_)
        return None if row is None else self._parcel(row, peers, {})

    def list(
        self, link: str | None = None, peer: str | None = None, status: str | None = None, limit: int | None = None
    ) -> list[ParcelRow]:
        """Parcels, newest first."""
        statement = select(*_LISTED).order_by(p.serial.desc()).limit(limit)
        for column, wanted in ((p.link, link), (p.peer, peer), (p.status, status)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        return [_listed(row) for row in self._db.select(statement)]

    def count(self, link: str) -> int:
        """How many parcels wait on a link."""
        return int(self._db.value(_COUNT, link))

    def prune(self, before: float) -> None:
        """Drop parcels that were made before and do not wait, and what only they carried."""
        with self._db.transaction():
            if self._db.run(_PRUNE, before):
                self._db.run(_PRUNE_CONTENT)

    def _parcel(self, row: Any, peers: Mapping[str, PeerInfo], contents: dict[str, Content]) -> Parcel:
        id_, peer, kind, header, key = row
        values = from_json(header)
        if key not in contents:
            contents[key] = self.content(key)
        known = peers.get(peer)
        return Parcel(
            id=id_,
            peer=PeerInfo(
                id=peer, name=values["name"], address=values["address"], options=known.options if known else {}
            ),
            kind=ParcelKind(kind),
            to=values["to"],
            content=contents[key],
            own=frozenset((type_, list_) for type_, list_ in values["own"]),
            reply=None if values["reply"] is None else Reply(**values["reply"]),
            request=Request(**values["request"]) if values.get("request") else None,
            templates=values["templates"],
            back=values.get("back", False),
            by_file=values.get("by_file", False),
            title=values["title"],
            text=values["text"],
        )


def _listed(row: Sequence[Any]) -> ParcelRow:
    id_, link, peer, kind, title, count, status, reason, created_at, sent_at = row
    return ParcelRow(
        id=id_,
        link=link,
        peer=peer,
        kind=ParcelKind(kind),
        title=restored(title),
        count=count,
        status=status,
        reason=restored(reason),
        created_at=created_at,
        sent_at=sent_at,
    )


def _tuple(serial: int, parcel_: Parcel, link: str, now: float) -> tuple[object, ...]:
    header = {
        "name": parcel_.peer.name,
        "address": parcel_.peer.address,
        "to": parcel_.to,
        "own": sorted(parcel_.own),
        "reply": reply_text(parcel_.reply),
        "request": request_text(parcel_.request),
        "templates": parcel_.templates,
        "back": parcel_.back,
        "by_file": parcel_.by_file,
        "title": parcel_.title,
        "text": parcel_.text,
    }
    return (
        serial,
        parcel_.id,
        link,
        parcel_.peer.id,
        parcel_.kind.value,
        storable(parcel_.title),
        to_json(header),
        parcel_.content.key,
        parcel_.content.count(parcel_.own),
        READY,
        "",
        now,
        None,
    )
