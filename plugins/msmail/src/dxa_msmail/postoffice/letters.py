"""Letters: submitted into a mailbag, fetched, delivered to more mailbags, and dropped when nobody has them any more.

A letter's files are written before the header that names them. The MAI counts the mailbags in which the letter lies
(KB Q104423); with the last header go its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import blake2b

import attrs

from dxa.errors import FormatError
from dxa_msmail.envelope import MailAddress, mail_address
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import damaged, mailbag
from dxa_msmail.postoffice.identity import next_letter
from dxa_msmail.postoffice.mailbag import INQUEUE, Header
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.mailfiles import (
    P1,
    Mai,
    MaiHead,
    Reference,
    att_name,
    mai_name,
    p1_name,
    read_att,
    read_mai,
    read_p1,
    recounted,
    write_att,
    write_mai,
    write_p1,
)
from dxa_msmail.postoffice.seen import remember as remember
from dxa_msmail.postoffice.seen import remembered as remembered


@attrs.frozen(kw_only=True)
class Letter:
    """One mail. Addresses are ``NET/PO/MBX`` or, of another kind, ``SMTP:…``; `to` are all of its recipients.

    `time` is local and has no seconds. `trace` are the postoffices that it has passed (``NET/PO``), its own first.
    `extra` are headers of a message file that FFAPI does not name. All text is of code page 850; body and attachments
    are bytes.
    """

    sender: str
    to: tuple[str, ...]
    time: datetime
    subject: str = ""
    body: bytes = b""
    attachments: tuple[Attachment, ...] = ()
    priority: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    trace: tuple[str, ...] = ()

    @property
    def origin(self) -> MailAddress:
        """Who sent it."""
        return mail_address(self.sender)


# -- putting them there --------------------------------------------------------------------------------------------


def submit(
    change: Changing,
    letter: Letter,
    *,
    bag: str = INQUEUE,
    recipients: Iterable[str] | None = None,
    now: float | None = None,
) -> str:
    """Store a letter with its envelope in a mailbag of mail that is to be moved on; returns its stem.

    `recipients` are those of `to` who are still to get it, all when not given; `now` is when it came in, in seconds
    since 1970. Raises `TransportError` when the mailbag is full (8) or missing (113), `FormatError`; nothing is written
    then.
    """
    mailbag.require_room(change, bag)
    wanted = letter.to if recipients is None else tuple(recipients)
    if not set(wanted) <= set(letter.to):
        raise ValueError(f"the envelope names {sorted(set(wanted) - set(letter.to))}, whom the letter does not")
    stem, header = _store(change, letter, 1, recipients=wanted)
    mailbag.append(change, bag, header.at(_when(letter, now)))
    return stem


def deliver(change: Changing, what: Letter | str, *bags: str, now: float | None = None, leaving: int = 0) -> str:
    """Put a letter, or the one with this stem that is here already, into mailbags; returns its stem.

    Of one that is here so many headers are `leaving`: the caller deletes them with `mailbag.delete`. Raises as
    `submit`; nothing is written then.
    """
    for bag in bags:
        mailbag.require_room(change, bag, bags.count(bag))
    if isinstance(what, Letter):
        stem, header = _store(change, what, len(bags))
        when = _when(what, now)
    else:
        stem, letter = what, fetch(change, what, attachments=False)
        header, when = _header(letter, what), _when(letter, now)
        if len(bags) != leaving:
            recount(change, what, len(bags) - leaving)
    for bag in bags:
        mailbag.append(change, bag, header.at(when))
    return stem


def recount(change: Changing, stem: str, by: int) -> None:
    """Count so many more mailbags in which a letter lies (KB Q104423); raises `FormatError` 40."""
    name = mai_name(stem)
    change.write(name, recounted(change.read(name) or b"", name, by)[0])


def _when(letter: Letter, now: float | None) -> float:
    return letter.time.timestamp() if now is None else now


def _header(letter: Letter, stem: str) -> Header:
    origin = letter.origin
    return mailbag.header(sender=origin.mailbox, subject=letter.subject, sent=letter.time, stem=stem)


def check(letter: Letter) -> None:
    """Raise `FormatError` when the letter cannot be stored: a text of it is not of the code page, or it has too many
    recipients.
    """
    references = [Reference("00000000", write_att(each.name, b"")[1]) for each in letter.attachments]
    write_mai(_mai(attrs.evolve(letter, body=b""), 1, references))


def _mai(letter: Letter, count: int, attachments: Iterable[Reference]) -> Mai:
    time = letter.time
    head = MaiHead(
        count=count,
        minute=time.minute,
        hour=time.hour,
        day=time.day,
        month=time.month,
        year=time.year,
    )
    return Mai(
        head=head,
        sender=letter.sender,
        subject=letter.subject,
        priority=letter.priority,
        to=letter.to,
        extra=letter.extra,
        attachments=tuple(attachments),
        trace=letter.trace,
        body=letter.body,
    )


def _store(
    change: Changing, letter: Letter, count: int, recipients: tuple[str, ...] | None = None
) -> tuple[str, Header]:
    """Write the letter's files; returns its stem and header."""
    check(letter)
    stem, files = files_of(letter, lambda: next_letter(change), count=count, recipients=recipients)
    for name, data in files.items():
        change.write(name, data)
    return stem, _header(letter, stem)


