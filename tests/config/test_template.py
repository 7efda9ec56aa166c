import re
import tomllib
from pathlib import Path

import pytest

from dxa.config import load, parse
from dxa.config.reference import KeyDoc, reference
from dxa.config.template import create, template
from dxa.errors import UsageError
from tests.config.samples import CONNECTORS, problems, site


def _uncommented(text: str) -> str:
    return re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)


def _plain(key: KeyDoc) -> str:
    """The key as the template has it: its example is of the connector `post`."""
    return key.key.replace("links.NAME", "links.example")


def _keys(table: object, at: str = "") -> set[str]:
    if not isinstance(table, dict):
        return {at}
    parts = {f'"{name}"' if name == "PEER" else name: part for name, part in table.items()}
    return {at}.union(*(_keys(part, f"{at}.{name}" if at else name) for name, part in parts.items()))


def test_the_template_loads_when_its_names_are_filled_in() -> None:
    """A new file needs two names and nothing else, given at once or filled in later."""
    blank = template(connectors=CONNECTORS)

    assert ["site.organization: must not be empty", "site.name: must not be empty"] == problems(blank)
    filled = blank.replace('organization = ""', 'organization = "Lab"').replace('\nname = ""', '\nname = "HQ"')
    assert site(filled) == site(template("Lab", "HQ", CONNECTORS))
    assert 'My "Lab"' == site(template('My "Lab"', "HQ")).organization


def test_the_template_has_every_key_of_the_model() -> None:
    """Uncommented as a whole, the template has every key there is, with the default that the model has."""
    text = _uncommented(template("Lab", "HQ", CONNECTORS))
    data = tomllib.loads(text)
    inside_lists = {key for key in reference(CONNECTORS) if "[]" in key.key}

    assert {_plain(key) for key in reference(CONNECTORS)} - {_plain(key) for key in inside_lists} <= _keys(data)
    assert [] == [key for key in inside_lists if f"#   {key.key.rpartition('.')[2]} = " not in text]


def test_the_values_of_the_template_are_the_defaults() -> None:
    """A setting that is uncommented as it is changes nothing; the examples are a link and a peer that load."""
    post = {"post": CONNECTORS["post"]}
    text = _uncommented(template("Lab", "HQ", post)).replace('connector = "memory"', 'connector = "post"')
    text = text.replace('role = ""', 'role = "server"').replace('bind = "env:NAME"', "")
    text = text.replace('"env:NAME"', '"x"')
    found = parse(text, Path("/site/dxa.toml"), post)
    minimal = site(
        '[site]\norganization = "Lab"\nname = "HQ"\n[links.example]\nconnector = "post"\nrole = "server"\n'
        'import_container = "Foreign"\n[links.example.peers."PEER"]\npassword = "x"\n'
    )

    assert minimal.links == found.links
    assert minimal.addressing == found.addressing
    assert minimal.database == found.database


def test_every_key_is_explained() -> None:
    """The reference has a type and an explanation for every key, of connectors, too, and each key once."""
    keys = list(reference(CONNECTORS))

    assert [] == [key for key in keys if not key.doc or not key.type]
    assert len(keys) == len({key.key for key in keys})
    assert KeyDoc("site.keep_runs_days", "whole number", "90", "days that runs can be explained and undone") in keys
    assert {
        ('links.NAME.peers."PEER".password', "secret"),
        ("links.NAME.export_containers", "list of text"),
        ("links.NAME.memory.feed", '"full" or "changes"'),
        ("links.NAME.filters_in", "list of tables"),
    } <= {(key.key, key.type) for key in keys}


@pytest.mark.dx("T-100")
def test_a_configuration_is_never_overwritten(tmp_path: Path) -> None:
    """A new file is the owner's only; where there is one, it stays as it is."""
    path = tmp_path / "dxa.toml"
    create(path, template("Lab", "HQ"))

    assert 0o600 == path.stat().st_mode & 0o777
    assert "HQ" == load(tmp_path, CONNECTORS).name
    with pytest.raises(UsageError, match="does not overwrite"):
        create(path, "other")
    assert template("Lab", "HQ") == path.read_text(encoding="utf-8")
