"""A connection to a real OpenLDAP server: binding, protection, reading, writing, and what goes wrong."""

from __future__ import annotations

import importlib
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from dxa.config.secrets import Secret
from dxa.errors import TransportError, UsageError
from dxa_exchange.demo.slapd import Settings, Slapd, running
from dxa_exchange.directory import Modification, Operation
from dxa_exchange.live import library
from dxa_exchange.live.client import Client
from dxa_exchange.live.errors import ConnectionLost, CutShort, Fault, LdapError, Refused
from dxa_exchange.live.interface import Query, Scope
from dxa_exchange.live.server import Server, Tls
from tests.servers.openldap import ROOT, SUFFIX, Tree, login, new_tree, why_not

SECRET = "correct horse"


# -- binding and protection --------------------------------------------------------------------------------------------


def test_an_anonymous_client_sees_what_anybody_may_see(slapd: Slapd) -> None:
    """Here that is the server itself, and nothing of the directory."""
    client = Client(Server(uri=slapd.uri))

    assert [SUFFIX] == client.root().texts("namingContexts")
    with pytest.raises(Refused, match="the account lacks a right there"):
        client.read(SUFFIX)
    client.close()


def test_a_wrong_password_is_told_without_the_password(slapd: Slapd) -> None:
    """Whose fault it is, what to look at, and no secret."""
    wrong = attrs.evolve(login(slapd), password=Secret(SECRET))
    with pytest.raises(Refused) as caught:
        Client(wrong)

    assert (49, Fault.CONFIGURATION) == (caught.value.code, caught.value.fault)
    assert "check `bind` and `password`" in str(caught.value)
    assert SECRET not in f"{caught.value!s}{caught.value!r}{wrong!r}"


def test_sasl_external_takes_who_one_is_from_the_socket(slapd: Slapd) -> None:
    """No password passes; the server knows the account that the process runs under."""
    client = Client(Server(uri=slapd.socket_uri, method="EXTERNAL"))

    assert client.read(SUFFIX) is not None
    client.close()


def test_nobody_listens(slapd: Slapd) -> None:
    """What a network does is told as such, and as what every transport raises."""
    with pytest.raises(ConnectionLost) as caught:
        Client(Server(uri="ldap://127.0.0.1:1", connect_timeout=1))

    assert Fault.NETWORK is caught.value.fault
    assert isinstance(caught.value, TransportError)


def test_a_server_that_says_nothing_is_given_up() -> None:
    """It accepts the connection, and that is all; nobody waits for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Server(uri=f"ldap://127.0.0.1:{silent.getsockname()[1]}", connect_timeout=0.2, timeout=0.2)
        with pytest.raises(ConnectionLost, match="the next run tries again"):
            Client(server)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the loopback address, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "server.pem", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*command, *names, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed, and nothing else makes certificates here")
    return certificate, key


@pytest.fixture(scope="module")
def protected(certificate: tuple[Path, Path]) -> Iterator[Slapd]:
    """A server that can speak TLS."""
    server = Slapd(Settings(suffix=SUFFIX))
    copies = []
    for path in certificate:
        copies.append(server.folder / path.name)
        copies[-1].write_bytes(path.read_bytes())
    server.settings = attrs.evolve(server.settings, certificate=str(copies[0]), key=str(copies[1]))
    try:
        server.load(ROOT)
        yield server.start()
    finally:
        server.close()


def test_tls_verifies_by_default(protected: Slapd, certificate: tuple[Path, Path]) -> None:
    """An unknown authority is refused; the configured one is accepted; verification can be left out by name."""
    with pytest.raises(ConnectionLost, match="must vouch for the server"):
        Client(attrs.evolve(login(protected), tls=Tls(start=True)))
    for tls in (Tls(start=True, ca_file=certificate[0]), Tls(start=True, verify=False)):
        client = Client(attrs.evolve(login(protected), tls=tls))
        assert client.read(SUFFIX) is not None
        client.close()


@pytest.mark.parametrize(
    ("uri", "start", "method", "exposed"),
    [
        ("ldap://dc1.example.org", False, "simple", True),
        ("ldap://dc1.example.org", True, "simple", False),
        ("ldaps://dc1.example.org", False, "simple", False),
        ("ldap://dc1.example.org", False, "GSSAPI", False),
        ("ldap://127.0.0.1:3890", False, "simple", False),
        ("ldapi://%2Frun%2Fldapi", False, "simple", False),
    ],
)
def test_a_password_in_clear_is_noticed(uri: str, start: bool, method: str, exposed: bool) -> None:
    """Where it would pass a network unprotected."""
    server = Server(uri=uri, method=method, user="cn=a", password=Secret("x"), tls=Tls(start=start))  # type: ignore[arg-type]

    assert exposed is server.exposes_password()


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but live LDAP works without python-ldap."""

    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError, match=r"dxa-exchange\[ldap\].*python3-ldap"):
        library.load()


# -- reading -----------------------------------------------------------------------------------------------------------


def test_pages_give_everything_once(tree: Tree) -> None:
    """With two pages and a bit, and an attribute that is no text."""
    for n in range(120):
        tree.person(f"p{n}", jpegPhoto=["x"])
    found = tree.search("(sn=*)", ("cn", "jpegPhoto"))

    assert {f"p{n}" for n in range(120)} == {record.text("cn") for record in found}
    assert 120 == len(found)
    assert [b"x"] == found[0].values("jpegPhoto")


def test_a_search_that_is_given_up_leaves_the_connection_usable(tree: Tree) -> None:
    """The page that was asked for ahead is abandoned."""
    for n in range(60):
        tree.person(f"p{n}")
    pages = tree.client.search(Query(tree.base))
    assert 50 == len(next(pages))
    del pages

    assert 61 == len(tree.search())


