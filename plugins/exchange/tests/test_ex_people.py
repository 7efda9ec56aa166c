"""People of a directory as entries, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import ADDRESSES, ALIAS, CONTAINER, HIDDEN, KIND, Entry
from dxa.errors import AddressError
from dxa.host import Host
from dxa_exchange.directory import Bad, Record
from dxa_exchange.people.codec import People
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import Person, Skipped

TYPES: AddressTypes = Host().address_types()
SITE = ("Lab", "Berlin")
MARK = "dxa Lab/Berlin"
SYNC = {
    "ad": "OU=Foreign,DC=lab,DC=example",
    "generic": "ou=foreign,dc=lab,dc=example",
    "ex55": "cn=Foreign,cn=Recipients,ou=Berlin,o=Lab",
    "csv55": "/o=Lab/ou=Berlin/cn=Recipients/cn=Foreign",
    "raw55": "/o=Lab/ou=Berlin/cn=Recipients/cn=Foreign",
}
DIALECTS = tuple(SYNC)


def people(dialect: str, **options: object) -> People:
    """The people of a directory of that dialect."""
    available = options.pop("available", None)
    resolve = options.pop("resolve", None)
    given = PeopleOptions(dialect=dialect, sync_container=SYNC[dialect], **options)  # type: ignore[arg-type]
    return People(given, types=TYPES, site=SITE, available=available, resolve=resolve)  # type: ignore[arg-type]


def entry(address: str = "MS:FAR/PO1/ANN", name: str = "Ann Smith", *fields: tuple[str, str]) -> Entry:
    """What a view shows of somebody."""
    parsed = TYPES.parse(address)
    return Entry(TYPES.key(parsed), parsed.type, TYPES.list_of(parsed), name, parsed.value, fields)


def read(found: object) -> Entry:
    """The entry of an object that is a recipient."""
    assert isinstance(found, Person), found
    return found.entry


def field(entry: Entry, name: str) -> list[str]:
    """The values of a field."""
    return [value for each, value in entry.fields if each == name]


# -- reading -------------------------------------------------------------------------------------------------------


def test_a_user_of_active_directory() -> None:
    """The primary SMTP address is the entry's; all else is told by fields, the anchor is the objectGUID."""
    record = Record(
        "CN=Ann Smith,OU=Sales,OU=People,DC=lab,DC=example",
        {
            "objectClass": ["top", "person", "organizationalPerson", "user"],
            "objectGUID": [bytes(range(16))],
            "cn": ["Ann Smith"],
            "displayName": ["Smith, Ann"],
            "mailNickname": ["ann"],
            "proxyAddresses": ["smtp:old@lab.example", "SMTP:ann@lab.example", "X400:c=US;a= ;s=Smith;", "FOO:bar"],
            "mail": ["ann@lab.example"],
            "legacyExchangeDN": ["/o=Lab/ou=Berlin/cn=Recipients/cn=ann"],
            "Department": ["Sales"],
            "telephoneNumber": ["1", "2"],
            "jpegPhoto": [b"\xff\xd8"],
            "userPassword": ["secret"],
            "carLicense": ["B-XY 1"],
            "msExchHideFromAddressLists": ["TRUE"],
        },
    )

    found = people("ad", bases=("ou=people,dc=lab,dc=example",)).read(record)

    assert (
        Person(
            Entry(
                key="SMTP:ann@lab.example",
                type="SMTP",
                list="",
                name="Smith, Ann",
                address="ann@lab.example",
                fields=(
                    ("carLicense", "B-XY 1"),
                    ("department", "Sales"),
                    ("legacyExchangeDN", "/o=Lab/ou=Berlin/cn=Recipients/cn=ann"),
                    ("otherMailbox", "FOO:bar"),
                    ("telephoneNumber", "1"),
                    ("telephoneNumber", "2"),
                    (ALIAS, "ann"),
                    (ADDRESSES, "X400:c=US;a= ;s=Smith;"),
                    (ADDRESSES, "SMTP:old@lab.example"),
                    (KIND, "mailbox"),
                    (HIDDEN, "1"),
                    (CONTAINER, "Sales"),
                ),
                anchor="03020100-0504-0706-0809-0a0b0c0d0e0f",
            )
        )
        == found
    )


