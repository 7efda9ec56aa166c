"""The three ways of running EXPORT and IMPORT, as a link is configured."""

from __future__ import annotations

from dxa.connector import LinkContext
from dxa_ccmail.connector import CcMailConnector
from dxa_ccmail.profile import Profile
from dxa_ccmail.running.commands import CommandPrograms
from dxa_ccmail.running.drop import DropPrograms
from dxa_ccmail.running.interface import Login, Programs
from dxa_ccmail.running.simulated import SimulatedPrograms


def open_connector(context: LinkContext) -> CcMailConnector:
    """The connector of a link."""
    return CcMailConnector(context, open_programs(context))


def open_programs(context: LinkContext) -> Programs:
    """Whoever runs the programs of a link."""
    profile, base = Profile(context), context.folder
    options = profile.options
    labels, page = options.record_labels(), profile.page
    login = Login(
        postoffice=profile.office,
        password=options.password,
        path=options.path,
        folder=base / options.folder if options.folder else None,
    )
    if options.run == "drop":
        secrets = [options.password] if options.password else []
        return DropPrograms(
            options=options.drop, base=base, now=context.now, code_page=page, labels=labels, secrets=secrets
        )
    if options.run == "simulator":
        return SimulatedPrograms(options=options.simulator, login=login, base=base, labels=labels)
    return CommandPrograms(options=options.commands, login=login, base=base, code_page=page, labels=labels)
