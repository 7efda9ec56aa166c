"""`dxa peers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from dxa.cli.listing import Group, Number, json_command
from dxa.cli.session import Session, pass_session
from dxa.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from dxa.agent.queries import ListCount
    from dxa.config import Link, Peer

#: Between columns of a matrix.
GAP = 2


@click.group(cls=Group, no_args_is_help=True)
def peers() -> None:
    """Foreign systems behind the links. PEER is LINK/NAME, or NAME if only one link has it."""


@json_command("PeerShown", "ListCount", group=peers, name="list")
@click.option("--counts", is_flag=True, help="Show a matrix: how many entries of which list each peer is shown.")
@pass_session
def list_peers(session: Session, counts: bool, as_json: bool) -> None:
    """List peers, with what each owns and is shown. The JSON has the key "peers", and with --counts "lists"."""
    from dxa.agent import queries
    from dxa.cli.output import say, table, when, write_json

    with session.reading() as site:
        found = queries.peers(site)
        lists = queries.list_counts(site) if counts else []
    if as_json:
        shown = {"peers": queries.as_plain(found)}
        write_json(shown | {"lists": queries.as_plain(lists)} if counts else shown)
        return
    if not found:
        say("No peers yet. Links stand in dxa.toml; `dxa peers add` adds peers to a link that has many.")
        return
    rows = [(p.peer, p.connector, when(p.heard_at), p.owned, p.shown, "" if p.enabled else "off") for p in found]
    table("", ["peer", "connector", "heard", "#owns", "#is shown", ""], rows)
    if lists:
        _matrix(lists)
    elif counts:
        say("No peer is shown anything.")


@json_command("PeerDetail", "ListCount", "PeerStatus", group=peers, name="show")
@click.argument("peer", metavar="PEER")
@pass_session
def show_peer(session: Session, peer: str, as_json: bool) -> None:
    """Show one peer: its rules, its state, and how many entries of which list it is shown."""
    from dxa.agent import queries
    from dxa.cli.output import pairs, say, table, when, write_json

    with session.reading() as site:
        found = queries.peer(site, peer)
    if as_json:
        write_json(queries.as_plain(found))
        return
    state = found.status
    numbers = "none" if state.r is None else f"R={state.r} S={state.s} I={state.i}, confirmed {state.confirmed}"
    pairs(
        [
            ("peer", found.peer),
            ("connector", found.connector + ("" if found.enabled else ", switched off")),
            ("numbers", numbers),
            ("heard", when(found.heard_at)),
            ("answered", when(state.last_answer_at)),
            ("owns", found.owned),
            ("is shown", found.shown),
            ("types", ", ".join(found.types)),
            ("template values", "yes" if found.templates else "no"),
            ("limit", f"{found.limit} bytes" if found.limit else "none"),
            ("password", "yes" if found.password else "none"),
            ("own lists", ", ".join(found.own_lists)),
            ("exports", "\n".join(found.exports)),
            ("status report", state.note or None),
            ("to do", state.advice or "nothing"),
        ]
    )
    if found.lists:
        say()
        table(
            "Lists that it is shown", ["type", "list", "#entries"], [(c.type, c.list, c.entries) for c in found.lists]
        )
    else:
        say("It is shown nothing.")


@json_command("TemplatesShown", "DefinitionShown", group=peers, name="templates")
@click.argument("peer", metavar="PEER")
@pass_session
def show_templates(session: Session, peer: str, as_json: bool) -> None:
    """Show which template values go to a peer and come from it: the map, the definitions, and a sample."""
    from dxa.agent import queries
    from dxa.cli.output import pairs, say, table, write_json

    with session.reading() as site:
        found = queries.templates(site, peer)
    if as_json:
        write_json(queries.as_plain(found))
        return
    goes = (
        "yes"
        if found.allowed and found.wanted
        else "no: " + ("it has not asked for them" if found.allowed else "templates = false in dxa.toml")
    )
    relayed = [] if found.map else [("map", "none: lists are relayed")]
    pairs([("peer", found.peer), ("values go to it", goes), *relayed])
    if found.map:
        rows = [(prompt, attribute, found.sample.get(prompt, "")) for prompt, attribute in found.map.items()]
        who = f"{found.sample_name}, {found.sample_address}" if found.sample_name else "sample"
        table("Map", ["prompt", "attribute", who], rows)
    for title, definitions in (("It tells", found.told), ("It is shown", found.shown)):
        for each in definitions:
            rows = [(prompt, layout, found.sample.get(prompt, "")) for prompt, layout in each.fields.items()]
            table(f"{title}: {each.type}:{each.list}", ["prompt", "layout", "sample"], rows)
    if not (found.told or found.shown):
        say("No list of it has a definition, so no values come or go.")


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


def _side_by_side(names: Sequence[str], room: int) -> Iterator[tuple[int, Sequence[str]]]:
    """The names that fit beside each other, at least one at a time, each lot with the place of its first."""
    start = end = used = 0
    while end < len(names):
        used += len(names[end]) + GAP
        if used > room and end > start:
            yield start, names[start:end]
            start, used = end, 0
        else:
            end += 1
    if start < end:
        yield start, names[start:end]


def _matrix(lists: Sequence[ListCount]) -> None:
    """Lists down, peers across; a 0 is a list that only others are shown (dx:T-018)."""
    from dxa.cli.output import WIDTH, table

    names = list(dict.fromkeys(count.peer for count in lists))
    keys = list(dict.fromkeys((count.type, count.list) for count in lists))
    cells: dict[tuple[str, str, str], str | int] = {
        (count.type, count.list, count.peer): "own" if count.own else count.entries for count in lists
    }
    room = WIDTH - max((len(f"{type_}:{list_}") for type_, list_ in keys), default=0)
    for start, across in _side_by_side(names, room):
        rows = [
            (f"{type_}:{list_}".rstrip(":"), *(cells.get((type_, list_, name)) for name in across))
            for type_, list_ in keys
        ]
        table("Entries shown" if not start else "", ["list", *(f"#{name}" for name in across)], rows)
