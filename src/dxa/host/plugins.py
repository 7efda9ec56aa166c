"""The plugin host: imports plugins, calls their hooks, and checks what comes back.

A plugin is imported when something is needed that it brings (`dxa.discovery`). One that cannot be imported, or whose
hook raises, returns what is wrong or takes a name that another one has, has failed: nothing of it is used, the others
work, and its error, which names the plugin and the distribution that it came from, stands in the list of plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pluggy

from dxa import hookspecs
from dxa.address import AddressType, AddressTypes
from dxa.connector import ConnectorType, Decoder, Scene
from dxa.discovery import GROUP, Candidate, Selection, in_folder, installed
from dxa.errors import NotFoundError, PluginError
from dxa.host.gifts import (
    ADDRESS_TYPES,
    COMMANDS,
    CONNECTORS,
    DECODERS,
    KINDS,
    SCENES,
    BrokenError,
    Kind,
    checked,
)
from dxa.host.values import Given, PluginInfo, Status
from dxa.memory import Memory
from dxa.standard import STANDARD

HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("dxa_"))

T = TypeVar("T")


@attrs.define
class _Plugin:
    """A plugin, how to get at it, and what its hooks have given."""

    candidate: Candidate
    info: PluginInfo
    answers: dict[str, list[Any]] = attrs.field(factory=dict)


class Host:
    """All plugins of this process behind typed methods; each hook of each plugin is called once at most.

    `extra` are plugins given in code, by name; `memory` is the core's own one. With `discover` false no installed
    plugin is looked for. `folder` is the site's folder for plugins of one file. `trace` gets a line about each import
    and each call of a hook.
    """

    def __init__(
        self,
        extra: Mapping[str, object] | None = None,
        *,
        memory: Memory | None = None,
        discover: bool = True,
        folder: Path | None = None,
        selection: Selection | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.memory = memory or Memory()
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._trace = trace or (lambda _line: None)
        self._takers: dict[tuple[str, str], _Plugin] = {}
        self._selection, self._folder = selection or Selection(), folder
        own = _given("memory", self.memory, GROUP)
        others = [_given(name, plugin, "") for name, plugin in (extra or {}).items()]
        others += installed() if discover else ()
        others += in_folder(folder) if folder else ()
        self._plugins = [_plugin(own, Selection()), *(_plugin(candidate, self._selection) for candidate in others)]

    def load(self) -> None:
        """Import all plugins that take part and are not imported yet; those that fail are marked and left out."""
        for plugin in self._plugins:
            self._import(plugin)

    # -- the facade ------------------------------------------------------------------------------------------------

    def address_types(self) -> AddressTypes:
        """All address types, the standard ones among them; a plugin's are looked for when one is asked for."""
        return AddressTypes(STANDARD, self._address_types)

    def connectors(self) -> Mapping[str, ConnectorType]:
        """All connectors by name; asking for one imports the plugins that may bring it, asking for all imports all."""
        return _Connectors(self)

    def decoders(self) -> dict[str, Decoder]:
        """All decoders by name."""
        return {value.name: value for value in self._given(DECODERS)}

    def scenes(self) -> list[Scene]:
        """All scenes of the demo in their order."""
        return sorted(self._given(SCENES), key=lambda scene: (scene.order, scene.name))

    def commands(self, plugin: str = "") -> dict[str, dict[str, str]]:
        """For each plugin that has commands, or for this one, their names with the ``module:attribute`` of each."""
        asked = [one for one in self._plugins if plugin in ("", one.info.name)]
        found = ((one.info.name, dict(self._of(one, COMMANDS))) for one in asked)
        return {name: commands for name, commands in found if commands}

    def plugins(self) -> list[PluginInfo]:
        """All plugins, also those that failed; imports those that take part, calls all hooks, and never raises."""
        self.load()
        for kind in KINDS:
            self._given(kind)
        return [self._described(plugin) for plugin in self._plugins]

    def found(self) -> list[PluginInfo]:
        """All plugins as far as they are known by now; imports none."""
        return [self._described(plugin) for plugin in self._plugins]

    def expect(self, patterns: Iterable[str]) -> None:
        """Raise `NotFoundError` for a pattern that no plugin's name fits, with the names that there are."""
        there = [plugin.info.name for plugin in self._plugins]
        for pattern in patterns:
            if not any(Selection((pattern,)).takes(name) for name in there):
                raise NotFoundError(f"no plugin {pattern!r}; there are: {', '.join(there)}")

    # -- looking for what is needed --------------------------------------------------------------------------------

    def connector(self, name: str) -> ConnectorType | None:
        """The connector of that name; None where no plugin that works brings it."""
        return self._named(CONNECTORS, name)

    def given(self, name: str) -> Given:
        """A plugin with everything that its hooks give; raises `NotFoundError`."""
        plugin = next((plugin for plugin in self._plugins if plugin.info.name == name), None)
        if plugin is None:
            there = ", ".join(plugin.info.name for plugin in self._plugins)
            raise NotFoundError(f"no plugin {name!r}; there are: {there}")
        given = Given(
            connectors=self._of(plugin, CONNECTORS),
            types=self._of(plugin, ADDRESS_TYPES),
            decoders=self._of(plugin, DECODERS),
            commands=dict(self._of(plugin, COMMANDS)),
            scenes=self._of(plugin, SCENES),
            declares=plugin.candidate.declares,
        )
        return attrs.evolve(given, info=self._described(plugin))

    def origin(self, connector: str) -> tuple[Selection, Path | None] | None:
        """What another process needs to find this connector; None for one that was given in code."""
        kind = self.connector(connector)
        giver = next((p for p in self._plugins if kind in p.answers.get(CONNECTORS.hook, ())), None)
        return None if giver is None or giver.candidate.given else (self._selection, self._folder)

    def _address_types(self, name: str | None) -> Iterable[AddressType]:
        if name is None:
            return self._given(ADDRESS_TYPES)
        kind = self._named(ADDRESS_TYPES, name)
        return () if kind is None else (kind,)

    def _named(self, kind: Kind[T], name: str) -> T | None:
        """What the plugins that may bring it give under that name."""
        wanted = kind.fold(name)
        for plugin in self._plugins:
            if _brings(plugin, kind, [name]):
                for value in self._of(plugin, kind):
                    if wanted in map(kind.fold, kind.names(value)):
                        return value
        return None

    def _given(self, kind: Kind[T]) -> list[T]:
        """What all plugins give."""
        return [value for plugin in self._plugins for value in self._of(plugin, kind)]

    # -- one plugin ------------------------------------------------------------------------------------------------

    def _import(self, plugin: _Plugin) -> bool:
        """Whether the plugin works; imports it if that has not been tried."""
        if plugin.info.status == "found":
            try:
                hooks = self._register(plugin)
            except (Exception, SystemExit) as error:  # a module that ends the program ends nothing but itself
                self._fail(plugin, str(error) if isinstance(error, BrokenError) else f"{type(error).__name__}: {error}")
            else:
                plugin.info = attrs.evolve(plugin.info, status="loaded", hooks=hooks)
            self._trace(f"import {plugin.info}: {plugin.info.error or ', '.join(plugin.info.hooks) or 'no hooks'}")
        return plugin.info.status == "loaded"

    def _register(self, plugin: _Plugin) -> tuple[str, ...]:
        name = plugin.info.name
        first = next(other for other in self._plugins if other.info.name == name)
        if first is not plugin:
            raise BrokenError(f"{first.info} has the same name")
        module = plugin.candidate.load()
        wanted = getattr(module, "dxa_api", hookspecs.API_VERSION)
        if not isinstance(wanted, int) or not 1 <= wanted <= hookspecs.API_VERSION:
            raise BrokenError(f"it wants version {wanted!r} of the plugin API; this dxa has {hookspecs.API_VERSION}")
        self._manager.register(module, name)
        callers = self._manager.get_hookcallers(module) or []
        hooks = tuple(sorted(caller.name for caller in callers))
        if unknown := [hook for hook in hooks if hook not in HOOKS]:
            self._manager.unregister(module)
            raise BrokenError(f"there is no hook {', '.join(unknown)}; dxa has {', '.join(HOOKS)}")
        return hooks

    def _of(self, plugin: _Plugin, kind: Kind[T]) -> list[T]:
        """What one plugin's hook gives, checked; nothing where the plugin does not work or has no such hook."""
        if not self._import(plugin) or kind.hook not in plugin.info.hooks:
            return []
        if kind.hook not in plugin.answers:
            try:
                plugin.answers[kind.hook] = self._called(plugin, kind)
            except BrokenError as error:
                self._fail(plugin, str(PluginError(str(plugin.info), f"{kind.hook}{error}")))
                return []
            self._trace(f"call {kind.hook} of {plugin.info}: {len(plugin.answers[kind.hook])} value(s)")
        return plugin.answers[kind.hook]

    def _called(self, plugin: _Plugin, kind: Kind[T]) -> list[T]:
        others = [p for p in self._manager.get_plugins() if p is not self._manager.get_plugin(plugin.info.name)]
        try:
            answers = self._manager.subset_hook_caller(kind.hook, others)()
        except (Exception, SystemExit) as error:
            raise BrokenError(f" raised {type(error).__name__}: {error}") from error
        values = checked(answers, kind.check)
        # Who has a name must not hang on what was asked for first: another process has to find the same one.
        wanted = [name for value in values for name in kind.names(value)]
        for earlier in takewhile(lambda other: other is not plugin, self._plugins):
            if kind.declared and _brings(earlier, kind, wanted):
                self._of(earlier, kind)
        taken: dict[str, T] = {}
        for value in values:
            for name in map(kind.fold, kind.names(value)):
                self._take(plugin, kind, name, taken.setdefault(name, value) is value)
        for name in taken:
            self._takers[kind.hook, name] = plugin
        return values

    def _take(self, plugin: _Plugin, kind: Kind[T], name: str, first: bool) -> None:
        """No name may be given twice, by one plugin or by two; commands stand below their plugin."""
        if not first:
            raise BrokenError(f": {name!r} is there twice")
        taker = self._takers.get((kind.hook, name))
        if taker is not None and kind is not COMMANDS:
            raise BrokenError(f": {name!r} is already given by plugin {taker.info}")

    def _fail(self, plugin: _Plugin, error: str) -> None:
        plugin.info = attrs.evolve(plugin.info, status="failed", error=error)
        plugin.answers.clear()
        self._takers = {name: taker for name, taker in self._takers.items() if taker is not plugin}

    def _described(self, plugin: _Plugin) -> PluginInfo:
        if plugin.info.status != "loaded" or CONNECTORS.hook not in plugin.answers:
            return attrs.evolve(plugin.info, connectors=_declared(plugin.candidate))
        names = (kind.name for kind in plugin.answers[CONNECTORS.hook])
        return attrs.evolve(plugin.info, connectors=tuple(sorted(names)))


