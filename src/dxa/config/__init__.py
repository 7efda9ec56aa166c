"""The configuration: ``dxa.toml`` to frozen values, all its problems reported together.

`source` is the file as it was read. `model` has the tables as they are written, `structure` reads them, `load` says
what they mean, `checks` what is wrong with that, `values` is what the program uses. `plugins` looks at what must be
known before all of that. `secrets` alone knows passwords and the environment. `edit` changes the file, `template`
writes a new one, `reference` lists its keys.
"""

from dxa.config.load import Finding, check, load, parse
from dxa.config.secrets import Secret
from dxa.config.source import FILE_NAME, Source
from dxa.config.values import Link, Peer, Site

__all__ = ["FILE_NAME", "Finding", "Link", "Peer", "Secret", "Site", "Source", "check", "load", "parse"]
