"""What a plugin implements to bring a foreign mail system to dxa.

A connector collects reports and delivers parcels; it decides nothing. Collecting removes nothing: only `settle`, which
is called after what was read has been committed, may take a mail or file away.

All of it is imported from here.
"""

from dxa.connector.abilities import (
    Acknowledger,
    Claimant,
    Examiner,
    Fault,
    GivesBack,
    Narrator,
    Phase,
    Shaper,
    Standing,
    Wish,
    folder_faults,
    shaped,
)
from dxa.connector.offers import Decoder, Scene
from dxa.connector.parcels import NOTHING, Outcome, Parcel, ParcelKind, Result
from dxa.connector.reports import Report
from dxa.connector.traits import Feed, Holds, PeerInfo, Traits
from dxa.connector.types import Allowance, Connector, ConnectorType, Kept, LinkContext, NoOptions

__all__ = [
    "NOTHING",
    "Acknowledger",
    "Allowance",
    "Claimant",
    "Connector",
    "ConnectorType",
    "Decoder",
    "Examiner",
    "Fault",
    "Feed",
    "GivesBack",
    "Holds",
    "Kept",
    "LinkContext",
    "Narrator",
    "NoOptions",
    "Outcome",
    "Parcel",
    "ParcelKind",
    "PeerInfo",
    "Phase",
    "Report",
    "Result",
    "Scene",
    "Shaper",
    "Standing",
    "Traits",
    "Wish",
    "folder_faults",
    "shaped",
]
