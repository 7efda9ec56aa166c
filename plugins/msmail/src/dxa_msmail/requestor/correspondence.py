"""The letters between a requestor and its server: requests and status reports go out, answers come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from dxa.address import AddressTypes
from dxa.dirsync.messages import Request
from dxa_msmail import dirsyncbody
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import Numbers, Place, Profile, Task
from dxa_msmail.envelope import (
    REQUEST_FILE,
    STATUS_FILE,
    STRICT_VERSION,
    SYSTEM,
    Envelope,
    write_mail,
    write_message,
)
from dxa_msmail.ffapi import LINE_ENDS, Attachment
from dxa_msmail.importlines import CODE_PAGE
from dxa_msmail.requestor.answers import AnswerReader
from dxa_msmail.subjects import request_subject, status_subject


@attrs.frozen(kw_only=True)
class Correspondence:
    """Who writes to whom, and how: `own` and `server` are ``NET/PO``.

    `wanted` are the address types that the server shall send, `templates` whether it shall send template values, and
    `limit` the largest message in bytes (0: none). `strict` says to the server that we keep to this project's rules.
    """

    own: str
    server: str
    clock: Callable[[], float]
    mailbox: str = SYSTEM
    server_mailbox: str = SYSTEM
    wanted: Sequence[str] = ()
    templates: bool = False
    password: str | None = attrs.field(default=None, repr=False)
    limit: int = 0
    strict: bool = True
    code_page: str = CODE_PAGE
    line_end: bytes = LINE_ENDS[2]
    place: Place = Place.INATTACHMENT
    types: AddressTypes = attrs.field(factory=lambda: AddressTypes(ADDRESS_TYPES), repr=False)

    def request_message(self, request: Request, lines: Sequence[bytes], count: int) -> bytes:
        """The message file of a request; `lines` are the queue's numbered Import lines, in pieces."""
        numbers = Numbers(req=request.r, req_was=request.was, srv=request.s, imp=request.i, count=count)
        profile = attrs.evolve(
            self._profile(Task.IMPORTREQ if request.imports else Task.UPDATEREQ),
            types=tuple(self.wanted),
            template=self.templates,
            numbers=numbers,
            limit=self.limit or None,
            place=self.place,
        )
        return write_message(self._envelope(request_subject(numbers), REQUEST_FILE), profile, lines if count else [])

    def status_message(self, report: Iterable[str]) -> bytes:
        """The message file of a status report; `report` are the lines of DSSERVER.LOG (KB Q133428)."""
        text = "".join(f"{line}\r\n" for line in report).encode(self.code_page, "replace")
        body = dirsyncbody.write_profile(self._profile(Task.STATUS), code_page=self.code_page)
        return write_mail(self._envelope(status_subject(self.own), ""), body, (Attachment(STATUS_FILE, text),))

    def reader(self) -> AnswerReader:
        """Reads what the server writes to us."""
        return AnswerReader(
            own=self.own, mailbox=self.mailbox, server=self.server, types=self.types, code_page=self.code_page
        )

    def _profile(self, task: Task) -> Profile:
        version = STRICT_VERSION if self.strict else None
        return Profile(task=task, requestor=f"PCM:{self.own}", password=self.password, version=version)

    def _envelope(self, subject: str, file: str) -> Envelope:
        return Envelope(
            to=f"{self.server}/{self.server_mailbox}",
            sender=f"{self.own}/{self.mailbox}",
            subject=subject,
            file=file,
            now=self.clock(),
            line_end=self.line_end,
            code_page=self.code_page,
        )
