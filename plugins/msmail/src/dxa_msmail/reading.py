"""A message file that came to the server, as a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.connector import PeerInfo, Report
from dxa.dirsync.messages import Request
from dxa.entry import Reject, Transaction, Verb
from dxa.errors import FormatError
from dxa.ledger.answer import ListKey
from dxa_msmail import dirsyncbody, ffapi
from dxa_msmail.addresses import MS
from dxa_msmail.dirsyncbody import Numbers, Profile, Task
from dxa_msmail.envelope import (
    STATUS_FILE,
    STRICT_VERSION,
    MailAddress,
    find_transactions,
    is_intact,
    mail_address,
    reject_of,
)
from dxa_msmail.errors import format_error
from dxa_msmail.errors import message as error_text
from dxa_msmail.ffapi import MailMessage
from dxa_msmail.importlines import CODE_PAGE
from dxa_msmail.importtext import Records
from dxa_msmail.subjects import Kind, parse_subject

#: So much of a status report is kept, from its end.
NOTE_LENGTH = 4000

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
WRONG_WAY, NON_DELIVERY = 133, 154
MISSING_NUMBERS = 139

# KB Q96001: of a record with one of these errors not even its number can be believed.
_RUBBLE = frozenset({12, 13, 21, 23})
#: What mail systems write by themselves, by their subjects (KB Q159295, dx:T-158).
_AUTOMATIC: Mapping[str, re.Pattern[str]] = {
    "a non-delivery report": re.compile(
        r"(undeliver|non-?delivery|ndr\b|returned mail|delivery (failure|failed|status|report)|mail delivery)", re.I
    ),
    "a receipt": re.compile(r"(registered|read|not read|receipt|return receipt)\s*:", re.I),
    "an out-of-office reply": re.compile(
        r"(out of (the )?office|auto(matic|mated)?[ -]?(reply|response)|vacation)", re.I
    ),
}


@attrs.frozen
class Mail:
    """The reports in a file; `keep` says why the file must not simply be removed after they have been taken."""

    reports: list[Report]
    keep: str = ""


@attrs.frozen(kw_only=True)
class Reader:
    """What the server's side of reading needs to know: itself, its peers by folded name, and the address types."""

    own: str
    types: AddressTypes
    peers: Mapping[str, PeerInfo]
    #: The server's own postoffice is one of its requestors, so that mail from its $SYSTEM is no echo.
    own_requestor: bool = False

    def read(self, name: str, data: bytes) -> Mail:
        """What a file says; no reports when it is not for us.

        Only the last report of a file carries its receipt, so that the file stays until all of it is taken.
        """
        try:
            messages = list(ffapi.parse_all(data))
        except FormatError as error:
            fault = reject_of(error)
            return Mail([Report(sender="", receipt=name, raw=data, fault=fault)], keep=fault.reason)
        ours = [message for message in messages if self._addressed(message)]
        reports = [self._report(message, name if at == len(ours) else "", data) for at, message in enumerate(ours, 1)]
        return Mail(reports, keep="it holds messages for others, too" if len(ours) < len(messages) else "")

    def _addressed(self, message: MailMessage) -> bool:
        """Whether the message is for the server; KB Q162841: whole names are compared, never their beginnings."""
        for text in message.to:
            to = mail_address(text)
            if to.list.casefold() == self.own.casefold() and (to.is_system or to.is_special):
                return True
        return False

    def _report(self, message: MailMessage, receipt: str, data: bytes) -> Report:
        origin = mail_address(message.sender)
        common: dict[str, Any] = {
            "sender": origin.list or origin.mailbox,
            "receipt": receipt,
            "origin": str(origin),
            "reply_to": str(origin),
            "title": message.subject,
            "raw": data,
        }
        ignored = self._why_ignored(message, origin)
        if ignored:
            return Report(**{**common, "reply_to": ""}, ignored=ignored)
        subject = parse_subject(message.subject)
        if subject and subject.kind is Kind.STATUS and not dirsyncbody.is_profile(message.body):
            return Report(**{**common, "sender": subject.sender or common["sender"]}, note=_status_text(message))
        try:
            return self._dirsync(message, common)
        except FormatError as error:
            return Report(**common, fault=reject_of(error))

    def _why_ignored(self, message: MailMessage, origin: MailAddress) -> str:
        """Why a message is only noted, and never answered: two programs that answer each other never stop."""
        if origin.list.casefold() == self.own.casefold() and origin.is_system and not self.own_requestor:
            return "it comes from ourselves"
        if origin.is_special or any(mail_address(to).is_special for to in message.to):
            # KB Q147602, Q112879 (dx:T-108): a whole address list would count as news.
            return "an address list of External-Admin, Export; exported user lists are not supported here [25]"
        for what, pattern in _AUTOMATIC.items():
            if pattern.match(message.subject.strip()):
                number = f" [{NON_DELIVERY}]" if "delivery" in what else ""
                return f"{what}{number}: {message.subject.strip()}"
        if (
            parse_subject(message.subject) is None
            and not message.text_file
            and not dirsyncbody.is_profile(message.body)
        ):
            return f"an ordinary letter: {message.subject.strip() or 'without a subject'}"
        return ""

    def _dirsync(self, message: MailMessage, common: dict[str, Any]) -> Report:
        subject = parse_subject(message.subject)
        if subject and subject.kind is Kind.REPLY and not dirsyncbody.is_profile(message.body):
            return Report(**{**common, "reply_to": ""}, fault=_wrong_way(message.subject))
        if message.text_file:
            raise format_error(125, field="XTEXT", expected="a body inside the message", got=message.text_file)
        profile = dirsyncbody.parse_profile(message.body)
        if profile.task.is_reply:
            return Report(**{**common, "reply_to": ""}, fault=_wrong_way(message.subject))
        common["sender"] = sender = _sender(profile.requestor)
        peer = self.peers.get(sender.casefold())
        code_page = str(peer.options.get("code_page") or CODE_PAGE) if peer else CODE_PAGE
        if code_page != CODE_PAGE:
            profile = dirsyncbody.parse_profile(message.body, code_page=code_page)
        common["password"] = profile.password or ""
        if profile.task is Task.STATUS:
            return Report(**common, note=_status_text(message))
        try:
            return self._request(message, profile, common, code_page)
        except FormatError as error:
            return Report(**common, fault=reject_of(error))

    def _request(self, message: MailMessage, profile: Profile, common: dict[str, Any], code_page: str) -> Report:
        subject = parse_subject(message.subject)
        numbers = profile.numbers.filled_from(subject.numbers) if subject else profile.numbers
        announced = bool(numbers.count) or (numbers.req_was is not None and (numbers.req or 0) > numbers.req_was)
        section = find_transactions(message, profile, required=announced or profile.task is Task.EXPORT)
        records = Records()
        if section is not None:
            records = dirsyncbody.read_transactions(section, types=self.types, code_page=code_page).defined()
        strict = profile.version == STRICT_VERSION
        told = _told(records, numbers, strict=strict, damage=_damage(message, profile, section))
        own = _own_lists(common["sender"], told.transactions, self.types)
        shown = {
            **common,
            "transactions": told.transactions,
            "rejects": [*records.rejects, *told.problems],
            "complete": told.complete,
        }
        if profile.task is Task.EXPORT:
            return Report(**shown, lists=own)
        return Report(
            **shown,
            request=Request(
                r=told.r,
                was=told.was,
                counted=numbers.req is not None,
                s=numbers.srv or 0,
                i=numbers.imp or 0,
                last=told.last,
                complete=told.complete,
                replaces=told.complete and bool(own),
                imports=profile.task is Task.IMPORTREQ,
                strict=strict,
            ),
            types=_types(profile.types, self.types),
            templates=profile.template,
            limit=profile.limit,
        )


