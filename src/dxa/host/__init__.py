"""The plugin host: imports plugins, calls their hooks, and checks what comes back.

`plugins` has the `Host`, `values` what it says of plugins; `gifts` is what each hook may give, with
`kinds` of its parts, and `guarding` of its functions.
"""

from dxa.host.plugins import HOOKS, Host
from dxa.host.values import Given, PluginInfo, Status

__all__ = ["HOOKS", "Given", "Host", "PluginInfo", "Status"]
