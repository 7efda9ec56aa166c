"""The configuration of a link to a live directory: what is refused, and what it comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxa.config import parse
from dxa.connector import LinkContext
from dxa.errors import ConfigError
from dxa.host import Host
from dxa_exchange.live.connector import LdapConnector
from dxa_exchange.live.containers import Container
from dxa_exchange.live.interface import Scope
from dxa_exchange.live.options import LdapOptions

HEAD = """
[site]
organization = "LAB"
name = "HQ"
[links.ad]
connector = "ldap"
import_container = "People"
[links.ad.ldap]
"""
PEOPLE = '[[links.ad.ldap.containers]]\nbase = "OU=People,DC=lab,DC=example"\n'


def _options(text: str) -> LdapOptions:
    host = Host()
    site = parse(HEAD + text, Path("/nowhere/dxa.toml"), host.connectors(), host.address_types())
    options = site.link("ad").options
    assert isinstance(options, LdapOptions)
    return options


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('uri = "http://x"', "uri: must begin with ldap://"),
        ('uri = "ldap://dxa:text:x@dc1"', "uri: names an account"),
        (
            'bind = "cn=a"\npassword = "text:x"\nuri = "ldap://dc1"',
            "uri: the password would pass the network unprotected",
        ),
        ('password = "text:x"', "bind: is missing"),
        ('bind = "cn=a"', "bind: a name without a password binds nobody"),
        ("page_size = 2000", "page_size: must be 1 to 1000, got 2000"),
        ("timeout = 0.0", "timeout: must be more than 0"),
        ('source = "magic"', "source"),
        ('[[links.ad.ldap.containers]]\nfilter = "(a=b)"', "containers: each needs its base"),
        ('[[links.ad.ldap.containers]]\nbase = "people"', "base: "),
        ('[[links.ad.ldap.containers]]\nbase = "o=x"\nfilter = "(a=b))"', "filter: "),
        ('[links.ad.ldap.people]\ndialect = "csv55"', "dialect is one of files"),
        ('[links.ad.ldap.people]\nbases = ["o=x"]', "bases are those of `containers`"),
    ],
)
def test_what_cannot_work_is_refused(text: str, problem: str) -> None:
    """With the key, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        _options(text)

    assert problem in str(caught.value)
    assert "text:x" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        'uri = "ldaps://dc1"\nbind = "LAB\\\\dxa"\npassword = "text:x"',
        'uri = "ldap://dc1"\nbind = "cn=a"\npassword = "text:x"\n[links.ad.ldap.tls]\nstart = true',
        'uri = "ldap://dc1"\nbind = "cn=a"\npassword = "text:x"\ncleartext = true',
        'uri = "ldap://dc1"\nmethod = "GSSAPI"',
        'uri = "ldapi://%2Frun%2Fldapi"\nmethod = "EXTERNAL"',
    ],
)
def test_protected_ways_are_accepted(text: str) -> None:
    """TLS, StartTLS, a mechanism of SASL, a socket; or by its name, none."""
    assert _options(text).parts() == ()


def test_files_lie_beside_the_configuration() -> None:
    """Certificates are relative to the site's folder."""
    server = _options('uri = "ldaps://dc1"\n[links.ad.ldap.tls]\nca_file = "tls/ca.pem"').server(Path("/site"))

    assert (Path("/site/tls/ca.pem"), None, True) == (server.tls.ca_file, server.tls.key, server.tls.verify)


@pytest.mark.parametrize(
    ("more", "own"),
    [
        ("", False),
        ('[links.ad.ldap.people]\nsync_container = "OU=dxa,DC=lab,DC=example"', True),
        ('[links.ad.ldap.people]\nsync_container = "OU=dxa,OU=People,DC=lab,DC=example"', False),
    ],
)
def test_what_dxa_writes_is_read_as_well(more: str, own: bool) -> None:
    """Unless it lies in what is read whole: what is not read again could not be compared."""
    parts = _options(PEOPLE + more).parts()

    assert Container(base="OU=People,DC=lab,DC=example", scope=Scope.SUB, filter="", place="") == parts[0]
    assert own is (len(parts) == 2)


def test_a_link_that_has_nothing_to_read_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    """It neither reads nor writes."""
    context = LinkContext(
        link="ad", options=_options(""), folder=tmp_path, types=Host().address_types(), site=("LAB", "HQ")
    )
    with pytest.raises(ConfigError, match="there is nothing to read"):
        LdapConnector(context)