def _wrong_way(subject: str) -> Reject:
    # KB Q108844 (dx:T-154)
    return Reject(0, 0, subject, WRONG_WAY, f"{error_text(WRONG_WAY)}: an answer of a server came to a server")


def _sender(requestor: str) -> str:
    """The peer's name: ``NET/PO`` without its type, or a gateway's type (KB Q99268)."""
    kind, colon, rest = requestor.partition(":")
    return rest if colon and kind.upper() in (MS.name, *MS.aliases) else requestor


def _types(names: Sequence[str], types: AddressTypes) -> frozenset[str] | None:
    """The wanted types by their canonical names; None when the message does not say."""
    return frozenset(types.get(name).name for name in names if name in types) if names else None


def _own_lists(sender: str, transactions: Sequence[Transaction], types: AddressTypes) -> frozenset[ListKey]:
    """The sender's own lists that the transactions replace: its NET/PO, or all lists of its gateway type."""
    replaced = {(t.new.type, t.new.list.casefold()) for t in transactions if t.verb is Verb.REPLACE and t.new}
    if "/" not in sender and sender in types:
        return frozenset(key for key in replaced if key[0] == types.get(sender).name)
    return frozenset(replaced & {(MS.name, sender.casefold())})


def _status_text(message: MailMessage) -> str:
    """The log in a status report; KB Q125918 (dx:T-156): whatever is broken about it, it is optional."""
    data = next((a.data for a in message.attachments if a.name.upper() == STATUS_FILE), None)
    if data is None:
        data = message.attachments[0].data if message.attachments else message.body
    text = "\n".join(_CONTROLS.sub(" ", line) for line in data.decode(CODE_PAGE, "replace").splitlines())
    return text.strip()[-NOTE_LENGTH:] or "an empty status report"


