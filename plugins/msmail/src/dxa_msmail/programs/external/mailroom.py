"""What EXTERNAL's two phases share: whose a mailbag is, and what a run has done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

import attrs

from dxa.errors import FormatError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.envelope import mail_address
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import networks
from dxa_msmail.postoffice.groups import groups
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.mailbag import SYSTEM
from dxa_msmail.postoffice.maildata import Files
from dxa_msmail.postoffice.networks import HOSTS, GatewayRow, PostofficeRow, name_key
from dxa_msmail.postoffice.users import users
from dxa_msmail.programs.external.causes import DUPLICATE, EXPORTED, UNKNOWN

_NO_NETWORK, _NO_POSTOFFICE, _NO_GATEWAY, _BAD_ADDRESS = 31, 32, 44, 142


# -- what a run has done -------------------------------------------------------------------------------------------


@attrs.frozen
class Waiting:
    """Letters that lie in a mailbag after the run: for whom, how many, the oldest's age in seconds, and why.

    `failed` says that it was for this run to move them; others are fetched by somebody else.
    """

    postoffice: str
    letters: int
    age: float
    reason: str
    failed: bool = False


@attrs.define(kw_only=True)
class Outcome:
    """What a run of EXTERNAL has done.

    `local` counts deliveries into mailboxes here, `queued` letters that were put into the mailbag of another postoffice
    or gateway, `delivered` deliveries into mailboxes of another postoffice, `forwarded` letters that one was given to
    pass on, each by name; `settled` are deliveries that the other side had already. `fetched` are letters that were
    taken out of bags, by the postoffice that had put them there. `returned` are the reasons of non-delivery reports,
    `aside` those of letters that were kept in DXA/BAD.
    """

    local: int = 0
    queued: Counter[str] = attrs.field(factory=Counter)
    delivered: Counter[str] = attrs.field(factory=Counter)
    forwarded: Counter[str] = attrs.field(factory=Counter)
    settled: int = 0
    fetched: Counter[str] = attrs.field(factory=Counter)
    returned: list[str] = attrs.field(factory=list)
    aside: list[str] = attrs.field(factory=list)
    waiting: list[Waiting] = attrs.field(factory=list)


# -- whose a mailbag is --------------------------------------------------------------------------------------------


class UnknownError(Exception):
    """Nobody has that address; the text is the reason."""


@attrs.frozen
class Place:
    """A mailbag, and the postoffice or gateway that it waits for; none for a mailbox of this postoffice."""

    bag: str
    owner: str = ""


@attrs.define
class Mailboxes:
    """The mailboxes of the postoffice `own` (NET/PO), whose `files` are locked: users' mailbags by folded name."""

    own: str
    files: Files
    users: Mapping[str, str]
    _groups: Mapping[str, tuple[str, ...]] | None = None

    @classmethod
    def of(cls, files: Files) -> Mailboxes:
        """As its files say; raises `FormatError` 40."""
        return cls(name_of(files), files, {user.mailbox.casefold(): user.hexid for user in users(files)})

    def bags(self, mailbox: str) -> tuple[str, ...]:
        """The mailbag of a mailbox, or those of a group's members; raises `UnknownError`, `FormatError` 40.

        Whole names are compared (dx:T-164).
        """
        key, address = mailbox.casefold(), mail_address(f"{self.own}/{mailbox}")
        if key in self.users:
            with suppress(FormatError):  # damaged groups hold up nobody else's mail
                if key in self._known_groups():
                    raise UnknownError(DUPLICATE.told(f"a user and a group are called {address}"))
            return (self.users[key],)
        if address.is_system:
            return (SYSTEM,)
        if address.is_special:
            raise UnknownError(EXPORTED.told(f"{address}; the addresses of others come by directory synchronization"))
        members = self._known_groups().get(key)
        if members is None:
            raise UnknownError(UNKNOWN.told(f"there is no mailbox {mailbox} at {self.own}"))
        if not members:
            raise UnknownError(UNKNOWN.told(f"the group {mailbox} at {self.own} has no members"))
        return tuple(self.users[member.casefold()] for member in members)

    def _known_groups(self) -> Mapping[str, tuple[str, ...]]:
        if self._groups is None:
            self._groups = {group.address.casefold(): group.members for group in groups(self.files)}
        return self._groups


@attrs.frozen(kw_only=True)
class Mailroom:
    """Where mail goes from here: mailboxes, other postoffices by folded ``NET/PO``, and gateways."""

    mailboxes: Mailboxes
    postoffices: Mapping[str, PostofficeRow]
    gateways: tuple[GatewayRow, ...]

    @classmethod
    def of(cls, files: Files) -> Mailroom:
        """As the postoffice's files say; raises `FormatError` 40."""
        return cls(
            mailboxes=Mailboxes.of(files),
            postoffices=networks.postoffices(files),
            gateways=tuple(networks.gateways(files)),
        )

    def places(self, recipient: str) -> list[Place]:
        """Where mail for that address goes: more than one for a group here; raises `UnknownError`, `FormatError` 40."""
        address = mail_address(recipient)
        if not address.list:
            return [self._gateway(address.mailbox)]
        if name_key(address.list) == name_key(self.mailboxes.own):
            return [Place(bag) for bag in self.mailboxes.bags(address.mailbox)]
        row = self.postoffices.get(name_key(address.list))
        if row is None:
            network = name_key(address.list.partition("/")[0])
            known = any(name_key(each.network) == network for each in self.postoffices.values())
            raise _unknown(_NO_POSTOFFICE if known else _NO_NETWORK, address.list)
        return [Place(row.mailbag, row.full)]

    def _gateway(self, address: str) -> Place:
        kind, _, rest = address.partition(":")
        found = next((t.name for t in ADDRESS_TYPES if kind.strip().upper() in (t.name, *t.aliases)), "")
        if not rest or not found:
            raise _unknown(_BAD_ADDRESS, address)
        for row in self.gateways:
            if row.kind == found and (found not in HOSTS or name_key(row.name) == name_key(rest.partition("/")[0])):
                return Place(row.mailbag, row.name or row.kind)
        raise _unknown(_NO_GATEWAY, address)


def _unknown(number: int, what: str) -> UnknownError:
    return UnknownError(UNKNOWN.told(f"{error_text(number)}: {what}"))
