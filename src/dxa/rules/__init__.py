"""What goes where and under which name: decisions about one recipient or entry, from values to values.

scope            which recipients a link exports, which entries it imports
ownership        who may change what
imports          an entry of a peer as a recipient
addressing       the addresses that a recipient is given, names taken apart, the NET/PO to domain map
resting          addresses that somebody had, which nobody else is given for a time
exports          a recipient as lines of an address list
naming           friendly names: shaped to a code page and a length, unique inside a list
transliteration  the table behind the names and addresses
maps             prompts of a template and attribute names
"""
