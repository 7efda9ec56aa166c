"""The store persists what must not be forgotten: directory, ledger, runs, outbox, and the numbers handed out."""

from __future__ import annotations

from dxa.store.highwater import FileHighWater, HighWater, MemoryHighWater
from dxa.store.integrity import Damage
from dxa.store.integrity import Kind as DamageKind
from dxa.store.journal import RunChange, RunRow
from dxa.store.listings import Living, Named, Told, Waiting
from dxa.store.messages import MessageRow
from dxa.store.notices import NoticeRow
from dxa.store.outbox import ParcelRow
from dxa.store.peers import PeerRow
from dxa.store.received import PendingRow
from dxa.store.rejects import RejectRow
from dxa.store.store import Store
from dxa.store.verdicts import HeldRow
from dxa.store.views import ViewRow

__all__ = [
    "Damage",
    "DamageKind",
    "FileHighWater",
    "HeldRow",
    "HighWater",
    "Living",
    "MemoryHighWater",
    "MessageRow",
    "Named",
    "NoticeRow",
    "ParcelRow",
    "PeerRow",
    "PendingRow",
    "RejectRow",
    "RunChange",
    "RunRow",
    "Store",
    "Told",
    "ViewRow",
    "Waiting",
]
