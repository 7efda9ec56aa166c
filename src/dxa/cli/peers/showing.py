"""`dxa peers list`, `show` and `templates`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.peers.group import peers
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import ListCount

#: Between columns of a matrix.
GAP = 2


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
