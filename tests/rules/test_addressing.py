from typing import Any

import attrs
import pytest

from dxa.address import Address
from dxa.recipient import Recipient
from dxa.rules.addressing import (
    AddressingRules,
    complete,
    parse_domain_map,
    readdress,
    settle_proxies,
    wished,
)
from tests.rules.samples import TYPES, address, custom, mailbox

RULES = AddressingRules(
    templates={"MS": "{organization}/{site}/{alias}", "SMTP": "{given}.{surname}@{domain}"},
    organization="LAB",
    site="MAIN",
    domain="lab.example",
)


def texts(recipient: Recipient) -> list[str]:
    """The addresses of a recipient, written out."""
    return [str(proxy) for proxy in recipient.proxies]


def made(recipient: Recipient, pattern: str, type_: str = "CCMAIL", **settings: Any) -> str:
    """The one address that the pattern gives."""
    rules = attrs.evolve(RULES, templates={type_: pattern}, **settings)
    return "".join(a.value for a in wished(recipient, rules, TYPES))


@pytest.mark.dx("T-049")
@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("Doe, John D.", "{surname}, {given} {initials} at {site}", "Doe, John D. at MAIN"),
        ("Doe, John", "{surname}, {given} {initials} at {site}", "Doe, John at MAIN"),
        ("Doe", "{surname}, {given} at {site}", "Doe at MAIN"),
        ("Doe, John", "{given} {initials} {surname}", "John Doe"),
        ("Doe, John D.", "{given} {initials} {surname}", "John D. Doe"),
        ("Doe, John D.", "{given}.{initials}.{surname}", "John.D.Doe"),
        ("Doe, John", "{given}.{initials}.{surname}", "John.Doe"),
        ("Doe", "{given}.{initials}.{surname}", "Doe"),
        ("Doe, John", "{given}{initials}.{surname}", "John.Doe"),
        ("Doe, John D.", "{surname}.{initials}@{domain}", "Doe.D@lab.example"),
        ("John Doe Jr.", "{given}.{surname}@{domain}", "John.Doe Jr@lab.example"),
        ("Doe, John", "c=US;a= ;p=Lab;s={surname};g={given};i={initials};", "c=US;a= ;p=Lab;s=Doe;g=John;"),
        ("Doe", "c=US;a= ;p=Lab;s={surname};g={given};i={initials};", "c=US;a= ;p=Lab;s=Doe;"),
        ("Doe,  Ann", "{name}", "Doe, Ann"),
    ],
)
def test_patterns(name: str, pattern: str, expected: str):
    """Periods and last letters stay, an empty part takes its separator along, nothing is doubled."""
    assert expected == made(mailbox(name), pattern)


@pytest.mark.parametrize(
    ("name", "smtp", "x400"),
    [
        ("Smith, Eve;a=EVIL", "EveaEVIL.Smith@lab.example", "c=US;s=Smith;g=Eve a EVIL;"),
        ("Smith, eve@evil.example", "eveevil.example.Smith@lab.example", "c=US;s=Smith;g=eve evil.example;"),
        ("Doe/Smith, <Ann>", "Ann.DoeSmith@lab.example", "c=US;s=Doe Smith;g=Ann;"),
        ("O'Neil, Mary Ann", "MaryAnn.O'Neil@lab.example", "c=US;s=O'Neil;g=Mary Ann;"),
        ("Doe Jr., John", "John.DoeJr@lab.example", "c=US;s=Doe Jr.;g=John;"),
    ],
)
def test_names_bring_no_structure(name: str, smtp: str, x400: str):
    """Whatever stands in a name, it adds no attribute and no domain to an address, and no illegal character."""
    assert smtp == made(mailbox(name), "{given}.{surname}@{domain}", "SMTP")
    assert x400 == made(mailbox(name), "c=US;s={surname};g={given};", "X400")


