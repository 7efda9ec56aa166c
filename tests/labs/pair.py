"""Two sites of dxa over message files: the directory server of MS Mail, and a requestor of it."""

from __future__ import annotations

import attrs

from tests.cases.harness import SiteHarness

SERVER = """
[site]
organization = "LAB"
name = "HQ"
[links.pos]
connector = "msmail"
role = "server"
import_container = "Imported"
export_containers = ["Staff"]
[links.pos.peers."MUSEUM/WEST"]
no_password = true
"""


def requestor_text(containers: str = '"Staff"', options: str = "") -> str:
    """The configuration of the requestor; `options` are further lines of its link."""
    return f"""
[site]
organization = "MUSEUM"
name = "WEST"
[links.up]
connector = "msmail-requestor"
import_container = "Far"
export_containers = [{containers}]
[links.up.msmail-requestor]
server = "LAB/HQ"
{options}
"""


@attrs.define
class SitePair:
    """A server's site and a requestor's, with the mail between them carried by hand."""

    server: SiteHarness
    requestor: SiteHarness

    def carry(self) -> list[str]:
        """Bring every message to the other side; returns what there was, as the direction of each file."""
        moved = []
        for here, there, what in ((self.server, self.requestor, "answer"), (self.requestor, self.server, "request")):
            for file in sorted(here.outbox.iterdir()) if here.outbox.is_dir() else []:
                there.inbox.mkdir(parents=True, exist_ok=True)
                file.rename(there.inbox / file.name)
                moved.append(what)
        return moved

    def cycle(self) -> None:
        """T1, T2, and the requestor takes in the answer; what it then sends lies at the server."""
        for site in (self.requestor, self.server, self.requestor):
            site.sync()
            self.carry()
