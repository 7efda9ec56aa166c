import sys
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dxa.address import AddressType
from dxa.config import check
from dxa.connector import ConnectorType, Decoder, Holds, Scene, Traits
from dxa.errors import AddressError
from dxa.hookspecs import hookimpl
from dxa.host import HOOKS, Host, PluginInfo
from dxa.memory import Memory


def _connector(name: str, **parts: Any) -> ConnectorType:
    traits = Traits(types=("X",), holds=Holds.PROVEN)
    return ConnectorType(**{"name": name, "summary": name, "traits": traits, "open": Memory().open, **parts})


def _decoder(**values: Any) -> Decoder:
    return Decoder(name="d", sniff=lambda _: False, decode=lambda _: iter(()), **values)


def _plugin(**hooks: Any) -> ModuleType:
    """A plugin whose hooks return these values, or raise them."""
    plugin = ModuleType("plugin")
    for name, value in hooks.items():

        def hook(value: Any = value) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

        function = hookimpl(lambda _call=hook: _call())
        setattr(plugin, name, function)
    return plugin


def _host(**plugins: Any) -> Host:
    return Host(plugins, discover=False)


def _install(folder: Path, name: str, point: str, source: str | None) -> None:
    """A distribution in a folder of the path, as an installer leaves it, with one entry point."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[dxa]\n{point}\n", encoding="utf-8")
    if source is not None:
        (folder / f"{point.partition('= ')[2]}.py").write_text(source, encoding="utf-8")


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path; only what is installed in it is found."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(
        "dxa.discovery.entry_points",
        lambda group: [
            point
            for found in distributions(path=[str(tmp_path)])
            for point in found.entry_points
            if point.group == group
        ],
    )
    return tmp_path


def test_the_memory_connector_comes_by_the_same_hooks() -> None:
    """The core's own connector is a plugin as any other, and its systems can be reached through the host."""
    host = Host(discover=False)

    assert ["memory"] == list(host.connectors())
    assert ["MEM", "SMTP", "X400"] == [kind.name for kind in host.address_types()]
    assert ["memory"] == [plugin.name for plugin in host.plugins()]
    assert host.memory.system("a") is host.memory.system("a")
    own = Memory()
    assert own is Host(memory=own, discover=False).memory


def test_a_plugin_that_declares_nothing_is_imported_when_something_is_looked_for(site_packages: Path) -> None:
    """Finding plugins imports none; one that does not say what it brings is imported for any name, once."""
    _install(site_packages, "dxa-late", "late = dxa_test_late", "import dxa\n")

    lines: list[str] = []
    host = Host(trace=lines.append)
    connectors = host.connectors()
    assert "dxa_test_late" not in sys.modules
    assert [] == lines
    assert ("late", "found") == (host.found()[-1].name, host.found()[-1].status)
    assert connectors.get("unheard") is None
    assert "dxa_test_late" in sys.modules
    assert PluginInfo(name="late", distribution="dxa-late", version="1.2", status="loaded") == host.plugins()[-1]
    assert "import late (dxa-late 1.2): no hooks" in lines
    count = len(lines)
    host.load()
    assert count == len(lines)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (None, "ModuleNotFoundError: No module named 'dxa_test_bad0'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (
            "from dxa.hookspecs import hookimpl\n@hookimpl\ndef dxa_conectors(): return []",
            f"there is no hook dxa_conectors; dxa has {', '.join(HOOKS)}",
        ),
        (
            "from dxa.hookspecs import hookimpl\n@hookimpl\ndef dxa_connectors(site): return []",
            "PluginValidationError: ",
        ),
    ],
)
def test_a_plugin_that_cannot_be_loaded_leaves_the_others_alone(
    source: str | None, error: str, site_packages: Path, request: pytest.FixtureRequest
) -> None:
    """A plugin that cannot be imported or has wrong hooks is marked as failed with the reason; the rest works."""
    module = f"dxa_test_bad{request.node.callspec.indices['source']}"
    _install(site_packages, "dxa-bad", f"bad = {module}", source)

    host = Host({"good": _plugin(dxa_connectors=[_connector("good")])})

    assert {"memory", "good"} == set(host.connectors())
    bad = next(plugin for plugin in host.plugins() if plugin.name == "bad")
    assert ("failed", "dxa-bad", ()) == (bad.status, bad.distribution, bad.hooks)
    assert bad.error.startswith(error)