@pytest.mark.dx("T-050")
@pytest.mark.parametrize("name", ["", ",", "王", "😀 王", ", ,", "\t", "x" * 10_000, "-", "..."])
def test_nobody_is_dropped(name: str):
    """A recipient with an odd name or alias still gets its addresses."""
    recipient = mailbox(name, alias=name)

    assert ["MS", "SMTP"] == [a.type for a in wished(recipient, RULES, TYPES)]


@pytest.mark.dx("T-050")
def test_alias_stands_in():
    """Where a name gives nothing that can be written, the alias does; without one a general word."""
    assert "ann@lab.example" == made(mailbox("王", alias="ann"), "{given}.{surname}@{domain}", "SMTP")
    assert "user@lab.example" == made(mailbox("王", alias="王"), "{given}.{surname}@{domain}", "SMTP")


def test_impossible_type_is_left_out():
    """A type that cannot hold any address of the rules is left out, and the recipient keeps its others."""
    rules = attrs.evolve(RULES, domain="", templates={**RULES.templates, "X9": "{alias}"})

    assert [address("MS:LAB/MAIN/ann")] == list(wished(mailbox("Doe, Ann"), rules, TYPES))


@pytest.mark.dx("T-036")
def test_macintosh_names():
    """A Macintosh name becomes a legal mailbox of at most ten characters, and two of them two (KB Q193842)."""
    one, two = (custom(f"MHS:User02, MacGroovy{n}@GroovyMac", alias=f"User02, MacGroovy{n}") for n in (1, 2))
    rules = attrs.evolve(RULES, templates={"MS": RULES.templates["MS"]})
    first = complete(one, rules, TYPES)
    taken = {TYPES.key(proxy) for proxy in first.proxies}
    second = settle_proxies(complete(two, rules, TYPES), TYPES, taken.__contains__, {})

    assert "LAB/MAIN/User02MacG" == str(first.proxies[1].value)
    assert "LAB/MAIN/User02Mac2" == str(second.proxies[1].value)


@pytest.mark.dx("T-056")
@pytest.mark.parametrize(
    ("style", "expected"), [("german", "Joerg.Baer"), ("nordic", "Jorg.Bar"), ("plain", "Jorg.Bar")]
)
def test_umlauts(style: str, expected: str):
    """Addresses are written in ASCII, umlauts as the organisation writes them."""
    actual = made(mailbox("Bär, Jörg"), "{given}.{surname}@{domain}", "SMTP", transliteration=style)

    assert f"{expected}@lab.example" == actual


def test_code_page_of_a_type():
    """A type whose addresses may hold more than ASCII keeps the letters of its code page."""
    rules = attrs.evolve(RULES, templates={"CCMAIL": "{name} at {site}"}, code_pages={"CCMAIL": "cp850"})

    assert [Address("CCMAIL", "Bär, Lukasz at MAIN")] == list(wished(mailbox("Bär, Łukasz"), rules, TYPES))


def test_attributes_of_the_name():
    """Given name, initials and surname come from the attributes where a recipient has them (KB Q175360)."""
    fields = (("givenName", "Anna"), ("SN", "Doe-Smith"), ("initials", "B."))

    assert "Anna.B.Doe-Smith" == made(mailbox("The Boss", fields=fields), "{given}.{initials}.{surname}")


@pytest.mark.parametrize("pattern", ["{nickname}", "{}", "{alias:5}", "{alias!r}", "{alias", "{0}"])
def test_unknown_fields(pattern: str):
    """A pattern with an unknown field is refused where it is written, by its type."""
    with pytest.raises(ValueError, match="templates: SMTP: "):
        AddressingRules(templates={"smtp": pattern})


def test_generates():
    """Rules without patterns and domains give nobody an address."""
    assert not AddressingRules().generates
    assert AddressingRules(domains={"NET/PO": "x.example"}).generates
    assert () == wished(mailbox(), AddressingRules(), TYPES)


def test_native_type_is_not_generated():
    """No address is generated of the type in which a custom recipient lives."""
    assert ["SMTP"] == [a.type for a in wished(custom("MS:NET/PO/ANN"), RULES, TYPES)]


