"""What goes over a link: which recipients are exported, which entries are imported, and why not.

Every question has a text as its answer: "" for yes, else the reason as a person understands it. Who is not exported is
compared as absent, so hiding a recipient or raising its trust level deletes it at the peers (dx:T-001, dx:T-002,
dx:T-004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from dxa.address import Address
from dxa.entry import CONTAINER, KIND, NAME, Entry
from dxa.recipient import DEFAULT_TRUST, Kind, Recipient, inside, trust_level
from dxa.rules.parts import alias_of

Lookup = Callable[[str], Iterator[str]]
"""The values that a subject has in a filter's field; an attribute may have several, or none."""


def _fold(text: str) -> str:
    return text.casefold()


# Converters with types of their own: mypy cannot read the generic `tuple` and `frozenset` as converters.
def _strings(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def _set(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(texts)


def _filters(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    return tuple(filters)


@attrs.frozen(kw_only=True)
class Filter:
    """Includes or excludes what has a value that matches.

    `field` is ``name``, ``alias``, ``container``, ``address`` (with its type: ``SMTP:*@lab.example``), ``kind``, or the
    name of an attribute. In `pattern` a ``*`` stands for any text; the whole value must match, ignoring case. A pattern
    is a value of its own and no piece of a list, so it may hold commas and quotes (dx:T-022).
    """

    field: str = attrs.field(converter=_fold, validator=attrs.validators.min_len(1))
    pattern: str
    include: bool = False


@attrs.frozen
class CustomIn:
    """Which custom recipients of one container, and of those below it, are exported (KB Q192697)."""

    container: str
    manual: bool
    imported: bool


def _switches(switches: Iterable[CustomIn]) -> tuple[CustomIn, ...]:
    return tuple(switches)


@attrs.frozen(kw_only=True)
class ExportRules:
    """Which recipients a link exports; no container listed means that nobody is.

    `manual_custom` and `imported_custom` are the custom recipients that people made and those that peers told us of
    (dx:T-010); in `custom_in` the deepest container that a recipient is in decides. A filter on ``address`` chooses by
    type. The filters apply to every kind of recipient (dx:T-024).
    `hidden_exceptions` are aliases that are exported although hidden (``ADMINSCH``, KB Q145874).
    """

    containers: tuple[str, ...] = attrs.field(converter=_strings)
    trust: int = attrs.field(default=DEFAULT_TRUST, validator=trust_level)
    mailboxes: bool = True
    manual_custom: bool = False
    imported_custom: bool = True
    custom_in: tuple[CustomIn, ...] = attrs.field(default=(), converter=_switches)
    lists: bool = True
    folders: bool = True
    filters: tuple[Filter, ...] = attrs.field(default=(), converter=_filters)
    hidden_exceptions: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    #: The type of the site's own addresses; a custom recipient of this type that nobody told us of is suspicious.
    site_type: str = "MS"


@attrs.frozen(kw_only=True)
class ImportRules:
    """Where the entries of a peer go, and as what.

    `append_name` is put in parentheses behind every name. `co_owners` are the peers whose entries this one may change
    too. `adopt` lets a custom recipient made by hand become the peer's when the peer tells its address. With
    `by_postoffice` each list has a container of its own below the import container (KB Q146104).
    """

    container: str
    trust: int = attrs.field(default=DEFAULT_TRUST, validator=trust_level)
    append_name: str = ""
    filters: tuple[Filter, ...] = attrs.field(default=(), converter=_filters)
    co_owners: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    adopt: bool = True
    by_postoffice: bool = False


def why_not(recipient: Recipient, rules: ExportRules) -> str:
    """Why the recipient is not exported; "" when it is."""
    return (
        _outside(recipient, rules)
        or _wrong_kind(recipient, rules)
        or _hidden(recipient, rules)
        or _untrusted(recipient, rules)
        or (_filtered(rules.filters, lambda field: _of_recipient(recipient, field)) if rules.filters else "")
    )


def accepts(entry: Entry, rules: ImportRules) -> str:
    """Why an entry of the peer is not imported; "" when it is.

    To be asked about adds and modifies only: no filter ever applies to a deletion (dx:T-021).
    """
    return _filtered(rules.filters, lambda field: _of_entry(entry, field, rules)) if rules.filters else ""


def import_container(entry: Entry, rules: ImportRules) -> str:
    """The container that an entry of the peer goes into."""
    told = next((value for name, value in entry.fields if name == CONTAINER), "")
    below = entry.list if rules.by_postoffice else told
    return f"{rules.container}/{below}" if below else rules.container


def describe(rules: ExportRules) -> tuple[str, ...]:
    """The rules in sentences for a status page; what is left out is said, too (dx:T-012)."""
    kinds = {
        "mailboxes": rules.mailboxes,
        "custom recipients made by hand": rules.manual_custom,
        "custom recipients told by peers": rules.imported_custom,
        "distribution lists": rules.lists,
        "public folders": rules.folders,
    }
    return (
        f"containers: {', '.join(rules.containers) or 'none, so nothing is exported'}",
        f"trust level: up to {rules.trust}",
        *(f"{kind}: {'exported' if on else 'not exported'}" for kind, on in kinds.items()),
        *map(_described, rules.custom_in),
        f"filters: {len(rules.filters) or 'none'}",
    )


def _described(own: CustomIn) -> str:
    kinds = (("made by hand", own.manual), ("told by peers", own.imported))
    exported = " and those ".join(kind for kind, on in kinds if on)
    return f"custom recipients in {own.container}: {f'those {exported}' if exported else 'none'}"


def _outside(recipient: Recipient, rules: ExportRules) -> str:
    for container in rules.containers:
        if inside(recipient.container, container):
            return ""
    if not rules.containers:
        return "container: the link lists no export container"
    return f"container: {recipient.container} is not in an export container of the link"


def _wrong_kind(recipient: Recipient, rules: ExportRules) -> str:
    match recipient.kind:
        case Kind.MAILBOX:
            return "" if rules.mailboxes else "kind: mailboxes are not exported"
        case Kind.LIST:
            return "" if rules.lists else "kind: distribution lists are not exported"
        case Kind.FOLDER:
            return "" if rules.folders else "kind: public folders are not exported"
        case Kind.CUSTOM:
            return _wrong_custom(recipient, rules)


def _wrong_custom(recipient: Recipient, rules: ExportRules) -> str:
    own = [each for each in rules.custom_in if inside(recipient.container, each.container)]
    near = max(own, key=lambda each: each.container.count("/"), default=None)
    where = f" from {near.container}" if near else ""
    if recipient.owner:
        exported = near.imported if near else rules.imported_custom
        return "" if exported else f"kind: custom recipients told by peers are not exported{where}"
    if near.manual if near else rules.manual_custom:
        return ""
    # KB Q156996 (RequireValidImpFrom), KB Q152935: it names a mailbox of somebody else's postoffice, perhaps none.
    if recipient.target and recipient.target.type == rules.site_type:
        return f"no owner: no peer told us of {recipient.target}, and the link does not export what was made by hand"
    return f"kind: custom recipients made by hand are not exported{where}"


def _hidden(recipient: Recipient, rules: ExportRules) -> str:
    if not recipient.hidden or recipient.alias.casefold() in map(str.casefold, rules.hidden_exceptions):
        return ""
    return "hidden: the recipient is hidden"


def _untrusted(recipient: Recipient, rules: ExportRules) -> str:
    if recipient.trust <= rules.trust:
        return ""
    return f"trust: the recipient's level {recipient.trust} is above the link's {rules.trust}"


def _filtered(filters: tuple[Filter, ...], values: Lookup) -> str:
    """The filter that keeps the subject out: any excluding one that matches, or all including ones when none does."""
    if not filters:
        return ""
    hits = [(f, any(matches(f.pattern, value) for value in values(f.field))) for f in filters]
    for rule, hit in hits:
        if hit and not rule.include:
            return f"filter: {rule.field} matches {rule.pattern!r}"
    wanted = [f"{f.field} {f.pattern!r}" for f, _ in hits if f.include]
    if not wanted or any(hit for f, hit in hits if f.include):
        return ""
    return f"filter: does not match {' or '.join(wanted)}"


def _of_recipient(recipient: Recipient, field: str) -> Iterator[str]:
    match field:
        case "name":
            yield recipient.name
        case "alias":
            yield recipient.alias
        case "container":
            yield recipient.container
        case "kind":
            yield recipient.kind.value
        case "address":
            yield from map(str, _primaries(recipient))
        case _:
            yield from (value for name, value in recipient.fields if name.casefold() == field)


def _primaries(recipient: Recipient) -> Iterator[Address]:
    """The target and the primary addresses: a secondary one never decides anything (dx:T-008)."""
    if recipient.target:
        yield recipient.target
    yield from {proxy.type: proxy for proxy in reversed(recipient.proxies)}.values()


def _of_entry(entry: Entry, field: str, rules: ImportRules) -> Iterator[str]:
    match field:
        case "name":
            yield next((value for name, value in entry.fields if name == NAME), entry.name)
        case "alias":
            yield alias_of(entry.address) or entry.name
        case "container":
            yield import_container(entry, rules)
        case "kind":
            yield next((value for name, value in entry.fields if name == KIND), Kind.CUSTOM.value)
        case "address":
            yield f"{entry.type}:{entry.address}"
        case _:
            yield from (value for name, value in entry.fields if name.casefold() == field)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches a pattern in which ``*`` stands for any text, ignoring case."""
    first, *rest = pattern.casefold().split("*")
    value = value.casefold()
    if not rest:
        return value == first
    *middle, last = rest
    if not value.startswith(first) or len(value) < len(first) + len(last) or not value.endswith(last):
        return False
    position, end = len(first), len(value) - len(last)
    for piece in middle:
        found = value.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
