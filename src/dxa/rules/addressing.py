"""The addresses that a site gives its recipients, by a pattern for each type, and the domains of postoffices."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

import attrs

from dxa.address import Address, AddressType, AddressTypes
from dxa.errors import AddressError
from dxa.recipient import Recipient
from dxa.rules.parts import PersonName, alias_of, split_name
from dxa.rules.transliteration import STYLES, Style, transliterate

#: What a pattern may name in braces.
FIELDS = ("alias", "given", "surname", "initials", "name", "organization", "site", "domain")

#: The attributes that hold the parts of a name; without them the name is taken apart.
GIVEN, INITIALS, SURNAME = "givenName", "initials", "sn"

#: What an address is made of when nothing of a recipient's name can be written; nobody is dropped for that.
NAMELESS = "user"

#: Text of a pattern that makes no sense before or after an empty field: separators, X.400 attribute names.
_SEPARATOR = re.compile(r"[ .,_-]+|[/;][A-Za-z0-9:]+=")


#: What gives an address its structure: a name must not bring an X.400 attribute or a domain of its own.
_STRUCTURE = re.compile(r'[@/;=<>"\\{}\x00-\x1f\x7f]')
_NO_ATOM = re.compile(r"[^A-Za-z0-9!#$%&'*+?^_`|~.-]+")


@lru_cache(maxsize=64)
def _tokens(pattern: str) -> tuple[tuple[str, str], ...]:
    """Pairs of text and the field after it ("" at the end); raises ValueError."""
    tokens = []
    for text, field, spec, conversion in Formatter().parse(pattern):
        if field is not None and (field not in FIELDS or spec or conversion):
            raise ValueError(f"unknown {{{field}}} in {pattern!r}; known are {', '.join(FIELDS)}")
        tokens.append((text, field or ""))
    return tuple(tokens)


def _patterns(_instance: object, attribute: attrs.Attribute[Mapping[str, str]], value: Mapping[str, str]) -> None:
    for type_, pattern in value.items():
        try:
            _tokens(pattern)
        except ValueError as error:
            raise ValueError(f"{attribute.name}: {type_}: {error}") from None


def _upper(mapping: Mapping[str, str]) -> dict[str, str]:
    return {type_.upper(): value for type_, value in mapping.items()}


def _folded(domains: Mapping[str, str]) -> dict[str, str]:
    return {list_.casefold(): domain for list_, domain in domains.items()}


@attrs.frozen(kw_only=True)
class AddressingRules:
    """Which addresses a recipient is given.

    `templates` has a pattern by type, made of text and of `FIELDS` in braces: ``{given}.{surname}@{domain}``; types
    that no plugin has registered are passed over. `domains` gives the recipients of a NET/PO a domain of their own in
    place of the pattern's (KB Q142266): the NET/PO is that of their address of `list_type`, and the address that gets
    the domain is the one of `domain_type`.
    """

    templates: Mapping[str, str] = attrs.field(factory=dict, converter=_upper, validator=_patterns)
    domains: Mapping[str, str] = attrs.field(factory=dict, converter=_folded)
    organization: str = ""
    site: str = ""
    domain: str = ""
    transliteration: Style = attrs.field(default="german", validator=attrs.validators.in_(STYLES))
    #: The code page by type, where addresses of the type may hold more than ASCII.
    code_pages: Mapping[str, str] = attrs.field(factory=dict, converter=_upper)
    domain_type: str = "SMTP"
    list_type: str = "MS"
    #: So many days nobody else is given an address that somebody had (KB Q118459).
    rest_days: int = attrs.field(default=0, validator=attrs.validators.ge(0))

    @property
    def generates(self) -> bool:
        """Whether these rules give anybody an address."""
        return bool(self.templates or self.domains)


def wished(
    recipient: Recipient, rules: AddressingRules, types: AddressTypes, but: Collection[str] = ()
) -> tuple[Address, ...]:
    """The addresses that the rules give the recipient, one of each type but its native one, not yet made unique.

    A type that cannot hold any address of the recipient is left out: the recipient is more than one of its addresses.
    So are the types in `but`.
    """
    if not rules.domains and not rules.templates.keys() - {*but, recipient.target.type if recipient.target else ""}:
        return ()
    mapped = _mapped_domain(recipient, rules, types)
    templates = dict(rules.templates)
    if mapped:
        templates.setdefault(rules.domain_type, "{alias}@{domain}")
    but = {*but, recipient.target.type} if recipient.target else but
    kinds = ((types.get(type_), pattern) for type_, pattern in templates.items() if type_ in types)
    made = (_generate(recipient, kind, pattern, rules, mapped) for kind, pattern in kinds if kind.name not in but)
    return tuple(address for address in made if address)


def complete(recipient: Recipient, rules: AddressingRules, types: AddressTypes) -> Recipient:
    """The recipient with an address of each type that it lacks; what it has is never generated again (KB Q249250)."""
    missing = wished(recipient, rules, types, but={proxy.type for proxy in recipient.proxies})
    return attrs.evolve(recipient, proxies=(*recipient.proxies, *missing)) if missing else recipient


def readdress(before: Recipient, after: Recipient, rules: AddressingRules, types: AddressTypes) -> Recipient:
    """`after` with the addresses that follow from a changed name.

    Of each type only the primary address is replaced, and only when it is what the rules gave `before`, numbered or
    not; secondary addresses and those that somebody chose stay (KB Q175360).
    """
    if before == after:
        return complete(after, rules, types)
    old = {address.type: address for address in wished(before, rules, types)}
    proxies = list(after.proxies)
    for new in wished(after, rules, types):
        primary, given = after.primary(new.type), old.get(new.type)
        if primary and given and given != new and _came_from(primary, given, types):
            proxies = [new if p == primary else p for p in proxies if types.key(p) != types.key(new) or p == primary]
    return complete(attrs.evolve(after, proxies=tuple(proxies)), rules, types)


def _came_from(address: Address, wish: Address, types: AddressTypes) -> bool:
    """Whether the address is the wish or one of its numbered variants."""
    kind, key = types.get(wish.type), types.key(address)
    runs = re.findall("[0-9]+", address.value)
    numbers = {int(run[i:]) for run in runs for i in range(max(0, len(run) - 6), len(run))}
    variants = (Address(wish.type, kind.variant(wish.value, n)) for n in sorted(numbers) if n >= 2)
    return key == types.key(wish) or any(key == types.key(variant) for variant in variants)


def _mapped_domain(recipient: Recipient, rules: AddressingRules, types: AddressTypes) -> str:
    """The domain that the map gives the recipient's NET/PO; "" when it gives none."""
    if not rules.domains:
        return ""
    native = recipient.target
    address = native if native and native.type == rules.list_type else recipient.primary(rules.list_type)
    if not address or address.type not in types:
        return ""
    return rules.domains.get(types.list_of(address).casefold(), "")


