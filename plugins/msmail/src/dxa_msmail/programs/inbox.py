"""The mail for $SYSTEM, as a requestor finds it: answers of its server, and what is none."""

from __future__ import annotations

import attrs

from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_msmail.dirsyncbody import is_profile
from dxa_msmail.envelope import reject_of
from dxa_msmail.errors import message as error_text
from dxa_msmail.ffapi import MailMessage
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import SYSTEM, Header
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.mailfolder import letter_name
from dxa_msmail.postoffice.messages import BAD, set_aside
from dxa_msmail.programs.external.returning import is_report
from dxa_msmail.programs.srvmain.inbox import is_answer_to
from dxa_msmail.requestor.answers import Answer, AnswerReader

_UNREADABLE, _NO_DIRSYNC = 115, 154


@attrs.define
class Inbox:
    """What lies in SYSTEM.MBG; `own` is ``NET/PO``, `now` in seconds since 1970.

    `answers` and `others` are in their order of arrival; `settled` counts letters that had been taken before.
    """

    change: Changing
    own: str
    reader: AnswerReader
    now: float
    #: A directory server works here, too: what is no answer of it is its mail, and stays.
    serves: bool = False
    answers: list[Answer] = attrs.field(factory=list)
    others: list[Reject] = attrs.field(factory=list)
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
                if self.serves:
                    continue
                self._slots.append(slot)
                reject = reject_of(error)
                self._set_aside(header, reject._replace(code=reject.code or _UNREADABLE))
            else:
                if not self.serves or is_answer_to(letter, self.own):
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
        is_from_server = letter.origin.list.casefold() == self.reader.server.casefold()
        if is_report(letter) or not (is_profile(letter.body) or is_from_server):
            text = f"a letter from {letter.sender}: {letter.subject}; nobody else gets it"
            self.others.append(Reject(0, 0, letter.subject, _NO_DIRSYNC, f"{error_text(_NO_DIRSYNC)}: {text}"))
            return
        found = self.reader.message(header.stem, _message(letter))
        if isinstance(found, Answer):
            self.answers.append(found)
        elif found.bad:
            self._set_aside(header, found.reject)
        else:
            self.others.append(found.reject)

    def _set_aside(self, header: Header, reject: Reject) -> None:
        name = letter_name(self.change, header)
        self.others.append(reject._replace(reason=f"{reject.reason}; kept as {name} in {BAD}"))
        set_aside(self.change, name, header.stem, reject.reason)


def _message(letter: Letter) -> MailMessage:
    return MailMessage(
        to=letter.to,
        sender=letter.sender,
        subject=letter.subject,
        body=letter.body,
        attachments=letter.attachments,
        extra=letter.extra,
    )