class _Connectors(Mapping[str, ConnectorType]):
    """The connectors of a host, each looked for when it is asked for."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __getitem__(self, name: str) -> ConnectorType:
        found = self._host.connector(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (kind.name for kind in self._host._given(CONNECTORS))

    def __len__(self) -> int:
        return len(self._host._given(CONNECTORS))


def _brings(plugin: _Plugin, kind: Kind[Any], names: Iterable[str]) -> bool:
    """Whether the plugin may give something under one of these names, as far as is known without importing it."""
    return kind.declared is None or any(plugin.candidate.brings(kind.declared, name) for name in names)


def _given(name: str, plugin: object, distribution: str) -> Candidate:
    return Candidate(
        name=name, load=lambda: plugin, distribution=distribution, version=_version(distribution), given=True
    )


def _plugin(candidate: Candidate, selection: Selection) -> _Plugin:
    status: Status = "found" if selection.takes(candidate.name) else "disabled"
    return _Plugin(
        candidate,
        PluginInfo(
            name=candidate.name,
            distribution=candidate.distribution or candidate.place,
            version=candidate.version,
            status=status,
        ),
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution) if distribution else ""
    except PackageNotFoundError:
        return ""


def _declared(candidate: Candidate) -> tuple[str, ...]:
    return tuple(sorted(name for group, name in candidate.declares or () if group == "dxa.connectors"))
