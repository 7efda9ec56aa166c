"""The addresses of an object in its dialect: which attributes they stand in, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dxa_exchange import addresses
from dxa_exchange.addresses import Proxied, Proxies, Proxy
from dxa_exchange.dialects import Dialect
from dxa_exchange.directory import Record, Values


def texts(values: Sequence[str | bytes] | None) -> list[str]:
    """The values that are text."""
    return [value for value in values if type(value) is str] if values else []


def proxied(dialect: Dialect, record: Record, special: Mapping[str, Values]) -> Proxied:
    """All addresses of an object but its target; `special` are its attributes by neutral name."""
    if dialect.name == "ex55":
        return addresses.from_faces(record)
    values = [*texts(special.get("proxyAddresses")), *texts(special.get("secondaryProxyAddresses"))]
    found = addresses.collect(values) if values else Proxied(())
    mails = [mail.strip() for mail in texts(special.get("mail")) if mail.strip()]
    if not mails or (len(mails) == 1 and found.proxies and _has_mail(found.proxies, mails[0])):
        return found
    first = found.primary("SMTP") is None
    told = [Proxy("SMTP", mail, first and at == 0) for at, mail in enumerate(mails)]
    return addresses.settle([*found.proxies, *told], found.remarks)


def _has_mail(proxies: Proxies, mail: str) -> bool:
    """Whether the only mail address is among the proxies, one of which is primary."""
    folded, found, first = mail.casefold(), False, False
    for type_, value, primary in proxies:
        if type_ == "SMTP":
            first = first or primary
            found = found or value.casefold() == folded
    return found and first


def faces(dialect: Dialect, proxies: Proxies) -> Iterator[tuple[str, list[str]]]:
    """The addresses by neutral name, as the dialect has them."""
    if dialect.name == "ex55":
        mail, x400, others = addresses.faces(proxies)
        yield "mail", [mail]
        yield "textEncodedORAddress", [x400]
        yield "proxyAddresses", [*others]
    elif dialect.files:
        yield "proxyAddresses", [str(proxy) for proxy in proxies if proxy.primary]
        yield "secondaryProxyAddresses", [str(proxy) for proxy in proxies if not proxy.primary]
    else:
        yield "proxyAddresses", [str(proxy) for proxy in proxies]
        smtp = [proxy for proxy in proxies if proxy.type == "SMTP"]
        # Without a better attribute, `mail` has all of them.
        alone = not dialect.theirs("proxyAddresses")
        found = [proxy.value for proxy in smtp if alone or proxy.primary]
        # RFC 4524: `mail` is an IA5String, and a server refuses the whole object for anything else.
        yield "mail", [value for value in found if dialect.name == "ad" or value.isascii()]
