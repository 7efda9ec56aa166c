"""A consumer of changes (RFC 4533) that keeps what is told and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from dxa_exchange.live import library
from dxa_exchange.live.interface import Refresh


@cache
def consumer(ldap: Any) -> Any:
    """The class of connections, once python-ldap is there: the library wants to be inherited from."""
    mixin: Any = library.load("ldap.syncrepl").SyncreplConsumer

    class Consumer(ldap.ldapobject.SimpleLDAPObject, mixin):  # type: ignore[misc]
        """A connection that can be asked for changes; one request at a time."""

        _heard: Heard

        def refreshed(
            self, base: str, scope: int, filter_: str, attributes: Sequence[str], cookie: str | None, timeout: float
        ) -> Refresh:
            """Everything that the server tells; it ends by itself."""
            self._heard = Heard()
            message = self.syncrepl_search(
                base, scope, "refreshOnly", cookie, filterstr=filter_, attrlist=list(attributes)
            )
            while self.syncrepl_poll(message, timeout=timeout, all=0):
                pass
            return self._heard.refresh()

        def syncrepl_get_cookie(self) -> None:
            """None: where to begin is said in each request."""

        def syncrepl_set_cookie(self, cookie: str) -> None:
            """Called with each cookie."""
            self._heard.cookie = cookie

        def syncrepl_entry(self, _dn: str, raw: Mapping[str, Sequence[bytes]], uuid: str) -> None:
            """Called with each entry that is new or has changed."""
            value = next((values[0] for values in raw.values() if values), b"")
            self._heard.changed[uuid.casefold()] = value.decode("utf-8", "replace")

        def syncrepl_delete(self, uuids: Sequence[str]) -> None:
            """Called with what is gone."""
            self._heard.gone.update(dict.fromkeys(map(str.casefold, uuids)))

        def syncrepl_present(self, uuids: Sequence[str] | None, refreshDeletes: bool = False) -> None:  # noqa: N803
            """Called with what is named, unchanged or not, and at the end of a phase without names."""
            if uuids is None:
                self._heard.deletes = refreshDeletes
            else:
                self._heard.named.update(dict.fromkeys(map(str.casefold, uuids)))

    return Consumer


class Heard:
    """What one request was told."""

    def __init__(self) -> None:
        self.changed: dict[str, str] = {}
        self.gone: dict[str, None] = {}
        self.named: dict[str, None] = {}
        self.deletes = False
        self.cookie: str | None = None

    def refresh(self) -> Refresh:
        """The reply as a value; an entry that came is named as well, and does not count as unchanged."""
        present = len(self.named.keys() - self.changed.keys())
        return Refresh(self.changed, [*self.gone], present, self.deletes, self.cookie)
