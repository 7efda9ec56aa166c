"""`dxa exchange convert`, on bytes: what each pair of formats keeps, and what is said of the rest."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa.host import Host
from dxa.rules.maps import AttributeMap
from dxa_exchange import ldif
from dxa_exchange.attributetable import TABLE
from dxa_exchange.conversion.flow import Converted, Wish, convert
from dxa_exchange.conversion.formats import FORMATS, Settings
from dxa_exchange.dialects import Dialect, dialect
from dxa_exchange.directory import Add, Bad, Delete, Modify, Record
from dxa_exchange.translation import Translated, Translator

HOST = Host()
TYPES = HOST.address_types()
MSMAIL = HOST.decoders()["msmail"]
OURS = ("csv55", "ldif", "dsml1", "dsml2")

LIST = (
    b"A Ann Smith                      PCM:LAB/PO1/ANN\r\n"
    b"- Phone:/+49 30 12\r\n"
    b"A Bob Cole                       SMTP:bob@far.example\r\n"
    b"A Ann Smith                      PCM:LAB/PO2/ANN\r\n"
)


def converted(data: bytes, source: str, target: str, **wish: object) -> Converted:
    """A file in another format."""
    sides = {name: FORMATS.get(name, MSMAIL) for name in (source, target)}
    return convert(data, Wish(source=sides[source], target=sides[target], **wish), TYPES)  # type: ignore[arg-type]


def objects(data: bytes, format_: str) -> dict[str, dict[str, set[str | bytes]]]:
    """What a file holds: the values of each attribute of each object, as sets."""
    found = {}
    for _, item in FORMATS[format_].read(data, Settings()):
        record = item.record if isinstance(item, Add) else item
        assert isinstance(record, Record), item
        found[record.dn] = {name: {*values} for name, values in record.attributes.items() if values}
    return found


# -- EXIMWIZ -------------------------------------------------------------------------------------------------------


def test_a_list_of_ms_mail_becomes_custom_recipients() -> None:
    """The work of EXIMWIZ: an import file of Exchange, each directory name unique, fields mapped to columns."""
    result = converted(LIST, "msmail", "csv55", fields=AttributeMap([("Phone", "telephoneNumber")]))

    assert (
        "Obj-Class,Directory Name,Obj-Container,Display Name,Alias Name,Phone number,E-mail address,"
        "E-mail Addresses\r\n"
        "Remote,ANN,Recipients,Ann Smith,ANN,+49 30 12,MS:LAB/PO1/ANN,MS:LAB/PO1/ANN\r\n"
        "Remote,bob,Recipients,Bob Cole,bob,,SMTP:bob@far.example,SMTP:bob@far.example\r\n"
        "Remote,ANN 2,Recipients,Ann Smith,ANN,,MS:LAB/PO2/ANN,MS:LAB/PO2/ANN\r\n" == result.data.decode()
    )
    assert (3, [], []) == (result.count, result.rejects, result.notes)


@pytest.mark.parametrize("format_", OURS)
def test_a_list_of_ms_mail_comes_back(format_: str) -> None:
    """Whatever lies between, names, addresses and mapped fields of an address list stay."""
    fields = AttributeMap([("Phone:", "telephoneNumber")])

    there = converted(LIST, "msmail", format_, fields=fields)
    back = converted(there.data, format_, "msmail", fields=fields)

    assert LIST == back.data
    assert [] == there.rejects + back.rejects


def test_what_no_attribute_holds_is_told() -> None:
    """A field that is not mapped, and that the format has no place for, is left out and named."""
    result = converted(LIST, "msmail", "ldif")

    assert ["Phone:: left out of 1 object, for it has no place there"] == result.notes
    assert 3 == result.count


def test_people_are_told_by_the_address_that_is_wanted() -> None:
    """MS Mail's list has a mailbox by its MS address, where it has one and that is asked for."""
    data = (
        b"Obj-Class,Directory Name,Display Name,E-mail Addresses\r\n"
        b"Mailbox,ann,Ann,SMTP:ann@lab.example%MS:LAB/PO1/ANN\r\n"
        b"Mailbox,bob,Bob,SMTP:bob@lab.example\r\n"
    )

    usual, wanted = converted(data, "csv55", "msmail"), converted(data, "csv55", "msmail", address="ms")

    assert ["SMTP:ann@lab.example", "SMTP:bob@lab.example"] == [line[33:] for line in usual.data.decode().splitlines()]
    assert ["PCM:LAB/PO1/ANN", "SMTP:bob@lab.example"] == [line[33:] for line in wanted.data.decode().splitlines()]


# -- objects -------------------------------------------------------------------------------------------------------

