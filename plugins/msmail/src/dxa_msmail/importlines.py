"""The lines of the Import text: one record or one template line each (KB Q96001).

::

    A Doe, John                      PCM:NET/PO/JOHND      code, name in columns 3 to 32, address from column 34
    A Doe, John<tab>PCM:NET/PO/JOHND                       the same, the name ended by a tab
    - Phone:/635 7022                                      template data: prompt, slash, information

Everything here raises `AddressError` with the number of the rule that a line breaks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Transaction, Verb, definition
from dxa.errors import AddressError
from dxa_msmail.errors import address_error

#: KB Q87432, Q118853: the text of MS Mail is in this code page.
CODE_PAGE = "cp850"
#: KB Q96003 #72.
NAME_LENGTH = 30
#: What a line without an address type means (KB Q140944, dx:T-065).
DEFAULT_TYPE = "PCM"
#: Where the name ends and the address begins in the fixed spelling, counted from 0.
NAME_END = 32
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

_TYPE = re.compile(r" ((?:3[Cc])?[A-Za-z][A-Za-z0-9]*):")


class Template(NamedTuple):
    """The template of a list: a T line and its field lines, kept as they came (``Prompt:~10~25~A~default~``)."""

    number: int
    line: int
    type: str
    list: str
    fields: tuple[str, ...]


def definition_of(template: Template) -> Transaction:
    """A template as the transaction that defines its list (`dxa.entry.definition`)."""
    pairs = (field.partition("~")[::2] for field in template.fields)
    entry = definition(template.type, template.list, tuple(pairs))
    type_ = DEFAULT_TYPE if template.type == "MS" else template.type
    raw = "\r\n".join([f"T {type_}:{template.list}", *(f" {field}" for field in template.fields)])
    return Transaction(template.number, Verb.DEFINE, None, entry, raw)


def template_of(transaction: Transaction) -> Template:
    """The template that a definition says."""
    entry = transaction.side
    fields = tuple(f"{prompt}~{layout}" for prompt, layout in entry.fields)
    return Template(transaction.number, 0, entry.type, entry.list, fields)


class Spot(NamedTuple):
    """The two halves of an address line; the address is empty when the line has none."""

    name: str
    address: str


def split_address(line: str, types: AddressTypes) -> Spot:
    """The name and the address of a record or of the second line of a modify; column 1 is not looked at."""
    if line[1:2] not in (" ", "\t", ""):
        raise address_error(23, line)
    # KB Q96001 #23: the code may be followed by a tab, too.
    text = line[2:].lstrip("\t") if line[1:2] == "\t" else line[2:]
    name, tab, address = text.partition("\t")
    if tab:
        return Spot(_name(name), address.strip("\t "))
    line = f"{line[:1]} {text}"
    return _fixed(line, types) or _free(line, types) or _bare(line)


def _fixed(line: str, types: AddressTypes) -> Spot | None:
    """The columns, if there is a blank in column 33 and behind it something that looks like an address."""
    if line[NAME_END : NAME_END + 1] != " ":
        return None
    address = line[NAME_END:].strip(" ")
    prefix, colon, _ = address.partition(":")
    typeless = not colon and address.count("/") >= 2
    return Spot(_name(line[2:NAME_END]), address) if prefix.strip(" ") in types or typeless else None


def _free(line: str, types: AddressTypes) -> Spot | None:
    """The spelling of KB Q106623: one blank between the name and the address type."""
    unknown = ""
    for found in _TYPE.finditer(line, 1):
        if found[1] in types:
            return Spot(_name(line[2 : found.start()]), line[found.start(1) :].strip(" "))
        unknown = unknown or (found[1] if line[found.end() : found.end() + 1] not in ("", " ") else "")
    if unknown:
        raise address_error(16, unknown)
    return None


def _bare(line: str) -> Spot:
    """A line without an address."""
    if "/" in line[NAME_END:]:
        raise address_error(23, line)
    return Spot(_name(line[2:]), "")


def _name(text: str) -> str:
    name = text.strip(" ")
    if not name:
        raise address_error(46, text)
    if len(name) > NAME_LENGTH:
        raise address_error(72, name)
    return name


def parse_address(text: str, types: AddressTypes) -> Address:
    """``TYPE:value``, or a value alone, which then is a Microsoft Mail address (dx:T-065)."""
    if not text:
        raise address_error(48, text)
    prefix, colon, _ = text.partition(":")
    return types.parse(text if colon and "/" not in prefix else f"{DEFAULT_TYPE}:{text}")


def parse_entry(line: str, types: AddressTypes) -> Entry:
    """The entry of an address line; one that names no address has an empty key (KB Q152424)."""
    name, text = split_address(line, types)
    if not text:
        return Entry("", "", "", name, "")
    address = parse_address(text, types)
    return Entry(types.key(address), address.type, types.list_of(address), name, address.value)


def parse_list(line: str, types: AddressTypes) -> tuple[str, str]:
    """The type and the list that an R or T line names: ``R PCM:NET/PO``, ``R X400:``, ``T PROFS:GATE/NODE``."""
    if line[1:2] not in (" ", "\t"):
        raise address_error(23, line)
    prefix, colon, value = line[2:].strip("\t ").partition(":")
    if not colon:
        prefix, value = DEFAULT_TYPE, prefix
    kind, value = types.get(prefix.strip(" ")), value.strip(" ")
    # KB Q96060: `R <gatewaytype>:` names the whole list; nothing names all postoffices at once.
    if not value and kind.name != types.get(DEFAULT_TYPE).name:
        return kind.name, ""
    if kind.templates and "/" not in value:  # the types with a list for each node (KB Q118621)
        raise address_error(17, line)
    list_ = kind.list_of(kind.check(f"{value}/X"))
    if list_.count("/") != 1:
        raise address_error(26, value)
    return kind.name, list_


def parse_field(line: str) -> tuple[str, str]:
    """The prompt and the information of a template line.

    A slash inside the prompt is doubled (KB Q118447: ``- City//ST//Zip:/Any City``), so the first slash that is not
    one of a pair ends the prompt.
    """
    if "\t" in line:
        raise AddressError("a tab in template information", got=line, code=21)
    text = line[1:]
    for run in re.finditer("/+", text):
        if (run.end() - run.start()) % 2:
            prompt, value = text[: run.end() - 1], text[run.end() :]
            return _prompt(prompt, line), value.strip(" ")
    raise address_error(22, line)


def _prompt(text: str, line: str) -> str:
    prompt = text.strip(" ").replace("//", "/")
    if not prompt:
        raise address_error(22, line)
    return prompt


def format_field(prompt: str, value: str) -> str:
    """The template line of a prompt; a value that begins with a slash gets a blank in front, which readers drop."""
    return f"- {prompt.replace('/', '//')}/{' ' if value[:1] == '/' else ''}{value}"


def check_text(line: str) -> None:
    """Whether a line has only characters that can stand in one; a tab separates."""
    if CONTROL.search(line.replace("\t", "")):
        raise AddressError("a control character or a byte outside the code page", got=line, code=21)


def shape_text(text: str, code_page: str, length: int | None = NAME_LENGTH) -> str:
    """A name (or with no `length` a template value) made from any text, fit for a line in that code page.

    Runs of blanks and control characters become one blank, a letter that the code page lacks loses its accents, and
    what it lacks still becomes a question mark. Raises `AddressError` 46 when nothing is left of a name.
    """
    flat = " ".join(CONTROL.sub(" ", text).split())
    try:
        flat.encode(code_page)
    except UnicodeEncodeError:
        flat = "".join(_encodable(char, code_page) for char in unicodedata.normalize("NFC", flat))
    shaped = flat[:length].strip(" ")
    if length and not shaped:
        raise address_error(46, text)
    return shaped


def _encodable(char: str, code_page: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    for candidate in (char, plain):
        try:
            return candidate.encode(code_page).decode(code_page)
        except UnicodeEncodeError:
            continue
    return "?"
