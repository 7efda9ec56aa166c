"""`dxa peers add` and `remove`: peers come into dxa.toml, and leave it and the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dxa.cli.listing import Number
from dxa.cli.peers.group import peers
from dxa.cli.session import Session, pass_session
from dxa.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from dxa.config import Link, Peer


@peers.command("add")
@click.argument("link", metavar="LINK")
@click.argument("name", metavar="NAME")
@click.option(
    "--password-ref", metavar="env:X|file:Y", help="Where its password is: a variable, or a file beside dxa.toml."
)
@click.option("--no-password", is_flag=True, help="It has no password: whoever can send from its address is believed.")
@click.option(
    "--types", multiple=True, help="An address type that it may be shown; repeatable. The default is what it asks for."
)
@click.option("--no-templates", is_flag=True, help="Send it no template values.")
@click.option("--limit", type=Number(min=1), help="Bytes that one answer may have.")
@click.option("--import-container", metavar="CONTAINER", help="Where what it tells goes, if not where its link says.")
@click.option(
    "--export-container",
    "exports",
    metavar="CONTAINER",
    multiple=True,
    help="What is exported to it, if not what its link says; repeatable.",
)
@click.option(
    "--set",
    "options",
    metavar="KEY=VALUE",
    multiple=True,
    help="A key of the connector's own table for the peer; repeatable.",
)
@pass_session
def add(
    session: Session,
    link: str,
    name: str,
    password_ref: str | None,
    no_password: bool,
    types: tuple[str, ...],
    no_templates: bool,
    limit: int | None,
    import_container: str | None,
    exports: tuple[str, ...],
    options: tuple[str, ...],
) -> None:
    """Register the peer NAME (NET/PO) on LINK: a table for it is put into dxa.toml."""
    from dxa.cli.output import say
    from dxa.config import edit

    if password_ref is not None and no_password:
        raise UsageError(_EITHER)
    if password_ref is not None and not password_ref.startswith(("env:", "file:")):
        raise UsageError("--password-ref takes env:NAME or file:PATH, so that no password stands in a command line")
    wished: dict[str, Any] = {
        "password": password_ref,
        "no_password": no_password or None,
        "types": [text.upper() for given in types for text in given.replace(",", " ").split()],
        "templates": False if no_templates else None,
        "limit": limit,
        "import_container": import_container,
        "export_containers": list(exports),
    }
    settings = {key: value for key, value in wished.items() if value not in (None, [])}
    with session.locked() as path:
        text = edit.read(path)
        exact = _link_name(text, link)
        kind = session.parse(text).link(exact).connector
        if password_ref is None and not no_password and not kind.traits.signed:
            raise UsageError(_EITHER)
        if options:
            settings[kind.name] = dict(map(_option, options))
        _check_and_write(session, edit.add_peer(text, exact, name, settings))
    session.logging.info("peer added", link=link, peer=name)
    say(f"Registered {name} on {link}. It is answered after its first request.")


_EITHER = "say either --password-ref env:X (or file:Y), or --no-password"


def _option(text: str) -> tuple[str, Any]:
    """``KEY=VALUE``; a value that TOML reads as a number or a flag is one, everything else is text."""
    import tomllib

    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set takes KEY=VALUE, got {text!r}")
    try:
        plain = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        plain = value
    return key.strip(), plain if isinstance(plain, (bool, int, float, str)) else value


@peers.command("remove")
@click.argument("peer", metavar="PEER")
@click.option("--keep", is_flag=True, help="What it owns stays, under a former owner.")
@click.option("--delete", is_flag=True, help="What it owns is deleted.")
@click.option("--transfer-to", metavar="PEER", help="What it owns goes over to that peer (LINK/NAME).")
@pass_session
def remove(session: Session, peer: str, keep: bool, delete: bool, transfer_to: str | None) -> None:
    """Remove a peer from dxa.toml and from the database. Say what becomes of the recipients that it owns.

    A peer that is not in dxa.toml any more, but left over in the database, is named LINK/NAME as `dxa status` shows it.
    """
    from dxa.agent.admin import Leftover
    from dxa.cli.output import counted, say
    from dxa.config import Peer, edit

    chosen = [
        *([Leftover.KEEP] if keep else []),
        *([Leftover.DELETE] if delete else []),
        *([Leftover.TRANSFER] if transfer_to is not None else []),
    ]
    if len(chosen) != 1:
        raise UsageError("say exactly one of --keep, --delete and --transfer-to PEER: what becomes of what it owns")
    with session.administrating() as administrator:
        config = administrator.agent.site.config
        found = administrator.find_peer(peer)
        heir = "" if transfer_to is None else config.peer(transfer_to).id
        if heir == found.id:
            raise UsageError(f"{found.id} cannot be handed over to itself")
        text = _without(session, config.link(found.link), found) if isinstance(found, Peer) else None
        owned = administrator.remove_peer(found.id, chosen[0], heir)
        if text is not None:
            edit.write(session.path, text)
    one = owned == 1
    done = {
        Leftover.KEEP: "stays" if one else "stay",
        Leftover.DELETE: "is deleted" if one else "are deleted",
        Leftover.TRANSFER: f"{'belongs' if one else 'belong'} to {heir} now",
    }[chosen[0]]
    session.logging.info("peer removed", peer=found.id, leftover=chosen[0].value, owned=owned)
    say(f"Removed {found.id}; {counted(owned, 'recipient')} that it owned {done}.")


def _without(session: Session, link: Link, peer: Peer) -> str | None:
    """The configuration without a peer's table; None when the peer has none, as it is its link."""
    from dxa.config import edit

    if link.connector.traits.many_peers:
        text = edit.remove_peer(edit.read(session.path), link.name, peer.name)
        session.parse(text)
        return text
    if link.enabled:
        raise UsageError(
            f"{peer.id} is the only peer of its link. Write enabled = false into [links.{link.name}] of dxa.toml, "
            "run this again, and then take the link out"
        )
    return None


def _check_and_write(session: Session, text: str) -> None:
    from dxa.config import edit

    session.parse(text)
    edit.write(session.path, text)


def _link_name(text: str, link: str) -> str:
    """The link as the file spells it."""
    import tomllib

    links = tomllib.loads(text).get("links", {})
    for name in links:
        if name.casefold() == link.casefold():
            return str(name)
    raise NotFoundError(f"no link {link!r}; configured are: {', '.join(links) or 'none'}")
