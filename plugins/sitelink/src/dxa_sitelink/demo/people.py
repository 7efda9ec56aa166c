"""Who is at the demo's second site and at the postoffice behind it, and what becomes of them."""

from __future__ import annotations

#: The people of the second site, by alias.
SITE_PEOPLE = {
    "odegaard": "Odegaard, Børge",
    "pruszcz": "Pruszczyński, Łukasz",
    "quandt": "Quandt, Käte",
}
#: Those of the postoffice, by mailbox. Names end after 30 characters, as in MS Mail.
OFFICE_PEOPLE = {
    "RASMUSSENT": "Rasmussen, Tórolf",
    "SANDOVAL": "Sandoval Ibáñez, Inés",
    "TRUELSEN": "Truelsen, Björn",
}

NEW_AT_SITE = "vinterbg", "Vinterberg, Åge"
NEW_AT_OFFICE = "WESTPHALJ", "Westphal, Jürgen"
RENAMED_AT_SITE = "quandt", "Quandt-Møller, Käte"
GONE_AT_OFFICE = "SANDOVAL"
NEW_AT_SERVER = "Xylander, Zoë"
