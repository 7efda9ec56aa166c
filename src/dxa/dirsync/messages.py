"""What requestor and server say to each other, apart from the transactions.

The numbers (KB Q96060, Q133428): R counts what the requestor has sent, S what the server has sent, I the full imports
that the requestor has asked for. `was` is the number before this message.
"""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Request:
    """A requestor's request for updates, with what it sends along: transactions ``was + 1 .. r``.

    `last` is the last good number of the attachment, `complete` whether the attachment ends with the number that the
    message announces, `replaces` whether it replaces the requestor's own list as a whole.
    """

    r: int
    was: int
    s: int
    #: I, as above.
    i: int
    last: int = 0
    #: The requestor named R itself; else it follows from the transactions, and means nothing when there are none.
    counted: bool = True
    complete: bool = True
    replaces: bool = False
    #: It asks for everything.
    imports: bool = False
    #: The requestor follows this project's rules: it exports in full when its R is quoted outside its range.
    strict: bool = False
    #: It asks for an answer; else it only brings transactions, and its S says nothing.
    asks: bool = True


@attrs.frozen(kw_only=True)
class Reply:
    """A server's answer: R that has been taken, S for what it carries, `was` the S that it builds on (0: full)."""

    r: int
    s: int
    was: int
    #: I, as the request had it.
    i: int
    #: Whether the end of it is there.
    complete: bool = True

    @property
    def full(self) -> bool:
        """A full answer builds on nothing (real replies: ``S=87298 (was 0)``, KB Q162841)."""
        return self.was == 0
