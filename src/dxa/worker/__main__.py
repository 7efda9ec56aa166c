"""``python -m dxa.worker PIPE LIFELINE``: a connector's process; the arguments are open files."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

from dxa.worker.serving import serve

if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), int(sys.argv[2]))
