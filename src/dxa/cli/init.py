"""`dxa init`."""

from __future__ import annotations

from pathlib import Path

import click

from dxa.cli.session import Session, pass_session


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--organization", required=True, help="Name of the organisation; to MS Mail, the network.")
@click.option("--site", "name", required=True, help="Name of the site; to MS Mail, the postoffice.")
@pass_session
def init(session: Session, folder: Path | None, organization: str, name: str) -> None:
    """Make a site in DIR: a commented configuration and an empty directory.

    Nothing that exists is overwritten.
    """
    from dxa.agent.site import OpenSite
    from dxa.cli.output import say
    from dxa.config.template import create, template

    session.folder = folder = folder or session.folder
    text = template(organization, name, session.host.connectors())
    session.parse(text)
    folder.mkdir(parents=True, exist_ok=True)
    create(session.path, text)
    try:
        OpenSite.open(folder, session.host, session.clock, create=True).close()
    except BaseException:
        session.path.unlink()  # without a database it is no site, and would only be in the way of the next attempt
        raise
    say(f"Made the site {organization}/{name} in {folder}.")
    say(f"Next: add links to {session.path}, then `dxa -C {folder} check`.")