def test_the_cn_trap_of_exchange_55() -> None:
    """``cn`` is the display name, ``rdn`` the directory name; the addresses stand in four attributes."""
    record = Record(
        "cn=AnnS,cn=Recipients,ou=Berlin,o=Lab",
        {
            "objectClass": ["top", "person", "organizationalPerson"],
            "cn": ["Smith, Ann"],
            "rdn": ["AnnS"],
            "uid": ["ann"],
            "mail": ["ann@lab.example"],
            "textEncodedORAddress": ["c=US;a= ;s=Smith;"],
            "otherMailbox": ["MS$LAB/PO1/ANN", "smtp$old@lab.example"],
            "Extension-Attribute-3": ["x"],
        },
    )

    found = read(people("ex55", bases=("ou=Berlin,o=Lab",)).read(record))

    assert ("Smith, Ann", "SMTP", "ann@lab.example") == (found.name, found.type, found.address)
    assert ["MS:LAB/PO1/ANN", "X400:c=US;a= ;s=Smith;", "SMTP:old@lab.example"] == field(found, ADDRESSES)
    assert ["/o=Lab/ou=Berlin/cn=Recipients/cn=AnnS"] == field(found, "legacyExchangeDN")
    assert ["x"] == field(found, "extensionAttribute3")
    assert "cn=anns,cn=recipients,ou=berlin,o=lab" == found.anchor
    assert ["Recipients"] == field(found, CONTAINER)


def test_custom_recipients_have_their_target() -> None:
    """A contact is an entry under its target; so is a user whose mailbox is elsewhere."""
    contact = {
        "objectClass": ["contact"],
        "cn": ["Bob"],
        "targetAddress": ["MS:FAR/PO1/BOB"],
        "mail": ["b@lab.example"],
    }
    user = contact | {"objectClass": ["user"]}
    homed = user | {"homeMDB": ["CN=Store"]}

    found = [read(people("ad").read(Record("CN=Bob,DC=lab", each))) for each in (contact, user, homed)]

    assert ["MS:FAR/PO1/BOB", "MS:FAR/PO1/BOB", "SMTP:b@lab.example"] == [f"{e.type}:{e.address}" for e in found]
    assert [["custom"], ["custom"], ["mailbox"]] == [field(e, KIND) for e in found]


def test_a_target_that_no_plugin_knows() -> None:
    """Such a contact is an entry under an address that is known, and the target survives as it is."""
    record = Record(
        "CN=Bob,DC=lab", {"objectClass": ["contact"], "targetAddress": ["QFAX:12"], "mail": ["b@lab.example"]}
    )

    found = read(people("ad").read(record))

    assert ("SMTP", ["QFAX:12"]) == (found.type, field(found, "otherMailbox"))


def test_members_get_their_addresses() -> None:
    """A member is told by its address where that is known, else by its name."""
    record = Record(
        "cn=Staff,dc=lab",
        {
            "objectClass": ["groupOfNames"],
            "cn": ["Staff"],
            "mail": ["staff@lab.example"],
            "member": ["uid=ann", "uid=x"],
        },
    )
    resolve = {"uid=ann": "SMTP:ann@lab.example"}.get

    found = read(people("generic", resolve=lambda dn: resolve(dn, "")).read(record))

    assert ["SMTP:ann@lab.example", "uid=x"] == field(found, "member")
    assert ["list"] == field(found, KIND)


def test_the_domain_rule() -> None:
    """A mailbox has its address in a domain of the directory; one without such an address is told as bad."""
    record = Record("cn=a", {"objectClass": ["user"], "proxyAddresses": ["SMTP:a@far.example", "smtp:a@lab.example"]})

    found = read(people("ad", domains=("lab.example",)).read(record))
    bad = people("ad", domains=("other.example",)).read(record)

    assert "a@lab.example" == found.address
    assert isinstance(bad, Bad)
    assert "no SMTP address in a domain of this directory (other.example)" in bad.reason


