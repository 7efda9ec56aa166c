"""What links to MS Mail keep in files, for a backup; whether these files are in order, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING

from dxa.connector import Fault, Kept, folder_faults
from dxa.errors import DxaError

if TYPE_CHECKING:
    from dxa.mail.options import MailOptions
    from dxa_msmail.requestor.link import RequestorOptions
    from dxa_msmail.server import ServerOptions


def kept(site: Path, _link: str, options: ServerOptions | RequestorOptions) -> Sequence[Kept]:
    """The shadow postoffice, which nobody changes meanwhile, or the folders of messages."""
    if options.maildata:
        from dxa_msmail.postoffice.maildata import Maildata

        return [Kept(path=options.maildata, hold=lambda: Maildata(site / options.maildata).look())]
    return [Kept(path=path, together=False) for path in (options.inbox, options.outbox)]


def writes_in(site: tuple[str, str], options: ServerOptions | RequestorOptions) -> frozenset[tuple[str, ...]]:
    """The mailbox whose mail such a link takes away; a shadow postoffice may have one for each of several links.

    An e-mail of somebody who is no peer of the link is kept aside, whatever other link waits for it. See
    `dxa.connector.ConnectorType.writes_in`.
    """
    own = f"{options.network or site[0]}/{options.postoffice or site[1]}".upper()
    if options.mail:
        return frozenset({(*_mailbox(options.mail), own)})
    return frozenset({(normpath(options.maildata or options.inbox), f"{own}/{options.mailbox}".upper())})


def requestor_writes_in(site: tuple[str, str], options: RequestorOptions) -> frozenset[tuple[str, ...]]:
    """See `writes_in`; and where a RESYNC.GLB is put, which does not say whose it is.

    That of another server would replace all that the server of this link has told.
    """
    from dxa_msmail.postoffice.resync import FILE

    return writes_in(site, options) | {(normpath(options.resync), FILE)}


def _mailbox(mail: MailOptions) -> tuple[str, ...]:
    if mail.maildir:
        return (normpath(mail.maildir),)
    return mail.imap.place.lower(), mail.imap.user, mail.imap.folder


def faults(site: Path, options: ServerOptions | RequestorOptions) -> Iterator[Fault]:
    """What is wrong with the folders, with the mail servers, or with the files of the shadow postoffice.

    The latter as `postoffice check` tells it. Keys that are missing are told when the link is opened.
    """
    if options.mail:
        from dxa.mail.trying import mail_faults

        yield from mail_faults(options.mail, site)
        return
    if not options.maildata:
        for path in (options.inbox, options.outbox):
            yield from folder_faults(site, path)
        return
    found = list(folder_faults(site, options.maildata))
    yield from found
    root = site / options.maildata
    if not found and root.is_dir():
        yield from _of_postoffice(root)


def _of_postoffice(root: Path) -> Iterator[Fault]:
    from dxa_msmail.postoffice import tree
    from dxa_msmail.postoffice.maildata import Maildata

    advice = f"`dxa msmail postoffice check {root}` tells all"
    try:
        with Maildata(root).look() as files:
            for problem in tree.check(files):
                yield Fault(where=problem.file, text=f"{problem.text}; {advice}")
    except DxaError as error:
        yield Fault(where=str(root), text=str(error))
