"""Who is in the demo's directory, and what becomes of them."""

from __future__ import annotations

from typing import NamedTuple

from dxa_exchange.directory import Record, Values

SUFFIX = "dc=werke,dc=example"
STAFF, FOREIGN = f"ou=staff,{SUFFIX}", f"ou=foreign,{SUFFIX}"


class Person(NamedTuple):
    """Somebody there."""

    name: str
    surname: str
    mail: str
    phone: str = ""


#: Names with what is not easy: other letters, a comma, a plus sign, a number sign; a name that others have, too.
PEOPLE = (
    Person("Aalto, Väinö", "Aalto", "vaino.aalto@werke.example", "+358 9 1"),
    Person("Ðorđević, Milena", "Ðorđević", "milena@werke.example"),
    Person("Große, Ingeborg", "Große", "i.grosse@werke.example", "+49 40 12"),
    Person("Ito, Sakura + Ken", "Ito", "ito@werke.example"),
    Person("Kowalczyk, Łukasz", "Kowalczyk", "lukasz@werke.example"),
    Person("#Night Shift", "Shift", "nightshift@werke.example"),
    Person("Smith, John", "Smith", "john.smith@werke.example"),
)
#: Gets another name and another address, and stays the same person; leaves; comes.
MARRIED = PEOPLE[2]
NEW_NAME, NEW_MAIL = "Große-Holm, Ingeborg", "i.holm@werke.example"
GONE = PEOPLE[4]
NEWCOMER = Person("Nakamura, Yū", "Nakamura", "nakamura@werke.example")


def dn(person: Person) -> str:
    """The object's name: by the local part of the first address, which stays when the address changes."""
    return f"uid={person.mail.partition('@')[0]},{STAFF}"


def attributes(person: Person) -> dict[str, Values]:
    """The object as a directory has it."""
    found: dict[str, Values] = {
        "objectClass": ["inetOrgPerson", "mailRecipient"],
        "uid": [person.mail.partition("@")[0]],
        "cn": [person.name],
        "sn": [person.surname],
        "displayName": [person.name],
        "mail": [person.mail],
    }
    return {**found, "telephoneNumber": [person.phone]} if person.phone else found


def tree() -> list[Record]:
    """The top, and the two containers."""
    top: dict[str, Values] = {"objectClass": ["dcObject", "organization"], "dc": ["werke"], "o": ["Werke"]}
    units = [(STAFF, "staff"), (FOREIGN, "foreign")]
    return [
        Record(SUFFIX, top),
        *(Record(name, {"objectClass": ["organizationalUnit"], "ou": [unit]}) for name, unit in units),
    ]


def everybody() -> list[Record]:
    """All people."""
    return [Record(dn(person), attributes(person)) for person in PEOPLE]
