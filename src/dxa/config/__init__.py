"""The configuration: ``dxa.toml`` to frozen values, all its problems reported together.

`model` has the tables as they are written, `structure` reads them, `load` says what they mean, `values` is what the
program uses. `plugins` reads what must be known before all of that. `secrets` alone knows passwords and the
environment. `edit` changes the file, `template` writes a new one, `reference` lists its keys.
"""

from dxa.config.load import FILE_NAME, Finding, check, load, parse
from dxa.config.secrets import Secret
from dxa.config.values import Link, Peer, Site

__all__ = ["FILE_NAME", "Finding", "Link", "Peer", "Secret", "Site", "check", "load", "parse"]
