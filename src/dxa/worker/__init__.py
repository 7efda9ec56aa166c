"""Connectors in processes of their own, so that none can bring the agent down or see more than its link.

`remote` is the agent's end: a connector that hands every call on. `process` waits for the process no longer than the
limits say, and ends it. `nursery` starts it: it comes from one that has imported what all of them need (`dividing`).
`serving` is what runs inside. `messages` are what passes between.
"""

from dxa.worker.nursery import Nursery
from dxa.worker.remote import RemoteConnector, offered, prepare

__all__ = ["Nursery", "RemoteConnector", "offered", "prepare"]
