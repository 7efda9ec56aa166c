"""The command line: the only reader of the environment (secrets apart) and the only printer.

`root` has the table of commands, each loaded when it is used; `run` turns what happens into messages and an exit
status; `session` opens the site; `output` draws tables and writes JSON; the other modules are one group of commands
each. They ask `dxa.agent` for values and show them.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line of this process; returns its exit status."""
    if sys.argv[1:] == ["--version"]:
        # The commonest question of scripts costs no more than it must: click and the commands are not loaded.
        from importlib.metadata import version

        print(f"dxa {version('dxa')}")
        return 0
    try:
        from dxa.cli.run import run_process
    except KeyboardInterrupt:
        return 130
    return run_process(sys.argv[1:])