def _generate(
    recipient: Recipient, kind: AddressType, pattern: str, rules: AddressingRules, mapped: str
) -> Address | None:
    """The address by its pattern; if that gives none, one of the alias only, a nameless one, or None."""
    if kind.name != rules.domain_type:
        mapped = ""
    values = _values(recipient, rules, rules.code_pages.get(kind.name, "ascii"))
    for instead in (None, values["alias"], NAMELESS):
        personal = dict.fromkeys(("alias", "given", "surname", "name"), instead) if instead else {}
        text = _fill(pattern, {**values, **personal, "domain": mapped or rules.domain})
        if mapped:
            # KB Q140951: one address with the mapped domain, whatever domain the pattern names.
            text = f"{text.rpartition('@')[0] or text}@{mapped}"
        if kind.name == rules.domain_type:
            text = _internet(text)
        try:
            return Address(kind.name, kind.shape(text) if kind.shape else kind.check(text))
        except AddressError:
            continue
    return None


def _internet(text: str) -> str:
    """An Internet address with a user part of legal characters, and periods only between them (RFC 5322 3.4.1)."""
    user, at, domain = text.rpartition("@")
    return f"{'.'.join(filter(None, _NO_ATOM.sub('', user).split('.')))}{at}{domain}"


def _values(recipient: Recipient, rules: AddressingRules, code_page: str) -> dict[str, str]:
    """What the fields of a pattern stand for; alias and surname are never empty."""

    def written(text: str) -> str:
        shaped = transliterate(text, code_page=code_page, style=rules.transliteration, unknown=lambda _: "")
        return " ".join(_STRUCTURE.sub(" ", shaped).split())

    alias = recipient.alias or (alias_of(recipient.target.value) if recipient.target else "")
    alias = written(alias) or NAMELESS
    given, initials, surname = map(written, _person(recipient))
    return {
        "alias": alias,
        "given": given,
        "initials": initials,
        "surname": surname or ("" if given else alias),
        "name": written(recipient.name) or alias,
        "organization": rules.organization,
        "site": rules.site,
    }


