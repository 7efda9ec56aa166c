"""`dxa backup` and `dxa restore`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.archive import Manifest

_FILE = click.Path(path_type=Path)


@json_command("BackupShown")
@click.argument("target", metavar="FILE|DIR", type=_FILE)
@click.option("--secrets", is_flag=True, help="Take along the files that passwords and private keys stand in.")
@pass_session
def backup(session: Session, target: Path, secrets: bool, as_json: bool) -> None:
    """Copy the whole site into a new FILE, or into a file with the date in its name in DIR.

    It holds the database as it is at one moment, dxa.toml, the numbers, and what links keep in the site's folder, each
    with its checksum. The site is locked meanwhile; who only looks at it is not held up. Keep the file as safe as the
    site: messages in it may show passwords.
    """
    from dxa.agent.backup import back_up
    from dxa.cli.output import bullets, say, write_json

    with session.writing_without_secrets() as site:
        made = back_up(site, target, secrets=secrets)
    session.logging.info("backed up", file=str(made.file), files=len(made.manifest.members))
    if as_json:
        write_json(_plain(made.file, made.manifest))
        return
    say(f"Made {made.file}: {_what(made.manifest)}.")
    bullets("Not in it", made.manifest.left_out)


@json_command("BackupShown")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option("--to", "to", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Restore into DIR.")
@click.option("--force", is_flag=True, help="Move what is there aside, into a folder of its own.")
@click.option("--check", "only", is_flag=True, help="Only check FILE, and say what is in it.")
@pass_session
def restore(session: Session, file: Path, to: Path | None, force: bool, only: bool, as_json: bool) -> None:
    """Put the site of a backup in place, in the site's folder or in DIR. FILE is checked first, byte by byte.

    Nothing is overwritten: with --force, what is there is moved aside. The numbers go on above every number that was
    ever issued, and all peers are owed full lists. Then it is said what is to be done next.
    """
    from dxa.agent import archive
    from dxa.agent.restore import next_steps, restore
    from dxa.cli.output import bullets, say, write_json

    if only:
        manifest = archive.verify(file)
        if as_json:
            write_json(_plain(file, manifest))
        else:
            say(f"{file} is sound: {_what(manifest)}.")
        return
    done = restore(file, to or session.folder, session.clock, force=force)
    session.logging.info("restored", file=str(file), folder=str(done.folder))
    if as_json:
        write_json(_plain(file, done.manifest))
        return
    say(f"Restored {_what(done.manifest)} into {done.folder}.")
    if done.aside is not None:
        say(f"What was there is in {done.aside}.")
    if done.above:
        numbers = ", ".join(f"{link} above {number}" for link, number in sorted(done.above.items()))
        why = " (a leap: there was no file that tells what had been issued)" if done.leapt else ""
        say(f"Numbers go on: {numbers}{why}.")
    bullets("Next", next_steps(done))


def _what(manifest: Manifest) -> str:
    from dxa.cli.output import counted, when

    size = sum(member.size for member in manifest.members)
    files = counted(len(manifest.members), "file")
    return f"{manifest.organization}/{manifest.site} of {when(manifest.made_at)}, {files}, {size:,} bytes"


def _plain(file: Path, manifest: Manifest) -> Mapping[str, Any]:
    from dxa.agent import queries

    shown = queries.BackupShown(
        file=str(file),
        organization=manifest.organization,
        site=manifest.site,
        made_at=manifest.made_at,
        program=manifest.program,
        schema=manifest.schema,
        files={member.place: member.sha256 for member in manifest.members},
        numbers=manifest.highest,
        left_out=manifest.left_out,
    )
    plain: Mapping[str, Any] = queries.as_plain(shown)
    return plain
