"""Whether the mail of a link can go out and come in, tried without sending, taking or changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from dxa.connector import Fault
from dxa.errors import TransportError
from dxa.mail.imap import ImapBox
from dxa.mail.interface import RefusedError
from dxa.mail.maildir import MaildirBox
from dxa.mail.options import MailOptions
from dxa.mail.smtp import SmtpSubmission

#: Nobody who looks waits longer for an answer of a server, in seconds, whatever the configuration says.
PATIENCE = 15.0


def mail_faults(options: MailOptions, folder: Path) -> Iterator[Fault]:
    """What keeps mail from going out, and from coming in; paths start at `folder`.

    The server that takes our mail can be reached, over TLS if that is configured, and knows us; the Maildir, or the
    folder at the IMAP server, can be opened. What a server refuses is a fault; one that is away is a warning, for it
    may be back when it is needed.
    """
    smtp = attrs.evolve(options.smtp, timeout=min(options.smtp.timeout, PATIENCE))
    out = SmtpSubmission(options=smtp, hello=options.address.rpartition("@")[2], folder=folder)
    yield from _tried("mail.smtp", out.reach)
    if options.maildir:
        yield from _tried("mail.maildir", MaildirBox(folder / options.maildir).reach)
    else:
        imap = attrs.evolve(options.imap, timeout=min(options.imap.timeout, PATIENCE))
        yield from _tried("mail.imap", ImapBox(options=imap, folder=folder).reach)


def _tried(where: str, reach: Callable[[], None]) -> Iterator[Fault]:
    try:
        reach()
    except RefusedError as error:
        yield Fault(where=where, text=str(error))
    except TransportError as error:
        yield Fault(where=where, text=str(error), warning=True)
