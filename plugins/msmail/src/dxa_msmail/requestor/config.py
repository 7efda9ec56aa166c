"""``requestor.toml``: what a requestor is told by its people."""
# ruff: noqa: RUF009 - `_key` is `attrs.field` with an explanation; it makes no value

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

from dxa.config.secrets import Secret
from dxa.config.structure import Problems, dotted, make_converter
from dxa.errors import AddressError, ConfigError, UsageError
from dxa_msmail.addresses import ADDRESS_TYPES, check_pair
from dxa_msmail.envelope import SYSTEM, mail_address
from dxa_msmail.importlines import CODE_PAGE

CONFIG = "requestor.toml"
STATE = "state.json"

_TYPES = frozenset(name for kind in ADDRESS_TYPES for name in (kind.name, *kind.aliases))
_Field: TypeAlias = "attrs.Attribute[Any]"


def _element(_instance: object, field: _Field, value: str) -> None:
    try:
        check_pair(*((value, "X") if field.name == "network" else ("X", value)))
    except AddressError as error:
        raise ValueError(f"{field.name}: {error}") from None


def _postoffice(_instance: object, field: _Field, value: str) -> None:
    net, slash, po = value.partition("/")
    if not slash:
        raise ValueError(f"{field.name} must be NET/PO, got {value!r}")
    try:
        check_pair(net, po)
    except AddressError as error:
        raise ValueError(f"{field.name}: {error}") from None


def _mailbox(_instance: object, field: _Field, value: str) -> None:
    if not mail_address(f"N/P/{value}").is_system:
        raise ValueError(f"{field.name} must be $SYSTEM or SYSTEMn, got {value!r}")


def _types(_instance: object, field: _Field, value: tuple[str, ...]) -> None:
    unknown = [name for name in value if name.upper() not in _TYPES]
    if unknown:
        raise ValueError(f"{field.name}: unknown address type {', '.join(unknown)}")


def _code_page(_instance: object, field: _Field, value: str) -> None:
    try:
        "".encode(value)
    except LookupError:
        raise ValueError(f"{field.name}: unknown code page {value!r}") from None


def _key(doc: str, default: Any = attrs.NOTHING, validator: Any = None) -> Any:
    return attrs.field(default=default, validator=validator, metadata={"doc": doc})


@attrs.frozen(kw_only=True)
class RequestorConfig:
    """The keys of ``requestor.toml``."""

    network: str = _key("our network", validator=_element)
    postoffice: str = _key("our postoffice", validator=_element)
    server: str = _key("NET/PO of the directory synchronization server", validator=_postoffice)
    inbox: str = _key("folder where the server's answers arrive", "mail/in")
    outbox: str = _key("folder where our messages are dropped", "mail/out")
    password: Secret | None = _key("env:NAME, file:PATH or the text itself; leave out for none", None)
    types: tuple[str, ...] = _key("address types wanted from the server", ("PCM",), _types)
    templates: bool = _key("template values are sent and wanted", False)
    limit: int = _key("largest message in bytes; 0 is no limit", 0)
    address_list: str = _key("our own address list, as Import text", "ADDRESS.TXT")
    gal: str = _key("the global address list is written here, as Import text", "GAL.TXT")
    log: str = _key("log of what was done", "DIRSYNC.LOG")
    inject: bool = _key("send entries of other lists in our address list, too", False)
    status_report: bool = _key("send the log to the server with each request", False)
    mailbox: str = _key("mailbox that answers are for: $SYSTEM or SYSTEMn", SYSTEM, _mailbox)
    server_mailbox: str = _key("mailbox of the server", SYSTEM, _mailbox)
    code_page: str = _key("code page of all texts", CODE_PAGE, _code_page)
    line_end: Literal["CR", "LF", "CRLF"] = _key("line end of message headers", "CRLF")
    placement: Literal["INATTACHMENT", "INBODY"] = _key("where transactions go", "INATTACHMENT")
    #: For tests only: behave as real postoffices may, see `Requestor`.
    naive: bool = _key("apply answers as they come, without looking at what they build on", False)

    @property
    def name(self) -> str:
        """``NET/PO``."""
        return f"{self.network}/{self.postoffice}"


def load(folder: Path) -> RequestorConfig:
    """The configuration in a folder; raises `UsageError` when there is none, `ConfigError` with all its problems."""
    path = folder / CONFIG
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        hint = f"`dxa msmail requestor init {folder}` makes one"
        raise UsageError(f"{folder} is not a requestor: it has no {CONFIG}. {hint}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(path), [str(error)]) from None
    return _structured(data, path)


def _structured(data: Mapping[str, Any], path: Path) -> RequestorConfig:
    try:
        config: RequestorConfig = make_converter(path.parent).structure(data, RequestorConfig)
    except Problems as problems:
        raise ConfigError(str(path), [f"{dotted(key)}: {text}" for key, text in problems.found]) from None
    return config


def write(folder: Path, values: Mapping[str, Any]) -> Path:
    """Make ``requestor.toml`` with these values; every other key stands there as a comment with its default.

    Raises `ConfigError` before anything is written.
    """
    path = folder / CONFIG
    if path.exists():
        raise UsageError(f"{path} exists already; edit it, or choose another folder")
    # The password need not be there yet.
    _structured({key: value for key, value in values.items() if key != "password"}, path)
    lines = ["# What this requestor is told; `dxa msmail requestor status` shows what it has done.", ""]
    for field in attrs.fields(RequestorConfig):
        if field.name == "naive":
            continue
        lines.append(f"# {field.metadata['doc']}")
        given = field.name in values
        value = _toml(values[field.name] if given else field.default)
        lines.append(f"{'' if given else '# '}{field.name} = {value}")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if value is None:
        return '""'
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