PEOPLE = (
    "Obj-Class,Directory Name,Obj-Container,Display Name,Alias Name,First Name,Last name,Phone number,Company,"
    "E-mail address,E-mail Addresses,Secondary-Proxy-Addresses,Members,Hide from AB,Custom Attribute 3\r\n"
    'Mailbox,AnnS,/o=Lab/ou=Berlin/cn=Recipients,"Smith, Ann",ann,Ann,Smith,12,"Lab, Inc.",,'
    "SMTP:ann@lab.example%X400:c=US;a= ;p=Lab;s=Smith;,smtp:old@lab.example%ms:LAB/PO1/ANN,,1,x\r\n"
    "Remote,Löwe #1,/o=Lab/ou=Berlin/cn=Recipients/cn=Sub,Löwe,lowe,,Lowe,,,MS:FAR/PO1/LOWE,MS:FAR/PO1/LOWE,,,,\r\n"
    "DL,Staff,/o=Lab/ou=Berlin/cn=Recipients,Staff,staff,,,,,,SMTP:staff@lab.example,,"
    "Recipients/cn=AnnS%Recipients/cn=Sub/cn=Löwe #1,,\r\n"
).encode("cp1252")


@pytest.mark.parametrize(("first", "second"), list(product(OURS, repeat=2)))
@pytest.mark.parametrize("dialect", ["ad", "ex55"])
def test_every_pair_of_formats_keeps_everybody(first: str, second: str, dialect: str) -> None:
    """Mailboxes, custom recipients and lists with their addresses, attributes and members come through any two."""
    options = {"source_dialect": dialect, "target_dialect": dialect}

    one = converted(PEOPLE, "csv55", first, **options)
    two = converted(one.data, first, second, **options)
    back = converted(two.data, second, "csv55", **options)

    assert [] == one.rejects + two.rejects + back.rejects
    assert objects(PEOPLE, "csv55") == objects(back.data, "csv55")


def test_objects_stay_what_they_are() -> None:
    """A mailbox of 5.5 becomes a user, a custom recipient a contact, a list a group, with names in their place."""
    found = objects(converted(PEOPLE, "csv55", "ldif").data, "ldif")

    ann = found["cn=AnnS,cn=Recipients,ou=Berlin,o=Lab"]
    staff = found["cn=Staff,cn=Recipients,ou=Berlin,o=Lab"]
    assert {"top", "person", "organizationalPerson", "user"} == ann["objectClass"]
    assert {"/o=Lab/ou=Berlin/cn=Recipients/cn=AnnS"} == ann["legacyExchangeDN"]
    assert ({"TRUE"}, {"Lab, Inc."}) == (ann["msExchHideFromAddressLists"], ann["company"])
    assert "contact" in found["cn=Löwe #1,cn=Sub,cn=Recipients,ou=Berlin,o=Lab"]["objectClass"]
    members = {"cn=AnnS,cn=Recipients,ou=Berlin,o=Lab", "cn=Löwe #1,cn=Sub,cn=Recipients,ou=Berlin,o=Lab"}
    assert members == staff["member"]


def test_users_of_active_directory_go_where_exchange_had_them() -> None:
    """The old name of an object is its directory name and container; binary values are left out and told."""
    data = (
        b"dn: CN=Ann Smith,OU=People,DC=lab\nobjectClass: user\ncn: Ann Smith\n"
        b"legacyExchangeDN: /o=Lab/ou=Berlin/cn=Recipients/cn=AnnS\nproxyAddresses: SMTP:ann@lab.example\n"
        b"objectGUID:: AAECAwQFBgcICQoLDA0ODw==\nuserCertificate:: /9j/\n\n"
        b"dn: OU=People,DC=lab\nobjectClass: organizationalUnit\nou: People\n"
    )

    result = converted(data, "ldif", "csv55")

    assert {"/o=Lab/ou=Berlin/cn=Recipients/cn=AnnS"} == objects(result.data, "csv55").keys()
    assert ["userCertificate: left out of 1 object, for it has no place there"] == result.notes
    (reject,) = result.rejects
    assert reject.startswith("line 9: OU=People,DC=lab: objectClass: no recipient: expected contact, group")


TEXTS = st.text(st.sampled_from(' ,+"#;=/\\<>äÖß%abC\u20ac'), min_size=1, max_size=8).filter(str.strip).map(str.strip)
ADDRESSES = st.lists(
    st.sampled_from(["SMTP:a@b", "smtp:c@d", "X400:c=US;a= ;s=Doe;", "x500:/o=a", "CCMAIL:Doe, J at PO", "ms:A/B/C"]),
    max_size=4,
    unique_by=str.casefold,
)


@st.composite
def directories(draw: st.DrawFn) -> bytes:
    """People in LDIF, in the words of Active Directory."""
    names = draw(st.lists(TEXTS, min_size=1, max_size=4, unique_by=str.casefold))
    return b"".join(ldif.write([_person(name, draw(TEXTS), draw(TEXTS), draw(ADDRESSES)) for name in names]))


def _person(name: str, display: str, title: str, addresses: list[str]) -> Record:
    from dxa_exchange import names

    found: dict[str, list[str | bytes]] = {
        "objectClass": ["top", "person", "organizationalPerson", "user"],
        "cn": [name],
        "displayName": [display],
        "title": [title],
        "proxyAddresses": [text.replace("x500", "X500") for text in addresses],
    }
    if "SMTP:a@b" in addresses:
        found["mail"] = ["a@b"]
    dn = names.child("cn", name, "cn=Recipients,ou=Berlin,o=Lab")
    found["legacyExchangeDN"] = [names.to_native(dn)]
    return Record(dn, {name: values for name, values in found.items() if values})


