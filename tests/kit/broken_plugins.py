"""Plugins that break one rule each: the check that must see it, and what differs from the good plugin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import click

from dxa.address import AddressTypes
from dxa.connector import ConnectorType, LinkContext
from dxa.host import PluginInfo
from dxa.testing.plugins import PluginSubject
from tests.kit.broken_addresses import BROKEN_TYPES, GOOD
from tests.kit.broken_decoders import PLAIN
from tests.kit.letterbox import LETTERBOX, Letterbox

HERE = "tests.kit.broken_plugins"


class Untouched:
    """A connector that is opened and not used."""

    def __init__(self, context: LinkContext) -> None:
        self.context = context


def opened(context: LinkContext) -> Any:
    """A connector that reaches for nothing."""
    return Untouched(context)


@click.command()
def explained() -> None:
    """Does what it says."""


silent = click.Command("silent", callback=lambda: None)


def no_command() -> None:
    """A function of its own."""


KIND = attrs.evolve(LETTERBOX, open=opened)
INFO = PluginInfo(name="letterbox", distribution="dxa-msmail", version="1", status="loaded", hooks=("dxa_connectors",))
DECLARES = frozenset({("dxa.connectors", "letterbox"), ("dxa.address_types", "box"), ("dxa.address_types", "letter")})
SUBJECT = PluginSubject(
    info=INFO,
    connectors=(KIND,),
    types=(GOOD,),
    decoders=(attrs.evolve(PLAIN, read=None, write=None),),
    commands={"explained": f"{HERE}:explained"},
    declares=DECLARES,
    known=AddressTypes([GOOD]),
)


def _reaches(context: LinkContext) -> Any:
    return Letterbox(context.options["box"], context)


def _makes(context: LinkContext) -> Any:
    (context.folder / "letters").mkdir()
    return opened(context)


@attrs.frozen(kw_only=True)
class Silent:
    color: str = "red"


@attrs.frozen(kw_only=True)
class Demanding:
    color: str = attrs.field(metadata={"doc": "color of the box"})


class Plain:
    color = "red"


def _strict(data: bytes) -> Iterator[dict[str, Any]]:
    yield {"kind": "letter", "text": data.decode()}


def connector(**changed: Any) -> dict[str, Sequence[ConnectorType]]:
    """The plugin's connector is another one."""
    return {"connectors": (attrs.evolve(KIND, **changed),)}


_TRAITS = attrs.evolve(KIND.traits, types=("BOX", "FAX"))
BROKEN_PLUGINS: list[tuple[str, dict[str, Any]]] = [
    ("it_works", {"info": attrs.evolve(INFO, error="No module named 'vobject'")}),
    ("it_brings_something", {"info": attrs.evolve(INFO, hooks=())}),
    ("it_declares_what_it_brings", {"declares": None}),
    ("it_declares_what_it_brings", {"declares": DECLARES - {("dxa.address_types", "letter")}}),
    ("it_declares_what_it_brings", {"declares": DECLARES | {("dxa.connectors", "fax")}}),
    ("it_says_which_dxa_it_needs", {"info": attrs.evolve(INFO, distribution="attrs")}),
    ("connectors_say_what_they_are", connector(summary=" ")),
    ("connectors_name_types_that_exist", connector(traits=_TRAITS)),
    ("connectors_name_types_that_exist", connector(traits=attrs.evolve(KIND.traits, types=()))),
    ("options_are_attrs_classes", connector(options=Plain)),
    ("options_explain_themselves", connector(peer_options=Silent)),
    ("options_have_defaults", connector(options=Demanding)),
    ("opening_reaches_for_nothing", connector(open=_reaches)),
    ("opening_reaches_for_nothing", connector(open=_makes)),
    ("commands_can_be_loaded", {"commands": {"gone": f"{HERE}:gone"}}),
    ("commands_can_be_loaded", {"commands": {"none": f"{HERE}:no_command"}}),
    ("commands_explain_themselves", {"commands": {"silent": f"{HERE}:silent"}}),
    ("decoders_refuse_noise", {"decoders": (attrs.evolve(PLAIN, sniff=lambda data: len(data) > 3),)}),
    ("decoders_survive_noise", {"decoders": (attrs.evolve(PLAIN, decode=_strict),)}),
    *((f"types_{name}", {"types": (attrs.evolve(GOOD, **changed),)}) for name, changed in BROKEN_TYPES),
]
#: Of an address type, only the samples tell.
NEEDS_SAMPLES = ("types_samples_are_legal",)
