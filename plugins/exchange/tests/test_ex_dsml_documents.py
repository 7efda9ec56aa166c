"""DSML 1.0 and 2.0: what is read, what is said of what cannot be, and the way back."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_exchange import ldif
from dxa_exchange.directory import (
    Add,
    Bad,
    Change,
    Control,
    Delete,
    Modification,
    Modify,
    Operation,
    Record,
    Rename,
    Value,
)
from dxa_exchange.dsml import dsml1, dsml2
from dxa_exchange.dsml.dsml2 import Batch, Failure, Request, Result
from dxa_exchange.values import is_binary, typed

V1 = '<dsml xmlns="http://www.dsml.org/DSML"><directory-entries>{}</directory-entries></dsml>'
CORE = 'xmlns="urn:oasis:names:tc:DSML:2:0:core"'
TYPES = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
V2 = f"<batchRequest {CORE} {TYPES}>{{}}</batchRequest>"
ANSWER = f"<batchResponse {CORE} {TYPES}>{{}}</batchResponse>"


def read1(body: str) -> list[Record | Bad]:
    """What entries of DSML 1.0 are."""
    return list(dsml1.read(BytesIO(V1.format(body).encode())))


def read2(body: str, document: str = V2) -> list[Change | Record | Bad]:
    """What requests or answers of DSML 2.0 are."""
    return list(dsml2.read(BytesIO(document.format(body).encode())))


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        ("", {}),
        (
            "<objectclass><oc-value>top</oc-value><oc-value>person</oc-value></objectclass>",
            {"objectClass": ["top", "person"]},
        ),
        ('<attr name="cn"><value>Ann</value><value/></attr>', {"cn": ["Ann", ""]}),
        ('<attr name="cn"/>', {"cn": []}),
        ('<attr name="cn"><value>é&amp;&lt;&#x41;<![CDATA[<b>]]></value></attr>', {"cn": ["é&<A<b>"]}),
        ('<attr name="cn"><value>a<!-- no -->b<?no no?>c</value></attr>', {"cn": ["abc"]}),
        ('<attr name="cn"><value> a\n b </value></attr>', {"cn": [" a\n b "]}),
        ('<attr name="x"><value encoding="base64">Wm/r</value></attr>', {"x": [b"Zo\xeb"]}),
        ('<attr name="x"><value encoding="base64">\n Wm/D\n qw==\n</value></attr>', {"x": ["Zoë"]}),
        ('<attr name="jpegPhoto"><value>abc</value></attr>', {"jpegPhoto": [b"abc"]}),
        ('<attr name="mail"><value>a</value></attr><attr name="MAIL"><value>b</value></attr>', {"mail": ["a", "b"]}),
        ('<attr name="a"><value>1</value></attr><attr name="a"><value>2</value></attr>', {"a": ["1", "2"]}),
        ('<anchor xmlns="urn:mms"><value>x</value></anchor><attr name="a"><value>1</value></attr>', {"a": ["1"]}),
    ],
)
def test_an_entry_of_dsml1(body: str, attributes: dict[str, list[Value]]) -> None:
    """Attributes and their values are read as XML means them; what others add in their own namespaces is left out."""
    (item,) = read1(f'<entry dn="cn=A">{body}</entry>')

    assert isinstance(item, Record)
    assert Record("cn=A", {name: values for name, values in attributes.items() if values}) == Record(
        item.dn, {name: values for name, values in item.attributes.items() if values}
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<entry/>", "expected a distinguished name as attribute dn"),
        ('<entry dn="cn=A"><attr><value>x</value></attr></entry>', "expected the name of an attribute, got ''"),
        ('<entry dn="cn=A"><attr name="a b"/></entry>', "expected the name of an attribute, got 'a b'"),
        (
            '<entry dn="cn=A"><attr name="x"><value encoding="hex">00</value></attr></entry>',
            "encoding base64, got 'hex'",
        ),
        ('<entry dn="cn=A"><attr name="x"><value encoding="base64">Wm/</value></attr></entry>', "expected Base64"),
        ('<entry dn="cn=A"><attr name="x"><value>a<value>b</value></value></attr></entry>', "in a value"),
        ('<entry dn="cn=A"><attr name="x"><oc-value>b</oc-value></attr></entry>', "expected value, got"),
        ('<entry dn="cn=A"><value>b</value></entry>', "expected attr or objectclass, got"),
        (
            '<entry dn="cn=A"><attr name="x"><value>b</value></attr><value>c</value></entry>',
            "expected attr or objectclass",
        ),
    ],
)
def test_a_bad_entry_of_dsml1(body: str, said: str) -> None:
    """Its line and what is wrong are said, it is kept as XML, and the next entry is read."""
    bad, good = read1(f'\n\n{body}<entry dn="cn=Z"/>')

    assert Record("cn=Z", {}) == good
    assert isinstance(bad, Bad)
    assert said in bad.reason
    assert (3, "<entry ") == (bad.line, bad.raw[:7])


def test_a_schema_and_other_prefixes_do_no_harm() -> None:
    """A metaverse's document describes its schema first, and has a prefix for the namespace."""
    document = """<?xml version="1.0"?><!-- made by hand -->
    <d:dsml xmlns:d="http://www.dsml.org/DSML" complete="true">
    <d:directory-schema><d:class id="person" type="structural"><d:name>person</d:name></d:class>
    <d:attribute-type id="cn"><d:name>cn</d:name></d:attribute-type></d:directory-schema>
    <d:directory-entries><d:entry dn="cn=A"><d:attr name="cn"><d:value>A</d:value></d:attr></d:entry>
    </d:directory-entries></d:dsml>"""

    for encoding in ("utf-8", "utf-16", "utf-8-sig"):
        assert [Record("cn=A", {"cn": ["A"]})] == list(dsml1.read(BytesIO(document.encode(encoding))))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<delRequest dn="cn=A"/>', Delete("cn=A")),
        (
            '<delRequest dn="cn=A"><control type="1.2.3" criticality="true">'
            '<controlValue xsi:type="xsd:base64Binary">AAE=</controlValue></control>'
            '<control type="1.2.4"/></delRequest>',
            Delete("cn=A", (Control("1.2.3", True, b"\0\1"), Control("1.2.4"))),
        ),
        ('<modDNRequest dn="cn=A" newrdn="cn=B"/>', Rename("cn=A", "cn=B", True)),
        (
            '<modDNRequest dn="cn=A" newrdn="cn=B" deleteoldrdn="0" newSuperior="o=X"/>',
            Rename("cn=A", "cn=B", False, "o=X"),
        ),
        (
            '<addRequest dn="cn=A"><attr name="cn"><value>A</value><value xsi:type="xsd:string">B</value>'
            '<value xsi:type="xsd:base64Binary">/w==</value></attr></addRequest>',
            Add(Record("cn=A", {"cn": ["A", "B", b"\xff"]})),
        ),
        (
            '<modifyRequest dn="cn=A"><modification name="cn" operation="replace"><value>x</value></modification>'
            '<modification name="sn" operation="delete"/></modifyRequest>',
            Modify("cn=A", (Modification(Operation.REPLACE, "cn", ["x"]), Modification(Operation.DELETE, "sn", []))),
        ),
    ],
)
def test_a_request_of_dsml2(body: str, expected: Change) -> None:
    """Every request that changes an object is read, with its controls."""
    assert [expected] == read2(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '<searchRequest requestID="7" dn="o=X"/>',
            "request '7': expected a request that changes an object, got searchRequest",
        ),
        ("<extendedRequest/>", "got extendedRequest, which is not carried out"),
        ("<putRequest/>", "expected addRequest, modifyRequest, delRequest or modDNRequest, got 'putRequest'"),
        ("<delRequest/>", "expected the attribute dn of delRequest, got none"),
        ('<delRequest dn="cn=A"><attr name="x"/></delRequest>', "expected nothing but controls in it, got 'attr'"),
        ('<modDNRequest dn="cn=A"/>', "expected the attribute newrdn"),
        ('<modDNRequest dn="cn=A" newrdn="cn=B" deleteoldrdn="yes"/>', "expected true or false, got 'yes'"),
        (
            '<modifyRequest dn="cn=A"><modification name="x" operation="increment"/></modifyRequest>',
            "add, delete or replace",
        ),
        ('<modifyRequest dn="cn=A"><attr name="x"/></modifyRequest>', "expected modification, got 'attr'"),
        (
            '<addRequest dn="cn=A"><attr name="x"><value xsi:type="xsd:hexBinary">00</value></attr></addRequest>',
            "got 'xsd:hexBinary'",
        ),
        (
            '<addRequest dn="cn=A"><attr name="x"><value xsi:type="q:string">0</value></attr></addRequest>',
            "got 'q:string'",
        ),
        (
            '<addRequest dn="cn=A"><attr name="x"><value xsi:type="xsd:anyURI">file:///etc/passwd</value></attr></addRequest>',
            "got the address 'file:///etc/passwd', which is not opened",
        ),
        ('<addRequest dn="cn=A"><attr name="x"><value>a<b/></value></attr></addRequest>', "in a value"),
        ('<delRequest dn="cn=A"><control type="x"/></delRequest>', "expected an object identifier"),
    ],
)
def test_a_bad_request_of_dsml2(body: str, said: str) -> None:
    """What is no change is told with its identifier, never lost, and the next request is read."""
    bad, good = read2(f'\n{body}<delRequest dn="cn=Z"/>')

    assert Delete("cn=Z") == good
    assert isinstance(bad, Bad)
    assert said in bad.reason
    assert 2 == bad.line


