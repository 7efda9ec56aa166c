"""`dxa recipients`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dxa.cli.listing import Group, Number, json_command, page, paging, shown_of
from dxa.cli.session import Session, pass_session
from dxa.errors import AddressError, UsageError

if TYPE_CHECKING:
    from dxa.address import Address, AddressTypes
    from dxa.recipient import Kind, Recipient
    from dxa.rules.transliteration import Style

F = TypeVar("F", bound=Callable[..., Any])

#: Where a recipient goes when nobody says where.
CONTAINER = "Recipients"
KINDS = ["mailbox", "custom", "list", "folder"]


@click.group(cls=Group, no_args_is_help=True)
def recipients() -> None:
    """The directory: mailboxes, custom recipients, distribution lists and public folders.

    RECIPIENT is a recipient's number, or its name, alias or an address if only one has it.
    """


@json_command("RecipientShown", group=recipients, name="list")
@click.argument("text", required=False, default="")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--container", help="Only what is in this container or below it.")
@click.option(
    "--owner",
    metavar="PEER",
    help="Only what this peer (LINK/NAME) told of; former is one that was removed, an empty PEER the site itself.",
)
@click.option("--hidden", is_flag=True, help="Only hidden ones.")
@paging
@pass_session
def list_recipients(
    session: Session,
    text: str,
    kind: str | None,
    container: str | None,
    owner: str | None,
    hidden: bool,
    limit: int | None,
    offset: int,
    as_json: bool,
) -> None:
    """List recipients; with TEXT only those whose name, alias or an address holds it.

    The JSON has the keys "recipients" and "total".
    """
    from dxa.agent import queries
    from dxa.cli.output import say, table, write_json

    size = page(limit, as_json)
    with session.reading() as site:
        found, total = queries.recipients(
            site, text=text, kind=kind, container=container, owner=owner, hidden=hidden, limit=size, offset=offset
        )
    if as_json:
        write_json({"recipients": queries.as_plain(found), "total": total})
        return
    if not total:
        say("No recipients." if not text else f"No recipients with {text!r} in name, alias or address.")
        return
    marks = {"custom": "@", "list": "*", "folder": "#", "mailbox": ""}
    rows = [(r.id, marks[r.kind] + ("h" if r.hidden else ""), r.name, r.address, r.container) for r in found]
    table("", ["#id", "", "name", "address", "container"], rows)
    say("@ custom recipient, * list, # folder, h hidden")
    if more := shown_of(len(found), total, offset):
        say(more)


@json_command("RecipientDetail", group=recipients, name="show")
@click.argument("recipient", metavar="RECIPIENT")
@pass_session
def show_recipient(session: Session, recipient: str, as_json: bool) -> None:
    """Show one recipient: all its addresses, and for each peer the name it is shown under, or why it is not."""
    from dxa.agent import queries
    from dxa.cli.output import pairs, say, table, write_json

    with session.reading() as site:
        found = queries.recipient(site, recipient)
    if as_json:
        write_json(queries.as_plain(found))
        return
    pairs(
        [
            ("recipient", found.id),
            ("name", found.name),
            ("kind", found.kind + (", hidden" if found.hidden else "")),
            ("alias", found.alias),
            ("container", found.container),
            ("trust level", found.trust),
            ("owner", found.owner or "the site"),
            *([("target", found.target)] if found.target else []),
            ("addresses", "\n".join(found.proxies) or None),
            *((name, value) for name, value in found.fields.items()),
        ]
    )
    if found.exports:
        rows = [(e.peer, e.name or None, e.address or None, e.why) for e in found.exports]
        say()
        table("At the peers", ["peer", "name", "address", "why (not)"], rows)


def _details(function: F) -> F:
    """The options that `add` and `set` share."""
    for option in (
        click.option("--alias", help="Its alias, from which addresses are made; a new one's is made of its name."),
        click.option("--target", metavar="TYPE:ADDRESS", help="Where the mail of a custom recipient goes."),
        click.option("--trust", type=Number(0, 100), help="Trust level; links export up to theirs."),
        click.option("--hidden/--shown", default=None, help="Whether it is left out of address lists."),
        click.option(
            "--proxy", "proxies", metavar="TYPE:ADDRESS", multiple=True, help="A further address; repeatable."
        ),
        click.option("--field", "fields", metavar="NAME=VALUE", multiple=True, help="An attribute; repeatable."),
    ):
        function = option(function)
    return function


@recipients.command("add")
@click.option("--name", required=True, help="Its friendly name.")
@click.option("--kind", type=click.Choice(KINDS), help="What it is; with --target a custom recipient, else a mailbox.")
@click.option("--container", default=CONTAINER, show_default=True, help="Where it goes.")
@_details
@pass_session
def add(session: Session, /, name: str, kind: str | None, container: str, **details: Any) -> None:
    """Add a recipient. Addresses that the configuration gives and that are not stated here are generated."""
    from dxa.cli.output import say
    from dxa.recipient import Kind, Recipient

    if not container.strip():
        raise UsageError("--container: a container needs a name")
    chosen = Kind(kind) if kind else Kind.CUSTOM if details["target"] else Kind.MAILBOX
    if (chosen is Kind.CUSTOM) != bool(details["target"]):
        raise UsageError("a custom recipient, and nothing else, has a --target")
    with session.administrating() as administrator:
        site = administrator.agent.site
        blank = Recipient(kind=chosen, container=_plain("--container", container), name=_plain("--name", name))
        wished = _edited(blank, site.types, **details)
        if not wished.alias and wished.target is None:
            import attrs

            wished = attrs.evolve(wished, alias=alias_from_name(name, chosen, site.config.addressing.transliteration))
        new = administrator.add(wished)
        remarks = administrator.remarks
    session.logging.info("added", recipient=new.id, name=new.name)
    say(f"Added recipient {new.id}: {new.name}.")
    for address in new.proxies or ((new.target,) if new.target else ()):
        say(f"  {address}")
    for remark in remarks:
        say(f"Note: {remark}.")


@recipients.command("set")
@click.argument("recipient", metavar="RECIPIENT")
@click.option("--name", help="Another friendly name.")
@click.option("--move-to", metavar="CONTAINER", help="Another container; everything else stays.")
@click.option(
    "--remove-proxy", "removed", metavar="TYPE:ADDRESS", multiple=True, help="An address to take away; repeatable."
)
@_details
@pass_session
def set_recipient(
    session: Session, /, recipient: str, name: str | None, move_to: str | None, removed: tuple[str, ...], **details: Any
) -> None:
    """Change a recipient. A --proxy becomes the first address of its type; a --field without a value goes."""
    import attrs

    from dxa.agent import queries
    from dxa.cli.output import say

    with session.administrating() as administrator:
        site = administrator.agent.site
        before = queries.find_recipient(site, recipient)

        def edit(old: Recipient) -> Recipient:
            called = old.name if name is None else _plain("--name", name)
            new = attrs.evolve(old, name=called, container=_plain("--move-to", move_to or old.container))
            return _without(_edited(new, site.types, **details), site.types, removed)

        after = administrator.edit(before.id, edit)
        remarks = administrator.remarks
    changed = queries.difference(before, after)
    session.logging.info("changed", recipient=after.id, name=after.name, what=changed)
    say(f"Changed recipient {after.id}: {changed}." if changed else f"Recipient {after.id} is like that already.")
    for remark in remarks:
        say(f"Note: {remark}.")


@recipients.command("complete")
@pass_session
def complete(session: Session) -> None:
    """Give everybody the addresses that they lack, after a template was added to [addressing.templates]."""
    from dxa.cli.output import counted, say

    with session.administrating() as administrator:
        count = administrator.complete()
    session.logging.info("completed", recipients=count)
    say(f"{counted(count, 'recipient')} got addresses." if count else "Nobody lacks an address.")


@recipients.command("remove")
@click.argument("chosen", metavar="RECIPIENT...", nargs=-1, required=True)
@pass_session
def remove(session: Session, chosen: tuple[str, ...]) -> None:
    """Remove recipients of the site. Those that a peer told of come and go with what the peer says."""
    from dxa.agent import queries
    from dxa.cli.output import say

    with session.administrating() as administrator:
        ids = dict.fromkeys(queries.find_recipient(administrator.agent.site, text).id for text in chosen)
        gone = administrator.remove(ids)
    for recipient in gone:
        session.logging.info("removed", recipient=recipient.id, name=recipient.name)
        say(f"Removed recipient {recipient.id}: {recipient.name}.")


def _edited(
    recipient: Recipient,
    types: AddressTypes,
    *,
    alias: str | None,
    target: str | None,
    trust: int | None,
    hidden: bool | None,
    proxies: tuple[str, ...],
    fields: tuple[str, ...],
) -> Recipient:
    """The recipient with what the options say; what they leave out stays."""
    import attrs

    given: dict[str, Any] = {"alias": alias, "trust": trust, "hidden": hidden}
    given["target"] = None if target is None else _address(types, "--target", target)
    if proxies:
        new = [_address(types, "--proxy", text) for text in proxies]
        keys = set(map(types.key, new))
        given["proxies"] = (*new, *(old for old in recipient.proxies if types.key(old) not in keys))
    if fields:
        values = dict(recipient.fields) | dict(map(_field, fields))
        given["fields"] = tuple((name, value) for name, value in values.items() if value)
    return attrs.evolve(recipient, **{name: value for name, value in given.items() if value is not None})


def alias_from_name(name: str, kind: Kind, style: Style) -> str:
    """The alias of somebody new: the given name and the first letter of the surname; of what is no person, all of it.

    It has small letters and digits only, so that it can be written everywhere; "" when nothing of the name is left.
    """
    from dxa.recipient import Kind
    from dxa.rules.parts import split_name
    from dxa.rules.transliteration import transliterate

    def written(text: str) -> str:
        plain = transliterate(text, code_page="ascii", style=style, unknown=lambda _: "")
        return "".join(character for character in plain.lower() if character.isalnum())

    given, _, surname = map(written, split_name(name))
    return given + surname[:1] if kind is Kind.MAILBOX and given and surname else written(name)


def _plain(option: str, text: str) -> str:
    """The text, if it can stand in a list of names: one line, and no control characters."""
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise UsageError(f"{option}: {text!r} has line ends, tabs or other control characters in it")
    return text


def _without(recipient: Recipient, types: AddressTypes, removed: tuple[str, ...]) -> Recipient:
    import attrs

    keys = {types.key(_address(types, "--remove-proxy", text)) for text in removed}
    if missing := keys - set(map(types.key, recipient.proxies)):
        raise UsageError(f"--remove-proxy: {recipient.name!r} has no address {missing.pop()}")
    return attrs.evolve(recipient, proxies=tuple(p for p in recipient.proxies if types.key(p) not in keys))


def _address(types: AddressTypes, option: str, text: str) -> Address:
    try:
        return types.parse(text)
    except AddressError as error:
        raise UsageError(f"{option}: {error}") from None


def _field(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"--field: {text!r} is not NAME=VALUE")
    return name.strip(), value.strip()
