"""What hooks give: of what kind each value is, how it is checked, and which names it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import attrs

from dxa.address import AddressType
from dxa.connector import ConnectorType, Decoder, Scene, Traits
from dxa.discovery import What
from dxa.host.guarding import guarded_connector, guarded_type
from dxa.host.kinds import kinds_of, shown, wrong_part
from dxa.standard import STANDARD

T = TypeVar("T")

_TRAITS = kinds_of(Traits)


class BrokenError(Exception):
    """What a plugin did wrong; becomes a `PluginError` or the plugin's error text."""


@attrs.frozen
class Kind(Generic[T]):
    """What a hook gives: how one value is checked, and the names that it takes, which are compared folded.

    `declared` is the group in which a plugin says beforehand what it brings, if there is one.
    """

    hook: str
    check: Callable[[object], T]
    names: Callable[[T], Iterable[str]]
    fold: Callable[[str], str] = str
    declared: What | None = None


def checked(answers: list[Any], check: Callable[[object], T]) -> list[T]:
    """The values of a hook's answers; raises `BrokenError` for anything that is none."""
    if not answers:
        raise BrokenError(" returned None, not a list")
    values: list[T] = []
    for answer in answers:
        if not isinstance(answer, (list, tuple)):
            raise BrokenError(f" returned {type(answer).__name__}, not a list")
        for value in answer:
            try:
                values.append(check(value))
            except TypeError as error:
                raise BrokenError(f" returned {error}") from None
    return values


def _instance_of(kind: type[T]) -> Callable[[object], T]:
    kinds = kinds_of(kind)

    def check(value: object) -> T:
        if not isinstance(value, kind):
            raise TypeError(f"a {type(value).__name__} in its list, not a {kind.__name__}")
        if wrong := wrong_part(value, kinds):
            raise TypeError(f"{'an' if kind.__name__[0] in 'AEIO' else 'a'} {kind.__name__} whose {wrong}")
        return value

    return check


def _check_connector(value: object) -> ConnectorType:
    kind = _instance_of(ConnectorType)(value)
    wrong = wrong_part(kind.traits, _TRAITS)
    if not wrong and not (kind.traits.types and all(isinstance(each, str) for each in kind.traits.types)):
        wrong = f"types is {shown(kind.traits.types)}, not one text or more"
    if wrong:
        raise TypeError(f"the connector {kind.name!r} with traits whose {wrong}")
    if tables := [each for each in (kind.options, kind.peer_options) if not attrs.has(each)]:
        raise TypeError(f"the connector {kind.name!r} with the options {shown(tables[0])}, which is no class of attrs")
    return guarded_connector(kind)


def _check_address_type(value: object) -> AddressType:
    kind = _instance_of(AddressType)(value)
    own = {known.upper() for standard in STANDARD for known in (standard.name, *standard.aliases)}
    if taken := [name for name in (kind.name, *kind.aliases) if name.upper() in own]:
        raise TypeError(f"the address type {taken[0]!r}, which is dxa's own")
    return guarded_type(kind)


def _check_decoder(value: object) -> Decoder:
    decoder = _instance_of(Decoder)(value)
    if wrong := [ending for ending in decoder.endings if not re.fullmatch(r"(\.[a-z0-9_-]+)+", ending)]:
        raise TypeError(f"the decoder {decoder.name!r} with the ending {wrong[0]!r}, not one like '.ldif'")
    if decoder.endings and not (decoder.read or decoder.write):
        raise TypeError(f"the decoder {decoder.name!r} with endings, but neither read nor write")
    return decoder


def _check_command(value: object) -> tuple[str, str]:
    match value:
        case (str(name), str(target)) if name and re.fullmatch(r"[\w.]+:\w+", target):
            return name, target
    raise TypeError(f"{value!r} in its list, not (name, 'module:attribute')")


CONNECTORS = Kind("dxa_connectors", _check_connector, lambda kind: (kind.name,), declared="dxa.connectors")
ADDRESS_TYPES = Kind(
    "dxa_address_types",
    _check_address_type,
    lambda kind: (kind.name, *kind.aliases),
    fold=str.upper,
    declared="dxa.address_types",
)
DECODERS = Kind("dxa_decoders", _check_decoder, lambda decoder: (decoder.name,))
SCENES = Kind("dxa_demo_scenes", _instance_of(Scene), lambda scene: (scene.name,))
COMMANDS: Kind[tuple[str, str]] = Kind("dxa_commands", _check_command, lambda command: (command[0],))
KINDS: tuple[Kind[Any], ...] = (CONNECTORS, ADDRESS_TYPES, DECODERS, COMMANDS, SCENES)
