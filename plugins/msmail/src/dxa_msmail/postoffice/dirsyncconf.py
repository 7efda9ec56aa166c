"""What directory synchronization remembers in a postoffice: REQCONF.GLB and SRVCONF.GLB.

The sizes and which values there are is public (KB Q77926, Q96060), the places are not: these are ours, with mark and
check. The heads count the records behind them, so that a file that was cut between two records is noticed as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import attrs

from dxa.dirsync.requestor import State
from dxa.errors import FormatError
from dxa_msmail.addresses import check_pair
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.identity import read_one, require_name
from dxa_msmail.postoffice.layout import Basis
from dxa_msmail.postoffice.maildata import Changing, Files

H = TypeVar("H")
R = TypeVar("R")

REQCONF = "GLB/REQCONF.GLB"
SRVCONF = "GLB/SRVCONF.GLB"
#: KB Q257740: days for which the server keeps updates.
KEEP_UPDATES = 14

_OURS = Basis.OURS
_Q96060 = "KB Q96060 names the field"


def _number(at: int, source: str, doc: str, *, signed: bool = False, default: int = 0) -> Any:
    return layout.number(at, 4, _OURS, source, doc, signed=signed, default=default)


def _flag(at: int, source: str, doc: str, *, default: bool = False) -> Any:
    return layout.flag(at, _OURS, source, doc, default=default)


def _password(at: int) -> Any:
    """A reference to a password; it may be the password itself, so it does not show in an error."""
    field = layout.text(at, 256, _OURS, "", "password: env:NAME, file:PATH or the text itself; empty for none")
    field.repr = False
    return field


# -- the requestor -------------------------------------------------------------------------------------------------


@layout.record(512, "Requestor configuration", "KB Q77926, Q148705")
@attrs.frozen(kw_only=True)
class Reqconf:
    """REQCONF.GLB.

    `acked`, `srv` and `imp` are ReqSync, SrvSync and ImpSync; `last` is the highest number that was ever queued, and
    `sent` the highest that the server can know of; `waiting` says which SRVTRANS belongs to `srv`.
    `types` has names like ``PCM|SMTP``. The pointers are where Import goes on in its queues; -1 is nowhere.
    """

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    server: str = layout.text(0x08, 22, _OURS, _Q96060, "directory server as NET/PO; empty for none")
    acked: int = _number(0x20, _Q96060, "ReqSync: the last number that the server has acknowledged")
    last: int = _number(0x24, "", "the highest number ever queued; a cut queue cannot bring numbers back")
    srv: int = _number(0x28, _Q96060, "SrvSync: what is held of the server's list")
    imp: int = _number(0x2C, _Q96060, "ImpSync: full imports asked for")
    last_import: int = _number(0x30, "KB Q131681 names the field", "last import request, seconds since 1970")
    last_export: int = _number(0x34, "KB Q131681 names the field", "last export request, seconds since 1970")
    limit: int = _number(0x38, "KB Q119450 names the field", "largest message in bytes; 0 is no limit")
    srvtrans: int = _number(0x3C, "KB Q140462 names the field", "pointer into SRVTRANS", signed=True, default=-1)
    usrtrans: int = _number(0x40, "KB Q140462 names the field", "pointer into USRTRANS", signed=True, default=-1)
    gwtrans: int = _number(0x44, "KB Q140462 names the field", "pointer into GWTRANS", signed=True, default=-1)
    nmetrans: int = _number(0x48, "KB Q140462 names the field", "pointer into NMETRANS", signed=True, default=-1)
    imports: bool = _flag(0x4C, "", "the next request asks for everything anew", default=True)
    exports: bool = _flag(0x4D, "", "the next request sends everything anew", default=True)
    templates_out: bool = _flag(0x4E, "KB Q96003 #61 names the option", "template values are sent")
    templates_in: bool = _flag(0x4F, "KB Q96003 #61 names the option", "template values are wanted")
    rebuild: bool = _flag(0x50, "KB Q105965 names the option", "the global address list is built", default=True)
    create_po: bool = _flag(0x51, "KB Q96003 #64 names the option", "Import creates postoffices", default=True)
    sent: int = _number(0x54, "", "the last number that a request has named; what is queued after it is not yet sent")
    waiting: int = _number(0x58, "", "CRC-32 of SRVTRANS as it was left, so that another one is noticed; 0 when empty")
    types: str = layout.text(0x60, 160, _OURS, _Q96060, "address types wanted, separated by |")
    password_ref: str = _password(0x100)

    @property
    def type_names(self) -> tuple[str, ...]:
        """The address types that are wanted, as they are written."""
        return tuple(filter(None, self.types.split("|")))

    @property
    def state(self) -> State:
        """The numbers, for the requestor's machine."""
        return State(
            acked=self.acked, last=self.last, s=self.srv, i=self.imp, imports=self.imports, exports=self.exports
        )

    def with_state(self, state: State) -> Reqconf:
        """The same configuration with the numbers of the requestor's machine."""
        return attrs.evolve(
            self,
            acked=state.acked,
            last=state.last,
            srv=state.s,
            imp=state.i,
            imports=state.imports,
            exports=state.exports,
        )


