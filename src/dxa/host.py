"""The plugin host: finds plugins, calls their hooks, and checks what comes back.

Finding reads the names of entry points only; a plugin is imported when a hook is first called. A plugin that cannot be
imported is reported and the others work. What a plugin returns is checked before anybody else sees it, and every error
names the plugin and the distribution that it came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any, Literal, TypeVar

import attrs
import pluggy

from dxa import hookspecs
from dxa.address import AddressType, AddressTypes
from dxa.connector import ConnectorType, Decoder, Scene
from dxa.errors import PluginError
from dxa.memory import Memory
from dxa.standard import STANDARD

GROUP = "dxa"
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("dxa_"))

Status = Literal["found", "loaded", "failed"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class PluginInfo:
    """What is known of a plugin."""

    name: str
    distribution: str = ""
    version: str = ""
    status: Status = "found"
    hooks: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}".strip()
        return f"{self.name} ({origin})" if origin else self.name


@attrs.define
class _Plugin:
    """A plugin and how to get at it."""

    info: PluginInfo
    load: Callable[[], object]


class _Broken(Exception):
    """What a plugin did wrong; becomes a `PluginError` or the plugin's error text."""


class Host:
    """All plugins of this process behind typed methods; each hook is called once.

    `extra` are plugins given in code, by name; `memory` is the core's own one. With `discover` false no installed
    plugin is looked for. `trace` gets a line about each import and each call of a hook.
    """

    def __init__(
        self,
        extra: Mapping[str, object] | None = None,
        *,
        memory: Memory | None = None,
        discover: bool = True,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.memory = memory or Memory()
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._trace = trace or (lambda _line: None)
        self._loaded = False
        self._answers: dict[tuple[str, str], list[Any]] = {}
        self._plugins: list[_Plugin] = [_given("memory", self.memory, GROUP)]
        self._plugins += [_given(name, plugin, "") for name, plugin in (extra or {}).items()]
        if discover:
            self._plugins += map(_installed, sorted(entry_points(group=GROUP), key=lambda point: point.name))

    def load(self) -> None:
        """Import all plugins that were found, once; those that fail are marked and left out."""
        if self._loaded:
            return
        self._loaded = True
        for plugin in self._plugins:
            try:
                hooks = self._register(plugin)
            except Exception as error:
                text = str(error) if isinstance(error, _Broken) else f"{type(error).__name__}: {error}"
                plugin.info = attrs.evolve(plugin.info, status="failed", error=text)
            else:
                plugin.info = attrs.evolve(plugin.info, status="loaded", hooks=hooks)
            self._trace(f"import {plugin.info}: {plugin.info.error or ', '.join(plugin.info.hooks) or 'no hooks'}")

    # -- the facade ------------------------------------------------------------------------------------------------

    def address_types(self) -> AddressTypes:
        """All address types, the standard ones among them."""
        found = self._named("dxa_address_types", AddressType, lambda kind: (kind.name, *kind.aliases), str.upper)
        return AddressTypes({kind.name: kind for kind in (*STANDARD, *found.values())}.values())

    def connectors(self) -> dict[str, ConnectorType]:
        """All connectors by name."""
        return self._named("dxa_connectors", ConnectorType, lambda kind: (kind.name,))

    def decoders(self) -> dict[str, Decoder]:
        """All decoders by name."""
        return self._named("dxa_decoders", Decoder, lambda decoder: (decoder.name,), check=_check_decoder)

    def scenes(self) -> list[Scene]:
        """All scenes of the demo in their order."""
        found = self._named("dxa_demo_scenes", Scene, lambda scene: (scene.name,))
        return sorted(found.values(), key=lambda scene: (scene.order, scene.name))

    def commands(self) -> dict[str, dict[str, str]]:
        """For each plugin that has commands, their names with the ``module:attribute`` of each."""
        result: dict[str, dict[str, str]] = {}
        for plugin in self._working("dxa_commands"):
            commands = dict[str, str]()
            for name, target in self._call(plugin, "dxa_commands", _check_command):
                if name in commands:
                    raise _broken(plugin.info, f"dxa_commands: {name!r} is there twice")
                commands[name] = target
            if commands:
                result[plugin.info.name] = commands
        return result

    def plugins(self) -> list[PluginInfo]:
        """All plugins, also those that failed; asks each for its connectors and never raises."""
        self.load()
        return [self._described(plugin) for plugin in self._plugins]

    # -- calling ---------------------------------------------------------------------------------------------------

    def _register(self, plugin: _Plugin) -> tuple[str, ...]:
        name = plugin.info.name
        if self._manager.has_plugin(name):
            earlier = next(other.info for other in self._plugins if other.info.name == name)
            raise _Broken(f"{earlier} has the same name")
        module = plugin.load()
        self._manager.register(module, name)
        callers = self._manager.get_hookcallers(module) or []
        hooks = tuple(sorted(caller.name for caller in callers))
        if unknown := [hook for hook in hooks if hook not in HOOKS]:
            self._manager.unregister(module)
            raise _Broken(f"there is no hook {', '.join(unknown)}; dxa has {', '.join(HOOKS)}")
        return hooks

    def _working(self, hook: str) -> list[_Plugin]:
        self.load()
        return [plugin for plugin in self._plugins if plugin.info.status == "loaded" and hook in plugin.info.hooks]

    def _call(self, plugin: _Plugin, hook: str, check: Callable[[object], T]) -> list[T]:
        """What one plugin's hook returns, checked; asked once."""
        where = plugin.info.name, hook
        if where not in self._answers:
            others = [self._manager.get_plugin(p.info.name) for p in self._working(hook) if p is not plugin]
            try:
                answers = self._manager.subset_hook_caller(hook, others)()
            except Exception as error:
                raise _broken(plugin.info, f"{hook} raised {type(error).__name__}: {error}") from error
            self._answers[where] = _checked(plugin.info, hook, answers, check)
            self._trace(f"call {hook} of {plugin.info}: {len(self._answers[where])} value(s)")
        return self._answers[where]

    def _named(
        self,
        hook: str,
        kind: type[T],
        names: Callable[[T], Iterable[str]],
        fold: Callable[[str], str] = str,
        check: Callable[[object], T] | None = None,
    ) -> dict[str, T]:
        """The values of a hook by each of their names; no name may be given twice."""
        found: dict[str, T] = {}
        givers: dict[str, PluginInfo] = {}
        for plugin in self._working(hook):
            for value in self._call(plugin, hook, check or _instance_of(kind)):
                for name in names(value):
                    giver = givers.setdefault(fold(name), plugin.info)
                    if found.setdefault(fold(name), value) is not value:
                        also = "twice" if giver is plugin.info else f"already given by plugin {giver}"
                        raise _broken(plugin.info, f"{hook}: {name!r} is {also}")
        return found

    def _described(self, plugin: _Plugin) -> PluginInfo:
        if plugin not in self._working("dxa_connectors"):
            return plugin.info
        try:
            connectors = self._call(plugin, "dxa_connectors", _instance_of(ConnectorType))
        except PluginError as error:
            return attrs.evolve(plugin.info, status="failed", error=str(error))
        return attrs.evolve(plugin.info, connectors=tuple(sorted(kind.name for kind in connectors)))


def _given(name: str, plugin: object, distribution: str) -> _Plugin:
    info = PluginInfo(name=name, distribution=distribution, version=_version(distribution))
    return _Plugin(info, lambda: plugin)


def _installed(point: EntryPoint) -> _Plugin:
    distribution = (point.dist.name, point.dist.version) if point.dist else ("", "")
    return _Plugin(PluginInfo(name=point.name, distribution=distribution[0], version=distribution[1]), point.load)


def _version(distribution: str) -> str:
    try:
        return version(distribution) if distribution else ""
    except PackageNotFoundError:
        return ""


def _broken(plugin: PluginInfo, problem: str) -> PluginError:
    return PluginError(str(plugin), problem)


def _checked(plugin: PluginInfo, hook: str, answers: list[Any], check: Callable[[object], T]) -> list[T]:
    if not answers:
        raise _broken(plugin, f"{hook} returned None, not a list")
    values: list[T] = []
    for answer in answers:
        if not isinstance(answer, (list, tuple)):
            raise _broken(plugin, f"{hook} returned {type(answer).__name__}, not a list")
        for value in answer:
            try:
                values.append(check(value))
            except TypeError as error:
                raise _broken(plugin, f"{hook} returned {error}") from None
    return values


def _instance_of(kind: type[T]) -> Callable[[object], T]:
    def check(value: object) -> T:
        if not isinstance(value, kind):
            raise TypeError(f"a {type(value).__name__} in its list, not a {kind.__name__}")
        return value

    return check


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