def test_a_plugin_for_a_later_api_is_refused() -> None:
    """A plugin says for which version of the API it was written; one that is to come is refused with both numbers."""
    early, late = _plugin(dxa_connectors=[_connector("x")]), _plugin(dxa_connectors=[_connector("y")])
    early.dxa_api, late.dxa_api = 1, 99  # type: ignore[attr-defined]
    host = _host(early=early, late=late)

    assert ["memory", "x"] == list(host.connectors())
    assert "it wants version 99 of the plugin API; this dxa has 1" == host.found()[-1].error


def test_two_plugins_of_one_name_are_told_apart_by_their_distribution(site_packages: Path) -> None:
    """The second plugin of a name fails, and its error says who has the name."""
    _install(site_packages, "dxa-other", "memory = dxa_test_other", "")

    assert ["loaded", "failed"] == [plugin.status for plugin in Host().plugins()]
    assert Host().plugins()[1].error.startswith("memory (dxa")


@pytest.mark.parametrize(
    ("hook", "facade", "value", "problem"),
    [
        ("dxa_connectors", "connectors", None, "returned None, not a list"),
        ("dxa_connectors", "connectors", _connector("x"), "returned ConnectorType, not a list"),
        ("dxa_connectors", "connectors", ["x"], "returned a str in its list, not a ConnectorType"),
        ("dxa_connectors", "connectors", [_connector("x"), _connector("x")], "'x' is there twice"),
        ("dxa_connectors", "connectors", [_connector("memory")], "'memory' is already given by plugin memory"),
        ("dxa_connectors", "connectors", ValueError("no"), "raised ValueError: no"),
        ("dxa_connectors", "connectors", [_connector("x", traits=None)], "a ConnectorType whose traits is None, not "),
        ("dxa_connectors", "connectors", [_connector("x", open=5)], "a ConnectorType whose open is 5, not Callable"),
        ("dxa_connectors", "connectors", [_connector("x", options=dict)], "which is no class of attrs"),
        (
            "dxa_connectors",
            "connectors",
            [_connector("x", traits=Traits(types=(), holds=Holds.PROVEN))],
            "the connector 'x' with traits whose types is (), not one text or more",
        ),
        (
            "dxa_connectors",
            "connectors",
            [_connector("x", traits=Traits(types=("X",), holds="proven"))],  # type: ignore[arg-type]
            "the connector 'x' with traits whose holds is 'proven', not Holds",
        ),
        (
            "dxa_address_types",
            "address_types",
            [AddressType(name="X", check="no function")],  # type: ignore[arg-type]
            "an AddressType whose check is 'no function', not Callable",
        ),
        (
            "dxa_address_types",
            "address_types",
            [AddressType(name="X", aliases=("mem",), check=str)],
            "'MEM' is already given by plugin memory",
        ),
        ("dxa_address_types", "address_types", [AddressType(name="smtp", check=str)], "'smtp', which is dxa's own"),
        ("dxa_decoders", "decoders", [3], "returned a int in its list, not a Decoder"),
        (
            "dxa_decoders",
            "decoders",
            [_decoder(endings=(".TXT",), read=lambda _data, _types: iter(()))],
            "the decoder 'd' with the ending '.TXT', not one like '.ldif'",
        ),
        (
            "dxa_decoders",
            "decoders",
            [_decoder(endings=(".txt",))],
            "the decoder 'd' with endings, but neither read nor write",
        ),
        ("dxa_demo_scenes", "scenes", [3], "returned a int in its list, not a Scene"),
        ("dxa_commands", "commands", [("a", "b")], "returned ('a', 'b') in its list, not (name, 'module:attribute')"),
        ("dxa_commands", "commands", [("a", "b:c"), ("a", "b:d")], "'a' is there twice"),
    ],
)
def test_a_wrong_answer_is_the_plugins_failure(hook: str, facade: str, value: Any, problem: str) -> None:
    """A plugin whose hook raises or breaks the contract has failed: nothing of it is used, and the reason is kept."""
    host = _host(culprit=_plugin(**{hook: value}))

    given = [getattr(each, "name", each) for each in getattr(host, facade)()]
    before = [getattr(each, "name", each) for each in getattr(_host(), facade)()]
    assert before == given
    [culprit] = [info for info in host.found() if info.status == "failed"]
    assert culprit.error.startswith(f"plugin culprit: {hook}")
    assert problem in culprit.error


def _broken(*_arguments: object) -> Any:
    raise KeyError("lost")


