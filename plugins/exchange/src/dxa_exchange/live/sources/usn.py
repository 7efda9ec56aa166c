"""Changes by update sequence numbers: every object bears the number of its last change on that one server.

"Polling for changes using USNChanged" (Active Directory); KB Q239639, Q166154 and the platform SDK's chapter on
USN-Last-Obj-Rem (Exchange 5.5). The numbers of two servers have nothing to do with each other, and a server that was
restored uses some of them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from dxa_exchange.live import filters
from dxa_exchange.live.containers import Container
from dxa_exchange.live.errors import ConnectionLost, LdapError
from dxa_exchange.live.interface import NOTHING, Directory, Query, Scope
from dxa_exchange.live.servers import Server
from dxa_exchange.live.sources.interface import Changed, StartOver
from dxa_exchange.live.values import flat

#: MS-ADTS 6.1.1.4: the container of what is deleted, under its well-known number.
_DELETED = "18E2EA80684F11D2B9AA00C04F79F805"


class ActiveDirectoryUsn:
    """Changes of Active Directory: of a whole naming context, for what has left a container changed somewhere else."""

    kind = "usn"

    def __init__(self, directory: Directory, server: Server) -> None:
        self._directory, self._server = directory, server

    def server(self) -> str:
        """See `Source`. A domain controller that is restored gets another invocation ID."""
        settings = self._server.root.text("dsServiceName")
        found = self._directory.read(settings, ("invocationId",)) if settings else None
        value = found.values("invocationId") if found else []
        invocation = str(UUID(bytes_le=value[0])) if value and isinstance(value[0], bytes) else ""
        return f"{self._server.root.text('dnsHostName')} {invocation}"

    def begin(self, containers: Sequence[Container]) -> Mapping[str, str] | None:
        """See `Source`. Without a right to see what is deleted, deletions would be missed."""
        highest = self._highest()
        if not highest or not self.server().strip() or not all(map(self.sees_deleted, self.contexts(containers))):
            return None
        return dict.fromkeys((each.digest for each in containers), str(highest))

    def changes(self, containers: Sequence[Container], values: Mapping[str, str]) -> Changed:
        """See `Source`."""
        highest, since = self._highest(), min(map(int, values.values()))
        if highest < since:
            raise StartOver(f"the server's last change is number {highest}, and number {since} was seen: it went back")
        identity = self._server.identity
        found: dict[str, None] = {}
        if highest > since:
            newer = filters.at_least("uSNChanged", since + 1)
            for context in self.contexts(containers):
                query = Query(context, Scope.SUB, newer, identity.wanted(), deleted=True)
                found.update(dict.fromkeys(map(identity.of, flat(self._directory.search(query)))))
        found.pop("", None)
        return Changed([*found], dict.fromkeys(values, str(highest)))

    def _highest(self) -> int:
        """It may have grown since the connection was made."""
        text = self._directory.root().text("highestCommittedUSN")
        return int(text) if text.isdecimal() else 0

    def contexts(self, containers: Sequence[Container]) -> list[str]:
        """The naming contexts that the containers lie in."""
        return [*dict.fromkeys(self._server.context(each.base) for each in containers)]

    def sees_deleted(self, context: str) -> bool:
        """Whether the account is shown any tombstone; the container of these is shown to everybody.

        Where nothing was ever deleted, that is not known, and everything is read until something is.
        """
        identity = self._server.identity
        wanted = filters.all_of([filters.equal("isDeleted", "TRUE"), filters.at_least("uSNChanged", 1)])
        base = f"<WKGUID={_DELETED},{context}>"
        query = Query(base, Scope.ONE, wanted, identity.wanted(), deleted=True)
        try:
            return any(identity.of(record) for record in flat(self._directory.search(query)))
        except ConnectionLost:
            raise
        except LdapError:
            return False


class Exchange55Usn:
    """Changes of Exchange 5.5, of each container: one that is added later has small numbers (KB Q166154)."""

    kind = "usn55"

    def __init__(self, directory: Directory, server: Server, uri: str) -> None:
        self._directory, self._server, self._uri = directory, server, uri

    def server(self) -> str:
        """See `Source`."""
        return self._uri

    def begin(self, containers: Sequence[Container]) -> Mapping[str, str] | None:
        """See `Source`. An account that may not see the numbers sees no change."""
        found = {each.digest: self._highest(each.base) for each in containers}
        return {digest: str(number) for digest, number in found.items()} if all(found.values()) else None

    def changes(self, containers: Sequence[Container], values: Mapping[str, str]) -> Changed:
        """See `Source`."""
        identity = self._server.identity
        found: dict[str, None] = {}
        positions = {}
        for each in containers:
            since = int(values[each.digest])
            self._check_removed(each.base, since)
            # The last one that was seen has its number still, unless it changed again: else the server went back.
            query = Query(each.base, Scope.SUB, filters.at_least("USN-Changed", since), ("USN-Changed",))
            records = [*flat(self._directory.search(query))]
            numbers = [int(text) for record in records if (text := record.text("USN-Changed")).isdecimal()]
            if not numbers:
                raise StartOver(f"nothing below {each.base} has the number {since} that was seen, or a larger one")
            found.update(dict.fromkeys(map(identity.of, records)))
            positions[each.digest] = str(max(numbers))
        return Changed([*found], positions)

    def _check_removed(self, base: str, since: int) -> None:
        """What was deleted 30 days ago is removed; a removal that was not seen as a deletion is known by its number."""
        found = self._directory.read(base, ("USN-Last-Obj-Rem",))
        number = found.text("USN-Last-Obj-Rem") if found else ""
        if number.isdecimal() and int(number) > since:
            raise StartOver(f"below {base} an object was removed for good with number {number}, behind {since}")

    def _highest(self, base: str) -> int:
        """The largest number below a base, found by asking whether there are larger ones: a server does not say it."""
        low, high = 0, 1
        while self._any(base, high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._any(base, middle) else (low, middle)
        return low

    def _any(self, base: str, number: int) -> bool:
        query = Query(base, Scope.SUB, filters.at_least("USN-Changed", number), NOTHING)
        return any(self._directory.search(query))
