"""A letter between two postoffices as one file: an e-mail (`dxa.mail.letter`) whose attachments are the letter's own.

They are its MAI, its P1 with those who are still to get it, and an ATT for each attachment, under numbers from 1 on.
The seal says from which postoffice to which other one the letter goes, and is signed with the key of the first.
"""

from __future__ import annotations

import re
from calendar import timegm
from itertools import count

import attrs

from dxa.errors import FormatError
from dxa.mail import letter as mails
from dxa.mail.letter import SEAL, Part
from dxa.signing import PrivateKey, PublicKey
from dxa_msmail.postoffice.bag import tag
from dxa_msmail.postoffice.letters import Letter, envelope, fetch, files_of
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.mailfiles import att_name, mai_name, p1_name
from dxa_msmail.postoffice.networkrecords import name_key

#: The kind of link on which such letters go.
CHANNEL = "msmail-bag"
#: A seal has room for no more attachments.
MOST_PARTS = 500

_FIRST = "00000001"
_PART = re.compile(r"(?P<stem>[0-9A-F]{8})\.(?P<kind>MAI|P1|ATT)")
_PLACES = {"MAI": mai_name, "P1": p1_name, "ATT": att_name}


@attrs.frozen(kw_only=True)
class Carried:
    """A letter that one postoffice gives to another (both ``NET/PO``): for these `recipients` among all of its `to`.

    `id` names it for good: the same one twice is one letter.
    """

    id: str
    sender: str
    to: str
    letter: Letter
    recipients: tuple[str, ...]


def write(carried: Carried, key: PrivateKey) -> bytes:
    """The file; equal arguments give equal bytes. Raises `FormatError` for a letter that cannot be one."""
    letter = carried.letter
    if len(letter.attachments) > MOST_PARTS:
        got = str(len(letter.attachments))
        raise FormatError(
            "too many attachments for a bag", field="attachments", expected=f"up to {MOST_PARTS}", got=got
        )
    numbers = count(1)
    _, files = files_of(letter, lambda: f"{next(numbers):08X}", recipients=carried.recipients)
    made = mails.Letter(
        id=carried.id,
        channel=CHANNEL,
        sender=carried.sender,
        to=carried.to,
        parts=tuple(Part(name.rpartition("/")[2], data) for name, data in files.items()),
        subject=letter.subject,
        text=f"From: {letter.sender}\n" + "".join(f"To: {recipient}\n" for recipient in carried.recipients),
    )
    origin, target = (f"{tag(name)}@dxa.invalid" for name in (carried.sender, carried.to))  # RFC 2606
    return mails.compose(made, origin=origin, target=target, now=timegm(letter.time.timetuple()), key=key)


def read(data: bytes, *, sender: str, to: str, key: PublicKey) -> Carried:
    """The letter in a file from one postoffice to another; raises `FormatError` for what is damaged, for somebody else,
    or not signed with that key.
    """
    mail = mails.read(data)
    if mail.seal is None:
        raise FormatError("no letter of a bag, or the end of it is missing", field=SEAL, expected=SEAL, got="none")
    seal = mail.seal
    found = (seal.channel, name_key(seal.sender), name_key(seal.to))
    if found != (CHANNEL, name_key(sender), name_key(to)):
        got = f"{seal.channel}: {seal.sender} to {seal.to}"
        raise FormatError("it is for somebody else", field=SEAL, expected=f"{CHANNEL}: {sender} to {to}", got=got)
    if not seal.signed_by(key):
        raise FormatError(f"it is not signed with the key of {sender} ({key.fingerprint})", field=SEAL)
    made = mail.letter()
    files = MemoryFiles(dict(_place(part) for part in made.parts))
    letter, recipients = fetch(files, _FIRST), envelope(files, _FIRST)
    if not recipients or not set(recipients) <= set(letter.to):
        expected = f"some of {', '.join(letter.to)}"
        raise FormatError("an envelope of another letter", field="P1", expected=expected, got=", ".join(recipients))
    if name_key(letter.trace[-1] if letter.trace else "") != name_key(sender):
        got = ", ".join(letter.trace) or "none"
        raise FormatError("it does not say that it came from there", field="trace", expected=f"… {sender}", got=got)
    return Carried(id=made.id, sender=seal.sender, to=seal.to, letter=letter, recipients=recipients)


def _place(part: Part) -> tuple[str, bytes]:
    found = _PART.fullmatch(part.name)
    if not found:
        raise FormatError("no file of a letter", field=SEAL, expected="MAI, P1 or ATT", got=part.name[:80])
    return _PLACES[found["kind"]](found["stem"]), part.data
