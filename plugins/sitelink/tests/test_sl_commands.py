"""Two sites on a disk, from the command line: keys, cycles, files, and what is said when something is wrong."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import attrs
import pytest

import dxa_msmail.plugin
import dxa_sitelink.plugin
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.host import Host
from dxa.signing import PrivateKey, PublicKey

LINK = """
[links.sites]
connector = "sitelink"
import_container = "Sites"
export_containers = ["Recipients"]

[links.sites.sitelink]
folder = "{folder}"
key = "file:sitelink.key"
patience = 0
"""

HOST = Host(extra={"msmail": dxa_msmail.plugin, "sitelink": dxa_sitelink.plugin}, discover=False)


@attrs.define
class Shell:
    """Commands in a folder, under a clock of its own."""

    capsys: pytest.CaptureFixture[str]
    root: Path
    now: float = 1_793_620_800.0

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """What a command prints, on both its outputs; it must end with that status."""
        session = Session(host=HOST, clock=lambda: self.now)
        ended = run([*map(str, arguments)], session)
        said = self.capsys.readouterr()
        assert status == ended, said.out + said.err
        return said.out + said.err

    def configure(self, site: str, text: str) -> None:
        """Put tables into the configuration of a site."""
        path = self.root / site / "dxa.toml"
        path.write_text(path.read_text() + text)

    def sync(self, *sites: str) -> None:
        """A cycle at each of these sites."""
        for site in sites:
            self.now += 600
            self("-C", str(self.root / site), "sync")


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Two sites that do not know each other yet, with a key each."""
    monkeypatch.delenv("DXA_SITE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "share").mkdir()
    shell = Shell(capsys, tmp_path)
    for site in ("hq", "berlin"):
        shell("init", site, "--organization", "LAB", "--site", site.upper())
        shell("keygen", f"{site}/sitelink.key")
        shell.configure(site, LINK.format(folder=tmp_path / "share"))
    return shell


@pytest.fixture
def linked(shell: Shell) -> Shell:
    """The same, linked, with a person each, in step."""
    shell("-C", "hq", "peers", "add", "sites", "LAB/BERLIN", "--set", f"public_key={public(shell, 'berlin')}")
    shell("-C", "berlin", "peers", "add", "sites", "LAB/HQ", "--set", f"public_key={public(shell, 'hq')}")
    shell("-C", "hq", "recipients", "add", "--name", "Ann Berg", "--alias", "ANN", "--proxy", "SMTP:ann@hq.example")
    shell("-C", "berlin", "recipients", "add", "--name", "Bob Wolf", "--alias", "BOB")
    shell.sync("hq", "berlin", "hq")
    return shell


def public(shell: Shell, site: str) -> PublicKey:
    """The public key of a site."""
    return PrivateKey.parse((shell.root / site / "sitelink.key").read_text()).public


def test_a_key_is_for_its_owner_alone(shell: Shell) -> None:
    """`keygen` prints the public key and its fingerprint; the file can be read by its owner only, and is not lost."""
    said = json.loads(shell("keygen", "new.key", "--json"))
    path = shell.root / "new.key"
    key = PrivateKey.parse(path.read_text())

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert {"file": "new.key", "public_key": str(key.public), "fingerprint": key.public.fingerprint} == said
    assert "is there already" in shell("keygen", "new.key", status=2)
    assert key.public == PrivateKey.parse(path.read_text()).public
    assert str(public(shell, "hq")) not in shell("keygen", "another.key")


def test_two_sites_exchange_their_people(linked: Shell) -> None:
    """What the guide shows: two cycles on one side and one on the other, and each has the other's people."""
    linked.sync("berlin", "hq")
    at_berlin = json.loads(linked("-C", "berlin", "recipients", "show", "Ann Berg", "--json"))
    at_hq = json.loads(linked("-C", "hq", "recipients", "list", "--json"))

    assert ("custom", "MS:LAB/HQ/ANN") == (at_berlin["kind"], at_berlin["target"])
    assert "SMTP:ann@hq.example" in at_berlin["proxies"]
    assert {"Ann Berg", "Bob Wolf"} == {found["name"] for found in at_hq["recipients"]}
    assert {"status"} == {path.name.split(".")[3] for path in (linked.root / "share").iterdir()}


def test_a_batch_is_shown_and_checked(linked: Shell) -> None:
    """`show` tells what a batch says and whose it is; `dxa dump` reads it, too."""
    (batch,) = (linked.root / "share").glob("lab-hq-*.0*.dxs")
    key = str(public(linked, "hq"))
    shown = linked("sitelink", "show", str(batch), "--key", key)
    told = json.loads(linked("sitelink", "show", str(batch), "--json"))
    dumped = [json.loads(line) for line in linked("dump", str(batch), "--json").splitlines()]

    assert f"good, of {public(linked, 'hq').fingerprint}" in shown
    assert "add     Ann Berg  MS:LAB/HQ/ANN  (LAB/HQ)" in shown
    assert "not checked; --key KEY checks it" == told["signature"]
    assert ["replace", "add"] == [row["do"] for row in told["transactions"]]
    assert ["header", "transaction", "transaction", "trailer"] == [row["kind"] for row in dumped]
    assert "of none of these keys" in linked(
        "sitelink", "show", str(batch), "--key", str(public(linked, "berlin")), status=1
    )


def test_a_damaged_batch_is_not_shown(linked: Shell) -> None:
    """What was changed or cut is told with its place, and ends with status 1."""
    (batch,) = (linked.root / "share").glob("lab-hq-*.0*.dxs")
    data = batch.read_bytes()
    batch.write_bytes(data.replace(b"Ann Berg", b"Eve Berg"))
    assert "it was changed or damaged" in linked("sitelink", "show", str(batch), status=1)

    batch.write_bytes(data[:-20])
    assert "ends too early" in linked("sitelink", "show", str(batch), status=1)


def test_a_changed_batch_is_kept_aside(linked: Shell) -> None:
    """The other site takes nothing of it, keeps a copy with the reason, and gets what was meant after all."""
    (batch,) = (linked.root / "share").glob("lab-hq-*.0*.dxs")
    batch.write_bytes(batch.read_bytes().replace(b"Ann Berg", b"Eve Berg"))
    linked.sync("berlin")
    (copy,) = [path for path in (linked.root / "berlin" / "sitelink-aside").iterdir() if path.suffix != ".why"]

    assert b"Eve Berg" in copy.read_bytes()
    assert "it was changed or damaged" in copy.with_name(f"{copy.name}.why").read_text()
    assert "Berg" not in linked("-C", "berlin", "recipients", "list")
    linked.sync("hq", "berlin")
    assert "Ann Berg" in linked("-C", "berlin", "recipients", "list")


def test_a_share_that_is_not_there_is_waited_for(linked: Shell) -> None:
    """While the share is not mounted, each cycle says so; when it is back, everything goes on."""
    share, away = linked.root / "share", linked.root / "away"
    share.rename(away)
    linked("-C", "hq", "recipients", "add", "--name", "Éva Horn", "--alias", "EVA")
    assert "is its share or disk mounted?" in linked("-C", "hq", "sync", status=1)

    away.rename(share)
    linked.sync("hq", "berlin")
    assert "Éva Horn" in linked("-C", "berlin", "recipients", "list")


def test_everything_is_sent_again_when_somebody_wants_it(linked: Shell) -> None:
    """`dxa peers full` sends the whole list with the next cycle, and nobody at the other site becomes another one."""
    linked.sync("berlin", "hq", "berlin")
    before = json.loads(linked("-C", "berlin", "recipients", "list", "--json"))
    linked("-C", "hq", "peers", "full", "LAB/BERLIN")
    linked.sync("hq")
    (batch,) = (linked.root / "share").glob("lab-hq-*.0*.dxs")
    assert "full:      yes" in linked("sitelink", "show", str(batch))

    linked.sync("berlin", "hq")
    assert before == json.loads(linked("-C", "berlin", "recipients", "list", "--json"))
    assert [] == list((linked.root / "share").glob("*.0*.dxs"))


PEER = '\n[links.sites.peers."{name}".sitelink]\n{text}\n'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("LAB/BERLIN", "", "public_key: is missing"),
        ("LAB/BERLIN", 'public_key = "ed25519:short"', "a public key is ed25519: and 32 bytes"),
        ("LAB/BERLIN", f'unsigned = true\npublic_key = "ed25519:{"A" * 43}="', "leave one out"),
        ("BERLIN", "unsigned = true", "a site is called ORGANIZATION/SITE"),
        ("LAB/HQ", "unsigned = true", "is what this site is called there"),
    ],
)
def test_what_is_wrong_with_a_peer_is_told(shell: Shell, name: str, text: str, expected: str) -> None:
    """A key that is missing or none, and names that cannot be: `dxa check` says where and what it should be."""
    shell.configure("hq", PEER.format(name=name, text=text))

    assert expected in " ".join(shell("-C", "hq", "check", status=2).split())


