"""Address types and recipients for the tests of the rules: as simple as the real ones allow, and no plugin's."""

import re
from typing import Any

from dxa.address import Address, AddressType, AddressTypes
from dxa.entry import Entry
from dxa.errors import AddressError
from dxa.recipient import Kind, Recipient


def _check_triple(value: str) -> str:
    if not re.fullmatch(r"[^/]{1,10}/[^/]{1,10}/[^/]{1,10}", value):
        raise AddressError("error in address", got=value, code=26)
    return value


def _shape_triple(text: str) -> str:
    parts = [re.sub("[^A-Za-z0-9]", "", part)[:10] for part in text.partition("@")[0].split("/", 2)]
    return _check_triple("/".join(parts))


def _vary_triple(value: str, n: int) -> str:
    head, slash, user = value.rpartition("/")
    return f"{head}{slash}{user[: 10 - len(str(n))]}{n}"


def _check_smtp(value: str) -> str:
    user, at, host = value.rpartition("@")
    if not (user and at and host):
        raise AddressError("expected user@host", got=value, code=26)
    return value


def _shape_smtp(text: str) -> str:
    user, at, host = text.rpartition("@")
    legal = re.sub("[^A-Za-z0-9.'+_-]", "", user).strip(".")
    return _check_smtp(f"{legal}{at}{host}")


def _any(value: str) -> str:
    return value


def _two_steps(value: str) -> str:
    return value.rpartition("/")[0]


TYPES = AddressTypes(
    [
        AddressType(
            name="MS",
            aliases=("PCM", "CSI"),
            check=_check_triple,
            list_of=_two_steps,
            shape=_shape_triple,
            variant=_vary_triple,
            templates=True,
            is_program=lambda value: value.upper().endswith(("/$SYSTEM", "/*SPECIAL")),
        ),
        AddressType(name="SMTP", check=_check_smtp, shape=_shape_smtp),
        AddressType(name="PROFS", check=_any, list_of=_two_steps, templates=True),
        AddressType(name="MHS", check=_any),
        AddressType(name="X400", check=_any),
        AddressType(name="CCMAIL", check=_any),
    ]
)


def address(text: str) -> Address:
    """``TYPE:value`` as an address."""
    return TYPES.parse(text)


def mailbox(name: str = "Doe, Ann", *proxies: str, **fields: Any) -> Recipient:
    """A mailbox of the site with these addresses."""
    given = {"container": "Lab/Staff", "alias": "ann", **fields}
    return Recipient(name=name, proxies=tuple(map(address, proxies)), **given)


def custom(target: str, *proxies: str, **fields: Any) -> Recipient:
    """A custom recipient that peer NORTH told us of."""
    given = {"container": "Lab/Staff", "name": "Doe, Ann", "alias": "ann", "owner": "NORTH", **fields}
    addresses = tuple(map(address, (target, *proxies)))
    return Recipient(kind=Kind.CUSTOM, target=addresses[0], proxies=addresses, **given)


def entry(text: str, name: str = "Doe, Ann", *fields: tuple[str, str]) -> Entry:
    """An entry of a peer's list with that address."""
    found = address(text)
    return Entry(TYPES.key(found), found.type, TYPES.list_of(found), name, found.value, fields)
