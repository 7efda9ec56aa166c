"""The parts of a directory that are read: each a base, how far below, and a filter."""

from __future__ import annotations

from hashlib import blake2b

import attrs

from dxa_exchange import names
from dxa_exchange.live import filters
from dxa_exchange.live.interface import Query, Scope


@attrs.frozen(kw_only=True)
class Container:
    """One part: what lies at `base` or below, and fits the filter. `place` is where that goes, below the link's own."""

    base: str
    scope: Scope = Scope.SUB
    filter: str = filters.EVERYTHING
    place: str = ""

    @property
    def digest(self) -> str:
        """Other for every other part."""
        text = "\x00".join([names.key(self.base), self.scope.value, filters.wrapped(self.filter)])
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()

    def query(self, attributes: tuple[str, ...], also: str = "") -> Query:
        """The search for its objects, or for those that another filter finds as well."""
        parts = [filters.wrapped(self.filter), *([also] if also else [])]
        return Query(self.base, self.scope, filters.all_of(parts), attributes)
