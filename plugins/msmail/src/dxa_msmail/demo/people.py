"""Who is in the demo's postoffices, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Person(NamedTuple):
    """Somebody in a postoffice: the name in its address list, and the mailbox."""

    name: str
    mailbox: str


#: Network and postoffice, and who has a mailbox there. Names end after 30 characters, as in MS Mail.
POSTOFFICES: Mapping[str, tuple[Person, ...]] = {
    "NORD/HAFEN": (
        Person("Abbé, Renée", "ABBER"),
        Person("Bøgh-Andersen, Jørgen", "BOGHJ"),
        Person("Clausen, Dörte", "CLAUSEND"),
        Person("Freifrau von Güldenstern-Ehren", "GULDEN"),
        Person("Harms, Enno", "HARMSE"),
        Person("Jürgensen, Maïté", "JURGENSENM"),
        Person("Schönfließ, Björn", "SCHONFLB"),
        Person("Smith, John", "SMITHJ"),
    ),
    "NORD/LABOR": (
        Person("Åkesson, Åsa", "AKESSONA"),
        Person("Brandão, Conceição", "BRANDAOC"),
        Person("D'Agostino, Nicolò", "DAGOSTIN"),
        Person("Kröger, Heike", "KROGERH"),
        Person("Müller, Jürgen", "MULLERJ"),
        Person("Papadopoulou, Eleni", "PAPADOPE"),
        Person("Þórðardóttir, Guðrún", "THORDARD"),
    ),
    "SUED/ARCHIV": (
        Person("Bächtold, Urs", "BAECHTOLDU"),
        Person("Côté-Lévesque, Geneviève", "COTEG"),
        Person("Fernández Núñez, Begoña", "FERNANDEZB"),
        Person("Lesesaal", "LESESAAL"),
        Person("Niederösterreicher-Hohenwarter", "NIEDERH"),
        Person("Oberbüchler, Resi", "OBERBR"),
        Person("Zürcher, Käthi", "ZURCHERK"),
    ),
}

HAFEN, LABOR, ARCHIV = POSTOFFICES
#: The administrator of each postoffice, whom nobody else is told about.
ADMIN = "ADMIN"

NEWCOMER = Person("Ítalo-Péréz, Zoë", "ITALOZ")
RENAMED = Person("Kröger, Heike", "KROGERH"), Person("Kröger-Weiß, Heike", "KROGERH")
MOVED = Person("Harms, Enno", "HARMSE")
GONE = Person("Oberbüchler, Resi", "OBERBR")
#: Somebody deletes these, and should not have.
LOST = (
    Person("Fernández Núñez, Begoña", "FERNANDEZB"),
    Person("Lesesaal", "LESESAAL"),
    Person("Niederösterreicher-Hohenwarter", "NIEDERH"),
    Person("Zürcher, Käthi", "ZURCHERK"),
)
#: Comes to ARCHIV when it has been restored from its backup.
LATECOMER = Person("Weißhäupl, Ägidius", "WEISSHA")
