"""What a requestor's cycle does, under the numbers that the original's events had for it (KB Q148309)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from dxa.connector import Phase
from dxa.dirsync.messages import Request
from dxa.entry import Verb
from dxa_msmail.requestor.answers import Answer

#: The request has been sent to the directory server (T1); its updates have been applied.
SENT, APPLIED = 4395, 4355

_CHANGES = {Verb.ADD: "added", Verb.MODIFY: "modified", Verb.DELETE: "deleted"}


@attrs.define
class Story:
    """Tells the cycles of one link; `server` is the directory server, as NET/PO."""

    tell: Callable[[int, str], None]
    server: str
    _heard: list[Answer] = attrs.field(factory=list, init=False)

    def asked(self, request: Request, count: int) -> None:
        """Event 4395."""
        what = "a request for everything" if request.imports else "a request for updates"
        numbers = f"R={request.r} (was {request.was}), S={request.s}, I={request.i}"
        self.tell(SENT, f"sent {what} to directory server {self.server}, {numbers}, with {_counted(count)}")

    def heard(self, answer: Answer) -> None:
        """An answer has come; what becomes of it is told when it has reached the directory."""
        self._heard.append(answer)

    def passed(self, phase: Phase, counts: Mapping[Verb, int]) -> None:
        """Event 4355, for each answer that has come; those that do not count stand in `dxa messages`."""
        if phase is not Phase.DIRECTORY:
            return
        changes = ", ".join(f"{counts.get(verb, 0)} {name}" for verb, name in _CHANGES.items())
        for answer in self._heard:
            reply, how = answer.reply, "RESYNC.GLB" if answer.by_file else "updates"
            numbers = f"R={reply.r}, S={reply.s} (was {reply.was}), I={reply.i}"
            count = _counted(len(answer.records.transactions))
            self.tell(APPLIED, f"{how} of directory server {self.server}, {numbers}, {count}: {changes}")
        self._heard.clear()


def _counted(count: int) -> str:
    return f"{count} {'transaction' if count == 1 else 'transactions'}"
