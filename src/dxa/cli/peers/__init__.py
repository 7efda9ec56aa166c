"""`dxa peers`: what is shown of peers, their registration, what moves from one to another, what they are owed."""

from dxa.cli.peers import moving, owing, registering, showing
from dxa.cli.peers.group import peers

__all__ = ["moving", "owing", "peers", "registering", "showing"]