def _person(recipient: Recipient) -> PersonName:
    fields = {name.casefold(): value for name, value in reversed(recipient.fields)}
    told = PersonName(*(fields.get(name.casefold(), "").strip() for name in (GIVEN, INITIALS, SURNAME)))
    return told if told.given or told.surname else split_name(recipient.name)


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """The pattern with its values; an empty value takes one separator beside it away (KB Q216492)."""
    result, swallow = "", False
    for text, field in _tokens(pattern):
        if swallow and _SEPARATOR.fullmatch(text):
            text = ""
        swallow = False
        if field and not values[field]:
            if _SEPARATOR.fullmatch(text):
                text = ""
            else:
                swallow = bool(text or not result)
        result = _join(_join(result, text), values[field] if field else "")
    return result


def _join(left: str, right: str) -> str:
    """Both texts, without doubling a separator (``D.`` and ``.``) and without a period before the ``@``."""
    if right.startswith("@"):
        return left.rstrip(".") + right
    return left + (right[1:] if left and right and left[-1] == right[0] and right[0] in " .,_-" else right)


def settle_proxies(
    recipient: Recipient,
    types: AddressTypes,
    taken: Callable[[str], bool],
    hints: MutableMapping[str, int],
    kept: Collection[Address] = (),
) -> Recipient:
    """The recipient with its generated addresses made unique; a collision never drops it (KB Q192023).

    The native address never changes, nor do those in `kept`, nor does any that nobody else has.

    Args:
        taken: whether an address key belongs to another recipient, also to one settled before in the same batch, or
            rests (`rules.resting`) and was another's.
        hints: as for `AddressTypes.unique`, one mapping for a whole batch.
    """
    settled: dict[str, Address] = {}
    fixed = {types.key(address) for address in (recipient.target, *kept) if address}

    def elsewhere(key: str) -> bool:
        return taken(key) or key in fixed or key in settled

    for proxy in recipient.proxies:
        key = types.key(proxy)
        if key not in fixed and key not in settled and taken(key):
            proxy = types.unique(proxy, elsewhere, hints)
        settled.setdefault(types.key(proxy), proxy)
    return attrs.evolve(recipient, proxies=tuple(settled.values()))


class DomainMap(NamedTuple):
    """Domains by NET/PO, and the lines that could not be read, each with its number and reason."""

    domains: dict[str, str]
    problems: tuple[str, ...]


_COMMENT = re.compile(r"(?:^|\s)[#;].*")
_NAME = r"[^/=,;\t]+?"
_LINE = re.compile(rf"(?:[A-Za-z]+:)?\s*({_NAME})\s*/\s*({_NAME})(?:\s*[=,;]\s*|\s+)@?([^\s=,;@]+)")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


def parse_domain_map(text: str) -> DomainMap:
    """Read a map file: ``NET/PO domain`` on a line, with blank lines and ``#`` comments anywhere (KB Q140951).

    A NET/PO that stands there twice has the domain of its first line (KB Q111840).
    """
    domains: dict[str, str] = {}
    problems = []
    for number, list_, domain in _map_lines(text):
        if not list_:
            problems.append(f"line {number}: expected NET/PO and a domain, got {domain!r}")
        elif not _DOMAIN.fullmatch(domain):
            problems.append(f"line {number}: {list_}: {domain!r} is not a domain")
        else:
            domains.setdefault(list_.casefold(), domain)
    return DomainMap(domains, tuple(problems))


def _map_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Each line that says something: its number, NET/PO and domain; or its number, "" and the whole line."""
    for number, line in enumerate(text.strip("\ufeff\x1a\x00").splitlines(), start=1):
        if said := _COMMENT.sub("", line).strip():
            match = _LINE.fullmatch(said)
            yield (number, f"{match[1]}/{match[2]}", match[3]) if match else (number, "", said)