@pytest.mark.parametrize(
    ("attributes", "skip", "reason"),
    [
        ({"objectClass": ["organizationalUnit"]}, (), "no class of a recipient: organizationalUnit"),
        ({"objectClass": ["user"]}, (), "no address"),
        (
            {"objectClass": ["user"], "proxyAddresses": ["FOO:x"]},
            (),
            "no address of a type that a plugin knows: FOO:x",
        ),
        ({"objectClass": ["user"], "msExchRecipientTypeDetails": ["8388608"]}, ("system",), "a mailbox of the system"),
        ({"objectClass": ["user"], "cn": ["SystemMailbox{1}"]}, ("system",), "a mailbox of the system"),
        ({"objectClass": ["user"], "msExchHideFromAddressLists": ["TRUE"]}, ("hidden",), "hidden from address books"),
        ({"objectClass": ["user"], "mail": ["a@b"]}, ("no-proxies",), "no proxy addresses"),
        ({"objectClass": ["user"], "mail": ["a@b"]}, ("no-legacy",), "no legacyExchangeDN"),
        (
            {"objectClass": ["user"], "mail": ["a@b"]},
            ("no-home",),
            "a user with neither home server nor target address",
        ),
        (
            {"objectClass": ["group"], "proxyAddresses": ["smtp:a@b"]},
            ("no-primary",),
            "a group without a primary SMTP address",
        ),
        ({"objectClass": ["contact"], "mail": ["a@b"]}, ("no-target",), "a contact without a target address"),
    ],
)
def test_who_is_no_recipient(attributes: dict[str, list[str]], skip: tuple[str, ...], reason: str) -> None:
    """Each rule of GALSync's source filter says why it leaves an object out."""
    found = people("ad", skip=skip).read(Record("CN=x,DC=lab", attributes))  # type: ignore[arg-type]

    assert Skipped(reason) == found


NAMES = st.sampled_from(
    [
        *("objectClass", "cn", "rdn", "mail", "proxyAddresses", "otherMailbox", "targetAddress", "Target-Address"),
        *("labeledURI", "Obj-Class", "E-mail address", "E-mail Addresses", "displayName", "objectGUID", "entryUUID"),
        *("textEncodedORAddress", "msExchRecipientTypeDetails", "uid", "info", "Obj-Container", "adminDescription"),
        *("member", "x"),
    ]
)
VALUES = (
    st.sampled_from(["user", "contact", "Remote-Address", "Mailbox", "inetOrgPerson", "group", "SMTP:a@b", "MS:A/B/C"])
    | st.sampled_from(["smtp$x@y", "X400:", "X400:c=US;s=D", "TRUE", "cn=a", "a@b", MARK, "FAX:1", "MS:X400/B/C"])
    | st.text(max_size=6)
    | st.binary(max_size=17)
)
RECORDS = st.builds(
    Record,
    st.sampled_from(
        ["", "cn=a", "cn=a,ou=foreign,dc=lab,dc=example", "/o=Lab/cn=a", "junk", "cn=a\\", "cn=\ud800,o=x"]
    ),
    st.dictionaries(NAMES, st.lists(VALUES, max_size=3), max_size=8),
)


@given(st.sampled_from(DIALECTS), RECORDS)
def test_any_object_can_be_looked_at(dialect: str, record: Record) -> None:
    """Whatever a server sends, the answer is a person, a reason, or what is wrong with it."""
    found = people(dialect, domains=()).read(record)

    assert isinstance(found, Person | Skipped | Bad)
    if isinstance(found, Person):
        assert TYPES.key(TYPES.parse(f"{found.entry.type}:{found.entry.address}")) == found.entry.key


# -- writing -------------------------------------------------------------------------------------------------------


def test_a_contact_of_active_directory() -> None:
    """All proxies with their primaries, the X500 address of the old name, and the mark."""
    given = entry(
        "MS:FAR/PO1/ANN",
        "Smith, Ann",
        (ALIAS, "änn smith"),
        (ADDRESSES, "SMTP:ann@lab.example"),
        (ADDRESSES, "SMTP:old@lab.example"),
        (KIND, "mailbox"),
        ("legacyExchangeDN", "/o=Far/cn=ann"),
        ("department", "Sales"),
        ("initials", "ABCDEFGH"),
        ("carLicense", "B-XY 1"),
    )
    ad = people("ad")

    written = ad.write(given, ad.dn(given, lambda _key: False))

    assert (
        Record(
            "cn=Smith\\, Ann,OU=Foreign,DC=lab,DC=example",
            {
                "objectClass": ["top", "person", "organizationalPerson", "contact"],
                "cn": ["Smith, Ann"],
                "displayName": ["Smith, Ann"],
                "mailNickname": ["annsmith"],
                "department": ["Sales"],
                "initials": ["ABCDEF"],
                "targetAddress": ["MS:FAR/PO1/ANN"],
                "proxyAddresses": [
                    *("MS:FAR/PO1/ANN", "SMTP:ann@lab.example", "smtp:old@lab.example", "X500:/o=Far/cn=ann"),
                ],
                "mail": ["ann@lab.example"],
                "adminDescription": [MARK],
            },
        )
        == written.record
    )
    assert ("carLicense",) == written.left_out


