"""What a directory server tells people: CENTRAL.LOG, and letters to its administrator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from dxa.errors import TransportError
from dxa_msmail.envelope import SYSTEM
from dxa_msmail.errors import MESSAGES
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import letters
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import LOG_SIZE, Changing
from dxa_msmail.postoffice.users import users
from dxa_msmail.requestor.journal import Journal

CENTRAL_LOG = "LOG/CENTRAL.LOG"

_NOT_SENT, _NO_ADMINISTRATOR = 113, 154
# KB Q149271: date, severity, number (-1 for none) and argument.
_CODED = re.compile(r"([0-9/]{6,10} [0-9:]{5,8}) \| +([0-9]+) +(-?[0-9]+) ?(.*)")


def expanded(line: str) -> str:
    """A line of DSSERVER.LOG in the form of DIRSYNC.LOG; one of another form stays as it is (dx:T-156)."""
    found = _CODED.fullmatch(line.strip())
    if found is None:
        return line.rstrip()
    when, severity, number, text = found[1], int(found[2]), int(found[3]), found[4]
    level = "Status" if severity == 1 else "Fatal"
    said = error_text(number) if number in MESSAGES else ""
    bracket = f"[{number:>3}]" if severity != 1 and number >= 0 else " " * 5
    return f"{when} | {level:<7}{bracket} {': '.join(filter(None, (said, text)))}"


def central(change: Changing, reports: Sequence[tuple[str, str]], now: float) -> None:
    """Add status reports, each with its sender (NET/PO), to CENTRAL.LOG, which never grows without bound."""
    if not reports:
        return
    stamp = f"{datetime.fromtimestamp(now):%m/%d/%y %H:%M:%S}"
    lines: list[str] = []
    for sender, text in reports:
        # KB Q192158
        lines += [f"{stamp} | Status  Report from {sender}/{SYSTEM}", *map(expanded, text.splitlines())]
    new = "".join(f"{line}\r\n" for line in lines).encode(CODE_PAGE, "replace")
    data = (change.read(CENTRAL_LOG) or b"") + new
    if len(data) > LOG_SIZE:
        data = data[-LOG_SIZE // 4 :].partition(b"\n")[2]
    change.write(CENTRAL_LOG, data)


@attrs.define
class Administrator:
    """Who gets to know what needs a person (Config, Dir-Sync, Server, Options); `own` is the server's NET/PO."""

    change: Changing
    own: str
    mailbox: str
    journal: Journal
    now: float
    problems: list[str] = attrs.field(factory=list)

    def tell(self, number: int, text: str) -> None:
        """Something needs a person: it goes into the log, and into the letter."""
        self.journal.warn(text, number or -1)
        self.problems.append(f"[{number}] {text}" if number else text)

    def write(self, program: str, more: Iterable[str] = ()) -> bool:
        """Submit the letter, if there is something in it; without an administrator only the log knows (KB Q125511).

        Returns whether one was submitted.
        """
        lines = [*self.problems, *more]
        if not lines:
            return False
        known = {user.mailbox.casefold(): user.mailbox for user in users(self.change)}
        if self.mailbox.casefold() not in known:
            who = f"{self.own}/{self.mailbox}" if self.mailbox else "nobody is its administrator"
            hint = "`dxa msmail admin ADMIN server-options --administrator MAILBOX` names one"
            self.journal.warn(f"{error_text(_NO_ADMINISTRATOR)}: {who}; {hint}", _NO_ADMINISTRATOR)
            return False
        letter = Letter(
            sender=f"{self.own}/{SYSTEM}",
            to=(f"{self.own}/{known[self.mailbox.casefold()]}",),
            time=datetime.fromtimestamp(self.now).replace(second=0, microsecond=0),
            subject=f"{program}: {len(lines)} to look at"[:40],
            body="".join(f"{line}\r\n" for line in lines).encode(CODE_PAGE, "replace"),
        )
        try:
            letters.submit(self.change, letter, now=self.now)
        except TransportError as error:  # what requestors have sent is taken all the same
            self.journal.warn(f"{error}; the letter to the administrator is not sent", _NOT_SENT)
            return False
        return True
