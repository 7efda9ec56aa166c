"""`dxa demo`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import attrs
import click

from dxa.cli import output
from dxa.cli.session import Session, pass_session


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--fresh", is_flag=True, help="Rebuild DIR if an earlier demo made it.")
@pass_session
def demo(session: Session, folder: Path | None, fresh: bool) -> None:
    """Build a whole site in DIR, play it through, and leave everything there to be explored.

    DIR must be new or empty; the default is dxa-demo in the current folder. No mail system is needed: the foreign
    sides are built, too.
    """
    from dxa.demo import FOLDER, Stage, play, prepare

    folder = folder or Path(FOLDER)
    scenes = session.host.scenes()
    prepare(folder, fresh=fresh)
    screen = _Screen()
    run = _Runner(session)
    stage = Stage(folder=folder.resolve(), screen=screen, run=run, host=session.host, clock=session.clock)
    play(stage, scenes)
    screen.heading("Now look around")
    hints = {**HINTS, **stage.hints}
    width = max(map(len, hints))
    output.raw(f"  cd {folder}")
    for command, what in hints.items():
        output.raw(f"  {command:<{width}}  # {what}")


#: What to look at after the demo.
HINTS = {
    "dxa -C site status": "how each peer stands",
    "dxa -C site peers list --counts": "who is shown how much",
    "dxa -C site recipients list": "the directory",
    "dxa -C site recipients show 2": "one recipient at every peer",
    "dxa -C site messages list": "every message in and out",
    "dxa -C site history": "what has changed, and why",
}


@attrs.frozen
class _Runner:
    """Runs commands in this process, with the plugins of the demo's own session; connectors, too: cycles are short."""

    session: Session

    def __call__(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        from dxa.cli.run import INTERRUPTED, run

        inner = Session(clock=self.session.clock, host=self.session.host, apart=False)
        printed, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(printed), redirect_stderr(errors):
            status = run(arguments, inner)
        if status == INTERRUPTED:  # the whole demo is meant
            raise KeyboardInterrupt
        return status, printed.getvalue(), errors.getvalue()


@attrs.define
class _Screen:
    """Shows the demo on standard output, with one blank line between things of different kinds."""

    blank: bool = True

    def gap(self) -> None:
        """A blank line, unless there is one."""
        if not self.blank:
            output.say()
        self.blank = True

    def heading(self, text: str) -> None:
        """A heading."""
        self.gap()
        output.heading(text)
        self.gap()

    def say(self, text: str) -> None:
        """A paragraph."""
        output.say(text)
        self.blank = False

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[output.Cell]]) -> None:
        """A table."""
        self.gap()
        output.table(title, columns, rows)
        self.blank = True

    def command(self, text: str, printed: str) -> None:
        """A command behind a prompt, and what it printed."""
        self.gap()
        output.emphasize("\n".join(_continued(f"$ {text}", output.width(sys.stdout))))
        output.raw(printed.rstrip("\n"))
        self.blank = False
        self.gap()


def _continued(line: str, width: int) -> Iterator[str]:
    """A command in lines that fit, which a shell takes as one; what stands in quotes is left whole."""
    indent = ""
    while len(line) > width:
        fits = line[: width - 1]
        ends = [at for at, char in enumerate(fits) if char == " " and at > len(indent) and not _quoted(fits[:at])]
        if not ends:
            break
        yield f"{line[: ends[-1]]} \\"
        indent = "    "
        line = f"{indent}{line[ends[-1] + 1 :]}"
    yield line


def _quoted(before: str) -> bool:
    """Whether what follows stands in quotes."""
    return (before.count("'") - before.count("\\'")) % 2 == 1
