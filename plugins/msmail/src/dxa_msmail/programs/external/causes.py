"""Why mail can be delivered never: numbers of the original's system log, as far as the Knowledge Base shows them."""

from __future__ import annotations

import attrs


@attrs.frozen
class Cause:
    """A number of a report, what it means, and when EXTERNAL gives it."""

    number: int
    text: str
    when: str
    source: str

    def told(self, detail: str) -> str:
        """``[002] unknown address: there is no mailbox BOB at NET/PO``."""
        return f"[{self.number:03}] {self.text}: {detail}"


UNKNOWN = Cause(
    2,
    "unknown address",
    "no such mailbox, postoffice, network or gateway; a group without members; what is no address",
    "KB Q127919",
)
CIRCLE = Cause(4, "circular route", "the next postoffice on the way has passed it on before", "KB Q128627, Q162841")
LATE = Cause(5, "waited too long", "any other reason to wait, for longer than `--return-after`", "KB Q118675, Q136004")
NO_ROOM = Cause(
    8, "no room in a mailbag", "that of a postoffice on the way is full for longer than `--return-after`", "KB Q163020"
)
CORRUPT = Cause(12, "corrupt letter", "its envelope cannot be read; the letter is kept in DXA/BAD, too", "KB Q99204")
FULL = Cause(17, "full mailbag", "the recipient's is, for longer than `--return-after`", "KB Q138054")
NO_ATTACHMENT = Cause(
    18, "missing attachment", "one is missing or damaged; the rest of the letter is kept in DXA/BAD", "KB Q118675"
)
EXPORTED = Cause(25, "exported user list", "a letter to *SPECIAL (External-Admin, Export)", "KB Q147602")
DUPLICATE = Cause(30, "duplicated address", "a user and a group of one postoffice have it", "KB Q165396")
#: All of them, in the order of their numbers.
CAUSES = (UNKNOWN, CIRCLE, LATE, NO_ROOM, CORRUPT, FULL, NO_ATTACHMENT, EXPORTED, DUPLICATE)