def test_a_remote_address_of_exchange_55() -> None:
    """The directory name is the alias, ``cn`` the display name, and the addresses have four faces."""
    given = entry("MS:FAR/PO1/ANN", "Smith, Ann", (ALIAS, "ann"), (ADDRESSES, "SMTP:ann@lab.example"))
    ex55 = people("ex55")

    record = ex55.write(given, ex55.dn(given, lambda _key: False)).record

    assert (
        Record(
            "cn=ann,cn=Foreign,cn=Recipients,ou=Berlin,o=Lab",
            {
                "objectClass": ["Remote-Address"],
                "rdn": ["ann"],
                "cn": ["Smith, Ann"],
                "uid": ["ann"],
                "Target-Address": ["MS:FAR/PO1/ANN"],
                "mail": ["ann@lab.example"],
                "otherMailbox": ["MS$FAR/PO1/ANN"],
                "Admin-Description": [MARK],
                "MAPI-Recipient": ["FALSE"],
            },
        )
        == record
    )


def test_a_server_without_a_schema_of_exchange() -> None:
    """What the server does not know is left out and told; the target has a place all the same."""
    given = entry("MS:FAR/PO1/ANN", "Ann Smith", (ADDRESSES, "SMTP:ann@lab.example"), ("info", "x"), ("company", "Lab"))
    generic = people("generic")

    written = generic.write(given, generic.dn(given, lambda _key: False))

    assert {
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
        "cn": ["Ann Smith"],
        "displayName": ["Ann Smith"],
        "uid": ["ANN"],
        "o": ["Lab"],
        "sn": ["Smith"],
        "labeledURI": ["MS:FAR/PO1/ANN"],
        "mail": ["ann@lab.example"],
        "employeeType": [MARK],
    } == written.record.attributes
    assert ("info", "proxyAddresses") == written.left_out


def test_names_in_the_container_are_unique() -> None:
    """A name that is taken gets a number, and is cut before it; control characters and blanks are no part of it."""
    given = entry("MS:FAR/PO1/ANN", "A" * 80)
    taken = {"cn=" + "a" * 64 + ",ou=foreign,dc=lab,dc=example"}

    dn = people("ad").dn(given, lambda key: key in taken)

    assert "cn=" + "A" * 62 + " 2,OU=Foreign,DC=lab,DC=example" == dn


TEXTS = st.text(max_size=8) | st.sampled_from([" x ", "Doe, John", "a+b", "#1", 'q"', "Löwe", "a/b", "x\ny", "É" * 70])
FIELDS = st.lists(
    st.tuples(st.sampled_from(["givenName", "sn", "title", "description", "info", "company", "odd"]), TEXTS)
    | st.tuples(st.just(ALIAS), TEXTS)
    | st.tuples(
        st.just(ADDRESSES),
        st.sampled_from(
            ["SMTP:a@b", "SMTP:c@d", "X400:c=US;a= ;s=Doe", "X500:/o=x", "MS:FAR/PO1/BOB", "FOO:x", "junk"]
        ),
    )
    | st.tuples(st.just("legacyExchangeDN"), st.just("/o=Far/cn=ann"))
    | st.tuples(st.just("otherMailbox"), st.just("QFAX:12")),
    max_size=8,
).map(tuple)
ENTRIES = st.builds(
    lambda address, name, fields: entry(address, name, *fields),
    st.sampled_from(["MS:FAR/PO1/ANN", "SMTP:ann@far.example", "X400:c=US;a= ;s=Smith", "X500:/o=Far/cn=ann"]),
    TEXTS.filter(str.strip),
    FIELDS,
)


@given(st.sampled_from(DIALECTS), ENTRIES)
def test_what_is_written_is_read_back(dialect: str, given: Entry) -> None:
    """An object is read as the shape of the entry that it was made of; the shape of that is itself."""
    directory = people(dialect)
    shaped = directory.shape(given, None)
    record = directory.write(given, directory.dn(given, lambda _key: False)).record

    found = directory.read(record, "anchor")

    assert Person(shaped._replace(anchor="anchor"), True) == found
    assert found.entry == directory.shape(given, found.entry)
    assert shaped == directory.shape(shaped, None)
    assert [] == directory.changes(record, directory.write(shaped, record.dn).record)


KNOWN = [
    *("cn", "sn", "displayName", "mail", "proxyAddresses", "targetAddress", "otherMailbox", "labeledURI", "uid"),
    *("mailNickname", "title", "description", "o", "company", "info", "Target-Address", "textEncodedORAddress"),
]


