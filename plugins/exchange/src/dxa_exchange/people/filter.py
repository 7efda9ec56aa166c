"""Which objects of a directory are no recipients: GALSync's source filter, rule by rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import attrs

from dxa.recipient import Kind
from dxa_exchange import addresses
from dxa_exchange.addresses import Proxies
from dxa_exchange.directory import Values
from dxa_exchange.people.options import Skip

# msExchRecipientTypeDetails: arbitration, discovery and monitoring mailboxes.
SYSTEM_TYPES = 0x800000 | 0x1000000 | 0x20000000
_SYSTEM_NAME = re.compile(
    r"SystemMailbox\{.*|HealthMailbox.*|FederatedEmail\..*|Migration\.[0-9a-f-]{36}|CAS_\{.*|~.*|"
    r"Microsoft (System Attendant|Schedule\+ Free/Busy Connector|Private MDB|Public MDB|MTA)",
    re.IGNORECASE,
)
_TRUE = frozenset({"true", "1"})


@attrs.define
class Looked:
    """What the rules look at: the object's kind, its special attributes by neutral name, and its addresses."""

    kind: Kind
    special: Mapping[str, Values]
    name: str
    proxies: Proxies

    def text(self, neutral: str) -> str:
        """The first text of an attribute."""
        return next((value for value in self.special.get(neutral, ()) if isinstance(value, str)), "")

    @property
    def hidden(self) -> bool:
        """Whether it is hidden from address books."""
        return self.text("recipientHidden").strip().casefold() in _TRUE

    @property
    def homed(self) -> bool:
        """Whether it has a home server."""
        return bool(self.text("homeServer") or self.text("homeMDB"))


def _system(looked: Looked) -> bool:
    details = looked.text("recipientTypeDetails").strip()
    return bool((details.isdecimal() and int(details) & SYSTEM_TYPES) or _SYSTEM_NAME.fullmatch(looked.name))


def _no_home(looked: Looked) -> bool:
    return looked.kind is Kind.MAILBOX and not looked.homed and not looked.text("targetAddress")


def _no_primary(looked: Looked) -> bool:
    return looked.kind is Kind.LIST and addresses.primary(looked.proxies, "SMTP") is None


def _no_target(looked: Looked) -> bool:
    return looked.kind is Kind.CUSTOM and not looked.text("targetAddress")


RULES: Mapping[Skip, tuple[str, Callable[[Looked], bool]]] = {
    "system": ("a mailbox of the system", _system),
    "hidden": ("hidden from address books", lambda looked: looked.hidden),
    "no-proxies": ("no proxy addresses", lambda looked: not looked.special.get("proxyAddresses")),
    "no-legacy": ("no legacyExchangeDN", lambda looked: not looked.text("legacyExchangeDN")),
    "no-home": ("a user with neither home server nor target address", _no_home),
    "no-primary": ("a group without a primary SMTP address", _no_primary),
    "no-target": ("a contact without a target address", _no_target),
}


def why_skipped(looked: Looked, rules: Iterable[Skip]) -> str:
    """The first rule by which an object is no recipient; "" if it is one."""
    return next((RULES[rule][0] for rule in rules if RULES[rule][1](looked)), "")
