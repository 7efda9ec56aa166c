"""``requestor.toml``: what a requestor is told by its people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from dxa.config.secrets import Secret
from dxa.config.structure import Problems, dotted, make_converter
from dxa.errors import ConfigError, UsageError
from dxa.mail.options import PairOptions
from dxa.options import Field, option
from dxa_msmail import keys
from dxa_msmail.envelope import SYSTEM
from dxa_msmail.importlines import CODE_PAGE

CONFIG = "requestor.toml"
STATE = "state.json"


def _code_page(_instance: object, field: Field, value: str) -> None:
    try:
        "".encode(value)
    except LookupError:
        raise ValueError(f"{field.name}: unknown code page {value!r}") from None


@attrs.frozen(kw_only=True)
class RequestorConfig:
    """The keys of ``requestor.toml``."""

    network: str = option("our network", validator=keys.element)
    postoffice: str = option("our postoffice", validator=keys.element)
    server: str = option("NET/PO of the directory synchronization server", validator=keys.postoffice)
    inbox: str = option("folder where the server's answers arrive", "mail/in")
    outbox: str = option("folder where our messages are dropped", "mail/out")
    mail: PairOptions = option("messages as e-mails, in place of message files", attrs.Factory(PairOptions))
    password: Secret | None = option("env:NAME, file:PATH or the text itself; leave out for none", None)
    types: tuple[str, ...] = option("address types wanted from the server", ("PCM",), keys.known_types)
    templates: bool = option("template values are sent and wanted", False)
    limit: int = option("largest message in bytes; 0 is no limit", 0)
    address_list: str = option("our own address list, as Import text", "ADDRESS.TXT")
    gal: str = option("the global address list is written here, as Import text", "GAL.TXT")
    log: str = option("log of what was done", "DIRSYNC.LOG")
    inject: bool = option("send entries of other lists in our address list, too", False)
    status_report: bool = option("send the log to the server with each request", False)
    mailbox: str = option("mailbox that answers are for: $SYSTEM or SYSTEMn", SYSTEM, keys.system_mailbox)
    server_mailbox: str = option("mailbox of the server", SYSTEM, keys.system_mailbox)
    code_page: str = option("code page of all texts", CODE_PAGE, _code_page)
    line_end: Literal["CR", "LF", "CRLF"] = option("line end of message headers", "CRLF")
    placement: Literal["INATTACHMENT", "INBODY"] = option("where transactions go", "INATTACHMENT")
    #: For tests only: behave as real postoffices may, see `Requestor`.
    naive: bool = option("apply answers as they come, without looking at what they build on", False)

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
        if field.name in ("naive", "mail"):  # the latter is a table: docs/mail.md
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