def read_reqconf(files: Files) -> Reqconf:
    """What the requestor was told and remembers; raises `FormatError` 40 when it is missing or damaged."""
    conf = read_one(Reqconf, files, REQCONF)
    if conf.server:
        require_name(REQCONF, conf, "server", conf.server)
    return conf


def write_reqconf(change: Changing, conf: Reqconf) -> None:
    """Store it; raises `AddressError` for a server that no postoffice can be, `FormatError` for what does not fit."""
    if conf.server:
        network, _, postoffice = conf.server.partition("/")
        check_pair(network, postoffice)
    change.write(REQCONF, layout.encode(conf))


# -- the server ----------------------------------------------------------------------------------------------------


@layout.record(1024, "Server configuration, head", "KB Q77926, Q148705")
@attrs.frozen(kw_only=True)
class ServerHead:
    """The first record of SRVCONF.GLB.

    Before ADMIN 3.2.13 a long name of the administrator ran into Keep Updates (KB Q125512, Q111703). Here it has its
    own ten characters, and a longer one is refused.
    """

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    sync: int = _number(0x08, _Q96060, "the highest SrvSync")
    cycle: int = _number(0x0C, _Q96060, "the current cycle")
    keep_updates: int = _number(0x10, "KB Q257740 names the field", "days to keep updates", default=KEEP_UPDATES)
    administrator: str = layout.text(0x14, 11, _OURS, "KB Q125511 names the field", "mailbox of the administrator")
    requestors: int = _number(0x20, "", "how many records follow")


@layout.record(1024, "Server configuration, requestor", "KB Q77926, Q148705")
@attrs.frozen(kw_only=True)
class Requestor:
    """What the server knows of a requestor; `name` is like ``PCM:NET/PO``, and is looked up as a whole (KB Q125917)."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    name: str = layout.text(0x08, 64, _OURS, _Q96060, "TYPE:NET/PO, or the type of a gateway")
    req: int = _number(0x48, _Q96060, "ReqSync: the last number taken from it")
    srv: int = _number(0x4C, _Q96060, "SrvSync: the last number that it holds")
    imp: int = _number(0x50, _Q96060, "its import counter")
    cycle: int = _number(0x54, _Q96060, "the last cycle in which it was heard")
    updated: int = _number(0x58, _Q96060, "when it was heard last, seconds since 1970")
    limit: int = _number(0x5C, "KB Q119450 names the field", "largest answer in bytes; 0 is as the requestor says")
    password_ref: str = _password(0x100)


@attrs.frozen(kw_only=True)
class Srvconf:
    """SRVCONF.GLB: it exists at the directory server only."""

    head: ServerHead = attrs.field(factory=ServerHead)
    requestors: tuple[Requestor, ...] = ()

    def requestor(self, name: str) -> Requestor | None:
        """The requestor with exactly this name, in any case; None when there is none."""
        return next((r for r in self.requestors if r.name.casefold() == name.casefold()), None)


def read_srvconf(files: Files) -> Srvconf | None:
    """The server's configuration, None when this is no server; raises `FormatError` 40 when it is damaged."""
    data = files.read(SRVCONF)
    if data is None:
        return None
    head, records = headed(ServerHead, Requestor, data, SRVCONF, "requestors")
    twice = _twice(records)
    if twice:
        at = layout.place(Requestor, "name", twice, head=layout.layout_of(ServerHead).size)
        raise layout.corrupt(SRVCONF, at, "name", "another than the ones before", records[twice].name)
    return Srvconf(head=head, requestors=tuple(records))


def write_srvconf(change: Changing, conf: Srvconf) -> None:
    """Store it; raises `FormatError` for what does not fit and for two requestors of one name."""
    twice = _twice(conf.requestors)
    if twice:
        raise FormatError("two requestors have one name", source=SRVCONF, field="name", got=conf.requestors[twice].name)
    head = attrs.evolve(conf.head, requestors=len(conf.requestors))
    change.write(SRVCONF, layout.encode_all(conf.requestors, layout.encode(head)))


def _twice(requestors: Sequence[Requestor]) -> int:
    """The first one with the name of another before it; 0 when there is none."""
    names = [each.name.casefold() for each in requestors]
    return next((n for n, name in enumerate(names) if name in names[:n]), 0)


def headed(head_cls: type[H], cls: type[R], data: bytes, source: str, counter: str) -> tuple[H, list[R]]:
    """The head of a file and the records behind it, which must be as many as the head says."""
    head = layout.decode(head_cls, data, source=source)
    size = layout.layout_of(head_cls).size
    records = layout.decode_all(cls, data, source=source, head=size)
    count: int = getattr(head, counter)
    if len(records) != count:
        at = size + min(len(records), count) * layout.layout_of(cls).size
        raise layout.corrupt(source, at, counter, f"{count} records", f"{len(records)} records")
    return head, records
