"""What commands share: `--json` with its documented keys, paging, and finding things by a short name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Number(click.IntRange):
    """A whole number; what is none is told so in plain words."""

    name = "number"


class Group(click.Group):
    """A group whose list of commands has the whole first sentence of each, folded where it is long."""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their sentences."""
        commands = {name: self.get_command(context, name) for name in self.list_commands(context)}
        rows = [(name, found.get_short_help_str(sys.maxsize)) for name, found in commands.items() if found is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class JsonCommand(click.Command):
    """A command with `--json`; its help ends with the keys of the JSON, read from the values that are shown."""

    #: Classes of `dxa.agent.queries`, the values that are shown.
    values: tuple[str, ...] = ()

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The keys of the JSON, each with its meaning."""
        from dxa.agent import queries

        for name in self.values:
            cls = getattr(queries, name)
            with formatter.section(f"JSON keys: {str(cls.__doc__).splitlines()[0].rstrip('.')}"):
                formatter.write_dl(list(queries.keys_of(cls).items()))


def json_command(
    *values: str, group: click.Group | None = None, name: str | None = None
) -> Callable[[Callable[..., Any]], JsonCommand]:
    """Make a function a command with `--json`, which shows values of these classes of `dxa.agent.queries`."""

    def decorate(function: Callable[..., Any]) -> JsonCommand:
        option = click.option("--json", "as_json", is_flag=True, help="Print JSON; its keys are listed below.")
        command = click.command(name, cls=JsonCommand)(option(function))
        command.values = values
        if group is not None:
            group.add_command(command)
        return command

    return decorate


def paging(function: F) -> F:
    """Options `--limit` and `--offset`; on a screen 50 rows are shown, as JSON all."""
    function = click.option(
        "--limit", type=Number(min=1), help="Show at most so many; the default is 50, and all with --json."
    )(function)
    return click.option("--offset", type=Number(min=0), default=0, help="Leave so many out first.")(function)


#: Rows on a screen.
PAGE = 50


def page(limit: int | None, as_json: bool) -> int | None:
    """How many rows to ask for."""
    return limit if limit is not None or as_json else PAGE


def shown_of(count: int, total: int, offset: int) -> str:
    """A line below a table that does not show everything, or nothing."""
    if count >= total:
        return ""
    return (
        f"{offset + 1} to {offset + count} of {total}; --offset {offset + count} shows what follows"
        if count
        else f"none of {total} here"
    )
