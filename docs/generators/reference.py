"""Hooks, commands and configuration keys, as the code has them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import groupby

import click

from docs.generators.api import prose
from docs.generators.markdown import code, fenced, table
from dxa import hookspecs
from dxa.agent import queries
from dxa.cli.listing import JsonCommand
from dxa.config.reference import KeyDoc, reference
from dxa.host import HOOKS, Host


def hooks() -> str:
    """Every hook with its signature and its docstring."""
    return "\n".join(f"## {name}\n\n{_hook(name)}" for name in HOOKS)


def _hook(name: str) -> str:
    spec = getattr(hookspecs, name)
    signature = f"def {name}{inspect.signature(spec)}".replace("'", "")
    return f"{fenced(signature, 'python')}\n{prose(inspect.getdoc(spec) or '')}\n"


def keys() -> list[KeyDoc]:
    """Every key of ``dxa.toml``, those of the connectors that come with dxa among them."""
    return list(reference(Host().connectors()))


def configuration() -> str:
    """A table of keys for each table of the file."""
    parts = []
    for title, those in groupby(keys(), key=lambda key: key.key.rpartition(".")[0]):
        rows = [(code(k.key.rpartition(".")[2]), k.type, code(k.default) or "must be given", k.doc) for k in those]
        parts.append(f"## `[{title}]`\n\n{table(('key', 'type', 'default', 'meaning'), rows)}")
    return "\n".join(parts)


def walk() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command with its whole name, groups before what is in them."""
    from dxa.cli.root import root

    context = click.Context(root, info_name="dxa")
    yield "dxa", root, context
    yield from _below(root, context)


def _below(group: click.Group, above: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        if command is None or command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=above)
        yield context.command_path, command, context
        if isinstance(command, click.Group):
            yield from _below(command, context)


def options(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    """The options of a command with what each does; its arguments explain themselves in the usage."""
    found = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    return [record for each in found if (record := each.get_help_record(context))]


def json_values() -> dict[str, type]:
    """The classes of what the commands show with ``--json``, in the order in which they are met."""
    names = [name for _, command, _ in walk() if isinstance(command, JsonCommand) for name in command.values]
    return {name: getattr(queries, name) for name in names}


def json() -> str:
    """The keys of everything that the commands show with ``--json``."""
    parts = []
    for name, cls in json_values().items():
        rows = [(code(key), text) for key, text in queries.keys_of(cls).items()]
        parts.append(f"### {name}\n\n{inspect.getdoc(cls)}\n\n{table(('key', 'meaning'), rows)}")
    return "\n".join(parts)


def commands() -> str:
    """Every command with its usage, what it says of itself, and its options."""
    return "\n".join(_command(name, command, context) for name, command, context in walk())


def _command(name: str, command: click.Command, context: click.Context) -> str:
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    parts = [f"{'##' if name.count(' ') < 2 else '###'} {name}", fenced(usage, "text").rstrip()]
    parts.append(inspect.cleandoc(command.help or "").replace("\b\n", ""))
    rows = [(code(record[0]), record[1]) for record in options(command, context) if "--help" not in record[0]]
    if rows:
        parts.append(table(("option", "meaning"), rows).rstrip())
    if isinstance(command, JsonCommand):
        links = ", ".join(f"[{value}](#{value.lower()})" for value in command.values)
        parts.append(f"`--json` shows values of {links}.")
    return "\n\n".join(filter(None, parts)) + "\n"
