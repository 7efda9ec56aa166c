"""How mail gets to every postoffice that is known, and what stands in its way (dx:T-210)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from dxa.errors import DxaError, FormatError, NotFoundError, UsageError
from dxa_msmail.postoffice import mailbag
from dxa_msmail.postoffice.bag import Bag
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.names import read_usr, usr_file
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networks import PostofficeRow, Route, RouteKind, name_key
from dxa_msmail.programs.external.causes import CIRCLE


@attrs.frozen(kw_only=True)
class Way:
    """How mail gets to a postoffice or node. `hop` is the one that it is given to, `people` are the addresses of its
    list, `letters` wait for it, the oldest for `age` seconds. `problem` says why mail cannot get there now.
    """

    name: str
    kind: str
    route: str
    hop: str
    people: int
    letters: int
    age: float
    problem: str


def ways(po: Maildata, now: float) -> list[Way]:
    """The ways from a postoffice, each neighbour looked at once; raises `FormatError` 40, `TransportError`."""
    with po.look() as files:
        own = name_of(files)
        nets = Networks.load(files)
        rows = [row for row in nets.rows() if name_key(row.full) != name_key(own)]
        hops = {row.full: _hop(nets, row) for row in rows}
        counts = {row.full: _counts(files, row, now) for row in rows}
    # Without our lock, for never are two postoffices locked at once.
    neighbours = {hop.full: hop for hop, _ in hops.values() if hop}
    closed = {name: _why_closed(po, own, hop) for name, hop in neighbours.items()}
    return [_way(row, *hops[row.full], counts[row.full], closed) for row in rows]


def _way(
    row: PostofficeRow,
    hop: PostofficeRow | None,
    why: str,
    counts: tuple[int, int, float, str],
    closed: Mapping[str, str],
) -> Way:
    people, letters, age, damage = counts
    next_one = hop.full if hop else ""
    return Way(
        name=row.full,
        kind=row.kind,
        route=route_text(row.route),
        hop=next_one,
        people=people,
        letters=letters,
        age=age,
        problem=why or damage or closed.get(next_one, ""),
    )


def route_text(route: Route) -> str:
    """A route in words."""
    if route.path:
        return f"{'bag' if route.kind is RouteKind.BAG else 'direct'}, {route.path}"
    return f"via {route.via}" if route.via else "no way"


def _hop(nets: Networks, row: PostofficeRow) -> tuple[PostofficeRow | None, str]:
    """The postoffice that mail for this one is given to; none with the reason. A gateway's node is the gateway's."""
    if row.kind != "MS" and row.route.kind is RouteKind.NONE:
        return None, ""
    try:
        hop = nets.hop(row.full)
    except NotFoundError as error:
        return None, str(error)
    except UsageError as error:
        return None, CIRCLE.told(str(error))
    if hop.route.is_open:
        return hop, ""
    what = "it has no route" if hop.full == row.full else f"{hop.full} on the way has none"
    return None, f"{what}: mail for it waits until there is one, or until somebody fetches it"


def _counts(files: Files, row: PostofficeRow, now: float) -> tuple[int, int, float, str]:
    people = letters = 0
    age, problems = 0.0, list[str]()
    try:
        people = len(read_usr(files.read(usr_file(row.hexid)) or b"", usr_file(row.hexid)))
    except FormatError as error:
        problems.append(str(error))
    try:
        headers = mailbag.headers(files, row.mailbag)
        letters = len(headers)
        age = max((now - (header.arrived or now) for _, header in headers), default=0.0)
    except DxaError as error:
        problems.append(str(error))
    return people, letters, max(0.0, age), "; ".join(problems)


def _why_closed(po: Maildata, own: str, hop: PostofficeRow) -> str:
    """Why a neighbour cannot be given mail now."""
    path = po.root / hop.route.path
    try:
        if hop.route.kind is RouteKind.BAG:
            Bag.of(po, own, hop).left()
            return ""
        with attrs.evolve(po, root=path).look() as files:
            found = name_of(files)
    except DxaError as error:
        return str(error)
    return "" if name_key(found) == name_key(hop.full) else f"{path} is the postoffice {found}, not {hop.full}"