#: Where a target may stand, and further addresses.
PLACES = {
    "ad": {"targetAddress", "otherMailbox"},
    "generic": {"targetAddress", "labeledURI"},
    "ex55": {"Target-Address"},
}
MANY = {"ad": "proxyAddresses", "generic": "proxyAddresses", "ex55": "otherMailbox"}


@given(st.sampled_from(["ad", "generic", "ex55"]), st.sets(st.sampled_from(KNOWN)), ENTRIES)
def test_a_server_may_lack_any_attribute(dialect: str, known: set[str], given: Entry) -> None:
    """What is written to a server with a poor schema is known again by its address, or refused before."""
    mark = {"ad": "adminDescription", "ex55": "Admin-Description", "generic": "employeeType"}[dialect]
    directory = people(dialect, available={*known, mark})
    if not known & PLACES[dialect] and not (given.type == "SMTP" and known & {"mail", MANY[dialect]}):
        with pytest.raises(AddressError, match="no attribute for such an address"):
            directory.shape(given, None)
        return
    shaped = directory.shape(given, None)
    record = directory.write(given, directory.dn(given, lambda _key: False)).record

    found = read(directory.read(record, "anchor"))

    assert given.key == found.key
    assert directory.shape(given, found)._replace(anchor="") in (shaped, found._replace(anchor=""))
    assert {name.casefold() for name in record.attributes} <= {
        *map(str.casefold, known),
        *("objectclass", "cn", "rdn", mark.casefold()),
    }


def test_what_others_added_to_our_object_stays() -> None:
    """An X500 address and attributes that are not ours do not make a difference, nor are they taken away."""
    ad, given = people("ad"), entry("MS:FAR/PO1/ANN", "Ann", ("title", "Dr"))
    record = ad.write(given, "cn=Ann,OU=Foreign,DC=lab,DC=example").record
    there = dict(record.attributes) | {
        "proxyAddresses": [*record.values("proxyAddresses"), "X500:/o=Lab/cn=ann1"],
        "carLicense": ["B-XY 1"],
    }
    held = read(ad.read(Record(record.dn, there), "g"))

    assert held == ad.shape(given, held)
    changed = ad.shape(given._replace(fields=(("title", "Prof"),)), held)
    assert [("carLicense", "B-XY 1"), ("title", "Prof")] == list(changed.fields[:2])
    assert ["X500:/o=Lab/cn=ann1"] == field(changed, ADDRESSES)


def test_only_what_bears_our_mark_in_our_container_is_ours() -> None:
    """The mark alone, or the container alone, makes no object ours."""
    ad, given = people("ad"), entry()
    record = ad.write(given, "cn=Ann,OU=Foreign,DC=lab,DC=example").record
    other = {name: values for name, values in record.attributes.items() if name != "adminDescription"}

    assert ad.marked(record)
    assert not ad.marked(record._replace(dn="cn=Ann,OU=People,DC=lab,DC=example"))
    assert not ad.marked(record._replace(attributes=other))
    assert not ad.marked(record._replace(attributes=other | {"adminDescription": ["dxa Lab/Rome"]}))


def test_a_search_asks_for_all_that_means_something() -> None:
    """Also for what our own objects may not have on this server, for other people's may; and for what is configured."""
    asked = people("generic", attributes={"department": "ou", "title": ""}, mark="ourMark=x").attributes()

    assert {"ou", "ourMark", "mail", "proxyAddresses", "targetAddress", "labeledURI", "entryUUID"} <= set(asked)
    assert {"department", "departmentNumber", "title", "userCertificate"}.isdisjoint(asked)
    assert len(asked) == len(set(asked))


def test_an_address_that_is_too_long_is_refused() -> None:
    """MS-ADA3: no proxy address has more than 1123 characters; the entry is refused and not cut."""
    with pytest.raises(AddressError, match="more than 1123 characters"):
        people("ad").shape(entry("X500:/o=" + "x" * 1120), None)


def test_a_broken_address_hides_nobody() -> None:
    """Whose only address is broken is bad, and so nobody is removed for it; who has none is no recipient."""
    broken = people("ad").read(Record("cn=x,o=Lab", {"objectClass": ["user"], "proxyAddresses": ["SMTPx"]}))
    none = people("ad").read(Record("cn=x,o=Lab", {"objectClass": ["user"]}))

    assert isinstance(broken, Bad)
    assert "SMTPx" in broken.reason
    assert Skipped("no address") == none
