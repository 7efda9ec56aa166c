"""The functions among a plugin's values, wherever they are called: what they raise and give is its plugin's error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import attrs

from dxa.address import AddressType
from dxa.connector import ConnectorType, Kept
from dxa.entry import Transaction
from dxa.errors import AddressError, DxaError, PluginError, worded
from dxa.host.kinds import shown

V = TypeVar("V", ConnectorType, AddressType)


class _Gives(NamedTuple):
    """What a function has to give, in words, and whether a value is that."""

    wanted: str
    fits: Callable[[Any], bool]


def _are_places(value: Any) -> bool:
    return isinstance(value, Set) and all(
        isinstance(place, tuple) and all(isinstance(part, str) for part in place) for place in value
    )


def _are_lists(value: Any) -> bool:
    return _are_places(value) and all(len(place) == 2 for place in value)


def _all_of(kind: type) -> _Gives:
    return _Gives(
        f"a sequence of {kind.__name__}",
        lambda value: isinstance(value, Sequence) and all(isinstance(each, kind) for each in value),
    )


_LISTS = _Gives("a set of pairs of texts", _are_lists)
_CONNECTORS: Mapping[str, _Gives] = {
    "site_lists": _LISTS,
    "peer_lists": _LISTS,
    "writes_in": _Gives("a set of tuples of texts", _are_places),
    "check_peer": _Gives("", lambda _value: True),
    "parse": _all_of(Transaction),
    "keeps": _all_of(Kept),
    "proves": _Gives("True or False", lambda value: isinstance(value, bool)),
}
_ADDRESSES = ("check", "list_of", "shape", "variant")


def guarded_connector(kind: ConnectorType) -> ConnectorType:
    """A connector whose functions, `open` left out, raise nothing but `DxaError`."""
    return _guarded(kind, {name: _connectors(kind.name, name, gives) for name, gives in _CONNECTORS.items()})


def guarded_type(kind: AddressType) -> AddressType:
    """A type of addresses whose functions give texts, and raise nothing but `DxaError`: what they cannot do is wrong
    with that one address.
    """
    return _guarded(kind, {name: _addresses(kind.name, name) for name in _ADDRESSES})


_Function = Callable[..., Any]


def _guarded(value: V, guards: Mapping[str, Callable[[_Function], _Function]]) -> V:
    there = {name: getattr(value, name) for name in guards}
    new: Any = {name: guards[name](call) for name, call in there.items() if call is not None}
    return attrs.evolve(value, **new)


def _connectors(connector: str, name: str, gives: _Gives) -> Callable[[_Function], _Function]:
    def guard(call: _Function) -> _Function:
        @wraps(call)
        def guarded(*arguments: Any) -> Any:
            try:
                given = call(*arguments)
                fits = gives.fits(given)
            except DxaError:
                raise
            except Exception as error:
                raise PluginError(connector, f"{name} raised {worded(error)}") from error
            if not fits:
                raise PluginError(connector, f"{name} has given {shown(given)}, not {gives.wanted}")
            return given

        return guarded

    return guard


def _addresses(type_: str, name: str) -> Callable[[_Function], _Function]:
    def guard(call: _Function) -> _Function:
        @wraps(call)
        def guarded(value: str, *number: int) -> str:
            try:
                given = call(value, *number)
            except DxaError:
                raise
            except Exception as error:
                raise AddressError(f"{name} of the type {type_} raised {worded(error)}", got=value) from error
            if not isinstance(given, str):
                raise AddressError(f"{name} of the type {type_} has given {shown(given)}, which is no text", got=value)
            return given

        return guarded

    return guard