def test_names_are_what_they_were(tree: Tree) -> None:
    """Commas, quotes, plus signs, blanks and letters of any script survive in names and values."""
    dn = f"cn=Doe\\, J\\+x \\#\\22é,{tree.base}"
    tree.client.add(dn, {"objectClass": ["contact"], "cn": ['Doe, J+x #"é']})

    found = tree.client.read(dn)
    assert found is not None
    assert ['Doe, J+x #"é'] == found.texts("cn")
    assert found.dn.endswith(tree.base)


def test_a_server_that_stops_half_way_says_so_behind_what_it_gave() -> None:
    """The pages before the limit come, and then the error."""
    if why := why_not():
        pytest.skip(why)
    limits = (f'limits dn.exact="cn=reader,{SUFFIX}" size.prtotal=60',)
    with running(ROOT, Settings(suffix=SUFFIX, limits=limits)) as slapd, closing(new_tree(slapd)) as tree:
        tree.client.add(f"cn=reader,{SUFFIX}", {"objectClass": ["user"], "cn": ["reader"], "userPassword": ["pass"]})
        for n in range(100):
            tree.person(f"p{n}")
        with closing(Client(attrs.evolve(login(slapd), user=f"cn=reader,{SUFFIX}", password=Secret("pass")))) as client:
            pages = client.search(Query(tree.base))
            seen = len(next(pages))
            with pytest.raises(CutShort) as caught:
                next(pages)

    assert 50 == seen
    assert "limits of the account" in str(caught.value)


def test_the_schema_is_read_from_the_server(tree: Tree) -> None:
    """What an object of a class may have, with other spellings of the names."""
    schema = tree.client.schema(("contact",))

    assert {"proxyAddresses", "cn", "commonName", "Target-Address"} <= schema
    assert {"jpegPhoto", "userPassword"}.isdisjoint(schema)


# -- writing -----------------------------------------------------------------------------------------------------------


def test_objects_are_made_changed_renamed_and_taken_away(tree: Tree) -> None:
    """Each once."""
    client, unit = tree.client, tree.unit("sub")
    dn = tree.person("Ann", proxyAddresses=["SMTP:a@example.org", "smtp:b@example.org"])
    client.modify(
        dn,
        [
            Modification(Operation.REPLACE, "proxyAddresses", ["SMTP:b@example.org", "smtp:a@example.org"]),
            Modification(Operation.ADD, "title", ["Dr"]),
            Modification(Operation.DELETE, "mail", []),
        ],
    )
    client.rename(dn, "cn=Bea", unit)
    found = client.read(f"cn=Bea,{unit}")
    client.delete(f"cn=Bea,{unit}")

    assert found is not None
    assert ["SMTP:b@example.org", "smtp:a@example.org"] == found.texts("proxyAddresses")
    assert (["Dr"], [], ["Bea"]) == (found.texts("title"), found.texts("mail"), found.texts("cn"))
    assert client.read(dn) is client.read(f"cn=Bea,{unit}") is None


@pytest.mark.parametrize(
    ("dn", "attributes", "code", "fault"),
    [
        ("cn=x,ou=nowhere,", {"objectClass": ["contact"], "cn": ["x"]}, 32, Fault.CONFIGURATION),
        ("cn=x,", {"objectClass": ["contact"], "cn": ["x"], "uSNChanged": ["many"]}, 21, Fault.ENTRY),
        ("cn=x,", {"objectClass": ["contact"], "cn": ["x"], "nonsense": ["1"]}, 17, Fault.ENTRY),
        ("cn=x,", {"objectClass": ["contact"], "cn": ["x"], "displayName": ["a", "b"]}, 19, Fault.ENTRY),
        ("cn=x,", {"objectClass": ["inetOrgPerson"], "cn": ["x"]}, 65, Fault.ENTRY),
        ("nonsense,", {"objectClass": ["contact"], "cn": ["x"]}, 34, Fault.CONFIGURATION),
    ],
)
def test_refusals_say_whose_fault_it_is(
    tree: Tree, dn: str, attributes: dict[str, list[str]], code: int, fault: Fault
) -> None:
    """With the server, the operation, the object, and the number of RFC 4511."""
    with pytest.raises(Refused) as caught:
        tree.client.add(dn + tree.base, {name: [*values] for name, values in attributes.items()})

    assert (code, fault) == (caught.value.code, caught.value.fault)
    assert f"{tree.slapd.uri}: add {dn}{tree.base}" in str(caught.value)
    assert f"({code})" in str(caught.value)


def test_a_second_spelling_of_an_address_is_refused_as_a_value(tree: Tree) -> None:
    """Addresses compare caselessly, so that a primary is demoted by one replace of the whole list only."""
    dn = tree.person("Ann", proxyAddresses=["SMTP:a@example.org"])
    with pytest.raises(LdapError) as caught:
        tree.client.modify(dn, [Modification(Operation.ADD, "proxyAddresses", ["smtp:a@example.org"])])

    assert 20 == caught.value.code


def test_a_server_that_ends_in_the_middle_is_a_lost_connection(own_slapd: Slapd) -> None:
    """Reading and writing alike; a new connection works as soon as the server does."""
    client = Client(login(own_slapd))
    own_slapd.stop()
    for attempt in (lambda: client.read(SUFFIX), lambda: client.delete(f"cn=x,{SUFFIX}")):
        with pytest.raises(ConnectionLost):
            attempt()
    own_slapd.start()
    again = Client(login(own_slapd))

    assert again.read(SUFFIX, ("o",)) is not None
    assert [[]] == [*again.search(Query(SUFFIX, Scope.SUB, "(cn=nobody)"))]
    client.close()
    again.close()