def test_how_a_batch_is_carried_out_is_read_and_written() -> None:
    """The batch's own words and the identifiers of the requests come back; a word that nobody knows is told."""
    batch = Batch("b", parallel=True, unordered=True, resume=True)
    asked = [Request("1", Delete("cn=A")), Request("", Delete("cn=B"))]

    data = b"".join(dsml2.write(asked, batch=batch))

    assert [batch, *asked] == list(dsml2.requests([data]))
    assert b'requestID="b" processing="parallel" responseOrder="unordered" onError="resume"' in data
    bad = next(dsml2.requests([data.replace(b'"resume"', b'"ignore"')]))
    assert isinstance(bad, Bad)
    assert "expected exit or resume, got 'ignore'" in bad.reason


ANSWERS = [
    Result("addResponse", "1"),
    Result("modifyResponse", "2", 32, "noSuchObject", "no <such> & object", "o=Lab, c=de"),
    Result("delResponse", "3", 10, "referral", "", "", ("ldap://a/", "ldap://b/")),
    Result("modDNResponse", "", 80, "other", "ü"),
    Result("searchResponse", "5", 4, "sizeLimitExceeded"),
    Failure("malformedRequest", "broken", "6", "line 3"),
    Failure("notAttempted"),
]


def test_answers_are_written_and_read() -> None:
    """Code, word, message, matched name and referrals of each result, and the failures, are the same afterwards."""
    data = b"".join(dsml2.write_responses(ANSWERS, request_id="b"))

    assert [answer._replace(description="success") if answer == ANSWERS[0] else answer for answer in ANSWERS] == list(
        dsml2.responses([data])
    )
    failed = [item.reason for item in dsml2.read([data]) if isinstance(item, Bad)]
    assert "request '2' failed with 32 noSuchObject: no <such> & object" == failed[0]
    assert "a request has no result: notAttempted" == failed[-1]
    assert 6 == len(failed)


