"""An entry of a peer as a recipient of the directory."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa.address import Address, AddressTypes
from dxa.entry import ADDRESSES, ALIAS, ASIDE, CONTAINER, HIDDEN, KIND, NAME, NO_LONGER, Entry, Fields
from dxa.errors import AddressError
from dxa.recipient import Kind, Recipient
from dxa.rules.addressing import AddressingRules, complete, readdress
from dxa.rules.naming import BLANK
from dxa.rules.ownership import has_owner
from dxa.rules.parts import alias_of
from dxa.rules.scope import ImportRules, import_container

NO_ADDRESSING = AddressingRules()
_KINDS = {kind.value: kind for kind in Kind}


@attrs.frozen(kw_only=True)
class Said:
    """What the fields of an entry say of its recipient beside attributes; None where they say nothing."""

    alias: str = ""
    addresses: tuple[str, ...] = ()
    kind: Kind | None = None
    hidden: bool | None = None
    container: str | None = None
    name: str = ""


NOTHING_SAID = Said()


def apart(fields: Fields) -> tuple[Said, Fields]:
    """What the fields say of the recipient, and the attributes among them."""
    if not any(name in ASIDE for name, _ in fields):
        return NOTHING_SAID, fields
    said = {name: value for name, value in reversed(fields) if name in ASIDE}
    hidden = said.get(HIDDEN)
    return Said(
        alias=said.get(ALIAS, ""),
        addresses=tuple(value for name, value in fields if name == ADDRESSES),
        kind=_KINDS.get(said.get(KIND, "")),
        hidden=None if hidden is None else hidden == "1",
        container=said.get(CONTAINER),
        name=said.get(NAME, ""),
    ), tuple(field for field in fields if field[0] not in ASIDE)


def to_recipient(
    entry: Entry,
    *,
    rules: ImportRules,
    owner: str,
    existing: Recipient | None = None,
    types: AddressTypes,
    addressing: AddressingRules = NO_ADDRESSING,
    restamp: bool = False,
    keep_name: bool = False,
) -> Recipient:
    """The recipient that the entry makes, or what it makes of an existing one; addresses are not yet unique.

    It is a custom recipient, unless the peer says that it is something else; its address there is its target. An
    existing recipient keeps its id, so that whoever refers to it still finds it (KB Q181952), its owner, and what
    people may have changed by hand: `hidden`, container and trust level, unless the peer tells the first two. The
    fields of `entry` are attributes (`AttributeMap.incoming`) and replace only those they name; `apart` says what the
    others mean. `ALIAS` is the alias of a new recipient.

    Args:
        existing: a recipient that the peer may change or adopt: ask `ownership` first.
        restamp: give it the container and trust level of the rules again, because these changed.
        keep_name: an existing recipient keeps its name and alias.

    Raises:
        AddressError: when the entry has no usable address, or `existing` is the site's own and not a custom recipient.
    """
    kind = types.get(entry.type)
    target = Address(kind.name, kind.check(entry.address))
    said, fields = apart(entry.fields)
    alias = said.alias or alias_of(target.value) or entry.name
    name = _display_name(said.name or entry.name or alias, rules)
    further = further_addresses(said.addresses, types)
    container = import_container(entry, rules)
    if existing is None:
        new = Recipient(
            kind=said.kind or Kind.CUSTOM,
            container=container,
            name=name,
            alias=alias,
            target=target,
            proxies=(target, *(address for address in further if types.key(address) != types.key(target)))
            if further
            else (target,),
            owner=owner,
            trust=rules.trust,
            hidden=bool(said.hidden),
            fields=merge_fields((), fields),
        )
        return complete(new, addressing, types)
    if existing.kind is not Kind.CUSTOM and not has_owner(existing.owner):
        raise AddressError(f"the address belongs to a {existing.kind.value} of this site", got=str(target))
    changed = attrs.evolve(
        existing,
        kind=said.kind or existing.kind,
        name=existing.name if keep_name else name,
        alias=existing.alias if keep_name and existing.alias else _alias(existing, alias),
        target=target,
        proxies=_with(said.addresses, _with_native(existing, target, types), target, types),
        owner=existing.owner if has_owner(existing.owner) else owner,
        container=container if restamp or said.container is not None else existing.container,
        hidden=existing.hidden if said.hidden is None else said.hidden,
        trust=rules.trust if restamp else existing.trust,
        fields=merge_fields(existing.fields, fields),
    )
    return readdress(existing, changed, addressing, types)


def further_addresses(texts: Iterable[str], types: AddressTypes) -> tuple[Address, ...]:
    """The addresses among the values of `ADDRESSES`; what cannot be one is left out, as the entry has another."""
    found = []
    for text in texts:
        try:
            found.append(types.parse(text))
        except AddressError:
            continue
    return tuple(found)


def _with(
    texts: tuple[str, ...], proxies: tuple[Address, ...], target: Address, types: AddressTypes
) -> tuple[Address, ...]:
    """The proxies, but of each type that the peer tells further addresses of those that it tells.

    Of a type that it tells no address of any more, those go that it has told.
    """
    further = further_addresses(texts, types)
    gone = further_addresses([text[1:] for text in texts if text.startswith(NO_LONGER)], types)
    if not further and not gone:
        return proxies
    told, native = {address.type for address in further}, types.key(target)
    lost = {types.key(address) for address in gone} - {native}
    kept = [p for p in proxies if types.key(p) == native or (p.type not in told and types.key(p) not in lost)]
    return (*kept, *(address for address in further if types.key(address) != native))


def merge_fields(old: Fields, new: Fields) -> Fields:
    """The old fields with those that are named in `new` replaced, in place; an empty value takes its field away."""
    if not old and not new:
        return ()
    merged: dict[str, list[tuple[str, str]]] = {}
    for name, value in old:
        merged.setdefault(name.casefold(), []).append((name, value))
    told: dict[str, list[tuple[str, str]]] = {}
    for name, value in new:
        told.setdefault(name.casefold(), []).extend([(name, value)] if value else [])
    return tuple(field for group in {**merged, **told}.values() for field in group)


def _display_name(name: str, rules: ImportRules) -> str:
    if not name.strip():
        raise AddressError("an entry needs a name or a mailbox", got=name, code=BLANK)
    return f"{name} ({rules.append_name})" if rules.append_name else name


def _alias(existing: Recipient, alias: str) -> str:
    """The new mailbox part, unless the alias was chosen by hand."""
    derived = not existing.alias or (existing.target is not None and existing.alias == alias_of(existing.target.value))
    return alias if derived else existing.alias


def _with_native(existing: Recipient, target: Address, types: AddressTypes) -> tuple[Address, ...]:
    """The proxies with the native address as primary of its type.

    A native address that changed goes, for another person may get it; secondary addresses stay and never become the
    target (KB Q157007).
    """
    if existing.primary(target.type) == target:
        return existing.proxies
    gone = {types.key(address) for address in (existing.target, target) if address}
    return (target, *(proxy for proxy in existing.proxies if types.key(proxy) not in gone))
