"""The example of a plugin, installed in a folder of its own by its wheel, as anybody would have it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from docs.generators import environment
from dxa.cli.run import run
from dxa.cli.session import Session

ROOT = Path(__file__).resolve().parent.parent

SITE = """
[addressing.templates]
SMTP = "{alias}@hq.lab.example"
MS = "{organization}/{site}/{alias}"
CCMAIL = "{name} at {site}"

[links.cards]
connector = "vcard"
import_container = "Cards"
export_containers = ["Recipients", "MS Mail", "cc-Mail"]

[links.cards.vcard]
folder = "../cards"

[links.ccmail]
connector = "ccmail"
import_container = "cc-Mail"
export_containers = ["Cards"]

[links.ccmail.ccmail]
post_office = "PO1"
run = "simulator"
simulator = { folder = "../po1" }
"""


OFFICE = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Cards"]

[links.pcmail.msmail]
maildata = "shadow"
"""


class Place:
    """A folder with a site, its neighbours and a folder of cards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cards = folder / "cards"
        self.cards.mkdir()

    def dxa(self, *words: str, status: int = 0) -> str:
        """What a command prints; its connectors run in processes of their own."""
        printed = io.StringIO()
        with chdir(self.folder), redirect_stdout(printed), redirect_stderr(printed):
            found = run(words, Session())
        assert status == found, printed.getvalue()
        return printed.getvalue()

    def configure(self, text: str) -> None:
        """Add to the configuration of the site."""
        with (self.folder / "site" / "dxa.toml").open("a", encoding="utf-8") as file:
            file.write(text)

    def card(self, file: str, name: str, *emails: str) -> None:
        """Somebody writes a card."""
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", *(f"EMAIL:{email}" for email in emails), "END:VCARD", ""]
        (self.cards / file).write_text("\r\n".join(lines), encoding="utf-8")

    def sync(self, status: int = 0) -> str:
        """A cycle of the site."""
        return self.dxa("-C", "site", "sync", status=status)

    def gal(self) -> str:
        """The global address list of the postoffice, after it has asked and was answered."""
        self.dxa("msmail", "reqmain", "-t", "-d", "north")
        self.dxa("msmail", "external", "-d", "north")
        self.sync()
        self.dxa("msmail", "external", "-d", "site/shadow")
        self.dxa("msmail", "reqmain", "-r", "-d", "north")
        self.dxa("msmail", "import", "ADMIN", "-q", "-y", "-d", "north")
        self.dxa("msmail", "rebuild", "-f", "-d", "north")
        return self.dxa("msmail", "postoffice", "gal", "north")

    def found(self) -> dict[str, str]:
        """The cards of dxa: their texts by the names on them."""
        texts = [file.read_bytes().decode() for file in self.cards.glob("dxa-*.vcf")]
        return {text.partition("FN:")[2].partition("\r\n")[0]: text for text in texts}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the example is installed, as a wheel."""
    folder = tmp_path_factory.mktemp("installed")
    environment.install_into(folder, ROOT / "examples" / "dxa-vcard")
    return folder


@pytest.fixture
def place(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A site with links to the cards and to cc:Mail, where Bo is; connectors' processes find the plugin as well."""
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setenv("PYTHONPATH", str(installed))
    place = Place(tmp_path)
    place.dxa("init", "site", "--organization", "LAB", "--site", "HQ")
    place.configure(SITE)
    place.dxa("ccmail", "simulate", "init", "po1", "--name", "PO1")
    place.dxa("ccmail", "simulate", "edit", "add", "po1", "Quist, Bo")
    return place


@pytest.fixture
def office(place: Place) -> Place:
    """The same with a postoffice of MS Mail, where Ase is."""
    place.configure(OFFICE)
    (place.folder / "north.password").write_text("secret\n", encoding="utf-8")
    (place.folder / "north.password").chmod(0o600)
    name = ("--network", "NORTH", "--postoffice", "MAIN")
    place.dxa("msmail", "postoffice", "create", "north", *name, "--admin", "ADMIN")
    place.dxa("msmail", "admin", "ADMIN", "-d", "north", "user", "add", "LARSEN", "--name", "Larsen, Ase")
    password = ("--password-ref", "file:../north.password")
    place.dxa("-C", "site", "peers", "add", "pcmail", "NORTH/MAIN", *password, "--set", "maildata=../north")
    place.dxa("msmail", "admin", "ADMIN", "-d", "north", "postoffice", "add", "LAB/HQ", "--direct", "../site/shadow")
    place.dxa("msmail", "admin", "ADMIN", "-d", "north", "server", "LAB/HQ", "--password", "file:../north.password")
    return place


def test_the_installed_plugin_is_found_and_sound(place: Place) -> None:
    """`dxa plugins` shows it with its distribution, and `dxa plugins check` finds nothing to complain of."""
    assert "dxa-vcard 0.1.0" in place.dxa("plugins")
    assert ", 0 failed" in place.dxa("plugins", "check", "vcard")


def test_it_takes_part_in_a_cycle_with_ms_mail_and_cc_mail(office: Place) -> None:
    """Who has a card reaches the other two systems, and their people get cards; who changes and goes does so there."""
    office.card("eva.vcf", "Eva Berg", "eva@cards.example")
    office.card("nobody.vcf", "No Mail")
    office.sync()
    gal = office.gal()

    assert "Eva Berg" in gal
    assert "No Mail" not in gal
    assert "Eva Berg" in office.dxa("ccmail", "simulate", "edit", "show", "po1")
    assert {"Larsen\\, Ase", "Bo Quist"} == office.found().keys()

    office.card("eva.vcf", "Eva Stein", "eva@cards.example")
    office.dxa("msmail", "admin", "ADMIN", "-d", "north", "user", "delete", "LARSEN")
    gal = office.gal()

    assert "Eva Stein" in gal
    assert "Eva Berg" not in gal
    assert {"Bo Quist"} == office.found().keys()
    assert ["eva.vcf", "nobody.vcf"] == sorted(f.name for f in office.cards.iterdir() if not f.name.startswith("dxa-"))


def test_what_goes_wrong_in_the_folder_removes_nobody_and_holds_up_nobody_else(place: Place) -> None:
    """A folder that is away fails its link alone; a card that nobody can read is kept with its reason. All stay."""
    place.card("eva.vcf", "Eva Berg", "eva@cards.example")
    place.sync()
    place.cards.rename(place.folder / "away")
    place.dxa("ccmail", "simulate", "edit", "add", "po1", "Cole, Ann")
    said = place.sync(status=1)

    assert "No such file or directory" in said
    assert "Eva Berg" in place.dxa("ccmail", "simulate", "edit", "show", "po1")

    (place.folder / "away").rename(place.cards)
    (place.cards / "eva.vcf").write_text("BEGIN:VCARD\nFN:Eva", encoding="utf-8")
    place.sync()

    assert "eva.vcf" in place.dxa("-C", "site", "rejects", "list")
    assert {"Eva Berg", "Ann Cole", "Bo Quist"} <= set(names(place.dxa("-C", "site", "recipients", "list")))
    assert {"Ann Cole", "Bo Quist"} == place.found().keys()


def names(listing: str) -> Iterator[str]:
    """The names in a listing of recipients."""
    return (name for name in ("Eva Berg", "Ann Cole", "Bo Quist") if name in listing)
