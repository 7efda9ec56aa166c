"""A message file that came to a requestor, as an answer of the server or as what it is instead."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from dxa.address import AddressTypes
from dxa.dirsync.messages import Reply
from dxa.entry import Reject, Verb
from dxa.errors import FormatError
from dxa_msmail import dirsyncbody, ffapi
from dxa_msmail.dirsyncbody import Numbers, Profile
from dxa_msmail.envelope import CHECK, find_transactions, is_intact, mail_address, reject_of
from dxa_msmail.errors import message as error_text
from dxa_msmail.ffapi import MailMessage
from dxa_msmail.importtext import Records
from dxa_msmail.postoffice import resync
from dxa_msmail.postoffice.queue import is_queue
from dxa_msmail.subjects import parse_subject

WRONG_WAY = 133


@attrs.frozen(kw_only=True)
class Answer:
    """An answer of the server: its numbers and its records. `by_file`: somebody has brought it as RESYNC.GLB."""

    file: str
    title: str
    reply: Reply
    records: Records
    by_file: bool = False


@attrs.frozen(kw_only=True)
class Other:
    """A message for us that is no answer, or one that cannot be used; it changes nothing.

    `bad` is one of our server that breaks the format: somebody may want to look at it.
    """

    file: str
    title: str
    reject: Reject
    bad: bool = False


@attrs.frozen(kw_only=True)
class AnswerReader:
    """Reads what the server sent: `own` and `server` are ``NET/PO``."""

    own: str
    mailbox: str
    server: str
    types: AddressTypes
    code_page: str

    def read(self, file: str, data: bytes) -> Iterator[Answer | Other]:
        """The messages for us in a file; raises `FormatError` when it is no message file, so nobody knows whose."""
        if is_queue(data):
            found = resync.read(data, self.types, file)
            yield Answer(file=file, title=resync.FILE, reply=found.reply, records=found.records, by_file=True)
            return
        for message in list(ffapi.parse_all(data, code_page=self.code_page)):
            if self._is_ours(message):
                yield self.message(file, message)

    def _is_ours(self, message: MailMessage) -> bool:
        for text in message.to:
            to = mail_address(text)
            if to.list.casefold() == self.own.casefold() and to.mailbox.casefold() == self.mailbox.casefold():
                return True
        return False

    def message(self, file: str, message: MailMessage) -> Answer | Other:
        """What a message for us is; `file` names it in what is returned. Whom it is for is not looked at."""
        title = message.subject

        def other(code: int, text: str) -> Other:
            return Other(file=file, title=title, reject=Reject(0, 0, title, code, text))

        sender = mail_address(message.sender)
        if not dirsyncbody.is_profile(message.body):
            text = " ".join(message.body.decode(self.code_page, "replace").split())
            return other(0, f"a letter from {sender}: {title}: {text[:400]}")
        ours = sender.list.casefold() == self.server.casefold()
        try:
            profile = dirsyncbody.parse_profile(message.body, code_page=self.code_page)
            if not profile.task.is_reply:
                # KB Q108844 (dx:T-154)
                return other(WRONG_WAY, f"{error_text(WRONG_WAY)}: a request of a requestor came to a requestor")
            if ours:
                return self._answer(file, message, profile)
        except FormatError as error:
            if ours:
                return Other(file=file, title=title, reject=reject_of(error, title), bad=True)
        return other(0, f"an answer from {sender}, which is not our server {self.server}; ignored")

    def _answer(self, file: str, message: MailMessage, profile: Profile) -> Answer:
        """KB Q156714: an answer without an attachment still has an acknowledgement in it."""
        subject = parse_subject(message.subject)
        numbers = profile.numbers.filled_from(subject.numbers) if subject else profile.numbers
        section = find_transactions(message, profile, required=bool(numbers.count))
        records = Records()
        if section is not None:
            read = dirsyncbody.read_transactions(section, types=self.types, code_page=self.code_page)
            records = read.defined()
        complete = section is None or _is_whole(message, profile, section, records, numbers)
        reply = Reply(
            r=numbers.req or 0, s=numbers.srv or 0, was=numbers.srv_was or 0, i=numbers.imp or 0, complete=complete
        )
        return Answer(file=file, title=message.subject, reply=reply, records=records)


def _is_whole(message: MailMessage, profile: Profile, section: bytes, records: Records, numbers: Numbers) -> bool:
    """Whether all of an answer is there, as far as that can be told.

    dxa's answers carry a check and end with S. Those of MS Mail may end with a lower number, for S also counts what
    was not for us (KB Q96060), so that only the count of records tells.
    """
    found = len({*records.numbers, *(r.number for r in records.rejects if r.number)})
    defined = records.counts[Verb.DEFINE]  # perhaps they are not counted
    if numbers.count not in (None, found, found - defined) or message.trailing.strip(b"\r\n\x1a\x00 "):
        return False
    if any(key.upper() == CHECK for key, _ in profile.extra):
        return is_intact(profile, section) and records.last_number == numbers.srv
    return records.last_number <= (numbers.srv or 0)
