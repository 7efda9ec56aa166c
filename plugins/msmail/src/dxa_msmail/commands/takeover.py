"""``dxa msmail takeover``: another role in MS Mail's directory synchronization, and everybody stays who they are."""

from __future__ import annotations

import click

from dxa_msmail.commands import screen

_NEXT = (
    "What is left to do in MS Mail is a procedure of its own, where the site is the directory server now, or is not:",
    "`dxa msmail procedure server-to-dxa`",
    "`dxa msmail procedure server-from-dxa`",
)


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--rest-to", metavar="PEER", help="Who gets what is nobody's list on that link.")
@click.option("--dry-run", is_flag=True, help="Only say who would get how much.")
@click.pass_context
def takeover(context: click.Context, source: str, target: str, rest_to: str | None, dry_run: bool) -> None:
    """Change the site's role: give what the link FROM has told to the link TO, of another role (KB Q181952, Q269129).

    This is `dxa peers takeover`, which says more: every recipient keeps its number, addresses, containers and history.
    FROM must be switched off (enabled = false) or not be in dxa.toml any more.
    """
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    words = ["takeover", source, target, *(["--rest-to", rest_to] if rest_to else []), *(["--dry-run"] * dry_run)]
    peers = root.command.get_command(root, "peers")
    assert isinstance(peers, click.Group)
    with peers.make_context("peers", words, parent=root) as below:
        status = peers.invoke(below)
    if not status and not dry_run:
        for line in _NEXT:
            screen.say(line)
    context.exit(status or 0)
