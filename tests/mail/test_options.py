"""The keys of a link's mail: what is missing or contradicts itself is told under its key, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dxa.config.secrets import Secret
from dxa.config.structure import Problems, dotted, make_converter
from dxa.errors import UsageError
from dxa.mail.imap import ImapBox
from dxa.mail.maildir import MaildirBox
from dxa.mail.options import Correspondent, ImapOptions, MailOptions, PairOptions, SmtpOptions
from dxa.signing import PrivateKey

GOOD: dict[str, Any] = {"address": "hq@lab.example", "maildir": "mail", "smtp": {"host": "mail.lab.example"}}
KEY = PrivateKey.generate()


def read(values: dict[str, Any]) -> MailOptions:
    """The table with these values."""
    made: MailOptions = make_converter(Path()).structure(values, MailOptions)
    return made


def test_a_link_uses_mail_when_it_has_an_address() -> None:
    """Without the table nothing is used; with it, paths start at the site's folder."""
    options = read(GOOD)
    box = options.mailbox(Path("/srv/site"))

    assert not read({})
    assert options
    assert isinstance(box, MaildirBox)
    assert Path("/srv/site/mail") == box.path
    assert isinstance(read({**GOOD, "maildir": "", "imap": {"host": "h"}}).mailbox(Path()), ImapBox)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"address": "hq"}, "address: must be user@domain, got 'hq'"),
        ({"address": "Hq <hq@lab.example>"}, "address: must be user@domain, got 'Hq <hq@lab.example>'"),
        ({"address": ""}, "address: is missing: our mail address"),
        ({"smtp": {}}, "smtp.host is missing: the mail server that takes our mail"),
        ({"maildir": ""}, "one of maildir and imap.host has to be given: where mail for us comes in"),
        ({"imap": {"host": "h"}}, "one of maildir and imap.host has to be given: where mail for us comes in"),
        ({"smtp": {"host": "h", "port": 70_000}}, "smtp.port: must be 0 to 65535, got 70000"),
        ({"smtp": {"host": "h", "security": "ssl"}}, "smtp.security: must be one of starttls, tls, none, got 'ssl'"),
        ({"smtp": {"host": "h", "timeout": 0}}, "smtp.timeout: must be more than 0, got 0.0"),
        ({"imap": {"hots": "h"}}, 'imap.hots: unknown key; did you mean "host"?'),
    ],
)
def test_what_is_wrong_is_told_under_its_key(change: dict[str, Any], expected: str) -> None:
    """A table that is begun and not complete, or has an impossible value, says so."""
    with pytest.raises(Problems) as caught:
        read({**GOOD, **change})

    assert [expected] == [f"{dotted(key)}: {text}" if key else text for key, text in caught.value.found]


@pytest.mark.parametrize(
    ("options", "port"),
    [
        (SmtpOptions(), 587),
        (SmtpOptions(security="tls"), 465),
        (SmtpOptions(security="none"), 25),
        (SmtpOptions(port=2525), 2525),
        (ImapOptions(), 993),
        (ImapOptions(security="starttls"), 143),
    ],
)
def test_ports_follow_from_the_security(options: SmtpOptions | ImapOptions, port: int) -> None:
    """Without a port the one of RFC 6409, 8314 or 9051 is used."""
    assert port == options.actual_port


def test_our_key() -> None:
    """A key is needed where any peer is believed by its signature; one that is none is told without showing it."""
    options = read(GOOD)
    good = MailOptions(key=Secret(KEY.pem().decode()))
    with pytest.raises(UsageError, match=r"links\.x\.mail\.key is missing: `dxa keygen FILE` makes a key"):
        options.private_key("links.x.mail", needed=True)
    with pytest.raises(UsageError, match=r"links\.x\.mail\.key: it is no Ed25519 private key in PEM") as caught:
        MailOptions(key=Secret("my secret")).private_key("links.x.mail", needed=False)

    assert "my secret" not in str(caught.value)
    assert None is options.private_key("x", needed=False)
    made = good.private_key("x", needed=True)
    assert made is not None
    assert KEY.public == made.public


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "the mail address of LAB/HQ is missing, and the link uses mail"),
        ({"to": "hq@lab.example"}, "public_key is missing; `dxa keygen` printed it at LAB/HQ"),
        ({"to": "hq@lab.example", "public_key": str(KEY.public), "unsigned": True}, "leave one out"),
    ],
)
def test_the_other_side_has_to_be_known(values: dict[str, Any], expected: str) -> None:
    """The other side needs an address, and a key or the word that it has none."""
    with pytest.raises(UsageError, match=expected):
        PairOptions(**values).other("LAB/HQ", "mail")


def test_the_other_side_as_it_is_configured() -> None:
    """With a key it is believed by its signature, without one as it is."""
    signed = PairOptions(to="hq@lab.example", public_key=str(KEY.public)).other("LAB/HQ", "mail")

    assert Correspondent(name="LAB/HQ", address="hq@lab.example", key=KEY.public) == signed
    assert None is PairOptions(to="hq@lab.example", unsigned=True).other("LAB/HQ", "mail").key
