"""A parcel as a message file: answers of the server, and letters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import attrs

from dxa.connector import Parcel, ParcelKind
from dxa.entry import Transaction, Verb
from dxa.errors import FormatError
from dxa.ledger.answer import ListKey, Segment
from dxa.rules.transliteration import transliterate
from dxa_msmail import importtext
from dxa_msmail.dirsyncbody import Numbers, Place, Profile, Task
from dxa_msmail.envelope import REPLY_FILE, SYSTEM, Envelope, clean_subject, mail_address, write_mail, write_message
from dxa_msmail.errors import format_error
from dxa_msmail.importlines import CODE_PAGE
from dxa_msmail.subjects import reply_subject

#: So many contents are kept encoded: peers that share one are answered one after the other.
KEPT = 4

#: What refuses an entry: its key and the reason.
Refusal = tuple[str, str]


class _Form(NamedTuple):
    """How a peer wants its transactions written."""

    code_page: str
    type_case: Any
    spelling: str
    layout: Any
    templates: bool


class _Piece(NamedTuple):
    """An encoded segment."""

    list_key: ListKey
    data: bytes
    records: int
    refused: tuple[Refusal, ...]


@attrs.define(kw_only=True)
class Writer:
    """Writes parcels of one link. Each content is encoded once for all peers that want it in the same form."""

    sender: str
    line_end: bytes
    placement: str
    _pieces: OrderedDict[tuple[str, _Form], list[_Piece]] = attrs.field(factory=OrderedDict, init=False)

    def reply(self, parcel: Parcel, now: float) -> tuple[bytes, list[Refusal]]:
        """The message file of an answer, and the entries that could not be written in it."""
        options = parcel.peer.options
        form = _Form(
            code_page=options.get("code_page") or CODE_PAGE,
            type_case=options.get("type_case") or "upper",
            spelling=options.get("spelling") or "PCM",
            layout=options.get("layout") or "columns",
            templates=parcel.templates,
        )
        pieces = [piece for piece in self._encoded(parcel, form) if piece.list_key not in parcel.own]
        reply = parcel.reply
        if reply is None:
            raise ValueError(f"parcel {parcel.id} answers nothing")
        numbers = Numbers(
            req=reply.r, srv=reply.s, srv_was=reply.was, imp=reply.i, count=sum(piece.records for piece in pieces)
        )
        profile = Profile(
            task=Task.IMPORTREPLY if parcel.kind is ParcelKind.FULL else Task.UPDATE,
            requestor=f"PCM:{parcel.peer.name}" if "/" in parcel.peer.name else parcel.peer.name,
            numbers=numbers,
            place=Place(options.get("placement") or self.placement),
        )
        envelope = Envelope(
            to=_reply_to(parcel, options),
            sender=self.sender,
            subject=reply_subject(numbers),
            file=REPLY_FILE,
            now=now,
            line_end=self.line_end,
            code_page=form.code_page,
        )
        data = write_message(envelope, profile, [piece.data for piece in pieces])
        return data, [refusal for piece in pieces for refusal in piece.refused]

    def letter(self, parcel: Parcel, now: float) -> bytes:
        """The message file of a letter to a person."""
        code_page = parcel.peer.options.get("code_page") or CODE_PAGE
        text = "\r\n".join(_plain(parcel.text, code_page).splitlines())
        envelope = Envelope(
            to=parcel.to or f"{parcel.peer.name}/{SYSTEM}",
            sender=self.sender,
            subject=clean_subject(_plain(parcel.title, code_page)),
            file="",
            now=now,
            line_end=self.line_end,
            code_page=code_page,
        )
        return write_mail(envelope, text.encode(code_page))

    def _encoded(self, parcel: Parcel, form: _Form) -> list[_Piece]:
        key = parcel.content.key, form
        if key not in self._pieces:
            self._pieces[key] = [_encode(segment, form) for segment in parcel.content.segments]
            while len(self._pieces) > KEPT:
                self._pieces.popitem(last=False)
        self._pieces.move_to_end(key)
        return self._pieces[key]


def _reply_to(parcel: Parcel, options: Mapping[str, Any]) -> str:
    """Where an answer goes: to the mailbox that asked, unless the peer has one for answers (KB Q118298)."""
    to = parcel.to or f"{parcel.peer.name}/{SYSTEM}"
    mailbox = options.get("reply_mailbox") or ""
    asked = mail_address(to)
    return f"{asked.list}/{mailbox}" if mailbox and asked.list else to


def _encode(segment: Segment, form: _Form) -> _Piece:
    rows: Sequence[Transaction] = segment.transactions
    if rows[0].verb is Verb.MODIFY:  # so are all of a segment
        rows = list(map(_two_lines, rows))
    try:
        _check(rows)
        return _Piece(segment.list_key, _write(rows, form), len(rows), ())
    except FormatError:
        # Some entry has characters that the core should have refused: the others go out all the same.
        return _one_by_one(segment.list_key, rows, form)


def queued(rows: list[Transaction], *, code_page: str, spelling: str) -> tuple[bytes, int, list[Refusal]]:
    """The lines of a requestor's queue, how many records they are, and the entries that cannot be written."""
    form = _Form(code_page=code_page, type_case="upper", spelling=spelling, layout="columns", templates=True)
    try:
        _check(rows)
        return _write(rows, form), len(rows), []
    except FormatError:
        piece = _one_by_one(("", ""), rows, form)
        return piece.data, piece.records, list(piece.refused)


def _one_by_one(list_key: ListKey, rows: Sequence[Transaction], form: _Form) -> _Piece:
    """A comment keeps the number of a record that cannot be written, so that the peer sees no hole (KB Q110496)."""
    lines: list[bytes] = []
    refused: list[Refusal] = []
    for row in rows:
        try:
            _check([row])
            lines.append(_write([row], form))
        except FormatError as error:
            lines.append(f"{row.number:010d} # not sent\r\n".encode("ascii"))
            refused += [(key, str(error)) for key in _keys(row)]
    return _Piece(list_key, b"".join(lines), len(rows) - len(refused), tuple(refused))


def _keys(row: Transaction) -> Iterator[str]:
    entry = row.new or row.old
    if entry is not None:
        yield entry.key or f"{entry.type}:{entry.address}"


def _write(rows: Sequence[Transaction], form: _Form) -> bytes:
    return importtext.write(
        rows,
        code_page=form.code_page,
        numbered=True,
        type_case=form.type_case,
        layout=form.layout,
        templates=form.templates,
        ms_name=form.spelling,
    )


def _check(rows: Sequence[Transaction]) -> None:
    """Blanks around a name would be lost on the way; raises `FormatError`."""
    names = [row.new.name for row in rows if row.new is not None and row.verb is not Verb.DEFINE]
    names += [row.old.name for row in rows if row.old is not None]
    for name in names:
        if name[:1] == " " or name[-1:] == " ":
            raise format_error(46, field="name", got=name)


def _two_lines(row: Transaction) -> Transaction:
    """A modify that says its address twice, as MS Mail itself always does (KB Q152424)."""
    if row.new is None or row.new.key or not row.new.address:
        return row
    return row._replace(new=row.new._replace(key=f"{row.new.type}:{row.new.address}"))


def _plain(text: str, code_page: str) -> str:
    """The text with what the code page lacks spelled out."""
    return transliterate(text, code_page=code_page, style="german", unknown=lambda char: f"<U+{ord(char):04X}>")
