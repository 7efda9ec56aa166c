"""What becomes of mail that can be delivered never: a report goes back to its sender, or the mail is kept aside.

A report comes from the POSTMASTER of the postoffice that could not deliver (KB Q99204), and says why with a number of
the original's system log. Reports about reports, and about exported user lists, there are none: those are kept aside.
Who writes from a $SYSTEM gets his report there, where SRVMAIN and REQMAIN take it as error 154 and answer nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime

import attrs

from dxa.errors import FormatError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import letters
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.messages import BAD, set_aside
from dxa_msmail.programs.external.causes import CORRUPT, NO_ATTACHMENT
from dxa_msmail.programs.external.mailroom import Outcome
from dxa_msmail.requestor.journal import Journal

NON_DELIVERY = 154
#: KB Q99204: who sends reports.
POSTMASTER = "POSTMASTER"

_REPORT = re.compile(r"(undeliver|non-?delivery|ndr\b|returned mail|mail failure)", re.IGNORECASE)


# -- what cannot be delivered --------------------------------------------------------------------------------------


@attrs.frozen
class Stray:
    """A letter in a mailbag here: what it is called, and what it says as far as it can be read."""

    name: str
    stem: str
    letter: Letter


def is_report(letter: Letter) -> bool:
    """Whether a mail system wrote it because it could not deliver another one."""
    return bool(_REPORT.match(letter.subject.strip()))


def readable(files: Files, name: str, stem: str) -> Stray | None:
    """As much as can be read of a letter that is damaged."""
    try:
        return Stray(name, stem, letters.fetch(files, stem, attachments=False))
    except FormatError:
        return None


@attrs.frozen(kw_only=True)
class Returns:
    """What becomes of mail that can never be delivered; what has waited for more than `give_up` seconds is such."""

    own: str
    now: float
    journal: Journal
    outcome: Outcome
    give_up: float = math.inf

    def is_late(self, arrived: float | None) -> bool:
        """Whether what came into a mailbag then has waited too long."""
        return arrived is not None and self.now - arrived > self.give_up

    def bounce(self, change: Changing, stray: Stray, reasons: Mapping[str, str]) -> Letter | None:
        """The report that says to the sender why these recipients do not get the letter; the caller submits it.

        Without one the letter is kept aside. Its header is the caller's business.
        """
        letter = stray.letter
        text = self._text(letter, reasons)
        if not _may_be_answered(letter):
            self.put_aside(change, stray.name, stray.stem, text, NON_DELIVERY)
            return None
        return self._report(letter, reasons, text)

    def spoilt(self, change: Changing, name: str, stem: str, error: FormatError) -> Letter | None:
        """Keep a letter aside that cannot be read as a whole; the report to its sender, if he is known."""
        stray = readable(change, name, stem)
        self.put_aside(change, name, stem, str(error), error.code or -1)
        if stray is None or not _may_be_answered(stray.letter):
            return None
        cause = NO_ATTACHMENT if error.source.startswith("ATT/") else CORRUPT
        reasons = dict.fromkeys(stray.letter.to, cause.told(str(error)))
        return self._report(stray.letter, reasons, self._text(stray.letter, reasons))

    def put_aside(self, change: Changing, name: str, stem: str, reason: str, number: int = -1) -> None:
        """Keep a letter in DXA/BAD; its header is the caller's business."""
        set_aside(change, name, stem, reason)
        what = f"{error_text(number)}: " if number >= 0 else ""
        self.journal.warn(f"{what}{reason}; kept in {BAD} as {name}", number)
        self.outcome.aside.append(reason)

    def _text(self, letter: Letter, reasons: Mapping[str, str]) -> str:
        why = "; ".join(f"{recipient}: {reason}" for recipient, reason in reasons.items())
        return f"mail from {letter.sender} ({letter.subject}) to {why}"

    def _report(self, letter: Letter, reasons: Mapping[str, str], text: str) -> Letter:
        self.journal.warn(f"{error_text(NON_DELIVERY)}: {text}", NON_DELIVERY)
        self.outcome.returned.append(text)
        way = ["", f"It went by way of {', '.join(letter.trace)}."] if letter.trace else []
        lines = [
            "Your mail could not be delivered to",
            *(f"  {recipient}: {reason}" for recipient, reason in reasons.items()),
            *way,
            "",
            f"Subject: {letter.subject}",
            f"Sent: {letter.time:%Y-%m-%d %H:%M}",
        ]
        return Letter(
            sender=f"{self.own}/{POSTMASTER}",
            to=(letter.sender,),
            time=datetime.fromtimestamp(self.now).replace(second=0, microsecond=0),
            subject=f"Undeliverable: {letter.subject}"[:40],
            body="".join(f"{line}\r\n" for line in lines).encode(CODE_PAGE, "replace"),
        )


def _may_be_answered(letter: Letter) -> bool:
    """Two programs that report to each other never end."""
    return not letter.origin.is_special and not is_report(letter)
