"""The rooms of dxa, who may import whom, and what each may touch: read from the source, nothing is imported.

The order of `ROOMS` is the ladder of the design: a room imports from the rooms before it only.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "src" / "dxa"

PURE = (
    *("errors", "bulk", "address", "x400", "standard", "entry", "recipient", "change", "rules", "ledger", "dirsync"),
    "plan",
)
ROOMS = (
    *PURE,
    *("disk", "options", "connector", "hookspecs", "signing", "discovery", "store", "memory", "schedule"),
    *("config", "mail", "host", "scaffold", "worker", "agent", "demo", "cli"),
)
TESTING = "testing"
NOT_ROOMS = {"__init__.py", "py.typed", "__pycache__"}

# fmt: off
IMPURE_MODULES = frozenset({
    "alembic", "asyncio", "click", "concurrent", "io", "locale", "logging", "multiprocessing", "os", "pathlib",
    "platform", "random", "rich", "secrets", "select", "shutil", "signal", "socket", "sqlalchemy", "sqlite3", "ssl",
    "structlog", "subprocess", "tempfile", "threading", "time", "uuid",
})
# fmt: on
IMPURE_BUILTINS = frozenset({"open", "print", "input"})
CLOCK = frozenset({"now", "utcnow", "today"})
ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})
SECRETS = "config/secrets.py"
#: Looks whether a connector changes the environment of all, and puts it back.
WATCHER = "testing/guests.py"
#: What only the store uses: the library of SQL, and the database behind its methods.
SQL, DATABASE = "sqlalchemy", "_db"
PRINTERS = frozenset({"click.echo", "click.secho", "click.echo_via_pager", "rich.print"})
PLUGIN_NAME = re.compile(r"\bdxa_(?:msmail|ccmail|exchange|sitelink)\b")
CLOSED_TO_PLUGINS = frozenset({"agent", "store", "cli"})


@attrs.frozen
class Use:
    """One dotted name that a source uses, by import or by attribute, with the line where it does."""

    name: str
    line: int


def _room(path: str) -> str:
    """The room of a path inside src/dxa: its first step, without the suffix; the package itself has none."""
    first = path.split("/")[0].removesuffix(".py")
    return "" if first == "__init__" else first


def _imports(tree: ast.AST, package: str) -> Iterator[Use]:
    """Every module or member imported anywhere in `tree`, local and conditional ones too, by its full name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (Use(alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                steps = package.split(".")
                base = ".".join([*steps[: len(steps) + 1 - level], *([module] if module else [])]) if level else module
                yield from (Use(f"{base}.{alias.name}", node.lineno) for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Use(name, node.lineno)


def _aliases(tree: ast.AST) -> dict[str, str]:
    """What each name that an import binds stands for: `import os as o` and `from os import environ` both lead to os."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                bound |= {a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                bound |= {a.asname or a.name: f"{module}.{a.name}" for a in names}
    return bound


def _uses(tree: ast.AST) -> Iterator[Use]:
    """Every dotted name that `tree` reads, import aliases resolved; builtins stand under their plain name."""
    bound = _aliases(tree)
    for node in ast.walk(tree):
        steps: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            steps.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            assert isinstance(node, ast.expr)
            yield Use(".".join([bound.get(inner.id, inner.id), *steps]), node.lineno)


def _package(path: str, top: str) -> str:
    """The package against which the relative imports of the file at `path` are read."""
    return ".".join([top, *path.split("/")[:-1]])


def _reads_environment(tree: ast.AST, package: str) -> Iterator[Use]:
    wanted = {f"os.{name}" for name in ENVIRONMENT} | {"os.path.expandvars"}
    seen = {*_imports(tree, package), *_uses(tree)}
    yield from (use for use in seen if use.name in wanted)


def _prints(tree: ast.AST, package: str) -> Iterator[Use]:
    yield from (use for use in {*_imports(tree, package), *_uses(tree)} if use.name in PRINTERS | {"print"})


def core_violations(path: str, source: str) -> list[str]:
    """What the file at `path` inside src/dxa does that its room may not do."""
    tree, room, package = ast.parse(source), _room(path), _package(path, "dxa")
    found = [(use.line, text) for use in _imports(tree, package) if (text := _ladder(room, use.name))]
    if room in PURE:
        found += _impurities(tree, package)
    if room != "cli" and path not in (SECRETS, WATCHER):
        found += [(use.line, f"reads the environment: {use.name}") for use in _reads_environment(tree, package)]
    if room != "cli":
        found += [(use.line, f"prints: {use.name}") for use in _prints(tree, package)]
    if room != "store":
        found += _sql(tree, package)
    return [f"src/dxa/{path}:{line}: {text}" for line, text in sorted(set(found))] + naming_violations(path, source)


def _sql(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Imports of the library of SQL, and reaches past the methods of the store."""
    for use in _imports(tree, package):
        if use.name.split(".")[0] == SQL:
            yield use.line, f"speaks SQL: {use.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == DATABASE:
            yield node.lineno, f"speaks SQL: {DATABASE}"


def _ladder(room: str, imported: str) -> str:
    """Why `room` may not import `imported`, or nothing."""
    top, _, rest = imported.partition(".")
    if top != "dxa":
        return ""
    target = rest.split(".")[0]
    if target == room != "":
        return ""
    if target == TESTING:
        # `dxa plugins check` is the kit on the command line.
        return "" if room == "cli" else "imports testing"
    if target not in ROOMS:
        return f"imports {imported}, which is no room"
    above = ROOMS[: ROOMS.index("cli") if room == TESTING else ROOMS.index(room) if room in ROOMS else 0]
    return "" if target in above else f"{room or 'the package itself'} may not import {target}"


def _impurities(tree: ast.AST, package: str) -> list[tuple[int, str]]:
    """Imports and calls by which a pure room would touch the clock, files, the network, chance or a log."""
    found = [
        (use.line, f"a pure room imports {use.name}")
        for use in _imports(tree, package)
        if use.name.split(".")[0] in IMPURE_MODULES
    ]
    found += [
        (node.lineno, f"a pure room calls {node.func.id}")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS
    ]
    for use in _uses(tree):
        top, *rest = use.name.split(".")
        if top == "datetime" and rest and rest[-1] in CLOCK:
            found.append((use.line, f"a pure room reads the clock: {use.name}"))
    return found


def naming_violations(path: str, text: str) -> list[str]:
    """Where the text of a file of the core, whatever its kind, holds a plugin's import name."""
    return [
        f"src/dxa/{path}:{number}: names a plugin: {match[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in PLUGIN_NAME.finditer(line)
    ]


def plugin_violations(top: str, path: str, source: str) -> list[str]:
    """What the file at `path` inside the plugin package `top` does that no third party's plugin could do."""
    tree, package = ast.parse(source), _package(path, top)
    found = []
    for use in _imports(tree, package):
        steps = [*use.name.split("."), ""]
        if steps[0].startswith("dxa_") and steps[0] != top:
            found.append((use.line, f"imports another plugin: {use.name}"))
        if steps[0] == "dxa" and steps[1] in CLOSED_TO_PLUGINS:
            found.append((use.line, f"imports dxa.{steps[1]}, which is closed to plugins"))
    found += [(use.line, f"reads the environment: {use.name}") for use in _reads_environment(tree, package)]
    if _room(path) != "commands":
        found += [(use.line, f"prints: {use.name}") for use in _prints(tree, package)]
    return [f"{top}/{path}:{line}: {text}" for line, text in sorted(set(found))]


def unknown_rooms(names: list[str]) -> list[str]:
    """Those names of files and folders directly in src/dxa that are no room of the list."""
    return sorted(name for name in names if name not in NOT_ROOMS and _room(name) not in {*ROOMS, TESTING})


def _files(top: Path, pattern: str = "*") -> Iterator[tuple[str, str]]:
    """Every text file below `top` as its path from there and its text."""
    for file in sorted(top.rglob(pattern)):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(top).as_posix(), file.read_text(encoding="utf-8")


# The tree as it is.


def test_every_room_is_known() -> None:
    """Whatever lies directly in src/dxa has its place on the ladder; a folder that git left empty does not count."""
    names = [child.name for child in CORE.iterdir() if child.is_file() or any(_files(child))]

    assert [] == unknown_rooms(names)


def test_core_keeps_the_ladder_and_its_pure_rooms_pure() -> None:
    """No file imports upwards, touches the world from a pure room, prints, reads the environment or speaks SQL."""
    sources = dict(_files(CORE, "*.py"))

    assert sources
    assert [] == [line for path, source in sources.items() for line in core_violations(path, source)]


def test_core_names_no_plugin() -> None:
    """No file of the core, templates and data included, mentions the import name of a plugin."""
    assert [] == [line for path, text in _files(CORE) for line in naming_violations(path, text)]


def test_plugins_use_only_what_a_third_party_could_use() -> None:
    """No plugin imports another plugin or a closed room, reads the environment, or prints outside its commands."""
    tops = [top for top in sorted(ROOT.glob("plugins/*/src/*")) if top.is_dir()]

    assert tops
    assert [] == [
        line
        for top in tops
        for path, source in _files(top, "*.py")
        for line in plugin_violations(top.name, path, source)
    ]


def test_every_dependency_is_explained_and_pinned() -> None:
    """Each direct dependency has its paragraph in docs/dependencies.md and an exact version in constraints.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
    ]
    names = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in wanted}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert [] == [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.!+]+", pin)]
    assert set() == names - {pin.split("==")[0].lower() for pin in pins}
    assert set() == names - {name.lower() for name in re.findall(r"^\*\*([\w.-]+)\*\*", page, re.MULTILINE)}


# The checks themselves: each kind of violation is found, and nothing else is.


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("errors.py", "import dxa.address", "errors may not import address"),
        ("errors.py", "from dxa import address", "errors may not import address"),
        ("errors.py", "from . import address", "errors may not import address"),
        ("errors.py", "from .address import Address", "errors may not import address"),
        ("rules/scope.py", "from ..ledger import view", "rules may not import ledger"),
        ("rules/__init__.py", "from ..ledger import view", "rules may not import ledger"),
        ("store/tables.py", "def f():\n    from dxa.agent import run", "store may not import agent"),
        ("store/tables.py", "if TYPE_CHECKING:\n    import dxa.cli.main", "store may not import cli"),
        ("demo.py", "import importlib\nimportlib.import_module('dxa.cli')", "demo may not import cli"),
        ("agent/__init__.py", "from dxa.testing import kit", "imports testing"),
        ("testing/kit.py", "from dxa.cli import main", "testing may not import cli"),
        ("agent.py", "from dxa.helpers import f", "no room"),
        ("agent.py", "from dxa import __version__", "no room"),
        ("__init__.py", "from dxa.errors import DxaError", "the package itself may not import errors"),
        ("plan.py", "import time", "a pure room imports time"),
        ("ledger/view.py", "from os.path import join", "a pure room imports os.path.join"),
        ("ledger/view.py", "def f():\n    import structlog", "a pure room imports structlog"),
        ("dirsync/server.py", "from sqlalchemy import select", "a pure room imports sqlalchemy.select"),
        ("entry.py", "x = open('a')", "a pure room calls open"),
        ("entry.py", "x = input()", "a pure room calls input"),
        ("plan.py", "from datetime import datetime\nx = datetime.now()", "reads the clock: datetime.datetime.now"),
        ("plan.py", "import datetime as d\nf = d.date.today", "reads the clock: datetime.date.today"),
        ("agent.py", "import os\nx = os.environ['A']", "reads the environment: os.environ"),
        ("agent.py", "from os import getenv as g", "reads the environment: os.getenv"),
        ("config/__init__.py", "import os as o\no.getenv('A')", "reads the environment: os.getenv"),
        ("agent.py", "print('a')", "prints: print"),
        ("agent.py", "log = print", "prints: print"),
        ("demo.py", "import click\nclick.echo('a')", "prints: click.echo"),
        ("demo.py", "from click import secho", "prints: click.secho"),
        ("agent/queries/past.py", "def f():\n    from sqlalchemy import select", "speaks SQL: sqlalchemy"),
        ("agent/queries/past.py", "def f(site): return site.store._db.rows", "speaks SQL: _db"),
        ("host.py", "x = 'dxa_msmail.plugin'", "names a plugin: dxa_msmail"),
        ("host.py", "# as dxa_ccmail does", "names a plugin: dxa_ccmail"),
    ],
)
def test_a_violation_in_the_core_is_found(path: str, source: str, expected: str) -> None:
    """A source of the core that breaks one rule is reported, under its path and with that rule."""
    (line, *_) = core_violations(path, source) or [""]

    assert line.startswith(f"src/dxa/{path}:")
    assert expected in line


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("address.py", "from dxa.errors import DxaError"),
        ("rules/__init__.py", "from .scope import f\nfrom dxa.rules import naming"),
        ("agent.py", "import os, time\nfrom dxa import connector, store\nfrom dxa.config.secrets import resolve"),
        ("cli/__init__.py", "import os, click\nfrom dxa import agent\nclick.echo(os.environ['A'])\nprint()"),
        ("testing/kit.py", "from dxa import agent, demo\nfrom dxa.testing import checks"),
        ("config/secrets.py", "import os\nx = os.environ['A']"),
        ("plan.py", "from datetime import datetime, timedelta\ndef f(now: datetime): return now + timedelta(1)"),
        ("dirsync/server.py", "def f(event): return event.now, event.open(), event.time"),
        ("store/tables.py", "from sqlalchemy import select\nwith open('a') as f: pass"),
        ("store/tables.py", "class A:\n    def f(self): return self._db.rows"),
    ],
)
def test_what_is_allowed_in_the_core_passes(path: str, source: str) -> None:
    """A source of the core that keeps the rules is not reported."""
    assert [] == core_violations(path, source)


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("plugin.py", "import dxa_other", "imports another plugin: dxa_other"),
        ("plugin.py", "from dxa_other.codec import f", "imports another plugin: dxa_other.codec.f"),
        ("plugin.py", "from dxa import agent", "imports dxa.agent"),
        ("plugin.py", "def f():\n    import dxa.store.tables", "imports dxa.store"),
        ("commands.py", "from dxa.cli import main", "imports dxa.cli"),
        ("commands.py", "import os\nos.getenv('A')", "reads the environment: os.getenv"),
        ("codec.py", "print('a')", "prints: print"),
        ("codec.py", "from click import echo", "prints: click.echo"),
    ],
)
def test_a_violation_in_a_plugin_is_found(path: str, source: str, expected: str) -> None:
    """A plugin's source that breaks one rule is reported, under its path and with that rule."""
    (line, *_) = plugin_violations("dxa_mine", path, source) or [""]

    assert line.startswith(f"dxa_mine/{path}:")
    assert expected in line


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("plugin.py", "from dxa import connector, hookspecs, memory\nfrom dxa_mine import codec\nfrom . import codec"),
        ("commands.py", "import click\nclick.echo('a')"),
        ("commands/dump.py", "print('a')"),
    ],
)
def test_what_is_allowed_in_a_plugin_passes(path: str, source: str) -> None:
    """A plugin's source that keeps the rules is not reported."""
    assert [] == plugin_violations("dxa_mine", path, source)


def test_an_unknown_room_is_found() -> None:
    """A file or folder that is not on the ladder is reported; rooms of either form and the package's own files pass."""
    names = ["__init__.py", "py.typed", "errors.py", "rules", "testing", "utils.py", "helpers"]

    assert ["helpers", "utils.py"] == unknown_rooms(names)
