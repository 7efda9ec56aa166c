"""`dxa peers full` and `import`: everything is sent, or asked for, once more."""

from __future__ import annotations

import click

from dxa.cli.peers.group import peers
from dxa.cli.session import Session, pass_session
from dxa.errors import UsageError


@peers.command("full")
@click.argument("names", metavar="PEER…", nargs=-1, required=True)
@click.option("--by-file", is_flag=True, help="Leave everything as one file for them now, which a person brings.")
@click.option("--global-max", is_flag=True, help="With --by-file: its numbers fit any peer of the link.")
@pass_session
def full(session: Session, names: tuple[str, ...], by_file: bool, global_max: bool) -> None:
    """Owe peers a full answer: they get everything after their next requests, a server with our next one.

    With --by-file peers of one link that are shown the same get it as a file: for MS Mail, a RESYNC.GLB.
    """
    from dxa.cli.output import say

    if global_max and not by_file:
        raise UsageError("--global-max goes with --by-file")
    with session.administrating() as administrator:
        config = administrator.agent.site.config
        found = [config.peer(name) for name in names]
        if by_file:
            links = {peer.link for peer in found}
            if len(links) > 1:
                raise UsageError(f"one file is for the peers of one link; these are of {', '.join(sorted(links))}")
            link = config.link(links.pop())
            for line in administrator.hand_over(link, [peer.name for peer in found], everybody=global_max):
                say(line)
        else:
            for peer in found:
                administrator.want_full(config.link(peer.link), peer.name)
                say(f"{peer.id} gets a full answer after its next request.")
    session.logging.info("full answer owed", peers=[peer.id for peer in found], by_file=by_file)


@peers.command("import")
@click.argument("peer", metavar="PEER")
@pass_session
def import_(session: Session, peer: str) -> None:
    """Ask a server, whose requestor dxa is, for everything with the next request."""
    from dxa.cli.output import say

    with session.administrating() as administrator:
        config = administrator.agent.site.config
        found = config.peer(peer)
        administrator.want_import(config.link(found.link), found.name)
    session.logging.info("full import wanted", peer=found.id)
    say(f"The next request to {found.id} asks for everything.")
