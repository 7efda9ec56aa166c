"""The root command: global options, and the table of commands, each of which is loaded when it is used."""

from __future__ import annotations

from pathlib import Path

import click

from dxa.cli.lazy import Entry, LazyGroup
from dxa.cli.session import Session

#: Every command of the core: where it is, and its line in `dxa --help`, which so needs to load none of them.
COMMANDS = {
    "Set up": {
        "init": Entry("dxa.cli.init:init", "Make a site."),
        "check": Entry("dxa.cli.check:check", "Report every problem of the configuration."),
        "peers": Entry("dxa.cli.peers:peers", "Foreign systems: list, show, add, take over, rename, remove."),
        "recipients": Entry("dxa.cli.recipients:recipients", "The directory: list, show, add, set, remove."),
        "keygen": Entry("dxa.cli.keygen:keygen", "Make a key that signs what this site sends."),
        "backup": Entry("dxa.cli.backup:backup", "Copy the whole site into one file."),
        "restore": Entry("dxa.cli.backup:restore", "Put the site of a backup in place."),
        "plugins": Entry("dxa.cli.plugins:plugins", "Show the plugins and what they bring."),
    },
    "Run": {
        "plan": Entry("dxa.cli.plan:plan", "Show what the next sync would do."),
        "sync": Entry("dxa.cli.sync:sync", "Run one cycle."),
        "run": Entry("dxa.cli.service:run", "Run cycles by their schedules, until it is stopped."),
        "approve": Entry("dxa.cli.plan:approve", "Let the next sync apply a held plan."),
        "undo": Entry("dxa.cli.undo:undo", "Take back what a run has changed."),
        "reject": Entry("dxa.cli.plan:reject", "Leave a held plan out."),
    },
    "Look": {
        "status": Entry("dxa.cli.status:status", "Show how each peer stands, and what to do about it."),
        "explain": Entry("dxa.cli.explain:explain", "Say why somebody is, or is not, here and at the peers."),
        "verify": Entry("dxa.cli.verify:verify", "Look whether everything fits together; mend what can be."),
        "history": Entry("dxa.cli.history:history", "Show what has changed, when and why."),
        "messages": Entry("dxa.cli.messages:messages", "The archive of messages: list, show."),
        "rejects": Entry("dxa.cli.rejects:rejects", "Records that could not be used: list, show, retry, drop."),
        "dump": Entry("dxa.cli.dump:dump", "Decode a file."),
        "demo": Entry("dxa.cli.demo:demo", "Play a whole site through, to look at afterwards."),
    },
}


@click.group(
    name="dxa",
    cls=LazyGroup,
    sections=COMMANDS,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 something failed and will be retried, 2 wrong usage or configuration, "
    "3 a plan is held for approval.",
)
@click.option(
    "-C",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    envvar="DXA_SITE",
    default=".",
    is_eager=True,
    expose_value=False,
    callback=lambda c, p, v: _begin(c, "folder", v),
    help="Work on the site in DIR; the default is DXA_SITE, or else the current folder.",
)
@click.option("--debug", is_flag=True, envvar="DXA_DEBUG", help="Show tracebacks; so does DXA_DEBUG=1.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="How much is logged on standard error.",
)
@click.option(
    "--log-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append the log to this file as well, from level info on.",
)
@click.option("--log-json", is_flag=True, help="Log one JSON object per line.")
@click.option(
    "--plugins",
    metavar="NAMES",
    envvar="DXA_PLUGINS",
    default="",
    is_eager=True,
    expose_value=False,
    callback=lambda c, p, v: _begin(c, "plugins", v),
    help="Take only these plugins, with commas between; -NAME leaves one out.",
)
@click.option(
    "--trace",
    is_flag=True,
    envvar="DXA_TRACE",
    is_eager=True,
    expose_value=False,
    callback=lambda c, p, v: _begin(c, "trace", (lambda line: click.echo(line, err=True)) if v else None),
    help="Tell on standard error which plugins are imported, and which hooks are called.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda c, p, v: _version(c, v),
    help="Show the version.",
)
@click.pass_context
def root(
    context: click.Context,
    debug: bool,
    log_level: str,
    log_file: Path | None,
    log_json: bool,
) -> None:
    """Keep the address lists of foreign mail systems in step with one directory."""
    from dxa.cli.logs import Logging

    session = context.ensure_object(Session)
    session.debug = debug
    session.logging = Logging(level=log_level, file=log_file, json=log_json)
    session.logging.check()


def _begin(context: click.Context, part: str, value: object) -> None:
    """Set what plugins are found by: help, and whose a command is, are asked before the group itself is called."""
    setattr(context.ensure_object(Session), part, value)


def _version(context: click.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"dxa {version('dxa')}")
        context.exit()
