"""What has to be changed of an object so that it is as it should be."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dxa_exchange import addresses
from dxa_exchange.addresses import Proxy
from dxa_exchange.dialects import Dialect
from dxa_exchange.directory import Modification, Operation, Record, Values

Batch = tuple[Modification, ...]
#: The attributes that hold addresses over the LDAP of Exchange 5.5, in folded spelling.
_FACES = ("mail", "textencodedoraddress", "othermailbox")


def changes(before: Record, after: Record, managed: Collection[str], dialect: Dialect) -> list[Batch]:
    """The modifications, in batches that are sent one after the other.

    Args:
        managed: the attributes that are ours to change (folded); others stay as they are.
    """
    names = {name.casefold(): name for name in (*before.attributes, *after.attributes) if name.casefold() in managed}
    changed = {
        folded: Modification(Operation.REPLACE, after_name(after, name), after.values(name))
        for folded, name in names.items()
        if _other(before.values(name), after.values(name))
    }
    if dialect.name != "ex55" or not any(folded in changed for folded in _FACES):
        return [tuple(changed.values())] if changed else []
    return _swapped(before, after, changed)


def after_name(record: Record, name: str) -> str:
    """The name as the record spells it."""
    folded = name.casefold()
    return next((each for each in record.attributes if each.casefold() == folded), name)


def _other(before: Values, after: Values) -> bool:
    """Whether the values differ; their order does not count (KB Q190706)."""
    return before != after and sorted(map(repr, before)) != sorted(map(repr, after))


def _swapped(before: Record, after: Record, changed: dict[str, Modification]) -> list[Batch]:
    """Exchange 5.5 compares a new address with those of the old object (KB Q303028).

    So an address that moves from one attribute to another leaves the first in one modification and arrives at the
    second in the next.
    """
    old, new = before.texts("otherMailbox"), after.texts("otherMailbox")
    mail_before, mail_after = _faced(before), _faced(after)
    others_before = {key for text in old for key in _keys(text)}
    leaving = mail_after & others_before
    arriving = {key for text in new for key in _keys(text)} & mail_before
    first = [text for text in old if leaving.isdisjoint(_keys(text))]
    middle = [text for text in new if arriving.isdisjoint(_keys(text))]
    batches: list[Batch] = []
    if leaving:
        batches.append((Modification(Operation.REPLACE, "otherMailbox", [*first]),))
    rest = {folded: each for folded, each in changed.items() if folded != "othermailbox"}
    main = list(rest.values())
    if _other([*(first if leaving else old)], [*middle]):
        main.append(Modification(Operation.REPLACE, "otherMailbox", [*middle]))
    if main:
        batches.append(tuple(main))
    if arriving:
        batches.append((Modification(Operation.REPLACE, "otherMailbox", [*new]),))
    return batches


def _faced(record: Record) -> set[tuple[str, str]]:
    """The addresses that have attributes of their own."""
    mail, x400 = record.text("mail"), record.text("textEncodedORAddress")
    return {Proxy(type_, value).key for type_, value in (("SMTP", mail), ("X400", x400)) if value}


def _keys(text: str) -> set[tuple[str, str]]:
    type_, dollar, value = text.partition("$")
    return {Proxy(type_.strip().upper(), value.strip()).key} if dollar else set()


def back_flow(source: Record, legacies: Iterable[str], dialect: Dialect) -> Batch:
    """What gives a person of this directory the X500 addresses of its contacts elsewhere; nothing that it has already.

    Letters that were sent to such a contact, and answers to them, find the person by these. In Active Directory the
    whole list is replaced; elsewhere the new values are added.
    """
    own = addresses.from_faces(source) if dialect.name == "ex55" else addresses.collect(source.texts("proxyAddresses"))
    known = {proxy.key for proxy in own.proxies}
    wanted = {proxy.key: proxy for legacy in legacies if (proxy := addresses.x500(legacy)).key not in known}
    if not wanted:
        return ()
    if dialect.name == "ex55":
        values: Values = [addresses.mailbox_text(proxy) for proxy in wanted.values()]
        return (Modification(Operation.ADD, "otherMailbox", values),)
    name = dialect.theirs("proxyAddresses")
    if not name:
        return ()
    values = [*source.values("proxyAddresses"), *map(str, wanted.values())]
    return (Modification(Operation.REPLACE, name, values),)
