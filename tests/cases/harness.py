"""A real site in a folder, and postoffices beside it that speak to it by hand-written message files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator
from dxa.agent.outcome import CycleOutcome
from dxa.host import Host
from dxa.memory import Memory, MemorySystem
from dxa.recipient import Recipient
from dxa_msmail import ffapi

#: An hour, in seconds: what passes between two cycles unless a test says otherwise.
HOUR = 3600.0
DAY = 24 * HOUR
#: Where the site takes requests.
SERVER = "LAB/HQ/$SYSTEM"

SITE = """
[site]
organization = "LAB"
name = "HQ"
administrator = "MS:LAB/HQ/ADMIN"
"""

MAIL = """
[links.mail]
connector = "msmail"
role = "server"
import_container = "Foreign"
export_containers = ["Staff", "Foreign"]
"""

MEMORY = """
[links.mem]
connector = "memory"
import_container = "Foreign/Memory"
export_containers = ["Staff", "Foreign"]
"""


def mail(*peers: str, **rules: str) -> str:
    """The configuration of a site with these postoffices; `rules` are keys of the link as they stand in the file."""
    return SITE + link(**rules) + "".join(map(peer, peers))


def link(**rules: str) -> str:
    """The table of the link to the postoffices."""
    kept = [line for line in MAIL.splitlines() if line.split(" =")[0] not in rules]
    return "\n".join([*kept, *(f"{key} = {value}" for key, value in rules.items())]) + "\n"


def peer(name: str, **rules: str) -> str:
    """The table of one postoffice."""
    rules = rules if "password" in rules else {"no_password": "true", **rules}
    return "\n".join([f'\n[links.mail.peers."{name}"]', *(f"{key} = {value}" for key, value in rules.items())]) + "\n"


@attrs.frozen
class Answer:
    """What a postoffice got: the numbers, and the transactions without theirs, as ``M old PCM:… > new PCM:…``.

    The values of an entry and the fields of a definition are lines of their own.
    """

    r: int
    s: int
    was: int
    i: int
    lines: list[str]
    numbers: list[int]
    to: str
    subject: str
    body: str

    @property
    def full(self) -> bool:
        """Whether this is a full list."""
        return self.was == 0


@attrs.frozen
class Letter:
    """A mail that is no answer."""

    to: str
    subject: str
    text: str


@attrs.define
class Postoffice:
    """A postoffice that asks and applies as MS Mail does; every number can be overridden to play a broken one."""

    site: SiteHarness
    name: str
    types: str = "PCM"
    r: int = 0
    s: int = 0
    i: int = 1
    gal: dict[str, str] = attrs.field(factory=dict)

    def ask(self, *records: str, task: str = "UPDATEREQ", **keys: Any) -> str:
        """Drop a request with these records; returns the name of the file. Records number on from `r`."""
        was = keys.pop("was", self.r)
        numbers = keys.pop("numbers", range(was + 1, was + 1 + len(_tops(records))))
        text = "".join(_numbered(records, numbers))
        r = keys.pop("r", was + len(_tops(records)))
        values = {
            "TASK": task,
            "REQNAME": f"PCM:{self.name}",
            "TYPES": self.types,
            "TEMPLATE": "NO",
            "REQSEQ": r,
            "REQWAS": was,
            "SRVSEQ": self.s,
            "IMPSEQ": self.i,
            "COUNT": len(_tops(records)),
        }
        values.update(keys)
        self.r = r
        attachment = f"[DIRSYNC-TRANSACTIONS]\r\n{text}" if records else ""
        return self.drop(body_of(values), attachment, subject=f"ReqTx R={r} (was {was}), S={values['SRVSEQ']}")

    def drop(self, body: str, attachment: str = "", *, subject: str = "ReqTx", sender: str = "$SYSTEM") -> str:
        """Drop any message from this postoffice for the site; returns the name of the file."""
        origin = sender if "/" in sender else f"{self.name}/{sender}"
        return self.site.drop(message(origin, body, attachment, subject=subject))

    def read(self) -> list[Answer]:
        """Take the answers that wait for this postoffice, and apply them."""
        answers = self.site.answers(self.name)
        for answer in answers:
            self.apply(answer)
        return answers

    def apply(self, answer: Answer) -> None:
        """Apply an answer as MS Mail does: in its order, and believing it."""
        self.s, self.r = answer.s, max(self.r, answer.r)
        for line in answer.lines:
            code, _, rest = line.partition(" ")
            if code == "R":
                prefix = f"{rest}/"
                self.gal = {address: name for address, name in self.gal.items() if not address.startswith(prefix)}
            for part in rest.split(" > ") if code in "ADM" else ():
                self.gal.pop(_spot(part)[1], None)
            if code in "AM":
                name, address = _spot(rest.split(" > ")[-1])
                self.gal[address] = name

    def cycle(self, *records: str, **keys: Any) -> Answer:
        """Ask, run a cycle of the site, and read the one answer."""
        self.ask(*records, **keys)
        self.site.sync()
        (answer,) = self.read()
        return answer

    def join(self, *records: str) -> Answer:
        """The first contact: export in full, and import in full; then confirm it."""
        own = [f"R PCM:{self.name}", *records] if records else []
        self.cycle(*own, task="IMPORTREQ")
        return self.cycle()


#: Where the address begins; names and addresses may have blanks and colons.
_SPOT = re.compile(r"(.*?) ((?:PCM|CSI|MS|SMTP|FAX|MCI|X400|MSMAIL|PROFS|SNADS|MHS|OV|MSA):.*)", re.IGNORECASE)


def _spot(text: str) -> tuple[str, str]:
    """Name and address of a line."""
    match = _SPOT.fullmatch(text)
    assert match, text
    return match[1], match[2]


def _tops(records: tuple[str, ...]) -> list[str]:
    return [record for record in records if record[:1] not in " -"]


def _numbered(records: tuple[str, ...], numbers: Any) -> Iterator[str]:
    rest = iter(numbers)
    for record in records:
        yield f"{record}\r\n" if record[:1] in " -" else f"{next(rest):010d} {record}\r\n"


def body_of(values: dict[str, Any]) -> str:
    """A message body with these keys; None leaves a key out."""
    return "[DIRSYNC]\r\n" + "".join(f"{key}={value}\r\n" for key, value in values.items() if value is not None)


def message(
    origin: str, body: str, attachment: str = "", *, to: str = "LAB/HQ/$SYSTEM", subject: str = "ReqTx"
) -> bytes:
    """A message file as FFAPI has it (KB Q118785), written by hand."""
    data, text = attachment.encode("cp850"), body.encode("cp850")
    heads = f"TO:CSI:{to}\r\nFROM:CSI:{origin}\r\nSUBJECT:{subject}\r\n"
    heads += f"ATTACHMENTS:REQUPDS.GLB {len(data)}\r\n" if attachment else ""
    return f"VERSION:3.00\r\n{heads}TEXT:{len(text)}\r\n".encode("cp850") + text + data


@attrs.define
class SiteHarness:
    """A site in a folder, opened, with an agent, an administrator and a clock that the test moves."""

    folder: Path
    text: str
    now: float = 1_000_000_000.0
    memory: Memory = attrs.field(factory=Memory)
    site: OpenSite = attrs.field(init=False)
    agent: Agent = attrs.field(init=False)
    last: CycleOutcome = attrs.field(init=False)
    #: Files that were dropped, so that each has its own name.
    dropped: int = 0

    def __attrs_post_init__(self) -> None:
        self.open(create=True)

    # -- the site --------------------------------------------------------------------------------------------------

    def open(self, *, create: bool = False) -> None:
        """Open the site as a new process does."""
        (self.folder / "dxa.toml").write_text(self.text, encoding="utf-8")
        host = Host(memory=self.memory)
        self.site = OpenSite.open(self.folder, host, lambda: self.now, create=create)
        self.agent = Agent(site=self.site)

    def close(self) -> None:
        """Close the site."""
        self.site.close()

    def configure(self, text: str) -> None:
        """Go on with another configuration, in a new process."""
        self.close()
        self.text = text
        self.open()

    def sync(self, *, after: float = HOUR, failing: bool = False) -> CycleOutcome:
        """Run a cycle some time after the last one; it must go well unless it is said to be `failing`."""
        self.now += after
        self.last = self.agent.sync()
        assert failing == bool(self.last.errors), self.last.errors
        return self.last

    def plan(self) -> CycleOutcome:
        """What a cycle would do."""
        return self.agent.plan()

    @property
    def admin(self) -> Administrator:
        """The administrator."""
        return Administrator(agent=self.agent)

    def approve(self) -> int:
        """Approve everything that is held; returns how many plans that were."""
        held = self.admin.held()
        for plan in held:
            self.admin.approve(plan.id)
        return len(held)

    def holds(self) -> list[str]:
        """The guards that hold something now."""
        return [hold.guard for plan in self.admin.held() for hold in plan.holds]

    # -- the directory ---------------------------------------------------------------------------------------------

    def add(self, name: str, alias: str = "", *, container: str = "Staff", **values: Any) -> Recipient:
        """A recipient of the site; the alias is the first word of the name unless it is given."""
        values = {**values, "proxies": _addresses(values.get("proxies", ())), "target": _address(values.get("target"))}
        alias = alias or name.split()[0].upper()
        return self.admin.add(Recipient(name=name, alias=alias, container=container, **values))

    def edit(self, name: str, /, **changes: Any) -> Recipient:
        """Change the recipient of that name by hand."""
        for key, convert in (("proxies", _addresses), ("target", _address)):
            if key in changes:
                changes[key] = convert(changes[key])
        return self.admin.edit(self.one(name).id, lambda recipient: attrs.evolve(recipient, **changes))

    def remove(self, *names: str) -> None:
        """Remove recipients of the site."""
        self.admin.remove([self.one(name).id for name in names])

    def recipients(self, **where: Any) -> list[Recipient]:
        """The recipients, by name."""
        return sorted(self.site.store.directory.search(**where), key=lambda recipient: recipient.name)

    def names(self, **where: Any) -> list[str]:
        """The names of the recipients."""
        return [recipient.name for recipient in self.recipients(**where)]

    def one(self, name: str) -> Recipient:
        """The one recipient of that name."""
        (found,) = (recipient for recipient in self.recipients() if recipient.name == name)
        return found

    # -- what is kept ----------------------------------------------------------------------------------------------

    def rejects(self) -> list[tuple[int, str]]:
        """Code and reason of every rejected record."""
        return [(row.code, row.reason) for row in self.site.store.rejects.list()]

    def notices(self) -> list[tuple[int, str]]:
        """Code and text of every open notice to the administrator."""
        return [(row.code, row.text) for row in self.site.store.notices.open()]

    def verdicts(self) -> list[str]:
        """What became of every message, oldest first."""
        rows = self.site.store.messages.list()
        return [f"{row.status}: {row.verdict}" for row in sorted(rows, key=lambda row: row.id)]

    # -- peers -----------------------------------------------------------------------------------------------------

    def system(self, name: str = "memory") -> MemorySystem:
        """A system behind the connector in memory."""
        return self.memory.system(name)

    def postoffice(self, name: str, **values: Any) -> Postoffice:
        """A postoffice that the site is the dirsync server of."""
        return Postoffice(self, name, **values)

    def joined(self, name: str, *records: str, **values: Any) -> Postoffice:
        """A postoffice that has told its list, has been given everything, and has said so."""
        postoffice = self.postoffice(name, **values)
        postoffice.join(*records)
        return postoffice

    @property
    def inbox(self) -> Path:
        """Where messages for the site are dropped."""
        return self.folder / "mail" / "in"

    @property
    def outbox(self) -> Path:
        """Where the site drops its answers."""
        return self.folder / "mail" / "out"

    def drop(self, data: bytes) -> str:
        """Drop a file for the site."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.dropped += 1
        name = f"{self.dropped:04d}.msg"
        (self.inbox / name).write_bytes(data)
        return name

    def sent(self) -> list[tuple[Path, ffapi.MailMessage]]:
        """All message files that the site has dropped, in the order of their names."""
        files = sorted(self.outbox.glob("*.msg")) if self.outbox.is_dir() else []
        return [(file, ffapi.parse(file.read_bytes())) for file in files]

    def answers(self, name: str) -> list[Answer]:
        """Take the answers to a postoffice out of the folder."""
        found = []
        for file, mail_ in self.sent():
            if mail_.to[0].casefold().startswith(f"csi:{name}/".casefold()) and mail_.body.startswith(b"[DIRSYNC]"):
                found.append(_answer(mail_))
                file.unlink()
        return found

    def letters(self) -> list[Letter]:
        """Take the letters to people out of the folder."""
        found = []
        for file, mail_ in self.sent():
            if not mail_.body.startswith(b"[DIRSYNC]"):
                found.append(Letter(mail_.to[0].removeprefix("CSI:"), mail_.subject, mail_.body.decode("cp850")))
                file.unlink()
        return found