@attrs.frozen(kw_only=True)
class _Told:
    """The transactions of a message that can be believed, and the numbers that the machine needs."""

    transactions: Sequence[Transaction]
    r: int
    was: int
    last: int
    complete: bool
    problems: tuple[Reject, ...] = ()


def _told(records: Records, numbers: Numbers, *, strict: bool, damage: str) -> _Told:
    """Judge what a requestor sent by the numbers that it announced.

    Complete is what ends with the announced R and has as many records as announced. A requestor of this project
    numbers without holes, so of an incomplete message everything up to the first hole counts; of others it is not
    known where the hole is, so if records are missing, nothing counts and they send all of it again.

    A foreign requestor may give no numbers (KB Q106623): then R is its last transaction's number and `was` the one
    before its first, and without transactions both are 0. Such a message can be judged by its count alone.
    """
    rows = records.transactions
    first = min((row.number for row in rows), default=0)
    last = records.last_number
    r = last if numbers.req is None else numbers.req
    was = numbers.req_was
    if was is None:
        was = max(first - 1, 0) if rows else r
    if damage:
        problem = Reject(0, 0, "", 124, f"{error_text(124)}: {damage}")
        return _Told(transactions=(), r=r, was=was, last=0, complete=False, problems=(problem,))
    numbered = {row.number for row in rows}
    found = len(numbered | {reject.number for reject in records.rejects if reject.number})
    if (not rows and not records.rejects and r == was) or (last == r and numbers.count in (None, found)):
        return _Told(transactions=rows, r=r, was=was, last=last, complete=True)
    if strict:
        numbered.update(reject.number for reject in records.rejects if reject.code not in _RUBBLE)
        good = was
        while good + 1 in numbered and good < r:
            good += 1
    else:
        good = 0 if numbers.count is not None and found < numbers.count and last >= r else min(last, r)
    kept = [row for row in rows if row.number <= good]
    problem = _missing(numbers, found, last, r)
    return _Told(transactions=kept, r=r, was=was, last=good, complete=False, problems=(problem,))


def _damage(message: MailMessage, profile: Profile, section: bytes | None) -> str:
    """Why the transactions cannot be believed although they can be read; nothing of them counts."""
    if section is not None and not is_intact(profile, section):
        return "the transactions do not match their check, so they have been damaged on the way"
    if message.trailing.strip(b"\r\n\x1a\x00 "):
        return f"{len(message.trailing)} bytes stand behind the stated end of the message, so a size in it is wrong"
    return ""


def _missing(numbers: Numbers, found: int, last: int, r: int) -> Reject:
    count = "" if numbers.count is None else f", {numbers.count} records are announced and {found} are there"
    return Reject(0, 0, "", MISSING_NUMBERS, f"incomplete: R={r} is announced and the last record is {last}{count}")