def test_objects_that_a_search_has_found_are_read() -> None:
    """The answer to a search is a list of objects, however long; a reference and a missing result code are told."""
    entry = '<searchResultEntry dn="cn={}"><attr name="cn"><value>{}</value></attr></searchResultEntry>'
    found = "".join(entry.format(n, n) for n in range(300))
    reference = "<searchResultReference><ref>ldap://b/</ref></searchResultReference>"
    done = '<searchResultDone><resultCode code="0"/></searchResultDone>'

    items = read2(f'<searchResponse requestID="1">{found}{reference}{done}</searchResponse><addResponse/>', ANSWER)

    assert [Record(f"cn={n}", {"cn": [str(n)]}) for n in range(300)] == items[:300]
    reasons = [item.reason for item in items[300:] if isinstance(item, Bad)]
    assert "a part of what was searched is on another server, which was not asked: ldap://b/" == reasons[0]
    assert "expected resultCode in addResponse, got none" == reasons[1]


@pytest.mark.parametrize(
    "item",
    [
        Record("cn=A", {"a b": ["x"]}),
        Record("cn=\ud800", {}),
        Record("cn=A", {"a": ["\ud800"]}),
    ],
)
def test_what_xml_cannot_say_is_refused(item: Record) -> None:
    """What is refused is told, or raised, and the rest is written, in both versions."""
    good = Record("cn=G", {"cn": ["G"]})
    told: list[object] = []

    first = b"".join(dsml1.write([good, item, good], refused=lambda found, _: told.append(found)))
    second = b"".join(dsml2.write([Add(good), Add(item)], refused=lambda found, _: told.append(found)))

    assert ([good, good], [Add(good)], [item, Add(item)]) == (
        list(dsml1.read([first])),
        list(dsml2.read([second])),
        told,
    )
    with pytest.raises(FormatError):
        list(dsml1.write([item]))
    with pytest.raises(FormatError):
        list(dsml2.write([Add(item)]))