def files_of(
    letter: Letter, new_stem: Callable[[], str], *, count: int = 1, recipients: tuple[str, ...] | None = None
) -> tuple[str, dict[str, bytes]]:
    """The stem of a letter that lies in `count` mailbags, and its files by name in the order in which they are written.

    With `recipients` there is an envelope. `new_stem` gives the stem, then one for each attachment. Raises
    `FormatError` as `check`.
    """
    p1 = None if recipients is None else write_p1(P1(letter.sender, recipients))
    attachments = [write_att(each.name, each.data) for each in letter.attachments]
    stem = new_stem()
    references = [Reference(new_stem(), crc) for _, crc in attachments]
    files = {att_name(reference.stem): data for reference, (data, _) in zip(references, attachments, strict=True)}
    files[mai_name(stem)] = write_mai(_mai(letter, count, references))
    if p1 is not None:
        files[p1_name(stem)] = p1
    return stem, files


# -- looking at them -----------------------------------------------------------------------------------------------


def fetch(files: Files, stem: str, *, attachments: bool = True) -> Letter:
    """The letter with this stem, without the bytes of its `attachments` if they are not wanted.

    Raises `FormatError` 40 that names the file when one is missing, damaged, or not of dxa's layout.
    """
    source = mai_name(stem)
    mai = read_mai(files.read(source), source)
    head = mai.head
    try:
        time = datetime(head.year, head.month, head.day, head.hour, head.minute)
    except ValueError:
        raise FormatError("no time", source=source, offset=0x10, field="time", expected="a time", got="none") from None
    return Letter(
        sender=mai.sender,
        to=mai.to,
        time=time,
        subject=mai.subject,
        body=mai.body,
        attachments=tuple(_attached(files, mai.attachments)) if attachments else (),
        priority=mai.priority,
        extra=mai.extra,
        trace=mai.trace,
    )


def _attached(files: Files, references: Iterable[Reference]) -> Iterable[Attachment]:
    for reference in references:
        source = att_name(reference.stem)
        name, data, crc = read_att(files.read(source), source)
        if crc != reference.crc:
            raise FormatError(
                "the attachment of another letter",
                source=source,
                offset=0x10,
                field="crc",
                expected=f"{reference.crc:08X}",
                got=f"{crc:08X}",
                code=40,
            )
        yield Attachment(name, data)


def envelope(files: Files, stem: str) -> tuple[str, ...]:
    """Who is still to get the letter, of a mailbag of mail that is to be moved on; raises `FormatError` 40."""
    return read_p1(files.read(p1_name(stem)), p1_name(stem)).recipients


def digest_of(letter: Letter, stem: str, origin: str, recipient: str = "") -> str:
    """32 hexadecimal digits that tell this letter, from the postoffice `origin` (NET/PO), from every other one.

    With a `recipient` they stand for the delivery to that one.
    """
    digest = blake2b(digest_size=16)
    texts = [origin.casefold(), stem, recipient.casefold(), letter.sender, letter.subject, f"{letter.time}", *letter.to]
    parts = [
        *(text.encode("utf-8", "surrogatepass") for text in texts),
        letter.body,
        *(part for each in letter.attachments for part in (each.name.encode("utf-8", "surrogatepass"), each.data)),
    ]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


# -- taking them away ----------------------------------------------------------------------------------------------


def drop(change: Changing, bag: str, *slots: int) -> None:
    """Delete headers, and the files of the letters that lie in no mailbag any more.

    Of one that cannot be read only those go of which DXA/BAD has a copy. Errors as `mailbag.headers`.
    """
    wanted = set(slots)
    # A letter may have more than one header (KB Q127752), and is counted once.
    stems = dict.fromkeys(header.stem for slot, header in mailbag.headers(change, bag) if slot in wanted)
    mailbag.delete(change, bag, *wanted)
    for stem in stems:
        _release(change, stem)


def _release(change: Changing, stem: str) -> None:
    source = mai_name(stem)
    data = change.read(source)
    try:
        data, count = recounted(data or b"", source, -1)
    except FormatError:
        damaged.release(change, stem)
        return
    if count:
        change.write(source, data)
        return
    try:
        references = read_mai(data, source).attachments
    except FormatError:
        references = ()
        damaged.release_attachments(change, stem)
    for name in (source, p1_name(stem), *(att_name(reference.stem) for reference in references)):
        change.remove(name)


def seal(change: Changing, stem: str, recipients: Iterable[str]) -> None:
    """Rewrite a letter's envelope with those who are still to get it; without any it is removed (KB Q85058)."""
    rest = tuple(recipients)
    name = p1_name(stem)
    if not rest:
        change.remove(name)
        return
    old = read_p1(change.read(name), name)
    change.write(name, write_p1(attrs.evolve(old, recipients=rest)))
