"""``dxa msmail admin ADMIN …``: the directory server, and other postoffices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dxa_msmail.commands import screen
from dxa_msmail.commands.desk import Desk, pass_desk, show_rows

if TYPE_CHECKING:
    from dxa_msmail.postoffice.dirsyncconf import Reqconf
    from dxa_msmail.postoffice.networks import Route

F = TypeVar("F", bound=Callable[..., Any])

_PASSWORD = "The directory synchronization password: env:NAME, file:PATH or the text itself."


def _requestor_options(function: F) -> F:
    """What a requestor is set to; an option that is not given is None, or empty."""
    for option in reversed(
        (
            click.option("--password", "password_ref", help=_PASSWORD),
            click.option("--types", multiple=True, metavar="TYPE", help="Address type wanted; repeatable."),
            click.option("--limit", type=click.IntRange(min=0), help="Largest message in bytes; 0 is no limit."),
            click.option("--send-templates/--no-send-templates", "templates_out", default=None, help="Send values."),
            click.option("--templates/--no-templates", "templates_in", default=None, help="Want template values."),
            click.option("--create/--no-create", "create_po", default=None, help="Import defines new postoffices."),
            click.option("--rebuild/--no-rebuild", "rebuild", default=None, help="The global list is built here."),
        )
    ):
        function = option(function)
    return function


# -- the directory server ------------------------------------------------------------------------------------------


@click.command()
@click.argument("name", metavar="NET/PO")
@_requestor_options
@pass_desk
def server(desk: Desk, /, name: str, **given: Any) -> None:
    """Register the directory server, which must be a postoffice that is known here.

    Of dxa it is the shadow postoffice: organization and site. With its own name a postoffice becomes the server, and
    its own requestor. A GLB/REQCONF.GLB that is missing or damaged is made anew, and everything is exchanged.
    """
    from dxa_msmail.programs.registration import register_server

    register_server(desk.open(), name, **_given(given))
    screen.say(f"{name} is the directory server.")
    screen.say("Next: `dxa msmail reqmain -t` asks it, and `dxa msmail external` moves the mail on.")


@click.command("import")
@pass_desk
def import_(desk: Desk, /) -> None:
    """Ask for everything anew with the next request (Config, Dir-Sync, Requestor, Import)."""
    from dxa_msmail.programs.registration import want_import

    want_import(desk.open())
    screen.say("The next request asks for everything.")


@click.command()
@pass_desk
def export(desk: Desk, /) -> None:
    """Send the whole own list with the next request (Config, Dir-Sync, Requestor, Export)."""
    from dxa_msmail.programs.registration import want_export

    want_export(desk.open())
    screen.say("The next request carries the whole own list.")


@click.command()
@_requestor_options
@pass_desk
@screen.as_json
def options(desk: Desk, /, as_json: bool, **given: Any) -> None:
    """Show what the requestor is set to; with options, change that first.

    The JSON has the keys "server", "types", "limit", "send_templates", "templates", "create", "rebuild" and "password"
    (whether there is one).
    """
    from dxa.errors import UsageError
    from dxa_msmail.postoffice.dirsyncconf import read_reqconf
    from dxa_msmail.programs.registration import register_server

    po = desk.open()
    with po.look() as files:
        conf = read_reqconf(files)
    changes = _given(given)
    if changes and not conf.server:
        raise UsageError("[54] no server name has been set; `server NET/PO` registers it, with the same options")
    if changes:
        conf = register_server(po, conf.server, **{**_set(conf), **changes})
    shown = {
        "server": conf.server,
        "types": list(conf.type_names),
        "limit": conf.limit,
        "send_templates": conf.templates_out,
        "templates": conf.templates_in,
        "create": conf.create_po,
        "rebuild": conf.rebuild,
        "password": bool(conf.password_ref),
    }
    if as_json:
        screen.put_json(shown)
    else:
        screen.table("", ("option", "value"), [(key, screen.cell(value)) for key, value in shown.items()])


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, ())}


def _set(conf: Reqconf) -> dict[str, Any]:
    return {
        "password_ref": conf.password_ref,
        "types": conf.type_names,
        "limit": conf.limit,
        "templates_out": conf.templates_out,
        "templates_in": conf.templates_in,
        "create_po": conf.create_po,
        "rebuild": conf.rebuild,
    }


# -- other postoffices ---------------------------------------------------------------------------------------------


def _route_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How mail gets there: at most one of the three; the command gets it as `route`."""

    @wraps(function)
    def routed(*args: Any, direct: str | None, via: str | None, bag: str | None, key: str | None, **others: Any) -> Any:
        return function(*args, route=_route(direct, via, bag, key), **others)

    made: Callable[..., Any] = routed
    for option in (
        click.option("--public-key", "key", metavar="KEY", help="With --bag: the public key of that postoffice."),
        click.option("--bag", metavar="PATH", help="Letters go as signed files through that folder, seen from ours."),
        click.option("--via", metavar="NET/PO", help="Mail is given to that postoffice, which passes it on."),
        click.option(
            "--direct", metavar="PATH", help="Mail is put into the postoffice in that folder, seen from this one's."
        ),
    ):
        made = option(made)
    return made


