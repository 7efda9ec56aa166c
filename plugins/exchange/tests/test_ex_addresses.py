"""Proxy addresses: their spellings, which of them is primary, the four faces of Exchange 5.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError
from dxa.testing import AddressSubject
from dxa.testing.pytest_skin import address_type_suite
from dxa_exchange import addresses
from dxa_exchange.addresses import Proxied, Proxy
from dxa_exchange.addresstypes import ADDRESS_TYPES
from dxa_exchange.directory import Record

TYPES = st.sampled_from(["SMTP", "X400", "MS", "CCMAIL", "X500", "SIP"])
VALUES = st.sampled_from(["ann@lab.example", "Ann@LAB.example", "LAB/PO1/ANN", "c=US;s=Doe", "/o=Lab/cn=ann", "a b"])
PROXIES = st.lists(st.builds(Proxy, TYPES, VALUES, st.booleans()), max_size=8).map(
    lambda proxies: addresses.settle([p._replace(primary=p.primary and p.type != "X500") for p in proxies]).proxies
)


def texts(proxies: object) -> list[str]:
    """The addresses as they are written."""
    return [str(proxy) for proxy in proxies]  # type: ignore[attr-defined]


def test_the_case_of_the_type_marks_the_primary() -> None:
    """An upper-case type is primary; X500 addresses have no primary and are written in upper case."""
    assert Proxy("SMTP", "a@b", True) == addresses.parse("SMTP:a@b")
    assert Proxy("SMTP", "a@b", False) == addresses.parse("smtp: a@b")
    assert Proxy("X500", "/o=A", False) == addresses.parse("x500:/o=A")
    assert "X500:/o=A" == str(addresses.x500("/o=A"))


@given(PROXIES)
def test_spellings_lead_back(proxies: addresses.Proxies) -> None:
    """What is written with a colon or a dollar sign is read as the same."""
    assert list(proxies) == [addresses.parse(str(proxy)) for proxy in proxies]
    assert list(proxies) == [addresses.parse_mailbox(addresses.mailbox_text(proxy)) for proxy in proxies]


@pytest.mark.parametrize("text", ["ann@lab.example", "SMTP:", ":x", "a b:c", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    """The error shows the text."""
    with pytest.raises(AddressError) as caught:
        addresses.parse(text)

    assert text == caught.value.got


def test_of_several_primaries_the_last_counts() -> None:
    """Active Directory lets the last upper-case address win; the others are secondary, and that is told."""
    found = addresses.collect(["smtp:c@x", "SMTP:a@x", "X400:c=US;s=A", "SMTP:b@x", "junk"])

    assert ["X400:c=US;s=A", "SMTP:b@x", "smtp:c@x", "smtp:a@x"] == texts(found.proxies)
    assert ["an address is TYPE:value: 'junk'", "SMTP:a@x is primary, and so is SMTP:b@x, which counts"] == list(
        found.remarks
    )


def test_an_address_is_there_once() -> None:
    """Case does not make another address, nor does the order of an X.400 address; the primary one stays."""
    found = addresses.collect(["smtp:A@x", "SMTP:a@X", "X400:c=US;a= ;s=Doe;", "x400:/S=doe/A= /C=us"])

    assert Proxied((Proxy("SMTP", "a@X", True), Proxy("X400", "c=US;a= ;s=Doe;", True))) == found


def test_an_incoming_primary_demotes_the_old_one() -> None:
    """GALSync: the incoming SMTP address becomes primary, the old one secondary, the equal secondary goes."""
    before = addresses.collect(["SMTP:old@x", "smtp:New@x", "X400:c=US;s=A"]).proxies

    after = addresses.insert(before, Proxy("SMTP", "new@x", True))

    assert {"SMTP:new@x", "smtp:old@x", "X400:c=US;s=A"} == set(texts(after))


def test_an_incoming_address_that_is_there_changes_nothing() -> None:
    """Type and value are compared without case; a primary of another type than SMTP demotes nobody; one sip only."""
    before = addresses.collect(["SMTP:a@x", "MS:LAB/PO/ANN", "sip:a@x"]).proxies

    assert before == addresses.insert(before, Proxy("SMTP", "A@x", False))
    assert before == addresses.insert(before, Proxy("SIP", "b@x", False))
    assert {*texts(before), "ms:LAB/PO/BOB"} == set(texts(addresses.insert(before, Proxy("MS", "LAB/PO/BOB", True))))


@given(PROXIES, st.builds(Proxy, TYPES.filter(lambda t: t != "X500"), VALUES, st.booleans()))
def test_inserting_keeps_one_primary_of_a_type(proxies: addresses.Proxies, incoming: Proxy) -> None:
    """Whatever comes in, no address is lost, none is there twice, and no type has two primaries."""
    after = addresses.insert(proxies, incoming)

    primaries = [proxy.type for proxy in after if proxy.primary]
    assert len(primaries) == len(set(primaries))
    assert len(after) == len({proxy.key for proxy in after})
    assert {proxy.key for proxy in proxies} <= {proxy.key for proxy in after}
    assert after == addresses.insert(after, incoming)


@given(PROXIES)
def test_the_four_faces_give_back_all_addresses(proxies: addresses.Proxies) -> None:
    """What is split over the attributes of Exchange 5.5 is read as the same set of addresses."""
    faces = addresses.faces(proxies)
    record = Record(
        "cn=x", {"mail": [faces.mail], "textEncodedORAddress": [faces.x400], "otherMailbox": [*faces.others]}
    )

    assert set(proxies) == set(addresses.from_faces(record).proxies)


def test_faces() -> None:
    """The primary SMTP and X.400 addresses have attributes of their own, all others are ``TYPE$value``."""
    proxies = addresses.collect(
        ["SMTP:a@x", "smtp:b@x", "X400:c=US;s=A", "MS:LAB/PO/ANN", "CCMAIL:Doe, J at PO"]
    ).proxies

    faces = addresses.faces(proxies)

    assert ("a@x", "c=US;s=A") == (faces.mail, faces.x400)
    assert {"smtp$b@x", "MS$LAB/PO/ANN", "CCMAIL$Doe, J at PO"} == set(faces.others)


def test_what_stands_in_mail_is_primary() -> None:
    """Whatever the case in ``otherMailbox``, the address in ``mail`` is the primary one."""
    record = Record("cn=x", {"mail": ["a@x"], "otherMailbox": ["SMTP$b@x", "MS$LAB/PO/ANN", "odd"]})

    found = addresses.from_faces(record)

    assert ["SMTP:a@x", "MS:LAB/PO/ANN", "smtp:b@x"] == texts(found.proxies)
    assert ("an address is TYPE$value: 'odd'",) == found.remarks


def test_the_target_lies_in_a_domain_of_ours() -> None:
    """The primary SMTP address counts when its domain is on the list, else another one; without one it is an error."""
    proxies = addresses.collect(["SMTP:a@far.example", "smtp:a@Lab.example"]).proxies

    assert "a@Lab.example" == addresses.in_domains(proxies, ["@lab.example"]).value
    with pytest.raises(AddressError, match="no SMTP address in a domain of this directory"):
        addresses.in_domains(proxies, ["other.example"])


SAMPLES = {
    "X500": ("/o=Lab/ou=Berlin/cn=Recipients/cn=ann", "/o=Lab"),
    "CUSTOM": ("ann at \\\\SERVER",),
    "NOTES": ("Ann Smith/Lab@Far",),
    "GWISE": ("DOMAIN.PO.ann",),
    "SIP": ("ann@lab.example",),
    "EUM": ("12345;phone-context=plan.lab.example",),
}
test_address_types = address_type_suite([AddressSubject(kind, SAMPLES[kind.name]) for kind in ADDRESS_TYPES])
