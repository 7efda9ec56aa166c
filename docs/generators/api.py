"""What plugins may use, as the code says it: classes with their fields and methods, functions, constants."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from textwrap import dedent
from types import ModuleType
from typing import Any

import attrs

from docs.generators.markdown import code, fenced, table
from dxa.config.model import PluginsTable, ProcessTable

#: The modules of each part of the page, in the order in which they stand there.
MODULES: dict[str, tuple[str, ...]] = {
    "connector": tuple(
        f"dxa.connector.{part}" for part in ("types", "traits", "reports", "parcels", "abilities", "offers")
    ),
    "values": ("dxa.entry", "dxa.recipient", "dxa.change", "dxa.dirsync.messages", "dxa.errors"),
    "addresses": ("dxa.address", "dxa.standard", "dxa.x400"),
    "transports": (
        "dxa.mail.interface",
        "dxa.mail.letter",
        "dxa.mail.options",
        "dxa.mail.memory",
        "dxa.signing",
    ),
    "disk": ("dxa.disk",),
    "options": ("dxa.options",),
    "secrets": ("dxa.config.secrets",),
    "testing": ("dxa.testing", "dxa.testing.pytest_skin", "dxa.testing.strategies"),
}


@attrs.frozen
class Named:
    """Something public: its module, its whole name in it, what it is, and what its author says of it."""

    module: str
    name: str
    text: str


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the page, by the names that they have there."""

    def block(modules: tuple[str, ...]) -> Callable[[], str]:
        return lambda: "\n".join(_module(import_module(name)) for name in modules)

    return {f"api-{part}": block(modules) for part, modules in MODULES.items()} | {"api-tables": _tables}


def _tables() -> str:
    """The tables of the configuration that are about plugins and their processes."""
    return "\n".join(_shown(cls.__name__, cls) for cls in (PluginsTable, ProcessTable))


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public classes and functions of a module by name: those of `__all__`, or those that are defined in it."""
    names = getattr(module, "__all__", None) or list(vars(module))
    for name in names:
        value = getattr(module, name)
        if name.startswith("_") or not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        if hasattr(module, "__all__") or value.__module__ == module.__name__:
            yield name, value


def everything() -> Iterator[Named]:
    """All that stands on the page, members of classes among it, with what is said of each."""
    for name in (name for modules in MODULES.values() for name in modules):
        module = import_module(name)
        yield Named(name, "", inspect.getdoc(module) or "")
        for constant, (_, text) in constants(module).items():
            yield Named(name, constant, text)
        for each, value in public(module):
            yield Named(name, each, _doc(value))
            if inspect.isclass(value):
                # What the members of an enumeration are, is said by the enumeration.
                said = {} if issubclass(value, Enum) else fields(value)
                yield from (Named(name, f"{each}.{field}", text) for field, (_, _, text) in said.items())
                yield from (Named(name, f"{each}.{method}", _doc(m)) for method, m in methods(value).items())


# -- what is there -----------------------------------------------------------------------------------------------------


def constants(module: ModuleType) -> dict[str, tuple[str, str]]:
    """The public names that a module assigns, with the value as it is written, and the comment or none."""
    source = inspect.getsource(module)
    if hasattr(module, "__all__"):
        return {}
    return {
        name: (ast.get_source_segment(source, value) or "", comment)
        for name, value, comment in _assigned(ast.parse(source), source)
        if value is not None and not name.startswith("_") and not ast.unparse(value).startswith("TypeVar(")
    }


def fields(cls: type) -> dict[str, tuple[str, str, str]]:
    """The fields of a class, its own: type, default as it is written, and what is said of each."""
    found = {}
    doc = _doc(cls)
    for name, (type_, value, comment) in _members(cls).items():
        text = comment or _metadata(cls, name) or _said_in(doc, name)
        found[name] = (type_, value, text)
    return found


def methods(cls: type) -> dict[str, Any]:
    """The public methods and properties of a class, its own."""
    found = {}
    for name, value in vars(cls).items():
        plain = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if not name.startswith("_") and (inspect.isfunction(plain) or isinstance(plain, property)):
            found[name] = plain
    return found


@cache
def _members(cls: type) -> dict[str, tuple[str, str, str]]:
    """Annotated names (or members of an enumeration) by name: type, default and comment."""
    whole = inspect.getsource(import_module(cls.__module__))
    node = next(n for n in ast.walk(ast.parse(whole)) if isinstance(n, ast.ClassDef) and n.name == cls.__name__)
    members = {}
    for name, value, comment in _assigned(node, whole):
        if name.startswith("_") or (value is None and issubclass(cls, Enum)):
            continue
        type_ = next((ast.unparse(n.annotation) for n in node.body if _annotates(n, name)), "")
        members[name] = type_, _default(value), comment
    return members


def _assigned(node: ast.Module | ast.ClassDef, source: str) -> Iterator[tuple[str, ast.expr | None, str]]:
    """The names that are assigned or annotated in the body, each with its value and the ``#:`` comment above it."""
    lines = source.splitlines()
    for each in node.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value, _comment(lines, each.lineno)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value, _comment(lines, each.lineno)


