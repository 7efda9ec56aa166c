"""`dxa keygen`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dxa.errors import UsageError, about


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keygen(file: Path, as_json: bool) -> None:
    """Make a private key in FILE, which nobody else can read, and print the public one.

    It signs what this site sends over links that are signed. The public key is for the configuration of the other side;
    its fingerprint is for comparing both by telephone. A FILE that is there already is left alone. The JSON has the
    keys "file", "public_key" and "fingerprint".
    """
    from dxa.cli.output import say, write_json
    from dxa.signing import PrivateKey

    key = PrivateKey.generate()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{file} is there already; a key that is in use must not be lost, so name another file"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None
    try:
        with about(file), os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(key.pem())
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        file.unlink()
        raise
    if as_json:
        write_json({"file": str(file), "public_key": str(key.public), "fingerprint": key.public.fingerprint})
        return
    say(f"Private key:  {file} (keep it to yourself)")
    say(f"Public key:   {key.public}")
    say(f"Fingerprint:  {key.public.fingerprint}")
