"""Where plugins come from, which take part, and when they are imported."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

import pytest

from dxa.discovery import Selection
from dxa.errors import AddressError
from dxa.host import Host

ROOT = Path(__file__).resolve().parent.parent

#: A plugin that brings the connector and the address type of the given name, in words that need nothing but dxa.
SOURCE = """
from dxa.address import AddressType
from dxa.hookspecs import hookimpl
from dxa.memory import Memory
import attrs

@hookimpl
def dxa_connectors():
    return [attrs.evolve(Memory().dxa_connectors()[0], name="{name}")]

@hookimpl
def dxa_address_types():
    return [AddressType(name="{name}".upper(), aliases=("{name}X".upper(),), check=str)]
"""


class Installed:
    """A folder on the path in which distributions are installed; only these are found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, *, declares: bool = True, source: str = SOURCE) -> str:
        """Install ``dxa-NAME``, whose plugin NAME brings the connector NAME and the type NAME; the module's name."""
        module = f"dxa_found_{name}"
        info = self.folder / f"dxa_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dxa-{name}\nVersion: 1.0\n", encoding="utf-8")
        points = f"[dxa]\n{name} = {module}\n"
        if declares:
            points += f"[dxa.connectors]\n{name} = {module}\n"
            points += f"[dxa.address_types]\n{name.upper()} = {module}\n{name.upper()}X = {module}\n"
        (info / "entry_points.txt").write_text(points, encoding="utf-8")
        (self.folder / f"{module}.py").write_text(source.format(name=name), encoding="utf-8")
        sys.modules.pop(module, None)
        return module


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """An empty place for distributions."""
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
    return Installed(tmp_path)


def test_only_the_plugin_that_declares_a_connector_is_imported(packages: Installed) -> None:
    """A plugin that says what it brings is imported when that is asked for, and not for anything else."""
    one, two = packages.add("one"), packages.add("two")
    host = Host()

    assert host.connectors().get("one") is not None
    assert [True, False] == [module in sys.modules for module in (one, two)]
    assert [("one", "loaded"), ("two", "found")] == [(p.name, p.status) for p in host.found()[1:]]
    assert ("two",) == host.found()[-1].connectors
    assert ["memory", "one", "two"] == list(host.connectors())


def test_only_the_plugin_that_declares_a_type_is_imported(packages: Installed) -> None:
    """The same holds for address types, in any case and spelling; a type that nobody brings imports none of them."""
    one, two = packages.add("one"), packages.add("two")
    types = Host().address_types()

    with pytest.raises(AddressError, match=r"\[16\] unknown address type"):
        types.get("NOBODYS")
    assert "NOBODYS" not in types
    assert [False, False] == [module in sys.modules for module in (one, two)]
    assert "TWO" == types.get("twox").name
    assert [False, True] == [module in sys.modules for module in (one, two)]
    assert ["MEM", "ONE", "SMTP", "TWO", "X400"] == [kind.name for kind in types]


def test_a_disabled_plugin_is_never_imported(packages: Installed) -> None:
    """What the selection leaves out is known by name, and is not imported, whatever is asked for."""
    one, two = packages.add("one"), packages.add("two", declares=False)
    host = Host(selection=Selection(without=("t*",)))

    assert ["memory", "one"] == list(host.connectors())
    assert "TWO" not in host.address_types()
    assert [("one", "loaded"), ("two", "disabled")] == [(p.name, p.status) for p in host.plugins()[1:]]
    assert [True, False] == [module in sys.modules for module in (one, two)]


def test_two_distributions_that_bring_one_connector(packages: Installed) -> None:
    """Of two plugins that give one name, the later has failed, and its error names the one that has it."""
    packages.add("one")
    packages.add("two", source=SOURCE.replace('name="{name}")]', 'name="one")]'))

    infos = Host().plugins()

    assert ["loaded", "failed"] == [info.status for info in infos[1:]]
    assert infos[2].error == (
        "plugin two (dxa-two 1.0): dxa_connectors: 'one' is already given by plugin one (dxa-one 1.0)"
    )


