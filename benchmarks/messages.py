"""Messages as requestors write them."""

from __future__ import annotations

from pathlib import Path


def request(folder: Path, name: str, *, r: int, was: int = 0, s: int = 0, i: int = 1, attachment: bytes = b"") -> None:
    """Drop one request for updates into a folder, whole."""
    count = attachment.count(b"\r\n") - 1 if attachment else 0
    body = (
        f"[DIRSYNC]\r\nTASK={'UPDATEREQ' if s else 'IMPORTREQ'}\r\nREQNAME=PCM:{name}\r\nTYPES=PCM\r\nTEMPLATE=NO\r\n"
        f"REQSEQ={r}\r\nREQWAS={was}\r\nSRVSEQ={s:010d}\r\nIMPSEQ={i}\r\nCOUNT={count}\r\nTRANSACTIONS=INATTACHMENT\r\n"
    ).encode()
    lines = [
        "VERSION:3.00",
        "TO:CSI:LAB/HQ/$SYSTEM",
        f"FROM:CSI:{name}/$SYSTEM",
        f"SUBJECT:ReqTx R={r} (was {was}), S={s}, I={i} {count} sent",
        *([f"ATTACHMENTS:REQUPDS.GLB {len(attachment)}"] if attachment else []),
        f"TEXT:{len(body)}",
    ]
    data = ("\r\n".join(lines) + "\r\n").encode() + body + attachment
    file = folder / f"{name.replace('/', '-')}-{r}-{s}.msg"
    file.write_bytes(data)
