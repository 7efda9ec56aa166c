"""Checks of a plugin as a whole, without a foreign system: what it says of itself, and what it brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from re import match
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import click

from dxa.address import AddressTypes
from dxa.connector import ConnectorType, LinkContext
from dxa.errors import DxaError
from dxa.host import Given, Host
from dxa.testing.addresses import ADDRESS_CHECKS, AddressSubject
from dxa.testing.decoders import DecoderSubject, decoding_raises_nothing, sniffing_refuses_noise
from dxa.testing.verdict import Check, Kit, Skip, described, expect, fail, may, must, run, should


@attrs.frozen(kw_only=True)
class PluginSubject(Given):
    """A plugin with what its hooks give; `known` are all types that there are, those of other plugins among them."""

    known: AddressTypes = attrs.field(factory=lambda: AddressTypes(()))

    @classmethod
    def of(cls, host: Host, name: str) -> PluginSubject:
        """The plugin of that name; raises `NotFoundError`."""
        given = host.given(name)
        values = {field.name: getattr(given, field.name) for field in attrs.fields(Given)}
        return cls(**values, known=host.address_types())

    def tables(self) -> Iterator[tuple[str, type]]:
        """Each table of options, by where it stands in the configuration."""
        for kind in self.connectors:
            yield f"[links.NAME.{kind.name}]", kind.options
            yield f'[links.NAME.peers."PEER".{kind.name}]', kind.peer_options


@must("Read the error; `dxa --trace plugins` shows what was imported and called.")
def it_works(subject: PluginSubject) -> None:
    """A plugin can be imported, and its hooks give what the API wants, under names that nobody else has."""
    expect(not subject.info.error, subject.info.error)


@should("Give the module hooks marked with `dxa.hookspecs.hookimpl`.")
def it_brings_something(subject: PluginSubject) -> None:
    """A plugin has at least one hook."""
    expect(bool(subject.info.hooks), "it has no hooks")


@should("Name each connector in the entry points `dxa.connectors` and each type in `dxa.address_types`.")
def it_declares_what_it_brings(subject: PluginSubject) -> None:
    """What a plugin brings stands in its distribution's entry points, so that it is imported only when it is needed."""
    if subject.info.distribution in ("", "dxa") or subject.info.distribution.endswith(".py"):
        raise Skip("it comes with dxa, in code or as a file in a folder of plugins")
    expect(subject.declares is not None, "its distribution declares nothing, so every command imports it")
    declared = subject.declares or frozenset()
    brings = {("dxa.connectors", kind.name.lower()) for kind in subject.connectors}
    brings |= {("dxa.address_types", name.lower()) for kind in subject.types for name in (kind.name, *kind.aliases)}
    if missing := sorted(brings - declared):
        fail(f"it brings {_names(missing)}, which is not declared")
    if wrong := sorted(declared - brings):
        fail(f"it declares {_names(wrong)}, which it does not bring")


@should("Put `dxa` with a lower bound among the dependencies of the distribution.")
def it_says_which_dxa_it_needs(subject: PluginSubject) -> None:
    """A plugin's distribution depends on dxa, so that an installer finds out that the two do not fit."""
    try:
        wanted = requires(subject.info.distribution) or []
    except (PackageNotFoundError, ValueError):
        raise Skip("it is in no distribution") from None
    if subject.info.distribution != "dxa":
        expect(any(match(r"dxa\b(?!-)", text) for text in wanted), f"it depends on {', '.join(wanted) or 'nothing'}")


@must("Write a summary of a few words, without a period.")
def connectors_say_what_they_are(subject: PluginSubject) -> None:
    """Each connector has a summary."""
    for kind in subject.connectors:
        expect(bool(kind.summary.strip()), f"the connector {kind.name!r} has no summary")


@must("Name types that this plugin or dxa itself brings; the first is the native one.")
def connectors_name_types_that_exist(subject: PluginSubject) -> None:
    """The address types in a connector's traits are registered, and there is at least one."""
    for kind in subject.connectors:
        expect(bool(kind.traits.types), f"the connector {kind.name!r} names no type of addresses")
        unknown = [name for name in kind.traits.types if name not in subject.known]
        expect(not unknown, f"the connector {kind.name!r} names {', '.join(unknown)}, which nobody brings")


@must("Let `options` and `peer_options` be attrs classes, as `@attrs.frozen(kw_only=True)` makes them.")
def options_are_attrs_classes(subject: PluginSubject) -> None:
    """The options of a connector and of its peers are attrs classes: the configuration is read from their fields."""
    for where, kind in subject.tables():
        expect(attrs.has(kind), f"{where} is {kind!r}, no attrs class")


