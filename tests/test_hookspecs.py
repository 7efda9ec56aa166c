"""The hooks: each has a user among the plugins that come with dxa, and an example that works as it stands."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from dxa import hookspecs
from dxa.address import Address, AddressTypes
from dxa.connector import LinkContext, Result
from dxa.host import HOOKS, Host
from dxa.standard import STANDARD

MODULE = "dxa_example_of_a_hook"


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host whose only plugin is the example of the hook that the test names."""
    doc = inspect.getdoc(getattr(hookspecs, request.param)) or ""
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    exec(dedent(doc.partition("Example::")[2]), vars(module))
    yield Host({"desk": module}, discover=False)
    del sys.modules[MODULE]


def for_hook(name: str) -> Any:
    """The mark of a test about the example of this hook."""
    return pytest.mark.parametrize("example", [name], indirect=True)


def test_every_hook_is_used_by_a_plugin_that_comes_with_dxa() -> None:
    """No hook is there on supply: some plugin of this repository answers it."""
    used = {hook for info in Host().plugins() if info.name != "memory" for hook in info.hooks}

    assert set(HOOKS) <= used


@pytest.mark.parametrize("example", HOOKS, indirect=True)
def test_the_example_of_every_hook_is_a_plugin(example: Host) -> None:
    """The host takes the module as it stands, and knows the one hook that it is an example of."""
    info = next(info for info in example.plugins() if info.name == "desk")

    assert ("loaded", "", 1) == (info.status, info.error, len(info.hooks))


@for_hook("dxa_address_types")
def test_the_address_type_of_the_example(example: Host) -> None:
    """Its addresses are read by any of its names."""
    assert Address("DESK", "12") == example.address_types().parse("place:12")


@for_hook("dxa_connectors")
def test_the_connector_of_the_example(example: Host) -> None:
    """It tells of one person, and takes nothing."""
    kind = example.connectors()["desk"]
    context = LinkContext(
        link="l", options=kind.options(), folder=Path(), types=AddressTypes(STANDARD), site=("a", "b")
    )
    (report,) = kind.open(context).collect({})

    assert ["Front Desk"] == [transaction.side.name for transaction in report.transactions]
    assert Result.REFUSED not in list(kind.open(context).deliver(SimpleNamespace()))  # type: ignore[arg-type]


@for_hook("dxa_decoders")
def test_the_decoder_of_the_example(example: Host) -> None:
    """It knows its files, and gives a row for each line."""
    decoder = example.decoders()["desks"]

    assert decoder.sniff(b"DESKS 1\n12\n")
    assert [{"kind": "desk", "line": 1, "text": "12"}] == list(decoder.decode(b"DESKS 1\n12\n"))


@for_hook("dxa_commands")
def test_the_command_of_the_example(example: Host) -> None:
    """It is found in the module that is named, and runs."""
    module, _, name = example.commands("desk")["desk"]["count"].partition(":")

    assert "3 desks\n" == CliRunner().invoke(getattr(import_module(module), name), ["3"]).output


@for_hook("dxa_demo_scenes")
def test_the_scene_of_the_example(example: Host) -> None:
    """It is played on the stage that it is given."""
    said: list[Any] = []
    stage = SimpleNamespace(heading=said.append, dxa=lambda *words: said.append(words))
    example.scenes()[0].play(stage)

    assert ["Somebody comes to the front desk", ("recipients", "add", "--name", "Front Desk")] == said
