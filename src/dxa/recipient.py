"""Recipients, their kinds and containers: the entries of the site's directory."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import attrs

from dxa.address import Address
from dxa.entry import Fields

#: KB Q147790: a mailbox has trust level 20 unless somebody says otherwise.
DEFAULT_TRUST = 20


class Kind(Enum):
    """What a recipient is."""

    MAILBOX = "mailbox"
    CUSTOM = "custom"
    LIST = "list"
    FOLDER = "folder"


def trust_level(_instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    """Validator: a trust level is 0 to 100."""
    if not 0 <= value <= 100:
        raise ValueError(f"{attribute.name} must be between 0 and 100, got {value}")


# Not frozen by attrs, which doubles the time to make one, and an import makes hundred thousands; nobody changes one.
@attrs.define(kw_only=True, unsafe_hash=True)
class Recipient:
    """An entry of the directory. `id` is its own: it survives a move, a rename, a change of link or role (0: not yet).

    `owner` is the id of the peer that told us of it (``""``: the site itself). A custom recipient has a `target`
    address. The first proxy of a type is its primary address of that type. `fields` are attribute names and values.
    """

    id: int = 0
    #: What it is.
    kind: Kind = Kind.MAILBOX
    #: The place that it is in, with ``/`` between its steps.
    container: str
    #: Its friendly name.
    name: str
    #: The short name of which addresses are made.
    alias: str = ""
    target: Address | None = None
    #: Its addresses.
    proxies: tuple[Address, ...] = ()
    owner: str = ""
    #: Links export up to their own trust level.
    trust: int = attrs.field(default=DEFAULT_TRUST, validator=trust_level)
    #: Left out of address lists.
    hidden: bool = False
    fields: Fields = ()

    def primary(self, type_: str) -> Address | None:
        """The primary address of that type, if it has one; only the first counts (dx:T-008, dx:T-090)."""
        return next((proxy for proxy in self.proxies if proxy.type == type_), None)


@lru_cache(maxsize=4096)
def inside(container: str, parent: str) -> bool:
    """Whether `container` is `parent` or lies below it; case does not count, only whole steps do (dx:T-242)."""
    inner, outer = container.casefold().split("/"), parent.casefold().split("/")
    return inner[: len(outer)] == outer