@should('Give every field `metadata={"doc": "…"}`: one line, as `dxa init` and docs/configuration.md show it.')
def options_explain_themselves(subject: PluginSubject) -> None:
    """Every key of a connector's tables has a line that explains it."""
    for where, kind in subject.tables():
        for field in attrs.fields(kind) if attrs.has(kind) else ():
            doc = field.metadata.get("doc", "")
            expect(not field.init or bool(doc), f"{where} {field.name} is not explained")


@may("Give every key a default, or an example in its metadata; the rest is asked for by `dxa check`.")
def options_have_defaults(subject: PluginSubject) -> None:
    """A link works with no more than the name of its connector."""
    for where, kind in subject.tables():
        for field in attrs.fields(kind) if attrs.has(kind) else ():
            expect(not field.init or field.default is not attrs.NOTHING, f"{where} {field.name} must be given")


@must("Do not reach for the system in `open`; the first `collect` or `deliver` is early enough.")
def opening_reaches_for_nothing(subject: PluginSubject) -> None:
    """Opening a connector with its defaults in an empty folder raises nothing but a `DxaError`, and makes no file."""
    for kind in subject.connectors:
        options = _defaults(kind.options)
        if options is None:
            raise Skip(f"the options of {kind.name} have no defaults")
        with TemporaryDirectory() as folder:
            _open(kind, options, folder, subject.known)


@must("Import nothing that may be missing where the command is defined; define it in the module that is named.")
def commands_can_be_loaded(subject: PluginSubject) -> None:
    """Every command of a plugin is a click command in the module that it names."""
    for name, target in subject.commands.items():
        module, _, attribute = target.partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except Exception as error:
            fail(f"the command {name!r} ({target}) {described(error)}")
        expect(isinstance(found, click.Command), f"the command {name!r} ({target}) is a {type(found).__name__}")


@should("Give the function of the command a docstring.")
def commands_explain_themselves(subject: PluginSubject) -> None:
    """Every command has a help text."""
    for name, target in subject.commands.items():
        module, _, attribute = target.partition(":")
        found = getattr(import_module(module), attribute)
        expect(bool(getattr(found, "help", "")), f"the command {name!r} has no help")


def _of_types(check: Check[AddressSubject]) -> Check[PluginSubject]:
    def prove(subject: PluginSubject) -> None:
        reasons = []
        for kind in subject.types:
            try:
                check.prove(AddressSubject(kind))
            except Skip as reason:
                reasons.append(f"{kind.name}: {reason}")
        if len(reasons) == len(subject.types):
            raise Skip("; ".join(reasons) or "it brings no types of addresses")

    return Check(f"types_{check.name}", check.grade, check.rule, check.advice, prove)


@must("Look for the format's own mark: a magic number, a heading, a checked length.")
def decoders_refuse_noise(subject: PluginSubject) -> None:
    """No decoder claims random bytes, or nobody else gets to see them."""
    for decoder in subject.decoders:
        sniffing_refuses_noise.prove(DecoderSubject(decoder))


@must("Catch the error, and yield a row that says what is wrong and where.")
def decoders_survive_noise(subject: PluginSubject) -> None:
    """Whatever the bytes are, no decoder raises while it decodes them."""
    for decoder in subject.decoders:
        decoding_raises_nothing.prove(DecoderSubject(decoder))


def _open(kind: ConnectorType, options: Any, folder: str, types: AddressTypes) -> None:
    context = LinkContext(link="link", options=options, folder=Path(folder), types=types, site=("Lab", "Berlin"))
    try:
        kind.open(context)
    except DxaError:
        pass
    except Exception as error:
        fail(f"opening the connector {kind.name!r} {described(error)}")
    made = [str(path.relative_to(folder)) for path in Path(folder).rglob("*")]
    expect(not made, f"opening the connector {kind.name!r} has made {', '.join(made)}")


def _defaults(kind: Any) -> Any:
    try:
        return kind()
    except TypeError:
        return None


def _names(found: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({group.removeprefix('dxa.').replace('_', ' ').rstrip('s')})" for group, name in found)


#: Those of an address type that need no samples.
_TYPE_CHECKS = tuple(_of_types(check) for check in ADDRESS_CHECKS if check.name != "samples_are_legal")

#: Those that are tried on a plugin alone.
CHECKS: tuple[Check[PluginSubject], ...] = (
    it_works,
    it_brings_something,
    it_declares_what_it_brings,
    it_says_which_dxa_it_needs,
    connectors_say_what_they_are,
    connectors_name_types_that_exist,
    options_are_attrs_classes,
    options_explain_themselves,
    options_have_defaults,
    opening_reaches_for_nothing,
    commands_can_be_loaded,
    commands_explain_themselves,
    decoders_refuse_noise,
    decoders_survive_noise,
)
PLUGIN_CHECKS = (*CHECKS, *_TYPE_CHECKS)


def check_plugin(subject: PluginSubject) -> Kit:
    """Try all checks on a plugin."""
    return run(f"plugin {subject.info.name}", PLUGIN_CHECKS, subject)
