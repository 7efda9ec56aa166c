"""The mail for $SYSTEM, as a directory server finds it: requests, status reports, and what is neither."""

from __future__ import annotations

import attrs

from dxa.connector import Report
from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_msmail.dirsyncbody import is_profile, parse_profile
from dxa_msmail.envelope import reject_of
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import SYSTEM, Header
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.mailfolder import letter_name
from dxa_msmail.postoffice.messages import BAD, message_of, set_aside
from dxa_msmail.reading import Reader

_UNREADABLE = 115


def is_answer_to(letter: Letter, own: str) -> bool:
    """Whether the letter is an answer of the server `own` (NET/PO), where it is a requestor of itself."""
    if letter.origin.list.casefold() != own.casefold() or not is_profile(letter.body):
        return False
    try:
        return parse_profile(letter.body).task.is_reply
    except FormatError:
        return False


@attrs.define
class ServerInbox:
    """What lies in SYSTEM.MBG for the server `own` (NET/PO); `now` in seconds since 1970.

    Answers to the server's own requestor stay for REQMAIN. `reports` are in their order of arrival, each with the
    letter it came from; `aside` are letters that nobody can use; `settled` counts those that had been taken before.
    """

    change: Changing
    own: str
    reader: Reader
    now: float
    reports: list[tuple[Report, Letter]] = attrs.field(factory=list)
    aside: list[Reject] = attrs.field(factory=list)
    settled: int = 0
    _slots: list[int] = attrs.field(factory=list)
    _digests: list[str] = attrs.field(factory=list)
    _known: set[str] = attrs.field(factory=set)

    def read(self) -> None:
        """Look at every letter; nothing in one of them stops the others.

        Raises `TransportError` 115 without the mailbag, `FormatError` 40 when the mailbag itself is damaged.
        """
        self._known = letters.remembered(self.change)
        for slot, header in mailbag.headers(self.change, SYSTEM):
            try:
                letter = letters.fetch(self.change, header.stem)
            except FormatError as error:
                self._slots.append(slot)
                reject = reject_of(error)
                self._set_aside(header, reject._replace(code=reject.code or _UNREADABLE))
                continue
            if not (self.reader.own_requestor and is_answer_to(letter, self.own)):
                self._slots.append(slot)
                self._take(header, letter)

    def settle(self) -> None:
        """Remember what was taken, and delete the headers: the last step of the change."""
        if self._slots:
            letters.remember(self.change, self._digests, self.now)
            letters.drop(self.change, SYSTEM, *self._slots)

    def _take(self, header: Header, letter: Letter) -> None:
        digest = letters.digest_of(letter, header.stem, self.own)
        if digest in self._known:
            self.settled += 1
            return
        self._known.add(digest)
        self._digests.append(digest)
        try:
            data = message_of(letter)
        except FormatError as error:
            self._set_aside(header, reject_of(error, letter.subject))
            return
        for report in self.reader.read(header.stem, data).reports:
            self.reports.append((report, letter))
            if report.fault is not None:
                self._keep(header, report.fault)

    def _keep(self, header: Header, reject: Reject) -> None:
        set_aside(self.change, letter_name(self.change, header), header.stem, reject.reason)

    def _set_aside(self, header: Header, reject: Reject) -> None:
        name = letter_name(self.change, header)
        self.aside.append(reject._replace(reason=f"{reject.reason}; kept as {name} in {BAD}"))
        self._keep(header, reject)
