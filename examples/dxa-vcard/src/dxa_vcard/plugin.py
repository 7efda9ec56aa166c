"""The plugin vcard: what it brings."""

from __future__ import annotations

from os.path import normpath

from dxa.connector import ConnectorType, Holds, Traits
from dxa.hookspecs import hookimpl
from dxa_vcard.connector import CardFolder, Options

#: The version of dxa's plugin API that this was written for.
dxa_api = 1


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The connector to a folder of vCards: a read of the folder proves what is in it."""
    traits = Traits(types=("SMTP",), holds=Holds.PROVEN)
    about = "a folder with a vCard for each person"
    return [
        ConnectorType(
            name="vcard",
            summary=about,
            traits=traits,
            open=CardFolder,
            options=Options,
            writes_in=lambda _site, options: frozenset({(normpath(options.folder),)}),
        )
    ]
