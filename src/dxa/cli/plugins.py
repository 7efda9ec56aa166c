"""`dxa plugins`."""

from __future__ import annotations

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session


@json_command("PluginShown")
@pass_session
def plugins(session: Session, as_json: bool) -> int:
    """Show every plugin that was found, what it brings, and why one does not work.

    Exit status 1 says that one of them failed.
    """
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
        for info in session.host.plugins()
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
