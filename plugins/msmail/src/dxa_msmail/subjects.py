"""The numbers of directory synchronization messages, and the subjects (KB Q96060, Q133428, Q162841).

Subjects are for people: dxa writes them as MS Mail did, and reads a number out of one only where the body lacks it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

import attrs

#: The mailbag's subject field; what is longer is cut (KB Q162841 shows ``… 15603 sen``).
SUBJECT_LENGTH = 40
#: KB Q118298: what a foreign requestor writes.
PROFILE_SUBJECT = "Directory Exchange Profile"


@attrs.frozen
class Numbers:
    """The sequence numbers of a message; None where it does not say (KB Q96060, Q133428).

    In a request `req` is the last number sent, `req_was` the last one acknowledged, `srv` the server's number that the
    requestor holds. In a reply `req` is the echo, `srv` the new number and `srv_was` the one before. `imp` counts the
    full imports, `count` the transactions of this message.
    """

    req: int | None = None
    req_was: int | None = None
    srv: int | None = None
    srv_was: int | None = None
    imp: int | None = None
    count: int | None = None

    def filled_from(self, other: Numbers) -> Numbers:
        """These numbers, and those of `other` where one is missing."""
        pairs = zip(attrs.astuple(self), attrs.astuple(other), strict=True)
        return Numbers(*(theirs if mine is None else mine for mine, theirs in pairs))


#: The numbers of a message that has none.
NO_NUMBERS = Numbers()


class Kind(Enum):
    """The kinds of directory synchronization messages that a subject tells apart."""

    REQUEST = "ReqTx"
    REPLY = "SrvTx"
    STATUS = "Status report from"
    PROFILE = PROFILE_SUBJECT


class Subject(NamedTuple):
    """What a subject says; `sender` is the ``NET/PO`` of a status report."""

    kind: Kind
    numbers: Numbers = NO_NUMBERS
    sender: str = ""


# Q96060 prints blanks around the equals sign, Q162841 none; Q133428 prints dots before the count.
# Numbers have up to ten digits (KB Q118298); what is longer is none.
_FIELD = re.compile(r"\b([RSIrsi])\s*=\s*([0-9]{1,10})(?![0-9])(?:\s*\(\s*(?i:was)\s+([0-9]{1,10})\s*\))?")
_COUNT = re.compile(r"(?<![0-9])([0-9]{1,10})\s+s(?:e(?:nt?)?)?\s*$", re.IGNORECASE)
_NAMES = {"R": "req", "S": "srv", "I": "imp"}


def request_subject(numbers: Numbers) -> str:
    """``ReqTx R=5 (was 3), S=80, I=1 2 sent``."""
    n = numbers
    text = f"ReqTx R={n.req or 0} (was {n.req_was or 0}), S={n.srv or 0}, I={n.imp or 0} {n.count or 0} sent"
    return text[:SUBJECT_LENGTH]


def reply_subject(numbers: Numbers) -> str:
    """``SrvTx R=5 S=84 (was 80), I=1 4 sent``."""
    n = numbers
    text = f"SrvTx R={n.req or 0} S={n.srv or 0} (was {n.srv_was or 0}), I={n.imp or 0} {n.count or 0} sent"
    return text[:SUBJECT_LENGTH]


def status_subject(sender: str) -> str:
    """``Status report from NET/PO``."""
    return f"{Kind.STATUS.value} {sender}"[:SUBJECT_LENGTH]


def parse_subject(text: str) -> Subject | None:
    """What the subject says, whatever its blanks, commas and case; None when it is none of these subjects."""
    # Q96060 prints the sender's mailbox in front, as the queue display does.
    text = text.strip().removeprefix("$SYSTEM").lstrip()
    kind = next((kind for kind in Kind if text.casefold().startswith(kind.value.casefold())), None)
    if kind in (Kind.REQUEST, Kind.REPLY):
        return Subject(kind, _numbers(text))
    if kind is Kind.STATUS:
        return Subject(kind, sender=text[len(kind.value) :].strip())
    return Subject(kind) if kind else None


def _numbers(text: str) -> Numbers:
    found: dict[str, int] = {}
    for match in _FIELD.finditer(text):
        name = _NAMES[match[1].upper()]
        if match.end(2) < _trusted(text):
            found[name] = int(match[2])
        if match[3] and name != "imp":
            found[f"{name}_was"] = int(match[3])
    count = _COUNT.search(text)
    if count:
        found["count"] = int(count[1])
    return Numbers(**found)


def _trusted(text: str) -> int:
    """Where a number must end to be whole: the last one of a subject of full length may have been cut."""
    return len(text) if len(text) >= SUBJECT_LENGTH else len(text) + 1
