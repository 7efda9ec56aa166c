"""Changes by content synchronization (RFC 4533), asked for once: OpenLDAP's ``syncprov``, and 389 Directory Server.

A reply that ends with ``refreshDeletes`` FALSE has named everybody who is there, and who was not named is gone. So says
the RFC; 389 Directory Server ends every reply like that, changes too. Nobody is deleted for not being named: everything
is read again instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dxa_exchange.live import filters
from dxa_exchange.live.containers import Container
from dxa_exchange.live.errors import ConnectionLost, LdapError
from dxa_exchange.live.interface import NOTHING, Directory, Query, Refresh, Scope
from dxa_exchange.live.servers import Kind, Server
from dxa_exchange.live.sources import witnesses
from dxa_exchange.live.sources.interface import Changed, StartOver

_CSN = "csn="


class SyncreplSource:
    """See `Source`. The containers' filters are left out: what has left one has changed, too."""

    kind = "syncrepl"

    def __init__(self, directory: Directory, server: Server, uri: str) -> None:
        self._directory, self._server, self._uri = directory, server, uri

    def server(self) -> str:
        """See `Source`. Other servers may have other pasts, whatever they are called."""
        return f"{self._uri} {self._server.root.text('vendorVersion')}".strip()

    def begin(self, containers: Sequence[Container]) -> Mapping[str, str] | None:
        """See `Source`."""
        found = {each.digest: self._first(each) for each in containers}
        return found if all(found.values()) else None

    def _first(self, container: Container) -> str:
        """OpenLDAP shows the state that changes begin from; others are asked for all names to get it."""
        state = self._state(container.base)
        if state:
            seen = witnesses.first(self._directory, container.base, state)
            return _position(f"rid=000,csn={';'.join(state)}", seen)
        return self._ask(container, None).cookie or ""

    def changes(self, containers: Sequence[Container], values: Mapping[str, str]) -> Changed:
        """See `Source`."""
        found: dict[str, None] = {}
        positions = {}
        for each in containers:
            cookie, _, text = values[each.digest].partition("\n")
            seen = witnesses.read(text)
            self._check_state(each.base, cookie)
            try:
                reply = self._ask(each, cookie)
            except ConnectionLost:
                raise
            except LdapError as problem:
                raise StartOver(f"the cookie of {each.base} was refused: {problem}") from None
            if reply.present or (not reply.deletes and self._server.kind is not Kind.DS389):
                raise StartOver(f"the server has forgotten what was deleted below {each.base}")
            known: witnesses.Witnesses = {}
            if self._server.kind is Kind.OPENLDAP:
                known = witnesses.after(self._directory, self._server, each.base, seen, reply)
            found.update(dict.fromkeys((*reply.changed, *reply.gone)))
            positions[each.digest] = _position(reply.cookie or cookie, known)
        return Changed([*found], positions)

    def _check_state(self, base: str, cookie: str) -> None:
        """A server whose state is older than what was seen there was restored from a backup."""
        known = _numbers(cookie)
        state = {_origin(number): number for number in self._state(base)} if known else {}
        for origin, number in known.items():
            if state.get(origin, "") < number:
                raise StartOver(f"the server went back: its last change is {state.get(origin) or 'unknown'}")

    def _state(self, base: str) -> list[str]:
        if self._server.kind is not Kind.OPENLDAP:
            return []
        found = self._directory.read(self._server.context(base), ("contextCSN",))
        return sorted(found.texts("contextCSN"), key=_origin) if found else []

    def _ask(self, container: Container, cookie: str | None) -> Refresh:
        if self._server.kind is Kind.OPENLDAP:
            query = Query(container.base, container.scope, filters.EVERYTHING, ("entryCSN",))
        else:
            # 389 Directory Server does not tell of an object that was moved out of the base.
            query = Query(self._server.context(container.base), Scope.SUB, filters.EVERYTHING, NOTHING)
        return self._directory.refresh(query, cookie)


def _position(cookie: str, seen: witnesses.Witnesses) -> str:
    return f"{cookie}\n{witnesses.write(seen)}" if seen else cookie


def _numbers(cookie: str) -> dict[str, str]:
    """The change sequence numbers in a cookie of OpenLDAP's, by the server that they are of."""
    part = next((part for part in cookie.split(",") if part.startswith(_CSN)), "")
    return {_origin(number): number for number in part.removeprefix(_CSN).split(";") if number}


def _origin(number: str) -> str:
    """``20261122103011.653750Z#000000#000#000000``: the third part says which server made the change."""
    parts = number.split("#")
    return parts[2] if len(parts) > 2 else ""
