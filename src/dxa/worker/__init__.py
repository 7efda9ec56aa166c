"""Connectors in processes of their own, so that none can bring the agent down or see more than its link.

`remote` is the agent's end: a connector that hands every call on. `process` starts the process, waits for it no longer
than the limits say, and ends it. `serving` is what runs inside. `messages` are what passes between.
"""

from dxa.worker.remote import RemoteConnector, offered, prepare

__all__ = ["RemoteConnector", "offered", "prepare"]
