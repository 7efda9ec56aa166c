"""What Import does about a list that has no place: it creates the postoffice, or says which definition is missing."""

from __future__ import annotations

import attrs

from dxa.errors import AddressError, NotFoundError, UsageError
from dxa.ledger.answer import ListKey
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.book import Book
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networks import HOSTS, NO_ROUTE, PROXIES, Route, Wanted, indirect, name_key

CREATED, DIRECT = 59, 60
_NO_GATEWAY, _NO_SERVER, _NO_DEFINITION, _NO_PLACE = 44, 54, 55, 50


class _Missing(Exception):
    """A list cannot have a place."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(what)
        self.code, self.what = code, what


@attrs.define
class Creating:
    """Makes places for lists, all of them at once at the end.

    Import creates postoffices only when it may (``-c``, or an option of the requestor) and when there is a directory
    server, from whose postoffice they get their way (KB Q96060, Q136514).
    """

    change: Changing
    book: Book
    server: str
    allowed: bool
    #: What was created, as ``TYPE:NET/PO``.
    created: list[str] = attrs.field(factory=list)
    #: Those of them, as ``NET/PO``, to which somebody has still to give a route: at the server nobody can guess one.
    stranded: list[str] = attrs.field(factory=list)
    _nets: Networks | None = None
    _known: dict[ListKey, _Missing | None] = attrs.field(factory=dict)

    def fault(self, key: ListKey, name: str) -> tuple[int, str]:
        """Why this list has no place and gets none, as number and text; 0 when all is well. `name` is as written."""
        if key in self.book.places:
            return 0, ""
        if key not in self._known:
            self._known[key] = self._try(key, name)
        missing = self._known[key]
        return (missing.code, f"{error_text(missing.code)}: {missing.what}") if missing else (0, "")

    def finish(self) -> None:
        """Write the new definitions; the book has their places afterwards."""
        if self._nets is not None and self.created:
            self._nets.save(self.change)
            self.book.refresh()

    def _try(self, key: ListKey, name: str) -> _Missing | None:
        type_, list_ = key
        shown = f"{type_}:{name}"
        if not self.allowed:
            return _Missing(self.book.missing(key), shown)
        if self._nets is None:
            self._nets = Networks.load(self.change)
        try:
            if list_:
                self._postoffice(self._nets, type_, name)
            else:
                self._gateway(self._nets, type_)
        except _Missing as missing:
            return missing
        except AddressError as error:
            return _Missing(error.code or _NO_PLACE, shown)
        except (NotFoundError, UsageError) as error:
            return _Missing(_NO_PLACE, f"{shown}: {error}")
        self.created.append(shown)
        return None

    def _postoffice(self, nets: Networks, type_: str, name: str) -> None:
        kind = type_ if type_ in HOSTS else MS.name
        network = name.partition("/")[0]
        route = self._route(nets) if kind == MS.name else NO_ROUTE
        if kind in HOSTS and not any(net.record.active and net.key == name_key(network) for net in nets.nets):
            nets.add_gateway(self.change, kind, network)
            self.created.append(f"{kind}:{network}")
        nets.add(self.change, Wanted(name=name, kind=kind, route=route))
        if kind == MS.name and route == NO_ROUTE:
            self.stranded.append(name)

    def _gateway(self, nets: Networks, type_: str) -> None:
        if type_ in PROXIES:  # it speaks for a postoffice whose name nobody can guess
            raise _Missing(_NO_GATEWAY, type_)
        nets.add_gateway(self.change, type_, "")

    def _route(self, nets: Networks) -> Route:
        """KB Q96060: the way of the directory server's postoffice."""
        if not self.server:
            raise _Missing(_NO_SERVER, "without one Import creates no postoffices")
        if name_key(self.server) == name_key(nets.own):
            return NO_ROUTE
        try:
            return indirect(nets.hop(self.server).full)
        except (NotFoundError, UsageError):
            raise _Missing(_NO_DEFINITION, self.server) from None
