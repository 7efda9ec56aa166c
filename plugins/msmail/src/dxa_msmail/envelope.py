"""What a directory synchronization mail is made of, for both sides: addresses, body, transactions and their check."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import attrs

from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_msmail import dirsyncbody, ffapi
from dxa_msmail.addresses import MS
from dxa_msmail.dirsyncbody import Place, Profile
from dxa_msmail.errors import format_error
from dxa_msmail.ffapi import LINE_ENDS, Attachment, MailMessage
from dxa_msmail.importlines import CODE_PAGE

#: KB Q96060, Q118298: the mailbox that directory synchronization is addressed to and sent from.
SYSTEM = "$SYSTEM"
#: KB Q112879, Q147602: the mailbox of address-list messages, which are no transactions.
SPECIAL = frozenset({"*SPECIAL", "$SPECIAL"})
#: What a requestor of this project says of itself: it exports in full when its R is quoted outside its range.
STRICT_VERSION = "dxa-1"
#: KB Q118298, Q123857 and Q96060: the names of attachments.
REPLY_FILE, REQUEST_FILE, STATUS_FILE = "TMPTRANS.GLB", "REQUPDS.GLB", "DSSERVER.LOG"
#: Our own key in a body: the CRC-32 of the transactions, in hexadecimal digits.
CHECK = "DXACHECK"
LINE_END_NAMES = dict(zip(("CR", "LF", "CRLF"), LINE_ENDS, strict=True))

# KB Q150828: an Exchange connector is $SYSTEM or SYSTEM1, SYSTEM2 …; names that begin alike are other mailboxes.
_SYSTEM_MAILBOX = re.compile(r"\$SYSTEM|SYSTEM[0-9]*", re.IGNORECASE)


class MailAddress(NamedTuple):
    """An address of a message file: ``NET/PO`` and mailbox, or, of another kind, all of it as `mailbox`."""

    list: str
    mailbox: str

    @property
    def is_system(self) -> bool:
        """Whether this is where directory synchronization lives."""
        return bool(self.list) and bool(_SYSTEM_MAILBOX.fullmatch(self.mailbox))

    @property
    def is_special(self) -> bool:
        """Whether address-list messages go there or come from there."""
        return bool(self.list) and self.mailbox.upper() in SPECIAL

    def __str__(self) -> str:
        return f"{self.list}/{self.mailbox}" if self.list else self.mailbox


def mail_address(text: str) -> MailAddress:
    """The address that a TO or FROM line means: ``NET/PO/MBX``, with or without a type of the native kind."""
    value = text.strip()
    kind, colon, rest = value.partition(":")
    if colon and "/" not in kind:
        if kind.upper() not in (MS.name, *MS.aliases):
            return MailAddress("", value)
        value = rest
    parts = [part.strip() for part in value.split("/", 2)]
    if len(parts) == 3 and all(parts):
        return MailAddress(f"{parts[0]}/{parts[1]}", parts[2])
    return MailAddress("", text.strip())


def mail_text(address: str) -> str:
    """An address as the TO and FROM lines of a message file spell it.

    KB Q106623: a native address has the type CSI there, whatever the body calls it.
    """
    parsed = mail_address(address)
    return f"CSI:{parsed}" if parsed.list else parsed.mailbox


def stamp(now: float) -> tuple[str, str]:
    """Date and time for a message, local."""
    local = datetime.fromtimestamp(now)
    return f"{local:%Y-%m-%d}", f"{local:%H:%M}"


def reject_of(error: FormatError, raw: str = "") -> Reject:
    """The reason why a message cannot be used, with the keyword or field that is to blame (dx:T-162)."""
    if error.field.isupper() and not error.got and error.code in (155, 158):
        text = f"the keyword {error.field}= is missing or empty"
    else:
        where = f"{error.field}: " if error.field else ""
        detail = f": {error.got!r}" if error.got else ""
        if error.expected:
            detail = f": expected {error.expected}, got {error.got!r}"
        text = f"{where}{error.reason}{detail}"
    return Reject(0, error.line, raw or error.got, error.code, text)


# -- writing -------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Envelope:
    """Everything about a message but its profile and transactions."""

    to: str
    sender: str
    subject: str
    file: str
    now: float
    line_end: bytes = LINE_ENDS[2]
    code_page: str = CODE_PAGE


def write_message(envelope: Envelope, profile: Profile, transactions: Sequence[bytes]) -> bytes:
    """The message file; `transactions` are the encoded lines in pieces, without the heading, none for no attachment.

    Where they go is what the profile's `place` says.
    """
    attachments: tuple[Attachment, ...] = ()
    if transactions:
        section = b"".join([f"{dirsyncbody.TRANSACTIONS_SECTION}\r\n".encode(), *transactions])
        profile = attrs.evolve(profile, extra=(*profile.extra, (CHECK, check_of(section))))
        if profile.place is Place.INBODY:
            profile = attrs.evolve(profile, transactions=section)
        else:
            attachments = (Attachment(envelope.file, section),)
    return write_mail(envelope, dirsyncbody.write_profile(profile, code_page=envelope.code_page), attachments)


def write_mail(envelope: Envelope, body: bytes, attachments: tuple[Attachment, ...] = ()) -> bytes:
    """The message file of a mail that is ready but for its envelope."""
    date, time = stamp(envelope.now)
    message = MailMessage(
        to=(mail_text(envelope.to),),
        sender=mail_text(envelope.sender),
        subject=envelope.subject,
        date=date,
        time=time,
        body=body,
        attachments=attachments,
    )
    return ffapi.write(message, end=envelope.line_end, code_page=envelope.code_page)


def check_of(section: bytes) -> str:
    """The check of a section of transactions: nobody in between has mixed or cut it (dx:T-180)."""
    return f"{zlib.crc32(section):08X}"


# -- reading -------------------------------------------------------------------------------------------------------


def find_transactions(message: MailMessage, profile: Profile, *, required: bool) -> bytes | None:
    """The section of transactions of a message, wherever it stands.

    None when there is none and none is `required`; raises `FormatError` 116 when one is required and none is there,
    125 when it lies in a file beside the message.
    """
    if profile.transactions is not None:
        return profile.transactions
    for attachment in message.attachments:
        if dirsyncbody.is_transactions(attachment.data):
            return attachment.data
    if not required:
        return None
    if message.attachments:
        return message.attachments[0].data  # the reader says what is wrong with it
    if message.externals:
        names = ", ".join(external.file for external in message.externals)
        raise format_error(125, field="XATTACH", expected="an attachment inside the message", got=names)
    raise format_error(116)


def is_intact(profile: Profile, section: bytes) -> bool:
    """Whether the transactions are those that the sender wrote; who sends no check is believed."""
    said = next((value for key, value in profile.extra if key.upper() == CHECK), "")
    return not said or said.upper() == check_of(section)


def clean_subject(text: str, length: int = 40) -> str:
    """A subject without control characters, as long as a mailbag can hold."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())[:length]
