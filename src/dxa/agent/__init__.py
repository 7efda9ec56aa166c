"""The agent runs cycles: the only place where protocol, rules, ledger, store and connectors meet.

`site` opens a site. `cycle` is one `dxa sync`: `inbound` takes reports into the received lists, `directory` plans and
applies what they mean, `outbound` advances the views, `answers` and `proven` make parcels, `outbox` delivers them.
`admin` holds what an administrator does between cycles, `queries` what is shown.
"""

from dxa.agent.cycle import Agent
from dxa.agent.site import OpenSite

__all__ = ["Agent", "OpenSite"]
