"""Links that would write into one place of a foreign system."""

from pathlib import Path

import pytest

from dxa.config import check
from dxa.config.places import Clash, clashes
from dxa.host import Host

SITE = '[site]\norganization = "LAB"\nname = "HQ"\nadministrator = "MEM:x"\n'


def _ldap(name: str, uri: str, container: str, *, more: str = "", people: str = "") -> str:
    return (
        f'[links.{name}]\nconnector = "ldap"\nimport_container = "D"\nexport_containers = ["S"]\n{more}'
        f'[links.{name}.ldap]\nuri = "{uri}"\n[links.{name}.ldap.people]\nsync_container = "{container}"\n{people}'
    )


def _files(name: str, container: str, *, write: str = 'write = "csv55"') -> str:
    return (
        f'[links.{name}]\nconnector = "exchange"\nimport_container = "D"\nexport_containers = ["S"]\n'
        f'[links.{name}.exchange]\ninbox = "{name}/in"\noutbox = "{name}/out"\ndone = "{name}/done"\n{write}\n'
        f'[links.{name}.exchange.people]\ndialect = "csv55"\nsync_container = "{container}"\n'
    )


def _problems(folder: Path, *links: str) -> list[str]:
    (folder / "dxa.toml").write_text(SITE + "".join(links), encoding="utf-8")
    host = Host()
    return [str(found) for found in check(folder, host.connectors(), host.address_types()) if not found.warning]


OURS = _ldap("a", "ldaps://dc1.example", "ou=dxa,dc=example")


@pytest.mark.parametrize(
    "other",
    [
        _ldap("b", "ldaps://dc1.example", "ou=dxa,dc=example"),
        _ldap("b", "ldap://DC1.example:389", "OU=DXA, DC=example"),
        _ldap("b", "ldaps://dc1.example", "ou=further,ou=dxa,dc=example"),
    ],
    ids=["the same", "in another spelling", "below it"],
)
def test_two_links_that_write_into_one_container_are_a_problem(tmp_path: Path, other: str) -> None:
    """`dxa check` names both and the place; the site is not opened."""
    (problem,) = _problems(tmp_path, OURS, other)

    assert problem.startswith("links.b: writes into the same place as a (dc1.example dxa LAB/HQ dc=exa")
    assert problem.endswith("each would take the other's for its own: give each a place of its own")


@pytest.mark.parametrize(
    "other",
    [
        _ldap("b", "ldaps://dc2.example", "ou=dxa,dc=example"),
        _ldap("b", "ldaps://dc1.example", "ou=other,dc=example"),
        _ldap("b", "ldaps://dc1.example", "ou=dxa,dc=example", more="enabled = false\n"),
        _ldap("b", "ldaps://dc1.example", "ou=dxa,dc=example", people='mark = "employeeType=second"\n'),
        _ldap("b", "ldaps://dc1.example", ""),
        _files("b", "/dc=example/ou=dxa", write=""),
    ],
    ids=["another server", "another container", "switched off", "another mark", "read only", "files that are read"],
)
def test_links_that_do_not_meet_are_none(tmp_path: Path, other: str) -> None:
    """Another server or container, another mark, or a link that writes nothing."""
    assert [] == _problems(tmp_path, OURS, other)


def test_links_by_files_meet_by_the_name_of_their_container(tmp_path: Path) -> None:
    """Whatever folders the files go through."""
    first, second = "/o=Lab/ou=HQ/cn=Recipients/cn=dxa", "/o=lab/ou=hq/cn=recipients/cn=DXA"
    (problem,) = _problems(tmp_path, _files("a", first), _files("b", second))

    assert problem.startswith("links.b: writes into the same place as a (by files dxa LAB/HQ o=lab ")


def _msmail(name: str, more: str) -> str:
    return (
        f'[links.{name}]\nconnector = "msmail"\nrole = "server"\nimport_container = "D"\nexport_containers = ["S"]\n'
        f"[links.{name}.msmail]\n{more}\n"
    )


