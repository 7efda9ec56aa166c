"""LISTDS: the numbers of directory synchronization, at a requestor and at the server (KB Q96060), and their reset.

Behind the banner the lines are those of ListDS 3.2, so that whoever compares them with an old listing finds each in its
place. What a verbose listing and a reset say beyond that is ours.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import attrs

from dxa.errors import UsageError
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, Reqconf, read_reqconf, read_srvconf, write_reqconf
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.maildata import Files, Maildata

#: What every listing begins with. It names the form, and does not claim to be the original.
BANNER = ("dxa msmail listds, in the form of ListDS v3.2", "")
#: What programs of MS Mail print for a text that is not there (KB Q148718).
NULL = "<null>"
#: The fields of REQCONF.GLB that point into queues, with the queues' names.
POINTERS = {"srvtrans": "SRVTRANS", "usrtrans": "USRTRANS", "gwtrans": "GWTRANS", "nmetrans": "NMETRANS"}


def requestor(po: Maildata, *, verbose: bool = False) -> list[str]:
    """``listds -r``: what the requestor remembers, line by line; raises `FormatError` 40."""
    with po.look() as files:
        conf = read_reqconf(files)
        lines = [*BANNER, *_requestor(files, conf)]
    return [*lines, *_more(conf)] if verbose else lines


def server(po: Maildata, *, verbose: bool = False) -> list[str]:
    """``listds -s``: what the server knows of each requestor; raises `UsageError` when this is none, `FormatError`."""
    with po.look() as files:
        return [*BANNER, *_server(files, verbose)]


def reset(po: Maildata) -> list[str]:
    """``listds -r -z``: begin anew with the server; the lines say what was reset, and what was not.

    The numbers are reset, all four pointers into the queues (LISTDS 3.5 left these, KB Q140462), and the times of the
    last import and export (it left these, too, KB Q131681; dx:T-226). The number that the next change gets is kept: to
    a server that has not been reset, lower ones would be old. So are the server and the options, as LISTDS 3.2 does (KB
    Q96060). Raises `UsageError` at a server, `FormatError`.
    """
    with po.change() as change:
        if read_srvconf(change) is not None:
            raise UsageError(
                f"{name_of(change)} is the directory server: it has {SRVCONF}. Its numbers are not reset this way, for "
                "all requestors count from them; remove it as a server first. Nothing has been changed"
            )
        old = read_reqconf(change)
        new = attrs.evolve(old, acked=0, srv=0, imp=0, sent=0, imports=True, exports=True)
        new = attrs.evolve(new, last_import=0, last_export=0)
        new = attrs.evolve(new, srvtrans=-1, usrtrans=-1, gwtrans=-1, nmetrans=-1)
        write_reqconf(change, new)
        head = _requestor(change, new)
    return [*BANNER, *head, "", *_told(old)]


def _requestor(files: Files, conf: Reqconf) -> list[str]:
    return [
        f"Examining {name_of(files)} Requestor Configuration Record",
        f"Dir-Sync Server: {conf.server or NULL}",
        f"ReqSync = {conf.acked}, SrvSync = {conf.srv}",
    ]


def _more(conf: Reqconf) -> Iterator[str]:
    yield f"ImpSync = {conf.imp}, Last number queued = {conf.last}"
    yield f"Last import request {ctime(conf.last_import)}"
    yield f"Last export request {ctime(conf.last_export)}"
    yield _pointers(conf)


def _pointers(conf: Reqconf) -> str:
    return "Queue pointers: " + ", ".join(f"{queue} = {getattr(conf, name)}" for name, queue in POINTERS.items())


def _server(files: Files, verbose: bool) -> Iterable[str]:
    conf, name = read_srvconf(files), name_of(files)
    if conf is None:
        raise UsageError(f"{name} is not the directory server: it has no {SRVCONF}; list it as a requestor, with -r")
    yield f"Examining {name} Server Configuration Record"
    yield f"Highest SrvSync is {conf.head.sync}, Current Dirsync Cycle is {conf.head.cycle}"
    if verbose:
        yield f"Administrator = {conf.head.administrator or NULL}, Keep Updates = {conf.head.keep_updates} days"
    for number, each in enumerate(conf.requestors, 1):
        yield ""
        yield f"     Server Requestor Record #{number}"
        yield f"Requestor name: {each.name}"
        yield f"ReqSync = {each.req}, SrvSync = {each.srv}, Last Cycle = {each.cycle}"
        yield f"Last update received {ctime(each.updated)}"
        if verbose:
            yield f"ImpSync = {each.imp}, Limit = {each.limit}, Password = {'set' if each.password_ref else NULL}"


def _told(old: Reqconf) -> Iterator[str]:
    """What a reset has done to these numbers."""
    yield "Reset to 0:"
    yield f"  ReqSync was {old.acked}, SrvSync was {old.srv}, ImpSync was {old.imp}"
    yield "Reset to -1:"
    yield f"  {_pointers(old)}"
    yield "Reset to no time:"
    yield f"  Last import request was {ctime(old.last_import)}"
    yield f"  Last export request was {ctime(old.last_export)}"
    yield "Not reset:"
    yield f"  Next number queued is {old.last + 1}, for lower ones may be old to the server"
    yield f"  Dir-Sync Server is {old.server or NULL}, with its address types and options"
    yield "The next request sends the whole list of this postoffice, and asks for all others."


def ctime(stamp: int) -> str:
    """A time as these programs print it, local and in English: ``Thu Apr 07 12:13:52 1994``; 0 is no time."""
    return time.ctime(stamp).replace("  ", " 0") if stamp else NULL
