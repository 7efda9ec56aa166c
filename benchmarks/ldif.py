"""Reading LDIF of 20,000 objects: 15 attributes each, and five addresses."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from benchmarks.measure import Result, median, timed
from dxa_exchange.directory import Record

COUNT, ROUNDS = 20_000, 5


def records(count: int = COUNT) -> Iterator[Record]:
    """Objects like those of an organisation's directory, some with names outside ASCII."""
    for i in range(count):
        surname = f"Müller{i}" if i % 10 == 0 else f"Surname{i}"
        dn = f"uid=user{i:06d},ou=Site {i % 7},o=An Example Organisation"
        yield Record(dn, {**_person(i, surname), "proxyAddresses": _addresses(i)})


def _person(i: int, surname: str) -> dict[str, list[str | bytes]]:
    return {
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
        "uid": [f"user{i:06d}"],
        "cn": [f"Given{i % 500} {surname}"],
        "sn": [surname],
        "givenName": [f"Given{i % 500}"],
        "displayName": [f"{surname}, Given{i % 500}"],
        "mail": [f"user{i:06d}@lab.example"],
        "department": [f"Department {i % 60}"],
        "company": ["An Example Organisation"],
        "telephoneNumber": [f"+49 30 {1000000 + i}"],
        "l": ["Berlin"],
        "title": ["Engineer"],
        "c": ["DE"],
        "postalCode": [f"{10000 + i % 900}"],
        "description": [f"Object number {i} of a directory made for measuring"],
    }


def _addresses(i: int) -> list[str | bytes]:
    x400 = f"X400:c=DE;a= ;p=Example;o=Berlin;s=Surname{i};g=Given{i % 500};"
    others = (
        f"smtp:given.surname{i}@lab.example",
        f"MS:LAB/PO{i % 20}/USER{i:06d}",
        f"CCMAIL:Surname{i}, Given at PO1",
    )
    return [f"SMTP:user{i:06d}@lab.example", *others, x400]


def run() -> Result:
    """Our reader, whose values are text, against that of python-ldap, whose values are bytes; both keep all records."""
    import ldif as theirs

    from dxa_exchange import ldif

    data = b"".join(ldif.write(records()))

    def reference() -> int:
        reader = theirs.LDIFRecordList(BytesIO(data))
        reader.parse()
        return len(reader.all_records)

    def work() -> int:
        return len([item for item in ldif.read(BytesIO(data)) if isinstance(item, Record)])

    assert COUNT == work() == reference()
    rounds = [(timed(reference), timed(work)) for _ in range(ROUNDS)]
    return Result(
        name="read LDIF of 20,000 entries",
        reference="python-ldap: LDIFRecordList",
        reach=0.6,
        work_s=median([ours for _, ours in rounds]),
        reference_s=median([plain for plain, _ in rounds]),
        rounds=ROUNDS,
    )
