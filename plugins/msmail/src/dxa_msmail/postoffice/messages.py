"""Letters as message files of FFAPI, and letters that nobody can use."""

from __future__ import annotations

from datetime import datetime

from dxa.errors import FormatError
from dxa_msmail import ffapi
from dxa_msmail.envelope import mail_address, mail_text
from dxa_msmail.ffapi import MailMessage
from dxa_msmail.postoffice import damaged
from dxa_msmail.postoffice.damaged import BAD as BAD
from dxa_msmail.postoffice.letters import Letter, fetch
from dxa_msmail.postoffice.maildata import Changing


def message_of(letter: Letter) -> bytes:
    """The letter as a message file of FFAPI; raises `FormatError` when it cannot be one."""
    time = letter.time
    return ffapi.write(
        MailMessage(
            to=tuple(map(mail_text, letter.to)),
            sender=mail_text(letter.sender),
            subject=letter.subject,
            date=f"{time:%Y-%m-%d}",
            time=f"{time:%H:%M}",
            priority=letter.priority,
            body=letter.body,
            attachments=letter.attachments,
            extra=letter.extra,
        )
    )


def letter_of(message: MailMessage, now: float) -> Letter:
    """A mail of a message file as a letter; one without a time was sent now (seconds since 1970).

    Raises `FormatError` for one whose body or attachments lie in files beside it.
    """
    if message.externals or message.text_file:
        field = "XATTACH" if message.externals else "XTEXT"
        got = message.text_file or message.externals[0].file
        raise FormatError("a part of the mail lies in a file beside it", field=field, expected="one file", got=got)
    return Letter(
        sender=_plain(message.sender),
        to=tuple(map(_plain, message.to)),
        time=_time(message.date, message.time, now),
        subject=message.subject,
        body=message.body,
        attachments=message.attachments,
        priority=message.priority,
        extra=message.extra,
    )


def _plain(address: str) -> str:
    return str(mail_address(address))


def _time(date: str, time: str, now: float) -> datetime:
    try:
        return datetime.strptime(f"{date} {time or '00:00'}", "%Y-%m-%d %H:%M")
    except ValueError:
        return datetime.fromtimestamp(now).replace(second=0, microsecond=0)


def set_aside(change: Changing, name: str, stem: str, reason: str) -> None:
    """Keep a letter that nobody can use as ``DXA/BAD/name.MSG``, a message file, with the reason in ``name.WHY``.

    Of one that cannot be read its own files are kept, see `dxa_msmail.postoffice.damaged.keep`.
    """
    try:
        change.write(f"{BAD}/{name}.MSG", message_of(fetch(change, stem)))
    except FormatError:
        damaged.keep(change, name, stem)
    change.write(f"{BAD}/{name}.WHY", f"{reason}\n".encode())