def _annotates(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name


def _comment(lines: list[str], line: int) -> str:
    """The comment of lines that begin with ``#:`` above a line, counted from 1."""
    found: list[str] = []
    for text in reversed(lines[: line - 1]):
        stripped = text.strip()
        if not stripped.startswith("#"):
            break
        found.insert(0, stripped)
    return " ".join(part.lstrip("#:").strip() for part in found) if found and found[0].startswith("#:") else ""


def _default(value: ast.expr | None) -> str:
    """The default as people write it; nothing where there is none."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("attrs.field", "field", "_key", "key", "option"):
        words = {word.arg: word.value for word in value.keywords}
        if "default" in words:
            return ast.unparse(words["default"])
        if ast.unparse(value.func) in ("_key", "key", "option"):
            return ast.unparse(value.args[1]) if len(value.args) > 1 else ""
        if "factory" in words:
            return f"{ast.unparse(words['factory'])}()"
        return ""
    return ast.unparse(value) if value is not None else ""


def _metadata(cls: type, name: str) -> str:
    """What the field of an options class says of itself."""
    if not attrs.has(cls):
        return ""
    return next((field.metadata.get("doc", "") for field in attrs.fields(cls) if field.name == name), "")


def _said_in(doc: str, name: str) -> str:
    """A sign that the class's own text explains the field: it has its name as a word."""
    return "see above" if re.search(rf"\b{re.escape(name)}\b", doc, re.IGNORECASE) else ""


def _doc(value: Any) -> str:
    """The docstring of its own, not an inherited or generated one."""
    text = getattr(value, "__doc__", None) or ""
    return "" if text.startswith(("Method generated by attrs", "Alias for field")) else inspect.cleandoc(text)


# -- how it is shown ---------------------------------------------------------------------------------------------------


def _module(module: ModuleType) -> str:
    parts = [f"### `{module.__name__}`\n\n{prose(inspect.getdoc(module) or '')}\n"]
    if found := constants(module):
        rows = ((code(name), code(_short(value)), prose(text)) for name, (value, text) in found.items())
        parts.append(table(("name", "value", "meaning"), rows))
    parts += [_shown(name, value) for name, value in public(module)]
    return "\n".join(parts)


def _shown(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return _class(name, value)
    return f"#### `{name}`\n\n{fenced(f'def {name}{_signature(value)}', 'python')}\n{prose(_doc(value))}\n"


def _class(name: str, cls: type) -> str:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base.__name__ not in ("object", "tuple", "Generic"))
    parts = [f"#### `{name}`{f' ({bases})' if bases else ''}\n\n{prose(_doc(cls))}\n"]
    if (found := fields(cls)) and issubclass(cls, Enum):
        rows = ((code(each), code(f[1]), prose(f[2])) for each, f in found.items())
        parts.append(table(("member", "value", "meaning"), rows))
    elif found:
        cells = ((code(each), code(f[0]), code(_short(f[1])), prose(f[2])) for each, f in found.items())
        parts.append(table(("field", "type", "default", "meaning"), cells))
    for method, function in methods(cls).items():
        text = prose(_doc(function)).replace("\n\n", "\n\n  ")
        call = method if isinstance(function, property) else f"{method}{_signature(function)}"
        parts.append(f"- `{call}`: {text}\n")
    return "\n".join(parts)


def _signature(function: Any) -> str:
    return re.sub(r"'([^']*)'", r"\1", str(inspect.signature(function)))


def _short(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= 60 else f"{one[:57]}…"


def prose(text: str) -> str:
    """A docstring as Markdown: its code in single backquotes, an example as a block of Python."""
    text, _, example = text.partition("Example::\n")
    parts = [text.strip().replace("``", "`")]
    if example:
        parts.append(fenced(dedent(example).strip("\n"), "python").rstrip())
    return "\n\n".join(parts)
