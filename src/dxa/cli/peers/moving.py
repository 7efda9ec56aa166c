"""`dxa peers takeover`, `retire`, `rename`: entries go to another peer, come to their end, or move with their list."""

from __future__ import annotations

import click

from dxa.cli.peers.group import peers
from dxa.cli.session import Session, pass_session


@peers.command("takeover")
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@click.option("--rest-to", "rest", metavar="PEER", default="", help="Who gets what is nobody's list on that link.")
@click.option("--dry-run", "dry", is_flag=True, help="Only say who would get how much.")
@pass_session
def takeover(session: Session, old: str, new: str, rest: str, dry: bool) -> None:
    """Give what the link (or peer) FROM has told to the link (or peer) TO: for another role, connector or link name.

    Every recipient keeps its number, addresses, containers and history, and what its new peer tells of it again changes
    nothing. On a link with many peers each gets the entries of its own lists; what nobody gets stays under a former
    owner. FROM must be switched off (enabled = false) or not be in dxa.toml any more; TO is configured and has its
    peers. FROM is forgotten; numbers go on above its own.
    """
    from contextlib import nullcontext

    from dxa.agent import handover
    from dxa.cli.output import counted, say

    with session.writing() as site, site.store.rehearsal() if dry else nullcontext():
        taken = handover.take_over(site, old, new, rest)
    for heir, count in taken.heirs.items():
        say(f"{heir}: {counted(count, 'recipient')}")
    if taken.former:
        say(f"nobody's: {counted(taken.former, 'recipient')}; --rest-to PEER gives them to a peer")
    if dry:
        say("Nothing was changed.")
        return
    session.logging.info("taken over", old=old, new=new, recipients=sum(taken.heirs.values()))
    say(f"Take {old} out of dxa.toml, if it is still there. `dxa plan` shows what the next sync does.")


@peers.command("retire")
@click.argument("link", metavar="LINK")
@click.argument("name", metavar="NET/PO")
@pass_session
def retire(session: Session, link: str, name: str) -> None:
    """Empty the list of a postoffice that is no more: everybody in it goes, here and at all peers.

    The next sync plans that, and guards hold it as if the postoffice had sent an empty list. If it is a peer itself,
    remove it afterwards, or it may tell its people again.
    """
    from dxa.agent import relisting
    from dxa.cli.output import counted, say

    with session.writing_without_secrets() as site:
        found = site.config.link(link)
        gone = relisting.retire(site, found, name)
        registered = [peer.id for peer in found.peers.values() if peer.name.casefold() == name.casefold()]
    session.logging.info("retired", link=found.name, name=name, entries=sum(gone.values()))
    for peer, count in gone.items():
        say(f"{counted(count, 'entry', 'entries')} of {peer} {'goes' if count == 1 else 'go'} with the next sync.")
    say("`dxa plan` shows it, and what has to be approved.")
    if registered:
        say(f"Afterwards: `dxa peers remove {registered[0]} --keep`, so that it is not asked for any more.")


@peers.command("rename")
@click.argument("link", metavar="LINK")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@pass_session
def rename(session: Session, link: str, old: str, new: str) -> None:
    """Give a postoffice (NET/PO) another name: its entries get other addresses, and stay who they are.

    The next sync plans that, and guards hold it; peers see the old entries go and the new ones come. A peer of that
    name is called so from then on, in dxa.toml, too, where the old name is kept among its own lists. What was told
    under the new name already is joined.
    """
    from dxa.agent import relisting
    from dxa.cli.output import counted, say
    from dxa.config import edit

    with session.writing_without_secrets() as site:
        found = site.config.link(link)
        peer = found.peers.get(old.casefold()) if found.connector.traits.many_peers else None
        with site.store.transaction():
            done = relisting.rename(site, found, peer.name if peer else old, new)
            if peer is not None:
                text = edit.rename_peer(edit.read(session.path), found.name, peer.name, new)
                session.parse(text, secrets=False)
                edit.write(session.path, text)
    session.logging.info("renamed", link=found.name, old=old, new=new, entries=done.moved)
    say(f"{counted(done.moved, 'entry', 'entries')} of {old} are {new}'s with the next sync.")
    if done.joined:
        say(f"{counted(done.joined, 'entry', 'entries')} stood there already, and keep the recipient of before.")
    say("`dxa plan` shows it, and what has to be approved.")
