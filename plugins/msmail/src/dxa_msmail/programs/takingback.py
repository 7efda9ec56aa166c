"""Mail that waits for a postoffice which is to be forgotten goes back into INQUEUE, from where its senders are told."""

from __future__ import annotations

import attrs

from dxa.errors import FormatError
from dxa_msmail.envelope import mail_address
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.mailbag import INQUEUE, Header
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.mailfiles import P1, p1_name, write_p1
from dxa_msmail.postoffice.mailfolder import letter_name
from dxa_msmail.postoffice.messages import set_aside
from dxa_msmail.postoffice.networks import PostofficeRow, name_key


def take_back(change: Changing, row: PostofficeRow) -> int:
    """Empty the mailbag of a postoffice; returns how many letters there were.

    EXTERNAL finds the letters in INQUEUE, and that nobody knows the postoffice. A damaged one is kept in DXA/BAD.
    Raises `FullError` when INQUEUE has no room for them.
    """
    here = {header.stem for _, header in mailbag.headers(change, INQUEUE)}
    found = {header.stem: header for _, header in mailbag.headers(change, row.hexid)}
    mailbag.require_room(change, INQUEUE, len(found.keys() - here))
    for stem, header in found.items():
        try:
            _submit(change, header, row, is_there=stem in here)
        except FormatError as error:
            set_aside(change, letter_name(change, header), stem, str(error))
    # What lies in INQUEUE now is counted there, so that its files stay.
    letters.drop(change, row.hexid, *(slot for slot, _ in mailbag.headers(change, row.hexid)))
    return len(found)


def _submit(change: Changing, header: Header, row: PostofficeRow, *, is_there: bool) -> None:
    """Put a letter into INQUEUE for its recipients at that postoffice, beside those who wait there already."""
    letter = letters.fetch(change, header.stem, attachments=False)
    there = [to for to in letter.to if name_key(mail_address(to).list) == name_key(row.full)]
    waiting = letters.envelope(change, header.stem) if is_there else ()
    change.write(p1_name(header.stem), write_p1(P1(letter.sender, tuple(dict.fromkeys([*waiting, *there])))))
    if not is_there:
        letters.recount(change, header.stem, +1)
        mailbag.append(change, INQUEUE, attrs.evolve(header, raw=b""))