@pytest.mark.parametrize(
    ("function", "value", "problem"),
    [
        ("site_lists", _broken, "plugin x: site_lists raised KeyError: 'lost'"),
        (
            "site_lists",
            lambda *_: ["no pair"],
            "plugin x: site_lists has given ['no pair'], not a set of pairs of texts",
        ),
        ("peer_lists", _broken, "plugin x: peer_lists raised KeyError: 'lost'"),
        ("writes_in", _broken, "plugin x: writes_in raised KeyError: 'lost'"),
        ("writes_in", lambda *_: None, "plugin x: writes_in has given None, not a set of tuples of texts"),
        ("check_peer", _broken, "plugin x: check_peer raised KeyError: 'lost'"),
        ("proves", _broken, "plugin x: proves raised KeyError: 'lost'"),
    ],
)
def test_what_a_connectors_functions_do_wrong_is_a_problem_of_its_links(
    function: str, value: Any, problem: str, tmp_path: Path
) -> None:
    """`dxa check` and whoever opens the site say which link, which plugin, and what it did."""
    peers = function in ("check_peer", "proves")
    traits = Traits(types=("X",), holds=Holds.PROVEN, many_peers=peers)
    kind = _connector("x", traits=traits, **{function: value})
    host = _host(culprit=_plugin(dxa_connectors=[kind]))
    text = '[site]\norganization = "LAB"\nname = "HQ"\n[links.a]\nconnector = "x"\nimport_container = "A"\n'
    text += "[links.a.peers.P]\nno_password = true\n" if peers else ""
    (tmp_path / "dxa.toml").write_text(text, encoding="utf-8")

    found = [str(each) for each in check(tmp_path, host.connectors(), host.address_types())]

    assert any(each.startswith("links.a") and each.endswith(problem) for each in found), found


def test_what_a_type_of_addresses_does_wrong_is_wrong_with_the_address() -> None:
    """An address that the rules of its type fail on is refused with the reason, as any that breaks them."""
    nothing: Any = lambda _text: None  # noqa: E731
    kinds = [AddressType(name="X", check=_broken), AddressType(name="Y", check=nothing)]
    types = _host(culprit=_plugin(dxa_address_types=kinds)).address_types()

    with pytest.raises(AddressError, match="check of the type X raised KeyError: 'lost': 'ann'"):
        types.parse("X:ann")
    with pytest.raises(AddressError, match="check of the type Y has given None, which is no text: 'ann'"):
        types.parse("Y:ann")


def test_the_list_of_plugins_never_fails() -> None:
    """A plugin whose hook fails is listed as failed, with the error."""
    plugins = _host(
        bad=_plugin(dxa_connectors=ValueError("no")), good=_plugin(dxa_connectors=[_connector("x")])
    ).plugins()

    assert [("memory", "loaded", ("memory",)), ("bad", "failed", ()), ("good", "loaded", ("x",))] == [
        (plugin.name, plugin.status, plugin.connectors) for plugin in plugins
    ]
    assert "plugin bad: dxa_connectors raised ValueError: no" == plugins[1].error
    assert ("dxa_connectors",) == plugins[2].hooks


def test_every_hook_has_its_facade() -> None:
    """What plugins give is found by its name; scenes come in their order, commands under their plugin."""
    decoders = [_decoder()]
    scenes = [
        Scene(name="b", order=2, play=print),
        Scene(name="a", order=2, play=print),
        Scene(name="z", order=1, play=print),
    ]
    host = _host(
        one=_plugin(dxa_decoders=decoders, dxa_demo_scenes=scenes, dxa_commands=[("go", "a.b:c")]), two=_plugin()
    )

    assert {"d": decoders[0]} == host.decoders()
    assert ["z", "a", "b"] == [scene.name for scene in host.scenes()]
    assert {"one": {"go": "a.b:c"}} == host.commands()


def test_a_hook_is_called_once() -> None:
    """However often the facade is asked, a plugin's hook runs once, and the trace says so."""
    calls: list[int] = []
    plugin = ModuleType("plugin")
    plugin.__dict__["dxa_connectors"] = hookimpl(lambda: [calls.append(1)][:0])  # type: ignore[func-returns-value]
    lines: list[str] = []
    host = Host({"one": plugin}, discover=False, trace=lines.append)

    host.connectors()
    host.connectors()
    host.plugins()

    assert [1] == calls
    assert 1 == lines.count("call dxa_connectors of one: 0 value(s)")
