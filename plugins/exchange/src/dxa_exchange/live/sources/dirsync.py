"""Changes by Microsoft's control DirSync (MS-ADTS 3.1.1.3.4.1.3): of a whole naming context, with an opaque cookie.

It gives only those attributes that changed, so that each object is read again. Any refusal of the cookie means that
everything is.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from dxa_exchange.live import filters
from dxa_exchange.live.containers import Container
from dxa_exchange.live.controls import OBJECT_SECURITY
from dxa_exchange.live.errors import ConnectionLost, LdapError
from dxa_exchange.live.interface import Delta, Directory, Query, Scope
from dxa_exchange.live.servers import Server
from dxa_exchange.live.sources.interface import Changed, StartOver
from dxa_exchange.live.sources.usn import ActiveDirectoryUsn


class DirSyncSource:
    """See `Source`. `flags` is 0 with the right to replicate, or says that the account's own rights do."""

    kind = "dirsync"

    def __init__(self, directory: Directory, server: Server, flags: int = OBJECT_SECURITY) -> None:
        self._directory, self._server, self._flags = directory, server, flags
        self._numbers = ActiveDirectoryUsn(directory, server)

    def server(self) -> str:
        """See `Source`."""
        return f"{self._numbers.server()} {self._flags}"

    def begin(self, containers: Sequence[Container]) -> Mapping[str, str] | None:
        """See `Source`. The first cookie costs a look at every object, of which only the identity is given."""
        contexts = self._numbers.contexts(containers)
        if self._flags & OBJECT_SECURITY and not all(map(self._numbers.sees_deleted, contexts)):
            return None
        by_context = {context: self._ask(context, b"") for context in contexts}
        return {each.digest: _text(by_context[self._server.context(each.base)].cookie) for each in containers}

    def changes(self, containers: Sequence[Container], values: Mapping[str, str]) -> Changed:
        """See `Source`."""
        identity = self._server.identity
        found: dict[str, None] = {}
        positions = {}
        for context in self._numbers.contexts(containers):
            inside = [each.digest for each in containers if self._server.context(each.base) == context]
            try:
                delta = self._ask(context, base64.b64decode(values[inside[0]], validate=True))
            except ConnectionLost:
                raise
            except (LdapError, ValueError) as problem:
                raise StartOver(f"the cookie of {context} was refused: {problem}") from None
            found.update(dict.fromkeys(map(identity.of, delta.records)))
            positions.update(dict.fromkeys(inside, _text(delta.cookie)))
        found.pop("", None)
        return Changed([*found], positions)

    def _ask(self, context: str, cookie: bytes) -> Delta:
        # Asked for fewer attributes, it would not tell of changes to the others.
        wanted = ("*",) if cookie else self._server.identity.wanted()
        return self._directory.dirsync(Query(context, Scope.SUB, filters.EVERYTHING, wanted), cookie, self._flags)


def _text(cookie: bytes) -> str:
    return base64.b64encode(cookie).decode("ascii")