def _answer(mail_: ffapi.MailMessage) -> Answer:
    body = mail_.body.decode("cp850")
    keys = dict(line.split("=", 1) for line in body.split("\r\n") if "=" in line and line[:1].isupper())
    section = mail_.attachments[0].data.decode("cp850") if mail_.attachments else body.partition("[DIRSYNC-TR")[2]
    lines: list[str] = []
    numbers: list[int] = []
    for line in filter(None, section.split("\r\n")[1:]):
        text = re.sub(" +", " ", line)
        if re.match(r"\d{10} ", line):
            numbers.append(int(line[:10]))
            lines.append(text[11:].strip())
        elif line.startswith("-") or "~" in line:
            lines.append(text.strip())
        else:
            lines[-1] += f" >{text}"
    return Answer(
        r=int(keys["REQSEQ"]),
        s=int(keys["SRVSEQ"]),
        was=int(keys["SRVWAS"]),
        i=int(keys["IMPSEQ"]),
        lines=lines,
        numbers=numbers,
        to=mail_.to[0].removeprefix("CSI:"),
        subject=mail_.subject,
        body=body,
    )


def _address(text: str | None) -> Address | None:
    if text is None:
        return None
    kind, _, value = text.partition(":")
    return Address(kind, value)


def _addresses(texts: Any) -> tuple[Address, ...]:
    return tuple(address for text in texts if (address := _address(text)) is not None)


MakeSite = Callable[..., SiteHarness]
