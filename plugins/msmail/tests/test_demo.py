import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dxa.address import AddressTypes
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa_msmail import demo, importtext, plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.commands.standalone import requestor
from dxa_msmail.importlines import NAME_LENGTH


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has been played."""
    folder = tmp_path_factory.mktemp("demo") / "here"
    session = Session()
    session._host = Host({"msmail": plugin}, discover=False)
    assert 0 == run(["demo", str(folder)], session)
    return folder


def gal(folder: Path, name: str) -> list[tuple[str, str]]:
    """Names and addresses in a requestor's global address list."""
    where = folder / "requestors" / name
    result = CliRunner().invoke(requestor, ["gal", "--json", "-d", str(where)])
    return [(entry["name"], entry["address"]) for entry in json.loads(result.output)["entries"]]


def test_all_agree_in_the_end(played: Path) -> None:
    """After the demo every global address list is the same, and shows what was played."""
    lists = [gal(played, name) for name in ("hafen", "labor", "archiv")]
    addresses = {address for _, address in lists[0]}
    names = {name for name, _ in lists[0]}

    assert lists[0] == lists[1] == lists[2]
    assert {"MS:NORD/LABOR/HARMSE", "MS:NORD/HAFEN/ITALOZ", "MS:SUED/ARCHIV/LESESAAL"} <= addresses
    assert not {"MS:NORD/HAFEN/HARMSE", "MS:SUED/ARCHIV/OBERBR"} & addresses
    assert {"Kröger-Weiß, Heike", "Müller, Jürgen"} <= names
    assert "Scanner Room 2" not in names
    assert max(map(len, names)) <= NAME_LENGTH


def test_all_is_left_to_be_explored(played: Path) -> None:
    """The requestors' files and the messages' folders are there, and the site's mail is taken."""
    hafen = played / "requestors" / "hafen"

    assert {"ADDRESS.TXT", "GAL.TXT", "DIRSYNC.LOG", "requestor.toml", "state.json"} <= {
        p.name for p in hafen.iterdir()
    }
    assert [] == list((played / "site/mail/in").iterdir())
    assert [] == list((played / "site/mail/out").iterdir())


def test_the_postoffices_are_what_ms_mail_could_have() -> None:
    """Every name and mailbox of the scene is legal, and names and mailboxes are unique in their list."""
    for name, people in demo.POSTOFFICES.items():
        rows = "".join(f"A {who.name}\tPCM:{name}/{who.mailbox}\r\n" for who in people).encode("cp850")
        records = importtext.read(rows, types=AddressTypes(ADDRESS_TYPES))

        assert ([], len(people)) == (records.rejects, len({who.name for who in people}))
        assert len(people) == len({who.mailbox for who in people})


def test_the_held_delete_was_held(played: Path) -> None:
    """Nobody of the archive was lost at the others."""
    archive = {f"MS:SUED/ARCHIV/{who.mailbox}" for who in demo.POSTOFFICES[demo.ARCHIV] if who != demo.GONE}

    assert archive <= {address for _, address in gal(played, "hafen")}