@click.group("postoffice", no_args_is_help=True)
def other() -> None:
    """The other postoffices that are known here, and how mail gets there."""


@other.command("add")
@click.argument("name", metavar="NET/PO")
@_route_options
@click.option("--type", "kind", default="MS", help="PROFS, SNADS or OV for a node of such a gateway (GATE/NODE).")
@pass_desk
def other_add(desk: Desk, /, name: str, route: Route, kind: str) -> None:
    """Define another postoffice."""
    from dxa_msmail.programs.registration import add_postoffice

    row = add_postoffice(desk.open(), name, route=route, kind=kind.upper())
    screen.say(f"{row.full} is known; mail for it waits in mailbag {row.mailbag}.")


@other.command("route")
@click.argument("name", metavar="NET/PO")
@_route_options
@pass_desk
def other_route(desk: Desk, /, name: str, route: Route) -> None:
    """Change how mail gets to a postoffice; without options there is no way."""
    from dxa_msmail.programs.registration import set_route
    from dxa_msmail.programs.routes import route_text

    row = set_route(desk.open(), name, route)
    screen.say(f"{row.full}: {route_text(row.route)}.")


@other.command("remove")
@click.argument("name", metavar="NET/PO")
@click.option("--force", is_flag=True, help="Also while mail waits for it, which then goes back to its senders.")
@pass_desk
def other_remove(desk: Desk, /, name: str, force: bool) -> None:
    """Forget another postoffice with its list of users."""
    from dxa_msmail.programs.registration import remove_postoffice

    row = remove_postoffice(desk.open(), name, force=force)
    screen.say(f"{row.full} is not known any more.")


@other.command("list")
@pass_desk
@screen.as_json
def other_list(desk: Desk, /, as_json: bool) -> None:
    """Show the other postoffices and the gateways.

    The JSON has the key "postoffices", each with "name", "kind", "mailbag" and "route".
    """
    from dxa_msmail.postoffice import networks
    from dxa_msmail.programs.routes import route_text

    with desk.open().look() as files:
        rows = [
            {"name": row.full, "kind": row.kind, "mailbag": row.mailbag, "route": route_text(row.route)}
            for row in networks.postoffices(files).values()
        ]
        rows += [
            {"name": row.name or row.kind, "kind": f"gateway {row.kind}", "mailbag": row.mailbag, "route": ""}
            for row in networks.gateways(files)
        ]
    show_rows("postoffices", ("name", "kind", "mailbag", "route"), rows, as_json)


@click.command()
@click.argument("kind", metavar="TYPE")
@click.argument("name", default="")
@pass_desk
def gateway(desk: Desk, /, kind: str, name: str) -> None:
    """Install a gateway: SMTP, X400, FAX …, or one with a NAME, as PROFS GATE."""
    from dxa_msmail.programs.registration import add_gateway

    mailbag = add_gateway(desk.open(), kind.upper(), name)
    screen.say(f"The gateway {kind.upper()} {name}".rstrip() + f" is installed; its mail waits in mailbag {mailbag}.")


def _route(path: str | None, via: str | None, folder: str | None, key: str | None) -> Route:
    from dxa_msmail.postoffice.networks import NO_ROUTE, bag, direct, indirect

    if sum(map(bool, (path, via, folder))) > 1:
        raise click.UsageError("Give one of --direct, --via and --bag.")
    if bool(folder) != bool(key):
        raise click.UsageError("--bag and --public-key go together.")
    if folder:
        return bag(folder, key or "")
    if path:
        return direct(path)
    return indirect(via) if via else NO_ROUTE


COMMANDS: Sequence[click.Command] = (server, import_, export, options, other, gateway)
