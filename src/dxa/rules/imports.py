"""An entry of a peer as a recipient of the directory."""

from __future__ import annotations

import attrs

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Fields
from dxa.errors import AddressError
from dxa.recipient import Kind, Recipient
from dxa.rules.addressing import AddressingRules, complete, readdress
from dxa.rules.naming import BLANK
from dxa.rules.ownership import has_owner
from dxa.rules.parts import alias_of
from dxa.rules.scope import ImportRules, import_container

NO_ADDRESSING = AddressingRules()


def to_recipient(
    entry: Entry,
    *,
    rules: ImportRules,
    owner: str,
    existing: Recipient | None = None,
    types: AddressTypes,
    addressing: AddressingRules = NO_ADDRESSING,
    restamp: bool = False,
) -> Recipient:
    """The custom recipient that the entry makes, or what it makes of an existing one; addresses are not yet unique.

    An existing recipient keeps its id, so that whoever refers to it still finds it (KB Q181952), its owner, and what
    people may have changed by hand: `hidden`, container and trust level. The fields of `entry` are attributes
    (`AttributeMap.incoming`) and replace only those they name.

    Args:
        existing: a custom recipient that the peer may change or adopt: ask `ownership` first.
        restamp: give it the container and trust level of the rules again, because these changed.

    Raises:
        AddressError: when the entry has no usable address, or `existing` is not a custom recipient.
    """
    kind = types.get(entry.type)
    target = Address(kind.name, kind.check(entry.address))
    alias = alias_of(target.value) or entry.name
    name = _display_name(entry.name or alias, rules)
    container = import_container(entry, rules)
    if existing is None:
        new = Recipient(
            kind=Kind.CUSTOM,
            container=container,
            name=name,
            alias=alias,
            target=target,
            proxies=(target,),
            owner=owner,
            trust=rules.trust,
            fields=merge_fields((), entry.fields),
        )
        return complete(new, addressing, types)
    if existing.kind is not Kind.CUSTOM:
        raise AddressError(f"the address belongs to a {existing.kind.value} of this site", got=str(target))
    changed = attrs.evolve(
        existing,
        name=name,
        alias=_alias(existing, alias),
        target=target,
        proxies=_with_native(existing, target, types),
        owner=existing.owner if has_owner(existing.owner) else owner,
        container=container if restamp else existing.container,
        trust=rules.trust if restamp else existing.trust,
        fields=merge_fields(existing.fields, entry.fields),
    )
    return readdress(existing, changed, addressing, types)


def merge_fields(old: Fields, new: Fields) -> Fields:
    """The old fields with those that are named in `new` replaced, in place; an empty value takes its field away."""
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
