"""EXTERNAL at a postoffice where 1,000 letters wait: sorted, carried to the next postoffice, deleted here; durable."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

from benchmarks.measure import Result, median, timed
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import letters, mailbag, networks, tree, users
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.programs.external import program as external

COUNT = 1_000
#: Every tenth letter has an attachment of so many bytes.
ATTACHMENT, BODY = 20_000, 2_000
PEOPLE = 50


def run() -> Result:
    """A whole run of the program against copies of the same files with `shutil`, each synced, in the same order."""
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        root = Path(folder)
        here, there = _postoffices(root)
        ours, theirs = [], []
        for n in range(5):
            _submit(here)
            files = [path for path in (root / "here").rglob("*") if path.suffix in (".MAI", ".ATT")]
            target = root / f"copy{n}"
            target.mkdir()
            theirs.append(timed(lambda files=files, target=target: _copy(files, target)))  # type: ignore[misc]
            shutil.rmtree(target)
            ours.append(timed(lambda: external.run(here, time.time)))
            _empty(there)
    return Result(
        name="EXTERNAL moves 1,000 letters to the next postoffice",
        reference="shutil.copyfile of the same letters and attachments, each synced",
        reach=5,
        work_s=median(ours),
        reference_s=median(theirs),
        rounds=len(ours),
    )


def _postoffices(root: Path) -> tuple[Maildata, Maildata]:
    here = tree.create(root / "here", network="NEAR", postoffice="PO")
    there = tree.create(root / "there", network="FAR", postoffice="PO")
    with here.change() as change:
        networks.add_postoffice(change, "FAR/PO", route=direct("../there"))
    with there.change() as change:
        users.add_users(change, [users.NewUser(name=f"Person {n}", mailbox=f"P{n}") for n in range(PEOPLE)])
    return here, there


def _submit(po: Maildata) -> None:
    with po.change() as change:
        for n in range(COUNT):
            attached = (Attachment("A.BIN", os.urandom(ATTACHMENT)),) if n % 10 == 0 else ()
            letter = Letter(
                sender="NEAR/PO/ANN",
                to=(f"FAR/PO/P{n % PEOPLE}",),
                time=datetime(1996, 5, 17, 9, 39),
                subject=f"Letter {n}",
                body=os.urandom(BODY),
                attachments=attached,
            )
            letters.submit(change, letter)


def _copy(files: list[Path], target: Path) -> None:
    for path in files:
        copied = target / path.name
        shutil.copyfile(path, copied)
        with copied.open("rb") as file:
            os.fsync(file.fileno())


def _empty(po: Maildata) -> None:
    """Everybody has read and deleted his mail."""
    with po.change() as change:
        for user in users.users(change):
            slots = [slot for slot, _ in mailbag.headers(change, user.hexid)]
            assert len(slots) == COUNT // PEOPLE, len(slots)
            letters.drop(change, user.hexid, *slots)
