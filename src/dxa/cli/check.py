"""`dxa check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session
from dxa.errors import UsageError

if TYPE_CHECKING:
    from dxa.config import Finding


@json_command("FindingShown")
@click.option("--strict", is_flag=True, help="Count warnings as problems.")
@pass_session
def check(session: Session, strict: bool, as_json: bool) -> int:
    """Report every problem and every doubt of the configuration, each by its key, and what links say of their side.

    The links (folders, servers, keys, files of their own) are looked at when the configuration has no problem. Exit
    status 2 says that there are problems; warnings alone leave it at 0.
    """
    from dxa.agent.queries import FindingShown, as_plain
    from dxa.agent.site import not_a_site
    from dxa.cli.output import counted, say, write_json
    from dxa.config import check as find

    path, host = session.path, session.host
    if not path.is_file():
        raise UsageError(not_a_site(session.folder))
    findings = find(session.source(), host.connectors(), host.address_types())
    if all(finding.warning for finding in findings):
        findings += _of_links(session)
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


def _of_links(session: Session) -> list[Finding]:
    """What connectors say of their own side."""
    from dxa.agent.containers import absent
    from dxa.agent.verify import examine
    from dxa.config import Finding
    from dxa.errors import StoreError

    try:
        with session.reading() as site:
            found = list(examine(site, site.config.links.values()))
            doubts = list(absent(site.store, site.config))
    except StoreError as error:
        return [Finding("site.database", str(error))]
    return [*(Finding(f"links.{each.subject}", each.text, warning=each.warning) for each in found), *doubts]
