"""The group `dxa peers`."""

from __future__ import annotations

import click

from dxa.cli.listing import Group


@click.group(cls=Group, no_args_is_help=True)
def peers() -> None:
    """Foreign systems behind the links. PEER is LINK/NAME, or NAME if only one link has it."""
