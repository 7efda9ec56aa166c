"""Groups that load a command when it is used, and know the plugins' commands by name only."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dxa.cli.listing import Group
from dxa.cli.session import Session
from dxa.errors import PluginError

if TYPE_CHECKING:
    from dxa.host import Host


class Entry(NamedTuple):
    """Where a command is (``module:attribute``), and its line in a list of commands."""

    target: str
    help: str


def load(target: str) -> click.Command:
    """The command at ``module:attribute``."""
    module, _, attribute = target.partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, click.Command):
        raise TypeError(f"{target} is not a click command")
    return found


class LazyGroup(click.Group):
    """The commands of the core in their sections, and below them one group for each plugin that has commands."""

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Entry]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections

    @property
    def entries(self) -> dict[str, Entry]:
        """All commands of the core."""
        return {name: entry for section in self.sections.values() for name, entry in section.items()}

    def get_help_option(self, context: click.Context) -> click.Option | None:
        """Help comes after the options that say of which site: plugins have a part in it."""
        option = super().get_help_option(context)
        if option is not None:
            option.is_eager = False
        return option

    def list_commands(self, context: click.Context) -> list[str]:
        """All names, the plugins' last."""
        return [*self.entries, *_plugin_commands(context)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name; plugins are looked for only when the core has none."""
        if entry := self.entries.get(name):
            return load(entry.target)
        commands = _plugin_commands(context, name).get(name)
        return None if commands is None else _plugin_group(name, commands)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; an unknown one is reported with the name that is most like it."""
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            close = get_close_matches(args[0], self.list_commands(context), 1)
            hint = f"Did you mean {close[0]!r}?" if close else "`dxa --help` lists the commands."
            raise click.UsageError(f"No such command {args[0]!r}. {hint}", context) from error

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, without loading any of them."""
        sections = {
            title: [(name, entry.help) for name, entry in lines.items()] for title, lines in self.sections.items()
        }
        plugins = [
            (name, f"Commands of the plugin: {', '.join(found)}.") for name, found in _plugin_commands(context).items()
        ]
        if plugins:
            sections["Plugins"] = plugins
        # One column for all sections.
        width = max(len(name) for lines in sections.values() for name, _ in lines)
        for title, lines in sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in lines])


def _plugin_group(plugin: str, commands: Mapping[str, str]) -> click.Command | None:
    """The plugin's commands below its name; a plugin whose one command has its own name has made that group itself."""
    group = PluginGroup(plugin, commands)
    return group.get_command(click.Context(group), plugin) if set(commands) == {plugin} else group


class PluginGroup(Group):
    """The commands of one plugin; each is imported when it is used."""

    def __init__(self, plugin: str, targets: Mapping[str, str]) -> None:
        super().__init__(name=plugin, help=f"Commands of the plugin {plugin}.", no_args_is_help=True)
        self.targets = targets

    def list_commands(self, context: click.Context) -> list[str]:
        """The names in the plugin's order."""
        return list(self.targets)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The plugin's command, with its faults reported as the plugin's."""
        target = self.targets.get(name)
        if target is None:
            return None
        try:
            return load(target)
        except Exception as error:
            raise PluginError(str(self.name), f"its command {name} cannot be loaded: {error}") from error


def _plugin_commands(context: click.Context, plugin: str = "") -> Mapping[str, Mapping[str, str]]:
    """What the plugins bring, or this one; what failed never keeps the core's commands from working."""
    host: Host = context.ensure_object(Session).host
    commands = host.commands(plugin)
    for info in host.found():
        if info.error:
            from dxa.cli.output import warn

            warn(f"warning: {info.error}")
    return commands
