"""The numbers under which Directory Import/Export reports what is wrong with a file (KB Q184532, Q261283).

Administrators look these up. The words are ours. A problem that has no number among these has 0.
"""

from __future__ import annotations

from enum import IntEnum


class Event(IntEnum):
    """What is wrong, by its number in the application log."""

    NONE = 0
    #: ``Member of`` (Is-Member-Of-DL) can be exported only.
    READ_ONLY = 154
    #: A cell that points to a side file, which is for values of more than 255 characters; so are 295 and 296.
    SIDE_FILE = 156
    #: A character that the code page lacks. The program put another one in its place; dxa refuses.
    UNMAPPABLE = 167
    #: A backslash that begins no escape was dropped.
    BACKSLASH = 168
    #: A code page was demanded for a file that is Unicode.
    CODE_PAGE = 208
    #: An address that cannot be one, or two primary addresses of a type. Numbers 230 to 233 are about these.
    ADDRESS = 230
    #: An address is somebody else's already; 238 says the same.
    TAKEN = 236
    #: ``~DEL`` on an object that is yet to be created.
    DELETE_ON_CREATE = 241
    #: Values that are removed (``~DEL<...>``) and values that are added in one cell.
    MIXED = 268
    #: A line has other fields than the header.
    FIELD_COUNT = 291
    #: A mailbox cannot be created without its home server.
    HOME_SERVER = 292


#: What an administrator may do about it, one sentence each.
ADVICE: dict[int, str] = {
    Event.READ_ONLY: "change the members of the list instead, and take this column away",
    Event.SIDE_FILE: "side files are not read; put the value into the cell",
    Event.UNMAPPABLE: "write the file as UTF-16, or with a code page that has the character",
    Event.BACKSLASH: r"write \\ for a backslash",
    Event.CODE_PAGE: "name no code page; the file says itself that it is Unicode",
    Event.ADDRESS: "write TYPE:address with a type of at most 8 characters, and one primary address of each type",
    Event.TAKEN: "take the address away from the other object first",
    Event.DELETE_ON_CREATE: "leave the cell empty; there is nothing to delete yet",
    Event.MIXED: "write two lines, one that removes and one that adds",
    Event.FIELD_COUNT: "write as many fields as the header has, empty ones too; Excel loses those at the end of a line",
    Event.HOME_SERVER: "give the name of the server in the column Home-Server",
}


def advice(code: int) -> str:
    """What to do about an event, behind a semicolon; empty for a number that is not known here."""
    known = ADVICE.get(code, "")
    return f"; {known}" if known else ""