@given(directories(), st.sampled_from(["csv55", "raw55", "dsml1", "dsml2"]))
def test_any_names_and_values_survive(data: bytes, through: str) -> None:
    """Commas, plus signs, quotes, number signs, blanks, slashes and other alphabets come back as they were."""
    there = converted(data, "ldif", through)
    back = converted(there.data, through, "ldif")

    assert [] == there.rejects + back.rejects
    assert objects(data, "ldif") == objects(back.data, "ldif")


@given(
    st.sampled_from(OURS), st.sampled_from([*OURS, "msmail"]), st.binary(max_size=60) | st.sampled_from([LIST, PEOPLE])
)
def test_any_bytes_give_an_answer(source: str, target: str, data: bytes) -> None:
    """Whatever a file is, the rest is converted and nothing raises."""
    assert isinstance(converted(data, source, target), Converted)


VALUES = (
    st.sampled_from(["user", "Mailbox", "inetOrgPerson", "SMTP:a@b", "smtp$x@y", "/o=x", "cn=a", "cn=", "TRUE", "x"])
    | st.text(max_size=4)
    | st.binary(max_size=4)
)
RECORDS = st.builds(
    Record,
    st.sampled_from(["", "cn=a", "cn=a,o=Lab", "/o=Lab/cn=a", "junk", "cn=#00,o=x", "cn=\ud800"]) | st.text(max_size=6),
    st.dictionaries(
        st.sampled_from([name for each in TABLE for name in (each.header, each.schema, *each.ex55, *each.ad)] + ["?"]),
        st.lists(VALUES, max_size=2),
        max_size=6,
    ),
)
DIALECTS = st.sampled_from(["csv55", "raw55", "ex55", "ad", "generic"]).map(dialect)  # type: ignore[arg-type]


@given(DIALECTS, DIALECTS, RECORDS)
def test_any_object_is_translated_or_refused(source: Dialect, target: Dialect, record: Record) -> None:
    """Whatever an object holds, it is told in the other dialect, or the reason is."""
    found = None
    with suppress(FormatError):
        found = Translator(source, target).translate(record)

    if source.name == target.name:
        assert Translated(record) == found
    elif found is not None:
        assert all(found.record.attributes.values())
        assert target.kind(found.record.texts(target.theirs("objectClass"))) is not None


# -- changes -------------------------------------------------------------------------------------------------------

CHANGES = (
    b"version: 1\n\n"
    b"dn: cn=ann,cn=Recipients,ou=Berlin,o=Lab\nchangetype: delete\n\n"
    b"dn: cn=bob,cn=Recipients,ou=Berlin,o=Lab\nchangetype: modify\nreplace: title\ntitle: Dr\n-\n"
    b"replace: department\n-\n\n"
)


def test_changes_stay_changes() -> None:
    """Deletes and changes of attributes pass through files of 5.5 and DSML 2.0; the class has to be guessed there."""
    table = converted(CHANGES, "ldif", "csv55")
    batch = converted(table.data, "csv55", "dsml2")
    back = converted(batch.data, "dsml2", "ldif")

    assert b"Delete,ann" in table.data
    assert b"~DEL" in table.data
    assert ["the class of objects that are deleted or modified is not known: Obj-Class is a guess"] == table.notes
    items = list(ldif.read([back.data]))
    assert [Delete, Modify] == [type(item) for item in items]
    assert list(ldif.read([CHANGES])) == items


def test_what_a_format_cannot_say_is_a_reject() -> None:
    """DSML 1.0 has no changes, a file of 5.5 no renames: each is told, and the others are converted."""
    rename = b"dn: cn=bob,o=Lab\nchangetype: modrdn\nnewrdn: cn=rob\ndeleteoldrdn: 1\n\n"
    new = b"dn: cn=new,o=Lab\nchangetype: add\nobjectClass: user\ncn: new\n\n"

    snapshot = converted(CHANGES + new, "ldif", "dsml1")
    table = converted(rename + new, "ldif", "csv55")

    assert (1, 2) == (snapshot.count, len(snapshot.rejects))
    assert {"cn=new,o=Lab"} == objects(snapshot.data, "dsml1").keys()
    assert (1, ["Directory Name: a file of 5.5 cannot give an object another name: '/o=Lab/cn=bob'"]) == (
        table.count,
        table.rejects,
    )


def test_bad_records_are_told_by_line() -> None:
    """A record that cannot be read is told with its line, and those around it are converted."""
    data = b"dn: cn=a,o=L\nobjectClass: user\ncn: a\n\ndn: cn=b,o=L\njunk\n\ndn: cn=c,o=L\nobjectClass: user\ncn: c\n\n"

    result = converted(data, "ldif", "dsml1")

    assert ["cn=a,o=L", "cn=c,o=L"] == list(objects(result.data, "dsml1"))
    (reject,) = result.rejects
    assert reject.startswith("line 5: ")
    assert isinstance(next(item for item in ldif.read([data]) if isinstance(item, Bad)), Bad)