def test_who_has_a_name_does_not_hang_on_what_is_asked_for_first(packages: Installed) -> None:
    """The earlier of two plugins that give one name has it, though something else of the later one was used before."""
    packages.add("one")
    packages.add("two", source=SOURCE.replace('name="{name}")]', 'name=n) for n in ("one", "two")]'))
    host = Host()

    assert host.connectors().get("two") is None
    assert host.connectors().get("one") is not None
    assert ["loaded", "failed"] == [info.status for info in host.found()[1:]]


def test_a_plugin_that_ends_the_program_ends_only_itself(packages: Installed, tmp_path: Path) -> None:
    """A module that calls `sys.exit` when it is imported has failed like any other, and the others work."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "leaving.py").write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    packages.add("one")
    host = Host(folder=folder)

    assert ["memory", "one"] == list(host.connectors())
    assert "SystemExit: 3" == host.plugins()[-1].error


def test_files_in_the_folder_of_a_site_are_plugins(packages: Installed, tmp_path: Path) -> None:
    """Each file of the folder is a plugin by its name; a private one is not, and one that breaks hurts nobody."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "mine.py").write_text(SOURCE.format(name="mine"), encoding="utf-8")
    (folder / "broken.py").write_text("import nothing_of_that_name", encoding="utf-8")
    (folder / "_shared.py").write_text("raise SystemExit", encoding="utf-8")

    host = Host(folder=folder)

    assert host.connectors().get("mine") is not None
    assert [("memory", "loaded"), ("broken", "failed"), ("mine", "loaded")] == [
        (info.name, info.status) for info in host.plugins()
    ]
    assert "ModuleNotFoundError: No module named 'nothing_of_that_name'" == host.plugins()[1].error
    assert str(folder / "mine.py") == host.plugins()[2].distribution


def test_a_file_that_everybody_can_change_is_not_run(packages: Installed, tmp_path: Path) -> None:
    """A plugin that any user of the machine could change is refused, with what to do about it."""
    file = tmp_path / "open.py"
    file.write_text("raise SystemExit", encoding="utf-8")
    file.chmod(0o666)

    [_, info] = Host(folder=tmp_path, discover=False).plugins()

    assert ("open", "failed") == (info.name, info.status)
    assert f"`chmod o-w {file}`" in info.error


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), ["msmail", "ccmail", "exchange"]),
        (Selection(only=("msmail",)), ["msmail"]),
        (Selection(only=("*mail",), without=("cc*",)), ["msmail"]),
        (Selection(only=()), []),
        (Selection().narrowed(""), ["msmail", "ccmail", "exchange"]),
        (Selection().narrowed("ccmail, exchange"), ["ccmail", "exchange"]),
        (Selection().narrowed("-ccmail"), ["msmail", "exchange"]),
        (Selection(without=("exchange",)).narrowed("exchange,msmail"), ["msmail"]),
    ],
)
def test_which_plugins_take_part(selection: Selection, taken: list[str]) -> None:
    """Who is named takes part, who is left out never does; for once an operator may name others."""
    assert taken == [name for name in ("msmail", "ccmail", "exchange") if selection.takes(name)]


@pytest.mark.parametrize("name", ["msmail", "ccmail", "exchange", "sitelink"])
def test_what_the_bundled_plugins_declare_is_what_they_bring(name: str) -> None:
    """Each bundled plugin declares all its connectors and types, in every spelling, and no others."""
    text = (ROOT / "plugins" / name / "pyproject.toml").read_text(encoding="utf-8")
    points = tomllib.loads(text)["project"]["entry-points"]
    module = import_module(points["dxa"][name])

    types = module.dxa_address_types() if hasattr(module, "dxa_address_types") else ()
    assert {kind.name for kind in module.dxa_connectors()} == set(points["dxa.connectors"])
    assert {spelled for kind in types for spelled in (kind.name, *kind.aliases)} == set(
        points.get("dxa.address_types", ())
    )
    assert {points["dxa"][name]} == {
        value for group, found in points.items() if group != "dxa" for value in found.values()
    }
