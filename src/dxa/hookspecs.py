"""The whole plugin API: five hooks. A plugin is a module in the entry-point group ``dxa``.

Every hook is called once per process, when something of its kind is first needed, and returns a list of values. The
host checks what comes back and names the plugin in every error. A hook only says what there is: it opens, reads and
reaches for nothing. What is heavy is imported by what the values name (`ConnectorType.open`, a command's module).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from dxa.address import AddressType
    from dxa.connector import ConnectorType, Decoder, Scene

#: The version of this API. A plugin's module may say with ``dxa_api = 1`` for which it was written. What is to go is
#: marked as deprecated for one version, works in it, and warns; a plugin for a later version is refused.
API_VERSION = 1

hookspec = pluggy.HookspecMarker("dxa")
hookimpl = pluggy.HookimplMarker("dxa")


@hookspec
def dxa_address_types() -> list[AddressType]:  # type: ignore[empty-body]
    """Address types: the rules that the texts of addresses keep.

    It fires before an address of a type is read that is not known yet, so mostly when the configuration is read. SMTP
    and X400 are dxa's own; a name that somebody else has given already makes the plugin fail.

    Example::

        from dxa.address import AddressType
        from dxa.errors import AddressError
        from dxa.hookspecs import hookimpl


        def check(text):
            if not text.isdecimal():
                raise AddressError("a desk is a number", got=text)
            return text


        @hookimpl
        def dxa_address_types():
            return [AddressType(name="DESK", aliases=("PLACE",), check=check)]
    """


@hookspec
def dxa_connectors() -> list[ConnectorType]:  # type: ignore[empty-body]
    """Connectors to mail systems.

    It fires before a link with such a connector is read from the configuration. `open` is called in each cycle, in a
    process of the connector's own.

    Example::

        from dxa.connector import ConnectorType, Holds, Report, Traits
        from dxa.entry import Entry, Transaction, Verb
        from dxa.hookspecs import hookimpl


        class Desk:
            def __init__(self, context):
                self.context = context

            def collect(self, since):
                somebody = Entry("SMTP:desk@lab.example", "SMTP", "", "Front Desk", "desk@lab.example")
                adds = [Transaction(0, Verb.ADD, None, somebody)]
                yield Report(sender=self.context.link, receipt="", lists=frozenset({("SMTP", "")}), transactions=adds)

            def deliver(self, parcel):
                return iter(())

            def settle(self, receipts):
                pass


        @hookimpl
        def dxa_connectors():
            traits = Traits(types=("SMTP",), holds=Holds.PROVEN, writable=False)
            return [ConnectorType(name="desk", summary="the front desk, and nobody else", traits=traits, open=Desk)]
    """


@hookspec
def dxa_decoders() -> list[Decoder]:  # type: ignore[empty-body]
    """File formats for ``dxa dump``, for messages in the archive, and for conversion.

    It fires when a file is to be dumped or a message to be shown. All decoders are asked whether the bytes are theirs,
    so that `sniff` has to be quick and must refuse what it does not know; nothing may be raised.

    Example::

        from dxa.connector import Decoder
        from dxa.hookspecs import hookimpl


        def decode(data):
            for line, text in enumerate(data.decode("ascii", "replace").splitlines()[1:], 1):
                yield {"kind": "desk", "line": line, "text": text}


        @hookimpl
        def dxa_decoders():
            return [Decoder(name="desks", sniff=lambda data: data.startswith(b"DESKS 1"), decode=decode)]
    """


@hookspec
def dxa_commands() -> list[tuple[str, str]]:  # type: ignore[empty-body]
    """Commands under the plugin's name: ``dxa NAME count``.

    It fires when help or such a command is asked for. Each is (name, ``module:attribute`` of a click command); the
    module is imported when the command is used, so it is better one of its own. A plugin's only command, when it has
    the plugin's own name, is the plugin's group itself, not a command in it. Commands print; nothing else of a plugin
    may.

    Example::

        import click

        from dxa.hookspecs import hookimpl


        @click.command()
        @click.argument("desks", type=int)
        def count(desks):
            \"\"\"Count desks.\"\"\"
            click.echo(f"{desks} desks")


        @hookimpl
        def dxa_commands():
            return [("count", f"{__name__}:count")]
    """


@hookspec
def dxa_demo_scenes() -> list[Scene]:  # type: ignore[empty-body]
    """Scenes of ``dxa demo``.

    It fires when the demo runs. `play` gets the demo's stage (`dxa.demo.Stage`), on which a site stands; what it shows
    goes over the stage, and what it makes stays in the demo's folder.

    Example::

        from dxa.connector import Scene
        from dxa.hookspecs import hookimpl


        def play(stage):
            stage.heading("Somebody comes to the front desk")
            stage.dxa("recipients", "add", "--name", "Front Desk")


        @hookimpl
        def dxa_demo_scenes():
            return [Scene(name="desk", order=900, play=play)]
    """
