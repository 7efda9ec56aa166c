"""A connection to a directory server, by python-ldap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from dxa_exchange.directory import Modification, Operation, Record, Values
from dxa_exchange.live import controls, library, syncrepl
from dxa_exchange.live.errors import NO_SUCH_OBJECT, LdapError, error
from dxa_exchange.live.filters import EVERYTHING
from dxa_exchange.live.interface import ALL, ALL_OPERATIONAL, Delta, Query, Refresh, Scope
from dxa_exchange.live.server import Server
from dxa_exchange.live.values import Decoder, Piece, encoded

_SCOPES = {Scope.BASE: 0, Scope.ONE: 1, Scope.SUB: 2}
#: RFC 4511, 4.6; increment: RFC 4525.
_OPERATIONS = {Operation.ADD: 0, Operation.DELETE: 1, Operation.REPLACE: 2, Operation.INCREMENT: 3}
#: RFC 4512, 4.2; without the rules for contents Active Directory does not say what a contact may have.
_SCHEMA = ("attributeTypes", "objectClasses", "dITContentRules", "ldapSyntaxes", "matchingRules")


class Client:
    """See `Directory`. Referrals are not followed: what another server holds is that server's."""

    def __init__(self, server: Server) -> None:
        self._ldap = library.load()
        self._server = server
        self._decoder = Decoder()
        with self._told("connect"):
            self._connection = self._connected()
        try:
            with self._told("bind"):
                self._bind()
        except LdapError:
            self.close()
            raise

    # -- connecting ------------------------------------------------------------------------------------------------

    def _connected(self) -> Any:
        ldap, server = self._ldap, self._server
        connection = syncrepl.consumer(ldap)(server.uri, bytes_mode=False)
        for option, value in (
            (ldap.OPT_PROTOCOL_VERSION, 3),
            (ldap.OPT_REFERRALS, 0),
            (ldap.OPT_NETWORK_TIMEOUT, server.connect_timeout),
            (ldap.OPT_TIMEOUT, server.timeout),
            *self._tls_options(),
        ):
            connection.set_option(option, value)
        if server.tls.start:
            connection.start_tls_s()
        return connection

    def _tls_options(self) -> Iterator[tuple[int, Any]]:
        """Whatever the machine's own settings say; the last one makes the others count."""
        ldap, tls = self._ldap, self._server.tls
        if not tls.start and not self._server.uri.lower().startswith("ldaps:"):
            return
        yield ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND if tls.verify else ldap.OPT_X_TLS_NEVER
        for option, path in (
            (ldap.OPT_X_TLS_CACERTFILE, tls.ca_file),
            (ldap.OPT_X_TLS_CERTFILE, tls.certificate),
            (ldap.OPT_X_TLS_KEYFILE, tls.key),
        ):
            if path is not None:
                yield option, str(path)
        yield ldap.OPT_X_TLS_NEWCTX, 0

    def _bind(self) -> None:
        server, connection = self._server, self._connection
        password = server.password.reveal() if server.password else ""
        if server.method == "anonymous":
            connection.simple_bind_s()
        elif server.method == "simple":
            connection.simple_bind_s(server.user, password)
        else:
            sasl = library.load("ldap.sasl")
            answers = {sasl.CB_AUTHNAME: server.user, sasl.CB_PASS: password}
            own = server.method in ("EXTERNAL", "GSSAPI", "GSS-SPNEGO")
            callbacks = {sasl.CB_USER: server.user} if own else answers
            connection.sasl_interactive_bind_s("", sasl.sasl(callbacks, server.method))

    def close(self) -> None:
        """See `Directory`."""
        with suppress(self._ldap.LDAPError):
            self._connection.unbind_s()

    # -- reading ---------------------------------------------------------------------------------------------------

    def root(self) -> Record:
        """See `Directory`."""
        return self.read("", ALL_OPERATIONAL) or Record("", {})

    def schema(self, classes: Sequence[str]) -> frozenset[str]:
        """See `Directory`."""
        subschema = self.root().text("subschemaSubentry")
        found = self.read(subschema, _SCHEMA) if subschema else None
        if found is None or not found.attributes:
            return frozenset()
        must, may = library.load("ldap.schema").SubSchema(found.attributes).attribute_types(classes, raise_keyerror=0)
        known = [each for each in (*must.values(), *may.values()) if each is not None]
        return frozenset(name for each in known for name in each.names)

    def read(self, dn: str, attributes: Sequence[str] = ALL) -> Record | None:
        """See `Directory`."""
        try:
            pages = self._search(Query(dn, Scope.BASE, EVERYTHING, tuple(attributes)), paged=False)
            return next((record for page in pages for record in page), None)
        except LdapError as problem:
            if problem.code == NO_SUCH_OBJECT:
                return None
            raise

    def search(self, query: Query) -> Iterator[list[Record]]:
        """See `Directory`."""
        return self._search(query, paged=True)

    def _search(self, query: Query, *, paged: bool) -> Iterator[list[Record]]:
        pages = controls.pages(self._server.page) if paged else None
        waiting: int | None = self._ask(query, pages)
        try:
            while waiting is not None:
                with self._told("search", query.base):
                    _, data, _, replied = self._connection.result3(waiting, timeout=self._server.timeout)
                waiting = None
                if pages is not None and pages.goes_on(replied):
                    # The server works at the next page while this one is decoded.
                    waiting = self._ask(query, pages)
                yield [self._record(dn, raw) for dn, raw in data if dn is not None]
        finally:
            if waiting is not None:
                with suppress(self._ldap.LDAPError):
                    self._connection.abandon_ext(waiting)

    def _ask(self, query: Query, pages: controls.Pages | None) -> int:
        sent = [*([pages.control] if pages else []), *([controls.show_deleted()] if query.deleted else [])]
        with self._told("search", query.base):
            found: int = self._connection.search_ext(
                query.base, _SCOPES[query.scope], query.filter, list(query.attributes), serverctrls=sent or None
            )
        return found

    def _record(self, dn: str, raw: Mapping[str, Sequence[bytes]]) -> Record:
        record, pieces = self._decoder.record(dn, raw)
        return self._completed(record, pieces) if pieces else record

    def _completed(self, record: Record, pieces: Sequence[Piece]) -> Record:
        """With the values that the server gives only when asked for them (MS-ADTS 3.1.1.3.1.3.3)."""
        found = dict(record.attributes)
        for piece in pieces:
            left: Piece | None = piece
            while left is not None and left.after is not None:
                with self._told("search", record.dn):
                    data = self._connection.search_ext_s(
                        record.dn, 0, EVERYTHING, [f"{piece.name};range={left.after}-*"]
                    )
                more, pieces_left = self._decoder.record(*data[0])
                found[piece.name] = [*found[piece.name], *more.values(piece.name)]
                left = next(iter(pieces_left), None)
        return Record(record.dn, found)

    # -- changes ---------------------------------------------------------------------------------------------------

    def dirsync(self, query: Query, cookie: bytes, flags: int) -> Delta:
        """See `Directory`."""
        control = controls.DirSync(cookie, flags)
        found: list[Record] = []
        while True:
            with self._told("search for changes", query.base):
                waiting = self._connection.search_ext(
                    query.base, 2, query.filter, list(query.attributes), serverctrls=[control.request()]
                )
                _, data, _, replied, _, _ = self._connection.result4(
                    waiting, timeout=self._server.timeout, resp_ctrl_classes=controls.replies()
                )
            found += [self._decoder.record(dn, raw)[0] for dn, raw in data if dn is not None]
            if not control.goes_on(replied):
                return Delta(found, control.cookie)

    def refresh(self, query: Query, cookie: str | None) -> Refresh:
        """See `Directory`."""
        with self._told("search for changes", query.base):
            found: Refresh = self._connection.refreshed(
                query.base, _SCOPES[query.scope], query.filter, query.attributes, cookie, self._server.timeout
            )
        return found

    # -- writing ---------------------------------------------------------------------------------------------------

    def add(self, dn: str, attributes: Mapping[str, Values]) -> None:
        """See `Directory`."""
        with self._told("add", dn):
            self._connection.add_ext_s(dn, [(name, encoded(values)) for name, values in attributes.items() if values])

    def modify(self, dn: str, modifications: Sequence[Modification]) -> None:
        """See `Directory`."""
        mods = [(_OPERATIONS[each.operation], each.name, encoded(each.values) or None) for each in modifications]
        with self._told("modify", dn):
            self._connection.modify_ext_s(dn, mods)

    def delete(self, dn: str) -> None:
        """See `Directory`."""
        with self._told("delete", dn):
            self._connection.delete_ext_s(dn)

    def rename(self, dn: str, rdn: str, superior: str | None = None) -> None:
        """See `Directory`."""
        with self._told("rename", dn):
            self._connection.rename_s(dn, rdn, superior, delold=1)

    # -- errors ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _told(self, operation: str, dn: str = "") -> Iterator[None]:
        try:
            yield
        except self._ldap.LDAPError as problem:
            raise _error(self._server.uri, f"{operation} {dn}".strip(), problem) from None


def _error(uri: str, operation: str, problem: Any) -> LdapError:
    """What the library raises holds a dictionary, or sometimes a text."""
    told = problem.args[0] if problem.args else {}
    told = told if isinstance(told, dict) else {"info": str(told)}
    code = told.get("result", getattr(problem, "errnum", None))
    code = int(code) if code is not None else -1
    name = str(told.get("desc") or type(problem).__name__)
    said = str(told.get("info") or "").strip("\x00 \r\n")
    return error(uri, operation, code, name, said)