@pytest.mark.dx("T-057")
def test_existing_addresses_are_not_generated_again():
    """Only types that are missing get an address, whatever the rules would give today."""
    recipient = mailbox("Doe, Ann", "SMTP:old@lab.example", "SMTP:older@lab.example")

    assert ["SMTP:old@lab.example", "SMTP:older@lab.example", "MS:LAB/MAIN/ann"] == texts(
        complete(recipient, RULES, TYPES)
    )
    assert complete(recipient, RULES, TYPES) == complete(complete(recipient, RULES, TYPES), RULES, TYPES)


@pytest.mark.dx("T-086")
@pytest.mark.parametrize("pattern", ["{given}.{surname}@{domain}", "{given}.{surname}@fixed.example", None])
def test_mapped_domain(pattern: str | None):
    """A mapped postoffice gives exactly one SMTP address, with its domain, whatever the pattern says (KB Q140951)."""
    templates = {"SMTP": pattern} if pattern else {}
    rules = attrs.evolve(RULES, templates=templates, domains={"net/po": "mapped.example"})
    user = "Ann.Doe" if pattern else "ann"

    assert ["MS:NET/PO/ANN", f"SMTP:{user}@mapped.example"] == texts(complete(custom("MS:NET/PO/ANN"), rules, TYPES))
    assert not any("mapped" in text for text in texts(complete(custom("MS:NET/PO2/ANN"), rules, TYPES)))


@pytest.mark.dx("T-086")
def test_mapped_domain_leaves_originals():
    """An SMTP address that a recipient already has is not rewritten by the map (KB Q142266)."""
    rules = attrs.evolve(RULES, domains={"NET/PO": "mapped.example"})
    recipient = custom("MS:NET/PO/ANN", "SMTP:ann@own.example")

    assert ["MS:NET/PO/ANN", "SMTP:ann@own.example"] == texts(complete(recipient, rules, TYPES))


@pytest.mark.dx("T-084", "T-086")
def test_collision_is_made_unique():
    """A mapped address that somebody has becomes unique, and the recipient is still made (KB Q192023)."""
    rules = attrs.evolve(RULES, templates={}, domains={"NET/PO": "mapped.example"})
    recipient = complete(custom("MS:NET/PO/ANN"), rules, TYPES)
    settled = settle_proxies(recipient, TYPES, {"SMTP:ann@mapped.example"}.__contains__, {})

    assert ["MS:NET/PO/ANN", "SMTP:ann2@mapped.example"] == texts(settled)


def test_native_address_never_changes():
    """Native and kept addresses stay even when somebody else has them; that is for the caller to report."""
    recipient = custom("MS:NET/PO/ANN", "SMTP:ann@lab.example")
    kept = settle_proxies(recipient, TYPES, lambda _: True, {}, kept=[address("SMTP:ann@lab.example")])

    assert recipient == kept


def test_hints_never_move_who_was_there():
    """A recipient keeps the address it has, although another one of the batch asked for it before."""
    hints: dict[str, int] = {}
    old = mailbox("Doe, Ann", "SMTP:ann@lab.example")
    keys = {TYPES.key(old.proxies[0])}
    new = settle_proxies(mailbox("Doe, Ann", "SMTP:Ann@lab.example"), TYPES, keys.__contains__, hints)

    assert ["SMTP:Ann2@lab.example"] == texts(new)
    assert old == settle_proxies(old, TYPES, lambda _: False, hints)


@pytest.mark.dx("T-088")
def test_equal_wishes_cost_the_same_each():
    """Each of many equal wishes looks at a few keys only (KB Q157689)."""
    taken: set[str] = set()
    asked: list[str] = []
    hints: dict[str, int] = {}

    def is_taken(key: str) -> bool:
        asked.append(key)
        return key in taken

    for n in range(3_000):
        asked.clear()
        settled = settle_proxies(mailbox(f"{n}", "SMTP:placeholder@node.example"), TYPES, is_taken, hints)
        taken.update(map(TYPES.key, settled.proxies))

        assert len(asked) <= 4
    assert 3_000 == len(taken)


