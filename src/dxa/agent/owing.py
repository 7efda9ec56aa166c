"""What a peer is owed when nothing that it may hold counts any more: full lists, in both directions."""

from __future__ import annotations

import attrs

from dxa.dirsync import requestor, server
from dxa.store import PeerRow


def owed(row: PeerRow) -> PeerRow:
    """The peer as one that gets everything with the next answer, or to and from which everything goes, as a server."""
    state, asking = row.state, row.asking
    if state.s or state.heard:
        state, _ = server.step(state, server.Resend())
    if asking != requestor.State():
        for want in (requestor.WantExport(), requestor.WantImport()):
            asking, _ = requestor.step(asking, want)
    return attrs.evolve(row, state=state, asking=asking)
