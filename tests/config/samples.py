"""Connectors and a whole configuration for the tests of the configuration; no plugin's."""

from pathlib import Path
from typing import Any

import attrs

from dxa.config import Finding, Site, check, parse
from dxa.config.secrets import Secret
from dxa.connector import Connector, ConnectorType, Holds, LinkContext, Traits
from dxa.errors import ConfigError
from dxa.memory import Memory


def _not_reserved(_instance: object, field: "attrs.Attribute[str]", value: str) -> None:
    if value == "SMTP":
        raise ValueError(f"{field.name} is a reserved name: {value}")


@attrs.frozen(kw_only=True)
class PostOptions:
    path: Path = attrs.field(default=Path("maildata"), metadata={"doc": "folder of the post office"})
    network: str = attrs.field(default="", validator=_not_reserved, metadata={"doc": "name of the network"})
    width: int = attrs.field(
        default=10,
        validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(10)),
        metadata={"doc": "w"},
    )
    bind: Secret | None = attrs.field(default=None, metadata={"doc": "a secret of the connector"})


@attrs.frozen(kw_only=True)
class PostPeerOptions:
    delay: float = attrs.field(default=0.0, metadata={"doc": "hours to wait"})


def _open(context: LinkContext) -> Connector:
    raise NotImplementedError


POST = ConnectorType(
    name="post",
    summary="many peers behind one link",
    traits=Traits(types=("POST", "SMTP"), holds=Holds.QUOTED, many_peers=True),
    open=_open,
    options=PostOptions,
    peer_options=PostPeerOptions,
    roles=("server", "requestor"),
)
CONNECTORS = {"post": POST, **{kind.name: kind for kind in Memory().dxa_connectors()}}

SITE = """
[site]
organization = "Lab"
name = "HQ"
administrator = "POST:LAB/HQ/ADMIN"
"""

MEMORY = """
[links.mem]
connector = "memory"
import_container = "Foreign/Memory"
export_containers = ["Staff"]
"""

SERVER = """
[links.post]
connector = "post"
role = "server"
import_container = "Foreign"
export_containers = ["Staff"]
"""

#: A configuration of the first release, with a bit of everything. Never changed: see `test_golden`.
OLD = (Path(__file__).parent / "old.toml").read_text(encoding="utf-8")


def site(*parts: str, folder: Path = Path("/site")) -> Site:
    """The site of a configuration in parts."""
    return parse("".join(parts), folder / "dxa.toml", CONNECTORS)


def problems(*parts: str, folder: Path = Path("/site"), **known: Any) -> list[str]:
    """The problems that make a configuration unusable; none when it loads."""
    try:
        parse("".join(parts), folder / "dxa.toml", CONNECTORS, **known)
    except ConfigError as error:
        return list(error.problems)
    return []


def warnings(folder: Path, *parts: str) -> list[str]:
    """What is doubtful about a configuration that is written into the folder."""
    (folder / "dxa.toml").write_text("".join(parts), encoding="utf-8")
    findings: list[Finding] = check(folder, CONNECTORS)
    return [str(finding) for finding in findings if finding.warning]