@pytest.mark.dx("T-089")
def test_renamed():
    """A changed name replaces the generated primary address only; secondary ones stay (KB Q175360)."""
    before = mailbox("Doe, Ann", "SMTP:Ann.Doe@lab.example", "SMTP:boss@lab.example", "MS:LAB/MAIN/ann")
    after = attrs.evolve(before, name="Smith, Ann")

    assert ["SMTP:Ann.Smith@lab.example", "SMTP:boss@lab.example", "MS:LAB/MAIN/ann"] == texts(
        readdress(before, after, RULES, TYPES)
    )


@pytest.mark.dx("T-089")
@pytest.mark.parametrize(
    ("primary", "expected"),
    [
        ("Ann.Doe2@lab.example", "Ann.Smith@lab.example"),
        ("ann.doe17@lab.example", "Ann.Smith@lab.example"),
        ("boss@lab.example", "boss@lab.example"),
        ("Ann.Doe1@lab.example", "Ann.Doe1@lab.example"),
        ("Ann.Doe@old.example", "Ann.Doe@old.example"),
        ("7" * 5_000 + "@lab.example", "7" * 5_000 + "@lab.example"),
    ],
)
def test_renamed_from(primary: str, expected: str):
    """A numbered address counts as generated; one that somebody chose stays."""
    before = mailbox("Doe, Ann", f"SMTP:{primary}", "MS:LAB/MAIN/ann")
    after = attrs.evolve(before, name="Smith, Ann")

    assert expected == readdress(before, after, RULES, TYPES).proxies[0].value


def test_renamed_to_secondary():
    """An address that the recipient already has as a secondary one moves to the front and is not doubled."""
    before = mailbox("Doe, Ann", "SMTP:Ann.Doe@lab.example", "SMTP:ann.smith@lab.example", "MS:LAB/MAIN/ann")
    after = attrs.evolve(before, name="Smith, Ann")

    assert ["SMTP:Ann.Smith@lab.example", "MS:LAB/MAIN/ann"] == texts(readdress(before, after, RULES, TYPES))


def test_not_renamed():
    """Without a change of what the addresses are made of, no address changes."""
    before = mailbox("Doe, Ann", "SMTP:Ann.Doe2@lab.example", "MS:LAB/MAIN/ann7")

    assert before == readdress(before, before, RULES, TYPES)


@pytest.mark.dx("T-085")
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_domain_map(end: str):
    """Blank lines, comments and a missing last line end are nothing special in a map file (KB Q140951)."""
    lines = [
        "",
        "# our map",
        "NET/PO1  abc.co",
        "",
        "   ",
        "ms:net/PO2\t@def.co",
        "NET/PO3 = ghi.co ; third",
        "NET/PO4,jkl.co",
    ]
    expected = {"net/po1": "abc.co", "net/po2": "def.co", "net/po3": "ghi.co", "net/po4": "jkl.co"}

    assert (expected, ()) == parse_domain_map("\n".join(lines) + end)
    assert (expected, ()) == parse_domain_map("\ufeff" + "\r\n".join(lines) + end + "\x1a")


@pytest.mark.dx("T-085")
def test_domain_map_problems():
    """A line that cannot be read is reported by its number, and the others count."""
    found = parse_domain_map("NET/PO a.example\nnonsense\nNET/PO2 -bad_domain\nNET/PO b.example\n/PO c.example")

    assert {"net/po": "a.example"} == found.domains
    assert (
        "line 2: expected NET/PO and a domain, got 'nonsense'",
        "line 3: NET/PO2: '-bad_domain' is not a domain",
        "line 5: expected NET/PO and a domain, got '/PO c.example'",
    ) == found.problems


def test_domain_map_is_taken_as_it_is():
    """What the parser returns is what the rules take."""
    rules = attrs.evolve(RULES, domains=parse_domain_map("NET/PO abc.co").domains)

    assert "SMTP:Ann.Doe@abc.co" in texts(complete(custom("MS:Net/Po/ANN"), rules, TYPES))