def _ccmail(name: str, more: str) -> str:
    return (
        f'[links.{name}]\nconnector = "ccmail"\nimport_container = "D"\nexport_containers = ["S"]\n'
        f"[links.{name}.ccmail]\n{more}\n"
    )


SIMULATED = 'run = "simulator"\nsimulator = { folder = "po" }'
DROPPED = 'run = "drop"\ndrop = { imports = "in", exports = "%s" }'


@pytest.mark.parametrize(
    ("links", "place"),
    [
        ((_msmail("a", 'maildata = "shadow"'), _msmail("b", 'maildata = "./shadow"')), "shadow LAB/HQ/$SYSTEM"),
        ((_msmail("a", ""), _msmail("b", "")), "mail/in LAB/HQ/$SYSTEM"),
        ((_msmail("a", ""), _msmail("b", 'mailbox = "SYSTEM2"')), None),
        ((_msmail("a", ""), _msmail("b", 'postoffice = "OTHER"')), None),
        ((_ccmail("a", f'post_office = "A"\n{SIMULATED}'), _ccmail("b", SIMULATED)), "simulator po"),
        ((_ccmail("a", DROPPED % "x"), _ccmail("b", DROPPED % "y")), "drop in"),
        ((_ccmail("a", f'post_office = "A"\n{SIMULATED}'), _ccmail("b", f'post_office = "a"\n{DROPPED % "x"}')), "a"),
    ],
)
def test_a_postoffice_is_one_links(tmp_path: Path, links: tuple[str, str], place: str | None) -> None:
    """Two links never take the mail of one mailbox, or exports of one post office, each for its own."""
    found = [problem for problem in _problems(tmp_path, *links) if problem.startswith("links.b:")]

    assert ([place] if place else []) == [
        problem.partition("(")[2].partition(")")[0].removeprefix("post office ") for problem in found
    ]


def _asking(name: str, more: str) -> str:
    return (
        f'[links.{name}]\nconnector = "msmail-requestor"\nimport_container = "D"\nexport_containers = ["S"]\n'
        f'[links.{name}.msmail-requestor]\nserver = "{name}/MAIN"\n{more}\n'
    )


def _mailed(name: str, more: str) -> str:
    return _msmail(name, f'mail = {{ address = "dxa@hq.example", smtp.host = "mail.hq.example", {more} }}')


@pytest.mark.parametrize(
    ("links", "place"),
    [
        ((_asking("a", 'maildata = "a"'), _asking("b", 'maildata = "b"')), "mail/resync RESYNC.GLB"),
        ((_asking("a", 'maildata = "a"'), _asking("b", 'maildata = "b"\nresync = "b"')), None),
        ((_msmail("a", 'maildata = "a"'), _asking("b", 'maildata = "b"')), None),
        ((_mailed("a", 'maildir = "box"'), _mailed("b", 'maildir = "./box"')), "box LAB/HQ"),
        ((_mailed("a", 'maildir = "box"'), _mailed("b", 'maildir = "other"')), None),
        (
            (_mailed("a", 'imap = { host = "M", user = "dxa" }'), _mailed("b", 'imap = { host = "m", user = "dxa" }')),
            "m:993 dxa INBOX LAB/HQ",
        ),
    ],
)
def test_what_does_not_say_for_which_link_it_is(tmp_path: Path, links: tuple[str, str], place: str | None) -> None:
    """A RESYNC.GLB would replace the lists of another server; an e-mail is kept aside where nobody expects it."""
    found = [problem for problem in _problems(tmp_path, *links) if problem.startswith("links.b: writes")]

    assert ([place] if place else []) == [problem.partition("(")[2].partition(")")[0] for problem in found]


def test_each_pair_is_told_of() -> None:
    """The later link of the file is the one that clashes, with each before it."""
    place = ("server", "container")
    places = {"a": {place}, "b": {(*place, "below")}, "c": {place}, "d": {("server", "other")}}

    assert [Clash("b", "a", (*place, "below")), Clash("c", "a", place), Clash("c", "b", (*place, "below"))] == list(
        clashes(places)
    )