@pytest.mark.parametrize(("key", "expected"), [(None, "is missing"), ("text:no key at all", "no Ed25519 private key")])
def test_a_site_without_a_key_does_not_begin(shell: Shell, key: str | None, expected: str) -> None:
    """Whoever is to sign needs a key; the error says how to make one, and never shows what stands there."""
    path = shell.root / "hq" / "dxa.toml"
    line = f'key = "{key}"' if key else ""
    path.write_text(path.read_text().replace('key = "file:sitelink.key"', line))
    shell.configure("hq", PEER.format(name="LAB/BERLIN", text=f'public_key = "{public(shell, "berlin")}"'))
    said = " ".join(shell("-C", "hq", "sync", status=1).split())

    assert f"links.sites.sitelink.key{'' if key is None else ': it'}" in said
    assert expected in said
    assert "dxa keygen" in said
    assert "no key at all" not in said


def test_sites_may_trust_each_other_unsigned(shell: Shell) -> None:
    """Where both say so, files need no signature, and no site a key."""
    for site, other in (("hq", "LAB/BERLIN"), ("berlin", "LAB/HQ")):
        path = shell.root / site / "dxa.toml"
        path.write_text(path.read_text().replace('key = "file:sitelink.key"', ""))
        shell.configure(site, PEER.format(name=other, text="unsigned = true"))
    shell("-C", "hq", "recipients", "add", "--name", "Ann Berg", "--alias", "ANN")
    shell.sync("hq", "berlin", "hq", "berlin")

    assert "Ann Berg" in shell("-C", "berlin", "recipients", "list")


def test_a_rehearsal_leaves_the_folder_alone(linked: Shell) -> None:
    """`dxa plan` says what would be done, and writes and removes nothing."""
    linked("-C", "hq", "recipients", "add", "--name", "Éva Horn", "--alias", "EVA")
    before = {path.name: path.read_bytes() for path in (linked.root / "share").iterdir()}
    linked("-C", "hq", "plan")
    linked("-C", "berlin", "plan")

    assert before == {path.name: path.read_bytes() for path in (linked.root / "share").iterdir()}