def test_what_dsml2_has_no_words_for_is_refused() -> None:
    """It has no increment, and no results and failures of other names."""
    increment = Modify("cn=A", (Modification(Operation.INCREMENT, "n", ["1"]),))

    for pieces in (
        dsml2.write([increment]),
        dsml2.write_responses([Result("x")]),
        dsml2.write_responses([Failure("x")]),
    ):
        with pytest.raises(FormatError):
            list(pieces)


def test_control_characters_in_a_name_become_pairs_of_digits() -> None:
    """XML cannot carry them; a distinguished name can say them in another way, and is then the same name."""
    (item,) = dsml1.read(dsml1.write([Record("cn=a\x01\nb,o=X", {})]))

    assert Record("cn=a\\01\\0Ab,o=X", {}) == item


NAMES = ("cn", "description", "objectClass", "cn;lang-de", "jpegPhoto", "userCertificate;binary")
DNS = ('cn=Berg\\, "A",o=X', "cn=\\#1\\+\\ ", " cn=a", "cn=Zoë <&> 'q'", "CN=P\\0ADEL:0b,DC=x", "", "cn=🦊")


def _text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)


def values(name: str) -> st.SearchStrategy[Value]:
    """Values as reading gives them."""
    data = st.binary(max_size=60).map(lambda found: typed(name, found))
    return data if is_binary(name) else st.text(max_size=60).filter(_text) | data


FILLED = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(values(name), min_size=1, max_size=3))
)
RECORDS = st.builds(
    lambda dn, pairs: Record(dn, dict(pairs)),
    st.sampled_from(DNS),
    st.lists(FILLED, max_size=4, unique_by=lambda pair: pair[0]),
)
HARD = [
    "",
    " ",
    "\n",
    "\ta",
    "a\r\nb",
    "\x01",
    "\x7f\x85",
    "]]>",
    "<a/>",
    "&amp;",
    "\ufffe",
    "\u2028",
    "e\u0301",
    "\ufeff",
]


@given(st.lists(RECORDS, max_size=3))
@example([Record(dn, {"objectClass": HARD, "cn": HARD}) for dn in DNS])
def test_objects_come_back_as_they_were(records: list[Record]) -> None:
    """Writing and reading is the identity, in both versions, and on the way from LDIF through both and back."""
    assert records == list(dsml1.read(dsml1.write(records)))
    assert list(map(Add, records)) == list(dsml2.read(dsml2.write(map(Add, records))))
    first = [item for item in ldif.read(ldif.write(records)) if isinstance(item, Record)]
    second = [item for item in dsml1.read(dsml1.write(first)) if isinstance(item, Record)]
    assert [item for item in records if "=" in item.dn or not item.dn] == list(ldif.read(ldif.write(second)))
