"""``python -m dxa.worker CONTROL``: where connectors' processes come from; the argument is an open socket."""

from __future__ import annotations

import socket
import sys
from multiprocessing.connection import Connection

from dxa.worker.dividing import divide
from dxa.worker.serving import serve

if __name__ == "__main__":
    place = divide(socket.socket(fileno=int(sys.argv[1])))
    if place is not None:
        serve(Connection(place.pipe), place.lifeline)
