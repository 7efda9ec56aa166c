"""Who is in the demo's post office, and what becomes of them."""

from __future__ import annotations

#: The post office, and its folder in the demo's.
WERFT, FOLDER = "WERFT", "ccmail"

#: Names with what is not easy: letters of code page 850, an initial, no comma, and a name that the site has, too.
PEOPLE = {
    "Albers, Inken": "Dock 2",
    "Ærø, Bjørn": "",
    "Brückner, Käthe": "",
    "Ewers, Antje": "",
    "Gate 3": "",
    "Ipsen, Momme": "",
    "Petersen, Jens P.": "on leave",
    "Smith, John": "",
    "Tønnesen, Gro": "",
    "Ullrich, Volker": "",
}
LIST = "Fleet Captains"
BOARD = "Tide Tables"

#: Leaves the post office.
GONE = "Petersen, Jens P."
#: Comes to the site; leaves it; somebody there, by his address, is called so from now on.
NEWCOMER = "Lindqvist, Maj"
LEAVING = "Dvořáková, Božena"
RENAMED = "CCMAIL:Smith, John at HQ", "Smith, John A."
#: Are suddenly gone from the post office.
LOST = ("Albers, Inken", "Ewers, Antje", "Ipsen, Momme", "Tønnesen, Gro")
