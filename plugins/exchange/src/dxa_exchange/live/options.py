"""What is configured about a live directory: the keys of ``[links.NAME.ldap]``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import attrs

from dxa.config.secrets import Secret
from dxa.options import Field, option, positive, told
from dxa_exchange import names
from dxa_exchange.live import filters
from dxa_exchange.live.containers import Container
from dxa_exchange.live.interface import Scope
from dxa_exchange.live.server import Method, Server, Tls
from dxa_exchange.people.options import PeopleOptions

#: MS-ADTS 3.1.1.3.4.6: more than that Active Directory gives in no page.
LARGEST_PAGE = 1000
_SCHEMES = ("ldap", "ldaps", "ldapi")


def _page(value: int) -> None:
    if not 1 <= value <= LARGEST_PAGE:
        raise ValueError(f"must be 1 to {LARGEST_PAGE}, got {value}")


def _uri(value: str) -> None:
    if urlsplit(value).scheme.lower() not in _SCHEMES:
        raise ValueError(f"must begin with ldap://, ldaps:// or ldapi://, got {value!r}")
    if "@" in urlsplit(value).netloc:
        # It stands in messages, so that no password may be in it.
        raise ValueError("names an account; that goes into `bind` and `password`")


@attrs.frozen(kw_only=True)
class TlsOptions:
    """``[links.NAME.ldap.tls]``."""

    start: bool = option("protect a connection to ldap:// by StartTLS", False)
    verify: bool = option("refuse a server whose certificate is not vouched for, or is another one's", True)
    ca_file: str = option("file with the certificates that vouch for the server's; empty is the machine's own", "")
    certificate: str = option("file with a certificate of dxa's own, for method = EXTERNAL", "")
    key: str = option("file with its key", "")


@attrs.frozen(kw_only=True)
class ContainerOptions:
    """One of ``[[links.NAME.ldap.containers]]``."""

    base: str = option("name of the object below which people are", "", told(names.read))
    scope: Literal["sub", "one", "base"] = option("how far below: all of it, one level, or that object alone", "sub")
    filter: str = option("what they have in common, as (mail=*); empty is everything", "", told(filters.wrapped))
    container: str = option("container for them, below the link's import container; empty is that itself", "")


@attrs.frozen(kw_only=True)
class LdapOptions:
    """``[links.NAME.ldap]``."""

    uri: str = option("the server: ldaps://dc1.example.org", "ldap://127.0.0.1", told(_uri))
    bind: str = option("name of the account, or whom a mechanism of SASL is to take; empty binds as nobody", "")
    password: Secret | None = option("its password: env:NAME, file:PATH or the text itself", None)
    method: Literal["", "EXTERNAL", "GSSAPI", "GSS-SPNEGO", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] = option(
        "mechanism of SASL; empty is a simple bind with name and password, or an anonymous one without", ""
    )
    cleartext: bool = option("let a password pass a network unprotected", False)
    tls: TlsOptions = option("protection of the connection", TlsOptions())
    containers: tuple[ContainerOptions, ...] = option(
        "what is read, each part a table with base, scope (sub, one or base), filter, and container (below the link's "
        "import container); beside them, what dxa has written is read",
        (),
    )
    source: Literal["auto", "full", "usn", "dirsync", "syncrepl"] = option(
        "how changes are heard: by update sequence numbers (Active Directory, Exchange 5.5), by the control DirSync "
        "(Active Directory), by content synchronization (OpenLDAP, 389 Directory Server), or not at all; auto is what "
        "the server has",
        "auto",
    )
    replicate: bool = option("the account may replicate: DirSync tells everything, not only what it may read", False)
    full_days: float = option("days after which everything is read once more", 7.0, positive)
    page_size: int = option("entries that are read at once", 500, told(_page))
    connect_timeout: float = option("seconds to wait for a connection", 10.0, positive)
    timeout: float = option("seconds to wait for an answer", 120.0, positive)
    attempts: int = option("how often a lost connection is tried, waiting longer each time", 3, positive)
    members: bool = option("tell the members of lists, by their addresses", True)
    people: PeopleOptions = option("how people are told, and where dxa writes", PeopleOptions())

    @uri.validator
    def _check_password(self, _attribute: Field, _value: str) -> None:
        if self.server(Path()).exposes_password() and not self.cleartext:
            raise ValueError("uri: the password would pass the network unprotected; use ldaps:// or tls.start = true")

    @bind.validator
    def _check_bind(self, _attribute: Field, value: str) -> None:
        if self.password is not None and not value:
            raise ValueError("bind: is missing; the password must be somebody's")
        if value and not self.method and self.password is None:
            raise ValueError("bind: a name without a password binds nobody; give `password`, or `method`")

    @containers.validator
    def _check_containers(self, _attribute: Field, value: tuple[ContainerOptions, ...]) -> None:
        for each in value:
            if not each.base:
                raise ValueError("containers: each needs its base")

    @people.validator
    def _check_people(self, _attribute: Field, value: PeopleOptions) -> None:
        if value.dialect not in ("ad", "ex55", "generic"):
            raise ValueError(f"people: dialect is one of files; a server has ad, ex55 or generic, got {value.dialect}")
        if value.bases:
            raise ValueError("people: bases are those of `containers` here; leave them out")

    def writes_in(self, site: tuple[str, str]) -> frozenset[tuple[str, ...]]:
        """Its synchronisation container on this server; see `dxa.connector.ConnectorType.writes_in`."""
        where = urlsplit(self.uri)
        # One server has both.
        port = "" if where.port in (None, 389, 636) else f":{where.port}"
        return self.people.writes_in(f"{where.hostname or ''}{port}", site)

    def server(self, folder: Path) -> Server:
        """How the server is reached; files are relative to `folder`."""

        def path(text: str) -> Path | None:
            return folder / text if text else None

        tls = self.tls
        method: Method = self.method or ("simple" if self.bind else "anonymous")
        return Server(
            uri=self.uri,
            method=method,
            user=self.bind,
            password=self.password,
            tls=Tls(
                start=tls.start,
                verify=tls.verify,
                ca_file=path(tls.ca_file),
                certificate=path(tls.certificate),
                key=path(tls.key),
            ),
            connect_timeout=self.connect_timeout,
            timeout=self.timeout,
            page=self.page_size,
        )

    def parts(self) -> tuple[Container, ...]:
        """What is read: the containers, and the one that dxa writes into, so that what it wrote is seen again."""
        found = tuple(
            Container(base=each.base, scope=Scope(each.scope), filter=each.filter, place=each.container)
            for each in self.containers
        )
        own = names.to_ldap(self.people.sync_container) if self.people.sync_container else ""
        if not own or any(_has_all(each, own) for each in found):
            return found
        return (*found, Container(base=own))


def _has_all(container: Container, base: str) -> bool:
    everything = filters.wrapped(container.filter) == filters.EVERYTHING
    return everything and container.scope is Scope.SUB and names.within(base, container.base)
