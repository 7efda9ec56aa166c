"""Everything, as a file for one or more requestors of a directory server: its numbers, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dxa.connector import Parcel, ParcelKind, PeerInfo
from dxa.dirsync import server
from dxa.dirsync.messages import Reply
from dxa.ledger.answer import Content, Cut
from dxa_msmail.postoffice import resync
from dxa_msmail.postoffice.maildata import OWN

if TYPE_CHECKING:
    from dxa_msmail.programs.srvmain.answers import Answering

#: Where everything lies for a requestor that takes no letter as large (KB Q119450): a file for each.
FOLDER = f"{OWN}/RESYNC"


def place_for(name: str) -> str:
    """The file for one requestor, by its NET/PO or type."""
    return f"{FOLDER}/{name.replace('/', '-').upper()}.GLB"


def leave(
    answering: Answering,
    names: Sequence[str],
    content: Content,
    cut: Cut,
    file: str,
    among: Iterable[str],
) -> tuple[Parcel, list[str]]:
    """Write the content as a file, and remember that these may hold it; returns what no queue can hold, too.

    Names are NET/PO, or the type of a gateway. R and I of the file are not below those of all `among` (KB Q215505); I
    is one above, so that an answer which is on its way is older. `cut` has the number of the file.
    """
    states = [answering.served.memo(name).state for name in among]
    r, i = max(state.r for state in states), max(state.i for state in states) + 1
    for name in names:
        memo = answering.served.memo(name)
        memo.state, _ = server.step(memo.state, server.Handed(number=cut.number, r=r, i=i))
        memo.cuts.append(cut)
    parcel = Parcel(
        id=f"{cut.number:010d}-file",
        peer=PeerInfo(id=names[0], name=names[0]),
        kind=ParcelKind.FULL,
        content=content,
        own=frozenset.intersection(*(answering.own(name) for name in names)),
        reply=Reply(r=r, s=cut.number, was=0, i=i),
        templates=cut.pick.templates,
        by_file=True,
        title=", ".join(names),
    )
    assert parcel.reply is not None
    data, refused = resync.write(parcel.reply, parcel.transactions(), int(answering.now), templates=parcel.templates)
    answering.change.write(file, data)
    return parcel, [f"{key}: {reason}" for key, reason in refused]
