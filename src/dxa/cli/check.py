"""`dxa check`."""

from __future__ import annotations

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session
from dxa.errors import UsageError


@json_command("FindingShown")
@click.option("--strict", is_flag=True, help="Count warnings as problems.")
@pass_session
def check(session: Session, strict: bool, as_json: bool) -> int:
    """Report every problem and every doubt of the configuration, each by its key.

    Exit status 2 says that there are problems; warnings alone leave it at 0.
    """
    from dxa.agent.queries import FindingShown, as_plain
    from dxa.cli.output import counted, say, write_json
    from dxa.config import check as find

    path = session.path
    if not path.is_file():
        raise UsageError(f"{session.folder} is not a site: it has no {path.name}. `dxa init` makes one")
    findings = find(path, session.host.connectors(), session.host.address_types())
    problems = [finding for finding in findings if strict or not finding.warning]
    if as_json:
        shown = [FindingShown(key=f.key, text=f.text, warning=f.warning) for f in findings]
        write_json({"findings": as_plain(shown)})
        return 2 if problems else 0
    for finding in findings:
        say(f"{'warning' if finding.warning else 'problem'}: {finding}")
    warnings = sum(finding.warning for finding in findings)
    say(f"{path}: {counted(len(findings) - warnings, 'problem')}, {counted(warnings, 'warning')}")
    return 2 if problems else 0
