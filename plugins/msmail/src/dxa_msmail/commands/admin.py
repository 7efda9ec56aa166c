"""``dxa msmail admin ADMIN …``: a postoffice in the hands of its administrator."""

from __future__ import annotations

from pathlib import Path

import click

from dxa_msmail.commands import directory, opening, people, resync, schedule, serving
from dxa_msmail.commands.desk import Desk, TypedGroup


class AdminGroup(TypedGroup):
    """A group whose options may stand before or behind its argument, as in the original: ``admin ADMIN -pPASSWORD``."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put the options in front; all of them but `--help` have a value."""
        if args and not args[0].startswith("-"):
            end = 1
            while end < len(args) and args[end].startswith("-"):
                alone = args[end] in context.help_option_names or "=" in args[end]
                attached = not args[end].startswith("--") and len(args[end]) > 2
                end += 1 if alone or attached else 2
            args = [*args[1:end], args[0], *args[end:]]
        return super().parse_args(context, args)


@click.group(cls=AdminGroup, no_args_is_help=True)
@click.argument("mailbox", metavar="ADMIN")
@opening.password
@opening.where
@click.pass_context
def admin(context: click.Context, mailbox: str, password: str | None, folder: Path, wait: float) -> None:
    """Work on a postoffice as the administrator with the mailbox ADMIN.

    What is changed in the own list is queued for the directory server at once.
    """
    context.obj = Desk(folder, wait, mailbox, password)


_GROUPS = (people.user, people.group, schedule.schedule)
for command in (*_GROUPS, *directory.COMMANDS, *serving.COMMANDS, *resync.COMMANDS):
    admin.add_command(command)
