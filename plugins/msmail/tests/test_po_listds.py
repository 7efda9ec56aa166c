"""LISTDS: the numbers in the form that KB Q96060 prints, and their reset."""

import time
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.errors import UsageError
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.dirsyncconf import (
    Reqconf,
    Requestor,
    ServerHead,
    Srvconf,
    read_reqconf,
    write_reqconf,
    write_srvconf,
)
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.programs import listds

#: Fri Feb 18 13:11:58 1994 in UTC.
UPDATED = 761_577_118


@pytest.fixture
def po(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A postoffice with the numbers of the documented listing, while the clocks of the world show UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    made = tree.create(tmp_path / "PO", network="POLYNOMIAL", postoffice="MONTGOMERY", durable=False)
    with made.change() as change:
        numbers: dict[str, Any] = {
            "acked": 17,
            "last": 19,
            "sent": 18,
            "srv": 80,
            "imp": 2,
            "imports": False,
            "exports": False,
        }
        pointers: dict[str, Any] = {"srvtrans": 0, "usrtrans": 1, "gwtrans": 2, "nmetrans": 3}
        conf = Reqconf(server="CARD/INAL", types="PCM|SMTP", last_import=UPDATED, **numbers, **pointers)
        write_reqconf(change, conf)
    yield made
    monkeypatch.undo()
    time.tzset()


def serve(po: Maildata) -> None:
    """Make the postoffice a directory server with two requestors."""
    with po.change() as change:
        one = Requestor(name="PCM:POLYNOMIAL/MONTGOMERY", req=17, srv=80, cycle=11, updated=UPDATED)
        write_srvconf(change, Srvconf(head=ServerHead(sync=80, cycle=11), requestors=(one, Requestor(name="SMTP"))))


def test_a_requestor(po: Maildata) -> None:
    """``listds -r``, line by line."""
    assert [
        "dxa msmail listds, in the form of ListDS v3.2",
        "",
        "Examining POLYNOMIAL/MONTGOMERY Requestor Configuration Record",
        "Dir-Sync Server: CARD/INAL",
        "ReqSync = 17, SrvSync = 80",
    ] == listds.requestor(po)


def test_a_verbose_listing(po: Maildata) -> None:
    """With ``-v`` what else REQCONF.GLB has of numbers and times."""
    assert [
        "ImpSync = 2, Last number queued = 19",
        "Last import request Fri Feb 18 13:11:58 1994",
        "Last export request <null>",
        "Queue pointers: SRVTRANS = 0, USRTRANS = 1, GWTRANS = 2, NMETRANS = 3",
    ] == listds.requestor(po, verbose=True)[5:]


def test_a_server(po: Maildata) -> None:
    """``listds -s``, as documented; who was never heard has no time."""
    serve(po)

    assert [
        "dxa msmail listds, in the form of ListDS v3.2",
        "",
        "Examining POLYNOMIAL/MONTGOMERY Server Configuration Record",
        "Highest SrvSync is 80, Current Dirsync Cycle is 11",
        "",
        "     Server Requestor Record #1",
        "Requestor name: PCM:POLYNOMIAL/MONTGOMERY",
        "ReqSync = 17, SrvSync = 80, Last Cycle = 11",
        "Last update received Fri Feb 18 13:11:58 1994",
        "",
        "     Server Requestor Record #2",
        "Requestor name: SMTP",
        "ReqSync = 0, SrvSync = 0, Last Cycle = 0",
        "Last update received <null>",
    ] == listds.server(po)


def test_a_verbose_server(po: Maildata) -> None:
    """With ``-v`` who is told what needs a person, for how long changes are kept, and more of each requestor."""
    serve(po)
    found = listds.server(po, verbose=True)

    assert "Administrator = <null>, Keep Updates = 14 days" == found[4]
    assert 2 * ["ImpSync = 0, Limit = 0, Password = <null>"] == [line for line in found if "ImpSync" in line]


def test_a_requestor_is_no_server(po: Maildata) -> None:
    """It is told so, with what to do."""
    with pytest.raises(UsageError, match="is not the directory server: it has no GLB/SRVCONF"):
        listds.server(po)


@pytest.mark.dx("T-226")
def test_a_reset_is_complete_and_says_what_it_kept(po: Maildata) -> None:
    """All numbers, the pointers into the queues, and the times; the next number stays, for the server may know it."""
    with po.look() as files:
        old = read_reqconf(files)
    lines = listds.reset(po)
    with po.look() as files:
        new = read_reqconf(files)

    assert (0, 0, 0, 0) == (new.acked, new.sent, new.srv, new.imp)
    assert (0, 0) == (new.last_import, new.last_export)
    assert [-1] * 4 == [getattr(new, name) for name in listds.POINTERS]
    assert (True, True) == (new.imports, new.exports)
    reset = ("acked", "sent", "srv", "imp", "imports", "exports", "last_import", "last_export", *listds.POINTERS)
    assert old == attrs.evolve(new, **{name: getattr(old, name) for name in reset})
    assert [
        "ReqSync = 0, SrvSync = 0",
        "",
        "Reset to 0:",
        "  ReqSync was 17, SrvSync was 80, ImpSync was 2",
        "Reset to -1:",
        "  Queue pointers: SRVTRANS = 0, USRTRANS = 1, GWTRANS = 2, NMETRANS = 3",
        "Reset to no time:",
        "  Last import request was Fri Feb 18 13:11:58 1994",
        "  Last export request was <null>",
        "Not reset:",
        "  Next number queued is 20, for lower ones may be old to the server",
        "  Dir-Sync Server is CARD/INAL, with its address types and options",
        "The next request sends the whole list of this postoffice, and asks for all others.",
    ] == lines[4:]


def test_a_server_is_not_reset(po: Maildata) -> None:
    """All requestors count from its numbers; nothing is changed."""
    serve(po)
    with pytest.raises(UsageError, match="is the directory server"):
        listds.reset(po)

    assert "ReqSync = 17, SrvSync = 80" == listds.requestor(po)[4]
