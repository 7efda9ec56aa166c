"""An OpenLDAP server with many people for the benchmarks of live directories, and a bare read of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.site import FIRST, LAST
from dxa.config.secrets import Secret
from dxa.connector import LinkContext
from dxa.host import Host
from dxa_exchange.demo.slapd import Settings, Slapd, running, why_missing
from dxa_exchange.live.connector import LdapConnector
from dxa_exchange.live.options import ContainerOptions, LdapOptions

COUNT, PAGE = 20_000, 500
SUFFIX = "dc=example,dc=org"
PEOPLE = f"ou=people,{SUFFIX}"


def why_not() -> str:
    """Why nothing can be measured here; ``""`` when it can."""
    return why_missing() if importlib.util.find_spec("ldap") else "python-ldap is not installed"


def _entry(n: int) -> str:
    """A person with five addresses and 14 other attributes."""
    first, last = FIRST[n % len(FIRST)], LAST[n // 7 % len(LAST)]
    lines = [
        f"dn: uid=u{n:06d},{PEOPLE}",
        *("objectClass: inetOrgPerson", "objectClass: mailRecipient"),
        *(f"cn: {first} {last}", f"sn: {last}", f"givenName: {first}", f"displayName: {last}, {first} {n:06d}"),
        *(f"uid: u{n:06d}", f"mail: u{n:06d}@example.org", f"mailNickname: u{n:06d}", f"title: Engineer {n % 7}"),
        *(f"telephoneNumber: +49 30 {n:07d}", f"mobile: +49 170 {n:07d}", f"roomNumber: {n % 977}"),
        *(f"department: D{n % 40}", "company: Example", f"l: City {n % 100}", f"postalCode: {n % 90_000 + 10_000}"),
        *(f"extensionAttribute1: {n}", f"legacyExchangeDN: /o=Example/ou=Site/cn=Recipients/cn=u{n:06d}"),
        f"proxyAddresses: SMTP:u{n:06d}@example.org",
        *(f"proxyAddresses: smtp:u{n:06d}@{name}.example.org" for name in ("mail", "old")),
        *(f"proxyAddresses: X500:/o=Old/ou=First/cn=u{n:06d}", f"proxyAddresses: MS:NET/PO{n % 40}/U{n:06d}"),
    ]
    return "\n".join(lines) + "\n\n"


def ldif(count: int) -> bytes:
    """The whole directory."""
    head = (
        f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n"
        f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
    )
    return (head + "".join(map(_entry, range(count)))).encode()


@contextmanager
def server(count: int = COUNT) -> Iterator[Slapd]:
    """A server with so many people."""
    with running(ldif(count), Settings(suffix=SUFFIX)) as slapd:
        yield slapd


def bare_read(slapd: Slapd) -> int:
    """All people by python-ldap alone, page by page, every value decoded; how many they are."""
    import ldap
    from ldap.controls import SimplePagedResultsControl

    connection = ldap.initialize(slapd.uri)
    connection.simple_bind_s(slapd.settings.root, slapd.settings.password)
    control: Any = SimplePagedResultsControl(True, size=PAGE, cookie="")
    found = []
    while True:
        waiting = connection.search_ext(PEOPLE, ldap.SCOPE_SUBTREE, "(objectClass=*)", None, serverctrls=[control])
        _, data, _, controls = connection.result3(waiting)
        for dn, attributes in data:
            found.append((dn, {name: [value.decode() for value in values] for name, values in attributes.items()}))
        control.cookie = controls[0].cookie
        if not control.cookie:
            connection.unbind_s()
            return len(found)


def connector(slapd: Slapd, now: float = 0.0) -> LdapConnector:
    """The connector over the same people."""
    options = LdapOptions(
        uri=slapd.uri,
        bind=slapd.settings.root,
        password=Secret(slapd.settings.password),
        containers=(ContainerOptions(base=PEOPLE),),
        page_size=PAGE,
    )
    types = Host().address_types()
    context = LinkContext(link="ldap", options=options, folder=Path(), types=types, site=("LAB", "HQ"), now=lambda: now)
    return LdapConnector(context)
