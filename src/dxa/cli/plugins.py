"""`dxa plugins`."""

from __future__ import annotations

from pathlib import Path

import click

from dxa.cli.listing import Group, JsonCommand, json_command
from dxa.cli.session import Session, pass_session


class _Plugins(Group, JsonCommand):
    """The group is itself a command: it lists."""

    values = ("PluginShown",)


@click.group(cls=_Plugins, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its keys are listed below.")
@click.pass_context
def plugins(context: click.Context, as_json: bool) -> int:
    """Show every plugin that was found, what it brings, and why one does not work.

    Exit status 1 says that one of them failed.
    """
    if context.invoked_subcommand is not None:
        return 0
    from dxa.agent.queries import PluginShown, as_plain
    from dxa.cli.output import table, warn, write_json

    found = [
        PluginShown(
            name=info.name,
            distribution=info.distribution,
            version=info.version,
            status=info.status,
            hooks=info.hooks,
            connectors=info.connectors,
            error=info.error,
        )
        for info in context.ensure_object(Session).host.plugins()
    ]
    if as_json:
        write_json({"plugins": as_plain(found)})
    else:
        rows = [(p.name, f"{p.distribution} {p.version}".strip(), p.status, ", ".join(p.connectors)) for p in found]
        table("Plugins", ["name", "distribution", "status", "connectors"], rows)
        for plugin in found:
            if plugin.error:
                warn(f"{plugin.name}: {plugin.error}")
    return 1 if any(plugin.status == "failed" for plugin in found) else 0


@json_command("CheckShown", group=plugins)
@click.argument("name")
@pass_session
def check(session: Session, name: str, as_json: bool) -> int:
    """Try on a plugin what the conformance kit can try without its mail system.

    The rest of the kit needs a harness that plays the system; docs/conformance.md says how it is written. Exit status 1
    says that a rule is broken that every plugin must keep.
    """
    from dxa.agent.queries import CheckShown, as_plain
    from dxa.cli.output import say, write_json
    from dxa.testing.plugins import PluginSubject, check_plugin

    kit = check_plugin(PluginSubject.of(session.host, name))
    if as_json:
        shown = [
            CheckShown(
                check=finding.check,
                grade=finding.grade.value,
                verdict=finding.verdict.value,
                rule=finding.rule,
                detail=finding.detail,
                advice=finding.advice if finding.failed else "",
            )
            for finding in kit.findings
        ]
        write_json({"plugin": name, "conforms": kit.conforms, "checks": as_plain(shown)})
    else:
        say(kit.text())
    return 0 if kit.conforms else 1


@plugins.command()
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write into this folder, which must be empty or not there yet; the default is dxa-NAME.",
)
@pass_session
def new(session: Session, name: str, folder: Path | None) -> int:
    """Write a new plugin: a connector that works, to a folder of files, with tests by the conformance kit.

    Put your own system in the folder's place; docs/plugins.md goes through it step by step.
    """
    from importlib.metadata import version

    from dxa.cli.output import say
    from dxa.errors import UsageError
    from dxa.scaffold import new_plugin, write_plugin

    for plugin in session.host.found():
        if plugin.name == name:
            raise UsageError(
                f"there is a plugin {name} ({plugin.distribution or 'a file of the site'}); take another name"
            )
    folder = folder or Path(f"dxa-{name}")
    write_plugin(folder, new_plugin(name, version("dxa")))
    say(f"Made the plugin {name} in {folder}.")
    say(f"Next: `pip install -e '{folder}[dev]'`, then `pytest {folder}` and `dxa plugins check {name}`.")
    return 0
